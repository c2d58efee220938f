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

/** Harmless text that may have several lines, of at most `maxLength` UTF-16 units, the ellipsis included. */
export function plainText(text: string, maxLength: number): string {
  // Cut first, so that a string of megabytes is not searched; what is removed afterwards only makes it shorter.
  const isCut = text.length > maxLength
  const start = isCut ? text.slice(0, maxLength - 1) : text
  const clean = start
    .replace(/\r\n?/gu, '\n')
    .replace(INVISIBLE, '')
    .replace(CONTROL, ' ')
    .replace(HALF_CHARACTER, '\ufffd')
  return isCut ? `${clean.replace(/\ufffd$/u, '')}…` : clean
}

/** The same on one line, without spaces at its ends. */
export function plainLine(text: string, maxLength: number): string {
  return plainText(text.length > maxLength ? text.trimStart() : text.trim(), maxLength)
    .replace(/[\s]+/gu, ' ')
    .trim()
}

const MIN_SECRET = 4
// What keys of the common providers look like: a server may repeat one that was not sent by us.
const KEY_LIKE =
  /\b(?:sk|pk|gsk|hf|ghp|gho|xai|AIza)[-_]?[A-Za-z0-9_-]{12,}|\b(?:Bearer|Basic)\s+(?=\S*(?:[\d=]|[a-z][A-Z]|\.\S))[A-Za-z0-9._~+/=-]{6,}/gu

/** Makes a function that takes the given secrets, and whatever looks like a key, out of a server's words (S18, S30). */
export function createRedactor(secrets: readonly (string | null | undefined)[]): (text: string) => string {
  const known = secrets
    // `Bearer KEY` is one secret, and the key in it another.
    .flatMap((secret) => (typeof secret === 'string' ? [secret, secret.replace(/^(?:Bearer|Basic)\s+/iu, '')] : []))
    .filter((secret) => secret.length >= MIN_SECRET)
    .sort((a, b) => b.length - a.length)
  return (text) => known.reduce((clean, secret) => clean.replaceAll(secret, '•••'), text).replace(KEY_LIKE, '•••')
}
