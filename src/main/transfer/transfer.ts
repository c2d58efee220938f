import { randomUUID } from 'node:crypto'
import { readFile, realpath } from 'node:fs/promises'
import { basename, dirname, join, relative, resolve, sep } from 'node:path'
import type {
  BackupMade,
  ConversationCopy,
  ExportedFile,
  ExportFormat,
  RestoreChoice,
  RestoreDone,
  RestorePlan,
  TransferEnd,
  TransferState,
} from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import { failure, toAppError } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import type { Platform } from '../../shared/accelerator'
import { areShortcutsGood } from '../../shared/actions'
import { GUIDE_BACKEND_ID, type BackendProfile, type Locale, type Settings } from '../../shared/settings'
import type { Attachments } from '../attachments'
import type { Clock } from '../clock'
import type { Drafts } from '../drafts'
import type { Library } from '../library/library'
import type { Prompts } from '../prompts'
import { suggestFileName, writePickedFile } from '../picked-file'
import { writeBackup, type BackupSource } from './backup'
import { writeExport } from './export-all'
import { hasMedia, writeJsonZip, writeMarkdownZip } from './export-chat'
import { exportHtml } from './html'
import { exportJson } from './json'
import { exportMarkdown } from './markdown'
import { Progress, type Follower, type Tell } from './progress'
import { Restore } from './restore'
import type { Wording } from './thread'

export interface TransferOptions {
  /** The folder of the person's data; copies from before a restore lie in `backups` there. */
  folder: string
  library: Library
  /** A conversation with its running answers as far as they have come. */
  openLive: (conversationId: string) => Promise<Conversation>
  attachments: Attachments
  drafts: Pick<Drafts, 'list' | 'set'>
  prompts: Pick<Prompts, 'exportFile' | 'countNew' | 'take'>
  settings: () => Settings
  changeSettings: (change: (now: Settings) => Settings) => void
  /** Takes backends in that are not here, without secrets; returns how many. */
  adoptBackends: (profiles: readonly BackendProfile[]) => Promise<number>
  translate: () => Translate
  locale: () => Locale
  clock: Clock
  /** Whose keys are meant. */
  platform: Platform
  version: string
  onProgress: Tell
}

/** The dialogs that a person chooses a place or a file in, and the printer; each for the window that asks. */
export interface TransferDesk {
  /** @returns null when they choose none */
  pickPlace(name: string, kind: ExportFormat | 'chat-zip' | 'backup' | 'export-all'): Promise<string | null>
  pickFile(): Promise<string | null>
  /** A document without scripts as PDF. */
  print(html: string): Promise<Uint8Array>
}

const ENDINGS: Record<ExportFormat, string> = { markdown: 'md', html: 'html', json: 'json', pdf: 'pdf' }
/** Of a stored file that a document embeds; larger ones are named in it. */
const MAX_EMBEDDED_FILE_BYTES = 32 * 1024 * 1024

const MAX_FILES = 50
/** Below the folder of the person's data. */
const OWN_FOLDERS = new Set(['library', 'attachments', 'logs', 'backups'])
const UNFOLLOWED: Follower = {
  signal: new AbortController().signal,
  begin: () => undefined,
  show: () => undefined,
  advance: () => undefined,
  note: () => undefined,
}
/** A file that is read within this time is read without a word. */
const PLAN_QUIET_MS = 400

/** Whatever of conversations leaves Parley as a file, and comes back. One whole transfer at a time. */
export class Transfer {
  readonly #options: TransferOptions
  readonly #restore: Restore
  /** What was written since the start, so that it can be shown. */
  readonly #files = new Map<string, string>()
  #isBusy = false
  #running: { progress: Progress; ended: Promise<unknown> } | null = null

  constructor(options: TransferOptions) {
    this.#options = options
    const { library, attachments, drafts, prompts, clock, folder } = options
    this.#restore = new Restore({
      library,
      attachments,
      drafts,
      prompts,
      importTarget: () => ({ backendId: options.settings().activeBackendId ?? GUIDE_BACKEND_ID }),
      backUp: (path, follower) => writeBackup(path, this.#source(follower)),
      backupFolder: join(folder, 'backups'),
      compareSettings: (theirs) => compareSettings(options.settings(), theirs),
      adoptBackends: async (theirs) => {
        const count = await options.adoptBackends(theirs.backends)
        // On the first start nobody has said yet whom new chats ask: the one who was asked there.
        options.changeSettings((now) =>
          now.activeBackendId === null && now.backends.some(({ id }) => id === theirs.activeBackendId)
            ? { ...now, activeBackendId: theirs.activeBackendId }
            : now,
        )
        return count
      },
      adoptSettings: (theirs) => options.changeSettings((now) => adopted(now, theirs, options.platform)),
      now: () => clock.now(),
    })
  }

  /** What runs now, or null. */
  get state(): TransferState | null {
    return this.#running?.progress.state ?? null
  }

  /** Ends what runs, as soon as what is done is whole. Harmless when that has ended. */
  stop(transferId: string): void {
    if (this.state?.id === transferId) this.#running?.progress.stop()
  }

  /** Parley quits: what runs is stopped, and this resolves when nothing half written is left. Never rejects. */
  async close(): Promise<void> {
    const running = this.#running
    running?.progress.stop()
    await running?.ended.catch(() => undefined)
  }

  /**
   * Null when no place was chosen. Markdown and JSON become a zip when pictures go along: neither has a place for them.
   * Throws not-found and storage as the library does, and storage when the file cannot be written.
   */
  async exportConversation(
    desk: TransferDesk,
    conversationId: string,
    format: ExportFormat,
  ): Promise<ExportedFile | null> {
    const conversation = await this.#options.openLive(conversationId)
    const { translate } = this.#options
    const title = conversation.title === '' ? translate()('chat:sidebar.untitled') : conversation.title
    const isZip = (format === 'markdown' || format === 'json') && (await hasMedia(conversation, this.#options))
    const name = suggestFileName(`${title}.${isZip ? 'zip' : ENDINGS[format]}`)
    const path = await desk.pickPlace(name, isZip ? 'chat-zip' : format)
    if (path === null) return null
    await this.#requireOutside(path)
    // As it stands now: an answer may have gone on while the person was choosing a name.
    const now = await this.#options.openLive(conversationId)
    if (isZip) await this.#writeChatZip(path, now, format)
    else await writePickedFile(path, await this.#write(desk, now, format))
    return { fileName: basename(path), fileId: this.#remember(path) }
  }

  /** The path of a file that was written since the start; throws not-found. A page never names a path. */
  pathOfFile(fileId: string): string {
    const path = this.#files.get(fileId)
    if (path === undefined) throw failure({ code: 'not-found', what: 'file' })
    return path
  }

  #remember(path: string): string {
    const fileId = randomUUID()
    this.#files.set(fileId, path)
    const [oldest] = this.#files.keys()
    if (this.#files.size > MAX_FILES && oldest !== undefined) this.#files.delete(oldest)
    return fileId
  }

  async #writeChatZip(path: string, conversation: Conversation, format: ExportFormat): Promise<void> {
    const source = this.#source(UNFOLLOWED)
    if (format === 'json') {
      await writeJsonZip(path, conversation, source)
      return
    }
    const stem = suggestFileName(basename(path)).replace(/\.zip$/iu, '')
    await writeMarkdownZip(path, { conversation, stem }, source, this.#wording())
  }

  /** What Parley keeps for itself is no place for a file of a person: it would take the place of a chat, or be deleted. */
  async #requireOutside(path: string): Promise<void> {
    const real = async (each: string): Promise<string> => realpath(each).catch(() => resolve(each))
    const inside = relative(await real(this.#options.folder), await real(dirname(path)))
    const [first = ''] = inside.split(sep)
    if (OWN_FOLDERS.has(first)) throw failure({ code: 'storage', reason: 'read-only' })
  }

  /** Null when no place was chosen, or when it was stopped. Throws busy, storage. */
  async backUp(desk: TransferDesk): Promise<BackupMade | null> {
    const path = await desk.pickPlace(`parley-${this.#today()}.zip`, 'backup')
    if (path === null) return null
    const made = await this.#writeZip('backup', path, (follower) => writeBackup(path, this.#source(follower)))
    if (made !== null) {
      const lastBackup = { atMs: this.#options.clock.now(), bytes: made.bytes }
      this.#options.changeSettings((now) => ({ ...now, lastBackup }))
    }
    return made
  }

  /** Every conversation as JSON and Markdown. Null when no place was chosen, or when it was stopped. Throws busy, storage. */
  async exportAll(desk: TransferDesk): Promise<BackupMade | null> {
    const path = await desk.pickPlace(`parley-export-${this.#today()}.zip`, 'export-all')
    if (path === null) return null
    return this.#writeZip('export', path, (follower) => writeExport(path, this.#source(follower), this.#wording()))
  }

  /** Null when no file was picked, or when it was stopped. Throws busy, bad-archive. */
  async planRestore(owner: object, desk: TransferDesk): Promise<RestorePlan | null> {
    const path = await desk.pickFile()
    if (path === null) return null
    return this.#followed(
      { kind: 'plan', fileName: basename(path), bytes: null, source: null },
      (follower) => this.#restore.plan(owner, path, follower),
      (plan) => (plan === null ? { kind: 'stopped' } : { kind: 'planned' }),
    )
  }

  /** Throws busy, bad-request, bad-archive, storage; see Restore. */
  async restore(owner: object, choice: RestoreChoice): Promise<RestoreDone> {
    const facts = this.#restore.factsOf(owner, choice.planId)
    const kind = facts.source === 'parley' ? 'restore' : 'import'
    return this.#followed(
      { kind, ...facts },
      (follower) => this.#restore.apply(owner, choice, follower),
      (done, isStopped) => ({ kind: 'taken-in', isStopped, done }),
    )
  }

  /** The copies from before a restore that have a conversation, the latest first. */
  copiesOf(conversationId: string): Promise<ConversationCopy[]> {
    return this.#restore.copiesOf(conversationId)
  }

  /** Puts a conversation that cannot be read back as such a copy has it; see Restore. Throws busy, too. */
  bringBack(conversationId: string, copy: string): Promise<void> {
    return this.#alone(() => this.#restore.bringBack(conversationId, copy))
  }

  /** Forgets a plan. */
  dropPlan(owner: object, planId: string): void {
    this.#restore.drop(owner, planId)
  }

  async #write(desk: TransferDesk, conversation: Conversation, format: ExportFormat): Promise<string | Uint8Array> {
    const wording = this.#wording()
    switch (format) {
      case 'markdown':
        return exportMarkdown(conversation, wording)
      case 'json':
        return exportJson(conversation, { version: this.#options.version, nowMs: wording.nowMs })
      case 'html':
        return exportHtml(conversation, wording, (id) => this.#findMedia(id))
      case 'pdf':
        return desk.print(await exportHtml(conversation, wording, (id) => this.#findMedia(id), true))
    }
  }

  #wording(): Wording {
    const { translate, locale, clock } = this.#options
    return { t: translate(), locale: locale(), nowMs: clock.now() }
  }

  #today(): string {
    return new Date(this.#options.clock.now()).toISOString().slice(0, 10)
  }

  async #findMedia(id: string): Promise<{ mime: string; bytes: Uint8Array } | null> {
    const file = await this.#options.attachments.open(id)
    if (file === null || file.bytes > MAX_EMBEDDED_FILE_BYTES) return null
    if ('content' in file) return { mime: file.mime, bytes: file.content }
    const bytes = await readFile(file.path).catch(() => null)
    return bytes === null ? null : { mime: file.mime, bytes }
  }

  #source(follower: Follower): BackupSource {
    const { library, openLive, attachments, drafts, prompts, settings, version, clock } = this.#options
    return {
      library,
      openLive,
      attachments,
      drafts: () => drafts.list(),
      prompts: () => prompts.exportFile(),
      settings: settings(),
      version,
      nowMs: clock.now(),
      follower,
    }
  }

  #writeZip(
    kind: 'backup' | 'export',
    path: string,
    write: (follower: Follower) => Promise<BackupMade | null>,
  ): Promise<BackupMade | null> {
    const checked = async (follower: Follower): Promise<BackupMade | null> => {
      await this.#requireOutside(path)
      return write(follower)
    }
    return this.#followed({ kind, fileName: basename(path), bytes: null, source: null }, checked, (made) =>
      made === null ? { kind: 'stopped' } : { kind: 'written', made, fileId: this.#remember(path) },
    )
  }

  /** A piece of work that windows can follow and stop. */
  #followed<T>(
    of: ConstructorParameters<typeof Progress>[0],
    work: (follower: Follower) => Promise<T>,
    endOf: (value: T, isStopped: boolean) => TransferEnd,
  ): Promise<T> {
    return this.#alone(async () => {
      const quietMs = of.kind === 'plan' ? PLAN_QUIET_MS : 0
      const progress = new Progress(of, this.#options.clock, this.#options.onProgress, quietMs)
      const ended = work(progress)
      this.#running = { progress, ended }
      try {
        const value = await ended
        progress.end(endOf(value, progress.signal.aborted))
        return value
      } catch (thrown) {
        progress.end({ kind: 'failed', error: toAppError(thrown) })
        throw thrown
      } finally {
        this.#running = null
      }
    })
  }

  async #alone<T>(task: () => Promise<T>): Promise<T> {
    if (this.#isBusy) throw failure({ code: 'busy' })
    this.#isBusy = true
    try {
      return await task()
    } finally {
      this.#isBusy = false
    }
  }
}

/**
 * What of the settings moves to another computer: looks, keys and the handling of images. Nothing that asks the network,
 * starts Parley, says more of a person, goes with a question or deletes sooner than was chosen here: a file may come from
 * anybody.
 */
function movable(settings: Settings): Partial<Settings> {
  const { locale, theme, textSizePx, columnWidth, wrapsCode, followsAnswer, showsProvider, motion } = settings
  const { opensWith, sendKey, shortcuts, keepLogsDays } = settings
  return {
    ...{ locale, theme, textSizePx, columnWidth, wrapsCode, followsAnswer, showsProvider, motion },
    ...{ opensWith, sendKey, shortcuts, keepLogsDays },
  }
}

/** The settings here with what moves of others; keys that would clash are not taken. */
function adopted(now: Settings, theirs: Settings, platform: Platform): Settings {
  const { shortcuts, ...rest } = movable(theirs)
  const next = { ...now, ...rest }
  const withKeys = { ...next, shortcuts: shortcuts ?? now.shortcuts }
  return areShortcutsGood(withKeys, platform) ? withKeys : next
}

function compareSettings(mine: Settings, theirs: Settings): Pick<RestorePlan, 'backends' | 'hasOtherSettings'> {
  const here = new Set(mine.backends.map(({ id }) => id))
  return {
    backends: theirs.backends.filter(({ id }) => !here.has(id)).length,
    hasOtherSettings: JSON.stringify(canonical(movable(mine))) !== JSON.stringify(canonical(movable(theirs))),
  }
}

function canonical(settings: Partial<Settings>): [string, unknown][] {
  return Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1))
}
