// @vitest-environment happy-dom
import axe from 'axe-core'
import { act, createRef } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ModelList } from '../../../src/renderer/chat/model-list'
import { loadModelList, ModelListLayer } from '../../../src/renderer/chat/model-list-layer'
import { receiveCatalogueChange } from '../../../src/renderer/store/backends'
import { initialState, useStore, type Choice } from '../../../src/renderer/store/state'
import type { Catalogue, CatalogueModel, CatalogueProvider } from '../../../src/shared/contract'
import type { Result } from '../../../src/shared/errors'
import { newBackendProfile, type BackendView, type Locale, type ModelChoice } from '../../../src/shared/settings'
import { mount } from '../markdown/mount'

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
  label: name,
  needsKey: false,
  loginUrl: null,
  hasVision: false,
  makes: [],
  hasModelDetails: true,
  models,
  ...more,
})
const providers = [
  provider('AnyProvider', [model('gpt-4o', { hasVision: true })]),
  provider('Deep Infra', [model('llama'), model('qwen')], { needsKey: true }),
  provider('Pollen', [model('flux', { makes: ['image'] }), model('audio-1', { hasVision: true, makes: ['audio'] })]),
  provider('Router', [model('claude')], { needsKey: true }),
  provider('Names', [model('n1'), model('n2')], { hasModelDetails: false, hasVision: true }),
]
const described = provider('Names', [model('n1', { hasVision: true }), model('n2')], { hasVision: true })

const view = (): BackendView => ({
  profile: newBackendProfile('home', 'Home server', 'http://127.0.0.1:1'),
  isBuiltIn: false,
  apiKey: { kind: 'unset' },
  headerSecrets: {},
  providerKeys: [{ provider: 'Deep Infra', key: { kind: 'set', tail: 'abcd', origin: 'x', kept: 'keychain' } }],
  proxyPassword: { kind: 'unset' },
  status: { kind: 'unknown' },
})

let calls: { name: string; payload: unknown }[]
let answer: Result<Catalogue>
let close = (): void => undefined

beforeEach(() => {
  calls = []
  answer = { ok: true, value: { providers, isStale: false, error: null } }
  document.body.replaceChildren()
  const request = new Proxy(
    {},
    {
      get: (_, name: string) => async (payload: never) => {
        calls.push({ name, payload })
        // Copied, as between processes.
        if (name === 'backend.catalogue') return structuredClone(answer)
        if (name === 'backend.models') return { ok: true, value: structuredClone(described) }
        if (name === 'settings.set') {
          useStore.setState(({ settings }) => ({ settings: { ...settings, ...(payload as object) } }))
        }
        return { ok: true, value: undefined }
      },
    },
  )
  vi.stubGlobal('parley', { platform: 'linux', role: 'main', request, on: {} })
  useStore.setState({ ...initialState(), backends: [view()] })
})
afterEach(() => close())

const named = (name: string): unknown[] => calls.filter((call) => call.name === name).map(({ payload }) => payload)
const settle = (doing: () => unknown = () => undefined, ms = 20): Promise<void> =>
  act(async () => {
    await doing()
    await new Promise((resolve) => setTimeout(resolve, ms))
  })

interface Opening {
  choice?: Partial<Choice>
  favourites?: ModelChoice[]
  recents?: ModelChoice[]
  locale?: Locale
}

async function open({ choice = {}, favourites = [], recents = [], locale = 'en' }: Opening = {}) {
  useStore.setState(({ settings }) => ({ settings: { ...settings, favourites, recents } }))
  const chosen: Choice[] = []
  const closed = vi.fn()
  const anchor = createRef<HTMLButtonElement>()
  const page = mount(
    <>
      <button ref={anchor}>chip</button>
      <ModelList
        choice={{ backendId: 'home', provider: null, model: null, ...choice }}
        anchor={anchor}
        onChoose={(next) => chosen.push(next)}
        onClose={closed}
      />
    </>,
    locale,
  )
  close = page.unmount
  await settle()
  const field = (): HTMLInputElement => document.querySelector('input')!
  const options = (): HTMLElement[] => [...document.querySelectorAll<HTMLElement>('[role=option]')]
  return {
    page,
    chosen,
    closed,
    field,
    options,
    popup: () => document.querySelector<HTMLElement>('[role=dialog]')!,
    texts: () => options().map((each) => each.textContent),
    active: () => document.getElementById(field().getAttribute('aria-activedescendant') ?? '')?.textContent,
    press: (key: string, change: KeyboardEventInit = {}) =>
      settle(() =>
        field().dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...change })),
      ),
    type: (text: string) =>
      settle(() => {
        const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!
        set!.call(field(), text)
        field().dispatchEvent(new Event('input', { bubbles: true }))
      }),
    filter: (name: string) =>
      settle(() => [...document.querySelectorAll('button')].find((each) => each.textContent === name)!.click(), 60),
  }
}

describe('the model picker', () => {
  it('is a combobox over a list in groups, which says how each provider stands', async () => {
    const { field, options, popup, active, texts } = await open({
      favourites: [{ backendId: 'home', provider: 'Pollen', model: 'flux' }],
    })
    expect(document.activeElement).toBe(field())
    expect(field().getAttribute('role')).toBe('combobox')
    expect(field().placeholder).toBe('Search 8 models')
    expect(document.getElementById(field().getAttribute('aria-controls')!)?.getAttribute('role')).toBe('listbox')
    const groups = [...document.querySelectorAll('[role=group][aria-labelledby]')].map((group) => [
      document.getElementById(group.getAttribute('aria-labelledby')!)?.textContent,
      group.querySelectorAll('[role=option]').length,
    ])
    expect(groups).toEqual([
      ['Favourites', 1],
      ['Deep InfraKey set', 2],
      ['Any provider', 1],
      ['PollenFree', 1],
      ['NamesFree', 2],
      ['RouterNeeds a key', 1],
    ])
    expect(texts()[0]).toBe('Automatic the backend chooses')
    expect(texts()[1]).toBe('flux PollenImagefavourite')
    expect(options()[0]?.getAttribute('aria-selected')).toBe('true')
    expect(options().map((each) => each.getAttribute('aria-posinset'))).toEqual([
      '1',
      '2',
      '3',
      '4',
      '5',
      '6',
      '7',
      '8',
      '9',
    ])
    expect(active()).toBe('Automatic the backend chooses')
    const { violations } = await axe.run(popup(), {
      rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
    })
    expect(violations.map(({ id, nodes }) => `${id} ${nodes[0]?.html ?? ''}`)).toEqual([])
  })

  it('is used by keys alone: arrows, Enter, letters', async () => {
    const { press, type, active, chosen, closed, options } = await open()
    await press('ArrowDown')
    expect(active()).toBe('llama')
    await press('ArrowUp')
    await press('ArrowUp')
    expect(active()).toBe('claude')
    await press('ArrowDown')
    await press('End', { ctrlKey: true })
    expect(active()).toBe('claude')
    await press('Home', { ctrlKey: true })
    expect(active()).toContain('Automatic')
    await type('pollen')
    expect(options().map((each) => each.querySelector('bdi')?.textContent)).toEqual(['flux', 'audio-1'])
    expect(document.querySelector('p.sr-only')?.textContent).toBe('2 models found')
    await press('ArrowDown')
    await press('Enter')
    expect(chosen).toEqual([{ backendId: 'home', provider: 'Pollen', model: 'audio-1' }])
    expect(closed).toHaveBeenCalledOnce()
    expect(named('settings.set')).toEqual([{ recents: chosen }])
  })

  it('chooses nothing while an input method composes, and with nothing found what was typed (R38)', async () => {
    const { press, type, chosen, page } = await open()
    await press('Enter', { isComposing: true })
    await type('no such model')
    expect(page.container.ownerDocument.body.textContent).toContain('No model has this name.')
    expect(chosen).toEqual([])
    expect(page.container.ownerDocument.body.textContent).toContain('Ask for “no such model”')
    await press('ArrowDown')
    await press('Enter')
    expect(chosen).toMatchObject([{ backendId: 'home', model: 'no such model' }])
  })

  it('Esc closes it', async () => {
    const { press, closed } = await open()
    await press('Escape')
    expect(closed).toHaveBeenCalled()
  })

  it('a model of any provider leaves the provider to the backend, and the chosen one has the mark', async () => {
    const { type, press, chosen } = await open()
    await type('gpt')
    await press('Enter')
    expect(chosen).toEqual([{ backendId: 'home', provider: null, model: 'gpt-4o' }])
    close()
    const { options, active } = await open({ choice: { provider: 'AnyProvider', model: 'gpt-4o' } })
    expect(active()).toBe('gpt-4oVision')
    expect(options().filter((each) => each.getAttribute('aria-selected') === 'true')).toHaveLength(1)
  })

  it('Mod D gives a star where the model stands, also on a Russian keyboard, and takes it away', async () => {
    const { press, active, texts } = await open()
    await press('ArrowDown')
    const before = texts().length
    await press('d', { ctrlKey: true })
    expect(named('settings.set')).toEqual([
      { favourites: [{ backendId: 'home', provider: 'Deep Infra', model: 'llama' }] },
    ])
    expect(active()).toBe('llamafavourite')
    expect(texts()).toHaveLength(before)
    await press('в', { ctrlKey: true, code: 'KeyD' })
    expect(named('settings.set').at(-1)).toEqual({ favourites: [] })
    await press('Home', { ctrlKey: true })
    await press('d', { ctrlKey: true })
    expect(named('settings.set')).toHaveLength(2)
  })

  it('shows what was chosen last of this backend', async () => {
    const { texts } = await open({
      recents: [
        { backendId: 'other', provider: 'Pollen', model: 'flux' },
        { backendId: 'home', provider: 'Router', model: 'claude' },
      ],
    })
    expect(document.body.textContent).toContain('Recently used')
    expect(texts()[1]).toBe('claude Router')
  })

  it('filters by what models can do, and asks those that have not said', async () => {
    const { filter, texts } = await open()
    await filter('Image')
    expect(texts()).toEqual(['fluxImage'])
    expect(named('backend.models')).toEqual([])
    await filter('Vision')
    expect(named('backend.models')).toEqual([{ backendId: 'home', provider: 'Names' }])
    await settle(() => undefined, 150)
    expect(texts()).toEqual(['gpt-4oVision', 'audio-1VisionAudio', 'n1Vision'])
    await filter('No key needed')
    expect(texts().some((text) => /claude|llama/u.test(text))).toBe(false)
    await filter('Audio')
    expect(texts()).toEqual(['audio-1VisionAudio'])
  })

  it('asks what the models in sight can do once the list rests', async () => {
    await open()
    await settle(() => undefined, 300)
    expect(named('backend.models')).toEqual([{ backendId: 'home', provider: 'Names' }])
  })

  it('a model without its key can be chosen, says so, and leads to the settings', async () => {
    const { press, chosen, closed, page } = await open()
    await press('ArrowUp')
    const hint = [...document.querySelectorAll('[role=status]')].find((each) => each.textContent.includes('Router'))
    expect(hint?.textContent).toBe('Router answers only with a key.')
    await settle(() =>
      [...document.querySelectorAll('button')].find((each) => each.textContent === 'Enter the key')!.click(),
    )
    expect(useStore.getState().view).toMatchObject({ name: 'settings', page: 'backends', backendId: 'home' })
    expect(closed).toHaveBeenCalled()
    await press('Enter')
    expect(chosen).toEqual([{ backendId: 'home', provider: 'Router', model: 'claude' }])
    expect(page.container).toBeDefined()
  })

  it('R43 says why there is no list, and tries again', async () => {
    answer = { ok: false, error: { code: 'unreachable', reason: 'refused', host: 'x', port: 1 } }
    const { texts, field } = await open()
    expect(texts()).toEqual(['Automatic the backend chooses'])
    expect(field().placeholder).toBe('Search models')
    expect(document.body.textContent).toContain('The models could not be loaded.')
    answer = { ok: true, value: { providers, isStale: false, error: null } }
    await settle(() => [...document.querySelectorAll('button')].find((each) => each.textContent === 'Retry')!.click())
    expect(texts()).toHaveLength(9)
    expect(document.body.textContent).not.toContain('could not be loaded')
    expect(document.activeElement).toBe(field())
  })

  it('R43 shows the last known list with the reason when it could not be refreshed, and the new one when it is there', async () => {
    answer = { ok: true, value: { providers, isStale: true, error: { code: 'connection-lost' } } }
    const { texts } = await open()
    expect(texts()).toHaveLength(9)
    expect(document.body.textContent).toContain('The connection was lost. These are the models it had last.')
    answer = { ok: true, value: { providers: providers.slice(0, 1), isStale: false, error: null } }
    await settle(() => receiveCatalogueChange({ backendId: 'home' }))
    expect(texts()).toHaveLength(2)
    expect(document.body.textContent).not.toContain('had last')
  })

  it('says so when the server lists nothing', async () => {
    answer = { ok: true, value: { providers: [], isStale: false, error: null } }
    const { texts } = await open()
    expect(texts()).toHaveLength(1)
    expect(document.body.textContent).toContain('This server lists no models.')
  })

  it('speaks Russian', async () => {
    const { field, press } = await open({ locale: 'ru' })
    expect(field().placeholder).toBe('Поиск среди 8 моделей')
    expect(document.body.textContent).toContain('Любой провайдер')
    await press('ArrowUp')
    expect(document.body.textContent).toContain('Router отвечает только с ключом.')
  })

  it('S39 draws few of very many rows', async () => {
    const many = Array.from({ length: 10_000 }, (_, at) => provider(`P${String(at)}`, [model('a'), model('b')]))
    answer = { ok: true, value: { providers: many, isStale: false, error: null } }
    const { options, press, active, field } = await open()
    expect(field().placeholder).toBe('Search 20,000 models')
    expect(options().length).toBeLessThan(40)
    expect(options()[0]?.getAttribute('aria-setsize')).toBe('20001')
    await press('End', { ctrlKey: true })
    expect(active()).toBe('b')
  })

  it('once its code is loaded it is there in the same turn as the key, so that no letter lands in the message', async () => {
    await loadModelList()
    const page = mount(
      <ModelListLayer
        choice={{ backendId: 'home', provider: null, model: null }}
        anchor={createRef<HTMLButtonElement>()}
        onChoose={() => undefined}
        onClose={() => undefined}
      />,
    )
    close = page.unmount
    expect(document.querySelector('input')).not.toBeNull()
    await settle()
  })
})
