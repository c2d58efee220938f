import { foldFile } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { conversationOf, useStore, withAnswer, withEntry } from './state'

/** Has a result fetched because the person wants to see it; null when it is there now. */
export async function loadMedia(
  conversationId: string,
  messageId: string,
  source: string,
  isAutomatic = false,
): Promise<AppError | null> {
  const result = await window.parley.request['media.load']({
    conversationId,
    messageId,
    source,
    ...(isAutomatic ? { isAutomatic } : {}),
  })
  if (!result.ok) return result.error
  const file = result.value
  useStore.setState((state) => {
    const message = conversationOf(state, conversationId)?.messages.find(({ id }) => id === messageId)
    if (message?.role !== 'assistant') return {}
    const thread = withAnswer(state.threads.get(conversationId), foldFile(message, source, file))
    return { threads: withEntry(state.threads, conversationId, thread) }
  })
  return null
}
