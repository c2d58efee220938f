import { describe, expect, it } from 'vitest'
import type { WireRow } from '../../../src/shared/contract'
import type { Wire } from '../../../src/main/wire/wire'
import { MAX_GIST } from '../../../src/main/wire/gist'
import { readRecording, recordingNames, replay } from '../../support/recordings'
import { askThrough, createWire, eventOf, handMade, STREAM_HEAD, streamOf } from '../../support/wire-samples'

const SECRET = 'sk-test-abcdefgh12345678'

function idOf(wire: Wire, messageId = 'answer'): string {
  return wire.open(messageId)?.id ?? ''
}

function rowsOf(wire: Wire, messageId?: string): WireRow[] {
  return wire.rows(idOf(wire, messageId), 0).rows
}

async function rowsFor(...pieces: (readonly [number, string | Uint8Array])[]): Promise<WireRow[]> {
  const { wire, playing } = createWire()
  await askThrough(wire, playing(streamOf(...pieces)), { secrets: [SECRET] })
  return rowsOf(wire)
}

const short = (rows: readonly WireRow[]) => rows.map(({ type, gist }) => [type, gist])

describe('the rows of a recording', () => {
  it('have the time of the read that completed them, their type, size and gist', async () => {
    const event = eventOf({ type: 'content', content: ' gaps' })
    const rows = await rowsFor(
      [84, eventOf({ type: 'provider', provider: { name: 'DeepInfra', model: 'llama' } })],
      [391.5, event.slice(0, 20)],
      [412, event.slice(20) + event],
    )
    const bytes = JSON.stringify({ type: 'content', content: ' gaps' }).length
    expect(rows).toEqual([
      { index: 0, atMs: 84, type: 'provider', bytes: 67, gist: 'DeepInfra' },
      { index: 1, atMs: 412, type: 'content', bytes, gist: '“ gaps”' },
      { index: 2, atMs: 412, type: 'content', bytes, gist: '“ gaps”' },
    ])
  })

  it.each<[Record<string, unknown> & { type: string }, string]>([
    [
      { type: 'parameters', parameters: { web_search: false, stop: ['a'], extra: {} } },
      'web_search: false, stop: […], extra: {}',
    ],
    [{ type: 'request', request: { messages: [], model: 'llama-3.3-70b' } }, 'llama-3.3-70b'],
    [{ type: 'response', response: { choices: [] } }, ''],
    [{ type: 'log', log: 'a line of somebody else' }, ''],
    [{ type: 'headers', headers: { 'x-key': 'k' } }, ''],
    [{ type: 'content', content: '\n\n### Three\t' }, '“\\n\\n### Three\\t”'],
    [
      { type: 'content', content: '<img>', urls: ['/media/a.png', 'data:image/png;base64,AAAA'], alt: 'a' },
      '/media/a.png data:image/png',
    ],
    [{ type: 'content', content: 'a\u202eb\u0007c\u2028d' }, '“ab c d”'],
    [{ type: 'reasoning', token: 'The chart' }, '“The chart”'],
    [{ type: 'reasoning', token: null, status: 'Searching' }, 'Searching'],
    [{ type: 'reasoning', label: 'Model', status: 'o1' }, 'Model: o1'],
    [{ type: 'usage', usage: { prompt_tokens: 3, completion_tokens: 4 } }, 'prompt_tokens: 3, completion_tokens: 4'],
    [{ type: 'finish', finish: { reason: 'stop' } }, 'stop'],
    [{ type: 'error', error: 'ResponseError', message: 'ResponseError: no' }, 'ResponseError: no'],
    [{ type: 'auth', auth: 'MissingAuthError' }, 'MissingAuthError'],
    [{ type: 'message', message: 'RateLimitError: limit', error: 'RateLimitError' }, 'RateLimitError: limit'],
    [{ type: 'tool_calls', tool_calls: [{ function: { name: 'weather', arguments: '{"ci' } }] }, 'weather({"ci'],
    [{ type: 'tool_calls', tool_calls: [{ index: 0, function: { arguments: 'ty":"Oslo"}' } }] }, '“ty":"Oslo"}”'],
    [{ type: 'conversation', conversation: { Lab: { id: 1 }, Other: {} } }, 'Lab, Other'],
    [{ type: 'suggestions', suggestions: ['And?', 'Why?'] }, '“And?” “Why?”'],
    [{ type: 'title', title: 'Weather' }, '“Weather”'],
    [{ type: 'synthesize', synthesize: { provider: 'Lab', data: {} } }, 'Lab'],
    [{ type: 'weather', degrees: 4, wind: null }, 'degrees: 4, wind: null'],
    [{ type: 'weather', weather: 'fine' }, '“fine”'],
  ])('%j says %s', async (event, gist) => {
    expect(short(await rowsFor([1, eventOf(event)]))).toEqual([[event.type, gist]])
  })

  it('a gist is one plain line of at most 160 characters', async () => {
    const [row] = await rowsFor([
      1,
      eventOf({ type: 'content', content: `\u202e\u0000${'wörld😀\r\n'.repeat(100_000)}` }),
    ])
    expect(row?.gist.length).toBeLessThanOrEqual(MAX_GIST)
    expect(row?.gist).toMatch(/^“ wörld😀\\n.*…”$/u)
  })

  it('also what is no event has a row: comments, old lines, nonsense, keep-alives, what broke off', async () => {
    const { wire } = createWire()
    const pieces = [
      Buffer.from(
        ': ping\n\n{"type": "content", "content": "old"}\nwhat is this\ndata: {"type": \n\nevent: ping\ndata:\n\n',
      ),
      Buffer.from('data: {"type": "content", "content": "never who'),
    ].values()
    const body = {
      next: () =>
        Promise.resolve(pieces.next()).then((next) => (next.done === true ? Promise.reject(new Error('gone')) : next)),
    }
    await askThrough(wire, handMade(STREAM_HEAD, body))
    expect(rowsOf(wire).map(({ type, gist, bytes }) => [type, gist, bytes])).toEqual([
      ['comment', 'ping', 5],
      ['content', '“old”', 37],
      ['malformed', '“what is this”', 12],
      ['malformed', '“{"type": ”', 9],
      ['ping', '', 0],
      ['cut', '', 47],
    ])
    expect(wire.event(idOf(wire), 5)).toEqual({ json: '' })
  })

  it.each([
    ['unknown-provider', '{"error":{"message":"Provider with label'],
    ['apikey-conv-noauth', '{"error": {"message": "Not authenticated"}}'],
    ['provider-unknown-html', 'Server Error'],
  ])('an answer that is no stream is one row (%s)', async (name, start) => {
    const { wire } = createWire()
    const recording = recordingNames.includes(name)
      ? readRecording(name)
      : {
          ...readRecording('unknown-provider'),
          headers: { 'content-type': 'text/html' },
          body: Buffer.from('<!doctype html>\n<html><title>Server  Error</title>'),
        }
    await askThrough(wire, replay(recording, [7]))
    const [row, ...others] = rowsOf(wire)
    expect(row).toMatchObject({ index: 0, type: 'body', bytes: recording.body.length })
    expect(row?.gist).toContain(start)
    expect(others).toEqual([])
  })

  it('a body that is compressed is not told, only its size', async () => {
    const { wire, playing } = createWire()
    const stream = streamOf([1, Buffer.from(SECRET)])
    const headers = { ...STREAM_HEAD.headers, 'content-encoding': 'gzip' }
    await askThrough(wire, playing({ ...stream, response: { status: 200, headers } }))
    expect(rowsOf(wire)).toEqual([{ index: 0, atMs: 1, type: 'body', bytes: SECRET.length, gist: '' }])
    expect(wire.event(idOf(wire), 0)).toEqual({ json: '' })
  })

  it('come at most 1,000 at a time, from any on, and never change', async () => {
    const { wire } = createWire()
    const reads: Uint8Array[] = []
    const queue: ((next: IteratorResult<Uint8Array>) => void)[] = []
    const body = {
      next: () =>
        new Promise<IteratorResult<Uint8Array>>((resolve) => {
          const bytes = reads.shift()
          if (bytes === undefined) queue.push(resolve)
          else resolve({ done: false, value: bytes })
        }),
    }
    const send = async (text: string): Promise<void> => {
      const bytes = Buffer.from(text)
      const waiting = queue.shift()
      if (waiting === undefined) reads.push(bytes)
      else waiting({ done: false, value: bytes })
      await new Promise((resolve) => setImmediate(resolve))
    }
    void askThrough(wire, handMade(STREAM_HEAD, body))
    await new Promise((resolve) => setImmediate(resolve))
    const id = idOf(wire)
    const seen: WireRow[] = []
    for (let index = 0; index < 50; index += 1) {
      const event = eventOf({ type: 'content', content: `word ${index} ` }).repeat(50)
      // In two pieces that end anywhere.
      await send(event.slice(0, 1 + 37 * index))
      seen.push(...wire.rows(id, seen.length).rows)
      await send(event.slice(1 + 37 * index))
      seen.push(...wire.rows(id, seen.length).rows)
    }
    expect(seen).toHaveLength(2500)
    const again = [0, 1000, 2000].flatMap((from) => wire.rows(id, from).rows)
    expect(again).toEqual(seen)
    expect(again.map(({ index }) => index)).toEqual(again.map((_, index) => index))
    expect(wire.rows(id, 0).rows).toHaveLength(1000)
    expect(wire.rows(id, 2499).rows).toHaveLength(1)
    expect(wire.rows(id, 99_999)).toMatchObject({ rows: [], recording: { events: 2500, end: null } })
  })

  it('every recording of a real server has rows that are plain', async () => {
    const { wire } = createWire()
    for (const name of recordingNames.filter((each) => readRecording(each).request.path.endsWith('/conversation'))) {
      await askThrough(wire, replay(readRecording(name), [211]), { messageId: name })
      const rows = rowsOf(wire, name)
      expect(rows.length, name).toBeGreaterThan(0)
      for (const { gist, type } of rows) {
        expect(gist.length).toBeLessThanOrEqual(MAX_GIST)
        expect(gist + type).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u)
      }
    }
  })
})

describe('the JSON of an event', () => {
  it('is what came, but for secrets', async () => {
    const { wire, playing } = createWire()
    const plain = '{"type": "content",  "content": "Your chart \\u00e4"}'
    await askThrough(
      wire,
      playing(streamOf([1, `event: content\ndata: ${plain}\n\n${eventOf({ type: 'title', title: `T ${SECRET}` })}`])),
      { secrets: [SECRET] },
    )
    expect(wire.event(idOf(wire), 0)).toEqual({ json: plain })
    expect(wire.event(idOf(wire), 1)).toEqual({ json: '{"type":"title","title":"T ••••5678"}' })
    expect(() => wire.event(idOf(wire), 2)).toThrow('not-found')
    expect(() => wire.event('nobody', 0)).toThrow('not-found')
  })

  it('S41: of log and headers only type and size are told; request and response are shown', async () => {
    const { wire, playing } = createWire()
    const events = ['log', 'headers', 'request', 'response'].map((type) =>
      eventOf({ type, [type]: { canary: `canary-${type}` } }),
    )
    await askThrough(
      wire,
      playing(
        streamOf([1, events.join('')], [2, 'event: log\ndata: canary-log {\n\n{"type": "log", "log": "canary-log\n']),
      ),
    )
    const [log, headers, request, response, brokenLog, cutLog] = rowsOf(wire).map(
      ({ index }) => wire.event(idOf(wire), index).json,
    )
    expect([log, headers]).toEqual(['{"type":"log","skippedBytes":44}', '{"type":"headers","skippedBytes":56}'])
    expect(request).toContain('canary-request')
    expect(response).toContain('canary-response')
    expect(brokenLog).toBe('{"type":"log","skippedBytes":12}')
    expect(cutLog).toBe('{"type":"log","skippedBytes":34}')
  })

  it('is cut at 256 KiB, and says how much more there is', async () => {
    const { wire, playing } = createWire()
    await askThrough(wire, playing(streamOf([1, eventOf({ type: 'content', content: 'x'.repeat(2_000_000) })])))
    const { json } = wire.event(idOf(wire), 0)
    expect(json).toHaveLength(256 * 1024 + '… +1.7 MB'.length)
    expect(json).toMatch(/x… \+1\.7 MB$/u)
  })

  it('a long echo of the request is told with its model and whole size', async () => {
    const { wire, playing } = createWire()
    const [head, tail] = [
      'event: request\ndata: {"type": "request", "request": {"model": "vision-1", "image": "',
      '"}}\n\n',
    ]
    const image = Array.from({ length: 60 }, (_, at) => [at + 1, 'A'.repeat(60_000)] as const)
    await askThrough(wire, playing(streamOf([0, head], ...image, [90, tail])))
    expect(rowsOf(wire)).toEqual([
      {
        index: 0,
        atMs: 90,
        type: 'request',
        bytes: 3_600_000 + head.slice(head.indexOf('{')).length + 3,
        gist: 'vision-1',
      },
    ])
    expect(wire.event(idOf(wire), 0).json).toMatch(/^\{"type": "request".*A/u)
    expect(wire.open('answer')?.isCut).toBe(false)
  })
})

describe('secrets across events', () => {
  const words = ['Your key is sk-', 'test-', 'abcd', 'efgh', '12345678', '. Keep it.']

  it.each([
    ['content', (text: string) => ({ type: 'content', content: text })],
    ['reasoning', (text: string) => ({ type: 'reasoning', token: text })],
    [
      'tool calls',
      (text: string) => ({ type: 'tool_calls', tool_calls: [{ index: 0, function: { arguments: text } }] }),
    ],
  ])('a key that a model writes word by word is not in the rows, the JSON or the file (%s)', async (_, make) => {
    const { wire, playing } = createWire()
    const stream = streamOf(
      ...words.flatMap((word, at) => [
        [2 * at, eventOf(make(word))] as const,
        [2 * at + 1, eventOf({ type: 'response', response: 'between' })] as const,
      ]),
    )
    await askThrough(wire, playing(stream), { secrets: [SECRET] })
    const id = idOf(wire)
    const json = rowsOf(wire).map(({ index }) => wire.event(id, index).json)
    const joined = json.join('').replace(/\{"type":"response","response":"between"\}/gu, '')
    expect(joined).toContain('Your key is ••••5678')
    for (const text of [json.join(''), wire.file(id).text]) {
      for (const word of words.slice(1, -1)) expect(text).not.toContain(word)
    }
  })

  it.each([
    ['a raw control character', (text: string) => `data: {"type":"content","x":"a\tb","content":"${text}"}\n\n`],
    [
      'characters that nobody sees',
      (text: string) => eventOf({ type: 'content', content: [...text].join('\u200b\u202e') }),
    ],
  ])('also when the events hold %s', async (_, make) => {
    const { wire, playing } = createWire()
    await askThrough(wire, playing(streamOf(...words.map((word, at) => [at, make(word)] as const))), {
      secrets: [SECRET],
    })
    const { parts } = await wire.replay(idOf(wire))
    const text = parts.map(({ part }) => (part.type === 'text-delta' ? part.text : '')).join('')
    expect(text.replace(/[\u200b\u202e]/gu, '')).toBe('Your key is ••••5678. Keep it.')
    expect(
      rowsOf(wire)
        .map(({ gist }) => gist)
        .join(''),
    ).not.toMatch(/test|abcd|efgh|1234/u)
  })

  it('R20: also when there are hundreds of thousands of them', async () => {
    const { wire, playing } = createWire()
    // Searched pair by pair this would take minutes: 2 MB with 40,000 keys in 40,000 pieces.
    const stream = eventOf({ type: 'content', content: 'st it te' }).repeat(40_000)
    await askThrough(wire, playing(streamOf([1, stream])), { secrets: ['test'] })
    expect(wire.rows(idOf(wire), 39_999).rows).toMatchObject([{ type: 'content', gist: '“ it te”' }])
    expect(wire.rows(idOf(wire), 20_000).rows[0]?.gist).toBe('“ it ••••”')
  })

  it('also when somebody looks while it arrives', async () => {
    const { wire, playing } = createWire()
    const stream = streamOf(...words.map((word, at) => [at, eventOf({ type: 'content', content: word })] as const))
    const tapped = wire.tap(playing(stream), { messageId: 'answer', secrets: [SECRET] })
    const response = await tapped.request({
      method: 'POST',
      url: 'https://chat.example.org/backend-api/v2/conversation',
      headers: {},
      body: null,
      signal: new AbortController().signal,
      connectTimeoutMs: 1,
      firstByteTimeoutMs: 1,
      idleTimeoutMs: 1,
    })
    for await (const _ of response.body) rowsOf(wire)
    expect(rowsOf(wire).map(({ gist }) => gist)).toEqual([
      '“Your key is ••••5678”',
      '“”',
      '“”',
      '“”',
      '“”',
      '“. Keep it.”',
    ])
  })
})

describe('the request', () => {
  it('is told with masked headers and body, and how large it was', async () => {
    const { wire, playing } = createWire()
    await askThrough(wire, playing(streamOf([1, ': ping\n\n'])), {
      headers: {
        authorization: `Bearer ${SECRET}`,
        'cf-access-client-secret': '0123456789abcdef9c41',
        'x-team': 'blue',
      },
      request: {
        model: 'llama',
        apiKey: 'hf_abcdefghijklmnop',
        messages: [{ role: 'user', content: `My key is ${SECRET}` }],
      },
    })
    const { request, startedAt, messageId } = wire.open('answer') ?? {}
    expect(request).toMatchObject({ method: 'POST', host: 'chat.example.org', path: '/backend-api/v2/conversation' })
    expect(request?.headers).toEqual(
      expect.arrayContaining([
        { name: 'authorization', value: 'Bearer ••••5678' },
        { name: 'cf-access-client-secret', value: '••••9c41' },
        { name: 'x-team', value: 'blue' },
        { name: 'content-type', value: 'application/json' },
      ]),
    )
    expect(JSON.parse(request?.body ?? '')).toEqual({
      timeout: 3600,
      model: 'llama',
      messages: [{ role: 'user', content: 'My key is ••••5678' }],
      api_key: '••••mnop',
    })
    expect(request?.body).toContain('\n  "model"')
    expect(request?.bodyBytes).toBe(140)
    expect([startedAt, messageId]).toEqual([Date.UTC(2026, 10, 22, 14, 2), 'answer'])
  })

  it('names files instead of reading them, and other base64 too', async () => {
    const { wire, playing } = createWire()
    const { StoredFile } = await import('../../../src/main/backend/media')
    const photo = new StoredFile('/nowhere/photo.png', 'image/png', 2_202_010)
    await askThrough(wire, playing(streamOf([1, ': ping\n\n'])), {
      request: {
        media: [
          [photo, 'photo.png'],
          [`data:image/gif;base64,${'A'.repeat(4000)}`, null],
        ],
        sound: 'B'.repeat(8000),
      },
    })
    const body = wire.open('answer')?.request.body ?? ''
    expect(JSON.parse(body)).toMatchObject({
      media: [
        ['[image/png, 2.1 MB]', 'photo.png'],
        ['[image/gif, 3 KB]', null],
      ],
      sound: '[base64, 6 KB]',
    })
    expect(wire.open('answer')?.request.bodyBytes).toBeGreaterThan((2_202_010 * 4) / 3)
  })

  it('is counted, not kept, when it is larger than 4 MiB', async () => {
    const { wire, playing } = createWire()
    const content = 'x'.repeat(5_000_000)
    await askThrough(wire, playing(streamOf([1, ': ping\n\n'])), { request: { messages: [{ role: 'user', content }] } })
    expect(wire.open('answer')?.request.body).toBe('[4.8 MB]')
    expect(wire.open('answer')?.request.bodyBytes).toBeGreaterThan(5_000_000)
  })
})
