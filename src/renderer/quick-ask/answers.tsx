import { CircleAlert, Paperclip } from 'lucide-react'
import { lazy, memo, Suspense, useMemo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage, UserMessage } from '../../shared/conversation'
import { describe, type ErrorAction } from '../../shared/errors'
import { useFollow } from '../chat/follow'
import { ReasoningLine } from '../chat/reasoning-line'
import { contentOf, lastOf, ownerOf, turnsOf, type Turn } from '../chat/turns'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { continueAnswer, retryAnswer } from '../store/answers'
import { conversationOf, useStore } from '../store/state'
import { isPicture } from '../viewer/picture'
import { openInWindow } from './conversation'

// The window is on show before markdown is loaded.
const Markdown = lazy(async () => ({ default: (await import('../markdown')).Markdown }))
const MediaResult = lazy(async () => ({ default: (await import('../chat/media-result')).MediaResult }))

/**
 * The answers, scrolling under the field. One question stands in the field; several stand here, each with its answer.
 *
 * @param isCovered something else stands in their place for a moment; where they were scrolled to stays
 */
export function Answers({ conversationId, isCovered }: { conversationId: string; isCovered: boolean }) {
  const { t } = useTranslation()
  const conversation = useStore((state) => conversationOf(state, conversationId))
  const turns = useMemo(() => (conversation === null ? [] : turnsOf(conversation)), [conversation])
  const shown = turns.filter((turn) => isShown(turn, turns.length))
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  useFollow(scroller, content, true)
  return (
    <div
      ref={scroller}
      role="log"
      aria-live="off"
      aria-label={t('quick-ask:answers')}
      tabIndex={0}
      className={`quick-answers min-h-0 flex-auto overflow-y-auto border-t border-line focus-inset ${shown.length === 0 || isCovered ? 'hidden' : ''}`}
    >
      <div ref={content} className="flex flex-col gap-4 ps-5.25 pe-2.75 pt-4 pb-3">
        {shown.map((turn) => (
          <TurnView key={turn.key} turn={turn} conversationId={conversationId} isLast={turn === turns.at(-1)} />
        ))}
      </div>
    </div>
  )
}

/** An answer without a word, a thought or an error yet has nothing to show: the line below says what it does. */
function isShown(turn: Turn, turnCount: number): boolean {
  if (turn.kind === 'question') return turnCount > 2
  const { reasoning, error, preview } = lastOf(turn.messages)
  return reasoning !== null || error !== null || preview !== null || contentOf(turn.messages).length > 0
}

function TurnView({ turn, conversationId, isLast }: { turn: Turn; conversationId: string; isLast: boolean }) {
  switch (turn.kind) {
    case 'question':
      return <Question message={turn.message} />
    case 'answer':
      return <Answer messages={turn.messages} conversationId={conversationId} isLast={isLast} />
  }
}

function Question({ message }: { message: UserMessage }) {
  const { t } = useTranslation()
  return (
    <article aria-label={t('chat:thread.you')} className="flex max-w-[85%] flex-col items-end gap-1.5 self-end">
      {message.attachments.length > 0 && (
        <div className="flex flex-wrap justify-end gap-1.5">
          {message.attachments.filter(isPicture).map(({ id, name }) => (
            <img
              key={id}
              src={`app://local/attachment/${id}`}
              alt={t('chat:thread.image', { name })}
              draggable={false}
              className="size-10 rounded-s border border-line bg-raised object-cover"
            />
          ))}
          {message.attachments
            .filter((attachment) => !isPicture(attachment))
            .map(({ id, name }) => (
              <span
                key={id}
                title={name}
                className="flex h-10 max-w-50 items-center gap-2 rounded-s border border-line bg-raised px-2.5 text-meta text-ink-1"
              >
                <Icon of={Paperclip} size={14} className="flex-none text-ink-2" />
                <bdi className="truncate">{name}</bdi>
              </span>
            ))}
        </div>
      )}
      {message.text !== '' && (
        <p
          dir="auto"
          className="max-w-full rounded-l bg-bubble px-3 py-1.5 text-ui [overflow-wrap:anywhere] whitespace-pre-wrap text-ink-1 select-text"
        >
          {message.text}
        </p>
      )}
    </article>
  )
}

interface AnswerProps {
  messages: readonly [AssistantMessage, ...AssistantMessage[]]
  conversationId: string
  isLast: boolean
}

const Answer = memo(
  function Answer({ messages, conversationId, isLast }: AnswerProps) {
    const { t } = useTranslation()
    const message = lastOf(messages)
    const isRunning = message.state === 'running'
    const content = contentOf(messages)
    return (
      <article aria-label={t('chat:thread.answer')} aria-busy={isRunning} className="flex min-w-0 flex-col gap-3">
        <ReasoningLine message={message} />
        {content.map((item, index) =>
          item.type === 'text' ? (
            <Suspense key={index} fallback={null}>
              <Markdown text={item.text} isStreaming={isRunning && index === content.length - 1} />
            </Suspense>
          ) : (
            <Suspense key={index} fallback={null}>
              <MediaResult media={item} message={ownerOf(item, messages)} conversationId={conversationId} />
            </Suspense>
          ),
        )}
        {message.preview !== null && (
          <Suspense fallback={null}>
            <Markdown text={message.preview} isStreaming={isRunning} />
          </Suspense>
        )}
        {message.error !== null && <Failure message={message} conversationId={conversationId} isLast={isLast} />}
      </article>
    )
  },
  (before, after) =>
    before.isLast === after.isLast &&
    before.messages.length === after.messages.length &&
    before.messages.every((message, index) => message === after.messages[index]),
)

/** What helps is in the main window: the form of a key or a backend, a certificate, the folder. */
const IN_WINDOW: readonly ErrorAction[] = [
  'enter-key',
  'open-backend-settings',
  'review-certificate',
  'open-data-folder',
  'choose-backend',
]

function Failure({ message, conversationId, isLast }: Omit<AnswerProps, 'messages'> & { message: AssistantMessage }) {
  const { t } = useTranslation()
  if (message.error === null) return null
  const { title, detail, action } = describe(message.error, (key, values) => t(key, values ?? {}))
  return (
    <div role="alert" className="flex gap-2.5 text-ui">
      <Icon of={CircleAlert} className="mt-0.5 text-danger" />
      <div className="min-w-0 flex-1">
        <p className="font-strong text-ink-1">{title}</p>
        <p dir="auto" className="break-words text-ink-2 select-text">
          {detail}
        </p>
        {isLast && (
          <div className="mt-2 flex flex-wrap gap-2">
            {action === 'continue' && (
              <Button variant="primary" onClick={() => void continueAnswer(conversationId, message.id)}>
                {t('common:continue')}
              </Button>
            )}
            {IN_WINDOW.includes(action) && (
              <Button variant="primary" onClick={() => void openInWindow()}>
                {t('quick-ask:open')}
              </Button>
            )}
            <Button onClick={() => void retryAnswer(conversationId, message.id)}>{t('common:retry')}</Button>
          </div>
        )}
      </div>
    </div>
  )
}
