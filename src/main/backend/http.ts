import { open, stat } from 'node:fs/promises'
import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import { connect as connectTls, rootCertificates } from 'node:tls'
import type { Client, Dispatcher } from 'undici'
import { AppFailure, failure, type AppError, type CertificateReason } from '../../shared/errors'
import { isLoopback } from './address'
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

interface Route {
  url: URL
  proxy: URL | null
  ca: string[] | undefined
}

interface MeasuredBody {
  pieces: BodyPiece[]
  bytes: number
}

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
    return {
      status,
      headers,
      body: { [Symbol.asyncIterator]: () => this.#read(response.body[Symbol.asyncIterator]()) },
    }
  }

  // Not a generator: `return` must close the connection also when nothing was read yet.
  #read(pieces: AsyncIterator<Uint8Array>): AsyncIterator<Uint8Array, undefined> {
    return {
      next: async () => {
        // Only while we wait for the server: a slow reader of these bytes is not the server's silence.
        this.#waitFor(this.#request.idleTimeoutMs, 'idle')
        try {
          const piece = await pieces.next()
          if (piece.done !== true) return piece
        } catch (thrown) {
          throw this.#explain(thrown)
        } finally {
          clearTimeout(this.#timer)
        }
        this.#close(null)
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
          // Asked for more, so the last bytes have left: the wait for the answer begins behind the last of them.
          this.#waitFor(this.#request.firstByteTimeoutMs, 'headers')
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
    if (this.#cause !== null) return
    this.#timer = setTimeout(() => {
      this.#close({ reason: failure({ code: 'timeout', phase, seconds: Math.round(ms / 1000) }) })
    }, ms)
  }

  #close(cause: { reason: unknown } | null): void {
    clearTimeout(this.#timer)
    this.#request.signal.removeEventListener('abort', this.#abort)
    this.#cause ??= cause
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

// ---- connections ----

type Connected = (error: Error | null, socket: Socket | null) => void

/**
 * Connects to the server of the route, if need be through its proxy and by TLS. `onSocket` gets the outer socket when
 * there are two, so that destroying the last one it got ends it all.
 */
function openSocket(route: Route, onSocket: (socket: Socket) => void, done: Connected): Socket {
  const { url, proxy } = route
  if (proxy === null) return dial(url, route, null, done)
  return dial(proxy, route, null, (error, socket) => {
    if (socket === null) {
      done(error, null)
      return
    }
    openTunnel(socket, url, proxy, (refusal) => {
      if (refusal !== null) done(refusal, null)
      else if (url.protocol === 'https:') onSocket(dial(url, route, socket, done))
      else done(null, socket)
    })
  })
}

function dial(url: URL, route: Route, through: Socket | null, done: Connected): Socket {
  const isTls = url.protocol === 'https:'
  const host = hostOf(url)
  const port = portOf(url)
  const socket = isTls
    ? connectTls({
        host,
        port,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(through === null ? {} : { socket: through }),
        ...(route.ca === undefined ? {} : { ca: route.ca }),
        ALPNProtocols: ['http/1.1'],
        // Said aloud, because the default is what an environment variable says.
        rejectUnauthorized: true,
      })
    : connectTcp({ host, port })
  let isDone = false
  const settle: Connected = (error, connected) => {
    if (isDone) return
    isDone = true
    done(error, connected)
  }
  socket.setNoDelay(true)
  socket.setKeepAlive(true, 60_000)
  socket.once(isTls ? 'secureConnect' : 'connect', () => {
    settle(null, socket)
  })
  // Stays on for the life of the socket: an error event without a listener ends the process.
  socket.on('error', (error: Error) => {
    endSafely(error)
    settle(error, null)
  })
  socket.once('close', () => {
    settle(Object.assign(new Error('closed'), { code: 'ECONNRESET' }), null)
  })
  return socket
}

/**
 * undici 7 asserts that its parser is not paused when a connection ends with ECONNRESET or without any error, and the
 * assertion ends the process: a server only has to reset while we read slowly. An error of another name leads it past that.
 */
function endSafely(error: Error): void {
  if ('code' in error && error.code === 'ECONNRESET') error.code = 'ECONNABORTED'
}

class ProxyRefusal extends Error {
  constructor(readonly status: number) {
    super('proxy refused')
  }
}

const MAX_PROXY_HEAD = 16 * 1024

function openTunnel(socket: Socket, target: URL, proxy: URL, done: (refusal: Error | null) => void): void {
  const authority = `${target.hostname}:${portOf(target)}`
  const login = `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
  const authorization = login === ':' ? '' : `Proxy-Authorization: Basic ${Buffer.from(login).toString('base64')}\r\n`
  let head = Buffer.alloc(0)
  const finish = (refusal: Error | null): void => {
    socket.off('data', read)
    socket.off('close', closed)
    socket.pause()
    if (refusal !== null) socket.destroy()
    done(refusal)
  }
  const closed = (): void => {
    finish(new ProxyRefusal(502))
  }
  const read = (bytes: Buffer): void => {
    head = Buffer.concat([head, bytes])
    const end = head.indexOf('\r\n\r\n')
    if (end === -1) {
      if (head.length > MAX_PROXY_HEAD) finish(new ProxyRefusal(502))
      return
    }
    const status = Number(/^HTTP\/1\.[01] (\d{3})/u.exec(head.toString('latin1', 0, 64))?.[1] ?? 502)
    if (end + 4 < head.length) socket.unshift(head.subarray(end + 4))
    finish(status === 200 ? null : new ProxyRefusal(status))
  }
  socket.on('data', read)
  socket.once('close', closed)
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`)
}

function parseProxy(address: string): URL {
  let url: URL
  try {
    url = new URL(address)
  } catch {
    throw failure({ code: 'bad-address', reason: 'unreadable' })
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failure({ code: 'bad-address', reason: 'scheme' })
  return url
}

// ---- errors ----

function connectError(thrown: unknown, route: Route): AppError {
  // What cannot be reached is the proxy, or the server that it was asked for.
  const url = route.proxy ?? route.url
  const host = url.hostname
  if (thrown instanceof ProxyRefusal) return { code: 'http', status: thrown.status, message: null }
  const code = codeOf(thrown)
  const certificate = certificateReason(code)
  if (certificate !== null) return { code: 'certificate', reason: certificate, host: route.url.hostname }
  const port = portOf(url)
  if (code === 'ECONNREFUSED') return { code: 'unreachable', reason: 'refused', host, port }
  if (code === 'ENOTFOUND' || code.startsWith('EAI_'))
    return { code: 'unreachable', reason: 'unknown-host', host, port }
  return { code: 'unreachable', reason: 'network', host, port }
}

/** Codes of OpenSSL and of BoringSSL, which Electron has. Null for an error that is none of TLS. */
function certificateReason(code: string): CertificateReason | null {
  switch (code) {
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return 'self-signed'
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'CERT_UNTRUSTED':
      return 'unknown-issuer'
    case 'CERT_HAS_EXPIRED':
      return 'expired'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
    case 'HOSTNAME_MISMATCH':
      return 'wrong-host'
    case 'ERR_SSL_UNSUPPORTED_PROTOCOL':
    case 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION':
      return 'old-protocol'
    default:
      return /^(?:EPROTO$|ERR_SSL_|ERR_TLS_|CERT_|UNABLE_TO_|INVALID_|PATH_LENGTH|CRL_)/u.test(code) ? 'other' : null
  }
}

function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return ''
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

function redirectHost(location: string | undefined, base: URL): string | null {
  if (location === undefined) return null
  try {
    return new URL(location, base).host || null
  } catch {
    return null
  }
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/gu, '')
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
