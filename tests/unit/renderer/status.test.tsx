// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { statusOf } from '../../../src/renderer/chat/status'
import { StatusLine } from '../../../src/renderer/chat/status-line'
import { initialState, useStore } from '../../../src/renderer/store/state'
import {
  emptyAnswer,
  fold,
  type AnswerStatus,
  type AssistantMessage,
  type Part,
} from '../../../src/shared/conversation'
import type { Locale } from '../../../src/shared/settings'
import { mount } from '../markdown/mount'

const start = {
  id: 'a1',
  parentId: null,
  createdAt: 0,
  generationId: 'g1',
  backendId: 'b',
  provider: null,
  model: null,
}

function folded(...parts: [atMs: number, part: Part][]): AssistantMessage {
  return parts.reduce((message, [atMs, part]) => fold(message, { atMs, part }), emptyAnswer(start))
}

const status = (value: AnswerStatus): Part => ({ type: 'status', status: value })
const text = (value: string): Part => ({ type: 'text-delta', text: value })

describe('what the status line says', () => {
  it('nothing for 0.4 s, then that it waits, and after 30 s why that may be', () => {
    const waiting = folded([0, status({ phase: 'waiting' })])
    expect(statusOf(waiting, 399)).toEqual({ kind: 'none' })
    expect(statusOf(waiting, 400)).toEqual({ kind: 'waiting', elapsedMs: 400, isSlow: false })
    expect(statusOf(waiting, 30_000)).toMatchObject({ kind: 'waiting', isSlow: true })
  })

  it('progress in the words of the backend', () => {
    const view = statusOf(folded([0, status({ phase: 'progress', text: 'Trying Blackbox' })]), 5)
    expect(view).toEqual({ kind: 'progress', text: 'Trying Blackbox' })
  })

  it('writing, with a rate once there is enough to measure', () => {
    const early = folded([1000, text('abcd')], [1200, text('efgh')])
    expect(statusOf(early, 1300)).toEqual({ kind: 'writing', elapsedMs: 1300, tokensPerSecond: null })
    const later = folded([1000, text('abcd')], [3000, text('x'.repeat(396))])
    expect(statusOf(later, 3000)).toEqual({ kind: 'writing', elapsedMs: 3000, tokensPerSecond: 50 })
  })

  it('for how long no data came', () => {
    const stalled = folded([1000, text('a')], [11_000, status({ phase: 'stalled', sinceMs: 1000 })])
    expect(statusOf(stalled, 13_400)).toEqual({ kind: 'no-data', silentMs: 12_400 })
  })

  it('counts down to the next attempt, and never below zero', () => {
    const lost = folded([2000, status({ phase: 'retrying', attempt: 1, ofAttempts: 2, inMs: 4000 })])
    expect(statusOf(lost, 3000)).toEqual({ kind: 'lost', attempt: 2, ofAttempts: 3, inMs: 3000 })
    expect(statusOf(lost, 9000)).toMatchObject({ inMs: 0 })
  })

  it('R14: the pause that the server asks for', () => {
    const paused = folded([
      2300,
      status({ phase: 'retrying', attempt: 1, ofAttempts: 1, inMs: 12_000, cause: 'limit' }),
    ])
    // The line's clock ticks with whole seconds and may be behind the event.
    expect(statusOf(paused, 2000)).toEqual({ kind: 'pause', inMs: 12_000 })
    expect(statusOf(paused, 5000)).toEqual({ kind: 'pause', inMs: 9300 })
  })

  it('R12: a wait of less than a second is not counted down', () => {
    const lost = folded([2000, status({ phase: 'retrying', attempt: 1, ofAttempts: 2, inMs: 420 })])
    expect(statusOf(lost, 2000)).toEqual({ kind: 'lost', attempt: 2, ofAttempts: 3, inMs: null })
  })

  it('who takes over from a provider that had begun to write', () => {
    const provider = (name: string): Part => ({
      type: 'provider',
      provider: { name, label: null, model: null, url: null },
    })
    const message = folded([10, provider('Blackbox')], [20, text('This half ')], [30, provider('DeepInfra')])
    expect(statusOf(message, 40)).toEqual({ kind: 'trying', failed: 'Blackbox', reason: null, next: 'DeepInfra' })
    expect(statusOf(fold(message, { atMs: 50, part: text('The whole') }), 60)).toMatchObject({ kind: 'writing' })
  })

  it('who failed and who is tried now', () => {
    const provider = (name: string): Part => ({
      type: 'provider',
      provider: { name, label: null, model: null, url: null },
    })
    const message = folded(
      [10, provider('Blackbox')],
      [20, { type: 'notice', kind: 'RateLimit', text: 'rate limit' }],
      [30, provider('DeepInfra')],
      [31, status({ phase: 'waiting' })],
    )
    expect(statusOf(message, 40)).toEqual({
      kind: 'trying',
      failed: 'Blackbox',
      reason: 'rate limit',
      next: 'DeepInfra',
    })
  })
})

describe('the status line by the clock', () => {
  beforeEach(() => {
    vi.useFakeTimers()
    vi.stubGlobal('parley', { platform: 'linux' })
    useStore.setState({ ...initialState(), startedAt: new Map([['g1', performance.now()]]) }, true)
    document.body.replaceChildren()
  })
  afterEach(() => vi.useRealTimers())

  // In steps, because each tick sets the timer of the next only once it is drawn.
  const pass = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 50) act(() => void vi.advanceTimersByTime(50))
  }

  const open = (message: AssistantMessage, locale: Locale = 'en') => {
    const page = mount(<StatusLine message={message} conversationId="c1" />, locale)
    /** What is seen; commas between the parts are for screen readers, where the dots are hidden. */
    const words = (): string => {
      const seen = page.container.cloneNode(true) as HTMLElement
      for (const hidden of seen.querySelectorAll('.sr-only')) hidden.remove()
      return seen.textContent
    }
    /** What a screen reader gets. */
    const spoken = (): string => {
      const heard = page.container.cloneNode(true) as HTMLElement
      for (const hidden of heard.querySelectorAll('[aria-hidden="true"]')) hidden.remove()
      return heard.textContent
    }
    return { ...page, words, spoken }
  }

  it('R11: says nothing at first, then ticks with each second', () => {
    const page = open(folded([0, status({ phase: 'waiting' })]))
    expect(page.words()).toBe('')
    pass(350)
    expect(page.words()).toBe('')
    pass(100)
    expect(page.words()).toBe('Waiting for provider…')
    pass(600)
    expect(page.words()).toBe('Waiting for provider… 1 s')
    pass(3000)
    expect(page.words()).toBe('Waiting for provider… 4 s')
    pass(26_000)
    expect(page.words()).toBe('Waiting for provider… 30 s·some models need minutes')
    expect(page.spoken()).toBe('Waiting for provider… 30 s, some models need minutes')
    page.unmount()
  })

  it('says it in Russian', () => {
    const page = open(folded([0, status({ phase: 'waiting' })]), 'ru')
    pass(4100)
    expect(page.words()).toBe('Ожидание провайдера… 4 с')
    page.unmount()
  })

  it('counts the silence and offers a way out', () => {
    const page = open(folded([1000, text('a')], [11_000, status({ phase: 'stalled', sinceMs: 1000 })]))
    pass(13_050)
    expect(page.words()).toBe('No data for 12 s·the connection is open·Stop and ask again')
    expect(page.container.querySelector('button')?.textContent).toBe('Stop and ask again')
    page.unmount()
  })

  it('R14: counts the pause down, and tries now when the person wants it', () => {
    const asked: unknown[] = []
    vi.stubGlobal('parley', {
      platform: 'linux',
      request: { 'generation.retryNow': async (payload: unknown) => void asked.push(payload) },
    })
    const paused: AnswerStatus = { phase: 'retrying', attempt: 1, ofAttempts: 1, inMs: 12_000, cause: 'limit' }
    const page = open(folded([0, status(paused)]))
    pass(100)
    expect(page.words()).toBe('The server asks for a pause·again in 12 s·Try now')
    pass(3000)
    expect(page.words()).toBe('The server asks for a pause·again in 9 s·Try now')
    page.container.querySelector('button')!.click()
    expect(asked).toEqual([{ generationId: 'g1' }])
    page.unmount()
  })

  it('R12: says which attempt it is, in plain words of why the one before failed', () => {
    const lost: AnswerStatus = { phase: 'retrying', attempt: 1, ofAttempts: 2, inMs: 4000 }
    const page = open(folded([0, status(lost)]))
    pass(100)
    expect(page.words()).toBe('Connection lost·attempt 2 of 3 in 4 s·Try now')
    page.unmount()
    const short = open(folded([0, status({ ...lost, inMs: 300 })]))
    expect(short.words()).toBe('Connection lost·attempt 2 of 3')
    short.unmount()
  })
})
