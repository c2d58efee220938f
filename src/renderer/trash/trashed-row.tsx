import { Trash2 } from 'lucide-react'
import { useMemo, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { TrashedConversation } from '../../shared/contract'
import { Segments } from '../chat/status-line'
import { Button } from '../controls/button'
import { IconButton } from '../controls/icon-button'
import { daysLeft, deletedDay } from './days'

/** So many days before the end it is told in warn. */
const WARN_DAYS = 3

export interface TrashedRowProps {
  item: TrashedConversation
  nowMs: number
  /** The one row that Tab reaches; arrow keys lead to the others. */
  isTabStop: boolean
  onReach: () => void
  /** Shows what is in it. */
  onRead: () => void
  onPutBack: () => void
  onDelete: () => void
}

/** One deleted conversation, 52 high: when it went, how long it stays, what is in it, and the way back. */
export function TrashedRow({ item, nowMs, isTabStop, onReach, onRead, onPutBack, onDelete }: TrashedRowProps) {
  const { t } = useTranslation()
  const title = useRowTitle()(item)
  const pieces = usePieces(item, nowMs)
  return (
    <div
      data-trashed={item.file}
      className="group relative mx-auto w-[min(var(--column)+24px,100%-16px)] rounded-m px-3 focus-within:bg-hovered hover:bg-hovered max-narrow:w-full max-narrow:px-2"
      onFocus={onReach}
    >
      <div className="flex h-13 items-center border-b border-line group-focus-within:border-transparent group-hover:border-transparent">
        <div className="min-w-0 flex-1 group-focus-within:me-34 group-hover:me-34">
          <button
            type="button"
            data-action="read"
            tabIndex={isTabStop ? 0 : -1}
            title={t('chat:trash.read')}
            aria-label={t('chat:trash.readNamed', { title })}
            className="focus-inset block w-full truncate rounded-s text-start text-ui text-ink-1 after:absolute after:inset-0 after:-z-0"
            onClick={onRead}
          >
            <bdi>{title}</bdi>
          </button>
          <p className="truncate text-meta text-ink-3 [&_wbr]:hidden">
            <Segments of={pieces} />
          </p>
        </div>
        <div className="absolute inset-e-3 z-1 flex items-center gap-2 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100">
          <Button
            size={28}
            data-action="put-back"
            tabIndex={isTabStop ? 0 : -1}
            aria-label={t('chat:trash.putBackNamed', { title })}
            onClick={onPutBack}
          >
            {t('chat:trash.putBack')}
          </Button>
          <IconButton
            icon={Trash2}
            label={t('chat:trash.deleteNamed', { title })}
            hint={t('chat:trash.delete')}
            data-action="delete"
            tabIndex={isTabStop ? 0 : -1}
            onClick={onDelete}
          />
        </div>
      </div>
    </div>
  )
}

/** What a deleted conversation is called, also one without a title; of deleted messages, how many they are and whose. */
export function useRowTitle(): (item: Pick<TrashedConversation, 'summary' | 'deleted'>) => string {
  const { t } = useTranslation()
  return ({ summary, deleted }) => {
    const title = summary.title === '' ? t('chat:sidebar.untitled') : summary.title
    return deleted === undefined ? title : t('chat:trash.deletedMessages', { count: deleted, title })
  }
}

function usePieces(
  { deletedAt, expiresAt, messages, images, deleted, summary }: TrashedConversation,
  nowMs: number,
): ReactNode[] {
  const { t, i18n } = useTranslation()
  const date = useMemo(() => {
    const tag = i18n.language === 'en' ? 'en-GB' : i18n.language
    const year = new Date(deletedAt).getFullYear() === new Date(nowMs).getFullYear() ? undefined : 'numeric'
    return new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'long', year }).format(deletedAt)
  }, [i18n.language, deletedAt, nowMs])
  const left = expiresAt === null ? null : daysLeft(expiresAt, nowMs)
  const counts = [
    ...(messages === 0 || deleted !== undefined ? [] : [t('chat:trash.messages', { count: messages })]),
    ...(images === 0 ? [] : [t('chat:trash.images', { count: images })]),
  ]
  return [
    t(`chat:trash.deleted.${deletedDay(deletedAt, nowMs)}`, { date }),
    ...(left === null
      ? []
      : [
          <span key="left" className={left <= WARN_DAYS ? 'text-warn' : ''}>
            {t('chat:trash.daysLeft', { count: left })}
          </span>,
        ]),
    ...(counts.length === 0 ? [] : [counts.join(', ')]),
    ...(summary.isDamaged
      ? [
          <span key="damaged" className="text-danger">
            {t('chat:trash.damaged')}
          </span>,
        ]
      : []),
  ]
}
