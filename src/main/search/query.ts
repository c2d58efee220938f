import { splitWords } from '../words'
import { isUnspaced, pairsOf, piecesOf, stemOf } from './tokens'

/** Words of a query that are looked for; those behind are not. */
const MAX_WORDS = 12
/** Pairs of characters that are looked for of one word without spaces. */
const MAX_PAIRS = 24

/** One word of a query. */
export interface Term {
  /** Of these the text must have one; each a token of the index, quoted, with `*` for "begins with". */
  forms: string[]
  /** The word that was typed, when it can be near another; null for one of a script without spaces. */
  word: string | null
  /** It stands at the end of the query and may go on. */
  isOpen: boolean
  /** The part of a word of a text (in lower case, see splitWords) that this term has found; null for none. */
  hit: (word: string) => [start: number, end: number] | null
}

/** The terms of a query. Whatever is typed becomes words: nothing of it reaches the language of the index. */
export function termsOf(query: string): Term[] {
  const words = splitWords(query).slice(0, MAX_WORDS)
  const isUnfinished = /[\p{L}\p{N}\p{M}'’]$/u.test(query)
  return words.flatMap((word, index) =>
    piecesOf(word).flatMap((piece, at, pieces) => {
      const isLast = index === words.length - 1 && at === pieces.length - 1
      return isUnspaced(piece) ? unspacedTerms(piece) : [spacedTerm(piece, isUnfinished && isLast)]
    }),
  )
}

function spacedTerm(word: string, isOpen: boolean): Term {
  const stemmed = stemOf(word)
  return {
    forms: formsOf(word, stemmed, isOpen),
    word,
    isOpen,
    hit: (other) => (stemOf(other) === stemmed || (isOpen && other.startsWith(word)) ? [0, other.length] : null),
  }
}

function formsOf(word: string, stemmed: string, isOpen: boolean): string[] {
  if (!isOpen) return [`"${stemmed}"`]
  return stemmed.startsWith(word) ? [`"${word}"*`] : [`"${word}"*`, `"${stemmed}"`]
}

/** A term for a word that occurs nowhere: what is near it counts instead. */
export function nearTerm(term: Term, near: readonly string[]): Term {
  const wanted = new Set(near.flatMap((word) => [word, stemOf(word)]))
  return {
    ...term,
    forms: [...wanted].map((word) => `"${word}"`),
    hit: (other) => (wanted.has(other) || wanted.has(stemOf(other)) ? [0, other.length] : null),
  }
}

// A single character begins the pairs that it stands first in, and stands alone where it is last.
function unspacedTerms(piece: string): Term[] {
  const pairs = [...new Set(pairsOf(piece))].slice(0, MAX_PAIRS)
  const hit = (other: string): [number, number] | null => {
    const start = other.indexOf(piece)
    return start < 0 ? null : [start, start + piece.length]
  }
  const forms = pairs.length === 0 ? [[`"${piece}"*`]] : pairs.map((pair) => [`"${pair}"`])
  return forms.map((each) => ({ forms: each, word: null, isOpen: false, hit }))
}
