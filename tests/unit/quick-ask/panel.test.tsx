// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { StartGeneration, StoredDraft } from '../../../src/shared/contract'
import { emptyAnswer, type ConversationSummary, type Part } from '../../../src/shared/conversation'
import type { AppError } from '../../../src/shared/errors'
import {
  GUIDE_BACKEND_ID,
  newBackendProfile,
  type BackendView,
  type Locale,
  type QuickAskSettings,
} from '../../../src/shared/settings'
import { QuickAsk } from '../../../src/renderer/quick-ask/panel'
import { bootStore } from '../../../src/renderer/store/boot'
import { changeDraft } from '../../../src/renderer/store/drafts'
import { initialState, useStore } from '../../../src/renderer/store/state'
import { mount } from '../markdown/mount'

const GUIDE: BackendView = {
  profile: newBackendProfile(GUIDE_BACKEND_ID, 'Guide', 'guide://local'),
  isBuiltIn: true,
  apiKey: { kind: 'unset' },
  headerSecrets: {},
  providerKeys: [],
  proxyPassword: { kind: 'unset' },
  status: { kind: 'unknown' },
}

/** A main process of a few lines: it starts what is asked and tells what the test makes of it. */
function createMain() {
  const listeners = new Map<string, Set<(payload: unknown) => void>>()
  const calls: { name: string; payload: unknown }[] = []
  const drafts: StoredDraft[] = []
  let seq = 0
  let started: StartGeneration | null = null
  let refusal: AppError | null = null
  let isTemporary = false
  const emit = (name: string, payload: unknown) => listeners.get(name)?.forEach((listener) => listener(payload))
  const summary = (isRunning: boolean): ConversationSummary => ({
    id: started?.conversationId ?? '',
    title: 't',
    updatedAt: 1,
    createdAt: 1,
    origin: 'quick-ask',
    isPinned: false,
    isRunning,
    isUnread: false,
    hasFailed: false,
    isTemporary,
    isDamaged: false,
  })
  const answers: Record<string, (payload: never) => unknown> = {
    'app.boot': () => ({
      ...initialState(),
      role: 'quick-ask',
      locale: 'en',
      systemLocale: 'en',
      conversations: [],
      backends: [GUIDE],
    }),
    'draft.list': () => drafts,
    'generation.start': (payload: StartGeneration) => {
      started = payload
      seq = 0
      emit('conversation.changed', [{ kind: 'upsert', summary: summary(true) }])
      const { answerId: id, generationId, backendId, provider, model } = payload
      const answer = emptyAnswer({ id, parentId: null, createdAt: 1, generationId, backendId, provider, model })
      return { conversation: summary(true), question: null, answer }
    },
    'backend.catalogue': () => ({ providers: [], isStale: false }),
    'capture.blocker': () => null,
    'quickAsk.resize': () => ({ maxHeightPx: 420 }),
  }
  const parley = {
    platform: 'linux',
    role: 'quick-ask',
    request: new Proxy(
      {},
      {
        get: (_, name: string) => async (payload: never) => {
          calls.push({ name, payload })
          if (name === 'generation.start' && refusal !== null) return { ok: false, error: refusal }
          return { ok: true, value: answers[name]?.(payload) }
        },
      },
    ),
    on: new Proxy(
      {},
      {
        get: (_, name: string) => (listener: (payload: unknown) => void) => {
          listeners.set(name, (listeners.get(name) ?? new Set()).add(listener))
          return () => listeners.get(name)?.delete(listener)
        },
      },
    ),
    attach: async () => ({ ok: true, value: [] }),
  }
  return {
    parley,
    emit,
    drafts,
    named: (name: string) => calls.filter((call) => call.name === name).map(({ payload }) => payload),
    refuse: (error: AppError) => (refusal = error),
    keepNothing: () => (isTemporary = true),
    send: async (...parts: Part[]) => {
      await act(async () => {
        if (started === null) throw new Error('nothing was asked')
        const { generationId, conversationId, answerId: messageId } = started
        const events = parts.map((part) => ({
          generationId,
          conversationId,
          messageId,
          seq: (seq += 1),
          atMs: seq,
          part,
        }))
        emit('generation.event', events)
        if (parts.some(({ type }) => type === 'finish')) {
          emit('conversation.changed', [{ kind: 'upsert', summary: summary(false) }])
        }
        await new Promise((resolve) => setTimeout(resolve, 30))
      })
    },
  }
}

let main: ReturnType<typeof createMain>
let close = () => undefined as void

beforeEach(() => {
  main = createMain()
  vi.stubGlobal('parley', main.parley)
  useStore.setState(initialState(), true)
  document.body.replaceChildren()
})

afterEach(() => close())

async function open(locale: Locale = 'en') {
  await bootStore()
  const page = mount(<QuickAsk />, locale)
  close = page.unmount
  const field = page.container.querySelector('textarea')!
  const type = (text: string) =>
    act(async () => {
      const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')!
      set!.call(field, text)
      field.dispatchEvent(new Event('input', { bubbles: true }))
    })
  const press = (key: string, options: KeyboardEventInit = {}) =>
    act(async () => {
      field.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...options }))
      await new Promise((resolve) => setTimeout(resolve, 5))
    })
  return { ...page, field: () => page.container.querySelector('textarea')!, type, press }
}

const lastStart = () => main.named('generation.start').at(-1) as StartGeneration

describe('quick ask', () => {
  it('R33: has its own draft and no other, and a chat that is temporary by default is not its kind', async () => {
    main.drafts.push(
      { key: 'quick-ask', text: 'a quick one, half', attachments: [], changedAt: 1 },
      { key: 'new', text: 'of the main window', attachments: [], changedAt: 2 },
    )
    const { field, type, press } = await open()
    expect(field().value).toBe('a quick one, half')
    useStore.setState(({ settings }) => ({ settings: { ...settings, isTemporaryByDefault: true } }))
    await type('a quick one, whole')
    document.dispatchEvent(new Event('focusout'))
    expect(main.named('draft.set')).toMatchObject([{ key: 'quick-ask', text: 'a quick one, whole' }])
    await press('Enter')
    expect(lastStart().isTemporary).toBe(false)
    document.dispatchEvent(new Event('focusout'))
    expect(main.named('draft.set').at(-1)).toMatchObject({ key: 'quick-ask', text: '', attachments: [] })
    await press('n', { ctrlKey: true })
    expect(useStore.getState().newChats.get(useStore.getState().currentId)).toEqual({ isTemporary: false })
  })

  it('asks in a conversation of its own kind, shows the answer in place and keeps the question in the field', async () => {
    const page = await open()
    await page.type('What does EAI_AGAIN mean?')
    await page.press('Enter')
    expect(lastStart()).toMatchObject({
      origin: 'quick-ask',
      question: { kind: 'new', text: 'What does EAI_AGAIN mean?', parentId: null },
    })
    expect([page.field().value, page.field().placeholder]).toEqual(['', 'What does EAI_AGAIN mean?'])
    await main.send({ type: 'text-delta', text: 'A **DNS** time-out' })
    await page.until(() => page.container.querySelector('article strong')?.textContent === 'DNS')
    expect(page.container.querySelector('article')?.getAttribute('aria-busy')).toBe('true')
    await main.send({ type: 'finish', state: 'complete', error: null })
    expect(page.container.querySelector('article')?.getAttribute('aria-busy')).toBe('false')
    expect(page.container.querySelector('footer')?.textContent).toContain('Answered by Guide')
  })

  it('goes on in the same conversation with the next question', async () => {
    const page = await open()
    await page.type('One?')
    await page.press('Enter')
    const first = lastStart()
    await main.send({ type: 'text-delta', text: 'Yes' }, { type: 'finish', state: 'complete', error: null })
    await page.type('Two?')
    await page.press('Enter')
    expect(lastStart().conversationId).toBe(first.conversationId)
    expect(lastStart().question).toMatchObject({ kind: 'new', parentId: first.answerId, text: 'Two?' })
    expect(page.container.querySelector('[role="log"]')?.textContent).toContain('One?')
  })

  it('leaves Enter to an input method, and makes a new line with Shift', async () => {
    const page = await open()
    await page.type('にほん')
    await page.press('Enter', { isComposing: true })
    await page.press('Enter', { shiftKey: true })
    expect(main.named('generation.start')).toEqual([])
  })

  it('R47: Esc hides and never stops an answer; what was written stays', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await page.type('half a thought')
    await page.press('Escape')
    expect(main.named('quickAsk.hide')).toHaveLength(1)
    expect(main.named('generation.stop')).toEqual([])
    expect(page.field().value).toBe('half a thought')
  })

  it('Mod . stops the answer', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await page.press('.', { ctrlKey: true })
    expect(main.named('generation.stop')).toEqual([{ generationId: lastStart().generationId }])
  })

  it('Mod Enter asks what stands in the field, opens the conversation in the window and begins anew', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter', { ctrlKey: true })
    await page.until(() => main.named('quickAsk.hide').length === 1)
    expect(main.named('window.openConversation')).toEqual([{ conversationId: lastStart().conversationId }])
    expect(main.named('generation.stop')).toEqual([])
    expect(page.container.querySelector('[role="log"]')).toBeNull()
    expect(page.field().placeholder).toBe('Ask anything')
  })

  it('Mod C copies the answer as markdown, unless something is selected', async () => {
    const written: string[] = []
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (text) => void written.push(text))
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await main.send({ type: 'text-delta', text: 'A **b** c' }, { type: 'finish', state: 'complete', error: null })
    await page.press('c', { ctrlKey: true, code: 'KeyC' })
    await page.until(() => page.container.querySelector('footer')?.textContent.includes('Copied') === true)
    await page.type('selected')
    page.field().focus()
    page.field().setSelectionRange(0, 8)
    await page.press('c', { ctrlKey: true, code: 'KeyC' })
    expect(written).toEqual(['A **b** c'])
  })

  it('Mod N begins anew and leaves the running answer alone', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await page.press('n', { ctrlKey: true, code: 'KeyN' })
    expect(page.container.querySelector('[role="log"]')).toBeNull()
    expect(main.named('generation.stop')).toEqual([])
    await page.type('Other')
    await page.press('Enter')
    const ids = main.named('generation.start').map((start) => (start as StartGeneration).conversationId)
    expect(new Set(ids).size).toBe(2)
  })

  it('R33: what stands unsent comes along to the next question, and is asked there', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await page.type('rather something else')
    await page.press('n', { ctrlKey: true, code: 'KeyN' })
    expect(page.field().value).toBe('rather something else')
    document.dispatchEvent(new Event('focusout'))
    expect(main.named('draft.set').at(-1)).toMatchObject({ key: 'quick-ask', text: 'rather something else' })
    await page.press('Enter')
    expect(lastStart().question).toMatchObject({ parentId: null, text: 'rather something else' })
  })

  it('R33: what cannot be asked as it stands is not left behind by Mod Enter', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await main.send({ type: 'text-delta', text: 'Yes' }, { type: 'finish', state: 'complete', error: null })
    await page.type('and this?')
    const { currentId } = useStore.getState()
    const error: AppError = { code: 'attachment', reason: 'damaged', name: 'a.png', format: null, limit: null }
    await act(async () => {
      changeDraft(currentId, (draft) => ({ ...draft, chips: [{ kind: 'refused', key: 'x', name: 'a.png', error }] }))
    })
    await page.press('Enter', { ctrlKey: true })
    expect([page.field().value, useStore.getState().currentId]).toEqual(['and this?', currentId])
    expect(main.named('window.openConversation')).toEqual([])
    await act(async () => changeDraft(currentId, (draft) => ({ ...draft, text: '', chips: [] })))
    await page.press('Enter', { ctrlKey: true })
    await page.until(() => main.named('window.openConversation').length === 1)
  })

  it('gives a question back that could not be asked, with the reason', async () => {
    const page = await open()
    main.refuse({ code: 'storage', reason: 'full' })
    await page.type('Kept')
    await page.press('Enter')
    expect(page.container.querySelector('[role="alert"]')?.textContent).not.toBe('')
    expect(page.field().value).toBe('Kept')
  })

  it('shows why an answer was cut, keeps what arrived and offers to go on', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await main.send(
      { type: 'text-delta', text: 'Half' },
      { type: 'finish', state: 'interrupted', error: { code: 'connection-lost' } },
    )
    const article = page.container.querySelector('article')!
    await page.until(() => article.textContent.includes('Half'))
    const buttons = [...article.querySelectorAll('[role="alert"] button')].map((button) => button.textContent)
    expect(buttons).toEqual(['Continue', 'Retry'])
  })

  it('leads to the main window where a key is missing: the form for it is there', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    await main.send({ type: 'finish', state: 'failed', error: { code: 'unauthorized', status: 401, message: null } })
    const buttons = [...page.container.querySelectorAll<HTMLButtonElement>('[role="alert"] button')]
    expect(buttons.map((button) => button.textContent)).toEqual(['Open in window', 'Retry'])
    await act(async () => buttons[0]?.click())
    expect(main.named('window.openConversation')).toEqual([{ conversationId: lastStart().conversationId }])
  })

  it('S06: what a server names itself is text', async () => {
    const page = await open()
    const hostile = '<img src=x onerror="window.pwn=1">'
    await page.type(hostile)
    await page.press('Enter')
    await main.send(
      { type: 'provider', provider: { name: hostile, label: null, model: hostile, url: null } },
      { type: 'reasoning-delta', text: hostile },
      { type: 'text-delta', text: hostile },
      { type: 'finish', state: 'failed', error: { code: 'backend', kind: hostile, message: hostile } },
    )
    expect(page.container.querySelector('img, script, iframe')).toBeNull()
    expect(page.container.textContent).toContain(hostile)
    expect(Reflect.get(window, 'pwn')).toBeUndefined()
  })

  const changeQuickAsk = (change: Partial<QuickAskSettings>) =>
    act(async () => {
      const { settings } = useStore.getState()
      main.emit('settings.changed', { ...settings, quickAsk: { ...settings.quickAsk, ...change } })
    })

  it('asks whom the settings name for quick questions, with their instruction; without that as new chats do', async () => {
    const page = await open()
    await changeQuickAsk({
      choice: { backendId: GUIDE_BACKEND_ID, provider: 'Lab', model: 'small' },
      instruction: 'Short.',
    })
    await page.type('Q')
    await page.press('Enter')
    expect(lastStart()).toMatchObject({ backendId: GUIDE_BACKEND_ID, provider: 'Lab', model: 'small' })
    expect(lastStart().settings?.system).toBe('Short.')
    await page.press('n', { ctrlKey: true, code: 'KeyN' })
    await changeQuickAsk({ choice: { backendId: 'gone', provider: null, model: 'other' }, instruction: '' })
    await page.type('Q')
    await page.press('Enter')
    expect(lastStart()).toMatchObject({ backendId: GUIDE_BACKEND_ID, provider: null, model: null })
    expect(lastStart().settings?.system).toBe('')
  })

  it('S44: what is not kept is temporary, has no draft on disk, ends with the next question, and can be kept', async () => {
    main.keepNothing()
    const page = await open()
    await changeQuickAsk({ isKept: false })
    await page.type('between us')
    document.dispatchEvent(new Event('focusout'))
    expect(main.named('draft.set')).toEqual([])
    await page.press('Enter')
    const first = lastStart()
    expect(first.isTemporary).toBe(true)
    await page.press('s', { ctrlKey: true, code: 'KeyS' })
    expect(main.named('conversation.keep')).toEqual([{ conversationId: first.conversationId }])
    await page.press('n', { ctrlKey: true, code: 'KeyN' })
    expect(main.named('conversation.discard')).toEqual([{ conversationId: first.conversationId }])
  })

  it('S44: what is not kept ends ten minutes after the window was hidden, but under no answer', async () => {
    main.keepNothing()
    const page = await open()
    await changeQuickAsk({ isKept: false })
    await page.type('between us')
    await page.press('Enter')
    vi.useFakeTimers()
    const isHidden = vi.spyOn(document, 'hidden', 'get').mockReturnValue(true)
    document.dispatchEvent(new Event('visibilitychange'))
    await act(() => vi.advanceTimersByTimeAsync(10 * 60_000))
    expect(main.named('conversation.discard')).toEqual([])
    const ended = main.send({ type: 'text-delta', text: 'A' }, { type: 'finish', state: 'complete', error: null })
    await vi.advanceTimersByTimeAsync(100)
    await ended
    await act(() => vi.advanceTimersByTimeAsync(60_000))
    expect(main.named('conversation.discard')).toEqual([{ conversationId: lastStart().conversationId }])
    isHidden.mockRestore()
    vi.useRealTimers()
  })

  it('is pinned by key, says so, and shows what main says of it when it comes up', async () => {
    const page = await open()
    await page.type('Q')
    await page.press('Enter')
    const pin = () => page.container.querySelector('[aria-label="Pin"]')?.getAttribute('aria-pressed')
    await page.press('p', { ctrlKey: true, code: 'KeyP' })
    expect(main.named('quickAsk.pin')).toEqual([{ isPinned: true }])
    expect(pin()).toBe('true')
    await act(async () => main.emit('app.command', { kind: 'quick-ask-shown', isPinned: false, maxHeightPx: 420 }))
    expect(pin()).toBe('false')
  })

  it('S44: offers what was copied without knowing it, while nothing is written', async () => {
    const page = await open()
    const offer = () =>
      [...page.container.querySelectorAll('button')].find(({ textContent }) => textContent === 'Paste text')
    expect(offer()).toBeUndefined()
    await act(async () => main.emit('app.command', { kind: 'quick-ask-clipboard', clipboard: 'text' }))
    await act(async () => offer()?.click())
    expect(main.named('quickAsk.paste')).toHaveLength(1)
    expect(document.activeElement).toBe(page.field())
    await page.type('mine')
    expect(offer()).toBeUndefined()
  })

  it('chooses who answers by keyboard: the list opens in place, Esc closes it and hides nothing', async () => {
    const page = await open()
    await page.press('/', { ctrlKey: true })
    await page.until(() => page.container.querySelector('[role="radio"]') !== null)
    const radio = page.container.querySelector('[role="radio"]')!
    expect(document.activeElement).toBe(radio)
    expect(page.container.textContent).toContain('The Guide has no models to choose from.')
    await act(async () => {
      radio.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true, cancelable: true }))
    })
    expect(page.container.querySelector('[role="radio"]')).toBeNull()
    expect(document.activeElement).toBe(page.field())
    expect(main.named('quickAsk.hide')).toEqual([])
  })

  it('names every control, in Russian as well', async () => {
    const page = await open('ru')
    await page.type('Вопрос')
    await page.press('Enter')
    await main.send({ type: 'text-delta', text: 'Ответ' }, { type: 'finish', state: 'complete', error: null })
    await page.until(() => page.container.textContent.includes('Ответ'))
    const names = [...page.container.querySelectorAll('button, textarea, main, [role="log"]')].map(
      (element) => element.getAttribute('aria-label') ?? element.textContent,
    )
    expect(names.filter((name) => !/[а-яё]/iu.test(name))).toEqual([])
  })

  it('tells main how high it is', async () => {
    let report = () => undefined as void
    vi.stubGlobal(
      'ResizeObserver',
      class {
        constructor(callback: () => void) {
          report = callback
        }
        observe() {}
        disconnect() {}
      },
    )
    const page = await open()
    const panel = page.container.querySelector('main')!
    panel.getBoundingClientRect = () => new DOMRect(0, 0, 680, 214.4)
    report()
    report()
    expect(main.named('quickAsk.resize')).toEqual([{ heightPx: 215 }])
  })
})
