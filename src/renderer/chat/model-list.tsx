import { Combobox } from '@base-ui/react/combobox'
import { Check, Lock, Search } from 'lucide-react'
import { useEffect, useMemo, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { CatalogueProvider } from '../../shared/contract'
import { Button } from '../controls/button'
import { useFinalFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { Ring } from '../controls/ring'
import { choose, loadCatalogue, needCatalogue } from '../store/backends'
import { useStore, type Choice } from '../store/state'

export interface ModelListProps {
  conversationId: string
  choice: Choice
  anchor: RefObject<HTMLElement | null>
  onClose: () => void
}

interface Entry {
  /** Unique in the list; null stands for the backend's own choice. */
  key: string
  provider: string | null
  model: string | null
  label: string
  note: string
  hasVision: boolean
}

interface EntryGroup {
  label: string
  needsKey: boolean
  items: Entry[]
}

/** More rows than anybody reads are not drawn: letters narrow the list down. */
const MOST_ROWS = 300

/** Providers and models of the backend, found by typing. Opens under the chip. */
export function ModelList({ conversationId, choice, anchor, onClose }: ModelListProps) {
  const { t } = useTranslation()
  const finalFocus = useFinalFocus()
  const { backendId } = choice
  const known = useStore((state) => state.catalogues.get(backendId))
  const [query, setQuery] = useState('')
  useEffect(() => needCatalogue(backendId), [backendId])

  const providers = known?.catalogue?.providers
  const automatic = useMemo(
    (): Entry => ({
      key: '',
      provider: null,
      model: null,
      label: t('chat:header.automatic'),
      note: t('chat:header.automaticHelp'),
      hasVision: false,
    }),
    [t],
  )
  const groups = useMemo(() => groupsOf(providers ?? [], query, t('chat:header.defaultModel')), [providers, query, t])
  const shown = query === '' ? [{ label: '', needsKey: false, items: [automatic] }, ...groups] : groups
  const models = (providers ?? []).reduce((sum, provider) => sum + provider.models.length, 0)
  const chosen = keyOf(choice.provider, choice.model)

  return (
    <Combobox.Root
      items={shown}
      filteredItems={shown}
      open
      autoHighlight
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose()
      }}
      inputValue={query}
      onInputValueChange={setQuery}
      itemToStringLabel={({ label }: Entry) => label}
      value={null}
      onValueChange={(entry: Entry | null) => {
        if (entry === null) return
        void choose(conversationId, { backendId, provider: entry.provider, model: entry.model })
        onClose()
      }}
    >
      <Combobox.Portal>
        <Combobox.Positioner
          anchor={anchor}
          className="layer-popover outline-none"
          align="end"
          sideOffset={6}
          collisionPadding={8}
        >
          <Combobox.Popup
            finalFocus={finalFocus}
            aria-label={t('chat:header.model')}
            className="drag-none flex max-h-[min(560px,var(--available-height))] w-104 max-w-[calc(100vw-16px)] flex-col rounded-xl bg-raised shadow-e2 outline-none transition-[opacity,translate] duration-(--d-base) data-starting-style:translate-y-1 data-starting-style:opacity-0 forced-colors:border"
          >
            <div className="flex h-12 flex-none items-center gap-3 border-b border-line px-4">
              <Icon of={Search} className="text-ink-2" />
              <Combobox.Input
                aria-label={t('chat:header.searchModels', { count: models })}
                placeholder={t('chat:header.searchModels', { count: models })}
                className="min-w-0 flex-1 bg-transparent text-[14px]/6 text-ink-1 outline-none"
              />
              {known?.status === 'loading' && <Ring className="text-ink-2" />}
            </div>
            <Note backendId={backendId} isEmpty={groups.length === 0} query={query} />
            <Combobox.List className="min-h-0 flex-1 scroll-py-9 overflow-y-auto overscroll-contain p-1.5 empty:p-0">
              {(group: EntryGroup) => (
                <Combobox.Group key={group.label} items={group.items}>
                  {group.label !== '' && (
                    <Combobox.GroupLabel className="sticky -top-1.5 z-1 flex items-center gap-2 bg-raised px-2.5 pt-3 pb-1 text-meta font-label text-ink-2">
                      <bdi className="min-w-0 flex-1 truncate">{group.label}</bdi>
                      {group.needsKey && (
                        <span className="flex flex-none items-center gap-1.5 font-normal text-ink-3">
                          <Icon of={Lock} size={14} />
                          {t('chat:header.needsKey')}
                        </span>
                      )}
                    </Combobox.GroupLabel>
                  )}
                  <Combobox.Collection>
                    {(entry: Entry) => (
                      <EntryRow key={entry.key} entry={entry} isChosen={entry.key === chosen} isDim={group.needsKey} />
                    )}
                  </Combobox.Collection>
                </Combobox.Group>
              )}
            </Combobox.List>
          </Combobox.Popup>
        </Combobox.Positioner>
      </Combobox.Portal>
    </Combobox.Root>
  )
}

function EntryRow({ entry, isChosen, isDim }: { entry: Entry; isChosen: boolean; isDim: boolean }) {
  const { t } = useTranslation()
  return (
    <Combobox.Item
      value={entry}
      className="flex min-h-8.5 items-center gap-2.5 rounded-m px-2.5 py-1 text-ui outline-none data-highlighted:bg-selected forced-colors:data-highlighted:bg-[Highlight]"
    >
      <span className="w-4 flex-none">{isChosen && <Icon of={Check} className="text-accent-text" />}</span>
      <span className="min-w-0 flex-1 truncate">
        <bdi className={isChosen ? 'font-label text-ink-1' : isDim ? 'text-ink-3' : 'text-ink-1'}>{entry.label}</bdi>
        {entry.note !== '' && <span className="text-ink-3"> {entry.note}</span>}
      </span>
      {entry.hasVision && (
        <span className="flex-none rounded-xs border border-line-2 px-1.5 text-caption font-medium text-ink-2">
          {t('chat:header.vision')}
        </span>
      )}
    </Combobox.Item>
  )
}

/** What stands in place of models that are not there: loading, failed, none of that name. */
function Note({ backendId, isEmpty, query }: { backendId: string; isEmpty: boolean; query: string }) {
  const { t } = useTranslation()
  const known = useStore((state) => state.catalogues.get(backendId))
  if (known?.status === 'failed') {
    return (
      <div className="flex flex-wrap items-center justify-between gap-2 border-b border-line px-4 py-2 text-ui text-ink-2">
        {t('chat:header.modelsFailed')}
        <Button onClick={() => void loadCatalogue(backendId)}>{t('chat:header.tryNow')}</Button>
      </div>
    )
  }
  if (!isEmpty) return null
  const isLoading = known === undefined || known.catalogue === null
  if (!isLoading && query === '') return null
  return (
    <p className="px-4 py-3 text-ui text-ink-3">
      {t(isLoading ? 'chat:header.loadingModels' : 'chat:header.noModels')}
    </p>
  )
}

function keyOf(provider: string | null, model: string | null): string {
  return provider === null && model === null ? '' : `${provider ?? ''}\n${model ?? ''}`
}

function groupsOf(providers: readonly CatalogueProvider[], query: string, defaultModel: string): EntryGroup[] {
  const wanted = query.trim().toLocaleLowerCase()
  let left = MOST_ROWS
  return providers.flatMap((provider) => {
    if (left <= 0) return []
    const label = provider.label === '' ? provider.name : provider.label
    const entries = entriesOf(provider, defaultModel)
    const isWhole = wanted === '' || label.toLocaleLowerCase().includes(wanted)
    const items = (
      isWhole ? entries : entries.filter((entry) => entry.label.toLocaleLowerCase().includes(wanted))
    ).slice(0, left)
    left -= items.length
    return items.length === 0 ? [] : [{ label, needsKey: provider.needsKey, items }]
  })
}

function entriesOf({ name, models, hasVision }: CatalogueProvider, defaultModel: string): Entry[] {
  if (models.length === 0) {
    return [{ key: keyOf(name, null), provider: name, model: null, label: defaultModel, note: '', hasVision }]
  }
  return models.map((model) => ({
    key: keyOf(name, model.id),
    provider: name,
    model: model.id,
    label: model.label === '' ? model.id : model.label,
    note: '',
    hasVision: model.hasVision,
  }))
}
