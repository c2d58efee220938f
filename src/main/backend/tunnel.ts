import { isIP } from 'node:net'
import type { Socket } from 'node:net'
import { failure, type AppFailure, type ProxyReason } from '../../shared/errors'
import type { Proxy } from './proxy'

/** Where a tunnel leads. `host` is a name, an IPv4 address, or an IPv6 address without brackets. */
export interface Target {
  host: string
  port: number
}

/**
 * Asks the proxy at the other end of `socket` for a connection to `target`; what is written afterwards arrives there. The
 * proxy resolves the name. Written out here because the packages for it hand over the first bytes of the target in a way
 * that TLS does not see, and tell a refused login from an unreachable target by the words of a sentence only.
 *
 * @throws AppFailure `proxy`: `login`, `failed` when it has no way there, `network` when what it says makes no sense
 */
export async function openTunnel(socket: Socket, proxy: Proxy, target: Target): Promise<void> {
  const refused = (reason: ProxyReason): AppFailure =>
    failure({ code: 'proxy', reason, host: proxy.host, port: proxy.port })
  const line = new Line(socket, () => refused('network'))
  switch (proxy.kind) {
    case 'http':
    case 'https':
      return openHttp(line, proxy, target, refused)
    case 'socks4':
      return openSocks4(line, proxy, target, refused)
    case 'socks5':
      return openSocks5(line, proxy, target, refused)
  }
}

type Refuse = (reason: ProxyReason) => AppFailure

/** The value of `Proxy-Authorization`; null without a login. */
export function proxyAuthorization({ login }: Proxy): string | null {
  return login === null ? null : `Basic ${Buffer.from(`${login.user}:${login.password}`).toString('base64')}`
}

// ---- HTTP, RFC 9110 section 9.3.6 ----

const MAX_HEAD = 16 * 1024

async function openHttp(line: Line, proxy: Proxy, { host, port }: Target, refused: Refuse): Promise<void> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`
  const login = proxyAuthorization(proxy)
  const authorization = login === null ? '' : `Proxy-Authorization: ${login}\r\n`
  line.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${authorization}\r\n`)
  const head = await line.readUntil('\r\n\r\n', MAX_HEAD)
  const status = Number(/^HTTP\/1\.[01] (\d{3})[ \r]/u.exec(head.toString('latin1', 0, 64))?.[1] ?? 0)
  // 401 is a server's word; tinyproxy has it for a wrong password.
  if (status === 407 || status === 401) throw refused('login')
  if (status === 0) throw refused('network')
  if (status < 200 || status > 299) throw refused('failed')
}

// ---- SOCKS 4 and 4a ----

async function openSocks4(line: Line, { login }: Proxy, { host, port }: Target, refused: Refuse): Promise<void> {
  // It has no form for IPv6, and ends its strings with a zero.
  if (isIP(host) === 6) throw refused('failed')
  const user = Buffer.from(login?.user ?? '')
  if (user.includes(0)) throw refused('login')
  const isAddress = isIP(host) === 4
  line.write(
    Buffer.concat([
      Buffer.from([4, 1, port >> 8, port & 0xff]),
      // 0.0.0.x says that a name follows.
      isAddress ? addressBytes(host) : Buffer.from([0, 0, 0, 1]),
      user,
      Buffer.from(isAddress ? '\0' : `\0${host}\0`),
    ]),
  )
  const answer = await line.read(8)
  if (answer[0] !== 0) throw refused('network')
  // 92 and 93: it wants to be told by identd who we are.
  if (answer[1] === 92 || answer[1] === 93) throw refused('login')
  if (answer[1] !== 90) throw refused('failed')
}

// ---- SOCKS 5, RFC 1928 and 1929 ----

const WITHOUT_LOGIN = 0
const WITH_LOGIN = 2
/** Of a user, a password and a host name, which are told with one byte of length. */
const MAX_BYTES = 255

async function openSocks5(line: Line, { login }: Proxy, { host, port }: Target, refused: Refuse): Promise<void> {
  line.write(Buffer.from(login === null ? [5, 1, WITHOUT_LOGIN] : [5, 2, WITHOUT_LOGIN, WITH_LOGIN]))
  const [version, method] = await line.read(2)
  if (version !== 5) throw refused('network')
  if (method === WITH_LOGIN && login !== null) {
    const user = Buffer.from(login.user)
    const password = Buffer.from(login.password)
    if (user.length > MAX_BYTES || password.length > MAX_BYTES) throw refused('login')
    line.write(Buffer.concat([Buffer.from([1, user.length]), user, Buffer.from([password.length]), password]))
    const [, status] = await line.read(2)
    if (status !== 0) throw refused('login')
  } else if (method !== WITHOUT_LOGIN) throw refused('login')

  const name = Buffer.from(host)
  if (isIP(host) === 0 && name.length > MAX_BYTES) throw refused('failed')
  const address =
    isIP(host) === 4
      ? Buffer.concat([Buffer.from([1]), addressBytes(host)])
      : isIP(host) === 6
        ? Buffer.concat([Buffer.from([4]), addressBytes(host)])
        : Buffer.concat([Buffer.from([3, name.length]), name])
  line.write(Buffer.concat([Buffer.from([5, 1, 0]), address, Buffer.from([port >> 8, port & 0xff])]))
  const [version2, reply] = await line.read(2)
  if (version2 !== 5) throw refused('network')
  if (reply !== 0) throw refused('failed')
  // The address that it connected from, which nobody needs, and which must be read away.
  const [, kind, length = 0] = await line.read(3)
  const rest = kind === 1 ? 3 + 2 : kind === 4 ? 15 + 2 : kind === 3 ? length + 2 : null
  if (rest === null) throw refused('network')
  await line.read(rest)
}

/** 4 or 16 bytes. */
function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split('.').map(Number))
  // The URL parser writes all of it in hexadecimal, also a part that looks like IPv4.
  const [head = '', tail] = new URL(`http://[${host}]`).hostname.slice(1, -1).split('::')
  const words = (text: string): number[] => text.split(':').flatMap((word) => (word === '' ? [] : parseInt(word, 16)))
  const start = words(head)
  const end = words(tail ?? '')
  const groups = [...start, ...new Array<number>(8 - start.length - end.length).fill(0), ...end]
  return Buffer.from(groups.flatMap((group) => [group >> 8, group & 0xff]))
}

// ---- a socket, read by message ----

/** Reads exactly what belongs to a message; what comes behind it stays in the socket, for whoever reads on. */
class Line {
  readonly #socket: Socket
  readonly #closed: () => Error

  /** @param closed makes the error of a connection that ends too early */
  constructor(socket: Socket, closed: () => Error) {
    this.#socket = socket
    this.#closed = closed
  }

  write(bytes: string | Uint8Array): void {
    this.#socket.write(bytes)
  }

  read(length: number): Promise<Buffer> {
    return this.#receive((bytes) => (bytes.length >= length ? length : null), length)
  }

  readUntil(mark: string, maxBytes: number): Promise<Buffer> {
    return this.#receive((bytes) => {
      const start = bytes.indexOf(mark)
      return start === -1 ? null : start + mark.length
    }, maxBytes)
  }

  #receive(lengthOf: (bytes: Buffer) => number | null, maxBytes: number): Promise<Buffer> {
    const socket = this.#socket
    return new Promise((resolve, reject) => {
      let bytes = Buffer.alloc(0)
      const stop = (): void => {
        socket.off('data', read)
        socket.off('close', close)
        socket.pause()
      }
      const close = (): void => {
        stop()
        reject(this.#closed())
      }
      const read = (piece: Buffer): void => {
        bytes = Buffer.concat([bytes, piece])
        const length = lengthOf(bytes)
        if (length === null && bytes.length < maxBytes) return
        if (length === null || length > maxBytes) {
          close()
          return
        }
        stop()
        if (length < bytes.length) socket.unshift(bytes.subarray(length))
        resolve(bytes.subarray(0, length))
      }
      if (socket.destroyed) {
        close()
        return
      }
      socket.on('data', read)
      socket.once('close', close)
      socket.resume()
    })
  }
}
