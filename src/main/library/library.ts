import { join } from 'node:path'
import type {
  CheckReport,
  ConversationChange,
  KeptBeside,
  LibrarySizes,
  StorageState,
  TrashedConversation,
} from '../../shared/contract'
import {
  withoutBidiControls,
  type AssistantMessage,
  type Conversation,
  type ConversationSummary,
  type GenerationEvent,
} from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import {
  checkLibrary,
  namedMedia,
  recoveredName,
  repairLibrary,
  type Checked,
  type Findings,
  type MediaShelf,
} from './check'
import { ConversationFiles } from './conversation-files'
import { mediaOf } from './conversation-media'
import { readContents, stampsOf, type Contents, type StampedConversation } from './contents'
import {
  diskFileSystem,
  isStray,
  makeFolder,
  errorCode,
  MAX_LIBRARY_FILE_BYTES,
  namesIn,
  readRegular,
  type FileSystem,
} from './files'
import { HeldConversations, isTemporary, newHeld, summaryOf } from './held'
import { keptConversation, type JournalStart } from './journal'
import { mergeConversation } from './merge'
import { readableBeginning } from './readable-text'
import { recoverJournals, type RecoveredAnswer } from './recovery'
import { RunningAnswers } from './running'
import { isId, PRESENT_FORMAT, type FileFormat, type IndexRow } from './schema'
import { Storage, storageReason } from './storage'
import { Summaries } from './summaries'
import { TrashList } from './trash-list'
import { latestEnd } from './tree'
import { Trashing } from './trashing'
import { titleOf } from '../title'

/**
 * All conversations, as files under one folder that a person can read and copy:
 *
 *     conversations/<id>.json          one conversation, replaced whole
 *     journals/<generationId>.jsonl    one running answer, appended to; gone when the answer is in its conversation
 *     trash/<id>.<ms>.json             a conversation deleted at that time, for as long as the settings say
 *     earlier/<id>.v<version>.json     a file as it was before a newer Parley wrote it for the first time
 *     recovered/<id>.txt               what could be read of a damaged file
 *     index.json trash.json            copies of the summaries; can be deleted at any time
 *
 * A temporary conversation is here like any other, but in memory only: no file, no journal, no row of the index.
 *
 * A disk that fails is never an exception for a change: the change is held in memory, `storageState` says that it is not
 * safe, and it is written as soon as the disk takes it (R07, R08).
 */
export interface Library {
  /** Summaries of all conversations, the latest first. Later findings come through `onChange`. */
  list(): Promise<ConversationSummary[]>
  /** Throws not-found (conversation), or storage (damaged) for a file that cannot be read. */
  open(id: string): Promise<Conversation>
  /**
   * Keeps a new conversation; a temporary one in memory. Resolves as `update` does. Throws bad-request when there is one
   * with this id.
   */
  create(conversation: Conversation): Promise<void>
  /**
   * Changes a conversation. Changes of one conversation happen one after another, in the order of the calls. Resolves,
   * with what this change made, once it is durable on disk, or held in memory by a failing disk.
   *
   * @param change pure; what it throws is thrown here and nothing is changed
   */
  update(id: string, change: (conversation: Conversation) => Conversation): Promise<Conversation>
  /** A person's title; it is never replaced by a backend's. An empty one goes back to the first words. */
  rename(id: string, title: string): Promise<void>
  pin(id: string, isPinned: boolean): Promise<void>
  markRead(id: string): Promise<void>
  /**
   * The conversation with the path on show that leads through a message to its latest end; remembered, but for one of a
   * newer Parley. Throws not-found (message).
   */
  showMessage(id: string, messageId: string): Promise<Conversation>
  /** Makes an ordinary conversation of a temporary one, running answers included. Resolves as `update` does. */
  keep(id: string): Promise<void>
  /**
   * Forgets a temporary conversation, which is returned. Throws bad-request for an ordinary one, busy while an answer runs
   * in it.
   */
  discard(id: string): Promise<Conversation>
  /** Whether a conversation is here, and temporary. */
  isTemporary(id: string): boolean
  /**
   * Moves a conversation to the trash. Throws busy while an answer runs in it, bad-request for a temporary one, storage
   * when the disk refuses.
   */
  trash(id: string): Promise<void>
  /**
   * Puts a conversation into the trash that was never anywhere else, such as what was deleted out of another one. Durable.
   * Throws storage.
   */
  putInTrash(conversation: Conversation): Promise<void>
  /**
   * Takes a conversation back out of the trash: beside the others, under a new id and with a marked title, when something
   * is at its place. Nothing happens when `which` is an id that is not in there but here. Throws not-found, storage.
   *
   * @param which the name of a file as `listTrash` tells it, or an id for the latest file of that conversation
   * @returns the id that it has now
   */
  restore(which: string): Promise<string>
  /** What lies in the trash under the name of a file; it stays there. Throws not-found, storage (damaged). */
  openTrashed(which: string): Promise<Conversation>
  /** What is in the trash, the latest first: every file, also several of one conversation. */
  listTrash(): Promise<TrashedConversation[]>
  /**
   * Deletes from the trash for good, each time one file; what is not in there is passed over. Throws storage.
   *
   * @param which as for `restore`
   * @returns the ids of the conversations of which nothing is left, neither here nor in the trash
   */
  deleteFromTrash(which: readonly string[]): Promise<string[]>
  /** The names of the files in the trash whose time is over. */
  expired(): Promise<string[]>
  /**
   * All conversations, one read at a time, the latest first: waits for the comparison with the folder. Also what is held
   * in memory and not written yet. Left out are damaged and temporary ones, and those that go meanwhile.
   *
   * @param ids only these, in this order
   */
  readAll(ids?: Iterable<string>): AsyncIterable<StampedConversation>
  /** The stamp of every conversation that `readAll` may bring, damaged ones included: it changes when the content does. */
  stamps(): Promise<Map<string, string>>
  /**
   * Takes a conversation in from elsewhere, durably; answers that are said to run are interrupted. One that is here and
   * older is replaced, and goes to the trash first as a conversation of its own.
   *
   * Throws busy while an answer runs in the one that is here, bad-request when that is not older, is temporary, or what is
   * given is no conversation, newer-file when the one here is of a newer Parley, and storage when the disk refuses; all is as
   * it was then.
   *
   * @param options `mayReplaceNewer` when a person has chosen this one conversation, whichever is older
   */
  merge(conversation: Conversation, options?: { mayReplaceNewer?: boolean }): Promise<'added' | 'replaced'>
  /** Looks at every file and says what is wrong, one step after the other; nothing is changed. */
  check(outside: Outside): Promise<CheckReport>
  /** Mends what the last check found, which is made first when there was none, and checks again. Throws storage. */
  repair(outside: Outside): Promise<CheckReport>
  /** The ids of all stored files that anything names; null when that cannot be known. */
  namedMedia(outside: Pick<Outside, 'named'>): Promise<Set<string> | null>
  /**
   * The ids of stored files that conversations in the trash name.
   *
   * @param which as for `restore`
   */
  mediaInTrash(which: readonly string[]): Promise<Set<string>>
  /** The ids of stored files that temporary conversations name. */
  mediaOfTemporary(): Set<string>
  /** How much there is of it on disk. */
  sizes(): Promise<Pick<LibrarySizes, 'conversations' | 'trash'>>
  /** Begins the journal of an answer; it is durable when this resolves. Of a temporary conversation it is in memory. */
  journal(start: JournalStart): Promise<Journal>
  /**
   * To be called once, before anything else: removes what a crash left half done, and puts every journal that a dead
   * process left into its conversation, as an interrupted answer.
   */
  recover(): Promise<RecoveredAnswer[]>
  /** Where the file of a conversation lies. */
  pathOf(id: string): string
  /** What can still be read in a file that is no conversation any more; empty for nothing. Throws not-found, storage. */
  readableTextOf(id: string): Promise<{ text: string; isCut: boolean }>
  /** Where the text lies, if it lies anywhere, that a repair has saved of a damaged conversation. */
  recoveredPathOf(id: string): string
  /** What changes, in its order; what the comparison with the folder finds comes many at a time. */
  onChange(listener: (changes: ConversationChange[]) => void): () => void
  /** Somebody else has written the file of a conversation; what they wrote is now one of its own, with this title (R38). */
  onBeside(listener: (beside: KeptBeside) => void): () => void
  storageState(): StorageState
  onStorageState(listener: (state: StorageState) => void): () => void
  /** Resolves when the list has been compared with the folder, which happens now, or by itself some time after the first `list`. */
  compared(): Promise<void>
  /** Writes all that is not on disk yet, as far as the disk takes it: for quitting and for a crash handler (R29). */
  flush(): Promise<void>
  /** Ends all timers and lets go of all files. What waits to be written is given up: `flush` first. */
  close(): Promise<void>
}

/** What a check must know of that is not in the library. */
export interface Outside {
  media: MediaShelf
  /** The ids of stored files that something else names, such as a draft. */
  named: () => Promise<Iterable<string>>
}

/** The journal of one running answer. */
export interface Journal {
  /** Takes the next events; they are on disk within 200 ms. Never throws. */
  append(events: readonly GenerationEvent[]): void
  /**
   * Puts the finished answer into the conversation, and only then removes the journal. `change` may change more of the
   * conversation in the same step.
   */
  close(final: AssistantMessage, change?: (conversation: Conversation) => Conversation): Promise<void>
  /** Removes a journal whose answer never began. */
  discard(): Promise<void>
}

export interface LibraryOptions {
  /** Folder of the library; made when it is missing. */
  root: string
  clock: Clock
  logger: Logger
  /** After how many days the trash is emptied; null for never. 30 when left out. */
  trashDays?: () => number | null
  /** Whom it tells what the disk refuses, shared with others that write; one of its own when left out. */
  storage?: Storage
  /** A disk that fails, for tests. */
  fs?: FileSystem
  /** What files look like in another version, for tests. */
  format?: FileFormat
}

const MAX_TITLE_LENGTH = 200
const TRASH_DAYS = 30

/** The library under `options.root`. Touches no file before it is used. */
export function openLibrary(options: LibraryOptions): Library {
  return new FileLibrary(options)
}

class FileLibrary implements Library {
  readonly #fs: FileSystem
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #root: string
  readonly #journals: string
  readonly #files: ConversationFiles
  readonly #storage: Storage
  readonly #summaries: Summaries
  readonly #held: HeldConversations
  readonly #contents: Contents
  readonly #trashList: TrashList
  readonly #besideListeners = new Set<(beside: KeptBeside) => void>()
  readonly #trashing: Trashing
  readonly #running: RunningAnswers
  readonly #format: FileFormat
  /** Of the last check. */
  #findings: Findings | null = null

  constructor(options: LibraryOptions) {
    this.#fs = options.fs ?? diskFileSystem
    this.#clock = options.clock
    this.#logger = options.logger
    this.#root = options.root
    this.#journals = join(options.root, 'journals')
    this.#format = options.format ?? PRESENT_FORMAT
    this.#files = new ConversationFiles(this.#fs, options.root, this.#format, (generationId) =>
      this.#running.has(generationId),
    )
    this.#storage = options.storage ?? new Storage(options.logger)
    this.#running = new RunningAnswers({
      fs: this.#fs,
      folder: this.#journals,
      storage: this.#storage,
      clock: this.#clock,
      format: this.#format,
      held: () => this.#held,
    })
    this.#summaries = new Summaries({
      fs: this.#fs,
      folder: this.#files.folder,
      indexPath: join(options.root, 'index.json'),
      logger: options.logger,
      readRow: (id) => this.#readRow(id),
    })
    this.#held = new HeldConversations({
      files: this.#files,
      summaries: this.#summaries,
      storage: this.#storage,
      hasRunning: (id) => this.#running.hasIn(id),
      onFolderLost: () => {
        this.#logger.error('the folder of the conversations had gone')
        this.#storage.warn('folder-gone')
      },
      onBeside: (id, besideId) => this.#tellBeside(id, besideId),
    })
    this.#trashList = new TrashList({
      fs: this.#fs,
      path: join(options.root, 'trash.json'),
      files: this.#files,
      logger: options.logger,
    })
    this.#trashing = new Trashing({
      fs: this.#fs,
      root: options.root,
      files: this.#files,
      held: this.#held,
      running: this.#running,
      storage: this.#storage,
      summaries: this.#summaries,
      list: this.#trashList,
      clock: this.#clock,
      days: options.trashDays ?? (() => TRASH_DAYS),
    })
    this.#contents = { files: this.#files, held: this.#held, summaries: this.#summaries }
  }

  list(): Promise<ConversationSummary[]> {
    return this.#summaries.list()
  }

  async open(id: string): Promise<Conversation> {
    return (await this.#held.open(id)).conversation
  }

  async create(conversation: Conversation): Promise<void> {
    const { id } = conversation
    if (!isId(id) || (await this.#files.exists(id)) || this.#held.get(id) !== undefined) {
      throw failure({ code: 'bad-request', channel: 'conversation' })
    }
    await this.#held.change(newHeld(id, conversation, 0, this.#format.version), conversation)
  }

  async update(id: string, change: (conversation: Conversation) => Conversation): Promise<Conversation> {
    const held = await this.#held.open(id)
    if (held.isLeaving) throw failure({ code: 'not-found', what: 'conversation' })
    const changed = change(held.conversation)
    if (changed === held.conversation) return changed
    if (held.isReadOnly) throw failure({ code: 'newer-file' })
    await this.#held.change(held, changed)
    return changed
  }

  async rename(id: string, title: string): Promise<void> {
    const line = withoutBidiControls(title).replace(/\s+/gu, ' ').trim().slice(0, MAX_TITLE_LENGTH)
    await this.update(id, (conversation) => {
      if (line !== '') return { ...conversation, title: line, titleSource: 'person' }
      const question = conversation.messages.find((message) => message.role === 'user')
      return { ...conversation, title: titleOf(question?.text ?? ''), titleSource: 'first-words' }
    })
  }

  async pin(id: string, isPinned: boolean): Promise<void> {
    await this.update(id, (conversation) =>
      conversation.isPinned === isPinned ? conversation : { ...conversation, isPinned },
    )
  }

  async markRead(id: string): Promise<void> {
    // Looking at a conversation of a newer version must not fail for want of a mark.
    if ((await this.#held.open(id)).isReadOnly) return
    await this.update(id, (conversation) =>
      conversation.isUnread ? { ...conversation, isUnread: false } : conversation,
    )
  }

  async showMessage(id: string, messageId: string): Promise<Conversation> {
    const held = await this.#held.open(id)
    const show = (conversation: Conversation): Conversation => {
      const headId = latestEnd(conversation.messages, messageId)
      return conversation.headId === headId ? conversation : { ...conversation, headId }
    }
    // What may not be written can still be looked at.
    return held.isReadOnly ? show(held.conversation) : this.update(id, show)
  }

  async keep(id: string): Promise<void> {
    const held = await this.#held.open(id)
    if (!isTemporary(held)) return
    const running = this.#running.in(id).map((journal) => journal.keep())
    held.conversation = keptConversation(held.conversation)
    // Journals first: an answer that is on disk as running always has a journal that can finish it.
    await Promise.all(running.map((file) => file.sync()))
    await this.#held.change(held, held.conversation)
  }

  async discard(id: string): Promise<Conversation> {
    const held = this.#held.get(id)
    if (held === undefined) throw failure({ code: 'not-found', what: 'conversation' })
    if (!isTemporary(held)) throw failure({ code: 'bad-request', channel: 'conversation.discard' })
    if (this.#running.hasIn(id)) throw failure({ code: 'busy' })
    held.isLeaving = true
    this.#held.delete(id)
    this.#summaries.delete(id)
    return Promise.resolve(held.conversation)
  }

  isTemporary(id: string): boolean {
    const held = this.#held.get(id)
    return held !== undefined && isTemporary(held)
  }

  trash(id: string): Promise<void> {
    return this.#trashing.trash(id)
  }

  putInTrash(conversation: Conversation): Promise<void> {
    return this.#trashing.put(conversation)
  }

  restore(which: string): Promise<string> {
    return this.#trashing.restore(which)
  }

  openTrashed(which: string): Promise<Conversation> {
    return this.#trashing.read(which)
  }

  listTrash(): Promise<TrashedConversation[]> {
    return this.#trashing.list()
  }

  deleteFromTrash(which: readonly string[]): Promise<string[]> {
    return this.#trashing.delete(which)
  }

  expired(): Promise<string[]> {
    return this.#trashing.expired()
  }

  readAll(ids?: Iterable<string>): AsyncGenerator<StampedConversation, void, undefined> {
    return readContents(this.#contents, ids)
  }

  stamps(): Promise<Map<string, string>> {
    return stampsOf(this.#contents)
  }

  merge(
    conversation: Conversation,
    { mayReplaceNewer = false }: { mayReplaceNewer?: boolean } = {},
  ): Promise<'added' | 'replaced'> {
    const target = {
      files: this.#files,
      held: this.#held,
      running: this.#running,
      storage: this.#storage,
      summaries: this.#summaries,
      clock: this.#clock,
      format: this.#format,
    }
    return mergeConversation(target, conversation, mayReplaceNewer)
  }

  async check(outside: Outside): Promise<CheckReport> {
    this.#findings = await checkLibrary(this.#checked(outside))
    return this.#findings.report
  }

  async repair(outside: Outside): Promise<CheckReport> {
    const checked = this.#checked(outside)
    const findings = this.#findings ?? (await checkLibrary(checked))
    await repairLibrary(checked, findings)
    return this.check(outside)
  }

  namedMedia({ named }: Pick<Outside, 'named'>): Promise<Set<string> | null> {
    return namedMedia({ fs: this.#fs, root: this.#root, namedElsewhere: () => this.#namedElsewhere(named) })
  }

  mediaInTrash(which: readonly string[]): Promise<Set<string>> {
    return this.#trashing.mediaIn(which)
  }

  mediaOfTemporary(): Set<string> {
    const held = this.#held.all().filter(isTemporary)
    return new Set([
      ...held.flatMap(({ conversation }) => [...mediaOf(conversation).keys()]),
      ...this.#running.temporaryMedia(),
    ])
  }

  async sizes(): Promise<Pick<LibrarySizes, 'conversations' | 'trash'>> {
    const rows = [...(await this.#summaries.rows()).values()].filter((row) => !row.summary.isTemporary)
    const trashed = await this.#files.trash.list()
    let trashedBytes = 0
    for (const { path } of trashed)
      trashedBytes += await this.#fs.stat(path).then(
        ({ size }) => size,
        () => 0,
      )
    return {
      conversations: { count: rows.length, bytes: rows.reduce((sum, row) => sum + row.bytes, 0) },
      trash: { count: trashed.length, bytes: trashedBytes },
    }
  }

  journal(start: JournalStart): Promise<Journal> {
    return this.#running.begin(start)
  }

  async recover(): Promise<RecoveredAnswer[]> {
    await this.#storage.attempt(this, () => this.#probe())
    for (const name of await namesIn(this.#fs, this.#root)) {
      if (isStray(name)) await this.#fs.unlink(join(this.#root, name)).catch(() => undefined)
    }
    await this.#files.sweep()
    return recoverJournals({
      fs: this.#fs,
      folder: this.#journals,
      files: this.#files,
      held: this.#held,
      clock: this.#clock,
      logger: this.#logger,
      format: this.#format,
      isRunning: (generationId) => this.#running.has(generationId),
      restore: (id) => this.restore(id),
    })
  }

  pathOf(id: string): string {
    if (this.isTemporary(id)) throw failure({ code: 'not-found', what: 'file' })
    return this.#files.pathOf(id)
  }

  async readableTextOf(id: string): Promise<{ text: string; isCut: boolean }> {
    if (!isId(id)) throw failure({ code: 'not-found', what: 'conversation' })
    const broken = await readRegular(this.#fs, this.#files.pathOf(id), MAX_LIBRARY_FILE_BYTES).catch(
      (error: unknown) => {
        if (errorCode(error) === 'ENOENT') throw failure({ code: 'not-found', what: 'conversation' })
        throw failure({ code: 'storage', reason: storageReason(error) })
      },
    )
    return readableBeginning(broken)
  }

  recoveredPathOf(id: string): string {
    if (!isId(id)) throw failure({ code: 'not-found', what: 'file' })
    return join(this.#root, recoveredName(id))
  }

  onChange(listener: (changes: ConversationChange[]) => void): () => void {
    return this.#summaries.onChange(listener)
  }

  onBeside(listener: (beside: KeptBeside) => void): () => void {
    this.#besideListeners.add(listener)
    return () => this.#besideListeners.delete(listener)
  }

  storageState(): StorageState {
    return this.#storage.state()
  }

  onStorageState(listener: (state: StorageState) => void): () => void {
    return this.#storage.onState(listener)
  }

  async flush(): Promise<void> {
    await this.#storage.retry()
    await Promise.all([this.#running.sync(), ...this.#held.all().map((held) => this.#held.persist(held))])
    await Promise.all([this.#summaries.flush(), this.#trashList.flush()])
  }

  async compared(): Promise<void> {
    await this.#summaries.compared()
  }

  async close(): Promise<void> {
    this.#storage.close()
    this.#summaries.close()
    this.#trashList.close()
    const ended = this.#held.all().flatMap((held) => [...held.ended])
    await Promise.all([...this.#running.files(), ...ended].map((journal) => journal.close()))
  }

  async #tellBeside(conversationId: string, besideId: string): Promise<void> {
    await this.#summaries.add(besideId)
    const title = this.#summaries.row(besideId)?.summary.title ?? ''
    this.#logger.warn('a file was written by somebody else', { conversationId })
    for (const listener of this.#besideListeners) listener({ conversationId: besideId, title })
  }

  #checked({ media, named }: Outside): Checked {
    return {
      fs: this.#fs,
      root: this.#root,
      files: this.#files,
      summaries: this.#summaries,
      media,
      namedElsewhere: () => this.#namedElsewhere(named),
      now: () => this.#clock.now(),
    }
  }

  async #namedElsewhere(named: Outside['named']): Promise<Set<string>> {
    const held = this.#held.all().flatMap(({ conversation }) => [...mediaOf(conversation).keys()])
    return new Set([...(await named()), ...held, ...this.mediaOfTemporary()])
  }

  /** The row of a file; what memory has of it is newer. */
  async #readRow(id: string): Promise<IndexRow | null> {
    const row = await this.#files.readRow(id)
    const held = this.#held.get(id)
    if (held === undefined) return row
    return { bytes: 0, modifiedMs: 0, ...row, summary: summaryOf(held) }
  }

  // Says at once when nothing can be saved, not only when the first question is asked (R08).
  async #probe(): Promise<void> {
    await makeFolder(this.#fs, this.#journals)
    await this.#files.probe()
  }
}
