import type { DeletedMessages } from '../../shared/contract'
import type { AppError, Result } from '../../shared/errors'
import { subtreeOf } from '../../shared/variants'
import { loadThread } from './conversations'
import { takeBackQueued } from './queue'
import { conversationOf, useStore } from './state'

// Main stops what runs in what is deleted. A message that waits for its end must not take that for its turn: it goes back
// into the field first.

/** Moves a conversation to the trash; what has arrived of an answer that runs in it is kept with it. */
export function trashConversation(conversationId: string): Promise<Result<void>> {
  takeBackQueued(conversationId)
  return window.parley.request['conversation.trash']({ conversationId })
}

/** Ends a temporary conversation: nothing of it stays. */
export async function discardConversation(conversationId: string): Promise<AppError | null> {
  takeBackQueued(conversationId)
  const result = await window.parley.request['conversation.discard']({ conversationId })
  return result.ok ? null : result.error
}

/** Takes a message and all under it out of its conversation. */
export async function deleteMessage(conversationId: string, messageId: string): Promise<Result<DeletedMessages>> {
  const state = useStore.getState()
  const under = new Set(subtreeOf(conversationOf(state, conversationId)?.messages ?? [], messageId).map(({ id }) => id))
  const waiting = state.queued.get(conversationId) ?? []
  if (waiting.some(({ afterId }) => afterId !== null && under.has(afterId))) takeBackQueued(conversationId)
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
