import { useShallow } from 'zustand/react/shallow'
import { backendOf, choiceOf, useStore, type Choice } from '../store/state'

/** Who answers the next question of a conversation. */
export function useChoice(conversationId: string): Choice {
  return useStore(useShallow((state) => choiceOf(state, conversationId)))
}

/** Whether there is a model to choose: the Guide is none and has none. */
export function useHasModels(conversationId: string): boolean {
  return useStore((state) => backendOf(state, choiceOf(state, conversationId).backendId)?.isBuiltIn === false)
}
