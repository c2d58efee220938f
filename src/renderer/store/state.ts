import { create } from 'zustand'
import type { Boot, Catalogue, ShortcutStates, StorageState } from '../../shared/contract'
import {
  DEFAULT_CHAT_SETTINGS,
  fold,
  pathOf,
  type AssistantMessage,
  type AttachmentInfo,
  type ChatSettings,
  type Conversation,
  type ConversationSummary,
  type GenerationEvent,
  type Message,
} from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import type { Slot } from '../../shared/prompts'
import { defaultSettings, GUIDE_BACKEND_ID, type BackendView, type Settings } from '../../shared/settings'

/** A conversation that this window has open. */
export type Thread =
  { status: 'loading' } | { status: 'failed'; error: AppError } | { status: 'ready'; conversation: Conversation }

/** A file on its way into a message. `key` is this window's own. */
export type Chip =
  /** `isDrawing` while it is shrunk or converted. */
  | { kind: 'adding'; key: string; name: string; isDrawing?: true }
  | { kind: 'ready'; key: string; attachment: AttachmentInfo }
  /** `count` stands for so many files that had no place. */
  | { kind: 'refused'; key: string; name: string; error: AppError; count?: number }

/** The chip of a stored file. */
export function chipOf(attachment: AttachmentInfo): Chip {
  return { kind: 'ready', key: crypto.randomUUID(), attachment }
}

/** What stands in the composer of a conversation. */
export interface Draft {
  text: string
  chips: readonly Chip[]
  /** Passages that are quoted, sent before the text; missing when there are none. */
  quotes?: readonly string[]
  /** The prompt in the text whose variables are slots; missing when there is none. */
  filling?: Filling
}

/** A prompt in a text that is being written. */
export interface Filling {
  promptId: string
  name: string
  /** In the order in which they are asked for. */
  slots: readonly Slot[]
}

/** A chat before its first question. */
export interface NewChat {
  isTemporary: boolean
  /** Missing while it begins as all new chats do. */
  settings?: ChatSettings
}

/** A message that was searched for. */
export interface Target {
  conversationId: string
  messageId: string
  /** What was found in it, as it is written there. */
  words: readonly string[]
}

/** A message that waits for the running answer to end. */
export interface QueuedMessage {
  key: string
  text: string
  attachments: readonly AttachmentInfo[]
  /** The answer on whose path it goes on; null for all that are compared. */
  afterId: string | null
}

/** Who shall answer next. */
export interface Choice {
  backendId: string
  provider: string | null
  model: string | null
}

/** One of the answers that are compared: who is asked, and where its path ends. */
export interface Column {
  key: string
  /** Null while nobody has chosen. */
  choice: Choice | null
  /** The last message of its path; null until it is asked. */
  headId: string | null
}

/** The same question to several models side by side. Its answers are variants of the question like any others. */
export interface Comparison {
  /** Null until it is asked. */
  questionId: string | null
  /** Two to four, but for what was taken out since. */
  columns: readonly Column[]
  /** The column for which the list of models is open. */
  choosing: string | null
  /** The head of the conversation when it was opened: what is on show again when nothing was asked. */
  openedAt: string | null
}

/** What is known of a backend's models, and with that whether it can be reached. */
export type CatalogueState =
  | { status: 'loading'; catalogue: Catalogue | null }
  | { status: 'ready'; catalogue: Catalogue }
  | { status: 'failed'; catalogue: Catalogue | null; error: AppError }

export type SettingsPageId =
  'backends' | 'appearance' | 'general' | 'quick-ask' | 'images' | 'shortcuts' | 'privacy' | 'about'

/** Parts of a backend's form that can be opened from elsewhere. */
export type FormSection = 'network' | 'security'

export type View =
  | { name: 'chat' }
  | { name: 'trash' }
  | { name: 'prompts'; promptId?: string }
  /** `setting` is the i18n key of the name of one setting. */
  | { name: 'settings'; page: SettingsPageId; backendId?: string; section?: FormSection; setting?: string }

/** All that the window knows. Filled by `app.boot`; null stands for "not booted". */
export interface State {
  boot: Boot | null
  settings: Settings
  backends: readonly BackendView[]
  /** Names that removed backends had, by id, for what they answered; as long as the window lives. */
  removedNames: ReadonlyMap<string, string>
  /** By id; the sidebar sorts. */
  conversations: ReadonlyMap<string, ConversationSummary>
  storage: StorageState
  globalShortcuts: ShortcutStates
  view: View
  /** The conversation on show: one of `conversations`, or one that its first question will make. */
  currentId: string
  /** Chats that their first question will make: the one on show, and at most one of either kind that was begun and left. */
  newChats: ReadonlyMap<string, NewChat>
  /** The temporary conversation that the person is asked about before it goes. */
  discarding: string | null
  threads: ReadonlyMap<string, Thread>
  /** A message that shall come into sight once its conversation is on show. */
  target: Target | null
  drafts: ReadonlyMap<string, Draft>
  /** In the order in which they go; no entry is empty. */
  queued: ReadonlyMap<string, readonly QueuedMessage[]>
  /** Chats whose unsent text would be gone after a restart, because there is no room to keep it. */
  unkept: ReadonlySet<string>
  /** Why the last message of a conversation could not go; the message itself is back in its composer. */
  refusals: ReadonlyMap<string, AppError>
  /** Chosen in this window, by conversation. */
  choices: ReadonlyMap<string, Choice>
  /** The conversations that show columns instead of a thread. */
  comparisons: ReadonlyMap<string, Comparison>
  catalogues: ReadonlyMap<string, CatalogueState>
  /** When each running generation began, on this window's `performance.now()`. */
  startedAt: ReadonlyMap<string, number>
  /** Grows when the composer shall have the focus: a chat was chosen, or a new one begun. */
  focusRequests: number
  isSidebarShown: boolean
  /** In a narrow window the sidebar is a drawer over the thread. */
  isDrawerOpen: boolean
  /** The conversation whose title is being edited, and where. */
  renaming: { conversationId: string; at: 'row' | 'header' } | null
  /** The conversation whose settings are open. */
  chatSettings: string | null
}

export const EMPTY_DRAFT: Draft = { text: '', chips: [] }

/** The one store of the window. Only this folder writes to it. */
export const useStore = create<State>()(() => initialState())

export function initialState(): State {
  const currentId = crypto.randomUUID()
  return {
    boot: null,
    // Nobody sees these: until main has said what is really set, nothing is drawn.
    settings: defaultSettings(''),
    backends: [],
    removedNames: new Map(),
    conversations: new Map(),
    storage: { isSafe: true },
    globalShortcuts: { 'quick-ask': { kind: 'off' }, 'ask-region': { kind: 'off' } },
    view: { name: 'chat' },
    currentId,
    newChats: new Map([[currentId, { isTemporary: false }]]),
    discarding: null,
    threads: new Map(),
    target: null,
    drafts: new Map(),
    queued: new Map(),
    unkept: new Set(),
    refusals: new Map(),
    choices: new Map(),
    comparisons: new Map(),
    catalogues: new Map(),
    startedAt: new Map(),
    focusRequests: 0,
    isSidebarShown: true,
    isDrawerOpen: false,
    renaming: null,
    chatSettings: null,
  }
}

/** A map with one entry set, or taken out when the value is undefined. */
export function withEntry<Key, Value>(
  map: ReadonlyMap<Key, Value>,
  key: Key,
  value: Value | undefined,
): Map<Key, Value> {
  const copy = new Map(map)
  if (value === undefined) copy.delete(key)
  else copy.set(key, value)
  return copy
}

/** What changes when main tells of conversations: a chat that was new has become one of them. */
export function withConversation(
  { conversations, newChats }: Pick<State, 'conversations' | 'newChats'>,
  ...summaries: readonly ConversationSummary[]
): Pick<State, 'conversations' | 'newChats'> {
  const changed = new Map(conversations)
  for (const summary of summaries) changed.set(summary.id, summary)
  const begun = new Set(summaries.map(({ id }) => id).filter((id) => newChats.has(id)))
  return {
    conversations: changed,
    newChats: begun.size > 0 ? new Map([...newChats].filter(([id]) => !begun.has(id))) : newChats,
  }
}

/** The threads after events, each the next of its generation. Threads and messages that are not touched stay the same. */
export function foldEvents(threads: State['threads'], events: readonly GenerationEvent[]): State['threads'] {
  const folded = new Map<string, AssistantMessage>()
  const touched = new Set<string>()
  for (const event of events) {
    const present = folded.get(event.messageId) ?? answerIn(threads.get(event.conversationId), event.messageId)
    if (present === null) continue
    folded.set(event.messageId, fold(present, event))
    touched.add(event.conversationId)
  }
  if (touched.size === 0) return threads
  const next = new Map(threads)
  for (const conversationId of touched) {
    next.set(
      conversationId,
      changeMessages(next.get(conversationId), (message) => folded.get(message.id) ?? message),
    )
  }
  return next
}

function changeMessages(thread: Thread | undefined, change: (message: Message) => Message): Thread {
  if (thread?.status !== 'ready') return thread ?? { status: 'loading' }
  const { conversation } = thread
  return { status: 'ready', conversation: { ...conversation, messages: conversation.messages.map(change) } }
}

/** The thread with one answer replaced by a snapshot of it. */
export function withAnswer(thread: Thread | undefined, answer: AssistantMessage): Thread {
  return changeMessages(thread, (message) => (message.id === answer.id ? answer : message))
}

function answerIn(thread: Thread | undefined, messageId: string): AssistantMessage | null {
  if (thread?.status !== 'ready') return null
  const message = thread.conversation.messages.findLast(({ id }) => id === messageId)
  return message?.role === 'assistant' ? message : null
}

// ---- what surfaces ask ----

/** The open conversation with this id, or null while it is not loaded. */
export function conversationOf(state: State, conversationId: string): Conversation | null {
  const thread = state.threads.get(conversationId)
  return thread?.status === 'ready' ? thread.conversation : null
}

/** What a conversation asks of its answers, as it is set now. */
export function chatSettingsOf(state: State, conversationId: string): ChatSettings {
  const conversation = conversationOf(state, conversationId)
  if (conversation !== null) return conversation.settings ?? DEFAULT_CHAT_SETTINGS
  const isThere = state.conversations.has(conversationId)
  return isThere ? DEFAULT_CHAT_SETTINGS : (state.newChats.get(conversationId)?.settings ?? newChatSettings(state))
}

/** What new chats begin with; quick questions may have an instruction of their own. */
function newChatSettings({ boot, settings }: State): ChatSettings {
  const { instruction } = settings.quickAsk
  return boot?.role === 'quick-ask' && instruction !== ''
    ? { ...settings.newChat, system: instruction }
    : settings.newChat
}

/** Whether nothing of a chat is kept, unless the person says so. */
export function isTemporary(state: Pick<State, 'conversations' | 'newChats'>, conversationId: string): boolean {
  const { conversations, newChats } = state
  return (conversations.get(conversationId) ?? newChats.get(conversationId))?.isTemporary ?? false
}

/** Whether a newer Parley wrote a chat, so that this one only shows it. */
export function isReadOnly({ conversations }: Pick<State, 'conversations'>, conversationId: string): boolean {
  return conversations.get(conversationId)?.isReadOnly === true
}

/** The messages at the ends of what is on show: of the path, or of each column that is compared. */
export function endsOnShow(state: State, conversationId: string): Message[] {
  const conversation = conversationOf(state, conversationId)
  if (conversation === null) return []
  const comparison = state.comparisons.get(conversationId)
  const heads = comparison === undefined ? [conversation.headId] : comparison.columns.map(({ headId }) => headId)
  // From the end, where they mostly are.
  return heads.flatMap((headId) => conversation.messages.findLast(({ id }) => headId !== null && id === headId) ?? [])
}

/** The answers that are being written on show. */
export function runningAnswers(state: State, conversationId: string): AssistantMessage[] {
  return endsOnShow(state, conversationId).flatMap((message) =>
    message.role === 'assistant' && message.state === 'running' ? [message] : [],
  )
}

/** What Stop stops: the answers that are being written on show, and versions of the last one that still are. */
export function stoppableAnswers(state: State, conversationId: string): AssistantMessage[] {
  const shown = runningAnswers(state, conversationId)
  const conversation = conversationOf(state, conversationId)
  if (conversation === null || state.comparisons.has(conversationId)) return shown
  const { messages } = conversation
  const running = runningIn(messages)
  if (running.length === shown.length) return shown
  const questionId = questionOf(messages, conversation.headId)
  return running.filter(({ id }) => questionOf(messages, id) === questionId)
}

const runningOf = new WeakMap<readonly Message[], readonly AssistantMessage[]>()

// Asked at every change of the store, of which most leave the messages alone.
function runningIn(messages: readonly Message[]): readonly AssistantMessage[] {
  const known = runningOf.get(messages)
  if (known !== undefined) return known
  const found = messages.filter(
    (message): message is AssistantMessage => message.role === 'assistant' && message.state === 'running',
  )
  runningOf.set(messages, found)
  return found
}

function questionOf(messages: Message[], headId: string | null): string | null {
  return pathOf({ headId, messages }).findLast(({ role }) => role === 'user')?.id ?? null
}

/** The first answer that is being written on show, or null. */
export function runningAnswer(state: State, conversationId: string): AssistantMessage | null {
  return runningAnswers(state, conversationId)[0] ?? null
}

/**
 * Who answers the next question of a conversation: chosen here, or as last time, or as the active backend says. A backend
 * that was removed stays the choice until a person makes another (`isGone`): nobody else is asked on the quiet.
 */
export function choiceOf(state: State, conversationId: string): Choice {
  const chosen = state.choices.get(conversationId)
  if (chosen !== undefined) return chosen
  const conversation = conversationOf(state, conversationId)
  if (conversation !== null) {
    return { backendId: conversation.backendId, provider: conversation.provider, model: conversation.model }
  }
  return quickChoice(state) ?? newChatChoice(state)
}

/** Whom new chats ask. */
export function newChatChoice(state: Pick<State, 'backends' | 'settings'>): Choice {
  const backendId = state.settings.activeBackendId ?? GUIDE_BACKEND_ID
  const profile = backendOf(state, backendId)?.profile
  return { backendId, provider: profile?.provider ?? null, model: profile?.model ?? null }
}

/** Whom quick questions ask, where they have somebody of their own. */
function quickChoice({ boot, settings, backends }: State): Choice | null {
  const { choice } = settings.quickAsk
  const isTheirs = boot?.role === 'quick-ask' && choice !== null && backendOf({ backends }, choice.backendId) !== null
  return isTheirs ? choice : null
}

/** Whether the backend of a conversation was removed, and nobody has chosen yet who answers instead. */
export function isGone(state: State, conversationId: string): boolean {
  return (
    conversationOf(state, conversationId) !== null &&
    backendOf(state, choiceOf(state, conversationId).backendId) === null
  )
}

export function backendOf(state: Pick<State, 'backends'>, backendId: string): BackendView | null {
  return state.backends.find(({ profile }) => profile.id === backendId) ?? null
}
