import { createHash } from 'node:crypto'
import { refusal } from './archive'

/** The SHA-256 and the length of what a stream brings; nothing of it is kept. */
export async function hashStream(stream: AsyncIterable<unknown>): Promise<{ sha256: string; bytes: number }> {
  const sha256 = createHash('sha256')
  let bytes = 0
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    sha256.update(piece)
    bytes += piece.byteLength
  }
  return { sha256: sha256.digest('hex'), bytes }
}

/** What a stream brings, which at its end must have been this; an error before anybody believes it otherwise. */
export async function* checkedStream(
  stream: AsyncIterable<unknown>,
  expected: { sha256: string; bytes: number },
): AsyncGenerator<Uint8Array> {
  const sha256 = createHash('sha256')
  let bytes = 0
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    sha256.update(piece)
    bytes += piece.byteLength
    if (bytes > expected.bytes) break
    yield piece
  }
  if (bytes !== expected.bytes || sha256.digest('hex') !== expected.sha256) throw refusal('damaged')
}
