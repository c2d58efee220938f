import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  keyOf,
  keyStateOf,
  narrow,
  rowsOf,
  unlistedRow,
  type Filter,
  type KeyState,
  type RowGroup,
} from '../../../src/renderer/chat/model-rows'
import { HEADING_PX, placesOf, ROW_PX, scrollFor, seenIn } from '../../../src/renderer/chat/row-places'
import type { CatalogueModel, CatalogueProvider } from '../../../src/shared/contract'
import type { SecretState } from '../../../src/shared/settings'
import { shortestMs } from '../../support/shortest'

const texts = {
  automatic: 'Automatic',
  anyProvider: 'Any provider',
  defaultModel: 'Default model',
  favourites: 'Favourites',
  recents: 'Recently used',
}
const model = (id: string, more: Partial<CatalogueModel> = {}): CatalogueModel => ({
  id,
  label: id,
  isDefault: false,
  hasVision: false,
  makes: [],
  ...more,
})
const provider = (
  name: string,
  models: CatalogueModel[],
  more: Partial<CatalogueProvider> = {},
): CatalogueProvider => ({
  name,
  label: `${name} label`,
  needsKey: false,
  loginUrl: null,
  hasVision: false,
  makes: [],
  hasModelDetails: true,
  models,
  ...more,
})

const providers = [
  provider('Open', [model('claude', { hasVision: true })], { needsKey: true }),
  provider('Pollen', [model('flux', { makes: ['image'] }), model('gpt-audio', { hasVision: true, makes: ['audio'] })]),
  provider('AnyProvider', [model('gpt-4o', { hasVision: true }), model('o1')]),
  provider('Deep', [model('llama'), model('org/qwen', { label: 'Qwen' })], { needsKey: true }),
  provider('Bare', []),
  provider('Names', [model('n', { hasVision: true, makes: ['image'] })], { hasModelDetails: false, hasVision: true }),
]
const states: Record<string, KeyState> = { Open: 'missing', Deep: 'set' }
const rows = rowsOf(providers, ({ name }) => states[name] ?? 'free', texts)
const nothing = { favourites: [], recents: [] }
const all = { query: '', filter: 'all' as Filter }
const outline = (groups: readonly RowGroup[]): string[] =>
  groups.map((group) => `${group.heading ?? '-'}: ${group.rows.map(({ label }) => label).join(', ')}`)
const key = (of: string | null, id: string | null): string => keyOf({ provider: of, model: id })

describe('the rows of the picker', () => {
  it('stand by provider: with a key, any, free, without its key; automatic first', () => {
    expect(outline(narrow(rows, all, nothing, texts))).toEqual([
      '-: Automatic',
      'Deep label: llama, Qwen',
      'Any provider: gpt-4o, o1',
      'Pollen label: flux, gpt-audio',
      'Bare label: Default model',
      'Names label: n',
      'Open label: claude',
    ])
  })

  it('choose what they say: without a provider where the backend chooses it', () => {
    expect(rows.byKey.get(key('AnyProvider', 'o1'))).toMatchObject({ provider: null, model: 'o1' })
    expect(rows.byKey.get(key(null, 'o1'))?.providerLabel).toBe('Any provider')
    expect(rows.byKey.get(key('Deep', 'org/qwen'))).toMatchObject({
      provider: 'Deep',
      model: 'org/qwen',
      label: 'Qwen',
    })
    expect(rows.byKey.get(key('Bare', null))).toMatchObject({ provider: 'Bare', model: null })
    expect(key(null, null)).toBe(key('AnyProvider', null))
  })

  it('show favourites and what was chosen last above, and each model once', () => {
    const marked = {
      favourites: [key('Deep', 'org/qwen'), key('Deep', 'gone'), key(null, 'gpt-4o')],
      recents: [key(null, 'gpt-4o'), key('Open', 'claude')],
    }
    const groups = narrow(rows, all, marked, texts)
    expect(outline(groups).slice(0, 5)).toEqual([
      '-: Automatic',
      'Favourites: Qwen, gpt-4o',
      'Recently used: claude',
      'Deep label: llama',
      'Any provider: o1',
    ])
    expect(outline(groups).some((line) => line.startsWith('Open'))).toBe(false)
    const keys = groups.flatMap((group) => group.rows.map((row) => row.key))
    expect(new Set(keys).size).toBe(keys.length)
  })

  it.each([
    ['CLAUDE', ['Open label: claude']],
    ['open', ['Open label: claude']],
    ['pollen audio', ['Pollen label: gpt-audio']],
    ['org/q', ['Deep label: Qwen']],
    ['  gpt  ', ['Any provider: gpt-4o', 'Pollen label: gpt-audio']],
    ['auto', ['-: Automatic']],
    ['nothing like it', []],
    ['(', []],
  ])('search %j finds %j', (query, expected) => {
    expect(outline(narrow(rows, { query, filter: 'all' }, nothing, texts))).toEqual(expected)
  })

  it.each([
    ['vision', ['Any provider: gpt-4o', 'Pollen label: gpt-audio', 'Open label: claude']],
    ['image', ['Pollen label: flux']],
    ['audio', ['Pollen label: gpt-audio']],
    [
      'free',
      [
        '-: Automatic',
        'Any provider: gpt-4o, o1',
        'Pollen label: flux, gpt-audio',
        'Bare label: Default model',
        'Names label: n',
      ],
    ],
  ] as const)('the filter %s leaves only what is known to fit', (filter, expected) => {
    expect(outline(narrow(rows, { query: '', filter }, nothing, texts))).toEqual(expected)
  })

  it('say nothing of abilities that only some models of a provider have', () => {
    expect(rows.byKey.get(key('Names', 'n'))).toMatchObject({ isKnown: false, abilities: [] })
    expect(rows.groups.find((group) => group.provider === 'Names')?.mayHave).toEqual(['vision'])
    expect(rows.byKey.get(key('Pollen', 'gpt-audio'))?.abilities).toEqual(['vision', 'audio'])
  })

  it('know whether a provider has its key', () => {
    const set: SecretState = { kind: 'set', tail: 'abcd', origin: 'x', kept: 'keychain' }
    const unset: SecretState = { kind: 'unset' }
    const view = {
      apiKey: unset,
      providerKeys: [
        { provider: 'A', key: set },
        { provider: 'B', key: unset },
      ],
    }
    expect(keyStateOf(view, { name: 'A', needsKey: true })).toBe('set')
    expect(keyStateOf(view, { name: 'A', needsKey: false })).toBe('set')
    expect(keyStateOf(view, { name: 'B', needsKey: true })).toBe('missing')
    expect(keyStateOf(view, { name: 'C', needsKey: false })).toBe('free')
    expect(keyStateOf({ ...view, apiKey: set }, { name: 'B', needsKey: true })).toBe('set')
    expect(keyStateOf(null, { name: 'B', needsKey: true })).toBe('missing')
  })

  it('S39 of 10,000 providers are narrowed while somebody types', () => {
    const many = Array.from({ length: 10_000 }, (_, index) =>
      provider(`P${String(index)}`, [model(`first ${String(index)}`), model(`second ${String(index)}`)]),
    )
    const big = rowsOf(many, () => 'free', texts)
    expect(big.byKey.size).toBe(20_000)
    for (const query of ['s', 'se', 'second', 'second 77', '']) {
      // 50 ms are allowed for a key, drawing included.
      const ms = shortestMs(50, () => narrow(big, { query, filter: 'all' }, nothing, texts))
      expect(ms, query).toBeLessThan(50)
    }
    expect(narrow(big, { query: 'second 77 p77', filter: 'all' }, nothing, texts)).toHaveLength(111)
  })
})

describe('the places of the rows', () => {
  const group = (at: number, count: number, isBare: boolean): RowGroup => ({
    key: `g${String(at)}`,
    heading: isBare ? null : `Group ${String(at)}`,
    provider: null,
    keyState: null,
    hasDetails: true,
    mayHave: [],
    rows: Array.from({ length: count }, (_, index) => ({
      ...rows.groups[0]!.rows[0]!,
      key: `${String(at)} ${String(index)}`,
    })),
  })
  const groupsOf = fc
    .array(fc.tuple(fc.integer({ min: 1, max: 40 }), fc.boolean()), { minLength: 1, maxLength: 30 })
    .map((counts) => counts.map(([count, isBare], at) => group(at, count, isBare)))

  it('draw each row in sight, in its order, and few others', () => {
    fc.assert(
      fc.property(groupsOf, fc.nat(20_000), fc.integer({ min: 40, max: 600 }), (groups, from, view) => {
        const places = placesOf(groups)
        const fromPx = Math.min(from, places.heightPx)
        const drawn = seenIn(places, fromPx, fromPx + view).flatMap(({ group: { rows: each }, from: first, to }) =>
          each.slice(first, to).map((row) => row.key),
        )
        const inSight = places.groups.flatMap(({ group: { rows: each }, topPx, headingPx }) =>
          each.flatMap((row, index) => {
            const top = topPx + headingPx + index * ROW_PX
            return top + ROW_PX > fromPx && top < fromPx + view ? [row.key] : []
          }),
        )
        expect(drawn).toEqual(inSight)
      }),
    )
  })

  it('scroll no further than is needed to see a row whole, and not beneath its heading', () => {
    fc.assert(
      fc.property(groupsOf, fc.nat(), fc.nat(20_000), fc.integer({ min: 120, max: 600 }), (groups, at, from, view) => {
        const places = placesOf(groups)
        const index = at % places.rows.length
        const place = places.groups.findLast(({ firstIndex }) => firstIndex <= index)!
        const topPx = place.topPx + place.headingPx + (index - place.firstIndex) * ROW_PX
        const scrolled = scrollFor(places, index, from, view)
        const sticky = place.group.heading === null ? 0 : HEADING_PX
        expect(topPx - scrolled).toBeGreaterThanOrEqual(index === 0 ? 0 : sticky)
        expect(topPx + ROW_PX - scrolled).toBeLessThanOrEqual(view)
        // Once in sight it stays where it is.
        expect(scrollFor(places, index, scrolled, view)).toBe(scrolled)
      }),
    )
  })

  it('have room for 20,000 rows, and find a place among them at once', () => {
    const places = placesOf(Array.from({ length: 10_000 }, (_, at) => group(at, 2, false)))
    expect(places.heightPx).toBe(10_000 * (HEADING_PX + 2 * ROW_PX) + 12)
    expect(seenIn(places, 500_000, 500_400).length).toBeLessThan(7)
  })
})

describe('what is in use and not in the list', () => {
  const labels = { provider: 'Lab', model: 'new-model' }

  it('stands beneath the automatic choice, and goes once the list has it', () => {
    const inUse = unlistedRow(rows, { provider: 'Lab', model: 'new-model' }, labels)
    const [first] = narrow(rows, all, { ...nothing, inUse }, texts)
    expect(first?.rows.map(({ label, providerLabel }) => [label, providerLabel])).toEqual([
      ['Automatic', null],
      ['new-model', 'Lab'],
    ])
    expect(unlistedRow(rows, { provider: 'Deep', model: 'llama' }, labels)).toBeNull()
    expect(unlistedRow(rows, { provider: null, model: null }, labels)).toBeNull()
  })

  it('is there while no list has come', () => {
    const none = rowsOf([], () => 'free', texts)
    const inUse = unlistedRow(none, { provider: 'Deep', model: 'llama' }, labels)
    expect(narrow(none, all, { ...nothing, inUse }, texts)[0]?.rows.map(({ key }) => key)).toContain(
      keyOf({ provider: 'Deep', model: 'llama' }),
    )
  })
})
