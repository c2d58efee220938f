import { CircleAlert, KeyRound } from 'lucide-react'
import { useCallback, useEffect, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { describe, type AppError, type ErrorText } from '../../shared/errors'
import type { CertificateTrust } from '../../shared/settings'
import { reviewCertificate, type CertificateError } from '../certificate/state'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { useFigures } from '../figures'
import { showSettings } from '../store/conversations'
import { continueAnswer, retryAnswer } from '../store/answers'
import { backendOf, useStore } from '../store/state'
import { useClosedReason } from './choice'
import { clockOf, useTimeLeft } from './countdown'
import { DetailsList } from './details-dialog'
import { KeyForm, triedTail, useProvider } from './key-form'
import { OtherBackend } from './other-backend'
import { canAnotherProviderHelp, OtherProvider } from './other-provider'
import { withoutClassNames } from './reason'
import { SendAsText, useCanSendAsText } from './send-as-text'
import { nameOf } from './status'

export interface ErrorCardProps {
  message: AssistantMessage
  error: AppError
  /** Words that arrived before it. */
  words: number
  conversationId: string
  /** Only the last answer can be asked again; an older one would take what follows it out of sight. */
  isLast: boolean
  /** It happened while on show: screen readers are told at once. */
  isFresh: boolean
}

/** Why an answer was cut or did not come, what is safe, and what to do; at the place where it happened. */
export function ErrorCard(props: ErrorCardProps) {
  const text = useErrorWords(props)
  const canEnterKey = useStore((state) => backendOf(state, props.message.backendId)?.isBuiltIn === false)
  if (text.action === 'enter-key' && props.isLast && canEnterKey) {
    return <KeyCard {...props} text={text} />
  }
  return <FailureCard {...props} text={text} />
}

/** Takes the key that is missing; of one that was entered and not taken it says so, with what the server says itself. */
function KeyCard({ message, error, conversationId, isFresh, text }: ErrorCardProps & { text: ErrorText }) {
  const { t } = useTranslation()
  const [isDetailed, setIsDetailed] = useState(false)
  const tail = triedTail(message, error)
  const own = error.code === 'unauthorized' || error.code === 'provider-auth' ? error.message : null
  const shown =
    tail === null
      ? text
      : {
          ...text,
          title: tail === '' ? t('chat:key.refusedShort') : t('chat:key.refused', { tail }),
          detail: own === null || own.trim() === '' ? text.detail : withoutClassNames(own),
        }
  return (
    <Card
      icon={<Icon of={KeyRound} className={tail === null ? 'text-ink-2' : 'text-danger'} />}
      text={shown}
      isFresh={isFresh}
    >
      <KeyForm message={message} error={error} conversationId={conversationId}>
        <DetailsToggle isOpen={isDetailed} onToggle={() => setIsDetailed(!isDetailed)} />
      </KeyForm>
      {isDetailed && <DetailsList message={message} />}
    </Card>
  )
}

function useErrorWords({ message, error, words }: ErrorCardProps): ErrorText {
  const { t } = useTranslation()
  const { label } = useProvider(message.backendId, error.code === 'provider-auth' ? error.provider : null)
  // A person knows a provider by its label, wherever it is named.
  const shown = error.code === 'provider-auth' && label !== '' ? { ...error, provider: label } : error
  const text = describe(shown, (key, values) => t(key, values ?? {}))
  if (error.code !== 'connection-lost') return text
  const provider = message.provider === null ? t('chat:error.theServer') : nameOf(message.provider)
  return {
    ...text,
    detail:
      words === 0
        ? t('chat:error.closedBefore', { provider })
        : t('chat:error.closedAfter', { provider, count: words }),
  }
}

function FailureCard(props: ErrorCardProps & { text: ErrorText }) {
  const { message, error, conversationId, isLast, isFresh } = props
  const { t } = useTranslation()
  const [isDetailed, setIsDetailed] = useState(false)
  const allowedAtMs = allowedAt(message, error)
  const text = useLimitWords(props.text, error, allowedAtMs)
  const review = useReview(props)
  const giveFocus = useGiveFocus()
  const retry = (): void => {
    giveFocus()
    void retryAnswer(conversationId, message.id)
  }
  const goOn = (): void => {
    giveFocus()
    void continueAnswer(conversationId, message.id)
  }
  const closedReason = useClosedReason(conversationId)
  // Of an answer without a word there is nothing to go on with.
  const canGoOn = text.action === 'continue' && props.words > 0
  const canSendText = useCanSendAsText(props) && isLast
  const hasOtherPrimary = canGoOn || review !== null || canSendText
  return (
    <Card icon={<Icon of={CircleAlert} className="text-danger" />} text={text} isFresh={isFresh}>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        {isLast && canGoOn && (
          <Button
            variant="primary"
            isDisabled={closedReason !== null}
            reason={closedReason ?? undefined}
            onClick={goOn}
          >
            {t('common:continue')}
          </Button>
        )}
        {canSendText && (
          <SendAsText message={message} error={error} conversationId={conversationId} closedReason={closedReason} />
        )}
        {review !== null && (
          <Button variant="primary" onClick={review}>
            {t('chat:error.review')}
          </Button>
        )}
        {isLast && (
          <>
            <RetryButton
              variant={hasOtherPrimary ? 'secondary' : 'primary'}
              allowedAtMs={allowedAtMs}
              closedReason={closedReason}
              onRetry={retry}
            />
            {canAnotherProviderHelp(error) ? (
              <OtherProvider conversationId={conversationId} answer={message} look="button" />
            ) : (
              <OtherBackend conversationId={conversationId} answer={message} />
            )}
          </>
        )}
        <SideAction action={text.action} error={error} backendId={message.backendId} />
        <DetailsToggle isOpen={isDetailed} onToggle={() => setIsDetailed(!isDetailed)} />
      </div>
      {isDetailed && <DetailsList message={message} />}
    </Card>
  )
}

function DetailsToggle({ isOpen, onToggle }: { isOpen: boolean; onToggle: () => void }) {
  const { t } = useTranslation()
  return (
    <Button variant="quiet" aria-expanded={isOpen} className="ms-auto" onClick={onToggle}>
      {t(isOpen ? 'chat:error.hideDetails' : 'common:details')}
    </Button>
  )
}

/** When the server allows the next question, on the wall clock; null when it said nothing about it (R14). */
function allowedAt({ createdAt, timing }: AssistantMessage, error: AppError): number | null {
  if (error.code !== 'http' || error.retryAfterSeconds === undefined) return null
  return createdAt + timing.lastMs + error.retryAfterSeconds * 1000
}

/** The words of a refusal with a time: that one, instead of "in a moment". */
function useLimitWords(text: ErrorText, error: AppError, allowedAtMs: number | null): ErrorText {
  const { t } = useTranslation()
  const figures = useFigures()
  // Said as it stood when the card came: an alert that changes is spoken again.
  const [leftMs] = useState(() => (allowedAtMs === null ? 0 : allowedAtMs - Date.now()))
  if (error.code !== 'http' || leftMs <= 0) return text
  const time =
    leftMs < 60_000 ? figures.secondsLeft(leftMs) : t('common:minutes', { value: Math.ceil(leftMs / 60_000) })
  const allowed = t('chat:error.allowsMore', { time })
  const own = error.message === null ? '' : ` (${error.message})`
  return { ...text, detail: error.status === 429 ? `${allowed}${own}` : `${text.detail} ${allowed}` }
}

interface RetryButtonProps {
  variant: 'primary' | 'secondary'
  allowedAtMs: number | null
  closedReason: string | null
  onRetry: () => void
}

/** Asks again; while the server wants to be left alone it says how long, but stays what it is: the person decides. */
function RetryButton({ variant, allowedAtMs, closedReason, onRetry }: RetryButtonProps) {
  const { t } = useTranslation()
  const leftMs = useTimeLeft(allowedAtMs)
  return (
    <Button
      variant={leftMs > 0 ? 'secondary' : variant}
      isDisabled={closedReason !== null}
      reason={closedReason ?? undefined}
      onClick={onRetry}
    >
      {t('common:retry')}
      {leftMs > 0 && (
        <span className="font-normal tabular opacity-80" aria-hidden>
          {clockOf(leftMs)}
        </span>
      )}
    </Button>
  )
}

/** Answers whose certificate dialog has come up by itself: once is enough. */
const reviewed = new Set<string>()

/**
 * What opens the dialog for a certificate that was refused; null when there is none to review. One that has changed opens
 * it by itself, when that happens in front of the person [38].
 */
function useReview({ message, error, conversationId, isLast, isFresh }: ErrorCardProps): (() => void) | null {
  const { backendId, id } = message
  const trust = useStore((state) => backendOf(state, backendId)?.profile.trust)
  const refused =
    error.code === 'certificate' && error.shown !== undefined && isLast && trust !== undefined && !isPast(error, trust)
      ? error
      : null
  const review = useCallback(async () => {
    if (refused === null) return
    const trusted = await reviewCertificate({ backendId, error: refused })
    if (trusted !== null) await retryAnswer(conversationId, id)
  }, [refused, backendId, conversationId, id])
  const isSurprise = isFresh && refused?.reason === 'changed'
  useEffect(() => {
    if (!isSurprise || reviewed.has(id)) return
    reviewed.add(id)
    void review()
  }, [isSurprise, id, review])
  return refused === null ? null : () => void review()
}

/**
 * Whether a refused certificate is no question any more: the pin that it differed from was removed, or it is the one that
 * is trusted now. Asking again tells what counts today.
 */
function isPast({ reason, shown, trusted }: CertificateError, trust: CertificateTrust): boolean {
  if (trust.kind === 'pinned' && trust.certificate.sha256 === shown?.sha256) return true
  if (reason !== 'changed') return false
  return trust.kind !== 'pinned' || (trusted !== undefined && trust.certificate.sha256 !== trusted.sha256)
}

/** What else helps, besides asking again. */
interface SideActionProps {
  action: ErrorText['action']
  error: AppError
  backendId: string
}

function SideAction({ action, error, backendId }: SideActionProps) {
  const { t } = useTranslation()
  const section = error.code === 'certificate' ? 'security' : error.code === 'proxy' ? 'network' : undefined
  const open = (): void => showSettings('backends', backendId, section)
  switch (action) {
    case 'open-backend-settings':
    case 'choose-backend':
    case 'review-certificate':
      return <Button onClick={open}>{t('chat:error.settings')}</Button>
    case 'enter-key':
      return <Button onClick={open}>{t('chat:error.enterKey')}</Button>
    case 'open-data-folder':
      return (
        <Button onClick={() => void window.parley.request['app.openDataFolder']()}>{t('chat:error.dataFolder')}</Button>
      )
    case 'retry':
    case 'continue':
    case 'remove-attachment':
    case 'none':
      return null
  }
}

interface CardProps {
  icon: ReactNode
  text: ErrorText
  isFresh: boolean
  children: ReactNode
}

function Card({ icon, text, isFresh, children }: CardProps) {
  return (
    <section
      role={isFresh ? 'alert' : undefined}
      className="not-first:mt-4 mb-3 grid grid-cols-[auto_1fr] gap-x-3 rounded-l border border-line-2 bg-raised px-4 py-3.5 text-ui"
    >
      <span className="mt-0.5">{icon}</span>
      <div className="min-w-0">
        <h2 className="text-[14px]/5 font-strong text-ink-1">{text.title}</h2>
        {/* A server may have written this, so it is cut by its own direction and breaks anywhere. */}
        <p className="mt-0.5 text-ui break-words text-ink-2 select-text [text-align:-webkit-match-parent]" dir="auto">
          {text.detail}
        </p>
        {children}
      </div>
    </section>
  )
}
