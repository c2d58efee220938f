import { CircleAlert, MessageCircleDashed, PencilLine, Pin, SquareTerminal, Zap } from 'lucide-react'
import { memo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConversationSummary } from '../../shared/conversation'
import { Icon } from '../controls/icon'
import { LiveDot } from '../controls/status-dot'
import { showConversation } from '../store/conversations'
import { useStore } from '../store/state'
import { RowMenu } from './row-menu'
import { TitleField } from './title-field'

export interface RowProps {
  summary: ConversationSummary
  isCurrent: boolean
  isRenaming: boolean
  /** The one tab stop of the list. */
  isTabStop: boolean
}

/** One conversation: its title, and one mark at the end, which the menu replaces under the pointer. */
export const Row = memo(function Row({ summary, isCurrent, isRenaming, isTabStop }: RowProps) {
  const { t } = useTranslation()
  // A menu for each of ten thousand rows would make scrolling slow: it is there once somebody points at the row.
  const [isPointedAt, setIsPointedAt] = useState(false)
  const title = useRowTitle(summary)
  const [point, setPoint] = useState<{ x: number; y: number } | null>(null)
  // In the chat on show the draft itself is to be seen.
  const hasDraft = useStore((state) => !isCurrent && state.drafts.has(summary.id))
  const mark = markOf(summary, hasDraft)
  if (isRenaming) {
    return (
      <div className="ps-2 pb-px">
        <TitleField title={summary.title} className="h-8 w-full rounded-m px-2.5" />
      </div>
    )
  }
  return (
    <div className="ps-2 pb-px">
      <div
        data-row
        onPointerEnter={() => setIsPointedAt(true)}
        onFocus={() => setIsPointedAt(true)}
        // The list opens the menu; here is known where.
        onContextMenu={({ clientX, clientY }) => setPoint({ x: clientX, y: clientY })}
        className={`group relative rounded-m hover:bg-hovered has-data-popup-open:bg-hovered ${isCurrent ? 'bg-selected hover:bg-selected has-data-popup-open:bg-selected forced-colors:bg-[Highlight] forced-color-adjust-none forced-colors:[&_.bg-accent]:bg-[HighlightText]' : ''}`}
      >
        <button
          type="button"
          data-conversation={summary.id}
          tabIndex={isTabStop ? 0 : -1}
          aria-current={isCurrent ? 'page' : undefined}
          className={`focus-inset flex h-8 w-full items-center rounded-m border border-transparent px-[9px] text-start text-ui ${isCurrent ? 'font-label text-ink-1 forced-colors:text-[HighlightText]' : 'text-ink-1'}`}
          onClick={() => void showConversation(summary.id)}
        >
          <bdi
            className={`min-w-0 flex-1 truncate ${mark === null ? 'group-hover:me-7 group-has-data-popup-open:me-7' : ''}`}
          >
            {title}
          </bdi>
          {mark !== null && (
            <span className="-me-px ms-2 flex w-4 flex-none justify-center group-hover:invisible group-has-data-popup-open:invisible">
              <MarkIcon mark={mark} isSeen={!summary.isUnread} />
              <span className="sr-only">, {t(`chat:sidebar.marks.${mark}`)}</span>
            </span>
          )}
        </button>
        {isPointedAt && <RowMenu summary={summary} title={title} point={point} onClose={() => setPoint(null)} />}
      </div>
    </div>
  )
})

/** One temporary chat is called that; the first words tell several apart. */
function useRowTitle({ title, isTemporary }: ConversationSummary): string {
  const { t } = useTranslation()
  const isOneOfSeveral = useStore((state) => isTemporary && countTemporary(state.conversations.values()) > 1)
  if (isTemporary && (!isOneOfSeveral || title === '')) return t('chat:temporary.title')
  return title === '' ? t('chat:sidebar.untitled') : title
}

function countTemporary(summaries: Iterable<ConversationSummary>): number {
  let count = 0
  for (const { isTemporary } of summaries) if (isTemporary) count += 1
  return count
}

export type RowMark =
  'damaged' | 'failed' | 'running' | 'unread' | 'draft' | 'temporary' | 'quick-ask' | 'terminal' | 'pin'

/**
 * The one mark of a row, by priority (DESIGN "Sidebar row"). That the last answer failed stays marked until there is another
 * one; once it was seen, quietly.
 *
 * @param hasDraft something unsent stands in its composer
 */
export function markOf(summary: ConversationSummary, hasDraft = false): RowMark | null {
  if (summary.isDamaged) return 'damaged'
  // An answer that runs after one that failed is the news.
  if (summary.hasFailed && !summary.isRunning) return 'failed'
  if (summary.isRunning) return 'running'
  if (summary.isUnread) return 'unread'
  if (hasDraft) return 'draft'
  if (summary.isTemporary) return 'temporary'
  if (summary.origin !== 'window') return summary.origin
  return summary.isPinned ? 'pin' : null
}

function MarkIcon({ mark, isSeen }: { mark: RowMark; isSeen: boolean }) {
  switch (mark) {
    case 'damaged':
      return <Icon of={CircleAlert} className="text-danger" />
    case 'failed':
      return <Icon of={CircleAlert} className={isSeen ? 'text-ink-3' : 'text-danger'} />
    case 'running':
      return <LiveDot />
    case 'unread':
      return <LiveDot isStill />
    case 'draft':
      return <Icon of={PencilLine} size={14} className="text-ink-3" />
    case 'temporary':
      return <Icon of={MessageCircleDashed} className="text-ink-2" />
    case 'quick-ask':
      return <Icon of={Zap} size={14} className="text-ink-3" />
    case 'terminal':
      return <Icon of={SquareTerminal} size={14} className="text-ink-3" />
    case 'pin':
      return <Icon of={Pin} size={14} className="text-ink-3" />
  }
}
