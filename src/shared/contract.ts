import type {
  AssistantMessage,
  AttachmentInfo,
  Conversation,
  ConversationSummary,
  GenerationEvent,
  UserMessage,
} from './conversation'
import type { AppError, Result } from './errors'
import type { BackendProfile, BackendView, Locale, SecretName, SecretState, Settings } from './settings'

/**
 * Every IPC channel there is, as one object. Names, kinds and roles are values: main registers them, the preload loops
 * over them. Payloads are types: both ends are derived from them, so a missing handler, a stale payload or an unknown
 * channel does not compile.
 *
 * A request answers `Result<Out>`; nothing throws across IPC. An event goes from main to every window of its roles.
 * A request marked `preload` is called only by the preload itself (it carries paths, which no page may name).
 */
export const contract = {
  'app.boot': request<void, Boot>('main', 'quick-ask'),
  'app.reportError': request<{ message: string }, void>('main', 'quick-ask'),
  'app.openLogs': request<void, void>('main'),
  'app.openDataFolder': request<void, void>('main'),
  'link.open': request<{ url: string }, void>('main', 'quick-ask'),

  'conversation.list': request<void, ConversationSummary[]>('main'),
  'conversation.open': request<{ conversationId: string }, OpenedConversation>('main', 'quick-ask'),
  /** The window shows a new chat or the settings: no conversation is read there any more. */
  'conversation.leave': request<void, void>('main', 'quick-ask'),
  'conversation.rename': request<{ conversationId: string; title: string }, void>('main'),
  'conversation.pin': request<{ conversationId: string; isPinned: boolean }, void>('main'),
  'conversation.trash': request<{ conversationId: string }, void>('main'),
  'conversation.restore': request<{ conversationId: string }, void>('main'),
  'conversation.showFile': request<{ conversationId: string }, void>('main'),

  'generation.start': request<StartGeneration, StartedGeneration>('main', 'quick-ask'),
  'generation.stop': request<{ generationId: string }, void>('main', 'quick-ask'),
  'generation.attach': request<{ generationId: string }, AttachedGeneration>('main', 'quick-ask'),

  'attachment.add': preloadRequest<AddAttachments, AddedAttachment[]>('main', 'quick-ask'),
  'attachment.pick': request<void, AddedAttachment[]>('main', 'quick-ask'),

  'settings.get': request<void, Settings>('main', 'quick-ask'),
  'settings.set': request<Partial<Omit<Settings, 'backends'>>, Settings>('main'),

  'backend.list': request<void, BackendView[]>('main', 'quick-ask'),
  'backend.save': request<BackendProfile, BackendView>('main'),
  'backend.remove': request<{ backendId: string }, void>('main'),
  'backend.setSecret': request<{ name: SecretName; value: string; storeUnprotected: boolean }, SecretState>('main'),
  'backend.clearSecret': request<SecretName, void>('main'),
  'backend.connect': request<{ address: string }, ConnectedBackend>('main'),
  'backend.discover': request<void, FoundBackend[]>('main'),
  'backend.test': request<{ backendId: string }, BackendTest>('main'),
  'backend.catalogue': request<{ backendId: string }, Catalogue>('main', 'quick-ask'),

  'quickAsk.show': request<void, void>('main'),
  'quickAsk.hide': request<void, void>('quick-ask'),
  'quickAsk.resize': request<{ heightPx: number }, void>('quick-ask'),
  'quickAsk.shortcutState': request<void, ShortcutState>('main', 'quick-ask'),
  'window.openConversation': request<{ conversationId: string }, void>('quick-ask'),

  'generation.event': event<GenerationEvent[]>('main', 'quick-ask'),
  'conversation.changed': event<ConversationChange>('main', 'quick-ask'),
  'settings.changed': event<Settings>('main', 'quick-ask'),
  'backend.changed': event<BackendView[]>('main', 'quick-ask'),
  'quickAsk.shortcutChanged': event<ShortcutState>('main', 'quick-ask'),
  'storage.state': event<StorageState>('main', 'quick-ask'),
  'app.command': event<AppCommand>('main', 'quick-ask'),
} as const

/** Which of our windows may use a channel. */
export type Role = 'main' | 'quick-ask'

export interface RequestChannel<In, Out> {
  readonly kind: 'request' | 'preload-request'
  readonly roles: readonly Role[]
  /** Never set: carries the payload types. */
  readonly types?: { in: In; out: Out }
}

export interface EventChannel<Payload> {
  readonly kind: 'event'
  readonly roles: readonly Role[]
  /** Never set: carries the payload type. */
  readonly types?: { payload: Payload }
}

export type Contract = typeof contract
export type RequestName = { [K in keyof Contract]: Contract[K] extends { kind: 'event' } ? never : K }[keyof Contract]
export type EventName = { [K in keyof Contract]: Contract[K] extends { kind: 'event' } ? K : never }[keyof Contract]
export type RequestIn<K extends RequestName> = Contract[K] extends RequestChannel<infer In, unknown> ? In : never
export type RequestOut<K extends RequestName> = Contract[K] extends RequestChannel<unknown, infer Out> ? Out : never
export type EventPayload<K extends EventName> = Contract[K] extends EventChannel<infer Payload> ? Payload : never

/** The requests that a page may call itself, all but those that the preload keeps. */
export type PageRequestName = Exclude<RequestName, 'attachment.add'>

/** What the preload puts on `window.parley`; frozen, and listed by a test (S17). */
export interface ParleyApi {
  readonly platform: 'darwin' | 'win32' | 'linux'
  readonly role: Role
  /** Calls a request of the contract. Never rejects for an error of the app: that is `{ ok: false }`. */
  readonly request: { readonly [K in PageRequestName]: (payload: RequestIn<K>) => Promise<Result<RequestOut<K>>> }
  /** Listens to an event of the contract; the returned function ends that. */
  readonly on: { readonly [K in EventName]: (listener: (payload: EventPayload<K>) => void) => () => void }
  /** Hands dropped, pasted or picked File objects to main: by path where they have one, else by bytes. */
  attach(files: readonly PageFile[]): Promise<Result<AddedAttachment[]>>
}

/** The DOM's File, as far as this folder, which has no DOM, must know it. */
export interface PageFile {
  readonly name: string
  readonly size: number
}

// ---- payloads ----

export interface Boot {
  role: Role
  version: string
  electron: string
  platform: 'darwin' | 'win32' | 'linux'
  /** The language on show, and the one that "system" stands for. */
  locale: Locale
  systemLocale: Locale
  settings: Settings
  backends: BackendView[]
  conversations: ConversationSummary[]
  storage: StorageState
  shortcut: ShortcutState
}

/** Whether what is written reaches the disk; `reason` is why not (R07, R08). */
export type StorageState = { isSafe: true } | { isSafe: false; reason: 'full' | 'read-only' | 'failed' }

export type ShortcutState =
  | { kind: 'registered'; accelerator: string }
  | { kind: 'taken'; accelerator: string }
  | { kind: 'not-possible'; reason: 'wayland' | 'other' }
  | { kind: 'off' }

/** A conversation with, for each running answer in it, the seq up to which its message is folded. */
export interface OpenedConversation {
  conversation: Conversation
  running: { generationId: string; messageId: string; seq: number }[]
}

export interface StartGeneration {
  /** Chosen by the page before the call, so that it can never miss an event. UUIDs. */
  generationId: string
  answerId: string
  /** An unknown id makes a new conversation with that id. */
  conversationId: string
  origin: Conversation['origin']
  backendId: string
  provider: string | null
  model: string | null
  question: Question
}

export type Question =
  /** A new question after `parentId` (null: the first one). */
  | { kind: 'new'; messageId: string; parentId: string | null; text: string; attachmentIds: string[] }
  /** Answer the same question once more, as a variant beside the present answer. */
  | { kind: 'again'; messageId: string }
  /** Go on with an answer that was cut; `messageId` is that answer. */
  | { kind: 'continue'; messageId: string }

/** The user's message is null for `again` and `continue`. The answer is at seq 0. */
export interface StartedGeneration {
  conversation: ConversationSummary
  question: UserMessage | null
  answer: AssistantMessage
}

/** The whole message and the seq up to which it is folded, taken in one synchronous breath. */
export interface AttachedGeneration {
  conversationId: string
  message: AssistantMessage
  seq: number
}

export interface AddAttachments {
  files: ({ name: string; path: string } | { name: string; bytes: Uint8Array })[]
}

/** One result per file, in the order of the files; a refused file never stops the others. */
export type AddedAttachment = { ok: true; attachment: AttachmentInfo } | { ok: false; name: string; error: AppError }

export type ConversationChange =
  { kind: 'upsert'; summary: ConversationSummary } | { kind: 'remove'; conversationId: string }

export interface ConnectedBackend {
  view: BackendView
  /** What was tried before the address that answered, for "says what it tried". */
  tried: string[]
}

export interface FoundBackend {
  url: string
  /** Null when the server asks for a key before it lists anything. */
  providers: number | null
}

/** Figures of a connection test; milliseconds. `longestGapMs` and `gapsMs` are of one short streamed answer. */
export type BackendTest =
  | {
      verdict: 'streams' | 'bursts' | 'reachable'
      roundTripMs: number
      firstWordMs: number | null
      providers: number | null
      models: number | null
      gapsMs: number[]
    }
  | { verdict: 'failed'; error: AppError }

export interface Catalogue {
  providers: CatalogueProvider[]
  /** True while these are the last known ones and a refresh has failed or is under way. */
  isStale: boolean
}

export interface CatalogueProvider {
  name: string
  label: string
  needsKey: boolean
  hasVision: boolean
  models: CatalogueModel[]
}

export interface CatalogueModel {
  id: string
  label: string
  isDefault: boolean
  hasVision: boolean
}

/** What a menu, the tray, the quick-ask or a command line asks a window to do. */
export type AppCommand =
  | { kind: 'new-conversation' }
  | { kind: 'open-conversation'; conversationId: string }
  | { kind: 'open-settings' }
  | { kind: 'toggle-sidebar' }
  | { kind: 'stop' }
  | { kind: 'attach-files' }
  | { kind: 'quick-ask-shown' }

function request<In, Out>(...roles: Role[]): RequestChannel<In, Out> & { kind: 'request' } {
  return { kind: 'request', roles }
}

function preloadRequest<In, Out>(...roles: Role[]): RequestChannel<In, Out> & { kind: 'preload-request' } {
  return { kind: 'preload-request', roles }
}

function event<Payload>(...roles: Role[]): EventChannel<Payload> {
  return { kind: 'event', roles }
}
