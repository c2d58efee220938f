import { Check } from 'lucide-react'
import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SecretName, SecretState } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Icon } from '../../controls/icon'
import { TextField } from '../../controls/text-field'
import { useErrorText } from '../error-text'

export interface SecretFieldProps {
  name: SecretName
  /** What it is, for the names of its buttons: "API key". */
  label: string
  state: SecretState
  /** Origin of the present address; a secret of another origin is never sent. */
  origin: string | null
}

/** A value that goes in and never comes back out: what it ends with, where it is kept, Replace and Remove. */
export function SecretField({ name, label, state, origin }: SecretFieldProps) {
  const { t } = useTranslation()
  const [isEntering, setIsEntering] = useState(false)
  if (isEntering) return <SecretEntry name={name} label={label} onDone={() => setIsEntering(false)} />
  return (
    <div>
      <div className="flex min-h-9 flex-wrap items-center gap-2">
        <span className="flex min-w-0 flex-1 items-center gap-2 text-ui">
          {state.kind === 'unset' && <span className="text-meta text-ink-3">{t('settings:secret.unset')}</span>}
          {state.kind === 'set' && (
            <>
              <span className="font-code text-ink-1">••••{state.tail}</span>
              <Icon of={Check} className="text-accent-text" />
              <span className="text-ink-2">{t('settings:secret.set')}</span>
            </>
          )}
        </span>
        <Button
          onClick={() => setIsEntering(true)}
          aria-label={state.kind === 'unset' ? undefined : t('settings:secret.replaceOf', { name: label })}
        >
          {t(state.kind === 'unset' ? 'settings:secret.enter' : 'settings:secret.replace')}
        </Button>
        {state.kind !== 'unset' && (
          <Button
            variant="quiet"
            aria-label={t('settings:secret.removeOf', { name: label })}
            onClick={() => void window.parley.request['backend.clearSecret'](name)}
          >
            {t('settings:secret.remove')}
          </Button>
        )}
      </div>
      <SecretNote state={state} origin={origin} />
    </div>
  )
}

function SecretNote({ state, origin }: { state: SecretState; origin: string | null }) {
  const { t } = useTranslation()
  const note = 'mt-1 text-meta'
  switch (state.kind) {
    case 'unset':
      return null
    case 'unreadable':
      return <p className={`${note} text-warn`}>{t('settings:secret.unreadable')}</p>
    case 'set':
      if (origin !== null && state.origin !== origin) {
        return <p className={`${note} text-warn`}>{t('settings:secret.otherOrigin', { origin: state.origin })}</p>
      }
      return (
        <p className={`${note} ${state.kept === 'keychain' ? 'text-ink-3' : 'text-warn'}`}>
          {t(`settings:secret.kept.${state.kept}`)}
        </p>
      )
  }
}

/** The field in which a secret is typed; it forgets the value as soon as main has it. */
export function SecretEntry({ name, label, onDone }: { name: SecretName; label: string; onDone: () => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [value, setValue] = useState('')
  const [storeUnprotected, setStoreUnprotected] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  const tickId = useId()
  const form = useRef<HTMLFormElement>(null)

  const save = async () => {
    setIsBusy(true)
    const result = await window.parley.request['backend.setSecret']({ name, value, storeUnprotected })
    setIsBusy(false)
    if (result.ok) onDone()
    else setError(errorText(result.error).detail)
  }

  return (
    <form
      ref={form}
      onSubmit={(event) => {
        event.preventDefault()
        if (value !== '') void save()
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        event.stopPropagation()
        onDone()
      }}
    >
      <div className="flex flex-wrap items-start gap-2">
        <TextField
          autoFocus
          isCode
          type="password"
          autoComplete="off"
          spellCheck={false}
          label={label}
          value={value}
          onValueChange={setValue}
          error={error}
          className="min-w-40 flex-1"
        />
        <Button type="submit" variant="primary" isBusy={isBusy} isDisabled={value === ''} className="min-h-9">
          {t('settings:secret.save')}
        </Button>
        <Button variant="quiet" onClick={onDone} className="min-h-9">
          {t('settings:secret.cancel')}
        </Button>
      </div>
      <label htmlFor={tickId} className="mt-1.5 flex min-h-7 items-center gap-2 text-meta text-ink-2">
        <input
          id={tickId}
          type="checkbox"
          className="size-3.5"
          checked={storeUnprotected}
          onChange={(event) => setStoreUnprotected(event.currentTarget.checked)}
        />
        {t('settings:secret.storeUnprotected')}
      </label>
    </form>
  )
}
