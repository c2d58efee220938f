import { randomUUID } from 'node:crypto'
import { mkdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ConversationChange } from '../../../src/shared/contract'
import { answerText, type AssistantMessage, type Conversation } from '../../../src/shared/conversation'
import { toAppError, type AppError } from '../../../src/shared/errors'
import { journalStart } from '../../../src/main/library/journal'
import type { StampedConversation } from '../../../src/main/library/contents'
import { diskFileSystem, type FileSystem } from '../../../src/main/library/files'
import type { Library } from '../../../src/main/library/library'
import { writeConversation } from '../../../src/main/library/schema'
import { conversationOf, newAnswer } from '../../support/conversation-samples'
import { faultyDisk } from '../../support/faulty-disk'
import { filesUnder, libraryOn, setClock, temporaryFolder } from '../../support/temporary-library'

const sample = (title: string, updatedAt = 1_700_000_000_000): Conversation => ({
  ...conversationOf(randomUUID(), [[title, `About ${title}.`]]),
  updatedAt,
})

async function all(library: Library, ids?: Iterable<string>): Promise<StampedConversation[]> {
  const found: StampedConversation[] = []
  for await (const each of library.readAll(ids)) found.push(each)
  return found
}

const refusal = (promise: Promise<unknown>): Promise<AppError | null> => promise.then(() => null, toAppError)

describe('reading all conversations', () => {
  it('brings each once, the latest first, damaged and temporary ones left out (R04)', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    const [old, middle, latest] = [sample('old', 1), sample('middle', 2), sample('latest', 3)]
    for (const each of [middle, latest, old]) await first.create(each)
    await first.close()
    await writeFile(join(root, 'conversations', `${randomUUID()}.json`), '{"version": 1, "messages"')
    await writeFile(join(root, 'conversations', 'notes.txt'), 'mine')

    const library = libraryOn(root)
    const temporary: Conversation = { ...sample('secret'), isTemporary: true }
    await library.create(temporary)
    const found = await all(library)
    expect(found.map(({ conversation }) => conversation)).toEqual([latest, middle, old])
    expect(new Map(found.map(({ id, stamp }) => [id, stamp]))).toEqual(
      new Map([...(await library.stamps())].filter(([id]) => [old.id, middle.id, latest.id].includes(id))),
    )
    expect([...(await library.stamps()).keys()]).not.toContain(temporary.id)
  })

  it('takes what memory has and the disk has refused (R07)', async () => {
    const root = await temporaryFolder()
    let isFull = false
    const library = libraryOn(
      root,
      faultyDisk(({ name }) => (isFull && ['open', 'write', 'mkdir'].includes(name) ? 'ENOSPC' : null)),
    )
    const kept = sample('kept')
    await library.create(kept)
    const before = (await library.stamps()).get(kept.id)
    isFull = true
    await library.rename(kept.id, 'renamed')
    const unsaved = sample('unsaved')
    await library.create(unsaved)
    const found = await all(library)
    expect(found.map(({ conversation }) => conversation.title).sort()).toEqual(['renamed', 'unsaved'])
    const stamps = await library.stamps()
    expect(stamps.get(kept.id)).not.toBe(before)
    expect(found.every(({ id, stamp }) => stamps.get(id) === stamp)).toBe(true)
  })

  it('has also what no index knows yet, without being told to wait', async () => {
    const root = await temporaryFolder()
    const writer = libraryOn(root)
    for (let count = 0; count < 80; count += 1) await writer.create(sample(`n${count}`))
    await writer.close()
    expect(await all(libraryOn(root))).toHaveLength(80)
  })

  it('reads only what is asked for, and passes over what is gone or no id', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const [a, b, c] = [sample('a'), sample('b'), sample('c')]
    for (const each of [a, b, c]) await library.create(each)
    await library.trash(c.id)
    const found = await all(library, [b.id, c.id, randomUUID(), '../x', a.id])
    expect(found.map(({ id }) => id)).toEqual([b.id, a.id])
  })

  it('says of one of a newer Parley that only its file is whole (R38)', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'conversations'))
    const newer = sample('newer')
    const text = writeConversation(newer).replace('"version": 1', '"version": 7')
    await writeFile(join(root, 'conversations', `${newer.id}.json`), text)
    expect(await all(libraryOn(root))).toMatchObject([{ id: newer.id, isNewer: true }])
  })

  it('does not hold what it reads: hundreds pass through, a page is read at a time', async () => {
    const root = await temporaryFolder()
    const writer = libraryOn(root)
    for (let count = 0; count < 60; count += 1) await writer.create(sample(`n${count}`))
    await writer.close()
    let open = 0
    let most = 0
    const disk = faultyDisk(() => null)
    const library = libraryOn(root, {
      ...disk,
      readFile: (async (...args: Parameters<typeof disk.readFile>) => {
        open += 1
        most = Math.max(most, open)
        try {
          return await disk.readFile(...args)
        } finally {
          open -= 1
        }
      }) as typeof disk.readFile,
    })
    await library.list()
    await library.compared()
    most = 0
    expect(await all(library)).toHaveLength(60)
    expect(most).toBe(1)
  })
})

describe('stamps', () => {
  it('are the same after a restart, and change with the content', async () => {
    const root = await temporaryFolder()
    const first = libraryOn(root)
    const [a, b] = [sample('a'), sample('b')]
    for (const each of [a, b]) await first.create(each)
    const before = await first.stamps()
    await first.flush()
    await first.close()
    const second = libraryOn(root)
    expect(await second.stamps()).toEqual(before)
    await second.rename(a.id, 'other')
    const after = await second.stamps()
    expect(after.get(a.id)).not.toBe(before.get(a.id))
    expect(after.get(b.id)).toBe(before.get(b.id))
    await second.flush()
    await second.close()

    // Written by somebody else while Parley was not there.
    await writeFile(join(root, 'conversations', `${b.id}.json`), writeConversation({ ...b, title: 'B' }))
    await utimes(join(root, 'conversations', `${b.id}.json`), 1, 1)
    const third = libraryOn(root)
    const changed = await third.stamps()
    expect(changed.get(b.id)).not.toBe(before.get(b.id))
    expect(changed.get(a.id)).toBe(after.get(a.id))
  })
})

describe('merging', () => {
  it('adds what is not here, durably, and tells of it', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    await library.list()
    const changes: ConversationChange[] = []
    library.onChange((some) => changes.push(...some))
    const incoming = sample('from elsewhere')
    expect(await library.merge(incoming)).toBe('added')
    expect(changes).toMatchObject([{ kind: 'upsert', summary: { id: incoming.id, title: 'from elsewhere' } }])
    expect(await libraryOn(root).open(incoming.id)).toEqual(incoming)
    expect(await all(library)).toMatchObject([{ conversation: incoming }])
  })

  it('replaces what is older, and puts that into the trash as a conversation of its own', async () => {
    const root = await temporaryFolder()
    const clock = setClock()
    const library = libraryOn(root, undefined, clock)
    const old = sample('mine', 1000)
    await library.create(old)
    const path = library.pathOf(old.id)
    const before = await readFile(path, 'utf8')
    const newer: Conversation = { ...sample('theirs', 2000), id: old.id }
    const newest: Conversation = { ...sample('theirs again', 3000), id: old.id }
    expect(await library.merge(newer)).toBe('replaced')
    expect(await library.merge(newest)).toBe('replaced')
    expect(await library.open(old.id)).toEqual(newest)

    const trashed = await library.listTrash()
    expect(trashed.map(({ summary }) => summary.title).sort()).toEqual(['mine', 'theirs'])
    expect(trashed.map(({ summary }) => summary.id)).not.toContain(old.id)
    expect(Object.values(await filesUnder(join(root, 'trash')))).toContain(before)
    const mine = trashed.find(({ summary }) => summary.title === 'mine')!
    await library.restore(mine.summary.id)
    expect((await library.open(mine.summary.id)).messages).toEqual(old.messages)
    expect((await library.list()).map(({ title }) => title).sort()).toEqual(['mine', 'theirs again'])
  })

  it('never replaces what is as new or newer, what runs, what is temporary, or what a newer Parley wrote', async () => {
    const root = await temporaryFolder()
    const newer = sample('newer version', 1000)
    await mkdir(join(root, 'conversations'))
    const newerText = writeConversation(newer).replace('"version": 1', '"version": 9')
    await writeFile(join(root, 'conversations', `${newer.id}.json`), newerText)
    const library = libraryOn(root)
    const here = sample('here', 2000)
    await library.create(here)
    const temporary: Conversation = { ...sample('temporary', 1000), isTemporary: true }
    await library.create(temporary)
    const answer = newAnswer()
    const base = sample('running', 1000)
    const running = { ...base, headId: answer.id, messages: [...base.messages, { ...answer, parentId: base.headId }] }
    await library.journal(journalStart(running, answer))
    await library.create(running)
    const files = await filesUnder(root)

    const with_ = (id: string, updatedAt: number): Conversation => ({ ...sample('x', updatedAt), id })
    const refused = { code: 'bad-request', channel: 'conversation' }
    expect(await refusal(library.merge(with_(here.id, 2000)))).toEqual(refused)
    expect(await refusal(library.merge(with_(here.id, 1999)))).toEqual(refused)
    expect(await refusal(library.merge(with_(temporary.id, 5000)))).toEqual(refused)
    expect(await refusal(library.merge(with_(running.id, 5000)))).toEqual({ code: 'busy' })
    expect(await refusal(library.merge(with_(newer.id, 5000)))).toEqual({ code: 'newer-file' })
    expect(await refusal(library.merge(with_('../../x', 5000)))).toEqual(refused)
    expect(await refusal(library.merge({ ...sample('x'), messages: [{} as AssistantMessage] }))).toEqual(refused)
    expect(await filesUnder(root)).toEqual(files)
  })

  it('keeps in the trash what the disk had refused until then (R07)', async () => {
    const root = await temporaryFolder()
    let isFull = true
    const library = libraryOn(
      root,
      faultyDisk(({ name, path }) => (isFull && name === 'open' && path.endsWith('.tmp') ? 'ENOSPC' : null)),
    )
    const here = sample('here', 1000)
    await library.create(here)
    isFull = false
    expect(await library.merge({ ...sample('there', 2000), id: here.id })).toBe('replaced')
    expect((await library.listTrash()).map(({ summary }) => summary.title)).toEqual([here.title])
  })

  it('finds an answer that begins while it looks', async () => {
    const root = await temporaryFolder()
    const here = sample('here', 1000)
    const path = join(root, 'conversations', `${here.id}.json`)
    let look: () => void = () => undefined
    let isSlow = false
    const library = libraryOn(root, {
      ...diskFileSystem,
      stat: (async (each: string) => {
        if (isSlow && each === path) await new Promise<void>((resolve) => (look = resolve))
        return diskFileSystem.stat(each)
      }) as FileSystem['stat'],
    })
    await library.create(here)
    isSlow = true
    const merging = refusal(library.merge({ ...sample('there', 2000), id: here.id }))
    const answer = { ...newAnswer(), parentId: here.headId }
    const asked = { ...here, headId: answer.id, messages: [...here.messages, answer] }
    await library.journal(journalStart(asked, answer))
    isSlow = false
    look()
    expect(await merging).toEqual({ code: 'busy' })
    expect((await library.open(here.id)).messages).toEqual(here.messages)
  })

  it('replaces a damaged file, which goes to the trash as it was (R04)', async () => {
    const root = await temporaryFolder()
    const incoming = sample('whole')
    await mkdir(join(root, 'conversations'))
    const damaged = Buffer.from([0xff, 0xfe, 0x00, 0x7b])
    await writeFile(join(root, 'conversations', `${incoming.id}.json`), damaged)
    const library = libraryOn(root)
    expect(await library.merge(incoming)).toBe('replaced')
    expect(await library.open(incoming.id)).toEqual(incoming)
    const [trashed] = await library.listTrash()
    expect(trashed).toMatchObject({ summary: { isDamaged: true } })
    const [name] = Object.keys(await filesUnder(join(root, 'trash')))
    expect(await readFile(join(root, 'trash', name!))).toEqual(damaged)
  })

  it('takes an answer that is said to run for what it is: interrupted', async () => {
    const root = await temporaryFolder()
    const answer: AssistantMessage = { ...newAnswer(), content: [{ type: 'text', text: 'so far' }] }
    const incoming = { ...sample('x'), headId: answer.id, messages: [answer] }
    const library = libraryOn(root)
    await library.merge(incoming)
    const [merged] = (await library.open(incoming.id)).messages as AssistantMessage[]
    expect(merged).toMatchObject({ state: 'interrupted' })
    expect(answerText(merged!)).toBe('so far')
    expect((await library.list())[0]).toMatchObject({ isRunning: false })
  })

  it('changes nothing when the disk refuses, at whichever step (R07)', async () => {
    for (let failing = 0; ; failing += 1) {
      const root = await temporaryFolder()
      const old = sample('mine', 1000)
      await libraryOn(root).create(old)
      let isFailing = false
      let call = 0
      const library = libraryOn(
        root,
        faultyDisk(({ name }) => {
          if (!isFailing || !['open', 'write', 'sync', 'rename', 'readFile'].includes(name)) return null
          return call++ === failing ? 'ENOSPC' : null
        }),
      )
      await library.list()
      isFailing = true
      const outcome = await refusal(library.merge({ ...sample('theirs', 2000), id: old.id }))
      isFailing = false
      if (call <= failing) {
        expect(outcome).toBeNull()
        expect(failing).toBeGreaterThan(8)
        break
      }
      const opened = await libraryOn(root).open(old.id)
      // Whole in any case: what it was, or, when only the last sync failed, what it was to become.
      expect(['mine', 'theirs']).toContain(opened.title)
      if (outcome !== null) expect(outcome).toMatchObject({ code: 'storage' })
      if (outcome !== null) expect((await library.open(old.id)).title).toBe('mine')
    }
  })
})
