/** How well typed words fit a name, the better the higher. */
export const FIT = {
  /** The name begins with what was typed. */
  begins: 4,
  /** Each typed word begins a word of the name. */
  words: 3,
  /** Each typed word stands somewhere in the name. */
  inside: 2,
  /** The letters are there in this order, each typed word with at most one slip of the finger. */
  near: 1,
  none: 0,
} as const

export type Fit = (typeof FIT)[keyof typeof FIT]

/** Lower case, without accents and without the dots of ё, so that both ways to write it are one. */
export function folded(text: string): string {
  return text.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').normalize('NFC')
}

const SEPARATORS = /[^\p{L}\p{N}]+/u

/** A query, made once for all that it is compared with. */
export interface Query {
  text: string
  words: readonly string[]
}

export function queryOf(text: string): Query {
  return { text: folded(text).trim(), words: folded(text).split(/\s+/u).filter(Boolean) }
}

/**
 * How well a query fits a name. Pure and the same for every kind of thing, so that what is found can be foretold: the
 * beginning of a name counts most, a part of it least.
 *
 * @param name as folded() gives it
 * @param isNear also what is only nearly right; costs more time
 */
export function fitOf({ text, words }: Query, name: string, isNear: boolean): Fit {
  if (text === '') return FIT.inside
  if (name.startsWith(text)) return FIT.begins
  if (words.every((word) => name.includes(word))) {
    return words.every((word) => beginsWord(name, word)) ? FIT.words : FIT.inside
  }
  if (!isNear) return FIT.none
  const parts = name.split(SEPARATORS).filter(Boolean)
  const meant = text.split(SEPARATORS).filter(Boolean)
  return isInitials(parts, text) ||
    (meant.length > 0 && meant.every((word) => parts.some((part) => isNearly(part, word))))
    ? FIT.near
    : FIT.none
}

function beginsWord(name: string, word: string): boolean {
  for (let at = name.indexOf(word); at !== -1; at = name.indexOf(word, at + 1)) {
    if (at === 0 || SEPARATORS.test(name[at - 1] ?? '')) return true
  }
  return false
}

/** "nc" is New chat. */
function isInitials(parts: readonly string[], text: string): boolean {
  return (
    text.length > 1 &&
    parts
      .map((part) => part[0] ?? '')
      .join('')
      .startsWith(text)
  )
}

/** One letter wrong, missing, too many, or two swapped, against the beginning of a word; from four letters on. */
function isNearly(part: string, word: string): boolean {
  if (part.includes(word)) return true
  if (word.length < 4) return false
  return [-1, 0, 1].some((more) => isOneEdit(part.slice(0, word.length + more), word))
}

function isOneEdit(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) return false
  let at = 0
  while (at < a.length && at < b.length && a[at] === b[at]) at += 1
  if (a.length === b.length) {
    const isSwapped = a[at] === b[at + 1] && a[at + 1] === b[at] && a.slice(at + 2) === b.slice(at + 2)
    return isSwapped || a.slice(at + 1) === b.slice(at + 1)
  }
  return a.length < b.length ? a.slice(at) === b.slice(at + 1) : a.slice(at + 1) === b.slice(at)
}

/**
 * The best of a list, in their own order where they fit alike. What is only nearly right counts only where nothing is right,
 * so that a long list is walked quickly.
 *
 * @param nameOf folded
 */
export function best<Item>(
  items: readonly Item[],
  nameOf: (item: Item) => string,
  query: Query,
  limit: number,
): { items: Item[]; fit: Fit; total: number } {
  for (const isNear of [false, true]) {
    const found = items.flatMap((item) => {
      const fit = fitOf(query, nameOf(item), isNear)
      return fit === FIT.none ? [] : [{ item, fit }]
    })
    if (found.length === 0) continue
    // Sorting is stable: those that fit alike stay in their order.
    found.sort((a, b) => b.fit - a.fit)
    return {
      items: found.slice(0, limit).map(({ item }) => item),
      fit: found[0]?.fit ?? FIT.none,
      total: found.length,
    }
  }
  return { items: [], fit: FIT.none, total: 0 }
}
