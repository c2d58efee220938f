import * as v from 'valibot'
import type { Logger } from '../logger'
import type { MediaShelf } from './check'
import { MAX_LIBRARY_FILE_BYTES, readRegular, writeAtomically, type FileSystem } from './files'

export interface LeftoversOptions {
  fs: FileSystem
  /** Of the list, a file of hashes. */
  path: string
  media: Pick<MediaShelf, 'remove'>
  /** Every id that is named anywhere; null when that cannot be known now. */
  named: () => Promise<Set<string> | null>
  logger: Logger
}

const listSchema = v.object({ version: v.literal(1), ids: v.array(v.string()) })

/**
 * Stored media whose conversation was deleted for good, or is temporary. They go once nobody else names them. The list is
 * on disk before a conversation goes, so that a crash between the two leaves no image behind for ever.
 */
export class Leftovers {
  readonly #options: LeftoversOptions
  #ids: Set<string> | null = null
  /** One thing after the other. */
  #last: Promise<void> = Promise.resolve()

  constructor(options: LeftoversOptions) {
    this.#options = options
  }

  /** Puts ids on the list, durably if the disk takes it. */
  add(ids: Iterable<string>): Promise<void> {
    return this.#next(async () => {
      const known = await this.#load()
      const before = known.size
      for (const id of ids) known.add(id)
      if (known.size > before) await this.#save(known)
    })
  }

  /** Deletes what is on the list and named by nobody, and keeps on it what a temporary conversation still names. */
  sweep(isTemporary: (id: string) => boolean): Promise<void> {
    return this.#next(async () => {
      const known = await this.#load()
      if (known.size === 0) return
      const sinceMs = performance.now()
      const named = await this.#options.named()
      if (named === null) return
      await this.#options.media.remove(
        [...known].filter((id) => !named.has(id)),
        sinceMs,
      )
      const rest = new Set([...known].filter(isTemporary))
      if (rest.size === known.size) return
      this.#ids = rest
      await this.#save(rest)
    })
  }

  #next(work: () => Promise<void>): Promise<void> {
    this.#last = this.#last.then(work).catch(() => this.#options.logger.warn('leftovers not dealt with'))
    return this.#last
  }

  async #load(): Promise<Set<string>> {
    if (this.#ids !== null) return this.#ids
    const { fs, path } = this.#options
    const ids = await readRegular(fs, path, MAX_LIBRARY_FILE_BYTES)
      .then((text) => v.parse(listSchema, JSON.parse(text)).ids)
      .catch(() => [])
    this.#ids = new Set(ids)
    return this.#ids
  }

  async #save(ids: Set<string>): Promise<void> {
    const { fs, path } = this.#options
    await writeAtomically(fs, path, JSON.stringify({ version: 1, ids: [...ids] }))
  }
}
