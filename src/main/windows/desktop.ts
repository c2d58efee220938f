import { homedir } from 'node:os'
import { join } from 'node:path'
import { app, globalShortcut, screen, session, shell, type BrowserWindow } from 'electron'
import type { Platform } from '../../shared/accelerator'
import { actionKeys, GLOBAL_SHORTCUTS, globalShortcuts } from '../../shared/actions'
import type { AppCommand, ShortcutStates } from '../../shared/contract'
import { chooseLocale, translator, type Translate } from '../../shared/i18n'
import type { Locale, Settings } from '../../shared/settings'
import { timeForName } from '../capture'
import type { CommandLine } from '../command-line'
import { DraggedFiles, type DraggedContent } from '../dragged-files'
import { saveMedia, type Desk, type PlaceKind } from '../handlers'
import type { OpenedHouse } from '../house'
import { sendTo, type Broadcast } from '../ipc'
import { openExternalSafe } from '../links'
import { desktopName, hasCompositor, hasTrayHost, isWayland } from '../linux-desktop'
import { factsOf } from '../log'
import { setLoginStart } from '../login-start'
import type { Logger } from '../logger'
import { showMenu } from '../menu'
import { hasScreenPortal } from '../screen-portal'
import type { LiveSettings } from '../settings'
import { portalShortcuts } from '../shortcut-portal'
import { GlobalShortcuts } from '../shortcuts'
import { applyTheme } from '../tray'
import { Attention } from './attention'
import { isOnDisplay, moveInside, WindowMemory, type WindowState } from './bounds'
import { RegionCapture } from './capture'
import { closing } from './closing'
import { confirmLink, pickFile, pickImages, pickPlace, type PickedKind } from './dialogs'
import { Graphics } from './graphics'
import { openMainWindow, showWindow } from './main-window'
import { Notices } from './notices'
import { offerPointedMenu } from './pointed-menu'
import { openQuickAsk, type QuickAsk } from './quick-ask'
import { printToPdf } from './print'
import { applySpelling } from './spelling'
import { TrayPresence } from './tray-presence'
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

/** The quick-ask window is made when the first one has long been painted: making it takes the processor for a moment. */
const QUICK_ASK_DELAY_MS = 400
/** A first page that does not come must not keep tray and shortcut away. */
const LOAD_LIMIT_MS = 3000
const AFTER_DISPLAY_MS = 500
/** Where it is remembered what the person has refused to the desktop. */
const REFUSED = { 'quick-ask': 'refusedShortcut', 'ask-region': 'refusedRegionShortcut' } as const

/** The file of the window state, read before Electron is ready and before there is a Desktop. */
export function windowStateFile(folder: string): string {
  return join(folder, 'window.json')
}

/** Everything of Parley that is on the person's screen: windows, tray, menu, shortcut, dialogs, and when they come and go. */
export class Desktop implements Desk {
  readonly systemLocale: Locale
  readonly notices: Notices
  readonly #options: DesktopOptions
  readonly capture: RegionCapture
  readonly #shortcuts: GlobalShortcuts
  readonly #dragged = new DraggedFiles()
  readonly #memory: WindowMemory
  readonly #graphics: Graphics
  readonly #tray: TrayPresence
  readonly #close: (window: BrowserWindow) => Promise<void>
  #translate: Translate
  #main: BrowserWindow | null = null
  #loaded: Promise<void> = Promise.resolve()
  #quickAsk: QuickAsk | null = null
  readonly #attention: Attention
  #house: OpenedHouse | null = null
  #isQuitting = false
  #isShut = false
  readonly #platform: Platform =
    process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'

  constructor(options: DesktopOptions) {
    this.#options = options
    const { settings, broadcast, logger } = options
    this.#memory = new WindowMemory(windowStateFile(options.folder), (thrown) =>
      logger.warn('window state not saved', factsOf(thrown)),
    )
    this.#graphics = new Graphics({ app, memory: this.#memory, nowMs: () => performance.now() })
    this.notices = new Notices({
      main: () => this.#main,
      translate: () => this.#translate,
      graphics: this.#graphics,
    })
    this.systemLocale = chooseLocale('system', app.getPreferredSystemLanguages())
    this.#translate = translator(this.locale)
    applyTheme(settings.current.theme)
    this.#checkSpelling(settings.current)
    this.#shortcuts = new GlobalShortcuts({
      globalShortcut,
      portal: process.platform === 'linux' && isWayland(process.env) ? portalShortcuts(process.env) : null,
      description: (id) => this.#translate(id === 'quick-ask' ? 'settings:quickAsk.open' : 'actions:names.ask-region'),
      refused: {
        read: (id) => this.#memory.state[REFUSED[id]],
        write: (id, accelerator) => {
          if (accelerator !== this.#memory.state[REFUSED[id]]) this.#save({ [REFUSED[id]]: accelerator })
        },
      },
      desktop: process.platform === 'linux' ? desktopName(process.env) : null,
      onPress: (id) => {
        if (id === 'quick-ask') this.#toggleQuickAsk()
        else void this.#askRegion()
      },
      onState: (states) => {
        broadcast('quickAsk.shortcutChanged', states)
        this.#tray.render()
      },
      logger,
    })
    this.capture = new RegionCapture({
      ...this.#context(),
      isWayland: process.platform === 'linux' && isWayland(process.env),
      hasPortal: () => hasScreenPortal(process.env),
      isQuitting: () => this.#isQuitting || this.#isShut,
      locale: () => this.locale,
      theme: () => settings.current.theme,
      holdEscape: (onPress) => {
        // Wayland would ask the person about it; there the desktop can always be reached.
        const isPossible = !(process.platform === 'linux' && isWayland(process.env))
        const isHeld = isPossible && globalShortcut.register('Escape', onPress)
        return () => {
          if (isHeld) globalShortcut.unregister('Escape')
        }
      },
    })
    this.#attention = new Attention({
      settings: () => settings.current,
      translate: () => this.#translate,
      logger,
      main: () => this.#main,
      platform: process.platform,
      icons: join(options.resources, 'icons'),
      open: (conversationId) => this.showMain({ kind: 'open-conversation', conversationId }),
    })
    this.#tray = new TrayPresence({
      hasHost: () => this.#hasTrayHost(),
      platform: process.platform,
      actions: {
        quickAsk: () => this.showQuickAsk(),
        showWindow: () => this.showWindow(),
        newConversation: () => this.showMain({ kind: 'new-conversation' }),
        openConversation: (conversationId) => this.showMain({ kind: 'open-conversation', conversationId }),
        openSettings: () => this.showMain({ kind: 'open-settings' }),
        quit: () => app.quit(),
      },
      shortcuts: this.#shortcuts,
      translate: () => this.#translate,
      icons: join(options.resources, 'icons'),
      onHostGone: () => this.capture.whenBack(() => this.#bringBackHidden()),
      logger,
    })
    this.#close = closing({
      platform: process.platform,
      settings,
      house: () => this.#house,
      isTraySeen: () => this.#tray.isSeen(),
      translate: () => this.#translate,
      quit: () => app.quit(),
      logger,
    })
    settings.onChange((now, before) => this.#follow(now, before))
    app.on('before-quit', () => {
      this.#isQuitting = true
      this.capture.stop()
    })
    app.on('activate', () => this.showWindow())
    this.#watchProcesses()
    // A display that goes takes a window with it on some systems.
    screen.on('display-removed', () => {
      this.#bringBackLost()
      // The window manager moves windows at the same moment, and has the last word in it.
      setTimeout(() => this.#bringBackLost(), AFTER_DISPLAY_MS)
    })
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
      state: this.#memory.state,
      save: (change) => this.#save(change),
      onClose: (window) => void this.#close(window),
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
    this.#shortcuts.set(globalShortcuts(quickAsk))
    await this.#loaded
    this.#showMenu()
    this.#tray.open()
    this.#followConversations(house)
    this.#attention.follow(house)
    const isWanted = Object.values(globalShortcuts(quickAsk)).some((accelerator) => accelerator !== null)
    if (isWanted) setTimeout(() => void this.#openQuickAsk(), QUICK_ASK_DELAY_MS)
  }

  noteSetAside(keptAs: string): void {
    this.notices.noteSetAside(keptAs)
  }

  /** Says nothing of an answer that somebody looks at elsewhere. */
  ignore(generationId: string): void {
    this.#attention.ignore(generationId)
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

  resizeQuickAsk(heightPx: number): number {
    return this.#quickAsk?.resize(heightPx) ?? heightPx
  }

  pinQuickAsk(isPinned: boolean): void {
    this.#quickAsk?.pin(isPinned)
  }

  pasteIntoQuickAsk(): void {
    this.#quickAsk?.paste()
  }

  shortcutState(): ShortcutStates {
    return this.#shortcuts.states
  }

  checkShortcut(): ShortcutStates {
    return this.#shortcuts.check()
  }

  noteAnswer(window: BrowserWindow): void {
    this.#options.windows.noteAnswer(window)
  }

  isGraphicsOff(): boolean {
    return this.#graphics.isOff
  }

  useGraphics(): void {
    this.#graphics.useAgain()
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

  nameRegion(at: Date): string {
    return `${this.#translate('capture:name', { time: timeForName(at) })}.png`
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
    this.capture.stop()
    this.#shortcuts.set({ 'quick-ask': null, 'ask-region': null })
    this.#tray.leave()
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

  /** The page of the quick question takes it and shows itself with it; one that is left shows nothing. */
  async #askRegion(): Promise<void> {
    if (this.capture.isRunning) return
    const quickAsk = await this.#openQuickAsk()
    await quickAsk?.isReady
    if (quickAsk !== null) sendTo({ role: 'quick-ask', window: quickAsk.window }, 'app.command', { kind: 'ask-region' })
  }

  async #openQuickAsk(): Promise<QuickAsk | null> {
    const isComposited = process.platform !== 'linux' || (await hasCompositor(process.env))
    if (this.#isQuitting || this.#isShut) return null
    if (this.#quickAsk === null || this.#quickAsk.window.isDestroyed()) {
      this.#quickAsk = openQuickAsk({
        ...this.#context(),
        isComposited,
        isQuitting: () => this.#isQuitting,
        settings: () => this.#options.settings.current.quickAsk,
      })
      this.#offerContextMenu(this.#quickAsk.window)
      this.#options.mark('quick-ask made')
    }
    return this.#quickAsk
  }

  #follow(now: Settings, before: Settings): void {
    if (now.checksSpelling !== before.checksSpelling || now.spellingLanguages !== before.spellingLanguages) {
      this.#checkSpelling(now)
    }
    if (now.theme !== before.theme) applyTheme(now.theme)
    if (now.locale !== before.locale) this.#translate = translator(this.locale)
    if (now.startsAtLogin !== before.startsAtLogin) this.#startAtLogin(now.startsAtLogin)
    const areKeysChanged = now.shortcuts !== before.shortcuts || now.sendKey !== before.sendKey
    if (now.locale !== before.locale || areKeysChanged) this.#showMenu()
    const [wanted, held] = [globalShortcuts(now.quickAsk), globalShortcuts(before.quickAsk)]
    if (GLOBAL_SHORTCUTS.some((id) => wanted[id] !== held[id])) this.#shortcuts.set(wanted)
    this.#tray.render()
    this.#attention.render()
  }

  #followConversations(house: OpenedHouse): void {
    const refresh = async (): Promise<void> => {
      const conversations = await house.library.list()
      this.#tray.render(conversations)
      this.#attention.render(conversations)
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

  #startAtLogin(wanted: Settings['startsAtLogin']): void {
    const command = app.isPackaged ? [process.execPath] : [process.execPath, app.getAppPath()]
    try {
      setLoginStart(wanted, { platform: process.platform, app, env: process.env, home: homedir(), command })
    } catch (thrown) {
      this.#options.logger.warn('start at login not set', factsOf(thrown))
    }
  }

  #checkSpelling(settings: Settings): void {
    applySpelling(session.defaultSession, settings, app.getPreferredSystemLanguages(), process.platform)
  }

  #offerContextMenu(window: BrowserWindow): void {
    const isMain = window === this.#main
    offerPointedMenu(window, {
      translate: () => this.#translate,
      whileHeld: (task) => this.#whileHeld(window, task),
      openLink: (url) =>
        void this.openLink(window, url).catch((thrown: unknown) =>
          this.#options.logger.warn('link not opened', factsOf(thrown)),
        ),
      saveImage: (id) => void this.#saveImage(window, id),
      quote: isMain ? () => this.#commandHere({ kind: 'action', action: 'quote' }) : null,
      search: isMain ? (text) => this.#commandHere({ kind: 'search', text }) : null,
    })
  }

  async #saveImage(window: BrowserWindow, id: string): Promise<void> {
    if (this.#house === null) return
    const caller = this.#options.windows.find(window.webContents)
    if (caller === null) return
    try {
      const mime = (await this.#house.attachments.open(id))?.mime ?? ''
      await saveMedia(this.#house, { id, name: `parley-${id.slice(0, 8)}.${mime.split('/')[1] ?? 'png'}` }, caller)
    } catch (thrown) {
      this.#options.logger.warn('image not saved', factsOf(thrown))
    }
  }

  #commandHere(command: AppCommand): void {
    const caller = this.#options.windows.all().find(({ window }) => window.isFocused())
    if (caller !== undefined) sendTo(caller, 'app.command', command)
  }

  /** Without an icon nobody could bring it back. */
  #bringBackHidden(): void {
    if (this.#isQuitting || this.#isShut || this.#main === null || this.#main.isDestroyed()) return
    if (this.#main.isVisible()) return
    this.#options.logger.info('no tray host any more, window shown')
    this.#main.showInactive()
  }

  async #hasTrayHost(): Promise<boolean> {
    return process.platform === 'linux' ? hasTrayHost(process.env) : true
  }

  #save(change: Partial<WindowState>): void {
    if (!this.#isShut) this.#memory.save(change)
  }

  #watchProcesses(): void {
    app.on('child-process-gone', (_event, { type, reason, exitCode }) => {
      if (reason === 'clean-exit' || this.#isQuitting) return
      this.#options.logger.error('process died', { type, reason, exitCode })
      if (type === 'GPU' && !this.#isShut) this.#graphics.noteCrash()
    })
  }

  #bringBackLost(): void {
    const workAreas = screen.getAllDisplays().map((display) => display.workArea)
    const quickAsk = this.#quickAsk?.window
    if (quickAsk?.isDestroyed() === false && quickAsk.isVisible()) {
      quickAsk.setBounds(moveInside(quickAsk.getBounds(), workAreas))
    }
    const window = this.#main
    if (window === null || window.isDestroyed() || !window.isVisible() || window.isMinimized()) return
    if (!isOnDisplay(window.getBounds(), workAreas)) window.center()
  }
}
