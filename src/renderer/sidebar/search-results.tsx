import { useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { SearchHit } from '../../shared/contract'
import { withoutBidiControls } from '../../shared/conversation'
import { useDates } from '../dates'
import { useFigures } from '../figures'
import { showConversation, showMessage } from '../store/conversations'
import { useStore } from '../store/state'
import { useSearch } from './search'

/** So many conversations are found at most. */
const MAX_HITS = 50

export interface SearchResultsProps {
  query: string
  /** Up from the first result: back to what was typed. */
  onUp: () => void
  /** Esc: the search ends. */
  onEscape: () => void
}

/** The conversations in which the words are found, in place of the list; one tab stop with arrow keys. */
export function SearchResults({ query, onUp, onEscape }: SearchResultsProps) {
  const { t } = useTranslation()
  const figures = useFigures()
  const answered = useSearch(query)
  const conversations = useStore((state) => state.conversations)
  const [reachedId, setReachedId] = useState<string | null>(null)
  const result = answered?.result ?? null
  // What is deleted while the results are on show goes from them as well.
  const hits = result?.hits.filter(({ conversationId }) => conversations.has(conversationId)) ?? []
  const tabStop = hits.some(({ conversationId }) => conversationId === reachedId)
    ? reachedId
    : (hits[0]?.conversationId ?? null)

  const steer = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-conversation]')]
    const place = rows.indexOf(event.target as HTMLElement)
    if (event.key === 'Escape') onEscape()
    else if (event.key === 'ArrowUp' && place === 0) onUp()
    else {
      const row = { ArrowDown: rows[place + 1], ArrowUp: rows[place - 1], Home: rows[0], End: rows.at(-1) }[event.key]
      if (row === undefined) return
      row.focus()
    }
    event.preventDefault()
  }

  const isIncomplete = result !== null && result.indexed < result.total
  return (
    <section
      aria-label={t('search:results')}
      aria-busy={answered?.query !== query}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain pb-2 [scrollbar-gutter:stable] [&::-webkit-scrollbar]:w-2 [&::-webkit-scrollbar-thumb]:border-2"
      onKeyDown={steer}
      onFocus={(event) => setReachedId(event.target.dataset.conversation ?? null)}
    >
      {/* Always there, or what is said first would not be heard. */}
      <div role="status" className="px-4.5 pt-[13px] pb-1 text-meta break-words text-ink-3 select-none">
        {answered !== null && <p className={hits.length > 0 ? 'font-medium' : ''}>{summary()}</p>}
        {isIncomplete && (
          <p className="tabular">
            {t('search:indexing', { indexed: figures.whole(result.indexed), total: figures.whole(result.total) })}
          </p>
        )}
      </div>
      {hits.length > 0 && (
        <ul>
          {hits.map((hit) => (
            <li key={hit.conversationId}>
              <Hit hit={hit} isTabStop={hit.conversationId === tabStop} />
            </li>
          ))}
        </ul>
      )}
    </section>
  )

  function summary(): string {
    if (result === null) return t('search:failed')
    const value = figures.whole(hits.length)
    if (hits.length >= MAX_HITS) return t('search:atMost', { count: hits.length, value })
    if (hits.length > 0) return t('search:found', { count: hits.length, value })
    return isIncomplete ? t('search:noneYet') : t('search:none', { text: answered?.query.trim() ?? '' })
  }
}

/** One conversation: its title and when it was, and the words around what was found, which opens there. */
function Hit({ hit, isTabStop }: { hit: SearchHit; isTabStop: boolean }) {
  const { t } = useTranslation()
  const dates = useDates()
  const isCurrent = useStore((state) => state.currentId === hit.conversationId)
  const { conversationId, messageId, snippet, marks, count, updatedAt } = hit
  const now = new Date()
  const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)
  const isYesterday = new Date(updatedAt).toDateString() === yesterday.toDateString()
  const named = withoutBidiControls(hit.title)
  const title = named === '' ? t('chat:sidebar.untitled') : named
  return (
    <div className="ps-2 pb-px">
      <button
        type="button"
        data-conversation={conversationId}
        tabIndex={isTabStop ? 0 : -1}
        aria-current={isCurrent ? 'page' : undefined}
        className={`focus-inset flex w-full flex-col rounded-m border border-transparent px-[9px] py-1.5 text-start hover:bg-hovered active:bg-pressed ${isCurrent ? 'bg-selected hover:bg-selected forced-colors:bg-[Highlight] forced-colors:text-[HighlightText] forced-color-adjust-none' : ''}`}
        onClick={() => {
          const words = [...new Set(marks.map(([start, end]) => snippet.slice(start, end)))]
          void (messageId === null ? showConversation(conversationId) : showMessage(conversationId, messageId, words))
        }}
      >
        <span className="flex w-full items-baseline gap-2">
          <bdi className="min-w-0 flex-1 truncate text-ui font-label text-ink-1">
            {messageId === null ? <Marked text={snippet} marks={marks} /> : title}
          </bdi>
          <span className={`tabular flex-none text-meta ${isCurrent ? 'text-ink-2' : 'text-ink-3'}`}>
            {isYesterday ? t('chat:sidebar.groups.yesterday') : dates.short(updatedAt, now)}
          </span>
        </span>
        {messageId !== null && (
          <span dir="auto" className="mt-0.5 line-clamp-2 w-full text-meta break-words text-ink-2">
            <Marked text={snippet} marks={marks} />
          </span>
        )}
        {messageId !== null && count > 1 && (
          <span className={`mt-0.5 text-meta ${isCurrent ? 'text-ink-2' : 'text-ink-3'}`}>
            {t('search:messages', { count })}
          </span>
        )}
      </button>
    </div>
  )
}

/** A text with what was found in it marked. */
export function Marked({ text: given, marks }: { text: string; marks: SearchHit['marks'] }) {
  // What turns the order around goes, and the places of the marks stay right: nothing is seen of a zero width space.
  const text = given.replace(/[\u202A-\u202E\u2066-\u2069]/gu, '\u200B')
  const pieces: ReactNode[] = []
  let from = 0
  for (const [start, end] of marks) {
    pieces.push(
      text.slice(from, start),
      <mark key={start} className="rounded-xs bg-mark text-ink-1">
        {text.slice(start, end)}
      </mark>,
    )
    from = end
  }
  return (
    <>
      {pieces}
      {text.slice(from)}
    </>
  )
}
