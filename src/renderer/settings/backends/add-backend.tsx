import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConnectedBackend } from '../../../shared/contract'
import type { AppError } from '../../../shared/errors'
import { Button } from '../../controls/button'
import { TextField } from '../../controls/text-field'
import { FoundServers } from '../../first-run/found-servers'
import { SaveAnyway } from '../../first-run/save-anyway'
import { EnterServerKey } from '../../first-run/enter-server-key'
import type { FormSection } from '../../store/state'
import { connectTo } from '../../store/backends'
import { useErrorText } from '../error-text'

/** An address, tried at once: what answers is saved and opened, and one that asks for a key gets it here. */
export function AddBackend({ onAdded }: { onAdded: (backendId: string, section?: FormSection) => void }) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [address, setAddress] = useState('')
  const [error, setError] = useState<AppError | null>(null)
  /** The address that is being connected. */
  const [busy, setBusy] = useState<string | null>(null)
  const [connected, setConnected] = useState<ConnectedBackend | null>(null)
  /** The person has gone to another backend: the new one stands in the list, and does not take them from there. */
  const isLeft = useRef(false)
  useEffect(() => {
    isLeft.current = false
    return () => {
      isLeft.current = true
    }
  }, [])

  const connect = async (to: string) => {
    if (busy !== null) return
    setBusy(to)
    setError(null)
    const result = await connectTo(to)
    if (isLeft.current) return
    setBusy(null)
    if (!result.ok) {
      setAddress(to)
      setError(result.error)
    } else if (result.value.needsKey) setConnected(result.value)
    else onAdded(result.value.view.profile.id)
  }

  if (connected !== null) {
    const { id } = connected.view.profile
    return (
      <div className="max-w-170">
        <EnterServerKey connected={connected} onDone={() => !isLeft.current && onAdded(id)} />
      </div>
    )
  }
  const text = error === null ? null : errorText(error)
  return (
    <div className="max-w-170">
      <h2 className="mb-4 text-h2 font-heading text-ink-1">{t('settings:backends.addTitle')}</h2>
      <form
        onSubmit={(event) => {
          event.preventDefault()
          void connect(address.trim())
        }}
      >
        <div className="flex items-start gap-2 max-narrow:flex-col max-narrow:items-stretch">
          <TextField
            autoFocus
            isCode
            className="flex-1"
            label={t('settings:backends.address')}
            placeholder="localhost:1337"
            spellCheck={false}
            autoComplete="off"
            inputMode="url"
            value={address}
            onValueChange={(next) => {
              setAddress(next)
              setError(null)
            }}
            error={text === null ? null : error?.code === 'unreachable' ? text.detail : `${text.title}. ${text.detail}`}
            help={busy === null ? t('settings:backends.addHelp') : t('settings:address.looking')}
          />
          <Button type="submit" variant="primary" size={36} isBusy={busy !== null && busy === address.trim()}>
            {t('settings:backends.connect')}
          </Button>
        </div>
      </form>
      {error !== null && <SaveAnyway address={address} error={error} onSaved={onAdded} />}
      <FoundServers busy={busy} onUse={(url) => void connect(url)} />
    </div>
  )
}
