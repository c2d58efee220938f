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
  /** A folder for each copy, straight in the system's own: that is cleaned now and then, while Parley runs for weeks. */
  readonly #kept: string[] = []

  constructor() {
    process.once('exit', () => {
      for (const folder of this.#kept) removeNow(folder)
    })
  }

  /** @returns the path of a copy of its own */
  async put(file: DraggedContent, name: string): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'parley-drag-'))
    this.#kept.push(folder)
    const path = join(folder, suggestFileName(name))
    await ('path' in file ? copyFile(file.path, path) : writeFile(path, file.content, { mode: 0o600 }))
    for (const old of this.#kept.splice(0, Math.max(0, this.#kept.length - KEPT))) {
      await rm(old, { recursive: true, force: true }).catch(() => undefined)
    }
    return path
  }
}

function removeNow(folder: string): void {
  try {
    rmSync(folder, { recursive: true, force: true })
  } catch {
    // Somebody still reads there; the system cleans its own folder.
  }
}
