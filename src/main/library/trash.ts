import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { failure } from '../../shared/errors'
import { errorCode, isStray, makeFolder, namesIn, syncFolder, writeAtomically, type FileSystem } from './files'
import { isId } from './schema'
import { storageReason } from './storage'

/** One file in the trash. The name says when it came there. */
export interface TrashedFile {
  id: string
  atMs: number
  path: string
}

/** The folder `trash`: files of deleted conversations, `<id>.<ms>.json`, as they were. */
export class Trash {
  readonly folder: string
  readonly #fs: FileSystem

  constructor(fs: FileSystem, root: string) {
    this.#fs = fs
    this.folder = join(root, 'trash')
  }

  /** All files, the latest first. */
  async list(): Promise<TrashedFile[]> {
    const names = await namesIn(this.#fs, this.folder)
    return names
      .flatMap((name) => {
        const [id, atMs, ending, ...rest] = name.split('.')
        if (!isId(id) || atMs === undefined || !/^\d+$/.test(atMs) || ending !== 'json' || rest.length > 0) return []
        return [{ id, atMs: Number(atMs), path: join(this.folder, name) }]
      })
      .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? -1 : 1))
  }

  /** The latest file of a conversation; null when it is not in the trash. */
  async find(id: string): Promise<TrashedFile | null> {
    return (await this.list()).find((each) => each.id === id) ?? null
  }

  /** Moves a file here, readable or not. Throws not-found, or storage. */
  async take(id: string, path: string, nowMs: number): Promise<void> {
    const taken = new Set((await this.list()).filter((each) => each.id === id).map(({ atMs }) => atMs))
    let atMs = nowMs
    // A clock that stands still, or was set back, must not put one file over another.
    while (taken.has(atMs)) atMs += 1
    await this.#move(path, join(this.folder, `${id}.${atMs}.json`))
  }

  /** Moves the latest file of a conversation back. Throws not-found, or storage. */
  async putBack(id: string, path: string): Promise<void> {
    const file = await this.find(id)
    if (file === null) throw failure({ code: 'not-found', what: 'conversation' })
    await this.#move(file.path, path)
  }

  /**
   * Puts a copy of a file here, under an id of its own: what it is of goes on living. Durable. Throws storage.
   */
  async copy(path: string, nowMs: number): Promise<void> {
    try {
      const bytes = await this.#fs.readFile(path)
      await writeAtomically(this.#fs, join(this.folder, `${randomUUID()}.${nowMs}.json`), bytes)
    } catch (error) {
      throw failure({ code: 'storage', reason: storageReason(error) })
    }
  }

  /** Deletes for good. Throws storage. */
  async delete(files: readonly TrashedFile[]): Promise<void> {
    for (const { path } of files) {
      try {
        await this.#fs.unlink(path)
      } catch (error) {
        if (errorCode(error) !== 'ENOENT') throw failure({ code: 'storage', reason: storageReason(error) })
      }
    }
    if (files.length > 0) await syncFolder(this.#fs, this.folder).catch(() => undefined)
  }

  /** Removes what a crash left half written. */
  async sweep(): Promise<void> {
    for (const name of await namesIn(this.#fs, this.folder)) {
      if (isStray(name)) await this.#fs.unlink(join(this.folder, name)).catch(() => undefined)
    }
  }

  async #move(from: string, to: string): Promise<void> {
    try {
      await makeFolder(this.#fs, this.folder)
      await this.#fs.rename(from, to)
    } catch (error) {
      if (errorCode(error) === 'ENOENT') throw failure({ code: 'not-found', what: 'conversation' })
      throw failure({ code: 'storage', reason: storageReason(error) })
    }
    // It has moved; should the power fail before this is durable, it lies where it was.
    for (const path of [from, to]) await syncFolder(this.#fs, join(path, '..')).catch(() => undefined)
  }
}
