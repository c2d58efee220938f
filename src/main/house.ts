import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Boot, Role } from '../shared/contract'
import type { AttachmentInfo, GenerationEvent } from '../shared/conversation'
import { failure } from '../shared/errors'
import type { Translate } from '../shared/i18n'
import type { Locale } from '../shared/settings'
import { Attachments } from './attachments'
import { Backends } from './backends'
import { openCatalogueFile } from './catalogue-file'
import { systemClock } from './clock'
import { Generations } from './generations'
import { loadPages } from './guide/pages'
import { createGuideTransport } from './guide/transport'
import type { Desk, House } from './handlers'
import type { Broadcast, Caller } from './ipc'
import { openLibrary } from './library/library'
import type { Logger } from './logger'
import { findSecrets, openSecretsStore, Secrets, type Keychain } from './secrets'
import type { LiveSettings } from './settings'

/** R30 gives five seconds from waking until a dead answer says so. */
const WAKE_WAIT_MS = 4000
/** So far apart the clocks on the wall and of the processor were stopped: the computer slept. */
const SLEEP_JUMP_MS = 30_000
const CLOCK_CHECK_MS = 5000

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
  const library = openLibrary({ root: join(folder, 'library'), clock, logger })
  const attachments = new Attachments(join(folder, 'attachments'), logger)
  const secrets = new Secrets(
    findSecrets(folder, clock.now()),
    options.keychain,
    openSecretsStore(folder),
    options.protect,
  )
  const backends = new Backends({
    settings,
    secrets,
    catalogues: openCatalogueFile(join(folder, 'catalogues.json'), logger),
    guide: createGuideTransport({ pages: loadPages(join(options.resources, 'guide')), locale: options.locale }),
    guideName: () => translate()('common:guide'),
    findAttachment: (id, bytes) => attachments.path(id, bytes),
    clock,
    logger,
    onChange: (views) => broadcast('backend.changed', views),
  })

  const onShow = new Map<Caller['window'], string | null>()
  const generations = new Generations({
    library,
    openSession: (context, signal) => backends.openSession(context, signal),
    findAttachments: async (ids) => Promise.all(ids.map((id) => requireAttachment(attachments, id))),
    clock,
    logger,
    isOnShow: (conversationId) =>
      [...onShow].some(
        ([window, shown]) =>
          shown === conversationId && !window.isDestroyed() && window.isVisible() && !window.isMinimized(),
      ),
  })

  const recovered = await library.recover()
  if (recovered.length > 0) logger.info('answers recovered', { count: recovered.length })

  generations.onEvents((events) => broadcast('generation.event', events))
  library.onChange((change) => broadcast('conversation.changed', change))
  library.onStorageState((state) => broadcast('storage.state', state))
  settings.onChange((now, before) => {
    broadcast('settings.changed', now)
    // The Guide's name is in the language on show.
    if (now.locale !== before.locale) broadcast('backend.changed', backends.list())
  })

  const wake = async (): Promise<void> => {
    const signs: GenerationEvent[] = []
    // A status is our own word about the silence, no sign of life.
    const end = generations.onEvents((events) => signs.push(...events.filter(({ part }) => part.type !== 'status')))
    await sleep(WAKE_WAIT_MS)
    end()
    if (signs.length === 0) await generations.stopAll('interrupted', { code: 'connection-lost' })
  }
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

  return {
    library,
    generations,
    attachments,
    settings,
    backends,
    desk,
    logger,
    boot,
    async look(window, conversationId) {
      if (!onShow.has(window)) window.once('closed', () => onShow.delete(window))
      onShow.set(window, conversationId)
      // What cannot be marked, such as a chat of a newer Parley, can still be read; what cannot be read says so when it is opened.
      if (conversationId !== null) await library.markRead(conversationId).catch(() => undefined)
    },
    wake,
    async leave() {
      clearInterval(clockCheck)
      await generations.stopAll('interrupted')
      await Promise.all([library.flush(), settings.flush()])
    },
    async secure() {
      await Promise.all([library.flush(), settings.flush()])
    },
  }
}

async function requireAttachment(attachments: Attachments, id: string): Promise<AttachmentInfo> {
  const info = await attachments.find(id)
  if (info === null) throw failure({ code: 'not-found', what: 'attachment' })
  return info
}
