import { createParser } from 'eventsource-parser'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { PartReader } from '../../../src/main/backend/parts'
import { ChunkDecoder, MAX_EVENT_CHARACTERS, type Chunk } from '../../../src/main/backend/stream'
import type { Part } from '../../../src/shared/conversation'
import { shortestMs } from '../../support/shortest'

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
    // 133 MB have gone through; what the collector leaves lying about differs from run to run.
    expect(process.memoryUsage().rss - before).toBeLessThan(80 * 1024 * 1024)
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
    '{"type": "content",\u0007 "content": "ab"}',
    '{"type":\t"content", "content": "a\tb"}',
    '{"type": "content", "content": "a\tb',
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

  test('but for characters that JSON wants escaped: what is meant is clear', () => {
    const words = Array.from({ length: 32 }, (_, code) => String.fromCharCode(code))
      .join('')
      .replace(/[\r\n]/gu, '')
    expect(decode(`data: {"type": "content", "content": "a${words}\\tb"}\n\n`)).toEqual([
      event('content', { content: `a${words}\tb` }),
    ])
    expect(decode('data: {"type": "content", "content": "a\ndata: b"}\n\n')).toEqual([
      event('content', { content: 'a\nb' }),
    ])
  })

  test('but not in texts beyond 64 KiB, where mending could cost more than memory has', () => {
    const around = '{"type": "content", "content": ""}'.length
    for (const [length, chunk] of [
      [65_536 - around, 'event'],
      [65_537 - around, 'malformed'],
    ] as const) {
      const bytes = Buffer.from(
        `: \n\nevent: content\ndata: {"type": "content", "content": "\t${'a'.repeat(length - 1)}"}\n\n`,
      )
      expect(decode(bytes)).toMatchObject([{ kind: chunk }])
      expect(decode(bytes.subarray(0, 30), bytes.subarray(30, 40), bytes.subarray(40))).toMatchObject([{ kind: chunk }])
    }
    const zeros = `data: ${'\0'.repeat(30 * 1024 * 1024)}\n\n`
    expect(decode(zeros)).toEqual([malformed])
    expect(shortestMs(1000, () => decode(zeros))).toBeLessThan(1000)
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

describe('R19 the short way gives what the long way gives', () => {
  // One byte at a time no event is whole, so all of it goes the long way.
  const longWay = (bytes: Uint8Array): Chunk[][] => {
    const decoder = new ChunkDecoder()
    return [...[...bytes].map((byte) => decoder.push(Uint8Array.of(byte))), decoder.end()]
  }

  const character = fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom('a', 'B', '7', ' ', '.', '~', '{', '}', ':', ',', '<') },
    { weight: 1, arbitrary: fc.constantFrom('"', '\\', '\\n', '\\"', '\\u00e9', '\\ud83d', '\\') },
    { weight: 1, arbitrary: fc.constantFrom('\t', '\0', '\u001f', '\u007f', '\r', '\n', '\n\n', '"}\n\n') },
    { weight: 1, arbitrary: fc.constantFrom('é', '好', '😀', '\ufeff', 'ï»¿') },
  )
  const text = fc.oneof(
    { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 70 }) },
    { weight: 2, arbitrary: fc.string({ unit: character, maxLength: 70 }) },
  )
  const echo = fc.constantFrom('request', 'response', 'headers', 'parameters')
  const type = fc.oneof(echo, fc.constantFrom('content', 'finish', 'responses', '', 'ï»¿', 'é'))
  const event = fc.oneof(
    {
      weight: 6,
      arbitrary: text.map((words) => `event: content\ndata: {"type": "content", "content": "${words}"}\n\n`),
    },
    { weight: 3, arbitrary: fc.tuple(echo, text).map(([each, words]) => `event: ${each}\ndata: ${words}\n\n`) },
    {
      weight: 3,
      arbitrary: fc
        .tuple(type, type, text, fc.constantFrom('\n\n', '\n', '\r\n\r\n', '\n: x\n\n', ''))
        .map(([named, each, words, end]) => `event: ${named}\ndata: {"type": "${each}", "x": "${words}"}${end}`),
    },
    { weight: 1, arbitrary: text.map((words) => `data: {"type": "content", "content": "${words}"}\n\n`) },
    { weight: 1, arbitrary: text.map((words) => `{"type": "content", "content": "${words}"}\n`) },
    {
      weight: 1,
      arbitrary: text.map(
        (words) => `event: content\ndata: {"type": "content", "content": "x", "urls": ["${words}"]}\n\n`,
      ),
    },
    { weight: 1, arbitrary: fc.constantFrom('\n', '\r', ': ping\n\n', '\ufeff', 'ï»¿', 'data:\n\n', 'data: \n\n') },
  )
  const stream = fc.array(event, { minLength: 1, maxLength: 14 }).map((events) => Buffer.from(events.join('')))
  const sizes = fc.oneof(
    fc.constant([Number.POSITIVE_INFINITY]),
    fc.array(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 30, max: 400 })), {
      minLength: 1,
      maxLength: 12,
    }),
  )

  function cut(bytes: Buffer, lengths: readonly number[]): Buffer[] {
    const pieces: Buffer[] = []
    for (let at = 0; at < bytes.length; at += pieces.at(-1)?.length ?? 1) {
      pieces.push(bytes.subarray(at, at + (lengths[pieces.length % lengths.length] ?? 1)))
    }
    return pieces
  }

  test('the same chunks, and none of them later', () => {
    fc.assert(
      fc.property(stream, sizes, (bytes, lengths) => {
        const long = longWay(bytes)
        const decoder = new ChunkDecoder()
        let at = 0
        for (const piece of cut(bytes, lengths)) {
          expect(decoder.push(piece)).toEqual(long.slice(at, at + piece.length).flat())
          at += piece.length
        }
        expect(decoder.end()).toEqual(long.at(-1))
      }),
      { numRuns: 1500, seed: 3 },
    )
  })

  test('every character at every place of a text', () => {
    const strange = ['é', '\u0080', '\ud83d\ude00', '\ufeff', '\\n', '\\u0041']
    const characters = [...Array.from({ length: 128 }, (_, code) => String.fromCharCode(code)), ...strange]
    for (const each of characters) {
      for (const place of [0, 5, 10, 15, 16, 31, 32, 36]) {
        const words = `${'a'.repeat(place)}${each}${'b'.repeat(36 - place)}`
        const bytes = Buffer.from(
          `: \n\n${`event: content\ndata: {"type": "content", "content": "${words}"}\n\n`.repeat(2)}`,
        )
        const decoder = new ChunkDecoder()
        expect([...decoder.push(bytes), ...decoder.end()], JSON.stringify(words)).toEqual(longWay(bytes).flat())
      }
    }
  })

  test('a byte order mark that does not stand first is a character like others', () => {
    for (const mark of ['\ufeff', 'ï»¿']) {
      const decoder = new ChunkDecoder()
      const first = content('a')
      const second = `${mark}data: ${helloJson}\n\n`
      expect(decoder.push(Buffer.from(first))).toHaveLength(1)
      expect([...decoder.push(Buffer.from(second)), ...decoder.end()]).toEqual([])
    }
    // Its bytes, once more encoded, are no mark, even where it could stand.
    expect(decode(`ï»¿data: ${helloJson}\n\n`)).toEqual([])
  })

  test('and the same words when they are joined', () => {
    const partsOf = (chunks: Iterable<Chunk[]>): Part[] => {
      const reader = new PartReader()
      const joined: Part[] = []
      for (const part of [...chunks].flat().flatMap((chunk) => reader.read(chunk))) {
        const last = joined.at(-1)
        if (part.type === 'text-delta' && last?.type === 'text-delta') last.text += part.text
        else joined.push(part)
      }
      return joined
    }
    fc.assert(
      fc.property(stream, sizes, fc.nat(120), (bytes, lengths, broken) => {
        // Enough that cannot be read in front to see whether it is still counted in a row (R17).
        const whole = Buffer.concat([Buffer.from('data: {\n\n'.repeat(broken)), bytes])
        const decoder = new ChunkDecoder({ isJoined: true })
        const chunks = [...cut(whole, lengths).map((piece) => decoder.push(piece)), decoder.end()]
        expect(partsOf(chunks)).toEqual(partsOf(longWay(whole)))
      }),
      { numRuns: 500, seed: 4 },
    )
  })

  test('words that follow each other come as one event, echoes between them are left out', () => {
    const decoder = new ChunkDecoder({ isJoined: true })
    const pair = (words: string): string => sse({ type: 'response', response: words }) + content(words)
    const finish = sse({ type: 'finish', finish: { reason: 'stop' } })
    expect(
      decoder.push(Buffer.from(pair('a') + pair('b') + finish + pair('c') + sse({ type: 'headers' }))),
    ).toMatchObject([
      { event: { type: 'response' } },
      { event: { type: 'content', content: 'ab' } },
      { event: { type: 'finish' } },
      { event: { type: 'content', content: 'c' } },
    ])
    expect(decoder.push(Buffer.from(content('d')))).toEqual([
      { kind: 'event', event: { type: 'content', content: 'd' } },
    ])
  })
})

/** With the spaces that servers write. */
function content(words: string): string {
  return `event: content\ndata: {"type": "content", "content": ${JSON.stringify(words)}}\n\n`
}

function sse(fields: { type: string } & Record<string, unknown>): string {
  return `event: ${fields.type}\ndata: ${JSON.stringify(fields)}\n\n`
}

describe('R20, R23 an event of many values', () => {
  const megabytes = (head: string, unit: string, tail: string, count = 31): Buffer =>
    Buffer.from(head + unit.repeat(Math.floor((count * 1024 * 1024) / unit.length)) + tail)

  /** Chunks, and the longest that one piece of bytes has taken. */
  function timed(bytes: Buffer): { chunks: Chunk[]; longestMs: number } {
    const decoder = new ChunkDecoder()
    const chunks: Chunk[] = []
    let longestMs = 0
    for (let at = 0; at < bytes.length; at += 65_536) {
      const startMs = performance.now()
      chunks.push(...decoder.push(bytes.subarray(at, at + 65_536)))
      longestMs = Math.max(longestMs, performance.now() - startMs)
    }
    return { chunks, longestMs }
  }

  test.each([
    ['objects', megabytes('data: {"type":"x","a":[0', ',{}', ']}\n\n')],
    ['numbers', megabytes('data: {"type":"x","a":[0', ',0', ']}\n\n')],
    ['names', megabytes('data: {"type":"x","a":{"b":0', ',"b":0', '}}\n\n')],
    ['addresses', megabytes('data: {"type":"content","content":"","urls":["/a"', ',"/a"', ']}\n\n')],
    ['depth', megabytes('data: {"type":"x","a":', '[', '\n\n')],
  ])('%s: not read, and over at once', (_, bytes) => {
    const { chunks, longestMs } = timed(bytes)
    expect(chunks).toEqual([malformed])
    expect(longestMs).toBeLessThan(1000)
  })

  test('one long string is read, also one of quotes and brackets', () => {
    const image = `data:image/png;base64,${'A'.repeat(31 * 1024 * 1024)}`
    const { chunks, longestMs } = timed(Buffer.from(sse({ type: 'content', content: '', urls: [image] })))
    expect(chunks).toEqual([event('content', { content: '', urls: [image] })])
    expect(longestMs).toBeLessThan(1000)
    for (const content of ['[{,:'.repeat(1e5), '"[\\'.repeat(1e5), '\\'.repeat(1e5), '[[\\"'.repeat(1e5)]) {
      expect(decode(sse({ type: 'content', content }))).toEqual([event('content', { content })])
    }
  })

  test('the limits: 64 levels and 200,000 marks pass, one more does not', () => {
    const long = 'x'.repeat(70_000)
    const nested = (depth: number): string =>
      `data: {"type":"x","s":"${long}","a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}\n\n`
    expect(decode(nested(64))).toMatchObject([{ kind: 'event' }])
    expect(decode(nested(65))).toEqual([malformed])
    // Five marks are around it.
    const wide = (commas: number): string => `data: {"type":"x","a":[0${',0'.repeat(commas)}]}\n\n`
    expect(decode(wide(199_995))).toMatchObject([{ kind: 'event' }])
    expect(decode(wide(199_996))).toEqual([malformed])
  })
})
