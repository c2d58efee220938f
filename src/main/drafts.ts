import * as v from 'valibot'
import type { StoredDraft } from '../shared/contract'
import type { AttachmentInfo } from '../shared/conversation'
import type { Clock } from './clock'
import { errorCode, writeAtomically, type FileSystem } from './library/files'
import type { Logger } from './logger'

export const MAX_DRAFTS = 500
export const MAX_DRAFT_TEXT = 1024 * 1024
/** Of all texts together, so that the file stays one that is written in an instant. */
const MAX_ALL_TEXT = 16 * 1024 * 1024
/** A draft is on disk within half a second of the last key; the rest of that is for a slow disk. */
const WRITE_AFTER_MS = 250
const RETRY_MS = 5000
/** The backup is no older than this while something is written. */
const BACKUP_AFTER_MS = 60_000

const text = (max: number) => v.pipe(v.string(), v.maxLength(max))
const whole = v.pipe(v.number(), v.safeInteger(), v.minValue(0))

const attachment: v.GenericSchema<unknown, AttachmentInfo> = v.strictObject({
  id: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u)),
  name: text(1024),
  mime: v.picklist(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
  bytes: whole,
  width: whole,
  height: whole,
  orientation: whole,
  hasLocation: v.boolean(),
})

/** A draft as a page may send it, and as the file has it. */
export const draftSchema: v.GenericSchema<unknown, StoredDraft> = v.strictObject({
  key: v.pipe(v.string(), v.regex(/^[\w:-]{1,64}$/u)),
  text: text(MAX_DRAFT_TEXT),
  attachments: v.pipe(v.array(attachment), v.maxLength(10)),
  changedAt: v.pipe(v.number(), v.finite()),
})

const fileSchema = v.object({ version: v.literal(1), drafts: v.array(v.unknown()) })

export interface DraftsOptions {
  fs: FileSystem
  /** Of the file; its backup lies beside it. */
  path: string
  clock: Clock
  logger: Logger
  /** Whether a key is the id of a temporary conversation: what is written there stays in memory. */
  isTemporary: (key: string) => boolean
}

/**
 * What stands unsent in the composers, in one file. Written whole, durably and atomically, shortly after each change. A
 * damaged file is put aside as `*.corrupt-<time>`, and the last backup takes its place.
 */
export class Drafts {
  readonly #options: DraftsOptions
  /** In the order in which they were changed last. */
  readonly #drafts = new Map<string, StoredDraft>()
  #loaded: Promise<void> | null = null
  #isStale = false
  #timer: NodeJS.Timeout | null = null
  #writing: Promise<void> = Promise.resolve()
  #backedUpMs = -Infinity
  #isClosed = false

  constructor(options: DraftsOptions) {
    this.#options = options
  }

  /** All drafts, the latest last. */
  async list(): Promise<StoredDraft[]> {
    await this.#load()
    return [...this.#drafts.values()]
  }

  /** Takes a draft; an empty one is removed. It is on disk within half a second. */
  async set(draft: StoredDraft): Promise<void> {
    await this.#load()
    const isEmpty = draft.text === '' && draft.attachments.length === 0
    if (!this.#drafts.delete(draft.key) && isEmpty) return
    if (!isEmpty) this.#drafts.set(draft.key, draft)
    this.#makeRoom()
    this.#writeLater(WRITE_AFTER_MS)
  }

  /** Removes drafts whose conversations are gone for good. */
  async remove(keys: readonly string[]): Promise<void> {
    await this.#load()
    const removed = keys.filter((key) => this.#drafts.delete(key))
    if (removed.length > 0) this.#writeLater(WRITE_AFTER_MS)
  }

  /** A temporary conversation has become an ordinary one: from now on its draft is kept as well. */
  async keep(key: string): Promise<void> {
    await this.#load()
    if (this.#drafts.has(key)) this.#writeLater(WRITE_AFTER_MS)
  }

  /** The ids of the stored files that drafts name. */
  async media(): Promise<string[]> {
    return (await this.list()).flatMap(({ attachments }) => attachments.map(({ id }) => id))
  }

  /** Writes what is not on disk yet. Never rejects. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (this.#isStale) {
      this.#isStale = false
      this.#writing = this.#writing.then(() => this.#write())
    }
    await this.#writing
  }

  /** Ends the timers: `flush` first. */
  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #makeRoom(): void {
    let length = 0
    for (const draft of this.#drafts.values()) length += draft.text.length
    for (const [key, draft] of this.#drafts) {
      if (this.#drafts.size <= MAX_DRAFTS && length <= MAX_ALL_TEXT) return
      length -= draft.text.length
      this.#drafts.delete(key)
    }
  }

  #writeLater(afterMs: number): void {
    this.#isStale = true
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => void this.flush(), afterMs).unref()
  }

  async #write(): Promise<void> {
    const { fs, path, clock, logger, isTemporary } = this.#options
    const drafts = [...this.#drafts.values()].filter(({ key }) => !isTemporary(key))
    const json = `${JSON.stringify({ version: 1, drafts }, null, 2)}\n`
    try {
      await writeAtomically(fs, path, json)
      if (clock.monotonicMs() - this.#backedUpMs > BACKUP_AFTER_MS) {
        await writeAtomically(fs, `${path}.backup`, json)
        this.#backedUpMs = clock.monotonicMs()
      }
    } catch (error) {
      logger.warn('drafts not written', { code: errorCode(error) })
      this.#writeLater(RETRY_MS)
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
      await fs.rename(path, `${path}.corrupt-${clock.now()}`).catch(() => undefined)
    }
    if (Array.isArray(backup)) {
      this.#take(backup)
      this.#isStale = true
    }
  }

  /** The drafts of a file that can each be read; null when there is no file. */
  async #readFile(path: string): Promise<StoredDraft[] | 'damaged' | null> {
    const { fs } = this.#options
    try {
      if (!(await fs.stat(path)).isFile()) return 'damaged'
      const file = v.parse(fileSchema, JSON.parse(await fs.readFile(path, 'utf8')))
      return file.drafts.flatMap((each) => {
        const read = v.safeParse(draftSchema, each)
        return read.success ? [read.output] : []
      })
    } catch (error) {
      return errorCode(error) === 'ENOENT' ? null : 'damaged'
    }
  }

  #take(drafts: readonly StoredDraft[]): void {
    for (const draft of drafts) this.#drafts.set(draft.key, draft)
    this.#makeRoom()
  }
}
