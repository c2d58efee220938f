import { describe, type AppError } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import { showToast } from '../controls/toast'
import { askDiscard, restoreConversation, showConversation, trashConversation } from '../store/conversations'
import { useStore } from '../store/state'
import { noteTrashed } from '../trash/state'

/** Deletes at once, without a question; the toast takes it back. A temporary chat has no trash: that is asked about. */
export async function deleteWithUndo(conversationId: string, t: Translate): Promise<void> {
  const { conversations, currentId, view } = useStore.getState()
  const summary = conversations.get(conversationId)
  if (summary?.isTemporary === true) {
    askDiscard(conversationId)
    return
  }
  const wasOnShow = currentId === conversationId && view.name === 'chat'
  const result = await trashConversation(conversationId)
  if (!result.ok) {
    tell(result.error, t)
    return
  }
  if (summary !== undefined) noteTrashed(summary)
  const title = summary === undefined || summary.title === '' ? t('chat:sidebar.untitled') : summary.title
  const undo = async (): Promise<void> => {
    const restored = await restoreConversation(conversationId)
    if (!restored.ok) tell(restored.error, t)
    else if (wasOnShow) await showConversation(restored.value.conversationId)
  }
  showToast({
    text: t(summary?.isRunning === true ? 'chat:sidebar.stopped' : 'chat:sidebar.deleted', { title }),
    action: { label: t('common:undo'), isUndo: true, run: () => void undo() },
  })
}

function tell(error: AppError, t: Translate): void {
  showToast({ text: describe(error, t).title })
}
