import type { Question, StartedGeneration, StartGeneration } from '../../shared/contract'
import {
  emptyAnswer,
  pathOf,
  type AttachmentInfo,
  type Conversation,
  type UserMessage,
} from '../../shared/conversation'
import type { AppError, Result } from '../../shared/errors'
import { feed, loadThread, untilIdle } from './conversations'
import { blockerOf, changeDraft, giveBack, readyAttachments } from './drafts'
import {
  choiceOf,
  conversationOf,
  EMPTY_DRAFT,
  isGone,
  isTemporary,
  runningAnswer,
  useStore,
  withConversation,
  withEntry,
  type Choice,
} from './state'

/** Sends what stands in the composer, or lets it wait while an answer runs. False when there is nothing to send. */
export function sendDraft(conversationId: string): boolean {
  const state = useStore.getState()
  const draft = state.drafts.get(conversationId) ?? EMPTY_DRAFT
  if (blockerOf(draft) !== null || isGone(state, conversationId)) return false
  const text = draft.text.trim()
  const attachments = readyAttachments(draft)
  changeDraft(conversationId, () => EMPTY_DRAFT)
  if (runningAnswer(state, conversationId) === null) void sendMessage(conversationId, text, attachments)
  else queueMessage(conversationId, text, attachments)
  return true
}

/** Stops the running answer and sends at once what stands in the composer. */
export async function stopAndSend(conversationId: string): Promise<void> {
  if (!sendDraft(conversationId)) return
  await cutAnswer(conversationId)
}

// One message waits. A second one is added to it, so that none is lost and their order holds.
function queueMessage(conversationId: string, text: string, attachments: readonly AttachmentInfo[]): void {
  useStore.setState(({ queued }) => {
    const before = queued.get(conversationId)
    const message = {
      text: [before?.text ?? '', text].filter((part) => part !== '').join('\n\n'),
      attachments: [...(before?.attachments ?? []), ...attachments],
    }
    return { queued: withEntry(queued, conversationId, message) }
  })
}

/** Takes the waiting message back into the composer. */
export function takeBackQueued(conversationId: string): void {
  const message = useStore.getState().queued.get(conversationId)
  if (message === undefined) return
  useStore.setState(({ queued }) => ({ queued: withEntry(queued, conversationId, undefined) }))
  giveBack(conversationId, message.text, message.attachments)
}

/**
 * Sends the waiting message, once its conversation is idle. After an answer that failed it is not sent into the same
 * trouble: it goes back into the composer.
 */
export async function sendQueued(conversationId: string): Promise<void> {
  if (!useStore.getState().queued.has(conversationId) || starting.has(conversationId)) return
  const thread = await loadThread(conversationId)
  const state = useStore.getState()
  const message = state.queued.get(conversationId)
  if (message === undefined || thread.status !== 'ready' || runningAnswer(state, conversationId) !== null) return
  const last = pathOf(thread.conversation).at(-1)
  if (last?.role === 'assistant' && (last.state === 'failed' || last.state === 'interrupted')) {
    takeBackQueued(conversationId)
    return
  }
  useStore.setState(({ queued }) => ({ queued: withEntry(queued, conversationId, undefined) }))
  await sendMessage(conversationId, message.text, message.attachments)
}

/** Sends a message; one that cannot start goes back into the composer, with the reason above it. */
export async function sendMessage(
  conversationId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
): Promise<void> {
  const parentId = conversationOf(useStore.getState(), conversationId)?.headId ?? null
  const question: UserMessage = {
    role: 'user',
    id: crypto.randomUUID(),
    parentId,
    createdAt: Date.now(),
    text,
    attachments: [...attachments],
  }
  const error = await ask(
    conversationId,
    choiceOf(useStore.getState(), conversationId),
    {
      kind: 'new',
      messageId: question.id,
      parentId,
      text,
      attachmentIds: attachments.map(({ id }) => id),
    },
    question,
  )
  if (error !== null) giveBack(conversationId, text, attachments)
}

/** Asks the same question once more; an answer that still runs is stopped first. */
export async function retryAnswer(conversationId: string, answerId: string, choice?: Choice): Promise<void> {
  if (runningAnswer(useStore.getState(), conversationId) !== null) {
    await cutAnswer(conversationId)
    await untilIdle(conversationId)
  }
  if (choice !== undefined) {
    useStore.setState(({ choices }) => ({ choices: withEntry(choices, conversationId, choice) }))
  }
  const chosen = choice ?? choiceOf(useStore.getState(), conversationId)
  await ask(conversationId, chosen, { kind: 'again', messageId: answerId }, null)
}

/** Goes on with an answer that was cut. */
export async function continueAnswer(conversationId: string, answerId: string): Promise<void> {
  const chosen = choiceOf(useStore.getState(), conversationId)
  await ask(conversationId, chosen, { kind: 'continue', messageId: answerId }, null)
}

/**
 * Stops the answer that is being written; what has arrived stays. A message that waits for its end goes back into the
 * field: who stops an answer does not ask for the next one.
 */
export async function stopAnswer(conversationId: string): Promise<void> {
  takeBackQueued(conversationId)
  await cutAnswer(conversationId)
}

async function cutAnswer(conversationId: string): Promise<void> {
  const answer = runningAnswer(useStore.getState(), conversationId)
  if (answer === null) return
  await window.parley.request['generation.stop']({ generationId: answer.generationId })
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
): Promise<AppError | null> {
  // The composer says it, and offers the others.
  if (isGone(useStore.getState(), conversationId)) return { code: 'not-found', what: 'backend' }
  const request: StartGeneration = {
    generationId: crypto.randomUUID(),
    answerId: crypto.randomUUID(),
    conversationId,
    origin: useStore.getState().boot?.role === 'quick-ask' ? 'quick-ask' : 'window',
    isTemporary: isTemporary(useStore.getState(), conversationId),
    backendId,
    provider,
    model,
    question,
  }
  const { generationId, answerId } = request
  const before = conversationOf(useStore.getState(), conversationId)
  feed.track({ generationId, conversationId, seq: 0 })
  useStore.setState((state) => ({
    threads: withEntry(state.threads, conversationId, {
      status: 'ready',
      conversation: withQuestion(before ?? emptyConversation(request), request, message),
    }),
    startedAt: withEntry(state.startedAt, generationId, performance.now()),
    refusals: withEntry(state.refusals, conversationId, undefined),
  }))

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
    threads: withEntry(
      state.threads,
      conversationId,
      before === null ? undefined : { status: 'ready', conversation: before },
    ),
    startedAt: withEntry(state.startedAt, generationId, undefined),
    refusals: withEntry(state.refusals, conversationId, result.error),
  }))
  return result.error
}

function hasMessage(conversationId: string, messageId: string): boolean {
  const conversation = conversationOf(useStore.getState(), conversationId)
  return conversation === null || conversation.messages.some(({ id }) => id === messageId)
}

// An answer that has just ended is not in the library yet: main refuses for these few milliseconds.
async function start(request: StartGeneration): Promise<Result<StartedGeneration>> {
  const result = await window.parley.request['generation.start'](request)
  if (result.ok || result.error.code !== 'busy') return result
  await untilIdle(request.conversationId)
  return window.parley.request['generation.start'](request)
}

function emptyConversation(request: StartGeneration): Conversation {
  const { conversationId, origin, backendId, provider, model } = request
  return {
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
