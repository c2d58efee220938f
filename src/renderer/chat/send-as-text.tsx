import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { tellError } from '../controls/tell-error'
import { sendAsText, textualQuestion } from '../store/files'
import { useStore } from '../store/state'

interface SendAsTextProps {
  message: AssistantMessage
  error: AppError
  conversationId: string
  closedReason: string | null
}

/** The way out when a server takes no files: the same question with their text in it. Only where all of them have a place. */
export function SendAsText({ message, error, conversationId, closedReason }: SendAsTextProps) {
  const { t } = useTranslation()
  const giveFocus = useGiveFocus()
  const questionId = useStore(() => (error.code === 'upload' ? textualQuestion(conversationId, message.id) : null))
  if (questionId === null) return null
  return (
    <Button
      variant="primary"
      isDisabled={closedReason !== null}
      reason={closedReason ?? undefined}
      onClick={() => {
        giveFocus()
        void sendAsText(conversationId, questionId).then(
          (isSent) => !isSent && tellError({ code: 'not-found', what: 'attachment' }),
        )
      }}
    >
      {t('files:sendAsText')}
    </Button>
  )
}

/** Whether the card offers it, and so has another first choice than asking again. */
export function useCanSendAsText({ message, error, conversationId }: Omit<SendAsTextProps, 'closedReason'>): boolean {
  return useStore(() => error.code === 'upload' && textualQuestion(conversationId, message.id) !== null)
}
