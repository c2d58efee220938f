/** What a person does and sees in a window, by roles and names, and what main says about it through the contract. */
import type { Locator, Page } from 'playwright-core'
import type {} from '../../src/renderer/parley'
import type { OpenedConversation } from '../../src/shared/contract'
import { answerText, pathOf, type AssistantMessage, type GenerationEvent } from '../../src/shared/conversation'
import { describe as describeError, type AppError, type Result } from '../../src/shared/errors'
import { translator } from '../../src/shared/i18n'
import { protocolOf } from './app'
import { eventually } from '../support/eventually'
import type { BackendProfile, BackendView, Settings } from '../../src/shared/settings'

export const t = translator('en')
export const tRu = translator('ru')

/** The sentence a person reads for an error. */
export const titleOf = (error: AppError, translate = t): string => describeError(error, translate).title
export const detailOf = (error: AppError, translate = t): string => describeError(error, translate).detail

export const composer = (page: Page): Locator => page.getByRole('main').locator('textarea')
/** The answers in sight: the thread keeps only those in the page, and always the last one. */
export const answers = (page: Page): Locator => page.getByRole('log').locator('article[aria-busy]')
export const lastAnswer = (page: Page): Locator => answers(page).last()
export const button = (page: Page | Locator, name: string | RegExp): Locator =>
  page.getByRole('button', { name, ...(typeof name === 'string' ? { exact: true } : {}) })

/** Waits until it can be seen. */
export const shows = (locator: Locator, timeoutMs = 8000): Promise<void> =>
  locator.waitFor({ state: 'visible', timeout: timeoutMs })
export const hides = async (locator: Locator, timeoutMs = 8000): Promise<void> => {
  // Of several things, such as a menu and its submenu, one may still fade away: all of them have to be gone.
  const left = () => locator.filter({ visible: true }).count()
  await eventually(left, (count) => count === 0, `an end of ${String(locator)}`, timeoutMs)
}

/** Types a question, sends it with Enter, and waits until its answer has begun. */
export async function ask(page: Page, question: string): Promise<void> {
  await composer(page).fill(question)
  await begins(page, () => composer(page).press('Enter'))
}

/**
 * Does something that asks (send, retry, continue, a suggestion) and waits until main has begun a new answer: whoever
 * then waits for its end cannot take the end of an earlier answer for it.
 */
export async function begins(page: Page, action: () => Promise<void>): Promise<void> {
  const newest = () =>
    storedAnswer(page).then(
      ({ generationId }) => generationId,
      () => null,
    )
  const before = await newest()
  await action()
  await eventually(newest, (found) => found !== null && found !== before, 'a new answer')
}

/** Waits until the last answer holds this text. */
export async function answerHas(page: Page, text: string | RegExp): Promise<void> {
  await shows(lastAnswer(page).getByText(text).first())
}

/** Waits until no answer of the thread is being written. */
export async function isSettled(page: Page, timeoutMs = 8000): Promise<void> {
  const busy = page.locator('article[aria-busy=true], [role=article][aria-busy=true]')
  await eventually(
    () => busy.count(),
    (count) => count === 0,
    'an end of all writing',
    timeoutMs,
  )
}

/** The value of a request that must succeed. */
function valueOf<T>(result: Result<T>): T {
  if (!result.ok) throw new Error(`The request failed: ${JSON.stringify(result.error)}`)
  return result.value
}

/** Connects a backend through the contract, as the settings page does, and makes it the one of new conversations. */
export async function connectTo(
  page: Page,
  address: string,
  change: Partial<BackendProfile> = {},
): Promise<BackendView> {
  const result = await page.evaluate(
    async ([url, profile]) => {
      const { request } = window.parley
      const connected = await request['backend.connect']({ address: url, sha256: null })
      if (!connected.ok) return connected
      const saved = await request['backend.save']({ ...connected.value.view.profile, ...profile })
      if (!saved.ok) return saved
      const chosen = await request['settings.set']({ activeBackendId: saved.value.profile.id })
      return chosen.ok ? saved : chosen
    },
    [address, change] as const,
  )
  const view = valueOf(result)
  await shows(composer(page))
  return view
}

export async function setSecret(page: Page, backendId: string, value: string): Promise<void> {
  const name = { backendId, field: 'api-key' } as const
  valueOf(
    await page.evaluate(
      ([name_, value_]) =>
        window.parley.request['backend.setSecret']({ name: name_, value: value_, storeUnprotected: false }),
      [name, value] as const,
    ),
  )
}

/** Everything that main tells a page, and everything the page shows, as one text. */
export function everythingKnown(page: Page): Promise<string> {
  return page.evaluate(async () => {
    const { request } = window.parley
    const answers = await Promise.all([request['app.boot'](), request['backend.list'](), request['settings.get']()])
    return JSON.stringify(answers) + document.documentElement.outerHTML
  })
}

export async function backends(page: Page): Promise<BackendView[]> {
  return valueOf(await page.evaluate(() => window.parley.request['backend.list']()))
}

/** All conversations, the newest first, whole. */
export async function conversations(page: Page): Promise<OpenedConversation[]> {
  const opened = await page.evaluate(async () => {
    const { request } = window.parley
    const list = await request['conversation.list']()
    if (!list.ok) return [list]
    return Promise.all(list.value.map(({ id }) => request['conversation.open']({ conversationId: id })))
  })
  return opened.map((result) => valueOf(result))
}

/** The last answer of the newest conversation as main keeps it. */
export async function storedAnswer(page: Page): Promise<AssistantMessage> {
  const [newest] = await conversations(page)
  const message = newest === undefined ? undefined : pathOf(newest.conversation).at(-1)
  if (message?.role !== 'assistant') throw new Error('The newest conversation does not end with an answer')
  return message
}

export async function storedText(page: Page): Promise<string> {
  return answerText(await storedAnswer(page))
}

/** Sets what a person sets on the settings page. */
export async function set(page: Page, change: Partial<Omit<Settings, 'backends'>>): Promise<void> {
  valueOf(await page.evaluate((value) => window.parley.request['settings.set'](value), change))
}

export const themes = ['light', 'dark'] as const

/** Sets the theme from the main window and waits until this page is drawn in it, with no colour still on its way. */
export async function setTheme(main: Page, page: Page, theme: (typeof themes)[number]): Promise<void> {
  await set(main, { theme })
  const isDark = () => page.evaluate(() => matchMedia('(prefers-color-scheme: dark)').matches)
  await eventually(isDark, (found) => found === (theme === 'dark'), `the theme ${theme}`)
  await page.evaluate(async () => {
    const drawn = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)))
    await document.fonts.ready
    await drawn()
    // Transitions end; the dot of a running answer breathes for ever.
    const transitions = document.getAnimations().filter((animation) => animation instanceof CSSTransition)
    await Promise.allSettled(transitions.map((transition) => transition.finished))
    await drawn()
  })
}

/** Drops files as the desktop does: the page gets real File objects with real paths behind them. */
export async function dropFiles(page: Page, files: string[]): Promise<void> {
  const protocol = await protocolOf(page)
  const box = await page.getByRole('main').boundingBox()
  const place = { x: (box?.x ?? 0) + (box?.width ?? 0) / 2, y: (box?.y ?? 0) + (box?.height ?? 0) / 2 }
  const data = { items: [], files, dragOperationsMask: 1 }
  const move = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    protocol.send('Input.dispatchDragEvent', { type, ...place, data })
  // A move onto something new, such as words that have come meanwhile, is its dragenter only. Chromium drops nothing
  // before a dragover was taken, nor on what has gone since, and a hand never moves just once.
  const hovered = await page.evaluateHandle(() => {
    const seen = { over: null as EventTarget | null, times: 0 }
    addEventListener('dragover', ({ target, defaultPrevented }) => {
      seen.times = defaultPrevented && seen.over === target ? seen.times + 1 : 0
      seen.over = target
    })
    return seen
  })
  await move('dragEnter')
  await eventually(
    async () => {
      await move('dragOver')
      return hovered.evaluate(({ over, times }) => times >= 2 && over instanceof Node && over.isConnected)
    },
    Boolean,
    'a place that takes files, and stays',
  )
  await move('drop')
  await protocol.detach()
}

/** Collects the events of every generation from now on; the function answers those that came so far. */
export async function collectEvents(page: Page): Promise<() => Promise<GenerationEvent[]>> {
  const handle = await page.evaluateHandle(() => {
    const seen: GenerationEvent[] = []
    window.parley.on['generation.event']((events) => void seen.push(...events))
    return seen
  })
  return () => handle.jsonValue()
}

/** Waits until the newest conversation ends with an answer in this state. */
export async function isState(
  page: Page,
  state: AssistantMessage['state'],
  timeoutMs = 8000,
): Promise<AssistantMessage> {
  await eventually(
    () => storedAnswer(page).then((answer) => `${answer.state} ${JSON.stringify(answer.error)}`, String),
    (found) => found.startsWith(`${state} `),
    `an answer that is ${state}`,
    timeoutMs,
  )
  return storedAnswer(page)
}
