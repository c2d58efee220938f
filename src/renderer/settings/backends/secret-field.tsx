import { Check, Plus } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { SecretName, SecretState } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Icon } from '../../controls/icon'
import { TextField } from '../../controls/text-field'
import { Tick } from '../../controls/tick'
import { hasNoKeychain } from '../../store/backends'
import { useStore } from '../../store/state'
import { useErrorText } from '../error-text'

/** Where the present address of a backend is, and how its secrets may follow it there (S35). */
export interface SecretPlace {
  /** Null for an address that cannot be read. */
  origin: string | null
  /** Asks whether the secrets of another origin may go to this one; null where that is not asked. */
  onMove: (() => void) | null
}

export interface SecretFieldProps {
  name: SecretName
  /** What it is, for the names of its buttons: "API key". */
  label: string
  kind?: 'key' | 'password'
  state: SecretState
  place: SecretPlace
  /** Saves what the secret belongs to, before it is entered. */
  onBefore?: () => Promise<unknown>
}

/** A value that goes in and never comes back out: what it ends with, where it is kept, Replace and Remove. */
export function SecretField({ name, label, kind = 'key', state, place, onBefore }: SecretFieldProps) {
  const { t } = useTranslation()
  const { isEntering, hasEntered, enter, leave } = useEntry(onBefore)
  const enterButton = useRef<HTMLButtonElement>(null)
  if (isEntering) return <SecretEntry name={name} label={label} kind={kind} onDone={leave} />
  const isUnset = state.kind === 'unset'
  return (
    <div>
      <div className="flex min-h-9 flex-wrap items-center gap-x-2 gap-y-1">
        <span className="flex min-w-0 flex-1 items-center gap-2 text-ui">
          {isUnset && <span className="text-meta text-ink-3">{t(`settings:secret.none.${kind}`)}</span>}
          {state.kind === 'set' && <SetMark tail={state.tail} />}
        </span>
        <Button
          ref={enterButton}
          autoFocus={hasEntered}
          onClick={enter}
          aria-label={isUnset ? undefined : t('settings:secret.replaceOf', { name: label })}
        >
          {t(isUnset ? `settings:secret.enterA.${kind}` : 'settings:secret.replace')}
        </Button>
        {!isUnset && (
          <Button
            variant="quiet"
            aria-label={t('settings:secret.removeOf', { name: label })}
            onClick={() => {
              // This button goes with it.
              enterButton.current?.focus()
              void window.parley.request['backend.clearSecret'](name)
            }}
          >
            {t('settings:secret.remove')}
          </Button>
        )}
      </div>
      <SecretNote state={state} place={place} kind={kind} />
    </div>
  )
}

/** Whether a secret is being entered. What opened the entry has the focus again when it closes. */
function useEntry(onBefore: (() => Promise<unknown>) | undefined, isOpen = false) {
  const [isEntering, setIsEntering] = useState(isOpen)
  const [hasEntered, setHasEntered] = useState(isOpen)
  return {
    isEntering,
    hasEntered,
    enter: () => void (onBefore?.() ?? Promise.resolve()).then(() => setIsEntering(true)),
    leave: () => {
      setIsEntering(false)
      setHasEntered(true)
    },
  }
}

function SetMark({ tail }: { tail: string }) {
  const { t } = useTranslation()
  return (
    <>
      <span className="font-code text-ink-1">••••{tail}</span>
      <Icon of={Check} className="text-accent-text" />
      <span className="text-ink-2">{t('settings:secret.set')}</span>
    </>
  )
}

export interface SecretNoteProps {
  state: SecretState
  place: SecretPlace
  /** Says of which secret this is, where several share a place. */
  of?: string
  kind?: 'key' | 'password'
}

/** Where a secret is kept and for whom; null while there is nothing to say. */
export function SecretNote({ state, place, of, kind = 'key' }: SecretNoteProps) {
  const { t } = useTranslation()
  const note = noteOf(state, place)
  if (note === null) return null
  const [key, values] = note
  return (
    <div className={`mt-1 text-meta ${key === 'kept.keychain' ? 'text-ink-3' : 'text-warn'}`}>
      <p className="wrap-anywhere">
        {of !== undefined && <bdi className="font-code">{of}: </bdi>}
        {t(`settings:secret.${key === 'kept.session' ? sessionText(kind) : key}`, values)}
      </p>
      {key === 'otherOrigin' && place.onMove !== null && (
        <Button variant="quiet" size={28} className="-ms-2.5" onClick={place.onMove}>
          {t('settings:secret.moveTo', { origin: place.origin ?? '' })}
        </Button>
      )}
    </div>
  )
}

function sessionText(kind: 'key' | 'password'): string {
  return kind === 'key' ? 'kept.session' : 'kept.sessionPassword'
}

function noteOf(state: SecretState, { origin }: SecretPlace): [key: string, values: Record<string, string>] | null {
  switch (state.kind) {
    case 'unset':
      return null
    case 'unreadable':
      return ['unreadable', {}]
    case 'set':
      return origin !== null && state.origin !== origin
        ? ['otherOrigin', { origin: state.origin, present: origin }]
        : [`kept.${state.kept}`, {}]
  }
}

export interface SecretCellProps {
  name: SecretName
  /** What it is, for screen readers. */
  label: string
  state: SecretState
  /** What the cell says while nothing is set. */
  enterLabel: string
  /** Begins with the entry: its row was just made for it. */
  isOpen?: boolean
  /** Saves what the secret belongs to, before it is entered. */
  onBefore: () => Promise<unknown>
}

/** A secret in a cell of a table: the whole cell opens its entry. */
export function SecretCell({ name, label, state, enterLabel, isOpen = false, onBefore }: SecretCellProps) {
  const { t } = useTranslation()
  const { isEntering, hasEntered, enter, leave } = useEntry(onBefore, isOpen)
  if (isEntering) {
    return (
      <div className="p-2">
        <SecretEntry name={name} label={label} onDone={leave} />
      </div>
    )
  }
  return (
    <button
      type="button"
      autoFocus={hasEntered}
      className="focus-inset flex min-h-9 w-full min-w-0 items-center gap-2 px-3.5 text-start font-code text-code text-ink-1 [font-variant-ligatures:none] hover:bg-hovered"
      onClick={enter}
    >
      {state.kind === 'set' ? (
        <>
          <span>••••{state.tail}</span>
          <span className="sr-only">{t('settings:secret.replaceOf', { name: label })}</span>
        </>
      ) : (
        <span className="flex items-center gap-1.5 font-sans text-ui text-accent-text">
          <Icon of={Plus} size={14} />
          {enterLabel}
          <span className="sr-only">{label}</span>
        </span>
      )}
    </button>
  )
}

export interface SecretEntryProps {
  name: SecretName
  label: string
  kind?: 'key' | 'password'
  /** It is kept now, or the person gave up. */
  onDone: (isKept: boolean) => void
  /** "Save" without it. */
  saveLabel?: string
  /** "Cancel" without it. */
  cancelLabel?: string
}

/**
 * The field in which a secret is typed; it forgets the value as soon as main has it. Where main finds no keychain, it
 * keeps the value until Parley quits, and the person may have it stored unprotected instead (S26). From then on that
 * choice stands beside each entry.
 */
export function SecretEntry({ name, label, kind = 'key', onDone, saveLabel, cancelLabel }: SecretEntryProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const isKeychainMissing = useStore(hasNoKeychain)
  const [value, setValue] = useState('')
  const [isUnprotected, setIsUnprotected] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const [isBusy, setIsBusy] = useState(false)
  /** What it ends with, once main keeps it in memory only and nobody has been asked yet whether that is enough. */
  const [sessionTail, setSessionTail] = useState<string | null>(null)
  // Before the save: its answer makes every entry know that there is no keychain.
  const wasKnown = useRef(isKeychainMissing)

  const save = async (storeUnprotected: boolean) => {
    setIsBusy(true)
    const result = await window.parley.request['backend.setSecret']({ name, value, storeUnprotected })
    setIsBusy(false)
    if (!result.ok) setError(errorText(result.error).detail)
    else if (result.value.kind === 'set' && result.value.kept === 'session' && !wasKnown.current) {
      setSessionTail(result.value.tail)
    } else onDone(true)
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault()
        if (value !== '' && sessionTail === null) void save(isUnprotected)
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return
        // The settings close with Esc as well.
        event.preventDefault()
        event.stopPropagation()
        onDone(sessionTail !== null)
      }}
    >
      {sessionTail === null ? (
        <>
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
            <Button type="submit" variant="primary" size={36} isBusy={isBusy} isDisabled={value === ''}>
              {saveLabel ?? t('settings:secret.save')}
            </Button>
            <Button variant="quiet" size={36} onClick={() => onDone(false)}>
              {cancelLabel ?? t('settings:secret.cancel')}
            </Button>
          </div>
          {isKeychainMissing && (
            <Tick isOn={isUnprotected} onChange={setIsUnprotected}>
              {t('settings:secret.storeUnprotected')}
            </Tick>
          )}
        </>
      ) : (
        <div role="status">
          <p className="flex min-h-9 items-center gap-2 text-ui">
            <SetMark tail={sessionTail} />
          </p>
          <p className="mt-1 text-meta text-warn">{t(`settings:secret.${sessionText(kind)}`)}</p>
          {error !== null && <p className="mt-1 text-meta text-danger">{error}</p>}
          <div className="mt-2 flex flex-wrap gap-2">
            <Button autoFocus onClick={() => onDone(true)}>
              {t('settings:secret.keepForSession')}
            </Button>
            <Button variant="quiet" isBusy={isBusy} onClick={() => void save(true)}>
              {t('settings:secret.storeAnyway')}
            </Button>
          </div>
        </div>
      )}
    </form>
  )
}
