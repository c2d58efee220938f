import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'

const PIECE_BYTES = 1024 * 1024

/** The SHA-256 of a file, which is never whole in memory. Rejects as the system does. */
export async function hashFile(path: string): Promise<string> {
  const sha256 = createHash('sha256')
  for await (const piece of createReadStream(path)) sha256.update(piece as Uint8Array)
  return sha256.digest('hex')
}

/** The SHA-256 of bytes: in pieces, because 20 MiB in one go would hold up every stream for 40 ms. */
export async function hashBytes(bytes: Uint8Array): Promise<string> {
  const sha256 = createHash('sha256')
  for (const piece of cut(bytes)) {
    sha256.update(piece)
    await nextTurn()
  }
  return sha256.digest('hex')
}

/** Bytes in pieces that do not hold anybody up. */
export function* cut(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}
