import { useShallow } from 'zustand/react/shallow'
import { useTranslation } from 'react-i18next'
import { backendOf, choiceOf, isGone, isReadOnly, useStore, type Choice } from '../store/state'

/** Who answers the next question of a conversation. */
export function useChoice(conversationId: string): Choice {
  return useStore(useShallow((state) => choiceOf(state, conversationId)))
}

/** Whether there is a model to choose: the Guide is none and has none. */
export function useHasModels(conversationId: string): boolean {
  return useStore((state) => backendOf(state, choiceOf(state, conversationId).backendId)?.isBuiltIn === false)
}

/**
 * Why nothing can be asked in a conversation as it stands: a newer Parley wrote it, or its backend was removed. Null where
 * all is well.
 */
export function useClosedReason(conversationId: string): string | null {
  const { t } = useTranslation()
  const readOnly = useReadOnlyReason(conversationId)
  const hasNobody = useStore((state) => isGone(state, conversationId))
  return readOnly ?? (hasNobody ? t('chat:gone.reason') : null)
}

/** Why nothing of a conversation can be changed: a newer Parley wrote it. Null where all is well. */
export function useReadOnlyReason(conversationId: string): string | null {
  const { t } = useTranslation()
  return useStore((state) => isReadOnly(state, conversationId)) ? t('chat:readOnly.reason') : null
}
