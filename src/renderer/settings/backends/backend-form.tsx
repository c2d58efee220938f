import { useCallback, useEffect, useId, useRef, useState, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { BackendTest } from '../../../shared/contract'
import type { AppError } from '../../../shared/errors'
import type { BackendProfile, BackendView } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Dialog } from '../../controls/dialog'
import { TextField } from '../../controls/text-field'
import { useErrorText } from '../error-text'
import { HeadersTable } from './headers-table'
import { SecretField } from './secret-field'
import { TestCard } from './test-card'

/** From the last key to the save. */
const SAVE_DELAY_MS = 500

export interface BackendFormProps {
  view: BackendView
  isActive: boolean
  onUse: () => void
  onDuplicate: () => void
  onRemove: () => void
  /** Whether the last test of this backend reached it. */
  onTested: (isReachable: boolean) => void
}

/** One server: its address, key, headers and limits, saved as they are typed; and the connection test. */
export function BackendForm({ view, isActive, onUse, onDuplicate, onRemove, onTested }: BackendFormProps) {
  const { t } = useTranslation()
  const { draft, change, error, flush } = useSavedProfile(view.profile)
  const [test, setTest] = useState<{ isRunning: boolean; result: BackendTest | null } | null>(null)
  const [isRemoving, setIsRemoving] = useState(false)
  const nameId = useId()
  const addressId = useId()
  const addressError = useAddressError(error)

  const runTest = async () => {
    setTest({ isRunning: true, result: null })
    await flush()
    const result = await window.parley.request['backend.test']({ backendId: view.profile.id })
    const outcome: BackendTest = result.ok ? result.value : { verdict: 'failed', error: result.error }
    setTest({ isRunning: false, result: outcome })
    // A server that asks for a key has answered.
    onTested(outcome.verdict !== 'failed' || outcome.error.code === 'unauthorized')
  }

  return (
    <div className="max-w-170">
      <header className="mb-4 flex flex-wrap items-center gap-2">
        <h2 className="min-w-40 flex-1 truncate text-h2 font-heading text-ink-1">
          <bdi>{draft.name}</bdi>
        </h2>
        <Button variant="quiet" onClick={onDuplicate}>
          {t('settings:backends.duplicate')}
        </Button>
        <Button
          isBusy={test?.isRunning ?? false}
          isDisabled={addressError !== null}
          reason={addressError ?? undefined}
          onClick={() => void runTest()}
        >
          {t('settings:backends.test')}
        </Button>
      </header>
      {test !== null && <TestCard test={test.result} />}

      <div className="mt-6 flex flex-col gap-4">
        <Labelled label={t('settings:backends.name')} htmlFor={nameId}>
          <TextField id={nameId} value={draft.name} maxLength={80} onValueChange={(name) => change({ name })} />
        </Labelled>
        <Labelled label={t('settings:backends.address')} htmlFor={addressId}>
          <TextField
            id={addressId}
            isCode
            spellCheck={false}
            value={draft.url}
            error={addressError}
            help={isPlainHttp(draft.url) ? <span className="text-warn">{t('settings:backends.http')}</span> : undefined}
            onValueChange={(url) => {
              change({ url })
              // What was found out is of the address before.
              setTest(null)
            }}
            onBlur={() => void flush()}
          />
        </Labelled>
        <Labelled label={t('settings:backends.key')}>
          <SecretField
            name={{ backendId: view.profile.id, field: 'api-key' }}
            label={t('settings:backends.key')}
            state={view.apiKey}
            origin={originOf(view.profile.url)}
          />
        </Labelled>
      </div>

      <Block title={t('settings:headers.title')}>
        <Labelled label={t('settings:headers.label')}>
          <HeadersTable
            backendId={view.profile.id}
            headers={draft.headers}
            secrets={view.headerSecrets}
            error={error?.code === 'bad-header' ? error : null}
            onChange={(headers) => change({ headers })}
            onFlush={flush}
          />
        </Labelled>
      </Block>

      <Block title={t('settings:backends.limits')}>
        <Labelled label={t('settings:backends.firstWord')}>
          <Seconds
            label={t('settings:backends.firstWord')}
            value={draft.firstByteTimeoutSeconds}
            from={10}
            to={1800}
            onChange={(firstByteTimeoutSeconds) => change({ firstByteTimeoutSeconds })}
          />
        </Labelled>
        <div className="h-4" />
        <Labelled label={t('settings:backends.silence')}>
          <Seconds
            label={t('settings:backends.silence')}
            value={draft.idleTimeoutSeconds}
            from={10}
            to={3600}
            onChange={(idleTimeoutSeconds) => change({ idleTimeoutSeconds })}
          />
        </Labelled>
      </Block>

      <footer className="mt-8 flex flex-wrap items-center gap-2 border-t border-line pt-4">
        <Button variant="danger" onClick={() => setIsRemoving(true)}>
          {t('settings:backends.remove')}
        </Button>
        <Button isDisabled={isActive} onClick={onUse}>
          {t(isActive ? 'settings:backends.used' : 'settings:backends.use')}
        </Button>
        <p className="ms-auto text-meta text-ink-3">{t('settings:backends.saved')}</p>
      </footer>
      <Dialog
        isOpen={isRemoving}
        onClose={() => setIsRemoving(false)}
        title={t('settings:backends.removeTitle', { name: draft.name })}
        description={t('settings:backends.removeHelp')}
        actions={
          <>
            <Button onClick={() => setIsRemoving(false)}>{t('common:cancel')}</Button>
            <Button variant="danger" onClick={onRemove}>
              {t('common:remove')}
            </Button>
          </>
        }
      />
    </div>
  )
}

/** A label column of 148 and its field; below 640 the label moves above. */
function Labelled({ label, htmlFor, children }: { label: string; htmlFor?: string; children: ReactNode }) {
  const Name = htmlFor === undefined ? 'p' : 'label'
  return (
    <div className="flex flex-col gap-x-6 gap-y-1.5 min-[960px]:flex-row">
      <Name
        {...(htmlFor === undefined ? {} : { htmlFor })}
        className="w-37 flex-none text-ui text-ink-2 min-[960px]:pt-2"
      >
        {label}
      </Name>
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  )
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-8 border-t border-line pt-6">
      <h3 className="mb-4 text-[15px]/6 font-strong text-ink-1">{title}</h3>
      {children}
    </section>
  )
}

interface SecondsProps {
  label: string
  value: number
  from: number
  to: number
  onChange: (seconds: number) => void
}

/** A number of seconds; what is out of range is taken back when the field is left. */
function Seconds({ label, value, from, to, onChange }: SecondsProps) {
  const { t } = useTranslation()
  const [text, setText] = useState(String(value))
  const apply = (typed: string) => {
    setText(typed)
    const seconds = Number(typed)
    if (Number.isInteger(seconds) && seconds >= from && seconds <= to) onChange(seconds)
  }
  return (
    <TextField
      className="w-40"
      inputMode="numeric"
      label={label}
      value={text}
      help={t('settings:backends.limitSeconds', { from, to })}
      onValueChange={apply}
      onBlur={() => setText(String(value))}
    />
  )
}

function useAddressError(error: AppError | null): string | null {
  const errorText = useErrorText()
  if (error === null || error.code === 'bad-header') return null
  const text = errorText(error)
  return `${text.title}. ${text.detail}`
}

/**
 * A profile under edit: what is typed, and what main last said of it. Main gets it half a second after the last key, at
 * once by `flush`, and when the form is left, so nothing typed is lost.
 */
function useSavedProfile(saved: BackendProfile) {
  const [draft, setDraft] = useState(saved)
  const [error, setError] = useState<AppError | null>(null)
  // What is typed, at once: state would be a render behind when a save follows a change in the same breath.
  const latest = useRef(saved)
  const pending = useRef<BackendProfile | null>(null)
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined)

  const flush = useCallback(async () => {
    clearTimeout(timer.current)
    const profile = pending.current
    if (profile === null) return
    pending.current = null
    const named = profile.headers.filter((header) => header.name.trim() !== '')
    const result = await window.parley.request['backend.save']({ ...profile, headers: named })
    setError(result.ok ? null : result.error)
    if (!result.ok) return
    // Main brings the address into its plain form. What was typed meanwhile stays.
    if (latest.current.url !== profile.url) return
    latest.current = { ...latest.current, url: result.value.profile.url }
    setDraft(latest.current)
  }, [])

  const change = useCallback(
    (part: Partial<BackendProfile>) => {
      latest.current = { ...latest.current, ...part }
      pending.current = latest.current
      setDraft(latest.current)
      clearTimeout(timer.current)
      timer.current = setTimeout(() => void flush(), SAVE_DELAY_MS)
    },
    [flush],
  )

  useEffect(() => () => void flush(), [flush])
  return { draft, change, error, flush }
}

function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null
}

/** Plain http to another computer (S36). */
function isPlainHttp(url: string): boolean {
  if (!URL.canParse(url)) return false
  const { protocol, hostname } = new URL(url)
  return protocol === 'http:' && !/^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/u.test(hostname)
}
