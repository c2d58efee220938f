import { Columns2 } from 'lucide-react'
import { lazy, memo, Suspense, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { IconButton } from '../controls/icon-button'
import { ShownAnswersContext, useShownAnswers } from '../markdown/shown-answers'
import { canCompareVersions, compareVersions } from '../store/comparison'
import { sendMessage } from '../store/sending'
import { useStore } from '../store/state'
import type { VariantPlace } from '../../shared/variants'
import { ReplayLine } from '../wire/replay-line'
import { useWire } from '../wire/state'
import { AttemptsLine, Notices, ToolBlock } from './attempts-line'
import { useClosedReason } from './choice'
import { EndNote } from './end-note'
import { ErrorCard } from './error-card'
import { ProviderLine } from './provider-line'
import { ReasoningLine } from './reasoning-line'
import { StatusLine } from './status-line'
import { contentOf, countWords, lastOf, ownerOf, textOf } from './turns'
import { Stepper } from './variants'

// Reading markdown, colouring code and setting formulas are heavy: the window is on show before they are loaded.
const Markdown = lazy(async () => ({ default: (await import('../markdown')).Markdown }))
const MediaResult = lazy(async () => ({ default: (await import('./media-result')).MediaResult }))

export interface AnswerProps {
  messages: readonly [AssistantMessage, ...AssistantMessage[]]
  conversationId: string
  isLast: boolean
  /** Where it stands among its versions; null while it is the only one. */
  place?: VariantPlace | null
}

/** One answer, or the replay that stands in its place. */
export const Answer = memo(
  function Answer({ messages, conversationId, isLast, place = null }: AnswerProps) {
    const replayed = useWire(({ replay }) =>
      messages.some(({ id }) => id === replay?.stored?.id) ? (replay?.answer ?? null) : null,
    )
    const [wasRunning, setWasRunning] = useState(false)
    if (lastOf(messages).state === 'running' && !wasRunning) setWasRunning(true)
    if (replayed !== null) return <ReplayedAnswer answer={replayed} before={messages} conversationId={conversationId} />
    return (
      <AnswerView
        messages={messages}
        conversationId={conversationId}
        isLast={isLast}
        isFresh={wasRunning}
        place={place}
      />
    )
  },
  (before, after) =>
    before.isLast === after.isLast &&
    before.conversationId === after.conversationId &&
    before.place?.index === after.place?.index &&
    before.place?.count === after.place?.count &&
    before.messages.length === after.messages.length &&
    before.messages.every((message, index) => message === after.messages[index]),
)

export interface ReplayedAnswerProps {
  answer: AssistantMessage
  /** The turn in which it stands in for a stored answer; the cut answers that one continues stay before it. */
  before?: readonly AssistantMessage[]
  conversationId: string
}

/** A recording as it is played: nothing can be done with it, because it is not there. */
export function ReplayedAnswer({ answer, before = [], conversationId }: ReplayedAnswerProps) {
  const replay = useWire((state) => state.replay)
  const place = before.findIndex(({ id }) => id === replay?.stored?.id)
  const [first, ...rest] = [...before.slice(0, Math.max(0, place)), answer]
  return (
    <AnswerView
      messages={[first, ...rest]}
      conversationId={conversationId}
      isLast={false}
      isFresh={false}
      replayedFrom={answer.createdAt}
    />
  )
}

interface AnswerViewProps extends AnswerProps {
  /** It was written while on show. */
  isFresh: boolean
  /** When the recording that is played was made. */
  replayedFrom?: number
}

/** Text on the page, with what is known about it around. */
function AnswerView({ messages, conversationId, isLast, isFresh, place = null, replayedFrom }: AnswerViewProps) {
  const { t } = useTranslation()
  const message = lastOf(messages)
  const isRunning = message.state === 'running'
  return (
    <article
      aria-label={t('chat:thread.answer')}
      aria-busy={isRunning}
      tabIndex={-1}
      className="group/answer rounded-l"
    >
      <AnswerBody
        messages={messages}
        conversationId={conversationId}
        isLast={isLast}
        isFresh={isFresh}
        {...(replayedFrom === undefined ? {} : { replayedFrom })}
      />
      <div className={`flex items-start gap-2 ${message.error === null && hasText(messages) ? 'mt-2.5' : ''}`}>
        {place !== null && (
          <>
            <Stepper conversationId={conversationId} messageId={message.id} place={place} className="-ms-1.5" />
            <CompareVersions conversationId={conversationId} messageId={message.id} />
          </>
        )}
        <div className="min-w-0 flex-1">
          {replayedFrom !== undefined ? (
            <ReplayLine startedAt={replayedFrom} />
          ) : isRunning ? (
            <StatusLine message={message} conversationId={conversationId} />
          ) : (
            <ProviderLine messages={messages} conversationId={conversationId} isLast={isLast} />
          )}
        </div>
      </div>
      {isLast && !isRunning && message.suggestions.length > 0 && (
        <Suggestions suggestions={message.suggestions} conversationId={conversationId} />
      )}
    </article>
  )
}

function CompareVersions({ conversationId, messageId }: { conversationId: string; messageId: string }) {
  const { t } = useTranslation()
  const isPossible = useStore((state) => canCompareVersions(state, conversationId, messageId))
  return (
    <IconButton
      icon={Columns2}
      label={t('compare:versions')}
      hint={isPossible ? undefined : t('compare:otherRuns')}
      isDisabled={!isPossible}
      className="-ms-1.5"
      onClick={() => compareVersions(conversationId, messageId)}
    />
  )
}

/** What an answer says, without the line of who said it. Parts in the order of DESIGN "Attempts". */
export function AnswerBody({
  messages,
  conversationId,
  isLast,
  isFresh,
  replayedFrom,
}: Omit<AnswerViewProps, 'place'>) {
  const message = lastOf(messages)
  const isRunning = message.state === 'running'
  return (
    <>
      <ReasoningLine message={message} />
      <AttemptsLine message={message} />
      <Notices message={message} />
      {message.toolCalls.map((call) => (
        <ToolBlock key={call.index} messageId={message.id} call={call} isRunning={isRunning} />
      ))}
      <AnswerContent
        messages={messages}
        conversationId={conversationId}
        {...(replayedFrom === undefined ? {} : { replayedFrom })}
      />
      <EndNote message={message} conversationId={conversationId} isLast={isLast} />
      {message.error !== null && (
        <ErrorCard
          message={message}
          error={message.error}
          words={countWords(textOf(messages))}
          conversationId={conversationId}
          isLast={isLast}
          isFresh={isFresh}
        />
      )}
    </>
  )
}

function hasText(messages: readonly AssistantMessage[]): boolean {
  return messages.some(({ content, preview }) => content.length > 0 || preview !== null)
}

function AnswerContent({ messages, conversationId, replayedFrom }: Omit<AnswerViewProps, 'isLast' | 'isFresh'>) {
  const message = lastOf(messages)
  const content = contentOf(messages)
  const isRunning = message.state === 'running'
  const hasLead = message.reasoning !== null || message.attempts.length + message.notices.length > 0
  const hasTools = message.toolCalls.length > 0
  // What is played is not there: nothing can be kept with it.
  const isStored = replayedFrom === undefined
  const shown = useShownAnswers(conversationId, messages)
  if (!hasText(messages)) return null
  return (
    <ShownAnswersContext value={isStored ? shown : null}>
      <div data-find="text" className={`flex flex-col gap-4.5 ${hasTools ? 'mt-4.5' : hasLead ? 'mt-1.5' : ''}`}>
        {content.map((item, index) => {
          const isOpen = isRunning && index === content.length - 1 && message.preview === null
          return item.type === 'text' ? (
            <Suspense key={index} fallback={<PlainText text={item.text} />}>
              <Markdown text={item.text} isStreaming={isOpen} />
            </Suspense>
          ) : (
            <Suspense key={index} fallback={null}>
              <div data-find-beside>
                <MediaResult media={item} message={ownerOf(item, messages)} conversationId={conversationId} />
              </div>
            </Suspense>
          )
        })}
        {message.preview !== null && (
          <Suspense fallback={<PlainText text={message.preview} />}>
            <Markdown text={message.preview} isStreaming={isRunning} />
          </Suspense>
        )}
      </div>
    </ShownAnswersContext>
  )
}

/** The answer as it came, for the moment in which markdown is being loaded. */
function PlainText({ text }: { text: string }) {
  return (
    <p
      dir="auto"
      className="text-[length:var(--answer-size)] leading-[1.625] break-words whitespace-pre-wrap text-ink-1 select-text"
    >
      {text}
    </p>
  )
}

function Suggestions({ suggestions, conversationId }: { suggestions: readonly string[]; conversationId: string }) {
  const { t } = useTranslation()
  const closedReason = useClosedReason(conversationId)
  return (
    <ul
      aria-label={t('chat:suggestions')}
      className="mt-4 flex gap-2 max-narrow:-mx-5 max-narrow:overflow-x-auto max-narrow:px-5 max-narrow:[scrollbar-width:none] narrow:flex-wrap narrow:pb-2"
    >
      {suggestions.map((text, index) => (
        <li key={index} className="max-w-full max-narrow:flex-none">
          <button
            type="button"
            dir="auto"
            className="min-h-8 max-w-full rounded-m border border-line-2 px-3 py-[5px] text-start text-ui break-words text-ink-1 transition-colors hover:bg-hovered active:bg-pressed aria-disabled:bg-transparent aria-disabled:text-ink-3 max-narrow:focus-inset"
            aria-disabled={closedReason !== null || undefined}
            title={closedReason ?? undefined}
            onClick={() => {
              if (closedReason === null) void sendMessage(conversationId, text, [])
            }}
          >
            {text}
          </button>
        </li>
      ))}
    </ul>
  )
}
