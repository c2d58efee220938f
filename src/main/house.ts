import { arch, release } from 'node:os'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import type { Boot, Diagnostics, Role } from '../shared/contract'
import type { AttachmentInfo } from '../shared/conversation'
import { failure } from '../shared/errors'
import type { Translate } from '../shared/i18n'
import type { Locale } from '../shared/settings'
import { Attachments } from './attachments'
import { AuthorityFiles } from './authority-files'
import { Backends } from './backends'
import { openCatalogueFile } from './catalogue-file'
import { plainLine } from './backend/server-text'
import { systemClock } from './clock'
import { readDiagnostics } from './diagnostics'
import { Drafts } from './drafts'
import { Generations } from './generations'
import { loadPages } from './guide/pages'
import { createGuideTransport } from './guide/transport'
import type { Desk, House } from './handlers'
import type { Broadcast, Caller } from './ipc'
import { diskFileSystem } from './library/files'
import { openLibrary } from './library/library'
import type { Logger } from './logger'
import { MediaStore } from './media'
import { Search, WORKER_LIMITS } from './search/search'
import { findSecrets, openSecretsStore, Secrets, type Keychain } from './secrets'
import type { LiveSettings } from './settings'
import { deleteData } from './transfer/deletion'
import { Transfer } from './transfer/transfer'
import { Upkeep } from './upkeep'
import { Wire } from './wire/wire'

/** R30 gives five seconds from waking until a dead answer says so. */
const WAKE_WAIT_MS = 4000
/** So far apart the clocks on the wall and of the processor were stopped: the computer slept. */
const SLEEP_JUMP_MS = 30_000
const CLOCK_CHECK_MS = 5000
/** Of the two seconds that quitting may take (R35), and of which running answers may have used most. */
const DISCARD_LIMIT_MS = 300
/** After the house is open: the window is painted and answered by then. Who searches sooner need not wait for it. */
const SEARCH_BEGINS_MS = 3000

export interface HouseOptions {
  /** Where everything of the person lies; each room has a folder or a file of its own in it. */
  folder: string
  /** The folder `resources` of the app. */
  resources: string
  settings: LiveSettings
  keychain: Keychain
  desk: Desk
  broadcast: Broadcast
  locale: () => Locale
  systemLocale: Locale
  translate: () => Translate
  protect: (secret: string) => void
  logger: Logger
  /** Names a point of the start. */
  mark: (name: string) => void
  about: Pick<Boot, 'version' | 'electron' | 'platform'>
  logFolder: string
  chromium: string
  /** How much of the drawing the graphics hardware does; null when it cannot be asked. */
  graphics: () => string | null
  /** What the system says of the way to an address, in the words of a PAC file. */
  findSystemProxy: (url: string) => Promise<string>
}

/** A house that can be left: what quitting has to wait for. */
export interface OpenedHouse extends House {
  /** Ends running answers as interrupted and writes all that is not on disk yet. Takes at most as long as the disk (R35). */
  leave(): Promise<void>
  /** Looks after the answers when the computer was asleep: connections that it has cut say so by silence (R30). */
  wake(): Promise<void>
  /** Writes what is not on disk yet; nothing is ended. For the moment after an error nobody foresaw (R29). */
  secure(): Promise<void>
}

/**
 * Opens all rooms of main and joins them. Loaded after the first window is under way. Journals of a process that died
 * are put into their conversations before this resolves, so before any window is answered.
 */
export async function openHouse(options: HouseOptions): Promise<OpenedHouse> {
  const { folder, settings, broadcast, desk, logger, translate } = options
  const clock = systemClock
  const library = openLibrary({
    root: join(folder, 'library'),
    clock,
    logger,
    trashDays: () => settings.current.trashDays,
  })
  const drafts = new Drafts({
    fs: diskFileSystem,
    path: join(folder, 'drafts.json'),
    clock,
    logger,
    isTemporary: (key) => library.isTemporary(key),
  })
  const attachments = new Attachments(join(folder, 'attachments'), logger)
  const secrets = new Secrets(
    findSecrets(folder, clock.now()),
    options.keychain,
    openSecretsStore(folder),
    options.protect,
  )
  const wire = new Wire({ clock, logger })
  const backends: Backends = new Backends({
    settings,
    secrets,
    authorities: new AuthorityFiles(join(folder, 'authorities')),
    catalogues: openCatalogueFile(join(folder, 'catalogues.json'), logger),
    guide: createGuideTransport({ pages: loadPages(join(options.resources, 'guide')), locale: options.locale }),
    translate,
    findAttachment: (id, bytes) => attachments.path(id, bytes),
    findSystemProxy: options.findSystemProxy,
    tap: (transport, of) => wire.tap(transport, of),
    keepMedia: (...answer) => media.keep(...answer),
    clock,
    logger,
    onChange: (views) => broadcast('backend.changed', views),
    onCatalogueChange: (backendId) => broadcast('catalogue.changed', { backendId }),
  })
  const media = new MediaStore({ attachments, library, api: (backendId) => backends.api(backendId), logger })

  const onShow = new Map<Caller['window'], string | null>()
  const generations = new Generations({
    library,
    openSession: (context, signal, pause) => backends.openSession(context, signal, pause),
    findAttachments: async (ids) => Promise.all(ids.map((id) => requireAttachment(attachments, id))),
    clock,
    logger,
    isOnShow: (conversationId) =>
      [...onShow].some(
        ([window, shown]) =>
          shown === conversationId && !window.isDestroyed() && window.isVisible() && !window.isMinimized(),
      ),
  })

  const search = new Search({
    library,
    withRunning: (conversation) => generations.withRunning(conversation),
    file: join(folder, 'search.db'),
    startWorker: (workerData) =>
      new Worker(join(import.meta.dirname, 'search-worker.js'), { workerData, resourceLimits: WORKER_LIMITS }),
    logger,
  })

  const transfer = new Transfer({
    folder,
    library,
    openLive: async (id) => (await generations.open(id)).conversation,
    attachments,
    settings: () => settings.current,
    translate,
    locale: options.locale,
    clock,
    version: options.about.version,
  })

  const upkeep = new Upkeep({
    folder,
    logFolder: options.logFolder,
    library,
    generations,
    attachments,
    drafts,
    media,
    wire,
    logger,
  })

  const recovered = await library.recover()
  if (recovered.length > 0) logger.info('answers recovered', { count: recovered.length })

  generations.onEvents((events) => broadcast('generation.event', events))
  generations.onEvents((events) => {
    for (const { conversationId } of events) search.touch(conversationId)
  })
  const searchBegins = setTimeout(() => void search.begin(), SEARCH_BEGINS_MS).unref()
  upkeep.begin()
  library.onChange((change) => broadcast('conversation.changed', change))
  library.onStorageState((state) => broadcast('storage.state', state))
  settings.onChange((now, before) => {
    broadcast('settings.changed', now)
    // The Guide's name is in the language on show.
    if (now.locale !== before.locale) broadcast('backend.changed', backends.list())
  })

  const wake = (): Promise<void> => generations.endSilent(WAKE_WAIT_MS, (backendId) => backends.isLocal(backendId))
  // Not every system tells a program that it has slept.
  let offsetMs = clock.now() - clock.monotonicMs()
  const clockCheck = setInterval(() => {
    const jumpMs = clock.now() - clock.monotonicMs() - offsetMs
    offsetMs += jumpMs
    if (jumpMs > SLEEP_JUMP_MS) void wake()
  }, CLOCK_CHECK_MS)

  const boot = async (role: Role): Promise<Boot> => {
    // The quick-ask has no list: it knows the conversations it has begun (S44).
    const conversations = role === 'main' ? await library.list() : []
    options.mark(`page of ${role} answered`)
    return {
      role,
      ...options.about,
      locale: options.locale(),
      systemLocale: options.systemLocale,
      settings: settings.current,
      backends: backends.list(),
      conversations,
      storage: library.storageState(),
      shortcut: desk.shortcutState(),
    }
  }

  const diagnostics = async (): Promise<Diagnostics> => {
    const { about } = options
    const facts = {
      version: about.version,
      electron: about.electron,
      chromium: options.chromium,
      node: process.versions.node,
      platform: about.platform,
      release: release(),
      arch: arch(),
      sessionType: sessionWord(process.env.XDG_SESSION_TYPE),
      desktop: sessionWord(process.env.XDG_CURRENT_DESKTOP),
      locale: options.locale(),
      systemLocale: options.systemLocale,
      backends: settings.current.backends.length,
      conversations: (await library.list()).length,
      storage: library.storageState(),
      keychain: secrets.keychainState,
      graphics: options.graphics(),
    }
    return readDiagnostics(facts, options.logFolder, translate())
  }

  const opened: OpenedHouse = {
    library,
    generations,
    search,
    upkeep,
    drafts,
    attachments,
    settings,
    backends,
    media,
    wire,
    transfer,
    diagnostics,
    desk,
    logger,
    boot,
    look(window, conversationId) {
      if (!onShow.has(window)) window.once('closed', () => onShow.delete(window))
      onShow.set(window, conversationId)
      // What cannot be marked, such as a chat of a newer Parley, can still be read; what cannot be read says so when it is
      // opened. Nor does anybody wait for it: on a busy disk the mark takes seconds to be durable.
      if (conversationId !== null) void library.markRead(conversationId).catch(() => undefined)
      return Promise.resolve()
    },
    wake,
    async deleteEverything() {
      await opened.leave()
      await library.close()
      await deleteData(folder)
      desk.startAnew()
    },
    async leave() {
      clearInterval(clockCheck)
      clearTimeout(searchBegins)
      // The index can wait for the next start; what is said cannot.
      const searchEnd = search.close()
      upkeep.close()
      await generations.stopAll('interrupted')
      const discarded = withinQuit(upkeep.discardAll())
      await Promise.all([library.flush(), settings.flush(), drafts.flush(), searchEnd, discarded])
    },
    async secure() {
      await Promise.all([library.flush(), settings.flush(), drafts.flush()])
    },
  }
  return opened
}

// The images of what is discarded go at the next start, should there be no time for it now.
async function withinQuit(discarded: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, DISCARD_LIMIT_MS)
  })
  await Promise.race([discarded, limit])
  clearTimeout(timer)
}

// Only Linux says these, and whoever starts Parley can say anything.
function sessionWord(word: string | undefined): string | null {
  const plain = plainLine(word ?? '', 60)
  return process.platform !== 'linux' || plain === '' ? null : plain
}

async function requireAttachment(attachments: Attachments, id: string): Promise<AttachmentInfo> {
  const info = await attachments.find(id)
  if (info === null) throw failure({ code: 'not-found', what: 'attachment' })
  return info
}
