import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Part } from '../../../src/shared/conversation'
import { AppFailure, failure } from '../../../src/shared/errors'
import type { Transport } from '../../../src/main/backend/transport'
import type { Playback } from '../../../src/main/wire/player'
import { MAX_FILE_BYTES, readRecording as readFile, recordingName } from '../../../src/main/wire/recording-file'
import type { Wire } from '../../../src/main/wire/wire'
import { foldParts, foldRecording } from '../../support/fold-recording'
import { readRecording, recordingNames, replay } from '../../support/recordings'
import { askThrough, createWire, eventOf, streamOf } from '../../support/wire-samples'

const answers = recordingNames.filter((name) => readRecording(name).request.path.endsWith('/conversation'))

function idOf(wire: Wire, messageId = 'answer'): string {
  return wire.open(messageId)?.id ?? ''
}

/** Saves a recording and opens it again. */
function reopened(wire: Wire, recordingId: string): string {
  return wire.openFile(Buffer.from(wire.file(recordingId).text)).id
}

async function recorded(playback: Playback, secrets: readonly string[] = []): Promise<{ wire: Wire; id: string }> {
  const { wire, playing } = createWire()
  await askThrough(wire, playing(playback), { secrets })
  return { wire, id: idOf(wire) }
}

const finishes = (parts: readonly { part: Part }[]) => parts.filter(({ part }) => part.type === 'finish')

describe('a saved recording', () => {
  it.each(answers)('%s: saved and opened again it has the same rows and the same replay', async (name) => {
    const { wire } = createWire()
    await askThrough(wire, replay(readRecording(name), [133]))
    const id = idOf(wire)
    const again = reopened(wire, id)
    expect(wire.rows(again, 0).rows).toEqual(wire.rows(id, 0).rows)
    expect(await wire.replay(again)).toEqual(await wire.replay(id))
    expect(wire.curl(again)).toBe(wire.curl(id))
    const { id: _1, messageId: _2, ...before } = wire.rows(id, 0).recording
    const { id: _3, messageId, ...after } = wire.rows(again, 0).recording
    expect(after).toEqual(before)
    expect(messageId).toBeNull()
    expect(wire.file(again).text).toBe(wire.file(id).text)
  })

  it('property: so is any stream, however it is made and wherever it ends', async () => {
    const piece = fc.oneof(
      fc
        .constantFrom('content', 'reasoning', 'log', 'request', 'error', 'x')
        .chain((type) => fc.string().map((text) => eventOf({ type, [type]: text, token: text }))),
      fc.constantFrom(
        ': ping\n\n',
        '{"type": "content", "content": "old"}\n',
        'stray\n',
        'data:\n\n',
        '\ufeff',
        'data: {',
        '\r\n',
      ),
      fc.string({ unit: 'binary' }),
    )
    const end = fc.constantFrom<'complete' | 'closed' | 'failed'>('complete', 'closed', 'failed')
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), end, async (pieces, kind) => {
        const stream = streamOf(...pieces.map((text, index) => [index / 3, text] as const))
        const atMs = pieces.length
        const ended: Playback['end'] =
          kind === 'failed' ? { kind, atMs, error: { code: 'connection-lost' } } : { kind, atMs }
        const { wire, playing } = createWire()
        const stop = new AbortController()
        const stopping: Transport = {
          request: async (request) => {
            const response = await playing({ ...stream, end: ended }).request(request)
            if (kind === 'closed') setImmediate(() => stop.abort())
            return response
          },
        }
        await askThrough(wire, stopping, { request: { signal: stop.signal } })
        const id = idOf(wire)
        const again = reopened(wire, id)
        expect(wire.rows(again, 0).rows).toEqual(wire.rows(id, 0).rows)
        const parts = await wire.replay(id)
        expect(await wire.replay(again)).toEqual(parts)
        expect(finishes(parts.parts)).toHaveLength(1)
      }),
      { numRuns: 150 },
    )
  })

  it('is JSON that people can read, a line for each read', async () => {
    const { wire, id } = await recorded(
      streamOf(
        [84, eventOf({ type: 'provider', provider: { name: 'Lab' } })],
        [391.25, eventOf({ type: 'content', content: 'Hi' })],
      ),
    )
    const { name, text } = wire.file(id)
    expect(name).toMatch(/^parley-chat\.example\.org-2026-11-2\d-\d\d-\d\d\.parley-recording\.json$/u)
    expect(text.split('\n').filter((line) => /^ {4}\[\d/u.test(line))).toEqual([
      String.raw`    [84,"event: provider\ndata: {\"type\":\"provider\",\"provider\":{\"name\":\"Lab\"}}\n\n"],`,
      String.raw`    [391.25,"event: content\ndata: {\"type\":\"content\",\"content\":\"Hi\"}\n\n"]`,
    ])
    expect(JSON.parse(text)).toMatchObject({
      format: 'parley-recording',
      version: 1,
      startedAt: '2026-11-22T14:02:00.000Z',
      end: { kind: 'complete', atMs: 391.25 },
    })
  })

  it('S41: holds nothing of log, headers, request and response but type, size and model', async () => {
    const canaries = ['log', 'headers', 'request', 'response'].flatMap((type) => [
      eventOf({ type, [type]: { canary: `canary-${type}`, model: 'llama' } }),
      `event: ${type}\ndata: canary-${type} that is no JSON\n\n`,
      `${JSON.stringify({ type, [type]: `canary-${type}` })}\n`,
      `{"type": "${type}", "${type}": "canary-${type}\n`,
    ])
    const { wire, id } = await recorded(
      streamOf([1, canaries.join('')], [2, eventOf({ type: 'content', content: 'kept' })]),
    )
    const { text } = wire.file(id)
    expect(text).not.toContain('canary')
    expect(text).toContain('llama')
    expect(text).toContain('kept')
    expect(wire.rows(reopened(wire, id), 0).rows).toEqual(wire.rows(id, 0).rows)
    expect(JSON.stringify(wire.rows(id, 0))).not.toContain('canary')
    expect(JSON.stringify(await wire.replay(id))).not.toContain('canary')
  })

  it.each([
    ['that is not whole', 'event: log\ndata: {"log":"canary"\n\n'],
    ['whose type comes last', '{"log":"canary","type":"log"\n'],
    ['that is too deep', `event: headers\ndata: {"d":${'['.repeat(70)}${']'.repeat(70)},"headers":"canary"}\n\n`],
    ['too deep, without a name', `data: {"log":"canary","d":${'['.repeat(70)}${']'.repeat(70)},"type":"log"}\n\n`],
    ['with a space behind its name', 'event: log \ndata: {"log":"canary\n\n'],
    ['in capitals', eventOf({ type: 'Log', log: 'canary' })],
    ['with a raw control character', 'data: {"x":"a\tb","type":"log","log":"canary"}\n\n'],
  ])('S41: holds nothing of a log %s', async (_, text) => {
    const { wire, id } = await recorded(streamOf([1, text]))
    const file = wire.file(id).text
    expect(file).not.toContain('canary')
    expect(file).toContain('skippedBytes')
    expect(JSON.stringify(wire.event(id, 0))).not.toContain('canary')
    expect(wire.rows(reopened(wire, id), 0).rows).toEqual(wire.rows(id, 0).rows)
  })

  it('of an answer that runs, or was cut off, or is too long, tells just that', async () => {
    const { wire, playing } = createWire()
    const event = eventOf({ type: 'content', content: 'x'.repeat(1_000_000) })
    await askThrough(wire, playing(streamOf(...Array.from({ length: 20 }, (_, at) => [at, event] as const))))
    const id = idOf(wire)
    const again = wire.openFile(Buffer.from(wire.file(id).text))
    expect(again).toMatchObject({ isCut: true, bytes: 20 * event.length, events: wire.open('answer')?.events })
    expect((await wire.replay(again.id)).parts.at(-1)?.part).toMatchObject({ type: 'finish', state: 'stopped' })
    const lost = await recorded({
      ...streamOf([1, `${eventOf({ type: 'content', content: 'a' })}event: content\ndata: {"ty`]),
      end: { kind: 'failed', atMs: 9, error: { code: 'connection-lost' } },
    })
    expect(lost.wire.rows(reopened(lost.wire, lost.id), 0)).toMatchObject({
      recording: { end: { atMs: 9, error: { code: 'connection-lost' } } },
      rows: [{ type: 'content' }, { type: 'cut', atMs: 9, bytes: 10 }],
    })
  })

  it.each([
    ['localhost:1337', 'parley-localhost-1337-'],
    ['[::1]:8080', 'parley--1-8080-'],
    ['../../etc/passwd\0', 'parley-..-..-etc-passwd-'],
    ['\u202egnp.CON', 'parley--gnp.CON-'],
    ['x'.repeat(300), `parley-${'x'.repeat(80)}-`],
  ])('S20: the name proposed for %j is harmless', (host, start) => {
    const name = recordingName(host, 0)
    expect(name.startsWith(start)).toBe(true)
    expect(name).toMatch(/^parley-[A-Za-z0-9.-]+\.parley-recording\.json$/u)
  })
})

describe('replay', () => {
  it.each(answers)('%s: means what it meant when it came', async (name) => {
    const { wire } = createWire()
    const recording = readRecording(name)
    await askThrough(wire, replay(recording, [59]))
    const { parts } = await wire.replay(idOf(wire))
    expect(foldParts(parts.map(({ part }) => part))).toEqual(await foldRecording(recording))
    expect(finishes(parts)).toHaveLength(1)
    expect(parts.at(-1)?.part.type).toBe('finish')
  })

  it('gives each part the time of its event, never falling', async () => {
    const content = (text: string) => eventOf({ type: 'content', content: text })
    const { wire, id } = await recorded({
      ...streamOf(
        [100, content('a')],
        [350.5, content('b') + content('c')],
        [900, eventOf({ type: 'finish', finish: {} })],
      ),
      end: { kind: 'complete', atMs: 950 },
    })
    const { parts } = await wire.replay(id)
    expect(parts.filter(({ part }) => part.type !== 'status')).toEqual([
      { atMs: 100, part: { type: 'text-delta', text: 'a' } },
      { atMs: 350.5, part: { type: 'text-delta', text: 'bc' } },
      { atMs: 950, part: { type: 'finish', state: 'complete', error: null } },
    ])
    const times = parts.map(({ atMs }) => atMs)
    expect(times).toEqual([...times].sort((a, b) => a - b))
  })

  it('ends as the answer did: refused, unreachable, lost, stopped; one try only', async () => {
    const ends: [Transport | Playback, Partial<Part>][] = [
      [
        { request: () => Promise.reject(failure({ code: 'unreachable', reason: 'refused', host: 'h', port: 1 })) },
        { state: 'failed' },
      ],
      [
        {
          ...streamOf([5, '{"error":{"message":"wait"}}']),
          response: { status: 429, headers: { 'retry-after': '5' } },
        },
        { state: 'failed' },
      ],
      [
        {
          ...streamOf([5, eventOf({ type: 'content', content: 'a' })]),
          end: { kind: 'failed', atMs: 9, error: { code: 'connection-lost' } },
        },
        { state: 'interrupted' },
      ],
      [streamOf([5, ': ping\n\n']), { state: 'failed', error: { code: 'empty-answer' } }],
    ]
    for (const [source, finish] of ends) {
      const { wire, playing } = createWire()
      await askThrough(wire, 'request' in source ? source : playing(source))
      const { parts } = await wire.replay(idOf(wire))
      expect(parts.at(-1)?.part).toMatchObject({ type: 'finish', ...finish })
      expect(finishes(parts)).toHaveLength(1)
      expect(parts.filter(({ part }) => part.type === 'status' && part.status.phase === 'retrying')).toEqual([])
    }
  })

  it('of an answer that still runs ends where it is', async () => {
    const { wire, playing } = createWire()
    const stream = streamOf(
      [1, eventOf({ type: 'content', content: 'a' })],
      [2, eventOf({ type: 'content', content: 'b' })],
    )
    const tapped = wire.tap(playing(stream), { messageId: 'answer', secrets: [] })
    const signal = new AbortController().signal
    const request = {
      method: 'POST',
      url: 'https://h/backend-api/v2/conversation',
      headers: {},
      body: null,
      signal,
    } as const
    const { body } = await tapped.request({ ...request, connectTimeoutMs: 1, firstByteTimeoutMs: 1, idleTimeoutMs: 1 })
    for await (const _ of body) {
      const { parts } = await wire.replay(idOf(wire))
      expect(parts.at(-1)).toMatchObject({ atMs: 1, part: { type: 'finish', state: 'stopped' } })
      break
    }
    expect(wire.open('answer')?.end).not.toBeNull()
  })
})

describe('S42: a file that is opened', () => {
  const good = async (): Promise<Record<string, unknown>> => {
    const { wire, id } = await recorded(streamOf([1, eventOf({ type: 'content', content: 'Hi' })]))
    return JSON.parse(wire.file(id).text) as Record<string, unknown>
  }
  const reasonFor = (bytes: Uint8Array): string => {
    const { wire } = createWire()
    try {
      wire.openFile(bytes)
      return 'opened'
    } catch (thrown) {
      if (!(thrown instanceof AppFailure) || thrown.error.code !== 'bad-recording') throw thrown
      return thrown.error.reason
    }
  }
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))

  it.each<[string, (file: Record<string, unknown>) => unknown]>([
    ['no object', () => []],
    ['null', () => null],
    ['another format', (file) => ({ ...file, format: 'har' })],
    ['a version that never was', (file) => ({ ...file, version: 0 })],
    ['a version that is no number', (file) => ({ ...file, version: '1' })],
    ['something more', (file) => ({ ...file, script: 'x' })],
    ['something less', ({ reads: _, ...file }) => file],
    ['negative times', (file) => ({ ...file, reads: [[-1, 'x']] })],
    ['endless times', (file) => ({ ...file, reads: [[1e300, 'x']] })],
    [
      'times that go back',
      (file) => ({
        ...file,
        reads: [
          [2, 'a'],
          [1, 'b'],
        ],
      }),
    ],
    ['reads of three', (file) => ({ ...file, reads: [[1, 'a', 'b']] })],
    ['reads that are no text', (file) => ({ ...file, reads: [[1, { toString: 1 }]] })],
    ['a date that is none', (file) => ({ ...file, startedAt: 'yesterday' })],
    ['a status that is none', (file) => ({ ...file, response: { status: -5, headers: [] } })],
    [
      'a header that breaks the line',
      (file) => ({ ...file, response: { status: 200, headers: [{ name: 'a\r\nb', value: '' }] } }),
    ],
    [
      'an address of another kind',
      (file) => ({ ...file, request: { ...(file.request as object), url: '-o/etc/passwd' } }),
    ],
    ['a method of its own', (file) => ({ ...file, request: { ...(file.request as object), method: 'DELETE\n' } })],
    ['an error that is none', (file) => ({ ...file, end: { kind: 'failed', atMs: 1, error: { code: '<b>' } } })],
    ['sizes that are none', (file) => ({ ...file, bytes: 1.5 })],
  ])('with %s is refused', async (_, spoil) => {
    expect(reasonFor(json(spoil(await good())))).toBe('format')
  })

  it('is refused when it is no JSON, no text, too large or too new', async () => {
    expect(reasonFor(Buffer.from(''))).toBe('format')
    expect(reasonFor(Buffer.from('{"format": "parley-recording'))).toBe('format')
    expect(reasonFor(Uint8Array.of(0xff, 0xfe, 0x00))).toBe('format')
    expect(reasonFor(new Uint8Array(MAX_FILE_BYTES + 1))).toBe('too-large')
    expect(reasonFor(json({ ...(await good()), version: 2, reads: 'in another way' }))).toBe('newer')
    expect(reasonFor(json(await good()))).toBe('opened')
  })

  it('that is nested or filled without end is refused before it is parsed', () => {
    const started = performance.now()
    expect(reasonFor(Buffer.alloc(30_000_000, '['))).toBe('format')
    expect(reasonFor(Buffer.from(`{"reads":[${'{},'.repeat(9_000_000)}{}]}`))).toBe('format')
    expect(reasonFor(Buffer.from(`{"a":${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}}`))).toBe('format')
    expect(performance.now() - started).toBeLessThan(3000)
  })

  it('R20: with millions of values, secrets or comments in it is opened without making that many', async () => {
    const { wire } = createWire()
    const file = await good()
    const request = file.request as object
    const stream = (text: string) => ({ ...file, reads: [[1, text]] })
    const many = `{"type":"x","a":[0${',0'.repeat(8_000_000)}]}`
    const zeros = wire.openFile(json(stream(`data: ${many}\n\n`))).id
    expect(wire.rows(zeros, 0).rows).toMatchObject([{ type: 'malformed', bytes: many.length }])
    expect(wire.openFile(json({ ...file, request: { ...request, body: many } })).request.body).toContain('"x"')
    const text = stream(eventOf({ type: 'content', content: 'say value-of-19999 x'.repeat(50) }).repeat(300))
    const fields = JSON.stringify(Array.from({ length: 20_000 }, (_, at) => ({ api_key: `value-of-${at}` })))
    const named = wire.openFile(json({ ...text, request: { ...request, body: fields } })).id
    expect(wire.rows(named, 0).rows).toHaveLength(300)
    expect(wire.curl(named)).not.toContain('value-of-')
    const headers = Array.from({ length: 1000 }, (_, at) => ({ name: `x-key-${at}`, value: `k${at}`.repeat(700) }))
    const headed = wire.openFile(json({ ...text, request: { ...request, headers } }))
    expect(new Set(headed.request.headers.map(({ value }) => value.slice(0, 4)))).toEqual(new Set(['••••']))
    const comments = wire.openFile(json(stream(`${': a\n'.repeat(3_000_000)}${eventOf({ type: 'x' })}`)))
    expect(comments).toMatchObject({ events: 20_002, isCut: false })
    expect(wire.rows(comments.id, 19_999).rows.map(({ type }) => type)).toEqual(['comment', 'more', 'x'])
    const again = reopened(wire, comments.id)
    expect(wire.rows(again, 19_999).rows).toEqual(wire.rows(comments.id, 19_999).rows)
  })

  it('S40: with names of prototypes changes nothing of ours', async () => {
    const text = JSON.stringify(await good())
    const poisoned = [
      text.replace('{"format"', '{"__proto__":{"x":1},"format"'),
      text.replace('"request":{', '"request":{"__proto__":{"x":1},'),
      text.replace('"headers":[', '"headers":[{"name":"__proto__","value":"x"},{"name":"constructor","value":"y"},'),
    ]
    for (const each of poisoned) reasonFor(Buffer.from(each))
    expect(({} as { x?: number }).x).toBeUndefined()
    const { wire } = createWire()
    const { id } = wire.openFile(Buffer.from(poisoned[2] ?? ''))
    expect(wire.rows(id, 0).recording.request.headers).toContainEqual({ name: 'constructor', value: 'y' })
    expect((await wire.replay(id)).parts.at(-1)?.part).toMatchObject({ state: 'complete-unconfirmed' })
  })

  it('is masked like any other, and its text is harmless', async () => {
    const { wire } = createWire()
    const file = await good()
    const { id } = wire.openFile(
      json({
        ...file,
        request: {
          method: 'POST',
          url: 'https://\u202egnp.example/backend-api/v2/conversation',
          headers: [{ name: 'authorization', value: 'Bearer left-in-by-hand-1234' }],
          body: '{"api_key": "left-in-by-hand-5678", "x": "\\u202e"}',
          bodyBytes: 3,
        },
        reads: [[1, 'event: content\ndata: {"type":"content","content":"\u202eab\u0007c sk-abcdefghijkl9012"}\n\n']],
      }),
    )
    const { recording, rows } = wire.rows(id, 0)
    const everything = JSON.stringify([recording, rows, wire.event(id, 0), wire.curl(id), wire.file(id)])
    expect(everything).not.toMatch(/left-in-by-hand|sk-abcdefghijkl/u)
    expect(JSON.stringify([recording, rows, wire.event(id, 0), wire.curl(id)])).not.toMatch(/\u202e|(?<!\\)\\u0007/u)
  })

  it('property: whatever is changed in one, it is refused or opened, and nothing else', async () => {
    const text = JSON.stringify(await good())
    fc.assert(
      fc.property(fc.nat(text.length), fc.nat(30), fc.string({ unit: 'binary' }), (at, length, noise) => {
        const bytes = Buffer.from(text.slice(0, at) + noise + text.slice(at + length))
        expect(['format', 'newer', 'opened']).toContain(reasonFor(bytes))
      }),
      { numRuns: 500 },
    )
    fc.assert(
      fc.property(fc.json(), (value) => {
        expect(reasonFor(Buffer.from(value))).toBe('format')
      }),
      { numRuns: 500 },
    )
    expect(() => readFile(Buffer.from('{}'))).toThrow(AppFailure)
  })
})

describe('property: nothing that leaves the recorder holds a secret', () => {
  const character = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
  const secret = fc.string({ unit: character, minLength: 12, maxLength: 60 }).filter((text) => new Set(text).size > 6)
  const escaped = (text: string) => [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`).join('')
  const percent = (text: string) => [...text].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')
  const base64 = (text: string) => Buffer.from(text).toString('base64')
  const forms = [(text: string) => text, escaped, percent, base64, encodeURIComponent]
  const place = fc.constantFrom(
    'content',
    'reasoning',
    'error',
    'session',
    'comment',
    'stray',
    'old',
    'broken',
    'name',
    'key',
    'parameters',
    'echo',
  )

  const write = (where: string, text: string): string => {
    switch (where) {
      case 'reasoning':
        return eventOf({ type: 'reasoning', token: text })
      case 'error':
        return eventOf({ type: 'message', message: `X: ${text}`, error: text })
      case 'session':
        return eventOf({ type: 'conversation', conversation: { Lab: { id: text, deep: [{ [text]: 1 }] } } })
      case 'comment':
        return `: ${text}\n`
      case 'stray':
        return `stray ${text}\n`
      case 'old':
        return `${JSON.stringify({ type: 'content', content: text })}\n`
      case 'broken':
        return `event: content\ndata: {"type": "content", "content": ${JSON.stringify(text)}\n\n`
      case 'name':
        return `event: x${text}\ndata: {}\n\n`
      case 'key':
        return eventOf({ type: `t${text}`, [text]: text })
      case 'parameters':
        return eventOf({ type: 'parameters', parameters: { url: `https://user:${text}@host/?key=${text}` } })
      case 'echo':
        return eventOf({ type: 'request', request: { model: text, headers: { authorization: `Bearer ${text}` } } })
      default:
        return eventOf({ type: 'content', content: `say ${text} again` })
    }
  }

  it('in plain, base64, percent or escaped form', async () => {
    await fc.assert(
      fc.asyncProperty(
        secret,
        fc.array(fc.tuple(place, fc.nat(forms.length - 1), fc.nat(1000)), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('authorization', 'x-team', 'x-api-key', 'body', 'question'),
        async (value, places, sentAs) => {
          const { wire, playing } = createWire()
          const pieces = places.flatMap(([where, form, cut], index) => {
            const text = write(where, forms[form]?.(value) ?? value)
            const at = cut % text.length
            return [[2 * index, text.slice(0, at)] as const, [2 * index + 1, text.slice(at)] as const]
          })
          await askThrough(wire, playing(streamOf(...pieces)), {
            secrets: [value],
            headers:
              sentAs === 'authorization'
                ? { authorization: `Bearer ${value}` }
                : sentAs.startsWith('x-')
                  ? { [sentAs]: value }
                  : {},
            request: {
              apiKey: sentAs === 'body' ? value : null,
              messages: [{ role: 'user', content: sentAs === 'question' ? `this: ${value}` : 'Hi' }],
            },
          })
          const id = idOf(wire)
          const { recording, rows } = wire.rows(id, 0)
          const events = rows.map(({ index }) => wire.event(id, index).json)
          const file = wire.file(id).text
          const replayed = await wire.replay(id)
          // What a reader could undo: JSON within JSON, addresses.
          const unescaped = (text: string) =>
            text.replace(/\\u([0-9a-f]{4})|%([0-9a-f]{2})/giu, (_, u?: string, p?: string) =>
              String.fromCharCode(Number.parseInt(u ?? p ?? '0', 16)),
            )
          const texts = [
            JSON.stringify(recording),
            JSON.stringify(rows),
            ...events,
            file,
            JSON.stringify(replayed),
            wire.curl(id),
          ]
          const parsed = JSON.parse(file) as { reads: [number, string][] }
          const views = [
            ...texts,
            ...parsed.reads.map(([, text]) => text),
            parsed.reads.map(([, text]) => text).join(''),
          ]
          for (const text of [...views, ...views.map(unescaped), ...views.map((view) => unescaped(unescaped(view)))]) {
            for (const form of forms) expect(text.includes(form(value))).toBe(false)
            expect(text.includes(JSON.stringify(value).slice(1, -1))).toBe(false)
          }
        },
      ),
      { numRuns: 300 },
    )
  })

  it('also when it is cut into deltas', async () => {
    await fc.assert(
      fc.asyncProperty(
        secret,
        fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
        fc.string(),
        async (value, sizes, around) => {
          const whole = `${around} ${value} ${around}`
          const deltas: string[] = []
          for (let at = 0, index = 0; at < whole.length; index += 1) {
            const size = sizes[index % sizes.length] ?? 1
            deltas.push(whole.slice(at, at + size))
            at += size
          }
          const { wire, id } = await recorded(
            streamOf(...deltas.map((content, index) => [index, eventOf({ type: 'content', content })] as const)),
            [value],
          )
          const { parts } = await wire.replay(id)
          const text = parts.map(({ part }) => (part.type === 'text-delta' ? part.text : '')).join('')
          expect(text).toContain('••••')
          expect(text.includes(value)).toBe(false)
          expect(text.endsWith(` ${around}`)).toBe(true)
        },
      ),
      { numRuns: 200 },
    )
  })
})
