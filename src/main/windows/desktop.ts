import { join } from 'node:path'
import { app, globalShortcut, nativeTheme, screen, shell, type BrowserWindow } from 'electron'
import type { AppCommand, ShortcutState } from '../../shared/contract'
import type { ConversationSummary } from '../../shared/conversation'
import { chooseLocale, translator, type Translate } from '../../shared/i18n'
import type { Locale, Settings } from '../../shared/settings'
import type { CommandLine } from '../command-line'
import type { Desk, PlaceKind } from '../handlers'
import type { OpenedHouse } from '../house'
import { sendTo, type Broadcast } from '../ipc'
import { openExternalSafe } from '../links'
import { hasCompositor, hasTrayHost, isWayland } from '../linux-desktop'
import { factsOf } from '../log'
import type { Logger } from '../logger'
import { showMenu } from '../menu'
import type { FoundSettings, LiveSettings } from '../settings'
import { QuickAskShortcut } from '../shortcuts'
import { TrayIcon, type TrayState } from '../tray'
import { readWindowState, writeWindowState, type WindowState } from './bounds'
import { countCrashes } from './crash-count'
import {
  askCloseToTray,
  askTemporary,
  confirmLink,
  pickFile,
  pickImages,
  pickPlace,
  tellSettingsRecovered,
  type PickedKind,
} from './dialogs'
import { openMainWindow, showWindow } from './main-window'
import { openQuickAsk, type QuickAsk } from './quick-ask'
import { printToPdf } from './print'
import type { OurWindows, WindowContext } from './window'

export interface DesktopOptions {
  windows: OurWindows
  settings: LiveSettings
  broadcast: Broadcast
  logger: Logger
  /** The folder of the person's data, and the folder of the logs. */
  folder: string
  logFolder: string
  /** The folder `resources` of the app. */
  resources: string
  preload: string
  origin: string
  mark: (name: string) => void
}

const GPU_CRASH_LIMIT = 3
const GPU_CRASH_WINDOW_MS = 5 * 60_000
/** The quick-ask window is made when the first one has long been painted: making it takes the processor for a moment. */
const QUICK_ASK_DELAY_MS = 400
/** A first page that does not come must not keep tray and shortcut away. */
const LOAD_LIMIT_MS = 3000

/** The file of the window state, read before Electron is ready and before there is a Desktop. */
export function windowStateFile(folder: string): string {
  return join(folder, 'window.json')
}

/** Everything of Parley that is on the person's screen: windows, tray, menu, shortcut, dialogs, and when they come and go. */
export class Desktop implements Desk {
  readonly systemLocale: Locale
  readonly #options: DesktopOptions
  readonly #shortcut: QuickAskShortcut
  #state: WindowState
  #translate: Translate
  #main: BrowserWindow | null = null
  #loaded: Promise<void> = Promise.resolve()
  #quickAsk: QuickAsk | null = null
  #tray: TrayIcon | null = null
  #house: OpenedHouse | null = null
  #conversations: readonly ConversationSummary[] = []
  #isQuitting = false
  #isClosing = false

  constructor(options: DesktopOptions) {
    this.#options = options
    const { settings, broadcast, logger } = options
    this.#state = readWindowState(windowStateFile(options.folder))
    this.systemLocale = chooseLocale('system', app.getPreferredSystemLanguages())
    this.#translate = translator(this.locale)
    nativeTheme.themeSource = settings.current.theme
    this.#shortcut = new QuickAskShortcut({
      globalShortcut,
      isWayland: process.platform === 'linux' && isWayland(process.env),
      onPress: () => this.#toggleQuickAsk(),
      onState: (state) => broadcast('quickAsk.shortcutChanged', state),
      logger,
    })
    settings.onChange((now, before) => this.#follow(now, before))
    app.on('before-quit', () => (this.#isQuitting = true))
    app.on('activate', () => this.showWindow())
    this.#watchGpu()
  }

  get locale(): Locale {
    return chooseLocale(this.#options.settings.current.locale, [this.systemLocale])
  }

  get translate(): Translate {
    return this.#translate
  }

  // ---- start ----

  /** Opens the main window: the first thing a person sees. Hidden only where a tray icon can bring it back. */
  async openMain(line: CommandLine): Promise<void> {
    const isHidden = (line.isHidden || line.isQuickAsk) && (await this.#hasTrayHost())
    this.#main = openMainWindow({
      ...this.#context(),
      state: this.#state,
      save: (change) => this.#save(change),
      onClose: () => void this.#close(),
      isQuitting: () => this.#isQuitting,
      appearance: isHidden ? 'hidden' : line.isQuickAsk ? 'behind' : 'front',
    })
    this.#main.once('show', () => this.#options.mark('shown'))
    // Windows ends a program soon after it has said so (R35).
    this.#main.on('session-end', () => app.quit())
    const { webContents } = this.#main
    this.#loaded = new Promise((resolve) => {
      webContents.once('did-finish-load', () => {
        this.#options.mark('page loaded')
        resolve()
      })
      setTimeout(resolve, LOAD_LIMIT_MS)
    })
  }

  /** Adds what can wait until the first window stands: shortcut, menu, tray, and the quick-ask window. */
  async furnish(house: OpenedHouse): Promise<void> {
    this.#house = house
    const { quickAsk } = this.#options.settings.current
    this.#shortcut.set(quickAsk.shortcut, quickAsk.isEnabled)
    await this.#loaded
    this.#showMenu()
    this.#tray = this.#openTray()
    this.#followConversations(house)
    if (quickAsk.isEnabled) setTimeout(() => void this.#openQuickAsk(), QUICK_ASK_DELAY_MS)
  }

  /** Says once that settings were damaged and what is in use instead (R05). */
  async tellRecovered(recovered: NonNullable<FoundSettings['recovered']>): Promise<void> {
    if (this.#main !== null) await tellSettingsRecovered(this.#main, recovered, this.#translate)
  }

  /** Does what a command line asks, of this process or of a second one. */
  obey(line: CommandLine): void {
    if (line.isQuickAsk) this.showQuickAsk()
    else if (line.isNew) this.showMain({ kind: 'new-conversation' })
    else if (!line.isHidden) this.showWindow()
  }

  // ---- what pages and menus ask for ----

  showWindow(): void {
    if (this.#main !== null && !this.#main.isDestroyed()) showWindow(this.#main)
  }

  showMain(command: AppCommand): void {
    this.#quickAsk?.hide()
    this.showWindow()
    if (this.#main !== null) sendTo({ role: 'main', window: this.#main }, 'app.command', command)
  }

  showQuickAsk(): void {
    void this.#openQuickAsk().then((quickAsk) => quickAsk?.show())
  }

  hideQuickAsk(): void {
    this.#quickAsk?.hide()
  }

  resizeQuickAsk(heightPx: number): void {
    this.#quickAsk?.resize(heightPx)
  }

  shortcutState(): ShortcutState {
    return this.#shortcut.state
  }

  async openLink(window: BrowserWindow, url: string): Promise<void> {
    const { logger } = this.#options
    await this.#whileHeld(window, () =>
      openExternalSafe(url, { shell, confirm: (link) => confirmLink(window, link, this.#translate), logger }),
    )
  }

  async pickImages(window: BrowserWindow): Promise<string[]> {
    return this.#whileHeld(window, () => pickImages(window, this.#translate))
  }

  async pickFile(window: BrowserWindow, kind: PickedKind): Promise<string | null> {
    return this.#whileHeld(window, () => pickFile(window, kind, this.#translate))
  }

  async pickPlace(window: BrowserWindow, name: string, kind: PlaceKind): Promise<string | null> {
    return this.#whileHeld(window, () => pickPlace(window, name, kind, this.#translate))
  }

  print(html: string): Promise<Uint8Array> {
    return printToPdf(html, this.#options.logger)
  }

  startAnew(): void {
    app.relaunch()
    // Not quit: what ends in its own time writes what has just been deleted.
    app.exit(0)
  }

  showFile(path: string): void {
    shell.showItemInFolder(path)
  }

  async openLogs(): Promise<void> {
    await this.#openFolder(this.#options.logFolder)
  }

  async openDataFolder(): Promise<void> {
    await this.#openFolder(this.#options.folder)
  }

  // ---- inside ----

  #context(): WindowContext {
    const { windows, logger, preload, origin, resources } = this.#options
    return {
      windows,
      logger,
      preload,
      origin,
      translate: () => this.#translate,
      isPackaged: app.isPackaged,
      icon: join(resources, 'icons', '256x256.png'),
      quit: () => app.quit(),
    }
  }

  async #openFolder(path: string): Promise<void> {
    const refusal = await shell.openPath(path)
    if (refusal !== '') this.#options.logger.warn('folder not opened')
  }

  /** A dialog takes the focus; without this the quick-ask would hide from its own question. */
  async #whileHeld<T>(window: BrowserWindow, task: () => Promise<T>): Promise<T> {
    return this.#quickAsk?.window === window ? this.#quickAsk.holdWhile(task) : task()
  }

  #toggleQuickAsk(): void {
    if (this.#quickAsk === null) this.showQuickAsk()
    else this.#quickAsk.toggle()
  }

  async #openQuickAsk(): Promise<QuickAsk | null> {
    const isComposited = process.platform !== 'linux' || (await hasCompositor(process.env))
    if (this.#isQuitting) return null
    if (this.#quickAsk === null || this.#quickAsk.window.isDestroyed()) {
      this.#quickAsk = openQuickAsk({ ...this.#context(), isComposited, isQuitting: () => this.#isQuitting })
      this.#options.mark('quick-ask made')
    }
    return this.#quickAsk
  }

  #follow(now: Settings, before: Settings): void {
    if (now.theme !== before.theme) nativeTheme.themeSource = now.theme
    if (now.locale !== before.locale) {
      this.#translate = translator(this.locale)
      this.#showMenu()
    }
    const isShortcutChanged =
      now.quickAsk.shortcut !== before.quickAsk.shortcut || now.quickAsk.isEnabled !== before.quickAsk.isEnabled
    if (isShortcutChanged) this.#shortcut.set(now.quickAsk.shortcut, now.quickAsk.isEnabled)
    this.#renderTray()
  }

  #followConversations(house: OpenedHouse): void {
    const refresh = async (): Promise<void> => {
      this.#conversations = await house.library.list()
      this.#renderTray()
    }
    const follow = (): void => {
      refresh().catch((thrown: unknown) => this.#options.logger.warn('tray not refreshed', factsOf(thrown)))
    }
    // Summaries change several times while an answer begins and ends; the menu is made once for all of them.
    let timer: NodeJS.Timeout | null = null
    house.library.onChange(() => {
      timer ??= setTimeout(() => {
        timer = null
        follow()
      }, 100)
    })
    follow()
  }

  #openTray(): TrayIcon {
    const actions = {
      quickAsk: () => this.showQuickAsk(),
      showWindow: () => this.showWindow(),
      newConversation: () => this.showMain({ kind: 'new-conversation' }),
      openConversation: (conversationId: string) => this.showMain({ kind: 'open-conversation', conversationId }),
      openSettings: () => this.showMain({ kind: 'open-settings' }),
      quit: () => app.quit(),
    }
    return new TrayIcon(this.#trayState(), actions, join(this.#options.resources, 'icons'))
  }

  #trayState(): TrayState {
    const { state } = this.#shortcut
    return {
      isRunning: this.#conversations.some(({ isRunning }) => isRunning),
      conversations: this.#conversations,
      accelerator: state.kind === 'registered' && process.platform !== 'linux' ? state.accelerator : null,
      t: this.#translate,
    }
  }

  #renderTray(): void {
    this.#tray?.render(this.#trayState())
  }

  #showMenu(): void {
    showMenu({
      platform: process.platform,
      isPackaged: app.isPackaged,
      t: this.#translate,
      actions: {
        command: (command) => this.showMain(command),
        commandHere: (command) => this.#commandHere(command),
        quickAsk: () => this.showQuickAsk(),
        openLogs: () => void this.openLogs(),
        openDataFolder: () => void this.openDataFolder(),
      },
    })
  }

  #commandHere(command: AppCommand): void {
    const caller = this.#options.windows.all().find(({ window }) => window.isFocused())
    if (caller !== undefined) sendTo(caller, 'app.command', command)
  }

  async #hasTrayHost(): Promise<boolean> {
    return process.platform === 'linux' ? hasTrayHost(process.env) : true
  }

  /**
   * The person closes the main window. On macOS it hides, as windows do there. Elsewhere it hides only where a tray icon
   * can bring it back and the person wants that; asked once, when it is true for the first time. Temporary chats end with
   * the window, and that is asked before.
   */
  async #close(): Promise<void> {
    const window = this.#main
    // A second click on the button while the question is open.
    if (window === null || this.#isClosing) return
    this.#isClosing = true
    try {
      const temporary = await this.#temporaryChats()
      if (temporary.length > 0) {
        const choice = await askTemporary(window, temporary.length, this.#translate)
        if (choice === 'cancel') return
        await this.#endTemporary(temporary, choice)
      }
      if (process.platform === 'darwin') {
        this.#hideMain(window)
        return
      }
      const { settings } = this.#options
      const isTrayThere = this.#tray !== null && (await this.#hasTrayHost())
      if (isTrayThere && settings.current.closeToTray === null) {
        const choice = await askCloseToTray(window, this.#translate)
        if (choice === 'cancel') return
        settings.change((now) => ({ ...now, closeToTray: choice === 'keep' }))
      }
      if (isTrayThere && settings.current.closeToTray === true) this.#hideMain(window)
      else app.quit()
    } finally {
      this.#isClosing = false
    }
  }

  async #temporaryChats(): Promise<string[]> {
    const summaries = (await this.#house?.library.list()) ?? []
    return summaries.flatMap(({ id, isTemporary }) => (isTemporary ? [id] : []))
  }

  async #endTemporary(ids: readonly string[], how: 'discard' | 'keep'): Promise<void> {
    for (const id of ids) {
      const end = how === 'keep' ? this.#house?.upkeep.keep(id) : this.#house?.upkeep.discard(id)
      // One that is gone meanwhile needs nothing.
      await end?.catch((thrown: unknown) => this.#options.logger.warn('temporary chat not ended', factsOf(thrown)))
    }
  }

  #hideMain(window: BrowserWindow): void {
    if (!window.isFullScreen()) {
      window.hide()
      return
    }
    // A full-screen window that hides leaves a black screen behind on macOS.
    window.once('leave-full-screen', () => window.hide())
    window.setFullScreen(false)
  }

  #save(change: Partial<WindowState>): void {
    this.#state = { ...this.#state, ...change }
    try {
      writeWindowState(windowStateFile(this.#options.folder), this.#state)
    } catch (thrown) {
      this.#options.logger.warn('window state not saved', factsOf(thrown))
    }
  }

  #watchGpu(): void {
    const isLoop = countCrashes(GPU_CRASH_LIMIT, GPU_CRASH_WINDOW_MS, () => performance.now())
    app.on('child-process-gone', (_event, { type, reason, exitCode }) => {
      if (reason === 'clean-exit' || this.#isQuitting) return
      this.#options.logger.error('process died', { type, reason, exitCode })
      if (type === 'GPU' && isLoop()) this.#save({ gpuOffFor: app.getVersion() })
    })
    // A display that goes takes a window with it on some systems.
    screen.on('display-removed', () => this.#bringBack())
  }

  #bringBack(): void {
    const window = this.#main
    if (window === null || window.isDestroyed() || !window.isVisible() || window.isMinimized()) return
    const bounds = window.getBounds()
    const isVisible = screen
      .getAllDisplays()
      .some(
        ({ workArea }) =>
          bounds.x < workArea.x + workArea.width &&
          workArea.x < bounds.x + bounds.width &&
          bounds.y < workArea.y + workArea.height &&
          workArea.y < bounds.y + bounds.height,
      )
    if (!isVisible) window.center()
  }
}
