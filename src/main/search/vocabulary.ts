/** Beyond this many words no new ones are taken in: that many are not written by people. */
const MAX_WORDS = 300_000
/** Shorter words are one slip away from too many others. */
const MIN_LENGTH = 4
const MAX_LENGTH = 30
const MAX_NEAR = 20

/** Words of one length, each with the letters that it has as a set of bits: the cheap question before the dear one. */
interface Bucket {
  words: string[]
  letters: number[]
}

/** The words that occur, to find those that a slip of the finger leads away from. Only words of letters: no number is near another. */
export class Vocabulary {
  readonly #known = new Set<string>()
  readonly #buckets = new Map<number, Bucket>()

  add(word: string): void {
    const { length } = word
    if (length < MIN_LENGTH - 1 || length > MAX_LENGTH || this.#known.size >= MAX_WORDS) return
    if (this.#known.has(word) || !/^\p{L}+$/u.test(word)) return
    this.#known.add(word)
    let bucket = this.#buckets.get(length)
    if (bucket === undefined) this.#buckets.set(length, (bucket = { words: [], letters: [] }))
    bucket.words.push(word)
    bucket.letters.push(lettersOf(word))
  }

  /**
   * The nearest words, at most twenty: one slip away from a short word, two from one of eight letters or more.
   *
   * @param isOpen the word may be unfinished: what begins with a near word counts as well
   */
  near(word: string, isOpen: boolean): string[] {
    const { length } = word
    if (length < MIN_LENGTH || length > MAX_LENGTH || !/^\p{L}+$/u.test(word)) return []
    const limit = length >= 8 ? 2 : 1
    const letters = lettersOf(word)
    const found: { word: string; distance: number }[] = []
    for (const [size, bucket] of this.#buckets) {
      if (size < length - limit || (!isOpen && size > length + limit)) continue
      for (const [index, candidate] of bucket.words.entries()) {
        const theirs = bucket.letters[index] ?? 0
        if (bitsIn(letters & ~theirs) > limit || (!isOpen && bitsIn(theirs & ~letters) > limit)) continue
        const distance = distanceOf(word, candidate, limit, isOpen)
        if (distance <= limit) found.push({ word: candidate, distance })
      }
    }
    return found
      .sort((a, b) => a.distance - b.distance || a.word.length - b.word.length)
      .slice(0, MAX_NEAR)
      .map((each) => each.word)
  }
}

function lettersOf(word: string): number {
  let bits = 0
  for (let index = 0; index < word.length; index += 1) bits |= 1 << (word.charCodeAt(index) & 31)
  return bits
}

function bitsIn(value: number): number {
  let rest = value
  let count = 0
  while (rest !== 0) {
    rest &= rest - 1
    count += 1
  }
  return count
}

/**
 * Edits between two words, two neighbouring letters in the wrong order being one (optimal string alignment); more than
 * `limit` when there are more.
 *
 * @param isOpen edits between `a` and the nearest beginning of `b`
 */
function distanceOf(a: string, b: string, limit: number, isOpen: boolean): number {
  const width = isOpen ? Math.min(b.length, a.length + limit) : b.length
  let before: number[] = []
  let last = Array.from({ length: width + 1 }, (_, index) => index)
  for (let row = 1; row <= a.length; row += 1) {
    const next = [row]
    let least = row
    for (let column = 1; column <= width; column += 1) {
      const cost = a[row - 1] === b[column - 1] ? 0 : 1
      let value = Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, (last[column - 1] ?? 0) + cost)
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        value = Math.min(value, (before[column - 2] ?? 0) + 1)
      }
      next.push(value)
      least = Math.min(least, value)
    }
    if (least > limit) return limit + 1
    before = last
    last = next
  }
  return isOpen ? Math.min(...last) : (last[width] ?? limit + 1)
}
