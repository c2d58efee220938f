import { join } from 'node:path'
import type { TrashedConversation } from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { Clock } from '../clock'
import { Turns } from '../turns'
import type { ConversationFiles } from './conversation-files'
import { mediaNamesIn } from './conversation-media'
import { errorCode, MAX_LIBRARY_FILE_BYTES, namesIn, readRegular, type FileSystem } from './files'
import type { HeldConversations } from './held'
import type { RunningAnswers } from './running'
import { isId } from './schema'
import { storageReason, type Storage } from './storage'
import type { Summaries } from './summaries'
import type { TrashList } from './trash-list'

export interface TrashingOptions {
  fs: FileSystem
  root: string
  files: ConversationFiles
  held: HeldConversations
  running: Pick<RunningAnswers, 'hasIn'>
  storage: Storage
  summaries: Summaries
  list: TrashList
  clock: Clock
  /** After how many days the trash is emptied; null for never. */
  days: () => number | null
}

/** Of thousands that are thrown away together: more would not be quicker, and nothing else would get its turn. */
const TRASHED_AT_ONCE = 16
const DAY_MS = 86_400_000

/** Conversations on their way into the trash, in it, and out of it: back, or for good. The methods are those of Library. */
export class Trashing {
  readonly #fs: FileSystem
  readonly #root: string
  readonly #files: ConversationFiles
  readonly #held: HeldConversations
  readonly #running: TrashingOptions['running']
  readonly #storage: Storage
  readonly #summaries: Summaries
  readonly #list: TrashList
  readonly #clock: Clock
  readonly #days: TrashingOptions['days']
  readonly #turns = new Turns(TRASHED_AT_ONCE)
  /** One after the other: each looks whether its place is free. */
  #restoring: Promise<unknown> = Promise.resolve()

  constructor(options: TrashingOptions) {
    this.#fs = options.fs
    this.#root = options.root
    this.#files = options.files
    this.#held = options.held
    this.#running = options.running
    this.#storage = options.storage
    this.#summaries = options.summaries
    this.#list = options.list
    this.#clock = options.clock
    this.#days = options.days
  }

  trash(id: string): Promise<void> {
    return this.#turns.take(() => this.#trash(id))
  }

  async #trash(id: string): Promise<void> {
    const isUnkept = this.#held.get(id)?.conversation.isTemporary === true
    if (isUnkept) throw failure({ code: 'bad-request', channel: 'conversation.trash' })
    if (this.#running.hasIn(id)) throw failure({ code: 'busy' })
    // A damaged file can be thrown away as well: it is moved, not read. From here to the mark that it leaves nothing else
    // may run, or a change would slip in between.
    for (let busy = this.#held.busy(id); busy !== undefined; busy = this.#held.busy(id)) await busy
    const held = this.#held.get(id)
    if (held?.isLeaving) return
    if (held !== undefined) held.isLeaving = true
    try {
      await this.#held.leave(id, async () => {
        if (held !== undefined && !(await this.#held.persist(held))) throw this.#storage.refusal()
        this.#list.add(await this.#files.trash.take(id, this.#files.pathOf(id), this.#clock.now()))
        // In the same step: whoever waits for its end must find it nowhere.
        this.#held.delete(id)
      })
    } catch (error) {
      if (held !== undefined) held.isLeaving = false
      throw error
    }
    this.#summaries.delete(id)
  }

  async put(conversation: Conversation): Promise<void> {
    try {
      await this.#files.writeTrashed(conversation, this.#clock.now())
    } catch (error) {
      throw failure({ code: 'storage', reason: storageReason(error) })
    }
  }

  restore(which: string): Promise<string> {
    const restored = this.#restoring.then(() => this.#restore(which))
    this.#restoring = restored.catch(() => undefined)
    return restored
  }

  async read(which: string): Promise<Conversation> {
    const read = await this.#files.readTrashed(which)
    if (read === null) throw failure({ code: 'not-found', what: 'conversation' })
    if (read.kind === 'damaged') throw failure({ code: 'storage', reason: 'damaged' })
    return read.conversation
  }

  async list(): Promise<TrashedConversation[]> {
    const days = this.#days()
    const listed = await this.#list.of(await this.#files.trash.list())
    return listed.map(({ file: { name, atMs }, contents }) => ({
      ...contents,
      file: name,
      deletedAt: atMs,
      expiresAt: days === null ? null : atMs + days * DAY_MS,
    }))
  }

  async delete(which: readonly string[]): Promise<string[]> {
    const files = await this.#files.trash.select(which)
    this.#list.delete(files)
    await this.#files.trash.delete(files)
    const left = new Set((await this.#files.trash.list()).map(({ id }) => id))
    const gone: string[] = []
    for (const id of new Set(files.map((file) => file.id))) {
      if (!left.has(id) && this.#held.get(id) === undefined && !(await this.#files.exists(id))) gone.push(id)
    }
    for (const path of await this.#tracesOf(gone)) {
      await this.#fs.unlink(path).catch((error: unknown) => {
        if (errorCode(error) !== 'ENOENT') throw failure({ code: 'storage', reason: storageReason(error) })
      })
    }
    return gone
  }

  async expired(): Promise<string[]> {
    const days = this.#days()
    if (days === null) return []
    const { expired, dated } = await this.#files.trash.olderThan(days, this.#clock.now())
    this.#list.delete(dated)
    return expired.map(({ name }) => name)
  }

  async mediaIn(which: readonly string[]): Promise<Set<string>> {
    const names = new Set<string>()
    const trashed = await this.#files.trash.select(which)
    // What goes with them may name more; nothing is deleted that anything else names.
    const others = await this.#tracesOf([...new Set(trashed.map(({ id }) => id))])
    for (const path of [...trashed.map((file) => file.path), ...others]) {
      const text = await readRegular(this.#fs, path, MAX_LIBRARY_FILE_BYTES).catch(() => '')
      for (const name of mediaNamesIn(text)) names.add(name)
    }
    return names
  }

  async #restore(which: string): Promise<string> {
    const file = await this.#files.trash.find(which)
    if (file === null) {
      if (isId(which) && (await this.#files.exists(which))) return which
      throw failure({ code: 'not-found', what: 'conversation' })
    }
    for (let busy = this.#held.busy(file.id); busy !== undefined; busy = this.#held.busy(file.id)) await busy
    const isFree = !(await this.#files.exists(file.id)) && this.#held.get(file.id) === undefined
    let { id } = file
    if (isFree) await this.#files.trash.putBack(file, this.#files.pathOf(id))
    else {
      // A backup, or an import, has brought an older version back to its place: both stay.
      id = await this.#files.putBeside(file.path).catch((error: unknown) => {
        throw failure({ code: 'storage', reason: storageReason(error) })
      })
      await this.#files.trash.delete([file])
    }
    this.#list.delete([file])
    await this.#summaries.add(id)
    return id
  }

  /** What else is on disk of conversations: saved texts, files of earlier versions, journals that were set aside. */
  async #tracesOf(ids: readonly string[]): Promise<string[]> {
    const wanted = new Set(ids)
    if (wanted.size === 0) return []
    const paths: string[] = []
    for (const folder of ['recovered', 'earlier']) {
      for (const name of await namesIn(this.#fs, join(this.#root, folder))) {
        if (wanted.has(name.slice(0, name.indexOf('.')))) paths.push(join(this.#root, folder, name))
      }
    }
    const journals = join(this.#root, 'journals')
    for (const name of await namesIn(this.#fs, journals)) {
      if (!name.endsWith('.damaged')) continue
      const path = join(journals, name)
      const text = await readRegular(this.#fs, path, MAX_LIBRARY_FILE_BYTES).catch(() => '')
      if (ids.some((id) => text.includes(id))) paths.push(path)
    }
    return paths
  }
}
