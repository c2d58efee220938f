import { join } from 'node:path'
import {
  pathOf,
  summarize,
  type AssistantMessage,
  type Conversation,
  type ConversationSummary,
  type Message,
} from '../../shared/conversation'
import { failure } from '../../shared/errors'
import { errorCode, isStray, namesIn, openNew, writeAtomically, type FileStamp, type FileSystem } from './files'
import { interrupt } from './journal'
import {
  isId,
  readConversation,
  writeConversation,
  type FileFormat,
  type IndexRow,
  type ReadConversation,
} from './schema'
import { Trash, type TrashedFile } from './trash'

/** What the trash says of a file. */
export interface TrashedContents {
  summary: ConversationSummary
  messages: number
  images: number
}

/** The folders `conversations` and `trash`: one file for each conversation, whole or not there at all. */
export class ConversationFiles {
  readonly folder: string
  readonly trash: Trash
  /** Files as they were before a newer version of Parley wrote over them for the first time. */
  readonly earlier: string
  readonly #fs: FileSystem
  readonly #format: FileFormat
  /** Whether this process runs the generation; a file that says so of any other is of a process that died. */
  readonly #isRunning: (generationId: string) => boolean

  constructor(fs: FileSystem, root: string, format: FileFormat, isRunning: (generationId: string) => boolean) {
    this.#fs = fs
    this.folder = join(root, 'conversations')
    this.earlier = join(root, 'earlier')
    this.trash = new Trash(fs, root)
    this.#format = format
    this.#isRunning = isRunning
  }

  /** Where the file of a conversation lies. Throws not-found for what is no id and so never becomes a path. */
  pathOf(id: string): string {
    if (!isId(id)) throw failure({ code: 'not-found', what: 'conversation' })
    return join(this.folder, `${id}.json`)
  }

  /** Ids of all files, readable or not. */
  async ids(): Promise<string[]> {
    const names = await namesIn(this.#fs, this.folder)
    return names.filter((name) => name.endsWith('.json') && isId(name.slice(0, -5))).map((name) => name.slice(0, -5))
  }

  /** Null when there is no such file. What is no readable file is damaged: it hides only itself (R04). */
  async read(id: string): Promise<ReadConversation | null> {
    return (await this.#readAt(this.pathOf(id), id))?.read ?? null
  }

  /** As `read`, with what the file looked like. */
  readStamped(id: string): Promise<{ read: ReadConversation; stamp: FileStamp } | null> {
    return this.#readAt(this.pathOf(id), id)
  }

  /** The row of the index for a conversation's file; null when there is none. */
  async readRow(id: string): Promise<IndexRow | null> {
    const file = await this.#readAt(this.pathOf(id), id)
    return file === null ? null : rowOf(id, file)
  }

  /** Replaces the file; throws what the disk says. */
  write(conversation: Conversation): Promise<FileStamp> {
    return writeAtomically(this.#fs, this.pathOf(conversation.id), writeConversation(conversation, this.#format))
  }

  /** Whether a file of this version must be copied before it is written. */
  isEarlier(version: number): boolean {
    return version < this.#format.version
  }

  /**
   * Copies the file of an earlier version before it is written for the first time, durably. One that was copied already
   * stays as it is: a crash may have come between the copy and the write (R38). Throws what the disk says.
   */
  async keepEarlier(id: string, version: number): Promise<void> {
    const copy = join(this.earlier, `${id}.v${version}.json`)
    const isThere = await this.#fs.stat(copy).then(
      () => true,
      () => false,
    )
    if (!isThere) await writeAtomically(this.#fs, copy, await this.#fs.readFile(this.pathOf(id)))
  }

  /** True as well when something is there that cannot be looked at. */
  async exists(id: string): Promise<boolean> {
    return this.#fs.stat(this.pathOf(id)).then(
      () => true,
      (error: unknown) => errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR',
    )
  }

  /** The conversation as it lies in the trash; null when it is not there. */
  async readTrashed(id: string): Promise<ReadConversation | null> {
    const file = await this.trash.find(id)
    return file === null ? null : ((await this.#readAt(file.path, id))?.read ?? null)
  }

  /** The summary of a file in the trash, and how much is in it; null when it is gone. */
  async summarizeTrashed({ id, path }: TrashedFile): Promise<TrashedContents | null> {
    const file = await this.#readAt(path, id)
    if (file === null) return null
    const shown = file.read.kind === 'read' ? pathOf(file.read.conversation) : []
    const images = shown.reduce((sum, message) => sum + imagesIn(message), 0)
    return { summary: rowOf(id, file).summary, messages: shown.length, images }
  }

  /** Removes what a crash left half written. */
  async sweep(): Promise<void> {
    for (const folder of [this.folder, this.earlier]) {
      for (const name of await namesIn(this.#fs, folder)) {
        if (isStray(name)) await this.#fs.unlink(join(folder, name)).catch(() => undefined)
      }
    }
    await this.trash.sweep()
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
      const read = readConversation(id, await this.#fs.readFile(path, 'utf8'), this.#format)
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
}

function rowOf(id: string, { read, stamp }: { read: ReadConversation; stamp: FileStamp }): IndexRow {
  return { summary: read.kind === 'read' ? summarize(read.conversation) : damagedSummary(id, stamp), ...stamp }
}

function imagesIn(message: Message): number {
  if (message.role === 'user') return message.attachments.length
  return message.content.filter((item) => item.type === 'media' && item.kind === 'image').length
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
    isTemporary: false,
    isDamaged: true,
  }
}
