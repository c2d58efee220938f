import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import { failure, type MediaReason } from '../shared/errors'
import { cut } from './content-hash'
import { recogniseDocument } from './document'
import { MAX_IMAGE_BYTES } from './image'
import { FORMAT_HEAD_BYTES, recogniseMedia, type MediaFormat } from './media-format'

/** Of a sound or a film in an answer; an image has the limit of all images. */
export const MAX_MEDIA_BYTES = 200 * 1024 * 1024

/** Writes what comes, durably, for the owner only. Ends with an error as soon as it is known that it may not be kept. */
export async function writeResult(
  path: string,
  body: AsyncIterable<Uint8Array>,
  host: string | null,
  mayBeDocument: boolean,
): Promise<{ id: string; format: MediaFormat; bytes: number }> {
  const handle = await open(path, 'wx', 0o600)
  try {
    const received = await receiveResult(body, host, { mayBeDocument }, (piece) => handle.writeFile(piece))
    await handle.datasync()
    return received
  } finally {
    await handle.close()
  }
}

/** Takes a result in piece by piece, held to what it is by its first bytes. */
export async function receiveResult(
  body: AsyncIterable<Uint8Array>,
  host: string | null,
  { mayBeDocument = false, maxBytes: room = MAX_MEDIA_BYTES }: { mayBeDocument?: boolean; maxBytes?: number },
  write: (piece: Uint8Array) => Promise<void>,
): Promise<{ id: string; format: MediaFormat; bytes: number }> {
  const sha256 = createHash('sha256')
  let head = Buffer.alloc(0)
  let format: MediaFormat | null = null
  let bytes = 0
  const recognise = async (): Promise<MediaFormat> => {
    const found = (await recogniseMedia(head)) ?? (mayBeDocument ? recogniseDocument(head) : null)
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
      const isSmall = format?.kind === 'image' || format?.kind === 'document'
      const maxBytes = Math.min(room, isSmall ? MAX_IMAGE_BYTES : MAX_MEDIA_BYTES)
      if (bytes > maxBytes) throw mediaFailure('too-large', host, maxBytes)
      sha256.update(piece)
      await write(piece)
    }
  }
  format ??= await recognise()
  return { id: sha256.digest('hex'), format, bytes }
}

/** Why a result is not kept; `host` is where it comes from. */
export function mediaFailure(reason: MediaReason, host: string | null, limitBytes: number | null = null): Error {
  return failure({ code: 'media', reason, host, limitBytes })
}
