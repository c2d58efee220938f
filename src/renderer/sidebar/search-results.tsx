import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { SearchHit } from '../../shared/contract'
import { withoutBidiControls, type ConversationSummary } from '../../shared/conversation'
import { useListedDate } from '../dates'
import { useFigures } from '../figures'
import { showConversation, showMessage } from '../store/conversations'
import { useStore } from '../store/state'
import { actOnRow, openRowMenu, RowMenu } from './row-menu'
import { useSearch } from './search'
import { TitleField } from './title-field'

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
  const hits =
    result?.hits.flatMap((hit) => {
      const summary = conversations.get(hit.conversationId)
      return summary === undefined ? [] : [{ hit, summary }]
    }) ?? []
  const tabStop = hits.some(({ summary }) => summary.id === reachedId) ? reachedId : (hits[0]?.summary.id ?? null)

  // A title field that ends by key leaves the focus nowhere: its row takes it.
  const list = useRef<HTMLElement>(null)
  const renaming = useStore((state) => (state.renaming?.at === 'row' ? state.renaming.conversationId : null))
  const renamed = useRef(renaming)
  useEffect(() => {
    const ended = renamed.current
    renamed.current = renaming
    if (renaming !== null || ended === null || document.activeElement !== document.body) return
    list.current?.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(ended)}"]`)?.focus()
  }, [renaming])

  const steer = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const rows = [...event.currentTarget.querySelectorAll<HTMLElement>('[data-conversation]')]
    const place = rows.indexOf(event.target as HTMLElement)
    if (event.key === 'Escape') onEscape()
    else if (event.key === 'ArrowUp' && place === 0) onUp()
    else {
      const summary = hits[place]?.summary
      if (summary !== undefined && actOnRow(event, summary, () => (rows[place + 1] ?? rows[place - 1])?.focus())) return
      const row = { ArrowDown: rows[place + 1], ArrowUp: rows[place - 1], Home: rows[0], End: rows.at(-1) }[event.key]
      if (row === undefined) return
      row.focus()
    }
    event.preventDefault()
  }

  const isIncomplete = result !== null && result.indexed < result.total
  return (
    <section
      ref={list}
      aria-label={t('search:results')}
      aria-busy={answered?.query !== query}
      className="min-h-0 flex-1 overflow-y-auto overscroll-contain pb-2 [scrollbar-gutter:stable] [&::-webkit-scrollbar]:w-2 [&::-webkit-scrollbar-thumb]:border-2"
      onKeyDown={steer}
      onContextMenu={(event) => {
        event.preventDefault()
        openRowMenu(event.target)
      }}
      onFocus={(event) => setReachedId((reached) => event.target.dataset.conversation ?? reached)}
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
          {hits.map(({ hit, summary }) => (
            <li key={summary.id}>
              <Hit
                hit={hit}
                summary={summary}
                isRenaming={summary.id === renaming}
                isTabStop={summary.id === tabStop}
              />
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

interface HitProps {
  hit: SearchHit
  /** The conversation as it is now: its title may have changed since it was found. */
  summary: ConversationSummary
  isRenaming: boolean
  isTabStop: boolean
}

/** One conversation: its title and when it was, and the words around what was found, which opens there. */
function Hit({ hit, summary, isRenaming, isTabStop }: HitProps) {
  const { t } = useTranslation()
  const listed = useListedDate()
  const isCurrent = useStore((state) => state.currentId === hit.conversationId)
  const { conversationId, messageId, snippet, marks, count, updatedAt } = hit
  const [isPointedAt, setIsPointedAt] = useState(false)
  const [point, setPoint] = useState<{ x: number; y: number } | null>(null)
  const named = withoutBidiControls(summary.title)
  const title = named === '' ? t('chat:sidebar.untitled') : named
  if (isRenaming) {
    return (
      <div className="ps-2 pb-px">
        <TitleField title={summary.title} className="h-8 w-full rounded-m px-2.5" />
      </div>
    )
  }
  return (
    <div
      data-row
      className="group relative ps-2 pb-px"
      onPointerEnter={() => setIsPointedAt(true)}
      onFocus={() => setIsPointedAt(true)}
      // The list opens the menu; here is known where.
      onContextMenu={({ clientX, clientY }) => setPoint({ x: clientX, y: clientY })}
    >
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
            {messageId === null && summary.title === hit.title ? <Marked text={snippet} marks={marks} /> : title}
          </bdi>
          <span
            className={`tabular flex-none text-meta group-hover:invisible group-has-data-popup-open:invisible ${isCurrent ? 'text-ink-2' : 'text-ink-3'}`}
          >
            {listed(updatedAt)}
          </span>
        </span>
        {messageId !== null && (
          <span
            dir="auto"
            className="mt-0.5 line-clamp-2 w-full text-meta break-words text-ink-2 [text-align:-webkit-match-parent]"
          >
            <Marked text={snippet} marks={marks} />
          </span>
        )}
        {messageId !== null && count > 1 && (
          <span className={`mt-0.5 text-meta ${isCurrent ? 'text-ink-2' : 'text-ink-3'}`}>
            {t('search:messages', { count })}
          </span>
        )}
      </button>
      {isPointedAt && <RowMenu summary={summary} title={title} point={point} onClose={() => setPoint(null)} />}
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
