import { mkdtempSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { handlers, type House } from '../../../src/main/handlers'
import { requestNames, type Caller } from '../../../src/main/ipc'
import { DEFAULT_QUICK_ASK, newBackendProfile } from '../../../src/shared/settings'
import { shortestMs } from '../../support/shortest'

const ID = '0f8fad5b-d9cb-469f-a165-70867728950e'
const IMAGE = 'a'.repeat(64)
const question = { kind: 'new', messageId: ID, parentId: null, text: 'Why?', attachmentIds: [IMAGE] }
const start = {
  generationId: ID,
  answerId: ID,
  conversationId: ID,
  origin: 'window',
  isTemporary: false,
  backendId: 'guide',
  provider: null,
  model: null,
  question,
}

const picture = {
  id: IMAGE,
  name: 'a.png',
  mime: 'image/png',
  bytes: 70,
  width: 1,
  height: 1,
  orientation: 1,
  hasLocation: false,
}
const certificate = {
  sha256: IMAGE,
  subject: 'CN=home',
  issuer: 'CN=home',
  isSelfSigned: true,
  names: ['home.lan'],
  validFrom: 0,
  validTo: 1,
}
const profile = newBackendProfile('home', 'Home', 'http://localhost:1337')
const setSecret = (name: object) => ({ name, value: 'k', storeUnprotected: false })

/** A good payload for each request. */
const good: Record<(typeof requestNames)[number], unknown> = {
  'app.boot': undefined,
  'app.reportError': { message: 'x' },
  'app.pong': undefined,
  'app.openLogs': undefined,
  'app.openDataFolder': undefined,
  'app.diagnostics': undefined,
  'app.isGraphicsOff': undefined,
  'app.useGraphics': undefined,
  'link.open': { url: 'https://example.org' },
  'conversation.list': undefined,
  'conversation.open': { conversationId: ID },
  'conversation.leave': undefined,
  'conversation.rename': { conversationId: ID, title: 'A title' },
  'conversation.pin': { conversationId: ID, isPinned: true },
  'conversation.setSettings': {
    conversationId: ID,
    settings: { system: 'Be short.', temperature: 0.7, maxTokens: 900, parameters: '{"seed": 1}', webSearch: true },
  },
  'conversation.trash': { conversationId: ID },
  'conversation.restore': { conversationId: ID },
  'conversation.search': { query: 'words' },
  'conversation.duplicate': { conversationId: ID },
  'conversation.branch': { conversationId: ID, messageId: ID },
  'conversation.showMessage': { conversationId: ID, messageId: ID },
  'conversation.deleteMessage': { conversationId: ID, messageId: ID },
  'conversation.putBackMessages': { deletionId: ID },
  'conversation.keep': { conversationId: ID },
  'conversation.discard': { conversationId: ID },
  'trash.list': undefined,
  'trash.read': { file: '00000000-0000-4000-8000-000000000000.1750000000000.json' },
  'trash.delete': { files: ['00000000-0000-4000-8000-000000000000.1750000000000.json'] },
  'transfer.showFile': { fileId: '00000000-0000-4000-8000-000000000000' },
  'draft.list': undefined,
  'draft.set': { key: 'quick-ask', text: 'Why', attachments: [picture], changedAt: 1 },
  'library.check': undefined,
  'library.repair': undefined,
  'library.sizes': undefined,
  'library.backUp': undefined,
  'library.planRestore': undefined,
  'library.exportAll': undefined,
  'library.restore': { planId: ID, overwrite: [ID], withBackends: true, withSettings: false },
  'transfer.state': undefined,
  'transfer.stop': { transferId: ID },
  'contact.list': undefined,
  'contact.forget': { host: 'home.lan:1337' },
  'library.dropPlan': { planId: ID },
  'prompt.list': undefined,
  'prompt.save': {
    id: ID,
    name: 'Release notes',
    command: 'release',
    text: 'For {product}.',
    variables: [{ name: 'product', first: 'Parley', choices: [], last: null }],
  },
  'prompt.remove': { promptId: ID },
  'prompt.remember': { promptId: ID, values: [{ name: 'product', value: 'Parley' }] },
  'prompt.import': undefined,
  'prompt.export': undefined,
  'conversation.export': { conversationId: ID, format: 'pdf' },
  'app.deleteEverything': undefined,
  'conversation.showFile': { conversationId: ID },
  'conversation.findRemains': { conversationId: ID },
  'conversation.bringBack': { conversationId: ID, copy: 'before-restore-2026-11-22T17-00-00-000Z.zip' },
  'attachment.release': { temporary: ID, ids: ['a'.repeat(64)] },
  'capture.blocker': undefined,
  'capture.take': { temporary: null },
  'capture.open': undefined,
  'capture.show': undefined,
  'capture.next': undefined,
  'capture.end': { region: { x: 0, y: 0, width: 1, height: 1 } },
  'generation.start': start,
  'generation.stop': { generationId: ID },
  'generation.attach': { generationId: ID },
  'generation.retryNow': { generationId: ID },
  'media.load': { conversationId: ID, messageId: ID, source: '/media/a.png' },
  'media.save': { id: 'a'.repeat(64), name: 'fern.png' },
  'media.drag': { id: 'a'.repeat(64), name: 'fern.png' },
  'media.speak': { conversationId: ID, messageId: ID },
  'wire.open': { messageId: ID },
  'wire.openFile': undefined,
  'wire.rows': { recordingId: ID, from: 0 },
  'wire.event': { recordingId: ID, index: 7 },
  'wire.replay': { recordingId: ID },
  'wire.curl': { recordingId: ID },
  'wire.save': { recordingId: ID },
  'attachment.add': {
    temporary: '7f0d3d38-7f5c-4b32-8f8c-3b8f6c1f0a11',
    files: [
      { name: 'a.png', path: '/a.png' },
      { name: 'b.png', bytes: new Uint8Array(3) },
    ],
  },
  'attachment.draw': { sourceId: 'a'.repeat(64), name: 'fern.png', bytes: new Uint8Array(4) },
  'attachment.pick': { temporary: null },
  'settings.get': undefined,
  'settings.set': { theme: 'dark', quickAsk: { ...DEFAULT_QUICK_ASK, shortcut: 'Alt+Space' } },
  'backend.list': undefined,
  'backend.save': {
    ...profile,
    keyedProviders: ['Lab'],
    parameters: '{"temperature": 0.2}',
    proxy: { kind: 'own', url: 'socks5://proxy.lan:1080', user: 'me' },
    trust: { kind: 'pinned', certificate, trustedAt: 1 },
  },
  'backend.duplicate': { backendId: 'home' },
  'backend.find': { backendId: 'home', address: 'localhost:1337' },
  'backend.moveSecrets': { backendId: 'home' },
  'backend.trust': { backendId: 'home', sha256: IMAGE },
  'backend.pickAuthority': { backendId: 'home' },
  'backend.remove': { backendId: 'home' },
  'backend.setSecret': { name: { backendId: 'home', field: 'api-key' }, value: 'k', storeUnprotected: false },
  'backend.clearSecret': { backendId: 'home', field: 'header', headerId: 'h' },
  'backend.connect': { address: 'localhost:1337', sha256: null },
  'backend.discover': undefined,
  'backend.test': { backendId: 'home' },
  'backend.catalogue': { backendId: 'home' },
  'backend.models': { backendId: 'home', provider: '__proto__' },
  'quickAsk.show': undefined,
  'quickAsk.hide': undefined,
  'quickAsk.resize': { heightPx: 100.5 },
  'quickAsk.pin': { isPinned: true },
  'quickAsk.paste': undefined,
  'quickAsk.shortcutState': undefined,
  'quickAsk.checkShortcut': undefined,
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

const parseMs = (name: (typeof requestNames)[number], raw: unknown): number =>
  shortestMs(50, () => isRefused(name, raw))

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
      'a question over 1 MiB, with its quotes',
      'generation.start',
      { ...start, question: { ...question, text: 'x'.repeat(1024 * 1024 + 200_001) } },
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
    ['a query of 1,001 characters', 'conversation.search', { query: 'x'.repeat(1001) }],
    ['a source of 2,049 characters', 'media.load', { conversationId: ID, messageId: ID, source: 'x'.repeat(2049) }],
    ['a source that is none', 'media.load', { conversationId: ID, messageId: ID, source: '' }],
    ['rows before the first', 'wire.rows', { recordingId: ID, from: -1 }],
    ['half an event', 'wire.event', { recordingId: ID, index: 0.5 }],
    ['a fingerprint that is none', 'backend.trust', { backendId: 'home', sha256: 'A'.repeat(64) }],
    ['a fingerprint that is a path', 'backend.connect', { address: 'x', sha256: '../../etc/passwd' }],
    ['an id of a backend that is a path', 'backend.save', { ...profile, id: 'home/../other' }],
    ['101 providers with a key', 'backend.save', { ...profile, keyedProviders: huge(101).map((_one, i) => `p${i}`) }],
    ['a provider twice', 'backend.save', { ...profile, keyedProviders: ['Lab', 'Lab'] }],
    ['a provider that turns its name around', 'backend.save', { ...profile, keyedProviders: ['a\u202eb'] }],
    ['parameters over 1 MiB', 'backend.save', { ...profile, parameters: 'x'.repeat(1024 * 1024 + 1) }],
    ['a proxy of no kind', 'backend.save', { ...profile, proxy: { kind: 'magic' } }],
    ['a proxy with one thing more', 'backend.save', { ...profile, proxy: { kind: 'none', url: 'http://x' } }],
    ['a patience of 121 s', 'backend.save', { ...profile, connectTimeoutSeconds: 121 }],
    ['trust of no kind', 'backend.save', { ...profile, trust: { kind: 'everything' } }],
    ['trust by a page that has read a file', 'backend.save', { ...profile, trust: { kind: 'authority', pem: 'x' } }],
    [
      'a secret of no provider',
      'backend.setSecret',
      setSecret({ backendId: 'home', field: 'provider-key', provider: '' }),
    ],
    ['a secret of a header without its id', 'backend.setSecret', setSecret({ backendId: 'home', field: 'header' })],
    [
      'a draft over 4 MiB',
      'draft.set',
      { key: 'new', text: 'x'.repeat(4 * 1024 * 1024 + 1), attachments: [], changedAt: 1 },
    ],
    ['a draft of a path', 'draft.set', { key: '../../x', text: 'x', attachments: [], changedAt: 1 }],
    [
      'a draft whose image is a path',
      'draft.set',
      { key: 'new', text: 'x', attachments: [{ ...picture, id: '../a' }], changedAt: 1 },
    ],
    ['1,001 ids', 'trash.delete', { conversationIds: huge(1001).map(() => ID) }],
    ['an id in the trash that is a path', 'trash.delete', { conversationIds: ['../x'] }],
    ['an export of no format', 'conversation.export', { conversationId: ID, format: 'exe' }],
    ['a plan that is a path', 'library.restore', { planId: '../../plan' }],
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
  /** What the person picks. */
  let picked: string | null = null
  let taken: Uint8Array | null = null
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
    media: recorder('media'),
    wire: {
      ...(recorder('wire') as object),
      file: () => ({ name: '../answer\u202e.json', text: '{}' }),
      openFile: (bytes: Uint8Array) => ({ id: Buffer.from(bytes).toString() }),
      curl: (id: string) => `curl ${id}`,
    },
    desk: {
      ...(recorder('desk') as object),
      pickImages: async () => ['/home/me/a b.png', 'C:\\b.png'],
      pickFile: async () => picked,
      nameRegion: () => 'Screen region 14.02.31.png',
      capture: { take: async (window: unknown) => (calls.push(['capture', window]), taken) },
      pickPlace: async (_window: unknown, name: string) => (calls.push(['desk', 'pickPlace', name]), picked),
    },
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

  it('takes no question for a sign of what a window shows: one that waited is sent wherever the person is', async () => {
    calls.length = 0
    await handlers['generation.start'].handle(house, start as never, caller)
    expect(calls).toEqual([['generations', 'start', start]])
  })

  it('notes that a window shows no conversation any more', async () => {
    calls.length = 0
    await handlers['conversation.leave'].handle(house, undefined, caller)
    expect(calls).toEqual([['look', null]])
  })

  it('stores a region of the screen like a pasted picture, and nothing when the person left', async () => {
    calls.length = 0
    taken = new Uint8Array([1, 2, 3])
    await handlers['capture.take'].handle(house, { temporary: ID }, caller)
    taken = null
    expect(await handlers['capture.take'].handle(house, { temporary: null }, caller)).toBeNull()
    expect(calls).toEqual([
      ['capture', caller.window],
      ['attachments', 'addFile', { name: 'Screen region 14.02.31.png', bytes: new Uint8Array([1, 2, 3]) }, ID],
      ['capture', caller.window],
    ])
  })

  it('adds what was picked under its own name', async () => {
    calls.length = 0
    await handlers['attachment.pick'].handle(house, { temporary: null }, caller)
    expect(calls).toEqual([
      [
        'attachments',
        'add',
        [
          { name: 'a b.png', path: '/home/me/a b.png' },
          { name: 'b.png', path: 'C:\\b.png' },
        ],
        null,
      ],
    ])
  })

  it('trusts the authorities of a picked file, and changes nothing when none is picked', async () => {
    calls.length = 0
    picked = null
    expect(await handlers['backend.pickAuthority'].handle(house, { backendId: 'home' }, caller)).toBeNull()
    picked = '/home/me/ca.pem'
    await handlers['backend.pickAuthority'].handle(house, { backendId: 'home' }, caller)
    expect(calls).toEqual([['backends', 'trustAuthority', 'home', '/home/me/ca.pem']])
  })

  it('opens a recording of a picked file, and says what is wrong with one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-handlers-'))
    picked = null
    expect(await handlers['wire.openFile'].handle(house, undefined, caller)).toBeNull()
    picked = join(folder, 'recording.json')
    const open = async () => handlers['wire.openFile'].handle(house, undefined, caller)
    await expect(open()).rejects.toMatchObject({ error: { code: 'bad-recording', reason: 'unreadable' } })
    writeFileSync(picked, 'a recording')
    expect(await open()).toEqual({ id: 'a recording' })
    truncateSync(picked, 64 * 1024 * 1024 + 1)
    await expect(open()).rejects.toMatchObject({ error: { code: 'bad-recording', reason: 'too-large' } })
  })

  it('S20 saves a recording only where the person says, under a plain name', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-handlers-'))
    calls.length = 0
    picked = null
    const save = async () => handlers['wire.save'].handle(house, { recordingId: ID }, caller)
    expect(await save()).toEqual({ isSaved: false })
    expect(calls).toEqual([['desk', 'pickPlace', 'answer.json']])
    picked = join(folder, 'mine.json')
    expect(await save()).toEqual({ isSaved: true })
    expect(readFileSync(picked, 'utf8')).toBe('{}')
    expect(readdirSync(folder)).toEqual(['mine.json'])
    picked = join(folder, 'mine.json', 'below')
    await expect(save()).rejects.toMatchObject({ error: { code: 'storage', reason: 'failed' } })
  })

  it('gives a command as it is copied', async () => {
    expect(await handlers['wire.curl'].handle(house, { recordingId: ID }, caller)).toEqual({ command: `curl ${ID}` })
  })

  it('S30 notes an error of a page without what it quotes', async () => {
    calls.length = 0
    await handlers['app.reportError'].handle(house, { message: 'bad "CANARY"' }, caller)
    expect(calls).toEqual([['logger', 'error', 'page error', { role: 'main', message: 'bad "…"' }]])
  })
})
