import { join } from 'node:path'
import type {
  CheckReport,
  ConversationChange,
  LibrarySizes,
  StorageState,
  TrashedConversation,
} from '../../shared/contract'
import {
  summarize,
  titleFrom,
  type AssistantMessage,
  type Conversation,
  type ConversationSummary,
  type GenerationEvent,
  type Message,
} from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import { checkLibrary, namedMedia, repairLibrary, type Checked, type Findings, type MediaShelf } from './check'
import { ConversationFiles } from './conversation-files'
import { mediaNamesIn, mediaOf } from './conversation-media'
import { diskFileSystem, errorCode, isStray, makeFolder, namesIn, type FileStamp, type FileSystem } from './files'
import {
  interrupt,
  JournalFile,
  keptConversation,
  mergeReplayed,
  replayJournal,
  RunningJournal,
  type JournalStart,
  type ReplayedJournal,
} from './journal'
import { isId, PRESENT_FORMAT, readConversation, writeConversation, type FileFormat, type IndexRow } from './schema'
import { Storage, storageReason } from './storage'
import { Summaries } from './summaries'
import { latestEnd } from './tree'

/**
 * All conversations, as files under one folder that a person can read and copy:
 *
 *     conversations/<id>.json          one conversation, replaced whole
 *     journals/<generationId>.jsonl    one running answer, appended to; gone when the answer is in its conversation
 *     trash/<id>.<ms>.json             a conversation deleted at that time, for as long as the settings say
 *     earlier/<id>.v<version>.json     a file as it was before a newer Parley wrote it for the first time
 *     recovered/<id>.txt               what could be read of a damaged file
 *     index.json                       copy of the summaries; can be deleted at any time
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
  /** Takes a conversation back out of the trash; nothing happens when it is not in there but here. */
  restore(id: string): Promise<void>
  /** What is in the trash, the latest first; each conversation once. */
  listTrash(): Promise<TrashedConversation[]>
  /** Deletes from the trash for good; ids that are not in there are passed over. Throws storage. */
  deleteFromTrash(ids: readonly string[]): Promise<void>
  /** The ids in the trash whose time is over. */
  expired(): Promise<string[]>
  /**
   * All conversations, one read at a time, the latest first; also what is held in memory and not written yet. Left out are
   * damaged and temporary ones, and those that go meanwhile.
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
   * given is no conversation, and storage when the one here is of a newer Parley or the disk refuses; all is as it was then.
   */
  merge(conversation: Conversation): Promise<'added' | 'replaced'>
  /** Looks at every file and says what is wrong, one step after the other; nothing is changed. */
  check(outside: Outside): Promise<CheckReport>
  /** Mends what the last check found, which is made first when there was none, and checks again. Throws storage. */
  repair(outside: Outside): Promise<CheckReport>
  /** The ids of all stored files that anything names; null when that cannot be known. */
  namedMedia(outside: Pick<Outside, 'named'>): Promise<Set<string> | null>
  /** The ids of stored files that conversations in the trash name, or those that are temporary. */
  mediaInTrash(ids: readonly string[]): Promise<Set<string>>
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
  onChange(listener: (change: ConversationChange) => void): () => void
  storageState(): StorageState
  onStorageState(listener: (state: StorageState) => void): () => void
  /** Resolves when the list has been compared with the folder, which the first `list` begins in the background. */
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

/** A conversation, and a mark of its present content. */
export interface StampedConversation {
  id: string
  stamp: string
  conversation: Conversation
  /** It is of a newer Parley, and what this one does not know of it is not in `conversation`: only its file is whole. */
  isNewer: boolean
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

/** An answer that `recover` has found in a journal. */
export interface RecoveredAnswer {
  conversationId: string
  messageId: string
  generationId: string
}

export interface LibraryOptions {
  /** Folder of the library; made when it is missing. */
  root: string
  clock: Clock
  logger: Logger
  /** After how many days the trash is emptied; null for never. 30 when left out. */
  trashDays?: () => number | null
  /** A disk that fails, for tests. */
  fs?: FileSystem
  /** What files look like in another version, for tests. */
  format?: FileFormat
}

/** Conversations held in memory beside those that must be: running, or not yet written. */
const HELD_CONVERSATIONS = 16
const MAX_TITLE_LENGTH = 200
const TRASH_DAYS = 30
const DAY_MS = 86_400_000

/** The library under `options.root`. Touches no file before it is used. */
export function openLibrary(options: LibraryOptions): Library {
  return new FileLibrary(options)
}

/** A journal whose answer is in its conversation, in memory at least. */
interface EndedJournal {
  remove(): Promise<void>
  close(): Promise<void>
}

/** A conversation in memory. `written` is the revision that the file has. */
interface Held {
  readonly id: string
  conversation: Conversation
  revision: number
  written: number
  /** The version of the file that was read. */
  version: number
  isReadOnly: boolean
  isLeaving: boolean
  writing: Promise<void> | null
  /** Journals whose answers are in `conversation`: to be removed once it is on disk. */
  readonly ended: Set<EndedJournal>
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
  /** In the order of their last use. */
  readonly #held = new Map<string, Held>()
  readonly #loading = new Map<string, Promise<Held>>()
  /** Journals of running answers, by generation. */
  readonly #running = new Map<string, RunningJournal>()
  readonly #format: FileFormat
  readonly #trashDays: () => number | null
  /** Of the last check. */
  #findings: Findings | null = null

  constructor(options: LibraryOptions) {
    this.#fs = options.fs ?? diskFileSystem
    this.#clock = options.clock
    this.#logger = options.logger
    this.#root = options.root
    this.#journals = join(options.root, 'journals')
    this.#format = options.format ?? PRESENT_FORMAT
    this.#trashDays = options.trashDays ?? (() => TRASH_DAYS)
    this.#files = new ConversationFiles(this.#fs, options.root, this.#format, (generationId) =>
      this.#running.has(generationId),
    )
    this.#storage = new Storage(options.logger)
    this.#summaries = new Summaries({
      fs: this.#fs,
      folder: this.#files.folder,
      indexPath: join(options.root, 'index.json'),
      logger: options.logger,
      readRow: (id) => this.#readRow(id),
    })
  }

  list(): Promise<ConversationSummary[]> {
    return this.#summaries.list()
  }

  async open(id: string): Promise<Conversation> {
    return (await this.#hold(id)).conversation
  }

  async create(conversation: Conversation): Promise<void> {
    const { id } = conversation
    if (!isId(id) || (await this.#files.exists(id)) || this.#held.has(id)) {
      throw failure({ code: 'bad-request', channel: 'conversation' })
    }
    await this.#keep(newHeld(id, conversation, 0, this.#format.version), conversation)
  }

  async update(id: string, change: (conversation: Conversation) => Conversation): Promise<Conversation> {
    const held = await this.#hold(id)
    if (held.isLeaving) throw failure({ code: 'not-found', what: 'conversation' })
    const changed = change(held.conversation)
    if (changed === held.conversation) return changed
    if (held.isReadOnly) throw failure({ code: 'storage', reason: 'read-only' })
    await this.#keep(held, changed)
    return changed
  }

  async rename(id: string, title: string): Promise<void> {
    const line = title.replace(/\s+/gu, ' ').trim().slice(0, MAX_TITLE_LENGTH)
    await this.update(id, (conversation) => {
      if (line !== '') return { ...conversation, title: line, titleSource: 'person' }
      const question = conversation.messages.find((message) => message.role === 'user')
      return { ...conversation, title: titleFrom(question?.text ?? ''), titleSource: 'first-words' }
    })
  }

  async pin(id: string, isPinned: boolean): Promise<void> {
    await this.update(id, (conversation) =>
      conversation.isPinned === isPinned ? conversation : { ...conversation, isPinned },
    )
  }

  async markRead(id: string): Promise<void> {
    // Looking at a conversation of a newer version must not fail for want of a mark.
    if ((await this.#hold(id)).isReadOnly) return
    await this.update(id, (conversation) =>
      conversation.isUnread ? { ...conversation, isUnread: false } : conversation,
    )
  }

  async showMessage(id: string, messageId: string): Promise<Conversation> {
    const held = await this.#hold(id)
    const show = (conversation: Conversation): Conversation => {
      const headId = latestEnd(conversation.messages, messageId)
      return conversation.headId === headId ? conversation : { ...conversation, headId }
    }
    // What may not be written can still be looked at.
    return held.isReadOnly ? show(held.conversation) : this.update(id, show)
  }

  async keep(id: string): Promise<void> {
    const held = await this.#hold(id)
    if (!isTemporary(held)) return
    const running = this.#runningIn(id).map((journal) => journal.keep())
    held.conversation = keptConversation(held.conversation)
    // Journals first: an answer that is on disk as running always has a journal that can finish it.
    await Promise.all(running.map((file) => file.sync()))
    await this.#keep(held, held.conversation)
  }

  async discard(id: string): Promise<Conversation> {
    const held = this.#held.get(id)
    if (held === undefined) throw failure({ code: 'not-found', what: 'conversation' })
    if (!isTemporary(held)) throw failure({ code: 'bad-request', channel: 'conversation.discard' })
    if (this.#hasRunning(id)) throw failure({ code: 'busy' })
    held.isLeaving = true
    this.#held.delete(id)
    this.#summaries.delete(id)
    return Promise.resolve(held.conversation)
  }

  isTemporary(id: string): boolean {
    const held = this.#held.get(id)
    return held !== undefined && isTemporary(held)
  }

  async trash(id: string): Promise<void> {
    if (this.isTemporary(id)) throw failure({ code: 'bad-request', channel: 'conversation.trash' })
    if (this.#hasRunning(id)) throw failure({ code: 'busy' })
    // A damaged file can be thrown away as well: it is moved, not read.
    await this.#loading.get(id)?.catch(() => undefined)
    const held = this.#held.get(id)
    if (held?.isLeaving) return
    if (held !== undefined) held.isLeaving = true
    try {
      if (held !== undefined && !(await this.#persist(held))) throw this.#refused()
      await this.#files.trash.take(id, this.#files.pathOf(id), this.#clock.now())
    } catch (error) {
      if (held !== undefined) held.isLeaving = false
      throw error
    }
    this.#held.delete(id)
    this.#summaries.delete(id)
  }

  async restore(id: string): Promise<void> {
    if (await this.#files.exists(id)) return
    await this.#files.trash.putBack(id, this.#files.pathOf(id))
    await this.#summaries.add(id)
  }

  async listTrash(): Promise<TrashedConversation[]> {
    const days = this.#trashDays()
    const files = await this.#files.trash.list()
    const latest = files.filter(({ id }, index) => files.findIndex((each) => each.id === id) === index)
    const listed: TrashedConversation[] = []
    for (const file of latest) {
      const contents = await this.#files.summarizeTrashed(file)
      if (contents === null) continue
      listed.push({ ...contents, deletedAt: file.atMs, expiresAt: days === null ? null : file.atMs + days * DAY_MS })
    }
    return listed
  }

  async deleteFromTrash(ids: readonly string[]): Promise<void> {
    const wanted = new Set(ids)
    await this.#files.trash.delete((await this.#files.trash.list()).filter(({ id }) => wanted.has(id)))
  }

  async expired(): Promise<string[]> {
    const days = this.#trashDays()
    if (days === null) return []
    const beforeMs = this.#clock.now() - days * DAY_MS
    const kept = new Set<string>()
    const old: string[] = []
    // The latest first: of a conversation that was thrown away twice, the last time counts.
    for (const { id, atMs } of await this.#files.trash.list()) {
      if (atMs >= beforeMs) kept.add(id)
      else if (!kept.has(id)) old.push(id)
    }
    return [...new Set(old)]
  }

  async *readAll(ids?: Iterable<string>): AsyncGenerator<StampedConversation, void, undefined> {
    const known = ids ?? (await this.list()).map((summary) => summary.id)
    for (const id of known) {
      const read = await this.#readStamped(id)
      if (read !== null) yield read
    }
  }

  async stamps(): Promise<Map<string, string>> {
    const stamps = new Map<string, string>()
    for (const [id, row] of await this.#summaries.rows()) {
      if (!row.summary.isTemporary) stamps.set(id, this.#stampOf(id, row))
    }
    return stamps
  }

  async merge(conversation: Conversation): Promise<'added' | 'replaced'> {
    const { id } = conversation
    // As it will be read again; what a file could not hold is not taken.
    const given = isId(id) ? readConversation(id, writeConversation(conversation)) : null
    if (given?.kind !== 'read') throw failure({ code: 'bad-request', channel: 'conversation' })
    const incoming = { ...given.conversation, messages: given.conversation.messages.map(settled) }
    await this.#loading.get(id)?.catch(() => undefined)
    if (this.#hasRunning(id)) throw failure({ code: 'busy' })
    const isThere = await this.#files.exists(id)
    const present = isThere || this.#held.has(id) ? await this.#hold(id).catch(() => null) : null
    if (present?.isLeaving) throw failure({ code: 'busy' })
    if (present?.isReadOnly) throw failure({ code: 'storage', reason: 'read-only' })
    const isOlder = present === null || present.conversation.updatedAt < incoming.updatedAt
    if (!isOlder || (present !== null && isTemporary(present))) {
      throw failure({ code: 'bad-request', channel: 'conversation' })
    }
    const held = present ?? newHeld(id, incoming, 0, this.#format.version)
    // Nothing may change it between the copy and the write.
    held.isLeaving = true
    this.#held.set(id, held)
    try {
      if (present !== null && !(await this.#persist(present))) throw this.#refused()
      if (isThere) await this.#files.trash.copy(this.#files.pathOf(id), this.#clock.now())
      const stamp = await this.#files.write(incoming).catch((error: unknown) => {
        throw failure({ code: 'storage', reason: storageReason(error) })
      })
      held.conversation = incoming
      held.revision += 1
      held.written = held.revision
      held.version = this.#format.version
      this.#summaries.put(summarize(incoming))
      this.#summaries.stamp(id, stamp)
    } catch (error) {
      if (present === null) this.#held.delete(id)
      throw error
    } finally {
      held.isLeaving = false
      this.#evict()
    }
    return isThere ? 'replaced' : 'added'
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

  async mediaInTrash(ids: readonly string[]): Promise<Set<string>> {
    const wanted = new Set(ids)
    const names = new Set<string>()
    for (const { id, path } of await this.#files.trash.list()) {
      if (!wanted.has(id)) continue
      const text = await this.#fs.readFile(path, 'utf8').catch(() => '')
      for (const name of mediaNamesIn(text)) names.add(name)
    }
    return names
  }

  mediaOfTemporary(): Set<string> {
    const held = [...this.#held.values()].filter(isTemporary)
    const running = [...this.#running.values()].filter(({ file }) => file === null)
    return new Set([
      ...held.flatMap(({ conversation }) => [...mediaOf(conversation).keys()]),
      ...running.flatMap((journal) => [...journal.mediaNames()]),
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
      trash: { count: new Set(trashed.map(({ id }) => id)).size, bytes: trashedBytes },
    }
  }

  async journal(start: JournalStart): Promise<Journal> {
    const { generationId, conversation } = start
    if (!isId(generationId) || this.#running.has(generationId)) {
      throw failure({ code: 'bad-request', channel: 'generation.start' })
    }
    // It may have been kept since the start record was made.
    const held = this.#held.get(conversation.id)
    const isKept = held !== undefined && !isTemporary(held)
    const path = this.#journalPath(generationId)
    const journal = new RunningJournal(
      isKept ? { ...start, conversation: keptConversation(conversation) } : start,
      (begun) => new JournalFile(this.#fs, this.#storage, this.#clock, path, begun, this.#format),
    )
    this.#running.set(generationId, journal)
    await journal.file?.sync()
    return {
      append: (events) => journal.append(events),
      close: (final, change) => this.#endJournal(generationId, journal, final, change),
      discard: async () => {
        this.#running.delete(generationId)
        await journal.file?.remove()
      },
    }
  }

  async recover(): Promise<RecoveredAnswer[]> {
    await this.#storage.attempt(this, () => this.#probe())
    for (const name of await namesIn(this.#fs, this.#root)) {
      if (isStray(name)) await this.#fs.unlink(join(this.#root, name)).catch(() => undefined)
    }
    await this.#files.sweep()
    const recovered: RecoveredAnswer[] = []
    for (const name of await namesIn(this.#fs, this.#journals)) {
      const generationId = name.slice(0, -'.jsonl'.length)
      if (!name.endsWith('.jsonl') || !isId(generationId) || this.#running.has(generationId)) continue
      try {
        const answer = await this.#replay(generationId)
        if (answer !== null) recovered.push(answer)
      } catch (error) {
        // The journal stays where it is for the next start.
        this.#logger.error('journal not recovered', { generationId, code: errorCode(error) })
      }
    }
    return recovered
  }

  pathOf(id: string): string {
    if (this.isTemporary(id)) throw failure({ code: 'not-found', what: 'file' })
    return this.#files.pathOf(id)
  }

  onChange(listener: (change: ConversationChange) => void): () => void {
    return this.#summaries.onChange(listener)
  }

  storageState(): StorageState {
    return this.#storage.state()
  }

  onStorageState(listener: (state: StorageState) => void): () => void {
    return this.#storage.onState(listener)
  }

  async flush(): Promise<void> {
    await this.#storage.retry()
    await Promise.all([
      ...[...this.#running.values()].map((journal) => journal.file?.sync()),
      ...[...this.#held.values()].map((held) => this.#persist(held)),
    ])
    await this.#summaries.flush()
  }

  async compared(): Promise<void> {
    await this.#summaries.compared()
  }

  async close(): Promise<void> {
    this.#storage.close()
    this.#summaries.close()
    const ended = [...this.#held.values()].flatMap((held) => [...held.ended])
    const running = [...this.#running.values()].flatMap(({ file }) => file ?? [])
    await Promise.all([...running, ...ended].map((journal) => journal.close()))
  }

  // ---- conversations in memory ----

  /** The conversation, read from its file unless it is in memory already. */
  #hold(id: string): Promise<Held> {
    const held = this.#held.get(id)
    if (held !== undefined) {
      this.#held.delete(id)
      this.#held.set(id, held)
      return Promise.resolve(held)
    }
    const loading = this.#loading.get(id) ?? this.#load(id).finally(() => this.#loading.delete(id))
    this.#loading.set(id, loading)
    return loading
  }

  async #load(id: string): Promise<Held> {
    const read = await this.#files.read(id)
    // Made or changed meanwhile: memory is newer than what was read.
    const newer = this.#held.get(id)
    if (newer !== undefined) return newer
    if (read === null) throw failure({ code: 'not-found', what: 'conversation' })
    if (read.kind === 'damaged') throw failure({ code: 'storage', reason: 'damaged' })
    const held = { ...newHeld(id, read.conversation, 1, read.version), isReadOnly: read.isNewer }
    this.#held.set(id, held)
    this.#evict()
    return held
  }

  #runningIn(id: string): RunningJournal[] {
    return [...this.#running.values()].filter((running) => running.conversationId === id)
  }

  #hasRunning(id: string): boolean {
    return this.#runningIn(id).length > 0
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
    const held = [...this.#held.values()].flatMap(({ conversation }) => [...mediaOf(conversation).keys()])
    return new Set([...(await named()), ...held, ...this.mediaOfTemporary()])
  }

  /** The row of a file; what memory has of it is newer. */
  async #readRow(id: string): Promise<IndexRow | null> {
    const row = await this.#files.readRow(id)
    const held = this.#held.get(id)
    if (held === undefined) return row
    return { bytes: 0, modifiedMs: 0, ...row, summary: summarize(held.conversation) }
  }

  async #readStamped(id: string): Promise<StampedConversation | null> {
    const fromMemory = (): StampedConversation | null => {
      const held = this.#held.get(id)
      if (held === undefined || isTemporary(held)) return null
      const row = this.#summaries.row(id)
      const stamp = this.#stampOf(id, row ?? { bytes: 0, modifiedMs: 0 })
      return { id, stamp, conversation: held.conversation, isNewer: held.isReadOnly }
    }
    if (!isId(id) || this.isTemporary(id)) return null
    const memory = fromMemory()
    if (memory !== null) return memory
    const file = await this.#files.readStamped(id)
    // Opened or changed while it was read.
    if (this.#held.has(id)) return fromMemory()
    if (file?.read.kind !== 'read') return null
    const { conversation, isNewer } = file.read
    return { id, stamp: this.#stampOf(id, file.stamp), conversation, isNewer }
  }

  #stampOf(id: string, { bytes, modifiedMs }: FileStamp): string {
    const held = this.#held.get(id)
    const isWritten = held === undefined || held.written === held.revision
    // What is only in memory has no stamp that outlives the process.
    return `${bytes}-${modifiedMs}${isWritten ? '' : `+${held.revision}`}`
  }

  #evict(): void {
    for (const [id, held] of this.#held) {
      if (this.#held.size <= HELD_CONVERSATIONS) return
      const isWritten = held.written === held.revision && held.writing === null
      const isClean = isWritten && !held.isLeaving && !isTemporary(held)
      if (isClean && !this.#hasRunning(id)) this.#held.delete(id)
    }
  }

  /** Takes a change into memory at once, and waits for the file. False when the disk refuses; never rejects. */
  async #keep(held: Held, conversation: Conversation): Promise<boolean> {
    held.conversation = conversation
    held.revision += 1
    this.#held.set(held.id, held)
    this.#summaries.put(summarize(conversation))
    const isWritten = await this.#persist(held)
    this.#evict()
    return isWritten
  }

  /** Waits until the file has at least what memory has now; changes that come meanwhile share one write. */
  async #persist(held: Held): Promise<boolean> {
    if (isTemporary(held)) return true
    const wanted = held.revision
    const write = (): Promise<void> =>
      // One at a time, the retries of the storage included: an older one must not come out last.
      (held.writing ??= this.#write(held).finally(() => {
        held.writing = null
      }))
    while (held.written < wanted) {
      if (!(await this.#storage.attempt(held, write))) return false
    }
    return true
  }

  async #write(held: Held): Promise<void> {
    const { revision, conversation } = held
    const ended = [...held.ended]
    if (this.#files.isEarlier(held.version)) await this.#files.keepEarlier(held.id, held.version)
    const stamp = await this.#files.write(conversation)
    held.version = this.#format.version
    held.written = revision
    this.#summaries.stamp(held.id, stamp)
    for (const journal of ended) {
      held.ended.delete(journal)
      await journal.remove()
    }
  }

  #refused(): Error {
    const state = this.#storage.state()
    return failure({ code: 'storage', reason: state.isSafe ? 'failed' : state.reason })
  }

  // ---- journals and recovery ----

  #journalPath(generationId: string): string {
    return join(this.#journals, `${generationId}.jsonl`)
  }

  async #endJournal(
    generationId: string,
    journal: RunningJournal,
    final: AssistantMessage,
    change: (conversation: Conversation) => Conversation = (conversation) => conversation,
  ): Promise<void> {
    const held = await this.#hold(journal.conversationId)
    // From here the conversation has the answer, in memory; the journal stays on disk until the file has it too.
    this.#running.delete(generationId)
    // Asked only now: the conversation may have been kept meanwhile.
    const { file } = journal
    if (file !== null) held.ended.add(file)
    const messages = held.conversation.messages.map((message) => (message.id === final.id ? final : message))
    if (!messages.includes(final)) messages.push(final)
    const isWritten = await this.#keep(held, change({ ...held.conversation, messages }))
    if (!isWritten) await file?.sync()
  }

  // Says at once when nothing can be saved, not only when the first question is asked (R08).
  async #probe(): Promise<void> {
    await makeFolder(this.#fs, this.#journals)
    await this.#files.probe()
  }

  async #replay(generationId: string): Promise<RecoveredAnswer | null> {
    const path = this.#journalPath(generationId)
    // Reading a pipe would never end; a folder would be an error at every start.
    if (!(await this.#fs.lstat(path)).isFile()) return null
    const replayed = replayJournal(generationId, await this.#fs.readFile(path, 'utf8'), this.#clock.now(), this.#format)
    switch (replayed.kind) {
      case 'newer':
        return null
      case 'empty':
        await this.#retire(path, replayed.isWhole)
        return null
      case 'answer': {
        const conversationId = await this.#takeIn(replayed, path)
        this.#logger.info('answer recovered', { generationId, isWhole: replayed.isWhole })
        return { conversationId, messageId: replayed.answer.id, generationId }
      }
    }
  }

  /** Puts a replayed answer where it belongs, and retires its journal once that is on disk. */
  async #takeIn(replayed: ReplayedJournal & { kind: 'answer' }, path: string): Promise<string> {
    const { generationId, answer, isWhole } = replayed
    const id = (await this.#canHold(replayed.conversation.id)) ? replayed.conversation.id : generationId
    const held = await this.#findFor(id, replayed)
    const merged = mergeReplayed(held.conversation, replayed.conversation, answer)
    if (merged === held.conversation) {
      await this.#retire(path, isWhole)
      return id
    }
    held.ended.add({ remove: () => this.#retire(path, isWhole), close: () => Promise.resolve() })
    await this.#keep(held, merged)
    return id
  }

  // A file that is damaged or newer is left as it is; the answer then gets a conversation of its own. It takes the id of
  // the generation, so that a second try after another crash finds the same one.
  async #canHold(id: string): Promise<boolean> {
    if (!isId(id)) return false
    const read = await this.#files.read(id)
    return read === null || (read.kind === 'read' && !read.isNewer)
  }

  /** The conversation of a replayed answer: in its place, in the trash, or else an empty one made from the journal. */
  async #findFor(id: string, replayed: ReplayedJournal & { kind: 'answer' }): Promise<Held> {
    if (await this.#files.exists(id)) return this.#hold(id)
    const trashed = await this.#files.readTrashed(id)
    if (trashed?.kind === 'read') {
      const merged = mergeReplayed(trashed.conversation, replayed.conversation, replayed.answer)
      // It was thrown away together with this answer, so it stays in the trash.
      if (merged === trashed.conversation) return newHeld(id, trashed.conversation, 0, this.#format.version)
      await this.restore(id)
      return this.#hold(id)
    }
    const empty = { ...replayed.conversation, id, headId: null, messages: [] }
    return newHeld(id, empty, 0, this.#format.version)
  }

  // A journal with unreadable lines may hold what only a person can see: it is set aside.
  async #retire(path: string, isWhole: boolean): Promise<void> {
    await (isWhole ? this.#fs.unlink(path) : this.#fs.rename(path, `${path}.damaged`)).catch(() => undefined)
  }
}

function isTemporary(held: Held): boolean {
  return held.conversation.isTemporary === true
}

function settled(message: Message): Message {
  return message.role === 'assistant' ? interrupt(message) : message
}

function newHeld(id: string, conversation: Conversation, revision: number, version: number): Held {
  return {
    id,
    conversation,
    revision,
    written: revision,
    version,
    isReadOnly: false,
    isLeaving: false,
    writing: null,
    ended: new Set(),
  }
}
