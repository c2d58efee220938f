import { useShallow } from 'zustand/react/shallow'
import { useTranslation } from 'react-i18next'
import { backendOf, choiceOf, isGone, useStore, type Choice } from '../store/state'

/** Who answers the next question of a conversation. */
export function useChoice(conversationId: string): Choice {
  return useStore(useShallow((state) => choiceOf(state, conversationId)))
}

/** Whether there is a model to choose: the Guide is none and has none. */
export function useHasModels(conversationId: string): boolean {
  return useStore((state) => backendOf(state, choiceOf(state, conversationId).backendId)?.isBuiltIn === false)
}

/** Why nothing can be asked in a conversation as it stands: its backend was removed. Null where all is well. */
export function useGoneReason(conversationId: string): string | null {
  const { t } = useTranslation()
  return useStore((state) => isGone(state, conversationId)) ? t('chat:gone.reason') : null
}
