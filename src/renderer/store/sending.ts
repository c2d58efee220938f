import { pathOf, type AttachmentInfo } from '../../shared/conversation'
import { latestEnd } from '../../shared/variants'
import { rememberValues } from '../prompts/state'
import { askColumn } from './answers'
import { flushChatSettings } from './chat-settings'
import { chosenCount, columnOf } from './comparison'
import { loadThread } from './conversations'
import { blockerOf, changeDraft, giveBack, readyAttachments } from './drafts'
import { askNew, dismissRefusal, holdQueue, startsOf } from './question'
import { addQueued, queueMessage, removeQueued, takeBackQueued } from './queue'
import { textToSend } from './quotes'
import {
  choiceOf,
  conversationOf,
  EMPTY_DRAFT,
  endsOnShow,
  isGone,
  isReadOnly,
  runningAnswer,
  runningAnswers,
  useStore,
  type Choice,
  type State,
} from './state'
import { cutRunning, stopAnswers } from './stopping'

/**
 * Sends what stands in the composer, or lets it wait while an answer runs. False when there is nothing to send.
 *
 * @param isNext before those that wait already
 */
export function sendDraft(conversationId: string, isNext = false): boolean {
  const state = useStore.getState()
  const draft = state.drafts.get(conversationId) ?? EMPTY_DRAFT
  if (blockerOf(draft) !== null || isGone(state, conversationId) || isReadOnly(state, conversationId)) return false
  if (chosenCount(state, conversationId) === 1) return false
  const text = textToSend(draft)
  const attachments = readyAttachments(draft)
  if (draft.filling !== undefined) rememberValues(draft.filling, draft.text)
  changeDraft(conversationId, () => EMPTY_DRAFT)
  if (runningAnswer(state, conversationId) === null) void sendMessage(conversationId, text, attachments)
  else queueMessage(conversationId, text, attachments, isNext)
  return true
}

/** Stops the running answer and sends at once what stands in the composer. */
export async function stopAndSend(conversationId: string): Promise<void> {
  // Not the answer to what is sent now, where the one before has ended this moment.
  const running = runningAnswers(useStore.getState(), conversationId)
  if (sendDraft(conversationId, true)) await stopAnswers(running)
}

/** Sends a message; one that cannot start goes back into the composer, with the reason above it. */
export async function sendMessage(
  conversationId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<void> {
  const state = useStore.getState()
  if (state.comparisons.has(conversationId)) {
    const hasBegun = await holdQueue(conversationId, () => askColumns(conversationId, text, attachments))
    if (!hasBegun) giveBack(conversationId, text, attachments)
    return
  }
  const parentId = conversationOf(state, conversationId)?.headId ?? null
  const isFirstThere = isFirstUnder(state, conversationId, parentId)
  const choice = choiceOf(state, conversationId)
  const error = await askNew(conversationId, choice, parentId, text, attachments, null, isFirstThere)
  if (error === null) return
  const isLate = error.code === 'busy' && isFirstThere
  if (isLate && (await waitBehind(conversationId, parentId, text, attachments))) return
  giveBack(conversationId, text, attachments)
}

/** What is asked beside another question is asked there on purpose; else another window may be asking this moment. */
function isFirstUnder(state: State, conversationId: string, parentId: string | null): boolean {
  const { messages = [] } = conversationOf(state, conversationId) ?? {}
  return !messages.some((message) => message.role === 'user' && message.parentId === parentId)
}

/**
 * Another window has asked under the same answer a moment earlier: this message waits for the answer to that, as it would
 * had it been told in time. False when that question is not to be found.
 */
async function waitBehind(
  conversationId: string,
  parentId: string | null,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<boolean> {
  const thread = await loadThread(conversationId)
  if (thread.status !== 'ready') return false
  const { messages } = thread.conversation
  const first = messages.find((message) => message.role === 'user' && message.parentId === parentId)
  const afterId = first === undefined ? null : latestEnd(messages, first.id)
  if (afterId === null) return false
  dismissRefusal(conversationId)
  addQueued(conversationId, { key: crypto.randomUUID(), text, attachments, afterId }, true)
  void sendQueued(conversationId)
  return true
}

/**
 * Sends another version of a question, beside it; an answer that still runs on the path on show is stopped first. False
 * when it could not start; the reason stands above the composer.
 */
export function resendQuestion(
  conversationId: string,
  messageId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<boolean> {
  return holdQueue(conversationId, async () => {
    await cutRunning(conversationId)
    const state = useStore.getState()
    const before = conversationOf(state, conversationId)?.messages.find(({ id }) => id === messageId)
    if (before?.role !== 'user') return false
    const choice = choiceOf(state, conversationId)
    return (await askNew(conversationId, choice, before.parentId, text, attachments)) === null
  })
}

/**
 * Asks all columns: the first question of a comparison once, with an answer of each; what is asked later under the answer
 * of each. False when nothing could start.
 */
async function askColumns(
  conversationId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<boolean> {
  const state = useStore.getState()
  const comparison = state.comparisons.get(conversationId)
  const chosen = (comparison?.columns ?? []).flatMap(({ choice, ...column }) =>
    choice === null ? [] : [{ ...column, choice }],
  )
  const first = chosen[0]
  if (comparison === undefined || first === undefined) return false
  if (comparison.questionId === null) {
    const parentId = conversationOf(state, conversationId)?.headId ?? null
    const isFirst = isFirstUnder(state, conversationId, parentId)
    const error = await askNew(conversationId, first.choice, parentId, text, attachments, first.key, isFirst)
    if (error !== null) return false
    for (const { key } of chosen.slice(1)) await askColumn(conversationId, key)
    return true
  }
  let hasBegun = false
  for (const { key, choice, headId } of chosen) {
    if (headId === null) continue
    const error = await askNew(conversationId, choice, headId, text, attachments, key)
    hasBegun ||= error === null
  }
  return hasBegun
}

/** Conversations whose waiting messages are looked at; true when that was asked for once more meanwhile. */
const looking = new Map<string, boolean>()

/**
 * Sends the first of the waiting messages, once their conversation is idle; the others wait for its answer. After an answer
 * that failed none is sent into the same trouble: they go back into the composer.
 */
export async function sendQueued(conversationId: string): Promise<void> {
  // One look at a time: two that wait for the same thread would each send a message under the same answer.
  if (looking.has(conversationId)) {
    looking.set(conversationId, true)
    return
  }
  try {
    let refusedAt: string | null | undefined
    do {
      looking.set(conversationId, false)
      refusedAt = await sendFirst(conversationId, refusedAt)
    } while (refusedAt !== undefined || looking.get(conversationId) === true)
  } finally {
    looking.delete(conversationId)
  }
}

/**
 * @param refusedAt where the message could not go a moment ago, because of another window's
 * @returns the same of this time; undefined when there is nothing to try again
 */
async function sendFirst(
  conversationId: string,
  refusedAt: string | null | undefined,
): Promise<string | null | undefined> {
  if (!useStore.getState().queued.has(conversationId)) return undefined
  await startsOf(conversationId)
  // The thread that comes has no settings in it that main does not have.
  await flushChatSettings(conversationId)
  const thread = await loadThread(conversationId)
  const state = useStore.getState()
  const message = state.queued.get(conversationId)?.[0]
  if (message === undefined || thread.status !== 'ready') return undefined
  if (startsOf(conversationId) !== null) {
    // A person has asked something while the thread was on its way. What comes of it is looked at then.
    looking.set(conversationId, true)
    return undefined
  }
  const { messages } = thread.conversation
  if (messages.some((each) => each.role === 'assistant' && each.state === 'running')) return undefined
  const { afterId } = message
  const place = afterId === null ? null : placeAfter(state, conversationId, afterId)
  const ends = place === null ? endsOnShow(state, conversationId) : messages.filter(({ id }) => id === place.parentId)
  const hasFailed =
    ends.length > 0 &&
    ends.every((each) => each.role === 'assistant' && (each.state === 'failed' || each.state === 'interrupted'))
  // What was meant for all that were compared is not sent to one of them.
  const hasLeft = place === null && !state.comparisons.has(conversationId)
  if (hasFailed || hasLeft || (place !== null && place.parentId === refusedAt)) {
    takeBackQueued(conversationId)
    return undefined
  }
  removeQueued(conversationId, message.key)
  if (place === null) {
    await sendMessage(conversationId, message.text, message.attachments)
    return undefined
  }
  const { choice, parentId, columnKey } = place
  const error = await askNew(conversationId, choice, parentId, message.text, message.attachments, columnKey, true)
  if (error === null) return undefined
  if (error.code !== 'busy') {
    giveBack(conversationId, message.text, message.attachments)
    return undefined
  }
  // Another window's went first: this one waits for its answer too.
  dismissRefusal(conversationId)
  addQueued(conversationId, message, true)
  return parentId
}

interface Place {
  parentId: string | null
  choice: Choice
  columnKey: string | null
}

/** Where a message that waits for an answer goes: to the end of its path, whatever else is on show. */
function placeAfter(state: State, conversationId: string, afterId: string): Place {
  const { headId = null, messages = [] } = conversationOf(state, conversationId) ?? {}
  const leadsTo = (end: string | null): boolean => pathOf({ headId: end, messages }).some(({ id }) => id === afterId)
  const column = columnOf(conversationId, (each) => leadsTo(each.headId))
  const choice = column?.choice ?? choiceOf(state, conversationId)
  if (column !== null) return { parentId: column.headId, choice, columnKey: column.key }
  return { parentId: leadsTo(headId) ? headId : (latestEnd(messages, afterId) ?? headId), choice, columnKey: null }
}
