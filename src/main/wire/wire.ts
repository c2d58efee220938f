import type { WireRecording, WireRow } from '../../shared/contract'
import { failure, toAppError } from '../../shared/errors'
import type { Transport, TransportRequest } from '../backend/transport'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import { curlCommand } from './curl'
import { Exchange } from './exchange'
import type { PlaybackEnd } from './player'
import { readRecording, recordingName, writeRecording } from './recording-file'
import { replayParts, type TimedPart } from './replay'
import { holdRequest, type WireRoute } from './request'
import { View } from './view'

/** The latest answers are kept, and no more than this of all of them. */
const MAX_EXCHANGES = 50
const MAX_BYTES = 64 * 1024 * 1024

/** All recordings are weighed each time one has grown by this. */
const GROWTH_BYTES = 64 * 1024

interface Held {
  exchange: Exchange
  /** Made when somebody looks for the first time. */
  view: View | null
}

/**
 * What went over the wire for the latest answers, and what a person has opened of it from files. It is in memory only,
 * and secrets leave it masked (docs/decisions/0007). A recording is one request and its answer: each try of an answer has
 * a recording, and an id, of its own, and the one before is forgotten.
 *
 * All methods that take a recording's id throw an AppFailure `not-found` for one that is gone.
 */
export class Wire {
  readonly #clock: Clock
  readonly #logger: Logger
  /** By recording, the oldest first. */
  readonly #held = new Map<string, Held>()
  /** The recording of each message. */
  readonly #latest = new Map<string, string>()

  constructor({ clock, logger }: { clock: Clock; logger: Logger }) {
    this.#clock = clock
    this.#logger = logger
  }

  /**
   * The same transport, and a recording of what it is asked for a message: its conversation requests, each try anew. What
   * was recorded for that message before is forgotten.
   *
   * @param of.secrets whatever is secret in these requests, such as keys and values of headers, as they are sent
   * @param of.route how the server is reached, for the command that repeats it
   */
  tap(transport: Transport, of: { messageId: string; secrets: readonly string[]; route?: WireRoute }): Transport {
    this.#forget(this.#latest.get(of.messageId))
    let tries = 0
    return {
      request: async (request) => {
        if (!isConversation(request)) return transport.request(request)
        const recorder = this.#begin(request, { ...of, earlierTries: tries })
        tries += 1
        try {
          const response = await transport.request(request)
          recorder.answered(response.status, response.headers)
          return { ...response, body: recorder.body(response.body, request.signal) }
        } catch (thrown) {
          recorder.failed(thrown, request.signal)
          throw thrown
        }
      },
    }
  }

  /** The recording of an answer; null when there is none. A running answer that is tried again has another one then. */
  open(messageId: string): WireRecording | null {
    const held = this.#held.get(this.#latest.get(messageId) ?? '')
    return held === undefined ? null : viewOf(held).recording()
  }

  /** @throws AppFailure `bad-recording` */
  openFile(bytes: Uint8Array): WireRecording {
    const held: Held = { exchange: Exchange.of(readRecording(bytes)), view: null }
    this.#held.set(held.exchange.id, held)
    const recording = viewOf(held).recording()
    this.#makeRoom(held.exchange.id)
    return recording
  }

  /** The recording as it stands, and at most 1,000 of its rows. A row never changes its number or what it is about. */
  rows(recordingId: string, from: number): { recording: WireRecording; rows: WireRow[] } {
    const view = this.#view(recordingId)
    const recording = view.recording()
    return { recording, rows: view.rows(Math.max(0, Math.floor(from))) }
  }

  /** The JSON of one event as it came but for its secrets, at most 256 KiB of it. */
  event(recordingId: string, index: number): { json: string } {
    const json = this.#view(recordingId).event(index)
    if (json === null) throw failure({ code: 'not-found', what: 'recording' })
    return { json }
  }

  /** The parts that the events mean, with their times; the last one is the only `finish`. */
  async replay(recordingId: string): Promise<{ parts: TimedPart[] }> {
    return { parts: await replayParts(this.#view(recordingId).playback()) }
  }

  /** The request as a command; see curlCommand. */
  curl(recordingId: string): string {
    return curlCommand(this.#view(recordingId).request)
  }

  /** The recording as a file, and a name to propose for it. */
  file(recordingId: string): { name: string; text: string } {
    const view = this.#view(recordingId)
    const { request, startedAt } = view.recording()
    return { name: recordingName(request.host, startedAt), text: writeRecording(view.save()) }
  }

  /** Forgets what was recorded for a message, because nothing of it shall stay. */
  forget(messageId: string): void {
    this.#forget(this.#latest.get(messageId))
  }

  #view(recordingId: string): View {
    const held = this.#held.get(recordingId)
    if (held === undefined) throw failure({ code: 'not-found', what: 'recording' })
    return viewOf(held)
  }

  #begin(
    request: TransportRequest,
    { route, ...of }: { messageId: string; secrets: readonly string[]; earlierTries: number; route?: WireRoute },
  ): Recorder {
    this.#forget(this.#latest.get(of.messageId))
    const exchange = new Exchange({ ...of, startedAt: this.#clock.now(), request: holdRequest(request, route) })
    this.#held.set(exchange.id, { exchange, view: null })
    this.#latest.set(of.messageId, exchange.id)
    this.#makeRoom(exchange.id)
    return new Recorder(exchange, this.#clock, {
      grew: () => {
        this.#makeRoom(exchange.id)
      },
      broke: (thrown) => {
        this.#forget(exchange.id)
        this.#logger.warn('recording ended early', { name: thrown instanceof Error ? thrown.name : typeof thrown })
      },
    })
  }

  // The one that grows is the last to go, though it may be the oldest.
  #makeRoom(growingId: string): void {
    let bytes = 0
    for (const { exchange } of this.#held.values()) bytes += exchange.memoryBytes
    for (const [id, { exchange }] of this.#held) {
      if (this.#held.size <= MAX_EXCHANGES && bytes <= MAX_BYTES) return
      if (id === growingId) continue
      bytes -= exchange.memoryBytes
      this.#forget(id)
    }
  }

  #forget(recordingId: string | undefined): void {
    const held = recordingId === undefined ? undefined : this.#held.get(recordingId)
    if (recordingId === undefined || held === undefined) return
    this.#held.delete(recordingId)
    held.exchange.drop()
    const { messageId } = held.exchange
    if (messageId !== null && this.#latest.get(messageId) === recordingId) this.#latest.delete(messageId)
  }
}

function viewOf(held: Held): View {
  return (held.view ??= new View(held.exchange))
}

function isConversation({ method, url }: TransportRequest): boolean {
  return method === 'POST' && url.endsWith('/conversation')
}

/** Writes one exchange while it happens. Whatever goes wrong with that, the exchange goes on as if nobody watched. */
class Recorder {
  readonly #exchange: Exchange
  readonly #clock: Clock
  readonly #startMs: number
  readonly #on: { grew: () => void; broke: (thrown: unknown) => void }
  /** Of memory, when it was looked at last. */
  #countedBytes = 0
  #hasBroken = false

  constructor(exchange: Exchange, clock: Clock, on: { grew: () => void; broke: (thrown: unknown) => void }) {
    this.#exchange = exchange
    this.#clock = clock
    this.#startMs = clock.monotonicMs()
    this.#on = on
  }

  answered(status: number, headers: Readonly<Record<string, string>>): void {
    this.#record(() => {
      this.#exchange.answered(status, headers)
    })
  }

  failed(thrown: unknown, signal: AbortSignal): void {
    const atMs = this.#now()
    const error = toAppError(thrown)
    // The transport throws it without a head, but there was one.
    if (!signal.aborted && error.code === 'redirect') {
      this.answered(error.status, error.host === null ? {} : { location: error.host })
    }
    this.#finish(signal.aborted ? { kind: 'closed', atMs } : { kind: 'failed', atMs, error })
  }

  /** The same body. An iterator by hand: a generator around it would cost every piece several more turns. */
  body(body: AsyncIterable<Uint8Array>, signal: AbortSignal): AsyncIterable<Uint8Array> {
    return {
      [Symbol.asyncIterator]: () => {
        const pieces = body[Symbol.asyncIterator]()
        const close = (): void => {
          this.#finish({ kind: 'closed', atMs: this.#now() })
        }
        return {
          next: async () => {
            try {
              const next = await pieces.next()
              if (next.done === true) this.#finish({ kind: 'complete', atMs: this.#now() })
              else this.#read(next.value)
              return next
            } catch (thrown) {
              this.failed(thrown, signal)
              throw thrown
            }
          },
          return: async () => {
            close()
            await pieces.return?.()
            return { done: true, value: undefined }
          },
        }
      },
    }
  }

  #read(bytes: Uint8Array): void {
    this.#record(() => {
      this.#exchange.read(bytes, this.#now())
      const { memoryBytes } = this.#exchange
      if (memoryBytes - this.#countedBytes < GROWTH_BYTES) return
      this.#countedBytes = memoryBytes
      this.#on.grew()
    })
  }

  #finish(end: PlaybackEnd): void {
    this.#record(() => {
      this.#exchange.finish(end)
    })
  }

  #now(): number {
    // To the microsecond: what is written to a file is then the same number when it is read.
    return Math.round((this.#clock.monotonicMs() - this.#startMs) * 1000) / 1000
  }

  #record(write: () => void): void {
    if (this.#hasBroken) return
    try {
      write()
    } catch (thrown) {
      this.#hasBroken = true
      this.#on.broke(thrown)
    }
  }
}
