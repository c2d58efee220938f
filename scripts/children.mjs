/** Child processes that cannot outlive the script that started them. */
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import os from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { atExit, projectRoot } from './process.mjs'

/** @typedef {import('node:child_process').ChildProcess} ChildProcess */

/**
 * The processes below one, on Linux; elsewhere none. The time a process started tells it from a later one with its pid.
 * @param {number} ancestor
 * @returns {Map<number, string>} pid → start time
 */
export function listDescendants(ancestor) {
  /** @type {Map<number, {parent: number, started: string}>} */
  const all = new Map()
  if (process.platform === 'linux') {
    for (const name of readdirSync('/proc')) {
      const pid = Number(name)
      const found = Number.isInteger(pid) ? readProcess(pid) : undefined
      if (found !== undefined) all.set(pid, found)
    }
  }
  /** @type {Map<number, string>} */
  const below = new Map()
  const parents = [ancestor]
  for (const parent of parents) {
    for (const [pid, found] of all) {
      if (found.parent !== parent) continue
      below.set(pid, found.started)
      parents.push(pid)
    }
  }
  return below
}

/** @param {number} pid */
function readProcess(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    // proc(5): the name in parentheses may hold spaces; after it come state, parent, …, and as the 20th the start time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return fields[0] === 'Z' ? undefined : { parent: Number(fields[1]), started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

/**
 * Ends what a program left behind: a test worker in an endless loop does not notice that its parent is gone.
 * @param {Map<number, string>} family
 * @param {number} patienceMs
 */
async function stopLeftBehind(family, patienceMs) {
  const living = () => [...family].filter(([pid, started]) => readProcess(pid)?.started === started)
  const deadline = Date.now() + patienceMs
  while (living().length > 0 && Date.now() < deadline) await sleep(50)
  for (const [pid] of living()) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended in this very moment.
    }
  }
}

/**
 * Stops a child and everything below it, by pid: politely, then for certain. Resolves once they are gone.
 * @param {ChildProcess} child
 * @param {number} [patienceMs]
 * @returns {Promise<void>}
 */
export async function stopChild(child, patienceMs = 4000) {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const family = listDescendants(child.pid)
  const ended = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceMs)
  await ended
  clearTimeout(timer)
  await stopLeftBehind(family, 1000)
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
 * @property {number} [timeoutMs] ends it, with everything it started, after so long
 */

/**
 * Runs a program to its end.
 * @param {string} command
 * @param {readonly string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<{status: number, stdout: string, stderr: string, isTimedOut: boolean}>} status 127 when it could not be started,
 *   128 + n when a signal ended it
 */
export function run(command, args, options = {}) {
  const { cwd = projectRoot, env = process.env, isCaptured = false, timeoutMs } = options
  return new Promise((resolve) => {
    const child = spawnTied(command, args, { cwd, env, stdio: isCaptured ? ['ignore', 'pipe', 'pipe'] : 'inherit' })
    const timer = timeoutMs === undefined ? undefined : setTimeout(() => (stopping = stopChild(child)), timeoutMs)
    /** @type {Promise<void> | undefined} */
    let stopping
    let stdout = ''
    let stderr = ''
    child.stdout?.setEncoding('utf8').on('data', (text) => (stdout += text))
    child.stderr?.setEncoding('utf8').on('data', (text) => (stderr += text))
    child.once('error', (error) => {
      clearTimeout(timer)
      resolve({ status: 127, stdout, stderr: stderr + String(error), isTimedOut: false })
    })
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      const status = code ?? (signal === null ? 1 : 128 + os.constants.signals[signal])
      const isTimedOut = stopping !== undefined
      // Until nothing is left of it: what is left would go on beside the next step.
      void Promise.resolve(stopping).then(() => resolve({ status, stdout, stderr, isTimedOut }))
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
