import { describe } from '../../shared/errors'
import { showToast } from '../controls/toast'
import { deleteMessage, putBackMessages } from '../store/deletion'
import { isTemporary, useStore } from '../store/state'

/** Deletes a message with all under it at once, without a question; the toast takes it back. */
export async function deleteMessageWithUndo(conversationId: string, messageId: string): Promise<void> {
  const isUnkept = isTemporary(useStore.getState(), conversationId)
  const deleted = await deleteMessage(conversationId, messageId)
  if (!deleted.ok) {
    showToast({ text: (say) => describe(deleted.error, say).title })
    return
  }
  const { deletionId, count } = deleted.value
  const undo = async (): Promise<void> => {
    const back = await putBackMessages(conversationId, deletionId)
    if (!back.ok) showToast({ text: (say) => describe(back.error, say).title })
  }
  showToast({
    text: (say) => say(isUnkept ? 'thread:delete.gone' : 'thread:delete.trashed', { count }),
    action: { label: (say) => say('common:undo'), isUndo: true, run: () => void undo() },
  })
}
