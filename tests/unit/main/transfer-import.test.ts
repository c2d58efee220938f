import { readFile } from 'node:fs/promises'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerText, pathOf, type Conversation } from '../../../src/shared/conversation'
import { isId } from '../../../src/main/library/schema'
import { importChatGpt } from '../../../src/main/transfer/chatgpt'
import { importGpt4free } from '../../../src/main/transfer/gpt4free'
import { readJsonItems } from '../../../src/main/transfer/json-items'
import { restoreFile, transferHouse } from '../../support/transfer-house'
import { zipOf } from '../../support/zips'

const target = { backendId: 'home' }

/** What is on show, as `who: words`. */
const said = (conversation: Conversation): string[] =>
  pathOf(conversation).map((message) =>
    message.role === 'user' ? `user: ${message.text}` : `answer: ${answerText(message)}`,
  )

// ---- ChatGPT ----

let nodes = 0
const node = (parent: string | null, role: string, content: object | string, metadata: object = {}) => ({
  parent,
  children: [],
  message: {
    id: `m${(nodes += 1)}`,
    author: { role },
    create_time: 1_700_000_000 + nodes,
    content: typeof content === 'string' ? { content_type: 'text', parts: [content] } : content,
    metadata,
  },
})
const chat = (mapping: object, current: string, change: object = {}) => ({
  conversation_id: '6740-abc',
  title: 'Boat trip',
  create_time: 1_700_000_000.5,
  update_time: 1_700_000_100.25,
  current_node: current,
  mapping,
  ...change,
})

const simple = () =>
  chat(
    {
      root: { parent: null, children: ['s'], message: null },
      s: node('root', 'system', ''),
      q1: node('s', 'user', 'What to pack?'),
      a1: node('q1', 'assistant', 'Rope.', { model_slug: 'gpt-4o' }),
      q2: node('a1', 'user', 'What else?'),
      a2: node('q2', 'assistant', 'Water.'),
    },
    'a2',
  )

describe('ChatGPT', () => {
  it('S42: makes a conversation with its questions, answers, dates, title and model', () => {
    const made = importChatGpt(simple(), target)
    expect(said(made)).toEqual(['user: What to pack?', 'answer: Rope.', 'user: What else?', 'answer: Water.'])
    expect(made).toMatchObject({
      title: 'Boat trip',
      createdAt: 1_700_000_000_500,
      updatedAt: 1_700_000_100_250,
      backendId: 'home',
    })
    expect(made.messages[1]).toMatchObject({ provider: { name: 'ChatGPT', model: 'gpt-4o' }, state: 'complete' })
    expect([made.id, ...made.messages.map(({ id }) => id)].every(isId)).toBe(true)
  })

  it('gives the same ids every time', () => {
    nodes = 0
    const first = importChatGpt(simple(), target)
    nodes = 0
    expect(importChatGpt(simple(), { backendId: 'another' })).toEqual({ ...first, backendId: 'another' })
  })

  it('keeps every branch, and shows the one that was on show', () => {
    const made = importChatGpt(
      chat(
        {
          q: node(null, 'user', 'Q'),
          a: node('q', 'assistant', 'first try'),
          b: node('q', 'assistant', 'second try'),
          c: node('b', 'user', 'and then?'),
          d: node('c', 'assistant', 'the end'),
          e: node(null, 'user', 'Q, edited'),
          f: node('e', 'assistant', 'another answer'),
        },
        'a',
      ),
      target,
    )
    expect(said(made)).toEqual(['user: Q', 'answer: first try'])
    expect(made.messages).toHaveLength(7)
    expect(said({ ...made, headId: made.messages.at(-3)?.id ?? null })).toContain('answer: the end')
  })

  it('makes one answer of tools, thoughts and words, with code as code and pictures that are not in the file', () => {
    const made = importChatGpt(
      chat(
        {
          q: node(null, 'user', {
            content_type: 'multimodal_text',
            parts: ['Draw', { content_type: 'image_asset_pointer' }],
          }),
          t: node('q', 'assistant', { content_type: 'thoughts', thoughts: [{ summary: 'Plan', content: 'a boat' }] }),
          c: node('t', 'assistant', { content_type: 'code', language: 'python', text: 'print("```")' }),
          o: node('c', 'tool', { content_type: 'execution_output', text: 'done' }),
          i: node('o', 'tool', { content_type: 'multimodal_text', parts: [{ content_type: 'image_asset_pointer' }] }),
          a: node('i', 'assistant', 'Here it is.'),
          h: node('a', 'assistant', 'secret', { is_visually_hidden_from_conversation: true }),
        },
        'h',
      ),
      target,
    )
    expect(made.messages).toHaveLength(2)
    expect(made.messages[0]).toMatchObject({ text: 'Draw\n\n[image]' })
    expect(made.messages[1]).toMatchObject({
      reasoning: { text: 'Plan\n\na boat' },
      content: [
        { type: 'text', text: '````python\nprint("```")\n````\n\n```\ndone\n```' },
        { type: 'media', kind: 'image', sources: ['refused:gone'] },
        { type: 'text', text: 'Here it is.' },
      ],
    })
  })

  it('survives rings, missing parents and nodes named __proto__', () => {
    const ring = JSON.parse(
      JSON.stringify({
        a: node('b', 'user', 'A'),
        b: node('a', 'assistant', 'B'),
        c: node('nowhere', 'user', 'C'),
      }).replace('"c"', '"__proto__"'),
    ) as object
    expect(said(importChatGpt(chat(ring, '__proto__'), target))).toEqual(['user: C'])
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it.each([
    ['nothing', {}],
    ['a list', []],
    ['null', null],
    ['a number', 7],
    ['a mapping that is a text', chat('x' as unknown as object, 'a')],
    ['no message', chat({ a: { parent: null } }, 'a')],
    ['only hidden ones', chat({ a: node(null, 'system', 'x') }, 'a')],
    ['a ring alone', chat({ a: node('a', 'user', 'x') }, 'a')],
  ])('refuses %s', (_what, value) => {
    expect(() => importChatGpt(value, target)).toThrow(
      expect.objectContaining({ error: { code: 'bad-archive', reason: 'format' } }),
    )
  })

  it('refuses 1,000,000 messages, and chains that would grow without end', { timeout: 60_000 }, () => {
    const many = Object.fromEntries(Array.from({ length: 1_000_000 }, (_, index) => [`n${index}`, { parent: null }]))
    const comb: Record<string, object> = { r: node(null, 'user', 'Q') }
    for (let index = 0; index < 9_000; index += 1) {
      comb[`a${index}`] = node(index === 0 ? 'r' : `a${index - 1}`, 'assistant', 'x')
      comb[`u${index}`] = node(`a${index}`, 'user', 'y')
    }
    for (const mapping of [many, comb]) {
      expect(() => importChatGpt(chat(mapping, 'r'), target)).toThrow(
        expect.objectContaining({ error: { code: 'bad-archive', reason: 'too-large' } }),
      )
    }
  })

  it('caps titles, and takes dates of any kind for what they are', () => {
    const made = importChatGpt(
      chat({ q: node(null, 'user', 'Q') }, 'q', {
        title: 'x'.repeat(100_000_000),
        create_time: '2023-11-14T22:13:20Z',
        update_time: -5,
      }),
      target,
    )
    expect(made.title.length).toBeLessThanOrEqual(2000)
    expect(made.createdAt).toBe(1_700_000_000_000)
    expect(made.updatedAt).toBeGreaterThan(made.createdAt)
    expect(
      importChatGpt(chat({ q: node(null, 'user', 'Q') }, 'q', { update_time: 1e300 }), target).updatedAt,
    ).toBeLessThan(8.64e15)
  })

  it('S16: makes a conversation or a refusal of whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (content, rest) => {
        const value = {
          id: 'x',
          title: rest,
          create_time: rest,
          mapping: {
            q: node(null, 'user', 'Q'),
            a: { parent: 'q', message: { author: { role: 'assistant' }, content, metadata: rest } },
          },
          current_node: rest,
        }
        const made = importChatGpt(value, target)
        expect(said(made)[0]).toBe('user: Q')
        expect(() => JSON.stringify(made)).not.toThrow()
      }),
      { numRuns: 500 },
    )
  })
})

// ---- gpt4free ----

const item = (role: string, content: unknown, more: object = {}) => ({ role, content, provider: null, ...more })

describe('gpt4free', () => {
  it('makes a conversation of items, with variants and continued answers', () => {
    const made = importGpt4free(
      'conversation:abc',
      {
        id: 'abc',
        title: 'first words',
        new_title: 'A better title',
        added: 1_700_000_000_000,
        updated: 1_700_000_100_000,
        star: true,
        items: [
          item('system', 'be brief'),
          item('user', 'Hi'),
          item('assistant', 'Hel', { regenerate: true }),
          item('assistant', 'Hello', {
            provider: { name: 'Lab', label: 'The lab', model: 'm1', url: 'javascript:alert(1)' },
            reasoning: { text: 'polite' },
          }),
          item('assistant', ' there', { continue: true, finish: { reason: 'stop' } }),
          item('user', [{ bucket_id: 'b', name: 'a.png' }, { text: 'What is it?' }]),
        ],
      },
      target,
    )
    expect(said(made)).toEqual(['user: Hi', 'answer: Hello there', 'user: [a.png]\n\nWhat is it?'])
    expect(made).toMatchObject({ title: 'A better title', isPinned: true, updatedAt: 1_700_000_100_000 })
    expect(made.messages).toHaveLength(4)
    expect(made.messages[2]).toMatchObject({
      provider: { name: 'Lab', label: 'The lab', model: 'm1', url: null },
      reasoning: { text: 'polite' },
      finishReason: 'stop',
    })
  })

  it('keeps its id when the web client gives it a title', () => {
    const items = [item('user', 'Hi')]
    const before = importGpt4free('conversation:1', { id: 'uuid-1', items }, target)
    const after = importGpt4free('conversation:2', { id: 'A title', backup: 'uuid-1', items }, target)
    expect(after.id).toBe(before.id)
  })

  it('S16: makes a conversation or a refusal of whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (content, rest) => {
        const items = [
          item('user', 'Q'),
          item('assistant', content, { provider: rest, reasoning: rest, continue: rest }),
          rest,
        ]
        const made = importGpt4free('conversation:x', { id: rest, title: rest, added: rest, items }, target)
        expect(said(made)[0]).toBe('user: Q')
        expect(isId(made.id)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})

// ---- files ----

describe('files of other programs', () => {
  const file = () =>
    JSON.stringify([simple(), chat({ q: node(null, 'user', 'Other') }, 'q', { conversation_id: 'other' })])

  it('imports conversations.json, alone or in its zip, and adds nothing the second time', async () => {
    nodes = 0
    const json = file()
    const house = await transferHouse()
    const first = await restoreFile(house, { name: 'conversations.json', bytes: json })
    expect(first.plan).toMatchObject({ source: 'chatgpt', same: 0, problems: [], media: 0 })
    expect(first.done).toMatchObject({ added: 2, problems: [] })
    const zip = zipOf([
      { name: 'chat.html', content: '<script>1</script>' },
      { name: 'conversations.json', content: json, isDeflated: true },
      { name: 'file-1-Screenshot at 10:30.png', content: 'x' },
    ])
    const second = await restoreFile(house, { name: 'export.zip', bytes: zip })
    expect(second.plan).toMatchObject({ source: 'chatgpt', items: [], same: 2 })
    expect(second.done).toMatchObject({ added: 0, updated: 0 })
  })

  it('keeps what was said here after the import', async () => {
    nodes = 0
    const json = file()
    const house = await transferHouse()
    await restoreFile(house, { name: 'conversations.json', bytes: json })
    const [summary] = await house.library.list()
    await house.library.update(summary!.id, (now) => ({ ...now, updatedAt: now.updatedAt + 1, title: 'Mine' }))
    const { done } = await restoreFile(house, { name: 'conversations.json', bytes: json })
    expect(done).toMatchObject({ added: 0, updated: 0, kept: 1 })
    expect((await house.library.open(summary!.id)).title).toBe('Mine')
  })

  it('imports the export of the web client, without its settings', async () => {
    const house = await transferHouse()
    const bytes = JSON.stringify({
      options: { g4f: '', 'Lab-api_key': 'CANARY-key' },
      'conversation:a': {
        id: 'a',
        title: 'T',
        added: 1_700_000_000_000,
        items: [item('user', 'Hi'), item('assistant', 'Ho')],
      },
      'bucket:b': 'x',
    })
    const { plan, done } = await restoreFile(house, { name: 'chat.json', bytes })
    expect(plan).toMatchObject({ source: 'gpt4free', problems: [] })
    expect(done.added).toBe(1)
    const [summary] = await house.library.list()
    expect(await readFile(house.library.pathOf(summary!.id), 'utf8')).not.toContain('CANARY-key')
  })

  it('says what is wrong with one, and takes the others', async () => {
    nodes = 0
    const deep = `{"mapping":${'['.repeat(200)}${']'.repeat(200)}}`
    const bytes = `[${JSON.stringify(simple())}, ${deep}, {"mapping": 7}, "text", nonsense]`
    const { plan, done } = await restoreFile(await transferHouse(), { name: 'conversations.json', bytes })
    expect(plan.problems.map(({ error }) => ('reason' in error ? error.reason : error.code))).toEqual([
      'unsafe',
      'format',
      'format',
      'damaged',
    ])
    expect(plan.problems.map(({ name }) => name)).toEqual([2, 3, 4, 5].map((place) => `conversations.json #${place}`))
    expect(done.added).toBe(1)
  })

  it('S42: HTML in every field stays text', async () => {
    nodes = 0
    const html = '<img src=x onerror=alert(1)>'
    const bytes = JSON.stringify([
      chat({ [html]: node(null, 'user', html), b: node(html, 'assistant', html, { model_slug: html }) }, 'b', {
        conversation_id: html,
        title: html,
      }),
    ])
    const house = await transferHouse()
    await restoreFile(house, { name: 'conversations.json', bytes })
    const [summary] = await house.library.list()
    expect(summary?.title).toBe(html)
    house.desk.place = `${house.folder}/out.html`
    await house.transfer.exportConversation(house.desk, summary!.id, 'html')
    expect(await readFile(house.desk.place, 'utf8')).not.toContain('<img')
  })

  it.each([
    ['nothing', '', 'format'],
    ['spaces', '   ', 'format'],
    ['a text', '"hello"', 'format'],
    ['a number', '7', 'format'],
    ['HTML', '<html></html>', 'format'],
    ['another object', '{"a": 1}', 'format'],
    ['an empty list that does not end', '[', 'damaged'],
    ['half a file', '[{"mapping": {', 'damaged'],
    ['something behind the end', '[] []', 'damaged'],
    ['a comma too many', '[{"mapping":{}},]', 'damaged'],
    ['a newer export of Parley', '{"format":"parley-conversation","version":2,"conversation":{}}', 'newer'],
  ])('refuses %s', async (_what, bytes, reason) => {
    const house = await transferHouse()
    await expect(restoreFile(house, { name: 'x.json', bytes })).rejects.toMatchObject({
      error: { code: 'bad-archive', reason },
    })
    expect(await house.library.list()).toEqual([])
  })

  it('refuses what is no file', async () => {
    const house = await transferHouse()
    house.desk.file = house.folder
    await expect(house.transfer.planRestore(house.window, house.desk)).rejects.toMatchObject({
      error: { code: 'bad-archive', reason: 'unreadable' },
    })
    house.desk.file = null
    expect(await house.transfer.planRestore(house.window, house.desk)).toBeNull()
  })

  it('reads an element that is too large past, without holding it', async () => {
    async function* endless() {
      yield Buffer.from('[{"title":"')
      for (let times = 0; times < 120; times += 1) yield Buffer.alloc(1024 * 1024, 'x')
      yield Buffer.from('"},{"id":1}]')
    }
    const { items } = await readJsonItems(endless(), {
      maxItemBytes: 1000,
      maxDepth: 5,
      maxItems: 10,
      maxParts: 1_000_000,
    })
    const found = []
    for await (const each of items) found.push(each)
    expect(found).toEqual([
      { key: null, problem: 'too-large' },
      { key: null, text: '{"id":1}' },
    ])
  })

  it('takes any JSON apart as JSON.parse would, wherever it is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.array(fc.jsonValue()), fc.dictionary(fc.string(), fc.jsonValue())),
        fc.integer({ min: 1, max: 7 }),
        fc.boolean(),
        async (value, size, isSpaced) => {
          const bytes = Buffer.from(JSON.stringify(value, null, isSpaced ? 2 : 0))
          async function* cut() {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
          }
          const { kind, items } = await readJsonItems(cut(), {
            maxItemBytes: 1e6,
            maxDepth: 1000,
            maxItems: 1e6,
            maxParts: 1_000_000,
          })
          const found: [string | null, unknown][] = []
          for await (const each of items) found.push([each.key, 'text' in each ? JSON.parse(each.text) : each.problem])
          const plain: unknown = JSON.parse(bytes.toString())
          if (Array.isArray(plain)) expect([kind, found.map(([, each]) => each)]).toEqual(['list', plain])
          else expect([kind, found]).toEqual(['record', Object.entries(plain as object)])
        },
      ),
      { numRuns: 500 },
    )
  })
})
