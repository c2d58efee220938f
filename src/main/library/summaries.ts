import { join } from 'node:path'
import type { ConversationChange } from '../../shared/contract'
import type { ConversationSummary } from '../../shared/conversation'
import type { Logger } from '../logger'
import {
  lookInto,
  MAX_LIBRARY_FILE_BYTES,
  namesIn,
  readRegular,
  writeAtomically,
  type FileStamp,
  type FileSystem,
} from './files'
import { idsIn, readIndex, writeIndex, type IndexRow } from './schema'

/** So many files that the index does not know are read before the list is shown; more of them come in behind it. */
const READ_AT_ONCE = 64
/** Files that are looked at side by side while the folder is compared with the index. */
const COMPARED_AT_ONCE = 16
/** With an index nothing is missing that the start would have to wait for: the folder is looked at once the window is there. */
const COMPARE_AFTER_MS = 2000
/** What the files turn out to say is told so often: ten thousand changes, one by one, would stand in the way of everything. */
const TELL_AFTER_MS = 250
/** The index is written once things have been quiet; it is only a copy of what the files say. */
const WRITE_AFTER_MS = 2000

/**
 * The summaries of all conversations, so that the list needs no conversation file. `index.json` is a disposable copy: it
 * is believed at once, compared with the folder by name, size and time afterwards, and rebuilt from the files when it is
 * missing or wrong. What turns out to be different is told as changes.
 */
export class Summaries {
  readonly #fs: FileSystem
  readonly #folder: string
  readonly #indexPath: string
  readonly #logger: Logger
  readonly #readRow: (id: string) => Promise<IndexRow | null>
  readonly #rows = new Map<string, IndexRow>()
  /** Trashed while a reading of the folder may be under way, which must not bring them back. */
  readonly #gone = new Set<string>()
  readonly #listeners = new Set<(changes: ConversationChange[]) => void>()
  /** What the files have turned out to say, and nobody has been told yet. */
  #found: ConversationChange[] = []
  #tellTimer: NodeJS.Timeout | null = null
  #loaded: Promise<void> | null = null
  #compared: Promise<void> = Promise.resolve()
  /** Begins the comparison, if it has not begun. */
  #compareNow: () => void = () => undefined
  #isIndexStale = false
  #timer: NodeJS.Timeout | null = null
  #compareTimer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(options: {
    fs: FileSystem
    folder: string
    indexPath: string
    logger: Logger
    readRow: (id: string) => Promise<IndexRow | null>
  }) {
    this.#fs = options.fs
    this.#folder = options.folder
    this.#indexPath = options.indexPath
    this.#logger = options.logger
    this.#readRow = options.readRow
  }

  /** All that is known, the latest first. What the comparison with the folder finds comes as changes. */
  async list(): Promise<ConversationSummary[]> {
    await (this.#loaded ??= this.#load())
    return [...this.#rows.values()]
      .map((row) => row.summary)
      .sort((a, b) => b.updatedAt - a.updatedAt || (a.id < b.id ? -1 : 1))
  }

  /** Resolves when the index has been compared with the folder: now, or some time after the first `list`. */
  async compared(): Promise<void> {
    await (this.#loaded ??= this.#load())
    this.#compareNow()
    await this.#compared
  }

  /** What changes, in its order. What the comparison finds comes many at a time. */
  onChange(listener: (changes: ConversationChange[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** What is known of every file: its row, of temporary conversations included, by id. */
  async rows(): Promise<ReadonlyMap<string, IndexRow>> {
    await this.compared()
    return this.#rows
  }

  row(id: string): IndexRow | undefined {
    return this.#rows.get(id)
  }

  /** Whether `index.json` says what is known; to be asked after `flush`. */
  async isIndexWhole(): Promise<boolean> {
    const rows = await readRegular(this.#fs, this.#indexPath, MAX_LIBRARY_FILE_BYTES).then(readIndex, () => null)
    const known = this.#kept()
    if (rows === null || rows.length !== known.length) return false
    const written = new Map(rows.map((row) => [row.summary.id, row]))
    return known.every(({ summary, bytes, modifiedMs }) => {
      const row = written.get(summary.id)
      return row?.bytes === bytes && row.modifiedMs === modifiedMs && isSame(row.summary, summary)
    })
  }

  /** Reads all files anew, and writes the index. */
  async rebuild(): Promise<void> {
    await this.rows()
    const ids = new Set(idsIn(await namesIn(this.#fs, this.#folder)))
    for (const { id } of this.#kept().map((row) => row.summary)) ids.add(id)
    await eachOf([...ids], (id) => this.#refresh(id))
    this.#tell()
    this.#isIndexStale = true
    await this.flush()
  }

  /** Takes a summary from memory; the file has it later, see `stamp`. */
  put(summary: ConversationSummary): void {
    const before = this.#rows.get(summary.id)
    this.#set({ bytes: before?.bytes ?? 0, modifiedMs: before?.modifiedMs ?? 0, summary })
    this.#tell()
  }

  /** What the file of a conversation looks like now. */
  stamp(id: string, stamp: FileStamp): void {
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.set(id, { ...row, ...stamp })
    this.#writeLater()
  }

  delete(id: string): void {
    this.#remove(id)
    this.#tell()
  }

  /** Reads the file of a conversation that came back from the trash. */
  async add(id: string): Promise<void> {
    this.#gone.delete(id)
    await this.#refresh(id)
    this.#tell()
  }

  /** Writes the index now if it is behind. A failure is only logged: it can be made again at any time. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (!this.#isIndexStale || this.#loaded === null) return
    await this.#loaded
    this.#isIndexStale = false
    try {
      await writeAtomically(this.#fs, this.#indexPath, writeIndex(this.#kept()))
    } catch {
      this.#isIndexStale = true
      this.#logger.debug('index not written')
    }
  }

  close(): void {
    this.#isClosed = true
    for (const timer of [this.#timer, this.#tellTimer, this.#compareTimer]) if (timer !== null) clearTimeout(timer)
  }

  async #load(): Promise<void> {
    const [found, rows] = await Promise.all([lookInto(this.#fs, this.#folder), this.#readIndex()])
    // A folder that cannot be read for a moment is not an empty one.
    const ids = new Set(
      found === null ? rows.map(({ summary }) => summary.id) : found === 'missing' ? [] : idsIn(found),
    )
    for (const row of rows) {
      const { id, isRunning, isReadOnly } = row.summary
      // What was opened, made or thrown away before the first list is newer than its row, and what ran when the row was
      // written runs no more; and this Parley may be the newer one that a file has waited for.
      const isCurrent = !isRunning && isReadOnly !== true && !this.#rows.has(id) && !this.#gone.has(id)
      if (ids.has(id) && isCurrent) this.#rows.set(id, row)
    }
    const unknown = await this.#latestFirst([...ids].filter((id) => !this.#rows.has(id)))
    const readNow = new Set(unknown.slice(0, READ_AT_ONCE))
    await eachOf([...readNow], (id) => this.#refresh(id))
    this.#tell()
    const known = [...ids].filter((id) => this.#rows.has(id) && !readNow.has(id))
    const later = unknown.slice(READ_AT_ONCE)
    this.#compared = new Promise((resolve) => {
      this.#compareNow = () => {
        this.#compareNow = () => undefined
        resolve(this.#compare([...later, ...known]))
      }
    })
    if (later.length > 0) this.#compareNow()
    else if (!this.#isClosed) this.#compareTimer = setTimeout(() => this.#compareNow(), COMPARE_AFTER_MS).unref()
  }

  /** In the order in which their files were written, as far as that matters: those that are shown first are read first. */
  async #latestFirst(ids: string[]): Promise<string[]> {
    if (ids.length <= READ_AT_ONCE) return ids
    const modified = new Map<string, number>()
    await eachOf(ids, async (id) => {
      const file = await this.#fs.stat(join(this.#folder, `${id}.json`)).catch(() => null)
      modified.set(id, file?.mtimeMs ?? 0)
    })
    return ids.sort((a, b) => (modified.get(b) ?? 0) - (modified.get(a) ?? 0))
  }

  async #readIndex(): Promise<IndexRow[]> {
    try {
      const rows = readIndex(await readRegular(this.#fs, this.#indexPath, MAX_LIBRARY_FILE_BYTES))
      if (rows !== null) return rows
    } catch {
      // None there yet, or it cannot be read: the files say the same.
    }
    this.#isIndexStale = true
    return []
  }

  async #compare(ids: string[]): Promise<void> {
    await eachOf(ids, async (id) => {
      if (this.#isClosed) return
      const row = this.#rows.get(id)
      if (row !== undefined) {
        const file = await this.#fs.stat(join(this.#folder, `${id}.json`)).catch(() => null)
        if (file !== null && file.size === row.bytes && file.mtimeMs === row.modifiedMs) return
      }
      await this.#refresh(id)
    })
    this.#tell()
    if (!this.#isClosed && this.#isIndexStale) this.#writeLater()
  }

  async #refresh(id: string): Promise<void> {
    const before = this.#rows.get(id)
    const row = await this.#readRow(id)
    // What was put or deleted while the file was read is newer than what was read.
    if (this.#gone.has(id) || this.#rows.get(id) !== before) return
    if (row === null) this.#remove(id)
    else this.#set(row)
    if (!this.#isClosed && this.#found.length > 0)
      this.#tellTimer ??= setTimeout(() => this.#tell(), TELL_AFTER_MS).unref()
  }

  #set(row: IndexRow): void {
    this.#gone.delete(row.summary.id)
    const before = this.#rows.get(row.summary.id)
    this.#rows.set(row.summary.id, row)
    if (before !== undefined && isSame(before.summary, row.summary)) return
    this.#found.push({ kind: 'upsert', summary: row.summary })
    if (!row.summary.isTemporary) this.#writeLater()
  }

  #remove(id: string): void {
    this.#gone.add(id)
    const row = this.#rows.get(id)
    if (row === undefined) return
    this.#rows.delete(id)
    this.#found.push({ kind: 'remove', conversationId: id })
    if (!row.summary.isTemporary) this.#writeLater()
  }

  /** The rows that the index may have. */
  #kept(): IndexRow[] {
    return [...this.#rows.values()].filter((row) => !row.summary.isTemporary)
  }

  #tell(): void {
    if (this.#tellTimer !== null) clearTimeout(this.#tellTimer)
    this.#tellTimer = null
    const changes = this.#found
    if (changes.length === 0) return
    this.#found = []
    for (const listener of this.#listeners) {
      try {
        listener(changes)
      } catch {
        // The change itself must still reach the disk.
        this.#logger.warn('listener of conversation changes threw')
      }
    }
  }

  #writeLater(): void {
    this.#isIndexStale = true
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref()
  }
}

function isSame(a: ConversationSummary, b: ConversationSummary): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

// Every step waits for a file, so other work of the process goes on between them.
async function eachOf(ids: readonly string[], step: (id: string) => Promise<void>): Promise<void> {
  const rest = ids.values()
  const worker = async (): Promise<void> => {
    for (const id of rest) await step(id)
  }
  await Promise.all(Array.from({ length: COMPARED_AT_ONCE }, worker))
}
