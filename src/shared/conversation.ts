import type { AppError } from './errors'

/**
 * The saved list of messages, as one file on disk and as one object over IPC. Messages form a tree through `parentId`;
 * `headId` names the last message of the path that is on show, so variants after retry or edit are all kept.
 */
export interface Conversation {
  version: 1
  id: string
  title: string
  /** Who gave the title: a person's title is never replaced by a server's. */
  titleSource: 'none' | 'first-words' | 'backend' | 'person'
  /** Milliseconds since the epoch, of the wall clock. Order never depends on them. */
  createdAt: number
  updatedAt: number
  origin: 'window' | 'quick-ask' | 'terminal'
  isPinned: boolean
  /** An answer ended while no window showed this conversation. */
  isUnread: boolean
  /** It is in memory only; see StartGeneration. Never true in a file. */
  isTemporary?: boolean
  backendId: string
  provider: string | null
  model: string | null
  headId: string | null
  /** Missing while nothing differs from the defaults. */
  settings?: ChatSettings
  /** Only in the trash, of messages that were deleted out of a conversation. */
  deletedFrom?: DeletedFrom
  /** In the order in which they were made. */
  messages: Message[]
}

/** Where deleted messages were. They keep their ids, and the messages that lead to them lie beside them. */
export interface DeletedFrom {
  conversationId: string
  /** How many were deleted. */
  count: number
  /** The ids of all messages as they lay before, to put the deleted ones back at their place. */
  order: string[]
  headBefore: string | null
  headAfter: string | null
}

/** What a conversation asks of its answers, whoever gives them. From the next message on; null and empty are the defaults. */
export interface ChatSettings {
  /** Goes before the first message of the history, as role `system`. */
  system: string
  /** 0 to 2. */
  temperature: number | null
  /** The longest answer, in tokens (`max_tokens`). */
  maxTokens: number | null
  /** Further fields of the question: the text of one good JSON object, as it was typed. They win over the fields above. */
  parameters: string
  /** `web_search`: true asks for it, false takes it away, null leaves it to the parameters. */
  webSearch: boolean | null
}

export const DEFAULT_CHAT_SETTINGS: ChatSettings = {
  system: '',
  temperature: null,
  maxTokens: null,
  parameters: '',
  webSearch: null,
}

/** Whether two say the same. */
export function isSameChatSettings(a: ChatSettings, b: ChatSettings): boolean {
  return (
    a.system === b.system &&
    a.temperature === b.temperature &&
    a.maxTokens === b.maxTokens &&
    a.parameters === b.parameters &&
    a.webSearch === b.webSearch
  )
}

/** A conversation with these settings; without the field when they are the defaults. */
export function withChatSettings(conversation: Conversation, settings: ChatSettings): Conversation {
  const { settings: _before, ...rest } = conversation
  return isSameChatSettings(settings, DEFAULT_CHAT_SETTINGS) ? rest : { ...rest, settings }
}

export type Message = UserMessage | AssistantMessage

export interface UserMessage {
  role: 'user'
  id: string
  parentId: string | null
  createdAt: number
  text: string
  attachments: AttachmentInfo[]
}

/** One answer: what fold() has made of the events of its generation. */
export interface AssistantMessage {
  role: 'assistant'
  id: string
  parentId: string | null
  createdAt: number
  generationId: string
  backendId: string
  /** What was asked for; what really answered is `provider`. */
  requested: { provider: string | null; model: string | null }
  state: AnswerState
  /** Why the answer is failed or interrupted. */
  error: AppError | null
  /** What the backend is doing, while the state is `running`. */
  status: AnswerStatus
  provider: ProviderInfo | null
  content: AnswerContent[]
  /** Temporary markdown or media, replaced by the next content; stays when the answer breaks off before that. */
  preview: string | null
  reasoning: Reasoning | null
  /** Providers that were tried before the one that answers, with what they had written. */
  attempts: Attempt[]
  notices: Notice[]
  toolCalls: ToolCall[]
  suggestions: string[]
  /** Text and language for "read aloud", as the backend offers it. */
  synthesize: { provider: string; data: unknown } | null
  usage: Usage | null
  finishReason: string | null
  /** Session state of the providers, by provider name; sent back on the next turn (protocol.md section 5). */
  sessions: Record<string, unknown> | null
  timing: Timing
  /** Events by type that Parley does not know, and events that could not be read: shown in details, never stored whole. */
  oddities: { unknown: Record<string, number>; malformed: number }
  /** Pictures of the web in its text that a person had loaded, by address; see `picturesIn`. */
  pictures?: Record<string, MediaFile>
}

/** `running` is the only state that is not final. The others are exactly those of requirement R15. */
export type AnswerState = 'running' | FinishState
export type FinishState = 'complete' | 'complete-unconfirmed' | 'stopped' | 'interrupted' | 'failed'

export type AnswerStatus =
  | { phase: 'connecting' }
  | { phase: 'waiting' }
  /** A file goes into a bucket of the server before the question; with all of its bytes there, the server reads it. */
  | { phase: 'uploading'; name: string; sentBytes: number; totalBytes: number }
  /** `cause` is `limit` when the server asked for the pause (R14), else the connection did not come about (R12). */
  | { phase: 'retrying'; attempt: number; ofAttempts: number; inMs: number; cause?: 'limit' }
  | { phase: 'progress'; text: string }
  | { phase: 'thinking' }
  | { phase: 'writing' }
  /** No byte for ten seconds; `sinceMs` is the time of the last one on the generation's clock. */
  | { phase: 'stalled'; sinceMs: number }

export interface ProviderInfo {
  name: string
  label: string | null
  model: string | null
  url: string | null
}

export type AnswerContent = { type: 'text'; text: string } | ({ type: 'media' } & Media)

/**
 * A result that is not text. `sources` are absolute or origin-relative addresses, exactly as they came; data URIs are
 * stored at once, and `attachment:<id>` stands for them, or `refused:<MediaReason>` for one that was not taken. No server
 * can name these two.
 */
export interface Media {
  kind: 'image' | 'video' | 'audio'
  sources: string[]
  alt: string
  /** By source: the copy that lies with the attachments; not there while none was fetched. */
  files?: Record<string, MediaFile>
}

/** A fetched result, stored like an attachment under its SHA-256 and shown from `app://local/attachment/<id>`. */
export interface MediaFile {
  id: string
  mime: string
  bytes: number
  /** Of images whose size is known. */
  width: number | null
  height: number | null
}

export interface Reasoning {
  text: string
  /** On the generation's clock; now minus this is the time spent thinking while `durationMs` is null. */
  startMs: number
  /** Null while the model is still thinking. */
  durationMs: number | null
}

export interface Attempt {
  provider: ProviderInfo
  /** The backend's words for why it gave up, a line for each notice; null when it only moved on. */
  reason: string | null
  durationMs: number
  content: AnswerContent[]
  reasoning: Reasoning | null
}

export interface Notice {
  kind: string
  text: string
}

export interface ToolCall {
  index: number
  id: string | null
  name: string
  /** JSON text, as far as it has arrived. */
  arguments: string
}

export interface Usage {
  promptTokens: number | null
  completionTokens: number | null
  reasoningTokens: number | null
  totalTokens: number | null
}

/** All in milliseconds on the generation's monotonic clock, which starts at 0 with `start`. */
export interface Timing {
  firstTextMs: number | null
  lastMs: number
}

/** A stored file, by id. The bytes lie in the attachments folder under their SHA-256; they never travel in a message. */
export interface AttachmentInfo {
  id: string
  name: string
  mime: ImageMime | SoundMime | DocumentMime
  bytes: number
  /** As shown: the orientation of the file is already applied to these two. Both 0 for what is no image. */
  width: number
  height: number
  /** EXIF orientation 1 to 8; 1 when the file says nothing. */
  orientation: number
  hasLocation: boolean
  /** What was taken out of the person's file before it was stored; missing when nothing was. */
  removed?: RemovedMetadata[]
  /** The image that this one was drawn from, when it was shrunk or converted. */
  before?: OriginalImage
  /** It moves. Missing for one that does not. */
  isAnimated?: boolean
}

/** What servers take in questions (protocol.md section 1). */
export type ImageMime = 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp'
export type SoundMime = 'audio/wav' | 'audio/mpeg'
/** What goes through a bucket of the server (protocol.md section 6). Text is stored as UTF-8, whatever it was before. */
export type DocumentMime = 'text/plain' | 'application/pdf'

export function isDocument({ mime }: { mime: string }): boolean {
  return mime === 'text/plain' || mime === 'application/pdf'
}

/** Kinds of metadata: where a picture was taken, with what, what it says of itself, and what hangs on it. */
export type RemovedMetadata = 'location' | 'camera' | 'description' | 'preview'

/** What an image was before it was drawn anew. */
export interface OriginalImage {
  /** Of its file, which stays while a draft names it; empty once the message was sent. */
  id: string
  /** For people: `PNG`, `AVIF`. */
  format: string
  bytes: number
  /** As shown. An SVG has no size of its own: both are 0. */
  width: number
  height: number
  /** Only its first frame was drawn. */
  isAnimated: boolean
  /** Servers take it as it is, so that it can be sent instead. */
  isSendable: boolean
}

/** What the sidebar shows; derived from a conversation with `summarize`. */
export interface ConversationSummary {
  id: string
  title: string
  updatedAt: number
  createdAt: number
  origin: Conversation['origin']
  isPinned: boolean
  isRunning: boolean
  isUnread: boolean
  hasFailed: boolean
  isTemporary: boolean
  /** Set when the file cannot be read: the row then offers to show the file. */
  isDamaged: boolean
  /** A newer Parley wrote the file: it is shown and copied, and never written (R38). */
  isReadOnly?: true
}

/**
 * One step of a generation. The log of a generation is its start message and these, numbered from 1 without gaps;
 * the last one is always, and exactly once, a `finish`.
 */
export interface GenerationEvent {
  generationId: string
  conversationId: string
  messageId: string
  seq: number
  /** Milliseconds since the generation's start, monotonic. */
  atMs: number
  part: Part
}

export type Part =
  | { type: 'status'; status: AnswerStatus }
  | { type: 'provider'; provider: ProviderInfo }
  | { type: 'text-delta'; text: string }
  | { type: 'reasoning-delta'; text: string }
  | { type: 'reasoning-end' }
  | ({ type: 'media' } & Media)
  /** A source of the media so far was fetched and stored. */
  | { type: 'media-file'; source: string; file: MediaFile }
  | { type: 'preview'; markdown: string }
  | { type: 'notice'; kind: string; text: string }
  | { type: 'tool-call'; index: number; id: string | null; name: string; arguments: string }
  | { type: 'suggestions'; suggestions: string[] }
  | { type: 'synthesize'; provider: string; data: unknown }
  | { type: 'title'; title: string }
  | { type: 'usage'; usage: Usage }
  | { type: 'finish-reason'; reason: string }
  | { type: 'session'; sessions: Record<string, unknown> }
  | { type: 'oddity'; unknownType: string | null }
  | { type: 'finish'; state: FinishState; error: AppError | null }

/** The start of every generation: an empty answer that is waiting. */
export function emptyAnswer(start: {
  id: string
  parentId: string | null
  createdAt: number
  generationId: string
  backendId: string
  provider: string | null
  model: string | null
}): AssistantMessage {
  return {
    role: 'assistant',
    id: start.id,
    parentId: start.parentId,
    createdAt: start.createdAt,
    generationId: start.generationId,
    backendId: start.backendId,
    requested: { provider: start.provider, model: start.model },
    state: 'running',
    error: null,
    status: { phase: 'connecting' },
    provider: null,
    content: [],
    preview: null,
    reasoning: null,
    attempts: [],
    notices: [],
    toolCalls: [],
    suggestions: [],
    synthesize: null,
    usage: null,
    finishReason: null,
    sessions: null,
    timing: { firstTextMs: null, lastMs: 0 },
    oddities: { unknown: {}, malformed: 0 },
  }
}

/**
 * The one merge rule: what a message is after an event. Main persists with it, pages draw with it, recovery rebuilds
 * with it. Pure; shares every unchanged field with its input, so a page can skip what did not change. An event that comes
 * after `finish` changes nothing.
 *
 * @param message an answer in any state
 * @param event the next event of its generation; the order of `seq` is the caller's to keep
 */
export function fold(message: AssistantMessage, event: Pick<GenerationEvent, 'atMs' | 'part'>): AssistantMessage {
  if (message.state !== 'running') return message
  const { part, atMs } = event
  // Nearly all events are of this type, and each copy of a message costs as much as reading one.
  if (part.type === 'text-delta' && part.text !== '') {
    return foldContent(message, appendText(message.content, part.text), atMs)
  }
  const timed: AssistantMessage = { ...message, timing: { ...message.timing, lastMs: atMs } }
  switch (part.type) {
    case 'status':
      return { ...timed, status: part.status }
    case 'provider':
      return foldProvider(timed, part.provider, atMs)
    case 'text-delta':
      // Servers open with an empty delta: counting it would end the thinking and time a first word that nobody sees.
      return timed
    case 'reasoning-delta':
      if (part.text === '') return timed
      return { ...timed, status: THINKING, reasoning: appendReasoning(timed.reasoning, part.text, atMs) }
    case 'reasoning-end':
      return { ...timed, reasoning: endReasoning(timed.reasoning, atMs) }
    case 'media':
      return foldContent(message, [...message.content, part], atMs)
    case 'media-file':
      return foldFile(timed, part.source, part.file)
    case 'preview':
      return { ...timed, preview: part.markdown }
    case 'notice':
      return { ...timed, notices: [...timed.notices, { kind: part.kind, text: part.text }] }
    case 'tool-call':
      return { ...timed, toolCalls: mergeToolCall(timed.toolCalls, part) }
    case 'suggestions':
      return { ...timed, suggestions: part.suggestions }
    case 'synthesize':
      return { ...timed, synthesize: { provider: part.provider, data: part.data } }
    case 'title':
      // The title belongs to the conversation; generations applies it there.
      return timed
    case 'usage':
      return { ...timed, usage: mergeUsage(timed.usage, part.usage) }
    case 'finish-reason':
      return { ...timed, finishReason: part.reason }
    case 'session':
      return { ...timed, sessions: { ...timed.sessions, ...part.sessions } }
    case 'oddity':
      return { ...timed, oddities: countOddity(timed.oddities, part.unknownType) }
    case 'finish': {
      // A preview that nothing has replaced is the last that was said, such as where to log in; a whole answer has none.
      const isWhole = part.state === 'complete' || part.state === 'complete-unconfirmed'
      return {
        ...timed,
        reasoning: endReasoning(timed.reasoning, atMs),
        preview: isWhole ? null : timed.preview,
        state: part.state,
        error: part.error,
      }
    }
  }
}

function foldContent(message: AssistantMessage, content: AnswerContent[], atMs: number): AssistantMessage {
  return {
    ...message,
    reasoning: endReasoning(message.reasoning, atMs),
    status: WRITING,
    preview: null,
    content,
    timing: { firstTextMs: message.timing.firstTextMs ?? atMs, lastMs: atMs },
  }
}

const WRITING: AnswerStatus = { phase: 'writing' }
const THINKING: AnswerStatus = { phase: 'thinking' }

// When another provider takes over, a new full answer follows (protocol.md section 3, `provider`): what the first one had
// written stays as an attempt, and nothing of it is glued to the new answer, not its thinking, tool calls or usage either.
// The same name again, mostly with a resolved model, is the same attempt; what it does not repeat still holds.
function foldProvider(message: AssistantMessage, provider: ProviderInfo, atMs: number): AssistantMessage {
  const before = message.provider
  if (before === null) return { ...message, provider }
  if (before.name === provider.name) {
    const { name, label, model, url } = provider
    return {
      ...message,
      provider: { name, label: label ?? before.label, model: model ?? before.model, url: url ?? before.url },
    }
  }
  const spentMs = message.attempts.reduce((sum, attempt) => sum + attempt.durationMs, 0)
  const attempt: Attempt = {
    provider: before,
    // All of them, or the ones that stay behind would be taken for the words of the next provider.
    reason: message.notices.length === 0 ? null : message.notices.map((notice) => notice.text).join('\n'),
    durationMs: Math.max(0, atMs - spentMs),
    content: message.content,
    reasoning: endReasoning(message.reasoning, atMs),
  }
  return {
    ...message,
    provider,
    attempts: [...message.attempts, attempt],
    content: [],
    preview: null,
    reasoning: null,
    toolCalls: [],
    suggestions: [],
    synthesize: null,
    usage: null,
    finishReason: null,
    notices: [],
    timing: { ...message.timing, firstTextMs: null },
  }
}

function appendText(content: AnswerContent[], text: string): AnswerContent[] {
  const last = content.at(-1)
  return last?.type === 'text'
    ? [...content.slice(0, -1), { type: 'text', text: last.text + text }]
    : [...content, { type: 'text', text }]
}

/**
 * The answer in which each media that has this source knows its stored copy, or its text the picture from there. The provider may have changed between a
 * result and its copy, so the attempts are looked at too.
 */
export function foldFile(message: AssistantMessage, source: string, file: MediaFile): AssistantMessage {
  const content = keepFile(message.content, source, file)
  const attempts = message.attempts.map((attempt) => {
    const kept = keepFile(attempt.content, source, file)
    return kept === attempt.content ? attempt : { ...attempt, content: kept }
  })
  const isSame = attempts.every((attempt, index) => attempt === message.attempts[index])
  // No result of it: a picture in its text.
  if (isSame && content === message.content) return { ...message, pictures: { ...message.pictures, [source]: file } }
  return { ...message, content, attempts: isSame ? message.attempts : attempts }
}

/** Content in which each media that has this source knows its stored copy; the same object when there is none. */
export function keepFile(content: AnswerContent[], source: string, file: MediaFile): AnswerContent[] {
  if (!content.some((item) => item.type === 'media' && item.sources.includes(source))) return content
  // Spread with a computed key: a source named `__proto__` becomes an own property (S40).
  return content.map((item) =>
    item.type === 'media' && item.sources.includes(source)
      ? { ...item, files: { ...item.files, [source]: file } }
      : item,
  )
}

function appendReasoning(reasoning: Reasoning | null, text: string, atMs: number): Reasoning {
  if (reasoning === null) return { text, startMs: atMs, durationMs: null }
  // Thinking that goes on after a pause moves its start, so that the pause is not counted as thinking.
  const startMs = reasoning.durationMs === null ? reasoning.startMs : atMs - reasoning.durationMs
  return { text: reasoning.text + text, startMs, durationMs: null }
}

function endReasoning(reasoning: Reasoning | null, atMs: number): Reasoning | null {
  if (reasoning === null || reasoning.durationMs !== null) return reasoning
  return { ...reasoning, durationMs: Math.max(0, atMs - reasoning.startMs) }
}

// OpenAI deltas: the first of an index carries id and name, the following ones more of the arguments.
function mergeToolCall(calls: ToolCall[], delta: ToolCall): ToolCall[] {
  const known = calls.find((call) => call.index === delta.index)
  const call = { index: delta.index, id: delta.id, name: delta.name, arguments: delta.arguments }
  if (known === undefined) return [...calls, call]
  const merged: ToolCall = {
    index: known.index,
    id: known.id ?? delta.id,
    name: known.name + delta.name,
    arguments: known.arguments + delta.arguments,
  }
  return calls.map((each) => (each === known ? merged : each))
}

function mergeUsage(before: Usage | null, next: Usage): Usage {
  return {
    promptTokens: next.promptTokens ?? before?.promptTokens ?? null,
    completionTokens: next.completionTokens ?? before?.completionTokens ?? null,
    reasoningTokens: next.reasoningTokens ?? before?.reasoningTokens ?? null,
    totalTokens: next.totalTokens ?? before?.totalTokens ?? null,
  }
}

function countOddity(oddities: AssistantMessage['oddities'], unknownType: string | null): AssistantMessage['oddities'] {
  if (unknownType === null) return { ...oddities, malformed: oddities.malformed + 1 }
  const count = Object.hasOwn(oddities.unknown, unknownType) ? (oddities.unknown[unknownType] ?? 0) : 0
  // A server may name an event `__proto__`: a computed key in a literal makes an own property of it (S40).
  return { ...oddities, unknown: { ...oddities.unknown, [unknownType]: count + 1 } }
}

/** All text of an answer as one markdown string, media left out; the form in which it is sent back as history. */
export function answerText(message: AssistantMessage): string {
  return message.content.map((item) => (item.type === 'text' ? item.text : '')).join('')
}

/** The messages on show, from the first question to `headId`. A broken parent link ends the path there. */
export function pathOf(conversation: Pick<Conversation, 'headId' | 'messages'>): Message[] {
  const byId = new Map(conversation.messages.map((message) => [message.id, message]))
  const path: Message[] = []
  let next = conversation.headId
  while (next !== null) {
    const message = byId.get(next)
    // Taking a message out of the map once it is used also ends a path that a damaged file has made a ring.
    if (message === undefined || !byId.delete(next)) break
    path.push(message)
    next = message.parentId
  }
  return path.reverse()
}

/**
 * A title without the characters that turn its order around, or that of what stands behind it: one could show a name that
 * it does not have.
 */
export function withoutBidiControls(title: string): string {
  return title.replace(/[\u202A-\u202E\u2066-\u2069]/gu, '')
}

/** The sidebar's row for a conversation. */
export function summarize(conversation: Conversation): ConversationSummary {
  const last = pathOf(conversation).at(-1)
  const answer = last?.role === 'assistant' ? last : null
  return {
    id: conversation.id,
    title: withoutBidiControls(conversation.title),
    updatedAt: conversation.updatedAt,
    createdAt: conversation.createdAt,
    origin: conversation.origin,
    isPinned: conversation.isPinned,
    isRunning: conversation.messages.some((message) => message.role === 'assistant' && message.state === 'running'),
    isUnread: conversation.isUnread,
    hasFailed: answer?.state === 'failed' || answer?.state === 'interrupted',
    isTemporary: conversation.isTemporary === true,
    isDamaged: false,
  }
}

/** A title from the first words of a question: one line, at most 60 characters, cut at a word. */
export function titleFrom(text: string): string {
  const line = text.replace(/\s+/gu, ' ').trim()
  const characters = [...line]
  if (characters.length <= 60) return line
  const cut = characters.slice(0, 60).join('')
  const space = cut.lastIndexOf(' ')
  return `${space > 30 ? cut.slice(0, space) : cut}…`
}
