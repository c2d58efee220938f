// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LiveRegion, SpokenLine } from '../../../src/renderer/chat/live-region'
import { bootStore } from '../../../src/renderer/store/boot'
import { useStore } from '../../../src/renderer/store/state'
import { emptyAnswer, fold, type AssistantMessage, type Part } from '../../../src/shared/conversation'
import { mount } from '../markdown/mount'
import { newConversation, startMain } from './main-stand-in'

let close = (): void => undefined

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  close()
  vi.useRealTimers()
})

let look = (): void => undefined

async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 100) {
    await act(async () => vi.advanceTimersByTimeAsync(Math.min(100, left)))
    look()
  }
}

/** Whatever a screen reader would say from now on, with the second in which it does: each change of the region. */
function listen(region: Element): [second: number, words: string][] {
  const heard: [number, string][] = []
  const startedAt = performance.now()
  let before = region.textContent
  look = () => {
    if (region.textContent === before) return
    before = region.textContent
    heard.push([Math.round((performance.now() - startedAt) / 1000), before.trim()])
  }
  return heard
}

describe('what screen readers hear of an answer', () => {
  it('a line is spoken at most every 5 s, and then only where things stand', async () => {
    const page = mount(<SpokenLine say="" />)
    close = page.unmount
    const heard = listen(page.container.querySelector('[role=status]')!)
    for (const words of ['Waiting', 'Thinking', 'Writing', 'Answer complete, 3 words']) {
      page.render(<SpokenLine say={words} />)
      await pass(500)
    }
    await pass(20_000)
    expect(heard).toEqual([
      [0, 'Waiting'],
      [5, 'Answer complete, 3 words'],
    ])
  })

  it('the same words of the next answer are spoken again', async () => {
    const page = mount(<SpokenLine say="" />)
    close = page.unmount
    const heard = listen(page.container.querySelector('[role=status]')!)
    for (const words of ['Answer complete, 3 words', 'Waiting', 'Answer complete, 3 words']) {
      page.render(<SpokenLine say={words} />)
      await pass(100)
    }
    await pass(20_000)
    expect(heard).toEqual([
      [0, 'Answer complete, 3 words'],
      [5, 'Answer complete, 3 words'],
    ])
  })

  /** Plays an answer, a part at a time, and tells what was heard of it. */
  async function hear(parts: readonly (readonly [afterMs: number, part: Part])[]) {
    const main = startMain()
    main.keep(newConversation('c1', 'home'))
    await bootStore()
    let answer: AssistantMessage = emptyAnswer({
      id: 'a1',
      parentId: 'q1',
      createdAt: 0,
      generationId: 'g1',
      backendId: 'home',
      provider: null,
      model: null,
    })
    const show = () =>
      act(async () => {
        const conversation = { ...newConversation('c1', 'home'), headId: 'a1', messages: [answer] }
        useStore.setState({ threads: new Map([['c1', { status: 'ready', conversation }]]) })
      })
    await show()
    const page = mount(<LiveRegion conversationId="c1" />)
    close = page.unmount
    const heard = listen(page.container.querySelector('[role=status]')!)
    await pass(100)
    let atMs = 0
    for (const [afterMs, part] of parts) {
      await pass(afterMs)
      atMs += afterMs
      answer = fold(answer, { atMs, part })
      await show()
    }
    await pass(20_000)
    return heard
  }
  const text = (words: string): Part => ({ type: 'text-delta', text: words })
  const end: Part = { type: 'finish', state: 'complete', error: null }

  it('a fast answer: that it has begun, and its end with the number of words', async () => {
    const heard = await hear([...Array.from({ length: 200 }, () => [5, text('word ')] as const), [5, end]])
    expect(heard).toEqual([
      [0, 'Waiting for provider'],
      [5, 'Answer complete, 200 words'],
    ])
  })

  it('a slow answer: states 5 s apart, never its words', async () => {
    const heard = await hear([
      [2000, { type: 'reasoning-delta', text: 'Hm. ' }],
      [6000, { type: 'reasoning-end' }],
      ...Array.from({ length: 20 }, () => [400, text('word ')] as const),
      [12_000, { type: 'status', status: { phase: 'stalled', sinceMs: 16_000 } }],
      [3000, text('last.')],
      [4000, end],
    ])
    expect(heard.map(([, words]) => words)).toEqual([
      'Waiting for provider',
      'Thinking',
      'Writing',
      'No data for 10 seconds',
      'Writing',
      'Answer complete, 21 words',
    ])
    for (const [index, [second]] of heard.entries()) {
      if (index > 0) expect(second - heard[index - 1]![0]).toBeGreaterThanOrEqual(5)
    }
  })

  it('an error is left to its card, which is an alert', async () => {
    const heard = await hear([
      [100, text('Half ')],
      [5, { type: 'finish', state: 'interrupted', error: { code: 'connection-lost' } }],
    ])
    expect(heard).toEqual([[0, 'Waiting for provider']])
  })
})
