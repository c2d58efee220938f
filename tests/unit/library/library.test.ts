import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { linkSync } from 'node:fs'
import { mkdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { ConversationChange } from '../../../src/shared/contract'
import type { AssistantMessage, Conversation, MediaFile } from '../../../src/shared/conversation'
import { AppFailure, toAppError, type AppError } from '../../../src/shared/errors'
import { journalStart } from '../../../src/main/library/journal'
import { diskFileSystem } from '../../../src/main/library/files'
import { openLibrary, type Library } from '../../../src/main/library/library'
import { readConversation, writeConversation } from '../../../src/main/library/schema'
import { silentLogger } from '../../../src/main/logger'
import { certificateSample, conversationOf, errorSamples, newAnswer } from '../../support/conversation-samples'
import { faultyDisk } from '../../support/faulty-disk'
import { filesUnder, hastyDisk, libraryOn, setClock, temporaryFolder } from '../../support/temporary-library'

const DAY_MS = 86_400_000

/** The AppError that a promise rejects with; null when it does not. Anything else that is thrown fails the test. */
async function refusal(promise: Promise<unknown>): Promise<AppError | null> {
  try {
    await promise
    return null
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(AppFailure)
    return toAppError(thrown)
  }
}

const titleTo =
  (title: string) =>
  (conversation: Conversation): Conversation => ({ ...conversation, title })

async function listed(library: Library): Promise<string[]> {
  return (await library.list()).map((summary) => summary.id).sort()
}

/** A conversation whose head is a running answer, as `Generations.start` makes it, with its journal begun. */
async function withRunning(library: Library, id: string) {
  const base = conversationOf(id, [['Why?', 'So.']])
  const answer: AssistantMessage = { ...newAnswer(), parentId: base.messages[0]?.id ?? null }
  const conversation = { ...base, headId: answer.id, messages: [...base.messages, answer] }
  const journal = await library.journal(journalStart(conversation, answer))
  await library.create(conversation)
  return { conversation, answer, journal }
}

describe('files', () => {
  let umask = 0
  beforeEach(() => {
    umask = process.umask(0)
  })
  afterEach(() => {
    process.umask(umask)
  })

  it('keeps one conversation in one file that a person can read, for its owner only (S29)', async () => {
    const root = join(await temporaryFolder(), 'library')
    const library = libraryOn(root)
    await library.recover()
    const conversation = conversationOf(randomUUID(), [['Why?', 'Because.']])
    await library.create(conversation)
    await library.list()
    await library.flush()

    const path = library.pathOf(conversation.id)
    expect(path).toBe(join(root, 'conversations', `${conversation.id}.json`))
    const text = await readFile(path, 'utf8')
    expect(text).toContain('\n  "version": 1,\n')
    expect(JSON.parse(text)).toEqual(conversation)
    for (const file of [path, join(root, 'index.json')]) expect((await stat(file)).mode & 0o777).toBe(0o600)
    for (const folder of [root, join(root, 'conversations'), join(root, 'journals')]) {
      expect((await stat(folder)).mode & 0o777).toBe(0o700)
    }
    expect(Object.keys(await filesUnder(root))).toEqual([`conversations/${conversation.id}.json`, 'index.json'])
  })

  it('makes a change durable before it says so: file, rename, folder (R06)', async () => {
    const root = await temporaryFolder()
    const calls: string[] = []
    const disk = faultyDisk(({ name, path }) => {
      if (name !== 'stat') calls.push(`${name} ${path.replace(/\.[0-9a-f]{8}\.tmp$/, '.tmp').slice(root.length + 1)}`)
      return null
    })
    const library = libraryOn(root, disk)
    const { id } = conversationOf(randomUUID(), [])
    await library.recover()
    await library.create(conversationOf(id, []))
    calls.length = 0
    await library.update(id, titleTo('New'))
    const temporary = `conversations/${id}.json.tmp`
    expect(calls).toEqual([
      `open ${temporary}`,
      `write ${temporary}`,
      `sync ${temporary}`,
      `close ${temporary}`,
      `rename ${temporary}`,
      'open conversations',
      'sync conversations',
      'close conversations',
    ])
  })

  it('lets no id become a path unless it is a UUID (S19)', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const hostile = [
      '..',
      '../../etc/passwd',
      'a/b',
      '',
      'C:\\x',
      `${randomUUID()}/..`,
      randomUUID().toUpperCase(),
      '\0',
    ]
    const before = await filesUnder(root)
    for (const id of hostile) {
      const conversation = conversationOf(id, [])
      expect(() => library.pathOf(id)).toThrow(AppFailure)
      for (const attempt of [
        library.open(id),
        library.update(id, titleTo('x')),
        library.trash(id),
        library.restore(id),
      ]) {
        expect(await refusal(attempt)).toEqual({ code: 'not-found', what: 'conversation' })
      }
      expect((await refusal(library.create(conversation)))?.code).toBe('bad-request')
      const start = journalStart(conversation, { ...newAnswer(), generationId: id })
      expect((await refusal(library.journal(start)))?.code).toBe('bad-request')
    }
    expect(await filesUnder(root)).toEqual(before)
  })

  it('refuses a second conversation with the same id', async () => {
    const library = libraryOn(await temporaryFolder())
    const conversation = conversationOf(randomUUID(), [])
    const both = await Promise.all([library.create(conversation), library.create(conversation)].map(refusal))
    expect(both.filter((error) => error === null)).toHaveLength(1)
    expect((await refusal(library.create(conversation)))?.code).toBe('bad-request')
  })
})

describe('update', () => {
  it('applies changes one after another, in the order of the calls, and writes less often than it is called', async () => {
    const root = await temporaryFolder()
    let renames = 0
    const library = libraryOn(
      root,
      faultyDisk(({ name }) => {
        if (name === 'rename') renames += 1
        return null
      }),
    )
    const { id } = conversationOf(randomUUID(), [])
    await library.create(conversationOf(id, []))
    renames = 0
    const numbers = Array.from({ length: 100 }, (_, index) => index)
    const made = await Promise.all(
      numbers.map((number) => library.update(id, (c) => ({ ...c, title: `${c.title} ${number}` }))),
    )
    expect(made[1]?.title).toBe(' 0 1')
    const all = numbers.map((number) => ` ${number}`).join('')
    expect((await libraryOn(root).open(id)).title).toBe(all)
    expect(renames).toBeLessThan(10)
  })

  it('changes nothing when the change throws, and writes nothing when it changes nothing', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
    await library.create(conversation)
    const { mtimeMs, ino } = await stat(library.pathOf(conversation.id))
    await expect(
      library.update(conversation.id, () => {
        throw new RangeError('no')
      }),
    ).rejects.toThrow(RangeError)
    await library.markRead(conversation.id)
    await library.pin(conversation.id, false)
    expect(await stat(library.pathOf(conversation.id))).toMatchObject({ mtimeMs, ino })
    expect(await library.open(conversation.id)).toEqual(conversation)
  })

  it('keeps changes of more conversations than it holds in memory', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root, hastyDisk)
    const ids = Array.from({ length: 60 }, () => randomUUID())
    await Promise.all(ids.map((id) => library.create(conversationOf(id, []))))
    await Promise.all([...ids, ...ids].map((id) => library.update(id, (c) => ({ ...c, title: `${c.title}x` }))))
    const again = libraryOn(root)
    for (const id of ids) expect((await again.open(id)).title).toBe('xx')
  })

  it('renames for a person, pins, and marks as read', async () => {
    const library = libraryOn(await temporaryFolder())
    const conversation = { ...conversationOf(randomUUID(), [['Why is that?', 'So.']]), isUnread: true }
    const { id } = conversation
    await library.create(conversation)
    await library.rename(id, '  My\n title ')
    await library.pin(id, true)
    await library.markRead(id)
    expect(await library.open(id)).toMatchObject({
      title: 'My title',
      titleSource: 'person',
      isPinned: true,
      isUnread: false,
    })
    await library.rename(id, ' ')
    expect(await library.open(id)).toMatchObject({ title: 'Why is that?', titleSource: 'first-words' })
  })
})

describe('list', () => {
  it('is told at once from the index, reads no conversation, and is sorted by the last change', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    const made = [5, 9, 7].map((updatedAt) => ({ ...conversationOf(randomUUID(), [['Why?', 'So.']]), updatedAt }))
    for (const conversation of made) await first.create(conversation)
    const before = await first.list()
    await first.flush()

    const read: string[] = []
    const second = libraryOn(
      root,
      faultyDisk(({ name, path }) => {
        if (name === 'readFile') read.push(path)
        return null
      }),
    )
    expect(await second.list()).toEqual(before)
    await second.compared()
    expect(before.map(({ updatedAt }) => updatedAt)).toEqual([9, 7, 5])
    expect(read).toEqual([join(root, 'index.json')])
  })

  it.each([
    ['missing', (path: string) => rm(path)],
    ['cut', async (path: string) => writeFile(path, (await readFile(path)).subarray(0, 100))],
    ['of another kind', (path: string) => writeFile(path, '[]')],
    ['of a newer version', (path: string) => writeFile(path, '{"version": 2, "rows": {}}')],
    ['full of lies', (path: string) => writeFile(path, '{"version": 1, "rows": [{"summary": {"id": "../x"}}]}')],
    ['a folder', (path: string) => rm(path).then(() => mkdir(path))],
  ])('is the same when the index is %s', async (_, spoil) => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    for (let index = 0; index < 3; index += 1) await first.create(conversationOf(randomUUID(), [['Why?', 'So.']]))
    const before = await first.list()
    await first.flush()
    await spoil(join(root, 'index.json'))
    expect(await libraryOn(root).list()).toEqual(before)
  })

  it('finds what has changed beside the index, and tells it', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    const [kept, changed, removed, added] = Array.from({ length: 4 }, () =>
      conversationOf(randomUUID(), [['Why?', 'So.']]),
    )
    for (const conversation of [kept!, changed!, removed!]) await first.create(conversation)
    await first.list()
    await first.flush()
    await writeFile(first.pathOf(changed!.id), writeConversation({ ...changed!, title: 'Another title' }))
    await rm(first.pathOf(removed!.id))
    await writeFile(first.pathOf(added!.id), writeConversation(added!))

    const second = libraryOn(root)
    const changes: ConversationChange[] = []
    second.onChange((some) => changes.push(...some))
    expect(await listed(second)).toEqual([kept!.id, changed!.id, added!.id].sort())
    await second.compared()
    expect((await second.list()).find(({ id }) => id === changed!.id)?.title).toBe('Another title')
    expect(changes.map((change) => change.kind === 'upsert' && change.summary.id)).toEqual([added!.id, changed!.id])

    await second.flush()
    const third = libraryOn(root)
    expect(await third.list()).toEqual(await second.list())
  })

  it('tells what the comparison finds many at a time, in its order with other changes (R36)', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root, hastyDisk)
    const conversations = Array.from({ length: 300 }, (_, at) =>
      conversationOf(randomUUID(), [[`Question ${at}`, 'So.']]),
    )
    for (const conversation of conversations) await first.create(conversation)
    await first.close()

    // Without an index: the list begins with some, the rest comes in a few pieces.
    const library = libraryOn(root, hastyDisk)
    const told: ConversationChange[][] = []
    library.onChange((changes) => told.push(changes))
    const listedFirst = await library.list()
    expect(listedFirst.length).toBeGreaterThanOrEqual(64)
    const late = conversations.find(({ id }) => !listedFirst.some((summary) => summary.id === id))
    await library.trash((late ?? conversations[0]!).id)
    await library.compared()
    expect(told.length).toBeLessThan(12)
    const known = new Set<string>()
    for (const change of told.flat()) {
      if (change.kind === 'remove') known.delete(change.conversationId)
      else known.add(change.summary.id)
    }
    expect([...known].sort()).toEqual((await library.list()).map(({ id }) => id).sort())
    expect(known.size).toBe(299)
    await library.close()
  })

  it('reads the latest files first when there is no index (R36)', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'conversations'))
    const old = Array.from({ length: 100 }, () => conversationOf(randomUUID(), []))
    const latest = conversationOf(randomUUID(), [['The latest', 'So.']])
    for (const conversation of [...old, latest]) {
      const path = join(root, 'conversations', `${conversation.id}.json`)
      await writeFile(path, writeConversation(conversation))
      const writtenAt = new Date(conversation === latest ? 2_000_000 : 1_000_000)
      await utimes(path, writtenAt, writtenAt)
    }
    const library = libraryOn(root, hastyDisk)
    const summaries = await library.list()
    expect(summaries.map(({ id }) => id)).toContain(latest.id)
    expect(summaries.length).toBeLessThan(101)
    await library.close()
  })

  it('with an index the folder is compared later by itself, and at once when somebody waits for it', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    const conversation = conversationOf(randomUUID(), [])
    await first.create(conversation)
    await first.list()
    await first.flush()
    await first.close()
    let looked = 0
    const second = libraryOn(
      root,
      faultyDisk(({ name, path }) => {
        if (name === 'stat' && path.includes('conversations')) looked += 1
        return null
      }),
    )
    await second.list()
    expect(looked).toBe(0)
    await second.compared()
    expect(looked).toBe(1)
    await second.close()
  })

  it('does not believe an index that says running: that process is dead', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    const { conversation } = await withRunning(first, randomUUID())
    expect(await first.list()).toMatchObject([{ isRunning: true }])
    await first.flush()
    await first.close()
    // Even without its journal.
    await rm(join(root, 'journals'), { recursive: true, force: true, maxRetries: 5 })
    const second = libraryOn(root)
    await second.recover()
    expect(await second.list()).toMatchObject([{ id: conversation.id, isRunning: false, hasFailed: true }])
  })

  it('keeps a change although a listener throws', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    library.onChange(() => {
      throw new Error('window is gone')
    })
    const conversation = conversationOf(randomUUID(), [])
    await library.create(conversation)
    expect(await libraryOn(root).open(conversation.id)).toEqual(conversation)
  })

  it('tells a change only when the row is another one', async () => {
    const library = libraryOn(await temporaryFolder())
    const { id } = conversationOf(randomUUID(), [])
    const changes: ConversationChange[] = []
    const stop = library.onChange((some) => changes.push(...some))
    await library.create(conversationOf(id, []))
    await library.update(id, (conversation) => ({ ...conversation, backendId: 'other' }))
    await library.pin(id, true)
    await library.trash(id)
    stop()
    await library.restore(id)
    expect(changes.map((change) => (change.kind === 'upsert' ? change.summary.isPinned : change))).toEqual([
      false,
      true,
      { kind: 'remove', conversationId: id },
    ])
  })

  it('shows 10,000 conversations at once, with the index and without it (R36)', { timeout: 30_000 }, async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'conversations'))
    const paragraph = 'Some words of an answer that is about as long as answers are. '.repeat(15)
    const ids = Array.from({ length: 10_000 }, () => randomUUID())
    // The name of a file is the truth about its id, so one file under 10,000 names is a library of 10,000.
    const [first, ...others] = ids.map((id) => join(root, 'conversations', `${id}.json`))
    await writeFile(first!, writeConversation(conversationOf(ids[0]!, [['Why?', paragraph]])))
    for (const path of others) linkSync(first!, path)
    const lag = monitorEventLoopDelay({ resolution: 5 })
    lag.enable()
    const built = libraryOn(root, hastyDisk)
    const withoutIndex = await timed(() => built.list())
    const building = await timed(() => built.compared())
    lag.disable()
    expect(await listed(built)).toEqual([...ids].sort())
    await built.flush()

    let opened = 0
    const library = libraryOn(root, {
      ...hastyDisk,
      open: (...args) => {
        opened += 1
        return hastyDisk.open(...args)
      },
    })
    const withIndex = await timed(() => library.list())
    const openedForList = opened
    const again = await timed(() => library.list())
    expect(await listed(library)).toHaveLength(10_000)
    console.info(
      `list() of 10,000: ${withIndex} ms from the index, ${again} ms again, ` +
        `${withoutIndex} ms without index (then ${building} ms in the background, p99 of the lag ${Math.round(lag.percentile(99) / 1e6)} ms)`,
    )
    // The files are read when the list is on show already; with the index only those that it may not know the last of.
    expect(withoutIndex).toBeLessThan(building)
    expect(openedForList).toBeLessThan(100)
    await library.compared()
  })
})

describe('trash', () => {
  it('takes a conversation out of the list, keeps it for 30 days, and gives it back (R46)', async () => {
    const root = await temporaryFolder()
    const clock = setClock()
    const library = libraryOn(root, undefined, clock)
    const [a, b] = [conversationOf(randomUUID(), [['A?', 'A.']]), conversationOf(randomUUID(), [['B?', 'B.']])]
    await library.create(a)
    await library.create(b)
    // Written when the clock says, as all files of a disk are.
    for (const { id } of [a, b]) await utimes(library.pathOf(id), clock.nowMs / 1000, clock.nowMs / 1000)
    await library.trash(a.id)
    await library.trash(b.id)
    expect(await listed(library)).toEqual([])
    expect(await refusal(library.open(a.id))).toEqual({ code: 'not-found', what: 'conversation' })
    expect(await refusal(library.update(a.id, titleTo('x')))).toEqual({ code: 'not-found', what: 'conversation' })
    expect(await refusal(library.trash(a.id))).toEqual({ code: 'not-found', what: 'conversation' })

    await library.restore(a.id)
    await library.restore(a.id)
    expect(await listed(library)).toEqual([a.id])
    expect(await library.open(a.id)).toEqual(a)

    clock.nowMs += 30 * DAY_MS - 1
    await libraryOn(root, undefined, clock).recover()
    expect(Object.keys(await filesUnder(join(root, 'trash')))).toHaveLength(1)
    clock.nowMs += 2
    const later = libraryOn(root, undefined, clock)
    await later.recover()
    await later.deleteFromTrash(await later.expired())
    expect(Object.keys(await filesUnder(join(root, 'trash')))).toEqual([])
    expect(await refusal(later.restore(b.id))).toEqual({ code: 'not-found', what: 'conversation' })
    expect(await listed(later)).toEqual([a.id])
  })

  it('has every change that was made before, also one that the disk had refused', async () => {
    const root = await temporaryFolder()
    let isFull = false
    const library = libraryOn(
      root,
      faultyDisk(({ name }) => (isFull && name === 'write' ? 'ENOSPC' : null)),
    )
    const conversation = conversationOf(randomUUID(), [])
    await library.create(conversation)
    isFull = true
    await library.rename(conversation.id, 'Refused at first')
    expect(await refusal(library.trash(conversation.id))).toEqual({ code: 'storage', reason: 'full' })
    expect(await listed(library)).toEqual([conversation.id])
    isFull = false
    await library.trash(conversation.id)
    await library.restore(conversation.id)
    expect((await library.open(conversation.id)).title).toBe('Refused at first')
  })

  it('is not undone by a change that is made at the same moment', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const conversation = conversationOf(randomUUID(), [])
    await library.create(conversation)
    const trashing = library.trash(conversation.id)
    const changes = ['a', 'b'].map((title) => refusal(library.update(conversation.id, titleTo(title))))
    await trashing
    expect(await Promise.all(changes)).toEqual(changes.map(() => ({ code: 'not-found', what: 'conversation' })))
    await library.flush()
    expect(await filesUnder(join(root, 'conversations'))).toEqual({})
    expect(await listed(libraryOn(root))).toEqual([])
  })

  it('is not undone by a list that is being read meanwhile', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    const [a, b] = [conversationOf(randomUUID(), [['A?', 'A.']]), conversationOf(randomUUID(), [['B?', 'B.']])]
    await first.create(a)
    await first.create(b)
    await first.list()
    await first.flush()
    let release: () => void = () => undefined
    const released = new Promise<void>((resolve) => {
      release = resolve
    })
    const slow = async (path: string): Promise<string> => {
      await released
      return readFile(path, 'utf8')
    }
    const library = libraryOn(root, { ...diskFileSystem, readFile: slow as typeof readFile })
    const list = library.list()
    await library.trash(a.id)
    release()
    expect((await list).map(({ id }) => id)).toEqual([b.id])
    await library.compared()
    expect(await listed(library)).toEqual([b.id])
    await library.restore(a.id)
    expect(await listed(library)).toEqual([a.id, b.id].sort())
  })

  it('is not for a conversation with a running answer', async () => {
    const library = libraryOn(await temporaryFolder())
    const { conversation, answer, journal } = await withRunning(library, randomUUID())
    expect(await refusal(library.trash(conversation.id))).toEqual({ code: 'busy' })
    await journal.close({ ...answer, state: 'stopped' })
    expect(await refusal(library.trash(conversation.id))).toBeNull()
  })

  it('says why it fails, and then nothing has changed', async () => {
    const root = await temporaryFolder()
    let isReadOnly = false
    const library = libraryOn(
      root,
      faultyDisk(({ name }) => (isReadOnly && name === 'rename' ? 'EROFS' : null)),
    )
    const conversation = conversationOf(randomUUID(), [])
    await library.create(conversation)
    isReadOnly = true
    expect(await refusal(library.trash(conversation.id))).toEqual({ code: 'storage', reason: 'read-only' })
    expect(await listed(library)).toEqual([conversation.id])
    isReadOnly = false
    await library.update(conversation.id, titleTo('still here'))
    await library.trash(conversation.id)
    expect(await listed(library)).toEqual([])
  })
})

const healthy = conversationOf(randomUUID(), [['Is this fine?', 'It is.']])
const victim = conversationOf(randomUUID(), [['What happens to me?', 'Damage. Ünïcödé 🙂']])

/** Ten ways to damage a file; each gets the path of a good one. */
const corruptions: Record<string, (path: string) => Promise<unknown>> = {
  'is empty': (path) => writeFile(path, ''),
  'is all NULs': async (path) => writeFile(path, Buffer.alloc((await stat(path)).size)),
  'ends in NULs': async (path) => writeFile(path, (await readFile(path)).fill(0, 400)),
  'is cut': async (path) => writeFile(path, (await readFile(path)).subarray(0, 500)),
  'has flipped bits': async (path) =>
    writeFile(
      path,
      (await readFile(path)).map((byte, at) => (at % 50 ? byte : byte ^ 4)),
    ),
  'is another JSON': (path) => writeFile(path, '[]'),
  'has a field of the wrong type': async (path) =>
    writeFile(path, (await readFile(path, 'utf8')).replace('"isPinned": false', '"isPinned": "no"')),
  'is in UTF-16': async (path) => writeFile(path, await readFile(path, 'utf8'), 'utf16le'),
  'is a folder': (path) => rm(path).then(() => mkdir(path)),
  'is a pipe': (path) => rm(path).then(() => execFileSync('mkfifo', [path])),
}

describe('damage', () => {
  it.each(Object.keys(corruptions))(
    'hides only the conversation whose file %s, and leaves the file as it is (R04)',
    async (how) => {
      const root = await temporaryFolder()
      const first = libraryOn(root)
      await first.create(healthy)
      await first.create(victim)
      await first.list()
      await first.flush()
      const path = first.pathOf(victim.id)
      await corruptions[how]?.(path)
      const before = await filesUnder(join(root, 'conversations'))

      for (const isIndexThere of [true, false]) {
        if (!isIndexThere) await rm(join(root, 'index.json'))
        const library = libraryOn(root)
        await library.recover()
        await library.list()
        await library.compared()
        const rows = await library.list()
        expect(rows.find(({ id }) => id === victim.id)).toMatchObject({ isDamaged: true })
        expect(rows.find(({ id }) => id === healthy.id)).toMatchObject({ isDamaged: false, title: healthy.title })
        expect(await refusal(library.open(victim.id))).toEqual({ code: 'storage', reason: 'damaged' })
        expect(await refusal(library.update(victim.id, titleTo('x')))).toEqual({ code: 'storage', reason: 'damaged' })
        expect((await refusal(library.create(victim)))?.code).toBe('bad-request')
        expect(await library.open(healthy.id)).toEqual(healthy)
        expect(library.storageState()).toEqual({ isSafe: true })
      }
      expect(await filesUnder(join(root, 'conversations'))).toEqual(before)

      const library = libraryOn(root)
      await library.trash(victim.id)
      expect(await listed(library)).toEqual([healthy.id])
      await library.restore(victim.id)
      expect(await filesUnder(join(root, 'conversations'))).toEqual(before)
    },
  )

  it('hides only the conversation that may not be read (R04)', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    await first.create(healthy)
    await first.create(victim)
    const library = libraryOn(
      root,
      faultyDisk(({ name, path }) => (name === 'readFile' && path.includes(victim.id) ? 'EACCES' : null)),
    )
    expect((await library.list()).map(({ id, isDamaged }) => [id, isDamaged])).toContainEqual([victim.id, true])
    expect(await refusal(library.open(victim.id))).toEqual({ code: 'storage', reason: 'damaged' })
    expect(await library.open(healthy.id)).toEqual(healthy)
  })

  it('that makes lists or a title endless is cut where no backend can have said more (R04)', () => {
    const base = conversationOf(randomUUID(), [['Why?', 'So.']])
    const answer = base.messages.find((message): message is AssistantMessage => message.role === 'assistant')!
    const attempt = { provider: { name: 'P', label: null, model: null, url: null }, reason: null, durationMs: 1 }
    const fill = <T>(each: T): T[] => Array.from({ length: 1_000 }, () => each)
    Object.assign(answer, {
      attempts: fill({ ...attempt, content: [], reasoning: null }),
      notices: fill({ kind: 'message', text: 'n' }),
      toolCalls: fill({ index: 0, id: null, name: 'n', arguments: '' }),
      suggestions: fill('s'),
    })
    const read = readConversation(
      base.id,
      writeConversation({ ...base, title: `${'x'.repeat(1_999)}😀${'x'.repeat(9)}` }),
    )
    if (read.kind === 'damaged') throw new Error('refused')
    expect(read.conversation.title).toBe('x'.repeat(1_999))
    const stored = read.conversation.messages.find((message) => message.role === 'assistant')!
    const { attempts, notices, toolCalls, suggestions } = stored
    expect([attempts, notices, toolCalls, suggestions].map((list) => list.length)).toEqual([100, 200, 100, 20])
  })

  it('with a number that is not finite is damaged (R04)', () => {
    const base = conversationOf(randomUUID(), [['Why?', 'So.']])
    const fileText = writeConversation(base)
    expect(readConversation(base.id, fileText).kind).toBe('read')
    expect(readConversation(base.id, fileText.replace(/"version": \d+/u, '"version": 1e999'))).toEqual({
      kind: 'damaged',
    })
  })

  it.skipIf(process.platform === 'win32')('of a journal that is a folder or a pipe is passed over', async () => {
    const root = await temporaryFolder()
    const journals = join(root, 'journals')
    const [folder, pipe] = [randomUUID(), randomUUID()]
    await mkdir(join(journals, `${folder}.jsonl`), { recursive: true })
    execFileSync('mkfifo', [join(journals, `${pipe}.jsonl`)])
    const errors: string[] = []
    const read: string[] = []
    const disk = faultyDisk(({ name, path }) => {
      if (name === 'readFile') read.push(path)
      // A pipe that is read after all would hold the test up for good.
      return name === 'readFile' && path.endsWith('.jsonl') ? 'EIO' : null
    })
    const logger = { ...silentLogger, error: (message: string) => errors.push(message) }
    const library = openLibrary({ root, clock: setClock(), logger, fs: disk })
    expect(await library.recover()).toEqual([])
    expect(errors).toEqual([])
    expect(read.filter((path) => path.startsWith(journals))).toEqual([])
    await library.close()
  })

  it('of any bits makes a conversation that is whole or one that is damaged, never an exception (R04)', () => {
    const good = Buffer.from(writeConversation(victim))
    const flips = fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(7)), { minLength: 1, maxLength: 8 })
    fc.assert(
      fc.property(flips, (places) => {
        const bytes = Buffer.from(good)
        for (const [at, bit] of places) bytes[at] = (bytes[at] ?? 0) ^ (1 << bit)
        const read = readConversation(victim.id, bytes.toString('utf8'))
        if (read.kind === 'damaged') return
        expect(read.conversation.id).toBe(victim.id)
        expect(read.conversation.messages).toHaveLength(2)
        // Whatever was flipped, the messages can be seen: the head is one of them.
        expect(read.conversation.messages.map(({ id }) => id)).toContain(read.conversation.headId)
        expect(readConversation(victim.id, writeConversation(read.conversation))).toEqual({
          ...read,
          isNewer: false,
          version: 1,
        })
      }),
      { numRuns: 3000 },
    )
  })

  it('is not seen in a byte order mark, in a foreign id, or in an error of a later version', () => {
    const failed = { ...victim.messages[1], state: 'failed', error: { code: 'new-kind', detail: 1 } }
    const text = JSON.stringify({ ...victim, id: randomUUID(), messages: [victim.messages[0], failed] })
    const read = readConversation(victim.id, `\uFEFF${text}`)
    expect(read).toMatchObject({
      kind: 'read',
      conversation: { id: victim.id, messages: [{}, { error: { code: 'internal' } }] },
    })
  })

  it('does not come from any error that an answer can have', () => {
    for (const error of Object.values(errorSamples)) {
      const conversation = { ...victim, messages: [victim.messages[0]!, { ...newAnswer(victim.headId!), error }] }
      expect(readConversation(victim.id, writeConversation(conversation))).toEqual({
        kind: 'read',
        conversation,
        isNewer: false,
        version: 1,
      })
    }
  })
})

describe('what earlier versions did not write', () => {
  const asked = conversationOf(randomUUID(), [['Draw.', '']])
  const answer = asked.messages[1] as AssistantMessage
  const file: MediaFile = { id: 'ab'.repeat(32), mime: 'video/mp4', bytes: 70, width: null, height: null }
  const image = { type: 'media' as const, kind: 'image' as const, sources: ['/a', '__proto__'], alt: '' }
  const withAnswer = (fields: Partial<AssistantMessage>) => ({
    ...asked,
    messages: [asked.messages[0]!, { ...answer, ...fields }],
  })
  const again = (conversation: Conversation) => readConversation(asked.id, writeConversation(conversation))

  it('is not added to their files, and is kept in ours', () => {
    const retrying = { phase: 'retrying' as const, attempt: 1, ofAttempts: 1, inMs: 5000 }
    const http = { code: 'http' as const, status: 503, message: null }
    const certificate = { code: 'certificate' as const, reason: 'expired' as const, host: 'h' }
    const files = JSON.parse(JSON.stringify({ '/a': file, ['__proto__']: file })) as Record<string, MediaFile>
    const attempt = { provider: { name: 'A', label: null, model: null, url: null }, reason: null, durationMs: 1 }
    for (const conversation of [
      withAnswer({ status: retrying, error: http, content: [image] }),
      withAnswer({ error: certificate }),
      withAnswer({ error: { ...certificate, shown: certificateSample } }),
      withAnswer({ status: { ...retrying, cause: 'limit' }, error: { ...http, retryAfterSeconds: 90 } }),
      withAnswer({
        content: [{ ...image, files }],
        attempts: [{ ...attempt, content: [{ ...image, files }], reasoning: null }],
      }),
    ]) {
      const read = again(conversation)
      expect(read).toEqual({ kind: 'read', conversation, isNewer: false, version: 1 })
      expect(read.kind === 'read' && writeConversation(read.conversation)).toBe(writeConversation(conversation))
    }
  })

  it('costs no more than itself when it is damaged: a stored copy can be fetched again (R04)', () => {
    for (const files of [[], 'x', null, { '/a': 5 }, { '/a': { ...file, bytes: 'many' } }]) {
      const text = writeConversation(withAnswer({ content: [{ ...image, files: {} }] })).replace(
        '"files": {}',
        `"files": ${JSON.stringify(files)}`,
      )
      expect(text).toContain(JSON.stringify(files))
      expect(readConversation(asked.id, text)).toEqual({
        kind: 'read',
        conversation: withAnswer({ content: [{ ...image, files: {} }] }),
        isNewer: false,
        version: 1,
      })
    }
  })
})

describe('a file of a newer version', () => {
  it('opens read-only and is never written (R38)', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    await first.create(healthy)
    await first.create(victim)
    const newer = JSON.stringify({ ...victim, version: 2, isUnread: true, mood: 'sunny' })
    await writeFile(first.pathOf(victim.id), newer)

    const library = libraryOn(root)
    await library.recover()
    expect(await library.open(victim.id)).toEqual({ ...victim, isUnread: true })
    expect((await library.list()).find(({ id }) => id === victim.id)).toMatchObject({
      isDamaged: false,
      title: victim.title,
    })
    for (const change of [
      library.update(victim.id, titleTo('x')),
      library.rename(victim.id, 'x'),
      library.pin(victim.id, true),
    ]) {
      expect(await refusal(change)).toEqual({ code: 'newer-file' })
    }
    await library.markRead(victim.id)
    await library.flush()
    expect(await readFile(library.pathOf(victim.id), 'utf8')).toBe(newer)
  })

  it('that cannot be understood is damaged, and is left alone', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    await first.create(victim)
    await writeFile(first.pathOf(victim.id), '{"version": 3, "pages": []}')
    const library = libraryOn(root)
    expect(await refusal(library.open(victim.id))).toEqual({ code: 'storage', reason: 'damaged' })
    expect(await readFile(library.pathOf(victim.id), 'utf8')).toBe('{"version": 3, "pages": []}')
  })
})

describe('a crash', () => {
  // What a script of changes has been told to be durable must be there, whatever the disk did last.
  const script = async (library: Library, id: string, done: (title: string) => void): Promise<void> => {
    await library.recover()
    await library.create({ ...conversationOf(id, [['Why?', 'So.']]), title: '0' })
    done('0')
    for (const title of ['1', '2']) {
      await library.update(id, titleTo(title))
      if (library.storageState().isSafe) done(title)
    }
    await library.trash(id)
    await library.restore(id)
    await library.update(id, titleTo('3'))
    if (library.storageState().isSafe) done('3')
    await library.list()
    await library.flush()
  }

  it('before any single call to the disk loses nothing that was said to be saved, and leaves no stray file (R06)', async () => {
    let calls = 0
    const root = await temporaryFolder()
    await script(
      libraryOn(
        join(root, 'count'),
        faultyDisk(() => ((calls += 1), null)),
      ),
      randomUUID(),
      () => undefined,
    )
    expect(calls).toBeGreaterThan(40)
    for (let crashAt = 1; crashAt <= calls; crashAt += 1) {
      const folder = join(root, String(crashAt))
      let call = 0
      // From here on the process is dead: nothing reaches the disk any more.
      const dying = faultyDisk(() => ((call += 1) >= crashAt ? 'EIO' : null))
      const id = randomUUID()
      const saved: string[] = []
      const library = libraryOn(folder, dying)
      await script(library, id, (title) => {
        if (call < crashAt) saved.push(title)
      }).catch((error: unknown) => expect(error).toBeInstanceOf(AppFailure))
      await library.close()

      const after = libraryOn(folder)
      await after.recover()
      const names = Object.keys(await filesUnder(folder))
      expect(names.filter((name) => name.endsWith('.tmp'))).toEqual([])
      if (saved.length === 0) continue
      if (!names.includes(`conversations/${id}.json`)) await after.restore(id)
      expect(Number((await after.open(id)).title)).toBeGreaterThanOrEqual(Number(saved.at(-1)))
    }
  })
})

describe('any sequence of operations', () => {
  const at = fc.nat(3)
  const steps = fc.array(
    fc.oneof(
      fc.record({ do: fc.constantFrom('create', 'trash', 'restore', 'pin', 'open'), at }),
      fc.record({ do: fc.constant('rename'), at, title: fc.string({ minLength: 1, maxLength: 10 }) }),
      fc.record({ do: fc.constantFrom('restart', 'loseIndex', 'list') }),
    ),
    { maxLength: 25 },
  )

  it('leaves what a simple model of a library says (R33, R46)', { timeout: 30_000 }, async () => {
    const base = await temporaryFolder()
    let run = 0
    await fc.assert(
      fc.asyncProperty(steps, async (sequence) => {
        run += 1
        const root = join(base, String(run))
        const ids = Array.from({ length: 4 }, () => randomUUID())
        const here = new Map<string, Conversation>()
        const trashed = new Map<string, Conversation>()
        let library = libraryOn(root, hastyDisk)
        for (const step of sequence) {
          const id = 'at' in step ? ids[step.at]! : ''
          const known = here.get(id)
          const gone = known === undefined ? { code: 'not-found', what: 'conversation' } : null
          switch (step.do) {
            case 'create': {
              const conversation = conversationOf(id, [[`Question of ${step.at}`, 'So.']])
              // An id in the trash is one that was used: nobody makes it twice.
              if (trashed.has(id)) break
              expect((await refusal(library.create(conversation)))?.code).toBe(
                known === undefined ? undefined : 'bad-request',
              )
              if (known === undefined) here.set(id, conversation)
              break
            }
            case 'open':
              if (known === undefined) expect(await refusal(library.open(id))).toEqual(gone)
              else expect(await library.open(id)).toEqual(known)
              break
            case 'pin':
              expect(await refusal(library.pin(id, true))).toEqual(gone)
              if (known !== undefined) here.set(id, { ...known, isPinned: true })
              break
            case 'rename':
              expect(await refusal(library.update(id, titleTo(step.title)))).toEqual(gone)
              if (known !== undefined) here.set(id, { ...known, title: step.title })
              break
            case 'trash':
              expect(await refusal(library.trash(id))).toEqual(gone)
              if (known !== undefined) trashed.set(id, known)
              here.delete(id)
              break
            case 'restore': {
              const back = trashed.get(id)
              expect(await refusal(library.restore(id))).toEqual((known ?? back) ? null : gone)
              if (known === undefined && back !== undefined) here.set(id, back)
              trashed.delete(id)
              break
            }
            case 'restart':
              await library.flush()
              await library.close()
              library = libraryOn(root, hastyDisk)
              break
            case 'loseIndex':
              await rm(join(root, 'index.json'), { force: true })
              break
            case 'list':
              expect(await listed(library)).toEqual([...here.keys()].sort())
              break
          }
        }
        await library.close()
        const last = libraryOn(root, hastyDisk)
        await last.recover()
        expect(await listed(last)).toEqual([...here.keys()].sort())
        for (const [id, conversation] of here) expect(await last.open(id)).toEqual(conversation)
        for (const [id, conversation] of trashed) {
          await last.restore(id)
          expect(await last.open(id)).toEqual(conversation)
        }
        await last.close()
      }),
      { numRuns: 60 },
    )
  })
})

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startMs = performance.now()
  await work()
  return Math.round(performance.now() - startMs)
}
