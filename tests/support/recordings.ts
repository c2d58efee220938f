import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { Transport } from '../../src/main/backend/transport'
import { createPlayer } from '../../src/main/wire/player'

const folder = resolve(import.meta.dirname, '../fixtures/transcripts')

/** A recorded answer of a real server: its head, and its body without the chunks of the transfer. */
export interface Recording {
  name: string
  /** Path and body of the recorded request. */
  request: { path: string; body: string }
  status: number
  headers: Record<string, string>
  body: Buffer
}

export const recordingNames: readonly string[] = readdirSync(folder)
  .filter((file) => file.endsWith('.raw'))
  .map((file) => file.slice(0, -'.raw'.length))
  .sort()

export function readRecording(name: string): Recording {
  const sent = readFileSync(resolve(folder, `${name}.http`), 'latin1')
  const raw = readFileSync(resolve(folder, `${name}.raw`))
  const headEnd = raw.indexOf('\r\n\r\n')
  const [first = '', ...lines] = raw.toString('latin1', 0, headEnd).split('\r\n')
  const headers = Object.fromEntries(
    lines.map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
    }),
  )
  const body = raw.subarray(headEnd + 4)
  return {
    name,
    request: { path: sent.split(' ')[1] ?? '', body: sent.slice(sent.indexOf('\r\n\r\n') + 4) },
    status: Number(first.split(' ')[1]),
    headers,
    body: headers['transfer-encoding'] === 'chunked' ? joinChunks(body) : body,
  }
}

function joinChunks(body: Buffer): Buffer {
  const pieces: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = body.indexOf('\r\n', at)
    const length = Number.parseInt(body.toString('latin1', at, lineEnd), 16)
    if (length === 0) return Buffer.concat(pieces)
    pieces.push(body.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
}

/** A transport that answers with the recording, its body cut into pieces of the given sizes (the last one repeats). */
export function replay(
  { status, headers, body }: Recording,
  pieceBytes: readonly number[] = [Number.POSITIVE_INFINITY],
): Transport {
  const reads = [...cut(body, pieceBytes)].map((bytes) => ({ atMs: 0, bytes }))
  return createPlayer({ response: { status, headers }, reads, end: { kind: 'complete', atMs: 0 } })
}

function* cut(body: Uint8Array, pieceBytes: readonly number[]): Iterable<Uint8Array> {
  let at = 0
  for (let index = 0; at < body.length; index += 1) {
    const bytes = pieceBytes[Math.min(index, pieceBytes.length - 1)] ?? body.length
    yield body.subarray(at, at + bytes)
    at += bytes
  }
}
