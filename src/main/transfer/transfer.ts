import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { BackupMade, ExportFormat, RestoreDone, RestorePlan } from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import { GUIDE_BACKEND_ID, type Locale, type Settings } from '../../shared/settings'
import type { Attachments } from '../attachments'
import type { Clock } from '../clock'
import type { Library } from '../library/library'
import { suggestFileName, writePickedFile } from '../picked-file'
import { writeBackup } from './backup'
import { exportHtml } from './html'
import { exportJson } from './json'
import { exportMarkdown } from './markdown'
import { Restore } from './restore'

export interface TransferOptions {
  /** The folder of the person's data; copies from before a restore lie in `backups` there. */
  folder: string
  library: Library
  /** A conversation with its running answers as far as they have come. */
  openLive: (conversationId: string) => Promise<Conversation>
  attachments: Attachments
  settings: () => Settings
  translate: () => Translate
  locale: () => Locale
  clock: Clock
  version: string
}

/** The dialogs that a person chooses a place or a file in, and the printer; each for the window that asks. */
export interface TransferDesk {
  /** @returns null when they choose none */
  pickPlace(name: string, kind: ExportFormat | 'backup'): Promise<string | null>
  pickFile(): Promise<string | null>
  /** A document without scripts as PDF. */
  print(html: string): Promise<Uint8Array>
}

const ENDINGS: Record<ExportFormat, string> = { markdown: 'md', html: 'html', json: 'json', pdf: 'pdf' }
/** Of a stored file that a document embeds; larger ones are named in it. */
const MAX_EMBEDDED_FILE_BYTES = 32 * 1024 * 1024

/** Whatever of conversations leaves Parley as a file, and comes back. One whole transfer at a time. */
export class Transfer {
  readonly #options: TransferOptions
  readonly #restore: Restore
  #isBusy = false

  constructor(options: TransferOptions) {
    this.#options = options
    const { library, attachments, clock, folder } = options
    this.#restore = new Restore({
      library,
      attachments,
      importTarget: () => ({ backendId: options.settings().activeBackendId ?? GUIDE_BACKEND_ID }),
      backUp: (path) => this.#writeBackup(path),
      backupFolder: join(folder, 'backups'),
      now: () => clock.now(),
    })
  }

  /** Throws not-found and storage as the library does, and storage when the file cannot be written. */
  async exportConversation(desk: TransferDesk, conversationId: string, format: ExportFormat): Promise<boolean> {
    const conversation = await this.#options.openLive(conversationId)
    const { translate } = this.#options
    const title = conversation.title === '' ? translate()('chat:sidebar.untitled') : conversation.title
    const path = await desk.pickPlace(suggestFileName(`${title}.${ENDINGS[format]}`), format)
    if (path === null) return false
    // As it stands now: an answer may have gone on while the person was choosing a name.
    await writePickedFile(path, await this.#write(desk, await this.#options.openLive(conversationId), format))
    return true
  }

  /** Null when no place was chosen. Throws busy, storage. */
  async backUp(desk: TransferDesk): Promise<BackupMade | null> {
    const day = new Date(this.#options.clock.now()).toISOString().slice(0, 10)
    const path = await desk.pickPlace(`parley-${day}.zip`, 'backup')
    return path === null ? null : this.#alone(() => this.#writeBackup(path))
  }

  /** Null when no file was picked. Throws busy, bad-archive. */
  async planRestore(owner: object, desk: TransferDesk): Promise<RestorePlan | null> {
    const path = await desk.pickFile()
    return path === null ? null : this.#alone(() => this.#restore.plan(owner, path))
  }

  /** Throws busy, bad-request, bad-archive, storage; see Restore. */
  restore(owner: object, planId: string): Promise<RestoreDone> {
    return this.#alone(() => this.#restore.apply(owner, planId))
  }

  /** Forgets a plan, or stops it after the present conversation. */
  dropPlan(owner: object, planId: string): void {
    this.#restore.drop(owner, planId)
  }

  async #write(desk: TransferDesk, conversation: Conversation, format: ExportFormat): Promise<string | Uint8Array> {
    const { translate, locale, clock, version } = this.#options
    const wording = { t: translate(), locale: locale(), nowMs: clock.now() }
    switch (format) {
      case 'markdown':
        return exportMarkdown(conversation, wording)
      case 'json':
        return exportJson(conversation, { version, nowMs: wording.nowMs })
      case 'html':
        return exportHtml(conversation, wording, (id) => this.#findMedia(id))
      case 'pdf':
        return desk.print(await exportHtml(conversation, wording, (id) => this.#findMedia(id)))
    }
  }

  async #findMedia(id: string): Promise<{ mime: string; bytes: Uint8Array } | null> {
    const file = await this.#options.attachments.file(id)
    if (file === null || file.bytes > MAX_EMBEDDED_FILE_BYTES) return null
    const bytes = await readFile(file.path).catch(() => null)
    return bytes === null ? null : { mime: file.mime, bytes }
  }

  #writeBackup(path: string): Promise<BackupMade> {
    const { library, openLive, attachments, settings, version, clock } = this.#options
    return writeBackup(path, { library, openLive, attachments, settings: settings(), version, nowMs: clock.now() })
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
