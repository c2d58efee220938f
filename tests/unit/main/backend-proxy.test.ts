import { afterEach, describe, expect, it } from 'vitest'
import type { Keychain } from '../../../src/main/secrets'
import type { Part } from '../../../src/shared/conversation'
import type { AppError } from '../../../src/shared/errors'
import { newBackendProfile, type BackendProfile, type ProxyChoice, type SecretName } from '../../../src/shared/settings'
import { askBackend, openBackends, workingKeychain } from '../../support/backends'
import { startHttpProxy, startSocksProxy, type TestProxy } from '../../support/proxies'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'

const CANARY = 'CANARY-password-0123456789'
const PASSWORD: SecretName = { backendId: 'home', field: 'proxy-password' }

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

async function serve(): Promise<ScenarioServer> {
  const server = await startScenarioServer()
  closing.push(() => server.close())
  return server
}
async function proxied<T extends TestProxy>(starting: Promise<T>): Promise<T> {
  const proxy = await starting
  closing.push(() => proxy.close())
  return proxy
}

/** The server by a name that only the proxy knows. */
const named = (server: ScenarioServer): string => `http://chat.example:${server.port}`
const profile = (url: string, proxy: ProxyChoice): BackendProfile => ({
  ...newBackendProfile('home', 'Home', url),
  proxy,
})
const errorIn = (parts: Part[]): AppError | null => {
  const last = parts.at(-1)
  return last?.type === 'finish' ? last.error : null
}

describe('a proxy of one’s own', () => {
  it('is used with its login, for questions, lists and the test', async () => {
    const server = await serve()
    const proxy = await proxied(startSocksProxy(5, { login: { user: 'me:too', password: CANARY } }))
    const { backends } = openBackends()
    await backends.save(profile(named(server), { kind: 'own', url: proxy.url, user: 'me:too' }))
    await backends.setSecret(PASSWORD, CANARY, false)
    expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
    expect((await backends.catalogue('home')).providers).not.toEqual([])
    expect(await backends.test('home')).toMatchObject({ error: null })
    expect(await backends.find('home', named(server))).toMatchObject({ url: named(server) })
    expect(new Set(proxy.requests.map(({ host, login }) => `${host} ${String(login)}`))).toEqual(
      new Set([`chat.example me:too:${CANARY}`]),
    )
    // What the server got says nothing of the proxy.
    expect(JSON.stringify(server.requests)).not.toContain(CANARY)
  })

  it('is told to whoever records the answer, without its password, and not for this computer', async () => {
    const routes: unknown[] = []
    const server = await serve()
    const proxy = await proxied(startHttpProxy())
    const { backends } = openBackends({
      tap: (transport, { route }) => {
        routes.push(route)
        return transport
      },
      findSystemProxy: async () => `PROXY 127.0.0.1:${proxy.port}`,
    })
    const trust = { kind: 'system' }
    const own: ProxyChoice = { kind: 'own', url: proxy.url, user: 'me' }
    for (const [url, choice] of [
      [named(server), own],
      [named(server), { kind: 'system' }],
      [named(server), { kind: 'none' }],
      [server.url, own],
    ] as const) {
      await backends.save(profile(url, choice))
      await backends.setSecret(PASSWORD, CANARY, false).catch(() => null)
      await askBackend(backends, 'home')
    }
    expect(routes).toEqual([
      { proxy: proxy.url, hasProxyLogin: true, trust },
      { proxy: proxy.url, hasProxyLogin: false, trust },
      { proxy: null, hasProxyLogin: false, trust },
      { proxy: null, hasProxyLogin: false, trust },
    ])
  })

  it('works over http with and without a login', async () => {
    const server = await serve()
    const open = await proxied(startHttpProxy())
    const closed = await proxied(startHttpProxy({ login: { user: 'me', password: 'p w:ü%' } }))
    const { backends } = openBackends()
    await backends.save(profile(named(server), { kind: 'own', url: open.url, user: '' }))
    expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
    expect(open.requests).toMatchObject([{ login: null }])
    await backends.save(profile(named(server), { kind: 'own', url: closed.url, user: 'me' }))
    await backends.setSecret(PASSWORD, 'p w:ü%', false)
    expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
  })

  it('S38 says so when it asks for a login, and gets nothing of the question', async () => {
    const server = await serve()
    const proxy = await proxied(startHttpProxy({ login: { user: 'me', password: 'right' } }))
    const { backends, view } = openBackends()
    await backends.save(profile(named(server), { kind: 'own', url: proxy.url, user: 'me' }))
    await backends.setSecret(PASSWORD, 'wrong', false)
    const login = { code: 'proxy', reason: 'login' }
    expect(errorIn(await askBackend(backends, 'home'))).toMatchObject(login)
    expect(view('home').status).toMatchObject({ kind: 'offline', error: login })
    expect(server.requests).toEqual([])
  })

  it('S38 is never asked for this computer, and its password is not asked of the keychain', async () => {
    const server = await serve()
    const proxy = await proxied(startHttpProxy())
    let isLocked = false
    const keychain: Keychain = {
      ...workingKeychain,
      decrypt: async (data) => (isLocked ? Promise.reject(new Error('locked')) : workingKeychain.decrypt(data)),
    }
    const asked: string[] = []
    const { backends } = openBackends({
      keychain,
      findSystemProxy: async (url) => (asked.push(url), `PROXY 127.0.0.1:${proxy.port}`),
    })
    await backends.save(profile(server.url, { kind: 'own', url: proxy.url, user: 'me' }))
    await backends.setSecret(PASSWORD, CANARY, false)
    isLocked = true
    for (const host of ['127.0.0.1', 'localhost', '127.1']) {
      await backends.save(profile(`http://${host}:${server.port}`, { kind: 'own', url: proxy.url, user: 'me' }))
      expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
      await backends.save(profile(`http://${host}:${server.port}`, { kind: 'system' }))
      expect(await backends.test('home')).toMatchObject({ error: null })
    }
    expect(proxy.connections.opened).toBe(0)
    expect(asked).toEqual([])
  })

  it('S35 gets its password only where it was entered for', async () => {
    const server = await serve()
    const [first, second] = [await proxied(startSocksProxy(5)), await proxied(startHttpProxy())]
    const { backends, secrets } = openBackends({ keychain: workingKeychain })
    await backends.save(profile(named(server), { kind: 'own', url: first.url, user: 'me' }))
    await backends.setSecret(PASSWORD, CANARY, false)
    await backends.save(profile(named(server), { kind: 'own', url: second.url, user: 'me' }))
    await askBackend(backends, 'home')
    expect(second.requests.map(({ login }) => login)).toEqual([`Basic ${Buffer.from('me:').toString('base64')}`])
    // Even when it was not forgotten with the old proxy.
    await secrets.set(PASSWORD, CANARY, first.url, false)
    expect(errorIn(await askBackend(backends, 'home'))).toEqual({ code: 'secret-unavailable', reason: 'other-origin' })
    expect(second.requests).toHaveLength(1)
  })
})

describe('the proxy of the system', () => {
  it('is asked for by origin only, once for the connections of a question', async () => {
    const server = await serve()
    const proxy = await proxied(startHttpProxy())
    const asked: string[] = []
    const { backends } = openBackends({
      findSystemProxy: async (url) => (asked.push(url), `PROXY 127.0.0.1:${proxy.port}; DIRECT`),
    })
    await backends.save(profile(`${named(server)}/below`, { kind: 'system' }))
    await backends.save(profile(named(server), { kind: 'system' }))
    await backends.setSecret({ backendId: 'home', field: 'api-key' }, CANARY, false)
    expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
    await backends.catalogue('home')
    expect(proxy.requests.length).toBeGreaterThan(2)
    expect(asked).toEqual([`${named(server)}/`])
  })

  it.each([
    ['has none', async () => 'DIRECT'],
    ['says nonsense', async () => 'BANANA'],
    ['cannot say', async () => Promise.reject(new Error('no answer'))],
  ])('is none where the system %s', async (_name, findSystemProxy) => {
    const server = await serve()
    const { backends } = openBackends({ findSystemProxy })
    // Not a loopback address by its name, so the system is asked, and reached without a proxy.
    await backends.save(profile(`http://invalid.invalid:${server.port}`, { kind: 'system' }))
    expect(errorIn(await askBackend(backends, 'home'))).toMatchObject({ code: 'unreachable' })
  })

  it('is not used by a backend that wants none', async () => {
    const proxy = await proxied(startHttpProxy())
    const asked: string[] = []
    const { backends } = openBackends({
      findSystemProxy: async (url) => (asked.push(url), `PROXY 127.0.0.1:${proxy.port}`),
    })
    await backends.save(profile('http://invalid.invalid', { kind: 'none' }))
    expect(errorIn(await askBackend(backends, 'home'))).toMatchObject({ code: 'unreachable' })
    expect([asked, proxy.connections.opened]).toEqual([[], 0])
  })
})
