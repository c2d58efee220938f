import type { Question, StartedGeneration, StartGeneration } from '../../shared/contract'
import {
  DEFAULT_CHAT_SETTINGS,
  emptyAnswer,
  pathOf,
  withChatSettings,
  type AssistantMessage,
  type AttachmentInfo,
  type Conversation,
  type UserMessage,
} from '../../shared/conversation'
import type { AppError, Result } from '../../shared/errors'
import { latestEnd } from '../../shared/variants'
import { rememberValues } from '../prompts/state'
import { flushChatSettings } from './chat-settings'
import { changeColumn, chosenCount } from './comparison'
import { feed, loadThread, untilEnded, untilTold } from './conversations'
import { blockerOf, changeDraft, giveBack, readyAttachments } from './drafts'
import { textToSend } from './quotes'
import {
  chatSettingsOf,
  choiceOf,
  conversationOf,
  EMPTY_DRAFT,
  endsOnShow,
  isGone,
  isReadOnly,
  isTemporary,
  runningAnswer,
  runningAnswers,
  stoppableAnswers,
  useStore,
  withConversation,
  withEntry,
  type Choice,
  type Column,
  type QueuedMessage,
  type State,
} from './state'

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
  if (!sendDraft(conversationId, true)) return
  await cutAnswer(conversationId)
}

/** @param isNext before those that wait already */
function queueMessage(
  conversationId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
  isNext: boolean,
): void {
  const state = useStore.getState()
  const isCompared = (chosenCount(state, conversationId) ?? 0) > 1
  const afterId = isCompared ? null : (runningAnswer(state, conversationId)?.id ?? null)
  const message: QueuedMessage = { key: crypto.randomUUID(), text, attachments, afterId }
  useStore.setState(({ queued }) => {
    const before = queued.get(conversationId) ?? []
    return { queued: withEntry(queued, conversationId, isNext ? [message, ...before] : [...before, message]) }
  })
}

/** Takes a waiting message out; null when it is not there any more. */
export function removeQueued(conversationId: string, key: string): QueuedMessage | null {
  const before = useStore.getState().queued.get(conversationId) ?? []
  const left = before.filter((message) => message.key !== key)
  useStore.setState(({ queued }) => ({
    queued: withEntry(queued, conversationId, left.length === 0 ? undefined : left),
  }))
  return before.find((message) => message.key === key) ?? null
}

/** Takes a waiting message back into the composer; without a key all of them, in their order. */
export function takeBackQueued(conversationId: string, key?: string): void {
  const messages = useStore.getState().queued.get(conversationId) ?? []
  const taken = messages.filter((message) => key === undefined || message.key === key)
  for (const { key: each } of taken) removeQueued(conversationId, each)
  if (taken.length === 0) return
  const text = taken.flatMap((message) => (message.text === '' ? [] : [message.text])).join('\n\n')
  giveBack(
    conversationId,
    text,
    taken.flatMap((message) => message.attachments),
  )
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
  if (!useStore.getState().queued.has(conversationId) || starting.has(conversationId)) return undefined
  const thread = await loadThread(conversationId)
  const state = useStore.getState()
  const message = state.queued.get(conversationId)?.[0]
  // A person may have sent something while the thread was on its way.
  if (message === undefined || thread.status !== 'ready' || starting.has(conversationId)) return undefined
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
  useStore.setState(({ queued }) => ({
    queued: withEntry(queued, conversationId, [message, ...(queued.get(conversationId) ?? [])]),
  }))
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

/** Waiting messages follow the answer that is asked in the place of the one they wait for, or after it. */
function withFollowers(
  queued: State['queued'],
  conversationId: string,
  answerId: string,
  isFollowed: (afterId: string) => boolean,
): State['queued'] {
  const waiting = queued.get(conversationId)?.map((message) => ({
    ...message,
    afterId: message.afterId !== null && isFollowed(message.afterId) ? answerId : message.afterId,
  }))
  return waiting === undefined ? queued : withEntry(queued, conversationId, waiting)
}

/** Sends a message; one that cannot start goes back into the composer, with the reason above it. */
export async function sendMessage(
  conversationId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<void> {
  if (useStore.getState().comparisons.has(conversationId)) {
    if (!(await askColumns(conversationId, text, attachments))) giveBack(conversationId, text, attachments)
    return
  }
  const parentId = conversationOf(useStore.getState(), conversationId)?.headId ?? null
  if (!(await askAfter(conversationId, parentId, text, attachments))) giveBack(conversationId, text, attachments)
}

/**
 * Sends another version of a question, beside it; an answer that still runs on the path on show is stopped first. False
 * when it could not start; the reason stands above the composer.
 */
export async function resendQuestion(
  conversationId: string,
  messageId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<boolean> {
  await cutRunning(conversationId)
  const conversation = conversationOf(useStore.getState(), conversationId)
  const before = conversation?.messages.find(({ id }) => id === messageId)
  if (before?.role !== 'user') return false
  return askAfter(conversationId, before.parentId, text, attachments)
}

/** False when it could not start. */
async function askAfter(
  conversationId: string,
  parentId: string | null,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<boolean> {
  return (
    (await askNew(conversationId, choiceOf(useStore.getState(), conversationId), parentId, text, attachments)) === null
  )
}

/** Asks something that nobody has asked yet, of one choice. */
function askNew(
  conversationId: string,
  choice: Choice,
  parentId: string | null,
  text: string,
  attachments: readonly AttachmentInfo[],
  columnKey: string | null = null,
  isFirstThere = false,
): Promise<AppError | null> {
  const question: UserMessage = {
    role: 'user',
    id: crypto.randomUUID(),
    parentId,
    createdAt: Date.now(),
    text,
    attachments: [...attachments],
  }
  const attachmentIds = attachments.map(({ id }) => id)
  const asked: Question = {
    kind: 'new',
    messageId: question.id,
    parentId,
    text,
    attachmentIds,
    ...(isFirstThere && { isFirstThere }),
  }
  return ask(conversationId, choice, asked, question, columnKey)
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
    const error = await askNew(conversationId, first.choice, parentId, text, attachments, first.key)
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

/** Asks the last question of a column, for the first time or again; an answer that runs there is stopped first. */
export async function askColumn(conversationId: string, key: string, choice?: Choice): Promise<void> {
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

/** Stops the answer of one column. */
export async function stopColumn(generationId: string): Promise<void> {
  await window.parley.request['generation.stop']({ generationId })
}

function columnOf(conversationId: string, isWanted: (column: Column) => boolean): Column | null {
  return useStore.getState().comparisons.get(conversationId)?.columns.find(isWanted) ?? null
}

/** Asks the same question once more; an answer that still runs is stopped first, of columns only that of the same. */
export async function retryAnswer(conversationId: string, answerId: string, choice?: Choice): Promise<void> {
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

/**
 * Stops the answer that is being written; what has arrived stays. A message that waits for its end goes back into the
 * field: who stops an answer does not ask for the next one.
 */
export async function stopAnswer(conversationId: string): Promise<void> {
  takeBackQueued(conversationId)
  await stopAll(stoppableAnswers(useStore.getState(), conversationId))
}

/** Stops what is being written on show, and waits until it has ended. */
async function cutRunning(conversationId: string): Promise<void> {
  await cut(conversationId, runningAnswers(useStore.getState(), conversationId))
}

/** Stops answers and waits until they have ended; others of the conversation go on. */
async function cut(conversationId: string, answers: readonly AssistantMessage[]): Promise<void> {
  if (answers.length === 0) return
  await stopAll(answers)
  await untilEnded(
    conversationId,
    answers.map(({ id }) => id),
  )
}

async function cutAnswer(conversationId: string): Promise<void> {
  await stopAll(runningAnswers(useStore.getState(), conversationId))
}

async function stopAll(answers: readonly AssistantMessage[]): Promise<void> {
  await Promise.all(answers.map(({ generationId }) => window.parley.request['generation.stop']({ generationId })))
}

export function dismissRefusal(conversationId: string): void {
  useStore.setState(({ refusals }) => ({ refusals: withEntry(refusals, conversationId, undefined) }))
}

/** Conversations with a start under way: main does not know yet that an answer runs there. */
const starting = new Set<string>()

/**
 * Starts a generation. Question and empty answer stand in the thread at once, before main has them on disk; when it
 * refuses, they go and the error is returned.
 */
async function ask(
  conversationId: string,
  { backendId, provider, model }: Choice,
  question: Question,
  message: UserMessage | null,
  columnKey: string | null = null,
): Promise<AppError | null> {
  if (isReadOnly(useStore.getState(), conversationId)) return { code: 'newer-file' }
  // The composer says it, and offers the others.
  if (isGone(useStore.getState(), conversationId)) return { code: 'not-found', what: 'backend' }
  const request: StartGeneration = {
    generationId: crypto.randomUUID(),
    answerId: crypto.randomUUID(),
    conversationId,
    origin: useStore.getState().boot?.role === 'quick-ask' ? 'quick-ask' : 'window',
    isTemporary: isTemporary(useStore.getState(), conversationId),
    settings: chatSettingsOf(useStore.getState(), conversationId),
    backendId,
    provider,
    model,
    question,
  }
  const { generationId, answerId } = request
  const before = conversationOf(useStore.getState(), conversationId)
  const comparison = useStore.getState().comparisons.get(conversationId)
  const headBefore = comparison?.columns.find(({ key }) => key === columnKey)?.headId ?? null
  feed.track({ generationId, conversationId, seq: 0 })
  useStore.setState((state) => ({
    threads: withEntry(state.threads, conversationId, {
      status: 'ready',
      conversation: withQuestion(before ?? emptyConversation(request), request, message),
    }),
    queued: withFollowers(
      state.queued,
      conversationId,
      answerId,
      (afterId) => columnKey === null || afterId === headBefore,
    ),
    startedAt: withEntry(state.startedAt, generationId, performance.now()),
    refusals: withEntry(state.refusals, conversationId, undefined),
  }))
  if (columnKey !== null) changeColumn(conversationId, columnKey, { headId: answerId }, message?.id ?? null)

  starting.add(conversationId)
  const result = await start(request)
  starting.delete(conversationId)
  if (result.ok) {
    const { conversation } = result.value
    useStore.setState((state) => (state.conversations.has(conversationId) ? {} : withConversation(state, conversation)))
    if (before === null) {
      // The first question makes the conversation; opening it is how main knows that it is on show.
      void window.parley.request['conversation.open']({ conversationId })
    } else if (!hasMessage(conversationId, answerId)) {
      // A snapshot from before the start has taken the thread's place meanwhile.
      void loadThread(conversationId)
    }
    return null
  }
  feed.drop(generationId)
  useStore.setState((state) => ({
    threads: withoutQuestion(state.threads, before, request, message),
    comparisons: withColumnBack(
      state.comparisons,
      conversationId,
      columnKey,
      headBefore,
      comparison?.questionId ?? null,
    ),
    startedAt: withEntry(state.startedAt, generationId, undefined),
    refusals: withEntry(state.refusals, conversationId, result.error),
  }))
  return result.error
}

/** Takes out what could not start. What other answers have said since stays. */
function withoutQuestion(
  threads: State['threads'],
  before: Conversation | null,
  { conversationId, answerId }: StartGeneration,
  message: UserMessage | null,
): State['threads'] {
  const present = threads.get(conversationId)
  if (before === null || present?.status !== 'ready') return withEntry(threads, conversationId, undefined)
  const { backendId, provider, model, headId } = before
  const { conversation } = present
  const messages = conversation.messages.filter(({ id }) => id !== answerId && id !== message?.id)
  return withEntry(threads, conversationId, {
    status: 'ready',
    conversation: {
      ...conversation,
      messages,
      ...(conversation.headId === answerId && { headId, backendId, provider, model }),
    },
  })
}

function withColumnBack(
  comparisons: State['comparisons'],
  conversationId: string,
  columnKey: string | null,
  headId: string | null,
  questionId: string | null,
): State['comparisons'] {
  const present = comparisons.get(conversationId)
  if (present === undefined || columnKey === null) return comparisons
  const columns = present.columns.map((column) => (column.key === columnKey ? { ...column, headId } : column))
  return withEntry(comparisons, conversationId, { ...present, columns, questionId })
}

function hasMessage(conversationId: string, messageId: string): boolean {
  const conversation = conversationOf(useStore.getState(), conversationId)
  return conversation === null || conversation.messages.some(({ id }) => id === messageId)
}

// An answer that has just ended is not in the library yet: main refuses for these few milliseconds.
async function start(request: StartGeneration): Promise<Result<StartedGeneration>> {
  // What was changed last in the settings of the chat is for this question already.
  await flushChatSettings(request.conversationId)
  const result = await window.parley.request['generation.start'](request)
  if (result.ok || result.error.code !== 'busy') return result
  await untilTold(request.conversationId)
  return window.parley.request['generation.start'](request)
}

function emptyConversation(request: StartGeneration): Conversation {
  const { conversationId, origin, backendId, provider, model, settings = DEFAULT_CHAT_SETTINGS } = request
  const made: Conversation = {
    version: 1,
    id: conversationId,
    title: '',
    titleSource: 'none',
    createdAt: Date.now(),
    updatedAt: Date.now(),
    origin,
    isPinned: false,
    isUnread: false,
    isTemporary: request.isTemporary,
    backendId,
    provider,
    model,
    headId: null,
    messages: [],
  }
  return withChatSettings(made, settings)
}

function withQuestion(conversation: Conversation, request: StartGeneration, message: UserMessage | null): Conversation {
  const { backendId, provider, model, generationId, answerId } = request
  const answer = emptyAnswer({
    id: answerId,
    parentId: message?.id ?? parentOf(conversation, request.question),
    createdAt: Date.now(),
    generationId,
    backendId,
    provider,
    model,
  })
  const added = message === null ? [answer] : [message, answer]
  return {
    ...conversation,
    backendId,
    provider,
    model,
    headId: answer.id,
    messages: [...conversation.messages, ...added],
  }
}

/** As main decides it: `again` goes back to the question, `continue` goes on under the cut answer. */
function parentOf(conversation: Conversation, question: Question): string | null {
  switch (question.kind) {
    case 'new':
      return question.messageId
    case 'again':
      return (
        pathOf({ headId: question.messageId, messages: conversation.messages }).findLast(({ role }) => role === 'user')
          ?.id ?? null
      )
    case 'continue':
      return question.messageId
  }
}
