import { statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { openCatalogueFile } from '../../../src/main/catalogue-file'
import { silentLogger } from '../../../src/main/logger'
import { Secrets, type Keychain } from '../../../src/main/secrets'
import type { Part } from '../../../src/shared/conversation'
import { toAppError } from '../../../src/shared/errors'
import {
  newBackendProfile,
  type BackendHeader,
  type BackendProfile,
  type SecretName,
} from '../../../src/shared/settings'
import { askBackend, noKeychain, openBackends, workingKeychain } from '../../support/backends'
import { eventually } from '../../support/eventually'
import { startRawServer } from '../../support/raw-server'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'
import { AT_ONCE_MS } from '../../support/pace'

const CANARY = 'CANARY-key-0123456789'
const PROVIDER_KEY = 'CANARY-provider-key-98765'
const KEY: SecretName = { backendId: 'home', field: 'api-key' }
const LAB: SecretName = { backendId: 'home', field: 'provider-key', provider: 'Lab' }
const PASSWORD: SecretName = { backendId: 'home', field: 'proxy-password' }

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

async function serve(options?: Parameters<typeof startScenarioServer>[0]): Promise<ScenarioServer> {
  const server = await startScenarioServer(options)
  closing.push(() => server.close())
  return server
}

const profile = (url: string, more: Partial<BackendProfile> = {}): BackendProfile => ({
  ...newBackendProfile('home', 'Home', url),
  ...more,
})
const header = (more: Partial<BackendHeader>): BackendHeader => ({
  id: 'h1',
  name: 'X-Secret',
  isSecret: true,
  value: '',
  ...more,
})
const errorOf = async (promise: Promise<unknown>) => promise.then(() => null, toAppError)
const finishOf = (parts: Part[]) => parts.at(-1)
/** Everything that came to a server, as text. */
const received = (server: ScenarioServer): string =>
  JSON.stringify(server.requests.map(({ path, headers, body, query }) => [path, headers, body, query.toString()]))

describe('backends', () => {
  it('always has the Guide, which answers and cannot be changed', async () => {
    const { backends } = openBackends()
    expect(backends.list()).toMatchObject([
      { profile: { id: 'guide', name: 'Guide' }, isBuiltIn: true, status: { kind: 'connected' } },
    ])
    expect(finishOf(await askBackend(backends, 'guide'))).toEqual({ type: 'finish', state: 'complete', error: null })
    expect(await errorOf(backends.save(profile('http://a', { id: 'guide' })))).toMatchObject({ code: 'bad-request' })
    const missing = { code: 'not-found', what: 'backend' }
    expect(await errorOf(backends.remove('guide'))).toEqual(missing)
    expect(await errorOf(backends.duplicate('guide'))).toEqual(missing)
    expect(await errorOf(backends.trust('guide', 'a'.repeat(64)))).toEqual(missing)
    expect(await errorOf(backends.find('guide', 'localhost'))).toEqual(missing)
    expect(await backends.test('guide')).toMatchObject({ verdict: 'streams' })
    expect((await backends.catalogue('guide')).providers).not.toEqual([])
  })

  it('asks over real HTTP, with its headers', async () => {
    const server = await serve()
    const { backends } = openBackends()
    const headers = [
      header({ id: 'h0', name: 'X-Client', isSecret: false, value: 'parley' }),
      header({ value: 'never stored here' }),
    ]
    expect((await backends.save(profile(server.url, { headers }))).profile.headers[1]?.value).toBe('')
    await backends.setSecret({ backendId: 'home', field: 'header', headerId: 'h1' }, CANARY, false)
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'complete' })
    expect(server.conversations()[0]?.headers).toMatchObject({ 'x-client': 'parley', 'x-secret': CANARY })
  })

  it('sends its parameters with every question, and none that Parley sets itself', async () => {
    const server = await serve()
    const { backends, settings } = openBackends()
    const parameters = '{"temperature": 0.2, "seed": null, "__proto__": {"x": 1}, "signal": 1, "baseUrl": "http://x"}'
    await backends.save(profile(server.url, { parameters }))
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'complete' })
    expect(server.conversations()[0]?.json).toMatchObject({ temperature: 0.2, seed: null })
    expect(server.conversations()[0]?.body).not.toContain('__proto__')
    // The text of a person stays as it was typed.
    expect(settings.current.backends[0]?.parameters).toBe(parameters)

    expect(await errorOf(backends.save(profile(server.url, { parameters: '{"messages": []}' })))).toEqual({
      code: 'bad-parameters',
      reason: 'reserved',
      name: 'messages',
    })
    expect(settings.current.backends[0]?.parameters).toBe(parameters)
  })

  it('checks what was changed behind its back once more before it sends anything', async () => {
    const server = await serve()
    const { backends, settings } = openBackends()
    await backends.save(profile(server.url))
    const sent = async (change: Partial<BackendProfile>) => {
      settings.change((now) => ({ ...now, backends: [profile(server.url, change)] }))
      const part = finishOf(await askBackend(backends, 'home'))
      return part?.type === 'finish' ? part.error : null
    }
    expect(await sent({ parameters: '{"model": 1}' })).toMatchObject({ code: 'bad-parameters', name: 'model' })
    expect(await sent({ headers: [header({ isSecret: false, name: 'Host', value: 'x' })] })).toMatchObject({
      code: 'bad-header',
      reason: 'reserved',
    })
    expect(await sent({ headers: [header({ isSecret: false, value: 'a\r\nb: c' })] })).toMatchObject({
      code: 'bad-header',
    })
    expect(await sent({ url: 'http://user:pw@127.0.0.1:1' })).toMatchObject({ code: 'bad-address' })
    expect(server.requests).toEqual([])
    expect(
      await sent({ proxy: { kind: 'own', url: 'ftp://x', user: '' }, url: 'http://server.example' }),
    ).toMatchObject({
      code: 'bad-proxy',
    })
  })

  it.each([
    ['Host', 'x', 'reserved'],
    ['X Y', 'x', 'name'],
    ['X-Y', 'a\r\nb: c', 'value'],
    ['__proto__', 'x', 'name'],
  ])('S34 saves no header %s: %j', async (name, value, reason) => {
    const { backends, settings } = openBackends()
    const headers = [header({ name, value, isSecret: false })]
    expect(await errorOf(backends.save(profile('http://localhost:1', { headers })))).toMatchObject({
      code: 'bad-header',
      reason,
    })
    expect(settings.current.backends).toEqual([])
  })

  it('S36 stores an address without its path to the API, and refuses what is none', async () => {
    const { backends } = openBackends()
    const saved = await backends.save(profile('http://localhost:1337/backend-api/v2'))
    expect(saved.profile.url).toBe('http://localhost:1337')
    expect(await errorOf(backends.save(profile('http://user:pass@localhost')))).toEqual({
      code: 'bad-address',
      reason: 'credentials',
    })
    expect(backends.list()[0]?.profile.url).toBe('http://localhost:1337')
  })

  it('stores the address of a proxy in one form, and refuses what is none', async () => {
    const { backends } = openBackends()
    const own = (url: string, user = '') => profile('http://a.example', { proxy: { kind: 'own', url, user } })
    expect((await backends.save(own('Proxy.LAN:3128', 'me'))).profile.proxy).toEqual({
      kind: 'own',
      url: 'http://proxy.lan:3128',
      user: 'me',
    })
    const refused = async (url: string, user?: string) => errorOf(backends.save(own(url, user)))
    expect(await refused('http://me:secret@proxy.lan')).toEqual({ code: 'bad-proxy', reason: 'credentials' })
    expect(await refused('ftp://proxy.lan')).toEqual({ code: 'bad-proxy', reason: 'scheme' })
    expect(await refused('')).toEqual({ code: 'bad-proxy', reason: 'empty' })
    expect(await refused('http://proxy.lan', 'me:secret')).toEqual({ code: 'bad-proxy', reason: 'credentials' })
    expect(await refused('socks5://proxy.lan', 'a\nb')).toEqual({ code: 'bad-proxy', reason: 'credentials' })
    expect(backends.list()[0]?.profile.proxy).toMatchObject({ url: 'http://proxy.lan:3128' })
  })

  it('a server that is connected becomes the active one only when there is none', async () => {
    const { backends, settings } = openBackends()
    const [first, second] = [await serve(), await serve()]
    const one = await backends.connect(first.url, null)
    expect(one.isKnown).toBe(false)
    expect(settings.current.activeBackendId).toBe(one.view.profile.id)
    expect((await backends.connect(second.url, null)).isKnown).toBe(false)
    expect(settings.current.activeBackendId).toBe(one.view.profile.id)
    const again = await backends.connect(second.url, null)
    expect(again).toMatchObject({ isKnown: true, view: { profile: { url: second.url } } })
    expect(settings.current.backends).toHaveLength(2)
    expect(settings.current.activeBackendId).toBe(one.view.profile.id)
  })

  it('S37 takes no trust from a page', async () => {
    const { backends } = openBackends()
    const trust: BackendProfile['trust'] = { kind: 'authority', fileName: 'x', subjects: [], sha256: 'a'.repeat(64) }
    expect((await backends.save(profile('https://a.example', { trust }))).profile.trust).toEqual({ kind: 'system' })
    expect((await backends.save(profile('https://a.example', { trust }))).profile.trust).toEqual({ kind: 'system' })
  })

  it('keeps at most 100, and none of more makes the settings unreadable', async () => {
    const { backends, settings } = openBackends()
    for (let index = 0; index < 100; index += 1) {
      await backends.save(
        profile('http://localhost:1', { id: `b${index}`, parameters: `{"a":"${'x'.repeat(60_000)}"}` }),
      )
    }
    const refused = { code: 'bad-request' }
    expect(await errorOf(backends.save(profile('http://localhost:1')))).toMatchObject(refused)
    expect(await errorOf(backends.duplicate('b0'))).toMatchObject(refused)
    const server = await serve()
    expect(await errorOf(backends.connect(server.url, null))).toMatchObject(refused)
    expect(settings.current.backends).toHaveLength(100)
    // The last straw is refused, and nothing of it is kept.
    const headers = Array.from({ length: 100 }, (_one, index) =>
      header({ id: `h${index}`, name: `X-${index}`, isSecret: false, value: 'x'.repeat(7900) }),
    )
    const attempts: (string | null)[] = []
    for (const id of ['b1', 'b2', 'b3', 'b4']) {
      attempts.push((await errorOf(backends.save(profile('http://localhost:1', { id, headers }))))?.code ?? null)
    }
    expect(attempts).toEqual([null, null, null, 'bad-request'])
    expect(settings.current.backends.find(({ id }) => id === 'b4')?.headers).toEqual([])
    expect(JSON.stringify(settings.current).length).toBeLessThan(8 * 1024 * 1024)
  })

  it('R33 loses nothing when two pages save at once', async () => {
    const { backends, settings } = openBackends()
    const ids = Array.from({ length: 40 }, (_one, index) => `b${index}`)
    await Promise.all(ids.map((id) => backends.save(profile('http://localhost:1', { id, keyedProviders: ['A', 'B'] }))))
    expect(settings.current.backends.map(({ id }) => id)).toEqual(ids)
    await Promise.all(
      ids.flatMap((id) => [
        backends.save(profile('http://localhost:2', { id })),
        backends.setSecret({ backendId: id, field: 'api-key' }, CANARY, false),
      ]),
    )
    expect(settings.current.backends.map(({ url }) => url)).toEqual(ids.map(() => 'http://localhost:2'))
    expect(backends.list().filter(({ apiKey }) => apiKey.kind === 'set')).toHaveLength(40)
  })

  it('duplicates a backend with its secrets, without asking the keychain', async () => {
    const server = await serve({ apiKey: CANARY })
    let asked = 0
    const counting: Keychain = {
      isSafe: async () => true,
      encrypt: async (value) => ((asked += 1), workingKeychain.encrypt(value)),
      decrypt: async (data) => ((asked += 1), workingKeychain.decrypt(data)),
    }
    const { backends, settings } = openBackends({ keychain: counting, locale: 'ru' })
    await backends.save(profile(server.url, { name: 'Дом', keyedProviders: ['Lab'], headers: [header({})] }))
    await backends.save(profile('http://localhost:9', { id: 'other' }))
    await backends.setSecret(KEY, CANARY, false)
    await backends.setSecret(LAB, PROVIDER_KEY, false)
    asked = 0
    const copy = await backends.duplicate('home')
    expect(asked).toBe(0)
    expect(copy).toMatchObject({
      profile: { name: 'Дом (копия)', url: server.url },
      apiKey: { kind: 'set', origin: server.url, kept: 'keychain' },
      providerKeys: [{ provider: 'Lab', key: { kind: 'set' } }],
      headerSecrets: { h1: { kind: 'unset' } },
    })
    expect(settings.current.backends.map(({ name }) => name)).toEqual(['Дом', 'Дом (копия)', 'Home'])
    await backends.remove('home')
    expect(finishOf(await askBackend(backends, copy.profile.id, { provider: 'Lab' }))).toMatchObject({
      state: 'complete',
    })
    expect(server.conversations().at(-1)?.json.api_key).toBe(PROVIDER_KEY)
    // A name that has no room for more.
    const long = await backends.save(profile(server.url, { id: 'long', name: 'x'.repeat(200) }))
    expect((await backends.duplicate(long.profile.id)).profile.name).toHaveLength(200)
  })

  it('removes a backend with its secrets, and goes on with another one', async () => {
    const { backends, settings } = openBackends()
    await backends.save(profile('http://localhost:1'))
    settings.change((now) => ({ ...now, activeBackendId: 'home' }))
    await backends.setSecret(KEY, CANARY, false)
    await backends.remove('home')
    expect(settings.current).toMatchObject({ backends: [], activeBackendId: 'guide' })
    expect((await backends.save(profile('http://localhost:1'))).apiKey).toEqual({ kind: 'unset' })
    expect(finishOf(await askBackend(backends, 'none'))).toMatchObject({
      error: { code: 'not-found', what: 'backend' },
    })
  })

  it('R43 keeps the last good catalogue over a restart, for this user only', async () => {
    const server = await serve()
    const { backends, folder } = openBackends()
    await backends.save(profile(server.url))
    const catalogue = await backends.catalogue('home')
    expect(catalogue.providers.map(({ name }) => name)).toContain('Lab')
    const file = join(folder, 'catalogues.json')
    const stored = () => openCatalogueFile(file, silentLogger).get('home')
    await eventually(stored, (value) => value !== undefined, 'a stored catalogue')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    await backends.remove('home')
    await eventually(stored, (value) => value === undefined, 'a forgotten catalogue')
  })

  it('R43 waits for the first catalogue through a key that is entered meanwhile, and asks with it', async () => {
    const auths: (string | undefined)[] = []
    let open = (): void => undefined
    const held = new Promise<void>((resolve) => (open = resolve))
    const server = await startRawServer(async (connection) => {
      const { path, headers } = await connection.request()
      const auth = headers.get('authorization')
      if (path.endsWith('/providers')) {
        auths.push(auth)
        if (auths.length === 1) await held
      }
      const isOpen = auth === `Bearer ${CANARY}`
      const body = path.endsWith('/providers') ? [{ name: 'Lab' }] : path.includes('/models/') ? [{ id: 'm' }] : {}
      connection.answer(
        isOpen ? '200 OK' : '401 UNAUTHORIZED',
        { 'Content-Type': 'application/json' },
        JSON.stringify(isOpen ? body : { error: { message: 'key' } }),
      )
    })
    closing.push(() => server.close())
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    const catalogue = backends.catalogue('home')
    await expect.poll(() => auths.length).toBe(1)
    await backends.setSecret(KEY, CANARY, false)
    open()
    expect((await catalogue).providers.map(({ name }) => name)).toEqual(['Lab'])
    expect(auths).toEqual([undefined, `Bearer ${CANARY}`])
  })

  it('R43 whose server is gone is not asked without end by those who are told that it did not answer', async () => {
    const server = await serve()
    const asked: string[] = []
    const { backends, view } = openBackends({
      // As the window does: what has changed is loaded again.
      onCatalogueChange: (backendId) => {
        asked.push(backendId)
        void backends.catalogue(backendId)
      },
    })
    await backends.save(profile(server.url))
    await backends.catalogue('home')
    await server.close()
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'failed' })
    expect(view('home').status.kind).toBe('offline')
    asked.length = 0
    const known = await backends.catalogue('home')
    expect(known.providers).not.toEqual([])
    await eventually(
      () => asked.length,
      (count) => count > 0,
      'the news that nobody answers',
    )
    // What is asked in a circle comes round within milliseconds.
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(asked).toEqual(['home'])
  })

  it('R43 shows a known catalogue at once, whatever server and keychain do', async () => {
    const server = await serve()
    let isSilent = false
    const slow: Keychain = {
      ...workingKeychain,
      decrypt: async (data) => (isSilent ? new Promise(() => undefined) : workingKeychain.decrypt(data)),
    }
    const first = openBackends({ keychain: slow })
    await first.backends.save(profile(server.url))
    await first.backends.setSecret(KEY, CANARY, false)
    const { providers } = await first.backends.catalogue('home')
    const store = { get: () => providers, set: () => undefined }
    const second = openBackends({ settings: first.settings, secrets: first.secrets, catalogues: store })
    isSilent = true
    const startMs = performance.now()
    expect(await second.backends.catalogue('home')).toMatchObject({ providers, isStale: true })
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
  })

  it('tests a connection and says what is wrong', async () => {
    const server = await serve()
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    expect(await backends.test('home')).toMatchObject({ error: null })
    expect(await backends.test('none')).toEqual({ verdict: 'failed', error: { code: 'not-found', what: 'backend' } })
  })

  it('S33 never follows a redirect, with or without a key', async () => {
    const canary = await serve()
    const server = await startRawServer(async (connection) => {
      const { path } = await connection.request()
      connection.answer('307 Temporary Redirect', { Location: canary.url + path })
    })
    closing.push(() => server.close())
    const { backends, view } = openBackends()
    await backends.save(profile(server.url, { headers: [header({})] }))
    await backends.setSecret(KEY, CANARY, false)
    await backends.setSecret({ backendId: 'home', field: 'header', headerId: 'h1' }, CANARY, false)
    const redirect = { code: 'redirect', status: 307 }
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'failed', error: redirect })
    expect(await backends.test('home')).toMatchObject({ verdict: 'failed', error: redirect })
    expect(await errorOf(backends.catalogue('home'))).toMatchObject(redirect)
    expect(await errorOf(backends.find('home', server.url))).toMatchObject(redirect)
    expect(view('home').status).toMatchObject({ kind: 'offline', error: redirect })
    expect(canary.requests).toEqual([])
  })
})

describe('secrets of backends', () => {
  it('S34 keeps no secret that cannot be sent, and none without a place', async () => {
    const { backends } = openBackends()
    await backends.save(profile('http://localhost:1'))
    const refusal = async (name: SecretName, value: string) => errorOf(backends.setSecret(name, value, false))
    expect(await refusal(KEY, 'a\nb')).toMatchObject({ code: 'bad-header' })
    expect(await refusal(LAB, 'a\nb')).toMatchObject({ code: 'bad-header' })
    expect(await refusal(KEY, '')).toMatchObject({ code: 'bad-request' })
    expect(await refusal({ ...KEY, backendId: 'none' }, 'k')).toMatchObject({ code: 'not-found' })
    expect(await refusal({ backendId: 'home', field: 'header', headerId: 'none' }, 'k')).toMatchObject({
      code: 'bad-request',
    })
    expect(await refusal(PASSWORD, 'k')).toMatchObject({ code: 'bad-request' })
    await backends.save(profile('http://localhost:1', { proxy: { kind: 'own', url: 'socks5://p', user: 'me' } }))
    expect(await refusal(PASSWORD, 'x'.repeat(256))).toMatchObject({ code: 'bad-request' })
    expect(await refusal(PASSWORD, 'a\0b')).toMatchObject({ code: 'bad-request' })
    expect(await refusal(PASSWORD, 'a b:ü')).toBeNull()
  })

  it('S35 sends nothing secret to another address until the person agrees, and says why', async () => {
    const [first, second] = [await serve(), await serve()]
    const { backends } = openBackends()
    const setup = { headers: [header({})], keyedProviders: ['Lab'] }
    await backends.save(profile(first.url, setup))
    await backends.setSecret(KEY, CANARY, false)
    await backends.setSecret(LAB, CANARY, false)
    await backends.setSecret({ backendId: 'home', field: 'header', headerId: 'h1' }, CANARY, false)
    const view = await backends.save(profile(second.url, setup))
    expect(view.apiKey).toMatchObject({ kind: 'set', origin: first.url })

    const refusal = { code: 'secret-unavailable', reason: 'other-origin' }
    expect(finishOf(await askBackend(backends, 'home'))).toEqual({ type: 'finish', state: 'failed', error: refusal })
    expect(await backends.test('home')).toEqual({ verdict: 'failed', error: refusal })
    expect(await errorOf(backends.catalogue('home'))).toEqual(refusal)
    expect(await errorOf(backends.api('home'))).toEqual(refusal)
    expect(second.requests).toEqual([])
    // Looking for the server is asked for, and goes without them.
    expect(await backends.find('home', second.url)).toMatchObject({ url: second.url, needsKey: false })
    expect(second.requests).toHaveLength(1)
    expect(received(second)).not.toContain(CANARY)

    const moved = await backends.moveSecrets('home')
    expect(moved).toMatchObject({
      apiKey: { origin: second.url },
      headerSecrets: { h1: { origin: second.url } },
      providerKeys: [{ key: { origin: second.url } }],
    })
    expect(finishOf(await askBackend(backends, 'home', { provider: 'Lab' }))).toMatchObject({ state: 'complete' })
    expect(second.conversations()[0]?.headers['x-secret']).toBe(CANARY)
    expect(first.requests).toEqual([])
  })

  it('S35 does not move the password of a proxy with them', async () => {
    const { backends } = openBackends({ keychain: workingKeychain })
    const proxy = { kind: 'own' as const, url: 'socks5://proxy.lan:1080', user: 'me' }
    await backends.save(profile('http://a.example', { proxy }))
    await backends.setSecret(PASSWORD, CANARY, false)
    await backends.setSecret(KEY, CANARY, false)
    await backends.save(profile('http://b.example', { proxy }))
    expect(await backends.moveSecrets('home')).toMatchObject({
      proxyPassword: { kind: 'set', origin: 'socks5://proxy.lan:1080' },
      apiKey: { origin: 'http://b.example' },
    })
  })

  it('forgets secrets that have no place any more', async () => {
    const { backends } = openBackends({ keychain: workingKeychain })
    const full = profile('http://localhost:1', {
      headers: [header({})],
      keyedProviders: ['Lab', 'Other'],
      proxy: { kind: 'own', url: 'http://proxy.lan:80', user: '' },
    })
    const h1: SecretName = { backendId: 'home', field: 'header', headerId: 'h1' }
    const fill = async () => {
      await backends.save(full)
      for (const name of [KEY, LAB, PASSWORD, h1]) await backends.setSecret(name, CANARY, false)
      await backends.setSecret({ ...LAB, provider: 'Other' }, CANARY, false)
    }
    await fill()
    await backends.save({ ...full, headers: [header({ isSecret: false })], keyedProviders: ['Other'] })
    expect(await backends.save(full)).toMatchObject({
      headerSecrets: { h1: { kind: 'unset' } },
      providerKeys: [{ key: { kind: 'unset' } }, { provider: 'Other', key: { kind: 'set' } }],
      proxyPassword: { kind: 'set' },
      apiKey: { kind: 'set' },
    })
    for (const proxy of [{ kind: 'none' }, { kind: 'own', url: 'http://other.lan:80', user: '' }] as const) {
      await fill()
      await backends.save({ ...full, proxy })
      expect((await backends.save(full)).proxyPassword).toEqual({ kind: 'unset' })
    }
  })

  const refusing: Keychain = {
    isSafe: async () => true,
    encrypt: async () => Promise.reject(new Error('locked')),
    decrypt: async () => Promise.reject(new Error('locked')),
  }
  const throwing: [string, Keychain][] = [
    ['says whether it is safe', { ...workingKeychain, isSafe: async () => Promise.reject(new Error('bus')) }],
    ['encrypts', { ...workingKeychain, encrypt: refusing.encrypt }],
    ['does anything', refusing],
    ['is there', noKeychain],
  ]
  it.each(throwing)('S27 keeps a key for now where the keychain throws as it %s', async (_name, keychain) => {
    const server = await serve({ apiKey: CANARY })
    const { backends } = openBackends({ keychain })
    await backends.save(profile(server.url))
    expect(await backends.setSecret(KEY, CANARY, false)).toMatchObject({ kind: 'set', kept: 'session' })
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'complete' })
  })

  it('S27 keeps what the keychain does not open, in every move, and asks again', async () => {
    const server = await serve({ apiKey: CANARY })
    let isLocked = false
    const keychain: Keychain = {
      ...workingKeychain,
      decrypt: async (data) => (isLocked ? refusing.decrypt(data) : workingKeychain.decrypt(data)),
    }
    const { backends, view } = openBackends({ keychain })
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    isLocked = true
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({
      error: { code: 'secret-unavailable', reason: 'unreadable' },
    })
    expect(server.requests).toEqual([])
    expect(view('home')).toMatchObject({ apiKey: { kind: 'unreadable' }, status: { kind: 'needs-key' } })
    const copy = await backends.duplicate('home')
    expect(copy.apiKey.kind).toBe('unreadable')
    await backends.save(profile('http://localhost:1'))
    await backends.moveSecrets('home')
    await backends.save(profile(server.url))
    await backends.moveSecrets('home')
    isLocked = false
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'complete' })
    expect(finishOf(await askBackend(backends, copy.profile.id))).toMatchObject({ state: 'complete' })
    expect(view('home').apiKey).toMatchObject({ kind: 'set', tail: '6789' })
  })

  it('says so when a secret cannot be written', async () => {
    const secrets = new Secrets(
      {},
      workingKeychain,
      { write: async () => Promise.reject(new Error('full')) },
      () => undefined,
    )
    const { backends } = openBackends({ secrets })
    await backends.save(profile('http://localhost:1'))
    expect(await errorOf(backends.setSecret(KEY, CANARY, false))).toEqual({ code: 'storage', reason: 'failed' })
  })
})

describe('who gets which key', () => {
  it('a protected server gets its key in a header, and no provider gets it', async () => {
    const server = await serve({ apiKey: CANARY })
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ error: { code: 'unauthorized' } })
    await backends.setSecret(KEY, CANARY, false)
    expect(finishOf(await askBackend(backends, 'home', { provider: 'Lab' }))).toMatchObject({ state: 'complete' })
    const last = server.conversations().at(-1)
    expect(last?.headers.authorization).toBe(`Bearer ${CANARY}`)
    expect(last?.body).not.toContain(CANARY)
  })

  it('a server that asks for none passes the key on to the provider', async () => {
    const server = await serve()
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    await askBackend(backends, 'home', { provider: 'Lab' })
    await askBackend(backends, 'home')
    for (const { json, headers } of server.conversations()) {
      expect(json.api_key).toBe(CANARY)
      expect(headers.authorization).toBeUndefined()
    }
    // Asked once.
    expect(server.requests.filter(({ path }) => path.endsWith('/version'))).toHaveLength(1)
  })

  it('a provider with a key of its own gets that one, and nobody else does', async () => {
    const server = await serve({ apiKey: CANARY })
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    // Its place is made with it.
    await backends.setSecret(LAB, PROVIDER_KEY, false)
    expect(backends.list()[0]).toMatchObject({
      profile: { keyedProviders: ['Lab'] },
      providerKeys: [{ provider: 'Lab' }],
    })
    await askBackend(backends, 'home', { provider: 'Lab' })
    for (const provider of [null, 'AnyProvider', 'Locked']) await askBackend(backends, 'home', { provider })
    const [lab, ...others] = server.conversations()
    expect(lab?.json.api_key).toBe(PROVIDER_KEY)
    expect(lab?.headers.authorization).toBe(`Bearer ${CANARY}`)
    expect(others).toHaveLength(3)
    expect(JSON.stringify(others)).not.toContain(PROVIDER_KEY)
    // Only to its own list of models.
    await backends.catalogue('home')
    for (const { path, headers } of server.requests) {
      expect(headers['x-api-key']).toBe(path.endsWith('/models/Lab') ? PROVIDER_KEY : undefined)
    }
  })

  it('the key of a provider goes before the general one', async () => {
    const server = await serve()
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    await backends.setSecret(LAB, PROVIDER_KEY, false)
    await askBackend(backends, 'home', { provider: 'Lab' })
    await askBackend(backends, 'home', { provider: 'Locked' })
    expect(server.conversations().map(({ json }) => json.api_key)).toEqual([PROVIDER_KEY, CANARY])
  })

  it('a server that was restarted with a key gets it, and then no provider does', async () => {
    const open = await serve()
    const { backends, view } = openBackends()
    await backends.save(profile(open.url))
    await backends.setSecret(KEY, CANARY, false)
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'complete' })
    await open.close()
    const closed = await serve({ port: open.port, apiKey: CANARY })
    const parts = await askBackend(backends, 'home')
    expect(finishOf(parts)).toMatchObject({ state: 'complete' })
    expect(parts.filter(({ type }) => type === 'finish')).toHaveLength(1)
    const [refused, answered] = closed.conversations()
    expect(closed.conversations()).toHaveLength(2)
    expect(refused?.headers.authorization).toBeUndefined()
    expect(answered?.headers.authorization).toBe(`Bearer ${CANARY}`)
    expect(answered?.body).not.toContain(CANARY)
    expect(view('home').status.kind).toBe('connected')
    // Known from then on.
    await askBackend(backends, 'home')
    expect(closed.conversations()).toHaveLength(3)
    await closed.close()
    const wrong = await serve({ port: open.port, apiKey: 'another key' })
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({
      state: 'failed',
      error: { code: 'unauthorized', status: 401 },
    })
    // Its key was seen, so it is not asked twice.
    expect(wrong.conversations()).toHaveLength(1)
    expect(view('home').status.kind).toBe('needs-key')
  })

  it('a server that was restarted with a key also lists again, and passes its test', async () => {
    const open = await serve()
    const { backends } = openBackends()
    await backends.save(profile(open.url))
    await backends.setSecret(KEY, CANARY, false)
    await askBackend(backends, 'home')
    await open.close()
    await serve({ port: open.port, apiKey: CANARY })
    expect((await backends.catalogue('home')).providers).not.toEqual([])
    expect(await backends.test('home')).toMatchObject({ error: null })
  })

  it('a server that was restarted without its key is asked again whose the key is', async () => {
    const closed = await serve({ apiKey: CANARY })
    const { backends } = openBackends()
    await backends.save(profile(closed.url))
    await backends.setSecret(KEY, CANARY, false)
    await askBackend(backends, 'home')
    await closed.close()
    const open = await serve({ port: closed.port })
    // The provider misses a key that was not passed on.
    expect(finishOf(await askBackend(backends, 'home', { model: 'auth' }))).toMatchObject({
      error: { code: 'provider-auth' },
    })
    await askBackend(backends, 'home')
    expect(open.conversations().map(({ json }) => json.api_key)).toEqual([undefined, CANARY])
  })

  it('a refusal of something in between (403) settles nothing', async () => {
    let isOpen = false
    const server = await startRawServer(async (connection) => {
      const { path } = await connection.request()
      if (!isOpen) connection.answer('403 Forbidden', { 'Content-Type': 'text/html' }, '<h1>Blocked</h1>')
      else if (path.includes('/version')) {
        connection.answer('200 OK', { 'Content-Type': 'application/json' }, '{"version":"8.1.7"}')
      } else {
        connection.beginStream()
        connection.event({ type: 'content', content: 'Yes.' })
        connection.event({ type: 'finish', finish: { reason: 'stop' } })
        connection.endStream()
      }
    })
    closing.push(() => server.close())
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ error: { code: 'unauthorized', status: 403 } })
    isOpen = true
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'complete' })
    const asked = await Promise.all(server.connections.map((connection) => connection.head()))
    const questions = asked.filter(({ method }) => method === 'POST')
    expect(questions.map(({ headers }) => headers.get('authorization'))).toEqual([`Bearer ${CANARY}`, undefined])
    // Once each: a 403 may come after something was done.
    expect(questions).toHaveLength(2)
  })

  it('a server that hangs delays a question by seconds, keeps the key as its own, and can be stopped at once', async () => {
    const server = await startRawServer(async (connection) => {
      const { method } = await connection.request()
      if (method !== 'POST') return
      connection.beginStream()
      connection.event({ type: 'content', content: 'Yes.' })
      connection.event({ type: 'finish', finish: { reason: 'stop' } })
      connection.endStream()
    })
    closing.push(() => server.close())
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    const stop = new AbortController()
    const stopped = askBackend(backends, 'home', { signal: stop.signal })
    await eventually(
      () => server.connections.length,
      (count) => count === 1,
      'the question whose key it is',
    )
    const stoppedMs = performance.now()
    stop.abort()
    expect(finishOf(await stopped)).toEqual({ type: 'finish', state: 'stopped', error: null })
    expect(performance.now() - stoppedMs).toBeLessThan(AT_ONCE_MS)

    const startMs = performance.now()
    expect(finishOf(await askBackend(backends, 'home'))).toMatchObject({ state: 'complete' })
    expect(performance.now() - startMs).toBeLessThan(8000)
    const question = await server.connections.at(-1)?.head()
    expect(question?.headers.get('authorization')).toBe(`Bearer ${CANARY}`)
    expect(question?.body.toString()).not.toContain(CANARY)
  }, 15_000)

  it('keeps all keys out of what it tells windows', async () => {
    const server = await serve({ apiKey: CANARY })
    const { backends, told, settings } = openBackends()
    await backends.save(profile(server.url, { headers: [header({})], keyedProviders: ['Lab'] }))
    await backends.setSecret(KEY, CANARY, false)
    await backends.setSecret(LAB, PROVIDER_KEY, false)
    const answered = [
      await askBackend(backends, 'home', { provider: 'Lab' }),
      await backends.test('home'),
      await backends.catalogue('home'),
      await backends.duplicate('home'),
    ]
    await sleep(0)
    const all = JSON.stringify([told, settings.current, answered, backends.list()])
    expect(all).not.toContain(CANARY)
    expect(all).not.toContain(PROVIDER_KEY)
  })
})
