import { useShallow } from 'zustand/react/shallow'
import { choiceOf, useStore, type Choice } from '../store/state'

/** Who answers the next question of a conversation. */
export function useChoice(conversationId: string): Choice {
  return useStore(useShallow((state) => choiceOf(state, conversationId)))
}
