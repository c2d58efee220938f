import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Accelerator } from '../../shared/accelerator'
import { ACTIONS, type ActionId } from '../../shared/actions'
import type { SearchHit, SearchPart } from '../../shared/contract'
import type { ConversationSummary } from '../../shared/conversation'
import { texts } from '../../shared/i18n'
import { useActionKeys } from '../actions/keys'
import { useOffers } from '../actions/offers'
import { keyStateOf, rowsOf, type ModelRow } from '../chat/model-rows'
import { SETTINGS_PAGES, settingsFor, type SingleSetting } from '../settings/single-settings'
import type { Answered } from '../sidebar/search'
import { backendOf, choiceOf, useStore, type SettingsPageId } from '../store/state'
import { best, FIT, folded, queryOf, type Fit, type Query } from './rank'

/** What of the chats is searched; all but `all` leaves out everything that is no chat. */
export const FILTERS: readonly SearchPart[] = ['all', 'titles', 'questions', 'answers']

/** Before there is a backend there is no chat, and none can be begun. */
export function useIsFirstRun(): boolean {
  return useStore((state) => state.settings.activeBackendId === null)
}

/** One line of the palette, by what it leads to. `key` is its own among all. */
export type Item =
  | { kind: 'chat'; key: string; summary: ConversationSummary }
  | { kind: 'hit'; key: string; hit: SearchHit }
  | { kind: 'action'; key: string; id: ActionId; name: string; accelerator: Accelerator | null }
  | { kind: 'new-chat'; key: string; text: string }
  | { kind: 'model'; key: string; row: ModelRow }
  | { kind: 'backend'; key: string; backendId: string; name: string; isChosen: boolean }
  | { kind: 'setting'; key: string; page: SettingsPageId; setting: SingleSetting | null; name: string }

export interface Group {
  /** The whole name of its first item was typed: nothing else can be meant. */
  isNamed: boolean
  key: 'chats' | 'actions' | 'models' | 'backends' | 'settings' | 'new'
  heading: string | null
  items: readonly Item[]
  /** So many more there are than are shown. */
  more: number
}

/** In a list of all kinds, and in a list of one. */
const FEW = 6
const MANY = 50
const RECENT = 6

interface Ranked extends Group {
  fit: Fit
}

/** What is found for what was typed, in groups; nothing typed shows the latest chats and what can be done. */
export function useFound(text: string, filter: SearchPart, answered: Answered | null): Group[] {
  const { t } = useTranslation()
  const query = useMemo(() => queryOf(text), [text])
  const chats = useChats(text, filter, answered)
  const actions = useActions(query)
  const models = useModels(query)
  const backends = useBackends(query)
  const isFirstRun = useIsFirstRun()
  const settings = useSettings(query)
  return useMemo(() => {
    const isEmpty = query.text === ''
    const about = text.trim()
    const fresh: Group[] =
      isEmpty || isFirstRun
        ? []
        : [
            {
              key: 'new',
              heading: null,
              items: [{ kind: 'new-chat', key: 'new-chat', text: about }],
              more: 0,
              isNamed: false,
            },
          ]
    const wanted = isFirstRun
      ? [actions, settings]
      : filter !== 'all'
        ? [chats]
        : isEmpty
          ? [chats, actions]
          : [chats, actions, settings, backends, models]
    const present = wanted.filter(({ items }) => items.length > 0)
    return [...(filter === 'all' && !isEmpty ? inOrder(present) : present), ...fresh].map(
      ({ key, heading, items, more, isNamed: isMeant }) => ({
        key,
        heading: heading ?? t('actions:palette.actions'),
        items,
        more,
        isNamed: isMeant,
      }),
    )
  }, [t, query, text, filter, isFirstRun, chats, actions, models, backends, settings])
}

/**
 * Chats first [21], then what fits best. Only an action or a setting whose whole name was typed stands before them: whoever
 * types all of "New chat" does not look for one in which the words occur.
 */
function inOrder(groups: readonly Ranked[]): Ranked[] {
  const place = ({ key, fit, isNamed }: Ranked): number => (isNamed ? 6 : key === 'chats' ? 5 : fit)
  return [...groups].sort((a, b) => place(b) - place(a))
}

function isNamed(name: string | undefined, query: Query): boolean {
  return name !== undefined && folded(name) === query.text
}

function useChats(text: string, filter: SearchPart, answered: Answered | null): Ranked {
  const { t } = useTranslation()
  const conversations = useStore((state) => state.conversations)
  const currentId = useStore((state) => state.currentId)
  return useMemo(() => {
    const limit = filter === 'all' ? FEW : MANY
    if (text.trim() === '') {
      const latest = [...conversations.values()]
        .filter(({ id }) => id !== currentId)
        .sort((a, b) => b.updatedAt - a.updatedAt)
        .slice(0, filter === 'all' ? RECENT : MANY)
      const items = latest.map((summary): Item => ({ kind: 'chat', key: `chat ${summary.id}`, summary }))
      return { key: 'chats', heading: t('actions:palette.recent'), items, more: 0, fit: FIT.inside, isNamed: false }
    }
    // What is deleted meanwhile goes from what was found as well.
    const present = answered?.part === filter ? answered : null
    const hits = (present?.result?.hits ?? []).filter(({ conversationId }) => conversations.has(conversationId))
    const items = hits
      .slice(0, limit)
      .map((hit): Item => ({ kind: 'hit', key: `hit ${hit.conversationId} ${hit.messageId ?? ''}`, hit }))
    return {
      key: 'chats',
      heading: t('actions:palette.chats'),
      items,
      more: hits.length - items.length,
      fit: FIT.inside,
      isNamed: false,
    }
  }, [t, text, filter, conversations, currentId, answered])
}

/** What a palette can do for somebody who is in it already, or only a key in its place can. */
const NOT_LISTED: readonly ActionId[] = ['palette', 'next-area', 'previous-area', 'favourite', 'settings']

function useActions(query: Query): Ranked {
  const { t } = useTranslation()
  const keys = useActionKeys()
  const offers = useOffers()
  return useMemo(() => {
    const possible = ACTIONS.filter(({ id }) => offers.has(id) && !NOT_LISTED.includes(id)).map(({ id }) => ({
      kind: 'action' as const,
      key: `action ${id}`,
      id,
      name: t(`actions:names.${id}`),
      accelerator: keys.get(id) ?? null,
    }))
    const found = best(possible, ({ id, name }) => folded(`${name} ${synonymsOf(id)}`), query, MANY)
    return {
      key: 'actions',
      heading: t('actions:palette.actions'),
      items: found.items,
      more: 0,
      fit: found.fit,
      isNamed: isNamed(found.items[0]?.name, query),
    }
  }, [t, keys, offers, query])
}

/** Other words for an action, of both languages: who reads one often writes the other. */
function synonymsOf(id: ActionId): string {
  return (['en', 'ru'] as const)
    .map((locale): Partial<Record<ActionId, string>> => texts[locale].actions.synonyms)
    .flatMap((synonyms) => synonyms[id] ?? [])
    .join(' ')
}

function useModels(query: Query): Ranked {
  const { t } = useTranslation()
  const backendId = useStore((state) => choiceOf(state, state.currentId).backendId)
  const view = useStore((state) => backendOf(state, backendId))
  const providers = useStore((state) => state.catalogues.get(backendId)?.catalogue?.providers)
  const rows = useMemo(() => {
    const texts = {
      automatic: t('chat:header.automatic'),
      anyProvider: t('chat:picker.anyProvider'),
      defaultModel: t('chat:header.defaultModel'),
      favourites: '',
      recents: '',
    }
    if (view === null || view.isBuiltIn) return []
    const { groups } = rowsOf(providers ?? [], (provider) => keyStateOf(view, provider), texts)
    return groups.flatMap(({ rows: ofProvider }) =>
      ofProvider.map((row) => ({ row, name: folded(`${row.label} ${row.model ?? ''} ${row.providerLabel ?? ''}`) })),
    )
  }, [t, view, providers])
  return useMemo(() => {
    const { items, fit, total } = best(rows, ({ name }) => name, query, FEW)
    return {
      key: 'models',
      heading: t('actions:palette.models'),
      items: items.map(({ row }): Item => ({ kind: 'model', key: `model ${row.key}`, row })),
      more: total - items.length,
      fit,
      isNamed: false,
    }
  }, [t, rows, query])
}

function useBackends(query: Query): Ranked {
  const { t } = useTranslation()
  const backends = useStore((state) => state.backends)
  const chosenId = useStore((state) => choiceOf(state, state.currentId).backendId)
  return useMemo(() => {
    const { items, fit, total } = best(backends, ({ profile }) => folded(profile.name), query, MANY)
    return {
      key: 'backends',
      heading: t('actions:palette.backends'),
      items: items.map(({ profile }): Item => ({
        kind: 'backend',
        key: `backend ${profile.id}`,
        backendId: profile.id,
        name: profile.name,
        isChosen: profile.id === chosenId,
      })),
      more: total - items.length,
      fit,
      isNamed: false,
    }
  }, [t, backends, chosenId, query])
}

function useSettings(query: Query): Ranked {
  const { t } = useTranslation()
  const known = useStore((state) => state.backends)
  const all = useMemo(() => {
    const pages = SETTINGS_PAGES.map((page) => ({
      page,
      setting: null,
      name: `${t('settings:title')}: ${t(`settings:pages.${page}`)}`,
      text: folded(`${t(`settings:pages.${page}`)} ${t('settings:title')}`),
    }))
    const single = settingsFor(known).map((setting) => ({
      page: setting.page,
      setting,
      name: t(setting.name),
      text: folded(`${t(setting.name)} ${setting.help === undefined ? '' : t(setting.help)}`),
    }))
    return [...pages, ...single]
  }, [t, known])
  return useMemo(() => {
    const { items, fit, total } = best(all, ({ text }) => text, query, FEW)
    return {
      key: 'settings',
      heading: t('actions:palette.settings'),
      items: items.map(({ page, setting, name }): Item => ({
        kind: 'setting',
        key: `setting ${page} ${setting?.name ?? ''}`,
        page,
        setting,
        name,
      })),
      more: total - items.length,
      fit,
      isNamed: isNamed(items[0]?.name, query),
    }
  }, [t, all, query])
}
