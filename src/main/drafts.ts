import { basename } from 'node:path'
import * as v from 'valibot'
import { MAX_ALL_DRAFTS, MAX_DRAFT_TEXT, type StoredDraft } from '../shared/contract'
import type { AttachmentInfo } from '../shared/conversation'
import { failure } from '../shared/errors'
import { MAX_CHOICES, MAX_PROMPT_NAME, MAX_PROMPT_TEXT, MAX_VARIABLE_NAME, MAX_VARIABLE_VALUE } from '../shared/prompts'
import type { Clock } from './clock'
import { errorCode, readRegular, writeAtomically, type FileSystem } from './library/files'
import type { Storage } from './library/storage'
import type { Logger } from './logger'

const MAX_QUOTE_TEXT = 20_000
/** A message of another program may have come with more files than one that is written here. */
const MAX_KEPT_ATTACHMENTS = 1000
/** A control character takes six bytes; some lines are ours. */
const MAX_FILE_BYTES = 6 * MAX_ALL_DRAFTS + 1024 * 1024
/** A draft is on disk within half a second of the last key; the rest of that is for a slow disk. */
const WRITE_AFTER_MS = 250
/** The backup is no older than this while something is written. */
const BACKUP_AFTER_MS = 60_000

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u))
const attachment: v.GenericSchema<unknown, AttachmentInfo> = v.strictObject({
  id: hash,
  name: text(1024),
  mime: v.picklist([
    'image/png',
    'image/jpeg',
    'image/gif',
    'image/webp',
    'audio/wav',
    'audio/mpeg',
    'text/plain',
    'application/pdf',
  ]),
  bytes: whole,
  width: whole,
  height: whole,
  orientation: whole,
  hasLocation: v.boolean(),
  removed: v.exactOptional(
    v.pipe(v.array(v.picklist(['location', 'camera', 'description', 'preview'])), v.maxLength(4)),
  ),
  before: v.exactOptional(
    v.strictObject({
      id: v.union([hash, v.literal('')]),
      format: text(40),
      bytes: whole,
      width: whole,
      height: whole,
      isAnimated: v.boolean(),
      isSendable: v.boolean(),
    }),
  ),
  isAnimated: v.exactOptional(v.boolean()),
})

/** One variable can stand in a prompt as often as the text has room for `{a}`. */
const MAX_SLOTS = Math.floor(MAX_PROMPT_TEXT / 3)

const filling: v.GenericSchema<unknown, NonNullable<StoredDraft['filling']>> = v.strictObject({
  promptId: text(64),
  name: text(MAX_PROMPT_NAME),
  slots: v.pipe(
    v.array(
      v.strictObject({
        name: text(MAX_VARIABLE_NAME),
        choices: v.pipe(v.array(text(MAX_VARIABLE_VALUE)), v.maxLength(MAX_CHOICES)),
        from: whole,
        to: whole,
      }),
    ),
    v.maxLength(MAX_SLOTS),
    v.check((slots) => slots.every(({ from, to }) => from <= to)),
  ),
})

/** A draft as a page may send it, and as the file has it. */
export const draftSchema: v.GenericSchema<unknown, StoredDraft> = v.strictObject({
  key: v.pipe(v.string(), v.regex(/^[\w:-]{1,64}$/u)),
  text: text(MAX_DRAFT_TEXT),
  attachments: v.pipe(v.array(attachment), v.maxLength(10)),
  quotes: v.exactOptional(v.pipe(v.array(text(MAX_QUOTE_TEXT)), v.maxLength(3))),
  editing: v.exactOptional(
    v.strictObject({
      messageId: v.pipe(v.string(), v.regex(/^[\w:-]{1,64}$/u)),
      text: text(MAX_DRAFT_TEXT),
      attachments: v.pipe(v.array(attachment), v.maxLength(MAX_KEPT_ATTACHMENTS)),
    }),
  ),
  filling: v.exactOptional(filling),
  changedAt: v.pipe(v.number(), v.finite()),
})

const fileSchema = v.object({ version: v.literal(1), drafts: v.array(v.unknown()) })

export interface DraftsOptions {
  fs: FileSystem
  /** Of the file; its backup lies beside it. */
  path: string
  clock: Clock
  /** Tells of a disk that refuses, and tries again. */
  storage: Pick<Storage, 'attempt'>
  logger: Logger
  /** Whether a key is the id of a temporary conversation: what is written there stays in memory. */
  isTemporary: (key: string) => boolean
  /** Is told under which name a file is kept that could not be read. */
  onSetAside?: (keptAs: string) => void
}

/**
 * What stands unsent in the composers, in one file. Written whole, durably and atomically, shortly after each change. A
 * damaged file is put aside as `*.corrupt-<time>`, and the last backup takes its place.
 */
export class Drafts {
  readonly #options: DraftsOptions
  /** In the order in which they were changed last. */
  readonly #drafts = new Map<string, StoredDraft>()
  /** What stands in the file and is nothing that this Parley can read; it stays there. */
  #unread: unknown[] = []
  #loaded: Promise<void> | null = null
  #isStale = false
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #backedUpMs = -Infinity
  /** The backup has something that was removed since. */
  #isBackupFull = false
  #isClosed = false

  constructor(options: DraftsOptions) {
    this.#options = options
  }

  /** All drafts, the latest last. */
  async list(): Promise<StoredDraft[]> {
    await this.#load()
    return [...this.#drafts.values()]
  }

  /**
   * Takes a draft; an empty one is removed. It is on disk within half a second.
   *
   * @throws AppFailure `storage` (full) when there is no room for it; nothing is changed then, and no other one goes for it
   */
  async set(draft: StoredDraft): Promise<void> {
    await this.#load()
    if (isEmpty(draft)) {
      await this.remove([draft.key])
      return
    }
    if (!this.#hasRoom(draft)) throw failure({ code: 'storage', reason: 'full' })
    // What somebody has taken out of a text shall not stay in a file beside it.
    const before = this.#drafts.get(draft.key)
    if (
      !draft.text.includes(before?.text ?? '') ||
      !(draft.editing?.text ?? '').includes(before?.editing?.text ?? '')
    ) {
      this.#isBackupFull = true
    }
    // The last changed is the last in the file.
    this.#drafts.delete(draft.key)
    this.#drafts.set(draft.key, draft)
    this.#writeLater(WRITE_AFTER_MS)
  }

  /** Removes drafts that were sent, or whose conversations are gone for good: out of the backup as well. */
  async remove(keys: readonly string[]): Promise<void> {
    await this.#load()
    const removed = keys.filter((key) => this.#drafts.delete(key))
    const left = this.#unread.filter((each) => !keys.some((key) => keyOf(each) === key))
    if (removed.length === 0 && left.length === this.#unread.length) return
    this.#unread = left
    this.#isBackupFull = true
    this.#writeLater(WRITE_AFTER_MS)
  }

  /** A temporary conversation has become an ordinary one: from now on its draft is kept as well. */
  async keep(key: string): Promise<void> {
    await this.#load()
    if (this.#drafts.has(key)) this.#writeLater(WRITE_AFTER_MS)
  }

  /** The ids of the stored files that drafts name. */
  async media(): Promise<string[]> {
    const attachments = (await this.list()).flatMap(attachmentsOf)
    // Of what a newer Parley may have written, all that looks like one.
    const unread = JSON.stringify(this.#unread).match(/\b[0-9a-f]{64}\b/gu) ?? []
    return [
      ...attachments.flatMap(({ id, before }) => (before === undefined || before.id === '' ? [id] : [id, before.id])),
      ...unread,
    ]
  }

  /** Writes what is not on disk yet. Never rejects. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#isStale) {
      this.#isStale = false
      // When it is tried again, what stands here then is written.
      await this.#options.storage.attempt(this, () => this.#inTurn(() => this.#write()))
    }
    await this.#writing
  }

  /** Ends the timers: `flush` first. */
  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #hasRoom(draft: StoredDraft): boolean {
    const before = this.#drafts.get(draft.key)
    // Who shortens a draft makes room, however little there was.
    if (before !== undefined && lengthOf(draft) <= lengthOf(before)) return true
    let length = lengthOf(draft)
    for (const each of this.#drafts.values()) if (each !== before) length += lengthOf(each)
    return length <= MAX_ALL_DRAFTS
  }

  #inTurn(task: () => Promise<void>): Promise<void> {
    const done = this.#writing.then(task)
    this.#writing = done.catch(() => undefined)
    return done
  }

  #writeLater(afterMs: number): void {
    this.#isStale = true
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => void this.flush(), afterMs).unref()
  }

  async #write(): Promise<void> {
    const { fs, path, clock, logger, isTemporary } = this.#options
    const drafts = [...this.#unread, ...[...this.#drafts.values()].filter(({ key }) => !isTemporary(key))]
    const json = `${JSON.stringify({ version: 1, drafts }, null, 2)}\n`
    const isBackupFull = this.#isBackupFull
    try {
      await writeAtomically(fs, path, json)
      if (isBackupFull || clock.monotonicMs() - this.#backedUpMs > BACKUP_AFTER_MS) {
        this.#isBackupFull = false
        await writeAtomically(fs, `${path}.backup`, json)
        this.#backedUpMs = clock.monotonicMs()
      }
    } catch (error) {
      this.#isBackupFull ||= isBackupFull
      logger.warn('drafts not written', { code: errorCode(error) })
      throw error
    }
  }

  #load(): Promise<void> {
    return (this.#loaded ??= this.#read())
  }

  async #read(): Promise<void> {
    const { fs, path, clock, logger } = this.#options
    const first = await this.#readFile(path)
    if (first !== 'damaged' && first !== null) {
      this.#take(first)
      return
    }
    const backup = await this.#readFile(`${path}.backup`)
    if (first === 'damaged') {
      logger.warn('drafts damaged', { hasBackup: Array.isArray(backup) })
      const keptAs = `${path}.corrupt-${clock.now()}`
      await fs.rename(path, keptAs).catch(() => undefined)
      this.#options.onSetAside?.(basename(keptAs))
    }
    if (Array.isArray(backup)) {
      this.#take(backup)
      this.#isStale = true
    }
  }

  /** What stands in a file, one by one; null when there is no file. */
  async #readFile(path: string): Promise<unknown[] | 'damaged' | null> {
    try {
      const text = await readRegular(this.#options.fs, path, MAX_FILE_BYTES)
      return v.parse(fileSchema, JSON.parse(text)).drafts
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? null : 'damaged'
    }
  }

  #take(rows: readonly unknown[]): void {
    for (const row of rows) {
      const read = v.safeParse(draftSchema, row)
      if (read.success) this.#drafts.set(read.output.key, read.output)
      else this.#unread.push(row)
    }
  }
}

function keyOf(row: unknown): unknown {
  return typeof row === 'object' && row !== null && 'key' in row ? row.key : null
}

/** About as long as it stands in the file, so that many short ones have an end as well. */
function lengthOf(draft: StoredDraft): number {
  const slots = draft.filling === undefined ? 0 : JSON.stringify(draft.filling).length
  const words = draft.text.length + (draft.editing?.text.length ?? 0) + slots
  return (
    (draft.quotes ?? []).reduce((sum, quote) => sum + quote.length, words) + 200 * (1 + attachmentsOf(draft).length)
  )
}

function isEmpty({ text: words, attachments, quotes = [], editing }: StoredDraft): boolean {
  return words === '' && attachments.length === 0 && quotes.length === 0 && editing === undefined
}

/** All files that a draft names, those of the question that is being written anew as well. */
export function attachmentsOf({ attachments, editing }: StoredDraft): readonly AttachmentInfo[] {
  return editing === undefined ? attachments : [...attachments, ...editing.attachments]
}
