import { execFile } from 'node:child_process'
import { readdir, readFile, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import type * as Electron from 'electron'
import { _electron, type CDPSession, type ElectronApplication, type Page } from 'playwright-core'
import { eventually } from '../support/eventually'

export interface LaunchOptions {
  /** A profile of an earlier launch; otherwise a new, empty one. */
  userDataDir?: string
  /** Keeps the profile after close(), for a second launch with it. */
  isProfileKept?: boolean
  args?: string[]
  env?: Record<string, string>
  /** The language of the desktop. */
  locale?: 'en' | 'ru'
}

export interface RunningApp {
  electron: ElectronApplication
  /** The main window. */
  window: Page
  userDataDir: string
  pid: number
  /** The quick-ask window, which exists hidden from the start. */
  quickAsk(): Promise<Page>
  /** Waits for the main window to be there again, after a crash or when it was closed. */
  mainWindow(): Promise<Page>
  /** Writes `screenshots/NAME.png`. */
  screenshot(name: string, page?: Page): Promise<void>
  /** Errors that belong to the test, such as those of a renderer that it crashes itself. */
  tolerate(problem: RegExp): void
  /** What went wrong since the last call: errors in pages and in main, refusals of the CSP, error lines of the log. */
  takeProblems(): Promise<string[]>
  /** Pictures of all windows, for a failed test. */
  saveEvidence(testName: string): Promise<void>
  /** Quits as a person does, and throws when a process stays behind. */
  close(): Promise<void>
  /** SIGKILL to the main process, which gets no chance to save anything. */
  kill9(): Promise<void>
}

/** The apps that this file has started and not closed. */
export const runningApps = new Set<RunningApp>()

const playwright = path.dirname(createRequire(import.meta.url).resolve('playwright-core/package.json'))
const loader = path.join(playwright, 'lib', 'server', 'electron', 'loader.js')
const screenshots = path.resolve('screenshots')
const MAIN_PAGE = 'app://local/index.html'
const QUICK_ASK_PAGE = 'app://local/quick-ask.html'

/** Starts the built app with a profile of its own and waits until a person could type. */
export async function launchApp(options: LaunchOptions = {}): Promise<RunningApp> {
  const userDataDir = options.userDataDir ?? (await mkdtemp(path.join(os.tmpdir(), 'parley-e2e-')))
  const electron = await _electron.launch({
    executablePath: process.env.ELECTRON_EXEC_PATH ?? '',
    // The loader is Playwright's own, left out when it is given an executable: it keeps the app from being ready until
    // the debugger is attached. Without it one launch in fifty hangs, on a busy machine.
    args: ['-r', loader, '.', ...sandboxSwitches(), `--user-data-dir=${userDataDir}`, ...(options.args ?? [])],
    env: appEnvironment(options),
    // Playwright would otherwise tell every page that the desktop is light.
    colorScheme: null,
    timeout: 20_000,
  })
  const problems: string[] = []
  const tolerated: RegExp[] = []
  const pid = electron.process().pid ?? -1
  watch(electron, problems)
  let logOffset = 0
  let isGone = false
  electron.process().once('exit', () => (isGone = true))

  const pageAt = async (address: string): Promise<Page> => {
    const find = () => electron.windows().find((page) => !page.isClosed() && page.url().startsWith(address))
    const isThere = await eventually(() => find() !== undefined, Boolean, `a window with ${address}`, 15_000)
    const page = find()
    if (!isThere || page === undefined) throw new Error(`The window with ${address} is gone again`)
    return page
  }
  const forgetProfile = async () => {
    runningApps.delete(app)
    if (options.isProfileKept === true) await expectNoProcessLeft(userDataDir)
    else await removeProfile(userDataDir)
  }
  const app: RunningApp = {
    electron,
    window: await pageAt(MAIN_PAGE),
    userDataDir,
    pid,
    quickAsk: () => pageAt(QUICK_ASK_PAGE),
    mainWindow: () => pageAt(MAIN_PAGE),
    screenshot: async (name, page = app.window) => {
      await mkdir(screenshots, { recursive: true })
      await page.screenshot({ path: path.join(screenshots, `${name}.png`), animations: 'disabled', timeout: 5000 })
    },
    tolerate: (problem) => void tolerated.push(problem),
    takeProblems: async () => {
      const log = await readLog(userDataDir)
      const lines = log.slice(logOffset).split('\n')
      logOffset = log.length
      const found = [
        ...problems.splice(0),
        ...lines.filter((line) => line.includes('[error]')).map((line) => `log: ${line}`),
      ]
      return found.filter((problem) => !tolerated.some((each) => each.test(problem)))
    },
    saveEvidence: async (testName) => {
      const name = testName.replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 80)
      for (const [index, page] of electron.windows().entries()) {
        // A window that has crashed or hangs cannot be photographed, and that must not hide the failure.
        await app.screenshot(`failed-${name}-${index}`, page).catch(async () => {
          console.info(`${page.url()} could not be photographed.\n${await describeProcesses(userDataDir)}`)
          console.info((await readLog(userDataDir)).split('\n').slice(-20).join('\n'))
        })
      }
    },
    close: async () => {
      // A page that is cut off while it loads is noted as an error, which the next start on this profile would find.
      for (const page of isGone ? [] : electron.windows()) await page.waitForLoadState().catch(() => undefined)
      if (!isGone) await electron.close()
      await forgetProfile()
    },
    kill9: async () => {
      const ended = new Promise((resolve) => electron.process().once('exit', resolve))
      if (!isGone) {
        process.kill(pid, 'SIGKILL')
        await ended
      }
      await forgetProfile()
    },
  }
  runningApps.add(app)
  await app.window.waitForLoadState('load')
  return app
}

/**
 * Asks main something, or has it do something, that may as well be done twice. When windows are hidden or crash Chromium
 * frees what it can, and the inspector sometimes loses the promise of an evaluation with it ("garbage collected"): what was
 * asked is asked once more then.
 */
export function askMain<T>(app: RunningApp, question: (main: typeof Electron) => T): () => Promise<T> {
  return async () => {
    for (;;) {
      try {
        return await app.electron.evaluate(question)
      } catch (error) {
        if (!String(error).includes('promise was garbage collected')) throw error
      }
    }
  }
}

/** What really runs: `Electron 33.2.1, Chromium 130…, Node 20…`. */
export async function describeElectron(): Promise<string> {
  const script = "['electron','chrome','node'].map((name) => name + ' ' + process.versions[name]).join(', ')"
  const { stdout } = await promisify(execFile)(process.env.ELECTRON_EXEC_PATH ?? '', ['-p', script], {
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1' },
  })
  return stdout.trim()
}

/** Chromium refuses to start as root with its sandbox on. */
export function sandboxSwitches(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : []
}

function appEnvironment({ env, locale = 'en' }: LaunchOptions): Record<string, string> {
  const inherited = Object.entries(process.env).filter(
    (entry): entry is [string, string] =>
      entry[1] !== undefined &&
      // Without a session bus there is no keychain, no notification daemon and no desktop that could answer differently
      // on another machine. The rest belongs to the runner, not to the app.
      !/^(DBUS_|ELECTRON_RUN_AS_NODE|NODE_|VITEST|npm_|LC_|LANG|XDG_CURRENT_DESKTOP|WAYLAND_DISPLAY)/.test(entry[0]),
  )
  const language = locale === 'ru' ? 'ru_RU.UTF-8' : 'en_US.UTF-8'
  return { ...Object.fromEntries(inherited), LANG: language, LANGUAGE: locale, LC_ALL: language, ...env }
}

function watch(electron: ElectronApplication, problems: string[]): void {
  const context = electron.context()
  context.on('console', (message) => {
    // Refusals of the CSP and of Trusted Types are errors on the console as well.
    if (message.type() === 'error') problems.push(`console of ${message.page()?.url() ?? 'a page'}: ${message.text()}`)
  })
  context.on('weberror', (error) => problems.push(`page error: ${error.error().stack ?? String(error.error())}`))
  const child = electron.process()
  const listen = (stream: NodeJS.ReadableStream | null) => {
    let rest = ''
    stream?.on('data', (piece: Buffer) => {
      const lines = (rest + piece.toString()).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (isMainProblem(line)) problems.push(`main: ${line}`)
    })
  }
  listen(child.stdout)
  listen(child.stderr)
}

/** Chromium's own lines begin with `[pid:date:LEVEL:file(line)]`: about buses and GPUs that a virtual screen has not. */
function isMainProblem(line: string): boolean {
  if (/^\[\d+:\d{4}\/\d+\.\d+:/.test(line)) return false
  return /Uncaught|Unhandled|UnhandledPromiseRejection|\b\w*Error\b.*:|JavaScript error|MaxListenersExceeded|DeprecationWarning/.test(
    line,
  )
}

/** The whole log of a profile, whichever folder it lies in. */
export async function readLog(userDataDir: string): Promise<string> {
  const names = await readdir(userDataDir, { recursive: true }).catch(() => [])
  const logs = names.filter((name) => /(^|\/)main\.log$/.test(name))
  const texts = await Promise.all(logs.map((name) => readFile(path.join(userDataDir, name), 'utf8').catch(() => '')))
  return texts.join('')
}

/** Which of the app's processes work and which wait: tells a page that computes for ever from one that nobody answers. */
async function describeProcesses(userDataDir: string): Promise<string> {
  const lines = (await processesOf(userDataDir)).map(async (pid) => {
    const of = (file: string) => readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '')
    const type = /--type=([a-z-]+)/.exec(await of('cmdline'))?.[1] ?? 'main'
    // Behind the name in brackets: state, and as the 12th and 13th the ticks of 10 ms in the program and in the kernel.
    const fields = (await of('stat')).split(') ').at(-1)?.split(' ') ?? []
    const cpuMs = (Number(fields[11]) + Number(fields[12])) * 10
    return `${pid} ${type}: ${fields[0] ?? 'gone'} in ${(await of('wchan')) || '?'}, ${cpuMs} ms of CPU`
  })
  return (await Promise.all(lines)).join('\n')
}

/** Removes a profile when nothing works on it any more: those that a killed main leaves behind write on for a moment. */
export async function removeProfile(userDataDir: string): Promise<void> {
  await expectNoProcessLeft(userDataDir)
  await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
}

/** Throws when a process that works on this profile outlives the app. */
async function expectNoProcessLeft(userDataDir: string): Promise<void> {
  if (process.platform !== 'linux') return
  await eventually(
    () => processesOf(userDataDir),
    (pids) => pids.length === 0,
    'the end of all processes of the app',
    15_000,
  )
}

/** Pids of the processes with the profile in their command line. */
export async function processesOf(userDataDir: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const lines = await Promise.all(pids.map((pid) => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return pids.filter((pid, index) => pid !== process.pid && lines[index]?.includes(userDataDir) === true)
}

/** A session with the page's DevTools protocol, for what Playwright has no word for. */
export async function protocolOf(page: Page): Promise<CDPSession> {
  return page.context().newCDPSession(page)
}
