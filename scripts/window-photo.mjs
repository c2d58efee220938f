/** Waits until a program's window shows something and writes a picture of it (X11; xdotool and ImageMagick). */
import { rename } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { run } from './children.mjs'
import { Refusal } from './process.mjs'

const windowTimeoutMs = 60_000
/** A blinking caret keeps two pictures from ever being equal; then the last one is taken. */
const settleTimeoutMs = 6_000
/** A window that has not rendered is one colour, with a frame a handful. */
const minColours = 16

/**
 * @param {object} subject
 * @param {number} subject.pid of the program
 * @param {string} subject.file where the picture goes (png)
 * @param {NodeJS.ProcessEnv} subject.env with the display
 * @param {Promise<number>} subject.ended resolves with the exit code when the program ends
 * @returns {Promise<{width: number, height: number}>} pixels
 * @throws {Refusal} when the program ends before, or shows no window
 */
export async function photographWindow({ pid, file, env, ended }) {
  /** @type {number | undefined} */
  let exitCode
  void ended.then(
    (code) => (exitCode = code),
    () => (exitCode = 1),
  )
  const deadline = Date.now() + windowTimeoutMs
  let settledBy = Infinity
  let previous = ''
  for (;;) {
    if (exitCode !== undefined) {
      throw new Refusal(
        exitCode === 0
          ? 'Parley closed before it showed a window; if it is already running, that one was brought to the front instead.'
          : `Parley ended with exit code ${exitCode} before it showed a window.`,
      )
    }
    if (Date.now() > deadline) throw new Refusal(`Parley showed no window within ${windowTimeoutMs / 1000} s.`)
    await sleep(300)
    const window = await findLargestWindow(pid, env)
    if (window === undefined) continue
    const draft = `${file}.part`
    const taken = await run('import', ['-window', window.id, `png:${draft}`], { env, isCaptured: true })
    if (taken.status !== 0) continue
    const look = await run('identify', ['-format', '%k %#', `png:${draft}`], { env, isCaptured: true })
    const [colours = '0', signature = ''] = look.stdout.split(' ')
    if (Number(colours) < minColours) continue
    settledBy = Math.min(settledBy, Date.now() + settleTimeoutMs)
    if (signature !== previous && Date.now() < settledBy) {
      previous = signature
      continue
    }
    await rename(draft, file)
    return { width: window.width, height: window.height }
  }
}

/**
 * @param {number} pid
 * @param {NodeJS.ProcessEnv} env
 */
async function findLargestWindow(pid, env) {
  const search = await run('xdotool', ['search', '--onlyvisible', '--pid', String(pid)], { env, isCaptured: true })
  /** @type {{id: string, width: number, height: number} | undefined} */
  let largest
  for (const id of search.stdout.split('\n').filter((line) => line !== '')) {
    const geometry = await run('xdotool', ['getwindowgeometry', '--shell', id], { env, isCaptured: true })
    const width = Number(/^WIDTH=(\d+)$/m.exec(geometry.stdout)?.[1] ?? 0)
    const height = Number(/^HEIGHT=(\d+)$/m.exec(geometry.stdout)?.[1] ?? 0)
    if (largest === undefined || width * height > largest.width * largest.height) largest = { id, width, height }
  }
  return largest
}
