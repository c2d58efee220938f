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
import { Contacts } from './contacts'
import { copyTitle } from './copy-title'
import { readDiagnostics } from './diagnostics'
import { attachmentsOf, Drafts } from './drafts'
import { Generations } from './generations'
import { loadPages } from './guide/pages'
import { createGuideTransport } from './guide/transport'
import type { Desk, House } from './handlers'
import type { Broadcast, Caller } from './ipc'
import { diskFileSystem } from './library/files'
import { openLibrary } from './library/library'
import { Storage } from './library/storage'
import { factsOf } from './log'
import type { Logger } from './logger'
import { MediaStore } from './media'
import { Search, WORKER_LIMITS } from './search/search'
import { findSecrets, openSecretsStore, Secrets, type Keychain } from './secrets'
import { Prompts } from './prompts'
import { QuickReach } from './quick-reach'
import type { LiveSettings } from './settings'
import { beginDeletion, moveDeleted, removeDeleted } from './transfer/deletion'
import { Transfer } from './transfer/transfer'
import { Upkeep } from './upkeep'
import { Wire } from './wire/wire'

/** R30 gives five seconds from waking until a dead answer says so. */
const WAKE_WAIT_MS = 4000
/** So far apart the clocks on the wall and of the processor were stopped: the computer slept. */
const SLEEP_JUMP_MS = 30_000
const CLOCK_CHECK_MS = 5000
/** Of "Delete everything", which starts Parley anew whatever happens. */
const SHUT_LIMIT_MS = 1000
const LEAVE_LIMIT_MS = 4000
const REMOVE_LIMIT_MS = 5000
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
  /** Admits no request of a page any more; resolves when those under way are done, but for `app.deleteEverything`. */
  shutGate: () => Promise<void>
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
  const storage = new Storage(logger)
  const library = openLibrary({
    root: join(folder, 'library'),
    clock,
    logger,
    storage,
    trashDays: () => settings.current.trashDays,
  })
  const drafts = new Drafts({
    fs: diskFileSystem,
    path: join(folder, 'drafts.json'),
    clock,
    storage,
    logger,
    isTemporary: (key) => library.isTemporary(key),
    onSetAside: (keptAs) => desk.noteSetAside(keptAs),
  })
  const prompts = new Prompts({
    fs: diskFileSystem,
    folder,
    clock,
    logger,
    onChange: (all) => broadcast('prompt.changed', all),
    onSetAside: (keptAs) => desk.noteSetAside(keptAs),
  })
  const attachments = new Attachments(
    join(folder, 'attachments'),
    logger,
    process.platform,
    () => settings.current.images,
  )
  const foundSecrets = findSecrets(folder, clock.now())
  if (foundSecrets.keptAs !== null) desk.noteSetAside(foundSecrets.keptAs)
  const secrets = new Secrets(foundSecrets.secrets, options.keychain, openSecretsStore(folder), options.protect)
  const wire = new Wire({ clock, logger })
  const contacts = new Contacts(join(folder, 'contacts.json'), clock, logger)
  const backends: Backends = new Backends({
    settings,
    secrets,
    authorities: new AuthorityFiles(join(folder, 'authorities')),
    catalogues: openCatalogueFile(join(folder, 'catalogues.json'), logger),
    guide: createGuideTransport({ pages: loadPages(join(options.resources, 'guide')), locale: options.locale }),
    translate,
    findAttachment: (id, bytes) => attachments.sendable(id, bytes),
    findSystemProxy: options.findSystemProxy,
    noteContact: contacts.note,
    isBlocked: (host) => settings.current.webPictures.blocked.includes(host),
    tap: (transport, of) => wire.tap(transport, of),
    keepMedia: (...answer) => media.keep(...answer),
    clock,
    logger,
    onChange: (views) => broadcast('backend.changed', views),
    onCatalogueChange: (backendId) => broadcast('catalogue.changed', { backendId }),
  })
  const media = new MediaStore({
    attachments,
    library,
    openLive: async (id) => (await generations.open(id)).conversation,
    api: (backendId, isTemporary) => backends.api(backendId, isTemporary),
    pictureApi: (backendId, isTemporary) => backends.pictureApi(backendId, isTemporary),
    mayLoadPictures: () => settings.current.webPictures.load !== 'never',
    logger,
  })

  const onShow = new Map<Caller['window'], string | null>()
  const generations = new Generations({
    library,
    openSession: (context, signal, pause) => backends.openSession(context, signal, pause),
    findAttachments: async (ids, isTemporary) => {
      // Of a chat that was kept before anything was asked in it.
      if (!isTemporary) await attachments.persist(ids)
      // After a restart only the draft knows what its images are called.
      if (!ids.every((id) => attachments.isKnown(id))) {
        attachments.remember((await drafts.list()).flatMap(attachmentsOf))
      }
      const found = await Promise.all(ids.map((id) => requireAttachment(attachments, id)))
      // A message names what was sent. What it was drawn from goes once no draft names it either.
      void upkeep.leaveBehind(found.flatMap(({ before }) => (before === undefined ? [] : [before.id])))
      return found.map((each) => (each.before === undefined ? each : { ...each, before: { ...each.before, id: '' } }))
    },
    clock,
    logger,
    titleOfCopy: async (title, kind) => {
      const taken = new Set((await library.list()).map((summary) => summary.title))
      return copyTitle(title, kind, taken, translate())
    },
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
    drafts,
    prompts,
    settings: () => settings.current,
    changeSettings: (change) => void settings.change(change),
    adoptBackends: (profiles) => backends.adopt(profiles),
    translate,
    locale: options.locale,
    clock,
    platform: options.about.platform,
    version: options.about.version,
    onProgress: (state) => broadcast('transfer.changed', state),
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
    now: () => clock.now(),
    logger,
  })

  const recovered = await library.recover()
  // Read while the page is on its way; it asks for it soon, and hears then of what fails.
  void library.list().catch(() => undefined)
  if (recovered.length > 0) logger.info('answers recovered', { count: recovered.length })

  const quickReach = new QuickReach()
  generations.onEvents((events) => broadcast('generation.event', events, someOf(quickReach.events(events))))
  generations.onEvents((events) => {
    for (const { conversationId } of events) search.touch(conversationId)
  })
  const searchBegins = setTimeout(() => void search.begin(), SEARCH_BEGINS_MS).unref()
  upkeep.begin()
  library.onChange((changes) => broadcast('conversation.changed', changes, someOf(quickReach.changes(changes))))
  library.onBeside((beside) => broadcast('conversation.keptBeside', beside))
  library.onStorageState((state) => broadcast('storage.state', state))
  settings.onChange((now, before) => {
    broadcast('settings.changed', now)
    // The Guide's name is in the language on show.
    if (now.locale !== before.locale) broadcast('backend.changed', backends.list())
  })

  const wake = (): Promise<void> => generations.endSilent(WAKE_WAIT_MS, (backendId) => backends.isLocal(backendId))
  // Not every system tells a program that it has slept.
  let offsetMs = clock.now() - clock.monotonicMs()
  let checkedMs = clock.monotonicMs()
  const clockCheck = setInterval(() => {
    const jumpMs = clock.now() - clock.monotonicMs() - offsetMs
    offsetMs += jumpMs
    // Nor does the monotonic clock stand still for a process that was stopped.
    const lateMs = clock.monotonicMs() - checkedMs - CLOCK_CHECK_MS
    checkedMs += lateMs + CLOCK_CHECK_MS
    if (Math.max(jumpMs, lateMs) > SLEEP_JUMP_MS) void wake()
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
      globalShortcuts: desk.shortcutState(),
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
    prompts,
    attachments,
    settings,
    backends,
    media,
    wire,
    transfer,
    contacts,
    quickReach,
    diagnostics,
    desk,
    logger,
    platform: options.about.platform,
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
      beginDeletion(folder)
      try {
        desk.shut()
        // Whatever hangs is ended with this process, and what it had written goes with the rest.
        await within(SHUT_LIMIT_MS, options.shutGate())
        await within(LEAVE_LIMIT_MS, opened.leave())
        drafts.close()
        await within(SHUT_LIMIT_MS, library.close())
        moveDeleted(folder, false)
        await within(
          REMOVE_LIMIT_MS,
          removeDeleted(folder, true).then(() => undefined),
        )
      } catch (thrown) {
        logger.error('not everything deleted', factsOf(thrown))
      } finally {
        // Half of Parley is closed by now. What is left is deleted by the next start, or named by it.
        desk.startAnew()
      }
    },
    async leave() {
      clearInterval(clockCheck)
      clearTimeout(searchBegins)
      // The index can wait for the next start; what is said cannot.
      const searchEnd = search.close()
      upkeep.close()
      const transferEnd = withinQuit(transfer.close())
      await generations.stopAll('interrupted')
      const discarded = withinQuit(upkeep.discardAll())
      await Promise.all([
        library.flush(),
        settings.flush(),
        drafts.flush(),
        prompts.flush(),
        contacts.flush(),
        searchEnd,
        transferEnd,
        discarded,
      ])
    },
    async secure() {
      await Promise.all([library.flush(), settings.flush(), drafts.flush(), prompts.flush()])
    },
  }
  return opened
}

/** Null for a list without anything in it. */
function someOf<T>(list: T[]): T[] | null {
  return list.length > 0 ? list : null
}

// The images of what is discarded go at the next start, should there be no time for it now; what a restore has taken in
// is whole at any moment.
function withinQuit(discarded: Promise<void>): Promise<void> {
  return within(DISCARD_LIMIT_MS, discarded)
}

/** Waits for a task, but no longer than `limitMs`. */
async function within(limitMs: number, task: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([task, limit])
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
