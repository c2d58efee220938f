import { join } from 'node:path'
import { app, ipcMain, Menu, powerMonitor, protocol, safeStorage, session } from 'electron'
import { describe, toAppError } from '../shared/errors'
import { chooseLocale, translator, type Translate } from '../shared/i18n'
import { APP_ORIGIN, APP_SCHEME, serveApp } from './app-protocol'

import { askIn, type Ask } from './ask'
import { answerAt, removeLeftFolders, waitForParley } from './ask-channel'
import {
  isLineTooLong,
  parseCommandLine,
  parseTerminalWish,
  readCommandLine,
  type AskLine,
  type CommandLine,
} from './command-line'
import { handlers } from './handlers'
import type { OpenedHouse } from './house'
import { broadcaster, openGate } from './ipc'
import { createLog, factsOf } from './log'
import { forgetOldLines } from './log-age'
import { openKeychain } from './secrets'
import { findSettings, LiveSettings, openSettingsStore } from './settings'
import { askInTerminal, describeMistake, EXIT, type TerminalOptions } from './terminal'
import { moveDeleted, removeDeleted } from './transfer/deletion'
import { readWindowState } from './windows/bounds'
import { Desktop, windowStateFile } from './windows/desktop'
import { isGraphicsOff } from './windows/graphics'
import { lockContents, lockSession } from './windows/lock'
import { OurWindows } from './windows/window'

// Boot order, and nothing else. The window comes first; what it does not need to be painted is loaded after it. There is
// no await at the top: Electron is ready only after this module has run.

/** R35 gives two seconds from the wish to quit to the end of the process. */
const LEAVE_LIMIT_MS = 1800
/** R29: what an error nobody foresaw must not take with it is written by then. */
const SECURE_LIMIT_MS = 500

const SIGNALS = [
  ['SIGINT', EXIT.interrupted],
  ['SIGTERM', EXIT.terminated],
  ['SIGHUP', EXIT.terminated],
] as const
const LOOK_AT_LOGS_MS = 24 * 60 * 60_000

/** A question that was handed over just before this process would end still finds it. */
const LINGER_MS = 300
const ONE_PRESS_MS = 300

const line = parseCommandLine(process.argv)
const wish = parseTerminalWish(process.argv)
mark('main evaluated')
if (wish?.kind === 'help') leaveTerminal(EXIT.done, (t) => t('terminal:help'))
else if (wish?.kind === 'version') leaveTerminal(EXIT.done, (t) => t('terminal:version', { version: app.getVersion() }))
else if (wish?.kind === 'mistake') leaveTerminal(EXIT.usage, (t) => describeMistake(wish.mistake, t))
else if (isLineTooLong(process.argv)) leaveTerminal(EXIT.usage, (t) => t('terminal:longLine'))
else if (wish !== null && isBlind()) leaveTerminal(EXIT.usage, (t) => t('terminal:noDisplay.ask'))
else if (wish !== null) askOrBegin(wish.ask)
else if (!app.requestSingleInstanceLock({ ...line })) app.exit(0)
else if (isBlind()) leaveTerminal(EXIT.failed, (t) => t('terminal:noDisplay.window'))
else begin(null)

/** Whether Chromium has nothing to draw on; it crashes once this module has run, without a word that helps. */
function isBlind(): boolean {
  const { DISPLAY = '', WAYLAND_DISPLAY = '' } = process.env
  const isChosen = app.commandLine.hasSwitch('ozone-platform')
  return process.platform === 'linux' && DISPLAY === '' && WAYLAND_DISPLAY === '' && !isChosen
}

/** Hands a question to the Parley that runs. Without one this process becomes it, and shows no window until one is wanted. */
function askOrBegin(asked: AskLine): void {
  const waiting = waitForParley()
  if (app.requestSingleInstanceLock({ ...line, askAt: waiting.address })) {
    waiting.close()
    begin(asked)
    return
  }
  const ending = new AbortController()
  onSignals((_signal, code) => ending.abort(code))
  void askInTerminal(asked, waiting.ask, terminal(), ending.signal).then((code) => {
    waiting.close()
    app.exit(code)
  })
}

/** @param ownAsk the question of this process's own command line; it begins without a window then */
function begin(ownAsk: AskLine | null): void {
  const folder = app.getPath('userData')
  const logFolder = join(folder, 'logs')
  // Before any file is made: whatever the system's habit is, what Parley writes is for its person only.
  process.umask(0o077)
  // Before any file is read: what the person has wished away must not come back.
  const undeleted = moveDeleted(folder, true)
  const log = createLog(logFolder, !app.isPackaged && process.env.PARLEY_VERBOSE === '1')
  let house: OpenedHouse | null = null
  const ownEnd = new AbortController()
  let endedMs = -Infinity
  /** Of the question of this terminal, once it is answered. */
  let exitCode: number | null = null
  guardProcess(log.logger, () => house)

  protocol.registerSchemesAsPrivileged([APP_SCHEME])
  // As root Chromium runs only without its sandbox, and asking for both is an endless crash loop of the pages.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
  if (isGraphicsOff(readWindowState(windowStateFile(folder)), app.getVersion())) app.disableHardwareAcceleration()
  app.setAppUserModelId('io.github.parley.desktop')
  // Ours comes after the window; without this Electron would make its own first, with keys that reload the page.
  Menu.setApplicationMenu(null)
  app.on('web-contents-created', (_event, contents) => lockContents(contents, log.logger))

  const opened = app.whenReady().then(async () => {
    mark('ready')
    const found = findSettings(folder, Date.now())
    const settings = new LiveSettings(found.settings, openSettingsStore(folder), log.logger)
    const windows = new OurWindows()
    const broadcast = broadcaster(windows)
    const origin = pageOrigin()
    const resources = join(app.getAppPath(), 'resources')
    const desktop = new Desktop({
      windows,
      settings,
      broadcast,
      logger: log.logger,
      folder,
      logFolder,
      resources,
      preload: join(import.meta.dirname, '../preload/index.cjs'),
      origin,
      mark,
    })

    const loadHouse = once(async () => {
      const { openHouse } = await import('./house')
      mark('rooms loaded')
      house = await openHouse({
        folder,
        resources,
        settings,
        keychain: openKeychain(safeStorage),
        desk: desktop,
        broadcast,
        locale: () => desktop.locale,
        systemLocale: desktop.systemLocale,
        translate: () => desktop.translate,
        protect: (secret) => log.protect(secret),
        logger: log.logger,
        mark,
        about: { version: app.getVersion(), electron: process.versions.electron, platform: platform() },
        logFolder,
        chromium: process.versions.chrome,
        graphics: () => app.getGPUFeatureStatus().gpu_compositing,
        shutGate: () => gate.close('app.deleteEverything'),
        findSystemProxy: (url) => session.defaultSession.resolveProxy(url),
      })
      mark('house open')
      return house
    })

    lockSession(session.defaultSession, [origin], log.logger)
    serveApp(protocol, {
      pages: join(import.meta.dirname, '../renderer'),
      attachment: async (id) => (await loadHouse()).attachments.open(id),
      capture: (id) => desktop.capture.picture(id),
    })
    const gate = openGate({ ipcMain, windows, origins: [origin], handlers, house: loadHouse, logger: log.logger })
    const makeVisible = async (wanted: CommandLine): Promise<void> => {
      if (ownAsk !== null) void app.dock?.show()
      await desktop.openMain(wanted)
      mark('window made')
      await desktop.furnish(await loadHouse())
      if (wanted.isQuickAsk || wanted.isNew) desktop.obey(wanted)
      if (found.recovered !== null) void desktop.notices.tellRecovered(found.recovered)
      else void desktop.notices.tellGraphics()
    }
    let visible: Promise<void> | null = null
    /** Does what a command line wants to see; the first one that wants anything makes the windows. */
    const show = async (wanted: CommandLine): Promise<void> => {
      if (visible === null) return (visible = makeVisible(wanted))
      await visible
      desktop.obey(wanted)
    }
    let questions = 0
    const answer = async (task: (ask: Ask) => Promise<void>): Promise<void> => {
      questions += 1
      try {
        await task(askIn({ ...(await loadHouse()), ignore: (generationId) => desktop.ignore(generationId) }))
      } finally {
        questions -= 1
      }
      if (ownAsk !== null) setTimeout(() => questions === 0 && visible === null && app.quit(), LINGER_MS)
    }
    if (ownAsk === null) await show(line)
    else app.dock?.hide()

    const ready = await loadHouse()
    await log.open()
    keepLogsYoung(logFolder, settings)
    removeLeftFolders()
    log.logger.info('start', { version: app.getVersion(), electron: process.versions.electron })
    void removeDeleted(folder, false).then((left) => {
      const names = [...(undeleted ?? []), ...left]
      if (names.length > 0) void desktop.notices.tellNotDeleted(names)
    })
    powerMonitor.on('resume', () => void ready.wake())
    powerMonitor.on('shutdown', () => app.quit())
    if (ownAsk !== null) {
      void answer(async (ask) => {
        exitCode = await askInTerminal(ownAsk, ask, terminal(), ownEnd.signal)
      })
    }
    return { show, answer }
  })
  opened.catch(async (thrown: unknown) => {
    log.logger.error('start failed', factsOf(thrown))
    await log.open()
    // There is no window to look at; whoever waits at the terminal is told.
    if (ownAsk !== null) leaveTerminal(EXIT.failed, (t) => describe(toAppError(thrown), t).title)
  })

  app.on('second-instance', (_event, _argv, _cwd, data) => {
    const wanted: CommandLine | null = readCommandLine(data)
    if (wanted === null) return
    const { askAt } = wanted
    void opened.then(({ show, answer }) => (askAt === null ? show(wanted) : answer((ask) => answerAt(askAt, ask))))
  })
  onSignals((signal, code) => {
    // The first Ctrl+C ends the question of this terminal; what others ask goes on, until the second one. Some shells
    // send one press twice.
    const isFirst = performance.now() - endedMs < ONE_PRESS_MS || !ownEnd.signal.aborted
    const isOnlyMine = ownAsk !== null && signal === 'SIGINT' && isFirst && exitCode === null
    if (!ownEnd.signal.aborted) endedMs = performance.now()
    ownEnd.abort(code)
    if (!isOnlyMine) app.quit()
  })
  app.on('will-quit', (event) => {
    event.preventDefault()
    const code = exitCode ?? (ownEnd.signal.aborted && ownAsk !== null ? Number(ownEnd.signal.reason) : 0)
    void within(LEAVE_LIMIT_MS, house === null ? Promise.resolve() : house.leave()).then(() => app.exit(code))
  })
}

/** R29: an error nobody foresaw is noted, what is running is written, and Parley goes on. */
function guardProcess(logger: ReturnType<typeof createLog>['logger'], house: () => OpenedHouse | null): void {
  const note = (kind: string) => (thrown: unknown) => {
    logger.error(kind, factsOf(thrown))
    const opened = house()
    if (opened !== null) void within(SECURE_LIMIT_MS, opened.secure())
  }
  process.on('uncaughtException', note('uncaught exception'))
  process.on('unhandledRejection', note('unhandled rejection'))
  // A closed pipe behind standard output is no reason to end (R44).
  process.stdout.on('error', () => undefined)
  process.stderr.on('error', () => undefined)
}

/**
 * Listens to the signals that end a program. Electron takes them over while it becomes ready, and would quit with exit code
 * 0 whatever we think of them; so they are taken back then.
 */
function onSignals(heard: (signal: (typeof SIGNALS)[number][0], code: number) => void): void {
  for (const [signal, code] of SIGNALS) {
    const listener = (): void => heard(signal, code)
    process.on(signal, listener)
    void app.whenReady().then(() => {
      process.off(signal, listener)
      process.on(signal, listener)
    })
  }
}

/** The terminal that this process was started in. */
function terminal(): TerminalOptions {
  const { stdin, stdout, stderr } = process
  return { stdin, stdout, stderr, t: terminalTranslate(), folder: process.cwd() }
}

/** In the language that is set, or that of the system: nothing is open yet. */
function terminalTranslate(): Translate {
  const { locale } = findSettings(app.getPath('userData'), Date.now()).settings
  return translator(chooseLocale(locale, app.getPreferredSystemLanguages()))
}

/** Says one thing and ends; on standard error unless all is well. */
function leaveTerminal(code: number, say: (t: Translate) => string): void {
  const stream = code === EXIT.done ? process.stdout : process.stderr
  stream.on('error', () => app.exit(code))
  stream.write(`${say(terminalTranslate())}\n`, () => app.exit(code))
}

/** Where pages come from: the bundle; in development, when electron-vite says so, its server. */
function pageOrigin(): string {
  const address = process.env.ELECTRON_RENDERER_URL
  return !app.isPackaged && address !== undefined ? new URL(address).origin : APP_ORIGIN
}

function platform(): 'darwin' | 'win32' | 'linux' {
  return process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'
}

/** R44: no line stays longer than the person wants it; looked at now, with each change, and once a day. */
function keepLogsYoung(folder: string, settings: LiveSettings): void {
  const look = (): void => void forgetOldLines(folder, settings.current.keepLogsDays, Date.now())
  look()
  setInterval(look, LOOK_AT_LOGS_MS).unref()
  settings.onChange((now, before) => {
    if (now.keepLogsDays !== before.keepLogsDays) look()
  })
}

/** Waits for a task, but no longer than `limitMs`. A task that fails ends the waiting, too. */
async function within(limitMs: number, task: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([task.catch(() => undefined), limit])
  clearTimeout(timer)
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}

/** A point of the start. `PARLEY_TRACE_START=1` prints each with its time since the process was made. */
function mark(name: string): void {
  performance.mark(`parley: ${name}`)
  if (process.env.PARLEY_TRACE_START !== '1') return
  const createdMs = process.getCreationTime() ?? performance.timeOrigin
  process.stdout.write(`start ${Math.round(performance.timeOrigin + performance.now() - createdMs)} ms: ${name}\n`)
}
