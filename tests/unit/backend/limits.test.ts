import { describe, expect, it } from 'vitest'
import { MAX_ANSWER_CHARACTERS, PartReader } from '../../../src/main/backend/parts'
import { createRedactor } from '../../../src/main/backend/server-text'
import type { RawResponse } from '../../../src/main/backend/stream'
import { emptyAnswer, fold, type AssistantMessage, type Part } from '../../../src/shared/conversation'
import { shortestMs } from '../../support/shortest'

function readAll(events: Iterable<RawResponse>, redact?: (text: string) => string): Part[] {
  const reader = new PartReader(redact)
  return [...events].flatMap((event) => reader.read({ kind: 'event', event }))
}

function foldAll(parts: readonly Part[]): AssistantMessage {
  const start = emptyAnswer({
    id: 'a',
    parentId: null,
    createdAt: 0,
    generationId: 'g',
    backendId: 'b',
    provider: null,
    model: null,
  })
  return parts.reduce((message, part, index) => fold(message, { atMs: index, part }), start)
}

const times = (count: number, event: (index: number) => RawResponse): RawResponse[] =>
  Array.from({ length: count }, (_, index) => event(index))

describe('R23 what a server may heap up in one answer', () => {
  it('of 20,000 types of its own fifty have a name, and a thousand more events are counted', () => {
    const { unknown } = foldAll(readAll(times(20_000, (index) => ({ type: `own${index}` })))).oddities
    expect(Object.keys(unknown)).toHaveLength(51)
    expect(unknown.own0).toBe(1)
    expect(Object.values(unknown).reduce((sum, count) => sum + count, 0)).toBe(1050)
  })

  it('a thousand oddities, and still each new type once', () => {
    const parts = readAll([...times(5000, () => ({ type: 'a' })), ...times(2000, () => ({ type: 'b' }))])
    expect(parts.filter((part) => part.type === 'oddity' && part.unknownType === 'a')).toHaveLength(1001)
    expect(parts.filter((part) => part.type === 'oddity' && part.unknownType === 'b')).toHaveLength(1)
  })

  it('R20: text and thinking of 32 Mi characters, all attempts together; what came until then is kept', () => {
    const piece = 'x'.repeat(5 * 1024 * 1024)
    const parts = readAll([
      { type: 'provider', provider: { name: 'A' } },
      ...times(3, () => ({ type: 'content', content: piece })),
      ...times(2, () => ({ type: 'reasoning', token: piece })),
      { type: 'provider', provider: { name: 'B' } },
      ...times(3, () => ({ type: 'content', content: piece })),
    ])
    const characters = parts.reduce((sum, part) => sum + ('text' in part ? part.text.length : 0), 0)
    expect(characters).toBe(MAX_ANSWER_CHARACTERS)
    expect(parts.at(-1)).toEqual({
      type: 'finish',
      state: 'failed',
      error: { code: 'too-large', limitBytes: MAX_ANSWER_CHARACTERS },
    })
    expect(parts.filter(({ type }) => type === 'finish')).toHaveLength(1)
  })

  it('session state of 32 providers and a megabyte in all', () => {
    const state = 'x'.repeat(200 * 1024)
    const big = foldAll(
      readAll(times(250, (index) => ({ type: 'conversation', conversation: { [`p${index}`]: state } }))),
    )
    expect(JSON.stringify(big.sessions).length).toBeLessThan(1.1 * 1024 * 1024)
    const small = foldAll(
      readAll(times(250, (index) => ({ type: 'conversation', conversation: { [`p${index}`]: index } }))),
    )
    expect(Object.keys(small.sessions ?? {})).toHaveLength(32)
  })

  it('a provider may renew its state as often as it likes', () => {
    const renewed = foldAll(
      readAll(times(500, (index) => ({ type: 'conversation', conversation: { one: { turn: index } } }))),
    )
    expect(renewed.sessions).toEqual({ one: { turn: 499 } })
  })

  it('a hundred tool calls, each with one name, and a megabyte of arguments', () => {
    const answer = foldAll(
      readAll(
        times(10_000, (index) => ({
          type: 'tool_calls',
          tool_calls: [{ index: index % 200, function: { name: 'f', arguments: 'a'.repeat(1000) } }],
        })),
      ),
    )
    expect(answer.toolCalls).toHaveLength(100)
    expect(new Set(answer.toolCalls.map(({ name }) => name))).toEqual(new Set(['f']))
    const characters = answer.toolCalls.reduce((sum, call) => sum + call.arguments.length, 0)
    expect(characters).toBeLessThanOrEqual(1024 * 1024)
  })

  it('of 60,000 calls with an id of their own no more are remembered than are kept, and none costs more than the first', () => {
    const calls = times(60_000, (index) => ({
      type: 'tool_calls',
      tool_calls: [{ id: `call-${index}`, function: { name: 'f', arguments: '' } }],
    }))
    let parts: Part[] = []
    // Each looked for among all that came before it, they take six seconds.
    const limitMs = 2000
    expect(shortestMs(limitMs, () => (parts = readAll(calls)))).toBeLessThan(limitMs)
    expect(parts.map((part) => part.type === 'tool-call' && part.id)).toEqual(
      Array.from({ length: 100 }, (_, index) => `call-${index}`),
    )
  })

  it('notices, titles, results and changes of mind', () => {
    const parts = readAll([
      ...times(5000, (index) => ({ type: 'message', message: `E: ${index}` })),
      ...times(5000, (index) => ({ type: 'title', title: `T${index}` })),
      ...times(5000, (index) => ({ type: 'content', content: '', urls: [`/media/${index}.png`] })),
      ...times(5000, (index) => ({ type: 'provider', provider: { name: index % 2 === 0 ? 'A' : 'B' } })),
    ])
    const count = (type: Part['type']) => parts.filter((part) => part.type === type).length
    expect([count('notice'), count('title'), count('media'), count('provider')]).toEqual([200, 20, 1000, 100])
  })
})

describe('S18, S25: a server that repeats a secret does not get it into the conversation', () => {
  const secret = 'CANARY-key-0123456789'
  const redact = createRedactor([secret])
  const forms = [
    secret,
    secret.toLowerCase(),
    encodeURIComponent(`${secret}?`),
    Buffer.from(secret).toString('hex'),
    ...['', 'k', 'ke'].map((before) => Buffer.from(`${before}${secret} and more`).toString('base64')),
  ]
  // Of each encoding what the secret alone decides; an encoded neighbour may stay.
  const traces = [
    secret,
    secret.toLowerCase(),
    Buffer.from(secret).toString('hex'),
    ...[0, 1, 2].map((shift) =>
      Buffer.concat([Buffer.alloc(shift), Buffer.from(secret)])
        .toString('base64')
        .slice(shift === 0 ? 0 : shift + 1, 24),
    ),
  ]

  it.each(forms)('as %s, in every field of every event but the answer', (form) => {
    const parts = readAll(
      [
        { type: 'provider', provider: { name: form, label: form, model: form, url: `http://h/?${form}` } },
        { type: 'reasoning', token: null, label: form, status: form },
        { type: 'message', message: form, error: form },
        { type: 'title', title: form },
        { type: 'suggestions', suggestions: [form, `${form}?`] },
        { type: 'conversation', conversation: { P: { token: form }, [form]: 1 } },
        { type: 'tool_calls', tool_calls: [{ id: form, function: { name: form, arguments: `{"a":"${form}"}` } }] },
        { type: 'content', content: '', urls: [`/media/a.png?key=${form}`, '/media/b.png'], alt: form },
        { type: 'synthesize', synthesize: { provider: form, data: { text: form } } },
        { type: 'continue', continue: form },
        { type: 'finish', finish: { reason: form } },
        { type: form },
        { type: 'error', error: form, message: form },
      ],
      redact,
    )
    expect(parts.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['provider', 'notice', 'title', 'suggestions', 'tool-call', 'media', 'finish']),
    )
    const written = JSON.stringify(parts)
    expect(traces.filter((trace) => written.includes(trace))).toEqual([])
  })

  it('and leaves words alone that only look like it', () => {
    expect(redact('a canary sang, and the key 01234 lay there')).toBe('a canary sang, and the key 01234 lay there')
  })
})

describe('S18, S30: a secret in disguise', () => {
  const secret = 'canaryQ7-z_x1y2w3v4'
  const wordsOf = (text: string) => [
    { type: 'provider', provider: { name: text, label: text, model: text } },
    { type: 'title', title: text },
    { type: 'message', message: text, error: text },
    { type: 'conversation', conversation: { P: { token: text } } },
    { type: 'synthesize', synthesize: { provider: 'P', data: [text] } },
    { type: 'tool_calls', tool_calls: [{ id: text, function: { name: text, arguments: { key: text } } }] },
    { type: 'content', content: '', urls: [`/media/a.png?key=${text}`, '/media/b.png'], alt: text },
    { type: 'error', error: text, message: text },
  ]
  const unseen = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe0f\ufeff\u{e0000}-\u{e007f}]/gu

  it.each(['200f', '202e', 'feff', '061c', 'e0041', '2066', '200b', '200d', 'ad', '2060', 'fe0f'])(
    'with U+%s between its letters',
    (code) => {
      const text = `key ${Array.from(secret).join(String.fromCodePoint(parseInt(code, 16)))}`
      const said = JSON.stringify(readAll(wordsOf(text), createRedactor([secret])))
      expect(said.replace(unseen, '')).not.toContain(secret)
      expect(said).toContain('key •••')
    },
  )

  it.each(['pa"ss\\word-0123456789', 'a"b\\', 'line\tand "more"'])('written as JSON: %j', (quoted) => {
    const parts = readAll(wordsOf(`x${quoted}y`), createRedactor([quoted]))
    expect(parts.filter(({ type }) => type === 'session' || type === 'synthesize')).toEqual([])
    expect(JSON.stringify(parts)).not.toContain(JSON.stringify(quoted).slice(1, -1))
    expect(parts.find(({ type }) => type === 'tool-call')).toMatchObject({ arguments: '{"key":"x•••y"}' })
  })

  it('of several thousand characters, also where the cut goes through it', () => {
    const long = Array.from({ length: 3000 }, (_, index) => ((index * 7919) % 36).toString(36)).join('')
    for (const before of ['', 'bad cookie ', 'w '.repeat(240), `${long} `.repeat(20), `${'\u202e'.repeat(9000)} `]) {
      const said = JSON.stringify(readAll(wordsOf(before + long), createRedactor([long])))
      for (let at = 0; at + 20 < long.length; at += 500) expect(said).not.toContain(long.slice(at, at + 20))
    }
  })
})
