import { randomUUID } from 'node:crypto'
import { basename, join } from 'node:path'
import { failure } from '../../shared/errors'
import {
  errorCode,
  isStray,
  makeFolder,
  MAX_LIBRARY_FILE_BYTES,
  namesIn,
  readRegularBytes,
  syncFolder,
  writeAtomically,
  type FileSystem,
} from './files'
import { isId } from './schema'
import { storageReason } from './storage'

/** No chat was ever thrown away before: a clock that says so is one that lost its battery. */
const FIRST_DAY_MS = Date.UTC(2025, 0, 1)
const DAY_MS = 86_400_000

/** One file in the trash. The name says when it came there. */
export interface TrashedFile {
  name: string
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
      .flatMap((name) => this.#fileOf(name) ?? [])
      .sort((a, b) => b.atMs - a.atMs || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
  }

  /**
   * Files by what names them: the name of a file, whether it is there or not, or the id of a conversation for its latest
   * one. What is neither is passed over.
   */
  async select(which: readonly string[]): Promise<TrashedFile[]> {
    const ids = new Set(which.filter(isId))
    const named = which.flatMap((name) => this.#fileOf(name) ?? [])
    if (ids.size === 0) return named
    const latest = new Map<string, TrashedFile>()
    for (const file of await this.list()) if (ids.has(file.id) && !latest.has(file.id)) latest.set(file.id, file)
    return [...new Map([...named, ...latest.values()].map((file) => [file.path, file])).values()]
  }

  /** One file by what names it; null when it is not in the trash. */
  async find(which: string): Promise<TrashedFile | null> {
    const [file] = await this.select([which])
    return file !== undefined && (await this.#isThere(file.path)) ? file : null
  }

  /** Moves a file here, readable or not. Throws not-found, or storage. */
  async take(id: string, path: string, nowMs: number): Promise<TrashedFile> {
    let atMs = nowMs
    // A clock that stands still, or was set back, must not put one file over another.
    while (await this.#isThere(this.#pathOf(id, atMs))) atMs += 1
    const to = this.#pathOf(id, atMs)
    await this.#move(path, to)
    return { name: basename(to), id, atMs, path: to }
  }

  /**
   * The files that came here longer ago than that. A date that cannot be right (before there was a Parley, before the file
   * was written, in the future) is of a clock that was wrong: it is written as now, and the time begins anew (R34).
   */
  async olderThan(days: number, nowMs: number): Promise<{ expired: TrashedFile[]; dated: TrashedFile[] }> {
    const expired: TrashedFile[] = []
    const dated: TrashedFile[] = []
    // Nor is the present clock believed.
    if (nowMs < FIRST_DAY_MS) return { expired, dated }
    for (const file of await this.list()) {
      const isOld = file.atMs < nowMs - days * DAY_MS
      const isAhead = file.atMs > nowMs + DAY_MS
      if (!isOld && !isAhead) continue
      const writtenMs = await this.#fs.stat(file.path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      )
      const isWrong = isAhead || file.atMs < FIRST_DAY_MS || file.atMs < writtenMs - DAY_MS
      if (!isWrong) expired.push(file)
      // Where that cannot be written it stays, and is not deleted either.
      else if (await this.take(file.id, file.path, nowMs).catch(() => null)) dated.push(file)
    }
    return { expired, dated }
  }

  /** Moves a file back. Throws not-found, or storage. */
  async putBack(file: TrashedFile, path: string): Promise<void> {
    await this.#move(file.path, path)
  }

  /**
   * Puts a copy of a file here, under an id of its own: what it is of goes on living. Durable. Throws storage.
   */
  async copy(path: string, nowMs: number): Promise<void> {
    try {
      // Of what is no file there is nothing to keep, and reading a pipe would never end.
      const bytes = await readRegularBytes(this.#fs, path, MAX_LIBRARY_FILE_BYTES)
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

  #fileOf(name: string): TrashedFile | null {
    const [id, atMs, ending, ...rest] = name.split('.')
    if (!isId(id) || atMs === undefined || !/^\d{1,16}$/.test(atMs) || ending !== 'json' || rest.length > 0) return null
    return { name, id, atMs: Number(atMs), path: join(this.folder, name) }
  }

  #pathOf(id: string, atMs: number): string {
    return join(this.folder, `${id}.${atMs}.json`)
  }

  async #isThere(path: string): Promise<boolean> {
    try {
      await this.#fs.lstat(path)
      return true
    } catch (error) {
      if (['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) return false
      throw failure({ code: 'storage', reason: storageReason(error) })
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
