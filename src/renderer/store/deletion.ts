import type { DeletedMessages } from '../../shared/contract'
import type { Result } from '../../shared/errors'
import { loadThread } from './conversations'

/** Takes a message and all under it out of its conversation; what runs there is stopped first. */
export async function deleteMessage(conversationId: string, messageId: string): Promise<Result<DeletedMessages>> {
  const result = await window.parley.request['conversation.deleteMessage']({ conversationId, messageId })
  if (result.ok) await loadThread(conversationId)
  return result
}

/** Puts back what was taken out, at its place. */
export async function putBackMessages(conversationId: string, deletionId: string): Promise<Result<void>> {
  const result = await window.parley.request['conversation.putBackMessages']({ deletionId })
  if (result.ok) await loadThread(conversationId)
  return result
}
