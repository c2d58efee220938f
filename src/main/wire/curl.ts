import { plainLine, plainText } from '../backend/server-text'
import { readJson } from './json'
import { DOTS } from './mask'
import type { SentRequest } from './request'

/** Longer arguments are refused by Linux; what a shell prints itself has no such limit. */
const MAX_ARGUMENT_BYTES = 100_000

/**
 * The request as a command for a POSIX shell. Each secret is a variable that stops the command, with words for what it
 * is, until a person has set it: `PARLEY_AUTHORIZATION=…` in front of it. Files are left out as they are in the request.
 *
 * @param request masked
 */
export function curlCommand({ method, url, headers, body, route }: SentRequest): string {
  const { comment, options: routeOptions } = routeArguments(url, route)
  const options = headers.map(({ name, value }) => `-H ${headerArgument(name, value)}`)
  if (method !== 'POST') options.unshift(`-X ${quote(method)}`)
  // Brackets of an IPv6 address would be taken for a pattern of many addresses.
  const command = `curl ${/[[\]{}]/u.test(url) ? '-gN' : '-N'} ${quote(url)}`
  options.unshift(...routeOptions)
  const written = bodyArgument(visible(body))
  if (Buffer.byteLength(written) <= MAX_ARGUMENT_BYTES) {
    if (body !== '') options.push(`--data-raw ${written}`)
    return comment + [command, ...options].join(' \\\n  ')
  }
  return `${comment}printf %s ${written} |\n${[command, ...options, '--data-binary @-'].join(' \\\n  ')}`
}

/** The way to the server. curl checks certificates as well: which ones it takes beside its own is for a person to say. */
function routeArguments(url: string, route: SentRequest['route']): { comment: string; options: string[] } {
  const options: string[] = []
  if (route === undefined) return { comment: '', options }
  const { proxy, hasProxyLogin, trust } = route
  if (proxy !== null) {
    // The proxy resolves the name, as it does for Parley.
    options.push(`-x ${quote(proxy.replace('socks5:', 'socks5h:').replace('socks4:', 'socks4a:'))}`)
    if (hasProxyLogin) options.push(`--proxy-user ${required('PROXY_LOGIN', 'set it to user:password of the proxy')}`)
  }
  if (trust.kind === 'system' || !url.startsWith('https:')) return { comment: '', options }
  options.push(`--cacert ${required('CA_FILE', 'a file with the certificate')}`)
  const comment =
    trust.kind === 'pinned'
      ? `# trusts one certificate: SHA-256 ${trust.sha256}`
      : `# trusts also the certificates in ${plainLine(trust.fileName, 255)}`
  return { comment: `${comment}\n`, options }
}

// What a terminal would not show, or show somewhere else, is written as its JSON escape, which means the same.
const UNSEEN = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/gu

/** No part of JSON, though some may be read as such. */
const RAW_CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/u

function visible(body: string): string {
  if (readJson(body) === undefined || body.search(RAW_CONTROL) !== -1) return plainText(body, body.length)
  return body.replace(UNSEEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Any text as one word of a POSIX shell, taken as it is. */
function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

function headerArgument(name: string, value: string): string {
  // `name:` alone would take the header away.
  if (value === '') return quote(`${name};`)
  const at = value.indexOf(DOTS)
  if (at === -1) return quote(`${name}: ${value}`)
  return quote(`${name}: ${value.slice(0, at)}`) + variable(name, value.slice(at))
}

// A field of the body that is nothing but a secret becomes a variable too; secrets within longer texts stay masked.
const MASKED_FIELD = new RegExp(`"([A-Za-z0-9_-]{1,64})":"(${DOTS}[^"\\\\]{0,4})"`, 'gu')

function bodyArgument(body: string): string {
  let argument = ''
  let at = 0
  for (const { 1: name = '', 2: mask = '', index } of body.matchAll(MASKED_FIELD)) {
    const from = index + `"${name}":"`.length
    argument += quote(body.slice(at, from)) + variable(name, mask)
    at = from + mask.length
  }
  return argument + quote(body.slice(at))
}

function variable(name: string, mask: string): string {
  const tail = mask.slice(DOTS.length)
  // Within the braces the shell would read some characters in its own way.
  const hint = /^[A-Za-z0-9_-]{4}$/u.test(tail) ? `set it to the secret that ends in ${tail}` : 'set it to the secret'
  return required(name.toUpperCase().replace(/[^A-Z0-9]+/gu, '_'), hint)
}

/** What a person has to set; the command stops without it. */
function required(name: string, hint: string): string {
  return `"\${PARLEY_${name}:?${hint}}"`
}
