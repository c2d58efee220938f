import { join } from 'node:path'
import { app, ipcMain, Menu, powerMonitor, protocol, safeStorage, session } from 'electron'
import { APP_ORIGIN, APP_SCHEME, serveApp } from './app-protocol'
import { parseCommandLine, readCommandLine, type CommandLine } from './command-line'
import { handlers } from './handlers'
import type { OpenedHouse } from './house'
import { broadcaster, openGate } from './ipc'
import { createLog, factsOf } from './log'
import { openKeychain } from './secrets'
import { findSettings, LiveSettings, openSettingsStore } from './settings'
import { readWindowState } from './windows/bounds'
import { Desktop, windowStateFile } from './windows/desktop'
import { lockContents, lockSession } from './windows/lock'
import { OurWindows } from './windows/window'

// Boot order, and nothing else. The window comes first; what it does not need to be painted is loaded after it. There is
// no await at the top: Electron is ready only after this module has run.

/** R35 gives two seconds from the wish to quit to the end of the process. */
const LEAVE_LIMIT_MS = 1800
/** R29: what an error nobody foresaw must not take with it is written by then. */
const SECURE_LIMIT_MS = 500

const line = parseCommandLine(process.argv)
mark('main evaluated')
if (app.requestSingleInstanceLock({ ...line })) begin()
else app.exit(0)

function begin(): void {
  const folder = app.getPath('userData')
  const logFolder = join(folder, 'logs')
  const log = createLog(logFolder, !app.isPackaged && process.env.PARLEY_VERBOSE === '1')
  let house: OpenedHouse | null = null
  guardProcess(log.logger, () => house)

  protocol.registerSchemesAsPrivileged([APP_SCHEME])
  // As root Chromium runs only without its sandbox, and asking for both is an endless crash loop of the pages.
  if (!app.commandLine.hasSwitch('no-sandbox')) app.enableSandbox()
  if (readWindowState(windowStateFile(folder)).gpuOffFor === app.getVersion()) app.disableHardwareAcceleration()
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
        findSystemProxy: (url) => session.defaultSession.resolveProxy(url),
      })
      mark('house open')
      return house
    })

    lockSession(session.defaultSession, [origin], log.logger)
    serveApp(protocol, {
      pages: join(import.meta.dirname, '../renderer'),
      attachment: async (id) => (await loadHouse()).attachments.file(id),
    })
    openGate({ ipcMain, windows, origins: [origin], handlers, house: loadHouse, logger: log.logger })
    await desktop.openMain(line)
    mark('window made')

    const ready = await loadHouse()
    await desktop.furnish(ready)
    await log.open()
    log.logger.info('start', { version: app.getVersion(), electron: process.versions.electron })
    if (line.isQuickAsk || line.isNew) desktop.obey(line)
    if (found.recovered !== null) void desktop.tellRecovered(found.recovered)
    powerMonitor.on('resume', () => void ready.wake())
    powerMonitor.on('shutdown', () => app.quit())
    return desktop
  })
  opened.catch((thrown: unknown) => {
    log.logger.error('start failed', factsOf(thrown))
    return log.open()
  })

  app.on('second-instance', (_event, _argv, _cwd, data) => {
    const wanted: CommandLine | null = readCommandLine(data)
    if (wanted !== null) void opened.then((desktop) => desktop.obey(wanted))
  })
  // Electron itself quits on SIGTERM and SIGHUP, but only as long as no module listens to them; Ctrl+C would end the
  // process where it stands.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => app.quit())
  app.on('will-quit', (event) => {
    if (house === null) return
    event.preventDefault()
    void within(LEAVE_LIMIT_MS, house.leave()).then(() => app.exit(0))
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

/** Where pages come from: the bundle; in development, when electron-vite says so, its server. */
function pageOrigin(): string {
  const address = process.env.ELECTRON_RENDERER_URL
  return !app.isPackaged && address !== undefined ? new URL(address).origin : APP_ORIGIN
}

function platform(): 'darwin' | 'win32' | 'linux' {
  return process.platform === 'darwin' || process.platform === 'win32' ? process.platform : 'linux'
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
