import { describe, expect, it } from 'vitest'
import { PartReader } from '../../../src/main/backend/parts'
import { createRedactor } from '../../../src/main/backend/server-text'
import type { RawResponse } from '../../../src/main/backend/stream'
import { emptyAnswer, fold, type AssistantMessage, type Part } from '../../../src/shared/conversation'

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
  it('20,000 types of its own are counted, fifty of them by name', () => {
    const { unknown } = foldAll(readAll(times(20_000, (index) => ({ type: `own${index}` })))).oddities
    expect(Object.keys(unknown)).toHaveLength(51)
    expect(unknown.own0).toBe(1)
    expect(Object.values(unknown).reduce((sum, count) => sum + count, 0)).toBe(20_000)
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
