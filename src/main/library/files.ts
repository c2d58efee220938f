import { randomBytes } from 'node:crypto'
import { readFileSync, statSync } from 'node:fs'
import * as nodeFs from 'node:fs/promises'
import { dirname } from 'node:path'

/** What the library asks of a disk; `node:fs/promises`, or a test's disk that fails. */
export type FileSystem = Pick<
  typeof nodeFs,
  'open' | 'readFile' | 'readdir' | 'stat' | 'lstat' | 'rename' | 'unlink' | 'mkdir'
>

export const diskFileSystem: FileSystem = nodeFs

/** What a file looked like, to see without reading it whether it has changed. */
export interface FileStamp {
  bytes: number
  modifiedMs: number
}

const PRIVATE_FILE = 0o600
const PRIVATE_FOLDER = 0o700

/**
 * Writes a file so that a crash at any moment leaves either the old or the new text, and never a mixture: temporary file
 * in the same folder, fsync, rename, fsync of the folder. Makes the folder when it is missing. Throws what the disk says.
 *
 * @param beforeRename with the stamp that the file will have: the last moment at which the old one is there
 */
export async function writeAtomically(
  fs: FileSystem,
  path: string,
  text: string | Uint8Array,
  beforeRename?: (stamp: FileStamp) => Promise<void>,
): Promise<FileStamp> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    const stamp = await writeNew(fs, temporary, text)
    await beforeRename?.(stamp)
    await fs.rename(temporary, path)
    // Without this the rename itself may be lost with the power (ext4, xfs).
    await syncFolder(fs, dirname(path))
    return stamp
  } catch (error) {
    // A full disk needs the space; a file that stays is swept at the next start.
    await fs.unlink(temporary).catch(() => undefined)
    throw error
  }
}

/** True for the name of a file that `writeAtomically` left behind when its process died. */
export function isStray(name: string): boolean {
  return /\.[0-9a-f]{8}\.tmp$/.test(name)
}

/** Opens a new file for writing, for its owner only, and makes its folder when it is missing. */
export async function openNew(fs: FileSystem, path: string, flags: 'w' | 'wx'): Promise<nodeFs.FileHandle> {
  try {
    return await fs.open(path, flags, PRIVATE_FILE)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error
    await makeFolder(fs, dirname(path))
    return fs.open(path, flags, PRIVATE_FILE)
  }
}

/** Makes a folder and those above it, for their owner only. */
export async function makeFolder(fs: FileSystem, path: string): Promise<void> {
  await fs.mkdir(path, { recursive: true, mode: PRIVATE_FOLDER })
}

/** Makes what was created, renamed or removed in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(fs: FileSystem, path: string): Promise<void> {
  if (process.platform === 'win32') return
  const folder = await fs.open(path, 'r')
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}

/**
 * The text of one of our small files. What else may lie at its place (a pipe, a device, a folder, a link to one of these,
 * a giant) is refused by its looks: to read it could take for ever, or all memory. Throws that, or what the disk says.
 */
export async function readRegular(
  fs: Pick<FileSystem, 'stat' | 'readFile'>,
  path: string,
  maxBytes: number,
): Promise<string> {
  requireRegular(await fs.stat(path), maxBytes)
  return fs.readFile(path, 'utf8')
}

/** As `readRegular`, as it is: text that is no UTF-8 would come back changed. */
export async function readRegularBytes(
  fs: Pick<FileSystem, 'stat' | 'readFile'>,
  path: string,
  maxBytes: number,
): Promise<Uint8Array> {
  requireRegular(await fs.stat(path), maxBytes)
  return fs.readFile(path)
}

/** As `readRegular`, for what the first window waits for. */
export function readRegularSync(path: string, maxBytes: number): string {
  requireRegular(statSync(path), maxBytes)
  return readFileSync(path, 'utf8')
}

function requireRegular(file: { isFile(): boolean; size: number }, maxBytes: number): void {
  if (!file.isFile()) throw new TypeError('not a file')
  if (file.size > maxBytes) throw new RangeError('too large a file')
}

/** Above this a file of the library is none of ours: read, it would stand in the way of everything, or take all memory. */
export const MAX_LIBRARY_FILE_BYTES = 64 * 1024 * 1024

/**
 * The names in a folder. 'missing' when it is not there, null when it cannot be read now: nobody knows then what is in it,
 * and nothing may be deleted because it is not named there.
 */
export async function lookInto(fs: FileSystem, path: string): Promise<string[] | 'missing' | null> {
  try {
    return await fs.readdir(path)
  } catch (error) {
    return errorCode(error) === 'ENOENT' ? 'missing' : null
  }
}

/** The names in a folder; none when it is not there or cannot be read. */
export async function namesIn(fs: FileSystem, path: string): Promise<string[]> {
  try {
    return await fs.readdir(path)
  } catch {
    return []
  }
}

/** The `code` of a Node error, such as `ENOENT`; null for anything else. */
export function errorCode(thrown: unknown): string | null {
  const code: unknown = typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : null
  return typeof code === 'string' ? code : null
}

async function writeNew(fs: FileSystem, path: string, text: string | Uint8Array): Promise<FileStamp> {
  const file = await openNew(fs, path, 'wx')
  try {
    await file.writeFile(text, 'utf8')
    await file.sync()
    const { size, mtimeMs } = await file.stat()
    return { bytes: size, modifiedMs: mtimeMs }
  } finally {
    await file.close()
  }
}
