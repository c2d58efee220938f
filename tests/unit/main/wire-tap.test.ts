import { afterEach, describe, expect, it } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { createHttpTransport } from '../../../src/main/backend/http'
import type { Transport, TransportRequest } from '../../../src/main/backend/transport'
import { silentLogger } from '../../../src/main/logger'
import { failure } from '../../../src/shared/errors'
import { foldRecording } from '../../support/fold-recording'
import { readRecording, recordingNames, replay } from '../../support/recordings'
import { closing, hold, opening, say, stream } from '../../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'
import { askThrough, createWire, eventOf, handMade, STREAM_HEAD, streamOf } from '../../support/wire-samples'

const CONTENT = eventOf({ type: 'content', content: 'x' })

function requestOf(
  url = 'https://chat.example.org/backend-api/v2/conversation',
  signal = new AbortController().signal,
) {
  const request: TransportRequest = {
    method: 'POST',
    url,
    headers: { 'content-type': 'application/json' },
    body: { kind: 'text', text: '{}' },
    signal,
    connectTimeoutMs: 1000,
    firstByteTimeoutMs: 1000,
    idleTimeoutMs: 1000,
  }
  return request
}

describe('the tap changes nothing', () => {
  it.each(recordingNames.filter((name) => readRecording(name).request.path.endsWith('/conversation')))(
    '%s folds the same through it',
    async (name) => {
      const { wire } = createWire()
      const recording = readRecording(name)
      const tapped = await foldRecording(recording, [97], (transport) =>
        wire.tap(transport, { messageId: name, secrets: ['sk-secret-of-the-test'] }),
      )
      expect(tapped).toEqual(await foldRecording(recording, [97]))
      // The session does not wait for what follows a fatal event.
      const bytes = wire.open(name)?.bytes ?? 0
      if (tapped.state === 'complete') expect(bytes).toBe(recording.body.length)
      else expect(bytes).toBeGreaterThan(0)
    },
  )

  it('gives the very same pieces, and what was thrown', async () => {
    const { wire } = createWire()
    const pieces = [Buffer.from(CONTENT), Buffer.from(CONTENT)]
    const lost = failure({ code: 'connection-lost' })
    const left: string[] = []
    const body = {
      next: () => {
        const value = pieces[left.push('next') - 1]
        return value === undefined ? Promise.reject(lost) : Promise.resolve({ done: false, value })
      },
    }
    const tapped = wire.tap(handMade(STREAM_HEAD, body), { messageId: 'm', secrets: [] })
    const response = await tapped.request(requestOf())
    const seen: Uint8Array[] = []
    const read = async (): Promise<void> => {
      for await (const bytes of response.body) seen.push(bytes)
    }
    await expect(read()).rejects.toBe(lost)
    expect(seen[0]).toBe(pieces[0])
    expect(seen).toHaveLength(2)
    expect(response).toMatchObject(STREAM_HEAD)
    expect(wire.open('m')).toMatchObject({ events: 2, end: { error: { code: 'connection-lost' } } })
  })

  it('closes what is behind it when the reader goes, once', async () => {
    const { wire } = createWire()
    const calls: string[] = []
    const body = {
      next: () => Promise.resolve({ done: false, value: Buffer.from(CONTENT) }),
      return: () => {
        calls.push('return')
        return Promise.resolve({ done: true as const, value: undefined })
      },
    }
    const tapped = wire.tap(handMade(STREAM_HEAD, body), { messageId: 'm', secrets: [] })
    for await (const _ of (await tapped.request(requestOf())).body) break
    expect(calls).toEqual(['return'])
    expect(wire.open('m')).toMatchObject({ events: 1, end: { error: null } })
  })

  it('goes on as if nobody watched when recording fails', async () => {
    const warnings: unknown[] = []
    const { wire } = createWire({ ...silentLogger, warn: (message) => void warnings.push(message) })
    const headers = new Proxy<Record<string, string>>(STREAM_HEAD.headers, {
      ownKeys: () => {
        throw new RangeError('no memory')
      },
    })
    const body = [Buffer.from(CONTENT), Buffer.from(CONTENT)].values()
    const iterator = { next: () => Promise.resolve(body.next()) }
    const { chunks, thrown } = await askThrough(wire, handMade({ status: 200, headers }, iterator))
    expect(thrown).toBeNull()
    expect(chunks).toHaveLength(2)
    expect(wire.open('answer')).toBeNull()
    expect(warnings).toEqual(['recording ended early'])
  })

  it('records no other requests than those for an answer', async () => {
    const { wire } = createWire()
    const asked: string[] = []
    const transport: Transport = {
      request: (request) => {
        asked.push(request.url)
        return replay(readRecording('unknown-provider')).request(request)
      },
    }
    const tapped = wire.tap(transport, { messageId: 'm', secrets: [] })
    await tapped.request({ ...requestOf('https://chat.example.org/backend-api/v2/version'), method: 'GET', body: null })
    expect(asked).toHaveLength(1)
    expect(wire.open('m')).toBeNull()
  })
})

describe('what a tap makes of the tries of an answer', () => {
  const refuse: Transport = { request: () => Promise.reject(failure({ code: 'connection-lost' })) }

  it('R12: keeps the last one and counts those before; each has an id of its own', async () => {
    const { wire } = createWire()
    let tries = 0
    const transport: Transport = {
      request: (request) => (++tries < 3 ? refuse : replay(readRecording('plain'))).request(request),
    }
    const tapped = wire.tap(transport, { messageId: 'm', secrets: [] })
    await tapped.request(requestOf()).catch(() => undefined)
    const first = wire.open('m')
    expect(first).toMatchObject({
      earlierTries: 0,
      response: null,
      events: 0,
      end: { error: { code: 'connection-lost' } },
    })
    await tapped.request(requestOf()).catch(() => undefined)
    await tapped.request(requestOf())
    const last = wire.open('m')
    expect(last).toMatchObject({ earlierTries: 2, response: { status: 200 }, end: null })
    expect(last?.id).not.toBe(first?.id)
    expect(() => wire.rows(first?.id ?? '', 0)).toThrow('not-found')
  })

  it('starts anew when the same message is tapped again', async () => {
    const { wire, playing } = createWire()
    await askThrough(wire, playing(streamOf([1, CONTENT])), { messageId: 'm' })
    wire.tap(refuse, { messageId: 'm', secrets: [] })
    expect(wire.open('m')).toBeNull()
    await askThrough(wire, playing(streamOf([1, CONTENT + CONTENT])), { messageId: 'm' })
    expect(wire.open('m')).toMatchObject({ earlierTries: 0, events: 2 })
  })

  it('a redirect has a status, and is one when it is replayed or read from a file', async () => {
    const { wire } = createWire()
    const error = { code: 'redirect', status: 307, host: 'login.example' } as const
    await askThrough(wire, { request: () => Promise.reject(failure(error)) }, { messageId: 'm' })
    const seen = {
      response: { status: 307, headers: [{ name: 'location', value: 'login.example' }] },
      end: { error },
    }
    const recording = wire.open('m')
    expect(recording).toMatchObject(seen)
    const { parts } = await wire.replay(recording?.id ?? '')
    expect(parts.at(-1)?.part).toEqual({ type: 'finish', state: 'failed', error })
    const saved = wire.openFile(Buffer.from(wire.file(recording?.id ?? '').text))
    expect(saved).toMatchObject(seen)
    expect((await wire.replay(saved.id)).parts.at(-1)?.part).toMatchObject({ error })
  })

  it('keeps how the server was reached, in files as well', async () => {
    const { wire, playing } = createWire()
    const route = {
      proxy: 'http://proxy.lan:3128',
      hasProxyLogin: true,
      trust: { kind: 'authority', fileName: 'home.pem' },
    } as const
    const tapped = wire.tap(playing(streamOf([1, CONTENT])), { messageId: 'm', secrets: [], route })
    await tapped.request(requestOf())
    const recording = wire.open('m')
    expect(recording?.request.via).toBe('proxy.lan:3128')
    const saved = wire.openFile(Buffer.from(wire.file(recording?.id ?? '').text))
    expect(saved.request.via).toBe('proxy.lan:3128')
    expect(wire.curl(saved.id)).toBe(wire.curl(recording?.id ?? ''))
    expect(wire.curl(saved.id)).toContain(`-x 'http://proxy.lan:3128'`)
  })

  it('an answer that a person stopped before it began has ended without an error', async () => {
    const { wire } = createWire()
    const stop = new AbortController()
    const waiting: Transport = {
      request: ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    }
    const asked = wire.tap(waiting, { messageId: 'm', secrets: [] }).request(requestOf(undefined, stop.signal))
    stop.abort()
    await expect(asked).rejects.toThrow()
    expect(wire.open('m')).toMatchObject({ response: null, end: { error: null } })
  })
})

describe('what is kept', () => {
  it('R25: answers at the same time are apart', async () => {
    const { wire } = createWire()
    const bodies = Array.from({ length: 8 }, (_, answer) => {
      const api = new BackendApi({
        url: 'https://chat.example.org',
        transport: wire.tap(
          {
            request: () =>
              Promise.resolve({
                ...STREAM_HEAD,
                body: (async function* () {
                  for (let index = 0; index < 20; index += 1) {
                    await Promise.resolve()
                    yield Buffer.from(eventOf({ type: 'content', content: `${answer}-${index}` }))
                  }
                })(),
              }),
          },
          { messageId: `m${answer}`, secrets: [] },
        ),
      })
      return api.chunks({ messages: [] })
    })
    for (let index = 0; index < 21; index += 1) await Promise.all(bodies.map((body) => body.next()))
    for (let answer = 0; answer < 8; answer += 1) {
      const { id } = wire.open(`m${answer}`) ?? { id: '' }
      const gists = wire.rows(id, 0).rows.map(({ gist }) => gist)
      expect(gists).toEqual(Array.from({ length: 20 }, (_, index) => `“${answer}-${index}”`))
    }
  })

  it('the last 50 answers', async () => {
    const { wire, playing } = createWire()
    for (let index = 0; index < 53; index += 1) {
      await askThrough(wire, playing(streamOf([1, CONTENT])), { messageId: `m${index}` })
    }
    expect(Array.from({ length: 53 }, (_, index) => wire.open(`m${index}`) !== null)).toEqual([
      ...Array<boolean>(3).fill(false),
      ...Array<boolean>(50).fill(true),
    ])
  })

  it('64 MiB of all answers, the oldest go first, and 16 MiB of one', async () => {
    const { wire, playing } = createWire()
    const line = eventOf({ type: 'content', content: 'x'.repeat(60_000) })
    const ask = (messageId: string, events: number) =>
      askThrough(wire, playing(streamOf(...Array.from({ length: events }, (_, at) => [at, line] as const))), {
        messageId,
      })
    await ask('first', 10)
    for (let index = 0; index < 4; index += 1) await ask(`m${index}`, 300)
    const [first, ...others] = ['first', 'm0', 'm1', 'm2', 'm3'].map((id) => wire.open(id))
    expect(first).toBeNull()
    for (const each of others.slice(1)) {
      expect(each).toMatchObject({ isCut: true, bytes: 300 * line.length })
      expect(each?.events).toBeGreaterThan(250)
      expect(each?.events).toBeLessThan(280)
    }
  })

  it('an answer that is forgotten while it streams costs nothing more, and streams on', async () => {
    const { wire, playing } = createWire()
    const long = wire.tap(playing(streamOf(...Array.from({ length: 100 }, (_, at) => [at, CONTENT] as const))), {
      messageId: 'long',
      secrets: [],
    })
    const { body } = await long.request(requestOf())
    const pieces = body[Symbol.asyncIterator]()
    await pieces.next()
    for (let index = 0; index < 51; index += 1) {
      await askThrough(wire, playing(streamOf([1, CONTENT])), { messageId: `m${index}` })
    }
    expect(wire.open('long')).toBeNull()
    let count = 1
    while ((await pieces.next()).done !== true) count += 1
    expect(count).toBe(100)
    expect(wire.open('m50')).not.toBeNull()
  })
})

describe('over a real connection', () => {
  const servers: ScenarioServer[] = []
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()))
  })

  it('leaving the answer closes the connection, and the recording has what came', async () => {
    const server = await startScenarioServer()
    servers.push(server)
    server.next(stream([...opening(), ...say('one '), hold, ...say('two'), ...closing(2)]))
    const { wire } = createWire()
    const transport = wire.tap(createHttpTransport(), { messageId: 'm', secrets: [] })
    const api = new BackendApi({ url: server.url, transport })
    for await (const event of api.conversation({ messages: [{ role: 'user', content: 'Hi' }] })) {
      if (event.type === 'content') break
    }
    await server.until(() => typeof server.conversations()[0]?.closedMs === 'number', 'the connection is closed')
    expect(server.conversations()[0]?.isAborted).toBe(true)
    const { id } = wire.open('m') ?? { id: '' }
    expect(wire.rows(id, 0)).toMatchObject({ recording: { end: { error: null }, response: { status: 200 } } })
    expect(wire.rows(id, 0).rows.map(({ type }) => type)).toEqual([
      'provider',
      'parameters',
      'request',
      'headers',
      'content',
    ])
  })
})
