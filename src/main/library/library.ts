import { join } from 'node:path'
import type { ConversationChange, StorageState } from '../../shared/contract'
import {
  summarize,
  titleFrom,
  type AssistantMessage,
  type Conversation,
  type ConversationSummary,
  type GenerationEvent,
} from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import { ConversationFiles } from './conversation-files'
import { diskFileSystem, errorCode, isStray, makeFolder, namesIn, type FileSystem } from './files'
import { JournalFile, mergeReplayed, replayJournal, type JournalStart, type ReplayedJournal } from './journal'
import { isId } from './schema'
import { Storage } from './storage'
import { Summaries } from './summaries'

/**
 * All conversations, as files under one folder that a person can read and copy:
 *
 *     conversations/<id>.json          one conversation, replaced whole
 *     journals/<generationId>.jsonl    one running answer, appended to; gone when the answer is in its conversation
 *     trash/<id>.<ms>.json             a conversation deleted at that time, for 30 days
 *     index.json                       copy of the summaries; can be deleted at any time
 *
 * A disk that fails is never an exception for a change: the change is held in memory, `storageState` says that it is not
 * safe, and it is written as soon as the disk takes it (R07, R08).
 */
export interface Library {
  /** Summaries of all conversations, the latest first. Later findings come through `onChange`. */
  list(): Promise<ConversationSummary[]>
  /** Throws not-found (conversation), or storage (damaged) for a file that cannot be read. */
  open(id: string): Promise<Conversation>
  /** Keeps a new conversation. Resolves as `update` does. Throws bad-request when there is one with this id. */
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
  /** Moves a conversation to the trash. Throws busy while an answer runs in it, storage when the disk refuses. */
  trash(id: string): Promise<void>
  /** Takes a conversation back out of the trash; nothing happens when it is not in there but here. */
  restore(id: string): Promise<void>
  /** Begins the journal of an answer; it is durable when this resolves. */
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
  /** A disk that fails, for tests. */
  fs?: FileSystem
}

/** Conversations held in memory beside those that must be: running, or not yet written. */
const HELD_CONVERSATIONS = 16
const MAX_TITLE_LENGTH = 200

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
  readonly #running = new Map<string, { conversationId: string; file: JournalFile }>()

  constructor(options: LibraryOptions) {
    this.#fs = options.fs ?? diskFileSystem
    this.#clock = options.clock
    this.#logger = options.logger
    this.#root = options.root
    this.#journals = join(options.root, 'journals')
    this.#files = new ConversationFiles(this.#fs, options.root, (generationId) => this.#running.has(generationId))
    this.#storage = new Storage(options.logger)
    this.#summaries = new Summaries({
      fs: this.#fs,
      folder: this.#files.folder,
      indexPath: join(options.root, 'index.json'),
      logger: options.logger,
      readRow: (id) => this.#files.readRow(id),
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
    await this.#keep(newHeld(id, conversation, 0), conversation)
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

  async trash(id: string): Promise<void> {
    if (this.#hasRunning(id)) throw failure({ code: 'busy' })
    // A damaged file can be thrown away as well: it is moved, not read.
    await this.#loading.get(id)?.catch(() => undefined)
    const held = this.#held.get(id)
    if (held?.isLeaving) return
    if (held !== undefined) held.isLeaving = true
    try {
      if (held !== undefined && !(await this.#persist(held))) throw this.#refused()
      await this.#files.trash(id, this.#clock.now())
    } catch (error) {
      if (held !== undefined) held.isLeaving = false
      throw error
    }
    this.#held.delete(id)
    this.#summaries.delete(id)
  }

  async restore(id: string): Promise<void> {
    if (await this.#files.exists(id)) return
    await this.#files.restore(id)
    await this.#summaries.add(id)
  }

  async journal(start: JournalStart): Promise<Journal> {
    const { generationId, conversation } = start
    if (!isId(generationId) || this.#running.has(generationId)) {
      throw failure({ code: 'bad-request', channel: 'generation.start' })
    }
    const file = new JournalFile(this.#fs, this.#storage, this.#clock, this.#journalPath(generationId), start)
    this.#running.set(generationId, { conversationId: conversation.id, file })
    await file.sync()
    return {
      append: (events) => file.append(events),
      close: (final, change) => this.#endJournal(generationId, conversation.id, file, final, change),
      discard: async () => {
        this.#running.delete(generationId)
        await file.remove()
      },
    }
  }

  async recover(): Promise<RecoveredAnswer[]> {
    await this.#storage.attempt(this, () => this.#probe())
    for (const name of await namesIn(this.#fs, this.#root)) {
      if (isStray(name)) await this.#fs.unlink(join(this.#root, name)).catch(() => undefined)
    }
    await this.#files.sweep(this.#clock.now())
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
      ...[...this.#running.values()].map(({ file }) => file.sync()),
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
    const running = [...this.#running.values()].map(({ file }) => file)
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
    const held = { ...newHeld(id, read.conversation, 1), isReadOnly: read.isNewer }
    this.#held.set(id, held)
    this.#evict()
    return held
  }

  #hasRunning(id: string): boolean {
    return [...this.#running.values()].some((running) => running.conversationId === id)
  }

  #evict(): void {
    for (const [id, held] of this.#held) {
      if (this.#held.size <= HELD_CONVERSATIONS) return
      const isClean = held.written === held.revision && held.writing === null && !held.isLeaving
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
    const stamp = await this.#files.write(conversation)
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
    conversationId: string,
    file: JournalFile,
    final: AssistantMessage,
    change: (conversation: Conversation) => Conversation = (conversation) => conversation,
  ): Promise<void> {
    const held = await this.#hold(conversationId)
    // From here the conversation has the answer, in memory; the journal stays on disk until the file has it too.
    this.#running.delete(generationId)
    held.ended.add(file)
    const messages = held.conversation.messages.map((message) => (message.id === final.id ? final : message))
    if (!messages.includes(final)) messages.push(final)
    const isWritten = await this.#keep(held, change({ ...held.conversation, messages }))
    if (!isWritten) await file.sync()
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
    const replayed = replayJournal(generationId, await this.#fs.readFile(path, 'utf8'), this.#clock.now())
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
      if (merged === trashed.conversation) return newHeld(id, trashed.conversation, 0)
      await this.restore(id)
      return this.#hold(id)
    }
    return newHeld(id, { ...replayed.conversation, id, headId: null, messages: [] }, 0)
  }

  // A journal with unreadable lines may hold what only a person can see: it is set aside.
  async #retire(path: string, isWhole: boolean): Promise<void> {
    await (isWhole ? this.#fs.unlink(path) : this.#fs.rename(path, `${path}.damaged`)).catch(() => undefined)
  }
}

function newHeld(id: string, conversation: Conversation, revision: number): Held {
  return {
    id,
    conversation,
    revision,
    written: revision,
    isReadOnly: false,
    isLeaving: false,
    writing: null,
    ended: new Set(),
  }
}
