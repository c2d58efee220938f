import MiniSearch, { type SearchResult } from 'minisearch'
import type { Page, Passage } from './pages'
import { isStopWord, splitWords, stem } from '../words'

/** A passage that was found. */
export interface Hit {
  page: Page
  passage: Passage
  /** Comparable only among the hits of one search. */
  score: number
  /**
   * How much of the question the passage covers, 0 to 1, with rare words counting more. A question about something else
   * shares a word or two with some page, so a high score alone proves nothing.
   */
  coverage: number
}

export interface PageSearch {
  readonly pages: readonly Page[]
  /** Passages for a question, the best first; empty when it has no word that carries a topic. */
  find(question: string): Hit[]
}

/** From this coverage on a passage answers the question. Between the two tables of tests/unit/guide/search.test.ts. */
export const MIN_COVERAGE = 0.38

/** A question has fewer; what comes after these is pasted text. */
const MAX_WORDS = 40

const INEXACT_WORD_WEIGHT = 0.6

/** Passages that are indexed in one go; between two goes everybody else in main has their turn. */
const PASSAGES_AT_ONCE = 8

/** Builds the index of one language's pages: some 50 ms of work for a hundred passages, in slices of a few. */
export async function createPageSearch(pages: readonly Page[]): Promise<PageSearch> {
  const pageById = new Map(pages.map((page) => [page.id, page]))
  const passageById = new Map(pages.flatMap((page) => page.passages.map((passage) => [passage.id, passage])))
  const index = new MiniSearch<Indexed>({
    fields: ['heading', 'questions', 'words', 'text', 'title', 'page'],
    tokenize: splitWords,
    processTerm: (word) => (isStopWord(word) ? null : stem(word)),
    searchOptions: {
      boost: { heading: 3, questions: 3, words: 2.5, title: 2.5, page: 0.5 },
      // A stem of three letters is the beginning of too many words.
      prefix: (term) => term.length > 3,
      fuzzy: (term) => (term.length > 5 ? 0.2 : false),
      weights: { prefix: 0.5, fuzzy: 0.3 },
    },
  })
  await index.addAllAsync(pages.flatMap(toIndexed), { chunkSize: PASSAGES_AT_ONCE })
  const weights = wordWeights(pages)

  return {
    pages,
    find(question) {
      const words = topicWords(question)
      if (words.length === 0) return []
      const terms = [...new Set(words.map(stem))]
      const totalWeight = terms.reduce((sum, term) => sum + weights(term), 0)
      return index
        .search(words.join(' '))
        .flatMap((result): Hit[] => {
          const passage = passageById.get(String(result.id))
          const page = passage && pageById.get(passage.pageId)
          if (passage === undefined || page === undefined) return []
          const coverage = terms.reduce((sum, term) => sum + weights(term) * share(result, term), 0) / totalWeight
          return [{ page, passage, score: result.score * coverage, coverage }]
        })
        .sort((a, b) => b.score - a.score)
    },
  }
}

/** The words of a question that a search looks for, without repetition, as they were written. */
export function topicWords(question: string): string[] {
  return [...new Set(splitWords(question).filter((word) => !isStopWord(word)))].slice(0, MAX_WORDS)
}

interface Indexed {
  id: string
  heading: string
  questions: string
  words: string
  text: string
  title: string
  page: string
}

// What the whole page is about counts most for its first passage, which is an overview, and a little for each other.
function toIndexed(page: Page): Indexed[] {
  const about = page.passages.flatMap((passage) => [passage.heading ?? '', ...passage.questions, passage.words])
  const words = [...new Set(splitWords([page.title, ...about].join(' ')))].join(' ')
  return page.passages.map((passage, position) => ({
    id: passage.id,
    heading: passage.heading ?? '',
    questions: passage.questions.join(' '),
    words: passage.words,
    text: passage.markdown,
    title: position === 0 ? page.title : '',
    page: words,
  }))
}

// How telling a word is: one that no page has weighs most, one that every page has least (inverse document frequency).
function wordWeights(pages: readonly Page[]): (term: string) => number {
  const pagesWith = new Map<string, number>()
  for (const page of pages) {
    const texts = toIndexed(page).map((passage) => `${passage.page} ${passage.text}`)
    for (const term of new Set(splitWords(texts.join(' ')).map(stem))) {
      pagesWith.set(term, (pagesWith.get(term) ?? 0) + 1)
    }
  }
  return (term) => Math.log(1 + pages.length / ((pagesWith.get(term) ?? 0) + 0.5))
}

function share(result: SearchResult, term: string): number {
  if (result.terms.includes(term)) return 1
  return result.queryTerms.includes(term) ? INEXACT_WORD_WEIGHT : 0
}
