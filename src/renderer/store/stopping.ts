import type { AssistantMessage } from '../../shared/conversation'
import { untilEnded } from './conversations'
import { takeBackQueued } from './queue'
import { runningAnswers, stoppableAnswers, useStore } from './state'

/**
 * Stops the answer that is being written; what has arrived stays. A message that waits for its end goes back into the
 * field: who stops an answer does not ask for the next one.
 */
export async function stopAnswer(conversationId: string): Promise<void> {
  takeBackQueued(conversationId)
  await stopAnswers(stoppableAnswers(useStore.getState(), conversationId))
}

/** Stops what is being written on show, and waits until it has ended. */
export async function cutRunning(conversationId: string): Promise<void> {
  await cut(conversationId, runningAnswers(useStore.getState(), conversationId))
}

/** Stops answers and waits until they have ended; others of the conversation go on. */
export async function cut(conversationId: string, answers: readonly AssistantMessage[]): Promise<void> {
  if (answers.length === 0) return
  await stopAnswers(answers)
  await untilEnded(
    conversationId,
    answers.map(({ id }) => id),
  )
}

/** Stops answers, without waiting for their end; what has arrived stays. */
export async function stopAnswers(answers: readonly Pick<AssistantMessage, 'generationId'>[]): Promise<void> {
  await Promise.all(answers.map(({ generationId }) => window.parley.request['generation.stop']({ generationId })))
}
