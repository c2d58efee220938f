import { plainLine } from '../backend/server-text'
import { splitWords } from '../words'
import type { Term } from './query'

const BEFORE_LENGTH = 36
const LENGTH = 160
/** Of the text around the first hit; markup that is taken out makes it shorter. */
const WINDOW_BEFORE_LENGTH = 200
const WINDOW_LENGTH = 800
const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'’]*/gu

export interface Snippet {
  /** The words around the first hit, one line. */
  snippet: string
  /** Places in the snippet, in UTF-16 units: start and end. */
  marks: [number, number][]
}

/** What is shown of a text that was found: one harmless line (S39), without the marks of markdown, with its hits. */
export function snippetOf(text: string, terms: readonly Term[]): Snippet {
  const hitIn = remembered(terms)
  const line = lineAround(text, firstHit(text, hitIn))
  const marks: [number, number][] = []
  for (const match of line.matchAll(WORD)) {
    const hit = hitIn(match[0])
    if (hit !== null) marks.push([match.index + hit[0], match.index + hit[1]])
  }
  const first = marks[0]?.[0] ?? 0
  let start = Math.max(0, first - BEFORE_LENGTH)
  if (start > 0) start = Math.min(first, line.indexOf(' ', start) + 1)
  let end = Math.min(line.length, start + LENGTH)
  if (end < line.length) end = Math.max(line.lastIndexOf(' ', end), start + LENGTH / 2)
  const lead = start > 0 ? '…' : ''
  return {
    snippet: `${lead}${line.slice(start, end)}${end < line.length ? '…' : ''}`,
    marks: marks
      .filter(([from, to]) => from >= start && to <= end)
      .map(([from, to]) => [from - start + lead.length, to - start + lead.length]),
  }
}

type HitIn = (written: string) => [number, number] | null

/** Where a word as it is written has been found. Most words of a text occur more than once. */
function remembered(terms: readonly Term[]): HitIn {
  const known = new Map<string, [number, number] | null>()
  return (written) => {
    const before = known.get(written)
    if (before !== undefined) return before
    const [word = ''] = splitWords(written)
    const found = terms.map((term) => term.hit(word)).find((hit) => hit !== null) ?? null
    // A word whose length changes in lower case is marked whole.
    const hit: [number, number] | null = found === null || word.length === written.length ? found : [0, written.length]
    known.set(written, hit)
    return hit
  }
}

function firstHit(text: string, hitIn: HitIn): number {
  for (const match of text.matchAll(WORD)) {
    if (hitIn(match[0]) !== null) return match.index
  }
  return 0
}

function lineAround(text: string, place: number): string {
  const start = Math.max(0, place - WINDOW_BEFORE_LENGTH)
  const rest = text.slice(start, start + WINDOW_LENGTH)
  // Cut at a word, or half a word would look like a whole one.
  const window = start > 0 ? rest.replace(/^\S{1,80}\s/u, '') : rest
  const plain = window
    .replace(/!?\[([^\]\n]*)\]\([^)\s]*\)/gu, '$1')
    .replace(/^[ \t]*(?:#{1,6}|>|[-*+])[ \t]+/gmu, '')
    .replace(/`+|\*{2,3}|~~/gu, '')
  return plainLine(plain, WINDOW_LENGTH)
}
