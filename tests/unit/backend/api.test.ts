import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { BackendApi, type BackendApiOptions, type ConversationRequest } from '../../../src/main/backend/api'
import { StoredFile } from '../../../src/main/backend/media'
import type { RawResponse } from '../../../src/main/backend/stream'
import { silentLogger } from '../../../src/main/logger'
import type { AppError } from '../../../src/shared/errors'
import { readRecording, replay } from '../../support/recordings'
import { sse, startRawServer, type RawConnection, type RawServer } from '../../support/raw-server'
import { AT_ONCE_MS } from '../../support/pace'

const servers: RawServer[] = []
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-api-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

async function serve(handle: (connection: RawConnection) => void | Promise<void>): Promise<RawServer> {
  const server = await startRawServer(handle)
  servers.push(server)
  return server
}

/** Answers every request with these bytes and nothing else. */
function respond(status: string, headers: Record<string, string>, body: string | Uint8Array = '') {
  return async (connection: RawConnection): Promise<void> => {
    await connection.request()
    connection.answer(status, headers, body)
  }
}

const hi: ConversationRequest = { messages: [{ role: 'user', content: 'hi' }] }

async function collect(api: BackendApi, request: ConversationRequest = hi): Promise<RawResponse[]> {
  const events: RawResponse[] = []
  for await (const event of api.conversation(request)) events.push(event)
  return events
}

async function errorOf(server: RawServer, request = hi, options: Partial<BackendApiOptions> = {}): Promise<AppError> {
  try {
    await collect(new BackendApi({ url: server.url, ...options }), request)
  } catch (thrown) {
    if (thrown instanceof Error && 'error' in thrown) return thrown.error as AppError
    throw thrown
  }
  throw new Error('no error')
}

const json = { 'Content-Type': 'application/json' }
const html = { 'Content-Type': 'text/html; charset=utf-8' }
const stream = { 'Content-Type': 'text/event-stream; charset=utf-8' }
const page = (title: string): string =>
  `<!doctype html>\n<html lang=en><head><title>${title}</title><style>b{}</style></head>\n<h1>${title}</h1>\n<p>Why &amp; what.</p>`

describe('the request', () => {
  test('has the names of the protocol, and everything else as it is', async () => {
    const server = await serve(respond('200 OK', stream, sse({ type: 'content', content: 'x' })))
    const api = new BackendApi({
      url: `${server.url}/g4f/`,
      headers: { Authorization: 'Bearer server-key', 'X-A': ' 1 ' },
    })
    await collect(api, {
      messages: [{ role: 'user', content: 'é' }],
      provider: 'Custom',
      model: 'plain',
      media: [
        ['data:image/png;base64,AAAA', 'a.png'],
        ['https://example.org/b.png', null],
      ],
      apiKey: 'provider-key',
      baseUrl: 'http://up.example/v1',
      web_search: true,
      action: 'next',
      conversation: { id: 1 },
      nested: { a: [1, null] },
      nothing: undefined,
    })
    const request = await server.connections[0]?.request()
    expect(request?.method).toBe('POST')
    expect(request?.path).toBe('/g4f/backend-api/v2/conversation')
    expect(Object.fromEntries(request?.headers ?? [])).toMatchObject({
      'content-type': 'application/json',
      accept: 'text/event-stream',
      'accept-encoding': 'identity',
      authorization: 'Bearer server-key',
      'x-a': '1',
    })
    expect(JSON.parse(request?.body.toString() ?? '')).toEqual({
      timeout: 3600,
      web_search: true,
      action: 'next',
      conversation: { id: 1 },
      nested: { a: [1, null] },
      provider: 'Custom',
      model: 'plain',
      messages: [{ role: 'user', content: 'é' }],
      media: [
        ['data:image/png;base64,AAAA', 'a.png'],
        ['https://example.org/b.png', null],
      ],
      api_key: 'provider-key',
      base_url: 'http://up.example/v1',
      api_base: 'http://up.example/v1',
    })
  })

  test('leaves out what is the server’s choice, and lets a caller choose the timeout', async () => {
    const server = await serve(respond('200 OK', stream, sse({ type: 'content', content: 'x' })))
    await collect(new BackendApi({ url: server.url }), {
      ...hi,
      provider: null,
      model: '',
      apiKey: null,
      media: [],
      timeout: 60,
    })
    const request = await server.connections[0]?.request()
    expect(JSON.parse(request?.body.toString() ?? '')).toEqual({ timeout: 60, messages: hi.messages })
  })

  test('parameters may be called anything; what has a name of its own wins', async () => {
    const server = await serve(respond('200 OK', stream, sse({ type: 'content', content: 'x' })))
    await collect(new BackendApi({ url: server.url }), {
      ...hi,
      model: 'm',
      temperature: 1,
      parameters: { temperature: 0, top_p: 0.5, signal: 'x', model: 'n', messages: [], timeout: 90 },
    })
    const request = await server.connections[0]?.request()
    expect(JSON.parse(request?.body.toString() ?? '')).toEqual({
      temperature: 1,
      top_p: 0.5,
      signal: 'x',
      timeout: 90,
      model: 'm',
      messages: hi.messages,
    })
  })

  test('R40 stored files become data URIs wherever they stand, bit-exact', async () => {
    const server = await serve(respond('200 OK', stream, sse({ type: 'content', content: 'x' })))
    const contents = [randomBytes(1), randomBytes(300_001), randomBytes(2_000_000)]
    const files = await Promise.all(
      contents.map(async (content, index) => {
        const file = path.join(folder, String(index))
        await writeFile(file, content)
        return new StoredFile(file, 'image/webp', content.length)
      }),
    )
    const [first, second, third] = files as [StoredFile, StoredFile, StoredFile]
    await collect(new BackendApi({ url: server.url }), {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'image_url', image_url: { url: first } },
            { type: 'text', text: 'a "b"' },
          ],
        },
        { role: 'user', content: 'é' },
      ],
      media: [
        [second, 'b.webp'],
        [third, null],
      ],
    })
    const request = await server.connections[0]?.request()
    const body = JSON.parse(request?.body.toString() ?? '') as {
      messages: [{ content: [{ image_url: { url: string } }, { text: string }] }]
      media: [string, string | null][]
    }
    const uris = [body.messages[0].content[0].image_url.url, ...body.media.map(([uri]) => uri)]
    expect(uris.map((uri) => uri.slice(0, 23))).toEqual(Array(3).fill('data:image/webp;base64,'))
    expect(uris.map((uri) => Buffer.from(uri.slice(23), 'base64').equals(contents.shift() ?? Buffer.alloc(0)))).toEqual(
      [true, true, true],
    )
    expect(body.media.map(([, name]) => name)).toEqual(['b.webp', null])
    expect(body.messages[0].content[1].text).toBe('a "b"')
  })
})

describe('conversation()', () => {
  test('gives every event of a recording as it arrived, in order', async () => {
    const recording = readRecording('lab-all')
    const events = await collect(new BackendApi({ url: 'http://recorded.invalid', transport: replay(recording, [37]) }))
    const skipped = new Set(['request', 'response', 'headers', 'parameters'])
    const expected = recording.body
      .toString()
      .split('\n')
      .filter((line) => line.startsWith('data: '))
      .map((line) => JSON.parse(line.slice(6)) as RawResponse)
      .map((event) =>
        skipped.has(event.type) ? { type: event.type, skippedBytes: expect.any(Number) as number } : event,
      )
    expect(events).toEqual(expected)
    expect(events.filter(({ type }) => type === 'custom_event')).toEqual([
      { type: 'custom_event', custom_event: { x: 1 }, extra: true },
    ])
  })

  test('gives error and auth events as events, and leaves out what is none', async () => {
    const bytes = `${sse({ type: 'content', content: 'x' })}data: {broken\n\n${sse({ type: 'error', error: 'E', message: 'm' })}`
    const server = await serve(respond('200 OK', stream, bytes))
    const warnings: unknown[] = []
    const logger = { ...silentLogger, warn: (...line: unknown[]) => warnings.push(line) }
    expect(await collect(new BackendApi({ url: server.url, logger }))).toEqual([
      { type: 'content', content: 'x' },
      { type: 'error', error: 'E', message: 'm' },
    ])
    expect(warnings).toEqual([['events could not be read', { count: 1 }]])
  })

  test.each(['application/x-ndjson', 'application/jsonl', 'TEXT/EVENT-STREAM'])('reads %s', async (type) => {
    const server = await serve(respond('200 OK', { 'Content-Type': type }, '{"type": "content", "content": "x"}'))
    expect(await collect(new BackendApi({ url: server.url }))).toEqual([{ type: 'content', content: 'x' }])
  })

  test('leaving the loop closes the connection', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.event({ type: 'content', content: 'x' })
    })
    for await (const event of new BackendApi({ url: server.url }).conversation(hi)) {
      expect(event.type).toBe('content')
      break
    }
    await server.connections[0]?.closed()
  })

  test('an abort throws its reason', async () => {
    const server = await serve(() => undefined)
    const controller = new AbortController()
    const collecting = collect(new BackendApi({ url: server.url }), { ...hi, signal: controller.signal })
    await expect.poll(() => server.connections.length).toBe(1)
    controller.abort(new Error('enough'))
    await expect(collecting).rejects.toThrow('enough')
  })

  test('R20 what follows an event that is too large is not waited for', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.beginStream()
      connection.event({ type: 'content', content: 'kept' })
      connection.chunk('data: {"type": "content", "content": "')
      const megabyte = Buffer.alloc(1024 * 1024, 'A')
      while (!connection.isClosed) {
        connection.chunk(megabyte)
        await new Promise((resolve) => setImmediate(resolve))
        if (connection.socket.writableNeedDrain) {
          await Promise.race([new Promise((resolve) => connection.socket.once('drain', resolve)), connection.closed()])
        }
      }
    })
    const events: RawResponse[] = []
    const before = process.memoryUsage().rss
    const reading = (async () => {
      for await (const event of new BackendApi({ url: server.url }).conversation(hi)) events.push(event)
    })()
    await expect(reading).rejects.toMatchObject({ error: { code: 'too-large', limitBytes: 32 * 1024 * 1024 } })
    expect(process.memoryUsage().rss - before).toBeLessThan(4 * 32 * 1024 * 1024 + 100 * 1024 * 1024)
    expect(events).toEqual([{ type: 'content', content: 'kept' }])
    await server.connections[0]?.closed()
  })
})

test('R14 a date is counted by our clock where the server shows none', async () => {
  const server = await serve(respond('429 No', { 'Retry-After': 'Sun, 01 Mar 2026 12:00:30 GMT' }, ''))
  const api = new BackendApi({ url: server.url, now: () => Date.UTC(2026, 2, 1, 12, 0, 10) })
  await expect(collect(api)).rejects.toMatchObject({ error: { code: 'http', status: 429, retryAfterSeconds: 20 } })
})

describe('R21 answers that are no stream', () => {
  test.each<[string, string, Record<string, string>, string | Uint8Array, AppError]>([
    [
      'invalid JSON',
      '400 BAD REQUEST',
      json,
      '{"error":{"message":"Invalid JSON data"}}',
      { code: 'http', status: 400, message: 'Invalid JSON data' },
    ],
    [
      'no key',
      '401 Unauthorized',
      json,
      '{"error": {"message": "Not authenticated"}}',
      { code: 'unauthorized', status: 401, message: 'Not authenticated' },
    ],
    [
      'demo server',
      '403 FORBIDDEN',
      json,
      '{"error":{"message":"Forbidden"}}',
      { code: 'unauthorized', status: 403, message: 'Forbidden' },
    ],
    [
      '403 of something in front',
      '403 Forbidden',
      html,
      page('403 Forbidden'),
      { code: 'unauthorized', status: 403, message: null },
    ],
    [
      'unknown provider',
      '404 NOT FOUND',
      json,
      '{"error":{"message":"Provider not found"}}',
      { code: 'http', status: 404, message: 'Provider not found' },
    ],
    ['wrong route', '404 NOT FOUND', html, page('404 Not Found'), { code: 'http', status: 404, message: null }],
    ['wrong method', '405 METHOD NOT ALLOWED', html, page('405'), { code: 'http', status: 405, message: null }],
    [
      'FastAPI’s way to say it',
      '404 Not Found',
      json,
      '{"detail":"Not Found"}',
      { code: 'http', status: 404, message: 'Not Found' },
    ],
    ['too large', '413 REQUEST ENTITY TOO LARGE', html, page('413'), { code: 'http', status: 413, message: null }],
    [
      'too many',
      '429 Too Many Requests',
      json,
      '{"error":"slow down"}',
      { code: 'http', status: 429, message: 'slow down' },
    ],
    [
      'too many, for now (R14)',
      '429 Too Many Requests',
      { ...json, 'Retry-After': '90' },
      '{"error":"slow down"}',
      { code: 'http', status: 429, message: 'slow down', retryAfterSeconds: 90 },
    ],
    [
      'away until a date of its own clock (R14)',
      '503 Service Unavailable',
      { ...html, 'Retry-After': 'Sun, 01 Mar 2026 12:00:30 GMT', Date: 'Sun, 01 Mar 2026 12:00:00 GMT' },
      page('503'),
      { code: 'http', status: 503, message: null, retryAfterSeconds: 30 },
    ],
    [
      'another status with a pause',
      '500 Internal Server Error',
      { ...html, 'Retry-After': '5' },
      page('500'),
      { code: 'http', status: 500, message: null },
    ],
    ['server offline', '500 INTERNAL SERVER ERROR', html, page('500'), { code: 'http', status: 500, message: null }],
    ['proxy without a server', '502 Bad Gateway', html, page('502'), { code: 'http', status: 502, message: null }],
    [
      'a page',
      '200 OK',
      html,
      page('Welcome'),
      {
        code: 'not-a-stream',
        status: 200,
        contentType: 'text/html; charset=utf-8',
        snippet: 'Welcome Why &amp; what.',
      },
    ],
    [
      'plain text',
      '200 OK',
      { 'Content-Type': 'text/plain' },
      ' It\r\n works ',
      { code: 'not-a-stream', status: 200, contentType: 'text/plain', snippet: 'It works' },
    ],
    [
      'a JSON error with 200',
      '200 OK',
      json,
      '{"error":{"message":"no"}}',
      { code: 'http', status: 200, message: 'no' },
    ],
    [
      'other JSON with 200',
      '200 OK',
      json,
      '{"object":"list"}',
      { code: 'not-a-stream', status: 200, contentType: 'application/json', snippet: '{"object":"list"}' },
    ],
    [
      'something without a type',
      '200 OK',
      {},
      'data',
      { code: 'not-a-stream', status: 200, contentType: 'unknown', snippet: 'data' },
    ],
    ['an empty stream', '200 OK', stream, '', { code: 'empty-answer' }],
    ['an empty page', '200 OK', html, '', { code: 'empty-answer' }],
    [
      'another good status',
      '206 Partial Content',
      stream,
      sse({ type: 'content', content: 'x' }),
      {
        code: 'not-a-stream',
        status: 206,
        contentType: 'text/event-stream; charset=utf-8',
        snippet: 'event: content data: {"type":"content","content":"x"}',
      },
    ],
    [
      'a compressed stream',
      '200 OK',
      { ...stream, 'Content-Encoding': 'gzip' },
      gzipSync(sse({ type: 'content', content: 'x' })),
      { code: 'not-a-stream', status: 200, contentType: 'text/event-stream; charset=utf-8 (gzip)', snippet: '' },
    ],
  ])('%s', async (_, status, headers, body, error) => {
    const server = await serve(respond(status, headers, body))
    const startMs = performance.now()
    expect(await errorOf(server)).toEqual(error)
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
    await server.connections[0]?.closed()
    expect(server.connections).toHaveLength(1)
  })

  test('204', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 204 No Content\r\n\r\n')
    })
    expect(await errorOf(server)).toEqual({ code: 'empty-answer' })
  })

  test('an error page that never ends is not waited for', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 500 No\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"error')
    })
    const startMs = performance.now()
    expect(await errorOf(server)).toEqual({ code: 'http', status: 500, message: null })
    expect(performance.now() - startMs).toBeLessThan(AT_ONCE_MS)
    await server.connections[0]?.closed()
  })

  test('of an error page without end only the beginning is read', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n')
      const filler = Buffer.alloc(64 * 1024, 'spam ')
      while (!connection.isClosed) {
        connection.write(filler)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    const error = await errorOf(server)
    expect(error).toMatchObject({ code: 'not-a-stream', contentType: 'text/html' })
    expect(error.code === 'not-a-stream' && error.snippet).toMatch(/^(?:spam )+(?:\S*)…$/u)
    expect(error.code === 'not-a-stream' && error.snippet.length).toBe(200)
  })

  test('S30 a server that repeats what it was sent does not get a key into an error', async () => {
    const secrets = ['server-canary-1', 'provider-canary-2', 'sk-canaryCANARYcanary3']
    const text = `${'x'.repeat(190)} ${secrets.join(' ')}`
    for (const [status, body] of [
      ['400 Bad Request', JSON.stringify({ error: { message: secrets.join(' ') } })],
      ['401 Unauthorized', JSON.stringify({ error: { message: secrets.join(' ') } })],
      ['200 OK', text],
      ['200 OK', secrets.join(' ')],
      ['200 OK', `<p>${secrets.join('<br>')}`],
    ] as const) {
      const server = await serve(respond(status, json, body))
      const request = { ...hi, apiKey: 'provider-canary-2' }
      const error = await errorOf(server, request, { headers: { 'x-key': 'server-canary-1' } })
      expect(JSON.stringify(error)).not.toMatch(/canary/iu)
    }
  })
})

describe('lists', () => {
  const answer = (body: unknown): ReturnType<typeof respond> => respond('200 OK', json, JSON.stringify(body))

  test('paths and the provider’s key', async () => {
    const server = await serve(answer([]))
    await new BackendApi({ url: server.url }).models('A/ü?', { apiKey: 'k-1234' })
    const request = await server.connections[0]?.request()
    expect(`${request?.method ?? ''} ${request?.path ?? ''}`).toBe('GET /backend-api/v2/models/A%2F%C3%BC%3F')
    expect(request?.headers.get('x-api-key')).toBe('k-1234')
    await expect(new BackendApi({ url: server.url }).models('A', { apiKey: 'a\r\nb: c' })).rejects.toMatchObject({
      error: { code: 'bad-header', name: 'x-api-key', reason: 'value' },
    })
  })

  test('S39 ten thousand providers and more, a name of a megabyte, names that deceive', async () => {
    const many = Array.from({ length: 10_500 }, (_, index) => ({ name: `P${String(index)}` }))
    const odd = [
      null,
      5,
      {},
      { name: 5 },
      { name: '' },
      { name: 'x'.repeat(1024 * 1024) },
      { name: 'evil\u202egnp' },
      { name: 'line\nbreak' },
      { name: '__proto__', label: 'L' },
      { name: 'Good', label: `\u202e${'x'.repeat(1024 * 1024)}`, auth: true, vision: 3, parent: 7 },
      { name: 'Good', label: 'again' },
    ]
    const server = await serve(answer([...odd, ...many]))
    const providers = await new BackendApi({ url: server.url }).providers()
    expect(providers).toHaveLength(10_000 - odd.length + 2)
    expect(providers[0]).toMatchObject({ name: '__proto__', label: 'L' })
    expect(providers[1]).toMatchObject({ name: 'Good', parent: null, needsKey: true, hasVision: true })
    expect(providers[1]?.label).toMatch(/^x{150,199}…$/u)
    const nothing = { parent: null, needsKey: false, loginUrl: null, hasVision: false, makes: [] }
    expect(providers[2]).toEqual({ name: 'P0', label: 'P0', ...nothing })
  })

  test('models, flat or in groups, with what is odd left out', async () => {
    const server = await serve(
      answer([
        { id: 'a', label: 'A', default: true, vision: true },
        { id: 'b'.repeat(1024 * 1024) },
        { group: 'G\n1', models: [{ id: 'c', vision: 'yes' }, { id: 'a' }, null] },
        { group: 'broken', models: 'x' },
      ]),
    )
    expect(await new BackendApi({ url: server.url }).models('X')).toEqual([
      { id: 'a', label: 'A', isDefault: true, hasVision: true, makes: [], group: null },
      { id: 'c', label: 'c', isDefault: false, hasVision: false, makes: [], group: 'G 1' },
    ])
  })

  test('ids by provider', async () => {
    const server = await serve(answer({ A: ['x', 5, 'y', 'x'], B: 'z', 'C\n': ['z'], D: [] }))
    expect([...(await new BackendApi({ url: server.url }).modelLists())]).toEqual([
      ['A', ['x', 'y']],
      ['D', []],
    ])
  })

  test.each([
    ['null', 'null'],
    ['a number', '5'],
    ['no JSON', '<html>'],
    ['an empty object', '{}'],
  ])('R43 %s is no list and no version', async (_, body) => {
    const server = await serve(respond('200 OK', json, body))
    const api = new BackendApi({ url: server.url })
    await expect(api.version()).rejects.toMatchObject({ error: { code: 'not-a-stream' } })
    await expect(api.providers()).rejects.toMatchObject({ error: { code: 'not-a-stream' } })
    await expect(api.models('A')).rejects.toMatchObject({ error: { code: 'not-a-stream' } })
  })

  test('a list that is too long to be one', async () => {
    const server = await serve(async (connection) => {
      await connection.request()
      connection.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n[')
      const filler = Buffer.alloc(256 * 1024, ' ')
      while (!connection.isClosed) {
        connection.write(filler)
        await new Promise((resolve) => setImmediate(resolve))
      }
    })
    await expect(new BackendApi({ url: server.url }).providers()).rejects.toMatchObject({
      error: { code: 'too-large', limitBytes: 8 * 1024 * 1024 },
    })
  })
})

describe('the constructor', () => {
  test.each([
    ['nonsense', 'unreadable'],
    ['ftp://example.org', 'scheme'],
    ['http://user:pass@example.org', 'credentials'],
  ])('%s is no base address', (url, reason) => {
    expect(() => new BackendApi({ url })).toThrow(expect.objectContaining({ error: { code: 'bad-address', reason } }))
  })

  test('S34 refuses headers that cannot be sent', () => {
    expect(() => new BackendApi({ url: 'http://localhost', headers: { Host: 'x' } })).toThrow(
      expect.objectContaining({ error: { code: 'bad-header', name: 'Host', reason: 'reserved' } }),
    )
  })

  test('takes no option that would do nothing', () => {
    const transport = replay(readRecording('plain'))
    expect(() => new BackendApi({ url: 'guide://local', transport, proxy: 'http://x' })).toThrow(TypeError)
    expect(() => new BackendApi({ url: 'guide://local', transport, tls: {} })).toThrow(TypeError)
  })

  test('takes any address for a transport of its own', async () => {
    const api = new BackendApi({ url: 'guide://local', transport: replay(readRecording('version-cached')) })
    expect((await api.version()).version).toBe('8.1.7')
  })
})
