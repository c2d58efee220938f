import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ChunkDecoder, MAX_EVENT_CHARACTERS, type Chunk } from '../../../src/main/backend/stream'

function decode(...pieces: (string | Uint8Array)[]): Chunk[] {
  const decoder = new ChunkDecoder()
  const chunks = pieces.flatMap((piece) => decoder.push(Buffer.from(piece)))
  return [...chunks, ...decoder.end()]
}

function event(type: string, fields: Record<string, unknown> = {}): Chunk {
  return { kind: 'event', event: { type, ...fields } }
}

const hello = event('content', { content: 'hello' })
const helloJson = '{"type": "content", "content": "hello"}'
const malformed: Chunk = { kind: 'malformed' }

describe('framing', () => {
  test.each<[string, string, Chunk[]]>([
    ['as servers write it', `event: content\ndata: ${helloJson}\n\n`, [hello]],
    ['CRLF', `event: content\r\ndata: ${helloJson}\r\n\r\n`, [hello]],
    ['CR', `event: content\rdata: ${helloJson}\r\r`, [hello]],
    ['a byte order mark', `\ufeffdata: ${helloJson}\n\n`, [hello]],
    ['a byte order mark before an old-style event', `\ufeff${helloJson}\n`, [hello]],
    ['comments', `: ping\n\n: ping\ndata: ${helloJson}\n: in between\n\n:\n\n`, [hello]],
    ['id and retry', `id: 1\nretry: 10\nevent: content\ndata: ${helloJson}\n\n`, [hello]],
    ['unknown fields', `foo: bar\nbar\ndata: ${helloJson}\n\n`, [hello]],
    ['no space after the colon', `event:content\ndata:${helloJson}\n\n`, [hello]],
    ['several data lines', 'data: {"type": "content",\ndata:  "content":\ndata: "hello"}\n\n', [hello]],
    ['no event line', `data: ${helloJson}\n\n`, [hello]],
    ['an event line that lies', `event: finish\ndata: ${helloJson}\n\n`, [hello]],
    ['an event line without data', `event: content\n\ndata: ${helloJson}\n\n`, [hello]],
    ['the last event without its blank line', `data: ${helloJson}\n`, [hello]],
    ['the last event without its line end', `data: ${helloJson}`, [hello]],
    ['nothing', '', []],
    ['blank lines', '\n\r\n\r\r\n', []],
    ['empty data, which keeps a connection alive', `data:\n\ndata: \n\ndata: ${helloJson}\n\n`, [hello]],
    ['a JSON object in a line', `${helloJson}\n`, [hello]],
    ['a JSON object in a line, without a line end', helloJson, [hello]],
    ['JSON objects in lines, CRLF and blank lines', `${helloJson}\r\n\r\n\r\n${helloJson}\r\n`, [hello, hello]],
    ['both framings mixed', `${helloJson}\ndata: ${helloJson}\n\n${helloJson}\n`, [hello, hello, hello]],
    ['an old-style event behind an open one', `data: ${helloJson}\n${helloJson}\n\n`, [hello, hello]],
    [
      'data that itself looks like framing',
      sse({ type: 'content', content: '\n\ndata: x\n\n' }),
      [event('content', { content: '\n\ndata: x\n\n' })],
    ],
  ])('%s', (_, bytes, chunks) => {
    expect(decode(bytes)).toEqual(chunks)
    expect(decode(...[...Buffer.from(bytes)].map((byte) => Uint8Array.of(byte)))).toEqual(chunks)
  })

  test('CR at the end of a piece ends the line at once, and a LF after it is no line of its own', () => {
    const decoder = new ChunkDecoder()
    expect(decoder.push(Buffer.from(`data: ${helloJson}\r`))).toEqual([])
    expect(decoder.push(Buffer.from('\n\r'))).toEqual([hello])
    expect(decoder.push(Buffer.from(`\ndata: ${helloJson}\r\n\r`))).toEqual([hello])
    expect(decoder.push(Buffer.from(`\n`))).toEqual([])
  })

  test('unknown types survive whole', () => {
    expect(decode(sse({ type: 'custom_event', custom_event: { x: 1 }, extra: true }))).toEqual([
      event('custom_event', { custom_event: { x: 1 }, extra: true }),
    ])
  })

  test('broken UTF-8 becomes replacement characters, wherever it is cut', () => {
    const bytes = Buffer.concat([
      Buffer.from('data: {"type": "content", "content": "'),
      Buffer.from([0xe4, 0xbd, 0xff, 0xf0, 0x9f, 0x98, 0x80, 0xc3]),
      Buffer.from('"}\n\n'),
    ])
    const whole = decode(bytes)
    expect(whole).toEqual([event('content', { content: '\ufffd\ufffd😀\ufffd' })])
    for (let at = 1; at < bytes.length; at++) expect(decode(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole)
  })
})

describe('echoes are dropped unread', () => {
  test.each(['request', 'response', 'headers', 'parameters'])('%s', (type) => {
    const json = `{"type": "${type}", "${type}": {"broken`
    expect(decode(`event: ${type}\ndata: ${json}\n\n${sse({ type: 'content', content: 'hello' })}`)).toEqual([
      event(type, { skippedBytes: `event: ${type}data: ${json}`.length }),
      hello,
    ])
    expect(decode(`${json}\n${helloJson}\n`)).toEqual([event(type, { skippedBytes: json.length }), hello])
  })

  test('also with several data lines, comments in between, CRLF and no space', () => {
    expect(decode(`event:response\r\ndata: a\r\n: ping\r\ndata: b\r\n\r\ndata: ${helloJson}\r\n\r\n`)).toEqual([
      event('response', { skippedBytes: 'event:responsedata: a: pingdata: b'.length }),
      hello,
    ])
  })

  test('a last event line that names another type takes it back', () => {
    expect(decode(`event: response\nevent: content\ndata: ${helloJson}\n\n`)).toEqual([hello])
  })

  test('an event whose type only its JSON tells is dropped after reading', () => {
    const json = '{"response": 1, "type": "response"}'
    expect(decode(`data: ${json}\n\n`)).toEqual([event('response', { skippedBytes: json.length })])
  })

  test('types that only begin like one of them are read', () => {
    expect(decode(sse({ type: 'responses', responses: 1 }), sse({ type: 'request2' }))).toEqual([
      event('responses', { responses: 1 }),
      event('request2'),
    ])
  })

  test('R40 an echo larger than any limit costs nothing', () => {
    const decoder = new ChunkDecoder()
    const piece = Buffer.alloc(1024 * 1024, 'A')
    decoder.push(Buffer.from('event: request\ndata: {"type": "request", "request": "'))
    const before = process.memoryUsage().rss
    for (let megabytes = 0; megabytes < 133; megabytes++) expect(decoder.push(piece)).toEqual([])
    expect(process.memoryUsage().rss - before).toBeLessThan(40 * 1024 * 1024)
    const after = decoder.push(Buffer.from(`"}\n\ndata: ${helloJson}\n\n`))
    expect(after).toMatchObject([{ kind: 'event', event: { type: 'request' } }, hello])
  })
})

describe('R17 what cannot be read is skipped and counted', () => {
  test.each([
    'x',
    '{',
    '}',
    '{"type": "content", "content": "cut',
    "{'type': 'content'}",
    '{"type": "content", "content": "a\tb"}',
    '{"type": "content", "content": NaN}',
    '{"type": "content",}',
    '[DONE]',
    '[]',
    '[{"type": "content"}]',
    'null',
    'true',
    '42',
    '"content"',
    '{}',
    '{"content": "x"}',
    '{"type": null}',
    '{"type": 5}',
    '{"type": {}}',
    '{"type": ["content"]}',
  ])('%s', (data) => {
    expect(decode(`data: ${data}\n\ndata: ${helloJson}\n\n`)).toEqual([malformed, hello])
  })

  test('broken JSON in a line of its own', () => {
    expect(decode(`{"type": "content", "content": "cut\n${helloJson}\n`)).toEqual([malformed, hello])
  })

  test('any bytes give chunks and never an exception', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (pieces) => {
        expect(Array.isArray(decode(...pieces))).toBe(true)
      }),
      { numRuns: 2000, seed: 17 },
    )
  })
})

describe('S40 hostile JSON', () => {
  test('64 levels are read, 65 are not, and a hundred thousand do not exhaust the stack', () => {
    const nested = (depth: number): string => `data: {"type":"x","x":${'['.repeat(depth)}${']'.repeat(depth)}}\n\n`
    expect(decode(nested(63))).toMatchObject([{ kind: 'event' }])
    expect(decode(nested(64))).toEqual([malformed])
    expect(decode(nested(100_000))).toEqual([malformed])
    expect(decode(`data: ${'{"type":"x","x":'.repeat(100_000)}1${'}'.repeat(100_000)}\n\n`)).toEqual([malformed])
  })

  test('keys of the prototype are keys like others', () => {
    const [chunk] = decode(
      'data: {"type":"x","__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}\n\n',
    )
    expect(chunk?.kind).toBe('event')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
    expect(chunk?.kind === 'event' && chunk.event.polluted).toBeUndefined()
  })
})

describe('R20 the size of one event', () => {
  const head = 'data: {"type": "content", "content": "'
  const tail = '"}\n\n'
  const fullText = MAX_EVENT_CHARACTERS - (head.length - 'data: '.length) - '"}'.length

  // As the socket brings it.
  function* inPieces(text: number): Generator<Uint8Array> {
    const piece = Buffer.alloc(64 * 1024, 'A')
    yield Buffer.from(head)
    for (let left = text; left > 0; left -= piece.length) yield piece.subarray(0, left)
    yield Buffer.from(tail)
  }

  test('32 MiB are accepted, in the time that bytes need and with four times the memory', () => {
    const decoder = new ChunkDecoder()
    const before = process.memoryUsage().rss
    const startMs = performance.now()
    let peak = 0
    let chunks: Chunk[] = []
    for (const piece of inPieces(fullText)) {
      chunks = decoder.push(piece)
      peak = Math.max(peak, process.memoryUsage().rss - before)
    }
    expect(chunks).toHaveLength(1)
    const [chunk] = chunks
    expect(chunk?.kind === 'event' && (chunk.event.content as string).length).toBe(fullText)
    expect(performance.now() - startMs).toBeLessThan(2000)
    expect(peak).toBeLessThan(4 * MAX_EVENT_CHARACTERS + 100 * 1024 * 1024)
  })

  test('one character more fails, and what came before is kept', () => {
    const decoder = new ChunkDecoder()
    expect(decoder.push(Buffer.from(`data: ${helloJson}\n\n`))).toEqual([hello])
    const chunks = [...inPieces(fullText + 1)].flatMap((piece) => decoder.push(piece))
    expect(chunks).toEqual([{ kind: 'failed', error: { code: 'too-large', limitBytes: MAX_EVENT_CHARACTERS } }])
    expect(decoder.push(Buffer.from(`\n\ndata: ${helloJson}\n\n`))).toEqual([])
    expect(decoder.end()).toEqual([])
  })

  test('a line that never ends fails when it is too long, not when memory is', () => {
    const decoder = new ChunkDecoder()
    const piece = Buffer.alloc(1024 * 1024, 'A')
    const before = process.memoryUsage().rss
    decoder.push(Buffer.from('{"type": "content", "content": "'))
    const failedAt = Array.from({ length: 100 }, () => decoder.push(piece)).findIndex((chunks) => chunks.length > 0)
    expect(failedAt).toBe(32)
    expect(process.memoryUsage().rss - before).toBeLessThan(4 * MAX_EVENT_CHARACTERS + 100 * 1024 * 1024)
  })

  test('R20 many data lines count together', () => {
    const decoder = new ChunkDecoder()
    const line = Buffer.concat([Buffer.from('data: '), Buffer.alloc(1024 * 1024, 'A'), Buffer.from('\n')])
    const chunks = Array.from({ length: 40 }, () => decoder.push(line)).flat()
    expect(chunks).toMatchObject([{ kind: 'failed', error: { code: 'too-large' } }])
  })
})

describe('R19 however the bytes are split', () => {
  const lineEnd = fc.constantFrom('\n', '\r\n', '\r')
  const text = fc.string({
    unit: fc.constantFrom('a', '"', '\\', '\n', '\r', 'é', '好', '😀', '\u2028', ':', '{', ' '),
  })
  const json = fc
    .record({
      type: fc.constantFrom('content', 'reasoning', 'request', 'response', 'finish', 'odd'),
      content: text,
      isAscii: fc.boolean(),
    })
    .map(({ isAscii, ...fields }) => {
      const plain = JSON.stringify(fields)
      const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
      return { type: fields.type, json: isAscii ? plain.replace(/[\u0080-\uffff]/g, escape) : plain }
    })
  const event = fc.oneof(
    fc.tuple(json, lineEnd).map(([each, end]) => `event: ${each.type}${end}data: ${each.json}${end}${end}`),
    fc.tuple(json, lineEnd).map(([each, end]) => `data:${each.json}${end}${end}`),
    fc.tuple(json, lineEnd).map(([each, end]) => `data: ${each.json.slice(0, -3)}${end}${end}`),
    fc
      .tuple(fc.constantFrom(': ping', 'id: 5', 'retry: 3', 'foo', 'event:', ''), lineEnd)
      .map(([line, end]) => line + end),
  )
  const piece = fc.oneof(
    event,
    fc.tuple(json, lineEnd).map(([each, end]) => `${each.json}${end}`),
    fc.tuple(json, lineEnd).map(([each, end]) => `event: ${each.type}${end}data: ${each.json}${end}`),
    lineEnd.map((end) => `event: response${end}`),
  )
  const stream = fc.array(piece, { maxLength: 12 }).map((pieces) => Buffer.from(pieces.join('')))

  test('1,000 streams × 20 splits', () => {
    fc.assert(
      fc.property(stream, fc.infiniteStream(fc.integer({ min: 1, max: 9 })), (bytes, sizes) => {
        const whole = decode(bytes)
        for (let split = 0; split < 20; split++) {
          const pieces: Uint8Array[] = []
          for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 1) {
            pieces.push(bytes.subarray(at, at + sizes.next().value * (split + 1)))
          }
          expect(decode(...pieces)).toEqual(whole)
        }
      }),
      { numRuns: 1000, seed: 19 },
    )
  })

  test('the same events as eventsource-parser alone gives', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 12 }), (pieces) => {
        const bytes = `${pieces.join('')}\n\n`
        const oracle: unknown[] = []
        const parser = createParser({
          onEvent: ({ event: named, data }) => {
            oracle.push(named === 'request' || named === 'response' ? named : read(data))
          },
        })
        parser.feed(bytes)
        const mine = decode(bytes).map((chunk) => {
          if (chunk.kind !== 'event') return null
          return 'skippedBytes' in chunk.event ? chunk.event.type : chunk.event
        })
        expect(mine).toEqual(oracle)
      }),
      { numRuns: 1000, seed: 20 },
    )
  })

  function read(data: string): unknown {
    try {
      const value: unknown = JSON.parse(data)
      const type = (value as { type: string }).type
      return type === 'request' || type === 'response' ? type : value
    } catch {
      return null
    }
  }
})

function sse(fields: { type: string } & Record<string, unknown>): string {
  return `event: ${fields.type}\ndata: ${JSON.stringify(fields)}\n\n`
}
