import { useTranslation } from 'react-i18next'
import type { AssistantMessage } from '../../shared/conversation'
import { useChoiceNames } from '../chat/model-picker'
import { useBackendName } from '../chat/provider-line'
import { nameOf } from '../chat/status'
import { conversationOf, useStore, type Column } from '../store/state'

export interface ColumnName {
  /** The model, or who answers where none has a name; null while nobody is chosen. */
  title: string | null
  /** Whose model it is. */
  detail: string
}

/** Who answers in a column: the model that was chosen, else the one that the answer names, and the provider that answers. */
export function useColumnName({ conversationId, column }: { conversationId: string; column: Column }): ColumnName {
  const { t } = useTranslation()
  const { choice, headId } = column
  const chosen = useChoiceNames(choice ?? { backendId: '', provider: null, model: null })
  const backend = useBackendName(choice?.backendId ?? '')
  const answer = useStore((state): AssistantMessage | null => {
    const head = conversationOf(state, conversationId)?.messages.find(({ id }) => id === headId)
    return head?.role === 'assistant' ? head : null
  })
  if (choice === null && answer === null) return { title: null, detail: '' }
  const provider = answer?.provider ?? null
  const who = provider === null ? (chosen.provider ?? backend) : nameOf(provider)
  // What was chosen keeps its name: servers say it in other words.
  const model = (choice?.model ?? null) === null ? (provider?.model ?? chosen.model) : chosen.model
  return { title: model ?? who, detail: model === null || model === who ? backend : who || t('common:guide') }
}
