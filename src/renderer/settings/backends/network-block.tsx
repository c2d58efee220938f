import { useId, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AppError } from '../../../shared/errors'
import type { BackendProfile, BackendView, ProxyChoice } from '../../../shared/settings'
import { useOnLeave } from '../../controls/leaving'
import { Select } from '../../controls/select'
import { TextField } from '../../controls/text-field'
import { useErrorText } from '../error-text'
import { Block, Labelled } from './labelled'
import { SecretField } from './secret-field'

export interface NetworkBlockProps {
  view: BackendView
  draft: BackendProfile
  isWanted: boolean
  /** Why main refused the proxy. */
  proxyError: AppError | null
  onChange: (part: Partial<BackendProfile>) => void
  onFlush: () => Promise<boolean>
}

/** The way to the server, and how long each part of it may take. */
export function NetworkBlock({ view, draft, isWanted, proxyError, onChange, onFlush }: NetworkBlockProps) {
  const { t } = useTranslation()
  return (
    <Block title={t('settings:network.title')} isWanted={isWanted}>
      <Labelled label={t('settings:network.proxy')}>
        <ProxyField
          view={view}
          proxy={draft.proxy}
          error={proxyError}
          onChange={(proxy) => onChange({ proxy })}
          onFlush={onFlush}
        />
      </Labelled>
      <Labelled label={t('settings:backends.limits')}>
        <div className="grid grid-cols-[repeat(auto-fit,minmax(7rem,1fr))] gap-x-3 gap-y-3">
          <Seconds
            label={t('settings:backends.connectLimit')}
            value={draft.connectTimeoutSeconds}
            from={1}
            to={120}
            onChange={(connectTimeoutSeconds) => onChange({ connectTimeoutSeconds })}
          />
          <Seconds
            label={t('settings:backends.firstWord')}
            value={draft.firstByteTimeoutSeconds}
            from={10}
            to={1800}
            onChange={(firstByteTimeoutSeconds) => onChange({ firstByteTimeoutSeconds })}
          />
          <Seconds
            label={t('settings:backends.silence')}
            value={draft.idleTimeoutSeconds}
            from={10}
            to={3600}
            onChange={(idleTimeoutSeconds) => onChange({ idleTimeoutSeconds })}
          />
        </div>
      </Labelled>
    </Block>
  )
}

interface ProxyFieldProps {
  view: BackendView
  proxy: ProxyChoice
  error: AppError | null
  onChange: (proxy: ProxyChoice) => void
  onFlush: () => Promise<boolean>
}

function ProxyField({ view, proxy, error, onChange, onFlush }: ProxyFieldProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const addressId = useId()
  const userId = useId()
  // A proxy without an address cannot be saved: until it has one, the present way stays.
  const [isOwn, setIsOwn] = useState(proxy.kind === 'own')
  const own = proxy.kind === 'own' ? proxy : { kind: 'own' as const, url: '', user: '' }
  const [typed, setTyped] = useState({ url: own.url, from: own.url })
  if (typed.from !== own.url) setTyped({ url: own.url, from: own.url })

  // The password is for the whole of its address.
  const savedProxy = view.profile.proxy.kind === 'own' ? view.profile.proxy.url : null

  const settle = () => {
    if (typed.url.trim() === own.url) return
    if (typed.url.trim() !== '') onChange({ ...own, url: typed.url.trim() })
    void onFlush()
  }
  useOnLeave(() => {
    if (isOwn) settle()
  })
  return (
    <div className="flex flex-col gap-3">
      <Select
        label={t('settings:network.proxy')}
        className="h-9 w-full"
        value={isOwn ? 'own' : proxy.kind}
        options={[
          { value: 'system', label: t('settings:network.system') },
          { value: 'none', label: t('settings:network.none') },
          { value: 'own', label: t('settings:network.own') },
        ]}
        onChange={(kind) => {
          setIsOwn(kind === 'own')
          if (kind !== 'own') onChange({ kind })
          else if (typed.url.trim() !== '') onChange({ ...own, url: typed.url.trim() })
        }}
      />
      {isOwn && (
        <>
          <div>
            <label htmlFor={addressId} className="mb-1.5 block text-meta text-ink-2">
              {t('settings:network.address')}
            </label>
            <TextField
              id={addressId}
              isCode
              spellCheck={false}
              autoComplete="off"
              inputMode="url"
              placeholder="socks5://192.168.1.10:1080"
              maxLength={2048}
              value={typed.url}
              error={error === null ? null : errorText(error).detail}
              help={t('settings:network.addressHelp')}
              onValueChange={(url) => setTyped({ url, from: own.url })}
              onBlur={settle}
              onKeyDown={(event) => {
                if (event.key === 'Enter') settle()
              }}
            />
          </div>
          <div>
            <label htmlFor={userId} className="mb-1.5 block text-meta text-ink-2">
              {t('settings:network.user')}
            </label>
            <TextField
              id={userId}
              spellCheck={false}
              autoComplete="off"
              maxLength={200}
              isDisabled={own.url === ''}
              value={own.user}
              onValueChange={(user) => onChange({ ...own, user })}
            />
          </div>
          {savedProxy !== null && (
            <div>
              <p className="text-meta text-ink-2">{t('settings:network.password')}</p>
              <SecretField
                name={{ backendId: view.profile.id, field: 'proxy-password' }}
                label={t('settings:network.password')}
                kind="password"
                state={view.proxyPassword}
                place={{ origin: savedProxy, onMove: null }}
                onBefore={onFlush}
              />
            </div>
          )}
        </>
      )}
    </div>
  )
}

interface SecondsProps {
  label: string
  value: number
  from: number
  to: number
  onChange: (seconds: number) => void
}

/** A number of seconds with its unit in the field; what is out of range is taken back when the field is left. */
function Seconds({ label, value, from, to, onChange }: SecondsProps) {
  const { t } = useTranslation()
  const id = useId()
  const noteId = useId()
  const [text, setText] = useState(String(value))
  /** What stood there when the field was entered. */
  const before = useRef(value)
  const isGood = (typed: string) => /^\d{1,4}$/u.test(typed) && Number(typed) >= from && Number(typed) <= to
  const isWrong = !isGood(text)
  return (
    <div>
      <div className="relative">
        <TextField
          id={id}
          inputMode="numeric"
          autoComplete="off"
          maxLength={4}
          dir="ltr"
          value={text}
          isInvalid={isWrong}
          aria-describedby={noteId}
          fieldClassName="tabular"
          onValueChange={(typed) => {
            setText(typed)
            if (isGood(typed)) onChange(Number(typed))
          }}
          onFocus={() => (before.current = value)}
          onBlur={() => {
            // The good beginning of what is too large, 99 of 999, is nothing that anybody meant.
            const left = isWrong ? before.current : value
            setText(String(left))
            if (left !== value) onChange(left)
          }}
        />
        {/* All digits are equally wide, so the unit stands right behind them. */}
        <span
          aria-hidden
          className="pointer-events-none absolute top-0 flex h-9 items-center text-ui text-ink-1 tabular"
          style={{ left: `calc(13px + ${Math.max(text.length, 1)}ch + 0.3em)` }}
        >
          {t('settings:backends.unit')}
        </span>
      </div>
      <label htmlFor={id} className="mt-1 block text-meta text-ink-3">
        {label}
      </label>
      <p id={noteId} className={isWrong ? 'text-meta text-danger' : 'sr-only'}>
        {t('settings:backends.limitSeconds', { from, to })}
      </p>
    </div>
  )
}
