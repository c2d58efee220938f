import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_MALFORMED_IN_A_ROW, PartReader } from '../../../src/main/backend/parts'
import { createRedactor } from '../../../src/main/backend/server-text'
import type { RawResponse } from '../../../src/main/backend/stream'
import type { Part } from '../../../src/shared/conversation'

function read(...events: RawResponse[]): Part[] {
  const reader = new PartReader()
  return events.flatMap((event) => reader.read({ kind: 'event', event }))
}

const odd: Part = { type: 'oddity', unknownType: null }

describe('content', () => {
  test('text stays what it is', () => {
    const content = ' \n<b>x</b>\u0000\u202e\ud83d'
    expect(read({ type: 'content', content })).toEqual([{ type: 'text-delta', text: content }])
    expect(read({ type: 'content', content: '' })).toEqual([])
    expect(read({ type: 'content', content: 'x', urls: null, data: null })).toEqual([{ type: 'text-delta', text: 'x' }])
  })

  test.each<[string, RawResponse, Part[]]>([
    [
      'one address',
      { type: 'content', content: '<img>', urls: '/media/a.png', alt: 'A' },
      [{ type: 'media', kind: 'image', sources: ['/media/a.png'], alt: 'A' }],
    ],
    [
      'several, one kind',
      { type: 'content', content: '', urls: ['https://x.example/a', 'data:image/png;base64,AA'] },
      [{ type: 'media', kind: 'image', sources: ['https://x.example/a', 'data:image/png;base64,AA'], alt: '' }],
    ],
    [
      'several kinds, by ending and by MIME type',
      { type: 'content', urls: ['/media/a.MP4?x=.png', '/a.png#b', 'data:AUDIO/mpeg;base64,AA'], alt: 'x' },
      [
        { type: 'media', kind: 'video', sources: ['/media/a.MP4?x=.png'], alt: 'x' },
        { type: 'media', kind: 'image', sources: ['/a.png#b'], alt: 'x' },
        { type: 'media', kind: 'audio', sources: ['data:AUDIO/mpeg;base64,AA'], alt: 'x' },
      ],
    ],
    [
      'no ending: the element tells',
      { type: 'content', content: '<video src="/media/x"></video>', urls: ['/media/x'] },
      [{ type: 'media', kind: 'video', sources: ['/media/x'], alt: '' }],
    ],
    [
      'audio with the spoken words',
      { type: 'content', content: '<audio controls src="/media/x"></audio>\n\nHello, you', data: '/media/x' },
      [{ type: 'media', kind: 'audio', sources: ['/media/x'], alt: 'Hello, you' }],
    ],
    [
      'a path with spaces and a colon behind its first part',
      { type: 'content', data: '/media/a b: c.mp3' },
      [{ type: 'media', kind: 'audio', sources: ['/media/a b: c.mp3'], alt: '' }],
    ],
  ])('media: %s', (_, event, parts) => {
    expect(read(event)).toEqual(parts)
  })

  test('addresses that are none are left out, and HTML is never used instead', () => {
    const bad = ['javascript:alert(1)', 'file:///etc/passwd', 'data:text/html,x', ' javascript:x', '', 5, null, {}]
    expect(read({ type: 'content', content: '<img src=x onerror=1>', urls: [...bad, '/media/a.png'] })).toEqual([
      { type: 'media', kind: 'image', sources: ['/media/a.png'], alt: '' },
    ])
    expect(read({ type: 'content', content: '<img src=x onerror=1>', urls: bad })).toEqual([odd])
    expect(read({ type: 'content', content: '<img>', urls: [] })).toEqual([odd])
    expect(read({ type: 'content', content: '<img>', data: { x: 1 } })).toEqual([odd])
  })
})

describe('reasoning', () => {
  test.each<[RawResponse, Part[]]>([
    [{ type: 'reasoning', token: 'Let me ' }, [{ type: 'reasoning-delta', text: 'Let me ' }]],
    [{ type: 'reasoning', token: '' }, []],
    [{ type: 'reasoning', token: null, status: '' }, [{ type: 'reasoning-end' }]],
    [{ type: 'reasoning', token: null, status: '', is_thinking: '</think>' }, [{ type: 'reasoning-end' }]],
    [
      { type: 'reasoning', token: null, status: '🤔 Is thinking...', is_thinking: '<think>' },
      [{ type: 'status', status: { phase: 'progress', text: '🤔 Is thinking...' } }],
    ],
    [
      { type: 'reasoning', label: 'Model', status: 'o1-mini' },
      [{ type: 'status', status: { phase: 'progress', text: 'Model: o1-mini' } }],
    ],
    [{ type: 'reasoning', token: null, status: null, is_thinking: '<think>' }, []],
    [{ type: 'reasoning', token: null, status: ' \n ' }, []],
    [
      { type: 'reasoning', label: 'Searching', status: null },
      [{ type: 'status', status: { phase: 'progress', text: 'Searching' } }],
    ],
  ])('%j', (event, parts) => {
    expect(read(event)).toEqual(parts)
  })
})

describe('tool calls', () => {
  const call = (fields: Record<string, unknown>): RawResponse => ({ type: 'tool_calls', tool_calls: [fields] })

  test('deltas keep their number', () => {
    expect(
      read(
        call({ index: 1, id: 'b', function: { name: 'g', arguments: '' } }),
        call({ index: 1, function: { arguments: '{"a"' } }),
        call({ index: 1, function: { arguments: ':1}' } }),
      ),
    ).toEqual([
      { type: 'tool-call', index: 1, id: 'b', name: 'g', arguments: '' },
      { type: 'tool-call', index: 1, id: null, name: '', arguments: '{"a"' },
      { type: 'tool-call', index: 1, id: null, name: '', arguments: ':1}' },
    ])
  })

  test('whole calls without a number are told apart by their id', () => {
    const indexes = read(
      call({ id: 'a', function: { name: 'f', arguments: '{}' } }),
      call({ id: 'b', function: { name: 'g', arguments: { x: 1 } } }),
      call({ id: 'a', function: { arguments: '' } }),
    )
    expect(indexes).toMatchObject([
      { index: 0, id: 'a' },
      { index: 1, id: 'b', arguments: '{"x":1}' },
      { index: 0, id: 'a' },
    ])
    const together = { type: 'tool_calls', tool_calls: [{ function: { name: 'f' } }, { function: { name: 'g' } }] }
    expect(read(together)).toMatchObject([
      { index: 0, name: 'f' },
      { index: 1, name: 'g' },
    ])
  })
})

describe('everything else', () => {
  test.each<[RawResponse, Part[]]>([
    [
      { type: 'provider', provider: { name: 'A', url: 'https://a.example/x', label: 'The A', model: 'm' } },
      [{ type: 'provider', provider: { name: 'A', label: 'The A', model: 'm', url: 'https://a.example/x' } }],
    ],
    [
      { type: 'provider', provider: { name: 'A', url: 'javascript:alert(1)', label: null } },
      [{ type: 'provider', provider: { name: 'A', label: null, model: null, url: null } }],
    ],
    [{ type: 'provider', provider: { name: 'AnyProvider', model: 'gpt-4o' } }, []],
    [{ type: 'preview', preview: 'p', urls: 'x' }, [{ type: 'preview', markdown: 'p' }]],
    [{ type: 'preview', preview: '' }, []],
    [
      {
        type: 'usage',
        usage: {
          prompt_tokens: 1,
          completion_tokens: 2,
          total_tokens: 3,
          completion_tokens_details: { reasoning_tokens: 4 },
        },
      },
      [{ type: 'usage', usage: { promptTokens: 1, completionTokens: 2, reasoningTokens: 4, totalTokens: 3 } }],
    ],
    [
      { type: 'usage', usage: { prompt_tokens: -1, completion_tokens: '2', total_tokens: 3 } },
      [{ type: 'usage', usage: { promptTokens: null, completionTokens: null, reasoningTokens: null, totalTokens: 3 } }],
    ],
    [{ type: 'usage', usage: { words: 12 } }, []],
    [{ type: 'finish', finish: { reason: 'stop' } }, [{ type: 'finish-reason', reason: 'stop' }]],
    [{ type: 'finish', finish: null }, []],
    [{ type: 'conversation', conversation: { A: { id: 1 } } }, [{ type: 'session', sessions: { A: { id: 1 } } }]],
    [{ type: 'suggestions', suggestions: ['a', 5, ' ', 'b'] }, [{ type: 'suggestions', suggestions: ['a', 'b'] }]],
    [{ type: 'suggestions', suggestions: [] }, [{ type: 'suggestions', suggestions: [] }]],
    [{ type: 'title', title: ' A\ntitle ' }, [{ type: 'title', title: 'A title' }]],
    [
      { type: 'synthesize', synthesize: { provider: 'A', data: { text: 't' } } },
      [{ type: 'synthesize', provider: 'A', data: { text: 't' } }],
    ],
    [{ type: 'continue', continue: 'goes on' }, [{ type: 'status', status: { phase: 'progress', text: 'goes on' } }]],
    [{ type: 'message', message: 'E: text', error: 'E' }, [{ type: 'notice', kind: 'E', text: 'E: text' }]],
    [{ type: 'log', log: 'of someone else' }, []],
    [{ type: 'request', skippedBytes: 5 }, []],
    [{ type: 'variant', variant: 'or so' }, [{ type: 'notice', kind: 'variant', text: 'or so' }]],
    [{ type: 'custom_event', x: 1 }, [{ type: 'oddity', unknownType: 'custom_event' }]],
    [{ type: '__proto__', x: 1 }, [{ type: 'oddity', unknownType: '__proto__' }]],
  ])('%j', (event, parts) => {
    expect(read(event)).toEqual(parts)
  })

  test('R17 known types with wrong fields are counted, and the stream goes on', () => {
    const wrong: RawResponse[] = [
      { type: 'content' },
      { type: 'content', content: 5 },
      { type: 'content', content: ['x'] },
      { type: 'reasoning' },
      { type: 'reasoning', token: 5 },
      { type: 'provider' },
      { type: 'provider', provider: 'A' },
      { type: 'provider', provider: { name: 5 } },
      { type: 'preview', preview: null },
      { type: 'usage', usage: [] },
      { type: 'conversation', conversation: 'c-25' },
      { type: 'conversation', conversation: {} },
      { type: 'tool_calls', tool_calls: {} },
      { type: 'tool_calls', tool_calls: ['x'] },
      { type: 'tool_calls', tool_calls: [{ function: null }] },
      { type: 'suggestions', suggestions: 'x' },
      { type: 'suggestions', suggestions: [5] },
      { type: 'title' },
      { type: 'synthesize', synthesize: 'x' },
      { type: 'continue' },
      { type: 'variant', variant: 5 },
      { type: 'message', message: {} },
    ]
    for (const event of wrong) expect(read(event, { type: 'content', content: 'x' })[0], event.type).toEqual(odd)
    expect(read(...wrong, { type: 'content', content: 'x' }).at(-1)).toEqual({ type: 'text-delta', text: 'x' })
  })
})

describe('when another provider takes over', () => {
  const provider = (name: string): RawResponse => ({ type: 'provider', provider: { name } })
  const events = (...all: RawResponse[]): PartReader => {
    const reader = new PartReader()
    for (const event of all) reader.read({ kind: 'event', event })
    return reader
  }
  const word: RawResponse = { type: 'content', content: 'x' }
  const finish: RawResponse = { type: 'finish', finish: { reason: 'stop' } }

  test('its tool calls are new ones, with names of their own', () => {
    const call = (name: string, id: string | null = null): RawResponse => ({
      type: 'tool_calls',
      tool_calls: [{ ...(id === null ? { index: 0 } : { id }), function: { name, arguments: '{}' } }],
    })
    expect(read(provider('A'), call('f'), provider('B'), call('g'), call('g'))).toMatchObject([
      { type: 'provider' },
      { name: 'f', index: 0 },
      { type: 'provider' },
      { name: 'g', index: 0 },
      { name: '', index: 0 },
    ])
    expect(read(provider('A'), call('f', '1'), call('g', '2'), provider('B'), call('h', '3')).at(-1)).toMatchObject({
      name: 'h',
      index: 0,
    })
  })

  test('what the one before had said, and that it was whole, does not count for it', () => {
    const states = [
      events(word, finish),
      events(word, finish, provider('A')),
      events(provider('A'), word, finish, provider('A')),
      events(provider('A'), word, finish, provider('AnyProvider')),
      events(provider('A'), word, finish, provider('B')),
      events(provider('A'), finish, provider('B'), word),
      events(provider('A'), finish, provider('B'), word, finish),
    ].map(({ hasAnswer, hasFinishEvent }) => [hasAnswer, hasFinishEvent])
    expect(states).toEqual([
      [true, true],
      [true, true],
      [true, true],
      [true, true],
      [false, false],
      [true, false],
      [true, true],
    ])
  })
})

describe('R18 the end that a backend reports', () => {
  test.each<[RawResponse, unknown]>([
    [
      { type: 'error', error: 'E', message: 'E: text' },
      { code: 'backend', kind: 'E', message: 'E: text' },
    ],
    [
      { type: 'error', error: 'A: E: text' },
      { code: 'backend', kind: 'A: E: text', message: 'A: E: text' },
    ],
    [{ type: 'error' }, { code: 'backend', kind: 'error', message: '' }],
    [
      { type: 'auth', auth: 'MissingAuthError', message: 'no key' },
      { code: 'provider-auth', provider: null, message: 'no key' },
    ],
  ])('%j', (event, error) => {
    expect(read(event)).toEqual([{ type: 'finish', state: 'failed', error }])
  })

  test('auth names who asks; after it nothing is read', () => {
    expect(
      read(
        { type: 'provider', provider: { name: 'OpenaiChat' } },
        { type: 'auth', auth: 'E', message: 'log in' },
        { type: 'log', log: 'x' },
        { type: 'content', content: 'x' },
        { type: 'error', error: 'E', message: 'x' },
      ),
    ).toMatchObject([
      { type: 'provider' },
      { type: 'finish', error: { code: 'provider-auth', provider: 'OpenaiChat', message: 'log in' } },
    ])
  })

  test('words are cut to 500 characters, and hold no key', () => {
    const reader = new PartReader(createRedactor(['canary-key-1234']))
    const message = `E: canary-key-1234 sk-abcdefghijklmnop Bearer abcdef123 ${'x'.repeat(600)}`
    const [notice] = reader.read({ kind: 'event', event: { type: 'message', message, error: 'E' } })
    const [finish] = reader.read({ kind: 'event', event: { type: 'error', error: 'E', message } })
    const texts = [
      notice?.type === 'notice' ? notice.text : '',
      finish?.type === 'finish' && finish.error?.code === 'backend' ? finish.error.message : '',
    ]
    for (const text of texts) {
      expect(text).toMatch(/^E: ••• ••• ••• x+…$/u)
      expect(text).toHaveLength(500)
    }
  })
})

describe('R17 a stream that is none', () => {
  const malformed = { kind: 'malformed' } as const

  test('a hundred unreadable events in a row are borne, one more is not', () => {
    const reader = new PartReader()
    for (let count = 0; count < MAX_MALFORMED_IN_A_ROW; count++) expect(reader.read(malformed)).toEqual([odd])
    expect(reader.read(malformed)).toEqual([
      odd,
      { type: 'finish', state: 'failed', error: { code: 'protocol', malformedEvents: 101 } },
    ])
    expect(reader.read({ kind: 'event', event: { type: 'content', content: 'x' } })).toEqual([])
  })

  test('one readable event in between begins the count anew; unknown types are readable', () => {
    const reader = new PartReader()
    for (let count = 0; count < 900; count++) {
      if (count % 100 === 99) reader.read({ kind: 'event', event: { type: 'odd' } })
      expect(reader.read(malformed)).toEqual([odd])
    }
  })

  test('wrong fields count as unreadable', () => {
    const reader = new PartReader()
    const parts = Array.from({ length: 101 }, () => reader.read({ kind: 'event', event: { type: 'content' } })).flat()
    expect(parts.at(-1)).toMatchObject({ type: 'finish', error: { code: 'protocol' } })
  })
})

describe('S39 and S40 what a server can put into a name', () => {
  test('a name of a megabyte is cut, control and bidi characters do nothing', () => {
    const [part] = read({
      type: 'provider',
      provider: { name: `a\u202eb\u0007c\nd${'x'.repeat(1024 * 1024)}`, model: '\u2066m\u2069', label: '\ud800' },
    })
    expect(part).toMatchObject({ provider: { model: 'm', label: '\ufffd' } })
    const name = part?.type === 'provider' ? part.provider.name : ''
    expect(name).toMatch(/^ab c dx+…$/u)
    expect(name.length).toBeLessThanOrEqual(200)
  })

  test('200 hostile payloads leave no trace on the prototype', () => {
    const hostile = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}') as Record<
      string,
      unknown
    >
    const types = ['content', 'provider', 'usage', 'conversation', 'tool_calls', 'synthesize', 'finish', 'odd']
    for (let count = 0; count < 200; count++) {
      const type = types[count % types.length] ?? ''
      const payload = count % 2 === 0 ? hostile : { ...hostile, name: 'A', provider: 'A', data: hostile }
      read({ ...hostile, type, [type]: payload })
    }
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('session state of a provider named __proto__ or of half a megabyte is not kept', () => {
    const conversation = JSON.parse('{"__proto__":{"x":1},"A":{"y":2}}') as unknown
    expect(read({ type: 'conversation', conversation })).toEqual([{ type: 'session', sessions: { A: { y: 2 } } }])
    const large = { A: 'x'.repeat(512 * 1024), B: 1 }
    expect(read({ type: 'conversation', conversation: large })).toEqual([{ type: 'session', sessions: { B: 1 } }])
  })

  test('any JSON gives parts and never an exception', () => {
    const types = fc.constantFrom(
      'content',
      'reasoning',
      'provider',
      'preview',
      'usage',
      'finish',
      'conversation',
      'tool_calls',
      'suggestions',
      'title',
      'synthesize',
      'continue',
      'variant',
      'message',
      'error',
      'auth',
      'log',
      'request',
      'odd',
    )
    const fields = fc.dictionary(
      fc.constantFrom('urls', 'data', 'alt', 'token', 'status', 'label', 'error', 'message', 'name', '__proto__'),
      fc.jsonValue(),
    )
    fc.assert(
      fc.property(types, fc.jsonValue(), fields, (type, payload, rest) => {
        for (const part of read({ ...rest, type, [type]: payload })) expect(typeof part.type).toBe('string')
      }),
      { numRuns: 5000, seed: 40 },
    )
  })
})
