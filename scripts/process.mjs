/**
 * What every script here shares: lines for the person at the terminal, refusals in one sentence, child processes that
 * cannot outlive the script, and clean-up that also runs on signals.
 */
import { spawn } from 'node:child_process'
import { constants, existsSync } from 'node:fs'
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

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/**
 * Stops a child by its pid: politely, then for certain. Resolves once it is gone.
 * @param {ChildProcess} child
 * @param {number} [patienceMs]
 * @returns {Promise<void>}
 */
export function stopChild(child, patienceMs = 4000) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

/**
 * Starts a program that ends with this script. On Linux the kernel sees to that even when the script is killed with
 * SIGKILL (setpriv sets the parent-death signal and then becomes the program, so the pid stays right).
 * @param {string} command
 * @param {readonly string[]} args
 * @param {import('node:child_process').SpawnOptions} options
 * @returns {ChildProcess}
 */
export function spawnTied(command, args, options) {
  const setpriv = '/usr/bin/setpriv'
  const isTiedByKernel = process.platform === 'linux' && existsSync(setpriv)
  const child = isTiedByKernel
    ? spawn(setpriv, ['--pdeathsig', 'TERM', '--', command, ...args], options)
    : spawn(command, args, options)
  const forget = atExit(() => stopChild(child))
  child.once('exit', forget)
  child.once('error', forget)
  return child
}

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd] the checkout, unless told
 * @property {NodeJS.ProcessEnv} [env] the whole environment, process.env unless told
 * @property {boolean} [isCaptured] keep what it prints instead of showing it
 * @property {number} [timeoutMs] ends it (SIGTERM) after so long
 */

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{status: number, stdout: string, stderr: string}>} status 127 when it could not be started,
 *   128 + n when a signal ended it
 */
export function run(command, args, options = {}) {
  const { cwd = projectRoot, env = process.env, isCaptured = false, timeoutMs } = options
  return new Promise((resolve) => {
    const child = spawnTied(command, args, { cwd, env, stdio: isCaptured ? ['ignore', 'pipe', 'pipe'] : 'inherit' })
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => child.kill('SIGTERM'), timeoutMs)
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text))
    child.once('error', (error) => {
      clearTimeout(timer)
      resolve({ status: 127, stdout, stderr: stderr + String(error) })
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      resolve({ status: code ?? (signal === null ? 1 : 128 + os.constants.signals[signal]), stdout, stderr })
    })
  })
}

/**
 * Runs npm, through the very npm that started this script where there is one.
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 */
export function runNpm(args, options) {
  const npmCli = process.env.npm_execpath
  if (npmCli !== undefined && npmCli.endsWith('.js')) return run(process.execPath, [npmCli, ...args], options)
  // npm is a .cmd file on Windows, which only a shell can start; the arguments are all our own.
  if (process.platform === 'win32') return run('cmd.exe', ['/d', '/s', '/c', 'npm', ...args], options)
  return run('npm', args, options)
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
