import { ArrowUpRight, Eye, EyeOff } from 'lucide-react'
import { useEffect, useState, type ReactNode, type SyntheticEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { describe, type AppError } from '../../shared/errors'
import type { SecretName } from '../../shared/settings'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { TextField } from '../controls/text-field'
import { Tick } from '../controls/tick'
import { hasNoKeychain, needCatalogue } from '../store/backends'
import { showSettings } from '../store/conversations'
import { retryAnswer } from '../store/answers'
import { useStore, type Choice } from '../store/state'
import { OtherBackend } from './other-backend'
import { canAnotherProviderHelp, OtherProvider } from './other-provider'
import { useBackendName } from './provider-line'

export interface KeyFormProps {
  message: AssistantMessage
  error: AppError
  conversationId: string
  /** What else stands in its last row. */
  children?: ReactNode
}

/** The keys that were entered here, by the name of their secret: what a later refusal means. */
const entered = new Map<string, { tail: string; atMs: number }>()

function secretOf(backendId: string, error: AppError): SecretName {
  const provider = error.code === 'provider-auth' ? error.provider : null
  return provider === null ? { backendId, field: 'api-key' } : { backendId, field: 'provider-key', provider }
}

/** What the key ends with that was entered before this answer was asked for, and then not taken; null where none was. */
export function triedTail({ backendId, createdAt }: AssistantMessage, error: AppError): string | null {
  const last = entered.get(JSON.stringify(secretOf(backendId, error)))
  return last !== undefined && last.atMs <= createdAt && error.code !== 'secret-unavailable' ? last.tail : null
}

/**
 * Takes the key that is missing, and asks again. When a provider behind the server wants one, it is that provider's own
 * key; else it is the server's.
 */
export function KeyForm({ message, error, conversationId, children }: KeyFormProps) {
  const { t } = useTranslation()
  const { backendId, requested } = message
  const provider = error.code === 'provider-auth' ? error.provider : null
  const backend = useBackendName(backendId)
  const { label, loginUrl } = useProvider(backendId, provider)
  const name = secretOf(backendId, error)
  const giveFocus = useGiveFocus()
  const isChosenByServer = provider !== null && requested.provider === null
  // The automatic choice gets no provider's key: it would hand it to whichever it tries.
  const choice: Choice | undefined = isChosenByServer ? { backendId, provider, model: requested.model } : undefined
  const retry = async (): Promise<void> => {
    giveFocus()
    await retryAnswer(conversationId, message.id, choice)
  }
  const { value, setValue, isSaving, failure, isSessionOnly, save, isUnprotected, setIsUnprotected, mayTick } =
    useSaving(name, retry)
  const [isShown, setIsShown] = useState(false)

  const whose = t('chat:key.labelOf', { name: provider === null ? backend : label })
  const help =
    provider === null
      ? t('chat:key.help', { backend })
      : isChosenByServer
        ? t('chat:key.helpChosen', { backend, provider: label })
        : t('chat:key.helpProvider', { backend, provider: label })
  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (value.trim() !== '') void save(isUnprotected)
  }
  return (
    <>
      {isSessionOnly ? (
        <div role="status" className="mt-3">
          <p className="text-ui text-warn">{t('settings:secret.kept.session')}</p>
          <div className="mt-3 flex flex-wrap gap-2">
            <Button variant="primary" onClick={() => void retry()}>
              {t('common:retry')}
            </Button>
            <Button isBusy={isSaving} onClick={() => void save(true)}>
              {t('chat:key.storeUnprotected')}
            </Button>
          </div>
        </div>
      ) : (
        <form className="mt-3" onSubmit={submit}>
          <div className="flex flex-wrap items-start gap-2">
            <div className="relative max-w-98 min-w-60 flex-1">
              <TextField
                type={isShown ? 'text' : 'password'}
                value={value}
                onValueChange={setValue}
                label={whose}
                error={failure}
                help={help}
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
          </div>
          {mayTick && (
            <Tick isOn={isUnprotected} onChange={setIsUnprotected}>
              {t('settings:secret.storeUnprotected')}
            </Tick>
          )}
        </form>
      )}
      <div className="-ms-2.5 mt-2 flex flex-wrap gap-2">
        {canAnotherProviderHelp(error) ? (
          <OtherProvider conversationId={conversationId} answer={message} look="button" />
        ) : (
          <OtherBackend conversationId={conversationId} answer={message} />
        )}
        {loginUrl !== null && (
          <Button variant="quiet" onClick={() => void window.parley.request['link.open']({ url: loginUrl })}>
            {t('chat:key.get')}
            <Icon of={ArrowUpRight} size={14} />
          </Button>
        )}
        <Button variant="quiet" onClick={() => showSettings('backends', backendId)}>
          {t('chat:error.settings')}
        </Button>
        {children}
      </div>
    </>
  )
}

/** The provider as people know it, and where its keys come from. */
export function useProvider(backendId: string, name: string | null): { label: string; loginUrl: string | null } {
  useEffect(() => needCatalogue(backendId), [backendId])
  const known = useStore((state) =>
    state.catalogues.get(backendId)?.catalogue?.providers.find((provider) => provider.name === name),
  )
  return {
    label: known === undefined || known.label === '' ? (name ?? '') : known.label,
    loginUrl: known?.loginUrl ?? null,
  }
}

/** The value while it is typed, and what main says when it gets it. Where there is no keychain, the person decides (S26). */
function useSaving(name: SecretName, onKept: () => Promise<void>) {
  const { t } = useTranslation()
  const isKeychainMissing = useStore(hasNoKeychain)
  // Before the save: its answer makes every entry know that there is no keychain.
  const [mayTick] = useState(isKeychainMissing)
  const [value, setTyped] = useState('')
  const [isUnprotected, setIsUnprotected] = useState(false)
  const [isSaving, setIsSaving] = useState(false)
  const [isSessionOnly, setIsSessionOnly] = useState(false)
  const [failure, setFailure] = useState<string | null>(null)
  const save = async (storeUnprotected: boolean): Promise<void> => {
    setIsSaving(true)
    const result = await window.parley.request['backend.setSecret']({ name, value: value.trim(), storeUnprotected })
    setIsSaving(false)
    if (!result.ok) {
      setFailure(describe(result.error, (key, values) => t(key, values ?? {})).detail)
      return
    }
    if (result.value.kind === 'set') {
      entered.set(JSON.stringify(name), { tail: result.value.tail, atMs: Date.now() })
    }
    if (result.value.kind === 'set' && result.value.kept === 'session' && !mayTick) {
      setIsSessionOnly(true)
    } else {
      setTyped('')
      await onKept()
    }
  }
  return {
    value,
    setValue: (typed: string) => {
      setTyped(typed)
      setFailure(null)
    },
    isUnprotected,
    setIsUnprotected,
    mayTick,
    isSaving,
    isSessionOnly,
    failure,
    save,
  }
}
