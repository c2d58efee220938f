import { create } from 'zustand'

/** What is looked for in the conversation on show. */
export interface FindState {
  /** The conversation in which the bar is open, or null. */
  conversationId: string | null
  /** What was typed last; it stays for the next time. */
  query: string
  isCaseSensitive: boolean
  /** Hits, and the index of the present one; told by the bar. */
  total: number
  present: number
  /** Grows when the present hit shall come into sight. */
  moves: number
  /** Grows when the field shall have the focus, its text selected. */
  focusRequests: number
}

export function initialFindState(): FindState {
  return { conversationId: null, query: '', isCaseSensitive: false, total: 0, present: 0, moves: 0, focusRequests: 0 }
}

export const useFind = create<FindState>()(initialFindState)

const MAX_SELECTION = 200

/** Opens the bar, or gives it the focus. What is selected in the thread is looked for. */
export function openFind(conversationId: string): void {
  const selected = selectedText()
  useFind.setState((state) => ({
    conversationId,
    query: selected === '' ? state.query : selected,
    focusRequests: state.focusRequests + 1,
  }))
}

export function closeFind(): void {
  useFind.setState({ conversationId: null, total: 0, present: 0 })
}

/** To the next hit, or the one before, round and round; nothing while the bar is closed. */
export function stepFind(step: -1 | 1): void {
  useFind.setState(({ conversationId, present, total, moves }) =>
    conversationId === null || total === 0 ? {} : { present: (present + step + total) % total, moves: moves + 1 },
  )
}

function selectedText(): string {
  const selection = getSelection()
  const place = selection?.anchorNode?.parentElement?.closest('[data-region="thread"]') ?? null
  const text = place === null ? '' : (selection?.toString() ?? '')
  return text.length > MAX_SELECTION || text.includes('\n') ? '' : text.trim()
}
