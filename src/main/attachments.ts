import { createHash, randomUUID } from 'node:crypto'
import { constants, createReadStream } from 'node:fs'
import { lstat, mkdir, open, readdir, rename, rm, type FileHandle } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AddAttachments, AddedAttachment } from '../shared/contract'
import type { AttachmentInfo, MediaFile } from '../shared/conversation'
import { failure, toAppError, type AppError, type AttachmentReason, type MediaReason } from '../shared/errors'
import { inspectImage, measureImage, MAX_IMAGE_BYTES } from './image'
import type { Logger } from './logger'
import type { StoredMedia } from './library/check'
import { FORMAT_HEAD_BYTES, MEDIA_FORMATS, recogniseMedia, type MediaFormat } from './media-format'

/** A file as the preload hands it over: by the path the system knows it by, or by its bytes when it has none. */
export type IncomingFile = AddAttachments['files'][number]

/** Where the bytes of an attachment lie, and what they are. */
export interface AttachmentFile {
  path: string
  mime: string
  bytes: number
}

/** A result that is being kept: its bytes as they come, and the host it comes from, for errors. */
export interface IncomingResult {
  body: AsyncIterable<Uint8Array>
  host: string | null
}

export const MAX_FILES = 10
/** A file on a dead network drive must not keep the composer waiting (R39). */
const READ_TIMEOUT_MS = 2000
const PIECE_BYTES = 1024 * 1024
/** Of a sound or a film in an answer; an image has the limit of all images. */
export const MAX_MEDIA_BYTES = 200 * 1024 * 1024
/** In the name of a file that is still being written. */
const DRAFT_MARK = '.new-'
/** Nothing is written for so long. */
const STRAY_AGE_MS = 3_600_000

/**
 * Stored images of questions, and results of answers: images, sounds and films. Each lies under its SHA-256, so the same
 * picture is kept once and a name from outside never becomes a path. Its content alone decides what it is.
 */
export class Attachments {
  /** What was added since the start, with the name it came under. */
  readonly #added = new Map<string, AttachmentInfo>()
  /** When a file was added, kept or asked for last, on the monotonic clock. */
  readonly #usedMs = new Map<string, number>()
  #prepared: Promise<void> | null = null

  /** @param folder made when the first image comes */
  constructor(
    private readonly folder: string,
    private readonly logger: Logger,
    private readonly platform: NodeJS.Platform = process.platform,
  ) {}

  /** Adds files for one message. One result per file, in their order; a refused file never stops the others. */
  async add(files: readonly IncomingFile[]): Promise<AddedAttachment[]> {
    const results: AddedAttachment[] = []
    // One after the other: ten images of 20 MiB are not held in memory at once.
    for (const [index, file] of files.entries()) {
      results.push(
        index < MAX_FILES
          ? await this.addFile(file)
          : { ok: false, name: file.name, error: refusal('too-many', file.name, MAX_FILES) },
      )
    }
    return results
  }

  /** Reads, checks and stores one file. Never rejects: a refusal is a result. */
  async addFile(file: IncomingFile): Promise<AddedAttachment> {
    try {
      const bytes = 'path' in file ? await this.#read(file.path, file.name) : file.bytes
      const inspected = await inspectImage(bytes, file.name)
      if (!inspected.ok) return { ok: false, name: file.name, error: inspected.error }
      const id = await hash(bytes)
      await this.#store(id, inspected.value.mime, bytes)
      const attachment = { id, name: file.name, bytes: bytes.byteLength, ...inspected.value }
      this.#usedMs.set(id, performance.now())
      this.#added.set(id, attachment)
      return { ok: true, attachment }
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'internal') this.logger.error('attachment not added', { code: codeOf(thrown) })
      return { ok: false, name: file.name, error }
    }
  }

  /**
   * Keeps a result of an answer: an image of at most 20 MiB and 64 megapixels, a sound or a film of at most 200 MiB. It is
   * written while it comes, so that no film is ever whole in memory.
   *
   * @throws AppFailure `media` (`format`, `too-large`, and `failed` for an image that is not whole) or `storage`; what the
   * body throws goes through. Nothing is kept then.
   */
  async keepResult({ body, host }: IncomingResult): Promise<MediaFile> {
    const draft = join(this.folder, `result${DRAFT_MARK}${randomUUID()}`)
    try {
      await this.#prepare()
      const { id, format, bytes } = await writeResult(draft, body, host)
      this.#usedMs.set(id, performance.now())
      const size = format.kind === 'image' ? await this.#measure(draft, format, host) : null
      const path = join(this.folder, `${id}.${format.extension}`)
      if (await this.#holds(path, id, bytes)) await rm(draft, { force: true })
      else await rename(draft, path)
      return { id, mime: format.mime, bytes, width: size?.width ?? null, height: size?.height ?? null }
    } catch (thrown) {
      await rm(draft, { force: true }).catch(() => undefined)
      throw isDiskError(thrown) ? failure({ code: 'storage', reason: storageReason(codeOf(thrown)) }) : thrown
    }
  }

  /** The facts about a stored image, or null when there is none with this id. One from an earlier start has no name. */
  async find(id: string): Promise<AttachmentInfo | null> {
    const file = await this.file(id)
    if (file === null) return null
    this.#usedMs.set(id, performance.now())
    const added = this.#added.get(id)
    if (added !== undefined) return added
    const name = `image${extname(file.path)}`
    if (file.bytes > MAX_IMAGE_BYTES) return null
    const bytes = await this.#read(file.path, name)
    const inspected = await inspectImage(bytes, name)
    return inspected.ok ? { id, name, bytes: bytes.byteLength, ...inspected.value } : null
  }

  /** Where a stored file lies, or null. Ids are checked: whatever else is asked for is no file of ours. */
  async file(id: string): Promise<AttachmentFile | null> {
    if (!/^[0-9a-f]{64}$/u.test(id)) return null
    for (const { mime, extension } of MEDIA_FORMATS) {
      const path = join(this.folder, `${id}.${extension}`)
      const stats = await lstat(path).catch(() => null)
      if (stats?.isFile() === true) return { path, mime, bytes: stats.size }
    }
    return null
  }

  /** Whether a stored result still has the content that its id names. */
  async isWhole({ id, bytes }: Pick<MediaFile, 'id' | 'bytes'>): Promise<boolean> {
    const file = await this.file(id)
    return file !== null && this.#holds(file.path, id, bytes)
  }

  /** All stored files. */
  async list(): Promise<StoredMedia[]> {
    const found: StoredMedia[] = []
    for (const name of await readdir(this.folder).catch(() => [])) {
      const [id = '', extension, ...rest] = name.split('.')
      const isOurs = /^[0-9a-f]{64}$/u.test(id) && MEDIA_FORMATS.some((format) => format.extension === extension)
      const stats = isOurs && rest.length === 0 ? await lstat(join(this.folder, name)).catch(() => null) : null
      if (stats?.isFile() === true) found.push({ id, bytes: stats.size, modifiedMs: stats.mtimeMs })
    }
    return found
  }

  /**
   * Deletes stored files, but none that was added, kept or asked for since. What cannot be deleted stays.
   *
   * @param sinceMs of `performance.now()`: when it was found that nobody names them
   */
  async remove(ids: readonly string[], sinceMs: number): Promise<void> {
    for (const id of ids) {
      const file = await this.file(id)
      if (file === null || (this.#usedMs.get(id) ?? -Infinity) >= sinceMs) continue
      this.#added.delete(id)
      await rm(file.path, { force: true }).catch(() => undefined)
    }
  }

  /** Names of files that a process that died has left half written. */
  async strays(): Promise<string[]> {
    const strays: string[] = []
    for (const name of await readdir(this.folder).catch(() => [])) {
      const stats = name.includes(DRAFT_MARK) ? await lstat(join(this.folder, name)).catch(() => null) : null
      if (stats !== null && stats.mtimeMs < Date.now() - STRAY_AGE_MS) strays.push(name)
    }
    return strays
  }

  async removeStrays(): Promise<void> {
    for (const name of await this.strays()) await rm(join(this.folder, name), { force: true }).catch(() => undefined)
  }

  /** The path of a stored image that still has the size it was added with; null when it is gone or has another. */
  async path(id: string, bytes: number): Promise<string | null> {
    const file = await this.file(id)
    return file?.bytes === bytes ? file.path : null
  }

  async #read(path: string, name: string): Promise<Uint8Array> {
    // Asking for a UNC path already sends the person's credentials to the host in it.
    if (this.platform === 'win32' && /^[\\/]{2}/u.test(path)) throw failure(refusal('unreadable', name))
    const timeout = new AbortController()
    const timer = setTimeout(() => timeout.abort(), READ_TIMEOUT_MS)
    const expired = new Promise<never>((_resolve, reject) => {
      timeout.signal.addEventListener('abort', () => reject(failure(refusal('unreadable', name))))
    })
    try {
      return await Promise.race([readRegularFile(path, name, timeout.signal), expired])
    } finally {
      clearTimeout(timer)
    }
  }

  /** Durable and atomic: a crash leaves the whole image or none. What is there and is not the image is replaced. */
  async #store(id: string, mime: AttachmentInfo['mime'], bytes: Uint8Array): Promise<void> {
    const extension = MEDIA_FORMATS.find((format) => format.mime === mime)?.extension ?? ''
    const path = join(this.folder, `${id}.${extension}`)
    if (await this.#holds(path, id, bytes.byteLength)) return
    const draft = `${path}${DRAFT_MARK}${randomUUID()}`
    try {
      await this.#prepare()
      const handle = await open(draft, 'wx', 0o600)
      try {
        await handle.writeFile(bytes)
        await handle.datasync()
      } finally {
        await handle.close()
      }
      await rename(draft, path)
    } catch (thrown) {
      await rm(draft, { force: true }).catch(() => undefined)
      throw failure({ code: 'storage', reason: storageReason(codeOf(thrown)) })
    }
  }

  // A whole file is left alone: on Windows one that is being sent or played cannot be replaced.
  async #holds(path: string, id: string, size: number): Promise<boolean> {
    const known = await lstat(path).catch(() => null)
    if (known?.size !== size || !known.isFile()) return false
    return (await hashFile(path).catch(() => null)) === id
  }

  /** Makes the folder, and once removes what a process that died was still writing into it. */
  async #prepare(): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 })
    this.#prepared ??= this.#sweep()
    await this.#prepared
  }

  async #sweep(): Promise<void> {
    const names = await readdir(this.folder).catch(() => [])
    for (const name of names) {
      if (name.includes(DRAFT_MARK)) await rm(join(this.folder, name), { force: true }).catch(() => undefined)
    }
  }

  /** The size of an image that was just written, as shown. */
  async #measure(path: string, format: MediaFormat, host: string | null): Promise<{ width: number; height: number }> {
    const bytes = await this.#read(path, 'image').catch(() => {
      throw failure({ code: 'storage', reason: 'failed' })
    })
    const measured = await measureImage(bytes, format.mime)
    if (measured.ok) return measured.value
    // One whose end is missing did not arrive. What it is, is known by now.
    const isLarge = measured.error.code === 'attachment' && measured.error.reason === 'too-many-pixels'
    throw isLarge ? mediaFailure('too-large', host, MAX_IMAGE_BYTES) : mediaFailure('failed', host)
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

/** Writes what comes, durably, for the owner only. Ends with an error as soon as it is known that it may not be kept. */
async function writeResult(
  path: string,
  body: AsyncIterable<Uint8Array>,
  host: string | null,
): Promise<{ id: string; format: MediaFormat; bytes: number }> {
  const handle = await open(path, 'wx', 0o600)
  try {
    const sha256 = createHash('sha256')
    let head = Buffer.alloc(0)
    let format: MediaFormat | null = null
    let bytes = 0
    const recognise = async (): Promise<MediaFormat> => {
      const found = await recogniseMedia(head)
      if (found === null) throw mediaFailure('format', host)
      return found
    }
    for await (const whole of body) {
      for (const piece of cut(whole)) {
        bytes += piece.byteLength
        if (format === null) {
          head = Buffer.concat([head, piece.subarray(0, FORMAT_HEAD_BYTES)])
          if (head.length >= FORMAT_HEAD_BYTES) format = await recognise()
        }
        const maxBytes = format?.kind === 'image' ? MAX_IMAGE_BYTES : MAX_MEDIA_BYTES
        if (bytes > maxBytes) throw mediaFailure('too-large', host, maxBytes)
        sha256.update(piece)
        await handle.writeFile(piece)
      }
    }
    format ??= await recognise()
    await handle.datasync()
    return { id: sha256.digest('hex'), format, bytes }
  } finally {
    await handle.close()
  }
}

function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}

function mediaFailure(reason: MediaReason, host: string | null, limitBytes: number | null = null): Error {
  return failure({ code: 'media', reason, host, limitBytes })
}

async function hashFile(path: string): Promise<string> {
  const sha256 = createHash('sha256')
  for await (const piece of createReadStream(path)) sha256.update(piece as Uint8Array)
  return sha256.digest('hex')
}

// In pieces: hashing 20 MiB in one go would hold up every stream for 40 ms.
async function hash(bytes: Uint8Array): Promise<string> {
  const sha256 = createHash('sha256')
  for (const piece of cut(bytes)) {
    sha256.update(piece)
    await nextTurn()
  }
  return sha256.digest('hex')
}

function refusal(reason: AttachmentReason, name: string, limit: number | null = null): AppError {
  return { code: 'attachment', reason, name, format: null, limit }
}

/** Errors of the file system name their call; those of a body do not. */
function isDiskError(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
}

function storageReason(code: string): 'full' | 'read-only' | 'failed' {
  if (code === 'ENOSPC' || code === 'EDQUOT') return 'full'
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM' ? 'read-only' : 'failed'
}
