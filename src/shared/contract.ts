import type { ActionId, GlobalShortcutId } from './actions'
import type {
  AssistantMessage,
  AttachmentInfo,
  ChatSettings,
  Conversation,
  ConversationSummary,
  GenerationEvent,
  MediaFile,
  Part,
  UserMessage,
} from './conversation'
import type { AppError, CaptureReason, Result } from './errors'
import type { Prompt, Slot } from './prompts'
import type { Region } from './region'
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
  /** The answer to `app.ping`: the page is not in an endless loop (R28). */
  'app.pong': request<void, void>('main', 'quick-ask'),
  'app.openLogs': request<void, void>('main'),
  'app.openDataFolder': request<void, void>('main'),
  /** What "Copy diagnostics" copies, exactly; no secret, prompt or answer is in it. */
  'app.diagnostics': request<void, Diagnostics>('main'),
  /** Whether this start has done without the graphics chip, after crashes. */
  'app.isGraphicsOff': request<void, boolean>('main'),
  /** Starts Parley anew, with it. */
  'app.useGraphics': request<void, void>('main'),
  'link.open': request<{ url: string }, void>('main', 'quick-ask'),

  'conversation.list': request<void, ConversationSummary[]>('main'),
  'conversation.open': request<{ conversationId: string }, OpenedConversation>('main', 'quick-ask'),
  /** The window shows a new chat or the settings: no conversation is read there any more. */
  'conversation.leave': request<void, void>('main', 'quick-ask'),
  'conversation.rename': request<{ conversationId: string; title: string }, void>('main'),
  'conversation.pin': request<{ conversationId: string; isPinned: boolean }, void>('main'),
  /** Its own settings, from the next message on. */
  'conversation.setSettings': request<{ conversationId: string; settings: ChatSettings }, void>('main', 'quick-ask'),
  'conversation.trash': request<{ conversationId: string }, void>('main'),
  /**
   * Out of the trash: one file of it, or the latest of a conversation. Told is the id that it has now: a new one when
   * something is at its place.
   */
  'conversation.restore': request<{ conversationId: string; file?: string }, { conversationId: string }>('main'),
  /** A copy with all its branches, under a new id. */
  'conversation.duplicate': request<{ conversationId: string }, ConversationSummary>('main'),
  /** A new conversation with the path up to and with this message. */
  'conversation.branch': request<{ conversationId: string; messageId: string }, ConversationSummary>('main'),
  /** Puts the path on show that leads through this message to its latest end; it is remembered. */
  'conversation.showMessage': request<
    { conversationId: string; messageId: string; isKept?: boolean | undefined },
    OpenedConversation
  >('main'),
  /**
   * Takes a message and all that hangs under it out of its conversation; answers that run there are stopped first. It goes
   * to the trash as a chat of its own, but for that of a temporary conversation.
   */
  'conversation.deleteMessage': request<{ conversationId: string; messageId: string }, DeletedMessages>('main'),
  /** Puts back what was deleted, at its place; as long as this process lives. */
  'conversation.putBackMessages': request<{ deletionId: string }, void>('main'),
  /** Makes an ordinary conversation of a temporary one: from now on it is on disk. */
  'conversation.keep': request<{ conversationId: string }, void>('main', 'quick-ask'),
  /** Ends a temporary conversation: nothing of it stays. */
  'conversation.discard': request<{ conversationId: string }, void>('main', 'quick-ask'),
  'trash.list': request<void, TrashedConversation[]>('main'),
  /** The beginning of what is in it; throws not-found, storage (damaged). */
  'trash.read': request<{ file: string }, TrashedMessages>('main'),
  /** Deletes for good, by the names that `trash.list` tells. Those that are not in the trash are left out. */
  'trash.delete': request<{ files: string[] }, void>('main'),

  'draft.list': request<void, StoredDraft[]>('main', 'quick-ask'),
  /**
   * Kept over restarts, within half a second of the last key; an empty one is removed. Refused with storage (full) when
   * all together are too much: what was kept of it before stays.
   */
  'draft.set': request<StoredDraft, void>('main', 'quick-ask'),
  /** Conversations whose messages or title have these words, the best first; see SearchResult. */
  'conversation.search': request<{ query: string; part?: SearchPart }, SearchResult>('main'),
  /** One conversation as a file where the person says; null when no place was chosen. */
  'conversation.export': request<{ conversationId: string; format: ExportFormat }, ExportedFile | null>('main'),
  /** Shows a file that was written since the start where it lies. */
  'transfer.showFile': request<{ fileId: string }, void>('main'),
  /** Its file in its folder, or with `isRecovered` the text that a repair has saved of it. */
  'conversation.showFile': request<{ conversationId: string; isRecovered?: boolean }, void>('main'),
  /** What there is of a conversation whose file cannot be read. */
  'conversation.findRemains': request<{ conversationId: string }, ConversationRemains>('main'),
  /**
   * Puts a conversation that cannot be read back as a copy from before a restore has it; its file goes to the trash. Throws
   * not-found, bad-request for one that can be read, and busy, bad-archive and storage as a restore does.
   */
  'conversation.bringBack': request<{ conversationId: string; copy: string }, void>('main'),

  /** All conversations with their media in one file, verified after it was written; null when no place was chosen. */
  'library.backUp': request<void, BackupMade | null>('main'),
  /** Every conversation as JSON and Markdown, with its images, in one file that is verified; null as for `library.backUp`. */
  'library.exportAll': request<void, BackupMade | null>('main'),
  /** Reads a file that the person picks (a backup, ChatGPT's or gpt4free's export) and says what it would change; null when none was picked. */
  'library.planRestore': request<void, RestorePlan | null>('main'),
  /** Does what the plan said; newer here stays, but for those that the person chose one by one. */
  'library.restore': request<RestoreChoice, RestoreDone>('main'),
  /** What is being taken in or written now, for a window that was made again; null when nothing is. */
  'transfer.state': request<void, TransferState | null>('main'),
  /** Every host that was asked for anything, the latest first. */
  'contact.list': request<void, ContactedHost[]>('main'),
  'contact.forget': request<{ host: string }, void>('main'),
  /** Ends it at the next conversation: what is done stays, half a file does not. Harmless when it has ended. */
  'transfer.stop': request<{ transferId: string }, void>('main'),
  /** Looks at every file and says what is wrong; nothing is changed. */
  'library.check': request<void, CheckReport>('main'),
  /** Mends what the last check found. */
  'library.repair': request<void, CheckReport>('main'),
  'library.sizes': request<void, LibrarySizes>('main'),
  /** Deletes conversations, media, drafts, backends, secrets, logs and settings, then quits. Asked twice by the page. */
  'app.deleteEverything': request<void, void>('main'),
  'library.dropPlan': request<{ planId: string }, void>('main'),

  'prompt.list': request<void, Prompt[]>('main'),
  /** Adds a prompt, or takes the place of the one with its id. */
  'prompt.save': request<Prompt, void>('main'),
  'prompt.remove': request<{ promptId: string }, void>('main'),
  /** What its variables were filled with last. */
  'prompt.remember': request<{ promptId: string; values: { name: string; value: string }[] }, void>('main'),
  /** Adds the prompts of a file that the person picks; null when none was picked. */
  'prompt.import': request<void, PromptsImported | null>('main'),
  /** All prompts as one file where the person says. */
  'prompt.export': request<void, { isSaved: boolean }>('main'),

  'generation.start': request<StartGeneration, StartedGeneration>('main', 'quick-ask'),
  'generation.stop': request<{ generationId: string }, void>('main', 'quick-ask'),
  'generation.attach': request<{ generationId: string }, AttachedGeneration>('main', 'quick-ask'),

  /** Ends the wait before a retry: it is tried now. Harmless when nothing waits. */
  'generation.retryNow': request<{ generationId: string }, void>('main', 'quick-ask'),

  /** Fetches a result, or a picture that the text of an answer shows, because a person asked for it; keeps it with its conversation. */
  'media.load': request<
    { conversationId: string; messageId: string; source: string; isAutomatic?: boolean | undefined },
    MediaFile
  >('main', 'quick-ask'),
  /** A stored image, sound or film as a file where the person says; false when no place was chosen. */
  'media.save': request<{ id: string; name: string }, { isSaved: boolean }>('main'),
  /** Begins to drag a stored file into other programs, while the button of the mouse is down. */
  'media.drag': request<{ id: string; name: string }, void>('main'),
  /** The answer spoken, as its backend offers it (`synthesize`). */
  'media.speak': request<{ conversationId: string; messageId: string }, MediaFile>('main'),

  /** What went over the wire for an answer; null when nothing of it was recorded. Recordings live in memory only. */
  'wire.open': request<{ messageId: string }, WireRecording | null>('main'),
  /** A recording from a file that the person picks; null when none was picked. */
  'wire.openFile': request<void, WireRecording | null>('main'),
  /** The recording as it stands now, and at most 1,000 of its events from `from` on. */
  'wire.rows': request<{ recordingId: string; from: number }, { recording: WireRecording; rows: WireRow[] }>('main'),
  /** The JSON of one event, secrets masked. */
  'wire.event': request<{ recordingId: string; index: number }, { json: string }>('main'),
  /** The parts that its events mean, for a replay in the thread; nothing is sent and nothing stored. */
  'wire.replay': request<{ recordingId: string }, { parts: { atMs: number; part: Part }[] }>('main'),
  /** The request as a `curl` command, secrets masked. */
  'wire.curl': request<{ recordingId: string }, { command: string }>('main'),
  /** False when the person did not choose a file. */
  'wire.save': request<{ recordingId: string }, { isSaved: boolean }>('main'),

  'attachment.add': preloadRequest<AddAttachments, AddedAttachment[]>('main', 'quick-ask'),
  'attachment.pick': request<Pick<AddAttachments, 'temporary'>, AddedAttachment[]>('main', 'quick-ask'),
  /** Takes a shrunk or converted image in place of its source; checked by content like every file. */
  'attachment.draw': request<DrawnImage, AddedAttachment>('main', 'quick-ask'),
  /** Files that were put into a temporary conversation and stand in no field any more; what a message names stays. */
  'attachment.release': request<{ temporary: string; ids: string[] }, void>('main', 'quick-ask'),

  /** Why no region of the screen can be taken here at present; null when it can be tried. */
  'capture.blocker': request<void, CaptureReason | null>('main', 'quick-ask'),
  /**
   * Lets the person take a region of the screen: our windows are out of the way until it ends. Null when they left without.
   * `temporary` as in AddAttachments.
   */
  'capture.take': request<Pick<AddAttachments, 'temporary'>, AddedAttachment | null>('main', 'quick-ask'),
  /** What the overlay that asks has to show; answered when the picture of its display is there. */
  'capture.open': request<void, CaptureView>('capture'),
  /** Its picture is drawn: it may be seen. */
  'capture.show': request<void, void>('capture'),
  /** The keys go to the overlay of the next display. */
  'capture.next': request<void, void>('capture'),
  /** Takes a region of the picture of the overlay that asks; null leaves without. */
  'capture.end': request<{ region: Region | null }, void>('capture'),

  'settings.get': request<void, Settings>('main', 'quick-ask'),
  'settings.set': request<Partial<Omit<Settings, 'backends'>>, Settings>('main'),

  'backend.list': request<void, BackendView[]>('main', 'quick-ask'),
  /** Of `trust` only the way back to `system` is taken from here; see CertificateTrust. */
  'backend.save': request<BackendProfile, BackendView>('main'),
  'backend.duplicate': request<{ backendId: string }, BackendView>('main'),
  /** Finds the server that a typed address means, with the connection settings of this backend; changes nothing. */
  'backend.find': request<{ backendId: string; address: string }, FoundAddress>('main'),
  /** The person agreed that all secrets of this backend may go to its present address (S35). */
  'backend.moveSecrets': request<{ backendId: string }, BackendView>('main'),
  /** Trusts the certificate that this backend showed last, which must be this one (S37). */
  'backend.trust': request<{ backendId: string; sha256: string }, BackendView>('main'),
  /** Trusts the authorities of a file that the person picks; null when none was picked. */
  'backend.pickAuthority': request<{ backendId: string }, BackendView | null>('main'),
  'backend.remove': request<{ backendId: string }, void>('main'),
  'backend.setSecret': request<{ name: SecretName; value: string; storeUnprotected: boolean }, SecretState>('main'),
  'backend.clearSecret': request<SecretName, void>('main'),
  /** `sha256` is of the certificate that the person has agreed to after an earlier try. */
  'backend.connect': request<{ address: string; sha256: string | null }, ConnectedBackend>('main'),
  'backend.discover': request<void, FoundBackend[]>('main'),
  'backend.test': request<{ backendId: string }, BackendTest>('main'),
  'backend.catalogue': request<{ backendId: string }, Catalogue>('main', 'quick-ask'),
  /** Asks the server for the models of one provider with all that they can; null when it does not list that provider. */
  'backend.models': request<{ backendId: string; provider: string }, CatalogueProvider | null>('main', 'quick-ask'),

  'quickAsk.show': request<void, void>('main', 'quick-ask'),
  'quickAsk.hide': request<void, void>('quick-ask'),
  /** The height of its panel; answered is what the display has room for. Both in the page's pixels. */
  'quickAsk.resize': request<{ heightPx: number }, { maxHeightPx: number }>('quick-ask'),
  /** A pinned one stays when another window gets the focus. */
  'quickAsk.pin': request<{ isPinned: boolean }, void>('quick-ask'),
  /** Pastes into the field, once for each time that there was said to be something to paste. */
  'quickAsk.paste': request<void, void>('quick-ask'),
  /** Tries once more to hold the keys that work from anywhere. */
  'quickAsk.checkShortcut': request<void, ShortcutStates>('main'),
  'quickAsk.shortcutState': request<void, ShortcutStates>('main', 'quick-ask'),
  'window.openConversation': request<{ conversationId: string }, void>('quick-ask'),

  'generation.event': event<GenerationEvent[]>('main', 'quick-ask'),
  'conversation.changed': event<ConversationChange[]>('main', 'quick-ask'),
  'settings.changed': event<Settings>('main', 'quick-ask'),
  'backend.changed': event<BackendView[]>('main', 'quick-ask'),
  /** More, or something newer, is known of what a backend offers: who shows it asks again. */
  'catalogue.changed': event<{ backendId: string }>('main', 'quick-ask'),
  'quickAsk.shortcutChanged': event<ShortcutStates>('main', 'quick-ask'),
  'prompt.changed': event<Prompt[]>('main'),
  'storage.state': event<StorageState>('main', 'quick-ask'),
  'conversation.keptBeside': event<KeptBeside>('main'),
  /** At most ten times a second, and once more with `end` when it has ended. */
  'transfer.changed': event<TransferState>('main'),
  /** Asks whether the page answers at all. */
  'app.ping': event<null>('main', 'quick-ask'),
  'app.command': event<AppCommand>('main', 'quick-ask'),
} as const

/** Which of our windows may use a channel. */
export type Role = 'main' | 'quick-ask' | 'capture'

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
  /**
   * Hands dropped, pasted or picked File objects to main: by path where they have one, else by bytes.
   *
   * @param temporary as in AddAttachments
   */
  attach(files: readonly PageFile[], temporary: string | null): Promise<Result<AddedAttachment[]>>
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
  globalShortcuts: ShortcutStates
}

/** What the overlay of one display shows. */
export interface CaptureView {
  /** Address of the picture, which is there for this overlay only and until it ends. */
  picture: string
  locale: Locale
  theme: Settings['theme']
  /** How many displays have an overlay. */
  displays: number
}

/** Whether what is written reaches the disk; `reason` is why not (R07, R08). */
export type StorageState = { isSafe: true } | { isSafe: false; reason: 'full' | 'read-only' | 'failed' | 'folder-gone' }

/** What somebody else wrote over a conversation that Parley had open, as a conversation of its own. */
export interface KeptBeside {
  conversationId: string
  title: string
}

/** Whether the keys that work from any app do. */
export type ShortcutStates = Readonly<Record<GlobalShortcutId, ShortcutState>>

export type ShortcutState =
  /**
   * `trigger` is null where Parley holds the keys itself. Where the desktop does, it is how that names the keys it has
   * given, which may be others; empty while it has given none.
   */
  | { kind: 'registered'; accelerator: string; trigger: string | null }
  | { kind: 'taken'; accelerator: string }
  /** The desktop asks the person; it answers when they do. */
  | { kind: 'asking'; accelerator: string }
  /** The person has said no to the desktop. It is not asked again unless they want that. */
  | { kind: 'refused'; accelerator: string }
  /** Let go of for now. */
  | { kind: 'paused'; accelerator: string }
  /** `desktop` is the name of the desktop where it is a known one, such as GNOME. */
  | { kind: 'not-possible'; reason: 'wayland' | 'other'; desktop: string | null }
  | { kind: 'off' }

export interface TrashedConversation {
  /** The name of its file: a conversation can lie there more than once. */
  file: string
  summary: ConversationSummary
  /** Questions and answers on show, and the images in them; 0 for a file that cannot be read. */
  messages: number
  images: number
  /** How many messages were deleted out of the conversation whose title it has; missing for a whole conversation. */
  deleted?: number
  deletedAt: number
  /** When it goes for good, or null for never. */
  expiresAt: number | null
}

/** Messages on show of a deleted conversation, as text. */
export interface TrashedMessages {
  /** `who` is null for the person, and empty for an answer of which nobody knows who gave it. */
  messages: { who: string | null; text: string }[]
  /** How many come after these. */
  left: number
}

/** UTF-16 units that can be sent as one message, quotes not counted. */
export const MAX_QUESTION_TEXT = 1024 * 1024
/** What of an unsent text is kept over restarts: more than can be sent, so that who pastes too much can shorten it later. */
export const MAX_DRAFT_TEXT = 4 * 1024 * 1024
/** Of all drafts together, so that their file stays one that is written in an instant. */
export const MAX_ALL_DRAFTS = 16 * 1024 * 1024

/** What stands unsent in a composer. `key` is the id of its conversation, a page's new chat, or `quick-ask`. */
export interface StoredDraft {
  key: string
  text: string
  attachments: AttachmentInfo[]
  /** Passages that are quoted, at most three; missing when there are none. */
  quotes?: string[]
  /** A question of the conversation that is being written anew; missing when there is none. */
  editing?: { messageId: string; text: string; attachments: AttachmentInfo[] }
  /** The prompt in the text whose variables are slots; places are those of `text`. Missing when there is none. */
  filling?: { promptId: string; name: string; slots: Slot[] }
  changedAt: number
}

/** What a check of the library found. Names of files only, no words of a conversation but titles. */
export interface CheckReport {
  conversations: number
  media: number
  bytes: number
  /** In the order of their weight; empty when there is no fault. */
  faults: CheckFault[]
}

export type CheckFault =
  /** A folder of the library that is not there or cannot be read now; nothing is moved or deleted while that is so. */
  | { kind: 'unreadable-folder'; folder: string }
  /**
   * A file that cannot be read; `savedAs` is where its text was saved by the repair, null before. `title` is there when the
   * file still shows it. One that is `isTooLarge` is left alone.
   */
  | {
      kind: 'damaged'
      conversationId: string
      fileName: string
      title?: string
      savedAs: string | null
      isTooLarge?: true
    }
  /** Images named in a conversation that are not there or are not what they were. */
  | { kind: 'missing-media'; conversationId: string; title: string; count: number }
  /** Stored media that no conversation and no draft names. */
  | { kind: 'stray-media'; count: number; bytes: number }
  /** A conversation under a name that is not ours, and so not in the list; a repair takes it in. */
  | { kind: 'foreign-file'; fileName: string; title: string }
  /** What a crash left half done. */
  | { kind: 'stray-files'; count: number }
  | { kind: 'stale-index' }

export interface LibrarySizes {
  /** With the person's home folder as `~`. */
  folder: string
  conversations: { count: number; bytes: number }
  media: { count: number; bytes: number }
  trash: { count: number; bytes: number }
  /** Copies that were made before restores. */
  backups: { count: number; bytes: number }
  logs: { bytes: number }
  cache: { bytes: number }
}

/** What a search found. While the index is being made, what it has so far. */
export interface SearchResult {
  hits: SearchHit[]
  /** Conversations that are in the index already, and all. */
  indexed: number
  total: number
}

/** What of the conversations is searched; all of it without one. */
export type SearchPart = 'all' | 'titles' | 'questions' | 'answers'

export interface SearchHit {
  conversationId: string
  title: string
  updatedAt: number
  /** Null for a hit in the title. */
  messageId: string | null
  /** Who wrote that message; null for a hit in the title. */
  role: 'user' | 'assistant' | null
  /** The words around the first hit, one line. */
  snippet: string
  /** Places in the snippet, in UTF-16 units: start and end. */
  marks: [number, number][]
  /** Messages of this conversation with hits. */
  count: number
}

export type ExportFormat = 'markdown' | 'html' | 'json' | 'pdf'

/** A file that was written where a person chose. */
export interface ExportedFile {
  fileName: string
  fileId: string
}

/** What came of a file of prompts: those that are here already are only counted. */
export interface PromptsImported {
  added: number
  same: number
}

export interface BackupMade {
  fileName: string
  bytes: number
  conversations: number
  media: number
  /** Files of chats that cannot be read: in a backup as they lie on the disk. */
  damaged: number
}

/** What a restore or an import would do. Nothing is changed by planning. */
export interface RestorePlan {
  planId: string
  fileName: string
  bytes: number
  source: 'parley' | 'chatgpt' | 'gpt4free'
  /** Those that are the same here are only counted. `titleHere` is given where it is another one. */
  items: {
    id: string
    title: string
    titleHere?: string
    updatedAt: number
    outcome:
      | 'new'
      /** It comes back, and what is newer stays in the trash. */
      | 'newer-in-trash'
      | 'newer-here'
      | 'newer-there'
      /** The one here is of a newer Parley, which this one does not overwrite. */
      | 'kept'
  }[]
  same: number
  /** What could not be read, in plain words of describe(); at most 100. */
  problems: TransferProblem[]
  media: number
  /** Pictures of chats that are here, which are damaged or gone here and whole in the file: they come back. */
  pictures: number
  /** Chats that would come and have JSON parameters of their own in the file. Those never come from a file. */
  parameters: number
  /** Prompts in it that are not here: they come along. */
  prompts: number
  /** Backends in it that are not here, and whether its settings are others than those here. */
  backends: number
  hasOtherSettings: boolean
}

/** What there is of a conversation whose file cannot be read. */
export interface ConversationRemains {
  /** What can still be read in the file, at most 200,000 characters; empty for nothing. */
  text: string
  /** There is more of it in the file. */
  isCut: boolean
  /** Copies from before a restore that have it, the latest first. */
  copies: ConversationCopy[]
}

/** A conversation as it is in a copy of all that was made before a restore. */
export interface ConversationCopy {
  /** Names the copy, for `conversation.bringBack`. */
  copy: string
  /** When the copy was made. */
  madeAt: number
  title: string
  messages: number
}

/** What the person wants of a plan, beside what is new or newer in the file. */
export interface RestoreChoice {
  planId: string
  /** Conversations that are newer here, and shall be as they are in the file all the same. */
  overwrite: string[]
  /** Those that are not here. Keys never come from a file. */
  withBackends: boolean
  withSettings: boolean
}

/** A host that Parley has asked, how often and when last; as in a URL, with its port if it is not the usual one. */
export interface ContactedHost {
  host: string
  purpose:
    /** `name` is what the backend was called then. */
    | { kind: 'backend'; backendId: string; name: string }
    /** The way to others, a picture or film of an answer, looking for a server. */
    | { kind: 'proxy' | 'picture' | 'discovery' }
  requests: number
  lastAt: number
}

/** What is wrong with one conversation or file. */
export interface TransferProblem {
  name: string
  error: AppError
}

/** Looking through a file before anything is done, copying what is here before a restore, the work itself, reading back what was written. */
export type TransferStep = 'look' | 'copy' | 'work' | 'check'

/** A backup, an export of everything, a restore or an import, as far as it is. One at a time. */
export interface TransferState {
  id: string
  kind: 'export' | 'backup' | 'plan' | 'restore' | 'import'
  /** The file that is read or written, and the size of one that is read. */
  fileName: string
  bytes: number | null
  /** Whose file is read. */
  source: RestorePlan['source'] | null
  step: TransferStep
  /** Of the step: conversations, or files when it is `check`. */
  done: number
  total: number
  /** The present conversation. */
  item: { title: string; images: number } | null
  /** Of the step; null in its first five seconds. */
  leftMs: number | null
  /** At most 100. */
  problems: TransferProblem[]
  isStopping: boolean
  /** Null while it runs. */
  end: TransferEnd | null
}

export type TransferEnd =
  | { kind: 'written'; made: BackupMade; fileId: string }
  | { kind: 'taken-in'; isStopped: boolean; done: RestoreDone }
  | { kind: 'planned' }
  /** Nothing was written. */
  | { kind: 'stopped' }
  | { kind: 'failed'; error: AppError }

export interface RestoreDone {
  added: number
  updated: number
  kept: number
  /** Of those that were added or updated: whose images were not all in the file. */
  missing: number
  /** Pictures that were damaged or gone here. */
  pictures: number
  /** What was not sent yet, where nothing stands now. */
  drafts: number
  prompts: number
  backends: number
  hasSettings: boolean
  problems: TransferProblem[]
}

/** A conversation with, for each running answer in it, the seq up to which its message is folded. */
export interface OpenedConversation {
  conversation: Conversation
  running: { generationId: string; messageId: string; seq: number }[]
}

/** What was taken out of a conversation. */
export interface DeletedMessages {
  deletionId: string
  count: number
}

export interface StartGeneration {
  /** Chosen by the page before the call, so that it can never miss an event. UUIDs. */
  generationId: string
  answerId: string
  /** An unknown id makes a new conversation with that id. */
  conversationId: string
  origin: Conversation['origin']
  /** A new conversation that never touches disk, log, journal or search until it is kept. */
  isTemporary: boolean
  /** Of a new conversation; one that is there has its own. */
  settings?: ChatSettings
  backendId: string
  provider: string | null
  model: string | null
  question: Question
}

export type Question =
  /** A new question after `parentId` (null: the first one). */
  | {
      kind: 'new'
      messageId: string
      parentId: string | null
      text: string
      attachmentIds: string[]
      /** Refused with busy when a question stands there already: a message that waited never goes beside another. */
      isFirstThere?: boolean
    }
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
  /** The id of the chat, if it is a temporary one: they stay in memory. */
  temporary: string | null
  files: ({ name: string; path: string } | { name: string; bytes: Uint8Array })[]
}

/** One result per file, in the order of the files; a refused file never stops the others. */
export type AddedAttachment =
  | { ok: true; attachment: AttachmentInfo }
  /** Only a page can read it, and servers do not take it: it has to be drawn. */
  | { ok: true; source: ImageSource }
  /** The images of a folder, in the order of their names; `left` of them had no place. */
  | { ok: true; folder: string; inside: AddedAttachment[]; left: number }
  | { ok: false; name: string; error: AppError }

/** A stored image that has to be drawn before it can be sent, at `app://local/attachment/<id>`. */
export interface ImageSource {
  id: string
  name: string
  format: 'AVIF' | 'BMP' | 'SVG' | 'ICO'
  bytes: number
  /** 0 for an SVG. */
  width: number
  height: number
}

/** A PNG or JPEG that a page has drawn of a stored image; never larger in pixels. */
export interface DrawnImage {
  /** Of the stored image, which was added since the start or stands in a draft. */
  sourceId: string
  /** Of the file, as the person knows it. */
  name: string
  bytes: Uint8Array
}

export type ConversationChange =
  { kind: 'upsert'; summary: ConversationSummary } | { kind: 'remove'; conversationId: string }

export interface ConnectedBackend {
  view: BackendView
  /** What was tried before the address that answered, for "says what it tried". */
  tried: string[]
  needsKey: boolean
  /** There was a backend of that address already; `view` is that one. */
  isKnown: boolean
}

export interface FoundAddress {
  /** The base address that answered. */
  url: string
  version: string | null
  /** It is a Backend API, but it says nothing without a key. */
  needsKey: boolean
  /** What was tried before, in that order. */
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
      /** Why the answer failed that was asked for; then the verdict is `reachable`. Null there: too short to tell. */
      error: AppError | null
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
  /** Why the last refresh failed; null while one is under way, and when it did not. */
  error: AppError | null
}

export interface CatalogueProvider {
  name: string
  label: string
  needsKey: boolean
  /** Where the key comes from, as the server says; only http and https. */
  loginUrl: string | null
  hasVision: boolean
  /** Makes images, audio, video. */
  makes: MediaKind[]
  /** False while only the ids of its models are known: what they see and make is then only what some of them do. */
  hasModelDetails: boolean
  models: CatalogueModel[]
}

export interface CatalogueModel {
  id: string
  label: string
  isDefault: boolean
  hasVision: boolean
  makes: MediaKind[]
}

export type MediaKind = 'image' | 'audio' | 'video'

export interface Diagnostics {
  /** In the language on show; the rows of the About page. */
  rows: { name: string; value: string }[]
  /** The last 50, as they stand in the log: redacted. */
  logLines: string[]
}

/** A recorded exchange: the request as it was sent, secrets masked to their last four characters, and how far its answer has come. */
export interface WireRecording {
  id: string
  /** Null for one that was opened from a file. */
  messageId: string | null
  /** Milliseconds since the epoch, of the request. */
  startedAt: number
  request: {
    method: string
    host: string
    path: string
    headers: WireHeader[]
    /** As JSON, indented; files are named with type and size instead of their base64. */
    body: string
    bodyBytes: number
    /** The proxy it went through, as `host:port`; null when there was none, or nobody knows. */
    via: string | null
  }
  /** Null while nothing has come, or when nothing did. Of a redirect only the status and the host it leads to are known. */
  response: { status: number; headers: WireHeader[] } | null
  /** Null while it runs. `error` is why it ended, if not cleanly. */
  end: { atMs: number; error: AppError | null } | null
  events: number
  bytes: number
  /** More came than is kept: the first events are whole, the rest is only counted. */
  isCut: boolean
  /** Requests before this one for the same answer, which were not answered (R12, R14). */
  earlierTries: number
}

export interface WireHeader {
  name: string
  value: string
}

export interface WireRow {
  index: number
  /** Milliseconds since the request; the read that completed the event. */
  atMs: number
  type: string
  /** Of its data. */
  bytes: number
  /** The gist of it in at most 160 characters, secrets masked. */
  gist: string
}

/** What a menu, the tray, the quick-ask or a command line asks a window to do. */
export type AppCommand =
  | { kind: 'new-conversation' }
  | { kind: 'open-conversation'; conversationId: string }
  | { kind: 'open-settings' }
  /** What its key would do; see ACTIONS. */
  | { kind: 'action'; action: ActionId }
  /** Takes a region of the screen into the quick question, and shows that with it. */
  | { kind: 'ask-region' }
  /** Looks for a text everywhere. */
  | { kind: 'search'; text: string }
  | { kind: 'show-diagnostics' }
  /** Pinned as main has it. `maxHeightPx` is what the display has room for, in the page's pixels. */
  | { kind: 'quick-ask-shown'; isPinned: boolean; maxHeightPx: number }
  /** What could be pasted; that there is something is all that is known of it. */
  | { kind: 'quick-ask-clipboard'; clipboard: 'text' | 'image' | null }

function request<In, Out>(...roles: Role[]): RequestChannel<In, Out> & { kind: 'request' } {
  return { kind: 'request', roles }
}

function preloadRequest<In, Out>(...roles: Role[]): RequestChannel<In, Out> & { kind: 'preload-request' } {
  return { kind: 'preload-request', roles }
}

function event<Payload>(...roles: Role[]): EventChannel<Payload> {
  return { kind: 'event', roles }
}
