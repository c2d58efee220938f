import { createHash, randomUUID } from 'node:crypto'
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
import {
  errorCode,
  isStray,
  MAX_LIBRARY_FILE_BYTES,
  namesIn,
  openNew,
  readRegularBytes,
  writeAtomically,
  type FileStamp,
  type FileSystem,
  syncFolder,
} from './files'
import { interrupt } from './journal'
import { isModest } from './modest'
import { readableTitle } from './readable-text'
import {
  idsIn,
  isId,
  readConversation,
  writeConversation,
  type FileFormat,
  type IndexRow,
  type ReadConversation,
} from './schema'
import { Trash, type TrashedFile } from './trash'
import { duplicateOf } from './tree'

/** What the trash says of a file. */
export interface TrashedContents {
  summary: ConversationSummary
  messages: number
  images: number
  /** How many messages were deleted out of the conversation whose title it has; missing for a whole conversation. */
  deleted?: number
}

const TOO_LARGE: ReadConversation = { kind: 'damaged', isTooLarge: true }

/** What the file of a conversation was when it was last read or written. */
export interface KnownFile {
  stamp: FileStamp
  /** Of its bytes: some disks change the time of a file by themselves. Empty when nobody has read it. */
  hash: string
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
  #wasThere = false

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
    return idsIn(await namesIn(this.#fs, this.folder))
  }

  /**
   * Conversations under names that are not ours, such as `<id> (conflicted copy).json` of a program that syncs folders: by
   * name, with the title. Nothing of them is in the list.
   */
  async foreign(): Promise<{ fileName: string; title: string }[]> {
    const found: { fileName: string; title: string }[] = []
    for (const fileName of await namesIn(this.#fs, this.folder)) {
      if (!isForeign(fileName)) continue
      const file = await this.#readAt(join(this.folder, fileName), fileName)
      if (file?.read.kind === 'read') found.push({ fileName, title: file.read.conversation.title })
    }
    return found
  }

  /** Gives such a file a name of ours; nothing of it is changed. @returns the id; throws what the disk says */
  async adopt(fileName: string): Promise<string> {
    if (!isForeign(fileName)) throw failure({ code: 'not-found', what: 'file' })
    const written = fileName.slice(0, -'.json'.length).toLowerCase()
    const id = isId(written) && !(await this.exists(written)) ? written : randomUUID()
    await this.#fs.rename(join(this.folder, fileName), this.pathOf(id))
    await syncFolder(this.#fs, this.folder).catch(() => undefined)
    return id
  }

  /** Null when there is no such file. What is no readable file is damaged: it hides only itself (R04). */
  async read(id: string): Promise<ReadConversation | null> {
    return (await this.#readAt(this.pathOf(id), id))?.read ?? null
  }

  /** As `read`, with what the file looked like. */
  readStamped(id: string): Promise<ReadFile | null> {
    return this.#readAt(this.pathOf(id), id)
  }

  /** The row of the index for a conversation's file; null when there is none. */
  async readRow(id: string): Promise<IndexRow | null> {
    const file = await this.#readAt(this.pathOf(id), id)
    return file === null ? null : rowOf(id, file)
  }

  /**
   * Replaces the file; throws what the disk says. One that is none of those that are `known`, because somebody else has
   * written it, is first put beside the others as a conversation of its own (R38).
   *
   * @param over what the file may be, to which is added what it becomes before it does; and who hears of the other one, at
   * once and only once, because the rest may fail and be tried again. Left out when it may be anything.
   */
  async write(
    conversation: Conversation,
    over?: { known: KnownFile[]; onBeside: (besideId: string) => Promise<void> },
  ): Promise<KnownFile> {
    const path = this.pathOf(conversation.id)
    const text = writeConversation(conversation, this.#format)
    const file: KnownFile = { stamp: { bytes: 0, modifiedMs: 0 }, hash: hashOf(text) }
    await writeAtomically(this.#fs, path, text, async (stamp) => {
      file.stamp = stamp
      if (over === undefined) return
      const other = await this.#unknownAt(path, over.known)
      if (other !== null) {
        const besideId = await this.putBeside(path)
        over.known.push(other)
        await over.onBeside(besideId)
      }
      if (!over.known.some(({ hash }) => hash === file.hash)) over.known.push(file)
    })
    this.#wasThere = true
    return file
  }

  /**
   * Puts what a file has among the conversations, under a new id and with a marked title; durable. What cannot be read, or
   * is of a newer Parley, is put there as it is. Throws what the disk says.
   *
   * @returns its id
   */
  async putBeside(path: string): Promise<string> {
    const bytes = await readRegularBytes(this.#fs, path, MAX_LIBRARY_FILE_BYTES)
    const id = randomUUID()
    const isSmall = await isModest(bytes)
    const read = isSmall ? readConversation(id, Buffer.from(bytes).toString('utf8'), this.#format) : TOO_LARGE
    if (read.kind === 'damaged' || read.isNewer) {
      await writeAtomically(this.#fs, this.pathOf(id), bytes)
      return id
    }
    const { conversation } = read
    const { title, createdAt, updatedAt, isPinned } = conversation
    const copy = duplicateOf(conversation, updatedAt)
    const marked: Conversation = { ...copy, title: `${title} (2)`.trim(), titleSource: 'person', createdAt, isPinned }
    await writeAtomically(this.#fs, this.pathOf(copy.id), writeConversation(marked, this.#format))
    return copy.id
  }

  /** Whether the folder has gone since it was last read or written: somebody has moved or deleted it. */
  async isFolderLost(): Promise<boolean> {
    if (!this.#wasThere) return false
    return this.#fs.stat(this.folder).then(
      () => false,
      (error: unknown) => errorCode(error) === 'ENOENT',
    )
  }

  /** The version of the files that are written. */
  get version(): number {
    return this.#format.version
  }

  /** Writes a file that lies in the trash from its first day; throws what the disk says. */
  async writeTrashed(conversation: Conversation, nowMs: number): Promise<void> {
    const path = join(this.trash.folder, `${conversation.id}.${nowMs}.json`)
    await writeAtomically(this.#fs, path, writeConversation(conversation, this.#format))
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
    if (isThere) return
    await writeAtomically(this.#fs, copy, await readRegularBytes(this.#fs, this.pathOf(id), MAX_LIBRARY_FILE_BYTES))
  }

  /** True as well when something is there that cannot be looked at. */
  async exists(id: string): Promise<boolean> {
    return this.#fs.stat(this.pathOf(id)).then(
      () => true,
      (error: unknown) => errorCode(error) !== 'ENOENT' && errorCode(error) !== 'ENOTDIR',
    )
  }

  /** The conversation as it lies in the trash, its latest version; null when it is not there. */
  async readTrashed(which: string): Promise<ReadConversation | null> {
    const file = await this.trash.find(which)
    return file === null ? null : ((await this.#readAt(file.path, file.id))?.read ?? null)
  }

  /** The summary of a file in the trash, and how much is in it; null when it is gone. */
  async summarizeTrashed({ id, path }: TrashedFile): Promise<TrashedContents | null> {
    const file = await this.#readAt(path, id)
    if (file === null) return null
    const shown = file.read.kind === 'read' ? pathOf(file.read.conversation) : []
    const images = shown.reduce((sum, message) => sum + imagesIn(message), 0)
    const deleted = file.read.kind === 'read' ? file.read.conversation.deletedFrom?.count : undefined
    const summary = rowOf(id, file).summary
    return { summary, messages: shown.length, images, ...(deleted !== undefined && { deleted }) }
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

  /** Throws when the folder cannot be written. Makes it when it is missing. */
  async probe(): Promise<void> {
    const path = join(this.folder, 'probe.00000000.tmp')
    await (await openNew(this.#fs, path, 'w')).close()
    await this.#fs.unlink(path)
    this.#wasThere = true
  }

  async #readAt(path: string, id: string): Promise<ReadFile | null> {
    const stamp: FileStamp = { bytes: 0, modifiedMs: 0 }
    try {
      const file = await this.#fs.stat(path)
      stamp.bytes = file.size
      stamp.modifiedMs = file.mtimeMs
      // Reading a pipe or a device would never end, and a giant would take all memory.
      if (!file.isFile()) return { read: { kind: 'damaged' }, stamp, hash: '' }
      if (file.size > MAX_LIBRARY_FILE_BYTES) return { read: TOO_LARGE, stamp, hash: '' }
      const bytes = await this.#fs.readFile(path)
      this.#wasThere = true
      if (!(await isModest(bytes))) return { read: TOO_LARGE, stamp, hash: '' }
      const read = readConversation(id, bytes.toString('utf8'), this.#format)
      if (read.kind === 'damaged') {
        const title = readableTitle(bytes.toString('utf8'))
        return { read: { ...read, ...(title !== '' && { title }) }, stamp, hash: '' }
      }
      return { read: { ...read, conversation: this.#settle(read.conversation) }, stamp, hash: hashOf(bytes) }
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return null
      // The disk may read it next time: without its size nobody takes it for known.
      return { read: { kind: 'damaged' }, stamp: { ...stamp, bytes: 0 }, hash: '' }
    }
  }

  /** The file that lies there, when it is none of those; null when it is one, or there is none. When it cannot be told, it is another. */
  async #unknownAt(path: string, known: readonly KnownFile[]): Promise<KnownFile | null> {
    const file = await this.#fs.stat(path).catch((error: unknown) => {
      if (errorCode(error) === 'ENOENT') return null
      throw error
    })
    // What is no file holds no words, and the rename replaces it.
    if (file?.isFile() !== true) return null
    const stamp: FileStamp = { bytes: file.size, modifiedMs: file.mtimeMs }
    if (known.some((each) => each.stamp.bytes === stamp.bytes && each.stamp.modifiedMs === stamp.modifiedMs))
      return null
    if (!known.some((each) => each.stamp.bytes === stamp.bytes)) return { stamp, hash: '' }
    const hash = hashOf(await readRegularBytes(this.#fs, path, MAX_LIBRARY_FILE_BYTES))
    return known.some((each) => each.hash === hash) ? null : { stamp, hash }
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

/** A conversation's file as it was read. `hash` is that of its bytes, empty for a damaged one. */
export interface ReadFile {
  read: ReadConversation
  stamp: FileStamp
  hash: string
}

function hashOf(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('base64')
}

function isForeign(name: string): boolean {
  return /\.json$/iu.test(name) && !isId(name.slice(0, -'.json'.length)) && !name.startsWith('.')
}

function rowOf(id: string, { read, stamp }: Pick<ReadFile, 'read' | 'stamp'>): IndexRow {
  if (read.kind === 'damaged') return { summary: damagedSummary(id, read.title ?? '', stamp), ...stamp }
  return {
    summary: { ...summarize(read.conversation), ...(read.isNewer && { isReadOnly: true, isUnread: false }) },
    ...stamp,
  }
}

function imagesIn(message: Message): number {
  if (message.role === 'user') return message.attachments.length
  return message.content.filter((item) => item.type === 'media' && item.kind === 'image').length
}

function damagedSummary(id: string, title: string, stamp: FileStamp): ConversationSummary {
  return {
    id,
    title,
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
