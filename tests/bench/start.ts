import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { sandboxSwitches } from '../e2e/app'
import { DevTools } from './devtools'
import { measureMemory } from './memory'

/** How long the app is left alone before its memory is read: caches are warm, the first garbage is collected. */
const REST_MS = 5000

/**
 * Runs in the page before its own code: notes when the composer has the caret, and when the list has a row, each with two
 * frames drawn after it.
 */
const noteUsable = `(() => {
  if (window.isLooking) return
  window.isLooking = true
  const note = (name, isThere) => {
    const look = () => {
      if (!isThere()) return requestAnimationFrame(look)
      requestAnimationFrame(() => requestAnimationFrame(() => { window[name] = performance.timeOrigin + performance.now() }))
    }
    requestAnimationFrame(look)
  }
  if (!location.pathname.includes('index')) return
  note('usableAtMs', () => document.activeElement?.matches('main textarea, main [contenteditable], main [role=textbox]'))
  note('listedAtMs', () => document.querySelector('nav [data-conversation]') !== null)
})()`

export interface Start {
  usableMs: number
  /** Until the list of chats has rows; null where there are none. */
  listedMs: number | null
  /** What `ask` has answered in the page. */
  answer: unknown
  /** Sum over all processes of the app, in megabytes (10^6), once it rests. Null when it was not asked for. */
  restingPssMb: number | null
  /** Processes of the same Electron that are not ours: what they share with ours makes its part look smaller. */
  strangers: number
}

/**
 * Starts the app without a test driver, which would halt it at its first line, and measures from spawn until a person
 * can type.
 *
 * @param options.hasList waits for the list of chats, too
 * @param options.ask an expression for the page, once it is usable; a promise is awaited
 */
export async function measureStart(
  userDataDir: string,
  isMemoryMeasured: boolean,
  { hasList = false, ask = null }: { hasList?: boolean; ask?: string | null } = {},
): Promise<Start> {
  const startMs = Date.now()
  const app = spawn(
    process.env.ELECTRON_EXEC_PATH ?? '',
    ['.', ...sandboxSwitches(), `--user-data-dir=${userDataDir}`, '--remote-debugging-port=0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  try {
    const devTools = await DevTools.connect(await readAddress(app))
    const page = await watchPages(devTools)
    const usableMs = (await page('usableAtMs')) - startMs
    const listedMs = hasList ? (await page('listedAtMs')) - startMs : null
    const answer = ask === null ? null : await page.ask(ask)
    devTools.close()
    const start: Start = { usableMs, listedMs, answer, restingPssMb: null, strangers: 0 }
    if (!isMemoryMeasured) return start
    await sleep(REST_MS)
    const { pssMb, strangers } = await measureMemory(app.pid ?? -1)
    return { ...start, restingPssMb: pssMb, strangers }
  } finally {
    const ended = once(app, 'exit')
    app.kill('SIGTERM')
    await ended
  }
}

/** The address of the debugger that an app has been started with. */
export async function readAddress(app: ChildProcess): Promise<string> {
  let text = ''
  for await (const piece of app.stderr ?? []) {
    text += String(piece)
    const [, address] = /DevTools listening on (ws:\S+)/.exec(text) ?? []
    if (address !== undefined) return address
  }
  throw new Error(`The app ended before its debugger was there:\n${text}`)
}

/** Follows every page of the app; the one returned waits for a number that `noteUsable` leaves in the main window. */
async function watchPages(devTools: DevTools): Promise<{
  (name: 'usableAtMs' | 'listedAtMs'): Promise<number>
  ask: (expression: string) => Promise<unknown>
}> {
  const sessions: string[] = []
  devTools.on('Target.attachedToTarget', ({ sessionId }) => {
    const session = String(sessionId)
    sessions.push(session)
    // Without Page.enable the script is taken and never run.
    void devTools.send('Page.enable', {}, session).catch(() => undefined)
    // For the page that comes, and for one that is there already.
    void devTools.send('Page.addScriptToEvaluateOnNewDocument', { source: noteUsable }, session).catch(() => undefined)
    void devTools.send('Runtime.evaluate', { expression: noteUsable }, session).catch(() => undefined)
    void devTools.send('Runtime.runIfWaitingForDebugger', {}, session).catch(() => undefined)
  })
  await devTools.send('Target.setAutoAttach', { autoAttach: true, waitForDebuggerOnStart: true, flatten: true })
  const evaluate = async (session: string, expression: string): Promise<unknown> => {
    const answer = await devTools
      .send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true }, session)
      .catch(() => ({}))
    return 'result' in answer ? (answer.result as { value?: unknown }).value : undefined
  }
  let main: string | null = null
  const wait = async (name: 'usableAtMs' | 'listedAtMs'): Promise<number> => {
    const deadlineMs = Date.now() + 30_000
    while (Date.now() < deadlineMs) {
      for (const session of sessions) {
        const value = await evaluate(session, `window.${name} ?? 0`)
        if (typeof value !== 'number' || value === 0) continue
        main = session
        return value
      }
      await sleep(50)
    }
    throw new Error(`The window did not get its ${name} within 30 s`)
  }
  return Object.assign(wait, {
    ask: (expression: string) => (main === null ? Promise.resolve(null) : evaluate(main, expression)),
  })
}
