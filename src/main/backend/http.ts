import { open, stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { rootCertificates } from 'node:tls'
import type { Client, Dispatcher } from 'undici'
import { AppFailure, failure } from '../../shared/errors'
import { isLoopback } from './address'
import { codeOf, connectError, openSocket, parseProxy, type Route } from './connection'
import type { BodyPiece, RequestBody, Transport, TransportRequest, TransportResponse } from './transport'

export interface TlsOptions {
  /** PEM certificates of authorities that this backend may be signed by, beside those of the runtime. */
  ca?: string
}

export interface HttpOptions {
  tls?: TlsOptions
  /** `http://host:port` or `https://host:port`, with or without `user:password@`. Never used for loopback (S38). */
  proxy?: string
}

/**
 * The transport over sockets, and the only user of undici. Certificates are always verified, whatever the environment
 * says (S37), redirects are never followed (S33), answers are never decoded.
 *
 * Every request has a connection of its own, which dies with it. A kept one may be dead without our knowing, after the
 * server was restarted for instance, and a POST that meets a dead connection can neither be reported as never sent nor be
 * sent again (R12, R42). It also makes an abort simple: the one socket is destroyed, in every phase.
 *
 * @throws AppFailure `bad-address` for a proxy that cannot be used
 */
export function createHttpTransport(options: HttpOptions = {}): Transport {
  const proxy = options.proxy === undefined ? null : parseProxy(options.proxy)
  const ca = options.tls?.ca === undefined ? undefined : [...rootCertificates, options.tls.ca]
  return {
    async request(request) {
      request.signal.throwIfAborted()
      const url = new URL(request.url)
      const body = request.body === null ? null : await measureBody(request.body)
      // Loaded with the first request: it costs 80 ms of every start otherwise.
      const { Client } = await import('undici')
      request.signal.throwIfAborted()
      const route: Route = { url, proxy: isLoopback(url.hostname) ? null : proxy, ca }
      return new Exchange(request, route, body, Client).start()
    },
  }
}

interface MeasuredBody {
  pieces: BodyPiece[]
  bytes: number
}

/** Of an answer that is read more slowly than it arrives. */
const MAX_QUEUED_BYTES = 4 * 1024 * 1024

/** One request and its answer, on one connection. */
class Exchange {
  readonly #request: TransportRequest
  readonly #route: Route
  readonly #body: MeasuredBody | null
  readonly #client: Client
  #socket: Socket | null = null
  #phase: 'connecting' | 'waiting' | 'body' = 'connecting'
  /** Why we ended it ourselves; what undici says then is only an echo. */
  #cause: { reason: unknown } | null = null
  #isClosed = false
  #timer: NodeJS.Timeout | undefined

  constructor(request: TransportRequest, route: Route, body: MeasuredBody | null, ClientClass: typeof Client) {
    this.#request = request
    this.#route = route
    this.#body = body
    this.#client = new ClientClass(route.url.origin, {
      // `Connection: close`.
      pipelining: 0,
      // Ours end in our own words, and at the moment they say.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 64 * 1024,
      connect: (_options, callback) => {
        this.#socket = openSocket(
          route,
          (socket) => {
            this.#socket = socket
          },
          (error, socket) => {
            if (socket === null) {
              callback(error ?? new Error('not connected'), null)
              return
            }
            this.#phase = 'waiting'
            this.#waitFor(request.firstByteTimeoutMs, 'headers')
            request.onConnected?.()
            callback(null, socket)
          },
        )
      },
    })
  }

  async start(): Promise<TransportResponse> {
    const { signal, connectTimeoutMs } = this.#request
    signal.addEventListener('abort', this.#abort)
    this.#waitFor(connectTimeoutMs, 'connect')
    try {
      const { url } = this.#route
      const response = await this.#client.request({
        method: this.#request.method,
        path: url.pathname + url.search,
        headers:
          this.#body === null
            ? this.#request.headers
            : { ...this.#request.headers, 'content-length': String(this.#body.bytes) },
        body: this.#body === null ? null : Readable.from(this.#send(this.#body)),
      })
      return this.#answer(response)
    } catch (thrown) {
      throw this.#explain(thrown)
    }
  }

  #answer(response: Dispatcher.ResponseData): TransportResponse {
    clearTimeout(this.#timer)
    const { statusCode: status } = response
    const headers: Record<string, string> = Object.create(null) as Record<string, string>
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
    }
    if (status >= 300 && status < 400) {
      throw failure({ code: 'redirect', status, host: redirectHost(headers.location, this.#route.url) })
    }
    this.#phase = 'body'
    const pieces = this.#receive(response.body)
    return { status, headers, body: { [Symbol.asyncIterator]: () => pieces } }
  }

  // Bytes are taken from the stream as soon as they are there and kept here: a stream that breaks off throws away what
  // was not read yet, and what arrived before the break must be kept (R16).
  #receive(body: Readable): AsyncIterator<Uint8Array, undefined> {
    const queue: Uint8Array[] = []
    let queuedBytes = 0
    let end: { reason: unknown } | 'clean' | null = null
    let wake: (() => void) | null = null
    const finish = (how: { reason: unknown } | 'clean'): void => {
      end ??= how
      this.#close(null)
      wake?.()
    }
    const hasNews = (): boolean => queue.length > 0 || end !== null
    const waitOn = (): void => {
      this.#waitFor(this.#request.idleTimeoutMs, 'idle')
    }
    body.on('data', (bytes: Uint8Array) => {
      queue.push(bytes)
      queuedBytes += bytes.length
      if (queuedBytes < MAX_QUEUED_BYTES) waitOn()
      else {
        // A reader that is slow holds the server back, and is not taken for the server's silence.
        body.pause()
        clearTimeout(this.#timer)
      }
      wake?.()
    })
    body.once('end', () => {
      finish('clean')
    })
    body.once('error', (thrown) => {
      finish({ reason: this.#explain(thrown) })
    })
    waitOn()
    return {
      next: async () => {
        while (!hasNews()) {
          await new Promise<void>((resolve) => {
            wake = resolve
          })
        }
        // Whoever stopped it does not wait for what is still queued.
        if (end !== null && end !== 'clean' && this.#request.signal.aborted) throw end.reason
        const bytes = queue.shift()
        if (bytes !== undefined) {
          queuedBytes -= bytes.length
          if (body.isPaused() && queuedBytes < MAX_QUEUED_BYTES / 2) {
            body.resume()
            waitOn()
          }
          return { done: false, value: bytes }
        }
        if (end !== null && end !== 'clean') throw end.reason
        return { done: true, value: undefined }
      },
      return: () => {
        this.#close(null)
        return Promise.resolve({ done: true, value: undefined })
      },
    }
  }

  // Made anew for every try, because it can be read once.
  async *#send(body: MeasuredBody): AsyncGenerator<Uint8Array> {
    try {
      for (const piece of body.pieces) {
        for await (const bytes of piece.kind === 'text' ? [Buffer.from(piece.text)] : encodeFile(piece)) {
          yield bytes
          // Asked for more, so these have left: the wait for the answer begins behind the last of them. An answer may
          // also come before the end, as 413 does.
          if (this.#phase === 'waiting') this.#waitFor(this.#request.firstByteTimeoutMs, 'headers')
        }
      }
    } catch (thrown) {
      // Cut, so that the server cannot take it for a whole request.
      this.#close({ reason: thrown })
      throw thrown
    }
  }

  readonly #abort = (): void => {
    this.#close({ reason: this.#request.signal.reason })
  }

  #waitFor(ms: number, phase: 'connect' | 'headers' | 'idle'): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#close({ reason: failure({ code: 'timeout', phase, seconds: Math.round(ms / 1000) }) })
    }, ms)
  }

  #close(cause: { reason: unknown } | null): void {
    this.#cause ??= cause
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#request.signal.removeEventListener('abort', this.#abort)
    const error = new Error('closed')
    this.#client.destroy(error).catch(() => undefined)
    // The socket too, because the client does not know it while it is being connected. With an error, see endSafely.
    this.#socket?.destroy(error)
  }

  /** What is thrown to the caller; the connection is gone afterwards. */
  #explain(thrown: unknown): unknown {
    const cause = this.#cause ?? { reason: this.#failureOf(thrown) }
    this.#close(cause)
    return cause.reason
  }

  #failureOf(thrown: unknown): unknown {
    if (thrown instanceof AppFailure) return thrown
    if (this.#phase === 'connecting') return failure(connectError(thrown, this.#route))
    const isNonsense = thrown instanceof Error && thrown.name === 'HTTPParserError'
    if (this.#phase === 'waiting' && (isNonsense || codeOf(thrown) === 'UND_ERR_HEADERS_OVERFLOW')) {
      // Without a snippet: what answers in no HTTP may well repeat what it was sent.
      return failure({ code: 'not-a-stream', status: 0, contentType: 'non-HTTP data', snippet: '' })
    }
    return failure({ code: 'connection-lost' })
  }
}

// ---- bodies ----

/** Bytes that are read and encoded at a time. A multiple of 3, so that no base64 padding stands between the pieces. */
const FILE_PIECE_BYTES = 192 * 1024

// Before a connection is made: a file that is gone must not cost a cut request.
async function measureBody(body: RequestBody): Promise<MeasuredBody> {
  const pieces: BodyPiece[] = body.kind === 'text' ? [body] : body.pieces
  let bytes = 0
  for (const piece of pieces) {
    if (piece.kind === 'text') {
      bytes += Buffer.byteLength(piece.text)
      continue
    }
    const file = await stat(piece.path).catch(() => null)
    if (file === null || !file.isFile() || file.size !== piece.bytes) throw fileGone()
    bytes += 4 * Math.ceil(piece.bytes / 3)
  }
  return { pieces, bytes }
}

async function* encodeFile(piece: Extract<BodyPiece, { kind: 'file' }>): AsyncGenerator<Uint8Array> {
  const file = await open(piece.path).catch(() => {
    throw fileGone()
  })
  try {
    const buffer = Buffer.alloc(Math.min(FILE_PIECE_BYTES, piece.bytes))
    let left = piece.bytes
    while (left > 0) {
      let filled = 0
      const wanted = Math.min(buffer.length, left)
      while (filled < wanted) {
        const { bytesRead } = await file.read(buffer, filled, wanted - filled)
        // Shorter than it was: the announced length cannot be kept.
        if (bytesRead === 0) throw fileGone()
        filled += bytesRead
      }
      left -= wanted
      yield Buffer.from(buffer.toString('base64', 0, wanted), 'latin1')
    }
  } finally {
    await file.close()
  }
}

function fileGone(): AppFailure {
  return failure({ code: 'not-found', what: 'attachment' })
}

function redirectHost(location: string | undefined, base: URL): string | null {
  if (location === undefined) return null
  try {
    return new URL(location, base).host || null
  } catch {
    return null
  }
}
