import { BackendApi, type ConversationRequest } from '../../src/main/backend/api'
import type { Chunk } from '../../src/main/backend/stream'
import type { Transport, TransportResponse } from '../../src/main/backend/transport'
import type { Clock } from '../../src/main/clock'
import { silentLogger, type Logger } from '../../src/main/logger'
import { createPlayer, type Playback } from '../../src/main/wire/player'
import { Wire } from '../../src/main/wire/wire'

/** A clock that stands where it is put. */
export class StandingClock implements Clock {
  nowMs = Date.UTC(2026, 10, 22, 14, 2)
  ms = 1000

  now(): number {
    return this.nowMs
  }

  monotonicMs(): number {
    return this.ms
  }
}

/** A wire on a standing clock, and a way to play answers through its tap, each piece at its time. */
export function createWire(logger: Logger = silentLogger) {
  const clock = new StandingClock()
  const wire = new Wire({ clock, logger })

  /** Answers like the playback, on the clock of the wire. */
  const playing = (playback: Playback): Transport => {
    let startMs = clock.ms
    const player = createPlayer(playback, {
      time: (atMs) => {
        clock.ms = startMs + atMs
      },
    })
    return {
      request: (request) => {
        startMs = clock.ms
        return player.request(request)
      },
    }
  }
  return { clock, wire, playing }
}

export const STREAM_HEAD = { status: 200, headers: { 'content-type': 'text/event-stream; charset=utf-8' } }

/** Pieces of a stream at their times, then a clean end. */
export function streamOf(...pieces: (readonly [atMs: number, text: string | Uint8Array])[]): Playback {
  return {
    response: STREAM_HEAD,
    reads: pieces.map(([atMs, piece]) => ({ atMs, bytes: typeof piece === 'string' ? Buffer.from(piece) : piece })),
    end: { kind: 'complete', atMs: pieces.at(-1)?.[0] ?? 0 },
  }
}

/** The data of an event as servers of today frame it. */
export function eventOf(event: Record<string, unknown> & { type: string }): string {
  return `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`
}

export interface AskOptions {
  messageId?: string
  headers?: Record<string, string>
  secrets?: readonly string[]
  request?: Partial<ConversationRequest>
}

/** Asks through the tap and reads the answer to its end; gives the chunks, and what was thrown. */
export async function askThrough(
  wire: Wire,
  transport: Transport,
  { messageId = 'answer', headers = {}, secrets = [], request = {} }: AskOptions = {},
): Promise<{ chunks: Chunk[]; thrown: unknown }> {
  const tapped = wire.tap(transport, { messageId, secrets })
  const api = new BackendApi({ url: 'https://chat.example.org', headers, transport: tapped })
  const chunks: Chunk[] = []
  try {
    for await (const some of api.chunks({ messages: [{ role: 'user', content: 'Hi' }], ...request }))
      chunks.push(...some)
    return { chunks, thrown: null }
  } catch (thrown) {
    return { chunks, thrown }
  }
}

/** A transport that gives this response and notes how its body was left. */
export function handMade(response: Omit<TransportResponse, 'body'>, body: AsyncIterator<Uint8Array>): Transport {
  return { request: () => Promise.resolve({ ...response, body: { [Symbol.asyncIterator]: () => body } }) }
}
