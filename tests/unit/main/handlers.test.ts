import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handlers, type House } from '../../../src/main/handlers'
import { requestNames, type Caller } from '../../../src/main/ipc'
import { newBackendProfile } from '../../../src/shared/settings'

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e'
const IMAGE = 'a'.repeat(64)
const question = { kind: 'new', messageId: ID, parentId: null, text: 'Why?', attachmentIds: [IMAGE] }
const start = {
  generationId: ID,
  answerId: ID,
  conversationId: ID,
  origin: 'window',
  backendId: 'guide',
  provider: null,
  model: null,
  question,
}

/** A good payload for each request. */
const good: Record<(typeof requestNames)[number], unknown> = {
  'app.boot': undefined,
  'app.reportError': { message: 'x' },
  'app.openLogs': undefined,
  'app.openDataFolder': undefined,
  'link.open': { url: 'https://example.org' },
  'conversation.list': undefined,
  'conversation.open': { conversationId: ID },
  'conversation.leave': undefined,
  'conversation.rename': { conversationId: ID, title: 'A title' },
  'conversation.pin': { conversationId: ID, isPinned: true },
  'conversation.trash': { conversationId: ID },
  'conversation.restore': { conversationId: ID },
  'conversation.showFile': { conversationId: ID },
  'generation.start': start,
  'generation.stop': { generationId: ID },
  'generation.attach': { generationId: ID },
  'attachment.add': {
    files: [
      { name: 'a.png', path: '/a.png' },
      { name: 'b.png', bytes: new Uint8Array(3) },
    ],
  },
  'attachment.pick': undefined,
  'settings.get': undefined,
  'settings.set': { theme: 'dark', quickAsk: { isEnabled: false, shortcut: 'Alt+Space' } },
  'backend.list': undefined,
  'backend.save': newBackendProfile('home', 'Home', 'http://localhost:1337'),
  'backend.remove': { backendId: 'home' },
  'backend.setSecret': { name: { backendId: 'home', field: 'api-key' }, value: 'k', storeUnprotected: false },
  'backend.clearSecret': { backendId: 'home', field: 'header', headerId: 'h' },
  'backend.connect': { address: 'localhost:1337' },
  'backend.discover': undefined,
  'backend.test': { backendId: 'home' },
  'backend.catalogue': { backendId: 'home' },
  'quickAsk.show': undefined,
  'quickAsk.hide': undefined,
  'quickAsk.resize': { heightPx: 100.5 },
  'quickAsk.shortcutState': undefined,
  'window.openConversation': { conversationId: ID },
}

const parse = (name: (typeof requestNames)[number], raw: unknown): unknown => handlers[name].parse(raw)
const isRefused = (name: (typeof requestNames)[number], raw: unknown): boolean => {
  try {
    parse(name, raw)
    return false
  } catch {
    return true
  }
}

/** How long a payload takes. One that seems slow is tried again: the machine may have been busy with something else. */
function parseMs(name: (typeof requestNames)[number], raw: unknown): number {
  let fastestMs = Infinity
  for (let attempt = 0; attempt < 10 && fastestMs >= 50; attempt += 1) {
    const startedMs = performance.now()
    isRefused(name, raw)
    fastestMs = Math.min(fastestMs, performance.now() - startedMs)
  }
  return fastestMs
}

describe('what may arrive (S16)', () => {
  it.each(requestNames)('takes a good payload of %s as it is', (name) => {
    expect(parse(name, good[name])).toEqual(good[name])
  })

  it.each(requestNames)('S16 %s refuses or takes whatever arrives, in less than 50 ms', (name) => {
    let slowestMs = 0
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withMap: true, withSet: true, withTypedArray: true }), (raw) => {
        slowestMs = Math.max(slowestMs, parseMs(name, raw))
      }),
      { numRuns: 1000 },
    )
    expect(slowestMs).toBeLessThan(50)
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it.each(requestNames)('S16 %s refuses a good payload with one thing more', (name) => {
    const payload = good[name]
    expect(isRefused(name, payload === undefined ? {} : { ...payload, extra: 1 })).toBe(true)
    expect(isRefused(name, [])).toBe(true)
    expect(isRefused(name, null)).toBe(true)
  })

  const huge = (count: number) => Array.from({ length: count }, () => 1)
  const shared = () => {
    let node: unknown = 1
    for (let level = 0; level < 8; level += 1) node = Array.from({ length: 900 }, () => node)
    return { files: node }
  }
  const cyclic = () => {
    const node: Record<string, unknown> = {}
    node.self = node
    return node
  }

  it.each([
    ['a text over 1 MiB', 'link.open', { url: 'x'.repeat(1024 * 1024 + 1) }],
    [
      'a question over 1 MiB',
      'generation.start',
      { ...start, question: { ...question, text: 'x'.repeat(1024 * 1024 + 1) } },
    ],
    ['a list of 1,001', 'attachment.add', { files: huge(1001) }],
    ['a list that claims 4 billion', 'attachment.add', { files: new Array(4_294_967_295) }],
    ['lists that share their items', 'attachment.add', shared()],
    ['an object within itself', 'link.open', cyclic()],
    ['a depth of 9', 'link.open', { a: { a: { a: { a: { a: { a: { a: { a: { a: 1 } } } } } } } } }],
    [
      'an object with 100,000 keys',
      'settings.set',
      Object.fromEntries(huge(100_000).map((_one, index) => [`k${index}`, 1])),
    ],
    ['11 images', 'generation.start', { ...start, question: { ...question, attachmentIds: Array(11).fill(IMAGE) } }],
    ['an id that is a path', 'conversation.open', { conversationId: '../../etc/passwd' }],
    [
      'an image id that is a path',
      'generation.start',
      { ...start, question: { ...question, attachmentIds: ['../a'] } },
    ],
    ['a height that is no number', 'quickAsk.resize', { heightPx: Number.NaN }],
    ['a height without end', 'quickAsk.resize', { heightPx: Infinity }],
    ['profiles among the settings', 'settings.set', { backends: [] }],
    ['a prototype', 'settings.set', JSON.parse('{"__proto__":{"theme":"dark"}}')],
  ] as const)('S16 refuses %s within 50 ms', (_name, channel, payload) => {
    expect(isRefused(channel, payload)).toBe(true)
    expect(parseMs(channel, payload)).toBeLessThan(50)
  })

  it('S19 only the preload names a path', () => {
    const withPath = requestNames.filter((name) => JSON.stringify({ payload: good[name] }).includes('"path"'))
    expect(withPath).toEqual(['attachment.add'])
  })
})

describe('what requests do', () => {
  const calls: unknown[][] = []
  const recorder = (name: string): unknown =>
    new Proxy(
      {},
      {
        get:
          (_target, method) =>
          (...args: unknown[]) =>
            void calls.push([name, method, ...args]),
      },
    )
  const house = {
    library: recorder('library'),
    generations: recorder('generations'),
    attachments: recorder('attachments'),
    backends: recorder('backends'),
    desk: { ...(recorder('desk') as object), pickImages: async () => ['/home/me/a b.png', 'C:\\b.png'] },
    look: async (_window: unknown, id: string | null) => void calls.push(['look', id]),
    logger: recorder('logger'),
  } as unknown as House
  const caller = { role: 'main', window: {} } as unknown as Caller

  it('reads a conversation that is opened', async () => {
    calls.length = 0
    await handlers['conversation.open'].handle(house, { conversationId: ID }, caller)
    expect(calls).toEqual([
      ['look', ID],
      ['generations', 'open', ID],
    ])
  })

  it('notes that a window shows no conversation any more', async () => {
    calls.length = 0
    await handlers['conversation.leave'].handle(house, undefined, caller)
    expect(calls).toEqual([['look', null]])
  })

  it('adds what was picked under its own name', async () => {
    calls.length = 0
    await handlers['attachment.pick'].handle(house, undefined, caller)
    expect(calls).toEqual([
      [
        'attachments',
        'add',
        [
          { name: 'a b.png', path: '/home/me/a b.png' },
          { name: 'b.png', path: 'C:\\b.png' },
        ],
      ],
    ])
  })

  it('S30 notes an error of a page without what it quotes', async () => {
    calls.length = 0
    await handlers['app.reportError'].handle(house, { message: 'bad "CANARY"' }, caller)
    expect(calls).toEqual([['logger', 'error', 'page error', { role: 'main', message: 'bad "…"' }]])
  })
})
