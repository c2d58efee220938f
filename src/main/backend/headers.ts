import { failure, type AppError, type HeaderReason, type Result } from '../../shared/errors'
import { plainLine } from './server-text'

/** Of name and value together. Servers take 8 KB for all headers of a request. */
export const MAX_HEADER_CHARACTERS = 8000

// RFC 9110: a name is a token; a value is visible characters, obs-text, and spaces and tabs between them.
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/u
const VALUE = /^(?:[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?)?$/u

// What belongs to the connection or to the form of the body, and what Parley itself must be sure of: an answer that may
// be compressed arrives in one piece at its end (protocol.md section 1).
const RESERVED = new Set([
  'accept',
  'accept-encoding',
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

/**
 * Whether a header of a person can be sent, for each of its two parts (S34): RFC 9110 token and field value, none that
 * belongs to the connection, at most 8,000 characters. Spaces at the ends of the value are no error.
 */
export function checkHeader(name: string, value: string): AppError | null {
  if (name.length + value.length > MAX_HEADER_CHARACTERS) return badHeader(name, 'too-long')
  // A legal token, but as a key of an object it is not a key.
  if (!TOKEN.test(name) || name.toLowerCase() === '__proto__') return badHeader(name, 'name')
  if (RESERVED.has(name.toLowerCase()) || name.toLowerCase().startsWith('proxy-')) return badHeader(name, 'reserved')
  if (VALUE.test(trimValue(value))) return null
  return badHeader(name, /[\u0000-\u0008\u000a-\u001f\u007f]/u.test(trimValue(value)) ? 'value' : 'characters')
}

/**
 * The headers as they are sent: names in lower case, values without spaces at their ends.
 *
 * @returns the first error among them; `duplicate` for a name that is there twice, in whatever case
 */
export function checkHeaders(
  headers: Iterable<readonly [name: string, value: string]>,
): Result<Record<string, string>> {
  const checked = new Map<string, string>()
  for (const [name, value] of headers) {
    const error = checkHeader(name, value)
    if (error !== null) return { ok: false, error }
    if (checked.has(name.toLowerCase())) return { ok: false, error: badHeader(name, 'duplicate') }
    checked.set(name.toLowerCase(), trimValue(value))
  }
  return { ok: true, value: Object.fromEntries(checked) }
}

/** The same before sending, where an error is a failure of the request. */
export function requireHeaders(headers: Record<string, string>): Record<string, string> {
  const checked = checkHeaders(Object.entries(headers))
  if (!checked.ok) throw failure(checked.error)
  return checked.value
}

// Spaces and tabs only: a line break at the end is a line break.
function trimValue(value: string): string {
  return value.replace(/^[\t ]+|[\t ]+$/gu, '')
}

function badHeader(name: string, reason: HeaderReason): AppError {
  return { code: 'bad-header', name: plainLine(name, 60), reason }
}
