import { join } from 'node:path'
import type { CheckFault, CheckReport } from '../../shared/contract'
import { failure } from '../../shared/errors'
import type { ConversationFiles } from './conversation-files'
import { mediaNamesIn, mediaOf } from './conversation-media'
import { isStray, namesIn, writeAtomically, type FileSystem } from './files'
import { readableText } from './readable-text'
import { storageReason } from './storage'
import type { Summaries } from './summaries'

/** The stored media, as a check sees them. */
export interface MediaShelf {
  list(): Promise<StoredMedia[]>
  /** Whether the file has the content that its id names. */
  isWhole(file: { id: string; bytes: number }): Promise<boolean>
  /** Deletes those of the files that nobody has used since `sinceMs`. */
  remove(ids: readonly string[], sinceMs: number): Promise<void>
  /** Of processes that died: names of half-written files. */
  strays(): Promise<string[]>
  removeStrays(): Promise<void>
}

export interface StoredMedia {
  id: string
  bytes: number
  modifiedMs: number
}

/**
 * So young a file may be of a picture in a composer whose draft is not written yet, of an answer that is running, or of a
 * file that is being written.
 */
const YOUNG_MS = 3_600_000

/** What a check may look at. */
export interface Checked {
  fs: FileSystem
  root: string
  files: ConversationFiles
  summaries: Summaries
  media: MediaShelf
  /** What is named anywhere but in files below `root`: by what is in memory, and by drafts. */
  namedElsewhere: () => Promise<Set<string>>
  now: () => number
}

/** What a check found, and what a repair would do. */
export interface Findings {
  report: CheckReport
  /** Ids of conversations whose files cannot be read. */
  damaged: string[]
  strayMedia: string[]
  strayFiles: string[]
  isIndexStale: boolean
}

/** Looks at every file, one after the other; changes nothing but an index that is merely behind. */
export async function checkLibrary(checked: Checked): Promise<Findings> {
  const { files, summaries, media } = checked
  const stored = await media.list()
  const whole = new Map<string, Promise<boolean>>()
  const isWhole = (id: string, bytes: number): Promise<boolean> => {
    const known = whole.get(id) ?? media.isWhole({ id, bytes })
    whole.set(id, known)
    return known
  }

  const ids = await files.ids()
  const damaged: string[] = []
  const missing: CheckFault[] = []
  let bytes = stored.reduce((sum, file) => sum + file.bytes, 0)
  for (const id of ids.sort()) {
    const file = await files.readStamped(id)
    if (file === null) continue
    bytes += file.stamp.bytes
    if (file.read.kind === 'damaged') {
      damaged.push(id)
      continue
    }
    const { conversation } = file.read
    let count = 0
    for (const [mediaId, size] of mediaOf(conversation)) if (!(await isWhole(mediaId, size))) count += 1
    if (count > 0) missing.push({ kind: 'missing-media', conversationId: id, title: conversation.title, count })
  }

  const strayMedia = await findStrayMedia(checked, stored, damaged.length > 0)
  const strayIds = new Set(strayMedia)
  const strayBytes = stored.reduce((sum, file) => sum + (strayIds.has(file.id) ? file.bytes : 0), 0)
  const strayFiles = await findStrayFiles(checked)
  const strayCount = strayFiles.length + (await media.strays()).length
  await summaries.rows()
  await summaries.flush()
  const isIndexStale = !(await isIndexRight(checked))
  const faults: CheckFault[] = [
    ...(await Promise.all(damaged.map((id) => damagedFault(checked, id)))),
    ...missing,
    ...(strayMedia.length > 0 ? [{ kind: 'stray-media' as const, count: strayMedia.length, bytes: strayBytes }] : []),
    ...(strayCount > 0 ? [{ kind: 'stray-files' as const, count: strayCount }] : []),
    ...(isIndexStale ? [{ kind: 'stale-index' as const }] : []),
  ]
  const report: CheckReport = { conversations: ids.length, media: stored.length, bytes, faults }
  return { report, damaged, strayMedia, strayFiles, isIndexStale }
}

/**
 * Mends what a check found and what is still so. A damaged file stays where it is: its text is saved beside it. Images
 * that are missing stay missing. Throws storage when the disk refuses.
 */
export async function repairLibrary(checked: Checked, findings: Findings): Promise<void> {
  const { fs, root, files, summaries, media } = checked
  for (const id of findings.damaged) await saveText(checked, id)
  const sinceMs = performance.now()
  const stored = await media.list()
  const found = new Set(findings.strayMedia)
  const strayNow = await findStrayMedia(checked, stored, (await damagedIn(files)).length > 0)
  await media.remove(
    strayNow.filter((id) => found.has(id)),
    sinceMs,
  )
  for (const path of findings.strayFiles) await fs.unlink(join(root, path)).catch(() => undefined)
  await media.removeStrays()
  if (findings.isIndexStale) await summaries.rebuild()
}

async function damagedIn(files: ConversationFiles): Promise<string[]> {
  const damaged: string[] = []
  for (const id of await files.ids()) if ((await files.read(id))?.kind === 'damaged') damaged.push(id)
  return damaged
}

// What a damaged file named can only be guessed: while there is one, no image is called a stray.
async function findStrayMedia(checked: Checked, stored: StoredMedia[], hasDamaged: boolean): Promise<string[]> {
  const old = stored.filter(({ modifiedMs }) => modifiedMs < checked.now() - YOUNG_MS)
  if (old.length === 0 || hasDamaged) return []
  const names = await namedMedia(checked)
  return names === null ? [] : old.map(({ id }) => id).filter((id) => !names.has(id))
}

/**
 * Every id of a stored file that is named by a conversation, here, in the trash, set aside or running, or elsewhere. Null
 * when a file cannot be read, because then nobody knows.
 */
export async function namedMedia({
  fs,
  root,
  namedElsewhere,
}: Pick<Checked, 'fs' | 'root' | 'namedElsewhere'>): Promise<Set<string> | null> {
  const names = await namedElsewhere()
  for (const folder of ['conversations', 'trash', 'earlier', 'journals']) {
    for (const name of await namesIn(fs, join(root, folder))) {
      const path = join(root, folder, name)
      const text = await fs.lstat(path).then(
        (file) => (file.isFile() ? fs.readFile(path, 'utf8').catch(() => null) : ''),
        () => '',
      )
      if (text === null) return null
      for (const id of mediaNamesIn(text)) names.add(id)
    }
  }
  // What was named when this began may have moved from memory to a file that was read before.
  for (const id of await namedElsewhere()) names.add(id)
  return names
}

async function findStrayFiles({ fs, root, now }: Checked): Promise<string[]> {
  const found: string[] = []
  for (const folder of ['.', 'conversations', 'trash', 'earlier', 'journals', 'recovered']) {
    for (const name of await namesIn(fs, join(root, folder))) {
      if (!isStray(name)) continue
      const file = await fs.lstat(join(root, folder, name)).catch(() => null)
      if (file !== null && file.mtimeMs < now() - YOUNG_MS) found.push(join(folder, name))
    }
  }
  return found
}

async function isIndexRight({ fs, files, summaries }: Checked): Promise<boolean> {
  if (!(await summaries.isIndexWhole())) return false
  const rows = await summaries.rows()
  const ids = await files.ids()
  for (const id of ids) {
    const row = rows.get(id)
    const file = await fs.stat(files.pathOf(id)).catch(() => null)
    // Changed or gone since: whoever did it writes the index, too.
    if (file === null) continue
    if (row?.bytes !== file.size || row.modifiedMs !== file.mtimeMs) return false
  }
  const there = new Set(ids)
  return [...rows.values()].every((row) => row.bytes === 0 || there.has(row.summary.id))
}

async function damagedFault({ fs, root }: Checked, id: string): Promise<CheckFault> {
  const name = recoveredName(id)
  const isSaved = await fs.stat(join(root, name)).then(
    () => true,
    () => false,
  )
  return { kind: 'damaged', fileName: `${id}.json`, savedAs: isSaved ? name : null }
}

async function saveText({ fs, root, files }: Checked, id: string): Promise<void> {
  const broken = await fs.readFile(files.pathOf(id), 'utf8').catch(() => '')
  const text = readableText(broken)
  if (text === '') return
  try {
    await writeAtomically(fs, join(root, recoveredName(id)), text)
  } catch (error) {
    throw failure({ code: 'storage', reason: storageReason(error) })
  }
}

function recoveredName(id: string): string {
  return join('recovered', `${id}.txt`)
}
