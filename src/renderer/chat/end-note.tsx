import { Info } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import type { Translate } from '../../shared/i18n'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { continueAnswer } from '../store/sending'
import { useClosedReason } from './choice'
import { LINK, OtherProvider, useOtherProviders } from './other-provider'
import { Segments } from './status-line'

export interface EndNoteProps {
  message: AssistantMessage
  conversationId: string
  /** Only the last answer can go on. */
  isLast: boolean
}

/** Why an answer that ended in order is not whole all the same, and the way on. */
export function EndNote({ message, conversationId, isLast }: EndNoteProps) {
  const { t } = useTranslation()
  const { state, finishReason, id } = message
  const giveFocus = useGiveFocus()
  const closedReason = useClosedReason(conversationId)
  const hasOthers = useOtherProviders(conversationId, id).length > 0
  const isOver = state === 'complete' || state === 'complete-unconfirmed'
  if (!isOver || (finishReason !== 'length' && finishReason !== 'content_filter')) return null
  const words =
    finishReason === 'length'
      ? [
          t('chat:end.length'),
          ...(isLast
            ? [
                <button
                  key="continue"
                  type="button"
                  className={LINK}
                  aria-disabled={closedReason !== null || undefined}
                  title={closedReason ?? undefined}
                  onClick={() => {
                    if (closedReason !== null) return
                    giveFocus()
                    void continueAnswer(conversationId, id)
                  }}
                >
                  {t('common:continue')}
                </button>,
              ]
            : []),
        ]
      : [
          t('chat:end.filter'),
          ...(isLast && hasOthers
            ? [<OtherProvider key="other" conversationId={conversationId} answerId={id} look="link" />]
            : []),
        ]
  return (
    <p className="mt-2 flex min-h-7 items-center gap-2 text-meta text-warn">
      <Icon of={Info} size={14} />
      <span className="min-w-0">
        <Segments of={words} />
      </span>
    </p>
  )
}

const KNOWN_REASONS: Record<string, string> = {
  stop: 'stop',
  eos: 'stop',
  end_turn: 'stop',
  length: 'length',
  max_tokens: 'length',
  content_filter: 'filter',
  tool_calls: 'tool',
  tool_use: 'tool',
  function_call: 'tool',
}

/** Why the provider ended its answer, in words where it is a known reason. */
export function finishWords(reason: string, t: Translate): string {
  return Object.hasOwn(KNOWN_REASONS, reason) ? t(`chat:details.finish.${KNOWN_REASONS[reason]}`) : reason
}
