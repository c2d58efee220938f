import { createParser } from 'eventsource-parser'
import { StringDecoder } from 'node:string_decoder'
import type { AppError } from '../../shared/errors'

/**
 * One event as it arrived: the JSON object of its data, with `type` and whatever else the server put into it. Of the
 * types that Parley skips unread (`request`, `response`, `headers`, `parameters`) only `type` and `skippedBytes`, the
 * size of what was dropped, are there. Fields are `unknown` because a server may send anything; `parts.ts` checks them.
 */
export interface RawResponse {
  type: string
  [field: string]: unknown
}

/** What the decoder makes of the bytes, in their order. After `failed` nothing follows. */
export type Chunk =
  | { kind: 'event'; event: RawResponse }
  /** Data that is no JSON object with a `type`, or one that is nested too deep. */
  | { kind: 'malformed' }
  | { kind: 'failed'; error: AppError }

/** Of one event, in characters: a generated image as a data URI must fit, an endless line must not (R20). */
export const MAX_EVENT_CHARACTERS = 32 * 1024 * 1024
const MAX_JSON_DEPTH = 64

/**
 * Echoes of what the server asked its provider and what that answered: half of all traffic, single lines of many
 * megabytes (images come back in `request`), and possibly secrets. They are recognised before JSON is parsed and dropped
 * while they arrive, so that neither their size nor their content matters (protocol.md section 3).
 */
const SKIPPED_TYPES = new Set(['request', 'response', 'headers', 'parameters'])
const SKIPPED_OLD_STYLE = /\{\s*"type"\s*:\s*"(request|response|headers|parameters)"/uy
/** Enough of a line to know whether it is skipped. */
const HEAD_CHARACTERS = 48

/**
 * Bytes of an answer → chunks. Reads the WHATWG event stream in all its forms (LF, CRLF, CR, comments, several data
 * lines, byte order mark) and the older framing, a JSON object per line, also mixed (protocol.md section 2). However the
 * bytes are split, the chunks are the same (R19). Pure: no clock, no I/O, no exceptions.
 */
export class ChunkDecoder {
  // Seven times as fast as TextDecoder, and the same replacement characters wherever broken UTF-8 is split.
  readonly #utf8 = new StringDecoder('utf8')
  readonly #parser = createParser({
    // Its measure is of lines, with the name of their field.
    maxBufferSize: MAX_EVENT_CHARACTERS + HEAD_CHARACTERS,
    onEvent: ({ data }) => {
      this.#read(data)
    },
    onError: (error) => {
      if (error.type === 'max-buffer-size-exceeded') this.#fail()
    },
  })
  #chunks: Chunk[] = []
  #hasBegun = false
  #hasFailed = false
  /** The last character was a CR that was passed on as a line end; a LF after it belongs to it. */
  #isAfterCr = false
  /** What is done with the rest of the line that the next characters belong to. */
  #line: 'new' | 'keep' | 'drop' = 'new'
  /** The beginning of a line that is too short to tell. */
  #head = ''
  #skippedType: string | null = null
  #skippedBytes = 0
  /** The present line is a whole event of the older framing. */
  #isOldStyle = false

  /** The chunks that are complete with these bytes. */
  push(bytes: Uint8Array): Chunk[] {
    return this.#decode(this.#utf8.write(bytes))
  }

  /**
   * The chunks that are complete because a clean body has ended: a last line without its line end counts, as it is usual
   * for one JSON object per line. Not to be called for a body that was cut.
   */
  end(): Chunk[] {
    return this.#decode(`${this.#utf8.end()}\n\n`)
  }

  #decode(text: string): Chunk[] {
    this.#chunks = []
    this.#scan(this.#head + this.#unifyLineEnds(text))
    return this.#chunks
  }

  #unifyLineEnds(text: string): string {
    let unified = text
    if (unified === '') return unified
    if (!this.#hasBegun && unified.startsWith('\ufeff')) unified = unified.slice(1)
    this.#hasBegun = true
    if (this.#isAfterCr && unified.startsWith('\n')) unified = unified.slice(1)
    this.#isAfterCr = text.endsWith('\r')
    return unified.includes('\r') ? unified.replace(/\r\n?/gu, '\n') : unified
  }

  // Hands everything but skipped lines to the parser, in as large pieces as possible.
  #scan(text: string): void {
    this.#head = ''
    let at = 0
    let keptFrom = 0
    while (at < text.length && !this.#hasFailed) {
      const end = text.indexOf('\n', at)
      if (this.#line === 'new') {
        if (end === -1 && text.length - at < HEAD_CHARACTERS) {
          this.#feed(text.slice(keptFrom, at))
          this.#head = text.slice(at)
          return
        }
        this.#line = this.#judge(text, at, end)
        // The parser knows events only; a blank line in front ends one that was left open.
        if (this.#isOldStyle && this.#line === 'keep') {
          this.#feed(`${text.slice(keptFrom, at)}\ndata: `)
          keptFrom = at
        }
        if (this.#line === 'drop') this.#feed(text.slice(keptFrom, at))
      }
      const next = end === -1 ? text.length : end + 1
      if (this.#line === 'drop') {
        this.#skippedBytes += (end === -1 ? next : end) - at
        keptFrom = next
      }
      if (end !== -1) {
        if (this.#isOldStyle) {
          this.#feed(text.slice(keptFrom, next))
          this.#feed('\n')
          keptFrom = next
          this.#isOldStyle = false
          this.#endSkipped()
        }
        this.#line = 'new'
      }
      at = next
    }
    this.#feed(text.slice(keptFrom))
  }

  /** What becomes of the line that begins at `at`; `end` is -1 for one that is not whole yet, but long enough to tell. */
  #judge(text: string, at: number, end: number): 'keep' | 'drop' {
    if (end === at) {
      this.#endSkipped()
      return 'keep'
    }
    if (text.startsWith('event:', at)) {
      const valueAt = text[at + 6] === ' ' ? at + 7 : at + 6
      const type = end === -1 ? '' : text.slice(valueAt, end)
      this.#skippedType = SKIPPED_TYPES.has(type) ? type : null
      this.#skippedBytes = 0
      // The parser can do without: what an event is stands in its JSON too.
      return this.#skippedType === null ? 'keep' : 'drop'
    }
    if (this.#skippedType !== null) return 'drop'
    if (text[at] !== '{') return 'keep'
    this.#isOldStyle = true
    SKIPPED_OLD_STYLE.lastIndex = at
    const type = SKIPPED_OLD_STYLE.exec(text)?.[1]
    if (type === undefined) return 'keep'
    this.#skippedType = type
    this.#skippedBytes = 0
    return 'drop'
  }

  #endSkipped(): void {
    if (this.#skippedType === null) return
    this.#chunks.push({ kind: 'event', event: { type: this.#skippedType, skippedBytes: this.#skippedBytes } })
    this.#skippedType = null
  }

  #feed(text: string): void {
    if (text !== '' && !this.#hasFailed) this.#parser.feed(text)
  }

  #fail(): void {
    this.#hasFailed = true
    this.#chunks.push({ kind: 'failed', error: { code: 'too-large', limitBytes: MAX_EVENT_CHARACTERS } })
  }

  #read(data: string): void {
    if (this.#hasFailed) return
    if (data.length > MAX_EVENT_CHARACTERS) {
      this.#fail()
      return
    }
    // Some proxies send it to keep the connection alive.
    if (data === '') return
    const event = parseEvent(data)
    if (event === null) this.#chunks.push({ kind: 'malformed' })
    else if (SKIPPED_TYPES.has(event.type)) {
      this.#chunks.push({ kind: 'event', event: { type: event.type, skippedBytes: data.length } })
    } else this.#chunks.push({ kind: 'event', event })
  }
}

function parseEvent(data: string): RawResponse | null {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch {
    return null
  }
  return isRawResponse(value) && !isDeeperThan(value, MAX_JSON_DEPTH) ? value : null
}

function isRawResponse(value: unknown): value is RawResponse {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** Stops at the limit, so that no nesting can exhaust the stack. */
export function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  for (const key in value) {
    if (isDeeperThan((value as Record<string, unknown>)[key], depth - 1)) return true
  }
  return false
}
