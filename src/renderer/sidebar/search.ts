import { useEffect, useState } from 'react'
import type { SearchPart, SearchResult } from '../../shared/contract'

/** The answer to a search; null when it failed. */
export interface Answered {
  query: string
  part: SearchPart
  result: SearchResult | null
}

/** Keys that follow one another closer than this are one question. */
const DEBOUNCE_MS = 60
/** While the index is being made, there may be more to find. */
const AGAIN_MS = 400
/** As main takes it; the fields hold no more, so that every answer is one to all that stands there. */
export const MAX_QUERY_LENGTH = 1000

/** Searches conversations, or a part of them, for what is typed, and the latest answer; an answer to an earlier question is dropped. Null before the first. */
export function useSearch(query: string, part: SearchPart = 'all'): Answered | null {
  const [answered, setAnswered] = useState<Answered | null>(null)
  const wanted = query.trim() === '' ? '' : query
  useEffect(() => {
    if (wanted === '') return undefined
    let isCurrent = true
    const ask = async (): Promise<void> => {
      const result = await window.parley.request['conversation.search']({ query: wanted, part })
      if (!isCurrent) return
      setAnswered({ query: wanted, part, result: result.ok ? result.value : null })
      if (result.ok && result.value.indexed < result.value.total) timer = setTimeout(() => void ask(), AGAIN_MS)
    }
    let timer = setTimeout(() => void ask(), DEBOUNCE_MS)
    return () => {
      isCurrent = false
      clearTimeout(timer)
    }
  }, [wanted, part])
  return wanted === '' ? null : answered
}
