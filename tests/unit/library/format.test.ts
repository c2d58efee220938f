import { randomUUID } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { toAppError } from '../../../src/shared/errors'
import { Generations } from '../../../src/main/generations'
import { journalStart } from '../../../src/main/library/journal'
import type { Library } from '../../../src/main/library/library'
import { readConversation, writeConversation, type FileFormat } from '../../../src/main/library/schema'
import { silentLogger } from '../../../src/main/logger'
import { conversationOf, newAnswer } from '../../support/conversation-samples'
import { faultyDisk } from '../../support/faulty-disk'
import { filesUnder, libraryOn, setClock, temporaryFolder } from '../../support/temporary-library'

/** Version 3 of files that were never written: 2 called a title `name`, 1 had none but `label`. */
const third: FileFormat = {
  version: 3,
  migrations: [({ label, ...json }) => ({ ...json, name: label }), ({ name, ...json }) => ({ ...json, title: name })],
}

const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
const { title, ...untitled } = conversation
const asVersion1 = `${JSON.stringify({ ...untitled, label: title, version: 1 })}\n`
const asVersion2 = `${JSON.stringify({ ...untitled, name: title, version: 2 })}\n`

async function put(text: string): Promise<string> {
  const root = await temporaryFolder()
  await mkdir(join(root, 'conversations'))
  await writeFile(join(root, 'conversations', `${conversation.id}.json`), text)
  return root
}

describe('a file of an earlier version', () => {
  it.each([
    [1, asVersion1],
    [2, asVersion2],
  ])('is read as one of this version, and stays as it is until it is changed: %i (R38)', async (version, text) => {
    const root = await put(text)
    const library = libraryOn(root, undefined, setClock(), { format: third })
    await library.recover()
    expect(await library.open(conversation.id)).toEqual(conversation)
    await library.flush()
    expect(await readFile(library.pathOf(conversation.id), 'utf8')).toBe(text)

    await library.pin(conversation.id, true)
    const files = await filesUnder(root)
    expect(files[`earlier/${conversation.id}.v${version}.json`]).toBe(text)
    expect(JSON.parse(files[`conversations/${conversation.id}.json`]!)).toEqual({
      ...conversation,
      isPinned: true,
      version: 3,
    })
    // The copy is of the first time; later changes make none.
    await library.pin(conversation.id, false)
    expect(Object.keys(await filesUnder(join(root, 'earlier')))).toHaveLength(1)
    const again = libraryOn(root, undefined, setClock(), { format: third })
    expect(await again.open(conversation.id)).toEqual(conversation)
  })

  it('is whole, and its copy is whole, at whichever step the process dies (R38)', async () => {
    let step = 0
    for (let isOver = false; !isOver; step += 1) {
      const root = await put(asVersion1)
      let call = 0
      // From this call on nothing reaches the disk, as if the process were dead.
      const dying = faultyDisk(({ name }) => {
        if (['stat', 'lstat', 'readdir', 'readFile'].includes(name)) return null
        return call++ >= step ? 'EIO' : null
      })
      const first = libraryOn(root, dying, setClock(), { format: third })
      await first.pin(conversation.id, true)
      isOver = call <= step
      await first.close()

      const files = await filesUnder(root)
      const copy = files[`earlier/${conversation.id}.v1.json`]
      const present = files[`conversations/${conversation.id}.json`]
      expect(present === asVersion1 || (JSON.parse(present!) as { version: number }).version === 3).toBe(true)
      if (present !== asVersion1) expect(copy).toBe(asVersion1)
      expect([undefined, asVersion1]).toContain(copy)

      const after = libraryOn(root, undefined, setClock(), { format: third })
      await after.recover()
      await after.rename(conversation.id, 'Later')
      expect(await after.open(conversation.id)).toMatchObject({ title: 'Later', messages: conversation.messages })
      const last = await filesUnder(root)
      expect(last[`earlier/${conversation.id}.v1.json`]).toBe(asVersion1)
      expect(Object.keys(last).filter((name) => name.endsWith('.tmp'))).toEqual([])
    }
    expect(step).toBeGreaterThan(10)
  })

  it('is not written without its copy: a full disk leaves it as it is (R07, R38)', async () => {
    const root = await put(asVersion1)
    let isFull = true
    const disk = faultyDisk(({ path, name }) =>
      isFull && path.includes('earlier') && name !== 'stat' ? 'ENOSPC' : null,
    )
    const library = libraryOn(root, disk, setClock(), { format: third })
    await library.pin(conversation.id, true)
    expect(library.storageState()).toEqual({ isSafe: false, reason: 'full' })
    expect(await readFile(library.pathOf(conversation.id), 'utf8')).toBe(asVersion1)
    isFull = false
    await library.flush()
    expect((await filesUnder(root))[`earlier/${conversation.id}.v1.json`]).toBe(asVersion1)
    expect(JSON.parse(await readFile(library.pathOf(conversation.id), 'utf8'))).toMatchObject({ isPinned: true })
  })

  it('may be a journal: its answer is recovered (R38)', async () => {
    const root = await temporaryFolder()
    const answer = { ...newAnswer(), parentId: conversation.headId }
    const running = { ...conversation, headId: answer.id, messages: [...conversation.messages, answer] }
    const start = journalStart(running, answer)
    const { title: name, ...rest } = start.conversation
    const head = { version: 2, ...start, conversation: { ...rest, name, version: 2 } }
    const event = { seq: 1, atMs: 1, part: { type: 'text-delta', text: 'kept' } }
    await mkdir(join(root, 'journals'))
    await writeFile(
      join(root, 'journals', `${answer.generationId}.jsonl`),
      `${JSON.stringify(head)}\n${JSON.stringify(event)}\n`,
    )
    const library = libraryOn(root, undefined, setClock(), { format: third })
    expect(await library.recover()).toHaveLength(1)
    expect(await library.open(conversation.id)).toMatchObject({ title })
    expect((await library.open(conversation.id)).messages.at(-1)).toMatchObject({ content: [{ text: 'kept' }] })
  })

  it('that no migration can read is damaged, and left alone (R04, R38)', () => {
    const throwing: FileFormat = {
      version: 2,
      migrations: [
        () => {
          throw new TypeError('no')
        },
      ],
    }
    expect(readConversation(conversation.id, writeConversation(conversation), throwing)).toEqual({ kind: 'damaged' })
  })
})

describe('a file of a newer version', () => {
  it('is shown, copied and branched, and never written, merged over or marked (R38)', async () => {
    const text = writeConversation(conversation)
      .replace('"version": 1', '"version": 2')
      .replace('"title"', '"mood": "new",\n  "title"')
    const root = await put(text)
    const clock = setClock()
    const library = libraryOn(root, undefined, clock)
    await library.recover()
    const generations = new Generations({
      library,
      // Nothing is asked here.
      openSession: () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error('asked')) }) }),
      findAttachments: () => Promise.resolve([]),
      clock,
      logger: silentLogger,
      isOnShow: () => true,
    })
    const question = conversation.messages[0]!
    const duplicate = await generations.duplicate(conversation.id)
    const branch = await generations.branch(conversation.id, question.id)
    const shown = await generations.showMessage(conversation.id, question.id)
    expect(shown.conversation.headId).toBe(conversation.headId)
    const refusals = await Promise.all(
      [
        library.merge({ ...conversation, updatedAt: conversation.updatedAt + 1 }),
        library.rename(conversation.id, 'Mine'),
        library.pin(conversation.id, true),
      ].map((each) => Promise.resolve(each).then(() => null, toAppError)),
    )
    expect(refusals).toEqual([1, 2, 3].map(() => ({ code: 'newer-file' })))
    await library.markRead(conversation.id)
    await library.flush()
    // Only this chat is concerned: the disk is fine, and the list says which one it is.
    expect(library.storageState()).toEqual({ isSafe: true })
    const rowOf = async (of: Library): Promise<unknown> =>
      (await of.list()).find(({ id }) => id === conversation.id)?.isReadOnly
    expect(await rowOf(library)).toBe(true)
    // A Parley that knows this format finds it in the index of the older one.
    const newer = libraryOn(root, undefined, clock, { format: { version: 2, migrations: [(json) => json] } })
    expect(await rowOf(newer)).toBeUndefined()
    expect(await readFile(library.pathOf(conversation.id), 'utf8')).toBe(text)
    expect((await library.open(duplicate.id)).messages).toHaveLength(2)
    expect((await library.open(branch.id)).messages).toHaveLength(1)
    expect(JSON.parse(await readFile(library.pathOf(duplicate.id), 'utf8'))).toMatchObject({ version: 1 })
    // It can still be thrown away, as it is.
    await library.trash(conversation.id)
    expect(Object.values(await filesUnder(join(root, 'trash')))).toEqual([text])
  })
})
