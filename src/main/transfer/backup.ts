import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { basename, extname } from 'node:path'
import type { BackupMade, StoredDraft } from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import type { Settings } from '../../shared/settings'
import type { Attachments } from '../attachments'
import { attachmentsOf } from '../drafts'
import { mediaOf } from '../library/conversation-media'
import type { Library } from '../library/library'
import { writeConversation } from '../library/schema'
import { hashStream } from './hash'
import { portable } from './portable'
import type { Follower } from './progress'
import { writeZip, type ZipDraft, type ZipEntry } from './zip'

export const BACKUP_FORMAT = 'parley-backup'
export const BACKUP_VERSION = 1
export const MANIFEST_NAME = 'manifest.json'
export const SETTINGS_NAME = 'settings.json'
export const DRAFTS_NAME = 'drafts.json'
export const PROMPTS_NAME = 'prompts.json'

/**
 * `manifest.json`, the last file of a backup. `entries` names every other one: `conversations/<id>.json` as in the library,
 * `media/<sha256>.<ending>`, `settings.json` without secrets, `drafts.json`, `prompts.json` as the page of prompts exports them, and `damaged/<id>.json` for files that cannot be
 * read: nothing restores those, but nothing of them is lost either.
 */
export interface Manifest {
  format: typeof BACKUP_FORMAT
  version: number
  app: string
  createdAt: string
  conversations: number
  media: number
  entries: ManifestEntry[]
}

export type ManifestEntry = ZipEntry

/** What leaves Parley whole: everything of the library with its media. */
export interface BackupSource {
  library: Pick<Library, 'list' | 'compared' | 'readAll' | 'pathOf' | 'isTemporary'>
  /** A conversation with its running answers as far as they have come (R46). */
  openLive: (conversationId: string) => Promise<Conversation>
  attachments: Pick<Attachments, 'file' | 'isWhole'>
  settings: Settings
  /** What was not sent yet. */
  drafts: () => Promise<StoredDraft[]>
  /** All prompts as JSON. */
  prompts: () => string
  version: string
  nowMs: number
  follower: Follower
}

/**
 * Writes all conversations with their media into one zip, one conversation in memory at a time; see writeZip. Temporary
 * conversations and the trash are not in it, nor is any secret (S42).
 *
 * @returns null when it was stopped
 * @throws AppFailure `storage`
 */
export async function writeBackup(path: string, source: BackupSource): Promise<BackupMade | null> {
  const zip = await writeZip(path, source, (draft) => fillBackup(draft, source))
  return zip === null ? null : { fileName: basename(path), bytes: zip.bytes, ...zip.value }
}

async function fillBackup(draft: ZipDraft, source: BackupSource): Promise<Omit<BackupMade, 'fileName' | 'bytes'>> {
  const { settings, nowMs, library } = source
  const kept = new Set<string>()
  let conversations = 0
  for await (const { id, conversation, isNewer } of eachConversation(source)) {
    const text = isNewer
      ? withoutSessions(await readFile(library.pathOf(id), 'utf8'))
      : writeConversation(portable(conversation))
    await draft.addText(`conversations/${id}.json`, text)
    conversations += 1
    await addMedia(draft, mediaOf(conversation).keys(), kept, 'media', source)
  }
  const damaged = await addDamaged(draft, source)
  const drafts = (await source.drafts()).filter(({ key }) => !library.isTemporary(key))
  const draftMedia = drafts.flatMap((draft) => attachmentsOf(draft).map(({ id }) => id))
  await addMedia(draft, draftMedia, kept, 'media', source)
  await draft.addText(DRAFTS_NAME, `${JSON.stringify({ version: 1, drafts }, null, 2)}\n`)
  await draft.addText(PROMPTS_NAME, source.prompts())
  await draft.addText(SETTINGS_NAME, `${JSON.stringify(withoutSecrets(settings), null, 2)}\n`)

  const manifest: Manifest = {
    format: BACKUP_FORMAT,
    version: BACKUP_VERSION,
    app: source.version,
    createdAt: new Date(nowMs).toISOString(),
    conversations,
    media: kept.size,
    entries: [...draft.entries],
  }
  await draft.addText(MANIFEST_NAME, `${JSON.stringify(manifest, null, 2)}\n`)
  return { conversations, media: kept.size, damaged }
}

/** The files of conversations that cannot be read, as they are. One that the disk does not give at all is only counted. */
async function addDamaged(draft: ZipDraft, { library, follower }: BackupSource): Promise<number> {
  const damaged = (await library.list()).filter(({ isDamaged }) => isDamaged)
  for (const { id } of damaged) {
    follower.signal.throwIfAborted()
    const path = library.pathOf(id)
    const info = await stat(path).catch(() => null)
    if (info?.isFile() !== true) continue
    const found = await hashStream(createReadStream(path)).catch(() => null)
    if (found !== null) await draft.addFile({ name: `damaged/${id}.json`, ...found }, path, true)
  }
  return damaged.length
}

/** All conversations one after the other, running answers as far as they have come; throws when it is stopped. */
export async function* eachConversation({
  library,
  openLive,
  follower,
}: Pick<BackupSource, 'library' | 'openLive' | 'follower'>): AsyncGenerator<{
  id: string
  conversation: Conversation
  isNewer: boolean
}> {
  // Without its index a large library is found bit by bit, and a backup wants all of it.
  await library.list()
  await library.compared()
  const readable = (await library.list()).filter(({ isTemporary, isDamaged }) => !isTemporary && !isDamaged)
  follower.begin('work', readable.length)
  for await (const { id, conversation, isNewer } of library.readAll()) {
    follower.signal.throwIfAborted()
    follower.show(conversation.title, mediaOf(conversation).size)
    // One that is thrown away just then is what it was a moment ago.
    const live = !isNewer && isRunning(conversation) ? await openLive(id).catch(() => conversation) : conversation
    yield { id, conversation: live, isNewer }
    follower.advance()
  }
}

/** Puts the stored files of a conversation into the zip that are not in it yet, under their hash. */
export async function addMedia(
  draft: ZipDraft,
  ids: Iterable<string>,
  kept: Set<string>,
  folder: string,
  { attachments, follower }: Pick<BackupSource, 'attachments' | 'follower'>,
): Promise<void> {
  for (const id of ids) {
    follower.signal.throwIfAborted()
    const media = kept.has(id) ? null : await attachments.file(id)
    // What is not what it was would never come back: Check says so, a backup goes on without it.
    if (media === null || !(await attachments.isWhole({ id, bytes: media.bytes }))) continue
    kept.add(id)
    await draft.addFile({ name: `${folder}/${id}${extname(media.path)}`, sha256: id, bytes: media.bytes }, media.path)
  }
}

function isRunning(conversation: Conversation): boolean {
  return conversation.messages.some((message) => message.role === 'assistant' && message.state === 'running')
}

/** The file of a newer Parley with all that this one does not know of it, but for the session state of providers. */
function withoutSessions(text: string): string {
  const json = JSON.parse(text, (key, value: unknown) => (key === 'sessions' ? null : value)) as unknown
  return `${JSON.stringify(json, null, 2)}\n`
}

/** Secrets do not lie in the settings; what a person may have written beside them stays behind as well. */
function withoutSecrets(settings: Settings): Settings {
  return {
    ...settings,
    backends: settings.backends.map((backend) => ({
      ...backend,
      headers: backend.headers.map((header) => (header.isSecret ? { ...header, value: '' } : header)),
      // The file of an authority lies with this computer.
      trust: backend.trust.kind === 'authority' ? { kind: 'system' } : backend.trust,
    })),
  }
}
