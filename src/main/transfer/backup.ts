import { createHash, randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { open, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, extname } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ZipFile } from 'yazl'
import type { BackupMade } from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import { AppFailure, failure } from '../../shared/errors'
import type { Settings } from '../../shared/settings'
import type { Attachments } from '../attachments'
import { syncFolder, diskFileSystem, makeFolder } from '../library/files'
import { mediaOf } from '../library/conversation-media'
import type { Library } from '../library/library'
import { writeConversation } from '../library/schema'
import { storageReason } from '../library/storage'
import { openArchive } from './archive'
import { hashStream } from './hash'
import { portable } from './portable'

export const BACKUP_FORMAT = 'parley-backup'
export const BACKUP_VERSION = 1
export const MANIFEST_NAME = 'manifest.json'

/**
 * `manifest.json`, the last file of a backup. `entries` names every other one: `conversations/<id>.json` as in the library,
 * `media/<sha256>.<ending>`, and `settings.json` without secrets.
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

export interface ManifestEntry {
  name: string
  sha256: string
  bytes: number
}

export interface BackupSource {
  library: Pick<Library, 'list' | 'compared' | 'readAll' | 'pathOf'>
  /** A conversation with its running answers as far as they have come (R46). */
  openLive: (conversationId: string) => Promise<Conversation>
  attachments: Pick<Attachments, 'file' | 'isWhole'>
  settings: Settings
  version: string
  nowMs: number
}

/**
 * Writes all conversations with their media into one zip, one conversation in memory at a time. It is written beside its
 * place, read back whole, compared with what went in, and only then put there: half a backup is never seen, and what is there
 * stays until a good one takes its place. Temporary conversations and the trash are not in it, nor is any secret (S42).
 *
 * @throws AppFailure `storage`
 */
export async function writeBackup(path: string, source: BackupSource): Promise<BackupMade> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.tmp`
  try {
    await makeFolder(diskFileSystem, dirname(path))
    const manifest = await writeZip(draft, source)
    await verify(draft, manifest)
    const { size } = await stat(draft)
    await rename(draft, path)
    await syncFolder(diskFileSystem, dirname(path))
    return { fileName: basename(path), bytes: size, conversations: manifest.conversations, media: manifest.media }
  } catch (thrown) {
    await rm(draft, { force: true }).catch(() => undefined)
    if (thrown instanceof AppFailure && thrown.error.code === 'storage') throw thrown
    throw failure({ code: 'storage', reason: storageReason(thrown) })
  }
}

async function writeZip(path: string, source: BackupSource): Promise<Manifest> {
  const { library, attachments, settings, nowMs } = source
  const zip = new ZipFile()
  const file = await open(path, 'wx', 0o600)
  try {
    // Not by a stream of the file: it would hold the file open for as long as it lives.
    const written = pipeline(zip.outputStream, async (pieces: AsyncIterable<string | Buffer>) => {
      for await (const piece of pieces) await file.writeFile(piece)
    })
    // Each waits for its turn below, and all of them for the end of this, which may come first: a full disk.
    written.catch(() => undefined)
    const entries: ManifestEntry[] = []
    const add = async (entry: ManifestEntry, bytes: () => Readable, compress: boolean): Promise<void> => {
      entries.push(entry)
      await Promise.race([addEntry(zip, entry, bytes, { compress, mtime: new Date(nowMs) }), written])
    }
    const addText = (name: string, text: string): Promise<void> => {
      const bytes = Buffer.from(text)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      return add({ name, sha256, bytes: bytes.byteLength }, () => Readable.from([bytes]), true)
    }

    // Without its index a large library is found bit by bit, and a backup wants all of it.
    await library.list()
    await library.compared()
    const kept = new Set<string>()
    let conversations = 0
    for await (const { id, conversation, isNewer } of library.readAll()) {
      const text = isNewer
        ? withoutSessions(await readFile(library.pathOf(id), 'utf8'))
        : writeConversation(portable(isRunning(conversation) ? await source.openLive(id) : conversation))
      await addText(`conversations/${id}.json`, text)
      conversations += 1
      for (const mediaId of mediaOf(conversation).keys()) {
        const media = kept.has(mediaId) ? null : await attachments.file(mediaId)
        // What is not what it was would never come back: Check says so, a backup goes on without it.
        if (media === null || !(await attachments.isWhole({ id: mediaId, bytes: media.bytes }))) continue
        kept.add(mediaId)
        const entry = { name: `media/${mediaId}${extname(media.path)}`, sha256: mediaId, bytes: media.bytes }
        await add(entry, () => createReadStream(media.path), false)
      }
    }
    await addText('settings.json', `${JSON.stringify(withoutSecrets(settings), null, 2)}\n`)

    const manifest: Manifest = {
      format: BACKUP_FORMAT,
      version: BACKUP_VERSION,
      app: source.version,
      createdAt: new Date(nowMs).toISOString(),
      conversations,
      media: kept.size,
      entries: [...entries],
    }
    await addText(MANIFEST_NAME, `${JSON.stringify(manifest, null, 2)}\n`)
    zip.end()
    await written
    await file.sync()
    return manifest
  } finally {
    await file.close()
  }
}

function addEntry(
  zip: ZipFile,
  { name, bytes: size }: ManifestEntry,
  bytes: () => Readable,
  options: { compress: boolean; mtime: Date },
): Promise<void> {
  return new Promise((resolve, reject) => {
    zip.addReadStreamLazy(name, { ...options, size, mode: 0o100600 }, (give) => {
      const stream = bytes()
      stream.once('end', resolve)
      stream.once('error', (error) => {
        reject(error)
        zip.emit('error', error)
      })
      give(null, stream)
    })
  })
}

/** Reads all of it back: a disk that lies, or a stick that is too small for what it says, is found out now. */
async function verify(path: string, manifest: Manifest): Promise<void> {
  const archive = await openArchive(path)
  try {
    if (archive.entries.size !== manifest.entries.length + 1) throw failure({ code: 'storage', reason: 'failed' })
    for (const { name, sha256, bytes } of manifest.entries) {
      const entry = archive.entries.get(name)
      const found = entry === undefined ? null : await hashStream(await entry.open())
      if (found?.sha256 !== sha256 || found.bytes !== bytes) throw failure({ code: 'storage', reason: 'failed' })
    }
  } finally {
    archive.close()
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
