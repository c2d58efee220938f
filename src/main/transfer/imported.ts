import { createHash } from 'node:crypto'
import {
  emptyAnswer,
  titleFrom,
  type AnswerContent,
  type AssistantMessage,
  type AttachmentInfo,
  type Conversation,
  type ProviderInfo,
  type UserMessage,
} from '../../shared/conversation'
import { plainLine } from '../backend/server-text'

/** What programs that Parley imports from have in common: their values may be anything, and their ids become ours. */

/** Messages of one conversation; more is no conversation. */
export const MAX_MESSAGES = 20_000
/** Of one text. Nobody reads more, and a page has to draw it. */
const MAX_TEXT = 8 * 1024 * 1024
const MAX_TITLE = 2000

/** The members of what may be an object; none for anything else. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

export function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, MAX_TEXT) : ''
}

/** A name on one line that deceives nobody (S39); null for none. */
export function nameOf(value: unknown, maxLength = 200): string | null {
  const name = typeof value === 'string' ? plainLine(value, maxLength) : ''
  return name === '' ? null : name
}

/** Milliseconds of a date that is given in seconds, in milliseconds or as text; null for what is none. */
export function dateOf(value: unknown): number | null {
  const number = typeof value === 'string' ? Date.parse(value) : typeof value === 'number' ? value : Number.NaN
  if (!Number.isFinite(number) || number <= 0) return null
  // Seconds since the epoch have ten digits until the year 2286, milliseconds have had twelve since 1973.
  const ms = Math.round(number < 1e11 ? number * 1000 : number)
  return ms < 8.64e15 ? ms : null
}

/** Always the same id for the same names, so that what is imported twice is there once. */
export function idFrom(...names: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(names)).digest('hex')
  // In the form of a UUID of version 8, which is whatever its maker says.
  const variant = '89ab'.charAt(Number.parseInt(hex.charAt(16), 16) & 3)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

export function importedQuestion(question: {
  id: string
  parentId: string | null
  createdAt: number
  text: string
  attachments: AttachmentInfo[]
}): UserMessage {
  return { role: 'user', ...question }
}

export function importedAnswer(answer: {
  id: string
  parentId: string | null
  createdAt: number
  backendId: string
  provider: ProviderInfo | null
  content: AnswerContent[]
  reasoning: string
}): AssistantMessage {
  const { id, parentId, createdAt, backendId, provider, content, reasoning } = answer
  const requested = { provider: null, model: null }
  return {
    ...emptyAnswer({ id, parentId, createdAt, backendId, generationId: idFrom('generation', id), ...requested }),
    state: 'complete',
    status: { phase: 'writing' },
    provider,
    content,
    reasoning: reasoning === '' ? null : { text: reasoning, startMs: 0, durationMs: 0 },
  }
}

/** What an import may know of the one who imports: new questions go to the backend in use. */
export interface ImportTarget {
  backendId: string
}

export function importedConversation(
  made: Pick<Conversation, 'id' | 'createdAt' | 'updatedAt' | 'headId' | 'messages' | 'isPinned'> & { title: unknown },
  target: ImportTarget,
): Conversation {
  const { title: given, ...rest } = made
  const title = nameOf(given, MAX_TITLE)
  const question = made.messages.find((message) => message.role === 'user')
  return {
    version: 1,
    ...rest,
    title: title ?? titleFrom(question?.role === 'user' ? question.text.slice(0, MAX_TITLE) : ''),
    titleSource: title === null ? 'first-words' : 'backend',
    origin: 'window',
    isUnread: false,
    backendId: target.backendId,
    provider: null,
    model: null,
  }
}

/** A block of code as markdown, whatever is in it. */
export function fenced(language: string, code: string): string {
  const longest = Math.max(2, ...[...code.matchAll(/`{3,}/gu)].map(([ticks]) => ticks.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${/^[\w+#.-]{1,40}$/u.test(language) ? language : ''}\n${code}\n${fence}`
}
