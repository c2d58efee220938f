import { randomUUID } from 'node:crypto'
import { mkdtempSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { Backends } from '../../../src/main/backends'
import { openCatalogueFile } from '../../../src/main/catalogue-file'
import { systemClock } from '../../../src/main/clock'
import { createGuideTransport } from '../../../src/main/guide/transport'
import { loadPages } from '../../../src/main/guide/pages'
import { silentLogger } from '../../../src/main/logger'
import { Secrets } from '../../../src/main/secrets'
import { LiveSettings } from '../../../src/main/settings'
import type { Part } from '../../../src/shared/conversation'
import { toAppError } from '../../../src/shared/errors'
import { defaultSettings, newBackendProfile, type BackendView, type SecretName } from '../../../src/shared/settings'
import { eventually } from '../../support/eventually'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'

const CANARY = 'CANARY-key-0123456789'
const KEY: SecretName = { backendId: 'home', field: 'api-key' }

const servers: ScenarioServer[] = []
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(options?: Parameters<typeof startScenarioServer>[0]): Promise<ScenarioServer> {
  const server = await startScenarioServer(options)
  servers.push(server)
  return server
}

function open() {
  const told: BackendView[][] = []
  const settings = new LiveSettings(defaultSettings(process.platform), { write: async () => undefined }, silentLogger)
  const missing = { isSafe: async () => false, encrypt: async () => Buffer.alloc(0), decrypt: async () => '' }
  const secrets = new Secrets({}, missing, { write: async () => undefined }, () => undefined)
  const file = join(mkdtempSync(join(tmpdir(), 'parley-backends-')), 'catalogues.json')
  const backends = new Backends({
    settings,
    secrets,
    catalogues: openCatalogueFile(file, silentLogger),
    guide: createGuideTransport({ pages: loadPages('resources/guide'), locale: () => 'en' }),
    guideName: () => 'Guide',
    findAttachment: async () => null,
    clock: systemClock,
    logger: silentLogger,
    onChange: (views) => told.push(views),
  })
  return { backends, settings, told, file }
}

async function ask(backends: Backends, backendId: string, provider: string | null = null): Promise<Part[]> {
  const parts: Part[] = []
  const context = {
    generationId: randomUUID(),
    conversationId: randomUUID(),
    messages: [
      {
        role: 'user' as const,
        id: randomUUID(),
        parentId: null,
        createdAt: 0,
        text: 'How do I connect a server?',
        attachments: [],
      },
    ],
    backendId,
    provider,
    model: null,
    isContinuation: false,
    sessions: null,
  }
  for await (const part of backends.openSession(context, new AbortController().signal)) parts.push(part)
  return parts
}

const profile = (url: string) => newBackendProfile('home', 'Home', url)
const errorOf = async (promise: Promise<unknown>) => promise.then(() => null, toAppError)

describe('backends', () => {
  it('always has the Guide, which answers and cannot be changed', async () => {
    const { backends } = open()
    expect(backends.list()).toMatchObject([{ profile: { id: 'guide', name: 'Guide' }, isBuiltIn: true }])
    const parts = await ask(backends, 'guide')
    expect(parts.at(-1)).toEqual({ type: 'finish', state: 'complete', error: null })
    expect(await errorOf(backends.save({ ...profile('http://a'), id: 'guide' }))).toMatchObject({ code: 'bad-request' })
    expect(await errorOf(backends.remove('guide'))).toEqual({ code: 'not-found', what: 'backend' })
  })

  it('connects what was typed, once, and makes it the active one', async () => {
    const server = await serve()
    const { backends, settings, told } = open()
    const first = await backends.connect(`${server.url}/backend-api/v2?x=1`)
    expect(first.view).toMatchObject({ profile: { url: server.url }, apiKey: { kind: 'unset' }, isBuiltIn: false })
    const again = await backends.connect(server.url.replace('http://', ''))
    expect(again.view.profile.id).toBe(first.view.profile.id)
    expect(settings.current.backends).toHaveLength(1)
    expect(settings.current.activeBackendId).toBe(first.view.profile.id)
    expect(told.at(-1)).toHaveLength(2)
  })

  it('asks over real HTTP, with its headers', async () => {
    const server = await serve()
    const { backends } = open()
    await backends.save({
      ...profile(server.url),
      headers: [
        { id: 'h1', name: 'X-Client', isSecret: false, value: 'parley' },
        { id: 'h2', name: 'X-Secret', isSecret: true, value: 'never stored here' },
      ],
    })
    await backends.setSecret({ backendId: 'home', field: 'header', headerId: 'h2' }, CANARY, false)
    const parts = await ask(backends, 'home')
    expect(parts.at(-1)).toMatchObject({ type: 'finish', state: 'complete' })
    expect(server.conversations()[0]?.headers).toMatchObject({ 'x-client': 'parley', 'x-secret': CANARY })
  })

  it('gives a protected server its key in a header, and passes it to no provider', async () => {
    const server = await serve({ apiKey: CANARY })
    const { backends } = open()
    await backends.save(profile(server.url))
    expect((await ask(backends, 'home')).at(-1)).toMatchObject({ state: 'failed', error: { code: 'unauthorized' } })
    await backends.setSecret(KEY, CANARY, false)
    expect((await ask(backends, 'home')).at(-1)).toMatchObject({ state: 'complete' })
    const last = server.conversations().at(-1)
    expect(last?.headers.authorization).toBe(`Bearer ${CANARY}`)
    expect(last?.body).not.toContain(CANARY)
  })

  it('gives the key to the provider where the server asks for none', async () => {
    const server = await serve()
    const { backends } = open()
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    await ask(backends, 'home', 'Lab')
    await ask(backends, 'home', 'Lab')
    const last = server.conversations().at(-1)
    expect(last?.json.api_key).toBe(CANARY)
    expect(last?.headers.authorization).toBeUndefined()
    // Asked once.
    expect(server.requests.filter(({ path }) => path.endsWith('/version'))).toHaveLength(1)
  })

  it('S35 sends nothing secret to another address, and says why', async () => {
    const [first, second] = [await serve(), await serve()]
    const { backends } = open()
    await backends.save(profile(first.url))
    await backends.setSecret(KEY, CANARY, false)
    const view = await backends.save(profile(second.url))
    expect(view.apiKey).toMatchObject({ kind: 'set', origin: first.url })
    expect((await ask(backends, 'home')).at(-1)).toEqual({
      type: 'finish',
      state: 'failed',
      error: { code: 'secret-unavailable', reason: 'other-origin' },
    })
    expect(second.requests).toEqual([])
    await backends.setSecret(KEY, CANARY, false)
    expect((await ask(backends, 'home')).at(-1)).toMatchObject({ state: 'complete' })
  })

  it.each([
    ['Host', 'x', 'reserved'],
    ['X Y', 'x', 'name'],
    ['X-Y', 'a\r\nb: c', 'value'],
  ])('S34 saves no header %s: %j', async (name, value, reason) => {
    const { backends, settings } = open()
    const headers = [{ id: 'h1', name, isSecret: false, value }]
    expect(await errorOf(backends.save({ ...profile('http://localhost:1'), headers }))).toMatchObject({
      code: 'bad-header',
      reason,
    })
    expect(settings.current.backends).toEqual([])
  })

  it('S34 keeps no secret that cannot be sent', async () => {
    const { backends } = open()
    await backends.save(profile('http://localhost:1'))
    expect(await errorOf(backends.setSecret(KEY, 'a\nb', false))).toMatchObject({ code: 'bad-header' })
    expect(await errorOf(backends.setSecret(KEY, '', false))).toMatchObject({ code: 'bad-request' })
    expect(await errorOf(backends.setSecret({ ...KEY, backendId: 'none' }, 'k', false))).toMatchObject({
      code: 'not-found',
    })
    expect(
      await errorOf(backends.setSecret({ backendId: 'home', field: 'header', headerId: 'none' }, 'k', false)),
    ).toMatchObject({ code: 'bad-request' })
  })

  it('S36 stores an address without its path to the API, and refuses what is none', async () => {
    const { backends } = open()
    expect((await backends.save(profile('http://localhost:1337/backend-api/v2'))).profile.url).toBe(
      'http://localhost:1337',
    )
    expect(await errorOf(backends.save(profile('http://user:pass@localhost')))).toEqual({
      code: 'bad-address',
      reason: 'credentials',
    })
  })

  it('forgets the secret of a header that is gone, or no longer secret', async () => {
    const { backends } = open()
    const header = { id: 'h1', name: 'X-Secret', isSecret: true, value: '' }
    const name: SecretName = { backendId: 'home', field: 'header', headerId: 'h1' }
    await backends.save({ ...profile('http://localhost:1'), headers: [header] })
    await backends.setSecret(name, CANARY, false)
    await backends.save({ ...profile('http://localhost:1'), headers: [{ ...header, isSecret: false }] })
    const view = await backends.save({ ...profile('http://localhost:1'), headers: [header] })
    expect(view.headerSecrets).toEqual({ h1: { kind: 'unset' } })
  })

  it('removes a backend with its secrets, and goes on with another one', async () => {
    const { backends, settings } = open()
    await backends.save(profile('http://localhost:1'))
    settings.change((now) => ({ ...now, activeBackendId: 'home' }))
    await backends.setSecret(KEY, CANARY, false)
    await backends.remove('home')
    expect(settings.current).toMatchObject({ backends: [], activeBackendId: 'guide' })
    expect((await backends.save(profile('http://localhost:1'))).apiKey).toEqual({ kind: 'unset' })
    expect((await ask(backends, 'none')).at(-1)).toMatchObject({ error: { code: 'not-found', what: 'backend' } })
  })

  it('R43 keeps the last good catalogue over a restart, for this user only', async () => {
    const server = await serve()
    const { backends, file } = open()
    await backends.save(profile(server.url))
    const catalogue = await backends.catalogue('home')
    expect(catalogue.providers.map(({ name }) => name)).toContain('Lab')
    const stored = () => openCatalogueFile(file, silentLogger).get('home')
    expect(await eventually(stored, (value) => value !== undefined, 'a stored catalogue')).toEqual(catalogue.providers)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await backends.remove('home')
    await eventually(stored, (value) => value === undefined, 'a forgotten catalogue')
  })

  it('tests a connection and says what is wrong', async () => {
    const server = await serve()
    const { backends } = open()
    await backends.save(profile(server.url))
    expect(await backends.test('home')).toMatchObject({ verdict: 'streams', providers: 3 })
    expect(await backends.test('none')).toEqual({ verdict: 'failed', error: { code: 'not-found', what: 'backend' } })
  })
})
