import { readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { SearchIndex, type SearchableConversation } from '../../../src/main/search/search-index'
import { splitWords } from '../../../src/main/words'
import { temporaryFolder } from '../../support/temporary-library'

function open(file = ':memory:', isFresh = false): SearchIndex {
  const index = new SearchIndex(file, isFresh)
  onTestFinished(() => index.close())
  return index
}

function conversation(
  id: string,
  texts: string[],
  change: Partial<SearchableConversation> = {},
): SearchableConversation {
  const messages = texts.map((text, at) => ({
    id: `${id}:${at}`,
    role: at % 2 === 0 ? ('user' as const) : ('assistant' as const),
    text,
  }))
  return { id, title: '', updatedAt: 1_700_000_000_000, stamp: '1', messages, ...change }
}

function purgeAll(index: SearchIndex): void {
  while (index.purge());
}

let index: SearchIndex
const found = (query: string): string[] => index.find(query).map(({ conversationId }) => conversationId)

describe('what is found', () => {
  beforeEach(() => {
    index = open()
    index.put([
      conversation('buffer', ['Why does nginx keep the answer?', 'It is **buffering** `proxy_buffering` responses.'], {
        title: 'Bursty tokens',
        updatedAt: 1_700_000_000_000,
      }),
      conversation(
        'serov',
        ['Как настроить серверы?', 'Сервером управляет ещё один процесс: для чтения сертификата.'],
        {
          title: 'Серверы',
          updatedAt: 1_700_000_500_000,
        },
      ),
      conversation('cjk', ['今天天气怎么样', '東京の天気は晴れです'], { updatedAt: 1_700_000_400_000 }),
      conversation('other', ["Don't run the certificates twice in 2024."], { updatedAt: 1_690_000_000_000 }),
    ])
  })

  it('S06: while it is typed: the last word by its beginning, the words before by their form', () => {
    for (let end = 2; end <= 'proxy buffering'.length; end += 1) {
      expect(found('proxy buffering'.slice(0, end)), 'proxy buffering'.slice(0, end)).toContain('buffer')
    }
    expect(found('pro buffering')).toEqual([])
    expect(found('nginx keep')).toEqual(['buffer'])
  })

  it.each([
    ['certificate', ['other']],
    ['certificates ', ['other']],
    ['buffers ', ['buffer']],
    ['buffered response', ['buffer']],
    ['dont', ['other']],
    ['сервера', ['serov']],
    ['сервер ', ['serov']],
    ['процессы ', ['serov']],
    ['еще один', ['serov']],
    ['СЕРТИФИКАТЫ ', ['serov']],
  ])('forms of a word, English and Russian: %s', (query, ids) => {
    expect(found(query)).toEqual(ids)
  })

  it.each([
    ['certficate', ['other']],
    ['cretificates', ['other']],
    ['bufering', ['buffer']],
    ['certfic', ['other']],
    ['сертефикат', ['serov']],
    ['сервре', ['serov']],
    // A number that is another one is no slip, and short words are near everything.
    ['2025', []],
    ['rum ', []],
    ['zzzzzzzz', []],
  ])('slips of the finger: %s', (query, ids) => {
    expect(found(query)).toEqual(ids)
  })

  it.each([
    ['天气', ['cjk']],
    ['天気は晴れ', ['cjk']],
    ['样', ['cjk']],
    ['天津', []],
  ])('scripts without spaces: %s', (query, ids) => {
    expect(found(query)).toEqual(ids)
    for (const { snippet, marks } of index.find(query)) {
      expect(marks.map(([start, end]) => snippet.slice(start, end))).toContain(query)
    }
  })

  it('words that stand in several messages, or in the title: behind those that stand in one', () => {
    index.put([
      conversation('apart', ['The heron stands in the reeds.', 'A lighthouse is far away.', 'Nothing more.'], {
        title: 'Birds of the coast',
        updatedAt: 1_700_000_900_000,
      }),
      conversation('together', ['A heron on a lighthouse'], { updatedAt: 1_600_000_000_000 }),
      conversation('half', ['Only a heron, thrice.', 'A heron again.'], { updatedAt: 1_700_000_800_000 }),
    ])
    expect(found('heron lighthouse')).toEqual(['together', 'apart'])
    expect(found('lighthouse heron')).toEqual(['together', 'apart'])
    expect(found('heron coast')).toEqual(['apart'])
    expect(found('heron lighthouse coast bird')).toEqual(['apart'])
    expect(found('heron lighthouse coast fish')).toEqual([])
    expect(found('nginx buffering')).toEqual(['buffer'])
    // A slip in one of them, and the beginning of the last one.
    expect(found('hreon lighth')).toEqual(['together', 'apart'])
    // It opens where the rarest of them stands.
    const [only, none] = index.find('heron reeds lighthouses')
    expect(none).toBeUndefined()
    expect(only).toMatchObject({ conversationId: 'apart', messageId: 'apart:0', count: 1 })
    expect(only?.marks.map(([start, end]) => only.snippet.slice(start, end))).toEqual(['heron', 'reeds'])
    // What is removed is not found by its parts either.
    index.remove(['apart'])
    expect(found('heron lighthouse')).toEqual(['together'])
  })

  it('the characters of one word without spaces belong together', () => {
    index.put([conversation('parts', ['天気', '気予', '予報'])])
    expect(found('天気予報')).toEqual([])
    expect(found('天気 予報')).toEqual(['parts'])
  })

  describe('queries as people type them', () => {
    const texts: [id: string, text: string][] = [
      ['nginx', 'How do I configure a reverse proxy with nginx and renew its certificates?'],
      ['bread', 'A recipe for sourdough bread: knead the dough, let it rise, bake it for forty minutes.'],
      ['travel', 'We travelled through Portugal by train; tickets were booked in Lisbon two weeks earlier.'],
      ['memory', 'The process leaks memory because listeners are never removed from the emitter.'],
      ['letter', 'Помоги написать письмо начальнику об отпуске в августе.'],
      ['borsch', 'Рецепт борща: свёкла, капуста, картофель; варить сорок минут.'],
      ['python', 'Почему асинхронная функция на Python не дожидается ответа сервера?'],
      ['tax', 'Какие налоги платит индивидуальный предприниматель на упрощённой системе?'],
    ]
    beforeEach(() => {
      index = open()
      index.put(texts.map(([id, text]) => conversation(id, [text])))
    })

    it.each([
      ['reverse proxies', 'nginx'],
      ['configuring nginx', 'nginx'],
      ['certifcate', 'nginx'],
      ['certificats', 'nginx'],
      ['ngnix', 'nginx'],
      ['renewed certificate', 'nginx'],
      ['recipes', 'bread'],
      ['kneading dough', 'bread'],
      ['sourdoguh', 'bread'],
      ['baking bread', 'bread'],
      ['minute', 'bread'],
      ['travel portugal', 'travel'],
      ['trains', 'travel'],
      ['booking tickets', 'travel'],
      ['lisbn', 'travel'],
      ['memroy leak', 'memory'],
      ['leaking', 'memory'],
      ['listener remove', 'memory'],
      ['письма', 'letter'],
      ['отпуск', 'letter'],
      ['писмо', 'letter'],
      ['начальника', 'letter'],
      ['рецепты', 'borsch'],
      ['свекла', 'borsch'],
      ['капусты', 'borsch'],
      ['картофля', 'borsch'],
      ['асинхронные функции', 'python'],
      ['сервер', 'python'],
      ['фунция', 'python'],
      ['налог', 'tax'],
      ['предпринимателя', 'tax'],
      ['упрощенка', 'tax'],
      ['пердприниматель', 'tax'],
      ['zebra', null],
    ])('%s', (query, id) => {
      expect(found(query)).toEqual(id === null ? [] : [id])
    })
  })

  it('titles first, then the latest; one hit for a conversation, with its messages counted', () => {
    index.put([
      conversation('old-title', ['hello'], { title: 'All about nginx', updatedAt: 1_600_000_000_000 }),
      conversation('new', ['nginx once', 'nginx twice'], { updatedAt: 1_700_000_600_000 }),
    ])
    expect(
      index.find('nginx').map(({ conversationId, messageId, count }) => [conversationId, messageId, count]),
    ).toEqual([
      ['old-title', null, 1],
      ['new', 'new:1', 2],
      ['buffer', 'buffer:0', 1],
    ])
  })

  it('the snippet is one plain line with its marks in place', () => {
    const [hit] = index.find('proxy')
    expect(hit?.snippet).toBe('It is buffering proxy_buffering responses.')
    expect(hit?.marks.map(([start, end]) => hit.snippet.slice(start, end))).toEqual(['proxy'])
    index.put([
      conversation('long', [`${'word '.repeat(5000)}Needle [a needle](https://x.test/) ${'more '.repeat(5000)}`]),
    ])
    const [far] = index.find('needle')
    expect(far?.snippet).toMatch(/^…word .*Needle a needle more .*…$/u)
    expect(far?.snippet.length).toBeLessThan(170)
    expect(far?.marks.map(([start, end]) => far.snippet.slice(start, end))).toEqual(['Needle', 'needle'])
  })

  it('S39: nothing in a snippet turns the text around it or hides', () => {
    index.put([conversation('evil', ['safe\u202e gnp.exe \u0000\u001b[31m canary \u2066\ud800 end'])])
    const [hit] = index.find('canary')
    expect(hit?.snippet).toBe('safe gnp.exe [31m canary \ufffd end')
    expect(hit?.marks.map(([start, end]) => hit.snippet.slice(start, end))).toEqual(['canary'])
  })

  it.each([
    '"',
    '"nginx"',
    "nginx'",
    'nginx*',
    'nginx AND keep',
    'nginx OR NOT (keep)',
    'NEAR(nginx keep, 2)',
    'words:nginx',
    '-nginx +keep ^answer',
    'nginx; DROP TABLE message; --',
    '{nginx}',
    'nginx\u0000keep',
    '\u202enginx\u202c',
    'nginx\r\n\tkeep',
  ])('bad input: %j is words and nothing else', (query) => {
    const hits = found(query)
    expect(hits.length === 0 || hits.includes('buffer')).toBe(true)
    expect(found('nginx')).toEqual(['buffer'])
  })

  it('bad input: ten thousand characters, ten thousand words, half characters, nothing at all', () => {
    expect(found('x'.repeat(10_000))).toEqual([])
    expect(found('nginx '.repeat(10_000))).toEqual(['buffer'])
    expect(found('\ud800')).toEqual([])
    expect(found('')).toEqual([])
    expect(found(' *?! ')).toEqual([])
    expect(found('天地玄黄'.repeat(2500))).toEqual([])
  })
})

describe('what is put', () => {
  const text = fc
    .array(
      fc.oneof(
        fc.string({ unit: 'grapheme', maxLength: 12 }),
        fc.constantFrom('серверы', 'running', 'İstanbul', '東京都'),
      ),
      {
        maxLength: 12,
      },
    )
    .map((words) => words.join(' '))

  it('can be found by each of its words and by the beginning of each', () => {
    fc.assert(
      fc.property(text, fc.double({ min: 0, max: 1, noNaN: true }), (body, share) => {
        index = new SearchIndex(':memory:')
        try {
          index.put([conversation('a', [body])])
          for (const word of splitWords(body)) {
            const characters = [...word]
            const start = characters.slice(0, Math.max(1, Math.ceil(characters.length * share))).join('')
            expect(found(`${word} `), `${word} in ${body}`).toEqual(['a'])
            expect(found(start), `${start} in ${body}`).toEqual(['a'])
          }
        } finally {
          index.close()
        }
      }),
      { numRuns: 150 },
    )
  })

  it('and changed and removed, in any order, is what is found', () => {
    const ids = ['a', 'b', 'c']
    const words = ['alpha', 'bravo', 'charlie', 'delta']
    const step = fc.record({
      id: fc.constantFrom(...ids),
      texts: fc.option(fc.array(fc.subarray(words, { minLength: 1 }), { maxLength: 4 }), { nil: null }),
      isPurged: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        index = new SearchIndex(':memory:')
        try {
          const model = new Map<string, string[][]>()
          for (const { id, texts, isPurged } of steps) {
            if (texts === null) {
              index.remove([id])
              model.delete(id)
            } else {
              index.put([
                conversation(
                  id,
                  texts.map((each) => each.join(' ')),
                ),
              ])
              model.set(id, texts)
            }
            if (isPurged) purgeAll(index)
          }
          for (const word of words) {
            const expected = ids.filter((id) => model.get(id)?.some((texts) => texts.includes(word)))
            expect(found(`${word} `).sort()).toEqual(expected)
            for (const hit of index.find(`${word} `)) {
              expect(hit.count).toBe(model.get(hit.conversationId)?.filter((texts) => texts.includes(word)).length)
            }
          }
        } finally {
          index.close()
        }
      }),
      { numRuns: 60 },
    )
  })

  it('keeps the messages that did not change and the stamp of the last time', () => {
    index = open()
    index.put([conversation('a', ['first message', 'second'])])
    index.put([conversation('a', ['first message', 'changed'], { title: 'Renamed', stamp: '2' })])
    expect(found('first')).toEqual(['a'])
    expect(found('changed')).toEqual(['a'])
    expect(found('second')).toEqual([])
    expect(index.find('renamed')[0]?.messageId).toBeNull()
    expect(index.stamps()).toEqual(new Map([['a', '2']]))
  })
})

describe('the file', () => {
  const bytesOf = (file: string): string =>
    ['', '-wal'].map((ending) => readFileSync(file + ending, { flag: 'a+' }).toString('latin1')).join('')

  it('is for its owner only, and so are those beside it', async () => {
    const file = join(await temporaryFolder(), 'search.db')
    const before = process.umask(0)
    onTestFinished(() => void process.umask(before))
    open(file).put([conversation('a', ['hello'])])
    for (const ending of ['', '-wal', '-shm']) expect(statSync(file + ending).mode & 0o777, ending).toBe(0o600)
  })

  it('keeps what it has over a restart', async () => {
    const file = join(await temporaryFolder(), 'search.db')
    const first = new SearchIndex(file)
    first.put([conversation('a', ['hello'])])
    first.close()
    index = open(file)
    expect(found('hello')).toEqual(['a'])
  })

  it('has not a word of what was removed, neither in text nor as a stem', async () => {
    const file = join(await temporaryFolder(), 'search.db')
    index = open(file)
    index.put(
      Array.from({ length: 300 }, (_, at) =>
        conversation(`c${at}`, at === 150 ? ['Qwunikum geheimnisvoll', 'чудосекрет'] : [`common word${at} text`], {
          title: at === 150 ? 'Xylotitel' : 'plain',
        }),
      ),
    )
    const traces = ['ikum', 'heimnis', 'lotite', Buffer.from('досекре').toString('latin1')]
    expect(traces.map((trace) => bytesOf(file).includes(trace))).toEqual([true, true, true, true])
    index.remove(['c150'])
    expect(found('qwunikum')).toEqual([])
    purgeAll(index)
    expect(traces.filter((trace) => bytesOf(file).includes(trace))).toEqual([])
    expect(found('common')).toHaveLength(50)
  })

  it('has not a word of what an edit took away', async () => {
    const file = join(await temporaryFolder(), 'search.db')
    const first = new SearchIndex(file)
    first.put([conversation('a', ['Qwunikum stays not', 'this one stays'])])
    first.put([conversation('a', ['another text', 'this one stays'], { stamp: '2' })])
    first.close()
    expect(bytesOf(file).includes('wunikum')).toBe(false)
  })

  it('goes on with what a process had no time to write over', async () => {
    const file = join(await temporaryFolder(), 'search.db')
    const first = new SearchIndex(file)
    first.put([
      conversation(
        'a',
        Array.from({ length: 30 }, (_, at) => `Qwunikum ${at}`),
      ),
    ])
    first.remove(['a'])
    first.purge()
    first.close()
    index = open(file)
    index.put([conversation('b', ['something else'])])
    purgeAll(index)
    expect(bytesOf(file).includes('ikum')).toBe(false)
    expect(found('something')).toEqual(['b'])
  })

  it.each([
    ['nothing but noise', (file: string) => writeFileSync(file, 'x'.repeat(10_000))],
    ['a file that was cut', (file: string) => truncateSync(file, 6000)],
    ['an empty file', (file: string) => truncateSync(file, 0)],
    [
      'the form of another version',
      (file: string) => {
        const bytes = readFileSync(file)
        // PRAGMA user_version, in the header of every SQLite file.
        bytes.writeUInt32BE(99, 60)
        writeFileSync(file, bytes)
      },
    ],
  ])('is made anew: %s', async (_, spoil) => {
    const file = join(await temporaryFolder(), 'search.db')
    const first = new SearchIndex(file)
    first.put([conversation('a', ['hello'])])
    first.close()
    spoil(file)
    index = open(file)
    expect(index.stamps().size).toBe(0)
    index.put([conversation('b', ['hello'])])
    expect(found('hello')).toEqual(['b'])
  })
})

describe('a part of the conversations', () => {
  it('R37: titles, what the person wrote and what was answered are searched apart, and a hit says whose it is', () => {
    index = open()
    index.put([
      conversation('title', ['one', 'two'], { title: 'Cadence' }),
      conversation('you', ['a cadence of mine', 'two']),
      conversation('answer', ['one', 'the cadence of tokens']),
    ])
    const parts = { all: 3, titles: 1, questions: 1, answers: 1 } as const
    for (const [part, count] of Object.entries(parts)) {
      expect(index.find('cadence', part as keyof typeof parts), part).toHaveLength(count)
    }
    expect(index.find('cadence', 'titles')).toMatchObject([{ conversationId: 'title', messageId: null, role: null }])
    expect(index.find('cadence', 'questions')).toMatchObject([{ conversationId: 'you', role: 'user' }])
    expect(index.find('cadence', 'answers')).toMatchObject([{ conversationId: 'answer', role: 'assistant' }])
    // Words that stand apart stay within the part.
    expect(index.find('cadence two', 'answers')).toEqual([])
    expect(index.find('cadence two', 'all').map(({ conversationId }) => conversationId)).toContain('you')
  })
})
