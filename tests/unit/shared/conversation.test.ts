import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  answerText,
  fold,
  keepFile,
  pathOf,
  summarize,
  titleFrom,
  type AnswerContent,
  type AssistantMessage,
  type MediaFile,
  type Part,
} from '../../../src/shared/conversation'
import {
  anyFinish,
  anyPart,
  conversationOf,
  newAnswer,
  partArbitraries,
  userMessage,
} from '../../support/conversation-samples'

const foldAll = (parts: readonly Part[], atMs: (index: number) => number = (index) => index): AssistantMessage =>
  parts.reduce((message, part, index) => fold(message, { atMs: atMs(index), part }), answer)

const answer = newAnswer('11111111-1111-4111-8111-111111111111')
const said = (...texts: string[]): Part[] => texts.map((text) => ({ type: 'text-delta', text }))
const thought = (...texts: string[]): Part[] => texts.map((text) => ({ type: 'reasoning-delta', text }))
const from = (name: string): Part => ({ type: 'provider', provider: { name, label: null, model: null, url: null } })

describe('fold', () => {
  it('makes the same message however the deltas are split (R19)', () => {
    const cut = fc.array(fc.tuple(anyPart, fc.array(fc.nat(20), { maxLength: 4 })), { maxLength: 12 })
    fc.assert(
      fc.property(cut, (parts) => {
        let whole = answer
        let split = answer
        for (const [index, [part, places]] of parts.entries()) {
          whole = fold(whole, { atMs: index, part })
          for (const piece of splitPart(part, places)) split = fold(split, { atMs: index, part: piece })
        }
        expect(split).toEqual(whole)
      }),
      { numRuns: 1000 },
    )
  })

  it('never changes its input and shares what stays the same', () => {
    fc.assert(
      fc.property(fc.array(anyPart, { maxLength: 10 }), anyPart, (before, part) => {
        const message = foldAll(before)
        const copy = structuredClone(message)
        const next = fold(message, { atMs: 99, part })
        expect(message).toEqual(copy)
        if (part.type === 'usage') expect(next.content).toBe(message.content)
      }),
      { numRuns: 300 },
    )
  })

  it('changes nothing after finish (R15)', () => {
    fc.assert(
      fc.property(fc.array(anyPart), anyFinish, fc.oneof(anyPart, anyFinish), (parts, finish, late) => {
        const ended = foldAll([...parts, finish])
        expect(ended.state).toBe(finish.state)
        expect(ended.error).toEqual(finish.error)
        expect(fold(ended, { atMs: 1_000_000, part: late })).toBe(ended)
      }),
      { numRuns: 300 },
    )
  })

  it('stays running, and stays JSON, with parts of every kind', () => {
    for (const arbitrary of Object.values(partArbitraries)) {
      fc.assert(
        fc.property(arbitrary, (part) => {
          const message = fold(answer, { atMs: 5, part })
          expect(message.state).toBe(part.type === 'finish' ? part.state : 'running')
          expect(message.timing.lastMs).toBe(5)
          expect(JSON.parse(JSON.stringify(message))).toEqual(message)
        }),
        { numRuns: 50 },
      )
    }
  })

  it('counts unknown events by type, also `__proto__`, and pollutes nothing (S40)', () => {
    const types = ['__proto__', 'constructor', '__proto__', null, 'new-thing']
    const { unknown, malformed } = foldAll(types.map((unknownType) => ({ type: 'oddity', unknownType }))).oddities
    expect(Object.entries(unknown)).toEqual([
      ['__proto__', 2],
      ['constructor', 1],
      ['new-thing', 1],
    ])
    expect(malformed).toBe(1)
    expect(Object.getPrototypeOf(unknown)).toBe(Object.prototype)
  })

  it('keeps sessions of all providers, also of one called `__proto__` (S40)', () => {
    const hostile = JSON.parse('{"__proto__": {"polluted": true}}') as Record<string, unknown>
    const { sessions } = foldAll([
      { type: 'session', sessions: { A: 1 } },
      { type: 'session', sessions: hostile },
      { type: 'session', sessions: { A: 2 } },
    ])
    expect(JSON.stringify(sessions)).toBe('{"A":2,"__proto__":{"polluted":true}}')
    expect('polluted' in {}).toBe(false)
  })

  it('takes an empty delta for nothing said', () => {
    const message = foldAll([...thought('hm'), ...said('')])
    expect(message.content).toEqual([])
    expect(message.timing.firstTextMs).toBeNull()
    expect(message.reasoning?.durationMs).toBeNull()
  })

  it('ends reasoning with the first word, and does not count a pause as thinking', () => {
    const at = [100, 200, 300, 900, 1000]
    const message = foldAll(
      [...thought('a', 'b'), ...said('x'), ...thought('c'), ...said('y')],
      (index) => at[index] ?? 0,
    )
    // 100 to 300, and 900 to 1000.
    expect(message.reasoning).toEqual({ text: 'abc', startMs: 700, durationMs: 300 })
    expect(message.timing.firstTextMs).toBe(300)
  })

  it('appends text, keeps media in their place, and drops the preview for the next content', () => {
    const image: Part = { type: 'media', kind: 'image', sources: ['/media/a.png'], alt: 'A' }
    const message = foldAll([{ type: 'preview', markdown: '…' }, ...said('a', 'b'), image, ...said('c')])
    expect(message.content).toEqual([{ type: 'text', text: 'ab' }, image, { type: 'text', text: 'c' }])
    expect(message.preview).toBeNull()
    expect(answerText(message)).toBe('abc')
  })

  it('keeps what a provider had said as an attempt when another takes over, and glues nothing of it to the answer', () => {
    const call: Part = { type: 'tool-call', index: 0, id: 'x', name: 'find', arguments: '{"a"' }
    const message = foldAll([
      from('A'),
      ...thought('first'),
      ...said('half'),
      call,
      { type: 'usage', usage: { promptTokens: 1, completionTokens: 1, reasoningTokens: 1, totalTokens: 3 } },
      { type: 'notice', kind: 'message', text: 'rate limit' },
      { type: 'notice', kind: 'message', text: 'giving up' },
      from('B'),
      from('C'),
      ...thought('second'),
      ...said('whole'),
    ])
    expect(message.attempts).toEqual([
      {
        provider: { name: 'A', label: null, model: null, url: null },
        reason: 'rate limit\ngiving up',
        durationMs: 7,
        content: [{ type: 'text', text: 'half' }],
        reasoning: { text: 'first', startMs: 1, durationMs: 1 },
      },
      {
        provider: { name: 'B', label: null, model: null, url: null },
        reason: null,
        durationMs: 1,
        content: [],
        reasoning: null,
      },
    ])
    expect(message.provider?.name).toBe('C')
    expect(answerText(message)).toBe('whole')
    expect(message.reasoning?.text).toBe('second')
    expect(message.toolCalls).toEqual([])
    expect(message.usage).toBeNull()
    expect(message.notices).toEqual([])
    expect(message.timing.firstTextMs).toBe(10)
  })

  it('takes the same provider with a resolved model for the same attempt', () => {
    const resolved: Part = { type: 'provider', provider: { name: 'A', label: 'Provider A', model: 'a-2', url: null } }
    const message = foldAll([from('A'), ...said('x'), resolved, ...said('y')])
    expect(message.attempts).toEqual([])
    expect(message.provider?.model).toBe('a-2')
    expect(answerText(message)).toBe('xy')
  })

  it('keeps what the first word of a provider said of it, when a later one says less', () => {
    const whole = { name: 'A', label: 'Provider A', model: 'a-1', url: 'https://a.example/' }
    const again: Part = { type: 'provider', provider: { name: 'A', label: null, model: 'a-2', url: null } }
    const { provider, attempts } = foldAll([{ type: 'provider', provider: whole }, again])
    expect(provider).toEqual({ ...whole, model: 'a-2' })
    expect(attempts).toEqual([])
  })

  it('keeps a preview that nothing has replaced when the answer breaks off, and drops it from a whole one', () => {
    const preview: Part = { type: 'preview', markdown: '[Log in](https://a.example/login)' }
    const previewAfter = (state: 'failed' | 'interrupted' | 'stopped' | 'complete' | 'complete-unconfirmed') =>
      foldAll([preview, { type: 'finish', state, error: null }]).preview
    expect(previewAfter('failed')).toBe(preview.markdown)
    expect(previewAfter('interrupted')).toBe(preview.markdown)
    expect(previewAfter('stopped')).toBe(preview.markdown)
    expect(previewAfter('complete')).toBeNull()
    expect(previewAfter('complete-unconfirmed')).toBeNull()
    expect(foldAll([preview, ...said('x'), { type: 'finish', state: 'failed', error: null }]).preview).toBeNull()
  })

  it('merges tool calls by index', () => {
    const { toolCalls } = foldAll([
      { type: 'tool-call', index: 0, id: 'a', name: 'find', arguments: '{"q":' },
      { type: 'tool-call', index: 1, id: 'b', name: 'open', arguments: '{}' },
      { type: 'tool-call', index: 0, id: null, name: '', arguments: '1}' },
    ])
    expect(toolCalls).toEqual([
      { index: 0, id: 'a', name: 'find', arguments: '{"q":1}' },
      { index: 1, id: 'b', name: 'open', arguments: '{}' },
    ])
  })

  it('keeps a figure of usage until a newer one replaces it', () => {
    const none = { promptTokens: null, completionTokens: null, reasoningTokens: null, totalTokens: null }
    const { usage } = foldAll([
      { type: 'usage', usage: { ...none, promptTokens: 3, totalTokens: 3 } },
      { type: 'usage', usage: { ...none, completionTokens: 4, totalTokens: 7 } },
    ])
    expect(usage).toEqual({ promptTokens: 3, completionTokens: 4, reasoningTokens: null, totalTokens: 7 })
  })
})

describe('a fetched result', () => {
  const file: MediaFile = { id: 'ab'.repeat(32), mime: 'image/png', bytes: 70, width: 4, height: 3 }
  const image = (...sources: string[]): Part & AnswerContent => ({ type: 'media', kind: 'image', sources, alt: '' })
  const kept = (source: string): Part => ({ type: 'media-file', source, file })

  it('is known to every media that has its source, and to no other', () => {
    const { content } = foldAll([image('/a', '/b'), ...said('x'), image('/b'), image('/c'), kept('/b')])
    expect(content).toEqual([
      { ...image('/a', '/b'), files: { '/b': file } },
      { type: 'text', text: 'x' },
      { ...image('/b'), files: { '/b': file } },
      image('/c'),
    ])
    const other = { ...file, id: 'cd'.repeat(32) }
    expect(keepFile(keepFile(content, '/a', file), '/b', other)[0]).toEqual({
      ...image('/a', '/b'),
      files: { '/a': file, '/b': other },
    })
  })

  it('that comes when another provider answers already belongs to the attempt', () => {
    const before = foldAll([from('A'), image('/a'), from('B'), ...said('x'), from('C'), image('/c')])
    const after = fold(before, { atMs: 9, part: kept('/a') })
    expect(after.attempts[0]?.content).toEqual([{ ...image('/a'), files: { '/a': file } }])
    // What has not changed is the same object, for pages to skip.
    expect(after.content).toBe(before.content)
    expect(after.attempts[1]).toBe(before.attempts[1])
    expect(fold(before, { atMs: 9, part: kept('/c') }).attempts).toBe(before.attempts)
  })

  it('of an unknown source changes nothing', () => {
    const before = foldAll([image('/a'), ...said('x')])
    const after = fold(before, { atMs: 9, part: kept('/b') })
    expect(after.content).toBe(before.content)
    expect(keepFile(before.content, 'toString', file)).toBe(before.content)
  })

  it('from a source called `__proto__` is its own key and pollutes nothing (S40)', () => {
    const { content } = foldAll([image('__proto__', 'constructor'), kept('__proto__'), kept('constructor')])
    const [media] = content
    if (media?.type !== 'media') throw new Error('no media')
    expect(Object.entries(media.files ?? {})).toEqual([
      ['__proto__', file],
      ['constructor', file],
    ])
    expect(Object.getPrototypeOf(media.files)).toBe(Object.prototype)
    expect(JSON.parse(JSON.stringify(content))).toEqual(content)
    expect('mime' in {}).toBe(false)
  })
})

describe('pathOf', () => {
  it('follows the parents from the head, whatever variants lie beside', () => {
    const root = userMessage('q', null, 'q')
    const [first, second] = ['a', 'b'].map((id) => ({ ...newAnswer(id), parentId: 'q' }))
    const messages = [root, first!, second!]
    expect(pathOf({ headId: 'a', messages }).map(({ id }) => id)).toEqual(['q', 'a'])
    expect(pathOf({ headId: 'b', messages }).map(({ id }) => id)).toEqual(['q', 'b'])
    expect(pathOf({ headId: null, messages })).toEqual([])
  })

  it('ends for any tangle of parents, and names no message twice (R04)', () => {
    const ids = ['a', 'b', 'c', 'd']
    const id = fc.constantFrom(...ids, 'lost', null)
    fc.assert(
      fc.property(id, fc.tuple(id, id, id, id), (headId, parents) => {
        const messages = ids.map((each, index) => userMessage(each, parents[index] ?? null, each))
        const path = pathOf({ headId, messages }).map((message) => message.id)
        expect(new Set(path).size).toBe(path.length)
        expect(path.at(-1) ?? null).toBe(headId === 'lost' ? null : headId)
      }),
    )
  })
})

describe('summarize', () => {
  it('says what the last answer on the path is, and whether anything runs', () => {
    const conversation = conversationOf('x', [['Why?', 'So.']])
    expect(summarize(conversation)).toMatchObject({ isRunning: false, hasFailed: false, isDamaged: false })
    const last = conversation.messages.at(-1) as AssistantMessage
    for (const state of ['failed', 'interrupted', 'running', 'stopped', 'complete-unconfirmed'] as const) {
      const messages = [...conversation.messages.slice(0, -1), { ...last, state }]
      expect(summarize({ ...conversation, messages })).toMatchObject({
        isRunning: state === 'running',
        hasFailed: state === 'failed' || state === 'interrupted',
      })
    }
  })
})

describe('titleFrom', () => {
  it('is one line of at most 60 characters, and cuts at a word', () => {
    expect(titleFrom('  How do\n I  get there?  ')).toBe('How do I get there?')
    expect(titleFrom(`${'word '.repeat(11)}boundary`)).toBe(`${'word '.repeat(11).trim()}…`)
    expect(titleFrom('x'.repeat(80))).toBe(`${'x'.repeat(60)}…`)
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        const title = titleFrom(text)
        expect([...title].length).toBeLessThanOrEqual(61)
        expect(title).not.toMatch(/[\n\r\t]/)
      }),
    )
  })
})

/** The same part in pieces, cut at these places; only what is appended can be cut. */
function splitPart(part: Part, places: readonly number[]): Part[] {
  switch (part.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return cutText(part.text, places).map((text) => ({ ...part, text }))
    case 'tool-call':
      return cutText(part.arguments, places).map((piece, index) =>
        index === 0 ? { ...part, arguments: piece } : { ...part, id: null, name: '', arguments: piece },
      )
    case 'status':
    case 'provider':
    case 'reasoning-end':
    case 'media':
    case 'media-file':
    case 'preview':
    case 'notice':
    case 'suggestions':
    case 'synthesize':
    case 'title':
    case 'usage':
    case 'finish-reason':
    case 'session':
    case 'oddity':
    case 'finish':
      return [part]
  }
}

function cutText(text: string, places: readonly number[]): string[] {
  const cuts = [0, ...places.map((place) => Math.min(place, text.length)).sort((a, b) => a - b), text.length]
  return cuts.slice(1).map((end, index) => text.slice(cuts[index], end))
}
