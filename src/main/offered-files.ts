import { constants } from 'node:fs'
import { lstat, open, opendir, type FileHandle } from 'node:fs/promises'
import { failure, type AppError, type AttachmentReason } from '../shared/errors'
import { MAX_IMAGE_BYTES } from './image'

/** What counts as an image in a folder: there the person has not chosen each file. */
const IMAGE_NAME = /^[^.].*\.(?:png|jpe?g|gif|webp|avif|bmp|svg|ico|heic|heif|tiff?)$/iu
/** A folder with a hundred thousand files is still read to its end, but not more. */
const MAX_FOLDER_NAMES = 100_000
/** A file on a dead network drive must not keep the composer waiting (R39). */
const READ_TIMEOUT_MS = 2000
const PIECE_BYTES = 1024 * 1024

/** Files and folders that a person has dropped, picked or named on the command line, read with care (S19). */
export class OfferedFiles {
  constructor(private readonly platform: NodeJS.Platform) {}

  /** The names of the images of a folder; null when the path is none. Folders in it are not looked into. */
  async imagesIn(path: string, name: string): Promise<string[] | null> {
    this.#refuseNetworkPath(path, name)
    const stats = await within(lstat(path), name).catch(() => null)
    if (stats?.isDirectory() !== true) return null
    const entries: string[] = []
    const folder = await within(opendir(path), name)
    for await (const entry of folder) {
      if (entry.isFile() && IMAGE_NAME.test(entry.name)) entries.push(entry.name)
      if (entries.length >= MAX_FOLDER_NAMES) break
    }
    return entries
  }

  /** The bytes of a file. @throws AppFailure `attachment` */
  async read(path: string, name: string): Promise<Uint8Array> {
    this.#refuseNetworkPath(path, name)
    const timeout = new AbortController()
    try {
      return await within(readRegularFile(path, name, timeout.signal), name)
    } finally {
      timeout.abort()
    }
  }

  // Asking for a UNC path already sends the person's credentials to the host in it.
  #refuseNetworkPath(path: string, name: string): void {
    if (this.platform === 'win32' && /^[\\/]{2}/u.test(path)) throw failure(refusal('unreadable', name))
  }
}

/** Why a file is not attached. */
export function refusal(reason: AttachmentReason, name: string, limit: number | null = null): AppError {
  return { code: 'attachment', reason, name, format: null, limit }
}

/** What a disk answers in time. @throws AppFailure `attachment` `unreadable` when it does not */
async function within<T>(work: Promise<T>, name: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(failure(refusal('unreadable', name))), READ_TIMEOUT_MS)
  })
  try {
    return await Promise.race([work, expired])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Reads a regular file of at most 20 MiB. Links, folders, pipes and devices are refused before they are opened, and
 * again afterwards, so that nothing can be put in the file's place between the two looks (S19).
 */
async function readRegularFile(path: string, name: string, signal: AbortSignal): Promise<Uint8Array> {
  const seen = await lstat(path).catch(() => null)
  if (seen?.isDirectory() === true) throw failure(refusal('folder', name))
  if (seen?.isFile() !== true) throw failure(refusal('unreadable', name))
  // Without NONBLOCK the opening of a pipe waits for its other end. On Windows both are undefined, which counts as 0 here.
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const handle = await open(path, flags).catch(() => null)
  if (handle === null) throw failure(refusal('unreadable', name))
  try {
    const opened = await handle.stat()
    const isSame = opened.isFile() && opened.ino === seen.ino && opened.dev === seen.dev
    if (!isSame) throw failure(refusal('unreadable', name))
    if (opened.size === 0) throw failure(refusal('empty', name))
    if (opened.size > MAX_IMAGE_BYTES) throw failure(refusal('too-large', name, MAX_IMAGE_BYTES / 1024 / 1024))
    return await readWhole(handle, opened.size, signal)
  } finally {
    await handle.close()
  }
}

/** At most `size` bytes: a file that grows meanwhile is cut, one that shrinks is given as it is; the content check decides. */
async function readWhole(handle: FileHandle, size: number, signal: AbortSignal): Promise<Uint8Array> {
  const bytes = new Uint8Array(size)
  let at = 0
  while (at < size && !signal.aborted) {
    const { bytesRead } = await handle.read(bytes, at, Math.min(PIECE_BYTES, size - at), at)
    if (bytesRead === 0) break
    at += bytesRead
  }
  return bytes.subarray(0, at)
}
