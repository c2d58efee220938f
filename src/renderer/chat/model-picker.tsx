import { ChevronDown } from 'lucide-react'
import { lazy, Suspense, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { ariaKeys } from '../controls/kbd'
import { StatusDot } from '../controls/status-dot'
import { connectionOf } from '../store/backends'
import { useStore, type Choice } from '../store/state'
import { useChoice } from './choice'

const ModelList = lazy(async () => ({ default: (await import('./model-list')).ModelList }))

export interface ModelPickerProps {
  conversationId: string
  isOpen: boolean
  onOpenChange: (isOpen: boolean) => void
  /** In the header a chip; in the composer of a narrow window plain, with the backend's dot inside. */
  place: 'header' | 'composer'
}

/** Who answers next, as a chip that opens the list of models. */
export function ModelPicker({ conversationId, isOpen, onOpenChange, place }: ModelPickerProps) {
  const { t } = useTranslation()
  const anchor = useRef<HTMLButtonElement>(null)
  const choice = useChoice(conversationId)
  const names = useChoiceNames(choice)
  const connection = useStore((state) => connectionOf(state, choice.backendId))
  const name = [names.provider, names.model].filter((part) => part !== null).join(' · ')
  return (
    <>
      <button
        ref={anchor}
        type="button"
        aria-label={t('chat:header.modelName', { name })}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-keyshortcuts={ariaKeys(['Mod', '/'])}
        title={name}
        className={`drag-none flex h-7 min-w-0 items-center rounded-m border text-ui transition-colors hover:bg-hovered active:bg-pressed aria-expanded:bg-pressed ${place === 'header' ? 'border-line-2 ps-2.5 pe-1.5' : 'border-transparent px-1.5'}`}
        onClick={() => onOpenChange(!isOpen)}
      >
        {place === 'composer' && <StatusDot connection={connection} className="me-2" />}
        {names.provider !== null && place === 'header' && (
          <>
            <bdi className="max-w-36 flex-none truncate text-ink-2">{names.provider}</bdi>
            {names.model !== null && (
              <span className="flex-none px-1.5 text-ink-4" aria-hidden>
                ·
              </span>
            )}
          </>
        )}
        {(names.model !== null || place === 'composer') && (
          <bdi className={`min-w-0 truncate ${place === 'header' ? 'font-label text-ink-1' : 'text-ink-2'}`}>
            {names.model ?? names.provider}
          </bdi>
        )}
        <Icon of={ChevronDown} size={14} className="ms-1.5 text-ink-3" />
      </button>
      <Suspense fallback={null}>
        {isOpen && (
          <ModelList
            conversationId={conversationId}
            choice={choice}
            anchor={anchor}
            onClose={() => onOpenChange(false)}
          />
        )}
      </Suspense>
    </>
  )
}

/** Names for the chip. Without a model the backend chooses, and the chip says that. */
function useChoiceNames({ backendId, provider, model }: Choice): { provider: string | null; model: string | null } {
  const { t } = useTranslation()
  const known = useStore((state) => state.catalogues.get(backendId)?.catalogue ?? null)
  const found = known?.providers.find(({ name }) => name === provider)
  const label = found === undefined || found.label === '' ? provider : found.label
  if (model !== null) {
    const modelLabel = found?.models.find(({ id }) => id === model)?.label ?? ''
    return { provider: label, model: modelLabel === '' ? model : modelLabel }
  }
  return provider === null
    ? { provider: null, model: t('chat:header.automatic') }
    : { provider: label, model: t('chat:header.defaultModel') }
}
