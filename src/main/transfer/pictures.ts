import { createHash } from 'node:crypto'
import type { AnswerContent, AttachmentInfo } from '../../shared/conversation'
import { plainLine } from '../backend/server-text'
import { inspectImage, MAX_IMAGE_BYTES } from '../image'
import { refusal, type Archive, type ArchiveEntry } from './archive'
import type { ManifestEntry } from './backup'

/** How a file of another program names a picture: a pointer to a file beside it, a data URI, or an address elsewhere. */
export interface PicturePointer {
  pointer: string
  /** What the picture is called there; null for nothing. */
  name: string | null
}

/** The pictures that are in a file, by pointer. What is not in it is missing here. */
export type FoundPictures = ReadonlyMap<string, AttachmentInfo>

/** The name of an exported file of ChatGPT begins with the id that a conversation points to. */
const FILE_ID = /file[-_][A-Za-z0-9]+/u
const DATA_URI = /^data:image\/[a-z.+-]{1,20};base64,([A-Za-z0-9+/\s]+=*)$/iu

/**
 * The pictures that come with conversations of another program, beside them in the zip or as data URIs in them. Each is
 * what its content says, and is known by the hash of that like all stored files. One is in memory at a time, and the data
 * URIs of one conversation.
 */
export class Pictures {
  /** What was found so far, by id. */
  readonly media = new Map<string, ManifestEntry>()
  readonly #files = new Map<string, ArchiveEntry>()
  readonly #places = new Map<string, ArchiveEntry | Buffer>()
  readonly #known = new Map<string, AttachmentInfo | null>()

  /** @param archive the zip in which the conversations lie; null for a file of its own */
  constructor(archive: Archive | null) {
    for (const entry of archive?.entries.values() ?? []) {
      const fileName = entry.name.slice(entry.name.lastIndexOf('/') + 1)
      const id = new RegExp(`^${FILE_ID.source}`, 'u').exec(fileName)?.[0]
      if (id !== undefined && !this.#files.has(id)) this.#files.set(id, entry)
    }
  }

  /** Looks for the pictures of one conversation; the data URIs of the one before are forgotten. */
  async find(pointers: Iterable<PicturePointer>): Promise<FoundPictures> {
    for (const [id, place] of this.#places) if (Buffer.isBuffer(place)) this.#places.delete(id)
    const found = new Map<string, AttachmentInfo>()
    for (const { pointer, name } of pointers) {
      if (found.has(pointer)) continue
      const picture = pointer.startsWith('data:')
        ? await this.#inspect(bytesOf(pointer), name ?? 'image')
        : await this.#findFile(pointer, name)
      if (picture !== null) found.set(pointer, picture)
    }
    return found
  }

  /** The bytes of a picture of the conversation that was looked at last. */
  async *open(id: string): AsyncGenerator<Uint8Array> {
    const place = this.#places.get(id)
    if (place === undefined) throw refusal('damaged')
    if (Buffer.isBuffer(place)) yield place
    else yield* (await place.open()) as AsyncIterable<Uint8Array>
  }

  async #findFile(pointer: string, name: string | null): Promise<AttachmentInfo | null> {
    // The scheme of some is `file-service`.
    const fileId = FILE_ID.exec(pointer.replace(/^[a-z-]+:\/\//u, ''))?.[0]
    const entry = fileId === undefined ? undefined : this.#files.get(fileId)
    if (fileId === undefined || entry === undefined || entry.bytes > MAX_IMAGE_BYTES) return null
    const known = this.#known.get(fileId)
    if (known !== undefined) return known
    const given = name ?? plainLine(entry.name.slice(entry.name.lastIndexOf('/') + 1), 200)
    const picture = await this.#inspect(await readAll(entry).catch(() => null), given, entry)
    this.#known.set(fileId, picture)
    return picture
  }

  async #inspect(bytes: Buffer | null, name: string, place?: ArchiveEntry): Promise<AttachmentInfo | null> {
    const inspected = bytes === null ? null : await inspectImage(bytes, name)
    if (bytes === null || inspected?.ok !== true) return null
    const id = createHash('sha256').update(bytes).digest('hex')
    this.media.set(id, { name, sha256: id, bytes: bytes.byteLength })
    this.#places.set(id, place ?? bytes)
    return { id, name, bytes: bytes.byteLength, ...inspected.value }
  }
}

async function readAll(entry: ArchiveEntry): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of (await entry.open()) as AsyncIterable<Uint8Array>) pieces.push(piece)
  return Buffer.concat(pieces)
}

function bytesOf(uri: string): Buffer | null {
  if (uri.length > MAX_IMAGE_BYTES * 2) return null
  const base64 = DATA_URI.exec(uri)?.[1]
  return base64 === undefined ? null : Buffer.from(base64, 'base64')
}

/** A picture in an answer: its copy, or that it is gone. */
export function pictureContent(picture: AttachmentInfo | undefined, alt: string): AnswerContent {
  if (picture === undefined) return { type: 'media', kind: 'image', sources: ['refused:gone'], alt }
  const { id, mime, bytes, width, height } = picture
  const source = `attachment:${id}`
  return {
    type: 'media',
    kind: 'image',
    sources: [source],
    alt,
    files: { [source]: { id, mime, bytes, width, height } },
  }
}
