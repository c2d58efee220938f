import { rmSync } from 'node:fs'
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suggestFileName } from './picked-file'

/** A stored file, by its place or by its bytes. */
export type DraggedContent = { path: string } | { content: Uint8Array }

/** Who a file was dropped on may read it later; then it has had its time. */
const KEPT = 8

/**
 * Copies of stored files under names that people know, for dragging them into other programs: those read whatever is at
 * the path that they are given, whenever they like. For this user only; the latest eight stay, until the process ends.
 */
export class DraggedFiles {
  readonly #kept: string[] = []
  #folder: Promise<string> | null = null

  /** @returns the path of a copy of its own */
  async put(file: DraggedContent, name: string): Promise<string> {
    this.#folder ??= makeFolder()
    const folder = await mkdtemp(join(await this.#folder, 'file-'))
    const path = join(folder, suggestFileName(name))
    await ('path' in file ? copyFile(file.path, path) : writeFile(path, file.content, { mode: 0o600 }))
    this.#kept.push(folder)
    for (const old of this.#kept.splice(0, Math.max(0, this.#kept.length - KEPT))) {
      await rm(old, { recursive: true, force: true }).catch(() => undefined)
    }
    return path
  }
}

async function makeFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-drag-'))
  process.once('exit', () => {
    try {
      rmSync(folder, { recursive: true, force: true })
    } catch {
      // Somebody still reads there; the system cleans its own folder.
    }
  })
  return folder
}
