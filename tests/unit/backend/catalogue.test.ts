import { afterEach, describe, expect, test } from 'vitest'
import { BackendApi, type BackendApiOptions } from '../../../src/main/backend/api'
import { Catalogues, connectBackend, discoverBackends, testBackend } from '../../../src/main/backend/catalogue'
import type { ListedModel, ListedProvider } from '../../../src/main/backend/lists'
import { silentLogger } from '../../../src/main/logger'
import type { CatalogueProvider } from '../../../src/shared/contract'
import { failure, type AppError } from '../../../src/shared/errors'
import { startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'

const servers: RawServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(handle: (connection: RawConnection) => void | Promise<void>): Promise<RawServer> {
  const server = await startRawServer(handle)
  servers.push(server)
  return server
}

/** Answers by path; anything else is a 404 page. */
function answering(answers: Record<string, unknown>, status = '200 OK') {
  return async (connection: RawConnection): Promise<void> => {
    const { path } = await connection.request()
    const answer = answers[path.replace('/backend-api/v2', '')]
    if (answer === undefined) connection.answer('404 NOT FOUND', { 'Content-Type': 'text/html' }, '<h1>Not Found</h1>')
    else connection.answer(status, { 'Content-Type': 'application/json' }, JSON.stringify(answer))
  }
}

const version = { version: '8.1.7', latest_version: '8.1.7' }
const createApi = (options: BackendApiOptions): BackendApi => new BackendApi(options)

function provider(name: string, more: Partial<ListedProvider> = {}): ListedProvider {
  return { name, label: `The ${name}`, parent: null, needsKey: false, hasVision: false, ...more }
}
function model(id: string, more: Partial<ListedModel> = {}): ListedModel {
  return { id, label: id, isDefault: false, hasVision: false, group: null, ...more }
}

/** A backend whose every answer can be held back or failed, and which counts what it is asked. */
class TestBackend {
  asked: string[] = []
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

  async #answer<T>(what: string, value: T): Promise<T> {
    this.asked.push(what)
    await this.gates.get(what)
    if (this.error !== null) throw failure(this.error)
    return value
  }

  version = (): Promise<{ version: string; latestVersion: null }> =>
    this.#answer('version', { version: '1', latestVersion: null })
  providers = (): Promise<ListedProvider[]> => this.#answer('providers', this.listed)
  modelLists = (): Promise<Map<string, string[]>> => this.#answer('lists', new Map(Object.entries(this.lists)))
  models = (name: string): Promise<ListedModel[]> => {
    const found = this.listedModels[name]
    if (found !== undefined) return this.#answer(`models ${name}`, found)
    this.asked.push(`models ${name}`)
    return Promise.reject(failure({ code: 'unauthorized', status: 401, message: null }))
  }
}

class MemoryStore {
  values = new Map<string, unknown>()
  get = (id: string): unknown => this.values.get(id)
  set = (id: string, providers: CatalogueProvider[] | null): void => {
    if (providers === null) this.values.delete(id)
    // As a file would give it back.
    else this.values.set(id, JSON.parse(JSON.stringify(providers)))
  }
}

function setUp(store = new MemoryStore()): { catalogues: Catalogues; store: MemoryStore; pass: (ms: number) => void } {
  let nowMs = 0
  const clock = { monotonicMs: () => nowMs }
  return {
    catalogues: new Catalogues({ store, clock, logger: silentLogger }),
    store,
    pass: (ms) => {
      nowMs += ms
    },
  }
}

const few = (): TestBackend =>
  new TestBackend([provider('A', { needsKey: true }), provider('B', { hasVision: true })], {
    A: [model('a1', { isDefault: true, hasVision: true, group: 'G' }), model('a2')],
  })
const fewListed: CatalogueProvider[] = [
  {
    name: 'A',
    label: 'The A',
    needsKey: true,
    hasVision: false,
    models: [
      { id: 'a1', label: 'a1', isDefault: true, hasVision: true },
      { id: 'a2', label: 'a2', isDefault: false, hasVision: false },
    ],
  },
  { name: 'B', label: 'The B', needsKey: false, hasVision: true, models: [] },
]

describe('R43 the catalogue', () => {
  test('of few providers asks each, and one that wants a key stays without models', async () => {
    const backend = few()
    const { catalogues, store } = setUp()
    expect((await catalogues.get('x', backend)).providers).toEqual(fewListed)
    expect(backend.asked).toEqual(['providers', 'models A', 'models B'])
    expect(store.get('x')).toEqual(fewListed)
  })

  test('of many shows those of the automatic choice at once, and all when the slow list is there', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `P${String(index)}`)
    const backend = new TestBackend(
      [provider('AnyProvider'), ...names.map((name) => provider(name, { hasVision: true }))],
      { AnyProvider: [model('default', { isDefault: true })] },
      { P0: ['m1', 'm2'] },
    )
    const open = backend.hold('lists')
    const { catalogues } = setUp()
    const first = await catalogues.get('x', backend)
    expect(first.isStale).toBe(true)
    expect(first.providers).toHaveLength(21)
    expect(first.providers[0]?.models).toEqual([{ id: 'default', label: 'default', isDefault: true, hasVision: false }])
    expect(first.providers[1]?.models).toEqual([])
    open()
    await expect.poll(async () => (await catalogues.get('x', backend)).isStale).toBe(false)
    expect((await catalogues.get('x', backend)).providers[1]?.models).toEqual([
      { id: 'm1', label: 'm1', isDefault: false, hasVision: true },
      { id: 'm2', label: 'm2', isDefault: false, hasVision: true },
    ])
    expect(backend.asked).toEqual(['providers', 'models AnyProvider', 'lists'])
  })

  test('is asked for once, however often it is looked at, until it is old', async () => {
    const backend = few()
    const { catalogues, pass } = setUp()
    await Promise.all([catalogues.get('x', backend), catalogues.get('x', backend)])
    pass(4 * 60_000)
    expect((await catalogues.get('x', backend)).isStale).toBe(false)
    expect(backend.asked).toHaveLength(3)
    pass(2 * 60_000)
    expect(await catalogues.get('x', backend)).toEqual({ providers: fewListed, isStale: true })
    await expect.poll(async () => (await catalogues.get('x', backend)).isStale).toBe(false)
    expect(backend.asked).toHaveLength(6)
  })

  test('that was known before is given at once, while a server that does not answer is asked', async () => {
    const { catalogues: before, store } = setUp()
    await before.get('x', few())
    const silent = few()
    silent.hold('providers')
    const { catalogues } = setUp(store)
    expect(await catalogues.get('x', silent)).toEqual({ providers: fewListed, isStale: true })
  })

  test('survives a failure, and says that it is old', async () => {
    const backend = few()
    const { catalogues, store, pass } = setUp()
    await catalogues.get('x', backend)
    backend.error = { code: 'connection-lost' }
    pass(10 * 60_000)
    const stale = { providers: fewListed, isStale: true }
    const countAsked = (): number => backend.asked.filter((what) => what === 'providers').length
    for (let turn = 2; turn <= 4; turn++) {
      const look = async (): Promise<number> => {
        expect(await catalogues.get('x', backend)).toEqual(stale)
        return countAsked()
      }
      await expect.poll(look, { interval: 2 }).toBeGreaterThanOrEqual(turn)
    }
    expect(store.get('x')).toEqual(fewListed)
    backend.error = null
    await expect.poll(async () => (await catalogues.get('x', backend)).isStale).toBe(false)
  })

  test('that nobody knows fails with the reason, and is asked for again', async () => {
    const backend = few()
    backend.error = { code: 'unauthorized', status: 401, message: null }
    const { catalogues } = setUp()
    await expect(catalogues.get('x', backend)).rejects.toMatchObject({ error: { code: 'unauthorized' } })
    backend.error = null
    expect((await catalogues.get('x', backend)).providers).toEqual(fewListed)
  })

  test('that failed only in its slow part keeps what came first', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `P${String(index)}`)
    const backend = new TestBackend(names.map((name) => provider(name)))
    backend.modelLists = () => Promise.reject(failure({ code: 'connection-lost' }))
    const { catalogues } = setUp()
    expect((await catalogues.get('x', backend)).providers).toHaveLength(20)
    await expect.poll(async () => (await catalogues.get('x', backend)).isStale).toBe(false)
  })

  test('of backends do not mix, and a forgotten one is gone, also when its answer comes late', async () => {
    const { catalogues, store } = setUp()
    const late = few()
    const open = late.hold('providers')
    const pending = catalogues.get('x', late)
    await catalogues.get('y', new TestBackend([provider('Y')], { Y: [] }))
    catalogues.forget('x')
    open()
    await expect(pending).rejects.toMatchObject({ error: { code: 'internal' } })
    expect(store.get('x')).toBeUndefined()
    expect((await catalogues.get('y', late)).providers.map(({ name }) => name)).toEqual(['Y'])
  })

  test.each([[null], [[]], ['x'], [[{ name: 'A' }]], [{ providers: [] }], [[null]]])(
    'stored as %j is no reason to fail',
    async (stored) => {
      const { catalogues, store } = setUp()
      store.values.set('x', stored)
      await expect.poll(async () => (await catalogues.get('x', few())).providers, { interval: 5 }).toEqual(fewListed)
    },
  )
})

describe('the connection test', () => {
  const question = { provider: null, model: null, apiKey: null }

  test('says how fast the server answers and what it offers, also when no provider answers a question', async () => {
    const server = await serve(
      answering({
        '/version?cache=true': version,
        '/providers': [{ name: 'A' }, { name: 'AnyProvider' }],
        '/models/AnyProvider': [{ id: 'm' }],
      }),
    )
    const times = [1000, 1012]
    const clock = { monotonicMs: () => times.shift() ?? 0 }
    expect(await testBackend(new BackendApi({ url: server.url }), question, clock)).toEqual({
      verdict: 'reachable',
      roundTripMs: 12,
      firstWordMs: null,
      providers: 2,
      models: 1,
      gapsMs: [],
    })
  })

  test('without models of an automatic choice says nothing of models', async () => {
    const server = await serve(answering({ '/version?cache=true': version, '/providers': [] }))
    expect(await testBackend(new BackendApi({ url: server.url }), question, { monotonicMs: () => 0 })).toMatchObject({
      verdict: 'reachable',
      providers: 0,
      models: null,
    })
  })

  test('fails with the reason', async () => {
    const server = await serve(answering({}))
    expect(await testBackend(new BackendApi({ url: server.url }), question, { monotonicMs: () => 0 })).toEqual({
      verdict: 'failed',
      error: { code: 'http', status: 404, message: null },
    })
  })
})

describe('finding the server that a person means', () => {
  test('at its path, after the page that was copied', async () => {
    const server = await serve(answering({ '/version?cache=true': version }))
    expect(await connectBackend(`${server.url}/chat/#x`, createApi)).toEqual({
      url: server.url,
      version: '8.1.7',
      needsKey: false,
      tried: [`${server.url}/chat`],
    })
  })

  test('by the other scheme', async () => {
    const server = await serve(answering({ '/version?cache=true': version }))
    const typed = `localhost:${String(server.port)}`
    expect(await connectBackend(typed, createApi)).toMatchObject({ url: `http://${typed}`, tried: [] })
    const created: string[] = []
    const onlyHttps = (options: BackendApiOptions): Pick<BackendApi, 'version'> => {
      created.push(options.url)
      return new BackendApi({ ...options, url: options.url.startsWith('https') ? server.url : 'http://127.0.0.1:1' })
    }
    expect(await connectBackend(typed, onlyHttps)).toMatchObject({
      url: `https://${typed}`,
      tried: [`http://${typed}`],
    })
    expect(created).toEqual([`http://${typed}`, `https://${typed}`])
  })

  test('behind a key', async () => {
    const server = await serve(
      answering({ '/version?cache=true': { error: { message: 'Not authenticated' } } }, '401 No'),
    )
    expect(await connectBackend(server.url, createApi)).toMatchObject({
      url: server.url,
      version: null,
      needsKey: true,
    })
  })

  test('with its headers', async () => {
    const server = await serve(answering({ '/version?cache=true': version }))
    await connectBackend(server.url, createApi, { headers: { authorization: 'Bearer k' } })
    expect((await server.connections[0]?.request())?.headers.get('authorization')).toBe('Bearer k')
  })

  test('when none answers, the error of one that said something', async () => {
    const page = await serve(answering({}))
    const gone = await startRawServer(() => undefined)
    await gone.close()
    const urls = [`http://127.0.0.1:${String(gone.port)}`, page.url]
    const next = (options: BackendApiOptions): BackendApi => new BackendApi({ ...options, url: urls.shift() ?? '' })
    await expect(connectBackend('localhost:5', next)).rejects.toMatchObject({ error: { code: 'http', status: 404 } })
    await expect(connectBackend(`127.0.0.1:${String(gone.port)}`, createApi)).rejects.toMatchObject({
      error: { code: 'unreachable', reason: 'refused' },
    })
  })

  test('not for what is no address', async () => {
    await expect(connectBackend('ftp://x', createApi)).rejects.toMatchObject({
      error: { code: 'bad-address', reason: 'scheme' },
    })
  })
})

describe('servers on this computer', () => {
  test('are found side by side; silent, wrong and absent ones are not there', async () => {
    const open = await serve(answering({ '/version?cache=true': version, '/providers': [{ name: 'A' }] }))
    const locked = await serve(
      answering({ '/version?cache=true': { error: { message: 'Not authenticated' } } }, '401 No'),
    )
    const silent = await serve(() => undefined)
    const page = await serve(answering({}))
    const other = await serve((connection) => {
      connection.answer('403 Forbidden', { 'Content-Type': 'text/html' }, '<h1>Tomcat</h1>')
    })
    const gone = await startRawServer(() => undefined)
    await gone.close()
    const startMs = performance.now()
    const ports = [open, silent, locked, page, other, gone].map(({ port }) => port)
    expect(await discoverBackends(createApi, ports)).toEqual([
      { url: `http://localhost:${String(open.port)}`, providers: 1 },
      { url: `http://localhost:${String(locked.port)}`, providers: null },
    ])
    expect(performance.now() - startMs).toBeLessThan(4000)
  })
})
