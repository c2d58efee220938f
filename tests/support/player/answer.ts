/**
 * What a server does with one request, as data: a head, a way of framing, and steps. Nothing here knows a socket, so the
 * same answer can be played onto a connection, into a file, or into a session without a network.
 */
export interface Answer {
  status: number
  headers: Record<string, string>
  framing: Framing
  steps: Iterable<Step>
  /** Waits before the head is written; by default the head leaves with the first piece, as g4f does it. */
  headDelayMs?: number
  /** Behind it the server is gone for so long. */
  thenDownMs?: number
}

/**
 * How the end of the body is told: `chunked`; `close` (the connection ends); `{ length }` (a Content-Length, which may be
 * a lie); `raw` (the steps are the whole response, head and framing included, as a recording holds it).
 */
export type Framing = 'chunked' | 'close' | 'raw' | { length: number }

export type Step =
  /** One piece of the body; with chunked framing it is one chunk. */
  | { do: 'send'; bytes: Uint8Array }
  /** Onto the connection as it is, outside of any framing. */
  | { do: 'send-unframed'; bytes: Uint8Array }
  | { do: 'wait'; ms: number }
  /** Waits until so long after the first step, so that a rate does not drift. */
  | { do: 'wait-until'; ms: number }
  /** Nothing more until somebody calls release(), or the client goes. */
  | { do: 'hold' }
  /** The connection ends (FIN) though the framing promised more. */
  | { do: 'cut' }
  /** The connection is torn down (RST). */
  | { do: 'reset' }

/** Where an answer is played to. */
export interface Sink {
  /** Resolves when more may be written; false once nobody is there to read. */
  write(bytes: Uint8Array): Promise<boolean>
  /** The clean end. */
  end(): void
  cut(): void
  reset(): void
  /** Resolves on release(), or when nobody is there any more. */
  released(): Promise<void>
}

/** Milliseconds; `sleep` may return early once nobody reads. */
export interface PlayClock {
  now(): number
  sleep(ms: number): Promise<void>
}

/**
 * Plays an answer to its end, or until the sink has no reader.
 *
 * @returns how many bytes of body were written
 */
export async function play(answer: Answer, sink: Sink, clock: PlayClock): Promise<number> {
  let head: Uint8Array | null = answer.framing === 'raw' ? null : encodeHead(answer)
  let sentBytes = 0
  const write = async (bytes: Uint8Array): Promise<boolean> => {
    const whole = head === null ? bytes : concat([head, bytes])
    head = null
    return sink.write(whole)
  }
  if (answer.headDelayMs !== undefined) {
    await clock.sleep(answer.headDelayMs)
    if (!(await write(NOTHING))) return 0
  }
  const startMs = clock.now()
  for (const step of answer.steps) {
    switch (step.do) {
      case 'send':
        if (!(await write(answer.framing === 'chunked' ? chunk(step.bytes) : step.bytes))) return sentBytes
        sentBytes += step.bytes.length
        break
      case 'send-unframed':
        if (!(await write(step.bytes))) return sentBytes
        break
      case 'wait':
        await clock.sleep(step.ms)
        break
      case 'wait-until': {
        const restMs = startMs + step.ms - clock.now()
        // Timers have a grain of a millisecond; a shorter rest is made up by the steps that follow.
        if (restMs >= 1) await clock.sleep(restMs)
        break
      }
      case 'hold':
        await sink.released()
        break
      case 'cut':
        if (head !== null) await write(NOTHING)
        sink.cut()
        return sentBytes
      case 'reset':
        if (head !== null) await write(NOTHING)
        sink.reset()
        return sentBytes
    }
  }
  if (answer.framing === 'chunked') await write(LAST_CHUNK)
  else if (head !== null) await write(NOTHING)
  sink.end()
  return sentBytes
}

const encoder = new TextEncoder()
const NOTHING = new Uint8Array()
const LAST_CHUNK = encoder.encode('0\r\n\r\n')

/** Text as the bytes that travel. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text)
}

/** One step that sends text. */
export function send(text: string): Step {
  return { do: 'send', bytes: bytesOf(text) }
}

function encodeHead({ status, headers, framing }: Answer): Uint8Array {
  const framed: Record<string, string> = {}
  if (framing === 'chunked') framed['transfer-encoding'] = 'chunked'
  if (typeof framing === 'object') framed['content-length'] = String(framing.length)
  const lines = Object.entries({ ...headers, ...framed }).map(([name, value]) => `${name}: ${value}\r\n`)
  return encoder.encode(`HTTP/1.1 ${status} ${REASONS[status] ?? 'Status'}\r\n${lines.join('')}\r\n`)
}

const REASONS: Record<number, string> = {
  200: 'OK',
  204: 'No Content',
  307: 'Temporary Redirect',
  400: 'Bad Request',
  401: 'Unauthorized',
  404: 'Not Found',
  405: 'Method Not Allowed',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
}

/** One chunk of a chunked body (RFC 9112 section 7.1). */
export function chunk(bytes: Uint8Array): Uint8Array {
  return concat([encoder.encode(`${bytes.length.toString(16)}\r\n`), bytes, CRLF])
}

const CRLF = encoder.encode('\r\n')

/** All pieces in one. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}
