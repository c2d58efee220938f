import { randomUUID } from 'node:crypto'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { TransferState } from '../../../src/shared/contract'
import { DEFAULT_CHAT_SETTINGS } from '../../../src/shared/conversation'
import { newBackendProfile, type Settings } from '../../../src/shared/settings'
import { openArchive } from '../../../src/main/transfer/archive'
import { Progress } from '../../../src/main/transfer/progress'
import { conversationOf, userMessage } from '../../support/conversation-samples'
import { png } from '../../support/images'
import { backupOf, choiceOf, transferHouse, type TransferHouse } from '../../support/transfer-house'

async function houseOf(chats: number): Promise<TransferHouse> {
  const house = await transferHouse()
  for (let count = 0; count < chats; count += 1) {
    await house.library.create({
      ...conversationOf(randomUUID(), [['Why?', `Because ${count}.`]]),
      title: `Chat ${count}`,
    })
  }
  return house
}

async function planOf(house: TransferHouse, bytes: Uint8Array) {
  await house.put('b.zip', bytes)
  const plan = await house.transfer.planRestore(house.window, house.desk)
  if (plan === null) throw new Error('no file was picked')
  return plan
}

const last = (house: TransferHouse): TransferState => house.told.at(-1)!

describe('progress', () => {
  it('is told at most ten times a second, and at the end for certain', async () => {
    let nowMs = 0
    const told: TransferState[] = []
    const facts = { kind: 'import', fileName: 'a.json', bytes: 1, source: 'chatgpt' } as const
    const progress = new Progress(facts, { monotonicMs: () => nowMs }, (state) => told.push(state))
    expect(told).toHaveLength(1)
    progress.begin('work', 1000)
    for (let count = 0; count < 1000; count += 1) {
      nowMs += 1
      progress.show(`chat ${count}`, 0)
      progress.advance()
    }
    expect(told.length).toBeLessThanOrEqual(12)
    progress.end({ kind: 'stopped' })
    expect(told.at(-1)).toMatchObject({ done: 1000, total: 1000, item: null, end: { kind: 'stopped' } })
  })

  it('says how long it still takes after five seconds', () => {
    let nowMs = 0
    const facts = { kind: 'backup', fileName: 'a.zip', bytes: null, source: null } as const
    const progress = new Progress(facts, { monotonicMs: () => nowMs }, () => undefined)
    progress.begin('work', 100)
    nowMs = 4000
    progress.advance()
    expect(progress.state.leftMs).toBeNull()
    nowMs = 10_000
    progress.advance()
    expect(progress.state.leftMs).toBe(490_000)
    progress.begin('check', 10)
    expect(progress.state.leftMs).toBeNull()
    progress.end({ kind: 'stopped' })
  })

  it('says nothing of the time that is left when nobody knows of how many chats', () => {
    let nowMs = 0
    const facts = { kind: 'plan', fileName: 'conversations.json', bytes: null, source: null } as const
    const progress = new Progress(facts, { monotonicMs: () => nowMs }, () => undefined)
    progress.begin('look', 0)
    nowMs = 10_000
    progress.advance()
    expect(progress.state.leftMs).toBeNull()
    progress.end({ kind: 'planned' })
  })

  it('names the file, the step and the chat; the end says what came of it', async () => {
    const house = await houseOf(3)
    const bytes = await backupOf(house)
    expect(new Set(house.told.map(({ kind }) => kind))).toEqual(new Set(['backup']))
    expect(last(house)).toMatchObject({
      fileName: 'backup.zip',
      step: 'check',
      end: { kind: 'written', made: { conversations: 3 } },
    })
    expect(house.settings.lastBackup).toEqual({ atMs: house.clock.nowMs, bytes: bytes.length })
    const other = await houseOf(1)
    const { planId } = await planOf(other, bytes)
    const done = await other.transfer.restore(other.window, choiceOf(planId))
    expect(last(other)).toMatchObject({
      kind: 'restore',
      source: 'parley',
      bytes: bytes.length,
      done: 3,
      total: 3,
      end: { kind: 'taken-in', isStopped: false, done },
    })
    expect(other.transfer.state).toBeNull()
  })

  it('a backup that is stopped leaves nothing, and what was there stays', async () => {
    const house = await houseOf(20)
    await backupOf(house)
    const before = await readdir(house.folder)
    const writing = house.transfer.backUp(house.desk)
    while (house.transfer.state === null) await new Promise(setImmediate)
    house.transfer.stop(house.transfer.state.id)
    expect(await writing).toBeNull()
    expect(last(house).end).toEqual({ kind: 'stopped' })
    expect(await readdir(house.folder)).toEqual(before)
  })

  it('quitting waits until nothing half written is left', async () => {
    const house = await houseOf(20)
    const writing = house.transfer.backUp(house.desk)
    while (house.transfer.state === null) await new Promise(setImmediate)
    await house.transfer.close()
    expect((await readdir(house.folder)).filter((name) => name.endsWith('.tmp') || name === 'out.zip')).toEqual([])
    expect(await writing).toBeNull()
    await house.transfer.close()
  })
})

describe('what a person chooses of a backup', () => {
  it('one that is newer here is overwritten when it was chosen, and goes to the trash', async () => {
    const house = await houseOf(2)
    const bytes = await backupOf(house)
    const [first, second] = [...(await house.all()).values()]
    for (const { id } of [first!, second!]) {
      await house.library.update(id, (now) => ({
        ...now,
        updatedAt: now.updatedAt + 1000,
        messages: [...now.messages, userMessage('said later', now.headId)],
      }))
    }
    const plan = await planOf(house, bytes)
    expect(plan.items.map(({ outcome }) => outcome)).toEqual(['newer-here', 'newer-here'])
    const done = await house.transfer.restore(house.window, choiceOf(plan.planId, { overwrite: [first!.id] }))
    expect(done).toMatchObject({ added: 0, updated: 1, kept: 1 })
    const now = await house.all()
    expect(JSON.stringify(now.get(first!.id))).not.toContain('said later')
    expect(JSON.stringify(now.get(second!.id))).toContain('said later')
    expect((await house.library.listTrash()).map(({ summary }) => summary.title)).toEqual([first!.title])
  })

  it('S42: backends and settings come only when they are wanted', async () => {
    const house = await houseOf(1)
    house.settings = {
      ...house.settings,
      theme: 'dark',
      webPictures: { load: 'always', allowed: [], blocked: [] },
      backends: [...house.settings.backends, newBackendProfile('far', 'Far', 'https://far.example')],
    }
    const bytes = await backupOf(house)
    const without = await houseOf(0)
    const plan = await planOf(without, bytes)
    expect(plan).toMatchObject({ backends: 1, hasOtherSettings: true })
    const none = await without.transfer.restore(without.window, choiceOf(plan.planId))
    expect(none).toMatchObject({ backends: 0, hasSettings: false })
    expect(without.settings).toMatchObject({ theme: 'system', backends: [{ id: 'home' }] })
    const again = await planOf(without, bytes)
    const choice = choiceOf(again.planId, { withBackends: true, withSettings: true })
    expect(await without.transfer.restore(without.window, choice)).toMatchObject({ backends: 2, hasSettings: true })
    // Whom a picture may be asked of is decided here.
    expect(without.settings).toMatchObject({ theme: 'dark', webPictures: { load: 'ask' } })
  })

  it('S42 S50: settings of a file ask no network, start nothing, delete nothing and go with no question', async () => {
    const house = await houseOf(1)
    const before = house.settings
    house.settings = {
      ...before,
      locale: 'ru',
      checksSpelling: true,
      startsAtLogin: 'hidden',
      isTemporaryByDefault: true,
      trashDays: 7,
      notifies: 'text',
      images: { ...before.images, isMetadataRemoved: false },
      newChat: { ...before.newChat, parameters: '{"base_url":"https://elsewhere.example"}' },
    }
    const bytes = await backupOf(house)
    const other = await houseOf(0)
    const own = other.settings
    const plan = await planOf(other, bytes)
    await other.transfer.restore(other.window, choiceOf(plan.planId, { withSettings: true }))
    expect(other.settings).toEqual({ ...own, locale: 'ru' })
  })

  it('S35: the parameters of a chat from a file never go with a question; those that were set here stay', async () => {
    const house = await houseOf(2)
    const [first, second] = [...(await house.all()).values()]
    const settings = (parameters: string) => ({ ...DEFAULT_CHAT_SETTINGS, system: 'Be brief.', parameters })
    for (const { id } of [first!, second!]) {
      await house.library.update(id, (now) => ({
        ...now,
        updatedAt: now.updatedAt + 1000,
        title: `${now.title} there`,
        settings: settings('{"base_url":"https://elsewhere.example"}'),
      }))
    }
    const bytes = await backupOf(house)
    const other = await houseOf(0)
    await other.library.create({ ...first!, settings: settings('{"top_k":5}') })
    const plan = await planOf(other, bytes)
    // Said before anything is done, of both.
    expect(plan.parameters).toBe(2)
    await other.transfer.restore(other.window, choiceOf(plan.planId))
    expect((await planOf(other, bytes)).parameters).toBe(0)
    const now = await other.all()
    expect(now.get(first!.id)).toMatchObject({ title: `${first!.title} there`, settings: settings('{"top_k":5}') })
    expect(now.get(second!.id)).toMatchObject({ settings: settings('') })
  })

  it('S42: settings that are not right are none', async () => {
    const house = await houseOf(1)
    house.settings = { ...house.settings, theme: 'loud' } as unknown as Settings
    const bytes = await backupOf(house)
    const other = await houseOf(0)
    const plan = await planOf(other, bytes)
    expect(plan).toMatchObject({ backends: 0, hasOtherSettings: false })
    const choice = choiceOf(plan.planId, { withBackends: true, withSettings: true })
    expect(await other.transfer.restore(other.window, choice)).toMatchObject({ added: 1, backends: 0 })
  })
})

it('S42: all chats go out as JSON and Markdown with their images, each under a name of its own, and no key', async () => {
  const house = await houseOf(0)
  const added = await house.attachments.addFile({ name: 'a.png', bytes: png() })
  if (!added.ok || !('attachment' in added)) throw new Error('no picture')
  for (const title of ['Same', 'same', '../../evil', '']) {
    const conversation = conversationOf(randomUUID(), [['What is this?', 'A sunset.']])
    const [question] = conversation.messages
    if (question?.role === 'user') question.attachments = [added.attachment]
    await house.library.create({ ...conversation, title })
  }
  house.desk.place = join(house.folder, 'all.zip')
  const made = await house.transfer.exportAll(house.desk)
  expect(made).toMatchObject({ fileName: 'all.zip', conversations: 4, media: 1 })
  const archive = await openArchive(house.desk.place)
  const names = [...archive.entries.keys()]
  const markdown = names.filter((name) => name.startsWith('markdown/')).map((name) => name.toLowerCase())
  expect(new Set(markdown).size).toBe(4)
  expect(markdown.every((name) => /^markdown\/[^/]+\.md$/u.test(name))).toBe(true)
  expect(names.filter((name) => name.startsWith('json/'))).toHaveLength(4)
  expect(names.filter((name) => name.startsWith('images/'))).toEqual([`images/${added.attachment.id}.png`])
  const entry = archive.entries.get(names.find((name) => name.startsWith('markdown/'))!)!
  let text = ''
  for await (const piece of await entry.open()) text += String(piece)
  expect(text).toContain(`](<../images/${added.attachment.id}.png>)`)
  archive.close()
})
