import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { Catalogues, type CatalogueStore, type FindKey } from '../../../src/main/backend/catalogue'
import { testBackend } from '../../../src/main/backend/connection-test'
import type { ListedModel, ListedProvider } from '../../../src/main/backend/lists'
import { openCatalogueFile } from '../../../src/main/catalogue-file'
import { silentLogger } from '../../../src/main/logger'
import { AUTOMATIC_PROVIDER, countCatalogue } from '../../../src/shared/catalogue'
import type { CatalogueModel, CatalogueProvider } from '../../../src/shared/contract'
import { failure, type AppError } from '../../../src/shared/errors'
import { eventually } from '../../support/eventually'
import { startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'
import { AT_ONCE_MS } from '../../support/pace'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

async function serve(handle: (connection: RawConnection) => void | Promise<void>): Promise<RawServer> {
  const server = await startRawServer(handle)
  closing.push(() => server.close())
  return server
}

/** Answers by path; anything else is a 404 page. */
function answering(answers: Record<string, unknown>) {
  const texts = new Map(Object.entries(answers).map(([path, value]) => [path, JSON.stringify(value)]))
  return async (connection: RawConnection): Promise<void> => {
    const { path } = await connection.request()
    const answer = texts.get(path.replace('/backend-api/v2', ''))
    if (answer === undefined) connection.answer('404 NOT FOUND', { 'Content-Type': 'text/html' }, '<h1>Not Found</h1>')
    else connection.answer('200 OK', { 'Content-Type': 'application/json' }, answer)
  }
}

/** The longest time that the processor worked for this process in one turn; what else the machine does is not counted. */
function watchTurns(): { longestMs: () => number } {
  let longestMs = 0
  let isOver = false
  let before = process.cpuUsage()
  const turn = (): void => {
    const { user, system } = process.cpuUsage(before)
    longestMs = Math.max(longestMs, (user + system) / 1000)
    before = process.cpuUsage()
    if (!isOver) setImmediate(turn)
  }
  setImmediate(turn)
  return {
    longestMs: () => {
      isOver = true
      return longestMs
    },
  }
}

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'catalogue-'))
  closing.push(() => rm(path, { recursive: true, force: true, maxRetries: 5 }))
  return path
}

const version = { version: '8.1.7', latest_version: '8.1.7' }
const unauthorized: AppError = { code: 'unauthorized', status: 401, message: null }

function provider(name: string, more: Partial<ListedProvider> = {}): ListedProvider {
  const nothing = { parent: null, needsKey: false, loginUrl: null, hasVision: false, makes: [] }
  return { name, label: `The ${name}`, ...nothing, ...more }
}
function model(id: string, more: Partial<ListedModel> = {}): ListedModel {
  return { id, label: id, isDefault: false, hasVision: false, makes: [], group: null, ...more }
}
function shown(id: string, more: Partial<CatalogueModel> = {}): CatalogueModel {
  return { id, label: id, isDefault: false, hasVision: false, makes: [], ...more }
}

/** A backend whose every answer can be held back or failed, and which counts what it is asked. */
class TestBackend {
  asked: string[] = []
  keys: string[] = []
  error: AppError | null = null
  gates = new Map<string, Promise<void>>()

  constructor(
    public listed: ListedProvider[],
    public listedModels: Record<string, ListedModel[]> = {},
    public lists: Record<string, string[]> = {},
  ) {}

  hold(what: string): () => void {
    let open = (): void => undefined
    this.gates.set(
      what,
      new Promise((resolve) => {
        open = resolve
      }),
    )
    return open
  }

  count(what: string): number {
    return this.asked.filter((each) => each === what).length
  }

  async #answer<T>(what: string, value: T): Promise<T> {
    this.asked.push(what)
    await this.gates.get(what)
    if (this.error !== null) throw failure(this.error)
    return value
  }

  providers = (): Promise<ListedProvider[]> => this.#answer('providers', this.listed)
  modelLists = (): Promise<Map<string, string[]>> => this.#answer('lists', new Map(Object.entries(this.lists)))
  models = (name: string, { apiKey }: { apiKey?: string | null } = {}): Promise<ListedModel[]> => {
    if (typeof apiKey === 'string') this.keys.push(`${name} ${apiKey}`)
    const found = this.listedModels[name]
    const isOpen = found !== undefined && (this.listed.find((each) => each.name === name)?.needsKey !== true || apiKey)
    if (isOpen) return this.#answer(`models ${name}`, found)
    this.asked.push(`models ${name}`)
    return Promise.reject(failure(unauthorized))
  }
}

class MemoryStore implements CatalogueStore {
  values = new Map<string, unknown>()
  get = (id: string): unknown => this.values.get(id)
  set = (id: string, providers: CatalogueProvider[] | null): void => {
    if (providers === null) this.values.delete(id)
    // As a file would give it back.
    else this.values.set(id, JSON.parse(JSON.stringify(providers)))
  }
}

function setUp(store: CatalogueStore = new MemoryStore()) {
  let nowMs = 0
  const changed: string[] = []
  return {
    catalogues: new Catalogues({
      store,
      clock: { monotonicMs: () => nowMs },
      logger: silentLogger,
      onChange: (id) => changed.push(id),
    }),
    store,
    changed,
    pass: (ms: number) => {
      nowMs += ms
    },
  }
}

const few = (): TestBackend =>
  new TestBackend([provider('A', { makes: ['image'] }), provider('B', { hasVision: true })], {
    A: [model('a1', { isDefault: true, hasVision: true, makes: ['audio'], group: 'G' }), model('a2')],
    B: [model('b')],
  })
const fewListed: CatalogueProvider[] = [
  {
    name: 'A',
    label: 'The A',
    needsKey: false,
    loginUrl: null,
    hasVision: false,
    makes: ['image'],
    hasModelDetails: true,
    models: [shown('a1', { isDefault: true, hasVision: true, makes: ['audio'] }), shown('a2')],
  },
  {
    name: 'B',
    label: 'The B',
    needsKey: false,
    loginUrl: null,
    hasVision: true,
    makes: [],
    hasModelDetails: true,
    models: [shown('b')],
  },
]

const names = Array.from({ length: 20 }, (_, index) => `P${String(index)}`)
const many = (): TestBackend =>
  new TestBackend(
    [
      provider(AUTOMATIC_PROVIDER),
      ...names.map((name) => provider(name, { hasVision: true, makes: ['image'], needsKey: name === 'P1' })),
    ],
    {
      [AUTOMATIC_PROVIDER]: [model('default', { isDefault: true })],
      P0: [model('m1', { hasVision: true }), model('m2', { makes: ['image'] })],
      P1: [model('k1')],
    },
    { P0: ['m1', 'm2'], P1: [] },
  )

describe('R43 the catalogue', () => {
  test('of few providers asks each what its models can do', async () => {
    const backend = few()
    const { catalogues, store, changed } = setUp()
    expect(await catalogues.get('x', backend)).toEqual({ providers: fewListed, isStale: false, error: null })
    expect(backend.asked).toEqual(['providers', 'models A', 'models B'])
    expect(store.get('x')).toEqual(fewListed)
    expect(changed).toEqual([])
  })

  test('of few, of which one wants a key, knows at least the names of its models', async () => {
    const backend = new TestBackend(
      [provider('A'), provider('L', { needsKey: true, loginUrl: 'https://example.org/keys', hasVision: true })],
      { A: [model('a')], L: [model('l')] },
      { A: ['a'], L: ['l'] },
    )
    const { catalogues } = setUp()
    await catalogues.refresh('x', backend)
    expect((await catalogues.get('x', backend)).providers).toMatchObject([
      { name: 'A', hasModelDetails: true },
      {
        name: 'L',
        needsKey: true,
        loginUrl: 'https://example.org/keys',
        hasModelDetails: false,
        models: [shown('l', { hasVision: true })],
      },
    ])
    const old = new TestBackend(backend.listed, backend.listedModels)
    old.modelLists = () => Promise.reject(failure({ code: 'http', status: 404, message: null }))
    const { catalogues: others } = setUp()
    await others.refresh('x', old)
    expect(await others.get('x', old)).toMatchObject({ isStale: false, error: null })
  })

  test('sends the key of a provider with the request for its models, and to no other', async () => {
    const backend = many()
    const keyOf: FindKey = (name) => Promise.resolve(name === 'P1' ? 'k-1' : null)
    const { catalogues } = setUp()
    const providers = await catalogues.refresh('x', backend, keyOf)
    expect(backend.keys).toEqual(['P1 k-1'])
    expect(backend.asked).toEqual(['providers', `models ${AUTOMATIC_PROVIDER}`, 'models P1', 'lists'])
    expect(providers.find(({ name }) => name === 'P1')).toMatchObject({ hasModelDetails: true, models: [shown('k1')] })
  })

  test('of many shows those of the automatic choice at once, and the names of all when the slow list is there', async () => {
    const backend = many()
    const open = backend.hold('lists')
    const { catalogues, changed } = setUp()
    const first = await catalogues.get('x', backend)
    expect(first.isStale).toBe(true)
    expect(first.providers).toHaveLength(21)
    expect(first.providers[0]?.models).toEqual([shown('default', { isDefault: true })])
    expect(first.providers[1]?.models).toEqual([])
    open()
    await expect.poll(() => changed).toEqual(['x'])
    const whole = await catalogues.get('x', backend)
    expect(whole.isStale).toBe(false)
    // Only ids are known: what some models of the provider can do may be what these can do.
    const unknown = { hasVision: true, makes: ['image' as const] }
    expect(whole.providers[1]).toMatchObject({
      hasModelDetails: false,
      models: [shown('m1', unknown), shown('m2', unknown)],
    })
    expect(backend.asked).toEqual(['providers', `models ${AUTOMATIC_PROVIDER}`, 'lists'])
  })

  test('asks what the models of one provider can do when somebody wants to know, once, and keeps it', async () => {
    const backend = many()
    const { catalogues, store, pass } = setUp()
    await catalogues.refresh('x', backend)
    const described = {
      hasModelDetails: true,
      models: [shown('m1', { hasVision: true }), shown('m2', { makes: ['image'] })],
    }
    const both = await Promise.all([catalogues.describe('x', backend, 'P0'), catalogues.describe('x', backend, 'P0')])
    expect(both).toMatchObject([described, described])
    expect(await catalogues.describe('x', backend, 'P0')).toMatchObject(described)
    expect(backend.count('models P0')).toBe(1)
    expect((await catalogues.get('x', backend)).providers[1]).toMatchObject(described)
    expect(store.get('x')).toMatchObject({ 1: described })
    // A refresh brings names alone; as they are the same, what is known of them holds.
    pass(6 * 60_000)
    await catalogues.refresh('x', backend)
    expect((await catalogues.get('x', backend)).providers[1]).toMatchObject(described)
    // With another name in the list, nothing is known of that one.
    backend.lists = { P0: ['m1', 'm2', 'm3'] }
    await catalogues.refresh('x', backend)
    expect((await catalogues.get('x', backend)).providers[1]).toMatchObject({ hasModelDetails: false })
    backend.listedModels.P0 = [model('m1'), model('m2'), model('m3')]
    expect((await catalogues.describe('x', backend, 'P0'))?.models).toHaveLength(3)
  })

  test('says so when a provider is not listed, or does not tell without its key, and asks again with it', async () => {
    const backend = many()
    const { catalogues } = setUp()
    await catalogues.refresh('x', backend)
    expect(await catalogues.describe('x', backend, '__proto__')).toBeNull()
    await expect(catalogues.describe('x', backend, 'P1')).rejects.toMatchObject({ error: unauthorized })
    const described = await catalogues.describe('x', backend, 'P1', () => Promise.resolve('k'))
    expect(described).toMatchObject({ hasModelDetails: true, models: [shown('k1')] })
    // P2 answers an empty list of its own: the names that the server knows stay.
    backend.listedModels.P2 = []
    expect(await catalogues.describe('x', backend, 'P2')).toMatchObject({ hasModelDetails: false, models: [] })
  })

  test('is asked for once, however often it is looked at, until it is old', async () => {
    const backend = few()
    const { catalogues, pass, changed } = setUp()
    await Promise.all([catalogues.get('x', backend), catalogues.get('x', backend)])
    pass(4 * 60_000)
    expect((await catalogues.get('x', backend)).isStale).toBe(false)
    expect(backend.asked).toHaveLength(3)
    pass(2 * 60_000)
    expect(await catalogues.get('x', backend)).toEqual({ providers: fewListed, isStale: true, error: null })
    await expect.poll(() => changed).toEqual(['x'])
    expect((await catalogues.get('x', backend)).isStale).toBe(false)
    expect(backend.asked).toHaveLength(6)
  })

  test('with another key is asked for anew, and shown meanwhile', async () => {
    const backend = few()
    const { catalogues, changed } = setUp()
    await catalogues.get('x', backend)
    catalogues.expire('x')
    expect(await catalogues.get('x', backend)).toEqual({ providers: fewListed, isStale: true, error: null })
    await expect.poll(() => changed).toEqual(['x'])
    expect(backend.count('providers')).toBe(2)
  })

  test.each([
    ['answers', null],
    ['fails', unauthorized],
  ])('that nobody knows yet is waited for through another key, when the first asking %s late', async (_how, error) => {
    const backend = few()
    const openFirst = backend.hold('providers')
    const { catalogues, store } = setUp()
    const first = catalogues.get('x', backend)
    await expect.poll(() => backend.count('providers')).toBe(1)
    catalogues.expire('x')
    const openSecond = backend.hold('providers')
    const second = catalogues.get('x', backend)
    await expect.poll(() => backend.count('providers')).toBe(2)
    backend.error = error
    openFirst()
    await new Promise((resolve) => setImmediate(resolve))
    expect(store.get('x')).toBeUndefined()
    backend.error = null
    openSecond()
    for (const each of [first, second]) expect((await each).providers).toEqual(fewListed)
    expect(backend.count('providers')).toBe(2)
  })

  test('that nobody knows yet is asked for anew by who waits, when nobody else does', async () => {
    const backend = few()
    const open = backend.hold('providers')
    const { catalogues } = setUp()
    const all = Promise.all([catalogues.get('x', backend), catalogues.refresh('x', backend)])
    await expect.poll(() => backend.count('providers')).toBe(1)
    catalogues.expire('x')
    open()
    const [{ providers }, refreshed] = await all
    expect([providers, refreshed]).toEqual([fewListed, fewListed])
    expect(backend.count('providers')).toBe(2)
  })

  test('that was known before is given at once, while a server that does not answer is asked', async () => {
    const { catalogues: before, store } = setUp()
    await before.get('x', few())
    const silent = few()
    silent.hold('providers')
    const { catalogues } = setUp(store)
    expect(await catalogues.get('x', silent)).toEqual({ providers: fewListed, isStale: true, error: null })
  })

  test('survives a failure, says that it is old and why, and does not hammer the server', async () => {
    const backend = few()
    const { catalogues, store, pass, changed } = setUp()
    await catalogues.get('x', backend)
    backend.error = { code: 'connection-lost' }
    pass(10 * 60_000)
    expect(await catalogues.get('x', backend)).toEqual({ providers: fewListed, isStale: true, error: null })
    await expect.poll(() => changed).toEqual(['x'])
    const failed = { providers: fewListed, isStale: true, error: { code: 'connection-lost' } }
    for (let look = 0; look < 5; look++) expect(await catalogues.get('x', backend)).toEqual(failed)
    expect(backend.count('providers')).toBe(2)
    pass(2000)
    await catalogues.get('x', backend)
    await expect.poll(() => changed).toHaveLength(2)
    expect(backend.count('providers')).toBe(3)
    expect(store.get('x')).toEqual(fewListed)
    backend.error = null
    pass(2000)
    await catalogues.get('x', backend)
    await expect.poll(() => changed).toHaveLength(3)
    expect(await catalogues.get('x', backend)).toEqual({ providers: fewListed, isStale: false, error: null })
  })

  test('that nobody knows fails with the reason, and is asked for again', async () => {
    const backend = few()
    backend.error = unauthorized
    const { catalogues } = setUp()
    await expect(catalogues.get('x', backend)).rejects.toMatchObject({ error: { code: 'unauthorized' } })
    backend.error = null
    expect((await catalogues.get('x', backend)).providers).toEqual(fewListed)
  })

  test('that failed in its slow part keeps what came first and what was known, and says so', async () => {
    const backend = many()
    const { catalogues, changed, pass } = setUp()
    await catalogues.refresh('x', backend)
    backend.modelLists = () => Promise.reject(failure({ code: 'connection-lost' }))
    pass(6 * 60_000)
    await catalogues.get('x', backend)
    await expect.poll(() => changed).toHaveLength(3)
    const { providers, ...state } = await catalogues.get('x', backend)
    expect(state).toEqual({ isStale: true, error: { code: 'connection-lost' } })
    expect(providers[1]?.models.map(({ id }) => id)).toEqual(['m1', 'm2'])
  })

  test('of backends do not mix, and a forgotten one is gone, also when its answer comes late', async () => {
    const { catalogues, store } = setUp()
    const late = few()
    const open = late.hold('providers')
    const pending = catalogues.get('x', late)
    await catalogues.get('y', new TestBackend([provider('Y')], { Y: [model('y')] }))
    catalogues.forget('x')
    open()
    await expect(pending).rejects.toMatchObject({ error: { code: 'not-found', what: 'backend' } })
    expect(store.get('x')).toBeUndefined()
    expect((await catalogues.get('y', late)).providers.map(({ name }) => name)).toEqual(['Y'])
  })

  test.each([[null], [[]], ['x'], [[{ name: 'A' }]], [{ providers: [] }], [[null]]])(
    'stored as %j is no reason to fail',
    async (stored) => {
      const { catalogues, store } = setUp()
      ;(store as MemoryStore).values.set('x', stored)
      expect((await catalogues.get('x', few())).providers).toEqual(fewListed)
    },
  )

  test('stored by an older Parley is shown, without what that one did not know', async () => {
    const { catalogues, store } = setUp()
    const old = [
      {
        name: 'A',
        label: 'The A',
        needsKey: true,
        hasVision: true,
        models: [{ id: 'a1', label: 'a1', isDefault: true, hasVision: true }],
      },
    ]
    ;(store as MemoryStore).values.set('x', old)
    const silent = few()
    silent.hold('providers')
    expect((await catalogues.get('x', silent)).providers).toEqual([
      {
        ...old[0],
        loginUrl: null,
        makes: [],
        hasModelDetails: false,
        models: [shown('a1', { isDefault: true, hasVision: true })],
      },
    ])
  })
})

describe('S39 a list made to harm', () => {
  const odd = [null, 5, [], {}, 'x', { name: 5 }, { name: '' }, { name: '..' }, { name: '.' }]
  const deceiving = [
    'evil\u202egnp',
    'line\nbreak',
    'tab\there',
    'half \ud800',
    'nul\u0000',
    ' x',
    'x'.repeat(1024 * 1024),
  ]
  const names = Array.from({ length: 10_000 }, (_, index) => `Provider number ${String(index)}`)
  const listed = [
    ...odd,
    ...deceiving.map((name) => ({ name })),
    { name: '__proto__', label: 'L', auth: 1, login_url: 'javascript:alert(1)', image: '3', vision: {}, audio: true },
    { name: 'constructor', login_url: 'https://user:pw@example.org/' },
    ...names.map((name, index) => ({
      name,
      label: index === 0 ? `\u202e${'y'.repeat(1024 * 1024)}` : `The ${name}`,
      auth: index % 3 === 0,
      login_url: `https://example.org/keys/${String(index)}`,
      vision: true,
      image: 2,
      parent: null,
      hf_space: false,
      live: -1,
    })),
  ]
  const lists = {
    constructor: 'x',
    ['__proto__' as string]: ['polluted'],
    stranger: ['m'],
    ...Object.fromEntries(deceiving.map((name) => [name, ['m']])),
    ...Object.fromEntries(names.map((name) => [name, [`model of ${name}`, 'evil\u202egnp', 7, null]])),
  }

  test('10,000 providers: capped, plain, exactly as they will be sent, and the process stays awake', async () => {
    const server = await serve(
      answering({
        '/providers': listed,
        '/models': lists,
        '/models/__proto__': [
          { id: '__proto__', vision: true },
          { id: 'evil\u202egnp' },
          { id: 'z'.repeat(1024 * 1024) },
        ],
      }),
    )
    const path = join(await folder(), 'catalogues.json')
    const { catalogues } = setUp(openCatalogueFile(path, silentLogger))
    const api = new BackendApi({ url: server.url })
    const turns = watchTurns()
    const providers = await catalogues.refresh('x', api)
    // 50 ms are allowed; the server of this test is in the same process, and counted as well.
    expect(turns.longestMs()).toBeLessThan(150)

    expect(providers).toHaveLength(10_000 - odd.length - deceiving.length)
    const all = JSON.stringify(providers)
    expect(all).not.toMatch(/evil|xxxx|yyyy{300}|javascript|user:pw|stranger|zzzz/u)
    expect(all.length).toBeLessThan(5_000_000)
    const [proto, constructor_, first] = providers
    expect(proto).toMatchObject({
      name: '__proto__',
      needsKey: true,
      loginUrl: null,
      hasVision: false,
      makes: ['audio'],
    })
    expect(proto?.models.map(({ id }) => id)).toEqual(['polluted'])
    expect(constructor_).toMatchObject({ name: 'constructor', loginUrl: null, models: [] })
    expect(first?.label).toMatch(/^y{150,199}…$/u)
    expect(first?.models.map(({ id }) => id)).toEqual(['model of Provider number 0'])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()

    const described = await catalogues.describe('x', api, '__proto__')
    expect(described?.models).toEqual([shown('__proto__', { hasVision: true })])

    const saved = await eventually(
      async () => (await stat(path).catch(() => null))?.size ?? 0,
      (bytes) => bytes > 0,
      'a file',
    )
    expect(saved).toBeLessThan(5_000_000)
    const again = setUp(openCatalogueFile(path, silentLogger))
    const startMs = performance.now()
    const silent = few()
    silent.hold('providers')
    const recalled = await again.catalogues.get('x', silent)
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
    expect(recalled.providers).toHaveLength(providers.length)
  })

  test('endless models of all providers are cut as a whole', async () => {
    const long = (index: number, at: number): string => `${'m'.repeat(180)}-${String(index)}-${String(at)}`
    const backend = new TestBackend(
      Array.from({ length: 8 }, (_, index) => provider(`P${String(index)}`)),
      Object.fromEntries(
        Array.from({ length: 8 }, (_, index) => [
          `P${String(index)}`,
          Array.from({ length: 10_000 }, (__, at) => model(long(index, at))),
        ]),
      ),
    )
    const { catalogues } = setUp()
    const { providers } = await catalogues.get('x', backend)
    expect(providers).toHaveLength(8)
    const { models } = countCatalogue(providers)
    expect(models).toBeGreaterThan(4000)
    expect(models).toBeLessThanOrEqual(20_000)
    expect(JSON.stringify(providers).length).toBeLessThan(4_000_000)
    // What a provider tells of itself later has no room either.
    backend.listed = [provider('P0')]
    expect(countCatalogue((await catalogues.get('x', backend)).providers).models).toBe(models)
  })

  test.each([
    ['null', null],
    ['a number', 5],
    ['a text', 'x'],
    ['an object', { A: 1 }],
  ])('%s instead of a list keeps the last good one', async (_, value) => {
    const good = await serve(answering({ '/providers': [{ name: 'A' }], '/models/A': [{ id: 'a' }] }))
    const bad = await serve(answering({ '/providers': value }))
    const { catalogues, pass } = setUp()
    await catalogues.refresh('x', new BackendApi({ url: good.url }))
    pass(10 * 60_000)
    await expect(catalogues.refresh('x', new BackendApi({ url: bad.url }))).rejects.toMatchObject({
      error: { code: 'not-a-stream' },
    })
    const { providers, isStale } = await catalogues.get('x', new BackendApi({ url: bad.url }))
    expect(providers.map(({ name }) => name)).toEqual(['A'])
    expect(isStale).toBe(true)
  })
})

describe('the file of the catalogues', () => {
  const of = (characters: number): CatalogueProvider[] => [
    { ...fewListed[0]!, models: [shown('m'.repeat(characters))] },
  ]

  test('leaves out those that were changed longest ago when all are too much', async () => {
    const path = join(await folder(), 'catalogues.json')
    const store = openCatalogueFile(path, silentLogger)
    for (const id of ['a', 'b', 'c', 'a']) store.set(id, of(1_500_000))
    const kept = await eventually(
      async () => Object.keys(JSON.parse(await readFile(path, 'utf8').catch(() => '{}')) as object),
      (ids) => ids.length > 0,
      'a file',
    )
    expect(kept).toEqual(['c', 'a'])
    expect(openCatalogueFile(path, silentLogger).get('a')).toEqual(of(1_500_000))
  })

  test('is not read when it is too large to be one, and a damaged one is none', async () => {
    const path = join(await folder(), 'catalogues.json')
    await writeFile(path, `{"a":"${'x'.repeat(25_000_000)}"}`)
    expect(openCatalogueFile(path, silentLogger).get('a')).toBeUndefined()
    await writeFile(path, '{"a":')
    expect(openCatalogueFile(path, silentLogger).get('a')).toBeUndefined()
  })

  test('takes many changes with one write more than is under way', async () => {
    const path = join(await folder(), 'catalogues.json')
    const store = openCatalogueFile(path, silentLogger)
    for (let index = 0; index < 500; index++) store.set('a', of(index))
    store.set('gone', of(1))
    store.set('gone', null)
    await eventually(
      async () => await readFile(path, 'utf8').catch(() => ''),
      (text) => text === JSON.stringify({ a: of(499) }),
      'the last change alone',
    )
    expect(store.get('a')).toEqual(of(499))
  })
})

describe('the connection test', () => {
  const question = { provider: null, model: null, apiKey: null }
  const listed = (api: BackendApi) => {
    const { catalogues } = setUp()
    return { catalogues, list: () => catalogues.refresh('x', api) }
  }

  test('says how fast the server answers, and offers what the picker shows, also when no provider answers', async () => {
    const server = await serve(
      answering({
        '/version?cache=true': version,
        '/providers': [{ name: 'A' }, { name: 'B', auth: true }, { name: AUTOMATIC_PROVIDER }],
        '/models/A': [{ id: 'm' }, { id: 'n' }],
        [`/models/${AUTOMATIC_PROVIDER}`]: [{ group: 'G', models: [{ id: 'm' }] }],
        '/models': { B: ['x'] },
      }),
    )
    const times = [1000, 1012]
    const clock = { monotonicMs: () => times.shift() ?? 0 }
    const api = new BackendApi({ url: server.url })
    const { catalogues, list } = listed(api)
    const result = await testBackend(api, question, clock, list)
    expect(result).toEqual({
      verdict: 'reachable',
      roundTripMs: 12,
      firstWordMs: null,
      providers: 2,
      models: 4,
      gapsMs: [],
      error: { code: 'http', status: 404, message: null },
    })
    expect(result).toMatchObject(countCatalogue((await catalogues.get('x', api)).providers))
  })

  test('fails with the reason', async () => {
    const server = await serve(answering({}))
    const api = new BackendApi({ url: server.url })
    expect(await testBackend(api, question, { monotonicMs: () => 0 }, listed(api).list)).toEqual({
      verdict: 'failed',
      error: { code: 'http', status: 404, message: null },
    })
  })

  test('fails when there is neither a word nor a list', async () => {
    const server = await serve(answering({ '/version?cache=true': version }))
    const api = new BackendApi({ url: server.url })
    expect(await testBackend(api, question, { monotonicMs: () => 0 }, listed(api).list)).toMatchObject({
      verdict: 'failed',
      error: { code: 'http', status: 404 },
    })
  })
})
