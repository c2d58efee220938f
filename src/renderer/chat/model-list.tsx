import { Toggle } from '@base-ui/react/toggle'
import { ToggleGroup } from '@base-ui/react/toggle-group'
import { Lock, Search } from 'lucide-react'
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { isKeyOf, useKeysOf } from '../actions/keys'
import { AUTOMATIC_PROVIDER, countCatalogue } from '../../shared/catalogue'
import { describe, type AppError } from '../../shared/errors'
import { Button } from '../controls/button'
import { useFinalFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { Kbd, type Key } from '../controls/kbd'
import { Ring } from '../controls/ring'
import { useFigures } from '../figures'
import { freshenCatalogue, loadCatalogue } from '../store/backends'
import { showSettings } from '../store/conversations'
import { hasYetToTell, needModels, rememberModel, toggleFavourite } from '../store/models'
import { backendOf, useStore, type Choice } from '../store/state'
import { HangingPanel } from './hanging-panel'
import { ModelRowList } from './model-row-list'
import {
  FILTERS,
  keyOf,
  keyStateOf,
  narrow,
  rowsOf,
  typedRow,
  unlistedRow,
  type Filter,
  type ModelRow,
  type RowGroup,
  type RowTexts,
} from './model-rows'
import { useChoiceNames } from './model-picker'
import { placesOf, ROW_PX } from './row-places'

export interface ModelListProps {
  /** What is chosen now; its backend is the one whose models are shown. */
  choice: Choice
  /** The button that opens it; pressing that once more is its own business. */
  anchor: RefObject<HTMLElement | null>
  onChoose: (choice: Choice) => void
  onClose: () => void
}

/** So many of what was chosen last stand above the providers. */
const SHOWN_RECENTS = 4
/** Providers that are asked at once what their models can do, when somebody wants those that can. */
const MOST_ASKED = 40

/** Providers and models of a backend, found by typing. Opens under a chip or field; there while it is open. */
export function ModelList({ choice, anchor, onChoose, onClose }: ModelListProps) {
  const { t } = useTranslation()
  const { whole } = useFigures()
  const finalFocus = useFinalFocus()
  const field = useRef<HTMLInputElement>(null)
  const listRef = useRef<HTMLDivElement>(null)
  const id = useId()
  const { backendId } = choice
  const known = useStore((state) => state.catalogues.get(backendId))
  const view = useStore((state) => backendOf(state, backendId))
  const [query, setQuery] = useState('')
  const [filter, setFilter] = useState<Filter>('all')
  const [activeKey, setActiveKey] = useState<string | null>(keyOf(choice))
  /** Counts the keys that moved the mark: after each the marked row shall be in sight. */
  const [moves, setMoves] = useState(0)
  useEffect(() => freshenCatalogue(backendId), [backendId])

  const texts = useMemo(
    (): RowTexts => ({
      automatic: t('chat:header.automatic'),
      anyProvider: t('chat:picker.anyProvider'),
      defaultModel: t('chat:header.defaultModel'),
      favourites: t('chat:picker.favourites'),
      recents: t('chat:picker.recents'),
    }),
    [t],
  )
  const providers = known?.catalogue?.providers
  const rows = useMemo(
    () => rowsOf(providers ?? [], (provider) => keyStateOf(view, provider), texts),
    [providers, view, texts],
  )
  const isRefreshing =
    known?.status === 'loading' || (known?.catalogue?.isStale === true && known.catalogue.error === null)
  const marked = useMarked(backendId)
  const names = useChoiceNames(choice)
  const { provider: chosenProvider, model: chosenModel } = choice
  const inUse = useMemo(
    () =>
      unlistedRow(
        rows,
        { provider: chosenProvider, model: chosenModel },
        { provider: names.provider, model: names.model ?? '' },
      ),
    [rows, chosenProvider, chosenModel, names.provider, names.model],
  )
  const found = useMemo(
    () => narrow(rows, { query, filter }, { ...marked, inUse }, texts),
    [rows, query, filter, marked, inUse, texts],
  )
  const typed = query.trim()
  const isFound =
    typed === '' || found.some(({ key, rows: of }) => key !== 'automatic' || of.some(({ model }) => model !== null))
  const { provider: present } = choice
  const groups = useMemo((): RowGroup[] => {
    if (isFound || providers === undefined) return found
    const row = typedRow(typed, { provider: present }, t('chat:picker.askFor', { name: typed }))
    const none = { heading: null, provider: null, keyState: null, hasDetails: true, mayHave: [] }
    return [...found, { ...none, key: 'typed', rows: [row] }]
  }, [found, isFound, providers, typed, present, t])
  const places = useMemo(() => placesOf(groups), [groups])
  const activeIndex = Math.max(
    0,
    places.rows.findIndex(({ key }) => key === activeKey),
  )
  const active = places.rows[activeIndex]
  const isAsking = useAbilities(backendId, rows.groups, filter)
  const count = useMemo(() => countCatalogue(providers ?? []).models, [providers])
  const search = count === 0 ? t('chat:picker.searchNone') : t('chat:picker.search', { count, value: whole(count) })

  const pick = (row: ModelRow): void => {
    const picked = { backendId, provider: row.provider, model: row.model }
    onChoose(picked)
    if (row.provider !== null || row.model !== null) void rememberModel(picked)
    if (row.provider !== null) void needModels(backendId, row.provider)
    onClose()
  }
  const star = (row: ModelRow): void => {
    if (row.model !== null) void toggleFavourite({ backendId, provider: row.provider, model: row.model })
  }
  const goTo = (index: number): void => {
    const row = places.rows[index]
    if (row === undefined) return
    setActiveKey(row.key)
    setMoves((before) => before + 1)
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing || active === undefined) return
    const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
    const last = places.rows.length - 1
    const page = Math.max(1, Math.floor((listRef.current?.clientHeight ?? 0) / ROW_PX) - 1)
    const moves: Record<string, number> = {
      ArrowDown: activeIndex === last ? 0 : activeIndex + 1,
      ArrowUp: activeIndex === 0 ? last : activeIndex - 1,
      PageDown: Math.min(last, activeIndex + page),
      PageUp: Math.max(0, activeIndex - page),
      ...(isMod && { Home: 0, End: last }),
    }
    const target = event.altKey || event.shiftKey ? undefined : moves[event.key]
    if (target !== undefined) goTo(target)
    else if (event.key === 'Enter' && !isMod) pick(active)
    else if (isKeyOf(event.nativeEvent, 'favourite')) star(active)
    else return
    event.preventDefault()
  }
  const changeView = (change: () => void): void => {
    change()
    setActiveKey(null)
    if (listRef.current !== null) listRef.current.scrollTop = 0
  }

  return (
    <HangingPanel
      anchor={anchor}
      onClose={onClose}
      initialFocus={field}
      finalFocus={finalFocus}
      label={t('chat:picker.label')}
      className="max-h-[min(560px,var(--available-height))] w-104"
    >
      <div className="flex h-12 flex-none items-center gap-3 border-b border-line px-4">
        <Icon of={Search} className="text-ink-2" />
        <input
          ref={field}
          role="combobox"
          aria-expanded
          aria-controls={`${id}list`}
          aria-autocomplete="list"
          aria-activedescendant={active === undefined ? undefined : `${id}${activeIndex}`}
          aria-label={search}
          placeholder={search}
          value={query}
          maxLength={200}
          spellCheck={false}
          autoComplete="off"
          className="min-w-0 flex-1 bg-transparent text-[14px]/6 text-ink-1 outline-none"
          onChange={(event) => changeView(() => setQuery(event.currentTarget.value))}
          onKeyDown={onKeyDown}
        />
        {(isRefreshing || isAsking) && <Ring className="text-ink-2" />}
      </div>
      <Filters filter={filter} onChange={(next) => changeView(() => setFilter(next))} />
      <Note
        backendId={backendId}
        onRetry={() => {
          // The button goes while it is tried.
          field.current?.focus()
          void loadCatalogue(backendId)
        }}
      />
      <ModelRowList
        id={id}
        ref={listRef}
        backendId={backendId}
        places={places}
        activeIndex={activeIndex}
        moves={moves}
        chosenKey={keyOf(choice)}
        onActive={setActiveKey}
        onPick={pick}
        onStar={star}
      />
      <Nothing
        backendId={backendId}
        isWhole={query === '' && filter === 'all'}
        groups={found}
        isAsking={isAsking}
        hasQuery={query !== ''}
      />
      {!isFound && <Unloaded backendId={backendId} onLoad={() => field.current?.focus()} />}
      <p role="status" className="sr-only">
        {query !== '' || filter !== 'all'
          ? t('chat:picker.found', {
              count: isFound ? places.rows.length : 0,
              value: whole(isFound ? places.rows.length : 0),
            })
          : ''}
      </p>
      {active?.keyState === 'missing' ? (
        <KeyHint
          provider={active.providerLabel ?? ''}
          onEnter={() => {
            onClose()
            showSettings('backends', backendId)
          }}
        />
      ) : (
        <Footer />
      )}
    </HangingPanel>
  )
}

/**
 * Keys of the favourites and of what was chosen last here, as they were when the list opened: a star that is given
 * moves nothing under the pointer.
 */
function useMarked(backendId: string): { favourites: string[]; recents: string[] } {
  const [marked] = useState(() => {
    const { favourites, recents } = useStore.getState().settings
    const here = favourites.filter((each) => each.backendId === backendId).map(keyOf)
    const last = recents.filter((each) => each.backendId === backendId).map(keyOf)
    return { favourites: here, recents: last.filter((key) => !here.includes(key)).slice(0, SHOWN_RECENTS) }
  })
  return marked
}

/** Asks what is not known yet and decides whether a model is shown. Tells whether it is being asked. */
function useAbilities(backendId: string, groups: readonly RowGroup[], filter: Filter): boolean {
  const [isAsking, setIsAsking] = useState(false)
  const unknown = useRef(groups)
  useEffect(() => {
    unknown.current = groups
  }, [groups])
  useEffect(() => {
    if (filter === 'all' || filter === 'free') return
    const asked = unknown.current
      .filter(({ hasDetails, keyState, mayHave }) => !hasDetails && keyState !== 'missing' && mayHave.includes(filter))
      .slice(0, MOST_ASKED)
    if (asked.length === 0) return
    let isOver = false
    setIsAsking(true)
    void Promise.all(asked.map(({ provider }) => needModels(backendId, provider ?? ''))).then(() => {
      if (!isOver) setIsAsking(false)
    })
    return () => {
      isOver = true
      setIsAsking(false)
    }
  }, [backendId, filter])
  return isAsking
}

function Filters({ filter, onChange }: { filter: Filter; onChange: (filter: Filter) => void }) {
  const { t } = useTranslation()
  return (
    <ToggleGroup
      aria-label={t('chat:picker.show')}
      value={[filter]}
      onValueChange={(values: string[]) => {
        // Pressing the chosen one again goes back to all.
        onChange(FILTERS.find((each) => each === values[0]) ?? 'all')
      }}
      className="flex flex-none flex-wrap gap-1 px-4 pt-2.5 pb-0.5"
    >
      {FILTERS.map((each) => (
        <Toggle
          key={each}
          value={each}
          // The field keeps the focus, so that arrows and Enter go on with the list.
          onMouseDown={(event) => event.preventDefault()}
          className="h-7 rounded-m px-2.5 text-ui text-ink-2 outline-offset-0 transition-colors hover:bg-hovered data-pressed:bg-selected data-pressed:font-label data-pressed:text-ink-1 forced-colors:data-pressed:bg-[Highlight] forced-colors:data-pressed:text-[HighlightText]"
        >
          {t(`chat:picker.filters.${each}`)}
        </Toggle>
      ))}
    </ToggleGroup>
  )
}

/** Above a list that could not be fetched, or that is the one from before. */
function Note({ backendId, onRetry }: { backendId: string; onRetry: () => void }) {
  const { t } = useTranslation()
  const known = useStore((state) => state.catalogues.get(backendId))
  const error: AppError | null = known?.status === 'failed' ? known.error : (known?.catalogue?.error ?? null)
  if (error === null || known?.status === 'loading') return null
  // The words for a lost connection are about an answer, and here there is none.
  const title = isLost(error) ? t('chat:picker.lost') : describe(error, (key, values) => t(key, values ?? {})).title
  return (
    <div role="status" className="flex flex-none flex-wrap items-center gap-2 px-4 pt-2 pb-1 text-ui">
      <p className="min-w-40 flex-1 break-words text-ink-2">
        <span className="font-label text-ink-1">{title}.</span>{' '}
        {t(known?.catalogue ? 'chat:picker.stale' : 'chat:picker.failed')}
      </p>
      <Button size={28} onClick={onRetry}>
        {t('common:retry')}
      </Button>
    </div>
  )
}

function isLost(error: AppError): boolean {
  return error.code === 'connection-lost' || (error.code === 'timeout' && error.phase === 'idle')
}

interface NothingProps {
  backendId: string
  /** Nothing was typed, nothing left out. */
  isWhole: boolean
  groups: readonly RowGroup[]
  isAsking: boolean
  hasQuery: boolean
}

/** Stands in place of models that are not there. */
function Nothing({ backendId, isWhole, groups, isAsking, hasQuery }: NothingProps) {
  const { t } = useTranslation()
  const known = useStore((state) => state.catalogues.get(backendId))
  if (groups.some(({ key }) => key !== 'automatic')) return null
  const isLoading = known === undefined || (known.status === 'loading' && known.catalogue === null)
  if (known?.status === 'failed' && known.catalogue === null) return <div className="h-1.5 flex-none" />
  // Under what was typed stands whose models are not known, and the way to ask for it all the same.
  const text = isLoading ? 'loading' : isWhole ? 'empty' : isAsking ? 'asking' : hasQuery ? 'noName' : 'noFit'
  return <p className="px-4 py-3 text-ui text-ink-3">{t(`chat:picker.${text}`)}</p>
}

/** Providers whose models are asked for at once, when somebody looks for a name that nobody has told yet. */
const MOST_LOADED = 50

/** Of a big server not every provider has told its models: what was typed may be among those. */
function Unloaded({ backendId, onLoad }: { backendId: string; onLoad: () => void }) {
  const { t } = useTranslation()
  const { whole } = useFigures()
  const known = useStore((state) => state.catalogues.get(backendId))
  const view = useStore((state) => backendOf(state, backendId))
  const [isLoading, setIsLoading] = useState(false)
  // Those that were asked are none of them any more, also when they did not tell.
  const silent = (known?.catalogue?.providers ?? []).filter(
    (provider) =>
      provider.name !== AUTOMATIC_PROVIDER && hasYetToTell(provider) && keyStateOf(view, provider) !== 'missing',
  )
  if (silent.length === 0 && !isLoading) return null
  const some = silent.slice(0, MOST_LOADED)
  const load = async (): Promise<void> => {
    onLoad()
    setIsLoading(true)
    await Promise.all(some.map(({ name }) => needModels(backendId, name)))
    setIsLoading(false)
  }
  return (
    <div className="flex flex-none flex-wrap items-center gap-2 px-4 pt-1 pb-3 text-ui">
      <p role="status" className="min-w-40 flex-1 break-words text-ink-2">
        {isLoading
          ? t('chat:picker.loading')
          : t('chat:picker.unloaded', { count: silent.length, value: whole(silent.length) })}
      </p>
      <Button size={28} isBusy={isLoading} onClick={() => void load()}>
        {silent.length > MOST_LOADED ? t('chat:picker.loadSome', { value: whole(MOST_LOADED) }) : t('chat:picker.load')}
      </Button>
    </div>
  )
}

/** In place of the keys, so that nothing moves: the marked model is one that will not answer as things are. */
function KeyHint({ provider, onEnter }: { provider: string; onEnter: () => void }) {
  const { t } = useTranslation()
  return (
    <div className="flex min-h-10 flex-none items-center gap-2.5 border-t border-line ps-4 pe-2 text-meta text-ink-2">
      <Icon of={Lock} size={14} className="flex-none text-ink-3" />
      <p role="status" className="line-clamp-2 min-w-0 flex-1 break-words">
        {t('chat:picker.keyHint', { provider })}
      </p>
      <Button size={28} className="flex-none" onClick={onEnter}>
        {t('chat:picker.enterKey')}
      </Button>
    </div>
  )
}

const HINTS: readonly { keys: readonly (readonly Key[])[]; text: 'move' | 'choose' }[] = [
  { keys: [['Up'], ['Down']], text: 'move' },
  { keys: [['Enter']], text: 'choose' },
]

function Footer() {
  const { t } = useTranslation()
  const starKeys = useKeysOf('favourite')
  return (
    <div className="flex min-h-10 flex-none flex-wrap items-center gap-x-4.5 gap-y-1 border-t border-line px-4 py-1.5 text-meta text-ink-3">
      {HINTS.map(({ keys, text }) => (
        <span key={text} className="flex flex-none items-center gap-1.5">
          {keys.map((pressed) => (
            <Kbd key={pressed.join()} keys={pressed} />
          ))}
          {t(`chat:picker.${text}`)}
        </span>
      ))}
      {starKeys !== undefined && (
        <span className="flex flex-none items-center gap-1.5">
          <Kbd keys={starKeys} />
          {t('chat:picker.favourite')}
        </span>
      )}
      <span className="flex flex-none items-center gap-1.5">
        <Kbd keys={['Esc']} />
        {t('chat:picker.close')}
      </span>
    </div>
  )
}
