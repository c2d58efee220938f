import { ShieldQuestion } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { BackendView, SecretState } from '../../../shared/settings'
import { Button } from '../../controls/button'
import { Icon } from '../../controls/icon'
import { useErrorText } from '../error-text'

/** The origin of an address, or null for one that cannot be read. */
export function originOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).origin : null
}

/** For which other addresses keys and secret headers of a backend were entered (S35). The proxy's password has its own. */
function foreignOrigins({ profile, apiKey, headerSecrets, providerKeys }: BackendView): string[] {
  const present = originOf(profile.url)
  const secrets: SecretState[] = [apiKey, ...Object.values(headerSecrets), ...providerKeys.map(({ key }) => key)]
  const origins = secrets.flatMap((secret) => (secret.kind === 'unset' ? [] : [secret.origin]))
  return [...new Set(origins)].filter((origin) => origin !== present)
}

export interface MoveSecretsProps {
  view: BackendView
  /** It was asked for: the focus comes along. */
  takesFocus: boolean
  onDone: () => void
}

/** Whether what was entered for one address may go to the one that stands there now. Until then none of it is sent. */
export function MoveSecrets({ view, takesFocus, onDone }: MoveSecretsProps) {
  const { t } = useTranslation()
  const errorText = useErrorText()
  const [isBusy, setIsBusy] = useState(false)
  const [error, setError] = useState<string | null>(null)
  const card = useRef<HTMLElement>(null)
  const foreign = foreignOrigins(view)
  const present = originOf(view.profile.url)
  const isAsked = foreign.length > 0 && present !== null
  // It may stand above what opened it.
  useEffect(() => card.current?.scrollIntoView({ block: 'nearest' }), [isAsked])
  if (!isAsked) return null
  const origins = foreign.join(', ')

  const move = async () => {
    setIsBusy(true)
    const result = await window.parley.request['backend.moveSecrets']({ backendId: view.profile.id })
    setIsBusy(false)
    if (result.ok) onDone()
    else setError(errorText(result.error).detail)
  }

  return (
    <section
      ref={card}
      role="alert"
      className="mt-3 flex gap-2.5 rounded-l border border-warn/60 bg-warn-tint px-4 py-3.5"
    >
      <Icon of={ShieldQuestion} className="mt-0.5 text-warn" />
      <div className="min-w-0 flex-1">
        <p className="text-ui wrap-anywhere text-ink-1">{t('settings:move.question', { origins, present })}</p>
        <p className="mt-0.5 text-meta text-ink-2">{t('settings:move.until')}</p>
        {error !== null && <p className="mt-1 text-meta text-danger">{error}</p>}
        <div className="mt-3 flex flex-wrap gap-2">
          <Button variant="primary" autoFocus={takesFocus} className="wrap-anywhere" onClick={onDone}>
            {t('settings:move.keep', { origins })}
          </Button>
          <Button isBusy={isBusy} className="wrap-anywhere" onClick={() => void move()}>
            {t('settings:move.use', { present })}
          </Button>
        </div>
      </div>
    </section>
  )
}
