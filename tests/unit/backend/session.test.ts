import fc from 'fast-check'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { BackendApi } from '../../../src/main/backend/api'
import { openSession, STALL_MS, type SessionDeps, type SessionRequest } from '../../../src/main/backend/session'
import type { Transport, TransportRequest, TransportResponse } from '../../../src/main/backend/transport'
import { silentLogger } from '../../../src/main/logger'
import {
  emptyAnswer,
  type AssistantMessage,
  type AttachmentInfo,
  type Message,
  type Part,
  type UserMessage,
} from '../../../src/shared/conversation'
import { failure, type AppError } from '../../../src/shared/errors'
import { certificateSample } from '../../support/conversation-samples'
import { jpeg, png } from '../../support/images'
import { sse, startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'
import { AT_ONCE_MS } from '../../support/pace'

const servers: RawServer[] = []
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-session-'))
  await writeFile(path.join(folder, 'png'), png())
  await writeFile(path.join(folder, 'jpeg'), jpeg())
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})
afterEach(async () => {
  vi.useRealTimers()
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(handle: (connection: RawConnection) => void | Promise<void>): Promise<RawServer> {
  const server = await startRawServer(handle)
  servers.push(server)
  return server
}

// ---- messages ----

function user(text: string, attachments: AttachmentInfo[] = []): UserMessage {
  return { role: 'user', id: 'u', parentId: null, createdAt: 0, text, attachments }
}

function answer(...texts: string[]): AssistantMessage {
  const start = {
    id: 'a',
    parentId: null,
    createdAt: 0,
    generationId: 'g',
    backendId: 'b',
    provider: null,
    model: null,
  }
  const media = { type: 'media' as const, kind: 'image' as const, sources: ['/media/x.png'], alt: '' }
  const content = texts.flatMap((text) => [{ type: 'text' as const, text }, media])
  return { ...emptyAnswer(start), content, state: 'complete' }
}

function attached(id: string, bytes: number): AttachmentInfo {
  const mime = id === 'png' ? 'image/png' : 'image/jpeg'
  return { id, name: `${id}.img`, mime, bytes, width: 6, height: 4, orientation: 1, hasLocation: false }
}

function asking(...messages: Message[]): SessionRequest {
  return {
    messages,
    provider: null,
    model: null,
    apiKey: null,
    parameters: {},
    isContinuation: false,
    sessions: null,
  }
}

const hi = asking(user('hi'))

function depsFor(api: SessionDeps['api'], more: Partial<SessionDeps> = {}): SessionDeps {
  return {
    api,
    findAttachment: (id) => Promise.resolve(id === 'gone' ? null : path.join(folder, id)),
    clock: { monotonicMs: () => performance.now() },
    random: () => 0,
    pause: () => Promise.resolve(),
    logger: silentLogger,
    ...more,
  }
}

async function run(
  deps: SessionDeps,
  request: SessionRequest = hi,
  signal: AbortSignal = new AbortController().signal,
): Promise<Part[]> {
  const parts: Part[] = []
  for await (const part of openSession(deps, request, signal)) parts.push(part)
  expect(parts.filter(({ type }) => type === 'finish')).toHaveLength(1)
  return parts
}

function finishOf(parts: readonly Part[]): { state: string; error: AppError | null } {
  const last = parts.at(-1)
  if (last?.type !== 'finish') throw new Error('no finish')
  return { state: last.state, error: last.error }
}

function phasesOf(parts: readonly Part[]): string[] {
  return parts.flatMap((part) => (part.type === 'status' ? [part.status.phase] : []))
}

/** A backend that answers without a socket. */
function scripted(...answers: ((request: TransportRequest) => TransportResponse | Promise<TransportResponse>)[]): {
  api: BackendApi
  requests: TransportRequest[]
} {
  const requests: TransportRequest[] = []
  const transport: Transport = {
    request: async (request) => {
      requests.push(request)
      const play = answers[Math.min(requests.length, answers.length) - 1]
      if (play === undefined) throw new Error('no answer')
      return play(request)
    },
  }
  return { api: new BackendApi({ url: 'http://scripted.invalid', transport }), requests }
}

function streaming(...pieces: (string | (() => Promise<unknown>))[]): (request: TransportRequest) => TransportResponse {
  return (request) => {
    request.onConnected?.()
    return { status: 200, headers: { 'content-type': 'text/event-stream' }, body: play(pieces, request.signal) }
  }
}

async function* play(pieces: (string | (() => Promise<unknown>))[], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve()
    signal.throwIfAborted()
    if (typeof piece === 'string') yield Buffer.from(piece)
    else await Promise.race([piece(), aborted(signal)])
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const fail = (): void => {
      reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
    }
    if (signal.aborted) fail()
    signal.addEventListener('abort', fail, { once: true })
  })
}

const failing = (error: AppError) => (): never => {
  throw failure(error)
}
const text = (content: string): string => sse({ type: 'content', content })
const finished = sse({ type: 'finish', finish: { reason: 'stop' } })
const refused: AppError = { code: 'unreachable', reason: 'refused', host: 'h', port: 1 }

async function bodyOf(request: SessionRequest): Promise<Record<string, unknown>> {
  const server = await serve(async (connection) => {
    await connection.request()
    connection.answer('200 OK', { 'Content-Type': 'text/event-stream' }, text('x'))
  })
  await run(depsFor(new BackendApi({ url: server.url })), request)
  const sent = await server.connections[0]?.request()
  return JSON.parse(sent?.body.toString() ?? '{}') as Record<string, unknown>
}

const uri = (mime: string, bytes: Buffer): string => `data:${mime};base64,${bytes.toString('base64')}`

describe('what is sent', () => {
  test('one question', async () => {
    expect(await bodyOf(hi)).toEqual({ timeout: 3600, messages: [{ role: 'user', content: 'hi' }] })
  })

  test('provider, model and key', async () => {
    const body = await bodyOf({ ...hi, provider: 'OpenaiChat', model: 'gpt-4o', apiKey: 'k-123' })
    expect(body).toMatchObject({ provider: 'OpenaiChat', model: 'gpt-4o', api_key: 'k-123' })
  })

  test('parameters of the backend stand beside, and never say what Parley says', async () => {
    const parameters = JSON.parse(
      '{"temperature": 0.2, "tools": [{"x": 1}], "signal": "s", "baseUrl": "u", "isContinuation": true, "__proto__": {"p": 1},' +
        '"messages": [], "provider": "Evil", "model": "m", "media": [], "api_key": "k", "conversation": {}, "action": "next"}',
    ) as Record<string, unknown>
    const body = await bodyOf({ ...hi, parameters })
    expect(JSON.stringify(body)).toBe(
      '{"temperature":0.2,"tools":[{"x":1}],"signal":"s","baseUrl":"u","isContinuation":true,"__proto__":{"p":1},' +
        '"timeout":3600,"messages":[{"role":"user","content":"hi"}]}',
    )
    expect(await bodyOf({ ...hi, parameters, provider: 'A', apiKey: 'key', sessions: { A: 1 } })).toMatchObject({
      provider: 'A',
      api_key: 'key',
      conversation: 1,
    })
  })

  test.each<[unknown, number]>([
    [30, 30],
    [0.5, 0.5],
    [0, 3600],
    [-5, 3600],
    ['30', 3600],
    [null, 3600],
    [[30], 3600],
  ])('a timeout of %j in the parameters is one of %d', async (timeout, sent) => {
    expect((await bodyOf({ ...hi, parameters: { timeout } })).timeout).toBe(sent)
  })

  test('answers in a row are one, empty ones are none, media are left out', async () => {
    const request = asking(user('a'), answer('one ', 'two'), answer(' three'), user('b'), answer(), user('c'))
    expect((await bodyOf(request)).messages).toEqual([
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'one two three' },
      { role: 'user', content: 'b' },
      { role: 'user', content: 'c' },
    ])
  })

  test('images of the question go into media, with names', async () => {
    const images = [attached('png', png().length), attached('jpeg', jpeg().length)]
    const body = await bodyOf(asking(user('a'), answer('b'), user('compare', images)))
    expect(body.messages).toHaveLength(3)
    expect(body.media).toEqual([
      [uri('image/png', png()), 'png.img'],
      [uri('image/jpeg', jpeg()), 'jpeg.img'],
    ])
  })

  test('images of earlier questions stand in their own message; one that is gone is left out (R41)', async () => {
    const gone = attached('gone', 5)
    const body = await bodyOf(
      asking(
        user('look', [attached('png', png().length), gone]),
        answer('nice'),
        user('', [attached('jpeg', jpeg().length)]),
        user('lost', [gone]),
        user('again'),
      ),
    )
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'image_url', image_url: { url: uri('image/png', png()) } },
          { type: 'text', text: 'look' },
        ],
      },
      { role: 'assistant', content: 'nice' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: uri('image/jpeg', jpeg()) } }] },
      { role: 'user', content: 'lost' },
      { role: 'user', content: 'again' },
    ])
    expect(body.media).toBeUndefined()
  })

  test('an earlier image whose file has another size now is left out, and one of the question ends it (R41)', async () => {
    const grown = attached('png', png().length - 1)
    const findAttachment: SessionDeps['findAttachment'] = (id, bytes) =>
      Promise.resolve(bytes === png().length ? path.join(folder, id) : null)
    const { api, requests } = scripted(streaming(text('x') + finished))
    const later = await run(depsFor(api, { findAttachment }), asking(user('look', [grown]), user('again')))
    expect(finishOf(later)).toEqual({ state: 'complete', error: null })
    expect(requests).toHaveLength(1)
    const now = await run(depsFor(api, { findAttachment }), asking(user('look', [grown])))
    expect(finishOf(now)).toEqual({ state: 'failed', error: { code: 'not-found', what: 'attachment' } })
    expect(requests).toHaveLength(1)
  })

  test('a sound goes as an input_audio part, with the images beside it as parts, and is read while it is sent', async () => {
    const sound: AttachmentInfo = { ...attached('png', png().length), mime: 'audio/mpeg', width: 0, height: 0 }
    const body = await bodyOf(asking(user('what is said?', [sound, attached('jpeg', jpeg().length)])))
    expect(body.messages).toEqual([
      {
        role: 'user',
        content: [
          { type: 'input_audio', input_audio: { data: png().toString('base64'), format: 'mp3' } },
          { type: 'image_url', image_url: { url: uri('image/jpeg', jpeg()) } },
          { type: 'text', text: 'what is said?' },
        ],
      },
    ])
    expect(body.media).toBeUndefined()
  })

  test('an image of the question itself that is gone ends it before anything is sent', async () => {
    const { api, requests } = scripted(streaming(text('x')))
    const parts = await run(depsFor(api), asking(user('look', [attached('gone', 5)])))
    expect(finishOf(parts)).toEqual({ state: 'failed', error: { code: 'not-found', what: 'attachment' } })
    expect(requests).toHaveLength(0)
  })

  test('going on: the cut answer is last, and its question keeps its image', async () => {
    const cut = { ...answer('half '), state: 'interrupted' as const }
    const body = await bodyOf({
      ...asking(user('look', [attached('png', png().length)]), answer('a '), cut),
      isContinuation: true,
    })
    expect(body.action).toBe('continue')
    expect(body.media).toBeUndefined()
    expect(body.messages).toMatchObject([
      { role: 'user', content: [{ type: 'image_url' }, { type: 'text', text: 'look' }] },
      { role: 'assistant', content: 'a half ' },
    ])
  })

  test('going on with an answer that had no text asks once more', async () => {
    const body = await bodyOf({ ...asking(user('hi'), answer()), isContinuation: true })
    expect(body).toEqual({ timeout: 3600, messages: [{ role: 'user', content: 'hi' }] })
  })

  test.each([
    ['a named provider gets its own state', 'A', { A: { id: 1 }, B: { id: 2 } }, { id: 1 }],
    ['a named provider without state gets none', 'C', { A: { id: 1 } }, undefined],
    ['the automatic choice gets all of it', null, { A: { id: 1 }, B: { id: 2 } }, { A: { id: 1 }, B: { id: 2 } }],
    ['nothing is sent of nothing', null, {}, undefined],
    ['a provider named like a method gets none', 'toString', { A: 1 }, undefined],
  ])('%s', async (_, provider, sessions, sent) => {
    expect((await bodyOf({ ...hi, provider, sessions })).conversation).toEqual(sent)
  })
})

describe('R15 how it ends', () => {
  const ended = async (...pieces: (string | (() => Promise<unknown>))[]): Promise<unknown> =>
    finishOf(await run(depsFor(scripted(streaming(...pieces)).api)))
  const cutBy = (error: AppError) => () => Promise.reject(failure(error))

  test.each<[string, (string | (() => Promise<unknown>))[], unknown]>([
    ['whole', [text('x'), finished], { state: 'complete', error: null }],
    [
      'whole, with usage behind it',
      [text('x'), finished, sse({ type: 'usage', usage: {} })],
      { state: 'complete', error: null },
    ],
    ['without finish', [text('x')], { state: 'complete-unconfirmed', error: null }],
    ['only thinking', [sse({ type: 'reasoning', token: 'x' }), finished], { state: 'complete', error: null }],
    [
      'only an image',
      [sse({ type: 'content', content: '', urls: ['/a.png'] })],
      { state: 'complete-unconfirmed', error: null },
    ],
    [
      'only a tool call',
      [sse({ type: 'tool_calls', tool_calls: [{ function: { name: 'f' } }] }), finished],
      { state: 'complete', error: null },
    ],
    ['nothing at all', [], { state: 'failed', error: { code: 'empty-answer' } }],
    ['nothing but finish', [finished], { state: 'failed', error: { code: 'empty-answer' } }],
    ['empty text only', [text('')], { state: 'failed', error: { code: 'empty-answer' } }],
    ['nothing but comments', [': ping\n\n'], { state: 'failed', error: { code: 'empty-answer' } }],
    [
      'cut',
      [text('x'), cutBy({ code: 'connection-lost' })],
      { state: 'interrupted', error: { code: 'connection-lost' } },
    ],
    [
      'torn in the middle of an event (R16)',
      [text('x'), text('and this is cut').slice(0, -12)],
      { state: 'interrupted', error: { code: 'connection-lost' } },
    ],
    [
      'torn, one object per line (R16)',
      ['{"type": "content", "content": "x"}\n{"type": "content", "con'],
      { state: 'interrupted', error: { code: 'connection-lost' } },
    ],
    [
      'torn in front of the data (R16)',
      [text('x'), 'event: finish\ndata: '],
      { state: 'interrupted', error: { code: 'connection-lost' } },
    ],
    [
      'torn in the name of a field (R16)',
      [text('x'), 'eve'],
      { state: 'interrupted', error: { code: 'connection-lost' } },
    ],
    ['a comment without a line end', [text('x'), ': ping'], { state: 'complete-unconfirmed', error: null }],
    ['a last word that is no event', [text('x'), 'data: [DONE]'], { state: 'complete-unconfirmed', error: null }],
    ['an event without its last blank line', [text('x'), finished.trimEnd()], { state: 'complete', error: null }],
    [
      'cut behind finish',
      [text('x'), finished, cutBy({ code: 'connection-lost' })],
      { state: 'interrupted', error: { code: 'connection-lost' } },
    ],
    [
      'silence',
      [text('x'), cutBy({ code: 'timeout', phase: 'idle', seconds: 120 })],
      { state: 'interrupted', error: { code: 'timeout', phase: 'idle', seconds: 120 } },
    ],
    [
      'an error event',
      [text('x'), sse({ type: 'error', error: 'E', message: 'm' })],
      { state: 'failed', error: { code: 'backend', kind: 'E', message: 'm' } },
    ],
    [
      'another provider that says nothing',
      [
        sse({ type: 'provider', provider: { name: 'A' } }),
        text('x'),
        finished,
        sse({ type: 'provider', provider: { name: 'B' } }),
      ],
      { state: 'failed', error: { code: 'empty-answer' } },
    ],
    [
      'another provider that does not say that it is whole',
      [
        sse({ type: 'provider', provider: { name: 'A' } }),
        text('x'),
        finished,
        sse({ type: 'provider', provider: { name: 'B' } }),
        text('y'),
      ],
      { state: 'complete-unconfirmed', error: null },
    ],
    [
      'an auth event',
      [sse({ type: 'auth', auth: 'E', message: 'm' })],
      { state: 'failed', error: { code: 'provider-auth', provider: null, message: 'm' } },
    ],
    [
      'a bug of ours',
      [text('x'), () => Promise.reject(new TypeError('x'))],
      { state: 'failed', error: { code: 'internal' } },
    ],
  ])('%s', async (_, pieces, finish) => {
    expect(await ended(...pieces)).toEqual(finish)
  })

  test('R18 the text before an error is kept, and nothing after it is waited for', async () => {
    const never = (): Promise<void> => new Promise(() => undefined)
    const error = sse({ type: 'error', error: 'E', message: 'm' })
    const { api } = scripted(streaming(text('one '), text('two') + error + text('three'), never))
    expect(await run(depsFor(api))).toEqual([
      { type: 'status', status: { phase: 'connecting' } },
      { type: 'status', status: { phase: 'waiting' } },
      { type: 'text-delta', text: 'one ' },
      { type: 'text-delta', text: 'two' },
      { type: 'finish', state: 'failed', error: { code: 'backend', kind: 'E', message: 'm' } },
    ])
  })

  test('R17 a hundred broken events are borne', async () => {
    const broken = 'data: {\n\n'.repeat(100)
    const parts = await run(depsFor(scripted(streaming(broken + text('x') + finished)).api))
    expect(parts.filter(({ type }) => type === 'oddity')).toHaveLength(100)
    expect(finishOf(parts).state).toBe('complete')
    const more = await run(depsFor(scripted(streaming(text('x') + broken + 'data: {\n\n')).api))
    expect(finishOf(more)).toEqual({ state: 'failed', error: { code: 'protocol', malformedEvents: 101 } })
  })

  test('what no one foresaw is logged by its name, without its words', async () => {
    const errors: unknown[] = []
    const logger = { ...silentLogger, error: (...line: unknown[]) => errors.push(line) }
    const api = {
      chunks: () => {
        throw new RangeError('canary')
      },
      redactor: () => (words: string) => words,
    }
    const parts = await run(depsFor(api, { logger }))
    expect(finishOf(parts)).toEqual({ state: 'failed', error: { code: 'internal' } })
    expect(errors).toEqual([['session failed', { name: 'RangeError' }]])
  })

  test('words that come together are one part, in order', async () => {
    const reasoning = sse({ type: 'reasoning', token: 'r1' }) + sse({ type: 'reasoning', token: 'r2' })
    const parts = await run(depsFor(scripted(streaming(reasoning + text('a') + text('b'), text('c') + finished)).api))
    expect(parts.slice(2)).toEqual([
      { type: 'reasoning-delta', text: 'r1r2' },
      { type: 'text-delta', text: 'ab' },
      { type: 'text-delta', text: 'c' },
      { type: 'finish-reason', reason: 'stop' },
      { type: 'finish', state: 'complete', error: null },
    ])
  })
})

describe('R12 tries again only what the server cannot have seen', () => {
  test.each<[AppError, number]>([
    [refused, 3],
    [{ code: 'unreachable', reason: 'unknown-host', host: 'h', port: 1 }, 3],
    [{ code: 'unreachable', reason: 'network', host: 'h', port: 1 }, 3],
    [{ code: 'timeout', phase: 'connect', seconds: 10 }, 3],
    [{ code: 'certificate', reason: 'other', host: 'h' }, 3],
    [{ code: 'proxy', reason: 'refused', host: 'p', port: 1 }, 3],
    [{ code: 'proxy', reason: 'unknown-host', host: 'p', port: 1 }, 3],
    [{ code: 'proxy', reason: 'network', host: 'p', port: 1 }, 3],
    [{ code: 'proxy', reason: 'failed', host: 'p', port: 1 }, 3],
    [{ code: 'proxy', reason: 'login', host: 'p', port: 1 }, 1],
    [{ code: 'proxy', reason: 'failed', host: 'p', port: 1, mayHavePassed: true }, 1],
    [{ code: 'proxy', reason: 'network', host: 'p', port: 1, mayHavePassed: true }, 1],
    [{ code: 'certificate', reason: 'other', host: 'h', shown: certificateSample }, 1],
    [{ code: 'certificate', reason: 'changed', host: 'h' }, 1],
    [{ code: 'certificate', reason: 'wrong-host', host: 'h' }, 1],
    [{ code: 'certificate', reason: 'expired', host: 'h' }, 1],
    [{ code: 'certificate', reason: 'self-signed', host: 'h' }, 1],
    [{ code: 'timeout', phase: 'headers', seconds: 300 }, 1],
    [{ code: 'connection-lost' }, 1],
    [{ code: 'redirect', status: 302, host: null }, 1],
    [{ code: 'not-found', what: 'attachment' }, 1],
  ])('%j: %i requests', async (error, count) => {
    const { api, requests } = scripted(failing(error))
    expect(finishOf(await run(depsFor(api)))).toEqual({ state: 'failed', error })
    expect(requests).toHaveLength(count)
  })

  test('with full jitter, and a new try is told', async () => {
    const paused: number[] = []
    const randoms = [0.5, 0.999]
    const { api } = scripted(failing(refused), failing(refused), streaming(text('x'), finished))
    const deps = depsFor(api, {
      random: () => randoms.shift() ?? 0,
      pause: (ms) => {
        paused.push(ms)
        return Promise.resolve()
      },
    })
    const parts = await run(deps)
    expect(paused).toEqual([250, 999])
    expect(parts.slice(0, 6)).toEqual([
      { type: 'status', status: { phase: 'connecting' } },
      { type: 'status', status: { phase: 'retrying', attempt: 1, ofAttempts: 2, inMs: 250 } },
      { type: 'status', status: { phase: 'connecting' } },
      { type: 'status', status: { phase: 'retrying', attempt: 2, ofAttempts: 2, inMs: 999 } },
      { type: 'status', status: { phase: 'connecting' } },
      { type: 'status', status: { phase: 'waiting' } },
    ])
    expect(finishOf(parts).state).toBe('complete')
  })

  test('not after a stop', async () => {
    const controller = new AbortController()
    const { api, requests } = scripted(failing(refused))
    const pause = (_ms: number, signal: AbortSignal): Promise<never> => {
      queueMicrotask(() => {
        controller.abort()
      })
      return aborted(signal)
    }
    expect(finishOf(await run(depsFor(api, { pause }), hi, controller.signal))).toEqual({
      state: 'stopped',
      error: null,
    })
    expect(requests).toHaveLength(1)
  })

  test('a server that comes up between two tries gets the request once', async () => {
    const gone = await startRawServer(() => undefined)
    await gone.close()
    let server: RawServer | undefined
    const pause = async (): Promise<void> => {
      server = await startRawServer(
        async (connection) => {
          await connection.request()
          connection.answer('200 OK', { 'Content-Type': 'text/event-stream' }, text('x') + finished)
        },
        { port: gone.port },
      )
      servers.push(server)
    }
    const parts = await run(depsFor(new BackendApi({ url: gone.url }), { pause }))
    expect(finishOf(parts)).toEqual({ state: 'complete', error: null })
    expect(server?.connections).toHaveLength(1)
  })
})

describe('R13 whatever happens to a request that was sent, it is sent once', () => {
  const points: [string, (connection: RawConnection) => void | Promise<void>][] = [
    [
      'FIN inside the request',
      async (connection) => {
        await connection.head()
        connection.end()
      },
    ],
    [
      'RST inside the request',
      async (connection) => {
        await connection.head()
        connection.reset()
      },
    ],
    [
      'FIN before the head',
      async (connection) => {
        await connection.request()
        connection.end()
      },
    ],
    [
      'RST before the head',
      async (connection) => {
        await connection.request()
        connection.reset()
      },
    ],
    [
      'no HTTP',
      async (connection) => {
        await connection.request()
        connection.write('hello\r\n\r\n')
      },
    ],
    [
      'FIN inside the head',
      async (connection) => {
        await connection.request()
        connection.write('HTTP/1.1 200 OK\r\nA')
        connection.end()
      },
    ],
    [
      'FIN behind the head',
      async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.end()
      },
    ],
    [
      'RST in the middle',
      async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.event({ type: 'content', content: 'x' })
        connection.reset()
      },
    ],
    [
      'FIN in the middle',
      async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.event({ type: 'content', content: 'x' })
        connection.end()
      },
    ],
    [
      '401',
      async (connection) => {
        await connection.request()
        connection.answer('401 No', {})
      },
    ],
    [
      '404',
      async (connection) => {
        await connection.request()
        connection.answer('404 No', {})
      },
    ],
    [
      '500',
      async (connection) => {
        await connection.request()
        connection.answer('500 No', {})
      },
    ],
    [
      '503 that does not say when to come back',
      async (connection) => {
        await connection.request()
        connection.answer('503 No', {})
      },
    ],
    [
      '429 that says to come back later than a minute',
      async (connection) => {
        await connection.request()
        connection.answer('429 No', { 'Retry-After': '61' })
      },
    ],
    [
      '500 that says when to come back',
      async (connection) => {
        await connection.request()
        connection.answer('500 No', { 'Retry-After': '0' })
      },
    ],
    [
      '429 in the words of an upstream',
      async (connection) => {
        await connection.request()
        connection.beginStream('Retry-After: 0\r\n')
        connection.event({ type: 'error', error: 'E', message: 'Error 429: slow down, retry after 1' })
      },
    ],
    [
      'a body that is shorter than announced',
      async (connection) => {
        await connection.request()
        connection.write(
          `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 1000\r\n\r\n${text('x')}`,
        )
        connection.end()
      },
    ],
    [
      'a redirect',
      async (connection) => {
        await connection.request()
        connection.answer('307 No', { Location: '/' })
      },
    ],
    [
      'a page',
      async (connection) => {
        await connection.request()
        connection.answer('200 OK', { 'Content-Type': 'text/html' }, 'x')
      },
    ],
    [
      'an error event',
      async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.event({ type: 'error', error: 'E', message: 'm' })
      },
    ],
  ]
  test.each(points)('%s', async (_, handle) => {
    const server = await serve(handle)
    const parts = await run(depsFor(new BackendApi({ url: server.url })))
    expect(['failed', 'interrupted']).toContain(finishOf(parts).state)
    expect(server.connections).toHaveLength(1)
    expect(phasesOf(parts)).not.toContain('retrying')
  })
})

describe('R14 a server that asks for a pause', () => {
  const limited =
    (status: number, headers: Record<string, string>) =>
    (request: TransportRequest): TransportResponse => {
      request.onConnected?.()
      return { status, headers, body: play(['{"error":{"message":"slow down"}}'], request.signal) }
    }
  const answered = streaming(text('x'), finished)
  const failedWith = (status: number, more: object = {}): unknown => ({
    state: 'failed',
    error: { code: 'http', status, message: 'slow down', ...more },
  })

  test.each<[string, number, Record<string, string>, number]>([
    ['in seconds', 429, { 'retry-after': '7' }, 7000],
    ['at once', 503, { 'retry-after': '0' }, 0],
    ['in a minute', 503, { 'retry-after': '60' }, 60_000],
    ['nonsense below zero', 429, { 'retry-after': '-1' }, 0],
    [
      'by a clock that is a day behind',
      429,
      { 'retry-after': 'Sat, 28 Feb 2026 12:00:09 GMT', date: 'Sat, 28 Feb 2026 12:00:00 GMT' },
      9000,
    ],
  ])('gets the question once more, after it: %s', async (_, status, headers, inMs) => {
    const pauses: number[] = []
    const { api, requests } = scripted(limited(status, headers), answered)
    const deps = depsFor(api, {
      pause: (ms) => {
        // Nothing is sent while it lasts.
        expect(requests).toHaveLength(1)
        pauses.push(ms)
        return Promise.resolve()
      },
    })
    const parts = await run(deps)
    expect(pauses).toEqual([inMs])
    expect(parts.slice(0, 5)).toEqual([
      { type: 'status', status: { phase: 'connecting' } },
      { type: 'status', status: { phase: 'waiting' } },
      { type: 'status', status: { phase: 'retrying', attempt: 1, ofAttempts: 1, inMs, cause: 'limit' } },
      { type: 'status', status: { phase: 'connecting' } },
      { type: 'status', status: { phase: 'waiting' } },
    ])
    expect(finishOf(parts)).toEqual({ state: 'complete', error: null })
    expect(requests).toHaveLength(2)
    expect(requests[1]?.body).toEqual(requests[0]?.body)
  })

  test.each<[string, number, Record<string, string>, object]>([
    ['longer than a minute', 429, { 'retry-after': '61' }, { retryAfterSeconds: 61 }],
    ['for days', 503, { 'retry-after': '1e9' }, { retryAfterSeconds: 300 }],
    ['without saying how long', 429, {}, {}],
    ['in words that are none', 429, { 'retry-after': 'NaN' }, {}],
    ['with another status', 500, { 'retry-after': '1' }, {}],
    ['for the payload', 413, { 'retry-after': '1' }, {}],
  ])('and does not get it again: %s', async (_, status, headers, more) => {
    const { api, requests } = scripted(limited(status, headers), answered)
    const parts = await run(depsFor(api))
    expect(finishOf(parts)).toEqual(failedWith(status, more))
    expect(requests).toHaveLength(1)
    expect(phasesOf(parts)).not.toContain('retrying')
  })

  test('a second time is told to the person, who then knows how long', async () => {
    const { api, requests } = scripted(
      limited(429, { 'retry-after': '1' }),
      limited(503, { 'retry-after': '2' }),
      answered,
    )
    expect(finishOf(await run(depsFor(api)))).toEqual(failedWith(503, { retryAfterSeconds: 2 }))
    expect(requests).toHaveLength(2)
  })

  test('one that cannot be reached before and after counts as such', async () => {
    const { api, requests } = scripted(
      failing(refused),
      limited(429, { 'retry-after': '1' }),
      failing(refused),
      answered,
    )
    const parts = await run(depsFor(api))
    expect(finishOf(parts).state).toBe('complete')
    expect(requests).toHaveLength(4)
    expect(
      parts.flatMap((part) => (part.type === 'status' && 'inMs' in part.status ? [part.status] : [])),
    ).toMatchObject([
      { attempt: 1, ofAttempts: 2 },
      { attempt: 1, ofAttempts: 1, cause: 'limit' },
      { attempt: 2, ofAttempts: 2 },
    ])
  })

  test('a stop during the pause ends it, and nothing more is sent (R09)', async () => {
    const controller = new AbortController()
    const { api, requests } = scripted(limited(429, { 'retry-after': '30' }), answered)
    const pause = (_ms: number, signal: AbortSignal): Promise<never> => {
      queueMicrotask(() => {
        controller.abort()
      })
      return aborted(signal)
    }
    expect(finishOf(await run(depsFor(api, { pause }), hi, controller.signal))).toEqual({
      state: 'stopped',
      error: null,
    })
    expect(requests).toHaveLength(1)
  })

  test('of a real server, which gets the same question twice and on two connections', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      if (server.connections.length === 1) connection.answer('429 Too Many', { 'Retry-After': '1' }, '{"error":"wait"}')
      else connection.answer('200 OK', { 'Content-Type': 'text/event-stream' }, text('x') + finished)
    })
    const pauses: number[] = []
    const pause = (ms: number): Promise<void> => {
      pauses.push(ms)
      return Promise.resolve()
    }
    const parts = await run(depsFor(new BackendApi({ url: server.url }), { pause }))
    expect(finishOf(parts)).toEqual({ state: 'complete', error: null })
    expect(pauses).toEqual([1000])
    const bodies = await Promise.all(server.connections.map(async (each) => (await each.request()).body.toString()))
    expect(bodies).toHaveLength(2)
    expect(bodies[0]).toBe(bodies[1])
  })
})

describe('R09 a stop ends it as stopped, in every phase', () => {
  const reason = new Error('a person')

  test('before it begins', async () => {
    const { api, requests } = scripted(streaming(text('x')))
    expect(await run(depsFor(api), hi, AbortSignal.abort(reason))).toEqual([
      { type: 'finish', state: 'stopped', error: null },
    ])
    expect(requests).toHaveLength(0)
  })

  test.each<[string, (connection: RawConnection) => void | Promise<void>, (parts: Part[]) => boolean]>([
    ['while it connects', () => undefined, (parts) => phasesOf(parts).includes('connecting')],
    ['while it waits', () => undefined, (parts) => phasesOf(parts).includes('waiting')],
    [
      'while it writes',
      async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.event({ type: 'content', content: 'kept' })
      },
      (parts) => parts.some(({ type }) => type === 'text-delta'),
    ],
    [
      'between finish and end',
      async (connection) => {
        await connection.request()
        connection.beginStream()
        connection.event({ type: 'content', content: 'kept' })
        connection.event({ type: 'finish', finish: { reason: 'stop' } })
      },
      (parts) => parts.some(({ type }) => type === 'finish-reason'),
    ],
  ])('%s', async (_, handle, isThere) => {
    const server = await serve(handle)
    const controller = new AbortController()
    const parts: Part[] = []
    let abortedMs = 0
    for await (const part of openSession(depsFor(new BackendApi({ url: server.url })), hi, controller.signal)) {
      parts.push(part)
      if (abortedMs === 0 && isThere(parts)) {
        abortedMs = performance.now()
        controller.abort(reason)
      }
    }
    expect(performance.now() - abortedMs).toBeLessThan(AT_ONCE_MS)
    expect(finishOf(parts)).toEqual({ state: 'stopped', error: null })
    await Promise.all(server.connections.map((connection) => connection.closed()))
  })

  test('leaving the loop closes the connection at once, also while nothing comes', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
    })
    for await (const part of openSession(
      depsFor(new BackendApi({ url: server.url })),
      hi,
      new AbortController().signal,
    )) {
      if (part.type === 'status' && part.status.phase === 'waiting') break
    }
    expect(server.connections).toHaveLength(1)
    await server.connections[0]?.closed()
  })
})

describe('an answer that stalls', () => {
  test('is told after ten seconds without a byte, and taken back by the next one, even a comment', async () => {
    vi.useFakeTimers()
    let nowMs = 5000
    const pass = async (ms: number): Promise<void> => {
      for (let left = ms; left > 0; left -= 500) {
        nowMs += 500
        await vi.advanceTimersByTimeAsync(500)
      }
    }
    const gates: (() => void)[] = []
    const gate = (): Promise<void> => new Promise((resolve) => gates.push(resolve))
    const { api } = scripted(
      streaming(
        text('one'),
        gate,
        ': ping\n\n',
        gate,
        sse({ type: 'reasoning', token: 'hm' }),
        gate,
        text('two'),
        finished,
      ),
    )
    const parts: Part[] = []
    const running = (async () => {
      const deps = depsFor(api, { clock: { monotonicMs: () => nowMs } })
      for await (const part of openSession(deps, hi, new AbortController().signal)) parts.push(part)
    })()
    await vi.advanceTimersByTimeAsync(0)
    parts.splice(0)

    await pass(STALL_MS - 1000)
    expect(parts).toEqual([])
    await pass(3000)
    expect(parts.splice(0)).toEqual([{ type: 'status', status: { phase: 'stalled', sinceMs: 0 } }])
    await pass(20_000)
    expect(parts).toEqual([])

    gates.shift()?.()
    await pass(500)
    expect(parts.splice(0)).toEqual([{ type: 'status', status: { phase: 'writing' } }])
    const pingMs = nowMs - 5000

    await pass(STALL_MS + 1000)
    expect(parts.splice(0)).toEqual([
      { type: 'status', status: { phase: 'stalled', sinceMs: expect.closeTo(pingMs, -3) as number } },
    ])
    gates.shift()?.()
    await pass(500)
    expect(parts.splice(0)).toEqual([
      { type: 'status', status: { phase: 'writing' } },
      { type: 'reasoning-delta', text: 'hm' },
    ])

    await pass(STALL_MS + 1000)
    expect(parts.splice(0)).toMatchObject([{ status: { phase: 'stalled' } }])
    gates.shift()?.()
    await running
    expect(parts).toEqual([
      { type: 'status', status: { phase: 'thinking' } },
      { type: 'text-delta', text: 'two' },
      { type: 'finish-reason', reason: 'stop' },
      { type: 'finish', state: 'complete', error: null },
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('waiting for the first byte is no stall', async () => {
    vi.useFakeTimers()
    let nowMs = 0
    let open: (() => void) | undefined
    const { api } = scripted(async (request) => {
      request.onConnected?.()
      await new Promise<void>((resolve) => {
        open = resolve
      })
      return streaming(text('x'))({ ...request, onConnected: () => undefined })
    })
    const running = run(depsFor(api, { clock: { monotonicMs: () => nowMs } }))
    for (let seconds = 0; seconds < 60; seconds++) {
      nowMs += 1000
      await vi.advanceTimersByTimeAsync(1000)
    }
    open?.()
    expect(phasesOf(await running)).toEqual(['connecting', 'waiting'])
  })
})

describe('R15 whatever a backend does', () => {
  type Step =
    | { kind: 'event'; event: string }
    | { kind: 'broken' }
    | { kind: 'comment' }
    | { kind: 'fatal' }
    | { kind: 'cut' }
    | { kind: 'silence' }
    | { kind: 'abort' }
    | { kind: 'bug' }

  const step: fc.Arbitrary<Step> = fc.oneof(
    {
      weight: 6,
      arbitrary: fc
        .constantFrom(text('x'), finished, sse({ type: 'reasoning', token: 'r' }), sse({ type: 'odd' }))
        .map((event) => ({ kind: 'event' as const, event })),
    },
    { weight: 2, arbitrary: fc.constantFrom<Step>({ kind: 'broken' }, { kind: 'comment' }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom<Step>(
        { kind: 'fatal' },
        { kind: 'cut' },
        { kind: 'silence' },
        { kind: 'abort' },
        { kind: 'bug' },
      ),
    },
  )
  const refusals: AppError[] = [
    refused,
    { code: 'timeout', phase: 'connect', seconds: 10 },
    { code: 'timeout', phase: 'headers', seconds: 300 },
    { code: 'connection-lost' },
    { code: 'certificate', reason: 'expired', host: 'h' },
    { code: 'redirect', status: 301, host: 'h' },
  ]

  /** The state that follows from the steps, by the words of R15 and not by the code. */
  function expectedState(refusal: AppError | null, isFinal: boolean, steps: readonly Step[]): string {
    const isUnseen = refusal?.code === 'unreachable' || (refusal?.code === 'timeout' && refusal.phase === 'connect')
    if (refusal !== null && (isFinal || !isUnseen)) return 'failed'
    let hasAnswer = false
    let hasFinish = false
    let hasByte = false
    for (const each of steps) {
      if (each.kind === 'abort') return 'stopped'
      if (each.kind === 'bug') return 'failed'
      if (each.kind === 'cut' || each.kind === 'silence') return hasByte ? 'interrupted' : 'failed'
      hasByte = true
      if (each.kind === 'fatal') return 'failed'
      if (each.kind !== 'event') continue
      hasAnswer ||= each.event === text('x') || each.event.includes('reasoning')
      hasFinish ||= each.event === finished
    }
    if (!hasAnswer) return 'failed'
    return hasFinish ? 'complete' : 'complete-unconfirmed'
  }

  test('it ends once, last, and in the state that fits: 10,000 runs', async () => {
    const refusal = fc.option(fc.constantFrom(...refusals), { nil: null, freq: 4 })
    await fc.assert(
      fc.asyncProperty(refusal, fc.boolean(), fc.array(step, { maxLength: 8 }), async (first, isFinal, steps) => {
        const controller = new AbortController()
        const stream = streaming(
          ...steps.map((each): string | (() => Promise<unknown>) => {
            switch (each.kind) {
              case 'event':
                return each.event
              case 'broken':
                return 'data: {\n\n'
              case 'comment':
                return ': ping\n\n'
              case 'fatal':
                return sse({ type: 'error', error: 'E', message: 'm' })
              case 'cut':
                return () => Promise.reject(failure({ code: 'connection-lost' }))
              case 'silence':
                return () => Promise.reject(failure({ code: 'timeout', phase: 'idle', seconds: 1 }))
              case 'bug':
                return () => Promise.reject(new TypeError('bug'))
              case 'abort':
                return () => {
                  controller.abort()
                  return Promise.resolve()
                }
            }
          }),
        )
        const answers = first === null ? [stream] : isFinal ? [failing(first)] : [failing(first), stream]
        const parts = await run(depsFor(scripted(...answers).api), hi, controller.signal)
        expect(finishOf(parts).state).toBe(expectedState(first, isFinal, steps))
      }),
      { numRuns: 10_000, seed: 15 },
    )
  }, 60_000)
})
