import { randomUUID } from 'node:crypto'
import { pathOf, type Conversation, type Message } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import { interrupt } from './journal'

/**
 * The end of the latest path that leads through a message: where one goes on who looks at this variant. The message itself
 * when nothing follows it. Throws not-found (message).
 */
export function latestEnd(messages: readonly Message[], messageId: string): string {
  if (!messages.some(({ id }) => id === messageId)) throw failure({ code: 'not-found', what: 'message' })
  const followers = new Map<string, Message[]>()
  for (const message of messages) {
    if (message.parentId === null) continue
    const known = followers.get(message.parentId)
    if (known === undefined) followers.set(message.parentId, [message])
    else known.push(message)
  }
  const order = new Map(messages.map(({ id }, index) => [id, index]))
  let end = messageId
  const waiting = [messageId]
  // A message is looked at once, so that the walk through a ring, which only a damaged file has, ends.
  const seen = new Set(waiting)
  for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
    const next = (followers.get(id) ?? []).filter((message) => !seen.has(message.id))
    if (next.length === 0 && (order.get(id) ?? 0) > (order.get(end) ?? 0)) end = id
    for (const message of next) {
      seen.add(message.id)
      waiting.push(message.id)
    }
  }
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
      ...(message.role === 'assistant' ? interrupt(message) : message),
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
