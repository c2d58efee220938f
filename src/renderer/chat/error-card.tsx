import { CircleAlert, Eye, EyeOff, KeyRound } from 'lucide-react'
import { useState, type SyntheticEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { describe, type AppError, type ErrorText } from '../../shared/errors'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { TextField } from '../controls/text-field'
import { showSettings } from '../store/conversations'
import { continueAnswer, retryAnswer } from '../store/sending'
import { backendOf, useStore } from '../store/state'
import { DetailsList } from './details-dialog'
import { OtherProvider } from './other-provider'
import { useBackendName } from './provider-line'
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
  if (text.action === 'enter-key' && props.isLast && canEnterKey) return <KeyCard {...props} text={text} />
  return <FailureCard {...props} text={text} />
}

function useErrorWords({ message, error, words }: ErrorCardProps): ErrorText {
  const { t } = useTranslation()
  const text = describe(error, (key, values) => t(key, values ?? {}))
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

function FailureCard({ message, conversationId, isLast, isFresh, text }: ErrorCardProps & { text: ErrorText }) {
  const { t } = useTranslation()
  const [isDetailed, setIsDetailed] = useState(false)
  const retry = (): void => void retryAnswer(conversationId, message.id)
  return (
    <Card icon={<Icon of={CircleAlert} className="text-danger" />} text={text} isFresh={isFresh}>
      <div className="mt-3 flex flex-wrap items-center gap-2">
        {isLast && text.action === 'continue' && (
          <Button variant="primary" onClick={() => void continueAnswer(conversationId, message.id)}>
            {t('common:continue')}
          </Button>
        )}
        {isLast && (
          <>
            <Button variant={text.action === 'continue' ? 'secondary' : 'primary'} onClick={retry}>
              {t('common:retry')}
            </Button>
            <OtherProvider conversationId={conversationId} answerId={message.id} look="button" />
          </>
        )}
        <SideAction action={text.action} />
        <Button
          variant="quiet"
          aria-expanded={isDetailed}
          className="ms-auto"
          onClick={() => setIsDetailed(!isDetailed)}
        >
          {t(isDetailed ? 'chat:error.hideDetails' : 'common:details')}
        </Button>
      </div>
      {isDetailed && <DetailsList message={message} />}
    </Card>
  )
}

/** What else helps, besides asking again. */
function SideAction({ action }: { action: ErrorText['action'] }) {
  const { t } = useTranslation()
  switch (action) {
    case 'open-backend-settings':
    case 'choose-backend':
      return <Button onClick={() => showSettings('backends')}>{t('chat:error.settings')}</Button>
    case 'enter-key':
      return <Button onClick={() => showSettings('backends')}>{t('chat:error.enterKey')}</Button>
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

function KeyCard({ message, conversationId, isFresh, text }: ErrorCardProps & { text: ErrorText }) {
  const { t } = useTranslation()
  const backendName = useBackendName(message.backendId)
  const [value, setValue] = useState('')
  const [isShown, setIsShown] = useState(false)
  const [isSaving, setIsSaving] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const save = async (event: SyntheticEvent): Promise<void> => {
    event.preventDefault()
    if (value.trim() === '') return
    setIsSaving(true)
    const name = { backendId: message.backendId, field: 'api-key' } as const
    const result = await window.parley.request['backend.setSecret']({
      name,
      value: value.trim(),
      storeUnprotected: false,
    })
    setIsSaving(false)
    if (!result.ok) {
      setError(describe(result.error, (key, values) => t(key, values ?? {})).detail)
      return
    }
    setValue('')
    await retryAnswer(conversationId, message.id)
  }
  return (
    <Card icon={<Icon of={KeyRound} className="text-ink-2" />} text={text} isFresh={isFresh}>
      <form className="mt-3 flex flex-wrap items-start gap-2" onSubmit={(event) => void save(event)}>
        <div className="relative max-w-98 min-w-60 flex-1">
          <TextField
            type={isShown ? 'text' : 'password'}
            value={value}
            onValueChange={(next) => {
              setValue(next)
              setError(null)
            }}
            label={t('chat:key.label')}
            error={error}
            help={t('chat:key.help', { backend: backendName })}
            isCode
            fieldClassName="pe-10"
            autoComplete="off"
            spellCheck={false}
          />
          <IconButton
            icon={isShown ? EyeOff : Eye}
            label={t(isShown ? 'chat:key.hide' : 'chat:key.show')}
            className="absolute inset-e-1 top-1"
            onClick={() => setIsShown(!isShown)}
          />
        </div>
        <Button
          type="submit"
          variant="primary"
          size={36}
          isBusy={isSaving}
          isDisabled={value.trim() === ''}
          reason={t('chat:key.empty')}
        >
          {t('chat:key.save')}
        </Button>
      </form>
      <div className="-ms-2.5 mt-2 flex flex-wrap gap-2">
        <OtherProvider conversationId={conversationId} answerId={message.id} look="button" />
        <Button variant="quiet" onClick={() => showSettings('backends')}>
          {t('chat:error.settings')}
        </Button>
      </div>
    </Card>
  )
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
      className="mt-4 mb-3 grid grid-cols-[auto_1fr] gap-x-3 rounded-l border border-line-2 bg-raised px-4 py-3.5 text-ui"
    >
      <span className="mt-0.5">{icon}</span>
      <div className="min-w-0">
        <h3 className="text-[14px]/5 font-strong text-ink-1">{text.title}</h3>
        {/* A server may have written this, so it is cut by its own direction and breaks anywhere. */}
        <p className="mt-0.5 text-ui break-words text-ink-2 select-text" dir="auto">
          {text.detail}
        </p>
        {children}
      </div>
    </section>
  )
}
