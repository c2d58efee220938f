import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest'
import type { Logger, LogFields } from '../../../src/main/logger'
import { silentLogger } from '../../../src/main/logger'
import { Search, type SearchOptions, type SearchWorker } from '../../../src/main/search/search'
import type { ConversationChange } from '../../../src/shared/contract'
import { emptyAnswer, summarize, type Conversation } from '../../../src/shared/conversation'
import { eventually } from '../../support/eventually'
import { buildSearchWorker } from '../../support/search-worker'
import { temporaryFolder } from '../../support/temporary-library'

let built: Awaited<ReturnType<typeof buildSearchWorker>>
beforeAll(async () => {
  built = await buildSearchWorker()
})
afterAll(() => built.remove())

/** A library in memory; as much of it as search uses. */
function fakeLibrary(...conversations: Conversation[]) {
  const kept = new Map(conversations.map((conversation) => [conversation.id, conversation]))
  const stamps = new Map(conversations.map(({ id }) => [id, '1']))
  const listeners = new Set<(changes: ConversationChange[]) => void>()
  const tell = (change: ConversationChange): void => listeners.forEach((listener) => listener([change]))
  const read: string[] = []
  const library: SearchOptions['library'] = {
    list: async () => [...kept.values()].map(summarize),
    stamps: async () =>
      new Map([...kept].filter(([, each]) => each.isTemporary !== true).map(([id]) => [id, stamps.get(id) ?? ''])),
    async *readAll(ids) {
      for (const id of ids ?? kept.keys()) {
        await Promise.resolve()
        const conversation = kept.get(id)
        if (conversation === undefined || conversation.isTemporary === true) continue
        read.push(id)
        yield { id, stamp: stamps.get(id) ?? '', conversation, isNewer: false }
      }
    },
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  return {
    library,
    /** Ids of the conversations that were read, in that order. */
    read,
    put: (conversation: Conversation) => {
      kept.set(conversation.id, conversation)
      stamps.set(conversation.id, `${Number(stamps.get(conversation.id) ?? 0) + 1}`)
      tell({ kind: 'upsert', summary: summarize(conversation) })
    },
    trash: (id: string) => {
      kept.delete(id)
      tell({ kind: 'remove', conversationId: id })
    },
  }
}

function conversation(id: string, text: string, change: Partial<Conversation> = {}): Conversation {
  return {
    version: 1,
    id,
    title: `About ${id}`,
    titleSource: 'person',
    createdAt: 0,
    updatedAt: 1_700_000_000_000,
    origin: 'window',
    isPinned: false,
    isUnread: false,
    backendId: 'home',
    provider: null,
    model: null,
    headId: `${id}:q`,
    messages: [{ role: 'user', id: `${id}:q`, parentId: null, createdAt: 0, text, attachments: [] }],
    ...change,
  }
}

/** Makes a worker fail, as one with a damaged file does. */
function spoil(worker: SearchWorker): void {
  worker.postMessage({ number: 0, kind: 'put', input: [{ id: 'no conversation' }] })
}

async function open(library: SearchOptions['library'], change: Partial<SearchOptions> = {}) {
  const file = change.file ?? join(await temporaryFolder(), 'search.db')
  const workers: SearchWorker[] = []
  const lines: [string, LogFields | undefined][] = []
  const logger: Logger = { ...silentLogger, warn: (message, fields) => void lines.push([message, fields]) }
  const start = change.startWorker ?? built.start
  const search = new Search({
    library,
    withRunning: (each) => each,
    logger,
    ...change,
    file,
    startWorker: (options) => {
      const worker = start(options)
      workers.push(worker)
      return worker
    },
  })
  onTestFinished(() => search.close())
  const found = async (query: string) => (await search.find(query)).hits.map(({ conversationId }) => conversationId)
  return { search, found, file, workers, lines }
}

describe('search', () => {
  it('finds titles at once, and words as they come, while the library still reads its files', async () => {
    const { library, put } = fakeLibrary(conversation('a', 'nginx keeps it'), conversation('b', 'серверы стоят'))
    let answer: () => void = () => undefined
    const stamps = async (): Promise<Map<string, string>> => {
      await new Promise<void>((resolve) => (answer = resolve))
      return library.stamps()
    }
    const { search, found } = await open({ ...library, stamps })
    expect(await search.find('about')).toMatchObject({ indexed: 0, total: 2, hits: [{}, {}] })
    expect(await found('nginx')).toEqual([])
    put(conversation('a', 'nginx keeps it'))
    await eventually(
      () => found('nginx'),
      (ids) => ids.includes('a'),
      'found',
    )
    expect(await search.find('about')).toMatchObject({ indexed: 1, total: 2, hits: [{}, {}] })
    answer()
    await search.settled()
    expect(await search.find('сервер')).toMatchObject({ indexed: 2, total: 2, hits: [{ conversationId: 'b' }] })
    await search.close()
  })

  it('R37: begins with the first search, and finds everything once it is settled', async () => {
    const { library } = fakeLibrary(conversation('a', 'nginx keeps it'), conversation('b', 'серверы стоят'))
    const { search, found } = await open(library)
    expect(await search.find('nginx')).toMatchObject({ total: 2 })
    await search.settled()
    expect(await search.find('сервер')).toEqual({
      hits: [
        {
          conversationId: 'b',
          title: 'About b',
          updatedAt: 1_700_000_000_000,
          messageId: 'b:q',
          role: 'user',
          snippet: 'серверы стоят',
          marks: [[0, 7]],
          count: 1,
        },
      ],
      indexed: 2,
      total: 2,
    })
    expect((await found('about')).sort()).toEqual(['a', 'b'])
  })

  it('R37: while the index is made, finds what it has and says how much that is', async () => {
    const all = Array.from({ length: 120 }, (_, at) => conversation(`c${at}`, `needle ${at}`, { updatedAt: at + 1 }))
    const { library } = fakeLibrary(...all)
    let goOn = (): void => undefined
    const stop = new Promise<void>((resolve) => (goOn = resolve))
    const slow: SearchOptions['library'] = {
      ...library,
      async *readAll(ids) {
        let count = 0
        for await (const each of library.readAll(ids)) {
          if (count === 60) await stop
          count += 1
          yield each
        }
      },
    }
    const { search } = await open(slow)
    await search.begin()
    const half = await eventually(
      () => search.find('needle'),
      ({ hits }) => hits.length > 0,
      'a first hit',
    )
    expect(half.total).toBe(120)
    expect(half.indexed).toBeLessThan(120)
    goOn()
    await search.settled()
    const whole = await search.find('needle')
    expect(whole.indexed).toBe(120)
    // The latest first, at most fifty.
    expect(whole.hits.map(({ conversationId }) => conversationId)).toEqual(
      Array.from({ length: 50 }, (_, at) => `c${119 - at}`),
    )
  })

  it('follows changes: new ones, renamed ones, deleted ones, restored ones', async () => {
    const { library, put, trash } = fakeLibrary(conversation('a', 'first'))
    const { search, found } = await open(library)
    await search.settled()
    put(conversation('b', 'second'))
    put(conversation('a', 'first', { title: 'Renamed by hand' }))
    await search.settled()
    expect(await found('second')).toEqual(['b'])
    expect(await found('hand')).toEqual(['a'])
    trash('b')
    // At once, before any worker has heard of it.
    expect(await found('second')).toEqual([])
    put(conversation('b', 'second'))
    await search.settled()
    expect(await found('second')).toEqual(['b'])
  })

  it('what is deleted while it is being read does not come back', async () => {
    const fake = fakeLibrary(conversation('a', 'first'), conversation('b', 'second'))
    const library: SearchOptions['library'] = {
      ...fake.library,
      async *readAll(ids) {
        for await (const each of fake.library.readAll(ids)) {
          yield each
          if (each.id === 'b') fake.trash('b')
        }
      },
    }
    const { search, found } = await open(library)
    await search.settled()
    expect(await found('first')).toEqual(['a'])
    fake.put(conversation('b', 'other words'))
    await search.settled()
    expect(await found('second')).toEqual([])
  })

  it('an answer that streams can be found before it ends', async () => {
    const fake = fakeLibrary(conversation('a', 'question'))
    let text = ''
    const withRunning = (each: Conversation): Conversation => {
      const start = {
        id: 'a:a',
        parentId: 'a:q',
        createdAt: 0,
        generationId: 'g',
        backendId: 'home',
        provider: null,
        model: null,
      }
      return { ...each, messages: [...each.messages, { ...emptyAnswer(start), content: [{ type: 'text', text }] }] }
    }
    const { search, found } = await open(fake.library, { withRunning })
    await search.settled()
    text = 'half of the flamingo'
    search.touch('a')
    const ids = await eventually(
      () => found('flamingo'),
      (present) => present.length > 0,
      'the words so far',
    )
    expect(ids).toEqual(['a'])
  })

  it('of a deleted conversation nothing stays in the file; a temporary one is never in it', async () => {
    const secret = conversation('t', 'Zygomorph is secret', { isTemporary: true })
    const fake = fakeLibrary(conversation('a', 'Qwunikum is known'), conversation('b', 'stays'), secret)
    const { search, found, file } = await open(fake.library)
    await search.settled()
    fake.put({ ...secret, title: 'Zygomorph again' })
    await search.settled()
    expect(await search.find('zygomorph')).toEqual({ hits: [], indexed: 2, total: 2 })
    const has = (word: string) => ['', '-wal'].some((end) => readFileSync(file + end, { flag: 'a+' }).includes(word))
    expect(has('ikum')).toBe(true)
    expect(has('omorph')).toBe(false)
    expect(fake.read).not.toContain('t')
    fake.trash('a')
    await eventually(
      () => has('ikum'),
      (isThere) => !isThere,
      'a file without it',
    )
    expect(await found('stays')).toEqual(['b'])
    // Once it is kept, it is a conversation like any other.
    fake.put({ ...secret, isTemporary: false })
    await search.settled()
    expect(await found('zygomorph')).toEqual(['t'])
  })

  it('reads only what has changed since the last start', async () => {
    const fake = fakeLibrary(conversation('a', 'first'), conversation('b', 'second'), conversation('c', 'third'))
    const first = await open(fake.library)
    await first.search.settled()
    await first.search.close()
    fake.read.length = 0
    fake.put(conversation('b', 'changed'))
    fake.trash('c')
    const { search, found } = await open(fake.library, { file: first.file })
    await search.settled()
    expect(fake.read).toEqual(['b'])
    expect(await found('first')).toEqual(['a'])
    expect(await found('changed')).toEqual(['b'])
    expect(await found('third')).toEqual([])
  })
})

describe('an index that fails', () => {
  it('is made anew once when its thread ends, and then there are titles', async () => {
    const { library } = fakeLibrary(conversation('a', 'nginx keeps it'), conversation('b', 'other'))
    const { search, found, workers, lines } = await open(library)
    await search.settled()
    spoil(workers[0]!)
    await eventually(
      () => found('nginx'),
      (ids) => ids.length === 1,
      'a new index',
    )
    expect(workers).toHaveLength(2)
    expect(lines).toEqual([['search index made anew', { reason: 'index', code: 'TypeError' }]])
    spoil(workers[1]!)
    await eventually(
      () => lines.length,
      (count) => count === 2,
      'a note in the log',
    )
    expect(workers).toHaveLength(2)
    expect(lines[1]).toEqual(['search in titles only', { code: 'TypeError' }])
    expect(await found('nginx')).toEqual([])
    expect(await search.find('abo b')).toMatchObject({
      hits: [{ conversationId: 'b', messageId: null }],
      indexed: 2,
      total: 2,
    })
    await search.settled()
  })

  it('a search that is under way is answered by the new one', async () => {
    const { library } = fakeLibrary(conversation('a', 'nginx keeps it'))
    const { search, workers } = await open(library)
    await search.settled()
    spoil(workers[0]!)
    const under = search.find('nginx')
    expect((await under).total).toBe(1)
  })

  it('starts without SQLite: where it cannot be loaded, titles are searched', async () => {
    const { library } = fakeLibrary(conversation('first', 'nginx'), conversation('second', 'other'))
    const code = `require('node:worker_threads').parentPort.postMessage({ kind: 'failed', reason: 'not-loaded', code: 'MODULE_NOT_FOUND' })`
    const { search, found, workers, lines } = await open(library, {
      startWorker: () => new Worker(code, { eval: true }),
    })
    expect(await found('about fi')).toEqual(['first'])
    expect(await search.find('nginx')).toEqual({ hits: [], indexed: 2, total: 2 })
    expect(await found('')).toEqual([])
    expect(workers).toHaveLength(1)
    expect(lines).toEqual([['search in titles only', { code: 'MODULE_NOT_FOUND' }]])
  })

  it('a thread that ends without a word counts as one that failed', async () => {
    const { library } = fakeLibrary(conversation('a', 'nginx'))
    const { found, workers, lines } = await open(library, {
      startWorker: () => new Worker('process.exit(3)', { eval: true }),
    })
    expect(await found('about')).toEqual(['a'])
    await eventually(
      () => lines.length,
      (count) => count === 2,
      'two failures',
    )
    expect(workers).toHaveLength(2)
  })

  it('starts without a worker file', async () => {
    const { library } = fakeLibrary(conversation('a', 'nginx'))
    const { found } = await open(library, { startWorker: () => new Worker(new URL('file:///nowhere/worker.mjs')) })
    expect(await found('about')).toEqual(['a'])
  })

  it('a folder in its place is put away', async () => {
    const folder = await temporaryFolder()
    const { library } = fakeLibrary(conversation('a', 'nginx'))
    const file = join(folder, 'search.db')
    writeFileSync(file, 'no database')
    const { search, found } = await open(library, { file })
    await search.settled()
    expect(await found('nginx')).toEqual(['a'])
    await search.close()
    expect(readdirSync(folder)).toEqual(['search.db'])
  })
})
