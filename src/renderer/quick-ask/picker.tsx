import { Search } from 'lucide-react'
import { useEffect, useId, useLayoutEffect, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { choiceFor } from '../chat/backend-items'
import { ModelRowList } from '../chat/model-row-list'
import { keyOf, keyStateOf, narrow, rowsOf, type ModelRow } from '../chat/model-rows'
import { placesOf } from '../chat/row-places'
import { useChoice } from '../chat/choice'
import { describe } from '../../shared/errors'
import { Icon } from '../controls/icon'
import { Radio, RadioGroup } from '../controls/radio'
import { choose, freshenCatalogue } from '../store/backends'
import { backendOf, useStore } from '../store/state'

interface PickerProps {
  conversationId: string
  onClose: () => void
}

/** Who answers, in place of the answers: the backends at the start, the models of the chosen one beside them. */
export function Picker({ conversationId, onClose }: PickerProps) {
  const { t } = useTranslation()
  const choice = useChoice(conversationId)
  const backends = useStore((state) => state.backends)
  const isGuide = useStore((state) => backendOf(state, choice.backendId)?.isBuiltIn === true)
  const section = useRef<HTMLElement>(null)
  // Only when it opens: who goes through the backends by arrow keys stays among them. Before it is painted: what is typed
  // then is for the list, not for the question.
  useLayoutEffect(() => {
    const find = (selector: string) => section.current?.querySelector<HTMLElement>(selector)
    const first = find('[role=combobox]') ?? find('[role=radio][aria-checked=true]')
    first?.focus()
  }, [])
  const chooseBackend = (backendId: string): void => {
    const view = backendOf(useStore.getState(), backendId)
    if (view !== null) choose(conversationId, choiceFor(view))
  }
  return (
    <section
      aria-label={t('quick-ask:choose')}
      className="flex h-85 min-h-0 flex-initial border-t border-line"
      ref={section}
      onKeyDown={(event) => {
        const isChosen =
          event.key === 'Enter' && event.target instanceof Element && event.target.matches('[role=radio]')
        if (event.key !== 'Escape' && !isChosen) return
        // Esc closes this layer only; the window hides with the next one.
        event.preventDefault()
        onClose()
      }}
    >
      <div className="w-52 flex-none overflow-y-auto border-e border-line px-5.25 py-3">
        <p className="pb-2 text-meta font-label text-ink-2">{t('quick-ask:backend')}</p>
        <RadioGroup label={t('quick-ask:backend')} value={choice.backendId} onChange={chooseBackend}>
          {backends.map(({ profile, isBuiltIn }) => (
            <Radio
              key={profile.id}
              value={profile.id}
              label={<bdi className="break-words">{isBuiltIn ? t('common:guide') : profile.name}</bdi>}
            />
          ))}
        </RadioGroup>
      </div>
      {isGuide ? (
        <p className="p-4 text-ui text-ink-3">{t('quick-ask:noModels')}</p>
      ) : (
        <Models key={choice.backendId} conversationId={conversationId} onClose={onClose} />
      )}
    </section>
  )
}

/** The models of the chosen backend, found by typing. */
function Models({ conversationId, onClose }: PickerProps) {
  const { t } = useTranslation()
  const choice = useChoice(conversationId)
  const { backendId } = choice
  const known = useStore((state) => state.catalogues.get(backendId))
  const view = useStore((state) => backendOf(state, backendId))
  const settings = useStore((state) => state.settings)
  const list = useRef<HTMLDivElement>(null)
  const id = useId()
  const [query, setQuery] = useState('')
  const [activeKey, setActiveKey] = useState<string | null>(keyOf(choice))
  const [moves, setMoves] = useState(0)
  useEffect(() => freshenCatalogue(backendId), [backendId])

  const providers = known?.catalogue?.providers
  const places = useMemo(() => {
    const texts = {
      automatic: t('chat:header.automatic'),
      anyProvider: t('chat:picker.anyProvider'),
      defaultModel: t('chat:header.defaultModel'),
      favourites: t('chat:picker.favourites'),
      recents: t('chat:picker.recents'),
    }
    const rows = rowsOf(providers ?? [], (provider) => keyStateOf(view, provider), texts)
    const keysHere = (choices: typeof settings.favourites): string[] =>
      choices.filter((each) => each.backendId === backendId).map(keyOf)
    const favourites = keysHere(settings.favourites)
    const recents = keysHere(settings.recents).filter((key) => !favourites.includes(key))
    const marked = { favourites, recents: recents.slice(0, SHOWN_RECENTS) }
    return placesOf(narrow(rows, { query, filter: 'all' }, marked, texts))
  }, [providers, view, settings, backendId, query, t])
  const activeIndex = Math.max(
    0,
    places.rows.findIndex(({ key }) => key === activeKey),
  )

  const pick = ({ provider, model }: ModelRow): void => {
    choose(conversationId, { backendId, provider, model })
    onClose()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    const last = places.rows.length - 1
    const targets: Record<string, number> = {
      ArrowDown: activeIndex >= last ? 0 : activeIndex + 1,
      ArrowUp: activeIndex === 0 ? last : activeIndex - 1,
    }
    const target = targets[event.key]
    const active = places.rows[activeIndex]
    if (target !== undefined) {
      setActiveKey(places.rows[target]?.key ?? null)
      setMoves((before) => before + 1)
    } else if (event.key === 'Enter' && active !== undefined) pick(active)
    else return
    event.preventDefault()
  }
  const problem = known?.status === 'failed' ? describe(known.error, (key, values) => t(key, values ?? {})).title : null
  const isLoading = known === undefined || (known.status === 'loading' && known.catalogue === null)
  const hasMore = places.rows.length > 1 || query !== ''
  return (
    <div className="flex min-w-0 flex-1 flex-col">
      <div className="flex h-11 flex-none items-center gap-3 border-b border-line px-4">
        <Icon of={Search} className="text-ink-2" />
        <input
          role="combobox"
          aria-expanded
          aria-controls={`${id}list`}
          aria-autocomplete="list"
          aria-activedescendant={places.rows.length === 0 ? undefined : `${id}${activeIndex}`}
          aria-label={t('quick-ask:search')}
          placeholder={t('quick-ask:search')}
          value={query}
          maxLength={200}
          spellCheck={false}
          autoComplete="off"
          className="min-w-0 flex-1 bg-transparent text-[14px]/6 text-ink-1 outline-none"
          onChange={(event) => {
            setQuery(event.currentTarget.value)
            setActiveKey(null)
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ModelRowList
        id={id}
        ref={list}
        backendId={backendId}
        places={places}
        activeIndex={activeIndex}
        moves={moves}
        chosenKey={keyOf(choice)}
        onActive={setActiveKey}
        onPick={pick}
        onStar={null}
      />
      <p role="status" className="px-4 py-2 text-ui text-ink-3 empty:hidden">
        {problem !== null
          ? `${problem}. ${t('chat:picker.failed')}`
          : isLoading
            ? t('chat:picker.loading')
            : query !== '' && !places.rows.some(({ model, provider }) => model !== null || provider !== null)
              ? t('chat:picker.noName')
              : hasMore
                ? ''
                : t('chat:picker.empty')}
      </p>
    </div>
  )
}

/** So many of what was chosen last stand above the providers. */
const SHOWN_RECENTS = 4
