/**
 * A screen for machines without one: an X server in memory with a window manager, which ends with the script.
 */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { spawnTied, stopChild } from './children.mjs'
import { atExit, findProgram, Refusal } from './process.mjs'

/**
 * @typedef {object} Display
 * @property {NodeJS.ProcessEnv} env the whole environment for programs that draw on it
 * @property {boolean} isVirtual whether it exists in memory only
 * @property {() => Promise<void>} close
 */

/** Whether programs started from here find a screen. */
export function hasDisplay(env = process.env, platform = process.platform) {
  if (platform !== 'linux') return true
  return Boolean(env.DISPLAY) || Boolean(env.WAYLAND_DISPLAY)
}

/**
 * The session's screen, or a virtual one where there is none.
 * @param {object} [options]
 * @param {boolean} [options.isAlwaysVirtual] leave the session's screen alone on Linux: tests grab keys and the focus
 * @param {boolean} [options.isOpenToLocalUsers] any user of this machine may draw on it and look at it (tests that run
 *   the app as another user). Otherwise it takes the cookie from XAUTHORITY, since what is on it may be private.
 * @returns {Promise<Display>}
 */
export async function openDisplay({ isAlwaysVirtual = false, isOpenToLocalUsers = false } = {}) {
  if (process.platform !== 'linux' || (hasDisplay() && !isAlwaysVirtual)) {
    return { env: process.env, isVirtual: false, close: () => Promise.resolve() }
  }
  const xvfb = await findProgram('Xvfb')
  if (xvfb === undefined) {
    throw new Refusal('There is no display, and Xvfb is not installed: sudo apt-get install xvfb openbox')
  }
  const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-display-'))
  const authority = path.join(folder, 'authority')
  /** @type {Array<() => Promise<void>>} */
  const closers = [() => rm(folder, { recursive: true, force: true })]
  const closeAll = async () => {
    forget()
    for (const closer of closers.reverse()) await closer()
  }
  /** @type {Promise<void> | undefined} */
  let closing
  // One promise for all callers: at a signal the script's body and the exit handler both close, and both must wait.
  const close = () => (closing ??= closeAll())
  const forget = atExit(close)
  try {
    if (!isOpenToLocalUsers) await writeFile(authority, xauthority(randomBytes(16)), { mode: 0o600 })
    const args = ['-displayfd', '3', '-screen', '0', '1440x900x24', '-nolisten', 'tcp', '-noreset']
    const server = spawnTied(xvfb, isOpenToLocalUsers ? args : [...args, '-auth', authority], {
      stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    })
    closers.push(() => stopChild(server))
    const number = await readDisplayNumber(server)
    const env = virtualEnvironment(process.env, `:${number}`, isOpenToLocalUsers ? undefined : authority)
    const openbox = await findProgram('openbox')
    if (openbox !== undefined) {
      // Without a window manager no window ever gets the focus, and xdotool types into the void.
      const manager = spawnTied(openbox, [], { stdio: 'ignore', env })
      closers.push(() => stopChild(manager))
    }
    return { env, isVirtual: true, close }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @param {string} display
 * @param {string | undefined} authority
 * @returns {NodeJS.ProcessEnv}
 */
export function virtualEnvironment(env, display, authority) {
  const { WAYLAND_DISPLAY: _wayland, XAUTHORITY: _authority, ...rest } = env
  // A Wayland session's variables would win over DISPLAY and put the window on the person's own screen.
  const changed = { ...rest, DISPLAY: display, XDG_SESSION_TYPE: 'x11' }
  return authority === undefined ? changed : { ...changed, XAUTHORITY: authority }
}

/**
 * Xvfb chooses a free display itself and writes its number once it takes connections.
 * @param {import('node:child_process').ChildProcess} server
 * @returns {Promise<number>}
 */
function readDisplayNumber(server) {
  return new Promise((resolve, reject) => {
    let complaint = ''
    let answer = ''
    server.stderr?.setEncoding('utf8').on('data', (text) => (complaint = (complaint + text).slice(-2000)))
    const numbers = /** @type {import('node:stream').Readable} */ (server.stdio[3])
    numbers.setEncoding('utf8').on('data', (text) => {
      answer += text
      if (answer.includes('\n')) resolve(Number(answer))
    })
    const refuse = () => reject(new Refusal(`Xvfb could not start: ${complaint.trim() || 'it gave no reason'}`))
    server.once('error', refuse)
    server.once('exit', refuse)
  })
}

/**
 * An Xauthority file with one cookie that fits every display (libXau: family, address, number, name, data, each with a
 * 16-bit big-endian length; family 0xffff is FamilyWild).
 * @param {Buffer} cookie 16 bytes
 * @returns {Buffer}
 */
export function xauthority(cookie) {
  /** @param {Buffer} field */
  const counted = (field) => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(field.length)
    return Buffer.concat([length, field])
  }
  const empty = counted(Buffer.alloc(0))
  const name = counted(Buffer.from('MIT-MAGIC-COOKIE-1'))
  return Buffer.concat([Buffer.from([0xff, 0xff]), empty, empty, name, counted(cookie)])
}
