import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Deletions, withoutMessage } from '../../../src/main/deletions'
import { pathOf, type Conversation, type Message } from '../../../src/shared/conversation'
import { toAppError } from '../../../src/shared/errors'
import { conversationOf, newAnswer, userMessage } from '../../support/conversation-samples'
import { libraryOn, temporaryFolder } from '../../support/temporary-library'

const complete = (id: string, parentId: string): Message => ({ ...newAnswer(id), parentId, state: 'complete' })

const titled = (title: string): Promise<string> => Promise.resolve(`${title} (deleted)`)

/** Two questions, the first with two answers; the second answer leads on. */
function sample(change: Partial<Conversation> = {}) {
  const ids = { q1: randomUUID(), a1: randomUUID(), a2: randomUUID(), q2: randomUUID(), b1: randomUUID() }
  const messages = [
    userMessage('first', null, ids.q1),
    complete(ids.a1, ids.q1),
    complete(ids.a2, ids.q1),
    userMessage('second', ids.a2, ids.q2),
    complete(ids.b1, ids.q2),
  ]
  const conversation: Conversation = { ...conversationOf(randomUUID(), []), messages, headId: ids.b1, ...change }
  return { conversation, ids }
}

describe('without a message', () => {
  it('the version beside it is on show, else what it was under', () => {
    const { conversation, ids } = sample()
    expect(withoutMessage(conversation, ids.a2)).toMatchObject({ headId: ids.a1 })
    expect(withoutMessage(conversation, ids.q2)).toMatchObject({ headId: ids.a2 })
    expect(withoutMessage(conversation, ids.b1)).toMatchObject({ headId: ids.q2 })
    expect(withoutMessage(conversation, ids.q1)).toMatchObject({ headId: null, messages: [] })
  })

  it('a path that does not lead through it stays on show', () => {
    const { conversation, ids } = sample()
    const left = withoutMessage(conversation, ids.a1)
    expect(left.headId).toBe(ids.b1)
    expect(left.messages).toHaveLength(4)
  })
})

describe('deletions', () => {
  it('what is deleted lies in the trash as a chat before it goes, and comes back to its place', async () => {
    const library = libraryOn(await temporaryFolder())
    const { conversation, ids } = sample()
    await library.create(conversation)
    const deletions = new Deletions(library, () => 5)
    const { deletionId, count } = await deletions.delete(conversation.id, ids.q2)
    expect(count).toBe(2)
    const left = await library.open(conversation.id)
    expect(left.messages.map(({ id }) => id)).toEqual([ids.q1, ids.a1, ids.a2])
    const [trashed, ...others] = await library.listTrash()
    expect(others).toEqual([])
    expect(trashed?.messages).toBe(4)

    await deletions.putBack(deletionId)
    const back = await library.open(conversation.id)
    expect(back.messages).toEqual(conversation.messages)
    expect(back.headId).toBe(conversation.headId)
    expect(await library.listTrash()).toEqual([])
    await expect(deletions.putBack(deletionId)).rejects.toThrow('not-found')
  })

  it('after a restart the trash says whose messages they are, and puts them back at their place', async () => {
    const root = await temporaryFolder()
    const { conversation, ids } = sample({ title: 'Long story' })
    const before = libraryOn(root)
    await before.create(conversation)
    await new Deletions(before, () => 5).delete(conversation.id, ids.q2)
    await before.flush()
    await before.close()

    const library = libraryOn(root)
    expect((await library.open(conversation.id)).messages).toHaveLength(3)
    const [trashed] = await library.listTrash()
    expect(trashed).toMatchObject({ deleted: 2, summary: { title: 'Long story' } })
    const restored = await new Deletions(library, () => 6).restore(trashed!.file, titled)
    expect(restored).toBe(conversation.id)
    const back = await library.open(conversation.id)
    expect(back.messages).toEqual(conversation.messages)
    expect(back.headId).toBe(conversation.headId)
    expect((await library.list()).map(({ id }) => id)).toEqual([conversation.id])
    expect(await library.listTrash()).toEqual([])
  })

  it('when their chat has gone they come back as a chat of their own whose title tells, and under new ids', async () => {
    const library = libraryOn(await temporaryFolder())
    const { conversation, ids } = sample({ title: 'Long story' })
    await library.create(conversation)
    const deletions = new Deletions(library, () => 5)
    await deletions.delete(conversation.id, ids.q2)
    const [trashed] = await library.listTrash()
    await library.trash(conversation.id)
    const restored = await deletions.restore(trashed!.file, titled)
    expect(restored).not.toBe(conversation.id)
    const chat = await library.open(restored)
    expect(chat).toMatchObject({ title: 'Long story (deleted)', titleSource: 'person' })
    expect(chat.deletedFrom).toBeUndefined()
    expect(pathOf(chat).map((message) => (message.role === 'user' ? message.text : ''))).toEqual([
      'first',
      '',
      'second',
      '',
    ])
    expect(chat.messages.some(({ id }) => conversation.messages.some((message) => message.id === id))).toBe(false)
    expect((await library.listTrash()).map(({ summary }) => summary.id)).toEqual([conversation.id])
  })

  it('what was deleted in two steps comes back in either order', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const library = libraryOn(await temporaryFolder())
      const { conversation, ids } = sample()
      await library.create(conversation)
      let now = 5
      const deletions = new Deletions(library, () => now++)
      await deletions.delete(conversation.id, ids.b1)
      await deletions.delete(conversation.id, ids.a2)
      const files = (await library.listTrash()).map(({ file }) => file)
      for (const index of order) await deletions.restore(files[index]!, titled)
      const back = await library.open(conversation.id)
      expect(new Set(back.messages.map(({ id }) => id))).toEqual(new Set(conversation.messages.map(({ id }) => id)))
      expect(back.messages.slice(0, 3)).toEqual(conversation.messages.slice(0, 3))
    }
  })

  it('a whole chat of the trash is put back as ever', async () => {
    const library = libraryOn(await temporaryFolder())
    const { conversation } = sample()
    await library.create(conversation)
    await library.trash(conversation.id)
    expect(await new Deletions(library, () => 5).restore(conversation.id, titled)).toBe(conversation.id)
    await expect(new Deletions(library, () => 5).restore(randomUUID(), titled)).rejects.toThrow('not-found')
  })

  it('whoever has gone elsewhere meanwhile stays there, and what was asked since is kept', async () => {
    const library = libraryOn(await temporaryFolder())
    const { conversation, ids } = sample()
    await library.create(conversation)
    const deletions = new Deletions(library, () => 5)
    const { deletionId } = await deletions.delete(conversation.id, ids.q2)
    const since = userMessage('since', ids.a2)
    await library.update(conversation.id, (present) => ({
      ...present,
      headId: since.id,
      messages: [...present.messages, since],
    }))
    await deletions.putBack(deletionId)
    const back = await library.open(conversation.id)
    expect(back.headId).toBe(since.id)
    expect(back.messages.map(({ id }) => id)).toEqual([...conversation.messages.map(({ id }) => id), since.id])
  })

  it('of a temporary conversation nothing is written', async () => {
    const library = libraryOn(await temporaryFolder())
    const { conversation, ids } = sample({ isTemporary: true })
    await library.create(conversation)
    const deletions = new Deletions(library, () => 5)
    const { deletionId } = await deletions.delete(conversation.id, ids.a2)
    expect(await library.listTrash()).toEqual([])
    await deletions.putBack(deletionId)
    expect((await library.open(conversation.id)).messages).toHaveLength(5)
  })

  it('a running answer is refused, and what is not there is not found; the trash stays as it was', async () => {
    const library = libraryOn(await temporaryFolder())
    const { conversation, ids } = sample()
    const messages = conversation.messages.map((message): Message =>
      message.role === 'assistant' && message.id === ids.b1 ? { ...message, state: 'running' } : message,
    )
    await library.create({ ...conversation, messages })
    const deletions = new Deletions(library, () => 5)
    const refused = await deletions.delete(conversation.id, ids.q2).catch((error: unknown) => toAppError(error))
    expect(refused).toEqual({ code: 'busy' })
    await expect(deletions.delete(conversation.id, randomUUID())).rejects.toThrow('not-found')
    expect(await library.listTrash()).toEqual([])
    expect((await library.open(conversation.id)).messages).toHaveLength(5)
  })
})
