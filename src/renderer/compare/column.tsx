import { Check, ChevronDown, Copy, Replace, RefreshCw, Server, Square, X } from 'lucide-react'
import { memo, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { pathOf, type AssistantMessage } from '../../shared/conversation'
import { useKeysOf } from '../actions/keys'
import { AnswerBody } from '../chat/answer'
import { BackendItems } from '../chat/backend-items'
import { useChoice, useClosedReason } from '../chat/choice'
import { copyAnswer } from '../chat/clipboard'
import { useFollow } from '../chat/follow'
import { ModelListLayer } from '../chat/model-list-layer'
import { QuoteBar } from '../chat/quote-bar'
import { selectAllByKey, useCopyAll } from '../chat/select-all'
import { lastOf, textOf, turnsOf, type Turn } from '../chat/turns'
import { Button } from '../controls/button'
import { useCopied } from '../controls/copied'
import { IconButton } from '../controls/icon-button'
import { ariaKeys } from '../controls/kbd'
import { Menu, MenuItem, MenuSeparator, Submenu } from '../controls/menu'
import { changeColumn, chooseFor, hasText, keepColumn, removeColumn } from '../store/comparison'
import { askColumn } from '../store/answers'
import { stopAnswers } from '../store/stopping'
import { conversationOf, useStore, type Column as ColumnState, type Choice, type Comparison } from '../store/state'
import { AskedQuestion } from './columns'
import { ColumnStatus } from './column-status'
import { useColumnName } from './names'

export interface ColumnProps {
  conversationId: string
  comparison: Comparison
  column: ColumnState
  /** From 0. */
  index: number
}

/** The actions that keep one of the columns, in their order. */
export const KEEP = ['keep-1', 'keep-2', 'keep-3', 'keep-4'] as const

/** One of the models that are compared: who it is, what it says, and the button that keeps it. */
export function Column({ conversationId, comparison, column, index }: ColumnProps) {
  const { t } = useTranslation()
  const { key, headId, choice } = column
  const { title } = useColumnName({ conversationId, column })
  const turns = useColumnTurns(conversationId, comparison.questionId, headId)
  const canKeep = useStore((state) => hasText(state, conversationId, headId))
  const keys = useKeysOf(KEEP[index] ?? 'keep-1')
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  useFollow(scroller, content, true)
  useCopyAll(content, turns, true)
  const label = title ?? t('compare:nth', { number: index + 1 })
  const last = turns.at(-1)
  const answer = last?.kind === 'answer' ? lastOf(last.messages) : null
  return (
    <section aria-label={label} className="row-span-3 grid min-w-0 grid-rows-subgrid border-line not-last:border-e">
      <ColumnHead
        conversationId={conversationId}
        comparison={comparison}
        column={column}
        index={index}
        answer={answer}
      />
      <div className="relative flex min-h-0 min-w-0 flex-col">
        <div
          ref={scroller}
          role="log"
          aria-live="off"
          aria-label={t('compare:answerOf', { name: label })}
          data-region={`column-${index + 1}`}
          tabIndex={0}
          onKeyDown={(event) => {
            if (selectAllByKey(event, content.current)) event.preventDefault()
          }}
          className="focus-inset min-h-0 flex-1 overflow-x-hidden overflow-y-auto overscroll-contain px-6 py-4.5 [overflow-anchor:none] max-wide:px-4"
        >
          <div ref={content} className="compare-text flex flex-col gap-5">
            {turns.map((turn, place) =>
              turn.kind === 'question' ? (
                <AskedQuestion key={turn.key} question={turn.message} />
              ) : (
                <ColumnAnswer
                  key={turn.key}
                  messages={turn.messages}
                  conversationId={conversationId}
                  isLast={place === turns.length - 1}
                />
              ),
            )}
            {choice === null && turns.length === 0 && (
              <Button className="self-start" onClick={() => chooseFor(conversationId, key)}>
                {t('compare:choose')}
              </Button>
            )}
          </div>
        </div>
        <QuoteBar conversationId={conversationId} scroller={scroller} isFindable={false} />
      </div>
      <div className="flex min-w-0 flex-col justify-end border-t border-line px-6 pt-2 pb-4 max-wide:px-4">
        <ColumnStatus
          answer={answer}
          turn={last?.kind === 'answer' ? last.messages : []}
          conversationId={conversationId}
        />
        <Button
          className="mt-1.5 w-full"
          aria-label={t('compare:keepOf', { name: label })}
          aria-keyshortcuts={keys && ariaKeys(keys)}
          isDisabled={!canKeep}
          reason={t('compare:noText')}
          onClick={() => keepColumn(conversationId, key)}
        >
          {t('compare:keep')}
        </Button>
      </div>
    </section>
  )
}

const ColumnAnswer = memo(
  function ColumnAnswer({ messages, conversationId, isLast }: Omit<Parameters<typeof AnswerBody>[0], 'isFresh'>) {
    const { t } = useTranslation()
    return (
      <article data-turn aria-label={t('chat:thread.answer')} aria-busy={lastOf(messages).state === 'running'}>
        <AnswerBody messages={messages} conversationId={conversationId} isLast={isLast} isFresh={false} />
      </article>
    )
  },
  (before, after) =>
    before.isLast === after.isLast &&
    before.messages.length === after.messages.length &&
    before.messages.every((message, index) => message === after.messages[index]),
)

/** What came after the question that all columns have in common. */
function useColumnTurns(conversationId: string, questionId: string | null, headId: string | null): readonly Turn[] {
  const conversation = useStore((state) => conversationOf(state, conversationId))
  return useMemo(() => {
    if (conversation === null || headId === null) return []
    const { messages } = conversation
    if (pathOf({ headId, messages }).every(({ id }) => id !== questionId)) return []
    const turns = turnsOf({ headId, messages })
    return turns.slice(turns.findIndex(({ key }) => key === questionId) + 1)
  }, [conversation, headId, questionId])
}

function ColumnHead({
  conversationId,
  comparison,
  column,
  index,
  answer,
}: ColumnProps & { answer: AssistantMessage | null }) {
  const { t } = useTranslation()
  const anchor = useRef<HTMLButtonElement>(null)
  const { key, choice } = column
  const { title, detail } = useColumnName({ conversationId, column })
  const present = useChoice(conversationId)
  const backends = useStore((state) => state.backends)
  const closedReason = useClosedReason(conversationId)
  const isChoosing = comparison.choosing === key
  const [isCopied, copied] = useCopied()
  const isOpeningList = useRef(false)
  const isRunning = answer?.state === 'running'
  const text = answer === null ? '' : textOf([answer])
  const wasAsked = comparison.questionId !== null
  const pick = (chosen: Choice): void => {
    changeColumn(conversationId, key, { choice: chosen })
    if (wasAsked) void askColumn(conversationId, key)
  }
  const label = title ?? t('compare:nth', { number: index + 1 })
  return (
    <header className="flex h-13 min-w-0 items-center gap-2 border-b border-line ps-6 pe-4 max-wide:ps-4 max-wide:pe-2">
      <div className="min-w-0 flex-1">
        <h2 className="truncate text-ui/4.5 font-strong text-ink-1" title={label}>
          <bdi>{label}</bdi>
        </h2>
        {detail !== '' && (
          <p className="truncate text-meta/4 text-ink-3">
            <bdi>{detail}</bdi>
          </p>
        )}
      </div>
      <Menu
        trigger={<IconButton ref={anchor} icon={ChevronDown} label={t('compare:menu', { name: label })} />}
        finalFocus={() => (isOpeningList.current ? false : anchor.current)}
        onOpenChange={(isOpen) => {
          if (isOpen) isOpeningList.current = false
        }}
      >
        {isRunning && (
          <MenuItem icon={Square} onSelect={() => void stopAnswers([answer])}>
            {t('compare:stop')}
          </MenuItem>
        )}
        {wasAsked && (
          <MenuItem
            icon={RefreshCw}
            isDisabled={closedReason !== null || choice === null}
            onSelect={() => void askColumn(conversationId, key)}
          >
            {t('chat:actions.retry')}
          </MenuItem>
        )}
        <MenuItem
          icon={Replace}
          isDisabled={closedReason !== null}
          onSelect={() => {
            isOpeningList.current = true
            chooseFor(conversationId, key)
          }}
        >
          {t('compare:change')}
        </MenuItem>
        {backends.length > 1 && closedReason === null && (
          <Submenu icon={Server} label={t('compare:backend')}>
            <BackendItems backends={backends} chosenId={choice?.backendId ?? null} onChoose={pick} />
          </Submenu>
        )}
        {text !== '' && (
          <MenuItem icon={isCopied ? Check : Copy} onSelect={() => void copyAnswer(text).then(copied)}>
            {t('chat:actions.copy')}
          </MenuItem>
        )}
        {comparison.columns.length > 2 && (
          <>
            <MenuSeparator />
            <MenuItem icon={X} onSelect={() => removeColumn(conversationId, key)}>
              {t('compare:remove')}
            </MenuItem>
          </>
        )}
      </Menu>
      {isChoosing && (
        <ModelListLayer
          choice={choice ?? { backendId: present.backendId, provider: null, model: null }}
          anchor={anchor}
          onChoose={pick}
          onClose={() => {
            chooseFor(conversationId, null)
            // Nobody was chosen for a column that was only added to be asked.
            const now = useStore.getState().comparisons.get(conversationId)
            const left = now?.columns.find((each) => each.key === key)
            if (left?.choice === null && (now?.columns.length ?? 0) > 2) removeColumn(conversationId, key)
          }}
        />
      )}
    </header>
  )
}
