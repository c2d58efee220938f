import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Clock } from '../../src/main/clock'
import { diskFileSystem, type FileSystem } from '../../src/main/library/files'
import { openLibrary, type Library, type LibraryOptions } from '../../src/main/library/library'
import { silentLogger } from '../../src/main/logger'

/** A clock that stands still until a test moves it. */
export interface SetClock extends Clock {
  nowMs: number
}

export function setClock(nowMs = 1_750_000_000_000): SetClock {
  const clock: SetClock = { nowMs, now: () => clock.nowMs, monotonicMs: () => performance.now() }
  return clock
}

/** An empty folder that is removed when the test has finished. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'parley-library-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  return folder
}

/** A library on a folder; closed when the test has finished. */
export function libraryOn(
  root: string,
  fs: FileSystem = diskFileSystem,
  clock: Clock = setClock(),
  options: Pick<LibraryOptions, 'trashDays' | 'format'> = {},
): Library {
  const library = openLibrary({ root, clock, logger: silentLogger, fs, ...options })
  onTestFinished(() => library.close())
  return library
}

/** The real disk without its waits for durability: for tests of thousands of steps that never lose power. */
export const hastyDisk: FileSystem = {
  ...diskFileSystem,
  open: async (path, flags, mode) => {
    const handle = await diskFileSystem.open(path, flags, mode)
    handle.sync = () => Promise.resolve()
    handle.datasync = () => Promise.resolve()
    return handle
  },
}

/** Text of every file under a folder, by its path below it. */
export async function filesUnder(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = await Promise.all(
    entries
      .filter((entry) => entry.isFile())
      .map(async (entry) => {
        const path = join(entry.parentPath, entry.name)
        return [path.slice(root.length + 1), await readFile(path, 'utf8')] as const
      }),
  )
  return Object.fromEntries(files.sort(([a], [b]) => (a < b ? -1 : 1)))
}
