import { ChevronsUpDown } from 'lucide-react'
import { useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { ModelListLayer } from '../../chat/model-list-layer'
import { Icon } from '../../controls/icon'
import { needCatalogue } from '../../store/backends'
import { useStore } from '../../store/state'

export interface ModelFieldProps {
  backendId: string
  /** Null is the backend's own choice. */
  provider: string | null
  model: string | null
  onChange: (provider: string | null, model: string | null) => void
}

/** With whom new chats of a backend begin: a field that opens the list of models. */
export function ModelField({ backendId, provider, model, onChange }: ModelFieldProps) {
  const { t } = useTranslation()
  const anchor = useRef<HTMLButtonElement>(null)
  const [isOpen, setIsOpen] = useState(false)
  const providers = useStore((state) => state.catalogues.get(backendId)?.catalogue?.providers)
  useEffect(() => needCatalogue(backendId), [backendId])

  const found = providers?.find(({ name }) => name === provider)
  const providerLabel = found === undefined || found.label === '' ? provider : found.label
  const modelLabel = found?.models.find(({ id }) => id === model)?.label ?? model
  const name =
    [providerLabel, modelLabel].filter((part) => part !== null && part !== '').join(' · ') || t('chat:header.automatic')
  return (
    <div>
      <button
        ref={anchor}
        type="button"
        aria-label={`${t('settings:backends.model')}: ${name}`}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        className="flex h-9 w-full items-center justify-between gap-3 rounded-m border border-field bg-raised ps-3 pe-2.5 text-ui text-ink-1 transition-colors hover:border-ink-2"
        onClick={() => setIsOpen(!isOpen)}
      >
        <bdi className="min-w-0 truncate" title={name}>
          {name}
        </bdi>
        <Icon of={ChevronsUpDown} size={14} className="text-ink-2" />
      </button>
      <p className="mt-1.5 text-meta text-ink-3">{t('settings:backends.modelHelp')}</p>
      {isOpen && (
        <ModelListLayer
          choice={{ backendId, provider, model }}
          anchor={anchor}
          onChoose={(choice) => onChange(choice.provider, choice.model)}
          onClose={() => setIsOpen(false)}
        />
      )}
    </div>
  )
}
