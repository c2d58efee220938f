import { useEffect, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { FoundBackend } from '../../shared/contract'
import { Button } from '../controls/button'
import { StatusDot } from '../controls/status-dot'

export interface FoundServersProps {
  /** The address that is being connected, if any. */
  busy: string | null
  onUse: (url: string) => void
}

/** Servers that were found on this computer; nothing while there are none, and nobody waits for the search. */
export function FoundServers({ busy, onUse }: FoundServersProps) {
  const { t } = useTranslation()
  const found = useFound()
  if (found.length === 0) return null
  return (
    <section className="mt-5">
      <h2 className="pb-1 text-meta font-medium text-ink-3">{t('first-run:found')}</h2>
      <ul>
        {found.map((backend) => (
          <FoundRow
            key={backend.url}
            backend={backend}
            isBusy={busy === backend.url}
            onUse={() => onUse(backend.url)}
          />
        ))}
      </ul>
    </section>
  )
}

interface FoundRowProps {
  backend: FoundBackend
  isBusy: boolean
  onUse: () => void
}

function FoundRow({ backend, isBusy, onUse }: FoundRowProps) {
  const { t } = useTranslation()
  const address = backend.url.replace(/^https?:\/\//u, '')
  return (
    <li className="flex min-h-11 items-center gap-3 border-t border-line py-1.75">
      <StatusDot connection="connected" />
      <span className="min-w-0 flex-1 text-ui break-words text-ink-3">
        <bdi className="me-3 font-code text-ink-1">{address}</bdi>
        {backend.providers === null
          ? t('first-run:asksForKey')
          : t('first-run:providers', { count: backend.providers })}
      </span>
      <Button size={28} aria-label={t('first-run:useNamed', { address })} isBusy={isBusy} onClick={onUse}>
        {t('first-run:use')}
      </Button>
    </li>
  )
}

/** Servers on this computer, looked for once. */
function useFound(): FoundBackend[] {
  const [found, setFound] = useState<FoundBackend[]>([])
  useEffect(() => {
    let isOver = false
    const look = async (): Promise<void> => {
      const result = await window.parley.request['backend.discover']()
      if (!isOver && result.ok) setFound(result.value)
    }
    void look()
    return () => {
      isOver = true
    }
  }, [])
  return found
}
