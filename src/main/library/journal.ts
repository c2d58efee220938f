import type { FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import {
  emptyAnswer,
  fold,
  pathOf,
  answerText,
  type AssistantMessage,
  type Conversation,
  type GenerationEvent,
  type Message,
} from '../../shared/conversation'
import type { Clock } from '../clock'
import { mediaNamesIn } from './conversation-media'
import { openNew, syncFolder, type FileSystem } from './files'
import {
  FILE_VERSION,
  PRESENT_FORMAT,
  readJournalLine,
  type FileFormat,
  type JournalHead,
  type JournalRecord,
} from './schema'
import type { Storage } from './storage'
import { titleOf } from '../title'

/** Text waits no longer than this before it is handed to the system: R02 allows a loss of 250 ms when main is killed. */
const WRITE_AFTER_MS = 100
/** Nor may more than this wait, however fast it comes (R02). */
const WRITE_AFTER_BYTES = 64 * 1024
/** Time from a write to its fdatasync; R02 asks for at most one second. */
const SYNC_AFTER_MS = 500

/** The beginning of a journal: enough to rebuild the question and its answer when the conversation's file is lost. */
export interface JournalStart {
  generationId: string
  messageId: string
  /** The conversation with only the end of its path: the last question and what follows it, the empty answer included. */
  conversation: Conversation
}

/** The start record for a conversation whose `headId` is the answer that begins. */
export function journalStart(conversation: Conversation, answer: AssistantMessage): JournalStart {
  const path = pathOf({ headId: answer.id, messages: conversation.messages })
  const asked = path.findLastIndex((message) => message.role === 'user')
  return {
    generationId: answer.generationId,
    messageId: answer.id,
    conversation: { ...conversation, headId: answer.id, messages: path.slice(Math.max(0, asked)) },
  }
}

/**
 * The journal of one running answer: append-only, one JSON line for the start and one for each event. Nothing here ever
 * throws because of a disk: what cannot be written stays in memory and is tried again (R07).
 */
export class JournalFile {
  readonly #fs: FileSystem
  readonly #storage: Storage
  readonly #clock: Clock
  readonly #path: string
  /** Under which the storage keeps a failed fdatasync; a failed write is kept under `this`. */
  readonly #syncOwner = {}
  #lines: string[]
  #bytes: number
  #handle: FileHandle | null = null
  /** End of what is surely written. A torn write is overwritten from here, so that no half line stays in the middle. */
  #offset = 0
  #isNameDurable = false
  #isUnsynced = false
  #isFailing = false
  #writing: Promise<void> | null = null
  #writtenMs: number
  #writeTimer: NodeJS.Timeout | null = null
  #syncTimer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(
    fs: FileSystem,
    storage: Storage,
    clock: Clock,
    path: string,
    start: JournalStart,
    format: FileFormat = PRESENT_FORMAT,
  ) {
    this.#fs = fs
    this.#storage = storage
    this.#clock = clock
    this.#path = path
    this.#lines = [line({ version: format.version, ...start })]
    this.#bytes = Buffer.byteLength(this.#lines.join(''))
    this.#writtenMs = clock.monotonicMs()
  }

  append(events: readonly GenerationEvent[]): void {
    if (this.#isClosed) return
    for (const { seq, atMs, part } of events) {
      const text = line({ seq, atMs, part } satisfies JournalRecord)
      this.#lines.push(text)
      this.#bytes += Buffer.byteLength(text)
    }
    this.#writeSoon()
  }

  /** Writes all that waits and makes it durable, or leaves it to the storage's retries. */
  async sync(): Promise<void> {
    while (this.#lines.length > 0) if (!(await this.#write())) return
    await this.#sync()
  }

  /** Ends the journal; its file stays for recovery, with what has been written. Never throws. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#stopTimers()
    this.#lines = []
    this.#bytes = 0
    await this.#writing?.catch(() => undefined)
    this.#stopTimers()
    this.#storage.forget(this)
    this.#storage.forget(this.#syncOwner)
    const handle = this.#handle
    this.#handle = null
    await handle?.close().catch(() => undefined)
  }

  /** Ends the journal and removes its file: the answer is in its conversation now. Never throws. */
  async remove(): Promise<void> {
    await this.close()
    // One that stays behind is harmless: recovery sees that the conversation has as much.
    await this.#fs.unlink(this.#path).catch(() => undefined)
  }

  #writeSoon(): void {
    // A failing disk is tried by the storage's own timer, not by every event.
    if (this.#lines.length === 0 || this.#isFailing) return
    const waitMs = this.#writtenMs + WRITE_AFTER_MS - this.#clock.monotonicMs()
    // The clock is asked as well as the timer, because a hot stream starves timers.
    if (waitMs <= 0 || this.#bytes >= WRITE_AFTER_BYTES) void this.#write()
    else this.#writeTimer ??= setTimeout(() => void this.#write(), waitMs)
  }

  #write(): Promise<boolean> {
    if (this.#writeTimer !== null) clearTimeout(this.#writeTimer)
    this.#writeTimer = null
    // Two writes at the same offset would write the same lines twice: whoever comes second shares the first.
    return this.#storage.attempt(this, () => (this.#writing ??= this.#writeOnce()))
  }

  async #writeOnce(): Promise<void> {
    try {
      await this.#writeLines()
      this.#isFailing = false
    } catch (error) {
      this.#isFailing = true
      throw error
    } finally {
      this.#writing = null
    }
    this.#writeSoon()
  }

  /** Writes the lines that wait now; those that come meanwhile wait for their own time. */
  async #writeLines(): Promise<void> {
    const handle = (this.#handle ??= await openNew(this.#fs, this.#path, 'w'))
    const batch = this.#lines.length
    const data = Buffer.from(this.#lines.join(''))
    this.#writtenMs = this.#clock.monotonicMs()
    for (let done = 0; done < data.length;) {
      done += (await handle.write(data, done, data.length - done, this.#offset + done)).bytesWritten
    }
    // Meanwhile `append` has only added to the end, or `close` has emptied all.
    this.#lines = this.#lines.slice(batch)
    this.#bytes = Math.max(0, this.#bytes - data.length)
    this.#offset += data.length
    this.#isUnsynced = true
    if (!this.#isNameDurable) await syncFolder(this.#fs, dirname(this.#path))
    this.#isNameDurable = true
    this.#syncTimer ??= setTimeout(() => void this.#sync(), SYNC_AFTER_MS)
  }

  // Beside the writes and not between them: a slow disk may take a second for it, and text must not wait that long.
  async #sync(): Promise<void> {
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer)
    this.#syncTimer = null
    const handle = this.#handle
    if (handle === null || !this.#isUnsynced) return
    this.#isUnsynced = false
    await this.#storage.attempt(this.#syncOwner, () => handle.datasync())
  }

  #stopTimers(): void {
    if (this.#writeTimer !== null) clearTimeout(this.#writeTimer)
    if (this.#syncTimer !== null) clearTimeout(this.#syncTimer)
    this.#writeTimer = null
    this.#syncTimer = null
  }
}

/** What a journal says about its answer, after the process that wrote it has died. */
export type ReplayedJournal =
  /** `conversation` is the start record's with the answer folded and finished. */
  | { kind: 'answer'; generationId: string; answer: AssistantMessage; conversation: Conversation; isWhole: boolean }
  /** No complete record: the process died before the request was sent. */
  | { kind: 'empty'; isWhole: boolean }
  /** Written by a newer Parley: not ours to read. */
  | { kind: 'newer' }

/**
 * Folds a journal into its answer. Every complete record counts; a torn end and lines of garbage are passed over
 * (`isWhole` is false for the latter). An answer that had not finished is interrupted. Without a readable start, what was
 * said makes a conversation of its own. Never throws (R03).
 */
export function replayJournal(
  generationId: string,
  text: string,
  nowMs: number,
  format: FileFormat = PRESENT_FORMAT,
): ReplayedJournal {
  const lines = text.split('\n')
  let head: JournalHead | null = null
  const records: JournalRecord[] = []
  let isWhole = true
  for (const [index, each] of lines.entries()) {
    const read = readJournalLine(each, format)
    if (read === 'newer') return { kind: 'newer' }
    else if (read === null) isWhole &&= index === lines.length - 1
    else if ('head' in read) head ??= read.head
    else if (read.record.seq > (records.at(-1)?.seq ?? 0)) records.push(read.record)
  }
  if (head === null && records.length === 0) return { kind: 'empty', isWhole }

  const known = head?.conversation.messages.find((message) => message.id === head.messageId)
  const start =
    head !== null && known?.role === 'assistant'
      ? { conversation: head.conversation, answer: known }
      : lostStart(generationId, nowMs)
  let answer = start.answer
  for (const record of records) answer = fold(answer, record)
  answer = interrupt(answer)
  const conversation = {
    ...start.conversation,
    title: start.conversation.title === '' ? titleOf(answerText(answer)) : start.conversation.title,
    messages: start.conversation.messages.map((message) => (message.id === answer.id ? answer : message)),
  }
  return { kind: 'answer', generationId, answer, conversation, isWhole }
}

/** A running answer whose process has ended; any other answer as it is. */
export function interrupt(answer: AssistantMessage): AssistantMessage {
  return fold(answer, {
    atMs: answer.timing.lastMs,
    part: { type: 'finish', state: 'interrupted', error: { code: 'process-ended' } },
  })
}

/** A message that nobody goes on with: what of an answer is said to run is interrupted. */
export function settled(message: Message): Message {
  return message.role === 'assistant' ? interrupt(message) : message
}

/**
 * Puts a replayed answer into its conversation. What the conversation already has in full is left alone; a question or
 * an answer that never reached it is added at the end of the path on show.
 */
export function mergeReplayed(
  conversation: Conversation,
  replayed: Conversation,
  answer: AssistantMessage,
): Conversation {
  const stored = conversation.messages.find((message) => message.id === answer.id)
  if (stored !== undefined) {
    if (stored.role !== 'assistant' || !isBehind(stored, answer)) return conversation
    return {
      ...conversation,
      isUnread: true,
      messages: conversation.messages.map((message) => (message.id === answer.id ? answer : message)),
    }
  }
  const ids = new Set(conversation.messages.map((message) => message.id))
  const missing = replayed.messages.filter((message) => !ids.has(message.id))
  const messages = [...conversation.messages]
  for (const message of missing) {
    const isLinked = message.parentId === null || ids.has(message.parentId)
    messages.push(isLinked ? message : { ...message, parentId: conversation.headId })
    ids.add(message.id)
  }
  return { ...conversation, isUnread: true, headId: answer.id, messages }
}

// A journal may outlive the moment at which its answer was written whole: then the conversation has more than it.
function isBehind(stored: AssistantMessage, replayed: AssistantMessage): boolean {
  if (stored.state === 'running') return true
  // An answer that was found running without its process is interrupted at 0 when its file is read.
  const { lastMs } = stored.timing
  return stored.error?.code === 'process-ended' && (lastMs === 0 || lastMs < replayed.timing.lastMs)
}

function lostStart(generationId: string, nowMs: number): { conversation: Conversation; answer: AssistantMessage } {
  const answer = emptyAnswer({
    id: generationId,
    parentId: null,
    createdAt: nowMs,
    generationId,
    backendId: '',
    provider: null,
    model: null,
  })
  const conversation: Conversation = {
    version: FILE_VERSION,
    id: generationId,
    title: '',
    titleSource: 'first-words',
    createdAt: nowMs,
    updatedAt: nowMs,
    origin: 'window',
    isPinned: false,
    isUnread: false,
    backendId: '',
    provider: null,
    model: null,
    headId: answer.id,
    messages: [answer],
  }
  return { conversation, answer }
}

/**
 * The journal of one running answer, as its conversation wants it: a file, or only the events in memory while the
 * conversation is temporary.
 */
export class RunningJournal {
  readonly conversationId: string
  readonly #begin: (start: JournalStart) => JournalFile
  readonly #start: JournalStart
  #events: GenerationEvent[] = []
  #file: JournalFile | null = null

  /** @param begin makes the file for a start record */
  constructor(start: JournalStart, begin: (start: JournalStart) => JournalFile) {
    this.conversationId = start.conversation.id
    this.#start = start
    this.#begin = begin
    if (start.conversation.isTemporary !== true) this.#file = begin(start)
  }

  /** Null while the conversation is temporary. */
  get file(): JournalFile | null {
    return this.#file
  }

  append(events: readonly GenerationEvent[]): void {
    if (this.#file === null) this.#events.push(...events)
    else this.#file.append(events)
  }

  /** The ids of stored files in what is only in memory. */
  mediaNames(): Set<string> {
    return mediaNamesIn(JSON.stringify(this.#events))
  }

  /** Begins the file, with all that was said so far: the conversation is kept from now on. */
  keep(): JournalFile {
    if (this.#file !== null) return this.#file
    const { conversation, ...start } = this.#start
    this.#file = this.#begin({ ...start, conversation: keptConversation(conversation) })
    this.#file.append(this.#events)
    this.#events = []
    return this.#file
  }
}

/** A temporary conversation as an ordinary one. */
export function keptConversation({ isTemporary: _isTemporary, ...conversation }: Conversation): Conversation {
  return conversation
}

function line(value: unknown): string {
  return `${JSON.stringify(value)}\n`
}
