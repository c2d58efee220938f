import { join } from 'node:path'
import {
  summarize,
  type AssistantMessage,
  type Conversation,
  type ConversationSummary,
} from '../../shared/conversation'
import { failure } from '../../shared/errors'
import {
  errorCode,
  isStray,
  makeFolder,
  namesIn,
  openNew,
  syncFolder,
  writeAtomically,
  type FileStamp,
  type FileSystem,
} from './files'
import { interrupt } from './journal'
import { isId, readConversation, writeConversation, type IndexRow, type ReadConversation } from './schema'
import { storageReason } from './storage'

const TRASH_DAYS = 30
const DAY_MS = 86_400_000

/** The folders `conversations` and `trash`: one file for each conversation, whole or not there at all. */
export class ConversationFiles {
  readonly folder: string
  readonly #fs: FileSystem
  readonly #trash: string
  /** Whether this process runs the generation; a file that says so of any other is of a process that died. */
  readonly #isRunning: (generationId: string) => boolean

  constructor(fs: FileSystem, root: string, isRunning: (generationId: string) => boolean) {
    this.#fs = fs
    this.folder = join(root, 'conversations')
    this.#trash = join(root, 'trash')
    this.#isRunning = isRunning
  }

  /** Where the file of a conversation lies. Throws not-found for what is no id and so never becomes a path. */
  pathOf(id: string): string {
    if (!isId(id)) throw failure({ code: 'not-found', what: 'conversation' })
    return join(this.folder, `${id}.json`)
  }

  /** Null when there is no such file. What is no readable file is damaged: it hides only itself (R04). */
  async read(id: string): Promise<ReadConversation | null> {
    return (await this.#readAt(this.pathOf(id), id))?.read ?? null
  }

  /** The row of the index for a conversation's file; null when there is none. */
  async readRow(id: string): Promise<IndexRow | null> {
    const file = await this.#readAt(this.pathOf(id), id)
    if (file === null) return null
    const { read, stamp } = file
    const summary = read.kind === 'read' ? summarize(read.conversation) : damagedSummary(id, stamp)
    return { summary, ...stamp }
  }

  /** Replaces the file; throws what the disk says. */
  write(conversation: Conversation): Promise<FileStamp> {
    return writeAtomically(this.#fs, this.pathOf(conversation.id), writeConversation(conversation))
  }

  /** True as well when something is there that cannot be looked at. */
  async exists(id: string): Promise<boolean> {
    return this.#fs.stat(this.pathOf(id)).then(
      () => true,
      (error: unknown) => errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR',
    )
  }

  /** Moves a file, readable or not, to the trash. Throws not-found, or storage. */
  async trash(id: string, nowMs: number): Promise<void> {
    await this.#move(this.pathOf(id), join(this.#trash, `${id}.${nowMs}.json`))
  }

  /** Moves the latest trashed file of a conversation back. Throws not-found, or storage. */
  async restore(id: string): Promise<void> {
    const path = await this.#trashedPath(id)
    if (path === null) throw failure({ code: 'not-found', what: 'conversation' })
    await this.#move(path, this.pathOf(id))
  }

  /** The conversation as it lies in the trash; null when it is not there. */
  async readTrashed(id: string): Promise<ReadConversation | null> {
    const path = await this.#trashedPath(id)
    return path === null ? null : ((await this.#readAt(path, id))?.read ?? null)
  }

  /** Removes what a crash left half written, and from the trash what has been in there for 30 days. */
  async sweep(nowMs: number): Promise<void> {
    for (const name of await namesIn(this.#fs, this.folder)) {
      if (isStray(name)) await this.#fs.unlink(join(this.folder, name)).catch(() => undefined)
    }
    for (const { path, atMs } of await this.#trashed()) {
      if (atMs < nowMs - TRASH_DAYS * DAY_MS) await this.#fs.unlink(path).catch(() => undefined)
    }
  }

  /** Throws when the folder cannot be written. */
  async probe(): Promise<void> {
    const path = join(this.folder, 'probe.00000000.tmp')
    await (await openNew(this.#fs, path, 'w')).close()
    await this.#fs.unlink(path)
  }

  async #readAt(path: string, id: string): Promise<{ read: ReadConversation; stamp: FileStamp } | null> {
    const stamp: FileStamp = { bytes: 0, modifiedMs: 0 }
    try {
      const file = await this.#fs.stat(path)
      stamp.bytes = file.size
      stamp.modifiedMs = file.mtimeMs
      // Reading a pipe or a device would never end.
      if (!file.isFile()) return { read: { kind: 'damaged' }, stamp }
      const read = readConversation(id, await this.#fs.readFile(path, 'utf8'))
      if (read.kind === 'damaged') return { read, stamp }
      return { read: { ...read, conversation: this.#settle(read.conversation) }, stamp }
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? null : { read: { kind: 'damaged' }, stamp }
    }
  }

  #settle(conversation: Conversation): Conversation {
    const isOrphan = (message: Conversation['messages'][number]): message is AssistantMessage =>
      message.role === 'assistant' && message.state === 'running' && !this.#isRunning(message.generationId)
    if (!conversation.messages.some(isOrphan)) return conversation
    return {
      ...conversation,
      messages: conversation.messages.map((message) => (isOrphan(message) ? interrupt(message) : message)),
    }
  }

  async #trashed(): Promise<{ id: string; atMs: number; path: string }[]> {
    return (await namesIn(this.#fs, this.#trash)).flatMap((name) => {
      const [id, atMs, ending, ...rest] = name.split('.')
      if (!isId(id) || atMs === undefined || !/^\d+$/.test(atMs) || ending !== 'json' || rest.length > 0) return []
      return [{ id, atMs: Number(atMs), path: join(this.#trash, name) }]
    })
  }

  async #trashedPath(id: string): Promise<string | null> {
    const found = (await this.#trashed()).filter((each) => each.id === id).sort((a, b) => b.atMs - a.atMs)
    return found[0]?.path ?? null
  }

  async #move(from: string, to: string): Promise<void> {
    try {
      await makeFolder(this.#fs, this.#trash)
      await this.#fs.rename(from, to)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw failure({ code: 'not-found', what: 'conversation' })
      throw failure({ code: 'storage', reason: storageReason(error) })
    }
    // It has moved; should the power fail before this is durable, it lies where it was.
    for (const folder of [this.folder, this.#trash]) await syncFolder(this.#fs, folder).catch(() => undefined)
  }
}

function damagedSummary(id: string, stamp: FileStamp): ConversationSummary {
  return {
    id,
    title: '',
    updatedAt: stamp.modifiedMs,
    createdAt: stamp.modifiedMs,
    origin: 'window',
    isPinned: false,
    isRunning: false,
    isUnread: false,
    hasFailed: false,
    isDamaged: true,
  }
}
