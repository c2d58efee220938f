import { join } from 'node:path'
import type { AssistantMessage, Conversation } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { Clock } from '../clock'
import type { FileSystem } from './files'
import { isTemporary, type HeldConversations } from './held'
import { JournalFile, keptConversation, RunningJournal, type JournalStart } from './journal'
import type { Journal } from './library'
import { isId, type FileFormat } from './schema'
import type { Storage } from './storage'

export interface RunningAnswersOptions {
  fs: FileSystem
  /** Where the journals lie. */
  folder: string
  storage: Storage
  clock: Clock
  format: FileFormat
  /** Asked only when an answer begins or ends. */
  held: () => HeldConversations
}

/** The answers that run, each with its journal, from their start until the conversation has them. */
export class RunningAnswers {
  readonly #options: RunningAnswersOptions
  /** By generation. */
  readonly #journals = new Map<string, RunningJournal>()

  constructor(options: RunningAnswersOptions) {
    this.#options = options
  }

  has(generationId: string): boolean {
    return this.#journals.has(generationId)
  }

  /** The journals of the answers that run in a conversation. */
  in(conversationId: string): RunningJournal[] {
    return [...this.#journals.values()].filter((running) => running.conversationId === conversationId)
  }

  hasIn(conversationId: string): boolean {
    return this.in(conversationId).length > 0
  }

  /** The stored files that answers of temporary conversations name so far. */
  temporaryMedia(): string[] {
    const temporary = [...this.#journals.values()].filter(({ file }) => file === null)
    return temporary.flatMap((journal) => [...journal.mediaNames()])
  }

  /** Begins a journal; see Library.journal. */
  async begin(start: JournalStart): Promise<Journal> {
    const { generationId, conversation } = start
    if (!isId(generationId) || this.#journals.has(generationId)) {
      throw failure({ code: 'bad-request', channel: 'generation.start' })
    }
    const { fs, folder, storage, clock, format } = this.#options
    // It may have been kept since the start record was made.
    const held = this.#options.held().get(conversation.id)
    const isKept = held !== undefined && !isTemporary(held)
    const path = join(folder, `${generationId}.jsonl`)
    const journal = new RunningJournal(
      isKept ? { ...start, conversation: keptConversation(conversation) } : start,
      (begun) => new JournalFile(fs, storage, clock, path, begun, format),
    )
    this.#journals.set(generationId, journal)
    await journal.file?.sync()
    return {
      append: (events) => journal.append(events),
      close: (final, change) => this.#end(generationId, journal, final, change),
      discard: async () => {
        this.#journals.delete(generationId)
        await journal.file?.remove()
      },
    }
  }

  /** Writes what waits, as far as the disk takes it. */
  async sync(): Promise<void> {
    await Promise.all(this.files().map((file) => file.sync()))
  }

  /** The files that are open. */
  files(): JournalFile[] {
    return [...this.#journals.values()].flatMap(({ file }) => file ?? [])
  }

  async #end(
    generationId: string,
    journal: RunningJournal,
    final: AssistantMessage,
    change: (conversation: Conversation) => Conversation = (conversation) => conversation,
  ): Promise<void> {
    const conversations = this.#options.held()
    const held = await conversations.open(journal.conversationId)
    // From here the conversation has the answer, in memory; the journal stays on disk until the file has it too.
    this.#journals.delete(generationId)
    // Asked only now: the conversation may have been kept meanwhile.
    const { file } = journal
    if (file !== null) held.ended.add(file)
    const messages = held.conversation.messages.map((message) => (message.id === final.id ? final : message))
    if (!messages.includes(final)) messages.push(final)
    const isSaved = await conversations.change(held, change({ ...held.conversation, messages }))
    if (!isSaved) await file?.sync()
  }
}
