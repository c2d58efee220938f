import { Info } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import type { Translate } from '../../shared/i18n'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { continueAnswer } from '../store/answers'
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
  const hasOthers = useOtherProviders(message).length > 0
  const isOver = state === 'complete' || state === 'complete-unconfirmed'
  const kind = finishKindOf(finishReason)
  if (!isOver || (kind !== 'length' && kind !== 'filter')) return null
  const words =
    kind === 'length'
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
            ? [<OtherProvider key="other" conversationId={conversationId} answer={message} look="link" />]
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

type FinishKind = 'stop' | 'length' | 'filter' | 'tool' | 'cancelled'

/** What providers call the same thing. */
const FINISH_KINDS: Record<string, FinishKind> = {
  stop: 'stop',
  eos: 'stop',
  eos_token: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  length: 'length',
  max_tokens: 'length',
  max_output_tokens: 'length',
  content_filter: 'filter',
  safety: 'filter',
  refusal: 'filter',
  tool_calls: 'tool',
  tool_use: 'tool',
  function_call: 'tool',
  cancelled: 'cancelled',
  canceled: 'cancelled',
}

/** What the provider says of the end of its answer; null for what nobody knows. */
export function finishKindOf(reason: string | null): FinishKind | null {
  const word = reason?.toLowerCase() ?? ''
  return Object.hasOwn(FINISH_KINDS, word) ? (FINISH_KINDS[word] ?? null) : null
}

/** Why the provider ended its answer, in words; an unknown reason as the provider's own word. */
export function finishWords(reason: string, t: Translate): string {
  const kind = finishKindOf(reason)
  return kind === null ? t('chat:details.finish.other', { reason }) : t(`chat:details.finish.${kind}`)
}
