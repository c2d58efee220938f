import { describe } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import { showToast } from '../controls/toast'
import { restoreConversation, trashConversation } from '../store/conversations'
import { useStore } from '../store/state'

/** Deletes at once, without a question; the toast takes it back. */
export async function deleteWithUndo(conversationId: string, t: Translate): Promise<void> {
  const wasRunning = useStore.getState().conversations.get(conversationId)?.isRunning === true
  const result = await trashConversation(conversationId)
  if (!result.ok) {
    showToast({ text: describe(result.error, t).title })
    return
  }
  showToast({
    text: t(wasRunning ? 'chat:sidebar.stopped' : 'chat:sidebar.deleted'),
    action: { label: t('common:undo'), run: () => void undo(conversationId, t) },
  })
}

async function undo(conversationId: string, t: Translate): Promise<void> {
  const result = await restoreConversation(conversationId)
  if (!result.ok) showToast({ text: describe(result.error, t).title })
}
