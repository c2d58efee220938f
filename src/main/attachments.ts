import { randomUUID } from 'node:crypto'
import { lstat, mkdir, open, readdir, rename, rm } from 'node:fs/promises'
import { basename, extname, join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { AddAttachments, AddedAttachment, DrawnImage, ImageSource } from '../shared/contract'
import type { AttachmentInfo, DocumentMime, MediaFile, OriginalImage, SoundMime } from '../shared/conversation'
import { failure, toAppError, type Result } from '../shared/errors'
import { DEFAULT_IMAGE_SETTINGS, type ImageSettings } from '../shared/settings'
import { hashBytes, hashFile } from './content-hash'
import { readDocument } from './document'
import { inspectDrawable, inspectImage, measureImage, MAX_IMAGE_BYTES } from './image'
import { removeMetadata } from './image-metadata'
import type { Logger } from './logger'
import type { StoredMedia } from './library/check'
import { diskFileSystem, syncFolder } from './library/files'
import { storageReason } from './library/storage'
import { OfferedFiles, refusal } from './offered-files'
import { mediaFailure, receiveResult, writeResult } from './received-result'
import { removeTags } from './sound-metadata'
import { TemporaryMedia, type HeldFile } from './temporary-media'
import {
  DOCUMENT_FORMATS,
  FORMAT_HEAD_BYTES,
  MEDIA_FORMATS,
  recogniseMedia,
  SOURCE_FORMATS,
  type MediaFormat,
} from './media-format'

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
  /** It is no result but a file of the person that comes back from a backup: then texts and PDFs are taken too. */
  mayBeDocument?: boolean
  /** The temporary conversation that it stays in memory for; asked when all of it is there, because it may be kept by then. */
  temporary?: () => string | null
}

export const MAX_FILES = 10
/** All that may lie in the folder of attachments. */
const STORED_FORMATS = [...MEDIA_FORMATS, ...SOURCE_FORMATS, ...DOCUMENT_FORMATS]
/** In the name of a file that is still being written. */
const DRAFT_MARK = '.new-'
/** Nothing is written for so long. */
const STRAY_AGE_MS = 3_600_000

/**
 * Stored files of questions, and results of answers: images, sounds and films. Each lies under its SHA-256, so the same
 * picture is kept once and a name from outside never becomes a path. Its content alone decides what it is.
 */
export class Attachments {
  /** What was added since the start, with the name it came under. */
  readonly #added = new Map<string, AttachmentInfo>()
  /** What was added since the start and has to be drawn. */
  readonly #sources = new Map<string, ImageSource>()
  /** When a file was added, kept or asked for last, on the monotonic clock. */
  readonly #usedMs = new Map<string, number>()
  #prepared: Promise<void> | null = null
  /** Of temporary conversations, and on no disk. */
  readonly #temporary = new TemporaryMedia()
  readonly #files: OfferedFiles

  /** @param folder made when the first image comes */
  constructor(
    private readonly folder: string,
    private readonly logger: Logger,
    platform: NodeJS.Platform = process.platform,
    private readonly images: () => ImageSettings = () => DEFAULT_IMAGE_SETTINGS,
  ) {
    this.#files = new OfferedFiles(platform)
  }

  /**
   * Adds files for one message. One result per file, in their order; a refused file never stops the others.
   *
   * @param temporary the id of the conversation, if that is a temporary one: they stay in memory
   */
  async add(files: readonly IncomingFile[], temporary: string | null = null): Promise<AddedAttachment[]> {
    const results: AddedAttachment[] = []
    // One after the other: ten images of 20 MiB are not held in memory at once.
    for (const [index, file] of files.entries()) {
      results.push(
        index < MAX_FILES
          ? await this.addFile(file, temporary)
          : { ok: false, name: file.name, error: refusal('too-many', file.name, MAX_FILES) },
      )
    }
    return results
  }

  /** Reads, checks, cleans and stores one file; `temporary` as with `add`. Never rejects: a refusal is a result. */
  async addFile(file: IncomingFile, temporary: string | null = null): Promise<AddedAttachment> {
    return this.#answering(file.name, async () => {
      if ('path' in file) {
        const inside = await this.#readFolder(file.path, file.name, temporary)
        if (inside !== null) return inside
      }
      const bytes = 'path' in file ? await this.#files.read(file.path, file.name) : file.bytes
      return this.#addBytes(bytes, file.name, temporary)
    })
  }

  /**
   * Takes what a page has drawn of a stored image in its place. It must be a PNG or a JPEG of no more pixels than the
   * image had. It lies where that lies. Never rejects.
   */
  async addDrawn({ sourceId, name, bytes }: DrawnImage): Promise<AddedAttachment> {
    return this.#answering(name, async () => {
      const before = await this.#original(sourceId)
      if (before === null) throw failure({ code: 'not-found', what: 'attachment' })
      const inspected = await inspectImage(bytes, name)
      if (!inspected.ok) return { ok: false, name, error: inspected.error }
      const { mime, width, height } = inspected.value
      const isLarger = before.width !== 0 && (width > before.width || height > before.height)
      if ((mime !== 'image/png' && mime !== 'image/jpeg') || isLarger) throw failure(refusal('damaged', name))
      const removed = this.#added.get(sourceId)?.removed
      const facts = { before, ...(removed !== undefined && { removed }) }
      const attachment = await this.#keepImage(bytes, renamed(name, mime), facts, this.#temporary.ownerOf(sourceId))
      return { ok: true, attachment }
    })
  }

  /** Learns what is known of stored images from before the start, such as their names. */
  remember(attachments: readonly AttachmentInfo[]): void {
    for (const attachment of attachments) {
      if (!this.#added.has(attachment.id)) this.#added.set(attachment.id, attachment)
    }
  }

  isKnown(id: string): boolean {
    return this.#added.has(id)
  }

  async #answering(name: string, add: () => Promise<AddedAttachment>): Promise<AddedAttachment> {
    try {
      return await add()
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'internal') this.logger.error('attachment not added', { code: codeOf(thrown) })
      return { ok: false, name, error }
    }
  }

  async #addBytes(bytes: Uint8Array, name: string, temporary: string | null): Promise<AddedAttachment> {
    const inspected = await inspectImage(bytes, name)
    await nextTurn()
    if (inspected.ok) return { ok: true, attachment: await this.#keepImage(bytes, name, {}, temporary) }
    const { error } = inspected
    const drawable =
      error.code === 'attachment' && error.reason === 'format' ? await inspectDrawable(bytes, name) : null
    if (drawable === null) {
      return (
        // First, because a text may begin with the letters of a sound.
        (await this.#addDocument(bytes, name, temporary)) ??
        (await this.#addSound(bytes, name, temporary)) ?? { ok: false, name, error }
      )
    }
    if (!drawable.ok) return { ok: false, name, error: drawable.error }
    const { mime, ...facts } = drawable.value
    const id = await hashBytes(bytes)
    await this.#put(id, mime, bytes, name, temporary)
    const source: ImageSource = { id, name, bytes: bytes.byteLength, ...facts }
    this.#sources.set(id, source)
    return { ok: true, source }
  }

  /** Stores a sound that servers take; null for anything else. */
  async #addSound(given: Uint8Array, name: string, temporary: string | null): Promise<AddedAttachment | null> {
    const mime = soundMime(await recogniseMedia(given.subarray(0, FORMAT_HEAD_BYTES)))
    if (mime === null) return null
    const isCleaned = mime === 'audio/mpeg' && this.images().isMetadataRemoved
    const bytes = isCleaned ? await removeTags(given) : given
    const id = await hashBytes(bytes)
    await this.#put(id, mime, bytes, name, temporary)
    const attachment: AttachmentInfo = {
      ...plainOf(id, name, mime, bytes.byteLength),
      ...(bytes !== given && { removed: ['description'] }),
    }
    this.#added.set(id, attachment)
    return { ok: true, attachment }
  }

  /** Stores a text or a PDF, for the buckets of servers; null for anything else. */
  async #addDocument(given: Uint8Array, name: string, temporary: string | null): Promise<AddedAttachment | null> {
    const document = await readDocument(given)
    if (document === null) return null
    const { mime, bytes } = document
    if (bytes.byteLength === 0) throw failure(refusal('empty', name))
    const id = await hashBytes(bytes)
    await this.#put(id, mime, bytes, name, temporary)
    const attachment = plainOf(id, name, mime, bytes.byteLength)
    this.#added.set(id, attachment)
    return { ok: true, attachment }
  }

  /** Stores an image, without metadata if the person wants that. */
  async #keepImage(
    bytes: Uint8Array,
    name: string,
    facts: Pick<AttachmentInfo, 'before' | 'removed'>,
    temporary: string | null,
  ): Promise<AttachmentInfo> {
    const given = requireValue(await inspectImage(bytes, name))
    // Ten large images must not hold up the streams: other work comes between the steps.
    await nextTurn()
    const clean = this.images().isMetadataRemoved ? await removeMetadata(bytes, given) : { bytes, removed: [] }
    await nextTurn()
    const found = clean.bytes === bytes ? given : requireValue(await inspectImage(clean.bytes, name))
    await nextTurn()
    const isSame =
      found.mime === given.mime &&
      found.width === given.width &&
      found.height === given.height &&
      found.orientation === given.orientation
    // Whatever went wrong in it, what is stored shows what the person saw.
    if (!isSame) throw failure(refusal('damaged', name))
    const id = await hashBytes(clean.bytes)
    await this.#put(id, found.mime, clean.bytes, name, temporary)
    const removed = facts.removed ?? clean.removed
    const attachment: AttachmentInfo = {
      id,
      name,
      bytes: clean.bytes.byteLength,
      ...found,
      ...(removed.length > 0 && { removed }),
      ...(facts.before !== undefined && { before: facts.before }),
    }
    this.#added.set(id, attachment)
    return attachment
  }

  /** What a drawn image comes from: an image that is sendable itself, or a source. */
  async #original(id: string): Promise<OriginalImage | null> {
    const source = this.#sources.get(id)
    if (source !== undefined) {
      const { format, bytes, width, height } = source
      return { id, format, bytes, width, height, isAnimated: false, isSendable: false }
    }
    const image = await this.find(id)
    if (image === null) return null
    if (image.width === 0) return null
    const { bytes, width, height } = image
    const format = image.mime.replace('image/', '').toUpperCase()
    return { id, format, bytes, width, height, isAnimated: image.isAnimated === true, isSendable: true }
  }

  /** The images of a folder; null when the path is none. Folders in it are not looked into. */
  async #readFolder(path: string, name: string, temporary: string | null): Promise<AddedAttachment | null> {
    const entries = await this.#files.imagesIn(path, name)
    if (entries === null) return null
    if (entries.length === 0) throw failure(refusal('folder', name))
    entries.sort(new Intl.Collator(undefined, { numeric: true }).compare)
    const inside: AddedAttachment[] = []
    for (const entry of entries.slice(0, this.images().maxCount)) {
      inside.push(await this.addFile({ name: entry, path: join(path, entry) }, temporary))
    }
    return { ok: true, folder: name, inside, left: entries.length - inside.length }
  }

  /**
   * Keeps a result of an answer: an image of at most 20 MiB and 64 megapixels, a sound or a film of at most 200 MiB. It is
   * written while it comes, so that no film is ever whole in memory; but for a temporary conversation, of which nothing is
   * written: there it must find room beside what is held already.
   *
   * @throws AppFailure `media` (`format`, `too-large`, and `failed` for an image that is not whole) or `storage`; what the
   * body throws goes through. Nothing is kept then.
   */
  async keepResult(result: IncomingResult): Promise<MediaFile> {
    const { body, host, mayBeDocument = false, temporary } = result
    if (temporary !== undefined && temporary() !== null) return this.#holdResult(body, host, temporary)
    const draft = join(this.folder, `result${DRAFT_MARK}${randomUUID()}`)
    try {
      await this.#prepare()
      const { id, format, bytes } = await writeResult(draft, body, host, mayBeDocument)
      const size = format.kind === 'image' ? await this.#measureFile(draft, format, host) : null
      const path = join(this.folder, `${id}.${format.extension}`)
      await this.#using(id, async () => {
        if (await this.#holds(path, id, bytes)) await rm(draft, { force: true })
        else await this.#place(draft, path)
      })
      return { id, mime: format.mime, bytes, width: size?.width ?? null, height: size?.height ?? null }
    } catch (thrown) {
      await rm(draft, { force: true }).catch(() => undefined)
      throw isDiskError(thrown) ? failure({ code: 'storage', reason: storageReason(thrown) }) : thrown
    }
  }

  async #holdResult(
    body: AsyncIterable<Uint8Array>,
    host: string | null,
    temporary: () => string | null,
  ): Promise<MediaFile> {
    const pieces: Uint8Array[] = []
    const room = { maxBytes: this.#temporary.roomBytes }
    const { id, format, bytes } = await receiveResult(body, host, room, async (piece) => {
      // Of its own: the one who sent it may write its next piece into the same memory.
      pieces.push(Uint8Array.from(piece))
    })
    const content = Buffer.concat(pieces)
    const size = format.kind === 'image' ? await this.#measure(content, format, host) : null
    // No pause between this question and its answer: a conversation that is kept meanwhile finds all that is held for it.
    await this.#put(id, format.mime, content, '', temporary())
    return { id, mime: format.mime, bytes, width: size?.width ?? null, height: size?.height ?? null }
  }

  /** The facts about a stored image, or null when there is none with this id. One from an earlier start has no name. */
  async find(id: string): Promise<AttachmentInfo | null> {
    const file = await this.file(id)
    if (file === null) return this.#temporary.get(id) === null ? null : (this.#added.get(id) ?? null)
    this.#usedMs.set(id, performance.now())
    const added = this.#added.get(id)
    if (added !== undefined) return added
    const name = `image${extname(file.path)}`
    if (file.bytes > MAX_IMAGE_BYTES) return null
    const sound = soundMime(file)
    if (sound !== null) return plainOf(id, `sound${extname(file.path)}`, sound, file.bytes)
    const document = documentMime(file)
    if (document !== null) return plainOf(id, `file${extname(file.path)}`, document, file.bytes)
    const bytes = await this.#files.read(file.path, name)
    const inspected = await inspectImage(bytes, name)
    return inspected.ok ? { id, name, bytes: bytes.byteLength, ...inspected.value } : null
  }

  /** Where a stored file lies, or null. Ids are checked: whatever else is asked for is no file of ours. */
  async file(id: string): Promise<AttachmentFile | null> {
    if (!/^[0-9a-f]{64}$/u.test(id)) return null
    for (const { mime, extension } of STORED_FORMATS) {
      const path = join(this.folder, `${id}.${extension}`)
      const stats = await lstat(path).catch(() => null)
      if (stats?.isFile() === true) return { path, mime, bytes: stats.size }
    }
    return null
  }

  /** A stored file as it can be shown and saved: where it lies, or one of a temporary conversation itself. Or null. */
  async open(id: string): Promise<AttachmentFile | HeldFile | null> {
    return (await this.file(id)) ?? this.#temporary.get(id)
  }

  /** Whether a file of a temporary conversation lies in memory only. */
  isHeld(id: string): boolean {
    return this.#temporary.get(id) !== null
  }

  /** Writes files of temporary conversations that somebody keeps; others are passed over. Durable. Throws storage. */
  async persist(ids: Iterable<string>): Promise<void> {
    for (const id of ids) {
      const held = this.#temporary.get(id)
      if (held === null) continue
      await this.#using(id, () => this.#store(id, held.mime, held.content))
      this.#temporary.delete(id)
    }
  }

  /**
   * A temporary conversation is over: what it had in memory goes, but for what is `named` by others like it.
   *
   * @param only it goes on, and has no need of these any more; what is `named` stays as it is
   */
  release(conversationId: string, named: ReadonlySet<string>, only?: readonly string[]): void {
    for (const id of this.#temporary.release(conversationId, named, only)) {
      this.#added.delete(id)
      this.#sources.delete(id)
    }
  }

  /** Writes all that lies in memory for a conversation. Durable. Throws storage. */
  async persistOf(conversationId: string): Promise<void> {
    await this.persist(this.#temporary.ownedBy(conversationId))
  }

  /** Whether a stored result still has the content that its id names. */
  async isWhole({ id, bytes }: Pick<MediaFile, 'id' | 'bytes'>): Promise<boolean> {
    if (this.isHeld(id)) return true
    const file = await this.file(id)
    return file !== null && this.#holds(file.path, id, bytes)
  }

  /** All stored files. */
  async list(): Promise<StoredMedia[]> {
    const found: StoredMedia[] = []
    for (const name of await readdir(this.folder).catch(() => [])) {
      const [id = '', extension, ...rest] = name.split('.')
      const isOurs = /^[0-9a-f]{64}$/u.test(id) && STORED_FORMATS.some((format) => format.extension === extension)
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
      this.#sources.delete(id)
      await rm(file.path, { force: true }).catch(() => undefined)
    }
  }

  /**
   * Moves stored files aside that nobody names, into `stray-<nowMs>`: a mistake about that can be put right for as long as
   * they are there. None that was added, kept or asked for since. What cannot be moved stays.
   *
   * @param sinceMs of `performance.now()`: when it was found that nobody names them
   */
  async setAside(ids: readonly string[], sinceMs: number, nowMs: number): Promise<void> {
    const folder = join(this.folder, `stray-${nowMs}`)
    for (const id of ids) {
      const file = await this.file(id)
      if (file === null || (this.#usedMs.get(id) ?? -Infinity) >= sinceMs) continue
      this.#added.delete(id)
      this.#sources.delete(id)
      await mkdir(folder, { recursive: true, mode: 0o700 }).catch(() => undefined)
      await rename(file.path, join(folder, basename(file.path))).catch(() => undefined)
    }
  }

  /** Moves back what was set aside and is named again. What is there already stays. */
  async bringBack(named: ReadonlySet<string>): Promise<void> {
    for (const { path } of await this.#asideFolders()) {
      for (const name of await readdir(path).catch(() => [])) {
        const id = name.slice(0, 64)
        if (named.has(id) && (await this.file(id)) === null) {
          await rename(join(path, name), join(this.folder, name)).catch(() => undefined)
        }
      }
    }
  }

  /** Whether anything was set aside. */
  async hasAside(): Promise<boolean> {
    return (await this.#asideFolders()).length > 0
  }

  /** Deletes what was set aside before `beforeMs` (Unix). */
  async removeAside(beforeMs: number): Promise<void> {
    for (const { path, atMs } of await this.#asideFolders()) {
      if (atMs < beforeMs) await rm(path, { recursive: true, force: true }).catch(() => undefined)
    }
  }

  async #asideFolders(): Promise<{ path: string; atMs: number }[]> {
    const names = await readdir(this.folder).catch(() => [])
    return names.flatMap((name) => {
      const atMs = /^stray-(\d{1,16})$/u.exec(name)?.[1]
      return atMs === undefined ? [] : [{ path: join(this.folder, name), atMs: Number(atMs) }]
    })
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

  /**
   * The path of a stored image that still has the size it was added with, or the image itself, of a temporary conversation.
   * Null when it is gone or has another size.
   */
  async sendable(id: string, bytes: number): Promise<string | Uint8Array | null> {
    const file = await this.open(id)
    if (file?.bytes !== bytes) return null
    return 'path' in file ? file.path : file.content
  }

  #put(id: string, mime: string, bytes: Uint8Array, name: string, temporary: string | null): Promise<void> {
    return this.#using(id, async () => {
      if (temporary === null) await this.#store(id, mime, bytes)
      else this.#temporary.put(id, mime, bytes, { owner: temporary, name })
    })
  }

  /** Nobody deletes it meanwhile: what is found to be there already must still be there when somebody names it. */
  async #using(id: string, work: () => Promise<void>): Promise<void> {
    this.#usedMs.set(id, Infinity)
    try {
      await work()
    } finally {
      this.#usedMs.set(id, performance.now())
    }
  }

  async #place(draft: string, path: string): Promise<void> {
    await rename(draft, path)
    await syncFolder(diskFileSystem, this.folder)
  }

  /** Durable and atomic: a crash leaves the whole image or none. What is there and is not the image is replaced. */
  async #store(id: string, mime: string, bytes: Uint8Array): Promise<void> {
    const extension = STORED_FORMATS.find((format) => format.mime === mime)?.extension ?? ''
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
      await this.#place(draft, path)
    } catch (thrown) {
      await rm(draft, { force: true }).catch(() => undefined)
      throw failure({ code: 'storage', reason: storageReason(thrown) })
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
  async #measureFile(
    path: string,
    format: MediaFormat,
    host: string | null,
  ): Promise<{ width: number; height: number }> {
    const bytes = await this.#files.read(path, 'image').catch(() => {
      throw failure({ code: 'storage', reason: 'failed' })
    })
    return this.#measure(bytes, format, host)
  }

  async #measure(
    bytes: Uint8Array,
    format: MediaFormat,
    host: string | null,
  ): Promise<{ width: number; height: number }> {
    const measured = await measureImage(bytes, format.mime)
    if (measured.ok) return measured.value
    // One whose end is missing did not arrive. What it is, is known by now.
    const isLarge = measured.error.code === 'attachment' && measured.error.reason === 'too-many-pixels'
    throw isLarge ? mediaFailure('too-large', host, MAX_IMAGE_BYTES) : mediaFailure('failed', host)
  }
}

function soundMime(format: { mime: string } | null): SoundMime | null {
  return format?.mime === 'audio/wav' || format?.mime === 'audio/mpeg' ? format.mime : null
}

function documentMime({ mime }: { mime: string }): DocumentMime | null {
  return mime === 'text/plain' || mime === 'application/pdf' ? mime : null
}

/** What is no image has no size and no metadata that we know of. */
function plainOf(id: string, name: string, mime: SoundMime | DocumentMime, bytes: number): AttachmentInfo {
  return { id, name, mime, bytes, width: 0, height: 0, orientation: 1, hasLocation: false }
}

function requireValue<T>(result: Result<T>): T {
  if (!result.ok) throw failure(result.error)
  return result.value
}

/** The name of a file whose content has become another format. */
function renamed(name: string, mime: 'image/png' | 'image/jpeg'): string {
  const isRight = mime === 'image/png' ? /\.png$/iu.test(name) : /\.jpe?g$/iu.test(name)
  return isRight ? name : `${name.replace(/\.[A-Za-z0-9]{1,5}$/u, '')}.${mime === 'image/png' ? 'png' : 'jpg'}`
}

/** Errors of the file system name their call; those of a body do not. */
function isDiskError(thrown: unknown): boolean {
  return thrown instanceof Error && 'syscall' in thrown
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
}
