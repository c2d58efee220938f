import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { Deletions, withoutMessage } from '../../../src/main/deletions'
import { pathOf, type Conversation, type Message } from '../../../src/shared/conversation'
import { toAppError } from '../../../src/shared/errors'
import { conversationOf, newAnswer, userMessage } from '../../support/conversation-samples'
import { libraryOn, temporaryFolder } from '../../support/temporary-library'

const complete = (id: string, parentId: string): Message => ({ ...newAnswer(id), parentId, state: 'complete' })

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

  it('after a restart it is put back from the trash, as a chat with the path that led to it', async () => {
    const root = await temporaryFolder()
    const { conversation, ids } = sample()
    const before = libraryOn(root)
    await before.create(conversation)
    await new Deletions(before, () => 5).delete(conversation.id, ids.q2)
    await before.flush()
    await before.close()

    const library = libraryOn(root)
    expect((await library.open(conversation.id)).messages).toHaveLength(3)
    const [trashed] = await library.listTrash()
    await library.restore(trashed!.summary.id)
    const chat = await library.open(trashed!.summary.id)
    expect(pathOf(chat).map((message) => (message.role === 'user' ? message.text : ''))).toEqual([
      'first',
      '',
      'second',
      '',
    ])
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
