import * as v from 'valibot'
import { failure } from '../../shared/errors'
import { appErrorSchema } from '../library/schema'
import type { SavedExchange } from './exchange'
import { isModest } from './json'
import type { Playback, PlaybackEnd } from './player'

/** Ends the names of saved recordings. */
export const RECORDING_EXTENSION = '.parley-recording.json'
export const MAX_FILE_BYTES = 32 * 1024 * 1024

const FORMAT = 'parley-recording'
const VERSION = 1

// Before JSON.parse: what is small as text can be fifty times as large as values. A recording has at most 200,000 frames.
const MAX_DEPTH = 8
const MAX_VALUES = 1_000_000

/** Longer than any answer may take. */
const MAX_MS = 30 * 24 * 3600 * 1000
const MAX_HEADERS = 1000

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const atMs = v.pipe(v.number(), v.minValue(0), v.maxValue(MAX_MS))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const headers = v.pipe(
  v.array(v.strictObject({ name: v.pipe(text(1000), v.regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u)), value: text(65_536) })),
  v.maxLength(MAX_HEADERS),
)
// It stands in the command that people copy.
const route = v.strictObject({
  proxy: v.nullable(v.pipe(text(2048), v.regex(/^(?:https?|socks[45]):\/\/[A-Za-z0-9.:_[\]-]+$/u))),
  hasProxyLogin: v.boolean(),
  trust: v.variant('kind', [
    v.strictObject({ kind: v.literal('system') }),
    v.strictObject({ kind: v.literal('pinned'), sha256: v.pipe(text(200), v.regex(/^[0-9A-Fa-f:]+$/u)) }),
    v.strictObject({ kind: v.literal('authority'), fileName: text(255) }),
  ]),
})
const end: v.GenericSchema<unknown, PlaybackEnd> = v.variant('kind', [
  v.strictObject({ kind: v.literal('complete'), atMs }),
  v.strictObject({ kind: v.literal('closed'), atMs }),
  v.strictObject({ kind: v.literal('failed'), atMs, error: appErrorSchema }),
])

const fileSchema = v.strictObject({
  format: v.literal(FORMAT),
  version: v.literal(VERSION),
  startedAt: v.pipe(v.string(), v.isoTimestamp()),
  request: v.strictObject({
    method: v.picklist(['GET', 'POST', 'DELETE']),
    // Of the transports that there are: it is shown, and stands in the command that people copy.
    url: v.pipe(text(8192), v.regex(/^(?:https?|guide):\/\//u)),
    headers,
    body: v.string(),
    bodyBytes: count,
    route: v.optional(route),
  }),
  response: v.nullable(v.strictObject({ status: v.pipe(count, v.maxValue(999)), headers })),
  earlierTries: count,
  bytes: count,
  isCut: v.boolean(),
  restBytes: count,
  end: v.nullable(end),
  reads: v.pipe(
    v.array(v.strictTuple([atMs, v.string()])),
    v.check((reads) => reads.every(([ms], index) => index === 0 || ms >= (reads[index - 1]?.[0] ?? 0))),
  ),
})

/** A recording as the text of a file: JSON, a line for each read. */
export function writeRecording({ startedAt, reads, ...rest }: SavedExchange): string {
  const head = { format: FORMAT, version: VERSION, startedAt: new Date(startedAt).toISOString(), ...rest, reads: [] }
  const lines = reads.map((read) => `    ${JSON.stringify(read)}`)
  // The empty list is the last thing in the text.
  const empty = '[]\n}'
  const written = JSON.stringify(head, null, 2).slice(0, -empty.length)
  return lines.length === 0 ? `${written}${empty}\n` : `${written}[\n${lines.join(',\n')}\n  ]\n}\n`
}

/**
 * Reads what writeRecording has written, or what somebody says that it has: whatever it holds is data, nothing of it is
 * run or fetched.
 *
 * @throws AppFailure `bad-recording`
 */
export function readRecording(bytes: Uint8Array): SavedExchange {
  if (bytes.length > MAX_FILE_BYTES) throw failure({ code: 'bad-recording', reason: 'too-large' })
  let value: unknown
  try {
    const json = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    value = isModest(json, MAX_DEPTH, MAX_VALUES) ? JSON.parse(json) : null
  } catch {
    throw failure({ code: 'bad-recording', reason: 'format' })
  }
  const version = v.safeParse(v.object({ format: v.literal(FORMAT), version: v.number() }), value)
  if (version.success && version.output.version > VERSION) throw failure({ code: 'bad-recording', reason: 'newer' })
  const parsed = v.safeParse(fileSchema, value)
  if (!parsed.success) throw failure({ code: 'bad-recording', reason: 'format' })
  const { startedAt, format: _format, version: _version, ...rest } = parsed.output
  return { ...rest, startedAt: Date.parse(startedAt) }
}

/** A recording as the player takes it. */
export function playbackOf({ response, reads, end: savedEnd }: SavedExchange): Playback {
  return {
    response:
      response === null
        ? null
        : {
            status: response.status,
            headers: Object.fromEntries(response.headers.map(({ name, value }) => [name.toLowerCase(), value])),
          },
    reads: reads.map(([ms, stream]) => ({ atMs: ms, bytes: Buffer.from(stream) })),
    end: savedEnd ?? { kind: 'closed', atMs: reads.at(-1)?.[0] ?? 0 },
  }
}

/** A name to propose for a file; letters that any system takes (S20). */
export function recordingName(host: string, startedAt: number): string {
  const at = new Date(startedAt)
  const two = (number: number): string => String(number).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  const time = `${two(at.getHours())}-${two(at.getMinutes())}`
  const place = host.replace(/[^A-Za-z0-9.-]+/gu, '-').slice(0, 80)
  return `parley-${place}-${day}-${time}${RECORDING_EXTENSION}`
}
