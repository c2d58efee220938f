import { randomUUID } from 'node:crypto'
import { readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Library } from '../../../src/main/library/library'
import { toAppError } from '../../../src/shared/errors'
import { openArchive } from '../../../src/main/transfer/archive'
import { writeBackup } from '../../../src/main/transfer/backup'
import { Restore } from '../../../src/main/transfer/restore'
import { conversationOf, userMessage } from '../../support/conversation-samples'
import { png } from '../../support/images'
import { mp3, wav } from '../../support/sounds'
import { backupOf, choiceOf, restoreFile, transferHouse, type TransferHouse } from '../../support/transfer-house'
import { hastyDisk, libraryOn } from '../../support/temporary-library'

async function houseWithChat(): Promise<TransferHouse & { id: string; pictureId: string }> {
  const house = await transferHouse()
  const added = await house.attachments.addFile({ name: 'sunset.png', bytes: png() })
  if (!added.ok || !('attachment' in added)) throw new Error('no picture')
  const chat = conversationOf(randomUUID(), [['What is this?', 'A sunset.']])
  const [question] = chat.messages
  if (question?.role === 'user') question.attachments = [added.attachment]
  await house.library.create(chat)
  return { ...house, id: chat.id, pictureId: added.attachment.id }
}

/** Another good backup, of one chat more. */
async function swappedIn(house: TransferHouse): Promise<Buffer> {
  await house.library.create(conversationOf(randomUUID(), [['not', 'wanted']]))
  return backupOf(house)
}

const sayMore = (house: TransferHouse, id: string, text: string) =>
  house.library.update(id, (now) => ({
    ...now,
    updatedAt: now.updatedAt + 1000,
    messages: [...now.messages, userMessage(text, now.headId)],
  }))

it('brings sounds, texts and PDFs of questions back, byte for byte', async () => {
  const house = await transferHouse()
  const files = {
    'tone.wav': wav(),
    'song.mp3': mp3().subarray(10),
    'notes.txt': Buffer.from('Grüße\n'.repeat(2000)),
    'plan.pdf': Buffer.from('%PDF-1.7\n%\xe2\xe3\n', 'latin1'),
  }
  const added = await house.attachments.add(Object.entries(files).map(([name, bytes]) => ({ name, bytes })))
  const attachments = added.flatMap((each) => ('attachment' in each ? [each.attachment] : []))
  expect(attachments.map(({ mime }) => mime)).toEqual(['audio/wav', 'audio/mpeg', 'text/plain', 'application/pdf'])
  const chat = conversationOf(randomUUID(), [['What is this?', 'Four files.']])
  const [question] = chat.messages
  if (question?.role === 'user') question.attachments = attachments
  await house.library.create(chat)

  const other = await transferHouse()
  const { done } = await restoreFile(other, { name: 'b.zip', bytes: await backupOf(house) })
  expect(done).toMatchObject({ added: 1, missing: 0, problems: [] })
  for (const [index, bytes] of Object.values(files).entries()) {
    const file = await other.attachments.file(attachments[index]!.id)
    expect(file).toMatchObject({ mime: attachments[index]!.mime })
    expect((await readFile(file!.path)).equals(bytes)).toBe(true)
  }
  const [restored] = [...(await other.all()).values()]
  expect(restored?.messages[0]).toMatchObject({ attachments })
})

it('C2: says that a newer one lies in the trash, and leaves it there whole', async () => {
  const house = await houseWithChat()
  const bytes = await backupOf(house)
  await sayMore(house, house.id, 'said later')
  await house.library.trash(house.id)
  const { plan, done } = await restoreFile(house, { name: 'b.zip', bytes })
  expect(plan.items).toMatchObject([{ id: house.id, outcome: 'newer-in-trash' }])
  expect(done).toMatchObject({ added: 1, kept: 0 })
  const trashed = await house.library.listTrash()
  expect(trashed.map(({ messages }) => messages)).toEqual([2])
  expect(JSON.stringify([...(await house.all()).values()])).not.toContain('said later')
})

it('C2: one that is no older than that in the trash is new', async () => {
  const house = await houseWithChat()
  const bytes = await backupOf(house)
  await house.library.trash(house.id)
  await house.put('b.zip', bytes)
  const plan = await house.transfer.planRestore(house.window, house.desk)
  expect(plan?.items).toMatchObject([{ outcome: 'new' }])
})

it('M9: a file that was put in the place of the one that was looked at, during the copy, is not taken in', async () => {
  const house = await houseWithChat()
  const bytes = await backupOf(house)
  const other = await transferHouse()
  await other.library.create(conversationOf(randomUUID(), [['mine', 'stays']]))
  const path = await other.put('b.zip', bytes)
  const plan = await other.transfer.planRestore(other.window, other.desk)
  let isSwapped = false
  const readAll = other.library.readAll.bind(other.library)
  other.library.readAll = async function* (ids) {
    // All of them are read for the copy, and for nothing else.
    if (ids === undefined) {
      await writeFile(`${path}.new`, await swappedIn(house))
      await rename(`${path}.new`, path)
      isSwapped = true
    }
    yield* readAll(ids)
  }
  await expect(other.transfer.restore(other.window, choiceOf(plan!.planId))).rejects.toMatchObject({
    error: { code: 'bad-archive' },
  })
  expect(isSwapped).toBe(true)
  expect((await other.all()).size).toBe(1)
})

it('R04: what cannot be read goes into the backup as it lies on the disk, and is counted', async () => {
  const house = await houseWithChat()
  const torn = conversationOf(randomUUID(), [['torn', 'words']])
  await house.library.create(torn)
  await house.library.flush()
  await house.library.close()
  await writeFile(house.library.pathOf(torn.id), '{"title":"Torn words","messa')
  const library = libraryOn(join(house.folder, 'library'))
  await library.list()
  await library.compared()
  const made = await writeBackup(join(house.folder, 'b.zip'), {
    library,
    openLive: (id) => library.open(id),
    attachments: house.attachments,
    drafts: () => house.drafts.list(),
    prompts: () => house.prompts.exportFile(),
    settings: house.settings,
    version: '0.1.0',
    nowMs: 0,
    follower: quiet,
  })
  expect(made).toMatchObject({ conversations: 1, damaged: 1 })
  const archive = await openArchive(join(house.folder, 'b.zip'))
  expect(archive.entries.has(`damaged/${torn.id}.json`)).toBe(true)
  archive.close()
  const other = await transferHouse()
  const bytes = await readFile(join(house.folder, 'b.zip'))
  expect((await restoreFile(other, { name: 'b.zip', bytes })).done).toMatchObject({ added: 1, problems: [] })
})

const quiet = {
  signal: new AbortController().signal,
  begin: () => undefined,
  show: () => undefined,
  advance: () => undefined,
  note: () => undefined,
}

it('heals a picture that is damaged here, also when nothing else of its chat would change', async () => {
  const house = await houseWithChat()
  const bytes = await backupOf(house)
  const { path } = (await house.attachments.file(house.pictureId))!
  const broken = await readFile(path)
  broken[20] = (broken[20] ?? 0) ^ 1
  await writeFile(path, broken)
  const { plan, done } = await restoreFile(house, { name: 'b.zip', bytes })
  expect(plan).toMatchObject({ items: [], same: 1, pictures: 1 })
  expect(done).toMatchObject({ added: 0, updated: 0, pictures: 1 })
  expect(await house.attachments.isWhole({ id: house.pictureId, bytes: broken.length })).toBe(true)
})

it('a chat whose file is all zeros is never newer here, whatever the list remembers of it', async () => {
  const house = await houseWithChat()
  const bytes = await backupOf(house)
  await sayMore(house, house.id, 'said later')
  await house.library.flush()
  await house.library.close()
  const path = house.library.pathOf(house.id)
  const { size, mtime, atime } = await stat(path)
  await writeFile(path, Buffer.alloc(size))
  await utimes(path, atime, mtime)
  const reopened = libraryOn(join(house.folder, 'library'), hastyDisk, house.clock)
  const restore = restoreInto(house, reopened)
  await house.put('b.zip', bytes)
  const plan = await restore.plan(house, house.desk.file!, quiet)
  expect(plan?.items).toMatchObject([{ outcome: 'newer-there' }])
  const done = await restore.apply(house, choiceOf(plan!.planId), quiet)
  expect(done).toMatchObject({ updated: 1, kept: 0 })
  expect((await reopened.open(house.id)).messages).toHaveLength(2)
})

it('R38: one of a newer Parley stays, and the others come back all the same', async () => {
  const house = await houseWithChat()
  await house.library.create(conversationOf(randomUUID(), [['One', 'Two']]))
  const bytes = await backupOf(house)
  const other = await transferHouse()
  const path = other.library.pathOf(house.id)
  await other.library.create(conversationOf(randomUUID(), [['mine', 'stays']]))
  const newer = { ...(await house.all()).get(house.id), version: 99, updatedAt: 5 }
  await writeFile(path, JSON.stringify(newer))
  await other.library.compared()
  const { plan, done } = await restoreFile(other, { name: 'b.zip', bytes })
  expect(plan.items.map(({ outcome }) => outcome).sort()).toEqual(['kept', 'new'])
  expect(done).toMatchObject({ added: 1, updated: 0, kept: 1, problems: [] })
  expect(JSON.parse(await readFile(path, 'utf8'))).toMatchObject({ version: 99, updatedAt: 5 })
})

it('brings back what was not sent, where nothing stands now, with its pictures; never that of a temporary chat', async () => {
  const house = await houseWithChat()
  const added = await house.attachments.addFile({ name: 'draft.png', bytes: png({ claimed: { width: 5, height: 4 } }) })
  const attachments = added.ok && 'attachment' in added ? [added.attachment] : []
  const secret = { ...conversationOf(randomUUID(), [['a', 'b']]), isTemporary: true }
  await house.library.create(secret)
  const draft = (key: string, text: string) => ({ key, text, attachments: [], changedAt: 1 })
  await house.drafts.set({ ...draft(house.id, 'half a question'), attachments })
  await house.drafts.set(draft('new', 'from the backup'))
  await house.drafts.set(draft(secret.id, 'CANARY-temporary'))
  await house.drafts.set(draft(randomUUID(), 'of no chat'))
  const bytes = await backupOf(house)
  const other = await transferHouse()
  await other.drafts.set(draft('new', 'stands here'))
  const { done } = await restoreFile(other, { name: 'b.zip', bytes })
  expect(done.drafts).toBe(1)
  const texts = Object.fromEntries((await other.drafts.list()).map(({ key, text }) => [key, text]))
  expect(texts).toEqual({ new: 'stands here', [house.id]: 'half a question' })
  for (const { id, bytes: size } of attachments) expect(await other.attachments.isWhole({ id, bytes: size })).toBe(true)
})

it('what was not sent and finds no room here keeps nothing else from coming', async () => {
  const house = await transferHouse()
  const chat = conversationOf(randomUUID(), [['Why?', 'So.']])
  await house.library.create(chat)
  const draft = (key: string, text: string) => ({ key, text, attachments: [], changedAt: 1 })
  await house.drafts.set(draft(chat.id, 'x'.repeat(1_000_000)))
  house.settings = { ...house.settings, textSizePx: 18 }
  await house.put('b.zip', await backupOf(house))
  const other = await transferHouse()
  other.desk.file = house.desk.file
  for (let count = 0; count < 16; count += 1) await other.drafts.set(draft(`full-${count}`, 'y'.repeat(1_000_000)))
  const plan = await other.transfer.planRestore(other.window, other.desk)
  const choice = choiceOf(plan?.planId ?? '', { withSettings: true })
  const done = await other.transfer.restore(other.window, choice)
  const problems = [{ name: 'drafts.json', error: { code: 'storage', reason: 'full' } }]
  expect(done).toMatchObject({ added: 1, drafts: 0, hasSettings: true, problems })
  expect(other.settings.textSizePx).toBe(18)
})

it('a look at a file can be stopped, and tells how far it is', async () => {
  const house = await transferHouse()
  for (let count = 0; count < 30; count += 1) {
    await house.library.create(conversationOf(randomUUID(), [[`Q ${count}`, 'A']]))
  }
  const bytes = await backupOf(house)
  await house.put('b.zip', bytes)
  const stop = new AbortController()
  const steps: string[] = []
  let looked = 0
  const follower = {
    ...quiet,
    signal: stop.signal,
    begin: (step: string, total: number) => steps.push(`${step} ${total}`),
    advance: () => {
      looked += 1
      if (looked === 5) stop.abort()
    },
  }
  const restore = restoreInto(house, house.library)
  expect(await restore.plan(house, house.desk.file!, follower)).toBeNull()
  expect(steps).toEqual(['look 30'])
  expect(looked).toBeLessThan(10)
})

const restoreInto = (house: TransferHouse, library: Library) =>
  new Restore({
    library,
    attachments: house.attachments,
    drafts: house.drafts,
    prompts: house.prompts,
    importTarget: () => ({ backendId: 'home' }),
    backUp: () => Promise.resolve(),
    compareSettings: () => ({ backends: 0, hasOtherSettings: false }),
    adoptBackends: () => Promise.resolve(0),
    adoptSettings: () => undefined,
    backupFolder: join(house.folder, 'backups'),
    now: () => 0,
  })

it('R04: a damaged chat comes back out of the copy from before a restore, with its pictures; its file goes to the trash', async () => {
  const house = await houseWithChat()
  const other = await transferHouse()
  await other.library.create(conversationOf(randomUUID(), [['another', 'one']]))
  // A restore copies all that is here first.
  await restoreFile(house, { name: 'b.zip', bytes: await backupOf(other) })
  const path = house.library.pathOf(house.id)
  await house.library.flush()
  const broken = (await readFile(path, 'utf8')).slice(0, -40)
  await house.library.close()
  await writeFile(path, broken)
  const library = libraryOn(join(house.folder, 'library'), hastyDisk, house.clock)
  const restore = restoreInto(house, library)
  const { text, isCut } = await library.readableTextOf(house.id)
  expect({ text, isCut }).toEqual({ text: expect.stringContaining('[user]\nWhat is this?') as string, isCut: false })

  const copies = await restore.copiesOf(house.id)
  expect(copies).toMatchObject([{ messages: 2, madeAt: house.clock.now() }])
  expect(await restore.copiesOf(randomUUID())).toEqual([])
  await rm(join(house.folder, 'attachments', `${house.pictureId}.png`))
  await restore.bringBack(house.id, copies[0]!.copy)
  expect((await library.open(house.id)).messages.map(({ role }) => role)).toEqual(['user', 'assistant'])
  expect(await house.attachments.file(house.pictureId)).not.toBeNull()
  expect((await library.listTrash()).map(({ summary }) => summary.isDamaged)).toEqual([true])
  expect((await library.list()).map(({ isDamaged }) => isDamaged)).toEqual([false, false])
})

it('S42: only a damaged chat is brought back, only out of a copy that is one', async () => {
  const house = await houseWithChat()
  const other = await transferHouse()
  await other.library.create(conversationOf(randomUUID(), [['another', 'one']]))
  await restoreFile(house, { name: 'b.zip', bytes: await backupOf(other) })
  const [copy] = await house.transfer.copiesOf(house.id)
  const refusal = (copied: string) =>
    house.transfer.bringBack(house.id, copied).catch((thrown: unknown) => toAppError(thrown))
  expect(await refusal(copy!.copy)).toMatchObject({ code: 'bad-request' })
  for (const name of ['../b.zip', 'b.zip', `${copy!.copy}/../x.zip`, 'before-restore-.zip']) {
    expect(await refusal(name)).toMatchObject({ code: 'not-found' })
  }
})

describe('prompts', () => {
  const prompt = (name: string, text: string) => ({ id: randomUUID(), name, command: '', text, variables: [] })

  it('come along in a backup, without what stood in their slots; those that are here stay as they are', async () => {
    const house = await houseWithChat()
    const slot = { name: 'city', first: 'Bergen', choices: [], last: 'CANARY-last' }
    const [mine, other] = [prompt('Mine', 'As it was'), { ...prompt('Weather', 'In {city}?'), variables: [slot] }]
    await house.prompts.save(mine)
    await house.prompts.save(other)
    const bytes = await backupOf(house)
    const target = await transferHouse()
    await target.prompts.save({ ...mine, text: 'As it is here' })
    const { plan, done } = await restoreFile(target, { name: 'b.zip', bytes })
    expect([plan.prompts, done.prompts, done.problems]).toEqual([2, 2, []])
    expect(target.prompts.list().map(({ text }) => text)).toEqual(['As it is here', 'As it was', 'In {city}?'])
    expect(target.prompts.list().find(({ name }) => name === 'Weather')?.variables).toEqual([{ ...slot, last: null }])
    // Once more: all of it is here.
    const again = await restoreFile(target, { name: 'b.zip', bytes })
    expect([again.plan.prompts, again.done.prompts]).toEqual([0, 0])
  })

  it('that are none are said, and the chats come all the same', async () => {
    const house = await houseWithChat()
    house.prompts.exportFile = () => '{"kind": "parley-prompts", "version": 1, "prompts": [{"name": 3}]}'
    const target = await transferHouse()
    const { plan, done } = await restoreFile(target, { name: 'b.zip', bytes: await backupOf(house) })
    const problem = { name: 'prompts.json', error: { code: 'bad-prompts', reason: 'format' } }
    expect([plan.prompts, plan.problems]).toEqual([0, [problem]])
    expect([done.added, done.prompts, done.problems]).toEqual([1, 0, [problem]])
  })
})

it('on a first start new chats ask the backend that they asked where the backup was made', async () => {
  const house = await houseWithChat()
  const target = await transferHouse()
  target.settings = { ...target.settings, activeBackendId: null, backends: [] }
  await target.put('b.zip', await backupOf(house))
  const plan = await target.transfer.planRestore(target.window, target.desk)
  await target.transfer.restore(target.window, choiceOf(plan!.planId, { withBackends: true }))
  expect(target.settings.activeBackendId).toBe('home')
})
