import { Tabs } from '@base-ui/react/tabs'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { UserMessage } from '../../shared/conversation'
import { useAction } from '../actions/offers'
import { useMedia } from '../media-query'
import { hasText, keepColumn } from '../store/comparison'
import { conversationOf, useStore, type Comparison } from '../store/state'
import { QuestionAttachments } from '../viewer/question-attachments'
import { Column, KEEP } from './column'
import './columns.css'
import { useColumnName } from './names'

export interface ColumnsProps {
  conversationId: string
  comparison: Comparison
}

/** One question, its answers side by side [37]; in a window below 640 one at a time, with tabs. */
export function Columns({ conversationId, comparison }: ColumnsProps) {
  const { t } = useTranslation()
  const isTabbed = useMedia('(width < 640px)')
  const { columns, questionId } = comparison
  useKeepKeys(conversationId, comparison)
  const [chosen, setChosen] = useState<string | null>(null)
  const shownKey = columns.some(({ key }) => key === chosen) ? chosen : (columns[0]?.key ?? null)
  // A column for which a model is being chosen is on show.
  const { choosing } = comparison
  const shownFor = useRef<string | null>(null)
  useEffect(() => {
    if (choosing !== null && choosing !== shownFor.current) setChosen(choosing)
    shownFor.current = choosing
  }, [choosing])
  const question = useStore((state) => {
    const message = conversationOf(state, conversationId)?.messages.find(({ id }) => id === questionId)
    return message?.role === 'user' ? message : null
  })
  const hasHistory = useStore((state) => (conversationOf(state, conversationId)?.messages.length ?? 0) > 0)
  return (
    <section aria-label={t('compare:label')} className="compare flex min-h-0 flex-1 flex-col overflow-y-auto">
      <div className="max-h-[30%] flex-none overflow-y-auto px-6 pt-2 pb-5 max-narrow:px-4 max-narrow:py-3">
        {question === null ? (
          <p className="mx-auto max-w-130 text-center text-ui text-ink-2">
            {t(hasHistory ? 'compare:before' : 'compare:beforeFirst')}
          </p>
        ) : (
          <AskedQuestion question={question} />
        )}
      </div>
      {isTabbed ? (
        <Tabs.Root
          value={shownKey}
          onValueChange={(value: string) => setChosen(value)}
          className="flex min-h-72 flex-1 flex-col border-y border-line"
        >
          <Tabs.List
            activateOnFocus
            data-region="tabs"
            aria-label={t('compare:label')}
            className="flex h-10 flex-none overflow-x-auto border-b border-line px-2 [scrollbar-width:none]"
          >
            {columns.map((column, index) => (
              <Tabs.Tab
                key={column.key}
                value={column.key}
                className="focus-inset max-w-48 min-w-0 flex-1 truncate border-b-2 border-transparent px-2.5 text-ui text-ink-2 outline-none data-active:border-accent data-active:font-label data-active:text-ink-1"
              >
                <TabName conversationId={conversationId} column={column} index={index} />
              </Tabs.Tab>
            ))}
          </Tabs.List>
          {columns.map((column, index) => (
            <Tabs.Panel
              key={column.key}
              value={column.key}
              tabIndex={-1}
              className="grid min-h-0 flex-1 grid-rows-[auto_minmax(0,1fr)_auto] outline-none data-hidden:hidden"
            >
              <Column conversationId={conversationId} comparison={comparison} column={column} index={index} />
            </Tabs.Panel>
          ))}
        </Tabs.Root>
      ) : (
        <div className="grid min-h-72 flex-1 auto-cols-[minmax(240px,1fr)] grid-flow-col grid-rows-[auto_minmax(0,1fr)_auto] overflow-x-auto overflow-y-hidden border-y border-line max-wide:auto-cols-[50%]">
          {columns.map((column, index) => (
            <Column
              key={column.key}
              conversationId={conversationId}
              comparison={comparison}
              column={column}
              index={index}
            />
          ))}
        </div>
      )}
    </section>
  )
}

/** As in the thread, without what would take the question out of the comparison. */
export function AskedQuestion({ question }: { question: UserMessage }) {
  const { t } = useTranslation()
  return (
    <article aria-label={t('chat:thread.you')} className="flex flex-col items-end gap-2">
      {question.attachments.length > 0 && <QuestionAttachments attachments={question.attachments} />}
      {question.text !== '' && (
        <p
          dir="auto"
          className="max-w-[min(560px,100%)] rounded-xl border border-transparent bg-bubble px-[15px] py-[9px] text-[length:var(--input-size)] leading-[1.6] break-words whitespace-pre-wrap text-ink-1 [overflow-wrap:anywhere] select-text"
        >
          {question.text}
        </p>
      )}
    </article>
  )
}

function TabName({ conversationId, column, index }: Parameters<typeof useColumnName>[0] & { index: number }) {
  const { t } = useTranslation()
  const { title } = useColumnName({ conversationId, column })
  return <bdi>{title ?? t('compare:nth', { number: index + 1 })}</bdi>
}

function useKeepKeys(conversationId: string, { columns }: Comparison): void {
  useKeepKey(KEEP[0], conversationId, columns[0])
  useKeepKey(KEEP[1], conversationId, columns[1])
  useKeepKey(KEEP[2], conversationId, columns[2])
  useKeepKey(KEEP[3], conversationId, columns[3])
}

function useKeepKey(
  id: (typeof KEEP)[number],
  conversationId: string,
  column: Comparison['columns'][number] | undefined,
): void {
  const canKeep = useStore((state) => column !== undefined && hasText(state, conversationId, column.headId))
  useAction(id, canKeep && column !== undefined ? () => keepColumn(conversationId, column.key) : null)
}
