import { randomUUID } from 'node:crypto'
import type { Conversation, DeletedFrom, Message } from '../shared/conversation'
import { AppFailure, failure } from '../shared/errors'
import { entranceOf, latestEnd, subtreeOf, variantsOf } from '../shared/variants'
import { settled } from './library/journal'
import type { Library } from './library/library'
import { duplicateOf } from './library/tree'

/** What one deletion has taken out, to be put back. */
interface Deletion extends Omit<DeletedFrom, 'count'> {
  removed: readonly Message[]
  /** The chat in the trash that has it as well; null for a temporary conversation. */
  trashedId: string | null
}

/** Deletions that can still be put back in place. A toast lives for seconds, and there is one of them. */
const REMEMBERED = 20

/**
 * Messages taken out of conversations. What is taken out lies in the trash as a chat of its own, with the path that leads
 * to it, before it goes: it outlives a crash, and the thirty days of every other deletion. For as long as this process
 * lives it can be put back at its place, and then the copy goes from the trash; from the trash it comes back to its place
 * as well, while the conversation is there. Of a temporary conversation nothing is
 * written (docs/decisions/0012-deleted-messages.md).
 */
export class Deletions {
  readonly #library: Library
  readonly #now: () => number
  readonly #deletions = new Map<string, Deletion>()

  constructor(library: Library, now: () => number) {
    this.#library = library
    this.#now = now
  }

  /**
   * Takes a message and all that hangs under it out. Whoever calls has ended the answers that run there.
   *
   * Throws not-found (message), busy while an answer runs there all the same, storage when the disk refuses the trash.
   */
  async delete(conversationId: string, messageId: string): Promise<{ deletionId: string; count: number }> {
    const before = await this.#library.open(conversationId)
    const trashed = before.isTemporary === true ? null : asChat(before, messageId, this.#now())
    if (trashed !== null) await this.#library.putInTrash(trashed)
    let deletion: Deletion | null = null
    try {
      await this.#library.update(conversationId, (present) => {
        const without = withoutMessage(present, messageId)
        const removed = present.messages.filter((message) => !without.messages.includes(message))
        if (removed.some((message) => message.role === 'assistant' && message.state === 'running')) {
          throw failure({ code: 'busy' })
        }
        deletion = {
          conversationId,
          removed,
          order: present.messages.map(({ id }) => id),
          headBefore: present.headId,
          headAfter: without.headId,
          trashedId: trashed?.id ?? null,
        }
        return without
      })
    } catch (error) {
      if (trashed !== null) await this.#library.deleteFromTrash([trashed.id])
      throw error
    }
    return this.#remember(deletion)
  }

  /** Puts what was deleted back at its place. Throws not-found (message) for what this process does not know any more. */
  async putBack(deletionId: string): Promise<void> {
    const deletion = this.#deletions.get(deletionId)
    if (deletion === undefined) throw failure({ code: 'not-found', what: 'message' })
    await this.#library.update(deletion.conversationId, (present) => withMessages(present, deletion))
    this.#deletions.delete(deletionId)
    if (deletion.trashedId !== null) await this.#library.deleteFromTrash([deletion.trashedId])
  }

  /**
   * Takes a conversation out of the trash. Messages that were deleted out of one go back to their place in it; when it is
   * not there, or cannot be written, they become a conversation of their own. Throws as `Library.restore`.
   *
   * @param which as for `Library.restore`
   * @param titled what a conversation is called that is made of messages of one with this title
   * @returns the id of the conversation in which it all is now
   */
  async restore(which: string, titled: (title: string) => Promise<string>): Promise<string> {
    const trashed = await this.#library.openTrashed(which).catch(() => null)
    if (trashed?.deletedFrom === undefined) return this.#library.restore(which)
    const { deletedFrom, ...chat } = trashed
    const restored = (await this.#putBackInto(deletedFrom, chat.messages)) ?? (await this.#makeChat(chat, titled))
    // On a disk that refuses they are in memory only: the copy stays until it is deleted once more.
    if (this.#library.storageState().isSafe) await this.#library.deleteFromTrash([which])
    return restored
  }

  async #putBackInto(from: DeletedFrom, removed: readonly Message[]): Promise<string | null> {
    try {
      await this.#library.update(from.conversationId, (present) => withMessages(present, { ...from, removed }))
      return from.conversationId
    } catch (error) {
      if (error instanceof AppFailure) return null
      throw error
    }
  }

  async #makeChat(chat: Conversation, titled: (title: string) => Promise<string>): Promise<string> {
    // Its messages may be in two conversations now, once the other one comes back.
    const made = duplicateOf(chat, this.#now())
    await this.#library.create({ ...made, title: await titled(chat.title), titleSource: 'person' })
    return made.id
  }

  #remember(deletion: Deletion | null): { deletionId: string; count: number } {
    if (deletion === null) throw failure({ code: 'not-found', what: 'message' })
    const deletionId = randomUUID()
    this.#deletions.set(deletionId, deletion)
    for (const id of this.#deletions.keys()) {
      if (this.#deletions.size <= REMEMBERED) break
      this.#deletions.delete(id)
    }
    return { deletionId, count: deletion.removed.length }
  }
}

/** The conversation without a message and all under it. On show is what is nearest to it. Throws not-found (message). */
export function withoutMessage(conversation: Conversation, messageId: string): Conversation {
  const { messages, headId } = conversation
  const message = messages.find(({ id }) => id === messageId)
  if (message === undefined) throw failure({ code: 'not-found', what: 'message' })
  const under = new Set(subtreeOf(messages, messageId).map(({ id }) => id))
  const left = messages.filter(({ id }) => !under.has(id))
  if (headId === null || !under.has(headId)) return { ...conversation, messages: left }
  // The version before it, else the one after it, else what it was under.
  const variants = variantsOf(messages, messageId)
  const place = variants.indexOf(messageId)
  const beside = [...variants.slice(0, Math.max(0, place)).reverse(), ...variants.slice(place + 1)].find(
    (id) => !under.has(id),
  )
  const shown = beside === undefined ? message.parentId : latestEnd(left, entranceOf(left, beside))
  return { ...conversation, headId: shown, messages: left }
}

/** The conversation with what was deleted, at its place; on show again, unless somebody has gone elsewhere meanwhile. */
function withMessages(
  present: Conversation,
  deletion: Pick<Deletion, 'removed' | 'order' | 'headBefore' | 'headAfter'>,
): Conversation {
  const place = new Map(deletion.order.map((id, index) => [id, index]))
  const here = new Set(present.messages.map(({ id }) => id))
  const back = deletion.removed.filter(({ id }) => !here.has(id))
  const messages = [...present.messages, ...back].sort(
    (a, b) => (place.get(a.id) ?? Infinity) - (place.get(b.id) ?? Infinity) || 0,
  )
  const wasOnShow = messages.some(({ id }) => id === deletion.headBefore)
  return {
    ...present,
    headId: wasOnShow && present.headId === deletion.headAfter ? deletion.headBefore : present.headId,
    messages,
  }
}

/** A chat with a message, all under it, and the path that leads there, which knows where they were. */
function asChat(conversation: Conversation, messageId: string, now: number): Conversation {
  const { messages } = conversation
  const kept = new Set(subtreeOf(messages, messageId).map(({ id }) => id))
  if (kept.size === 0) throw failure({ code: 'not-found', what: 'message' })
  const deletedFrom: DeletedFrom = {
    conversationId: conversation.id,
    count: kept.size,
    order: messages.map(({ id }) => id),
    headBefore: conversation.headId,
    headAfter: withoutMessage(conversation, messageId).headId,
  }
  const byId = new Map(messages.map((message) => [message.id, message]))
  let above = byId.get(messageId)?.parentId ?? null
  while (above !== null && !kept.has(above)) {
    kept.add(above)
    above = byId.get(above)?.parentId ?? null
  }
  return {
    ...conversation,
    id: randomUUID(),
    createdAt: now,
    updatedAt: now,
    isPinned: false,
    isUnread: false,
    headId: latestEnd(messages, messageId),
    deletedFrom,
    messages: messages.filter(({ id }) => kept.has(id)).map(settled),
  }
}
