import { afterEach, describe, expect, it, vi } from 'vitest'
import { BackendStatuses, standingAfter, watchTransport, type Standing } from '../../../src/main/backend-status'
import type { Transport, TransportRequest } from '../../../src/main/backend/transport'
import { failure, type AppError } from '../../../src/shared/errors'
import {
  newBackendProfile,
  type BackendProfile,
  type BackendStatus,
  type SecretName,
} from '../../../src/shared/settings'
import { askBackend, openBackends } from '../../support/backends'
import { eventually } from '../../support/eventually'
import { startRawServer } from '../../support/raw-server'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'
import { startTlsServer } from '../../support/tls-servers'

const CANARY = 'CANARY-key-0123456789'
const KEY: SecretName = { backendId: 'home', field: 'api-key' }
const API = 'http://server.example/backend-api/v2'

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

const shown = {
  sha256: 'a'.repeat(64),
  subject: '',
  issuer: '',
  isSelfSigned: true,
  names: [],
  validFrom: 0,
  validTo: 0,
}

describe('what an error tells of a server', () => {
  const refused: AppError = { code: 'unreachable', reason: 'refused', host: 'h', port: 1 }
  const selfSigned: AppError = { code: 'certificate', reason: 'self-signed', host: 'h', shown }
  const noTls: AppError = { code: 'certificate', reason: 'other', host: 'h' }
  const slow: AppError = { code: 'timeout', phase: 'headers', seconds: 300 }
  const cases: [AppError, isPrompt: boolean, Standing['kind'] | null][] = [
    [refused, false, 'offline'],
    [{ code: 'proxy', reason: 'login', host: 'p', port: 1 }, false, 'offline'],
    [{ code: 'timeout', phase: 'connect', seconds: 10 }, false, 'offline'],
    [{ code: 'redirect', status: 307, host: null }, false, 'offline'],
    [selfSigned, false, 'untrusted'],
    [{ ...selfSigned, reason: 'changed', trusted: shown }, false, 'untrusted'],
    [{ ...selfSigned, reason: 'other' }, false, 'untrusted'],
    [noTls, false, 'offline'],
    [{ code: 'unauthorized', status: 401, message: null }, false, 'needs-key'],
    [{ code: 'secret-unavailable', reason: 'unreadable' }, false, 'offline'],
    // A model may think for long, and a provider may fail in any way.
    [slow, false, null],
    [slow, true, 'offline'],
    [{ code: 'connection-lost' }, false, null],
    [{ code: 'connection-lost' }, true, 'offline'],
    [{ code: 'http', status: 500, message: null }, false, null],
    [{ code: 'backend', kind: 'RateLimitError', message: 'x' }, true, null],
    [{ code: 'provider-auth', provider: 'Lab', message: 'x' }, true, null],
    [{ code: 'internal' }, true, null],
  ]
  it('S18 nothing that a server can make of what it was sent', () => {
    const standing = standingAfter({ code: 'redirect', status: 307, host: 'sk-canary-0123456789.example' }, true)
    expect(JSON.stringify(standing)).not.toContain('canary')
  })

  it.each(cases)('%j (prompt: %j): %s', (error, isPrompt, kind) => {
    const standing = standingAfter(error, isPrompt)
    expect(standing?.kind ?? null).toBe(kind)
    if (standing !== null && 'error' in standing) expect(standing.error).toEqual(error)
  })
})

describe('what an answer tells of a server', () => {
  const json = { 'content-type': 'application/json' }
  const html = { 'content-type': 'text/html; charset=utf-8' }
  const request = (path: string, more: Partial<TransportRequest> = {}): TransportRequest => ({
    method: path === '/conversation' ? 'POST' : 'GET',
    url: path.startsWith('/media') ? `http://server.example${path}` : API + path,
    headers: {},
    body: null,
    signal: new AbortController().signal,
    connectTimeoutMs: 1,
    firstByteTimeoutMs: 1,
    idleTimeoutMs: 1,
    ...more,
  })
  const watch = async (transport: Transport, asked: TransportRequest) => {
    const told: (Standing | null)[] = []
    const watched = watchTransport(transport, () => ({
      stands: (standing) => told.push(standing),
      ended: (standing) => told.push(standing),
    }))
    await watched.request(asked).catch(() => undefined)
    return told
  }
  const answering = (status: number, headers: Record<string, string>): Transport => ({
    request: async () => ({ status, headers, body: (async function* () {})() }),
  })
  const cases: [path: string, status: number, headers: Record<string, string>, kind: Standing['kind'] | null][] = [
    ['/version?cache=true', 200, json, 'connected'],
    ['/version?cache=true', 200, html, 'offline'],
    ['/version?cache=true', 404, html, 'offline'],
    ['/version?cache=true', 401, json, 'needs-key'],
    ['/version?cache=true', 403, html, 'needs-key'],
    ['/version?cache=true', 500, html, 'offline'],
    ['/providers', 200, json, 'connected'],
    ['/providers', 429, html, 'connected'],
    ['/models', 500, html, null],
    ['/models', 200, json, 'connected'],
    ['/models', 401, json, 'needs-key'],
    // The key that misses is the provider's.
    ['/models/Lab', 401, json, null],
    ['/models/Lab', 200, json, 'connected'],
    ['/synthesize/Lab?text=x', 403, json, null],
    ['/media/a.png', 404, html, null],
    ['/media/a.png', 200, { 'content-type': 'image/png' }, 'connected'],
    ['/conversation', 200, { 'content-type': 'text/event-stream' }, 'connected'],
    ['/conversation', 404, json, 'connected'],
    ['/conversation', 400, json, 'connected'],
    ['/conversation', 404, html, 'offline'],
    ['/conversation', 200, html, 'offline'],
    ['/conversation', 500, html, null],
    ['/conversation', 413, html, null],
    ['/conversation', 401, json, 'needs-key'],
    ['/conversation', 502, html, 'offline'],
    ['/conversation', 503, json, 'offline'],
    ['/conversation', 503, { ...json, 'retry-after': '5' }, 'connected'],
    ['/conversation', 429, json, 'connected'],
  ]
  it.each(cases)('%s %i %j: %s', async (path, status, headers, kind) => {
    expect((await watch(answering(status, headers), request(path))).map((each) => each?.kind ?? null)).toEqual([kind])
  })

  it('has one end for each request, whatever happens', async () => {
    const throwing = (thrown: Error): Transport => ({ request: async () => Promise.reject(thrown) })
    expect(await watch(throwing(new Error('bug')), request('/providers'))).toEqual([null])
    expect(await watch(throwing(failure({ code: 'connection-lost' })), request('/providers'))).toMatchObject([
      { kind: 'offline' },
    ])
    const stopped = AbortSignal.abort(new Error('stopped'))
    expect(await watch(throwing(new Error('stopped')), request('/providers', { signal: stopped }))).toEqual([null])
  })

  it('knows a limit of our own from a stop', async () => {
    const waiting: Transport = {
      request: async ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error))
        }),
    }
    const late = () => AbortSignal.any([AbortSignal.timeout(10), new AbortController().signal])
    expect(await watch(waiting, request('/version', { signal: late() }))).toMatchObject([
      { kind: 'offline', error: { code: 'timeout', phase: 'headers' } },
    ])
    // It asks every provider the first time.
    expect(await watch(waiting, request('/models', { signal: late() }))).toEqual([null])
  })

  it('takes a connection for a question as a sign of life, and no other', async () => {
    const connecting: Transport = {
      async request({ onConnected }) {
        onConnected?.()
        throw failure({ code: 'timeout', phase: 'headers', seconds: 1 })
      },
    }
    let connected = 0
    const onConnected = () => (connected += 1)
    expect(await watch(connecting, request('/conversation', { onConnected }))).toEqual([{ kind: 'connected' }, null])
    expect(await watch(connecting, request('/version', { onConnected }))).toMatchObject([{ kind: 'offline' }])
    expect(connected).toBe(2)
  })
})

describe('how backends stand', () => {
  const offline = (port: number): Standing => ({
    kind: 'offline',
    error: { code: 'unreachable', reason: 'refused', host: 'h', port },
  })
  function open() {
    let nowMs = 1000
    let told = 0
    const statuses = new BackendStatuses({ clock: { now: () => (nowMs += 1) }, onChange: () => (told += 1) })
    return { statuses, told: () => told }
  }
  afterEach(() => {
    vi.useRealTimers()
  })

  it('are connecting while nothing is known of them, and while they were away', () => {
    const { statuses } = open()
    expect(statuses.get('a')).toEqual({ kind: 'unknown' })
    const first = statuses.begin('a')
    expect(statuses.get('a')).toEqual({ kind: 'connecting' })
    first.ended(null)
    expect(statuses.get('a')).toEqual({ kind: 'unknown' })
    statuses.begin('a').ended(offline(1))
    const [second, third] = [statuses.begin('a'), statuses.begin('a')]
    expect(statuses.get('a')).toEqual({ kind: 'connecting' })
    second.ended(null)
    expect(statuses.get('a')).toEqual({ kind: 'connecting' })
    third.ended({ kind: 'connected' })
    expect(statuses.get('a').kind).toBe('connected')
    statuses.begin('a')
    expect(statuses.get('a').kind).toBe('connected')
    expect(statuses.get('b').kind).toBe('unknown')
  })

  it('forget what belongs to another address', () => {
    const { statuses } = open()
    const old = statuses.begin('a')
    statuses.reset('a')
    expect(statuses.get('a')).toEqual({ kind: 'unknown' })
    old.ended(offline(1))
    expect(statuses.get('a')).toEqual({ kind: 'unknown' })
    statuses.note('a', { kind: 'needs-key' })
    expect(statuses.get('a')).toMatchObject({ kind: 'needs-key' })
  })

  it('are told when they change, not with every success, and not more than a few times a second', () => {
    vi.useFakeTimers()
    const { statuses, told } = open()
    statuses.note('a', { kind: 'connected' })
    expect(told()).toBe(1)
    vi.advanceTimersByTime(1000)
    for (let count = 0; count < 100; count += 1) statuses.note('a', { kind: 'connected' })
    vi.advanceTimersByTime(1000)
    expect(told()).toBe(1)
    const before = statuses.get('a') as Extract<BackendStatus, { atMs: number }>
    statuses.note('a', { kind: 'connected' })
    expect((statuses.get('a') as Extract<BackendStatus, { atMs: number }>).atMs).toBeGreaterThan(before.atMs)

    // Another error is news, the same one is none.
    for (const port of [1, 1, 2]) {
      statuses.note('a', offline(port))
      vi.advanceTimersByTime(1000)
    }
    expect(told()).toBe(3)

    for (let tick = 0; tick < 1000; tick += 1) {
      statuses.note('a', tick % 2 === 0 ? { kind: 'connected' } : offline(1))
      vi.advanceTimersByTime(1)
    }
    expect(told()).toBeLessThanOrEqual(3 + 5)
    vi.advanceTimersByTime(1000)
    // The last word is told in the end.
    const last = told()
    statuses.note('a', offline(1))
    vi.advanceTimersByTime(1000)
    expect(told()).toBe(last)
  })

  it('are nobody’s news while nothing is known', () => {
    const { statuses, told } = open()
    statuses.reset('a')
    statuses.begin('b')
    expect(told()).toBe(1)
  })
})

describe('the status of a backend', () => {
  it('follows its server: connected, restarted with a key, gone', async () => {
    const server = await serve()
    const { backends, view, told } = openBackends()
    await backends.save(profile(server.url))
    expect(view().status).toEqual({ kind: 'unknown' })
    await backends.catalogue('home')
    expect(view().status).toMatchObject({ kind: 'connected' })
    await eventually(
      () => told.at(-1)?.[0]?.status.kind,
      (kind) => kind === 'connected',
      'a window that knows',
    )
    await server.close()
    await serve({ port: server.port, apiKey: CANARY })
    expect(await backends.test('home')).toMatchObject({ verdict: 'failed', error: { code: 'unauthorized' } })
    expect(view().status).toMatchObject({ kind: 'needs-key' })
    await backends.setSecret(KEY, CANARY, false)
    expect(view().status).toEqual({ kind: 'unknown' })
    expect(await backends.test('home')).toMatchObject({ error: null })
    expect(view().status).toMatchObject({ kind: 'connected' })
    await closing.at(-1)?.()
    expect(await askBackend(backends, 'home')).toContainEqual(expect.objectContaining({ state: 'failed' }))
    expect(view().status).toMatchObject({ kind: 'offline', error: { code: 'unreachable', reason: 'refused' } })
  })

  it('needs a key when a stale catalogue is refused, and does not connect for ever', async () => {
    const open = await serve()
    const first = openBackends()
    await first.backends.save(profile(open.url))
    const { providers } = await first.backends.catalogue('home')
    await open.close()
    await serve({ port: open.port, apiKey: CANARY })
    const store = { get: () => providers, set: () => undefined }
    const { backends, view } = openBackends({ settings: first.settings, catalogues: store })
    expect(await backends.catalogue('home')).toMatchObject({ isStale: true })
    await eventually(
      () => view().status.kind,
      (kind) => kind === 'needs-key',
      'a status',
    )
  })

  it('needs a key when the one there is was refused', async () => {
    const server = await serve({ apiKey: 'another' })
    const { backends, view } = openBackends()
    await backends.save(profile(server.url))
    await backends.setSecret(KEY, CANARY, false)
    await askBackend(backends, 'home')
    expect(view().status).toMatchObject({ kind: 'needs-key' })
  })

  it('needs a key when the one there is belongs to another address, without a request', async () => {
    const server = await serve()
    const { backends, view } = openBackends()
    await backends.save(profile('http://localhost:1'))
    await backends.setSecret(KEY, CANARY, false)
    await backends.save(profile(server.url))
    await backends.test('home')
    expect(view().status).toMatchObject({ kind: 'needs-key' })
    expect(server.requests).toEqual([])
  })

  it.each(['error', 'auth'])('stays connected when a provider answers with %s', async (model) => {
    const server = await serve()
    const { backends, view } = openBackends()
    await backends.save(profile(server.url))
    expect((await askBackend(backends, 'home', { model })).at(-1)).toMatchObject({ state: 'failed' })
    expect(view().status).toMatchObject({ kind: 'connected' })
  })

  it('stays connected when a provider refuses its list of models', async () => {
    const server = await serve()
    const { backends, view } = openBackends()
    await backends.save(profile(server.url))
    await backends.catalogue('home')
    const lists = server.requests.filter(({ path }) => path.endsWith('/models/Locked'))
    expect(lists).not.toEqual([])
    expect(view().status).toMatchObject({ kind: 'connected' })
  })

  it('is connected while a model thinks, and what it was after a stop', async () => {
    const server = await startRawServer(async (connection) => {
      await connection.request()
    })
    closing.push(() => server.close())
    const { backends, view } = openBackends()
    await backends.save(profile(server.url))
    const stop = new AbortController()
    const answer = askBackend(backends, 'home', { signal: stop.signal })
    await eventually(
      () => view().status.kind,
      (kind) => kind === 'connected',
      'a connection',
    )
    stop.abort()
    await answer
    expect(view().status).toMatchObject({ kind: 'connected' })
  })

  it('is untrusted with the certificate that was refused, and offline where TLS is not spoken', async () => {
    const tls = await startTlsServer({ certificate: 'self-signed' })
    const plain = await serve()
    closing.push(() => tls.close())
    const { backends, view } = openBackends()
    await backends.save(profile(tls.url))
    await askBackend(backends, 'home')
    expect(view().status).toMatchObject({
      kind: 'untrusted',
      error: { code: 'certificate', reason: 'self-signed', shown: { isSelfSigned: true } },
    })
    await backends.save(profile(plain.url.replace('http:', 'https:')))
    expect(view().status).toEqual({ kind: 'unknown' })
    await askBackend(backends, 'home')
    expect(view().status).toMatchObject({ kind: 'offline', error: { code: 'certificate' } })
  })

  it('keeps what is known when a profile is saved with another name only', async () => {
    const server = await serve()
    const { backends, view } = openBackends()
    await backends.save(profile(server.url))
    await backends.test('home')
    await backends.save(profile(server.url, { name: 'Other', model: 'plain' }))
    expect(view().status.kind).toBe('connected')
    await backends.save(profile(server.url, { name: 'Other', proxy: { kind: 'none' } }))
    expect(view().status.kind).toBe('unknown')
  })
})
