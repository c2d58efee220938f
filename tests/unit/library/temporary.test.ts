import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { StartGeneration } from '../../../src/shared/contract'
import { answerText, type AssistantMessage } from '../../../src/shared/conversation'
import { toAppError, type AppError } from '../../../src/shared/errors'
import { startOf } from '../../support/conversation-samples'
import { eventually } from '../../support/eventually'
import { gradient } from '../../support/images'
import { complete, openRooms, says } from '../../support/kept-rooms'
import { filesUnder, libraryOn, temporaryFolder } from '../../support/temporary-library'

const CANARY = 'canary words of a temporary chat'

const refusal = (promise: Promise<unknown>): Promise<AppError | null> => promise.then(() => null, toAppError)

const temporaryStart = (conversationId: string, text = CANARY, attachmentIds: string[] = []): StartGeneration => ({
  ...startOf(conversationId, { text, attachmentIds }),
  isTemporary: true,
})

async function answered(rooms: ReturnType<typeof openRooms>, request: StartGeneration): Promise<AssistantMessage> {
  const attached = await eventually(
    () => rooms.generations.attach(request.generationId),
    ({ message }) => message.state !== 'running',
    'the end of the answer',
  )
  return attached.message
}

describe('a temporary conversation', () => {
  it('is here like any other, and on no disk, in no journal, no index and no log', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const { library, drafts } = rooms
    await library.recover()
    await library.list()
    const id = randomUUID()
    const request = temporaryStart(id)
    const started = await rooms.ask(request)
    expect(started.conversation).toMatchObject({ id, isTemporary: true, isRunning: true })
    await drafts.set({ key: id, text: `${CANARY}, unsent`, attachments: [], changedAt: 1 })
    rooms.sessions[0]!.say(says(CANARY), { type: 'title', title: CANARY })
    await library.rename(id, `${CANARY}, renamed`)
    await library.flush()
    await drafts.flush()
    rooms.sessions[0]!.say(complete)
    expect(answerText(await answered(rooms, request))).toBe(CANARY)
    await library.pin(id, true)
    await library.flush()
    await library.compared()

    expect(await library.list()).toMatchObject([{ id, isTemporary: true, isPinned: true, isRunning: false }])
    expect((await library.open(id)).messages).toHaveLength(2)
    expect(await drafts.list()).toHaveLength(1)
    expect(JSON.stringify(await filesUnder(folder))).not.toContain('canary')
    expect(JSON.stringify(await filesUnder(folder))).not.toContain(id)
    expect(JSON.stringify(rooms.logged)).not.toContain('canary')
    expect(() => library.pathOf(id)).toThrow('not-found')

    // What a kill leaves.
    const after = libraryOn(join(folder, 'library'))
    expect(await after.recover()).toEqual([])
    expect(await after.list()).toEqual([])
  })

  it('stays in memory however many others are opened', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const id = randomUUID()
    const request = temporaryStart(id)
    await rooms.ask(request)
    rooms.sessions[0]!.say(says('So.'), complete)
    await answered(rooms, request)
    for (let count = 0; count < 40; count += 1) {
      const other = startOf(randomUUID())
      await rooms.ask(other)
      rooms.sessions.at(-1)!.say(says('x'), complete)
      await answered(rooms, other)
    }
    expect((await rooms.library.open(id)).messages).toHaveLength(2)
  })

  it('is a flag of the first question only: an ordinary conversation stays one', async () => {
    const rooms = openRooms(await temporaryFolder())
    const id = randomUUID()
    const first = startOf(id)
    await rooms.ask(first)
    rooms.sessions[0]!.say(says('x'), complete)
    await answered(rooms, first)
    const started = await rooms.ask(temporaryStart(id, 'More?'))
    expect(started.conversation.isTemporary).toBe(false)
    await rooms.generations.stopAll('stopped')
    expect(await rooms.library.list()).toMatchObject([{ isTemporary: false }])
  })

  it('is copied and branched in memory as well, and never goes to the trash', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const id = randomUUID()
    const request = temporaryStart(id)
    await rooms.ask(request)
    rooms.sessions[0]!.say(says('So.'), complete)
    await answered(rooms, request)
    expect(await rooms.generations.duplicate(id)).toMatchObject({ isTemporary: true })
    expect(await rooms.generations.branch(id, request.answerId)).toMatchObject({ isTemporary: true })
    expect(await refusal(rooms.library.trash(id))).toEqual({ code: 'bad-request', channel: 'conversation.trash' })
    await rooms.upkeep.trash(id)
    await rooms.library.flush()
    expect(await rooms.library.list()).toHaveLength(2)
    expect(await rooms.library.listTrash()).toEqual([])
    expect(JSON.stringify(await filesUnder(folder))).not.toContain('canary')
  })
})

describe('keeping', () => {
  it('puts it on disk before it resolves, with its draft', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const id = randomUUID()
    const request = temporaryStart(id)
    await rooms.ask(request)
    rooms.sessions[0]!.say(says('So.'), complete)
    await answered(rooms, request)
    await rooms.drafts.set({ key: id, text: 'unsent', attachments: [], changedAt: 1 })
    await rooms.upkeep.keep(id)

    const other = libraryOn(join(folder, 'library'))
    expect(await other.open(id)).toEqual(await rooms.library.open(id))
    expect(await rooms.library.open(id)).not.toHaveProperty('isTemporary')
    expect(await rooms.library.list()).toMatchObject([{ id, isTemporary: false }])
    await rooms.drafts.flush()
    expect((await filesUnder(folder))['drafts.json']).toContain('unsent')
    // Twice is harmless, and an ordinary one cannot be discarded any more.
    await rooms.upkeep.keep(id)
    expect(await refusal(rooms.upkeep.discard(id))).toEqual({ code: 'bad-request', channel: 'conversation.discard' })
    expect((await rooms.library.open(id)).messages).toHaveLength(2)
  })

  it.each(['before', 'while', 'after'] as const)(
    'while an answer runs begins its journal, with what was said %s: a kill loses nothing (R02)',
    async (when) => {
      const folder = await temporaryFolder()
      const rooms = openRooms(folder)
      const { library, generations } = rooms
      const id = randomUUID()
      const request = temporaryStart(id)
      await rooms.ask(request)
      const said = (text: string) =>
        eventually(
          () => generations.attach(request.generationId),
          ({ message }) => answerText(message) === text,
          text,
        )
      rooms.sessions[0]!.say(says('before '))
      await said('before ')
      if (when === 'before') await library.keep(id)
      else {
        const keeping = library.keep(id)
        rooms.sessions[0]!.say(says('while '))
        await keeping
        await said('before while ')
      }
      if (when === 'after') {
        rooms.sessions[0]!.say(says('after'))
        await said('before while after')
      }
      await library.flush()
      const text = answerText((await generations.attach(request.generationId)).message)

      // As if main were killed now.
      const journals = await filesUnder(join(folder, 'library', 'journals'))
      expect(Object.keys(journals)).toEqual([`${request.generationId}.jsonl`])
      expect(Object.values(journals)[0]).not.toContain('isTemporary')
      const copy = await temporaryFolder()
      for (const [name, content] of Object.entries(await filesUnder(join(folder, 'library')))) {
        await mkdir(join(copy, name, '..'), { recursive: true })
        await writeFile(join(copy, name), content)
      }
      const killed = libraryOn(copy)
      expect(await killed.recover()).toHaveLength(1)
      expect(answerText((await killed.open(id)).messages.at(-1) as AssistantMessage)).toBe(text)

      rooms.sessions[0]!.say(says('!'), complete)
      expect(answerText(await answered(rooms, request))).toBe(`${text}!`)
      await eventually(
        () => filesUnder(join(folder, 'library', 'journals')),
        (files) => Object.keys(files).length === 0,
        'the end of the journal',
      )
      expect((await libraryOn(join(folder, 'library')).open(id)).messages.at(-1)).toMatchObject({ state: 'complete' })
    },
  )

  it('that comes between two questions holds for the next one: its journal is a file', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const id = randomUUID()
    const request = temporaryStart(id)
    await rooms.ask(request)
    rooms.sessions[0]!.say(says('So.'), complete)
    await answered(rooms, request)
    const next = startOf(id, { text: 'And?', parentId: request.answerId })
    // Kept while the next start is under way.
    const [started] = await Promise.all([rooms.ask(next), rooms.library.keep(id)])
    expect(started.conversation.isTemporary).toBe(false)
    expect(Object.keys(await filesUnder(join(folder, 'library', 'journals')))).toEqual([`${next.generationId}.jsonl`])
    await rooms.generations.stopAll('stopped')
    expect((await libraryOn(join(folder, 'library')).open(id)).messages).toHaveLength(4)
  })
})

describe('discarding', () => {
  it('stops what runs, and leaves nothing: not in memory, not on disk, not what went over the wire', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const id = randomUUID()
    const request = temporaryStart(id)
    await rooms.ask(request)
    rooms.sessions[0]!.say(says(CANARY))
    await rooms.drafts.set({ key: id, text: CANARY, attachments: [], changedAt: 1 })
    await rooms.upkeep.discard(id)
    expect(rooms.sessions[0]!.signal.aborted).toBe(true)
    expect(rooms.forgotten).toContain(request.answerId)
    expect(await rooms.library.list()).toEqual([])
    expect(await rooms.drafts.list()).toEqual([])
    expect(await refusal(rooms.generations.open(id))).toEqual({ code: 'not-found', what: 'conversation' })
    expect(await refusal(rooms.generations.attach(request.generationId))).toMatchObject({ code: 'not-found' })
    expect(await refusal(rooms.upkeep.discard(id))).toEqual({ code: 'not-found', what: 'conversation' })
    await rooms.library.flush()
    expect(JSON.stringify(await filesUnder(folder))).not.toContain('canary')
    // The id is free again.
    await rooms.ask({ ...startOf(id), isTemporary: true })
    await rooms.generations.stopAll('stopped')
  })

  it('of an ordinary conversation is refused, and its answer goes on', async () => {
    const rooms = openRooms(await temporaryFolder())
    const request = startOf(randomUUID())
    await rooms.ask(request)
    const refused = await refusal(rooms.upkeep.discard(request.conversationId))
    expect(refused).toEqual({ code: 'bad-request', channel: 'conversation.discard' })
    rooms.sessions[0]!.say(says('goes on'), complete)
    expect(await answered(rooms, request)).toMatchObject({ state: 'complete' })
  })

  it('deletes the images that only it had, and no other', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const ids: string[] = []
    for (const size of [3, 5, 7, 9]) {
      const added = await rooms.attachments.addFile({ name: 'a.png', bytes: gradient(size, size) })
      if (!('attachment' in added)) throw new Error('not added')
      ids.push(added.attachment.id)
    }
    const [own, shared, drafted, other] = ids as [string, string, string, string]
    const ordinary = startOf(randomUUID(), { text: 'Look', attachmentIds: [shared, other] })
    await rooms.ask(ordinary)
    rooms.sessions[0]!.say(says('x'), complete)
    await answered(rooms, ordinary)
    const temporary = temporaryStart(randomUUID(), 'Look', [own, shared, drafted])
    await rooms.ask(temporary)
    rooms.sessions[1]!.say(says('x'), complete)
    await answered(rooms, temporary)
    const info = await rooms.attachments.find(drafted)
    await rooms.drafts.set({ key: 'new', text: '', attachments: [info!], changedAt: 1 })
    await rooms.upkeep.discard(temporary.conversationId)
    await rooms.upkeep.settled()
    expect((await rooms.attachments.list()).map(({ id }) => id).sort()).toEqual([shared, drafted, other].sort())
  })

  it('deletes what was spoken, and after a kill the next start deletes the images', async () => {
    const folder = await temporaryFolder()
    const rooms = openRooms(folder)
    const bytes = [gradient(3, 3), gradient(5, 5)]
    const added = await rooms.attachments.add(bytes.map((each) => ({ name: 'a.png', bytes: each })))
    const [shown, spoken] = added.map((each) => ('attachment' in each ? each.attachment.id : '')) as [string, string]
    const request = temporaryStart(randomUUID(), 'Look', [shown])
    await rooms.ask(request)
    rooms.spoken.set(request.answerId, spoken)
    rooms.sessions[0]!.say(says('x'), complete)
    await answered(rooms, request)
    await eventually(
      () => filesUnder(folder),
      (files) => files['library/leftovers.json']?.includes(shown) === true,
      'the list',
    )

    // Another process, which knows nothing of it.
    const next = openRooms(folder)
    await next.library.recover()
    await next.upkeep.round()
    expect((await next.attachments.list()).map(({ id }) => id)).toEqual([spoken])

    await rooms.upkeep.discardAll()
    expect(await rooms.attachments.list()).toEqual([])
    expect((await filesUnder(folder))['library/leftovers.json']).not.toContain(shown)
  })
})
