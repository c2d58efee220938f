import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { measureCadence } from '../../../src/main/backend/cadence'
import { testBackend } from '../../../src/main/backend/connection-test'
import type { Chunk, RawResponse } from '../../../src/main/backend/stream'
import { systemClock } from '../../../src/main/clock'
import type { CatalogueProvider } from '../../../src/shared/contract'
import { failure } from '../../../src/shared/errors'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'
import { AT_ONCE_MS } from '../../support/pace'

let server: ScenarioServer
beforeAll(async () => {
  server = await startScenarioServer()
})
afterAll(async () => {
  await server.close()
})

const ask = (model: string) => ({ provider: null, model, apiKey: null })
const word: RawResponse = { type: 'content', content: 'word ' }
const thought: RawResponse = { type: 'reasoning', token: 'hm ' }
const usage: RawResponse = { type: 'usage', usage: { total_tokens: 3 } }
const finish: RawResponse = { type: 'finish', finish: { reason: 'stop' } }
const provider = (name: string): RawResponse => ({ type: 'provider', provider: { name } })
const words = (count: number): RawResponse[] => Array.from({ length: count }, () => word)

/** An answer whose pieces arrive at given times, on a clock of its own. */
function arriving(pieces: readonly (readonly [atMs: number, events: readonly RawResponse[]])[], after?: () => unknown) {
  let nowMs = 0
  const taken: number[] = []
  const api = {
    redactor: () => (text: string) => text,
    async *chunks(): AsyncGenerator<Chunk[], void, undefined> {
      for (const [atMs, events] of pieces) {
        nowMs = atMs
        taken.push(atMs)
        yield await Promise.resolve(events.map((event) => ({ kind: 'event' as const, event })))
      }
      await after?.()
    },
  }
  const measure = (maxWaitMs?: number) => measureCadence(api, ask('m'), { monotonicMs: () => nowMs }, maxWaitMs)
  return { taken, measure, pass: (ms: number) => (nowMs += ms) }
}

describe('measureCadence', () => {
  it('says that words which come one by one stream, and gives the gap before each', async () => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask('drip:count=6,ms=15'), systemClock)
    expect(cadence.verdict).toBe('streams')
    expect(cadence.firstWordMs).toBeGreaterThan(0)
    expect(cadence.gapsMs.length).toBeGreaterThanOrEqual(4)
  })

  it.each(['buffer:ms=60', 'bursts:count=150,ms=80'])('says that an answer in mode %s was held back', async (mode) => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask(mode), systemClock)
    expect(cadence.verdict).toBe('bursts')
  })

  it('says nothing of an answer without text, and waits for no more than asked', async () => {
    const api = new BackendApi({ url: server.url })
    const late = { code: 'timeout', phase: 'headers', seconds: 0 }
    const silent = { verdict: 'silent', error: late, firstWordMs: null, gapsMs: [] }
    const startMs = performance.now()
    expect(await measureCadence(api, ask('silent'), systemClock, 300)).toEqual(silent)
    expect(await measureCadence(api, ask('slow-headers:ms=60000'), systemClock, 300)).toEqual(silent)
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
  })

  it.each(['cut', 'reset', 'short-length'])('gives no verdict on an answer in mode %s, and says why', async (mode) => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask(mode), systemClock, 5000)
    expect(cadence).toMatchObject({ verdict: 'silent', error: { code: 'connection-lost' } })
    expect(cadence.firstWordMs).toBeGreaterThan(0)
  })

  it('gives no verdict on an answer that stands still for ten seconds, whether it goes on or not', async () => {
    const start = [100, 150, 200, 250].map((atMs) => [atMs, [word]] as const)
    const idle = (seconds: number) => ({ verdict: 'silent', error: { code: 'timeout', phase: 'idle', seconds } })
    expect(await arriving([...start, [10_250, [word]]]).measure()).toMatchObject(idle(10))
    const stalled = arriving(start, async () => {
      stalled.pass(14_000)
      await new Promise((resolve) => setTimeout(resolve, 100))
      throw new DOMException('late', 'TimeoutError')
    })
    expect(await stalled.measure(50)).toMatchObject(idle(14))
    const slow = arriving(start, async () => {
      slow.pass(5000)
      await new Promise((resolve) => setTimeout(resolve, 100))
      throw new DOMException('late', 'TimeoutError')
    })
    expect(await slow.measure(50)).toMatchObject({ verdict: 'streams', error: null })
  })

  it('says why there is no answer', async () => {
    const api = new BackendApi({ url: server.url })
    for (const [mode, error] of [
      ['rate-limit', { code: 'backend' }],
      ['auth', { code: 'provider-auth' }],
      ['html', { code: 'not-a-stream' }],
      ['redirect', { code: 'redirect', status: 307 }],
      ['unauthorized', { code: 'unauthorized' }],
    ] as const) {
      expect(await measureCadence(api, ask(mode), systemClock), mode).toMatchObject({ verdict: 'silent', error })
    }
  })

  it('leaves a long answer after eighty pieces, and the server sees the connection close', async () => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask('drip:count=2000,ms=1'), systemClock)
    expect(cadence.gapsMs.length).toBeLessThan(80)
    const last = server.conversations().at(-1)
    await server.until(() => last?.closedMs !== null, 'the connection to close')
    expect(last?.isAborted).toBe(true)
  })

  it('leaves a slow answer when it was watched for long enough, and one that has said that it is over', async () => {
    const slow = arriving(Array.from({ length: 100 }, (_, index) => [1000 + index * 1000, [word]] as const))
    const { gapsMs, verdict } = await slow.measure()
    expect(verdict).toBe('streams')
    expect(gapsMs).toEqual(Array.from({ length: 7 }, () => 1000))
    const over = arriving([
      [10, words(2)],
      [30, [word, finish]],
      [60_000, [usage]],
    ])
    expect(await over.measure()).toEqual({ verdict: 'streams', error: null, firstWordMs: 10, gapsMs: [20] })
    expect(over.taken).toEqual([10, 30])
  })

  it('counts what a model thinks as text, and neither usage nor notes nor thoughts that are over', async () => {
    const { measure } = arriving([
      [400, [provider('A'), { type: 'message', message: 'x', error: 'y' }]],
      [500, [thought]],
      [520, [thought]],
      [530, [{ type: 'reasoning', token: null, status: '' }, usage]],
      [540, [word]],
      [900, [usage]],
      [920, [{ type: 'content', content: '' }]],
    ])
    expect(await measure()).toEqual({ verdict: 'streams', error: null, firstWordMs: 500, gapsMs: [20, 20] })
  })

  it('begins anew when another provider answers, so that what was given up and the wait between tell nothing', async () => {
    const { measure } = arriving([
      [100, [provider('AnyProvider'), provider('A')]],
      [200, words(9)],
      [3000, [provider('B')]],
      [3100, [word]],
      [3120, [word]],
      [3140, [word]],
    ])
    expect(await measure()).toEqual({ verdict: 'streams', error: null, firstWordMs: 3100, gapsMs: [20, 20] })
    const inOne = arriving([[300, [provider('A'), ...words(9), provider('B'), word]]])
    expect(await inOne.measure()).toEqual({ verdict: 'silent', error: null, firstWordMs: 300, gapsMs: [] })
  })

  it.each([
    ['one word, in one piece', [[800, [word, finish]]], 'silent'],
    ['a whole answer as one event, as a provider gives it that does not stream', [[2000, [word, word]]], 'silent'],
    [
      'a fast short answer in one piece, and in two that follow at once',
      [
        [20, words(9)],
        [20.4, [word, finish]],
      ],
      'silent',
    ],
    ['a whole answer as many events at once, after a wait', [[2000, words(30)]], 'bursts'],
    [
      'the same in several pieces that follow at once',
      [
        [2000, words(30)],
        [2001, words(30)],
        [2002, words(3)],
      ],
      'bursts',
    ],
    [
      'a fast model that fills pieces without a wait',
      [
        [30, words(8)],
        [33, words(40)],
        [36, words(40)],
      ],
      'streams',
    ],
    [
      'a fast model after a long thought',
      [
        [3000, [word]],
        [3002, words(9)],
        [3004, words(9)],
      ],
      'streams',
    ],
    [
      'bursts with silence between',
      [
        [500, words(9)],
        [1500, words(9)],
        [2500, words(9)],
      ],
      'bursts',
    ],
    [
      'words one by one with one burst among them',
      [[100, words(3)], [300, words(5)], ...[4, 5, 6].map((at) => [at * 100, [word]] as const)],
      'streams',
    ],
  ] as const)('%s', async (_, pieces, verdict) => {
    expect((await arriving(pieces).measure()).verdict).toBe(verdict)
  })

  it('ends with a fatal event, though the connection stays open', async () => {
    const { measure } = arriving([[100, [word, word, word, { type: 'error', error: 'X', message: 'X: y' }]]], () =>
      Promise.reject(new Error('was read on')),
    )
    expect(await measure()).toEqual({
      verdict: 'silent',
      error: { code: 'backend', kind: 'X', message: 'X: y' },
      firstWordMs: 100,
      gapsMs: [],
    })
  })
})

describe('testBackend', () => {
  const offers: CatalogueProvider[] = []
  const list = () => Promise.resolve(offers)

  it('gives the figures of a server that streams', async () => {
    const test = await testBackend(new BackendApi({ url: server.url }), ask('drip:count=6,ms=15'), systemClock, list)
    expect(test).toMatchObject({ verdict: 'streams', providers: 0, models: 0 })
    expect(test.verdict === 'streams' && test.gapsMs.length).toBeGreaterThan(3)
  })

  it('says that the text arrives in bursts', async () => {
    const test = await testBackend(new BackendApi({ url: server.url }), ask('buffer:ms=60'), systemClock, list)
    expect(test).toMatchObject({ verdict: 'bursts' })
  })

  it('says reachable when the server is there and its provider is not', async () => {
    const test = await testBackend(new BackendApi({ url: server.url }), ask('auth'), systemClock, list)
    expect(test).toMatchObject({
      verdict: 'reachable',
      error: { code: 'provider-auth' },
      firstWordMs: null,
      gapsMs: [],
    })
  })

  it.each(['error', 'cut', 'redirect', 'html'])('says reachable and why when answers fail: %s', async (mode) => {
    const test = await testBackend(new BackendApi({ url: server.url }), ask(mode), systemClock, list)
    expect(test.verdict).toBe('reachable')
    expect(test.verdict !== 'failed' && test.error).toHaveProperty('code')
  })

  it('says failed when the server itself wants a key, also where its health check does not', async () => {
    const test = await testBackend(new BackendApi({ url: server.url }), ask('unauthorized'), systemClock, list)
    expect(test).toMatchObject({ verdict: 'failed', error: { code: 'unauthorized', status: 401 } })
  })

  it('says what it measured when the lists fail or take too long', async () => {
    const api = new BackendApi({ url: server.url })
    const none = { verdict: 'streams', providers: null, models: null }
    const broken = () => Promise.reject(failure({ code: 'connection-lost' }))
    expect(await testBackend(api, ask('drip:count=6,ms=15'), systemClock, broken)).toMatchObject(none)
    // Twenty seconds have passed on this clock when the answer is over.
    let nowMs = 0
    const clock = { monotonicMs: () => (nowMs += 9000) }
    const never = () => new Promise<CatalogueProvider[]>(() => undefined)
    const startMs = performance.now()
    expect(await testBackend(api, ask('plain'), clock, never)).toMatchObject({ providers: null, models: null })
    expect(performance.now() - startMs).toBeLessThan(6000)
  })

  it('says failed, and why, when nothing answers', async () => {
    const gone = await startScenarioServer()
    await gone.close()
    const test = await testBackend(new BackendApi({ url: gone.url }), ask('plain'), systemClock, list)
    expect(test).toMatchObject({ verdict: 'failed', error: { code: 'unreachable', reason: 'refused' } })
  })
})
