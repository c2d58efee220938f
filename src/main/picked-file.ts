import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import { copyFile, lstat, open, rename, rm, stat } from 'node:fs/promises'
import { failure } from '../shared/errors'
import { plainLine } from './backend/server-text'
import { diskFileSystem, writeAtomically } from './library/files'
import { storageReason } from './library/storage'

/** What became of reading a file. */
export type PickedFile = { ok: true; bytes: Buffer } | { ok: false; reason: 'unreadable' | 'too-large' }

const UNANNOUNCED_BYTES = 64 * 1024

/** Reads a file that a person picked in the system's own dialog. Only ordinary files: what has no end is not begun. */
export async function readPickedFile(path: string, maxBytes: number): Promise<PickedFile> {
  try {
    // Before it is opened: opening a pipe waits for somebody to write to it.
    const info = await stat(path)
    if (!info.isFile()) return { ok: false, reason: 'unreadable' }
    if (info.size > maxBytes) return { ok: false, reason: 'too-large' }
    const file = await open(path, 'r')
    try {
      // Room for what may come without being announced: it may have grown, and files of the system say that they are empty.
      const buffer = Buffer.alloc(Math.min(maxBytes, info.size + UNANNOUNCED_BYTES) + 1)
      let filled = 0
      while (filled < buffer.length) {
        const { bytesRead } = await file.read(buffer, filled, buffer.length - filled)
        if (bytesRead === 0) return { ok: true, bytes: buffer.subarray(0, filled) }
        filled += bytesRead
      }
      return { ok: false, reason: filled > maxBytes ? 'too-large' : 'unreadable' }
    } finally {
      await file.close()
    }
  } catch {
    return { ok: false, reason: 'unreadable' }
  }
}

/**
 * Writes a file where a person chose to in the system's own dialog. A new file takes the place of what is there: half a
 * file is never seen, and a link is replaced instead of followed (S20).
 *
 * @throws AppFailure `storage`
 */
export async function writePickedFile(path: string, content: string | Uint8Array): Promise<void> {
  try {
    // A device or a pipe is nothing to be replaced by a file; a link is replaced itself, and not followed.
    const there = await lstat(path).catch(() => null)
    if (there !== null && !there.isFile() && !there.isSymbolicLink()) throw new Error('not a file')
    await writeAtomically(diskFileSystem, path, content)
  } catch (thrown) {
    throw failure({ code: 'storage', reason: storageReason(thrown) })
  }
}

/**
 * Copies a file of ours to where a person chose, with the same care as writePickedFile and whatever its size.
 *
 * @throws AppFailure `storage`
 */
export async function copyPickedFile(from: string, path: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.part`
  try {
    const there = await lstat(path).catch(() => null)
    if (there !== null && !there.isFile() && !there.isSymbolicLink()) throw new Error('not a file')
    await copyFile(from, draft, constants.COPYFILE_EXCL)
    await rename(draft, path)
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined)
    throw failure({ code: 'storage', reason: storageReason(thrown) })
  }
}

/** Names of devices on Windows, with whatever ending. */
const DEVICE = /^(?:con(?:in\$|out\$)?|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/iu
/** Of 255, so that there is room for what is added to it while it is written. */
const MAX_NAME_BYTES = 200

/**
 * A file name to suggest in a dialog: no path, no character that a file system or a reader could take for something else,
 * no name of a device, at most 200 bytes; the ending stays (S20).
 */
export function suggestFileName(name: string): string {
  const plain = plainLine(name.normalize('NFC'), 1000)
    .replace(/[/\\<>:"|?*\p{Cc}\p{Cf}]+/gu, ' ')
    .replace(/\s+/gu, ' ')
    .replace(/^[\s.]+|[\s.]+$/gu, '')
  const ending = /\.[A-Za-z0-9-]{1,16}$/u.exec(plain)?.[0] ?? ''
  let stem = plain.slice(0, plain.length - ending.length)
  while (Buffer.byteLength(stem) > MAX_NAME_BYTES - ending.length) stem = [...stem].slice(0, -1).join('')
  const whole = `${stem.trimEnd() === '' ? 'parley' : stem.trimEnd()}${ending}`
  return DEVICE.test(whole) ? `_${whole}` : whole
}
