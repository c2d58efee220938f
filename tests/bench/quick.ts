import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { sandboxSwitches } from '../e2e/app'
import { eventually } from '../support/eventually'
import { DevTools } from './devtools'
import { quantile, type Figure } from './report'
import { readAddress } from './start'

const SHOWS = 50
/** Between two: a person does not press the key again in the same breath. */
const REST_MS = 60

/**
 * Runs in the page of the quick question. Notes when it has come up: a frame was painted in a window that is to be seen,
 * with the caret in its field. What is asked for in one frame runs before the next one, so after the one that was painted.
 */
const NOTE_SHOWN = `(() => {
  window.shownAtMs = 0
  const isReady = () =>
    !document.hidden && document.hasFocus() && document.activeElement.matches('textarea')
  const note = () => { window.shownAtMs = performance.timeOrigin + performance.now() }
  const look = () => { requestAnimationFrame(isReady() ? note : look) }
  window.parley.on['app.command'](({ kind }) => { if (kind === 'quick-ask-shown') requestAnimationFrame(look) })
})()`

/**
 * From the wish to the window with the caret in its field (R47): asked for by another page of Parley, and by the key from
 * anywhere, which a process that waits for it presses. Without a test driver, for which every page is always in front.
 *
 * @param userDataDir a profile that has answered the first run
 */
export async function benchQuick(userDataDir: string): Promise<Figure[]> {
  const app = spawn(
    process.env.ELECTRON_EXEC_PATH ?? '',
    ['.', ...sandboxSwitches(), `--user-data-dir=${userDataDir}`, '--remote-debugging-port=0'],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  )
  // One for all presses, fed line by line: the start of a process would be the larger part of each figure.
  const keyboard = spawn('xdotool', ['-'], { stdio: ['pipe', 'ignore', 'inherit'] })
  try {
    const devTools = await DevTools.connect(await readAddress(app))
    const main = await pageOf(devTools, 'index.html')
    const quick = await pageOf(devTools, 'quick-ask.html')
    await eventually(() => quick('document.querySelector("textarea") !== null'), Boolean, 'the field', 30_000)
    await quick(NOTE_SHOWN)
    const asked = await measure(quick, () =>
      main(`(() => {
        const beganAtMs = performance.timeOrigin + performance.now()
        void window.parley.request['quickAsk.show']()
        return beganAtMs
      })()`).then(Number),
    )
    const held = `window.parley.request['quickAsk.shortcutState']().then((result) => result.value['quick-ask'].kind === 'registered')`
    await eventually(() => main(held), Boolean, 'the key of the quick question', 10_000)
    const pressed = await measure(quick, () => {
      const beganAtMs = performance.timeOrigin + performance.now()
      keyboard.stdin.write('key --clearmodifiers --delay 0 ctrl+shift+space\n')
      return Promise.resolve(beganAtMs)
    })
    devTools.close()
    const figure = (name: string, value: number, budgetMs: number | null): Figure => ({
      name,
      unit: 'ms',
      runs: [value],
      budget: budgetMs === null ? null : { kind: 'at most', value: budgetMs },
    })
    return [
      figure(`quick question, ${SHOWS} times: asked for to caret painted, p50`, quantile(asked, 0.5), null),
      figure('the same, p95', quantile(asked, 0.95), 150),
      figure('quick question by the key: p50', quantile(pressed, 0.5), null),
      figure('the same, p95', quantile(pressed, 0.95), 150),
    ]
  } finally {
    keyboard.stdin.end()
    const ended = once(app, 'exit')
    app.kill('SIGTERM')
    await ended
  }
}

/** Evaluates an expression in a page; a promise is awaited. */
type Ask = (expression: string) => Promise<unknown>

async function pageOf(devTools: DevTools, name: string): Promise<Ask> {
  const find = async (): Promise<string | undefined> => {
    const { targetInfos } = await devTools.send('Target.getTargets')
    const found = (targetInfos as { targetId: string; url: string }[]).find(({ url }) => url.includes(name))
    return found?.targetId
  }
  const targetId = await eventually(find, (found) => found !== undefined, name, 30_000)
  const { sessionId } = await devTools.send('Target.attachToTarget', { targetId, flatten: true })
  return async (expression) => {
    const options = { expression, returnByValue: true, awaitPromise: true }
    const { result } = await devTools.send('Runtime.evaluate', options, String(sessionId))
    return (result as { value?: unknown }).value
  }
}

/** @param show begins it, and says when that was */
async function measure(quick: Ask, show: () => Promise<number>): Promise<number[]> {
  const times: number[] = []
  for (let run = 0; run < SHOWS; run += 1) {
    await quick('window.shownAtMs = 0')
    const beganAtMs = await show()
    const isShown = (atMs: number): boolean => atMs > 0
    const shownAtMs = await eventually(
      () => quick('window.shownAtMs').then(Number),
      isShown,
      'the quick question',
      10_000,
    )
    times.push(shownAtMs - beganAtMs)
    await quick("window.parley.request['quickAsk.hide']()")
    await eventually(() => quick('document.hidden'), Boolean, 'the end of it')
    await sleep(REST_MS)
  }
  return times
}
