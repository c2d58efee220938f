import { randomUUID } from 'node:crypto'
import type { WireHeader } from '../../shared/contract'
import { isStream } from '../backend/api'
import { FrameReader, MAX_FRAMES, type Frame } from './frames'
import type { PlaybackEnd } from './player'
import { memoryOf, type HeldRequest, type SentRequest } from './request'
import { Tape, type TapedBytes } from './tape'

/** A frame, beside its text. */
const FRAME_BYTES = 160

export interface ExchangeStart {
  /** Null for one from a file. */
  messageId: string | null
  /** Milliseconds since the epoch. */
  startedAt: number
  request: HeldRequest
  /** What must not leave it, beside the headers and fields that are secret by name. */
  secrets: readonly string[]
  earlierTries: number
}

/** What a file holds of an exchange: all of it masked, the stream written anew from what its events say without secrets. */
export interface SavedExchange {
  startedAt: number
  request: SentRequest
  response: { status: number; headers: WireHeader[] } | null
  /** Milliseconds since the request, and what was whole then. */
  reads: [atMs: number, text: string][]
  /** Of an event that broke off. */
  restBytes: number
  end: PlaybackEnd | null
  bytes: number
  isCut: boolean
  earlierTries: number
}

/** One request and its answer, as they went over the wire: written while the answer streams, read when somebody looks. */
export class Exchange {
  readonly id: string = randomUUID()
  readonly messageId: string | null
  readonly startedAt: number
  readonly request: HeldRequest
  readonly secrets: readonly string[]
  readonly earlierTries: number
  readonly #requestBytes: number
  #tape: Tape
  readonly #reader = new FrameReader()
  #frames: Frame[] = []
  #hasMoreFrames = false
  #isDropped = false
  /** Of a body that is no stream. */
  #page: TapedBytes[] = []
  #response: { status: number; headers: Readonly<Record<string, string>> } | null = null
  #end: PlaybackEnd | null = null
  #saved: SavedExchange | null = null
  #isRead = false

  constructor({ messageId, startedAt, request, secrets, earlierTries }: ExchangeStart, maxBytes?: number) {
    this.messageId = messageId
    this.startedAt = startedAt
    this.request = request
    this.secrets = secrets
    this.earlierTries = earlierTries
    this.#requestBytes = memoryOf(request)
    this.#tape = new Tape(maxBytes)
  }

  /** An exchange as a file tells of it. */
  static of(saved: SavedExchange): Exchange {
    const { url, method, headers, body, bodyBytes, route } = saved.request
    const start: ExchangeStart = {
      messageId: null,
      startedAt: saved.startedAt,
      request: { method, url, headers: recordOf(headers), body: { kind: 'text', text: body }, bodyBytes, route },
      secrets: [],
      earlierTries: saved.earlierTries,
    }
    // What was not cut before is not cut for being written anew.
    const exchange = new Exchange(start, Infinity)
    exchange.#saved = saved
    if (saved.response !== null) exchange.answered(saved.response.status, recordOf(saved.response.headers))
    for (const [atMs, text] of saved.reads) exchange.read(Buffer.from(text), atMs)
    exchange.finish(saved.end ?? { kind: 'closed', atMs: saved.reads.at(-1)?.[0] ?? 0 })
    return exchange
  }

  // ---- while it streams ----

  answered(status: number, headers: Readonly<Record<string, string>>): void {
    this.#response = { status, headers: { ...headers } }
  }

  read(bytes: Uint8Array, atMs: number): void {
    if (this.#end === null && !this.#isDropped) this.#tape.push(bytes, atMs)
  }

  /** The first end counts. */
  finish(end: PlaybackEnd): void {
    this.#end ??= end
  }

  /** Nobody can look any more: lets go of what came, and of what will. */
  drop(): void {
    this.#isDropped = true
    this.#tape = new Tape()
    this.#frames = []
    this.#page = []
  }

  // ---- at any time ----

  get isFromFile(): boolean {
    return this.#saved !== null
  }

  get response(): { status: number; headers: Readonly<Record<string, string>> } | null {
    return this.#response
  }

  get end(): PlaybackEnd | null {
    return this.#end
  }

  /** Of the body, kept or not. */
  get bytes(): number {
    return this.#saved?.bytes ?? this.#tape.bytes
  }

  get isCut(): boolean {
    return this.#saved?.isCut === true || this.#tape.isCut || this.#hasMoreFrames
  }

  /** What it costs, nearly, in bytes. */
  get memoryBytes(): number {
    return this.#requestBytes + this.#tape.memoryBytes + this.#frames.length * FRAME_BYTES
  }

  /** What the body is made of so far. Frames that were there stay what they are. */
  frames(): readonly Frame[] {
    const taken = this.#tape.take()
    if (this.#response === null || this.#isRead) return this.#frames
    const isWhole = this.#end !== null && !this.isCut
    if (isStream(this.#response)) {
      for (const bytes of taken) this.#add(this.#reader.push(bytes))
      if (isWhole) this.#add(this.#reader.end(this.#end?.kind === 'complete', this.#end?.atMs ?? 0))
    } else {
      this.#page.push(...taken)
      if (this.#end !== null) this.#add(pageFrames(this.#page, this.#response.headers))
    }
    if (this.#saved !== null) this.#add(restFrames(this.#saved, isStream(this.#response)))
    this.#isRead = this.#end !== null
    return this.#frames
  }

  #add(frames: readonly Frame[]): void {
    for (const frame of frames) {
      if (this.#frames.length < MAX_FRAMES) this.#frames.push(frame)
      else this.#hasMoreFrames = true
    }
  }
}

// Of what broke off, and of a body that could not be read, a file knows only the size.
function restFrames({ restBytes, reads, end }: SavedExchange, isOfStream: boolean): Frame[] {
  if (restBytes === 0) return []
  const readMs = reads.at(-1)?.[0] ?? 0
  const place: Pick<Frame, 'kind' | 'atMs'> = isOfStream
    ? { kind: 'rest', atMs: end?.atMs ?? readMs }
    : { kind: 'body', atMs: readMs }
  return [{ ...place, name: null, data: '', leftOutBytes: restBytes }]
}

function pageFrames(pieces: readonly TapedBytes[], headers: Readonly<Record<string, string>>): Frame[] {
  const atMs = pieces.at(-1)?.atMs
  if (atMs === undefined) return []
  const bytes = Buffer.concat(pieces.map((piece) => piece.bytes))
  const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  // What is compressed cannot be searched for secrets, so nothing of it is told.
  const isReadable = encoding === 'identity' || encoding === ''
  return [
    {
      atMs,
      kind: 'body',
      name: null,
      data: isReadable ? bytes.toString('utf8') : '',
      leftOutBytes: isReadable ? 0 : bytes.length,
    },
  ]
}

function recordOf(headers: readonly WireHeader[]): Record<string, string> {
  return Object.fromEntries(headers.map(({ name, value }) => [name.toLowerCase(), value]))
}
