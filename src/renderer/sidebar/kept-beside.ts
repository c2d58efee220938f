import { useEffect } from 'react'
import { showToast } from '../controls/toast'
import { showConversation } from '../store/conversations'

/** Says that somebody else has written the file of an open conversation, and where what they wrote is now (R38). */
export function useKeptBeside(): void {
  useEffect(
    () =>
      window.parley.on['conversation.keptBeside'](({ conversationId, title }) => {
        showToast({
          text: (t) => t('chat:sidebar.keptBeside', { title: title === '' ? t('chat:sidebar.untitled') : title }),
          action: { label: (t) => t('chat:trash.open'), run: () => void showConversation(conversationId) },
        })
      }),
    [],
  )
}
