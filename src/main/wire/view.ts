import * as v from 'valibot'
import type { WireHeader, WireRecording, WireRow } from '../../shared/contract'
import type { AppError } from '../../shared/errors'
import { plainLine, plainText } from '../backend/server-text'
import { SKIPPED_TYPES } from '../backend/stream'
import { appErrorSchema } from '../library/schema'
import type { Exchange, SavedExchange } from './exchange'
import type { Frame } from './frames'
import { gistOf, lineOf, quoted } from './gist'
import { readJson } from './json'
import { Mask, secretsIn, secretsOf, withoutUnseen } from './mask'
import type { Playback, PlaybackEnd } from './player'
import { cutText, maskRequest, readRequest, showBody, type SentRequest } from './request'
import { Seams } from './seams'

/** At most so many rows at a time. */
export const MAX_ROWS = 1000
/** Of the JSON of one event on show. */
const MAX_SHOWN_CHARACTERS = 256 * 1024
const MAX_TYPE = 40
/** Of a page of HTML, to find its words. */
const MAX_PAGE = 8 * 1024

/** Server events of which only type and size are told: they can hold other people's lines and the server's own keys. */
const HIDDEN_TYPES: ReadonlySet<string> = new Set(['log', 'headers'])
/** Those of which no file holds more either (S41). */
const UNSAVED_TYPES: ReadonlySet<string> = new Set(['log', 'headers', 'request', 'response'])
/** In one of these that cannot be read. Within a string the quotes would be escaped. */
const UNSAVED_MARK = /"type"\s*:\s*"(log|headers|request|response)"/u

/** A frame without its secrets. */
interface Shown {
  type: string
  /** JSON where the frame has JSON. */
  data: string
  /** What `data` says, if it is an event. */
  event: Readonly<Record<string, unknown>> | null
  bytes: number
}

/** An exchange as it may be seen. All that leaves the recorder goes through here, and nothing leaves it unmasked. */
export class View {
  readonly #exchange: Exchange
  readonly #mask: Mask
  readonly #seams: Seams
  readonly #request: SentRequest
  readonly #shownRequest: WireRecording['request']
  #framesRead = 0

  constructor(exchange: Exchange) {
    const sent = readRequest(exchange.request)
    this.#exchange = exchange
    this.#mask = new Mask(exchange.secrets, [...secretsOf(exchange.request.headers), ...secretsIn(sent.body)])
    this.#seams = new Seams(this.#mask)
    this.#request = maskRequest(sent, this.#mask)
    const { method, headers, body, bodyBytes, route } = this.#request
    this.#shownRequest = {
      method,
      ...placeOf(this.#request.url),
      headers: [...headers],
      body: showBody(body),
      bodyBytes,
      via: route?.proxy?.replace(/^[a-z0-9]+:\/\//u, '') ?? null,
    }
  }

  recording(): WireRecording {
    const { id, messageId, startedAt, bytes, earlierTries, end } = this.#exchange
    const events = this.#frames().length
    return {
      id,
      messageId,
      startedAt,
      request: this.#shownRequest,
      response: this.#response(),
      end: end === null ? null : { atMs: end.atMs, error: end.kind === 'failed' ? this.#error(end.error) : null },
      events,
      bytes,
      isCut: this.#exchange.isCut,
      earlierTries,
    }
  }

  rows(from: number): WireRow[] {
    return this.#frames()
      .slice(from, from + MAX_ROWS)
      .map((frame, offset) => {
        const { type, bytes, data, event } = this.#show(frame, 'view')
        const gist = event === null ? sayOf(frame, data) : gistOf(type, event)
        return { index: from + offset, atMs: frame.atMs, type, bytes, gist }
      })
  }

  /** The data of one event: as it came, but for its secrets. Null when there is none. */
  event(index: number): string | null {
    const frame = this.#frames()[index]
    return frame === undefined ? null : cutText(this.#show(frame, 'view').data, MAX_SHOWN_CHARACTERS)
  }

  /** The request without its secrets, its body compact. */
  get request(): SentRequest {
    return this.#request
  }

  save(): SavedExchange {
    const { startedAt, bytes, isCut, earlierTries, end } = this.#exchange
    const reads: [number, string][] = []
    let restBytes = 0
    for (const frame of this.#frames()) {
      const shown = this.#show(frame, 'file')
      const isUnread = frame.kind === 'body' && frame.leftOutBytes > 0
      if (frame.kind === 'rest' || isUnread) restBytes = shown.bytes
      if (frame.kind === 'rest') continue
      const written = writeFrame(frame, shown.data, this.#mask.text(frame.name ?? ''))
      // At its beginning a stream may have a byte order mark, which is none of it.
      const text =
        reads.length === 0 && frame.kind === 'stray' && written.startsWith('\ufeff') ? `\ufeff${written}` : written
      const last = reads.at(-1)
      if (last?.[0] === frame.atMs) last[1] += text
      else reads.push([frame.atMs, text])
    }
    const request = this.#request
    return {
      startedAt,
      request,
      response: this.#response(),
      reads,
      restBytes,
      end: end?.kind === 'failed' ? { ...end, error: this.#error(end.error) } : end,
      bytes,
      isCut,
      earlierTries,
    }
  }

  playback(): Playback {
    const { response, reads, end } = this.save()
    const lastMs = reads.at(-1)?.[0] ?? 0
    const closed: PlaybackEnd = { kind: 'closed', atMs: lastMs }
    return {
      response: response === null ? null : { status: response.status, headers: recordOf(response.headers) },
      reads: reads.map(([atMs, text]) => ({ atMs, bytes: Buffer.from(text) })),
      // What was not kept is not known to have been the end.
      end: end === null || this.#exchange.isCut ? closed : end,
    }
  }

  #frames(): readonly Frame[] {
    const frames = this.#exchange.frames()
    if (frames.length > this.#framesRead) {
      this.#seams.read(frames.slice(this.#framesRead))
      this.#framesRead = frames.length
    }
    return frames
  }

  #response(): { status: number; headers: WireHeader[] } | null {
    const { response } = this.#exchange
    if (response === null) return null
    const headers = Object.entries(response.headers).map(([name, value]) => ({
      name: plainLine(this.#mask.text(name), 200),
      value: plainText(this.#mask.header(name, value), 8192),
    }))
    return { status: response.status, headers }
  }

  #error(error: AppError): AppError {
    const parsed = v.safeParse(appErrorSchema, this.#mask.value(error))
    return parsed.success ? parsed.output : { code: 'internal' }
  }

  #show(frame: Frame, where: 'view' | 'file'): Shown {
    switch (frame.kind) {
      case 'comment':
        return this.#shownText('comment', frame)
      case 'stray':
        return this.#shownText('malformed', frame)
      case 'more':
        return { type: 'more', data: '', event: null, bytes: 0 }
      case 'rest':
        return { type: 'cut', data: '', event: null, bytes: sizeOf(frame) }
      case 'body': {
        const data = this.#mask.json(frame.data)
        return { type: 'body', data, event: null, bytes: Buffer.byteLength(data) + frame.leftOutBytes }
      }
      case 'event':
      case 'line':
        return this.#showEvent(frame, where)
    }
  }

  #shownText(type: string, { data }: Frame): Shown {
    const masked = this.#mask.text(data)
    return { type, data: masked, event: null, bytes: Buffer.byteLength(masked) }
  }

  #showEvent(frame: Frame, where: 'view' | 'file'): Shown {
    const data = this.#mask.json(this.#seams.hide(frame))
    const event = readEvent(data)
    const type = typeOf(frame, event)
    if (type === null) {
      const isEmpty = frame.data === ''
      const name = isEmpty ? plainLine(this.#mask.text(frame.name ?? 'comment'), MAX_TYPE) : 'malformed'
      return { type: name, data, event: null, bytes: Buffer.byteLength(data) }
    }
    const isQuiet = unsavedType(type) !== null || frame.leftOutBytes > 0
    const bytes = isQuiet ? this.#wholeSizeOf(frame, event) : Buffer.byteLength(data)
    const stub = { type, skippedBytes: bytes, ...modelOf(type, event, data) }
    const isTold = where === 'view' ? !HIDDEN_TYPES.has(unsavedType(type) ?? type) : !isQuiet
    const shown = isTold ? { data, event: event ?? stub } : { data: JSON.stringify(stub), event: stub }
    return { type: plainLine(type, MAX_TYPE) || 'event', bytes, ...shown }
  }

  // A file tells how large the event was of which it holds no more.
  #wholeSizeOf(frame: Frame, event: Readonly<Record<string, unknown>> | null): number {
    const skipped = event?.skippedBytes
    return this.#exchange.isFromFile && typeof skipped === 'number' ? skipped : sizeOf(frame)
  }
}

/** What an event counts as, by the rules of ChunkDecoder; null when that cannot be told. */
function typeOf({ name, data }: Frame, event: Readonly<Record<string, unknown>> | null): string | null {
  if (name !== null && SKIPPED_TYPES.has(name)) return name
  if (typeof event?.type === 'string') return event.type
  const named = unsavedType(name ?? '')
  return named ?? UNSAVED_MARK.exec(data)?.[1] ?? null
}

/** The type that is never saved, however its name is written. */
function unsavedType(type: string): string | null {
  const plain = withoutUnseen(type).trim().toLowerCase()
  return UNSAVED_TYPES.has(plain) ? plain : null
}

function readEvent(json: string): Readonly<Record<string, unknown>> | null {
  const value = readJson(json)
  const isEvent = typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
  return isEvent ? value : null
}

/** Of an echo of the request, the one thing that is told of it everywhere. One that is cut is searched for it. */
function modelOf(
  type: string,
  event: Readonly<Record<string, unknown>> | null,
  data: string,
): { request?: { model: string } } {
  if (type !== 'request') return {}
  const request = event?.request
  const isObject = typeof request === 'object' && request !== null && 'model' in request
  const model = event === null ? /"model"\s*:\s*"([^"\\]{1,200})"/u.exec(data)?.[1] : isObject ? request.model : null
  return typeof model === 'string' ? { request: { model } } : {}
}

function sizeOf({ data, leftOutBytes }: Frame): number {
  return Buffer.byteLength(data) + leftOutBytes
}

/** What cannot be read as an event, in a few words. */
function sayOf({ kind }: Frame, data: string): string {
  if (kind === 'comment') return lineOf(data)
  if (kind === 'body') return lineOf(data.slice(0, MAX_PAGE).replace(/<[^>]*>|\s+/gu, ' '))
  return data === '' ? '' : quoted(data)
}

/** The frame as a stream brings it. */
function writeFrame({ kind, name, data: { length } }: Frame, data: string, maskedName: string): string {
  switch (kind) {
    case 'event': {
      const lines = length === 0 ? ['data:'] : data.split('\n').map((line) => `data: ${line}`)
      return `${[...(name === null ? [] : [`event: ${maskedName}`]), ...lines].join('\n')}\n\n`
    }
    case 'line':
    case 'stray':
      return `${data}\n`
    case 'comment':
    case 'more':
      return `:${data}\n`
    case 'body':
    case 'rest':
      return data
  }
}

function placeOf(url: string): { host: string; path: string } {
  try {
    const { host, pathname, search } = new URL(url)
    return { host, path: pathname + search }
  } catch {
    return { host: '', path: url }
  }
}

function recordOf(headers: readonly WireHeader[]): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name, value]))
}
