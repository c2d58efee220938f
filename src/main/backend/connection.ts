import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { AppFailure, failure, type AppError } from '../../shared/errors'
import type { CertificateInfo } from '../../shared/settings'
import { countSystemAuthorities, readSystemAuthorities, secureContext } from './authorities'
import { certificateReason, readCertificate } from './certificate'
import type { Proxy } from './proxy'
import { openTunnel } from './tunnel'

/** The way to a server, and whose word counts that it is the one. */
export interface Route {
  url: URL
  /** See TransportRequest. */
  address?: string | undefined
  proxy: Proxy | null
  tls: TlsOptions
}

export interface TlsOptions {
  /** PEM certificates of authorities that count beside those of the runtime and of this computer. */
  ca?: string
  /**
   * The only certificate that the server may show: whoever signed it, for whatever name, also when it has expired. It says
   * nothing about a proxy on the way.
   */
  pinned?: CertificateInfo
}

/**
 * Whether the request is given to the proxy as it is, for it to send on: the way of plain http. Most proxies open tunnels
 * to the ports of https only, and what is not encrypted they can read in a tunnel as well. A request to a checked address
 * takes a tunnel nevertheless: the proxy would look the name up again.
 */
export function isForwarded({ url, proxy, address }: Route): boolean {
  return url.protocol === 'http:' && address === undefined && (proxy?.kind === 'http' || proxy?.kind === 'https')
}

/**
 * For how long the authorities of this computer are waited for, when no others vouch. It is part of the time to connect, and
 * they come in handy for the next try even when they are late.
 */
const SYSTEM_AUTHORITIES_WAIT_MS = 5000

/**
 * Connects to the server of the route, if need be through its proxy and by TLS. Nothing of a request has left then, and a
 * server that is reached by TLS is the one that the route trusts.
 *
 * @param onSocket gets each socket, the inner one last: destroying that one ends all
 * @throws AppFailure `unreachable`, `certificate`, `proxy`
 */
export async function openSocket(route: Route, onSocket: (socket: Socket) => void): Promise<Socket> {
  const counted = countSystemAuthorities()
  try {
    return await open(route, onSocket)
  } catch (thrown) {
    const isUnknown =
      thrown instanceof AppFailure &&
      thrown.error.code === 'certificate' &&
      (thrown.error.reason === 'unknown-issuer' || thrown.error.reason === 'self-signed')
    if (!isUnknown || (await readSystemAuthorities(SYSTEM_AUTHORITIES_WAIT_MS)) === counted) throw thrown
    return open(route, onSocket)
  }
}

async function open(route: Route, onSocket: (socket: Socket) => void): Promise<Socket> {
  const { url, proxy, tls } = route
  const target = { host: route.address ?? bare(url.hostname), port: portOf(url) }
  let last: Socket | undefined
  const use = (socket: Socket): void => {
    last = socket
    onSocket(socket)
  }
  const explain = (thrown: unknown): never => {
    if (thrown instanceof AppFailure) throw thrown
    throw failure(tlsError(thrown, url.hostname) ?? unreachable(thrown, url.hostname, target.port))
  }
  try {
    let socket: Socket
    if (proxy === null) socket = await dial(target, use).catch(explain)
    else {
      socket = await reachProxy(proxy, tls, use)
      if (isForwarded(route)) return socket
      await openTunnel(socket, proxy, target)
    }
    return url.protocol === 'https:' ? await startTls(socket, url.hostname, tls, use).catch(explain) : socket
  } catch (thrown) {
    // With an error, see endSafely.
    last?.destroy(new Error('not connected'))
    throw thrown
  }
}

async function reachProxy(proxy: Proxy, { ca }: TlsOptions, use: (socket: Socket) => void): Promise<Socket> {
  try {
    const socket = await dial({ host: bare(proxy.host), port: proxy.port }, use)
    return proxy.kind === 'https'
      ? await startTls(socket, proxy.host, { ...(ca === undefined ? {} : { ca }) }, use)
      : socket
  } catch (thrown) {
    if (thrown instanceof AppFailure && thrown.error.code === 'certificate') {
      // Without the certificate: whoever trusted it would trust it as the server's.
      const { code, reason, host } = thrown.error
      throw failure({ code, reason, host })
    }
    throw failure({ ...unreachable(thrown, proxy.host, proxy.port), code: 'proxy' })
  }
}

/**
 * For how long one of several addresses of a name is tried before the next. Node gives 250 ms, which is less than a round
 * trip over some networks; then the last address decides, and it may be an IPv6 one that leads nowhere.
 */
const ATTEMPT_MS = 1000

function dial(to: { host: string; port: number }, use: (socket: Socket) => void): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ ...to, autoSelectFamily: true, autoSelectFamilyAttemptTimeout: ATTEMPT_MS })
    use(socket)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.once('connect', () => {
      resolve(socket)
    })
    rejectWithEnd(socket, reject)
  })
}

/**
 * TLS over a connected socket, with a server that has shown a certificate that counts; nothing is written before. The
 * handshake itself takes any certificate, because a refused one could not be shown to anybody, and `judge` decides: always,
 * and whatever the environment says (S37).
 *
 * @throws AppFailure `certificate`; errors of the handshake as they are
 */
function startTls(
  socket: Socket,
  hostname: string,
  { ca, pinned }: TlsOptions,
  use: (socket: Socket) => void,
): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const host = bare(hostname)
    const secure = connectTls({
      socket,
      host,
      ...(isIP(host) === 0 ? { servername: host.replace(/\.$/u, '') } : {}),
      secureContext: secureContext(ca),
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: false,
    })
    use(secure)
    secure.once('secureConnect', () => {
      const refusal = judge(secure, hostname, pinned)
      if (refusal === null) resolve(secure)
      else reject(failure(refusal))
    })
    rejectWithEnd(secure, reject)
  })
}

/** Null for a server that may be spoken to. */
function judge(socket: TLSSocket, host: string, pinned: CertificateInfo | undefined): AppError | null {
  // Empty, whatever the types say, when the server has shown none.
  const { raw } = socket.getPeerCertificate() as { raw?: Uint8Array }
  if (raw === undefined) return { code: 'certificate', reason: 'other', host }
  const shown = readCertificate(raw)
  if (pinned !== undefined) {
    if (shown.sha256 === pinned.sha256) return null
    return { code: 'certificate', reason: 'changed', host, shown, trusted: pinned }
  }
  // A resumed session would not have been checked against the name. None is ever offered.
  if (socket.authorized && !socket.isSessionReused()) return null
  // A code, whatever the types say.
  return { code: 'certificate', reason: certificateReason(String(socket.authorizationError)), host, shown }
}

function rejectWithEnd(socket: Socket, reject: (error: Error) => void): void {
  // Stays on for the life of the socket: an error event without a listener ends the process.
  socket.on('error', (error: Error) => {
    endSafely(error)
    reject(error)
  })
  socket.once('close', () => {
    reject(Object.assign(new Error('closed'), { code: 'ECONNRESET' }))
  })
}

/**
 * undici 7 asserts that its parser is not paused when a connection ends with ECONNRESET or without any error, and the
 * assertion ends the process: a server only has to reset while we read slowly. An error of another name leads it past that.
 */
function endSafely(error: Error): void {
  if ('code' in error && error.code === 'ECONNRESET') error.code = 'ECONNABORTED'
}

function unreachable(thrown: unknown, host: string, port: number): Extract<AppError, { code: 'unreachable' }> {
  // A name with several addresses fails with an error for each: that one of them refuses says more than that another has no way.
  const codes = thrown instanceof AggregateError ? thrown.errors.map(codeOf) : [codeOf(thrown)]
  if (codes.includes('ECONNREFUSED')) return { code: 'unreachable', reason: 'refused', host, port }
  if (codes.some((code) => code === 'ENOTFOUND' || code.startsWith('EAI_'))) {
    return { code: 'unreachable', reason: 'unknown-host', host, port }
  }
  return { code: 'unreachable', reason: 'network', host, port }
}

/** Null for an error that is none of TLS. */
function tlsError(thrown: unknown, host: string): AppError | null {
  const code = codeOf(thrown)
  if (code === 'ERR_SSL_UNSUPPORTED_PROTOCOL' || code === 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION') {
    return { code: 'certificate', reason: 'old-protocol', host }
  }
  return /^(?:EPROTO$|ERR_SSL_|ERR_TLS_)/u.test(code) ? { code: 'certificate', reason: 'other', host } : null
}

export function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return ''
  return 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : ''
}

function bare(hostname: string): string {
  return hostname.replace(/^\[|\]$/gu, '')
}

function portOf(url: URL): number {
  if (url.port !== '') return Number(url.port)
  return url.protocol === 'https:' ? 443 : 80
}
