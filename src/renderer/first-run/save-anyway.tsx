import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { describe, type AppError } from '../../shared/errors'
import { Button } from '../controls/button'
import { saveUnreached, sectionFor } from '../store/backends'
import type { FormSection } from '../store/state'

export interface SaveAnywayProps {
  /** As typed. */
  address: string
  /** Why it could not be connected. */
  error: AppError
  onSaved: (backendId: string, section: FormSection) => void | Promise<void>
}

/** Under an address that could not be connected: keeps it, so that its proxy, certificate or headers can be set. */
export function SaveAnyway({ address, error, onSaved }: SaveAnywayProps) {
  const { t } = useTranslation()
  const [isBusy, setIsBusy] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  // What is no address cannot be kept.
  if (error.code === 'bad-address' || address.trim() === '') return null
  const save = async (): Promise<void> => {
    setIsBusy(true)
    const result = await saveUnreached(address.trim())
    setIsBusy(false)
    if (result.ok) await onSaved(result.value.profile.id, sectionFor(error))
    else setRefusal(describe(result.error, (key, values) => t(key, values ?? {})).detail)
  }
  return (
    <div className="mt-2 flex flex-wrap items-center gap-x-3 gap-y-2">
      <Button size={28} isBusy={isBusy} onClick={() => void save()}>
        {t('settings:backends.saveAnyway')}
      </Button>
      {refusal === null ? (
        <p className="min-w-48 flex-1 text-meta text-ink-3">{t('settings:backends.saveAnywayHelp')}</p>
      ) : (
        <p role="alert" className="min-w-48 flex-1 text-meta text-danger">
          {refusal}
        </p>
      )}
    </div>
  )
}
