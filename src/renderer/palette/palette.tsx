import { Dialog } from '@base-ui/react/dialog'
import { Command } from 'cmdk'
import {
  Bot,
  ChevronRight,
  MessageCircleDashed,
  MessageSquare,
  Search,
  Settings,
  SquarePen,
  SquareTerminal,
  Zap,
  type LucideIcon,
} from 'lucide-react'
import { useCallback, useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react'
import { useTranslation } from 'react-i18next'
import type { SearchHit, SearchPart } from '../../shared/contract'
import { capsOf, isKeyOf } from '../actions/keys'
import { runAction } from '../actions/offers'
import { choiceFor } from '../chat/backend-items'
import { Icon } from '../controls/icon'
import { Kbd, type Key } from '../controls/kbd'
import { StatusDot } from '../controls/status-dot'
import { useListedDate } from '../dates'
import { useFigures } from '../figures'
import { MAX_QUERY_LENGTH, useSearch } from '../sidebar/search'
import { Marked } from '../sidebar/search-results'
import { choose, connectionOf, needCatalogue } from '../store/backends'
import { showChat, showConversation, showMessage, showNewConversation, showSettings } from '../store/conversations'
import { changeDraft } from '../store/drafts'
import { needModels, rememberModel } from '../store/models'
import { backendOf, choiceOf, useStore } from '../store/state'
import { FILTERS, useFound, useIsFirstRun, type Item } from './found'
import { closePalette, takeCarried, usePalette } from './state'

const ORIGIN_ICONS = { window: MessageSquare, 'quick-ask': Zap, terminal: SquareTerminal } as const

/** So many conversations are found at most. */
const MAX_HITS = 50

/** Chats and their messages, what can be done, models, backends and settings, from one field [21]. */
export function Palette() {
  const { t } = useTranslation()
  const figures = useFigures()
  const [text, setText] = useState(() => usePalette.getState().text)
  const [filter, setFilter] = useState<SearchPart>('all')
  const [reached, setReached] = useState<string | null>(null)
  const rounds = usePalette((state) => state.rounds)
  const [shownRounds, setShownRounds] = useState(rounds)
  if (shownRounds !== rounds) {
    setShownRounds(rounds)
    setText(usePalette.getState().text)
    setReached(null)
  }
  const field = useRef<HTMLInputElement>(null)
  // Before the next key: what waits for a frame loses what is typed in it.
  const takeField = useCallback((element: HTMLInputElement | null): void => {
    field.current = element
    if (element === null) return
    setText(takeCarried())
    element.focus()
  }, [])
  const [opener] = useState(() => usePalette.getState().opener)
  /** What was chosen has taken the focus somewhere, or will. */
  const hasLed = useRef(false)
  const isFirstRun = useIsFirstRun()
  const answered = useSearch(isFirstRun ? '' : text, filter)
  /** Enter was pressed before it was known what there is. */
  const [isAwaited, setIsAwaited] = useState(() => usePalette.getState().isEntered)
  const groups = useFound(text, filter, answered)
  const items = groups.flatMap(({ items: ofGroup }) => ofGroup)
  // Until somebody moves, the first one is meant, also when more comes in above it.
  const active = items.find(({ key }) => key === reached) ?? items[0]
  const isBusy = text.trim() !== '' && !isFirstRun && (answered?.query !== text || answered.part !== filter)
  const hits = answered?.result?.hits ?? []
  const currentBackendId = useStore((state) => choiceOf(state, state.currentId).backendId)
  useEffect(() => needCatalogue(currentBackendId), [currentBackendId])

  const isSure = groups[0]?.isNamed === true
  const matchesOf = (found: readonly SearchHit[]): string => {
    const chats = t(found.length >= MAX_HITS ? 'actions:palette.atMost' : 'actions:palette.inChats', {
      count: found.length,
      value: figures.whole(found.length),
    })
    const matches = found.reduce((sum, { count }) => sum + count, 0)
    return found.length >= MAX_HITS
      ? chats
      : `${t('actions:palette.matches', { count: matches, value: figures.whole(matches) })} ${chats}`
  }
  const pick = (item: Item): void => {
    hasLed.current = true
    closePalette()
    follow(item)
  }
  const look = (part: SearchPart): void => {
    setFilter(part)
    setReached(null)
    setIsAwaited(false)
  }
  const turn = (step: -1 | 1): void => {
    const place = FILTERS.indexOf(filter)
    if (!isFirstRun) look(FILTERS[(place + step + FILTERS.length) % FILTERS.length] ?? 'all')
  }
  useEffect(() => {
    if (isAwaited && !isBusy && active !== undefined) pick(active)
  })
  const steer = (event: KeyboardEvent): void => {
    if (event.nativeEvent.isComposing) return
    const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
    if (isKeyOf(event.nativeEvent, 'palette')) closePalette()
    else if (event.key === 'Tab') turn(event.shiftKey ? -1 : 1)
    else if (event.key === 'Enter' && isMod && text.trim() !== '' && !isFirstRun) {
      pick({ kind: 'new-chat', key: 'new-chat', text: text.trim() })
    } else if (event.key === 'Enter' && isBusy && reached === null && groups[0]?.key !== 'chats' && !isSure) {
      // The chats that are about to come stand above what is there: they are meant.
      setIsAwaited(true)
    } else return
    event.preventDefault()
  }

  return (
    <Dialog.Root
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) closePalette()
      }}
    >
      <Dialog.Portal>
        <Dialog.Backdrop className="layer-modal fixed inset-0 bg-scrim transition-opacity duration-(--d-base) data-starting-style:opacity-0" />
        <Dialog.Viewport className="layer-modal fixed inset-0 px-2 max-narrow:px-2">
          <Dialog.Popup
            aria-label={t('actions:palette.label')}
            initialFocus={field}
            finalFocus={() => (hasLed.current ? false : opener?.isConnected === true ? opener : focusComposer())}
            className="drag-none mx-auto mt-24 flex max-h-[min(620px,calc(100%-112px))] w-160 max-w-full flex-col overflow-hidden rounded-xl border border-transparent bg-raised shadow-e3 outline-none transition-[opacity,translate] duration-(--d-base) data-starting-style:translate-y-1 data-starting-style:opacity-0 max-narrow:mt-4 max-narrow:max-h-[calc(100%-32px)]"
          >
            <Command
              shouldFilter={false}
              loop
              label={t('actions:palette.label')}
              value={active?.key ?? ''}
              onValueChange={setReached}
              onKeyDown={steer}
              className="flex min-h-0 flex-col"
            >
              <div className="flex flex-none flex-wrap items-center gap-x-3 border-b border-line ps-5 pe-4 max-narrow:ps-4 max-narrow:pb-2">
                <Icon of={Search} size={18} className="flex-none text-ink-3" />
                <Command.Input
                  ref={takeField}
                  value={text}
                  maxLength={MAX_QUERY_LENGTH}
                  onValueChange={(value) => {
                    setText(value)
                    setReached(null)
                    setIsAwaited(false)
                  }}
                  aria-label={t('actions:palette.label')}
                  placeholder={t('actions:palette.placeholder')}
                  className="h-13.5 min-w-32 flex-1 bg-transparent text-[16px]/6 text-ink-1 outline-none placeholder:text-ink-3"
                />
                {!isFirstRun && (
                  <div
                    role="group"
                    aria-label={t('actions:palette.filters')}
                    className="flex flex-none gap-1 max-narrow:w-full max-narrow:overflow-x-auto"
                  >
                    {FILTERS.map((each) => (
                      <button
                        key={each}
                        type="button"
                        tabIndex={-1}
                        aria-pressed={filter === each}
                        className="flex h-7 flex-none items-center rounded-m border border-transparent px-2 text-meta font-medium text-ink-2 hover:bg-hovered aria-pressed:bg-selected aria-pressed:text-ink-1 forced-colors:aria-pressed:border-[Highlight]"
                        onClick={() => {
                          look(each)
                          field.current?.focus()
                        }}
                      >
                        {t(`actions:palette.filter.${each}`)}
                      </button>
                    ))}
                  </div>
                )}
              </div>
              <Command.List
                label={t('actions:palette.label')}
                aria-busy={isBusy}
                className="min-h-0 flex-1 overflow-y-auto overscroll-contain px-2 py-1"
              >
                {groups.map(({ key, heading, items: ofGroup, more }) => (
                  <Command.Group
                    key={key}
                    heading={key === 'chats' && text.trim() !== '' ? matchesOf(hits) : heading}
                    className="pb-1 [&>[cmdk-group-heading]]:px-3 [&>[cmdk-group-heading]]:pt-2 [&>[cmdk-group-heading]]:pb-1 [&>[cmdk-group-heading]]:text-meta [&>[cmdk-group-heading]]:font-medium [&>[cmdk-group-heading]]:text-ink-3"
                  >
                    {ofGroup.map((item) => (
                      <Line key={item.key} item={item} onPick={() => pick(item)} />
                    ))}
                    {more > 0 && (
                      <div role="presentation" className="px-3 py-1 text-meta text-ink-3">
                        {t('actions:palette.more', { count: more, value: figures.whole(more) })}
                      </div>
                    )}
                  </Command.Group>
                ))}
                {items.length === 0 && !isBusy && (
                  <div role="presentation" className="px-3 py-6 text-center text-ui break-words text-ink-2">
                    {t('actions:palette.none', { text: text.trim() })}
                  </div>
                )}
              </Command.List>
              <p role="status" className="sr-only">
                {isBusy
                  ? ''
                  : items.length === 0
                    ? t('actions:palette.none', { text: text.trim() })
                    : t('actions:palette.results', { count: items.length, value: figures.whole(items.length) })}
              </p>
              <Hints isMatch={active?.kind === 'hit' && active.hit.messageId !== null} hasFilters={!isFirstRun} />
            </Command>
          </Dialog.Popup>
        </Dialog.Viewport>
      </Dialog.Portal>
    </Dialog.Root>
  )
}

/** For a palette that was opened over a menu, which is gone. True, the usual place, where there is no composer. */
function focusComposer(): boolean {
  const isChat = useStore.getState().view.name === 'chat'
  if (isChat) focusChat('chat')
  return !isChat
}

/** Goes where an item leads. */
function follow(item: Item): void {
  const { currentId, view } = useStore.getState()
  switch (item.kind) {
    case 'chat':
      void showConversation(item.summary.id)
      return
    case 'hit': {
      const { conversationId, messageId, snippet, marks } = item.hit
      const words = [...new Set(marks.map(([start, end]) => snippet.slice(start, end)))]
      void (messageId === null ? showConversation(conversationId) : showMessage(conversationId, messageId, words))
      return
    }
    case 'action':
      // Once the palette has let go of the focus, which some actions take.
      requestAnimationFrame(() => {
        runAction(item.id)
        // One that takes none leaves the keys to nobody.
        requestAnimationFrame(() => {
          if (document.activeElement === document.body && useStore.getState().view.name === 'chat') focusChat('chat')
        })
      })
      return
    case 'new-chat':
      showNewConversation()
      // One that was begun has its words still.
      changeDraft(useStore.getState().currentId, (draft) => ({
        ...draft,
        text: [draft.text, item.text].filter((part) => part !== '').join('\n\n'),
      }))
      return
    case 'model': {
      const { backendId } = choiceOf(useStore.getState(), currentId)
      const picked = { backendId, provider: item.row.provider, model: item.row.model }
      choose(currentId, picked)
      void rememberModel(picked)
      if (picked.provider !== null) void needModels(backendId, picked.provider)
      focusChat(view.name)
      return
    }
    case 'backend': {
      const chosen = backendOf(useStore.getState(), item.backendId)
      // It may have been removed while it stood here.
      if (chosen !== null) choose(currentId, choiceFor(chosen))
      focusChat(view.name)
      return
    }
    case 'setting':
      if (item.setting === null) showSettings(item.page)
      else showSettings(item.page, item.page === 'backends' ? formBackendId() : undefined, undefined, item.setting.name)
  }
}

/** The backend whose form has the fields: that of the chat on show, or the first; the Guide has none. */
function formBackendId(): string | undefined {
  const state = useStore.getState()
  const { backendId } = choiceOf(state, state.currentId)
  const isForm = backendOf(state, backendId)?.isBuiltIn === false
  return isForm ? backendId : state.backends.find(({ isBuiltIn }) => !isBuiltIn)?.profile.id
}

function focusChat(view: string): void {
  if (view !== 'chat') showChat()
  useStore.setState(({ focusRequests }) => ({ focusRequests: focusRequests + 1 }))
}

interface LineProps {
  item: Item
  onPick: () => void
}

function Line({ item, onPick }: LineProps) {
  return (
    <Command.Item
      value={item.key}
      onSelect={onPick}
      className="group flex min-h-9 cursor-default items-start gap-3.5 rounded-l border border-transparent px-3 py-2 text-ui text-ink-1 aria-selected:bg-selected forced-colors:aria-selected:bg-[Highlight] forced-colors:aria-selected:text-[HighlightText]"
    >
      <LineContent item={item} />
    </Command.Item>
  )
}

function LineContent({ item }: { item: Item }) {
  const { t } = useTranslation()
  const listed = useListedDate()
  const origin = useStore((state) =>
    item.kind === 'hit'
      ? state.conversations.get(item.hit.conversationId)
      : item.kind === 'chat'
        ? item.summary
        : undefined,
  )
  const chatIcon = origin?.isTemporary === true ? MessageCircleDashed : ORIGIN_ICONS[origin?.origin ?? 'window']
  switch (item.kind) {
    case 'chat':
      return (
        <Named icon={chatIcon} end={listed(item.summary.updatedAt)}>
          {item.summary.title === '' ? t('chat:sidebar.untitled') : item.summary.title}
        </Named>
      )
    case 'hit': {
      const { title, messageId, snippet, marks, updatedAt } = item.hit
      return (
        <Named
          icon={chatIcon}
          end={listed(updatedAt)}
          {...(messageId === null ? {} : { below: <Marked text={snippet} marks={marks} /> })}
        >
          {messageId === null ? (
            <Marked text={snippet} marks={marks} />
          ) : title === '' ? (
            t('chat:sidebar.untitled')
          ) : (
            title
          )}
        </Named>
      )
    }
    case 'action':
      return (
        <Named
          icon={ChevronRight}
          end={item.accelerator === null ? null : <Kbd keys={capsOf(item.accelerator)} className="" />}
        >
          {item.name}
        </Named>
      )
    case 'new-chat':
      return (
        <Named icon={SquarePen} end={<Kbd keys={['Mod', 'Enter']} className="" />}>
          {t('actions:palette.newChat', { text: item.text })}
        </Named>
      )
    case 'model':
      return (
        <Named icon={Bot} end={item.row.providerLabel}>
          {item.row.label}
        </Named>
      )
    case 'backend':
      return <BackendLine item={item} />
    case 'setting':
      return (
        <Named icon={Settings} end={item.setting === null ? null : t(`settings:pages.${item.page}`)}>
          {item.name}
        </Named>
      )
  }
}

function BackendLine({ item }: { item: Extract<Item, { kind: 'backend' }> }) {
  const { t } = useTranslation()
  const connection = useStore((state) => connectionOf(state, item.backendId))
  return (
    <>
      <span className="flex size-5 flex-none items-center justify-center">
        <StatusDot connection={connection} />
      </span>
      <bdi className="min-w-0 flex-1 truncate font-label">{item.name}</bdi>
      <span className="flex-none text-meta text-ink-3 group-aria-selected:text-ink-2">
        {item.isChosen ? t('actions:palette.inUse') : t(`settings:backends.status.${connection}`)}
      </span>
    </>
  )
}

interface NamedProps {
  icon: LucideIcon
  end: ReactNode
  below?: ReactNode
  children: ReactNode
}

function Named({ icon, end, below, children }: NamedProps) {
  return (
    <>
      <Icon of={icon} className="mt-0.5 flex-none text-ink-3" />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-3">
          <bdi className="min-w-0 flex-1 truncate font-label">{children}</bdi>
          <span className="tabular max-w-1/2 flex-none truncate text-meta text-ink-3 group-aria-selected:text-ink-2">
            {end}
          </span>
        </span>
        {below !== undefined && (
          <span dir="auto" className="block truncate text-ink-2 [text-align:-webkit-match-parent]">
            {below}
          </span>
        )}
      </span>
    </>
  )
}

/** The keys that work here. */
function Hints({ isMatch, hasFilters }: { isMatch: boolean; hasFilters: boolean }) {
  const { t } = useTranslation()
  const hints: { keys: readonly (readonly Key[])[]; text: string }[] = [
    { keys: [['Up'], ['Down']], text: 'move' },
    { keys: [['Enter']], text: isMatch ? 'openMatch' : 'open' },
    ...(hasFilters ? [{ keys: [['Tab']] as const, text: 'next' }] : []),
    { keys: [['Esc']], text: 'close' },
  ]
  return (
    <div className="flex flex-none flex-wrap gap-x-4.5 border-t border-line px-4 py-2.75 text-meta text-ink-3 max-narrow:hidden">
      {hints.map(({ keys, text }) => (
        <span key={text} className="flex items-center gap-1.5">
          {keys.map((pressed) => (
            <Kbd key={pressed.join()} keys={pressed} />
          ))}
          {t(`actions:palette.${text}`)}
        </span>
      ))}
    </div>
  )
}
