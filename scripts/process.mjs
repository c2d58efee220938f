/**
 * What every script here shares: lines for the person at the terminal, refusals in one sentence, and clean-up that also
 * runs on signals.
 */
import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout this script belongs to. */
export const projectRoot = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/** @typedef {(line: string) => void} Say One line for the person at the terminal. */

/** @type {Say} */
export const say = (line) => {
  process.stdout.write(`${line}\n`)
}

/** A failure that was foreseen: its message is the whole explanation, a stack would only hide it. */
export class Refusal extends Error {
  /** @param {string} sentence */
  constructor(sentence) {
    super(sentence)
    this.name = 'Refusal'
  }
}

/** @type {Set<() => void | Promise<void>>} */
const cleanups = new Set()
let isShuttingDown = false

/**
 * Registers a clean-up for the end of the script, also when it ends by a signal.
 * @param {() => void | Promise<void>} cleanup must be safe to call twice
 * @returns {() => void} forgets the clean-up again
 */
export function atExit(cleanup) {
  cleanups.add(cleanup)
  return () => cleanups.delete(cleanup)
}

/** Whether a signal or the end of the script is being handled: children now die on purpose, and that is no failure. */
export function isEnding() {
  return isShuttingDown
}

async function cleanUp() {
  // Last in, first out: the app goes before the display it draws on.
  for (const cleanup of [...cleanups].reverse()) {
    cleanups.delete(cleanup)
    try {
      await cleanup()
    } catch (error) {
      process.stderr.write(`clean-up failed: ${String(error)}\n`)
    }
  }
}

/**
 * Runs a script's body: refusals become one line on stderr and exit code 1, signals clean up first and end with 128 + n.
 * @param {() => Promise<number | void>} body resolves with the exit code (none = 0)
 */
export async function runScript(body) {
  // A reader that went away (`npm start | head -1`) must not take the app down with an EPIPE.
  process.stdout.on('error', () => undefined)
  /** @param {NodeJS.Signals} signal */
  const shutDown = (signal) => {
    if (isShuttingDown) return
    isShuttingDown = true
    void cleanUp().then(() => process.exit(128 + os.constants.signals[signal]))
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) process.on(signal, shutDown)
  if (process.env.npm_lifecycle_event !== undefined) {
    // npm passes signals to the shell it started us with, and dash dies of them without passing them on: what reaches
    // us is only that the shell is gone.
    const shellPid = process.ppid
    setInterval(() => {
      if (process.ppid !== shellPid) shutDown('SIGTERM')
    }, 500).unref()
  }
  let code = 0
  try {
    code = (await body()) ?? 0
  } catch (error) {
    code = 1
    const text = error instanceof Refusal ? error.message : error instanceof Error ? error.stack : String(error)
    if (!isShuttingDown) process.stderr.write(`${text}\n`)
  }
  // The signal handler owns the exit code once a signal came: a child that died of it must not turn it into a 1.
  if (isShuttingDown) return
  isShuttingDown = true
  await cleanUp()
  process.exit(code)
}

/**
 * Whether this module was started by `node FILE` and not imported.
 * @param {string} moduleUrl `import.meta.url`
 */
export function isEntry(moduleUrl) {
  const started = process.argv[1]
  return started !== undefined && path.resolve(started) === fileURLToPath(moduleUrl)
}

/**
 * The full path of a program on PATH, or undefined.
 * @param {string} name
 */
export async function findProgram(name) {
  for (const folder of (process.env.PATH ?? '').split(path.delimiter)) {
    if (folder === '') continue
    const file = path.join(folder, name)
    try {
      await access(file, constants.X_OK)
      return file
    } catch {
      // not in this folder
    }
  }
  return undefined
}

/**
 * What npm says went wrong: its first error lines. The last ones are its help text and the place of a log.
 * @param {string} stderr
 */
export function npmReason(stderr) {
  const lines = stderr.split('\n').filter((line) => /^npm (error|ERR!) \S/.test(line))
  return lines.length > 0 ? lines.slice(0, 8).join('\n') : lastLines(stderr)
}

/**
 * The last lines of a program's output, for a refusal.
 * @param {string} output
 * @param {number} [lineCount]
 */
export function lastLines(output, lineCount = 12) {
  return output.trim().split('\n').slice(-lineCount).join('\n')
}
