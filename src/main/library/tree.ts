import { randomUUID } from 'node:crypto'
import { pathOf, type Conversation, type Message } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import { latestEnd as endOf } from '../../shared/variants'
import { settled } from './journal'

/** As `latestEnd` of the page; throws not-found (message). */
export function latestEnd(messages: readonly Message[], messageId: string): string {
  const end = endOf(messages, messageId)
  if (end === null) throw failure({ code: 'not-found', what: 'message' })
  return end
}

/**
 * A conversation of its own with the same messages, under new ids. An answer that runs stays where it runs: the copy has
 * what there is of it, as an interrupted one.
 */
export function duplicateOf(conversation: Conversation, now: number): Conversation {
  const ids = new Map(conversation.messages.map(({ id }) => [id, randomUUID()]))
  const newId = (id: string | null): string | null => (id === null ? null : (ids.get(id) ?? null))
  return {
    ...conversation,
    version: 1,
    id: randomUUID(),
    createdAt: now,
    updatedAt: now,
    isPinned: false,
    isUnread: false,
    headId: newId(conversation.headId),
    messages: conversation.messages.map((message) => ({
      ...settled(message),
      id: newId(message.id) ?? randomUUID(),
      parentId: newId(message.parentId),
    })),
  }
}

/** A conversation of its own with the path up to and with one message. Throws not-found (message). */
export function branchOf(conversation: Conversation, messageId: string, now: number): Conversation {
  const messages = pathOf({ headId: messageId, messages: conversation.messages })
  if (messages.length === 0) throw failure({ code: 'not-found', what: 'message' })
  return duplicateOf({ ...conversation, headId: messageId, messages }, now)
}
