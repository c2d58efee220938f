import type { Logger } from '../logger'
import type { ConversationFiles, TrashedContents } from './conversation-files'
import { MAX_LIBRARY_FILE_BYTES, readRegular, writeAtomically, type FileSystem } from './files'
import { readTrashIndex, writeTrashIndex } from './schema'
import type { TrashedFile } from './trash'

/** Files that are read side by side: more would not be quicker, and others read as well. */
const READ_AT_ONCE = 8
/** The copy is written once things have been quiet. */
const WRITE_AFTER_MS = 2000

/**
 * What is in the trash, without reading thousands of files for it: a file there never changes, so what was read of one
 * stays true under its name. `trash.json` is a disposable copy of it for the next start. Of what is deleted for good nothing
 * stays in it.
 */
export class TrashList {
  readonly #fs: FileSystem
  readonly #path: string
  readonly #files: ConversationFiles
  readonly #logger: Logger
  readonly #known = new Map<string, TrashedContents>()
  readonly #reading = new Map<string, Promise<TrashedContents | null>>()
  /** To be read ahead, one after the other. */
  readonly #ahead: TrashedFile[] = []
  #loaded: Promise<void> | null = null
  #isReadingAhead = false
  #isStale = false
  #isClosed = false
  #timer: NodeJS.Timeout | null = null

  constructor(options: { fs: FileSystem; path: string; files: ConversationFiles; logger: Logger }) {
    this.#fs = options.fs
    this.#path = options.path
    this.#files = options.files
    this.#logger = options.logger
  }

  /** What is in these files, in their order; those that are gone are left out. */
  async of(files: readonly TrashedFile[]): Promise<{ file: TrashedFile; contents: TrashedContents }[]> {
    await (this.#loaded ??= this.#load())
    const found = new Map<string, TrashedContents>()
    const rest = files.values()
    const worker = async (): Promise<void> => {
      for (const file of rest) {
        const contents = this.#known.get(file.name) ?? (await this.#read(file))
        if (contents !== null) found.set(file.name, contents)
      }
    }
    await Promise.all(Array.from({ length: READ_AT_ONCE }, worker))
    return files.flatMap((file) => {
      const contents = found.get(file.name)
      return contents === undefined ? [] : [{ file, contents }]
    })
  }

  /** A file came into the trash: it is read when there is time, so that the list is there when somebody asks for it. */
  add(file: TrashedFile): void {
    this.#ahead.push(file)
    if (!this.#isReadingAhead) void this.#readAhead()
  }

  /** Files have left the trash. */
  delete(files: readonly TrashedFile[]): void {
    for (const { name } of files) {
      // What is being read now must not be remembered when it has been.
      this.#reading.delete(name)
      if (this.#known.delete(name)) this.#writeLater()
    }
  }

  /** Writes the copy now if it is behind. A failure is only logged: it can be made again at any time. */
  async flush(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    if (!this.#isStale) return
    await (this.#loaded ??= this.#load())
    this.#isStale = false
    const rows = [...this.#known].map(([name, contents]) => ({ name, ...contents }))
    try {
      await writeAtomically(this.#fs, this.#path, writeTrashIndex(rows))
    } catch {
      this.#isStale = true
      this.#logger.debug('list of the trash not written')
    }
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  async #load(): Promise<void> {
    const text = await readRegular(this.#fs, this.#path, MAX_LIBRARY_FILE_BYTES).catch(() => '')
    const rows = readTrashIndex(text) ?? []
    const present = new Set((await this.#files.trash.list()).map(({ name }) => name))
    for (const { name, ...contents } of rows) {
      if (!present.has(name)) this.#writeLater()
      else if (!this.#known.has(name)) this.#known.set(name, contents)
    }
  }

  #read(file: TrashedFile): Promise<TrashedContents | null> {
    const begun = this.#reading.get(file.name)
    if (begun !== undefined) return begun
    const reading = this.#files.summarizeTrashed(file).then((contents) => {
      const isMeant = this.#reading.get(file.name) === reading
      this.#reading.delete(file.name)
      // A damaged one may only have met a disk that could not be read for a moment.
      if (isMeant && contents !== null && !contents.summary.isDamaged) {
        this.#known.set(file.name, contents)
        this.#writeLater()
      }
      return contents
    })
    this.#reading.set(file.name, reading)
    return reading
  }

  async #readAhead(): Promise<void> {
    this.#isReadingAhead = true
    for (let file = this.#ahead.shift(); file !== undefined && !this.#isClosed; file = this.#ahead.shift()) {
      if (!this.#known.has(file.name)) await this.#read(file)
    }
    this.#isReadingAhead = false
  }

  #writeLater(): void {
    this.#isStale = true
    if (!this.#isClosed) this.#timer ??= setTimeout(() => void this.flush(), WRITE_AFTER_MS).unref()
  }
}
