import type { Conversation, Message } from '../../shared/conversation'
import { answerText } from '../../shared/conversation'
import type { SearchableConversation } from './search-index'

/** What of a conversation can be found: title, questions, answers with what the model thought, of all branches. */
export function searchableOf(conversation: Conversation, stamp: string): SearchableConversation {
  const { id, title, updatedAt, messages } = conversation
  return {
    id,
    title,
    updatedAt,
    stamp,
    messages: messages.map((message) => ({ id: message.id, role: message.role, text: textOf(message) })),
  }
}

function textOf(message: Message): string {
  if (message.role === 'user') return message.text
  const media = message.content.flatMap((item) => (item.type === 'media' && item.alt !== '' ? [item.alt] : []))
  const texts = [answerText(message), message.preview ?? '', ...media, message.reasoning?.text ?? '']
  return texts.filter((text) => text !== '').join('\n\n')
}
