import type { AnswerContent, Conversation } from '../../shared/conversation'

/** The stored files that a conversation names, images of questions and results of answers: bytes by id. */
export function mediaOf(conversation: Conversation): Map<string, number> {
  const found = new Map<string, number>()
  const look = (content: readonly AnswerContent[]): void => {
    for (const item of content) {
      if (item.type !== 'media') continue
      for (const { id, bytes } of Object.values(item.files ?? {})) found.set(id, bytes)
    }
  }
  for (const message of conversation.messages) {
    if (message.role === 'user') for (const { id, bytes } of message.attachments) found.set(id, bytes)
    else {
      for (const { content } of [message, ...message.attempts]) look(content)
      for (const { id, bytes } of Object.values(message.pictures ?? {})) found.set(id, bytes)
    }
  }
  return found
}

/**
 * The ids of stored files in any text of ours, be it whole or damaged: whatever looks like one. It may find more than there
 * is and never less, so that nothing is deleted that is named somewhere.
 */
export function mediaNamesIn(text: string): Set<string> {
  return new Set(text.match(/[0-9a-f]{64}/gu) ?? [])
}
