/**
 * Strings that a server controls and that stand outside the answer: names, errors, notices, titles. They are shown as
 * text, and here made harmless (S39): no control characters, nothing that turns the direction of the text around it, no
 * half characters, and a bounded length. The answer itself is not touched: it must stay what it is.
 */

// C0 without tab and line feed, DEL, C1, line and paragraph separator.
const CONTROL = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/gu
// Marks, embeddings, overrides and isolates of the bidirectional algorithm, the byte order mark, and the tag characters
// that are invisible everywhere.
const INVISIBLE = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\u{e0000}-\u{e007f}]/gu
const HALF_CHARACTER = /\p{Surrogate}/gu

/**
 * What words may hold and nobody sees: soft hyphens, joiners, variation selectors. Emoji and scripts need some of them,
 * so they stay, unless a secret hides behind them.
 */
const UNSEEN = /[\u00ad\u034f\u180e\u200b-\u200d\u2060-\u2065\u206a-\u206f\ufe00-\ufe0f]/gu

/** Harmless text that may have several lines, of at most `maxLength` UTF-16 units, the ellipsis included. */
export function plainText(text: string, maxLength: number): string {
  // Cut first, so that a string of megabytes is not searched; what is removed afterwards only makes it shorter.
  const isCut = text.length > maxLength
  const start = isCut ? text.slice(0, maxLength - 1) : text
  const clean = cleanOf(start)
  return isCut ? `${clean.replace(/\ufffd$/u, '')}…` : clean
}

function cleanOf(text: string): string {
  return text.replace(/\r\n?/gu, '\n').replace(INVISIBLE, '').replace(CONTROL, ' ').replace(HALF_CHARACTER, '\ufffd')
}

/** The same on one line, without spaces at its ends. */
export function plainLine(text: string, maxLength: number): string {
  return plainText(text.length > maxLength ? text.trimStart() : text.trim(), maxLength)
    .replace(/[\s]+/gu, ' ')
    .trim()
}

const MIN_SECRET = 4
/** What keys of the common providers look like: a server may repeat one that was not sent by us. */
export const KEY_LIKE =
  /\b(?:sk|pk|gsk|hf|ghp|gho|xai|AIza)[-_]?[A-Za-z0-9_-]{12,}|\b(?:Bearer|Basic)\s+(?=\S*(?:[\d=]|[a-z][A-Z]|\.\S))[A-Za-z0-9._~+/=-]{6,}/gu

/** Takes secrets out of a text. */
export interface Redactor {
  (text: string): string
  /** Characters of the longest form of a secret, so much as a cut may have to leave room for; 0 when left out. */
  readonly reach?: number
}

/** Where nothing longer is known, a key of this length that only looks like one is not cut in two. */
const MIN_REACH = 256
/** A text longer than so many times what is kept of it holds little but what is taken out. */
const ROOM = 8

/**
 * plainText of a server's words without the secrets in them (S18, S30, S39). What is invisible goes first, or a key with
 * such characters between its letters would pass and then be whole; the cut comes last, or half a key would stay.
 *
 * @param maxLength UTF-16 units, the ellipsis included
 */
export function safeText(redact: Redactor, text: string, maxLength: number): string {
  const reach = Math.max(MIN_REACH, redact.reach ?? 0)
  const start = text.slice(0, ROOM * (maxLength + reach))
  const clean = cleanOf(start)
  const head = clean.slice(0, maxLength + 4 * reach)
  const safe = redactUnseen(redact, head)
  if (start.length === text.length && head.length === clean.length) return plainText(safe, maxLength)
  // At its end may stand the beginning of a secret.
  return plainText(`${safe.slice(0, -reach).slice(0, maxLength - 1)}…`, maxLength)
}

/** safeText on one line, without spaces at its ends. */
export function safeLine(redact: Redactor, text: string, maxLength: number): string {
  return plainLine(safeText(redact, text.trimStart(), maxLength), maxLength)
}

/** Whether a secret is in the text, also behind characters that nobody sees. */
export function holdsSecret(redact: Redactor, text: string): boolean {
  const bare = text.replace(INVISIBLE, '').replace(UNSEEN, '')
  return redact(text) !== text || redact(bare) !== bare
}

function redactUnseen(redact: Redactor, text: string): string {
  const redacted = redact(text)
  const bare = redacted.replace(UNSEEN, '')
  const safe = redact(bare)
  return safe === bare ? redacted : safe
}

/**
 * Makes a function that takes the given secrets, and whatever looks like a key, out of a server's words (S18, S30). A
 * secret is also found in other case (a host is lower-cased), percent-encoded, as JSON, in hexadecimal and in base64.
 */
export function createRedactor(secrets: readonly (string | null | undefined)[]): Redactor {
  const known = secretForms(secrets)
  const redact = (text: string): string =>
    (known === null ? text : text.replace(known.pattern, '•••')).replace(KEY_LIKE, '•••')
  return Object.assign(redact, { reach: known?.reach ?? 0 })
}

/** The forms in which createRedactor finds secrets. */
export interface SecretForms {
  /** Global: for `replace` and `matchAll`. */
  pattern: RegExp
  /** The secret that a found form stands for. */
  secretOf(form: string): string
  /** Characters of the longest form. */
  reach: number
}

/** Null when no secret is long enough to be looked for. */
export function secretForms(secrets: readonly (string | null | undefined)[]): SecretForms | null {
  const forms = new Map<string, string>()
  for (const given of secrets) {
    // `Bearer KEY` is one secret, and the key in it another.
    for (const secret of typeof given === 'string' ? [given, given.replace(/^(?:Bearer|Basic)\s+/iu, '')] : []) {
      if (secret.length < MIN_SECRET) continue
      for (const form of formsOf(secret)) forms.set(form, secret)
    }
  }
  if (forms.size === 0) return null
  const byLowerCase = new Map([...forms].map(([form, secret]) => [form.toLowerCase(), secret]))
  // The longest first, so that no part of one is left over.
  const longestFirst = [...forms.keys()].sort((a, b) => b.length - a.length)
  return {
    pattern: new RegExp(longestFirst.map((form) => form.replace(SPECIAL, '\\$&')).join('|'), 'giu'),
    secretOf: (form) => forms.get(form) ?? byLowerCase.get(form.toLowerCase()) ?? form,
    reach: longestFirst[0]?.length ?? 0,
  }
}

const SPECIAL = /[\\^$.*+?()[\]{}|/]/gu
/** Shorter ones would be found by chance in what is written in base64 or hexadecimal. */
const MIN_ENCODED_SECRET = 8

function formsOf(secret: string): string[] {
  const written = [secret, JSON.stringify(secret).slice(1, -1)]
  if (secret.length < MIN_ENCODED_SECRET) return written
  const bytes = Buffer.from(secret)
  return [...written, encodeURIComponent(secret), bytes.toString('hex'), ...base64Forms(bytes).flatMap(bothAlphabets)]
}

// That of addresses has two other characters.
function bothAlphabets(base64: string): string[] {
  return [base64, base64.replaceAll('+', '-').replaceAll('/', '_')]
}

// What stands before a secret shifts its base64 by one or two bytes; only the characters that are the secret's alone count.
function base64Forms(bytes: Buffer): string[] {
  return [0, 1, 2].map((shift) => {
    const shifted = Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .replace(/=+$/u, '')
    const from = shift === 0 ? 0 : shift + 1
    const isWhole = (bytes.length + shift) % 3 === 0
    return shifted.slice(from, isWhole ? shifted.length : -1)
  })
}
