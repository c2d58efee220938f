import { create } from 'zustand'
import type { Boot, Catalogue, ShortcutState, StorageState } from '../../shared/contract'
import {
  fold,
  pathOf,
  type AssistantMessage,
  type AttachmentInfo,
  type Conversation,
  type ConversationSummary,
  type GenerationEvent,
  type Message,
} from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { GUIDE_BACKEND_ID, type BackendView, type Settings } from '../../shared/settings'

/** A conversation that this window has open. */
export type Thread =
  { status: 'loading' } | { status: 'failed'; error: AppError } | { status: 'ready'; conversation: Conversation }

/** A file on its way into a message. `key` is this window's own. */
export type Chip =
  | { kind: 'adding'; key: string; name: string }
  | { kind: 'ready'; key: string; attachment: AttachmentInfo }
  | { kind: 'refused'; key: string; name: string; error: AppError }

/** What stands in the composer of a conversation. */
export interface Draft {
  text: string
  chips: readonly Chip[]
}

/** A chat before its first question. */
export interface NewChat {
  isTemporary: boolean
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
  text: string
  attachments: readonly AttachmentInfo[]
}

/** Who shall answer next. */
export interface Choice {
  backendId: string
  provider: string | null
  model: string | null
}

/** What is known of a backend's models, and with that whether it can be reached. */
export type CatalogueState =
  | { status: 'loading'; catalogue: Catalogue | null }
  | { status: 'ready'; catalogue: Catalogue }
  | { status: 'failed'; catalogue: Catalogue | null; error: AppError }

export type SettingsPageId = 'backends' | 'appearance' | 'general' | 'quick-ask' | 'shortcuts' | 'privacy' | 'about'

/** Parts of a backend's form that can be opened from elsewhere. */
export type FormSection = 'network' | 'security'

export type View =
  | { name: 'chat' }
  | { name: 'trash' }
  | { name: 'settings'; page: SettingsPageId; backendId?: string; section?: FormSection }

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
  shortcut: ShortcutState
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
  queued: ReadonlyMap<string, QueuedMessage>
  /** Why the last message of a conversation could not go; the message itself is back in its composer. */
  refusals: ReadonlyMap<string, AppError>
  /** Chosen in this window, by conversation. */
  choices: ReadonlyMap<string, Choice>
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
}

export const EMPTY_DRAFT: Draft = { text: '', chips: [] }

/** The one store of the window. Only this folder writes to it. */
export const useStore = create<State>()(() => initialState())

export function initialState(): State {
  const currentId = crypto.randomUUID()
  return {
    boot: null,
    settings: {
      locale: 'system',
      theme: 'system',
      textSizePx: 16,
      sendKey: 'enter',
      closeToTray: null,
      quickAsk: { isEnabled: true, shortcut: '' },
      activeBackendId: null,
      favourites: [],
      isTemporaryByDefault: false,
      trashDays: 30,
      recents: [],
      backends: [],
    },
    backends: [],
    removedNames: new Map(),
    conversations: new Map(),
    storage: { isSafe: true },
    shortcut: { kind: 'off' },
    view: { name: 'chat' },
    currentId,
    newChats: new Map([[currentId, { isTemporary: false }]]),
    discarding: null,
    threads: new Map(),
    target: null,
    drafts: new Map(),
    queued: new Map(),
    refusals: new Map(),
    choices: new Map(),
    catalogues: new Map(),
    startedAt: new Map(),
    focusRequests: 0,
    isSidebarShown: true,
    isDrawerOpen: false,
    renaming: null,
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

/** What changes when main tells of a conversation: a chat that was new has become it. */
export function withConversation(
  { conversations, newChats }: Pick<State, 'conversations' | 'newChats'>,
  summary: ConversationSummary,
): Pick<State, 'conversations' | 'newChats'> {
  return {
    conversations: withEntry(conversations, summary.id, summary),
    newChats: newChats.has(summary.id) ? withEntry(newChats, summary.id, undefined) : newChats,
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

/** Whether nothing of a chat is kept, unless the person says so. */
export function isTemporary(state: Pick<State, 'conversations' | 'newChats'>, conversationId: string): boolean {
  const { conversations, newChats } = state
  return (conversations.get(conversationId) ?? newChats.get(conversationId))?.isTemporary ?? false
}

/** The answer that is being written on the path on show, or null. */
export function runningAnswer(state: State, conversationId: string): AssistantMessage | null {
  const conversation = conversationOf(state, conversationId)
  if (conversation === null) return null
  const last = pathOf(conversation).at(-1)
  return last?.role === 'assistant' && last.state === 'running' ? last : null
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
  const backendId = state.settings.activeBackendId ?? GUIDE_BACKEND_ID
  const profile = backendOf(state, backendId)?.profile
  return { backendId, provider: profile?.provider ?? null, model: profile?.model ?? null }
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
