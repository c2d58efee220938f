import { isIPv4 } from 'node:net'
import type { AddressReason, Result } from '../../shared/errors'

const MAX_ADDRESS = 2048
/** Where `g4f api` and `g4f gui` listen when nobody says otherwise (protocol.md). */
export const USUAL_PORTS = [1337, 8080] as const

/**
 * What a person types or pastes as the address of a server → the base addresses it can mean, the likeliest first, each
 * normalised and without `/backend-api` (S36). Takes `localhost`, `host:port`, addresses of the server's pages and of its
 * API, with or without a scheme; query and fragment are dropped. Refused: other schemes, names and passwords.
 *
 * @returns one to six addresses such as `http://localhost:1337`, or `bad-address`
 */
export function parseAddress(typed: string): Result<string[]> {
  const text = typed.trim()
  if (text === '') return refuse('empty')
  // The URL parser would drop line breaks and turn backslashes around instead of refusing them.
  if (text.length > MAX_ADDRESS || /[\s\\<>"^`{|}\u0000-\u001f\u007f-\u009f]/u.test(text)) return refuse('unreadable')
  if (/^[0-9a-f]*(?::[0-9a-f]*){2,}$/iu.test(text)) return withoutScheme(`[${text}]`)
  const scheme = /^([a-z][a-z0-9+.-]*):(?:\/\/|(?!\d+(?:[/?#]|$)))/iu.exec(text)
  if (scheme === null) return withoutScheme(text.replace(/^\/\//u, ''))

  const name = scheme[1]?.toLowerCase()
  const rest = text.slice(scheme[0].length)
  const hasSlashes = scheme[0].endsWith('//')
  if (name === 'http' || name === 'https') return hasSlashes ? candidates([name], rest) : refuse('unreadable')
  // `localhost:abc` and `user:secret@host` look like a scheme, too.
  if (!hasSlashes && text.includes('@')) return refuse('credentials')
  if (!hasSlashes && (name === 'localhost' || name?.includes('.') === true)) return refuse('port')
  return refuse('scheme')
}

// Servers of one's own mostly speak http, those of others https; the other one is tried as well.
function withoutScheme(text: string): Result<string[]> {
  const probe = readUrl(`http://${text}`)
  if (typeof probe === 'string') return refuse(probe)
  const hasPort = /^(?:\[[^\]]*\]|[^/?#:]*):\d+/u.test(text)
  const isOwn = isLoopback(probe.hostname) || isPrivate(probe.hostname)
  const isHttpFirst = isOwn || (hasPort && probe.port !== '443')
  const result = candidates(isHttpFirst ? ['http', 'https'] : ['https', 'http'], text)
  if (!result.ok || hasPort || !isOwn) return result
  const usual = USUAL_PORTS.map((port) => `http://${probe.hostname}:${port}`)
  return { ok: true, value: [...usual, ...result.value] }
}

function candidates(schemes: readonly string[], rest: string): Result<string[]> {
  const found: string[] = []
  for (const scheme of schemes) {
    const url = readUrl(`${scheme}://${rest}`)
    if (typeof url === 'string') return refuse(url)
    // A server may live under a path. One that was copied from the browser's address line leads to a page instead, so
    // the server's root is tried behind it.
    const path = url.pathname.replace(/\/backend-api(?:\/.*)?$/u, '').replace(/\/+$/u, '')
    found.push(url.origin + path)
    if (path !== '') found.push(url.origin)
  }
  return { ok: true, value: [...new Set(found)] }
}

function readUrl(address: string): URL | AddressReason {
  const authority = /^[a-z]+:\/\/([^/?#]*)/iu.exec(address)?.[1] ?? ''
  if (authority.includes('@')) return 'credentials'
  const port = /:([^\]:]*)$/u.exec(authority)?.[1]
  if (port !== undefined && (!/^\d{1,5}$/u.test(port) || Number(port) === 0 || Number(port) > 65_535)) return 'port'
  if (authority.replace(/:\d*$/u, '') === '') return 'host'
  let url: URL
  try {
    url = new URL(address)
  } catch {
    return 'host'
  }
  // What a server prints when it listens on all addresses; nothing can be reached there on some systems.
  if (url.hostname === '0.0.0.0') url.hostname = '127.0.0.1'
  if (url.hostname === '[::]') url.hostname = '[::1]'
  return url
}

/** Whether a host, as the URL parser writes it, is this computer. */
export function isLoopback(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/u, '')
  if (isIPv4(name)) return name.startsWith('127.')
  return (
    ['localhost', 'localhost.localdomain', 'ip6-localhost', 'ip6-loopback'].includes(name) ||
    name.endsWith('.localhost') ||
    name === '[::1]' ||
    /^\[::ffff:7f[0-9a-f]{2}:/u.test(name)
  )
}

// Private and link-local ranges, names that only a local network knows, and single names.
function isPrivate(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.$/u, '')
  if (isIPv4(name)) {
    const [first = 0, second = 0] = name.split('.').map(Number)
    return (
      first === 10 ||
      (first === 172 && second >= 16 && second <= 31) ||
      (first === 192 && second === 168) ||
      (first === 169 && second === 254) ||
      (first === 100 && second >= 64 && second <= 127)
    )
  }
  if (name.startsWith('[')) return /^\[f(?:[cd]|e[89ab])/u.test(name)
  return !name.includes('.') || /\.(?:local|lan|home|internal|home\.arpa)$/u.test(name)
}

function refuse(reason: AddressReason): { ok: false; error: { code: 'bad-address'; reason: AddressReason } } {
  return { ok: false, error: { code: 'bad-address', reason } }
}
