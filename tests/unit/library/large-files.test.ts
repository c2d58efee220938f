import { randomUUID } from 'node:crypto'
import { mkdir, open, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { describe, expect, it } from 'vitest'
import type { AssistantMessage, Conversation } from '../../../src/shared/conversation'
import { diskFileSystem, type FileSystem } from '../../../src/main/library/files'
import { isModest } from '../../../src/main/library/modest'
import { readConversation, writeConversation } from '../../../src/main/library/schema'
import { conversationOf, newAnswer } from '../../support/conversation-samples'
import { openRooms } from '../../support/kept-rooms'
import { libraryOn, temporaryFolder } from '../../support/temporary-library'

async function put(root: string, id: string, text: string): Promise<void> {
  await mkdir(join(root, 'conversations'), { recursive: true })
  await writeFile(join(root, 'conversations', `${id}.json`), text)
}

/** A conversation that is right, but for so much beside it. */
const filled = (conversation: Conversation, filling: string): string =>
  writeConversation(conversation).replace('"version"', `"filling": [${filling}],\n  "version"`)

describe('a file that is too large', () => {
  it('is told by its size alone, and counts as damaged unread (S40)', async () => {
    const root = await temporaryFolder()
    const id = randomUUID()
    await put(root, id, '{')
    await truncate(join(root, 'conversations', `${id}.json`), 64 * 1024 * 1024 + 1)
    const read: unknown[] = []
    const readFile = (...args: Parameters<FileSystem['readFile']>): ReturnType<FileSystem['readFile']> => {
      read.push(args[0])
      return diskFileSystem.readFile(...args)
    }
    const library = libraryOn(root, { ...diskFileSystem, readFile: readFile as FileSystem['readFile'] })
    expect(await library.list()).toMatchObject([{ id, isDamaged: true }])
    await expect(library.open(id)).rejects.toThrow('storage')
    expect(read.filter((path) => String(path).includes(id))).toEqual([])
  })

  it('of endless small parts is never parsed, and holds nothing up while they are counted (S40, R23)', async () => {
    const root = await temporaryFolder()
    const conversation = conversationOf(randomUUID(), [['Why?', 'So.']])
    const bomb = filled(conversation, `{}${',{}'.repeat(2_000_100)}`)
    // It would be read otherwise.
    expect(readConversation(conversation.id, filled(conversation, '{},{}')).kind).toBe('read')
    await put(root, conversation.id, bomb)
    const library = libraryOn(root)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    await expect(library.open(conversation.id)).rejects.toThrow('storage')
    delay.disable()
    // To parse it takes more than a second.
    expect(delay.max / 1e6).toBeLessThan(400)
  })

  it('of one long text is none: what stands in quotes is not counted', async () => {
    const root = await temporaryFolder()
    const conversation = conversationOf(randomUUID(), [['Why?', `${'[{,"\\'.repeat(700_000)}"`]])
    await put(root, conversation.id, writeConversation(conversation))
    expect(await libraryOn(root).open(conversation.id)).toEqual(conversation)
    expect(await isModest(Buffer.from(`"${'[{\\"'.repeat(1_000_000)}"`))).toBe(true)
    expect(await isModest(Buffer.from('['.repeat(2_000_001)))).toBe(false)
  })

  it('is named by the check, and left alone by the repair', async () => {
    const folder = await temporaryFolder()
    const id = randomUUID()
    await put(join(folder, 'library'), id, '{}')
    const file = await open(join(folder, 'library', 'conversations', `${id}.json`), 'r+')
    await file.truncate(64 * 1024 * 1024 + 1)
    await file.close()
    const { upkeep } = openRooms(folder)
    const fault = { kind: 'damaged', conversationId: id, fileName: `${id}.json`, savedAs: null, isTooLarge: true }
    expect((await upkeep.check()).faults).toContainEqual(fault)
    expect((await upkeep.repair()).faults).toContainEqual(fault)
  })
})

describe('a file with a deep value', () => {
  const deep = (levels: number): unknown => JSON.parse(`${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`)

  it.each([65, 3000, 200_000])('is opened without it: %i levels', async (levels) => {
    const root = await temporaryFolder()
    const base = conversationOf(randomUUID(), [['Why?', 'So.']])
    const answer: AssistantMessage = { ...newAnswer(), state: 'complete', parentId: base.headId, sessions: { a: 1 } }
    const conversation = { ...base, headId: answer.id, messages: [...base.messages, answer] }
    const nested = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`
    const text = writeConversation(conversation)
      .replace(/"sessions": \{\s*"a": 1\s*\}/u, `"sessions": ${nested}`)
      .replace(/"synthesize": null/u, `"synthesize": { "provider": "p", "data": ${nested} }`)
    expect(text).toContain(nested)
    await put(root, conversation.id, text)
    const library = libraryOn(root)
    const opened = await library.open(conversation.id)
    expect(opened.messages.at(-1)).toMatchObject({ id: answer.id, sessions: null })
    expect(structuredClone(opened)).toEqual(opened)
    await library.pin(conversation.id, true)
    expect(library.storageState()).toEqual({ isSafe: true })
  })

  it('keeps what a server can have meant', () => {
    const base = conversationOf(randomUUID(), [['Why?', 'So.']])
    const answer: AssistantMessage = { ...newAnswer(), state: 'complete', sessions: { a: deep(60) } }
    const read = readConversation(base.id, writeConversation({ ...base, messages: [answer] }))
    expect(read).toMatchObject({ conversation: { messages: [{ sessions: { a: deep(60) } }] } })
  })
})
