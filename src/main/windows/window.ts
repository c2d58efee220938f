import { BrowserWindow, type BrowserWindowConstructorOptions, type WebContents, type WebPreferences } from 'electron'
import type { Role } from '../../shared/contract'
import type { Translate } from '../../shared/i18n'
import { sendTo, type Caller, type KnownWindows } from '../ipc'
import type { Logger } from '../logger'
import { watchAnswers } from './answering'
import { countCrashes } from './crash-count'
import { askCrashLoop, askUnresponsive } from './dialogs'

/** What every window of ours needs to be made. */
export interface WindowContext {
  windows: OurWindows
  logger: Logger
  translate: () => Translate
  /** Absolute path of the built preload script. */
  preload: string
  /** The origin of the pages: `app://local`, or the Vite server in development. */
  origin: string
  isPackaged: boolean
  /** Absolute path of the app's picture. On Linux a window carries it; elsewhere the executable does. */
  icon: string
  quit: () => void
}

const PAGES: Record<Role, string> = { main: 'index.html', 'quick-ask': 'quick-ask.html', capture: 'capture.html' }

/** The windows that we made: who is not in here is a stranger to the gate. */
export class OurWindows implements KnownWindows {
  readonly #callers = new Set<Caller>()
  readonly #answers = new Map<BrowserWindow, () => void>()

  add(caller: Caller): void {
    this.#callers.add(caller)
    caller.window.once('closed', () => {
      this.#callers.delete(caller)
      this.#answers.delete(caller.window)
    })
  }

  /** Hears when the page of a window has answered a ping. */
  onAnswer(window: BrowserWindow, listener: () => void): void {
    this.#answers.set(window, listener)
  }

  noteAnswer(window: BrowserWindow): void {
    this.#answers.get(window)?.()
  }

  find(contents: WebContents): Caller | null {
    return this.all().find(({ window }) => window.webContents === contents) ?? null
  }

  all(): readonly Caller[] {
    return [...this.#callers].filter(({ window }) => !window.isDestroyed())
  }
}

/** The same closed preferences for every window (S01); written out in full, so that no default of Electron decides. */
export function webPreferencesFor(context: Pick<WindowContext, 'preload' | 'isPackaged'>): WebPreferences {
  return {
    preload: context.preload,
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    nodeIntegrationInWorker: false,
    nodeIntegrationInSubFrames: false,
    webSecurity: true,
    allowRunningInsecureContent: false,
    webviewTag: false,
    navigateOnDragDrop: false,
    // Whether it checks anything is decided for the session, see applySpelling(): a window cannot change it later (S50).
    spellcheck: true,
    devTools: !context.isPackaged,
  }
}

/**
 * Makes a window of ours, known to the gate, which survives the death of its page, and loads its page. An overlay does not
 * survive it: what lies over the whole screen must go when something is wrong with it.
 */
export function openWindow(
  role: Role,
  options: BrowserWindowConstructorOptions,
  context: WindowContext,
): BrowserWindow {
  const icon = process.platform === 'linux' ? { icon: context.icon } : {}
  const window = new BrowserWindow({ ...icon, ...options, webPreferences: webPreferencesFor(context) })
  context.windows.add({ role, window })
  if (role !== 'capture') keepAlive(role, window, context)
  window.loadURL(`${context.origin}/${PAGES[role]}`).catch((thrown: unknown) => {
    const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
    context.logger.error('page not loaded', { role, code })
  })
  return window
}

const CRASH_LIMIT = 3
const CRASH_WINDOW_MS = 60_000

// Answers run in main and are not touched by what happens to a page; it attaches to them again after it is loaded.
function keepAlive(role: Role, window: BrowserWindow, context: WindowContext): void {
  const isLoop = countCrashes(CRASH_LIMIT, CRASH_WINDOW_MS, () => performance.now())
  const contents = window.webContents
  let isAsking = false
  const askOnce = async (question: () => Promise<void>): Promise<void> => {
    if (isAsking) return
    isAsking = true
    await question().finally(() => (isAsking = false))
  }

  contents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return
    context.logger.error('page died', { role, reason, exitCode })
    if (!isLoop()) {
      contents.reload()
      return
    }
    void askOnce(async () => {
      if ((await askCrashLoop(context.translate())) === 'quit') context.quit()
      else contents.reload()
    })
  })

  let answersAgain = new AbortController()
  const askAboutSilence = (): void => {
    if (isAsking) return
    context.logger.warn('page does not answer', { role })
    answersAgain = new AbortController()
    void askOnce(async () => {
      if ((await askUnresponsive(window, context.translate(), answersAgain.signal)) === 'wait') return
      // A page in an endless loop does not hear a reload; its process has to go, and render-process-gone loads it anew.
      contents.forcefullyCrashRenderer()
    })
  }
  const watch = watchAnswers({
    ping: () => sendTo({ role, window }, 'app.ping', null),
    isWatched: () =>
      !window.isDestroyed() &&
      window.isVisible() &&
      !window.isMinimized() &&
      !contents.isLoading() &&
      !contents.isCrashed() &&
      !contents.isDevToolsOpened(),
    onSilent: askAboutSilence,
    onAnswer: () => answersAgain.abort(),
  })
  context.windows.onAnswer(window, () => watch.noteAnswer())
  contents.on('did-start-loading', () => watch.reset())
  contents.on('render-process-gone', () => watch.reset())
  window.once('closed', () => watch.stop())
  // Chromium's own word for it, which comes while somebody types.
  window.on('unresponsive', askAboutSilence)
  window.on('responsive', () => answersAgain.abort())
}
