import { useEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { useDates } from '../dates'
import { useStore } from '../store/state'
import { groupByDay, untilTomorrowMs, type HistoryItem } from './groups'
import { Row } from './row'
import { actOnRow, openRowMenu } from './row-menu'

/** All conversations by day, one tab stop with arrow keys. Only the rows in sight exist. */
export function History() {
  const { t } = useTranslation()
  const conversations = useStore((state) => state.conversations)
  const currentId = useStore((state) => (state.view.name === 'chat' ? state.currentId : null))
  const renaming = useStore((state) => (state.renaming?.at === 'row' ? state.renaming.conversationId : null))
  const today = useToday()
  const dates = useDates()
  const items = useMemo(() => groupByDay(conversations.values(), today), [conversations, today])
  const [reachedId, setReachedId] = useState<string | null>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)

  // A title field that ends by key leaves the focus nowhere: its row takes it.
  const renamed = useRef(renaming)
  useEffect(() => {
    const ended = renamed.current
    renamed.current = renaming
    if (renaming === null && ended !== null && document.activeElement === document.body) {
      focusConversation(scroller.current, ended)
    }
  }, [renaming])

  const tabStop = indexOf(items, reachedId) ?? indexOf(items, currentId) ?? firstRow(items)

  const focusRow = (index: number): void => {
    const item = items[index]
    if (item?.kind !== 'row') return
    setReachedId(item.summary.id)
    list.current?.scrollToIndex(index, { align: 'nearest' })
    requestAnimationFrame(() => focusConversation(scroller.current, item.summary.id))
  }

  const steer = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || tabStop === null) return
    const item = items[tabStop]
    const target = neighbour(items, tabStop, event.key)
    if (target !== null) {
      event.preventDefault()
      focusRow(target)
    } else if (item?.kind === 'row') {
      actOnRow(event, item.summary, () => {
        const next = neighbour(items, tabStop, 'ArrowDown') ?? neighbour(items, tabStop, 'ArrowUp')
        if (next !== null) focusRow(next)
      })
    }
  }

  if (items.length === 0) {
    return <p className="flex-1 px-4.5 pt-4 text-meta break-words text-ink-3">{t('chat:sidebar.empty')}</p>
  }
  return (
    <div
      ref={scroller}
      className="-mt-px min-h-0 flex-1 overflow-y-auto overscroll-contain [scrollbar-gutter:stable] [&::-webkit-scrollbar]:w-2 [&::-webkit-scrollbar-thumb]:border-2"
      onKeyDown={steer}
      onContextMenu={(event) => {
        event.preventDefault()
        openRowMenu(event.target)
      }}
      onFocus={(event) => {
        const id = event.target.dataset.conversation
        if (id !== undefined) setReachedId(id)
      }}
    >
      <Virtualizer
        ref={list}
        scrollRef={scroller}
        as="ul"
        item="li"
        data={items}
        itemSize={33}
        keepMounted={tabStop === null ? [] : [tabStop]}
      >
        {(item, index) =>
          item.kind === 'heading' ? (
            <h2
              key={item.group === 'month' ? item.monthMs : item.group}
              className="px-4.5 pt-[13px] pb-1 text-meta font-medium text-ink-3 select-none"
            >
              {item.group === 'month' ? dates.month(item.monthMs, today) : t(`chat:sidebar.groups.${item.group}`)}
            </h2>
          ) : (
            <Row
              key={item.summary.id}
              summary={item.summary}
              isCurrent={item.summary.id === currentId}
              isRenaming={item.summary.id === renaming}
              isTabStop={index === tabStop}
            />
          )
        }
      </Virtualizer>
    </div>
  )
}

function focusConversation(within: HTMLElement | null, id: string): void {
  within?.querySelector<HTMLElement>(`[data-conversation="${CSS.escape(id)}"]`)?.focus()
}

function indexOf(items: readonly HistoryItem[], id: string | null): number | null {
  const index = items.findIndex((item) => item.kind === 'row' && item.summary.id === id)
  return index < 0 ? null : index
}

function firstRow(items: readonly HistoryItem[]): number | null {
  const index = items.findIndex(({ kind }) => kind === 'row')
  return index < 0 ? null : index
}

/** The row that a key leads to, past headings; null when it leads nowhere. */
function neighbour(items: readonly HistoryItem[], from: number, key: string): number | null {
  const rows = items.flatMap((item, index) => (item.kind === 'row' ? [index] : []))
  const place = rows.indexOf(from)
  switch (key) {
    case 'ArrowDown':
      return rows[place + 1] ?? null
    case 'ArrowUp':
      return place > 0 ? (rows[place - 1] ?? null) : null
    case 'Home':
      return rows[0] ?? null
    case 'End':
      return rows.at(-1) ?? null
    default:
      return null
  }
}

/** Any moment of today; a new one after midnight. */
function useToday(): Date {
  const [today, setToday] = useState(() => new Date())
  useEffect(() => {
    const look = (): void => {
      const now = new Date()
      if (now.toDateString() !== today.toDateString()) setToday(now)
    }
    // A second late, so that it is tomorrow for sure.
    const timer = setTimeout(() => setToday(new Date()), untilTomorrowMs(today) + 1000)
    // Timers stand still while the computer sleeps, and the day does not.
    window.addEventListener('focus', look)
    return () => {
      clearTimeout(timer)
      window.removeEventListener('focus', look)
    }
  }, [today])
  return today
}

/** The conversation before or after the present one, as the sidebar lists them; null at the ends. */
export function conversationBeside(step: -1 | 1): string | null {
  const { conversations, currentId, view } = useStore.getState()
  const rows = groupByDay(conversations.values(), new Date()).flatMap((item) =>
    item.kind === 'row' ? [item.summary.id] : [],
  )
  const index = view.name === 'chat' ? rows.indexOf(currentId) : -1
  if (index < 0) return step === 1 ? (rows[0] ?? null) : null
  return rows[index + step] ?? null
}
