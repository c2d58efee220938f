import { createHash } from 'node:crypto'
import type { Conversation } from '../../shared/conversation'
import { settled } from '../library/journal'

/**
 * A conversation as it leaves this computer or comes to it: without the session state of providers, which may open an
 * account (S42), and without an answer that still runs, which nobody would ever finish elsewhere.
 */
export function portable(conversation: Conversation): Conversation {
  const { isTemporary: _isTemporary, ...rest } = conversation
  return {
    ...rest,
    messages: conversation.messages
      .map(settled)
      .map((message) =>
        message.role === 'user' || message.sessions === null ? message : { ...message, sessions: null },
      ),
  }
}

/**
 * Tells whether two conversations say the same, as 64 hexadecimal digits. Marks of the sidebar and the choice of who
 * answers next are not part of it: they change without anything being said.
 */
export function digestOf(conversation: Conversation): string {
  const { title, createdAt, headId, messages } = portable(conversation)
  const said = canonical({ title, createdAt, headId, messages })
  return createHash('sha256').update(JSON.stringify(said)).digest('hex')
}

// Files of the same conversation may have their keys in another order: a schema writes them in its own.
function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  // As lists of pairs: a key `__proto__` would be lost in an object made here.
  return entries.filter(([, each]) => each !== undefined).map(([key, each]) => [key, canonical(each)])
}
