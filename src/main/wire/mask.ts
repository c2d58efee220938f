import { KEY_LIKE, secretForms, type SecretForms } from '../backend/server-text'
import { tailOf } from '../secret-tail'
import { readJson } from './json'

/** Stands for the hidden part of a secret. */
export const DOTS = '••••'
const MASKED = /^••••.{0,4}$/su

/** What a secret is shown as. What is masked already stays as it is. */
export function maskOf(secret: string): string {
  return MASKED.test(secret) ? secret : DOTS + tailOf(secret)
}

/** Names of headers whose values are always secret. */
const SECRET_HEADER = /authori[sz]ation|cookie|key|token|secret|passw(?:or)?d|credential|^proxy-/iu
/** Names of JSON fields with secret values. `token` alone is none: it is the text of a thought. */
const SECRET_FIELD =
  /^(?:x[-_])?(?:api|g4f[-_]api|provider|secret|private|access)[-_]?keys?$|^(?:access|refresh|id|auth|api|session|csrf|bearer)[-_]?tokens?$|^(?:proxy[-_])?authorization$|^(?:set[-_])?cookies?$|^passw(?:or)?d$|^(?:client[-_]?)?secret$/iu

const LOGIN_IN_ADDRESS = /\b([a-z][a-z0-9+.-]{1,20}:\/\/[^\s/?#@:"']{0,100}:)[^\s/?#@"']{1,500}@/giu

/**
 * What is taken out of a text before it is shown, or cannot be seen in it: control characters but for tabs and line ends,
 * marks of direction, zero-width and tag characters. A secret with these between its letters is still one.
 */
const UNSEEN =
  /[\p{Cf}\p{Default_Ignorable_Code_Point}\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/gu

/** A text as a reader sees it. */
export function withoutUnseen(text: string): string {
  return text.replace(UNSEEN, '')
}

/** Of the values that are secret only by their name: each costs every search its time. The rest is masked where it stands. */
const MAX_NAMED_SECRETS = 64
// A pattern of all their forms takes a quarter of a second to compile at this, and two seconds at four times as much.
const MAX_NAMED_CHARACTERS = 16 * 1024

/** How often escapes are undone: JSON in a string of JSON, with addresses in it. */
const MAX_ESCAPES = 3
/** Longer texts are looked at only as they are and one step below: each step costs as much as the text is long. */
const LONG_TEXT = 1024 * 1024

/** Where a secret lies in a text. */
export interface Found {
  from: number
  to: number
  mask: string
}

/**
 * Takes secrets out of what leaves the recorder: known ones in whatever form, what looks like a key, and values of
 * headers and fields that are secret by name. What was masked once stays the same when it is masked again.
 */
export class Mask {
  readonly #known: SecretForms | null

  /**
   * @param secrets whatever is secret in the exchange, as it was sent: keys, values of headers with or without their scheme
   * @param named what is secret by the name of its header or field, of which the 64 longest are looked for everywhere
   */
  constructor(secrets: readonly string[], named: readonly string[] = []) {
    const all = [...secrets, ...longestOf(named)].flatMap(partsOf).map(withoutUnseen)
    // One with dots in it could be found in its own mask, for ever.
    this.#known = secretForms(all.filter((secret) => !secret.includes('•')))
  }

  /** How long a known secret can be at most, in whatever form; 0 when none is known. */
  get reach(): number {
    return this.#known?.reach ?? 0
  }

  /** Known secrets in a text that is not escaped in any way, in their order. */
  find(text: string): Found[] {
    const known = this.#known
    if (known === null) return []
    const seen = unescaped(text, UNSEEN_IN_TEXT)
    return [...(seen?.text ?? text).matchAll(known.pattern)].map(({ 0: form, index }) => ({
      from: placeOf(index, seen?.at),
      // Behind its last character, not where the next one is: what cannot be seen between them stays.
      to: placeOf(index + form.length - 1, seen?.at) + 1,
      mask: maskOf(known.secretOf(form)),
    }))
  }

  /** A text of any kind. Secrets are also found where characters of them are escaped, as JSON, addresses and HTML do it. */
  text(text: string): string {
    let masked = text
    // Again, because the end of one and what follows it may be another.
    for (let found = this.find(masked); found.length > 0; found = this.find(masked)) masked = replaceAt(masked, found)
    // Each round finds what is escaped in one way; the last one finds nothing.
    for (let found = this.#findEscaped(masked); found.length > 0; found = this.#findEscaped(masked)) {
      masked = replaceAt(masked, found)
    }
    masked = maskLookalikes(masked)
    const seen = withoutUnseen(masked)
    if (seen.length === masked.length) return masked
    const maskedSeen = maskLookalikes(seen)
    return maskedSeen === seen ? masked : maskedSeen
  }

  /** JSON text: unchanged when nothing in it is secret, else written anew. Text that is no JSON is masked as text. */
  json(json: string): string {
    if (!this.#mayHoldSecret(json)) return json
    const value = readJson(json)
    if (value === undefined) return this.#brokenJson(json)
    const masked = JSON.stringify(this.value(value))
    return masked === JSON.stringify(value) ? json : masked
  }

  /** A value as JSON.parse gives it, not deeper than 64. */
  value(value: unknown, isSecret = false): unknown {
    if (typeof value === 'string') return isSecret ? maskOf(value) : this.text(value)
    if (typeof value === 'number') {
      const text = String(value)
      if (isSecret) return DOTS
      return this.text(text) === text ? value : this.text(text)
    }
    if (Array.isArray(value)) return value.map((item) => this.value(item, isSecret))
    if (typeof value !== 'object' || value === null) return value
    // `__proto__` becomes a property like any other (S40).
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) => [
        this.text(name),
        this.value(each, isSecret || SECRET_FIELD.test(withoutUnseen(name))),
      ]),
    )
  }

  header(name: string, value: string): string {
    if (!SECRET_HEADER.test(name)) return this.text(value)
    const [, scheme = '', rest = value] = /^((?:Bearer|Basic|Digest|Token|ApiKey)\s+)(.*)$/isu.exec(value) ?? []
    // The end of a cookie is one of its attributes, the end of Basic a part of the password.
    const hasNoTail = /cookie/iu.test(name) || /^(?:basic|digest)/iu.test(scheme)
    if (rest === '') return value
    return scheme + (hasNoTail ? DOTS : maskOf(rest))
  }

  #brokenJson(json: string): string {
    return this.text(
      json.replace(FIELD_IN_TEXT, (whole, start: string, name: string, value: string) =>
        SECRET_FIELD.test(name) ? start + maskOf(value) : whole,
      ),
    )
  }

  // A secret may itself look escaped, so each kind of escapes is undone for itself.
  #findEscaped(text: string, before?: Uint32Array, depth = text.length > LONG_TEXT ? 1 : MAX_ESCAPES): Found[] {
    if (this.#known === null || depth === 0) return []
    for (const escapes of ESCAPES) {
      const view = unescaped(text, escapes, before)
      if (view === null) continue
      const { at } = view
      const found = this.find(view.text)
      if (found.length > 0) return found.map((each) => ({ ...each, from: at[each.from] ?? 0, to: at[each.to] ?? 0 }))
      const deeper = this.#findEscaped(view.text, at, depth - 1)
      if (deeper.length > 0) return deeper
    }
    return []
  }

  #mayHoldSecret(json: string): boolean {
    if (json.includes('://') || json.search(KEY_LIKE) !== -1 || json.search(SECRET_NAME) !== -1) return true
    if (json.search(UNSEEN) !== -1) return true
    return this.#known !== null && (/[\\%&]/u.test(json) || json.search(this.#known.pattern) !== -1)
  }
}

/** A field with a string in JSON that cannot be parsed; the string may be cut. */
const FIELD_IN_TEXT = /("([\w-]{1,40})"\s*:\s*")([^"\\]*(?:\\.[^"\\]*)*)/gsu

/** Anything that SECRET_FIELD could match, also where letters of it are escaped. */
const SECRET_NAME = /key|token|authorization|cookie|passw|secret|\\u00/iu

/** The values of an exchange's own headers that are secret by their name. */
export function secretsOf(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (!SECRET_HEADER.test(name)) return []
    if (value.length < MIN_NAMED_SECRET) return []
    if (!/cookie/iu.test(name)) return [value]
    const values = value.split(';').map((cookie) => cookie.slice(cookie.indexOf('=') + 1).trim())
    return [value, ...values.filter(({ length }) => length >= MIN_NAMED_SECRET)]
  })
}

/** What is only called a secret, and is shorter, may be a flag or a number; it is masked where it stands, not everywhere. */
const MIN_NAMED_SECRET = 8

/** The strings in a JSON text that are secret by the name of their field. */
export function secretsIn(json: string): string[] {
  if (json.search(SECRET_NAME) === -1) return []
  const found: string[] = []
  const look = (name: string, value: unknown): void => {
    if (typeof value === 'string') {
      if (value.length >= MIN_NAMED_SECRET && SECRET_FIELD.test(name)) found.push(value)
    } else if (typeof value === 'object' && value !== null) {
      for (const [each, inner] of Object.entries(value)) look(each, inner)
    }
  }
  look('', readJson(json))
  return found
}

// The value behind a scheme is a secret by itself, and a login in a Basic header is two values in one.
function partsOf(secret: string): string[] {
  const [, scheme = '', value] = /^(Basic|Bearer|Token|ApiKey)\s+(\S+)$/iu.exec(secret) ?? []
  if (value === undefined) return [secret]
  if (scheme.toLowerCase() !== 'basic') return [secret, value]
  const login = Buffer.from(value, 'base64').toString('utf8')
  const colon = login.indexOf(':')
  return colon === -1 ? [secret, value] : [secret, value, login, login.slice(colon + 1)]
}

/** What looks like a secret, whoever knows it. */
function maskLookalikes(text: string): string {
  // The pattern would try every word.
  const masked = text.includes('://') ? text.replace(LOGIN_IN_ADDRESS, `$1${DOTS}@`) : text
  return masked.replace(KEY_LIKE, (key) => {
    const [, scheme = '', value = key] = /^((?:Bearer|Basic)\s+)(.*)$/su.exec(key) ?? []
    return scheme + (/^basic/iu.test(scheme) ? DOTS : maskOf(value))
  })
}

function longestOf(named: readonly string[]): string[] {
  const longestFirst = [...new Set(named)].sort((a, b) => b.length - a.length)
  let characters = 0
  const short = longestFirst.filter(({ length }) => {
    const fits = characters + length <= MAX_NAMED_CHARACTERS
    if (fits) characters += length
    return fits
  })
  return short.slice(0, MAX_NAMED_SECRETS)
}

function placeOf(index: number, at: Uint32Array | undefined): number {
  return at?.[index] ?? index
}

function replaceAt(text: string, found: readonly Found[]): string {
  let replaced = ''
  let at = 0
  for (const { from, to, mask } of found) {
    if (from < at) continue
    replaced += text.slice(at, from) + mask
    at = to
  }
  return at === 0 ? text : replaced + text.slice(at)
}

interface Escapes {
  pattern: RegExp
  /** What an escape stands for, by the groups of the pattern. */
  undo: (first?: string, second?: string, third?: string) => string
}

const ofCode = (hex: string): string => String.fromCharCode(Number.parseInt(hex, 16))
const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }
const entity = (name: string): string => ENTITIES[name.toLowerCase()] ?? ' '

const UNSEEN_IN_TEXT: Escapes = { pattern: UNSEEN, undo: () => '' }

const ESCAPES: readonly Escapes[] = [
  // JSON, and scripts.
  {
    pattern: /\\(?:u([0-9a-f]{4})|x([0-9a-f]{2})|(["'\\/]))/giu,
    undo: (long, short, character) => character ?? ofCode(long ?? short ?? ''),
  },
  // Addresses. Characters beyond ASCII are among the forms of a secret.
  { pattern: /%([0-9a-f]{2})/giu, undo: (hex) => ofCode(hex ?? '0') },
  // HTML
  {
    pattern: /&(?:#x([0-9a-f]{1,4})|#(\d{1,5})|(amp|lt|gt|quot|apos));/giu,
    undo: (hex, decimal, name) =>
      name === undefined
        ? String.fromCharCode(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))
        : entity(name),
  },
]

/**
 * A text with its escapes of one kind undone, and for each of its characters (and its end) the place in the text that it
 * came from.
 *
 * @param before the places of the given text in an even earlier one
 * @returns null when nothing is escaped
 */
function unescaped(
  text: string,
  { pattern, undo }: Escapes,
  before?: Uint32Array,
): { text: string; at: Uint32Array } | null {
  if (text.search(pattern) === -1) return null
  const pieces: string[] = []
  const at = new Uint32Array(text.length + 1)
  let length = 0
  let from = 0
  const keepUpTo = (end: number): void => {
    for (let index = from; index < end; index += 1) at[length++] = before?.[index] ?? index
    pieces.push(text.slice(from, end))
  }
  for (const { 0: whole, 1: hex, 2: second, 3: third, index } of text.matchAll(pattern)) {
    keepUpTo(index)
    const undone = undo(hex, second, third)
    if (undone !== '') at[length++] = before?.[index] ?? index
    pieces.push(undone)
    from = index + whole.length
  }
  keepUpTo(text.length)
  at[length] = before?.[text.length] ?? text.length
  return { text: pieces.join(''), at }
}
