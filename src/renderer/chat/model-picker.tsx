import { ChevronDown, Lock } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useKeysOf } from '../actions/keys'
import { AUTOMATIC_PROVIDER } from '../../shared/catalogue'
import { Icon } from '../controls/icon'
import { ariaKeys } from '../controls/kbd'
import { StatusDot } from '../controls/status-dot'
import { choose, connectionOf } from '../store/backends'
import { needModels } from '../store/models'
import { backendOf, useStore, type Choice } from '../store/state'
import { useChoice } from './choice'
import { loadModelList, ModelListLayer } from './model-list-layer'
import { keyStateOf } from './model-rows'

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
  const keys = useKeysOf('choose-model')
  const choice = useChoice(conversationId)
  const { provider, model, lacksKey } = useChoiceNames(choice)
  const connection = useStore((state) => connectionOf(state, choice.backendId))
  useChosenAbilities(choice)
  const named = [provider, model].filter((part) => part !== null).join(' · ')
  const name = lacksKey ? t('chat:picker.chosenNeedsKey', { name: named, provider: provider ?? '' }) : named
  return (
    <>
      <button
        ref={anchor}
        type="button"
        aria-label={t('chat:header.modelName', { name })}
        aria-haspopup="dialog"
        aria-expanded={isOpen}
        aria-keyshortcuts={keys && ariaKeys(keys)}
        title={name}
        // Who is about to press does not wait for the list to be loaded.
        onPointerEnter={() => void loadModelList()}
        onClick={() => onOpenChange(!isOpen)}
        className={`drag-none flex h-7 min-w-0 items-center rounded-m border text-ui transition-colors hover:bg-hovered active:bg-pressed aria-expanded:bg-pressed ${place === 'header' ? 'border-line-2 ps-2.5 pe-1.5' : 'border-transparent px-1.5'}`}
      >
        {place === 'composer' && <StatusDot connection={connection} className="me-2" />}
        {provider !== null && place === 'header' && (
          <>
            <bdi className="max-w-36 flex-none truncate text-ink-2">{provider}</bdi>
            {model !== null && (
              <span className="flex-none px-1.5 text-ink-4" aria-hidden>
                ·
              </span>
            )}
          </>
        )}
        {(model !== null || place === 'composer') && (
          <bdi className={`min-w-0 truncate ${place === 'header' ? 'font-label text-ink-1' : 'text-ink-2'}`}>
            {model ?? provider}
          </bdi>
        )}
        {lacksKey && <Icon of={Lock} size={14} className="ms-1.5 flex-none text-warn" />}
        <Icon of={ChevronDown} size={14} className="ms-1.5 flex-none text-ink-3" />
      </button>
      {isOpen && (
        <ModelListLayer
          choice={choice}
          anchor={anchor}
          onChoose={(chosen) => choose(conversationId, chosen)}
          onClose={() => onOpenChange(false)}
        />
      )}
    </>
  )
}

interface ChoiceNames {
  provider: string | null
  model: string | null
  /** The provider answers only with a key, and none is there. */
  lacksKey: boolean
}

/** Names for the chip. Without a model the backend chooses, and the chip says that. */
export function useChoiceNames({ backendId, provider, model }: Choice): ChoiceNames {
  const { t } = useTranslation()
  const known = useStore((state) => state.catalogues.get(backendId)?.catalogue ?? null)
  const view = useStore((state) => backendOf(state, backendId))
  const found = known?.providers.find(({ name }) => name === (provider ?? AUTOMATIC_PROVIDER))
  const named = provider === AUTOMATIC_PROVIDER ? null : provider
  const label = named === null || found === undefined || found.label === '' ? named : found.label
  const lacksKey = named !== null && found !== undefined && keyStateOf(view, found) === 'missing'
  if (model !== null) {
    const modelLabel = found?.models.find(({ id }) => id === model)?.label ?? ''
    return { provider: label, model: modelLabel === '' ? model : modelLabel, lacksKey }
  }
  return named === null
    ? { provider: null, model: t('chat:header.automatic'), lacksKey }
    : { provider: label, model: t('chat:header.defaultModel'), lacksKey }
}

/** Whoever is chosen says what its models can do, so that it is known before a picture is sent to one that sees none. */
function useChosenAbilities({ backendId, provider }: Choice): void {
  const isUnknown = useStore(
    (state) =>
      provider !== null &&
      state.catalogues
        .get(backendId)
        ?.catalogue?.providers.some(({ name, hasModelDetails }) => name === provider && !hasModelDetails) === true,
  )
  useEffect(() => {
    if (isUnknown && provider !== null) void needModels(backendId, provider)
  }, [backendId, provider, isUnknown])
}
