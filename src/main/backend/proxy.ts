import { failure, type AddressReason, type Result } from '../../shared/errors'

/** What stands between this computer and a server. A proxy of any kind is told the server's name and resolves it itself. */
export interface Proxy {
  /** `https` speaks TLS to the proxy itself. `socks4` is SOCKS 4a. */
  kind: ProxyKind
  /** As the URL parser writes it: lower case, punycode, IPv6 in brackets. */
  host: string
  port: number
  login: { user: string; password: string } | null
}

export type ProxyKind = 'http' | 'https' | 'socks4' | 'socks5'

const MAX_ADDRESS = 2048
const KINDS = new Map<string, ProxyKind>([
  ['http', 'http'],
  ['https', 'https'],
  ['socks', 'socks5'],
  ['socks4', 'socks4'],
  ['socks4a', 'socks4'],
  ['socks5', 'socks5'],
  ['socks5h', 'socks5'],
])
const DEFAULT_PORTS: { [K in ProxyKind]: number } = { http: 80, https: 443, socks4: 1080, socks5: 1080 }

/**
 * What a person types as the address of a proxy → `http`, `https`, `socks4` or `socks5` `://host:port`. Without a scheme it
 * is an HTTP proxy; without a port it is the usual one of its kind. A login is refused: user and password have fields of
 * their own, where the password is kept as a secret.
 *
 * @returns `bad-proxy` for what is no such address
 */
export function parseProxyAddress(typed: string): Result<string> {
  const proxy = parse(typed)
  if (typeof proxy === 'string') return { ok: false, error: { code: 'bad-proxy', reason: proxy } }
  if (proxy.login !== null) return { ok: false, error: { code: 'bad-proxy', reason: 'credentials' } }
  return { ok: true, value: addressOf(proxy) }
}

/**
 * The same address with or without a login in it, user and password percent-encoded (`encodeURIComponent`).
 *
 * @throws AppFailure `bad-proxy`
 */
export function readProxy(address: string): Proxy {
  const proxy = parse(address)
  if (typeof proxy === 'string') throw failure({ code: 'bad-proxy', reason: proxy })
  return proxy
}

/**
 * The first usable entry of a proxy list as a PAC file or the system gives it (`PROXY a:8080; SOCKS5 b:1080; DIRECT`), as an
 * address for readProxy; null for a direct connection. `SOCKS` is version 4, as in Chromium, whose answer this is.
 */
export function readPacResult(text: string): string | null {
  const kinds = new Map<string, ProxyKind>([
    ['PROXY', 'http'],
    ['HTTP', 'http'],
    ['HTTPS', 'https'],
    ['SOCKS', 'socks4'],
    ['SOCKS4', 'socks4'],
    ['SOCKS5', 'socks5'],
  ])
  for (const entry of text.split(';')) {
    const [word = '', hostAndPort = '', ...more] = entry.trim().split(/\s+/u)
    if (word.toUpperCase() === 'DIRECT') return null
    const kind = kinds.get(word.toUpperCase())
    if (kind === undefined || hostAndPort.includes('/') || more.length > 0) continue
    const proxy = parse(`${kind}://${hostAndPort}`)
    if (typeof proxy !== 'string' && proxy.login === null) return addressOf(proxy)
  }
  return null
}

function parse(typed: string): Proxy | AddressReason {
  const text = typed.trim()
  if (text === '') return 'empty'
  if (text.length > MAX_ADDRESS || /[\s\\<>"^`{|}\u0000-\u001f\u007f-\u009f]/u.test(text)) return 'unreadable'
  const [, scheme = 'http', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/iu.exec(text) ?? []
  const kind = KINDS.get(scheme.toLowerCase())
  if (kind === undefined) return 'scheme'
  const authority = rest.replace(/\/$/u, '')
  // A path is that of a PAC file, or of something else that is no proxy.
  if (/[/?#]/u.test(authority)) return 'unreadable'

  const at = authority.lastIndexOf('@')
  const login = at === -1 ? null : readLogin(authority.slice(0, at))
  if (login === undefined) return 'unreadable'
  const [, name = '', portText] = /^(\[[^\]]*\]|[^:]*)(?::(.*))?$/u.exec(authority.slice(at + 1)) ?? []
  if (name === '') return 'host'
  const port = portText === undefined ? DEFAULT_PORTS[kind] : /^\d{1,5}$/u.test(portText) ? Number(portText) : 0
  if (port < 1 || port > 65_535) return 'port'
  const host = readHost(name)
  return host === null ? 'host' : { kind, host, port, login }
}

/** Undefined for what cannot be decoded; null for none. */
function readLogin(text: string): Proxy['login'] | undefined {
  const colon = text.indexOf(':')
  try {
    const user = decodeURIComponent(colon === -1 ? text : text.slice(0, colon))
    const password = colon === -1 ? '' : decodeURIComponent(text.slice(colon + 1))
    return user === '' && password === '' ? null : { user, password }
  } catch {
    return undefined
  }
}

function readHost(name: string): string | null {
  try {
    return new URL(`http://${name}`).hostname || null
  } catch {
    return null
  }
}

function addressOf({ kind, host, port }: Proxy): string {
  return `${kind}://${host}:${port}`
}
