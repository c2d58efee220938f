import { join } from 'node:path'
import type { CheckFault, CheckReport } from '../../shared/contract'
import { failure } from '../../shared/errors'
import type { ConversationFiles } from './conversation-files'
import { mediaNamesIn, mediaOf } from './conversation-media'
import {
  errorCode,
  isStray,
  lookInto,
  MAX_LIBRARY_FILE_BYTES,
  namesIn,
  readRegular,
  writeAtomically,
  type FileSystem,
} from './files'
import { isModest } from './modest'
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
  /** Moves those of the files aside that nobody has used since `sinceMs`, into a folder that names the time `nowMs`. */
  setAside(ids: readonly string[], sinceMs: number, nowMs: number): Promise<void>
  /** Moves back what was set aside and is named again. */
  bringBack(named: ReadonlySet<string>): Promise<void>
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
  /** Names of files that are conversations, but not named like ours. */
  foreign: string[]
  /** Folders that cannot be read now: while there is one, nothing is moved or deleted. */
  unreadable: string[]
}

/** The folders in which files name images. Only the first one must be there; the trash and the like come into being. */
const NAMING_FOLDERS = ['conversations', 'trash', 'earlier', 'journals'] as const

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
  const titles = new Map<string, string>()
  const tooLarge = new Set<string>()
  const missing: CheckFault[] = []
  let bytes = stored.reduce((sum, file) => sum + file.bytes, 0)
  for (const id of ids.sort()) {
    const file = await files.readStamped(id)
    if (file === null) continue
    bytes += file.stamp.bytes
    if (file.read.kind === 'damaged') {
      damaged.push(id)
      if (file.read.isTooLarge) tooLarge.add(id)
      if (file.read.title !== undefined) titles.set(id, file.read.title)
      continue
    }
    const { conversation } = file.read
    let count = 0
    for (const [mediaId, size] of mediaOf(conversation)) if (!(await isWhole(mediaId, size))) count += 1
    if (count > 0) missing.push({ kind: 'missing-media', conversationId: id, title: conversation.title, count })
  }

  const unreadable = await findUnreadable(checked, stored.length > 0)
  const isInDoubt = damaged.length > 0 || unreadable.length > 0
  const strayMedia = await findStrayMedia(checked, stored, isInDoubt)
  const strayIds = new Set(strayMedia)
  const strayBytes = stored.reduce((sum, file) => sum + (strayIds.has(file.id) ? file.bytes : 0), 0)
  const strayFiles = await findStrayFiles(checked)
  const strayCount = strayFiles.length + (await media.strays()).length
  await summaries.rows()
  await summaries.flush()
  const isIndexStale = unreadable.length === 0 && !(await isIndexRight(checked, new Set(damaged)))
  const foreign = await files.foreign()
  const faults: CheckFault[] = [
    ...unreadable.map((folder) => ({ kind: 'unreadable-folder' as const, folder })),
    ...(await Promise.all(damaged.map((id) => damagedFault(checked, id, tooLarge.has(id), titles.get(id))))),
    ...missing,
    ...foreign.map((file) => ({ kind: 'foreign-file' as const, ...file })),
    ...(strayMedia.length > 0 ? [{ kind: 'stray-media' as const, count: strayMedia.length, bytes: strayBytes }] : []),
    ...(strayCount > 0 ? [{ kind: 'stray-files' as const, count: strayCount }] : []),
    ...(isIndexStale ? [{ kind: 'stale-index' as const }] : []),
  ]
  const report: CheckReport = { conversations: ids.length, media: stored.length, bytes, faults }
  return {
    report,
    damaged,
    strayMedia,
    strayFiles,
    isIndexStale,
    unreadable,
    foreign: foreign.map(({ fileName }) => fileName),
  }
}

/**
 * Mends what a check found and what is still so. A damaged file stays where it is: its text is saved beside it. Images
 * that nobody names are set aside, not deleted, and come back once they are named again; others that are missing stay
 * missing. While a folder cannot be read, nothing is moved. Throws storage when the disk refuses.
 */
export async function repairLibrary(checked: Checked, findings: Findings): Promise<void> {
  const { fs, root, files, summaries, media } = checked
  for (const id of findings.damaged) await saveText(checked, id)
  for (const name of findings.foreign) {
    const id = await files.adopt(name).catch((error: unknown) => {
      // Somebody has moved it away since.
      if (errorCode(error) === 'ENOENT') return null
      throw failure({ code: 'storage', reason: storageReason(error) })
    })
    if (id !== null) await summaries.add(id)
  }
  const sinceMs = performance.now()
  const stored = await media.list()
  const named = await namedMedia(checked)
  if (named !== null) await media.bringBack(named)
  if (findings.unreadable.length > 0 || (await findUnreadable(checked, stored.length > 0)).length > 0) return
  const found = new Set(findings.strayMedia)
  const strayNow = await findStrayMedia(checked, stored, (await damagedIn(files)).length > 0)
  await media.setAside(
    strayNow.filter((id) => found.has(id)),
    sinceMs,
    checked.now(),
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

/** Folders that should be there, or are, and cannot be read now. */
async function findUnreadable({ fs, root }: Checked, hasMedia: boolean): Promise<string[]> {
  const unreadable: string[] = []
  for (const folder of NAMING_FOLDERS) {
    const names = await lookInto(fs, join(root, folder))
    // It is made at every start: without it somebody has moved it away, and the images are what is left.
    const isLost = names === 'missing' && folder === 'conversations' && hasMedia
    if (names === null || isLost) unreadable.push(folder)
  }
  return unreadable
}

/**
 * Every id of a stored file that is named by a conversation, here, in the trash, set aside or running, or elsewhere. Null
 * when a folder or a file cannot be read, because then nobody knows.
 */
export async function namedMedia({
  fs,
  root,
  namedElsewhere,
}: Pick<Checked, 'fs' | 'root' | 'namedElsewhere'>): Promise<Set<string> | null> {
  const names = await namedElsewhere()
  const read = new Set<string>()
  // The first one twice: what came back out of the trash meanwhile lies in neither when each is looked at once.
  for (const folder of [...NAMING_FOLDERS, 'conversations']) {
    const found = await lookInto(fs, join(root, folder))
    if (found === null || (found === 'missing' && folder === 'conversations')) return null
    for (const name of found === 'missing' ? [] : found) {
      const path = join(root, folder, name)
      if (read.has(path)) continue
      read.add(path)
      const text = await textForNames(fs, path)
      if (text === null) return null
      for (const id of mediaNamesIn(text)) names.add(id)
    }
  }
  // What was named when this began may have moved from memory to a file that was read before.
  for (const id of await namedElsewhere()) names.add(id)
  return names
}

/** The text of a file, also of one that is a link; nothing for a folder and for what has gone; null when nobody knows. */
async function textForNames(fs: FileSystem, path: string): Promise<string | null> {
  try {
    if ((await fs.stat(path)).isDirectory()) return ''
    return await readRegular(fs, path, MAX_LIBRARY_FILE_BYTES)
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') return null
    // A link that leads nowhere leads to a disk that is not there.
    return fs.lstat(path).then(
      () => null,
      (gone: unknown) => (errorCode(gone) === 'ENOENT' ? '' : null),
    )
  }
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

async function isIndexRight({ fs, files, summaries }: Checked, damaged: ReadonlySet<string>): Promise<boolean> {
  if (!(await summaries.isIndexWhole())) return false
  const rows = await summaries.rows()
  const ids = await files.ids()
  for (const id of ids) {
    const row = rows.get(id)
    const file = await fs.stat(files.pathOf(id)).catch(() => null)
    // Changed or gone since: whoever did it writes the index, too.
    if (file === null) continue
    if (row?.bytes !== file.size || row.modifiedMs !== file.mtimeMs) return false
    // A disk that could not be read for a moment has nothing to do with the file.
    if (row.summary.isDamaged !== damaged.has(id)) return false
  }
  const there = new Set(ids)
  return [...rows.values()].every((row) => row.bytes === 0 || there.has(row.summary.id))
}

async function damagedFault(
  { fs, root }: Checked,
  id: string,
  isTooLarge: boolean,
  title: string | undefined,
): Promise<CheckFault> {
  const fault = { kind: 'damaged' as const, conversationId: id, fileName: `${id}.json` }
  if (isTooLarge) return { ...fault, savedAs: null, isTooLarge }
  const name = recoveredName(id)
  const isSaved = await fs.stat(join(root, name)).then(
    () => true,
    () => false,
  )
  return { ...fault, ...(title !== undefined && { title }), savedAs: isSaved ? name : null }
}

async function saveText({ fs, root, files }: Checked, id: string): Promise<void> {
  // It may have been brought back since the check.
  if ((await files.read(id))?.kind !== 'damaged') return
  const broken = await readRegular(fs, files.pathOf(id), MAX_LIBRARY_FILE_BYTES).catch(() => '')
  if (!(await isModest(Buffer.from(broken)))) return
  const text = readableText(broken)
  if (text === '') return
  try {
    await writeAtomically(fs, join(root, recoveredName(id)), text)
  } catch (error) {
    throw failure({ code: 'storage', reason: storageReason(error) })
  }
}

/** Below the root of the library: the saved text of a damaged conversation. */
export function recoveredName(id: string): string {
  return join('recovered', `${id}.txt`)
}
