import { randomUUID } from 'node:crypto'
import { mkdir, readdir, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { writeConversation } from '../../../src/main/library/schema'
import { toAppError } from '../../../src/shared/errors'
import { conversationOf, userMessage } from '../../support/conversation-samples'
import { faultyDisk } from '../../support/faulty-disk'
import { gradient } from '../../support/images'
import { openRooms } from '../../support/kept-rooms'
import { filesUnder, libraryOn, setClock, temporaryFolder } from '../../support/temporary-library'

const DAY_MS = 86_400_000
const NOW_MS = Date.now()

/** A file that was thrown away at that time, and written then at the latest. */
async function putInTrash(root: string, id: string, atMs: number): Promise<string> {
  const name = `${id}.${atMs}.json`
  await writeFile(join(root, 'trash', name), '{}')
  await utimes(join(root, 'trash', name), atMs / 1000, atMs / 1000)
  return name
}

const sample = (title: string) => conversationOf(randomUUID(), [[title, 'So.']])

describe('the trash (R46)', () => {
  it('lists what is in it, the latest first, damaged files as well, with the day on which each goes', async () => {
    const root = await temporaryFolder()
    const clock = setClock(1000 * DAY_MS)
    const library = libraryOn(root, undefined, clock, { trashDays: () => 7 })
    const [a, b] = [sample('a'), sample('b')]
    for (const each of [a, b]) await library.create(each)
    await library.trash(a.id)
    clock.nowMs += DAY_MS
    await library.trash(b.id)
    const damaged = randomUUID()
    await writeFile(join(root, 'trash', `${damaged}.5.json`), 'no')
    await writeFile(join(root, 'trash', 'notes.txt'), 'mine')
    expect(await library.listTrash()).toMatchObject([
      { summary: { id: b.id, title: 'b' }, deletedAt: 1001 * DAY_MS, expiresAt: 1008 * DAY_MS },
      { summary: { id: a.id, title: 'a' }, deletedAt: 1000 * DAY_MS, expiresAt: 1007 * DAY_MS },
      { summary: { id: damaged, isDamaged: true }, deletedAt: 5 },
    ])
    await library.restore(a.id)
    expect((await library.listTrash()).map(({ summary }) => summary.id)).toEqual([b.id, damaged])
    expect(await library.open(a.id)).toEqual(a)
  })

  it('lists a conversation as often as it was thrown away, each time with its own file', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'trash'))
    const twice = sample('first')
    await writeFile(join(root, 'trash', `${twice.id}.10.json`), writeConversation(twice))
    await writeFile(join(root, 'trash', `${twice.id}.20.json`), writeConversation({ ...twice, title: 'second' }))
    const library = libraryOn(root)
    expect(await library.listTrash()).toMatchObject([
      { deletedAt: 20, summary: { title: 'second' }, file: `${twice.id}.20.json` },
      { deletedAt: 10, summary: { title: 'first' }, file: `${twice.id}.10.json` },
    ])
    // Deleting one never takes the other along, and of a conversation that lies there again nothing is gone yet.
    expect(await library.deleteFromTrash([`${twice.id}.20.json`])).toEqual([])
    expect(await library.listTrash()).toMatchObject([{ summary: { title: 'first' } }])
    expect(await library.deleteFromTrash([`${twice.id}.10.json`])).toEqual([twice.id])
  })

  it('is emptied of what is older than the settings say, by the time in the name; never when they say never', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'trash'))
    const clock = setClock(NOW_MS)
    const ids = [6, 8, 29, 31, 91].map((days) => ({ days, id: randomUUID() }))
    for (const { days, id } of ids) await putInTrash(root, id, NOW_MS - days * DAY_MS)
    let days: number | null = null
    const library = libraryOn(root, undefined, clock, { trashDays: () => days })
    const older = (limit: number): string[] => ids.filter((each) => each.days > limit).map(({ id }) => id)
    expect(await library.expired()).toEqual([])
    for (days of [90, 30, 7]) {
      expect((await library.expired()).map((name) => name.slice(0, 36)).sort()).toEqual(older(days).sort())
    }
    // A clock that was set back deletes nothing.
    clock.nowMs = 5
    expect(await library.expired()).toEqual([])
  })

  it('keeps each file for as long as it has been there, however often its conversation was thrown away', async () => {
    const root = await temporaryFolder()
    await mkdir(join(root, 'trash'))
    const [id, clock] = [randomUUID(), setClock(NOW_MS)]
    const old = await putInTrash(root, id, NOW_MS - 35 * DAY_MS)
    const young = await putInTrash(root, id, NOW_MS - DAY_MS)
    const library = libraryOn(root, undefined, clock)
    expect(await library.expired()).toEqual([old])
    clock.nowMs += 40 * DAY_MS
    expect(await library.expired()).toEqual([young, old])
    await library.deleteFromTrash([young, old])
    expect(await readdir(join(root, 'trash'))).toEqual([])
  })

  it('puts no file over another, though the clock stands still', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const conversation = sample('a')
    for (let round = 0; round < 3; round += 1) {
      await library.create({ ...conversation, title: `round ${round}` })
      await library.trash(conversation.id)
    }
    expect(await readdir(join(root, 'trash'))).toHaveLength(3)
    expect((await library.listTrash()).map(({ summary }) => summary.title)).toEqual(['round 2', 'round 1', 'round 0'])
    await library.restore(conversation.id)
    expect(await library.open(conversation.id)).toMatchObject({ title: 'round 2' })
  })

  it('deletes only what is in it: ids of conversations that live, and of none, are passed over', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(root)
    const [alive, dead] = [sample('alive'), sample('dead')]
    for (const each of [alive, dead]) await library.create(each)
    await library.trash(dead.id)
    await library.deleteFromTrash([alive.id, randomUUID(), '../x'])
    expect(await library.listTrash()).toHaveLength(1)
    await library.deleteFromTrash([alive.id, dead.id])
    expect(await library.listTrash()).toEqual([])
    expect(await library.open(alive.id)).toEqual(alive)
  })

  it('says when the disk refuses', async () => {
    const root = await temporaryFolder()
    const library = libraryOn(
      root,
      faultyDisk(({ name, path }) => (name === 'unlink' && path.includes('trash') ? 'EROFS' : null)),
    )
    const conversation = sample('a')
    await library.create(conversation)
    await library.trash(conversation.id)
    const error = await library.deleteFromTrash([conversation.id]).catch(toAppError)
    expect(error).toEqual({ code: 'storage', reason: 'read-only' })
    expect(await library.listTrash()).toHaveLength(1)
  })
})

describe('deleting for good', () => {
  it('takes the draft and the images along that only this conversation had (issue 4, 8)', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const added = await rooms.attachments.add([3, 5].map((size) => ({ name: 'a.png', bytes: gradient(size, size) })))
    const [own, shared] = added.flatMap((each) => ('attachment' in each ? each.attachment : []))
    const withImages = (images: (typeof own)[]) => {
      const question = { ...userMessage('Look'), attachments: images.flatMap((image) => image ?? []) }
      return { ...sample('Look'), headId: question.id, messages: [question] }
    }
    const [gone, other] = [withImages([own, shared]), withImages([shared])]
    for (const each of [gone, other]) await rooms.library.create(each)
    for (const { id } of [gone, other]) {
      await rooms.drafts.set({ key: id, text: 'unsent', attachments: [], changedAt: 1 })
    }
    await rooms.upkeep.trash(gone.id)
    await rooms.upkeep.deleteFromTrash([gone.id, other.id])
    await rooms.upkeep.settled()
    expect((await rooms.attachments.list()).map(({ id }) => id)).toEqual([shared?.id])
    expect((await rooms.drafts.list()).map(({ key }) => key)).toEqual([other.id])
    expect(await rooms.library.listTrash()).toEqual([])
  })

  it('happens to what has been in the trash for too long, in the round of each day', async () => {
    const folder = await temporaryFolder()
    const clock = setClock()
    const rooms = openRooms(folder, { clock })
    const conversation = sample('a')
    await rooms.library.create(conversation)
    await utimes(rooms.library.pathOf(conversation.id), clock.nowMs / 1000, clock.nowMs / 1000)
    await rooms.library.trash(conversation.id)
    clock.nowMs += 29 * DAY_MS
    await rooms.upkeep.round()
    expect(await rooms.library.listTrash()).toHaveLength(1)
    clock.nowMs += 2 * DAY_MS
    await rooms.upkeep.round()
    expect(await filesUnder(join(folder, 'library', 'trash'))).toEqual({})
  })
})
