import { StringDecoder } from 'node:string_decoder'
import { SKIPPED_TYPES } from '../backend/stream'
import type { TapedBytes } from './tape'

/** What a body is made of, one after the other; a row of the wire view each. */
export interface Frame {
  /** Of the read that completed it, in milliseconds since the request. */
  atMs: number
  /**
   * `event`: of the event stream; `line`: the older framing, a JSON object per line; `comment`; `stray`: a line that means
   * nothing; `more`: stands for all further ones of these two; `rest`: what was not whole when the body broke off; `body`: all of a body that is no stream.
   */
  kind: 'event' | 'line' | 'comment' | 'stray' | 'more' | 'rest' | 'body'
  /** Of its `event:` line. */
  name: string | null
  /** As it came: without `data:`, several data lines joined by LF, a comment without its colon. */
  data: string
  /** That came within `data` and was not kept; it is then no JSON any more. */
  leftOutBytes: number
}

/** Fields of the event stream that say nothing of an event. */
const SILENT_FIELDS = new Set(['event', 'id', 'retry'])

/** More than any answer has. Without an end, lines of two bytes would take a hundred times their size in memory. */
export const MAX_FRAMES = 200_000
/** Lines that are no events; a stream may be made of them. */
const MAX_NOTES = 20_000

/**
 * Bytes of a stream → frames, under the same rules as ChunkDecoder (protocol.md section 2), but nothing is skipped.
 * However the bytes are split, the frames are the same but for their times (R19).
 */
export class FrameReader {
  readonly #utf8 = new StringDecoder('utf8')
  readonly #frames: Frame[] = []
  #atMs = 0
  #hasBegun = false
  #count = 0
  #notes = 0
  /** The last character was a CR that counted as a line end; a LF after it belongs to it. */
  #isAfterCr = false
  /** Of the line that is not whole yet. A line of megabytes comes in hundreds of reads. */
  #line: string[] = []
  #name: string | null = null
  #data: string[] = []
  #leftOutBytes = 0

  /** The frames that are complete with these bytes. */
  push({ atMs, bytes, leftOutBytes }: TapedBytes): Frame[] {
    this.#atMs = atMs
    this.#leftOutBytes += leftOutBytes
    this.#read(this.#utf8.write(bytes))
    return this.#frames.splice(0)
  }

  /**
   * The frames that are complete because the body has ended.
   *
   * @param isClean it was not cut, so that a last line or event without its end counts
   */
  end(isClean: boolean, atMs: number): Frame[] {
    this.#atMs = atMs
    this.#read(this.#utf8.end())
    if (isClean) this.#read('\n\n')
    else {
      const rest = [...this.#data, this.#line.join('')].join('\n')
      if (rest !== '' || this.#leftOutBytes > 0) this.#add('rest', rest)
    }
    return this.#frames.splice(0)
  }

  #read(text: string): void {
    const unified = this.#unifyLineEnds(text)
    let at = 0
    for (;;) {
      const end = unified.indexOf('\n', at)
      if (end === -1) break
      this.#line.push(unified.slice(at, end))
      const line = this.#line.length === 1 ? (this.#line[0] ?? '') : this.#line.join('')
      this.#line = []
      this.#readLine(line)
      at = end + 1
    }
    if (at < unified.length) this.#line.push(unified.slice(at))
  }

  #unifyLineEnds(text: string): string {
    if (text === '') return text
    let unified = text
    if (!this.#hasBegun && unified.startsWith('\ufeff')) unified = unified.slice(1)
    this.#hasBegun = true
    if (this.#isAfterCr && unified.startsWith('\n')) unified = unified.slice(1)
    this.#isAfterCr = text.endsWith('\r')
    return unified.includes('\r') ? unified.replace(/\r\n?/gu, '\n') : unified
  }

  #readLine(line: string): void {
    if (line === '') {
      this.#endEvent()
      return
    }
    if (line.startsWith(':')) {
      this.#add('comment', line.slice(1))
      return
    }
    const isEcho = this.#name !== null && SKIPPED_TYPES.has(this.#name)
    if (line.startsWith('{') && !isEcho) {
      // What was left out is of this line, not of an event that it ends.
      const leftOutBytes = this.#leftOutBytes
      this.#leftOutBytes = 0
      this.#endEvent()
      this.#leftOutBytes = leftOutBytes
      this.#add('line', line)
      return
    }
    const colon = line.indexOf(':')
    const field = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (field === 'data') this.#data.push(value)
    else if (line.startsWith('event:')) this.#name = value
    else if (!SILENT_FIELDS.has(field)) this.#add('stray', line)
  }

  #endEvent(): void {
    if (this.#data.length > 0) this.#add('event', this.#data.join('\n'))
    this.#name = null
    this.#data = []
    this.#leftOutBytes = 0
  }

  #add(kind: Frame['kind'], data: string): void {
    if (kind === 'comment' || kind === 'stray') {
      this.#notes += 1
      if (this.#notes > MAX_NOTES + 1) return
      if (this.#notes === MAX_NOTES + 1) {
        this.#push({ kind: 'more', name: null, data: '', leftOutBytes: 0 })
        return
      }
    }
    const isEvent = kind === 'event'
    const hasAll = isEvent || kind === 'line' || kind === 'rest'
    this.#push({
      kind,
      name: isEvent ? this.#name : null,
      data,
      leftOutBytes: hasAll ? this.#leftOutBytes : 0,
    })
    if (hasAll) this.#leftOutBytes = 0
  }

  #push(frame: Omit<Frame, 'atMs'>): void {
    this.#count += 1
    // One more tells the reader that there are more.
    if (this.#count <= MAX_FRAMES + 1) this.#frames.push({ atMs: this.#atMs, ...frame })
  }
}
