import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Conversation } from '../../src/shared/conversation'
import { journalStart } from '../../src/main/library/journal'
import { conversationOf, newAnswer } from './conversation-samples'
import { gradient } from './images'
import { openRooms } from './kept-rooms'
import { filesUnder } from './temporary-library'

/** Everything that Parley keeps, one of each kind of file. */
async function sampleFolder(folder: string): Promise<Conversation[]> {
  const rooms = openRooms(folder)
  const conversations = [1, 2, 3, 4].map((number) =>
    conversationOf(randomUUID(), [[`Question ${number}`, `Answer ${number}. Ответ.`]]),
  )
  for (const conversation of conversations) await rooms.library.create(conversation)
  const [trashed, asked] = conversations
  if (trashed === undefined || asked === undefined) throw new Error('no conversations')
  await rooms.library.list()
  await rooms.library.trash(trashed.id)
  const added = await rooms.attachments.addFile({ name: 'a.png', bytes: gradient(3, 3) })
  const attachments = 'attachment' in added ? [added.attachment] : []
  await rooms.drafts.set({ key: asked.id, text: 'unsent', attachments, changedAt: 1 })
  const answer = { ...newAnswer(), parentId: asked.headId }
  const running = { ...asked, headId: answer.id, messages: [...asked.messages, answer] }
  const journal = await rooms.library.journal(journalStart(running, answer))
  await rooms.library.update(asked.id, () => running)
  const ids = { generationId: answer.generationId, messageId: answer.id, conversationId: asked.id }
  journal.append(
    ['So ', 'far.'].map((text, at) => ({ ...ids, seq: at + 1, atMs: at, part: { type: 'text-delta', text } })),
  )
  await rooms.library.flush()
  await rooms.drafts.flush()
  await rooms.library.close()
  return conversations
}

/**
 * Flips bits in random files of everything that is kept, and starts twice: nothing throws, every conversation whose own
 * files are as they were is whole, and the damaged ones are in the list, never silently gone. A check and a repair live
 * through it as well, and delete nothing that was named.
 */
export async function checkFlippedBits(base: string, runs: number): Promise<void> {
  const sample = join(base, 'sample')
  const conversations = await sampleFolder(sample)
  const names = Object.keys(await filesUnder(sample))
  const flips = fc.array(fc.tuple(fc.nat(names.length - 1), fc.nat(100_000), fc.nat(7)), { minLength: 1, maxLength: 6 })
  let run = 0
  await fc.assert(
    fc.asyncProperty(flips, async (places) => {
      run += 1
      const folder = join(base, String(run))
      await cp(sample, folder, { recursive: true })
      const flipped = new Set<string>()
      for (const [at, place, bit] of places) {
        const name = names[at] ?? ''
        flipped.add(name)
        const bytes = await readFile(join(folder, name))
        const index = place % bytes.length
        bytes[index] = (bytes[index] ?? 0) ^ (1 << bit)
        await writeFile(join(folder, name), bytes)
      }
      const isTouched = (id: string): boolean => [...flipped].some((name) => name.includes(id))
      const hasJournalFlip = [...flipped].some((name) => name.includes('journals'))
      for (const start of ['first', 'second']) {
        const rooms = openRooms(folder)
        await rooms.library.recover()
        const listed = new Map((await rooms.library.list()).map((summary) => [summary.id, summary]))
        await rooms.library.compared()
        for (const [index, conversation] of conversations.entries()) {
          const { id } = conversation
          if (index === 0) continue
          expect([start, listed.has(id)]).toEqual([start, true])
          if (isTouched(id)) continue
          const opened = await rooms.library.open(id)
          const messages = opened.messages.filter((message) =>
            conversation.messages.some((each) => each.id === message.id),
          )
          expect(messages).toEqual(conversation.messages)
          const isAnswered = index === 1 && !hasJournalFlip
          if (isAnswered) expect(opened.messages.at(-1)).toMatchObject({ content: [{ text: 'So far.' }] })
        }
        expect((await rooms.library.listTrash()).length).toBe(1)
        await rooms.drafts.list()
        await rooms.upkeep.repair()
        await rooms.library.flush()
        await rooms.drafts.flush()
        await rooms.library.close()
      }
      const left = Object.keys(await filesUnder(folder))
      expect(left.filter((name) => name.startsWith('attachments'))).toHaveLength(1)
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    }),
    { numRuns: runs },
  )
  // The sample is as it was: every run had a copy of its own.
  expect(Object.keys(await filesUnder(sample))).toEqual(names)
}
