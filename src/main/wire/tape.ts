import { SKIPPED_TYPES } from '../backend/stream'

/** A piece of a body, and when it came: milliseconds since the request. */
export interface TimedBytes {
  atMs: number
  bytes: Uint8Array
}

/** What the tape gives: in front of these bytes so many more came that were not kept. */
export interface TapedBytes extends TimedBytes {
  leftOutBytes: number
}

/** Of memory, for the body of one answer. What came first is kept whole; the rest is only counted. */
export const MAX_TAPE_BYTES = 16 * 1024 * 1024

/**
 * Of one line that only echoes what we sent or what the provider answered: a request with ten photos comes back as a
 * line of forty megabytes, which would push everything else off the tape.
 */
const MAX_ECHO_BYTES = 128 * 1024
/** Enough of a line, and of the one in front of it, to know its type. */
const HEAD_BYTES = 64

const BLOCK_BYTES = 64 * 1024
/** Pieces from here on are kept as they are. */
const LARGE_BYTES = 16 * 1024
/** Time, length and what was left out. */
const ENTRY_BYTES = 24
const LF = 0x0a
const CR = 0x0d

/**
 * The bytes of one body in the order in which they came. It is written while an answer streams, so it reads nothing:
 * small pieces are copied once into a block of many, because a view of its own for each would cost more than most
 * events; large ones are kept as they are. Bytes that were taken are forgotten.
 */
export class Tape {
  readonly #maxBytes: number
  #blocks: { bytes: Uint8Array; used: number }[] = []
  /** What is left of the last block of small pieces. */
  #spare = new Uint8Array()
  #times: number[] = []
  #lengths: number[] = []
  #leftOut: number[] = []
  #leftOutBytes = 0
  #bytes = 0
  #memoryBytes = 0
  #isCut = false
  /** Of the line that the next byte belongs to. */
  #lineBytes = 0
  /** Whether that line is an echo; null while nobody has looked. */
  #isEcho: boolean | null = null
  /** The end of what was taken last. */
  #before = ''

  constructor(maxBytes = MAX_TAPE_BYTES) {
    this.#maxBytes = maxBytes
  }

  /** Everything that came, kept or not. */
  get bytes(): number {
    return this.#bytes
  }

  /** What this tape has cost so far. Taking the bytes does not give them back: whoever took them holds them now. */
  get memoryBytes(): number {
    return this.#memoryBytes
  }

  /** More came than is kept. */
  get isCut(): boolean {
    return this.#isCut
  }

  push(bytes: Uint8Array, atMs: number): void {
    this.#bytes += bytes.length
    if (this.#isCut || bytes.length === 0) return
    const isLeavingOut = this.#isEcho === true && this.#lineBytes > MAX_ECHO_BYTES
    const end = isLeavingOut ? endOfLine(bytes) : bytes.indexOf(LF)
    const restOfLine = end === -1 ? bytes.length : end
    if (this.#lineBytes + restOfLine <= MAX_ECHO_BYTES) this.#keep(bytes, atMs)
    else {
      const room = Math.max(0, MAX_ECHO_BYTES - this.#lineBytes)
      this.#keep(bytes.subarray(0, room), atMs)
      this.#isEcho ??= this.#looksLikeEcho()
      const from = this.#isEcho ? restOfLine : room
      this.#leftOutBytes += from - room
      this.#keep(bytes.subarray(from), atMs)
    }
    if (end === -1) this.#lineBytes += restOfLine
    else {
      this.#isEcho = null
      this.#lineBytes = bytes.length - Math.max(end, bytes.lastIndexOf(LF)) - 1
    }
  }

  /** What came since the last call. */
  take(): TapedBytes[] {
    if (this.#lineBytes > HEAD_BYTES) this.#isEcho ??= this.#looksLikeEcho()
    this.#before = this.#endOfTape(2 * HEAD_BYTES).slice(-2 * HEAD_BYTES)
    let block = 0
    let offset = 0
    const taken = this.#times.map((atMs, index) => {
      if (offset === this.#blocks[block]?.used) {
        block += 1
        offset = 0
      }
      const from = offset
      offset += this.#lengths[index] ?? 0
      const bytes = this.#blocks[block]?.bytes.subarray(from, offset) ?? new Uint8Array()
      return { atMs, bytes, leftOutBytes: this.#leftOut[index] ?? 0 }
    })
    this.#blocks = []
    this.#times = []
    this.#lengths = []
    this.#leftOut = []
    return taken
  }

  #keep(bytes: Uint8Array, atMs: number): void {
    if (bytes.length === 0) return
    const isLarge = bytes.length >= LARGE_BYTES
    const hasRoom = !isLarge && bytes.length <= this.#spare.length
    const costs = ENTRY_BYTES + (isLarge ? bytes.length : hasRoom ? 0 : BLOCK_BYTES)
    if (this.#memoryBytes + costs > this.#maxBytes) {
      this.#isCut = true
      return
    }
    this.#memoryBytes += costs
    if (isLarge) {
      // A view of much larger memory would hold all of that.
      const isSnug = bytes.length * 2 >= bytes.buffer.byteLength
      this.#blocks.push({ bytes: isSnug ? bytes : Uint8Array.from(bytes), used: bytes.length })
    } else {
      if (!hasRoom) this.#spare = new Uint8Array(BLOCK_BYTES)
      const last = this.#blocks.at(-1)
      const isLast = last !== undefined && last.bytes.buffer === this.#spare.buffer
      const block = hasRoom && isLast ? last : { bytes: this.#spare, used: 0 }
      if (block !== last) this.#blocks.push(block)
      block.bytes.set(bytes, block.used)
      block.used += bytes.length
      this.#spare = this.#spare.subarray(bytes.length)
    }
    this.#times.push(atMs)
    this.#lengths.push(bytes.length)
    this.#leftOut.push(this.#leftOutBytes)
    this.#leftOutBytes = 0
  }

  // Asked once for each long line, so it may look at what lies on the tape.
  #looksLikeEcho(): boolean {
    const lines = this.#endOfTape(MAX_ECHO_BYTES + HEAD_BYTES).split(/\r\n?|\n/u)
    const line = lines.at(-1) ?? ''
    const type = /^event: ?(.*)$/u.exec(lines.at(-2) ?? '')?.[1] ?? /^\{\s*"type"\s*:\s*"(\w+)"/u.exec(line)?.[1]
    return type !== undefined && (SKIPPED_TYPES.has(type) || type === 'log')
  }

  #endOfTape(length: number): string {
    let text = ''
    for (let index = this.#blocks.length - 1; index >= 0 && text.length < length; index -= 1) {
      const { bytes, used } = this.#blocks[index] ?? { bytes: this.#spare, used: 0 }
      const from = Math.max(0, used - (length - text.length))
      text = Buffer.from(bytes.buffer, bytes.byteOffset, used).toString('latin1', from) + text
    }
    return text.length < length ? this.#before + text : text
  }
}

// Lines may also end with CR alone; only where something is left out does it matter.
function endOfLine(bytes: Uint8Array): number {
  const lf = bytes.indexOf(LF)
  const cr = bytes.indexOf(CR)
  return cr === -1 || (lf !== -1 && lf < cr) ? lf : cr
}
