import type { Question, StartGeneration } from '../shared/contract'
import {
  DEFAULT_CHAT_SETTINGS,
  emptyAnswer,
  pathOf,
  withChatSettings,
  type AssistantMessage,
  type AttachmentInfo,
  type ChatSettings,
  type Conversation,
  type Message,
  type UserMessage,
} from '../shared/conversation'
import { failure } from '../shared/errors'
import { isId } from './library/schema'
import { titleOf } from './title'

/** What a session is asked for. `messages` is the path up to and with the question, or the cut answer to continue. */
export interface SessionContext {
  generationId: string
  conversationId: string
  /** Of the message that the answer becomes. */
  answerId: string
  messages: Message[]
  backendId: string
  provider: string | null
  model: string | null
  isContinuation: boolean
  /** Of the conversation, as they are when the question is asked. */
  settings: ChatSettings
  /** What the providers of earlier answers on this path want back, by provider (protocol.md section 5). */
  sessions: Record<string, unknown> | null
}

/** What a question makes of its conversation. */
export interface Asked {
  conversation: Conversation
  question: UserMessage | null
  answer: AssistantMessage
  /** What the session is told: up to and with the question, or the cut answer. */
  path: Message[]
}

/**
 * A conversation with the question and an empty answer at its head. Pure.
 *
 * Throws bad-request for ids that are taken and for an empty question, busy while an answer on the same path runs and for
 * a question that shall be the first there and is not, and not-found (message).
 */
export function ask(
  conversation: Conversation,
  request: StartGeneration,
  attachments: AttachmentInfo[],
  now: number,
): Asked {
  const question = request.question.kind === 'new' ? userMessage(request.question, attachments, now) : null
  const added = question === null ? [] : [question]
  const ids = new Set(conversation.messages.map((message) => message.id))
  if (ids.has(request.answerId) || added.some(({ id }) => ids.has(id) || id === request.answerId)) throw badRequest()
  if (question !== null && question.parentId !== null && !ids.has(question.parentId)) throw noMessage()
  if (request.question.kind === 'new' && request.question.isFirstThere === true) {
    const { parentId } = request.question
    const isTaken = conversation.messages.some((message) => message.role === 'user' && message.parentId === parentId)
    if (isTaken) throw failure({ code: 'busy' })
  }

  const messages = [...conversation.messages, ...added]
  const path = pathOf({ headId: parentOf(messages, request.question), messages })
  if (path.some(isRunning)) throw failure({ code: 'busy' })
  const answer = emptyAnswer({
    id: request.answerId,
    parentId: path.at(-1)?.id ?? null,
    createdAt: now,
    generationId: request.generationId,
    backendId: request.backendId,
    provider: request.provider,
    model: request.model,
  })
  const title = conversation.titleSource === 'none' ? titleOf(question?.text ?? '') : ''
  return {
    conversation: {
      ...conversation,
      ...(title !== '' && { title, titleSource: 'first-words' as const }),
      updatedAt: now,
      isUnread: false,
      backendId: request.backendId,
      provider: request.provider,
      model: request.model,
      headId: answer.id,
      messages: [...messages, answer],
    },
    question,
    answer,
    path,
  }
}

function userMessage(
  question: Extract<Question, { kind: 'new' }>,
  attachments: AttachmentInfo[],
  now: number,
): UserMessage {
  const { messageId, parentId, text } = question
  if (!isId(messageId) || (text.trim() === '' && attachments.length === 0)) throw badRequest()
  return { role: 'user', id: messageId, parentId, createdAt: now, text, attachments }
}

/** The message that the answer belongs under. */
function parentOf(messages: Message[], question: Question): string {
  switch (question.kind) {
    case 'new':
      return question.messageId
    case 'again': {
      // From the answer or from its question, past the answers that were continued, to the question.
      const asked = pathOf({ headId: question.messageId, messages }).findLast((message) => message.role === 'user')
      if (asked === undefined) throw noMessage()
      return asked.id
    }
    case 'continue': {
      const cut = messages.find((message) => message.id === question.messageId)
      if (cut?.role !== 'assistant') throw noMessage()
      return cut.id
    }
  }
}

/**
 * What the providers of earlier answers on a path want back, of this backend only: another server's providers may have
 * the same names, and their state is none of its business.
 *
 * @param since answers before this moment were another server's, at another address
 */
export function sessionsOn(path: readonly Message[], backendId: string, since: number): Record<string, unknown> | null {
  const found = path.flatMap((message) =>
    message.role === 'assistant' &&
    message.sessions !== null &&
    message.backendId === backendId &&
    message.createdAt >= since
      ? [message.sessions]
      : [],
  )
  // Spread, not Object.assign: a provider named `__proto__` must stay a key (S40).
  return found.length === 0 ? null : found.reduce((all, each) => ({ ...all, ...each }), {})
}

/** What the session must know of what was asked. */
export function contextOf(asked: Asked, request: StartGeneration): SessionContext {
  const { generationId, conversationId, answerId, backendId, provider, model } = request
  const sessions = sessionsOn(asked.path, backendId, 0)
  const isContinuation = request.question.kind === 'continue'
  return {
    generationId,
    conversationId,
    answerId,
    messages: asked.path,
    backendId,
    provider,
    model,
    isContinuation,
    settings: asked.conversation.settings ?? DEFAULT_CHAT_SETTINGS,
    sessions,
  }
}

/** The conversation that a question with an unknown `conversationId` begins. */
export function newConversation(request: StartGeneration, now: number): Conversation {
  const made: Conversation = {
    version: 1,
    id: request.conversationId,
    title: '',
    titleSource: 'none',
    createdAt: now,
    updatedAt: now,
    origin: request.origin,
    isPinned: false,
    isUnread: false,
    ...(request.isTemporary && { isTemporary: true }),
    backendId: request.backendId,
    provider: request.provider,
    model: request.model,
    headId: null,
    messages: [],
  }
  return withChatSettings(made, request.settings ?? DEFAULT_CHAT_SETTINGS)
}

function isRunning(message: Message): boolean {
  return message.role === 'assistant' && message.state === 'running'
}

/** The refusal of a start that no page of ours makes. */
export function badRequest(): Error {
  return failure({ code: 'bad-request', channel: 'generation.start' })
}

function noMessage(): Error {
  return failure({ code: 'not-found', what: 'message' })
}
