/** Recorded answers of real servers: `NAME.raw` holds every byte as it came, `NAME.timing.json` when each read came. */
import type { Playback } from '../../../src/main/wire/player'
import type { TimedBytes } from '../../../src/main/wire/tape'
import { concat, type Answer, type Step } from './answer'

export interface Recording {
  status: number
  /** Names in lower case. */
  headers: Record<string, string>
  /** The reads, in order: head, framing and body as they lay on the wire. */
  pieces: readonly TimedBytes[]
}

/**
 * @param raw the whole response: status line, headers, framed body
 * @param timing the parsed `.timing.json`, of which `reads_ms_bytes` is used: pairs of milliseconds and bytes
 */
export function parseRecording(raw: Uint8Array, timing: unknown): Recording {
  const reads = readTimes(timing)
  const pieces: TimedBytes[] = []
  let offset = 0
  for (const [atMs, length] of reads) {
    pieces.push({ atMs, bytes: raw.subarray(offset, offset + length) })
    offset += length
  }
  if (offset !== raw.length) throw new Error(`The timing tells of ${offset} bytes, the recording has ${raw.length}`)
  const [statusLine = '', ...lines] = decoder.decode(raw.subarray(0, endOfHead(raw))).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  return { status: Number(statusLine.split(' ')[1]), headers, pieces }
}

/**
 * The recording as an answer, byte for byte, each read at its time.
 *
 * @param speed 2 plays twice as fast; Infinity as fast as the reader reads
 */
export function replay(recording: Recording, speed: number): Answer {
  const { status, headers, pieces } = recording
  return { status, headers, framing: 'raw', steps: timedSteps(pieces, speed) }
}

function* timedSteps(pieces: readonly TimedBytes[], speed: number): Iterable<Step> {
  for (const { atMs, bytes } of pieces) {
    if (Number.isFinite(speed)) yield { do: 'wait-until', ms: atMs / speed }
    yield { do: 'send-unframed', bytes }
  }
}

/**
 * What was recorded of an answer, by Parley itself or from a raw recording, as an answer of a server: the same pieces at
 * the same times, framed anew, and the same end.
 *
 * @param speed as for replay
 */
export function answerOf({ response, reads, end }: Playback, speed: number): Answer {
  if (response === null) return { status: 500, headers: {}, framing: 'raw', steps: [{ do: 'reset' }] }
  const headers = Object.fromEntries(Object.entries(response.headers).filter(([name]) => !OF_CONNECTION.has(name)))
  function* steps(): Iterable<Step> {
    const waitUntil = (atMs: number): Step[] => (Number.isFinite(speed) ? [{ do: 'wait-until', ms: atMs / speed }] : [])
    for (const { atMs, bytes } of reads) {
      yield* waitUntil(atMs)
      yield { do: 'send', bytes }
    }
    yield* waitUntil(end.atMs)
    if (end.kind === 'failed') yield { do: end.error.code === 'timeout' ? 'hold' : 'cut' }
  }
  return { status: response.status, headers: { ...headers, connection: 'close' }, framing: 'chunked', steps: steps() }
}

const OF_CONNECTION = new Set(['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding'])

/** A raw recording as the app's player takes it. */
export function playbackOf(recording: Recording): Playback {
  const reads = bodyOf(recording)
  const { status, headers } = recording
  return { response: { status, headers }, reads, end: { kind: 'complete', atMs: recording.pieces.at(-1)?.atMs ?? 0 } }
}

/** The body without its framing, with the time at which each part of it came. */
export function bodyOf(recording: Recording): TimedBytes[] {
  const raw = concat(recording.pieces.map((piece) => piece.bytes))
  const timeAt = (offset: number): number => {
    let end = 0
    for (const { atMs, bytes } of recording.pieces) {
      end += bytes.length
      if (offset < end) return atMs
    }
    return recording.pieces.at(-1)?.atMs ?? 0
  }
  const start = endOfHead(raw) + 4
  if (recording.headers['transfer-encoding'] !== 'chunked') {
    return [{ atMs: timeAt(start), bytes: raw.subarray(start) }]
  }
  const body: TimedBytes[] = []
  let offset = start
  for (;;) {
    const lineEnd = raw.indexOf(0x0a, offset)
    const length = Number.parseInt(decoder.decode(raw.subarray(offset, lineEnd)), 16)
    if (lineEnd === -1 || Number.isNaN(length) || length === 0) return body
    const bytes = raw.subarray(lineEnd + 1, lineEnd + 1 + length)
    body.push({ atMs: timeAt(lineEnd + length), bytes })
    offset = lineEnd + 1 + length + 2
  }
}

const decoder = new TextDecoder()

function endOfHead(raw: Uint8Array): number {
  for (let at = 0; at + 3 < raw.length; at += 1) {
    if (raw[at] === 13 && raw[at + 1] === 10 && raw[at + 2] === 13 && raw[at + 3] === 10) return at
  }
  throw new Error('The recording has no end of its headers')
}

function readTimes(timing: unknown): [number, number][] {
  const reads =
    typeof timing === 'object' && timing !== null && 'reads_ms_bytes' in timing ? timing.reads_ms_bytes : null
  if (!Array.isArray(reads)) throw new Error('The timing has no reads_ms_bytes')
  return reads.map((read: unknown) => {
    if (Array.isArray(read) && typeof read[0] === 'number' && typeof read[1] === 'number') return [read[0], read[1]]
    throw new Error('A read is not a pair of milliseconds and bytes')
  })
}
