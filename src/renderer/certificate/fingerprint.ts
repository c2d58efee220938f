/** A SHA-256 has 32 bytes, and each byte two digits. */
const DIGITS = 64
const SHA1_DIGITS = 40

/** How a fingerprint that somebody was given compares with the one of a certificate. */
export type Comparison =
  | { kind: 'empty' }
  | { kind: 'same' }
  /** All of it is at the beginning of the other: it is not whole yet. */
  | { kind: 'beginning'; bytes: number }
  /** `byte` counts from 1; `from` and `to` are where that byte stands in the typed text. */
  | { kind: 'differs'; byte: number; from: number; to: number }
  /** It has as many digits as a SHA-1: another kind of fingerprint, which says nothing about this one. */
  | { kind: 'sha1' }
  | { kind: 'unreadable' }

/**
 * Compares what was typed or pasted with a SHA-256. Any case will do, with or without colons, spaces and line breaks
 * between the bytes, and with the name of the algorithm before them, as tools print it.
 *
 * @param sha256 64 hexadecimal digits
 */
export function compareFingerprint(typed: string, sha256: string): Comparison {
  const start = /^\s*(?:sha-?256\b)?(?:\s*fingerprint)?[\s:=]*/iu.exec(typed)?.[0].length ?? 0
  const wanted = sha256.toLowerCase()
  const places: number[] = []
  let digits = ''
  for (let at = start; at < typed.length; at += 1) {
    const character = typed.charAt(at)
    if (/[\s:.\-\u200b\u2010-\u2015]/u.test(character)) continue
    if (!/[0-9a-f]/iu.test(character)) return { kind: 'unreadable' }
    digits += character.toLowerCase()
    places.push(at)
  }
  if (digits === '') return { kind: typed.trim() === '' ? 'empty' : 'unreadable' }
  if (digits === wanted) return { kind: 'same' }
  if (digits.length > DIGITS) return { kind: 'unreadable' }
  if (wanted.startsWith(digits)) return { kind: 'beginning', bytes: Math.floor(digits.length / 2) }
  if (digits.length === SHA1_DIGITS) return { kind: 'sha1' }
  const differing = [...digits].findIndex((digit, index) => digit !== wanted.charAt(index))
  const first = differing - (differing % 2)
  const from = places[first] ?? 0
  const last = places[first + 1] ?? places[first] ?? 0
  return { kind: 'differs', byte: first / 2 + 1, from, to: last + 1 }
}

/** A fingerprint as four lines of eight bytes: `9F:2C:71:0B:E4:A8:13:6D`. */
export function fingerprintLines(sha256: string): string[] {
  const bytes = sha256.toUpperCase().match(/../gu) ?? []
  return [0, 8, 16, 24].map((from) => bytes.slice(from, from + 8).join(':')).filter((line) => line !== '')
}

/** The whole of it on one line, as it is copied. */
export function wholeFingerprint(sha256: string): string {
  return fingerprintLines(sha256).join(':')
}

/** Its first five and last three bytes, where there is no room for all: `9F:2C:71:0B:E4 … 5A:D0:18`. */
export function shortFingerprint(sha256: string): string {
  const bytes = wholeFingerprint(sha256).split(':')
  return `${bytes.slice(0, 5).join(':')} … ${bytes.slice(-3).join(':')}`
}

/** Whether a certificate with these names is for this host; `*.example.org` stands for one label (RFC 6125). */
export function isFor(host: string, names: readonly string[]): boolean {
  const wanted = host.toLowerCase().replace(/^\[|\]$|\.$/gu, '')
  return names.some((name) => {
    const plain = name.toLowerCase().replace(/\.$/u, '')
    if (!plain.startsWith('*.')) return plain === wanted
    return wanted.slice(wanted.indexOf('.')) === plain.slice(1)
  })
}
