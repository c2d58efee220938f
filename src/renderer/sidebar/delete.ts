import { describe, type AppError } from '../../shared/errors'
import { showToast } from '../controls/toast'
import { askDiscard, restoreConversation, showConversation } from '../store/conversations'
import { trashConversation } from '../store/deletion'
import { useStore } from '../store/state'
import { noteTrashed } from '../trash/state'

/** Deletes at once, without a question; the toast takes it back. A temporary chat has no trash: that is asked about. */
export async function deleteWithUndo(conversationId: string): Promise<void> {
  const { conversations, currentId, view } = useStore.getState()
  const summary = conversations.get(conversationId)
  if (summary?.isTemporary === true) {
    askDiscard(conversationId)
    return
  }
  const wasOnShow = currentId === conversationId && view.name === 'chat'
  const result = await trashConversation(conversationId)
  if (!result.ok) {
    tell(result.error)
    return
  }
  if (summary !== undefined) noteTrashed(summary)
  const title = summary?.title ?? ''
  const undo = async (): Promise<void> => {
    const restored = await restoreConversation(conversationId)
    if (!restored.ok) tell(restored.error)
    else if (wasOnShow) await showConversation(restored.value.conversationId)
  }
  showToast({
    text: (say) =>
      say(summary?.isRunning === true ? 'chat:sidebar.stopped' : 'chat:sidebar.deleted', {
        title: title === '' ? say('chat:sidebar.untitled') : title,
      }),
    action: { label: (say) => say('common:undo'), isUndo: true, run: () => void undo() },
  })
}

function tell(error: AppError): void {
  showToast({ text: (say) => describe(error, say).title })
}
