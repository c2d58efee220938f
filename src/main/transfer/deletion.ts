import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { failure } from '../../shared/errors'
import { storageReason } from '../library/storage'

/** What Parley keeps in its data folder; a name ends in `*` for all that begin so. */
const OURS = [
  'library',
  'attachments',
  'backups',
  'contacts*',
  'authorities',
  'logs',
  'drafts*',
  'prompts*',
  'settings*',
  'secrets*',
  'catalogues*',
  'search*',
  'window.json*',
]

/** What the browser under Parley keeps there. It holds nothing of a person: pages keep nothing, sessions have no cookies. */
const CHROMIUM = [
  'Cache',
  'Code Cache',
  'GPUCache',
  'Dawn*',
  'ShaderCache',
  'GrShaderCache',
  'Local Storage',
  'Session Storage',
  'WebStorage',
  'IndexedDB',
  'Service Worker',
  'Network*',
  'Cookies*',
  'Trust Tokens*',
  'Shared Dictionary',
  'SharedStorage*',
  'DIPS*',
  'blob_storage',
  'Dictionaries',
  'Crashpad',
  'Partitions',
  'Preferences',
  'TransportSecurity',
  'QuotaManager*',
]

/** While this is there, everything of the person has to come into it before Parley begins. */
const MOVING = 'parley-deleting'
/** What only has to be removed; a number follows. */
const MOVED = 'parley-deleted-'

/**
 * Says on the disk that everything of the person goes: from here on a start finishes what this process does not (`kill -9`
 * included).
 *
 * @throws AppFailure `storage` when the disk does not take that; nothing has been deleted then
 */
export function beginDeletion(folder: string): void {
  try {
    mkdirSync(join(folder, MOVING), { recursive: true, mode: 0o700 })
  } catch (thrown) {
    throw failure({ code: 'storage', reason: storageReason(thrown) })
  }
}

/**
 * Takes away what a begun deletion has left, by name: with `--user-data-dir` the folder may be one in which other things
 * lie. Each thing goes in one step and at once, so that nothing of it can be read again. Synchronous: nothing may be
 * opened before. To be called by who has just closed everything, and once more at the start, before anything is read.
 *
 * @returns null when no deletion had begun; else what could not be taken away, which a start says and does not try again:
 * by then there is something new beside it
 */
export function moveDeleted(folder: string, isLast: boolean): string[] | null {
  if (!existsSync(join(folder, MOVING))) return null
  const left: string[] = []
  for (const name of namesOf(folder)) if (isOneOf(name, OURS) && !take(folder, name)) left.push(name)
  if (left.length === 0 || isLast) {
    try {
      renameSync(join(folder, MOVING), join(folder, `${MOVED}${randomBytes(4).toString('hex')}`))
    } catch {
      left.push(MOVING)
    }
  }
  return left
}

/**
 * Removes what was taken away, and what Chromium has in the folder as far as the system allows it: it holds some files
 * open until the process ends.
 *
 * @returns the names of what is still there of the person
 */
export async function removeDeleted(folder: string, withBrowser: boolean): Promise<string[]> {
  for (const name of namesOf(folder)) {
    if (!name.startsWith(MOVED) && !(withBrowser && isOneOf(name, CHROMIUM))) continue
    await rm(join(folder, name), { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined)
  }
  return namesOf(folder).filter((name) => name.startsWith(MOVED))
}

function take(folder: string, name: string): boolean {
  const path = join(folder, name)
  try {
    renameSync(path, join(folder, MOVING, `${name}.${randomBytes(4).toString('hex')}`))
    return true
  } catch {
    // A folder on another disk, or a file that somebody has open on Windows.
  }
  try {
    rmSync(path, { recursive: true, force: true })
  } catch {
    // Said below.
  }
  return !existsSync(path)
}

function namesOf(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function isOneOf(name: string, names: readonly string[]): boolean {
  return names.some((each) => (each.endsWith('*') ? name.startsWith(each.slice(0, -1)) : name === each))
}
