import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import type { AttachmentInfo } from '../../shared/conversation'
import type { AppError, AttachmentReason, Result } from '../../shared/errors'
import { inspectImage, MAX_IMAGE_BYTES } from '../image'

/** An entry of `media` on the wire: data URI or web address, and the file's name. */
export type MediaItem = readonly [uri: string | StoredFile, name: string | null]

/**
 * A checked file that stands where a data URI belongs, in `media` or in a content part. Its bytes are read and encoded
 * only while the request is sent, so that ten images of 20 MB are never in memory (R40).
 */
export class StoredFile {
  /**
   * @param place its path, or the bytes themselves
   * @param bytes its exact size; a file that has changed since is not sent
   * @param isBare its base64 alone, as sounds are sent
   */
  constructor(
    readonly place: string | Uint8Array,
    readonly mime: AttachmentInfo['mime'],
    readonly bytes: number,
    readonly isBare = false,
  ) {}
}

/** A path, the bytes themselves, or a Blob or File. */
export type MediaFile = string | Uint8Array | Blob

/**
 * A file as a data URI for `media`, if servers take it: png, jpeg, gif or webp by its content, at most 20 MiB and 64
 * megapixels, both checked before anything is encoded. Never throws: what is refused is an `attachment` error.
 *
 * @param name for errors; without it the name of the path or of the File is used
 */
export async function toDataUri(file: MediaFile, name: string = nameOf(file)): Promise<Result<string>> {
  const read = await readBytes(file, name)
  if (!read.ok) return read
  const image = await inspectImage(read.value, name)
  if (!image.ok) return image
  const { buffer, byteOffset, byteLength } = read.value
  const base64 = Buffer.from(buffer, byteOffset, byteLength).toString('base64')
  return { ok: true, value: `data:${image.value.mime};base64,${base64}` }
}

/**
 * The same for several, one result each and in their order: a file that is refused never stops the others. One after the
 * other, so that memory holds one file at a time beside the results.
 */
export async function toDataUris(
  files: readonly { file: MediaFile; name?: string }[],
): Promise<{ name: string; uri: Result<string> }[]> {
  const results: { name: string; uri: Result<string> }[] = []
  for (const { file, name = nameOf(file) } of files) results.push({ name, uri: await toDataUri(file, name) })
  return results
}

function nameOf(file: MediaFile): string {
  if (typeof file === 'string') return path.basename(file)
  return 'name' in file && typeof file.name === 'string' && file.name !== '' ? file.name : 'image'
}

async function readBytes(file: MediaFile, name: string): Promise<Result<Uint8Array>> {
  if (typeof file === 'string') return readFileBytes(file, name)
  if (file instanceof Uint8Array) return { ok: true, value: file }
  if (file.size > MAX_IMAGE_BYTES) return refuse('too-large', name, MAX_IMAGE_BYTES / 1024 / 1024)
  try {
    return { ok: true, value: new Uint8Array(await file.arrayBuffer()) }
  } catch {
    return refuse('unreadable', name)
  }
}

// Opening a pipe would wait for its other end. Windows knows neither the flag, which is undefined there and counts as
// 0, nor such files.
const NON_BLOCKING_READ = constants.O_RDONLY | constants.O_NONBLOCK

// The size is asked of the open file, so that what is checked is what is read; a device or a pipe is no file.
async function readFileBytes(file: string, name: string): Promise<Result<Uint8Array>> {
  try {
    const handle = await open(file, NON_BLOCKING_READ)
    try {
      const stats = await handle.stat()
      if (stats.isDirectory()) return refuse('folder', name)
      if (!stats.isFile()) return refuse('unreadable', name)
      if (stats.size > MAX_IMAGE_BYTES) return refuse('too-large', name, MAX_IMAGE_BYTES / 1024 / 1024)
      return { ok: true, value: await handle.readFile() }
    } finally {
      await handle.close()
    }
  } catch {
    return refuse('unreadable', name)
  }
}

function refuse(reason: AttachmentReason, name: string, limit: number | null = null): { ok: false; error: AppError } {
  return { ok: false, error: { code: 'attachment', reason, name, format: null, limit } }
}
