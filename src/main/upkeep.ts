import { lstat, readdir } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join, sep } from 'node:path'
import type { CheckReport, LibrarySizes, StoredDraft } from '../shared/contract'
import type { Attachments } from './attachments'
import { attachmentsOf, type Drafts } from './drafts'
import type { Generations } from './generations'
import { mediaOf } from './library/conversation-media'
import { diskFileSystem } from './library/files'
import { Leftovers } from './library/leftovers'
import type { Library, Outside } from './library/library'
import type { Logger } from './logger'
import type { MediaStore } from './media'
import type { Wire } from './wire/wire'

const DAY_MS = 86_400_000
/** Images that a repair has found without a conversation are kept for so long. */
const ASIDE_DAYS = 30
/** The start has better things to do than to look into the trash. */
const FIRST_AFTER_MS = 10_000

/** What Chromium and Parley keep to be quicker, and what can be deleted at any time. */
const CACHES = [
  'Cache',
  'Code Cache',
  'GPUCache',
  'DawnCache',
  'DawnGraphiteCache',
  'DawnWebGPUCache',
  'ShaderCache',
  'GrShaderCache',
  'GraphiteDawnCache',
  'blob_storage',
  'catalogues.json',
  join('library', 'index.json'),
  'search.db',
  'search.db-wal',
  'search.db-shm',
]

export interface UpkeepOptions {
  /** Where everything of the person lies. */
  folder: string
  logFolder: string
  library: Library
  generations: Pick<Generations, 'discard' | 'trash'>
  attachments: Attachments
  drafts: Drafts
  media: Pick<MediaStore, 'forgetSpoken'>
  wire: Pick<Wire, 'forget'>
  /** Milliseconds since the epoch. */
  now: () => number
  logger: Logger
}

/**
 * What happens to everything of a conversation, not only to its file: what is deleted for good takes its draft and its
 * images with it, unless somebody else names them; what is temporary leaves nothing. And the caretaker's round: the trash
 * is emptied, and the library is checked.
 */
export class Upkeep {
  readonly #options: UpkeepOptions
  readonly #outside: Outside
  readonly #leftovers: Leftovers
  #sweeping: Promise<void> = Promise.resolve()
  #firstTimer: NodeJS.Timeout | null = null
  #dailyTimer: NodeJS.Timeout | null = null

  constructor(options: UpkeepOptions) {
    const { library, attachments, drafts, folder, logger } = options
    this.#options = options
    this.#outside = { media: attachments, named: () => drafts.media() }
    this.#leftovers = new Leftovers({
      fs: diskFileSystem,
      path: join(folder, 'library', 'leftovers.json'),
      media: attachments,
      named: () => library.namedMedia(this.#outside),
      logger,
    })
    library.onChange((changes) => {
      if (changes.some((change) => change.kind === 'upsert' && change.summary.isTemporary)) this.#noteTemporary()
    })
  }

  /** Begins the round: soon, and then once a day. */
  begin(): void {
    this.#firstTimer = setTimeout(() => void this.round(), FIRST_AFTER_MS).unref()
    this.#dailyTimer = setInterval(() => void this.round(), DAY_MS).unref()
  }

  /** Empties from the trash what has been there for as long as the settings say. Never rejects. */
  async round(): Promise<void> {
    const { library, logger } = this.#options
    try {
      const files = await library.expired()
      if (files.length > 0) logger.info('trash emptied', { count: files.length })
      await this.deleteFromTrash(files)
    } catch {
      logger.warn('trash not emptied')
    }
    await this.#lookAside()
    this.#sweep()
    await this.#sweeping
  }

  /** Deletes files in the trash for good, with what only they had. `which` as the library takes it. Throws storage. */
  async deleteFromTrash(which: readonly string[]): Promise<void> {
    if (which.length === 0) return
    const { library, drafts } = this.#options
    await this.#leftovers.add(await library.mediaInTrash(which))
    await drafts.remove(await library.deleteFromTrash(which))
    this.#sweep()
  }

  /** Ends a temporary conversation: nothing of it stays. Throws bad-request for an ordinary one, not-found. */
  async discard(conversationId: string): Promise<void> {
    const { generations, library, attachments, drafts, media, wire } = this.#options
    const names = [...library.mediaOfTemporary()]
    const conversation = await generations.discard(conversationId)
    const spoken: string[] = []
    for (const { id } of conversation.messages) {
      wire.forget(id)
      const file = media.forgetSpoken(id)
      if (file !== null) spoken.push(file)
    }
    const draft = (await drafts.list()).find(({ key }) => key === conversationId)
    const draftMedia = draft === undefined ? [] : attachmentsOf(draft)
    await drafts.remove([conversationId])
    // One that is still named, by another conversation or a draft, stays.
    const left = [...names, ...spoken, ...draftMedia.flatMap(({ id, before }) => [id, before?.id ?? id])]
    await this.#leftovers.add(left.filter((id) => !attachments.isHeld(id)))
    attachments.release(conversationId, library.mediaOfTemporary())
    this.#sweep()
  }

  /** Notes stored files that a message has left behind when it was sent: the next round deletes what nobody names. */
  async leaveBehind(ids: readonly string[]): Promise<void> {
    if (ids.length > 0) await this.#leftovers.add(ids)
  }

  /** Lets go of files in memory that were put into a temporary conversation, unless one names them in a message. */
  release(conversationId: string, ids: readonly string[]): void {
    const { library, attachments } = this.#options
    attachments.release(conversationId, library.mediaOfTemporary(), ids)
  }

  /** Makes an ordinary conversation of a temporary one, with its draft. */
  async keep(conversationId: string): Promise<void> {
    const { library, attachments, drafts } = this.#options
    // Its images first: a kept conversation never names one that is on no disk.
    await attachments.persist(mediaOf(await library.open(conversationId)).keys())
    await library.keep(conversationId)
    // And what has come meanwhile, for an answer that runs.
    await attachments.persistOf(conversationId)
    await drafts.keep(conversationId)
  }

  /** Takes what stands in a composer; images that lay in memory only are kept with it. Throws storage. */
  async setDraft(draft: StoredDraft): Promise<void> {
    const { library, attachments, drafts } = this.#options
    if (!library.isTemporary(draft.key)) {
      await attachments.persist(attachmentsOf(draft).flatMap(({ id, before }) => [id, before?.id ?? id]))
    }
    await drafts.set(draft)
  }

  /** Moves a conversation to the trash; a temporary one is not put there but discarded. */
  async trash(conversationId: string): Promise<void> {
    const { library, generations } = this.#options
    await (library.isTemporary(conversationId) ? this.discard(conversationId) : generations.trash(conversationId))
  }

  /** Discards all temporary conversations: Parley quits. Never rejects. */
  async discardAll(): Promise<void> {
    const temporary = (await this.#options.library.list()).filter(({ isTemporary }) => isTemporary)
    for (const { id } of temporary) await this.discard(id).catch(() => undefined)
    await this.#sweeping
  }

  check(): Promise<CheckReport> {
    return this.#options.library.check(this.#outside)
  }

  repair(): Promise<CheckReport> {
    return this.#options.library.repair(this.#outside)
  }

  /** How much lies where; folders are looked through one after the other. */
  async sizes(): Promise<LibrarySizes> {
    const { folder, logFolder, library, attachments } = this.#options
    const media = await attachments.list()
    const backups = join(folder, 'backups')
    let cacheBytes = 0
    for (const name of CACHES) cacheBytes += await bytesUnder(join(folder, name))
    return {
      folder: withoutHome(folder),
      ...(await library.sizes()),
      media: { count: media.length, bytes: media.reduce((sum, { bytes }) => sum + bytes, 0) },
      backups: { count: (await readdir(backups).catch(() => [])).length, bytes: await bytesUnder(backups) },
      logs: { bytes: await bytesUnder(logFolder) },
      cache: { bytes: cacheBytes },
    }
  }

  /** Resolves when images that nobody names any more are deleted. Never rejects. */
  async settled(): Promise<void> {
    await this.#sweeping
  }

  /** Ends the round. */
  close(): void {
    if (this.#firstTimer !== null) clearTimeout(this.#firstTimer)
    if (this.#dailyTimer !== null) clearInterval(this.#dailyTimer)
  }

  // What a repair has set aside comes back when something names it after all, and goes for good when nothing has for so long.
  async #lookAside(): Promise<void> {
    const { attachments, library, now } = this.#options
    if (!(await attachments.hasAside())) return
    const named = await library.namedMedia(this.#outside).catch(() => null)
    if (named === null) return
    await attachments.bringBack(named)
    await attachments.removeAside(now() - ASIDE_DAYS * DAY_MS)
  }

  // Should Parley be killed, the next start finds them on the list and deletes them.
  #noteTemporary(): void {
    const { library, attachments } = this.#options
    const names = [...library.mediaOfTemporary()].filter((id) => !attachments.isHeld(id))
    if (names.length > 0) void this.#leftovers.add(names)
  }

  // Every file of the library may have to be read for it, so nobody waits.
  #sweep(): void {
    this.#sweeping = this.#leftovers.sweep((id) => this.#options.library.mediaOfTemporary().has(id))
  }
}

function withoutHome(folder: string): string {
  const home = homedir()
  return folder === home || folder.startsWith(home + sep) ? `~${folder.slice(home.length)}` : folder
}

async function bytesUnder(path: string): Promise<number> {
  const stats = await lstat(path).catch(() => null)
  if (stats === null) return 0
  if (!stats.isDirectory()) return stats.size
  let bytes = 0
  for (const name of await readdir(path).catch(() => [])) bytes += await bytesUnder(join(path, name))
  return bytes
}
