import { createParser } from 'eventsource-parser'
import { isAscii } from 'node:buffer'
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
  /** Data that is no JSON object with a `type`, or one that is nested too deep or of too many values. */
  | { kind: 'malformed' }
  | { kind: 'failed'; error: AppError }

/** Of one event, in characters: a generated image as a data URI must fit, an endless line must not (R20). */
export const MAX_EVENT_CHARACTERS = 32 * 1024 * 1024
const MAX_JSON_DEPTH = 64
/**
 * Reading JSON costs by value, not by length: 31 MB of `{},{},…` take four to ten seconds, one image of that size a
 * tenth of one. Events longer than the second number are counted through before they are read.
 */
const MAX_JSON_MARKS = 200_000
const MIN_COUNTED_CHARACTERS = 64 * 1024

/**
 * Echoes of what the server asked its provider and what that answered: half of all traffic, single lines of many
 * megabytes (images come back in `request`), and possibly secrets. They are recognised before JSON is parsed and dropped
 * while they arrive, so that neither their size nor their content matters (protocol.md section 3).
 */
export const SKIPPED_TYPES: ReadonlySet<string> = new Set(['request', 'response', 'headers', 'parameters'])
const SKIPPED_OLD_STYLE = /\{\s*"type"\s*:\s*"(request|response|headers|parameters)"/uy
/** Enough of a line to know whether it is skipped. */
const HEAD_CHARACTERS = 48

/** Longer events than this take the long way as they come. */
const MAX_REST_BYTES = 64 * 1024

const BLANK_LINE = '\n\n'
const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const EVENT = viewOf('event: ')
const DATA = viewOf('data: ')
const RESPONSE = viewOf('event: response\n')
/** How servers begin the events that carry nearly all of an answer. */
const CONTENT = viewOf('event: content\ndata: {"type": "content", "content": "')
const CONTENT_DATA_AT = 'event: content\ndata: '.length
const CONTENT_END = viewOf('"}\n\n')

/**
 * Bytes of an answer → chunks. Reads the WHATWG event stream in all its forms (LF, CRLF, CR, comments, several data
 * lines, byte order mark) and the older framing, a JSON object per line, also mixed (protocol.md section 2). However the
 * bytes are split, the chunks are the same (R19). Pure: no clock, no I/O, no exceptions.
 *
 * There are two ways through it. Events that are written as servers write them, which are nearly all, are cut out of the
 * bytes directly; everything else, and what is not whole yet, takes the long way over eventsource-parser. Both give the
 * same chunks for the same bytes.
 */
export class ChunkDecoder {
  // Seven times as fast as TextDecoder, and the same replacement characters wherever broken UTF-8 is split.
  readonly #utf8 = new StringDecoder('utf8')
  readonly #parser = createParser({
    // Its measure is of lines, with the name of their field.
    maxBufferSize: MAX_EVENT_CHARACTERS + HEAD_CHARACTERS,
    onEvent: ({ data }) => {
      this.#addEvent(data)
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
  /** An event that is cut and goes on with the next bytes, while the short way may still read it. */
  #rest: Buffer | null = null
  readonly #isJoined: boolean
  /** The last chunk, when more text may be added to it. */
  #openText: TextEvent | null = null
  /** The next byte begins an event, nothing is open before it. Never at the start, where a byte order mark may stand. */
  #isBetween = false
  /** There are lines of an event, whole or not, and no blank line behind them. */
  #isOpen = false
  #isTorn = false

  /**
   * @param options.isJoined for those who want the text and not its events: what follows each other in one piece of bytes
   * comes as one event, and echoes between other events are left out
   */
  constructor({ isJoined = false }: { isJoined?: boolean } = {}) {
    this.#isJoined = isJoined
    // It takes the letters of a byte order mark that was decoded wrongly for one, if they are the first it sees.
    this.#parser.feed('')
  }

  /** The chunks that are complete with these bytes. */
  push(bytes: Uint8Array): Chunk[] {
    this.#begin()
    let buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const rest = this.#rest
    if (rest !== null) {
      this.#rest = null
      const blank = buffer.indexOf(BLANK_LINE, 0, 'latin1')
      if (blank === -1) this.#readAny(rest)
      else {
        const next = blank + BLANK_LINE.length
        this.#read(Buffer.concat([rest, buffer.subarray(0, next)]))
        buffer = buffer.subarray(next)
      }
    }
    this.#read(buffer)
    return this.#chunks
  }

  /**
   * The chunks that are complete because a clean body has ended: a last line without its line end counts, as it is usual
   * for one JSON object per line. Not to be called for a body that was cut.
   */
  end(): Chunk[] {
    this.#begin()
    if (this.#rest !== null) this.#readAny(this.#rest)
    this.#rest = null
    const rest = this.#utf8.end()
    this.#isTorn = false
    this.#decode(`${rest}\n`)
    const isOpen = this.#isOpen
    const { length } = this.#chunks
    this.#decode('\n')
    // What was begun has come to nothing.
    if (isOpen && this.#chunks.length === length) this.#isTorn = true
    return this.#chunks
  }

  /** After `end`: the body has ended in the middle of an event, however clean its end was (R16). */
  get isTorn(): boolean {
    return this.#isTorn
  }

  #read(bytes: Buffer): void {
    const isPlain = isAscii(bytes) && !bytes.includes(CR)
    let at = 0
    while (at < bytes.length && !this.#hasFailed) {
      if (isPlain && this.#isBetween) {
        const plain = this.#readPlain(bytes, at)
        at = plain.to
        if (plain.isCut && bytes.length - at <= MAX_REST_BYTES) {
          this.#rest = bytes.subarray(at)
          return
        }
      }
      const blank = isPlain ? bytes.indexOf(BLANK_LINE, at, 'latin1') : -1
      const next = blank === -1 ? bytes.length : blank + BLANK_LINE.length
      this.#readAny(bytes.subarray(at, next))
      at = next
    }
  }

  /** The long way. */
  #readAny(bytes: Buffer): void {
    const { length } = bytes
    if (length === 0) return
    this.#decode(this.#utf8.write(bytes))
    this.#isBetween = length > 1 && bytes[length - 1] === LF && bytes[length - 2] === LF
  }

  /**
   * The short way: whole events of one data line, with or without an event line, in ASCII without CR.
   *
   * @param from where an event begins
   * @returns up to where it came, and whether there the bytes end within such an event
   */
  #readPlain(bytes: Buffer, from: number): { to: number; isCut: boolean } {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    let at = from
    while (at < bytes.length && !this.#hasFailed) {
      if (startsWith(view, at, CONTENT)) {
        const textAt = at + CONTENT.byteLength
        const quote = bytes.indexOf(QUOTE, textAt)
        const dataLength = quote + '"}'.length - (at + CONTENT_DATA_AT)
        if (quote !== -1 && dataLength <= MAX_MENDED_CHARACTERS && startsWith(view, quote, CONTENT_END)) {
          const content = bytes.toString('latin1', textAt, quote)
          // Then it says in JSON what it says here, and is one line.
          if (!content.includes('\\') && !content.includes('\n')) {
            this.#addText({ type: 'content', content })
            at = quote + CONTENT_END.byteLength
            continue
          }
        }
      }
      let dataAt = at
      let type = ''
      if (startsWith(view, at, RESPONSE)) {
        dataAt = at + RESPONSE.byteLength
        type = 'response'
      } else if (startsWith(view, at, EVENT)) {
        dataAt = bytes.indexOf(LF, at) + 1
        if (dataAt === 0) return { to: at, isCut: true }
        type = bytes.toString('latin1', at + EVENT.byteLength, dataAt - 1)
      }
      if (!startsWith(view, dataAt, DATA)) return { to: at, isCut: false }
      const end = bytes.indexOf(LF, dataAt)
      if (end === -1 || end + 1 === bytes.length) return { to: at, isCut: true }
      if (bytes[end + 1] !== LF) return { to: at, isCut: false }
      if (SKIPPED_TYPES.has(type)) this.#addSkipped(type, end - at - 1)
      else this.#addEvent(bytes.toString('latin1', dataAt + DATA.byteLength, end))
      at = end + 2
    }
    return { to: at, isCut: false }
  }

  #decode(text: string): void {
    this.#scan(this.#head + this.#unifyLineEnds(text))
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
      this.#isOpen = false
      this.#endSkipped()
      return 'keep'
    }
    // Also the first letters of such a line.
    if ('event:'.startsWith(lineStart(text, at, end, 6)) || 'data:'.startsWith(lineStart(text, at, end, 5))) {
      this.#isOpen = true
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
    this.#addSkipped(this.#skippedType, this.#skippedBytes)
    this.#skippedType = null
  }

  #feed(text: string): void {
    if (text !== '' && !this.#hasFailed) this.#parser.feed(text)
  }

  #fail(): void {
    this.#hasFailed = true
    this.#add({ kind: 'failed', error: { code: 'too-large', limitBytes: MAX_EVENT_CHARACTERS } })
  }

  #addEvent(data: string): void {
    if (this.#hasFailed) return
    if (data.length > MAX_EVENT_CHARACTERS) {
      this.#fail()
      return
    }
    // Some proxies send it to keep the connection alive.
    if (data === '') return
    const event = parseEvent(data)
    this.#isTorn = event === null && data.startsWith('{')
    if (event === null) this.#add({ kind: 'malformed' })
    else if (SKIPPED_TYPES.has(event.type)) this.#addSkipped(event.type, data.length)
    else if (isText(event)) this.#addText(event)
    else this.#add({ kind: 'event', event })
  }

  #begin(): void {
    this.#chunks = []
    this.#openText = null
  }

  #add(chunk: Chunk): void {
    this.#chunks.push(chunk)
    this.#openText = null
  }

  #addText(event: TextEvent): void {
    if (this.#openText !== null) {
      this.#openText.content += event.content
      return
    }
    this.#add({ kind: 'event', event })
    if (this.#isJoined) this.#openText = event
  }

  #addSkipped(type: string, skippedBytes: number): void {
    // One that follows something unreadable stays: it shows that not all is unreadable (R17).
    if (this.#isJoined && this.#chunks.at(-1)?.kind === 'event') return
    this.#add({ kind: 'event', event: { type, skippedBytes } })
  }
}

function lineStart(text: string, at: number, end: number, length: number): string {
  return text.slice(at, end === -1 ? at + length : Math.min(end, at + length))
}

interface TextEvent extends RawResponse {
  type: 'content'
  content: string
}

function isText(event: RawResponse): event is TextEvent {
  return (
    event.type === 'content' &&
    typeof event.content === 'string' &&
    event.urls === undefined &&
    event.data === undefined
  )
}

function viewOf(text: string): DataView {
  const bytes = new TextEncoder().encode(text)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function startsWith(view: DataView, at: number, start: DataView): boolean {
  const length = start.byteLength
  if (at + length > view.byteLength) return false
  let index = 0
  for (; index + 4 <= length; index += 4) {
    if (view.getInt32(at + index, true) !== start.getInt32(index, true)) return false
  }
  for (; index < length; index += 1) if (view.getUint8(at + index) !== start.getUint8(index)) return false
  return true
}

function parseEvent(data: string): RawResponse | null {
  if (data.length > MIN_COUNTED_CHARACTERS && isUnwieldy(data)) return null
  const value = parseJson(data) ?? parseMended(data)
  return isRawResponse(value) && !isDeeperThan(value, MAX_JSON_DEPTH) ? value : null
}

// Up to the first mistake in it, JSON.parse sees the same brackets and strings; behind that it reads nothing.
function isUnwieldy(json: string): boolean {
  let marks = 0
  let depth = 0
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) {
      at = stringEnd(json, at)
      if (at === -1) return false
    } else if (code === BRACE || code === BRACKET) {
      depth += 1
      marks += 1
    } else if (code === BRACE_END || code === BRACKET_END) depth -= 1
    else if (code === COMMA || code === COLON) marks += 1
    if (marks > MAX_JSON_MARKS || depth > MAX_JSON_DEPTH) return true
  }
  return false
}

const BRACE = 0x7b
const BRACE_END = 0x7d
const BRACKET = 0x5b
const BRACKET_END = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const BACKSLASH = 0x5c

/** Where the string that begins at `from` has its other quote; -1 when it has none. */
function stringEnd(json: string, from: number): number {
  for (let at = json.indexOf('"', from + 1); at !== -1; at = json.indexOf('"', at + 1)) {
    let before = at
    while (json.charCodeAt(before - 1) === BACKSLASH) before -= 1
    if ((at - before) % 2 === 0) return at
  }
  return -1
}

// JSON wants control characters escaped within its strings. What a server means that forgets it is clear, and a word is
// not worth losing for a tab in it. No more than a word: millions of them would take a thousand times their memory.
function parseMended(data: string): unknown {
  return data.length <= MAX_MENDED_CHARACTERS ? parseJson(data.replace(CONTROL, escapeControl)) : undefined
}

const MAX_MENDED_CHARACTERS = 64 * 1024
const CONTROL = /[\u0000-\u001f]/gu

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function isRawResponse(value: unknown): value is RawResponse {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}

/** Stops at the limit, so that no nesting can exhaust the stack. */
function isDeeperThan(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (depth === 0) return true
  // Its keys would be made into strings first.
  if (Array.isArray(value)) {
    for (const item of value) if (isDeeperThan(item, depth - 1)) return true
    return false
  }
  for (const key in value) {
    if (isDeeperThan((value as Record<string, unknown>)[key], depth - 1)) return true
  }
  return false
}
