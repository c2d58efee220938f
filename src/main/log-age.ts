import { lstat, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { diskFileSystem, namesIn, writeAtomically } from './library/files'

const DAY_MS = 86_400_000
/** Ours are smaller (R44); what is larger is not read to find out how old it is. */
const MAX_FILE_BYTES = 4 * 1024 * 1024

/**
 * Deletes the lines of the logs in a folder that are older than so many days, and files that have no younger ones. Never
 * rejects: a log that cannot be shortened does no harm.
 */
export async function forgetOldLines(folder: string, days: number, nowMs: number): Promise<void> {
  const sinceMs = nowMs - days * DAY_MS
  for (const name of await namesIn(diskFileSystem, folder).catch(() => [])) {
    if (name.endsWith('.log')) await shorten(join(folder, name), sinceMs).catch(() => undefined)
  }
}

async function shorten(path: string, sinceMs: number): Promise<void> {
  if (!(await lstat(path)).isFile()) return
  const { mtimeMs, size } = await stat(path)
  if (mtimeMs < sinceMs || size > MAX_FILE_BYTES) {
    await rm(path, { force: true })
    return
  }
  const text = await readFile(path, 'utf8')
  const from = startOf(text, sinceMs)
  if (from === text.length) await rm(path, { force: true })
  else if (from > 0) await writeAtomically(diskFileSystem, path, text.slice(from))
}

/** Where the first line begins that is young enough; the end of the text when there is none. */
function startOf(text: string, sinceMs: number): number {
  // As electron-log writes them, in local time. A line without a date belongs to the one before it.
  for (const line of text.matchAll(/^\[(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)/gmu)) {
    const [year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0] = line.slice(1).map(Number)
    if (new Date(year, month - 1, day, hour, minute, second).getTime() >= sinceMs) return line.index
  }
  return text.length
}
