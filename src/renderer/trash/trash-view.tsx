import { CircleAlert, PanelLeft, Trash2 } from 'lucide-react'
import { useEffect, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import { useKeysOf } from '../actions/keys'
import type { TrashedConversation } from '../../shared/contract'
import { describe, type AppError } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import { Button } from '../controls/button'
import { Dialog } from '../controls/dialog'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { showToast } from '../controls/toast'
import { tellError } from '../controls/tell-error'
import { restoreConversation, showConversation, toggleSidebar } from '../store/conversations'
import { useStore } from '../store/state'
import { deleteForGood, loadTrash, useTrash } from './state'
import { TrashedRow, useRowTitle } from './trashed-row'
import { TrashedText } from './trashed-text'

/** What the person is asked about: one conversation, or all. */
type Asking = { kind: 'one'; item: TrashedConversation } | { kind: 'all' } | null

/** What was deleted and can be put back [43], the latest first. `hasToggle` while the sidebar is hidden. */
export function TrashView({ hasToggle }: { hasToggle: boolean }) {
  const { t } = useTranslation()
  const sidebarKeys = useKeysOf('sidebar')
  const titleOf = useRowTitle()
  const { items, isLoaded, error } = useTrash()
  const days = useStore((state) => state.settings.trashDays)
  const nowMs = useMinute()
  const [asking, setAsking] = useState<Asking>(null)
  const [reading, setReading] = useState<TrashedConversation | null>(null)
  const [reachedFile, setReachedFile] = useState<string | null>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const scroller = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  useEffect(() => void loadTrash(), [days])
  useEffect(() => heading.current?.focus(), [])

  const tabStop = Math.max(
    0,
    items.findIndex(({ file }) => file === reachedFile),
  )
  const focusRow = (index: number, action: 'put-back' | 'delete' = 'put-back'): void => {
    const item = items[index]
    if (item === undefined) {
      heading.current?.focus()
      return
    }
    setReachedFile(item.file)
    list.current?.scrollToIndex(index, { align: 'nearest' })
    requestAnimationFrame(() => {
      const row = scroller.current?.querySelector(`[data-trashed="${CSS.escape(item.file)}"]`)
      row?.querySelector<HTMLElement>(`[data-action="${action}"]`)?.focus()
    })
  }
  /** A row that goes takes the focus with it: the next one gets it. */
  const focusBeside = (name: string): void => {
    const index = items.findIndex(({ file }) => file === name)
    focusRow(index + 1 < items.length ? index + 1 : index - 1)
  }
  const steer = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.target instanceof HTMLElement)) return
    const item = items[tabStop]
    const index = neighbour(tabStop, items.length, event.key)
    if (index !== null) {
      event.preventDefault()
      focusRow(index, event.target.dataset.action === 'delete' ? 'delete' : 'put-back')
    } else if (event.key === 'Delete' && item !== undefined) {
      event.preventDefault()
      setAsking({ kind: 'one', item })
    }
  }

  const putBack = async (item: TrashedConversation): Promise<void> => {
    const { file, summary, deleted } = item
    focusBeside(file)
    const result = await restoreConversation(summary.id, file)
    if (!result.ok) {
      tellError(result.error)
      return
    }
    await loadTrash()
    const { conversationId } = result.value
    showToast({
      text:
        deleted === undefined
          ? t('chat:trash.isBack', { title: titleOf(item) })
          : t('chat:trash.messagesAreBack', { count: deleted }),
      action: { label: (say) => say('chat:trash.open'), run: () => void showConversation(conversationId) },
    })
  }
  const answer = async (isYes: boolean): Promise<void> => {
    const asked = asking
    setAsking(null)
    if (asked === null) return
    if (!isYes) {
      if (asked.kind === 'one') focusRow(tabStop, 'delete')
      return
    }
    if (asked.kind === 'one') focusBeside(asked.item.file)
    else heading.current?.focus()
    const files = asked.kind === 'one' ? [asked.item.file] : items.map(({ file }) => file)
    const refusal = await deleteForGood(files)
    if (refusal !== null) tellError(refusal)
  }

  return (
    <main data-trash-view className="flex h-full min-w-0 flex-1 flex-col bg-paper">
      <header
        data-region="header"
        tabIndex={-1}
        aria-label={t('chat:trash.title')}
        className={`drag-window layer-header flex h-(--titlebar) flex-none items-center shadow-[inset_0_-1px_var(--line)] outline-none ${hasToggle ? 'ps-[calc(var(--strip-start)+10px)]' : 'ps-6 max-narrow:ps-5'} pe-[calc(var(--strip-end)+12px)]`}
      >
        {hasToggle && (
          <IconButton
            icon={PanelLeft}
            label={t('chat:sidebar.show')}
            keys={sidebarKeys}
            className="drag-none me-1.5 rtl:-scale-x-100"
            onClick={toggleSidebar}
          />
        )}
        <h1 ref={heading} tabIndex={-1} className="min-w-0 flex-1 truncate text-ui font-strong text-ink-1 outline-none">
          {t('chat:trash.title')}
        </h1>
        {items.length > 0 && (
          <Button variant="quiet" size={28} className="drag-none" onClick={() => setAsking({ kind: 'all' })}>
            {t('chat:trash.empty')}
          </Button>
        )}
      </header>
      <section
        data-region="thread"
        tabIndex={-1}
        aria-label={t('chat:trash.list')}
        className="flex min-h-0 flex-1 flex-col outline-none"
      >
        {error !== null && <Unreadable error={error} />}
        {isLoaded && error === null && items.length === 0 && (
          <p className="m-auto pb-12 text-ui text-ink-2">{t('chat:trash.isEmpty')}</p>
        )}
        {items.length > 0 && (
          <>
            <p className="mx-auto w-[min(var(--column),100%-40px)] flex-none border-b border-line pt-6 pb-4 text-ui text-ink-2">
              {days === null ? t('chat:trash.keptForEver') : t('chat:trash.keptFor', { count: days })}
            </p>
            <div
              ref={scroller}
              className="min-h-0 flex-1 overflow-x-hidden overflow-y-auto overscroll-contain pb-4 [scrollbar-gutter:stable_both-edges]"
              onKeyDown={steer}
            >
              <Virtualizer
                ref={list}
                scrollRef={scroller}
                as="ul"
                item="li"
                data={items}
                itemSize={52}
                keepMounted={[tabStop]}
              >
                {(item, index) => (
                  <TrashedRow
                    key={item.file}
                    item={item}
                    nowMs={nowMs}
                    isTabStop={index === tabStop}
                    onReach={() => setReachedFile(item.file)}
                    onRead={() => setReading(item)}
                    onPutBack={() => void putBack(item)}
                    onDelete={() => setAsking({ kind: 'one', item })}
                  />
                )}
              </Virtualizer>
            </div>
          </>
        )}
      </section>
      {reading !== null && (
        <TrashedText
          key={reading.file}
          item={reading}
          title={titleOf(reading)}
          onPutBack={() => {
            setReading(null)
            void putBack(reading)
          }}
          onClose={() => setReading(null)}
        />
      )}
      <Dialog
        isOpen={asking !== null}
        onClose={() => void answer(false)}
        title={
          asking?.kind === 'one'
            ? t('chat:trash.deleteTitle', { title: titleOf(asking.item) })
            : t('chat:trash.emptyTitle')
        }
        description={helpFor(asking, items, (key, values) => t(key, values ?? {}))}
        finalFocus={false}
        actions={
          <>
            <Button onClick={() => void answer(false)}>{t('common:cancel')}</Button>
            <Button variant="danger" icon={Trash2} onClick={() => void answer(true)}>
              {t('chat:trash.delete')}
            </Button>
          </>
        }
      />
    </main>
  )
}

/** What is deleted for good, in words: whole chats, or messages of one that goes on. */
function helpFor(asking: Asking, items: readonly TrashedConversation[], t: Translate): string {
  if (asking?.kind === 'one') {
    const { deleted } = asking.item
    return deleted === undefined ? t('chat:trash.deleteHelp') : t('chat:trash.deleteMessagesHelp', { count: deleted })
  }
  const isMixed = items.some(({ deleted }) => deleted !== undefined)
  return isMixed ? t('chat:trash.emptyMixedHelp') : t('chat:trash.emptyHelp', { count: items.length })
}

function Unreadable({ error }: { error: AppError }) {
  const { t } = useTranslation()
  const { title, detail } = describe(error, (key, values) => t(key, values ?? {}))
  return (
    <p role="alert" className="mx-auto flex w-[min(var(--column),100%-40px)] flex-none gap-2.5 py-6 text-ui text-ink-2">
      <Icon of={CircleAlert} className="mt-0.5 text-danger" />
      <span className="min-w-0 break-words">
        <strong className="font-label text-ink-1">{title}</strong> {detail}
      </span>
    </p>
  )
}

/** The row that a key leads to; null when it leads nowhere. */
function neighbour(from: number, count: number, key: string): number | null {
  switch (key) {
    case 'ArrowDown':
      return from + 1 < count ? from + 1 : null
    case 'ArrowUp':
      return from > 0 ? from - 1 : null
    case 'Home':
      return count > 0 ? 0 : null
    case 'End':
      return count > 0 ? count - 1 : null
    default:
      return null
  }
}

/** The time, once a minute. */
function useMinute(): number {
  const [nowMs, setNowMs] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 60_000)
    return () => clearInterval(timer)
  }, [])
  return nowMs
}
