import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { measureCadence } from '../../../src/main/backend/cadence'
import { testBackend } from '../../../src/main/backend/catalogue'
import { systemClock } from '../../../src/main/clock'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'

let server: ScenarioServer
beforeAll(async () => {
  server = await startScenarioServer()
})
afterAll(async () => {
  await server.close()
})

const ask = (model: string) => ({ provider: null, model, apiKey: null })

describe('measureCadence', () => {
  it('says that words which come one by one stream, and gives the gap before each', async () => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask('drip:count=6,ms=15'), systemClock)
    expect(cadence.verdict).toBe('streams')
    expect(cadence.firstWordMs).toBeGreaterThan(0)
    expect(cadence.gapsMs.length).toBeGreaterThanOrEqual(4)
  })

  it('says that an answer which comes in one piece was held back', async () => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask('buffer:ms=50'), systemClock)
    expect(cadence.verdict).toBe('bursts')
  })

  it('says nothing of an answer without text', async () => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask('rate-limit'), systemClock)
    expect(cadence).toEqual({ verdict: 'silent', firstWordMs: null, gapsMs: [] })
  })

  it('leaves a long answer after eighty pieces, and the server sees the connection close', async () => {
    const cadence = await measureCadence(new BackendApi({ url: server.url }), ask('drip:count=2000,ms=1'), systemClock)
    expect(cadence.gapsMs.length).toBeLessThan(80)
    const last = server.conversations().at(-1)
    await server.until(() => last?.closedMs !== null, 'the connection to close')
    expect(last?.isAborted).toBe(true)
  })
})

describe('testBackend', () => {
  it('gives the figures of a server that streams', async () => {
    const test = await testBackend(new BackendApi({ url: server.url }), ask('drip:count=6,ms=15'), systemClock)
    expect(test).toMatchObject({ verdict: 'streams', providers: expect.any(Number) as number })
  })

  it('says reachable when the server is there and its provider is not', async () => {
    const test = await testBackend(new BackendApi({ url: server.url }), ask('unauthorized'), systemClock)
    expect(test).toMatchObject({ verdict: 'reachable', firstWordMs: null, gapsMs: [] })
  })

  it('says failed, and why, when nothing answers', async () => {
    const gone = await startScenarioServer()
    await gone.close()
    const test = await testBackend(new BackendApi({ url: gone.url }), ask('plain'), systemClock)
    expect(test).toMatchObject({ verdict: 'failed', error: { code: 'unreachable', reason: 'refused' } })
  })
})
