import { open, stat } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import type { Client, Dispatcher } from 'undici'
import { AppFailure, failure, toAppError, type AppError, type ProxyReason } from '../../shared/errors'
import { isLoopback } from './address'
import { codeOf, isForwarded, openSocket, type Route, type TlsOptions } from './connection'
import { readProxy, type Proxy } from './proxy'
import { proxyAuthorization } from './tunnel'
import type { BodyPiece, RequestBody, Transport, TransportRequest, TransportResponse } from './transport'

export type { TlsOptions } from './connection'

/** Finds the way to a server: an address for readProxy, or null for none. Asked for each request, never for loopback. */
export type FindProxy = (url: URL) => Promise<string | null>

export interface HttpOptions {
  tls?: TlsOptions
  /**
   * `http`, `https`, `socks4` or `socks5` `://host:port`, with or without `user:password@` (percent-encoded), or the one who
   * knows it. Never used for loopback (S38).
   */
  proxy?: string | FindProxy
  /** Told of each host before it is connected to, the proxy on the way as well. */
  onContact?: (host: string, isProxy: boolean) => void
}

/**
 * The transport over sockets, and the only user of undici. Certificates are always verified, whatever the environment
 * says (S37), redirects are never followed (S33), answers are never decoded.
 *
 * Every request has a connection of its own, which dies with it. A kept one may be dead without our knowing, after the
 * server was restarted for instance, and a POST that meets a dead connection can neither be reported as never sent nor be
 * sent again (R12, R42). It also makes an abort simple: the one socket is destroyed, in every phase.
 *
 * @throws AppFailure `bad-proxy` for a proxy that cannot be used; what a FindProxy gives is looked at by each request
 */
export function createHttpTransport(options: HttpOptions = {}): Transport {
  const { tls = {}, proxy, onContact } = options
  const fixed = typeof proxy === 'string' ? readProxy(proxy) : null
  const findProxy = async (url: URL): Promise<Proxy | null> => {
    if (proxy === undefined || isLoopback(url.hostname)) return null
    if (typeof proxy === 'string') return fixed
    const found = await proxy(url)
    return found === null ? null : readProxy(found)
  }
  return {
    async request(request) {
      request.signal.throwIfAborted()
      const body = request.body === null ? null : await measureBody(request.body)
      // Loaded with the first request: it costs 80 ms of every start otherwise.
      const { Client } = await import('undici')
      request.signal.throwIfAborted()
      return new Exchange(request, body).start(Client, tls, async (url) => {
        const found = await findProxy(url)
        onContact?.(url.host, false)
        if (found !== null) onContact?.(`${found.host}:${found.port}`, true)
        return found
      })
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
  readonly #url: URL
  readonly #body: MeasuredBody | null
  #client: Client | null = null
  #socket: Socket | null = null
  #phase: 'connecting' | 'waiting' | 'body' = 'connecting'
  /** Why we ended it ourselves; what undici says then is only an echo. */
  #cause: { reason: unknown } | null = null
  #isClosed = false
  /** Who is given the request to send on, and so speaks in the server's place. */
  #forwarder: Proxy | null = null
  #timer: NodeJS.Timeout | undefined
  /** Ends a wait for somebody who knows no abort. */
  #giveUp: (() => void) | null = null

  constructor(request: TransportRequest, body: MeasuredBody | null) {
    this.#request = request
    this.#url = new URL(request.url)
    this.#body = body
  }

  async start(
    ClientClass: typeof Client,
    tls: TlsOptions,
    findProxy: (url: URL) => Promise<Proxy | null>,
  ): Promise<TransportResponse> {
    const { signal, connectTimeoutMs, method } = this.#request
    signal.addEventListener('abort', this.#abort)
    this.#waitFor(connectTimeoutMs, 'connect')
    try {
      const url = this.#url
      const { address } = this.#request
      const route = { url, address, tls, proxy: await this.#untilClosed(findProxy(url)) }
      this.#forwarder = isForwarded(route) ? route.proxy : null
      this.#client = this.#createClient(ClientClass, route)
      const response = await this.#client.request({
        method,
        // The whole address is what tells a proxy where to send it on (RFC 9112 section 3.2.2).
        path: (isForwarded(route) ? url.origin : '') + url.pathname + url.search,
        headers: this.#headers(route),
        body: this.#body === null ? null : Readable.from(this.#send(this.#body)),
      })
      return this.#answer(response)
    } catch (thrown) {
      throw this.#explain(thrown)
    }
  }

  #createClient(ClientClass: typeof Client, route: Route): Client {
    const connect = async (): Promise<Socket> => {
      // undici connects again, without end, when a connection is gone before it has written to it.
      if (this.#phase !== 'connecting') throw failure({ code: 'connection-lost' })
      const socket = await openSocket(route, (opened) => {
        this.#socket = opened
        // Between two sockets there is none that an abort could have destroyed.
        if (this.#isClosed) opened.destroy(new Error('closed'))
      })
      if (socket.destroyed) throw failure({ code: 'connection-lost' })
      // Who speaks before it is asked speaks something else.
      if (socket.readableLength > 0) throw this.#brokenProxy() ?? nonsense()
      return socket
    }
    return new ClientClass(route.url.origin, {
      // `Connection: close`.
      pipelining: 0,
      // Ours end in our own words, and at the moment they say.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: 64 * 1024,
      connect: (_options, callback) => {
        connect().then(
          (socket) => {
            this.#phase = 'waiting'
            this.#waitFor(this.#request.firstByteTimeoutMs, 'headers')
            this.#request.onConnected?.()
            callback(null, socket)
          },
          (thrown: unknown) => {
            callback(thrown instanceof Error ? thrown : new Error('not connected'), null)
          },
        )
      },
    })
  }

  #headers(route: Route): Record<string, string> {
    const login = isForwarded(route) && route.proxy !== null ? proxyAuthorization(route.proxy) : null
    return {
      ...this.#request.headers,
      ...(this.#body === null ? {} : { 'content-length': String(this.#body.bytes) }),
      // The proxy takes it out again; a tunnel has its own.
      ...(login === null ? {} : { 'proxy-authorization': login }),
    }
  }

  #answer(response: Dispatcher.ResponseData): TransportResponse {
    clearTimeout(this.#timer)
    const { statusCode: status } = response
    const headers: Record<string, string> = Object.create(null) as Record<string, string>
    for (const [name, value] of Object.entries(response.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
    }
    if (status >= 300 && status < 400 && this.#request.givesRedirects !== true) {
      throw failure(redirectError(status, headers.location, this.#url))
    }
    const refusal = this.#forwarder === null ? null : refusalByProxy(status, headers)
    if (this.#forwarder !== null && refusal !== null) {
      const { host, port } = this.#forwarder
      throw failure({ code: 'proxy', reason: refusal, host, port, ...(refusal === 'login' ? {} : PASSED) })
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
    let sentBytes = 0
    try {
      for (const piece of body.pieces) {
        for await (const bytes of encodePiece(piece)) {
          yield bytes
          sentBytes += bytes.byteLength
          this.#request.onSent?.(sentBytes)
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
      // A question may be thought about for long; lists and the health check are not.
      const isProxy = phase === 'headers' && this.#request.method === 'GET'
      const late = failure({ code: 'timeout', phase, seconds: Math.round(ms / 1000) })
      this.#close({ reason: (isProxy ? this.#brokenProxy() : null) ?? late })
    }, ms)
  }

  #close(cause: { reason: unknown } | null): void {
    this.#cause ??= cause
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#request.signal.removeEventListener('abort', this.#abort)
    const error = new Error('closed')
    this.#client?.destroy(error).catch(() => undefined)
    // The socket too, because the client does not know it while it is being connected. With an error, see endSafely.
    this.#socket?.destroy(error)
    this.#giveUp?.()
  }

  async #untilClosed<T>(waited: Promise<T>): Promise<T> {
    const closed = new Promise<never>((_resolve, reject) => {
      this.#giveUp = () => {
        reject(new Error('closed'))
      }
    })
    try {
      return await Promise.race([waited, closed])
    } catch (thrown) {
      throw failure(toAppError(thrown))
    } finally {
      this.#giveUp = null
    }
  }

  /** What is thrown to the caller; the connection is gone afterwards. */
  #explain(thrown: unknown): unknown {
    const cause = this.#cause ?? { reason: this.#failureOf(thrown) }
    this.#close(cause)
    return cause.reason
  }

  /** A proxy that was given the request and makes no sense; null when there is none. */
  #brokenProxy(): AppFailure | null {
    if (this.#forwarder === null) return null
    const { host, port } = this.#forwarder
    return failure({ code: 'proxy', reason: 'network', host, port, ...PASSED })
  }

  #failureOf(thrown: unknown): unknown {
    if (thrown instanceof AppFailure) return thrown
    if (this.#phase === 'connecting') return failure(toAppError(thrown))
    if (this.#phase === 'waiting' && this.#forwarder !== null) return this.#brokenProxy()
    const isNonsense = thrown instanceof Error && thrown.name === 'HTTPParserError'
    if (this.#phase === 'waiting' && (isNonsense || codeOf(thrown) === 'UND_ERR_HEADERS_OVERFLOW')) {
      return nonsense()
    }
    return failure({ code: 'connection-lost' })
  }
}

const PASSED = { mayHavePassed: true } as const

/**
 * Whether an answer to a forwarded request is the proxy's own. A Backend API refuses in JSON; a page of another kind that
 * says there is no way, or bears a mark that only proxies set, is not from it. `Via` is no such mark: it stands on whatever
 * a proxy has sent on.
 */
function refusalByProxy(status: number, headers: Readonly<Record<string, string>>): ProxyReason | null {
  if (status === 407) return 'login'
  if (status < 400 || /json/iu.test(headers['content-type'] ?? '')) return null
  const isGateway = status === 403 || status === 502 || status === 503 || status === 504
  const isMarked = ['x-squid-error', 'proxy-status', 'proxy-authenticate'].some((name) => name in headers)
  return isGateway || isMarked ? 'failed' : null
}

// Without a snippet: what answers in no HTTP may well repeat what it was sent.
function nonsense(): AppFailure {
  return failure({ code: 'not-a-stream', status: 0, contentType: 'non-HTTP data', snippet: '' })
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
    const file = piece.kind === 'file' ? await stat(piece.path).catch(() => null) : null
    const isThere = piece.kind === 'memory' || (file?.isFile() === true && file.size === piece.bytes)
    if (!isThere) throw fileGone()
    bytes += piece.isRaw === true ? piece.bytes : 4 * Math.ceil(piece.bytes / 3)
  }
  return { pieces, bytes }
}

function encodePiece(piece: BodyPiece): Iterable<Uint8Array> | AsyncIterable<Uint8Array> {
  switch (piece.kind) {
    case 'text':
      return [Buffer.from(piece.text)]
    case 'memory':
      return encodeMemory(piece)
    case 'file':
      return encodeFile(piece)
  }
}

function* encodeMemory({ content, isRaw }: Extract<BodyPiece, { kind: 'memory' }>): Generator<Uint8Array> {
  const bytes = Buffer.from(content.buffer, content.byteOffset, content.byteLength)
  for (let at = 0; at < bytes.length; at += FILE_PIECE_BYTES) {
    const piece = bytes.subarray(at, at + FILE_PIECE_BYTES)
    yield isRaw === true ? piece : Buffer.from(piece.toString('base64'), 'latin1')
  }
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
      // A copy: the next piece is read into the same memory while this one may still wait to be written.
      yield piece.isRaw === true
        ? Buffer.from(buffer.subarray(0, wanted))
        : Buffer.from(buffer.toString('base64', 0, wanted), 'latin1')
    }
  } finally {
    await file.close()
  }
}

function fileGone(): AppFailure {
  return failure({ code: 'not-found', what: 'attachment' })
}

const MAX_HOST = 260

function redirectError(status: number, location: string | undefined, asked: URL): AppError {
  let to: URL
  try {
    to = new URL(location ?? '', asked)
  } catch {
    return { code: 'redirect', status, host: null }
  }
  // No host has a longer name; what is longer is something else (R18).
  if (location === undefined || to.host === '' || to.host.length > MAX_HOST)
    return { code: 'redirect', status, host: null }
  if (to.origin === asked.origin) return { code: 'redirect', status, host: to.host, sameHost: 'path' }
  const isSecured = asked.protocol === 'http:' && to.protocol === 'https:' && to.hostname === asked.hostname
  return { code: 'redirect', status, host: to.host, ...(isSecured ? { sameHost: 'https' } : {}) }
}
