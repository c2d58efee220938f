import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Accelerator } from '../../shared/accelerator'
import { ACTIONS, type ActionId } from '../../shared/actions'
import type { SearchHit } from '../../shared/contract'
import type { ConversationSummary } from '../../shared/conversation'
import { texts } from '../../shared/i18n'
import { useActionKeys } from '../actions/keys'
import { useOffers } from '../actions/offers'
import { keyStateOf, rowsOf, type ModelRow } from '../chat/model-rows'
import { SETTINGS_PAGES, SINGLE_SETTINGS, type SingleSetting } from '../settings/single-settings'
import type { Answered } from '../sidebar/search'
import { backendOf, choiceOf, useStore, type SettingsPageId } from '../store/state'
import { best, FIT, folded, queryOf, type Fit, type Query } from './rank'

export type Filter = 'all' | 'chats' | 'actions' | 'models' | 'settings'

const FILTERS: readonly Filter[] = ['all', 'chats', 'actions', 'models', 'settings']
/** Before there is a backend nothing else can be reached. */
const FIRST_RUN_FILTERS: readonly Filter[] = ['all', 'actions', 'settings']

/** What can be searched at present. */
export function useFilters(): readonly Filter[] {
  return useStore((state) => (state.settings.activeBackendId === null ? FIRST_RUN_FILTERS : FILTERS))
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
export function useFound(text: string, filter: Filter, answered: Answered | null): Group[] {
  const { t } = useTranslation()
  const query = useMemo(() => queryOf(text), [text])
  const chats = useChats(text, filter, answered)
  const actions = useActions(query)
  const models = useModels(query, filter === 'models' ? MANY : FEW)
  const backends = useBackends(query)
  const isFirstRun = !useFilters().includes('chats')
  const settings = useSettings(query, filter === 'settings' ? MANY : FEW)
  return useMemo(() => {
    const isEmpty = query.text === ''
    const about = text.trim()
    const fresh: Group[] =
      isEmpty || isFirstRun || (filter !== 'all' && filter !== 'chats')
        ? []
        : [{ key: 'new', heading: null, items: [{ kind: 'new-chat', key: 'new-chat', text: about }], more: 0 }]
    const of: Record<Exclude<Filter, 'all'>, Ranked[]> = {
      chats: [chats],
      actions: [actions],
      models: [backends, models],
      settings: [settings],
    }
    const wanted =
      filter !== 'all'
        ? of[filter]
        : isFirstRun
          ? [actions, settings]
          : isEmpty
            ? [chats, actions]
            : [chats, actions, settings, backends, models]
    const present = wanted.filter(({ items }) => items.length > 0)
    return [...(filter === 'all' && !isEmpty ? inOrder(present) : present), ...fresh].map(
      ({ key, heading, items, more }) => ({ key, heading: heading ?? t('actions:palette.actions'), items, more }),
    )
  }, [t, query, text, filter, isFirstRun, chats, actions, models, backends, settings])
}

/**
 * What has its name begin with the words that were typed comes before chats, which only have them somewhere; else chats come
 * first. They arrive a moment later than the rest, and so do not push away what was meant.
 */
function inOrder(groups: readonly Ranked[]): Ranked[] {
  const place = ({ key, fit }: Ranked): number => (key === 'chats' ? FIT.inside + 0.5 : fit)
  return [...groups].sort((a, b) => place(b) - place(a))
}

function useChats(text: string, filter: Filter, answered: Answered | null): Ranked {
  const { t } = useTranslation()
  const conversations = useStore((state) => state.conversations)
  const currentId = useStore((state) => state.currentId)
  return useMemo(() => {
    const limit = filter === 'chats' ? MANY : FEW
    if (text.trim() === '') {
      const latest = [...conversations.values()]
        .filter(({ id }) => id !== currentId)
        .sort((a, b) => b.updatedAt - a.updatedAt)
        .slice(0, filter === 'chats' ? MANY : RECENT)
      const items = latest.map((summary): Item => ({ kind: 'chat', key: `chat ${summary.id}`, summary }))
      return { key: 'chats', heading: t('actions:palette.recent'), items, more: 0, fit: FIT.inside }
    }
    // What is deleted meanwhile goes from what was found as well.
    const hits = (answered?.result?.hits ?? []).filter(({ conversationId }) => conversations.has(conversationId))
    const items = hits
      .slice(0, limit)
      .map((hit): Item => ({ kind: 'hit', key: `hit ${hit.conversationId} ${hit.messageId ?? ''}`, hit }))
    return {
      key: 'chats',
      heading: t('actions:palette.chats'),
      items,
      more: hits.length - items.length,
      fit: FIT.inside,
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
    return { key: 'actions', heading: t('actions:palette.actions'), items: found.items, more: 0, fit: found.fit }
  }, [t, keys, offers, query])
}

/** Other words for an action, of both languages: who reads one often writes the other. */
function synonymsOf(id: ActionId): string {
  return (['en', 'ru'] as const)
    .map((locale): Partial<Record<ActionId, string>> => texts[locale].actions.synonyms)
    .flatMap((synonyms) => synonyms[id] ?? [])
    .join(' ')
}

function useModels(query: Query, limit: number): Ranked {
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
    const { items, fit, total } = best(rows, ({ name }) => name, query, limit)
    return {
      key: 'models',
      heading: t('actions:palette.models'),
      items: items.map(({ row }): Item => ({ kind: 'model', key: `model ${row.key}`, row })),
      more: total - items.length,
      fit,
    }
  }, [t, rows, query, limit])
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
    }
  }, [t, backends, chosenId, query])
}

function useSettings(query: Query, limit: number): Ranked {
  const { t } = useTranslation()
  const all = useMemo(() => {
    const pages = SETTINGS_PAGES.map((page) => ({
      page,
      setting: null,
      name: `${t('settings:title')}: ${t(`settings:pages.${page}`)}`,
      text: folded(`${t(`settings:pages.${page}`)} ${t('settings:title')}`),
    }))
    const single = SINGLE_SETTINGS.map((setting) => ({
      page: setting.page,
      setting,
      name: t(setting.name),
      text: folded(`${t(setting.name)} ${setting.help === undefined ? '' : t(setting.help)}`),
    }))
    return [...pages, ...single]
  }, [t])
  return useMemo(() => {
    const { items, fit, total } = best(all, ({ text }) => text, query, limit)
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
    }
  }, [t, all, query, limit])
}
