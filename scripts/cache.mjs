/** The cache folder outside the checkout, and the lock that lets two scripts share it. */
import { randomUUID } from 'node:crypto'
import { link, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { atExit } from './process.mjs'

/**
 * Where runtimes are kept: outside node_modules, so that `npm ci` does not throw 260 MB away.
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string} absolute path; the folder may not exist yet
 */
export function cacheRoot(env = process.env) {
  const base = env.XDG_CACHE_HOME
  return path.join(
    base !== undefined && path.isAbsolute(base) ? base : path.join(os.homedir(), '.cache'),
    'parley-electron-runtime',
  )
}

/**
 * A file's text, or undefined when there is none.
 * @param {string} file
 */
export async function readIfThere(file) {
  try {
    return await readFile(file, 'utf8')
  } catch {
    return undefined
  }
}

const heartbeatMs = 5_000
/** A holder that has not touched its lock for so long is taken for dead, whatever process has its pid by now. */
export const staleLockMs = 120_000

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it lives and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/**
 * Whether a lock file's holder is gone.
 * @param {string} holder what the file says: `pid host`
 * @param {number} ageMs time since the holder last touched it
 */
export function isStale(holder, ageMs) {
  if (ageMs > staleLockMs) return true
  const [pid, host] = holder.split(' ')
  return host === os.hostname() && !isAlive(Number(pid))
}

/**
 * Runs `body` while no other process runs a body under the same lock file. A lock left by a killed process is taken over.
 * @template T
 * @param {string} lockFile
 * @param {() => Promise<T>} body
 * @param {{onWait?: () => void, pollMs?: number}} [options] onWait: called once if somebody else holds the lock
 * @returns {Promise<T>}
 */
export async function withLock(lockFile, body, { onWait, pollMs = 200 } = {}) {
  await mkdir(path.dirname(lockFile), { recursive: true })
  const own = `${lockFile}.${randomUUID()}`
  const holder = `${process.pid} ${os.hostname()} ${randomUUID()}`
  await writeFile(own, holder)
  const release = async () => {
    clearInterval(heartbeat)
    await rm(own, { force: true })
    if ((await readIfThere(lockFile)) === holder) await rm(lockFile, { force: true })
  }
  const heartbeat = setInterval(() => {
    const now = new Date()
    // `own` and the lock are one inode: touching one touches the other.
    utimes(own, now, now).catch(() => undefined)
  }, heartbeatMs)
  const forget = atExit(release)
  try {
    let hasWaited = false
    while (!(await linkIfFree(own, lockFile))) {
      if (await removeIfStale(lockFile)) continue
      if (!hasWaited) onWait?.()
      hasWaited = true
      await sleep(pollMs)
    }
    await removeAbandoned(lockFile)
    return await body()
  } finally {
    forget()
    await release()
  }
}

/**
 * Waiting files of processes that were killed; those that still wait touch theirs.
 * @param {string} lockFile
 */
async function removeAbandoned(lockFile) {
  const folder = path.dirname(lockFile)
  for (const name of await readdir(folder)) {
    if (!name.startsWith(`${path.basename(lockFile)}.`)) continue
    const touched = await stat(path.join(folder, name)).catch(() => undefined)
    if (touched !== undefined && Date.now() - touched.mtimeMs > staleLockMs)
      await rm(path.join(folder, name), { force: true })
  }
}

/**
 * link() is the one way to make a file that is both exclusive and complete the moment it appears.
 * @param {string} own
 * @param {string} lockFile
 */
async function linkIfFree(own, lockFile) {
  try {
    await link(own, lockFile)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
    throw error
  }
}

/** @param {string} lockFile */
async function removeIfStale(lockFile) {
  const holder = await readIfThere(lockFile)
  if (holder === undefined) return true
  const touched = await stat(lockFile).catch(() => undefined)
  if (touched === undefined) return true
  if (!isStale(holder, Date.now() - touched.mtimeMs)) return false
  // Renamed before it is removed: if a third process was faster and this is its new lock, it is given back.
  const aside = `${lockFile}.${randomUUID()}`
  await rename(lockFile, aside).catch(() => undefined)
  const moved = await readIfThere(aside)
  if (moved !== undefined && moved !== holder) await link(aside, lockFile).catch(() => undefined)
  await rm(aside, { force: true })
  return true
}
