import { randomUUID } from 'node:crypto'
import { mkdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { summarize, withoutBidiControls } from '../../../src/shared/conversation'
import { readConversation, readIndex, writeConversation, writeIndex } from '../../../src/main/library/schema'
import { conversationOf } from '../../support/conversation-samples'
import { openRooms } from '../../support/kept-rooms'
import { filesUnder, libraryOn, setClock, temporaryFolder } from '../../support/temporary-library'

const DAY_MS = 86_400_000
const NOW_MS = Date.UTC(2026, 10, 22)

describe('the trash and a clock that is wrong (R34)', () => {
  it.each([
    ['in 1970', 1000],
    ['long before the chat was written', Date.UTC(2026, 1, 1)],
    ['in the future', Date.UTC(2090, 0, 1)],
  ])('what was thrown away %s has its days from now on', async (_when, deletedMs) => {
    const root = await temporaryFolder()
    const clock = setClock(NOW_MS)
    const library = libraryOn(root, undefined, clock)
    const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
    await library.create(conversation)
    await utimes(library.pathOf(conversation.id), NOW_MS / 1000, NOW_MS / 1000)
    clock.nowMs = deletedMs
    await library.trash(conversation.id)
    clock.nowMs = NOW_MS
    expect(await library.expired()).toEqual([])
    expect(await library.listTrash()).toMatchObject([{ deletedAt: NOW_MS, expiresAt: NOW_MS + 30 * DAY_MS }])
    clock.nowMs += 31 * DAY_MS
    expect(await library.expired()).toHaveLength(1)
  })

  it('while the clock itself says 1970 nothing is over', async () => {
    const clock = setClock(NOW_MS)
    const library = libraryOn(await temporaryFolder(), undefined, clock)
    const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
    await library.create(conversation)
    clock.nowMs = 0
    await library.trash(conversation.id)
    clock.nowMs = 40 * DAY_MS
    expect(await library.expired()).toEqual([])
  })

  it('what was thrown away in time is over in time', async () => {
    const clock = setClock(NOW_MS)
    const library = libraryOn(await temporaryFolder(), undefined, clock)
    const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
    await library.create(conversation)
    await utimes(library.pathOf(conversation.id), NOW_MS / 1000, NOW_MS / 1000)
    await library.trash(conversation.id)
    clock.nowMs += 31 * DAY_MS
    expect(await library.expired()).toHaveLength(1)
  })
})

describe('deleting for good', () => {
  it('takes the saved text, the file of an earlier version and the journal that was set aside', async () => {
    const folder = await temporaryFolder()
    const root = join(folder, 'library')
    const { library, upkeep } = openRooms(folder)
    const [gone, other] = [conversationOf(randomUUID(), [['Why?', 'So.']]), conversationOf(randomUUID(), [['a', 'b']])]
    for (const each of [gone, other]) await library.create(each)
    const put = async (path: string, text: string): Promise<void> => {
      await mkdir(join(root, path, '..'), { recursive: true })
      await writeFile(join(root, path), text)
    }
    const journal = (id: string): string => JSON.stringify({ version: 1, conversation: { id } })
    for (const { id } of [gone, other]) {
      await put(`recovered/${id}.txt`, 'words')
      await put(`earlier/${id}.v1.json`, '{}')
      await put(`journals/${randomUUID()}.jsonl.damaged`, journal(id))
    }
    await library.trash(gone.id)
    expect(Object.keys(await filesUnder(join(root, 'recovered')))).toHaveLength(2)
    await upkeep.deleteFromTrash([gone.id])
    const left = await filesUnder(root)
    expect(JSON.stringify(left)).not.toContain(gone.id)
    const names = Object.keys(left)
    expect(names).toContain(`recovered/${other.id}.txt`)
    expect(names).toContain(`earlier/${other.id}.v1.json`)
    expect(names.filter((name) => name.endsWith('.damaged'))).toHaveLength(1)
  })

  it('leaves them while the chat is here as well', async () => {
    const folder = await temporaryFolder()
    const root = join(folder, 'library')
    const { library, upkeep } = openRooms(folder)
    const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
    await library.create(conversation)
    await mkdir(join(root, 'recovered'))
    await writeFile(join(root, 'recovered', `${conversation.id}.txt`), 'words')
    await mkdir(join(root, 'trash'), { recursive: true })
    const name = `${conversation.id}.${Date.now()}.json`
    await writeFile(join(root, 'trash', name), writeConversation(conversation))
    await upkeep.deleteFromTrash([name])
    expect(Object.keys(await filesUnder(root))).toContain(`recovered/${conversation.id}.txt`)
  })
})

describe('a date that is none', () => {
  const base = conversationOf(randomUUID(), [['Why?', 'So.']])
  const lastSaidMs = Math.max(...base.messages.map(({ createdAt }) => createdAt))

  it.each(['1e300', '1e999', '-5', 'null', '9007199254740991'])('is told by the messages: %s (R04)', (written) => {
    const text = writeConversation(base).replace(/"updatedAt": \d+/u, `"updatedAt": ${written}`)
    expect(text).toContain(`"updatedAt": ${written}`)
    expect(readConversation(base.id, text)).toMatchObject({
      kind: 'read',
      conversation: { updatedAt: lastSaidMs, messages: base.messages },
    })
  })

  it('of a message counts as none, and in the index its row is read from the file', () => {
    const text = writeConversation(base).replaceAll(/"(createdAt|updatedAt)": \d+/gu, '"$1": 1e300')
    expect(readConversation(base.id, text)).toMatchObject({ conversation: { createdAt: 0, updatedAt: 0 } })
    const row = { bytes: 1, modifiedMs: 1, summary: summarize(base) }
    const odd = { ...row, summary: { ...row.summary, updatedAt: 1e300 } }
    expect(readIndex(writeIndex([row, odd]))).toEqual([row])
  })
})

describe('a file under a foreign name', () => {
  it('is named by the check, and taken in by the repair as it is', async () => {
    const folder = await temporaryFolder()
    const { library, upkeep } = openRooms(folder)
    const kept = conversationOf(randomUUID(), [['Why?', 'So.']])
    const loud = conversationOf(randomUUID(), [['LOUD?', 'SO.']])
    await library.create(kept)
    const put = (name: string, text: string) => writeFile(join(folder, 'library', 'conversations', name), text)
    const copy = { ...kept, title: 'The other copy' }
    await put(`${kept.id} (conflicted copy).json`, writeConversation(copy))
    await put(`${loud.id.toUpperCase()}.json`, writeConversation(loud))
    await put('notes.json', '{"a": 1}')
    const { faults } = await upkeep.check()
    expect(faults).toContainEqual({
      kind: 'foreign-file',
      fileName: `${kept.id} (conflicted copy).json`,
      title: 'The other copy',
    })
    expect(faults.filter(({ kind }) => kind === 'foreign-file')).toHaveLength(2)

    expect((await upkeep.repair()).faults).toEqual([])
    const listed = await library.list()
    expect(listed).toHaveLength(3)
    const added = listed.find(({ title }) => title === 'The other copy')!
    expect(added.id).not.toBe(kept.id)
    expect((await library.open(added.id)).messages).toEqual(kept.messages)
    expect((await library.open(loud.id)).messages).toEqual(loud.messages)
    expect((await library.open(kept.id)).title).toBe(kept.title)
    const names = Object.keys(await filesUnder(join(folder, 'library', 'conversations')))
    expect(names.sort()).toEqual([...listed.map(({ id }) => `${id}.json`), 'notes.json'].sort())
  })
})

describe('a title that turns its order around (S39)', () => {
  it('is shown in the order of its letters', async () => {
    const library = libraryOn(await temporaryFolder())
    const conversation = { ...conversationOf(randomUUID(), [['a', 'b']]), title: 'invoice \u202Egpj.exe\u2066!' }
    await library.create(conversation)
    expect(await library.list()).toMatchObject([{ title: 'invoice gpj.exe!' }])
    await library.trash(conversation.id)
    expect(await library.listTrash()).toMatchObject([{ summary: { title: 'invoice gpj.exe!' } }])
    const row = { bytes: 1, modifiedMs: 1, summary: { ...summarize(conversation), title: conversation.title } }
    expect(readIndex(writeIndex([row]))).toMatchObject([{ summary: { title: 'invoice gpj.exe!' } }])
    // Marks of direction stay: Hebrew and Arabic need them.
    expect(withoutBidiControls('\u200Fשלום\u200E a')).toBe('\u200Fשלום\u200E a')
  })
})
