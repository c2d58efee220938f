import { AUTOMATIC_PROVIDER } from '../../shared/catalogue'
import type { CatalogueProvider, MediaKind } from '../../shared/contract'
import type { BackendView, ModelChoice } from '../../shared/settings'

/** What a model can do, as it is marked on its row. */
export type Ability = 'vision' | MediaKind

export type Filter = 'all' | 'vision' | 'image' | 'audio' | 'free'

export const FILTERS: readonly Filter[] = ['all', 'vision', 'image', 'audio', 'free']

/** Whether a provider answers as things are: with its key, without one, or not before it has one. */
export type KeyState = 'set' | 'free' | 'missing'

/** One model that can be chosen. Null stands for a choice that is left to the backend, or to the provider. */
export interface ModelRow {
  /** The same model has the same key in every part of the list. */
  key: string
  provider: string | null
  model: string | null
  label: string
  /** Of its provider; null for the automatic choice as a whole. */
  providerLabel: string | null
  /** Whether its provider answers as things are; null where nobody speaks of a key. */
  keyState: KeyState | null
  /** Whether it has said what it can do; `abilities` is empty until then. */
  isKnown: boolean
  abilities: readonly Ability[]
  /** What typed words are looked for in. */
  text: string
}

/** A provider with its models, or a part of the list that is made of models of several. */
export interface RowGroup {
  key: string
  /** Null for rows above all headings. */
  heading: string | null
  /** The provider as requests name it; null for a part of several. */
  provider: string | null
  /** Null where no key is spoken of. */
  keyState: KeyState | null
  /** Whether each model has said what it can do. */
  hasDetails: boolean
  /** What some of the models can do, as their provider says. */
  mayHave: readonly Ability[]
  rows: readonly ModelRow[]
}

export interface RowTexts {
  automatic: string
  anyProvider: string
  defaultModel: string
  favourites: string
  recents: string
}

/** All that can be chosen, made once for a catalogue; what is typed only narrows it down. */
export interface ModelRows {
  groups: readonly RowGroup[]
  byKey: ReadonlyMap<string, ModelRow>
}

/** The key of a choice. A provider that stands for the automatic choice is none. */
export function keyOf({ provider, model }: Pick<ModelChoice, 'provider' | 'model'>): string {
  // No name is empty or has a line feed: lists with such names are cleaned of them.
  return `${provider === AUTOMATIC_PROVIDER ? '' : (provider ?? '')}\n${model ?? ''}`
}

/** How a provider of a backend stands with its key; the key of the backend may be meant for its providers, so it counts. */
export function keyStateOf(
  view: Pick<BackendView, 'providerKeys' | 'apiKey'> | null,
  { name, needsKey }: Pick<CatalogueProvider, 'name' | 'needsKey'>,
): KeyState {
  if (view?.providerKeys.some(({ provider, key }) => provider === name && key.kind === 'set') === true) return 'set'
  if (!needsKey) return 'free'
  return view?.apiKey.kind === 'set' ? 'set' : 'missing'
}

/**
 * The rows of a catalogue, by provider: first those that answer with a key, then any provider, then the free ones, then
 * those that lack their key; each in the order of the server.
 */
export function rowsOf(
  providers: readonly CatalogueProvider[],
  keyStateFor: (provider: CatalogueProvider) => KeyState,
  texts: RowTexts,
): ModelRows {
  const groups = providers.map((provider): RowGroup => {
    const { name, hasModelDetails, models } = provider
    const isAutomatic = name === AUTOMATIC_PROVIDER
    const heading = isAutomatic ? texts.anyProvider : provider.label === '' ? name : provider.label
    const keyState = isAutomatic ? null : keyStateFor(provider)
    const of = { provider: isAutomatic ? null : name, providerLabel: heading, keyState, isKnown: hasModelDetails }
    const rows = models.map(({ id, label, hasVision, makes }) => {
      const abilities = hasModelDetails ? abilitiesOf(hasVision, makes) : NONE
      return rowOf({ ...of, model: id, label: label === '' ? id : label, abilities })
    })
    if (rows.length === 0 && !isAutomatic) {
      rows.push(rowOf({ ...of, model: null, label: texts.defaultModel, abilities: NONE }))
    }
    return {
      key: `provider:${name}`,
      heading,
      provider: name,
      keyState,
      hasDetails: hasModelDetails,
      mayHave: abilitiesOf(provider.hasVision, provider.makes),
      rows,
    }
  })
  const sorted = [...groups].sort((a, b) => ORDER.indexOf(a.keyState) - ORDER.indexOf(b.keyState))
  return { groups: sorted, byKey: new Map(sorted.flatMap(({ rows }) => rows.map((row) => [row.key, row] as const))) }
}

const ORDER: readonly (KeyState | null)[] = ['set', null, 'free', 'missing']
const NONE: readonly Ability[] = []

function abilitiesOf(hasVision: boolean, makes: readonly MediaKind[]): readonly Ability[] {
  return hasVision ? ['vision', ...makes] : makes
}

function rowOf(row: Omit<ModelRow, 'key' | 'text'>): ModelRow {
  const { provider, providerLabel, model, label } = row
  return {
    ...row,
    key: keyOf(row),
    text: `${providerLabel ?? ''}\n${provider ?? ''}\n${label}\n${model ?? ''}`.toLowerCase(),
  }
}

export interface Narrowing {
  /** What was typed: each of its words stands in the name of the model or of its provider. */
  query: string
  filter: Filter
}

/** Rows that stand before the providers. */
export interface Marked {
  /** Keys. */
  favourites: readonly string[]
  recents: readonly string[]
  /** What is chosen, when the catalogue does not have it, or not yet: it must be seen all the same. */
  inUse?: ModelRow | null
}

/**
 * The list as it is shown: the automatic choice, favourites, what was chosen last, then the providers. A model stands in
 * one place only. What was chosen last is a short cut, of no use to somebody who types.
 */
export function narrow(
  { groups, byKey }: ModelRows,
  { query, filter }: Narrowing,
  { favourites, recents, inUse = null }: Marked,
  texts: RowTexts,
): RowGroup[] {
  const words = query.toLowerCase().split(/\s+/u).filter(Boolean)
  const isWanted = (row: ModelRow): boolean => fits(row, filter) && words.every((word) => row.text.includes(word))
  const taken = new Set<string>()
  const part = (key: string, heading: string | null, rows: readonly (ModelRow | undefined)[]): RowGroup => {
    const wanted = rows.filter((row) => row !== undefined).filter((row) => !taken.has(row.key) && isWanted(row))
    for (const row of wanted) taken.add(row.key)
    return { key, heading, provider: null, keyState: null, hasDetails: true, mayHave: NONE, rows: wanted }
  }
  const isWhole = words.length === 0 && filter === 'all'
  const none = { provider: null, providerLabel: null, keyState: null, model: null, isKnown: true, abilities: NONE }
  const first = [
    part('automatic', null, [rowOf({ ...none, label: texts.automatic }), inUse ?? undefined]),
    part(
      'favourites',
      texts.favourites,
      favourites.map((key) => byKey.get(key)),
    ),
    part('recents', texts.recents, isWhole ? recents.map((key) => byKey.get(key)) : []),
  ]
  const rest = groups.map((group): RowGroup => {
    if (isWhole && !group.rows.some(({ key }) => taken.has(key))) return group
    return { ...group, rows: group.rows.filter((row) => !taken.has(row.key) && isWanted(row)) }
  })
  return [...first, ...rest].filter(({ rows }) => rows.length > 0)
}

/** What is chosen, as a row, when the catalogue has none for it; null when it has, or when the backend chooses. */
export function unlistedRow(
  { byKey }: ModelRows,
  choice: Pick<ModelChoice, 'provider' | 'model'>,
  labels: { provider: string | null; model: string },
): ModelRow | null {
  const provider = choice.provider === AUTOMATIC_PROVIDER ? null : choice.provider
  const { model } = choice
  if ((provider === null && model === null) || byKey.has(keyOf(choice))) return null
  const of = { provider, providerLabel: labels.provider, keyState: null, isKnown: true, abilities: NONE }
  return rowOf({ ...of, model, label: labels.model })
}

/** The model that was typed, for a server that knows more of them than it lists. */
export function typedRow(typed: string, choice: Pick<ModelChoice, 'provider'>, label: string): ModelRow {
  const provider = choice.provider === AUTOMATIC_PROVIDER ? null : choice.provider
  const of = { provider, providerLabel: provider, keyState: null, isKnown: true, abilities: NONE }
  return rowOf({ ...of, model: typed, label })
}

function fits({ abilities, keyState }: Pick<ModelRow, 'abilities' | 'keyState'>, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true
    case 'free':
      return keyState === null || keyState === 'free'
    case 'vision':
    case 'image':
    case 'audio':
      return abilities.includes(filter)
  }
}
