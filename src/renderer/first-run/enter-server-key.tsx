import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConnectedBackend } from '../../shared/contract'
import { SecretEntry } from '../settings/backends/secret-field'

export interface EnterServerKeyProps {
  connected: ConnectedBackend
  /** The server takes the key, or it is to be entered later. */
  onDone: () => void
}

/** A server that was just connected asks for a key: it is entered at once, and tried. */
export function EnterServerKey({ connected, onDone }: EnterServerKeyProps) {
  const { t } = useTranslation()
  const [isRefused, setIsRefused] = useState(false)
  /** Counts the tries: each begins with an empty field. */
  const [round, setRound] = useState(0)
  const { profile } = connected.view

  const tryKey = async () => {
    const result = await window.parley.request['backend.catalogue']({ backendId: profile.id })
    if (result.ok || result.error.code !== 'unauthorized') {
      onDone()
      return
    }
    setIsRefused(true)
    setRound(round + 1)
  }

  return (
    <section aria-live="polite">
      <h2 className="text-[15px]/6 font-strong wrap-anywhere text-ink-1">
        {t('settings:backends.askKey', { name: profile.name })}
      </h2>
      <p className="mt-[3px] mb-3 text-ui text-ink-2">{t('settings:backends.askKeyHelp')}</p>
      <SecretEntry
        key={round}
        name={{ backendId: profile.id, field: 'api-key' }}
        label={t('settings:backends.key')}
        cancelLabel={t('settings:backends.later')}
        onDone={(isKept) => {
          if (isKept) void tryKey()
          else onDone()
        }}
      />
      {isRefused && (
        <p role="alert" className="mt-1.5 text-meta text-danger">
          {t('settings:backends.keyRefused')}
        </p>
      )}
    </section>
  )
}
