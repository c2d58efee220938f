import { describe, expect, it } from 'vitest'
import { findIn, MAX_HITS, patternOf, type FindHit } from '../../../src/renderer/chat/find-text'
import type { Turn } from '../../../src/renderer/chat/turns'
import { emptyAnswer, type AssistantMessage } from '../../../src/shared/conversation'
import { createI18n, type Translate } from '../../../src/shared/i18n'

const english = createI18n('en')
const t: Translate = (key, values) => english.t(key, values ?? {})

function question(key: string, text: string): Turn {
  return {
    kind: 'question',
    key,
    message: { role: 'user', id: key, parentId: null, createdAt: 0, text, attachments: [] },
  }
}

function answer(key: string, text: string, change: Partial<AssistantMessage> = {}): Turn {
  const start = {
    id: key,
    parentId: null,
    createdAt: 0,
    generationId: 'g',
    backendId: 'b',
    provider: null,
    model: null,
  }
  return { kind: 'answer', key, messages: [{ ...emptyAnswer(start), content: [{ type: 'text', text }], ...change }] }
}

function find(turns: Turn[], query: string, isCaseSensitive = false): FindHit[] {
  const pattern = patternOf(query, isCaseSensitive)
  return pattern === null ? [] : findIn(turns, pattern, t)
}

const count = (text: string, query: string, isCaseSensitive = false): number =>
  find([answer('a', text)], query, isCaseSensitive).length

describe('find in the open conversation', () => {
  it('counts what is read, not what markdown is made of', () => {
    expect(count('A **buf**fer in `proxy_buffering` and [buffer](https://buffer.test/buffer)', 'buffer')).toBe(3)
    expect(count('[text](https://buffer.test/)', 'buffer')).toBe(0)
    expect(count('# One\n\n- two\n- three\n\n| four | five |\n| - | - |\n| six | seven |', 'e')).toBe(6)
    expect(count('1. one\n2. two', '1.')).toBe(0)
    expect(count('```ts\nconst a = `x`\n```', '`x`')).toBe(1)
    expect(count('a &amp; b &lt;tag&gt;', '& b <tag>')).toBe(1)
    expect(count('x $a+b$ y', 'a+b')).toBe(1)
    expect(count('$$\n\\frac{a}{b}\n$$', 'frac{a}')).toBe(1)
  })

  it('takes any space for any other, but never the edge of a block', () => {
    expect(count('one\ntwo and one  two', 'one two')).toBe(2)
    expect(count('one\n\ntwo', 'one two')).toBe(0)
    expect(count('| one | two |\n| - | - |', 'one two')).toBe(0)
  })

  it('any case unless asked for, and ё is е', () => {
    expect(count('Buffer BUFFER buffer', 'buffer')).toBe(3)
    expect(count('Buffer BUFFER buffer', 'buffer', true)).toBe(1)
    expect(count('Ещё еще ЕЩЁ', 'еще')).toBe(3)
    expect(count('Ещё еще ЕЩЁ', 'ещё', true)).toBe(1)
  })

  it.each(['(', '[a-z]+', '.*', '\\', '^$', 'a{2}', '?', '|', '/', '-', '\u202e', '\ud800'])(
    'bad input: %j is letters and nothing else',
    (query) => {
      expect(count('nothing of that', query)).toBe(0)
      expect(find([question('q', `so ${query} it is`)], query)).toHaveLength(1)
    },
  )

  it('looks into questions, thinking, attempts, notices and tools, top to bottom, and says what to open', () => {
    const turns = [
      question('q1', 'a flamingo'),
      answer('a1', 'text with a flamingo, and another flamingo', {
        reasoning: { text: 'flamingo first', startMs: 0, durationMs: 1 },
        attempts: [
          {
            provider: { name: 'Flamingo', label: null, model: 'small', url: null },
            reason: 'ProviderError: the flamingo has flown',
            durationMs: 1,
            content: [{ type: 'text', text: 'a flamingo is' }],
            reasoning: null,
          },
        ],
        notices: [{ kind: 'notice', text: 'flamingos are pink' }],
        toolCalls: [{ index: 2, id: null, name: 'find_flamingo', arguments: '{"query":"flamingo"}' }],
      }),
      question('q2', 'nothing'),
      answer('a2', '', { preview: 'a *flamingo* on its way' }),
    ]
    const hits = find(turns, 'flamingo')
    expect(hits.map(({ turnIndex, region, ordinal, disclosure }) => [turnIndex, region, ordinal, disclosure])).toEqual([
      [0, 'text', 0, null],
      [1, 'reasoning', 0, 'a1:reasoning'],
      [1, 'attempt:0:who', 0, 'a1:attempts'],
      [1, 'attempt:0:reason', 0, 'a1:attempts'],
      [1, 'attempt:0:text', 0, 'a1:attempts'],
      [1, 'notice:0', 0, null],
      [1, 'tool:2:name', 0, null],
      [1, 'tool:2', 0, 'a1:tool:2'],
      [1, 'text', 0, null],
      [1, 'text', 1, null],
      [3, 'text', 0, null],
    ])
    const depths = hits.filter(({ turnIndex }) => turnIndex === 1).map(({ depth }) => depth)
    expect(depths).toEqual([...depths].sort((a, b) => a - b))
    expect(Math.max(...depths)).toBeLessThan(1)
  })

  it('an answer and its continuation are one text', () => {
    const first = answer('a1', 'it was cut in the mid')
    const second = answer('a2', 'dle of a word')
    if (first.kind !== 'answer' || second.kind !== 'answer') throw new Error('no answers')
    const turn: Turn = { kind: 'answer', key: 'a1', messages: [first.messages[0], second.messages[0]] }
    expect(find([turn], 'middle')).toHaveLength(1)
  })

  it('has a limit, and nothing typed finds nothing', () => {
    expect(find([question('q', 'a'.repeat(10_000))], 'a')).toHaveLength(MAX_HITS)
    expect(patternOf('  ', false)).toBeNull()
  })
})
