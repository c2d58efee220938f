import type { Question, StartedGeneration, StartGeneration } from '../../shared/contract'
import {
  DEFAULT_CHAT_SETTINGS,
  emptyAnswer,
  pathOf,
  withChatSettings,
  type AttachmentInfo,
  type Conversation,
  type UserMessage,
} from '../../shared/conversation'
import type { AppError, Result } from '../../shared/errors'
import { flushChatSettings } from './chat-settings'
import { changeColumn } from './comparison'
import { feed, loadThread, untilTold } from './conversations'
import { withFollowers } from './queue'
import {
  chatSettingsOf,
  conversationOf,
  isGone,
  isReadOnly,
  isTemporary,
  useStore,
  withConversation,
  withEntry,
  type Choice,
  type State,
} from './state'

/**
 * Asks something that nobody has asked yet, of one choice.
 *
 * @param isFirstThere refused with busy when another question is under that answer already
 * @returns why it could not start; null when it has
 */
export function askNew(
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
 * Starts a generation. Question and empty answer stand in the thread at once, before main has them on disk; when it
 * refuses, they go and the error is returned.
 */
export async function ask(
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

  const result = await holdQueue(conversationId, () => start(request))
  if (result.ok) {
    const { conversation } = result.value
    useStore.setState((state) => (state.conversations.has(conversationId) ? {} : withConversation(state, conversation)))
    if (before === null) {
      // The first question makes the conversation; opening it is how main knows that it is on show, if it still is.
      const { view, currentId } = useStore.getState()
      if (view.name === 'chat' && currentId === conversationId)
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

/** By conversation: resolves when no start is under way there any more. */
const starting = new Map<string, Promise<unknown>>()

/**
 * Does something that starts an answer. Messages that wait are not sent meanwhile: an answer that is stopped to be asked
 * anew leaves its conversation idle for a moment, and of one that begins main does not know yet.
 */
export async function holdQueue<Value>(conversationId: string, act: () => Promise<Value>): Promise<Value> {
  const acting = act()
  const all = Promise.allSettled([starting.get(conversationId), acting])
  starting.set(conversationId, all)
  void all.then(() => {
    if (starting.get(conversationId) === all) starting.delete(conversationId)
  })
  return acting
}

/** Resolves when no answer of a conversation is about to start; null where none is. */
export function startsOf(conversationId: string): Promise<unknown> | null {
  return starting.get(conversationId) ?? null
}

export function dismissRefusal(conversationId: string): void {
  useStore.setState(({ refusals }) => ({ refusals: withEntry(refusals, conversationId, undefined) }))
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
