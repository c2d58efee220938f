import { homedir } from 'node:os'
import { join } from 'node:path'
import { app, clipboard, globalShortcut, Menu, nativeTheme, screen, session, shell, type BrowserWindow } from 'electron'
import type { Platform } from '../../shared/accelerator'
import { actionKeys } from '../../shared/actions'
import type { AppCommand, ShortcutState } from '../../shared/contract'
import type { ConversationSummary } from '../../shared/conversation'
import { chooseLocale, translator, type Translate } from '../../shared/i18n'
import type { Locale, Settings } from '../../shared/settings'
import type { CommandLine } from '../command-line'
import { DraggedFiles, type DraggedContent } from '../dragged-files'
import { saveMedia, type Desk, type PlaceKind } from '../handlers'
import type { OpenedHouse } from '../house'
import { sendTo, type Broadcast } from '../ipc'
import { openExternalSafe } from '../links'
import { desktopName, hasCompositor, hasTrayHost, isWayland } from '../linux-desktop'
import { factsOf } from '../log'
import { autostartFolder, setAutostart } from '../login-start'
import type { Logger } from '../logger'
import { showMenu } from '../menu'
import type { FoundSettings, LiveSettings } from '../settings'
import { QuickAskShortcut } from '../shortcuts'
import { TrayIcon, type TrayState } from '../tray'
import { readWindowState, writeWindowState, type WindowState } from './bounds'
import { Attention } from './attention'
import { contextTemplate, type Pointed } from './context-menu'
import { countCrashes } from './crash-count'
import {
  askCloseToTray,
  askTemporary,
  confirmLink,
  pickFile,
  pickImages,
  pickPlace,
  tellNotDeleted,
  tellSetAside,
  tellSettingsRecovered,
  type PickedKind,
} from './dialogs'
import { openMainWindow, showWindow } from './main-window'
import { openQuickAsk, type QuickAsk } from './quick-ask'
import { printToPdf } from './print'
import { applySpelling } from './spelling'
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

/** Asking costs two short connections. */
const TRAY_HOST_CHECK_MS = 5000
const GPU_CRASH_LIMIT = 3
const GPU_CRASH_WINDOW_MS = 5 * 60_000
/** The quick-ask window is made when the first one has long been painted: making it takes the processor for a moment. */
const QUICK_ASK_DELAY_MS = 400
/** A first page that does not come must not keep tray and shortcut away. */
const LOAD_LIMIT_MS = 3000
/** Files that cannot be read are found together; one dialog names them all. */
const SET_ASIDE_MS = 1500

/** The file of the window state, read before Electron is ready and before there is a Desktop. */
export function windowStateFile(folder: string): string {
  return join(folder, 'window.json')
}

/** Everything of Parley that is on the person's screen: windows, tray, menu, shortcut, dialogs, and when they come and go. */
export class Desktop implements Desk {
  readonly systemLocale: Locale
  readonly #options: DesktopOptions
  readonly #shortcut: QuickAskShortcut
  readonly #dragged = new DraggedFiles()
  #state: WindowState
  #translate: Translate
  #main: BrowserWindow | null = null
  #loaded: Promise<void> = Promise.resolve()
  #quickAsk: QuickAsk | null = null
  #tray: TrayIcon | null = null
  #trayMisses = 0
  readonly #attention: Attention
  #house: OpenedHouse | null = null
  #conversations: readonly ConversationSummary[] = []
  #isQuitting = false
  #isClosing = false
  #isShut = false
  readonly #setAside: string[] = []
  #setAsideTimer: NodeJS.Timeout | null = null
  readonly #platform: Platform =
    process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'

  constructor(options: DesktopOptions) {
    this.#options = options
    const { settings, broadcast, logger } = options
    this.#state = readWindowState(windowStateFile(options.folder))
    this.systemLocale = chooseLocale('system', app.getPreferredSystemLanguages())
    this.#translate = translator(this.locale)
    nativeTheme.themeSource = settings.current.theme
    this.#checkSpelling(settings.current)
    this.#shortcut = new QuickAskShortcut({
      globalShortcut,
      isWayland: process.platform === 'linux' && isWayland(process.env),
      desktop: process.platform === 'linux' ? desktopName(process.env) : null,
      onPress: () => this.#toggleQuickAsk(),
      onState: (state) => {
        broadcast('quickAsk.shortcutChanged', state)
        this.#renderTray()
      },
      logger,
    })
    this.#attention = new Attention({
      settings: () => settings.current,
      translate: () => this.#translate,
      logger,
      main: () => this.#main,
      open: (conversationId) => this.showMain({ kind: 'open-conversation', conversationId }),
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
    this.#offerContextMenu(this.#main)
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
    this.#attention.follow(house)
    if (this.#platform === 'linux') setInterval(() => void this.#watchTrayHost(), TRAY_HOST_CHECK_MS).unref()
    if (quickAsk.isEnabled) setTimeout(() => void this.#openQuickAsk(), QUICK_ASK_DELAY_MS)
  }

  /** Says once that settings were damaged and what is in use instead (R05). */
  async tellRecovered(recovered: NonNullable<FoundSettings['recovered']>): Promise<void> {
    if (this.#main !== null) await tellSettingsRecovered(this.#main, recovered, this.#takeSetAside(), this.#translate)
  }

  noteSetAside(keptAs: string): void {
    this.#setAside.push(keptAs)
    this.#setAsideTimer ??= setTimeout(() => {
      const files = this.#takeSetAside()
      if (files.length > 0 && this.#main !== null) void tellSetAside(this.#main, files, this.#translate)
    }, SET_ASIDE_MS)
  }

  #takeSetAside(): string[] {
    if (this.#setAsideTimer !== null) clearTimeout(this.#setAsideTimer)
    this.#setAsideTimer = null
    return this.#setAside.splice(0)
  }

  /** Says what of a deletion is left, which only the person can remove. */
  async tellNotDeleted(names: readonly string[]): Promise<void> {
    if (this.#main !== null) await tellNotDeleted(this.#main, names, this.#translate)
  }

  /** Says nothing of the answers in a conversation that somebody looks at elsewhere. */
  ignore(conversationId: string): void {
    this.#attention.ignore(conversationId)
  }

  /** Does what a command line asks, of this process or of a second one. */
  obey(line: CommandLine): void {
    if (line.isQuickAsk) this.showQuickAsk()
    else if (line.isNew) this.showMain({ kind: 'new-conversation' })
    else if (!line.isHidden) this.showWindow()
  }

  // ---- what pages and menus ask for ----

  showWindow(): void {
    if (!this.#isShut && this.#main !== null && !this.#main.isDestroyed()) showWindow(this.#main)
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

  checkShortcut(): ShortcutState {
    const { shortcut, isEnabled } = this.#options.settings.current.quickAsk
    return this.#shortcut.set(shortcut, isEnabled)
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

  shut(): void {
    this.#isShut = true
    this.#shortcut.set('', false)
    for (const { window } of this.#options.windows.all()) {
      // A window that is closed ends Parley with it, before anything is deleted.
      window.hide()
    }
  }

  startAnew(): void {
    app.relaunch()
    // Not quit: what ends in its own time writes what has just been deleted.
    app.exit(0)
  }

  async dragFile(window: BrowserWindow, file: DraggedContent, name: string): Promise<void> {
    const path = await this.#dragged.put(file, name)
    if (window.isDestroyed()) return
    window.webContents.startDrag({ file: path, icon: join(this.#options.resources, 'icons', '48x48.png') })
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
    if (this.#isQuitting || this.#isShut) return null
    if (this.#quickAsk === null || this.#quickAsk.window.isDestroyed()) {
      this.#quickAsk = openQuickAsk({ ...this.#context(), isComposited, isQuitting: () => this.#isQuitting })
      this.#offerContextMenu(this.#quickAsk.window)
      this.#options.mark('quick-ask made')
    }
    return this.#quickAsk
  }

  #follow(now: Settings, before: Settings): void {
    if (now.checksSpelling !== before.checksSpelling || now.spellingLanguages !== before.spellingLanguages) {
      this.#checkSpelling(now)
    }
    if (now.theme !== before.theme) nativeTheme.themeSource = now.theme
    if (now.locale !== before.locale) this.#translate = translator(this.locale)
    if (now.startsAtLogin !== before.startsAtLogin) this.#setLoginStart(now.startsAtLogin)
    const areKeysChanged = now.shortcuts !== before.shortcuts || now.sendKey !== before.sendKey
    if (now.locale !== before.locale || areKeysChanged) this.#showMenu()
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
      pauseShortcut: () => void this.#shortcut.pause(this.#shortcut.isPaused !== true),
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
      isPaused: this.#shortcut.isPaused,
      t: this.#translate,
    }
  }

  #renderTray(): void {
    this.#tray?.render(this.#trayState())
    this.#attention.render(this.#conversations)
  }

  #showMenu(): void {
    showMenu({
      platform: this.#platform,
      isPackaged: app.isPackaged,
      t: this.#translate,
      keys: actionKeys(this.#options.settings.current, this.#platform),
      actions: {
        command: (command) => this.showMain(command),
        commandHere: (command) => this.#commandHere(command),
        quickAsk: () => this.showQuickAsk(),
        openLogs: () => void this.openLogs(),
        openDataFolder: () => void this.openDataFolder(),
      },
    })
  }

  #setLoginStart(wanted: Settings['startsAtLogin']): void {
    try {
      if (process.platform !== 'linux') {
        // macOS starts login items without arguments, and ignores these.
        app.setLoginItemSettings({ openAtLogin: wanted !== 'never', args: wanted === 'hidden' ? ['--hidden'] : [] })
        return
      }
      const command = app.isPackaged ? [process.execPath] : [process.execPath, app.getAppPath()]
      setAutostart(autostartFolder(process.env, homedir()), wanted, command)
    } catch (thrown) {
      this.#options.logger.warn('start at login not set', factsOf(thrown))
    }
  }

  #checkSpelling(settings: Settings): void {
    applySpelling(session.defaultSession, settings, app.getPreferredSystemLanguages(), process.platform)
  }

  /** What can be done with what is under the pointer; the page has menus of its own where it needs others. */
  #offerContextMenu(window: BrowserWindow): void {
    const { webContents } = window
    const isMain = window === this.#main
    webContents.on('context-menu', (_event, pointed: Pointed) => {
      const items = contextTemplate(pointed, this.#translate, {
        replaceWord: (word) => webContents.replaceMisspelling(word),
        addWord: (word) => webContents.session.addWordToSpellCheckerDictionary(word),
        openLink: (url) => void this.openLink(window, url),
        copyText: (text) => void clipboard.writeText(text),
        copyImage: (x, y) => webContents.copyImageAt(x, y),
        saveImage: (id) => void this.#saveImage(window, id),
        quote: isMain ? () => this.#commandHere({ kind: 'action', action: 'quote' }) : null,
        search: isMain ? (text) => this.#commandHere({ kind: 'search', text }) : null,
      })
      if (items.length === 0) return
      void this.#whileHeld(
        window,
        () => new Promise<void>((resolve) => Menu.buildFromTemplate(items).popup({ window, callback: resolve })),
      )
    })
  }

  async #saveImage(window: BrowserWindow, id: string): Promise<void> {
    if (this.#house === null) return
    const caller = this.#options.windows.find(window.webContents)
    if (caller === null) return
    const mime = (await this.#house.attachments.open(id))?.mime ?? ''
    await saveMedia(this.#house, { id, name: `parley-${id.slice(0, 8)}.${mime.split('/')[1] ?? 'png'}` }, caller).catch(
      (thrown: unknown) => this.#options.logger.warn('image not saved', factsOf(thrown)),
    )
  }

  #commandHere(command: AppCommand): void {
    const caller = this.#options.windows.all().find(({ window }) => window.isFocused())
    if (caller !== undefined) sendTo(caller, 'app.command', command)
  }

  /**
   * A panel that dies takes the icon with it, and with the icon the only way to a hidden window; one that comes back knows
   * nothing of icons from before.
   */
  async #watchTrayHost(): Promise<void> {
    if (this.#isQuitting || this.#isShut || this.#tray === null) return
    if (await this.#hasTrayHost()) {
      if (this.#trayMisses > 0) {
        this.#tray.close()
        this.#tray = this.#openTray()
      }
      this.#trayMisses = 0
      return
    }
    this.#trayMisses += 1
    // A panel that is only started anew is back by the second look.
    if (this.#trayMisses === 2 && this.#main?.isDestroyed() === false && !this.#main.isVisible()) {
      this.#options.logger.info('no tray host any more, window shown')
      this.#main.showInactive()
    }
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
    if (this.#isShut) return
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
