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
  await stopAll(stoppableAnswers(useStore.getState(), conversationId))
}

/** Stops the answer of one column. */
export async function stopColumn(generationId: string): Promise<void> {
  await window.parley.request['generation.stop']({ generationId })
}

/** Stops what is being written on show, and waits until it has ended. */
export async function cutRunning(conversationId: string): Promise<void> {
  await cut(conversationId, runningAnswers(useStore.getState(), conversationId))
}

/** Stops answers and waits until they have ended; others of the conversation go on. */
export async function cut(conversationId: string, answers: readonly AssistantMessage[]): Promise<void> {
  if (answers.length === 0) return
  await stopAll(answers)
  await untilEnded(
    conversationId,
    answers.map(({ id }) => id),
  )
}

/** Stops what is being written on show, without waiting for its end. */
export async function cutAnswer(conversationId: string): Promise<void> {
  await stopAll(runningAnswers(useStore.getState(), conversationId))
}

async function stopAll(answers: readonly AssistantMessage[]): Promise<void> {
  await Promise.all(answers.map(({ generationId }) => window.parley.request['generation.stop']({ generationId })))
}
