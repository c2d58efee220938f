import { Check } from 'lucide-react'
import type { ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import { answerText, type AssistantMessage } from '../../shared/conversation'
import { useElapsed } from '../chat/clock'
import { useBackendName } from '../chat/provider-line'
import { nameOf, rateOf, statusOf } from '../chat/status'
import { Segments } from '../chat/status-line'
import { countWords } from '../chat/turns'
import { Icon } from '../controls/icon'
import { ariaKeys, Kbd, type Key } from '../controls/kbd'
import { useFigures } from '../figures'
import { blockerOf } from '../store/drafts'
import { sendDraft } from '../store/sending'
import { choiceOf, EMPTY_DRAFT, useStore } from '../store/state'
import { hide, openInWindow, useLastAnswer } from './conversation'

interface FooterProps {
  conversationId: string
  isCopied: boolean
  onCopy: () => void
}

/** What is going on, and what the keys do; each of them can be clicked as well. */
export function Footer({ conversationId, isCopied, onCopy }: FooterProps) {
  const { t } = useTranslation()
  const answer = useLastAnswer(conversationId)
  const blocker = useStore((state) => blockerOf(state.drafts.get(conversationId) ?? EMPTY_DRAFT))
  const hasText = answer !== null && answerText(answer) !== ''
  return (
    <footer
      className={`flex flex-none items-center gap-4 border-t border-line ps-5.25 pe-2.5 text-meta text-ink-3 ${answer === null ? 'min-h-9' : 'min-h-10'}`}
    >
      <p className="tabular min-w-0 flex-1 truncate">
        {blocker === 'refused' || blocker === 'adding' || blocker === 'long' ? (
          t(`chat:composer.${BLOCKER_TEXTS[blocker]}`)
        ) : answer === null ? (
          <BackendName conversationId={conversationId} />
        ) : (
          <AnswerStatus answer={answer} />
        )}
      </p>
      <div className="flex flex-none items-center">
        <KeyButton keys={['Enter']} onPress={() => sendDraft(conversationId)}>
          {t('quick-ask:ask')}
        </KeyButton>
        <KeyButton keys={['Mod', 'Enter']} onPress={() => void openInWindow()}>
          {t('quick-ask:open')}
        </KeyButton>
        {hasText && (
          <KeyButton keys={['Mod', 'C']} onPress={onCopy}>
            {isCopied && <Icon of={Check} size={12} className="text-accent-text" />}
            <span aria-live="polite">{t(isCopied ? 'common:copied' : 'common:copy')}</span>
          </KeyButton>
        )}
        <KeyButton keys={['Esc']} ariaKey="Escape" onPress={() => void hide()}>
          {t('quick-ask:hide')}
        </KeyButton>
      </div>
    </footer>
  )
}

interface KeyButtonProps {
  keys: readonly Key[]
  ariaKey?: string
  onPress: () => void
  children: ReactNode
}

function KeyButton({ keys, ariaKey, onPress, children }: KeyButtonProps) {
  return (
    <button
      type="button"
      aria-keyshortcuts={ariaKey ?? ariaKeys(keys)}
      className="inline-flex min-h-7 items-center gap-1.5 rounded-s px-2 whitespace-nowrap text-ink-3 transition-colors focus-inset hover:bg-hovered hover:text-ink-1 active:bg-pressed"
      onClick={onPress}
    >
      <Kbd keys={keys} className="text-current" />
      {children}
    </button>
  )
}

function BackendName({ conversationId }: { conversationId: string }) {
  const name = useBackendName(useStore((state) => choiceOf(state, conversationId).backendId))
  return <bdi>{name}</bdi>
}

function AnswerStatus({ answer }: { answer: AssistantMessage }) {
  return answer.state === 'running' ? <RunningStatus answer={answer} /> : <FinalStatus answer={answer} />
}

function RunningStatus({ answer }: { answer: AssistantMessage }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const view = statusOf(answer, useElapsed(answer.generationId))
  switch (view.kind) {
    case 'none':
      return null
    case 'waiting':
      return t('chat:status.waiting', { time: figures.seconds(view.elapsedMs) })
    case 'trying':
      return t('chat:status.trying', { next: view.next })
    case 'uploading':
      return (
        <bdi>{t(view.percent === null ? 'files:status.reading' : 'files:status.uploading', { name: view.name })}</bdi>
      )
    case 'progress':
      return <bdi>{view.text}</bdi>
    case 'writing':
      return (
        <Segments
          of={[
            t('chat:status.writing'),
            ...(view.tokensPerSecond === null ? [] : [figures.rate(view.tokensPerSecond, true)]),
          ]}
        />
      )
    case 'no-data':
      return (
        <span className="text-warn">
          <Segments of={[t('chat:status.noData', { time: figures.seconds(view.silentMs) }), t('chat:status.open')]} />
        </span>
      )
    case 'lost':
      return (
        <span className="text-warn">
          {view.inMs === null
            ? t('chat:status.attemptNow', { attempt: view.attempt, of: view.ofAttempts })
            : t('chat:status.attempt', {
                attempt: view.attempt,
                of: view.ofAttempts,
                time: figures.secondsLeft(view.inMs),
              })}
        </span>
      )
    case 'pause':
      return (
        <span className="text-warn">
          <Segments of={[t('chat:status.pause'), t('chat:status.again', { time: figures.secondsLeft(view.inMs) })]} />
        </span>
      )
  }
}

function FinalStatus({ answer }: { answer: AssistantMessage }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const backendName = useBackendName(answer.backendId)
  const name = answer.provider === null ? (answer.requested.provider ?? backendName) : nameOf(answer.provider)
  const rate = rateOf(answer)
  const speed = rate === null ? [] : [figures.rate(rate.tokensPerSecond, rate.isEstimated)]
  switch (answer.state) {
    case 'running':
      return null
    case 'complete':
    case 'complete-unconfirmed':
      return <Segments of={[t('chat:line.answered', { name }), ...speed]} />
    case 'stopped':
      return <Segments of={[t('chat:line.stopped'), figures.words(countWords(answerText(answer)))]} />
    case 'interrupted':
      return <Segments of={[t('chat:line.interrupted'), name]} />
    case 'failed':
      return <Segments of={[t('chat:line.notAnswered'), name]} />
  }
}

const BLOCKER_TEXTS = { adding: 'blockedAdding', refused: 'blockedRefused', long: 'blockedLong' } as const
