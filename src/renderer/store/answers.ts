import { changeColumn, columnOf } from './comparison'
import { ask, holdQueue } from './question'
import { choiceOf, runningAnswers, useStore, withEntry, type Choice } from './state'
import { cut, cutRunning } from './stopping'

/** Asks the last question of a column, for the first time or again; an answer that runs there is stopped first. */
export function askColumn(conversationId: string, key: string, choice?: Choice): Promise<void> {
  return holdQueue(conversationId, () => askInColumn(conversationId, key, choice))
}

async function askInColumn(conversationId: string, key: string, choice: Choice | undefined): Promise<void> {
  const before = columnOf(conversationId, ({ key: each }) => each === key)
  await cut(
    conversationId,
    runningAnswers(useStore.getState(), conversationId).filter(({ id }) => id === before?.headId),
  )
  if (choice !== undefined) changeColumn(conversationId, key, { choice })
  const column = columnOf(conversationId, ({ key: each }) => each === key)
  const questionId = useStore.getState().comparisons.get(conversationId)?.questionId ?? null
  const messageId = column?.headId ?? questionId
  if (column === null || column.choice === null || messageId === null) return
  await ask(conversationId, column.choice, { kind: 'again', messageId }, null, key)
}

/** Asks the same question once more; an answer that still runs is stopped first, of columns only that of the same. */
export function retryAnswer(conversationId: string, answerId: string, choice?: Choice): Promise<void> {
  return holdQueue(conversationId, () => askOnceMore(conversationId, answerId, choice))
}

async function askOnceMore(conversationId: string, answerId: string, choice: Choice | undefined): Promise<void> {
  const column = columnOf(conversationId, ({ headId }) => headId === answerId)
  if (column !== null) {
    await askColumn(conversationId, column.key, choice)
    return
  }
  await cutRunning(conversationId)
  if (choice !== undefined) {
    useStore.setState(({ choices }) => ({ choices: withEntry(choices, conversationId, choice) }))
  }
  const chosen = choice ?? choiceOf(useStore.getState(), conversationId)
  await ask(conversationId, chosen, { kind: 'again', messageId: answerId }, null)
}

/** Goes on with an answer that was cut. */
export async function continueAnswer(conversationId: string, answerId: string): Promise<void> {
  const column = columnOf(conversationId, ({ headId }) => headId === answerId)
  const chosen = column?.choice ?? choiceOf(useStore.getState(), conversationId)
  await ask(conversationId, chosen, { kind: 'continue', messageId: answerId }, null, column?.key ?? null)
}
