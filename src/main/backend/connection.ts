import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { failure, type AppError, type CertificateReason } from '../../shared/errors'

/** The way to a server: directly or through a proxy, and whose certificates count beside the runtime's. */
export interface Route {
  url: URL
  proxy: URL | null
  ca: string[] | undefined
}

/** One of the two is null. */
export type Connected = (error: Error | null, socket: Socket | null) => void

/**
 * Connects to the server of the route, if need be through its proxy and by TLS. `onSocket` gets the outer socket when
 * there are two, so that destroying the last one it got ends it all.
 */
export function openSocket(route: Route, onSocket: (socket: Socket) => void, done: Connected): Socket {
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
  const login = loginOf(proxy)
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

function loginOf(proxy: URL): string {
  return `${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`
}

/** @throws AppFailure `bad-address` */
export function parseProxy(address: string): URL {
  let url: URL
  try {
    url = new URL(address)
    // What cannot be decoded now would fail in the middle of a connection.
    loginOf(url)
  } catch {
    throw failure({ code: 'bad-address', reason: 'unreadable' })
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') throw failure({ code: 'bad-address', reason: 'scheme' })
  return url
}

/** What an error before the request was sent means. Nothing has reached the server then. */
export function connectError(thrown: unknown, route: Route): AppError {
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

export function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return ''
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

function hostOf(url: URL): string {
  return url.hostname.replace(/^\[|\]$/gu, '')
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
