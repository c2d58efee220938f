import { summarize, type Conversation, type ConversationSummary } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { ConversationFiles, KnownFile } from './conversation-files'
import type { Storage } from './storage'
import type { Summaries } from './summaries'

/** Conversations held in memory beside those that must be: running, or not yet written. */
const HELD_CONVERSATIONS = 16

/** A journal whose answer is in its conversation, in memory at least. */
export interface EndedJournal {
  remove(): Promise<void>
  close(): Promise<void>
}

/** A conversation in memory. `written` is the revision that the file has. */
export interface Held {
  readonly id: string
  conversation: Conversation
  revision: number
  written: number
  /** The version of the file that was read. */
  version: number
  isReadOnly: boolean
  isLeaving: boolean
  writing: Promise<void> | null
  /** What its file may be: as it was read or written last, and as it would be had a write that failed come through. */
  known: KnownFile[]
  /** Journals whose answers are in `conversation`: to be removed once it is on disk. */
  readonly ended: Set<EndedJournal>
}

/** A conversation that was read, in the revision that it was read in; 0 for one that has no file yet. */
export function newHeld(id: string, conversation: Conversation, revision: number, version: number): Held {
  return {
    id,
    conversation,
    revision,
    written: revision,
    version,
    isReadOnly: false,
    isLeaving: false,
    writing: null,
    known: [],
    ended: new Set(),
  }
}

/** The row of the list for what is in memory. */
export function summaryOf({ conversation, isReadOnly }: Held): ConversationSummary {
  // What cannot be marked as read would be new for ever.
  return { ...summarize(conversation), ...(isReadOnly && { isReadOnly, isUnread: false }) }
}

export function isTemporary(held: Held): boolean {
  return held.conversation.isTemporary === true
}

/** Whether the file has what memory has. */
export function isWritten(held: Held): boolean {
  return held.written === held.revision
}

/**
 * The conversations in memory: all that a file does not have yet, those in which an answer runs, temporary ones, and the
 * last few that were used. Memory is always newer than the files.
 */
export class HeldConversations {
  readonly #files: ConversationFiles
  readonly #summaries: Summaries
  readonly #storage: Storage
  /** Whether an answer runs in a conversation. */
  readonly #hasRunning: (id: string) => boolean
  /** In the order of their last use. */
  readonly #held = new Map<string, Held>()
  readonly #loading = new Map<string, Promise<Held>>()
  /** Files that are on their way out of the folder: none of them is read before that has ended. */
  readonly #leaving = new Map<string, Promise<void>>()
  readonly #onFolderLost: () => void
  readonly #onBeside: (id: string, besideId: string) => Promise<void>

  constructor(options: {
    files: ConversationFiles
    summaries: Summaries
    storage: Storage
    hasRunning: (id: string) => boolean
    /** The folder had gone, and was made anew with what is in memory. */
    onFolderLost: () => void
    /** Somebody else had written the file of a conversation: what they wrote is now a conversation of its own. */
    onBeside: (id: string, besideId: string) => Promise<void>
  }) {
    this.#files = options.files
    this.#summaries = options.summaries
    this.#storage = options.storage
    this.#hasRunning = options.hasRunning
    this.#onFolderLost = options.onFolderLost
    this.#onBeside = options.onBeside
  }

  /** What is in memory of it, without reading anything. */
  get(id: string): Held | undefined {
    return this.#held.get(id)
  }

  all(): Held[] {
    return [...this.#held.values()]
  }

  /** The conversation, read from its file unless it is in memory already. Throws not-found, or storage (damaged). */
  open(id: string): Promise<Held> {
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

  /**
   * Resolves when the reading of its file that is under way, or its leaving, has ended, in whatever way; undefined when
   * there is neither. To be asked again then: another one may have begun.
   */
  busy(id: string): Promise<void> | undefined {
    return (this.#loading.get(id) ?? this.#leaving.get(id))?.then(
      () => undefined,
      () => undefined,
    )
  }

  /**
   * Takes the file of a conversation out of the folder. Who opens it meanwhile waits for the end: what they had read before
   * would come back with their next write. To be called only while nothing is `busy`.
   */
  async leave(id: string, take: () => Promise<void>): Promise<void> {
    const leaving = take()
    this.#leaving.set(id, leaving)
    try {
      await leaving
    } finally {
      this.#leaving.delete(id)
    }
  }

  /** Puts a conversation into memory; its file and its row stay as they are. */
  set(held: Held): void {
    this.#held.set(held.id, held)
  }

  delete(id: string): void {
    this.#held.delete(id)
  }

  /** Takes a change into memory at once, and waits for the file. False when the disk refuses; never rejects. */
  async change(held: Held, conversation: Conversation): Promise<boolean> {
    held.conversation = conversation
    held.revision += 1
    this.#held.set(held.id, held)
    this.#summaries.put(summarize(conversation))
    const isSaved = await this.persist(held)
    this.evict()
    return isSaved
  }

  /** Waits until the file has at least what memory has now; changes that come meanwhile share one write. */
  async persist(held: Held): Promise<boolean> {
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

  /** Lets go of what need not be held, the longest unused first. */
  evict(): void {
    for (const [id, held] of this.#held) {
      if (this.#held.size <= HELD_CONVERSATIONS) return
      const isClean = isWritten(held) && held.writing === null && !held.isLeaving && !isTemporary(held)
      if (isClean && !this.#hasRunning(id)) this.#held.delete(id)
    }
  }

  async #load(id: string): Promise<Held> {
    await this.#leaving.get(id)?.catch(() => undefined)
    const file = await this.#files.readStamped(id)
    // Made or changed meanwhile: memory is newer than what was read.
    const newer = this.#held.get(id)
    if (newer !== undefined) return newer
    if (file === null) throw failure({ code: 'not-found', what: 'conversation' })
    const { read, stamp, hash } = file
    if (read.kind === 'damaged') throw failure({ code: 'storage', reason: 'damaged' })
    const held = {
      ...newHeld(id, read.conversation, 1, read.version),
      isReadOnly: read.isNewer,
      known: [{ stamp, hash }],
    }
    this.#held.set(id, held)
    // The disk could not read it when the list was made; now it can.
    if (this.#summaries.row(id)?.summary.isDamaged === true) {
      this.#summaries.put(summarize(read.conversation))
      this.#summaries.stamp(id, stamp)
    }
    // The row may be of an index that did not know it, or the file of another Parley that was here meanwhile.
    const row = this.#summaries.row(id)
    if (row !== undefined && (row.summary.isReadOnly === true) !== read.isNewer) this.#summaries.put(summaryOf(held))
    this.evict()
    return held
  }

  async #write(held: Held): Promise<void> {
    const { revision, conversation } = held
    const ended = [...held.ended]
    if (await this.#files.isFolderLost()) this.#writeAllAgain(held)
    if (this.#files.isEarlier(held.version)) await this.#files.keepEarlier(held.id, held.version)
    const file = await this.#files.write(conversation, {
      known: held.known,
      onBeside: (besideId) => this.#onBeside(held.id, besideId),
    })
    held.known = [file]
    held.version = this.#files.version
    held.written = revision
    this.#summaries.stamp(held.id, file.stamp)
    for (const journal of ended) {
      held.ended.delete(journal)
      await journal.remove()
    }
  }

  // The files of those that are here have gone with the folder, and memory is all that is left of them (R08).
  #writeAllAgain(except: Held): void {
    for (const held of this.#held.values()) {
      if (held === except || isTemporary(held) || held.isReadOnly || held.isLeaving) continue
      held.written = 0
      void this.persist(held)
    }
    this.#onFolderLost()
  }
}
