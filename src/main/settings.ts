import { constants, copyFileSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import type { Platform } from '../shared/accelerator'
import { areShortcutsGood } from '../shared/actions'
import { failure } from '../shared/errors'
import {
  DEFAULT_QUICK_ASK,
  defaultSettings,
  MAX_QUICK_INSTRUCTION,
  newBackendProfile,
  type BackendProfile,
  type QuickAskSettings,
  type Settings,
} from '../shared/settings'
import { plainLine } from './backend/server-text'
import { chatSettingsSchema, storedChatSettingsSchema } from './chat-settings'
import { readRegularSync } from './library/files'
import type { Logger } from './logger'

const text = (maxCharacters: number) => v.pipe(v.string(), v.maxLength(maxCharacters))
const id = v.pipe(v.string(), v.minLength(1), v.maxLength(64))
const whole = (low: number, high: number) => v.pipe(v.number(), v.integer(), v.minValue(low), v.maxValue(high))
/** Without anything that could deceive its reader (S39); a server's list holds no other names either. */
export const providerName = v.pipe(
  text(200),
  v.minLength(1),
  v.check((name) => plainLine(name, 200) === name),
)

const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/u))
const timeMs = v.pipe(v.number(), v.finite())

const headers = v.pipe(
  v.array(v.strictObject({ id, name: text(8192), isSecret: v.boolean(), value: text(8192) })),
  v.maxLength(100),
)
export const MAX_KEYED_PROVIDERS = 100
const keyedProviders = v.pipe(
  v.array(providerName),
  v.maxLength(MAX_KEYED_PROVIDERS),
  v.check((names) => new Set(names).size === names.length),
)
const proxy = v.variant('kind', [
  v.strictObject({ kind: v.literal('none') }),
  v.strictObject({ kind: v.literal('system') }),
  v.strictObject({ kind: v.literal('own'), url: text(2048), user: text(255) }),
])
const certificate = v.strictObject({
  sha256: hash,
  subject: text(2048),
  issuer: text(2048),
  isSelfSigned: v.boolean(),
  names: v.pipe(v.array(text(2048)), v.maxLength(1000)),
  validFrom: timeMs,
  validTo: timeMs,
})
const trust = v.variant('kind', [
  v.strictObject({ kind: v.literal('system') }),
  v.strictObject({ kind: v.literal('pinned'), certificate, trustedAt: timeMs }),
  v.strictObject({
    kind: v.literal('authority'),
    fileName: text(255),
    subjects: v.pipe(v.array(text(2048)), v.maxLength(1000)),
    sha256: hash,
  }),
])
const connectTimeoutSeconds = whole(1, 120)
const addressSince = v.pipe(v.number(), v.finite(), v.minValue(0))
/** Longer than the parameters may be, so that a person who pastes too much is told so by readParameters. */
const parameters = text(1024 * 1024)

export const MAX_BACKEND_NAME = 200

const profileFields = {
  id,
  name: text(MAX_BACKEND_NAME),
  url: text(2048),
  provider: v.nullable(text(500)),
  model: v.nullable(text(500)),
  headers,
  firstByteTimeoutSeconds: whole(10, 1800),
  idleTimeoutSeconds: whole(10, 3600),
}

/** The shape of a profile as a page may send it. Whether address, headers, proxy and parameters are good is checked elsewhere. */
export const backendProfileSchema: v.GenericSchema<unknown, BackendProfile> = v.strictObject({
  ...profileFields,
  // Without a character that separates ids from anything else.
  id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/u)),
  keyedProviders,
  parameters,
  connectTimeoutSeconds,
  addressSince,
  proxy,
  trust,
})

const FRESH_PROFILE = newBackendProfile('', '', '')

// As it is stored. A profile of an older version has fewer fields, and those that it lacks get their defaults.
const storedProfileSchema: v.GenericSchema<unknown, BackendProfile> = v.object({
  ...profileFields,
  keyedProviders: v.optional(keyedProviders, FRESH_PROFILE.keyedProviders),
  parameters: v.optional(parameters, FRESH_PROFILE.parameters),
  addressSince: v.optional(addressSince, 0),
  connectTimeoutSeconds: v.optional(connectTimeoutSeconds, FRESH_PROFILE.connectTimeoutSeconds),
  proxy: v.optional(proxy, FRESH_PROFILE.proxy),
  trust: v.optional(trust, FRESH_PROFILE.trust),
})

export const MAX_BACKENDS = 100

/** Of the picker's lists; by exact names, null is the backend's own choice. */
const modelChoice = v.strictObject({ backendId: id, provider: v.nullable(text(500)), model: v.nullable(text(500)) })

/** Of pictures from the web, as a URL has them. */
const webHosts = v.pipe(v.array(v.pipe(text(300), v.minLength(1))), v.maxLength(500))

const shortcut = v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,64}$/u))

const quickAskFields = {
  isEnabled: v.boolean(),
  shortcut,
  regionShortcut: v.nullable(shortcut),
  choice: v.nullable(modelChoice),
  instruction: text(MAX_QUICK_INSTRUCTION),
  hidesOnBlur: v.boolean(),
  isKept: v.boolean(),
  opensOn: v.picklist(['pointer', 'main']),
  offersClipboard: v.boolean(),
  offersRegion: v.boolean(),
}

const fields = {
  locale: v.picklist(['system', 'en', 'ru']),
  theme: v.picklist(['system', 'light', 'dark']),
  textSizePx: whole(13, 22),
  columnWidth: v.picklist(['narrow', 'normal', 'wide']),
  wrapsCode: v.boolean(),
  followsAnswer: v.boolean(),
  showsProvider: v.boolean(),
  motion: v.picklist(['system', 'reduced', 'full']),
  opensWith: v.picklist(['new', 'last']),
  sendKey: v.picklist(['enter', 'mod-enter']),
  closeToTray: v.nullable(v.boolean()),
  notifies: v.picklist(['never', 'plain', 'text']),
  staysAwake: v.boolean(),
  startsAtLogin: v.picklist(['never', 'shown', 'hidden']),
  quickAsk: v.strictObject(quickAskFields),
  // Of other versions as well, so that those do not lose them; what cannot hold is not used (actionKeys).
  shortcuts: v.pipe(
    v.unknown(),
    // A record is taken for one whose keys are its places.
    v.check((shortcuts) => !Array.isArray(shortcuts)),
    v.record(v.pipe(v.string(), v.regex(/^[a-z][a-z-]{0,63}$/u)), v.nullable(text(64))),
    v.check((shortcuts) => Object.keys(shortcuts).length <= 200),
  ),
  checksSpelling: v.boolean(),
  spellingLanguages: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$/u))), v.maxLength(20)),
  activeBackendId: v.nullable(id),
  isTemporaryByDefault: v.boolean(),
  images: v.strictObject({
    maxSidePx: whole(256, 8192),
    maxBytes: whole(100 * 1024, 20 * 1024 * 1024),
    qualityPercent: whole(40, 100),
    isOriginalSent: v.boolean(),
    isMetadataRemoved: v.boolean(),
    maxCount: whole(1, 10),
  }),
  webPictures: v.strictObject({
    load: v.picklist(['never', 'ask', 'always']),
    allowed: webHosts,
    blocked: webHosts,
  }),
  keepLogsDays: v.picklist([1, 7, 30]),
  lastBackup: v.nullable(v.strictObject({ atMs: timeMs, bytes: whole(0, Number.MAX_SAFE_INTEGER) })),
  lastCheck: v.nullable(v.strictObject({ atMs: timeMs, faults: whole(0, Number.MAX_SAFE_INTEGER) })),
  trashDays: v.nullable(v.picklist([7, 30, 90])),
  favourites: v.pipe(v.array(modelChoice), v.maxLength(200)),
  recents: v.pipe(v.array(modelChoice), v.maxLength(50)),
  backends: v.pipe(v.array(storedProfileSchema), v.maxLength(MAX_BACKENDS)),
}

/** What a page may change at once; profiles have channels of their own. */
export const settingsPatchSchema: v.GenericSchema<unknown, Partial<Omit<Settings, 'backends'>>> = v.strictObject({
  locale: v.exactOptional(fields.locale),
  theme: v.exactOptional(fields.theme),
  textSizePx: v.exactOptional(fields.textSizePx),
  columnWidth: v.exactOptional(fields.columnWidth),
  wrapsCode: v.exactOptional(fields.wrapsCode),
  followsAnswer: v.exactOptional(fields.followsAnswer),
  showsProvider: v.exactOptional(fields.showsProvider),
  motion: v.exactOptional(fields.motion),
  opensWith: v.exactOptional(fields.opensWith),
  sendKey: v.exactOptional(fields.sendKey),
  closeToTray: v.exactOptional(fields.closeToTray),
  notifies: v.exactOptional(fields.notifies),
  staysAwake: v.exactOptional(fields.staysAwake),
  startsAtLogin: v.exactOptional(fields.startsAtLogin),
  quickAsk: v.exactOptional(fields.quickAsk),
  shortcuts: v.exactOptional(fields.shortcuts),
  checksSpelling: v.exactOptional(fields.checksSpelling),
  spellingLanguages: v.exactOptional(fields.spellingLanguages),
  activeBackendId: v.exactOptional(fields.activeBackendId),
  isTemporaryByDefault: v.exactOptional(fields.isTemporaryByDefault),
  newChat: v.exactOptional(chatSettingsSchema),
  images: v.exactOptional(fields.images),
  webPictures: v.exactOptional(fields.webPictures),
  keepLogsDays: v.exactOptional(fields.keepLogsDays),
  trashDays: v.exactOptional(fields.trashDays),
  favourites: v.exactOptional(fields.favourites),
  recents: v.exactOptional(fields.recents),
})

const DEFAULT_SETTINGS = defaultSettings(process.platform)

// Older versions know its shortcut only.
const storedQuickAskSchema: v.GenericSchema<unknown, QuickAskSettings> = v.object({
  isEnabled: quickAskFields.isEnabled,
  shortcut: quickAskFields.shortcut,
  regionShortcut: v.optional(quickAskFields.regionShortcut, DEFAULT_QUICK_ASK.regionShortcut),
  choice: v.optional(quickAskFields.choice, DEFAULT_QUICK_ASK.choice),
  instruction: v.optional(quickAskFields.instruction, DEFAULT_QUICK_ASK.instruction),
  hidesOnBlur: v.optional(quickAskFields.hidesOnBlur, DEFAULT_QUICK_ASK.hidesOnBlur),
  isKept: v.optional(quickAskFields.isKept, DEFAULT_QUICK_ASK.isKept),
  opensOn: v.optional(quickAskFields.opensOn, DEFAULT_QUICK_ASK.opensOn),
  offersClipboard: v.optional(quickAskFields.offersClipboard, DEFAULT_QUICK_ASK.offersClipboard),
  offersRegion: v.optional(quickAskFields.offersRegion, DEFAULT_QUICK_ASK.offersRegion),
})

// A setting that the file does not have yet gets its default; one with a wrong type makes the file a damaged one.
const storedSchema: v.GenericSchema<unknown, Settings> = v.object({
  locale: v.optional(fields.locale, DEFAULT_SETTINGS.locale),
  theme: v.optional(fields.theme, DEFAULT_SETTINGS.theme),
  textSizePx: v.optional(fields.textSizePx, DEFAULT_SETTINGS.textSizePx),
  columnWidth: v.optional(fields.columnWidth, DEFAULT_SETTINGS.columnWidth),
  wrapsCode: v.optional(fields.wrapsCode, DEFAULT_SETTINGS.wrapsCode),
  followsAnswer: v.optional(fields.followsAnswer, DEFAULT_SETTINGS.followsAnswer),
  showsProvider: v.optional(fields.showsProvider, DEFAULT_SETTINGS.showsProvider),
  motion: v.optional(fields.motion, DEFAULT_SETTINGS.motion),
  opensWith: v.optional(fields.opensWith, DEFAULT_SETTINGS.opensWith),
  sendKey: v.optional(fields.sendKey, DEFAULT_SETTINGS.sendKey),
  closeToTray: v.optional(fields.closeToTray, DEFAULT_SETTINGS.closeToTray),
  notifies: v.optional(fields.notifies, DEFAULT_SETTINGS.notifies),
  staysAwake: v.optional(fields.staysAwake, DEFAULT_SETTINGS.staysAwake),
  startsAtLogin: v.optional(fields.startsAtLogin, DEFAULT_SETTINGS.startsAtLogin),
  quickAsk: v.optional(storedQuickAskSchema, DEFAULT_SETTINGS.quickAsk),
  shortcuts: v.optional(fields.shortcuts, DEFAULT_SETTINGS.shortcuts),
  checksSpelling: v.optional(fields.checksSpelling, DEFAULT_SETTINGS.checksSpelling),
  spellingLanguages: v.optional(fields.spellingLanguages, [...DEFAULT_SETTINGS.spellingLanguages]),
  activeBackendId: v.optional(fields.activeBackendId, DEFAULT_SETTINGS.activeBackendId),
  isTemporaryByDefault: v.optional(fields.isTemporaryByDefault, DEFAULT_SETTINGS.isTemporaryByDefault),
  newChat: v.optional(storedChatSettingsSchema, DEFAULT_SETTINGS.newChat),
  images: v.optional(fields.images, DEFAULT_SETTINGS.images),
  webPictures: v.optional(fields.webPictures, DEFAULT_SETTINGS.webPictures),
  keepLogsDays: v.optional(fields.keepLogsDays, DEFAULT_SETTINGS.keepLogsDays),
  lastBackup: v.optional(fields.lastBackup, DEFAULT_SETTINGS.lastBackup),
  lastCheck: v.optional(fields.lastCheck, DEFAULT_SETTINGS.lastCheck),
  trashDays: v.optional(fields.trashDays, DEFAULT_SETTINGS.trashDays),
  favourites: v.optional(fields.favourites, DEFAULT_SETTINGS.favourites),
  recents: v.optional(fields.recents, DEFAULT_SETTINGS.recents),
  backends: v.optional(fields.backends, DEFAULT_SETTINGS.backends),
})

/**
 * The settings with what a page changes.
 *
 * @throws AppFailure `bad-request` for keys that an action cannot have, or that two would have
 */
export function patched(now: Settings, patch: Partial<Omit<Settings, 'backends'>>, platform: Platform): Settings {
  const next = { ...now, ...patch }
  if (patch.shortcuts !== undefined && !areShortcutsGood(next, platform)) {
    throw failure({ code: 'bad-request', channel: 'settings.set' })
  }
  return next
}

/** Settings from a file of anybody's, held to the same rules as those on the disk; null for what does not keep them. */
export function readSettings(data: unknown): Settings | null {
  // To a schema whose fields are all optional a list is an object like any other.
  const read = v.safeParse(storedSchema, Array.isArray(data) ? null : data)
  return read.success ? read.output : null
}

const SETTINGS_NAME = 'settings'
/**
 * A settings file has a few kilobytes, and a hundred profiles with 64 KB of parameters each make six megabytes. A larger
 * one is not read into memory to find out that it is damaged, so none that is larger may be written.
 */
const MAX_FILE_BYTES = 8 * 1024 * 1024

/** Whether what is written could be read again. */
export function isSavable(value: object): boolean {
  // As electron-store writes it.
  return Buffer.byteLength(JSON.stringify(value, undefined, '\t')) <= MAX_FILE_BYTES
}

/** Settings as found at start, and what had to be done to get them. */
export interface FoundSettings {
  settings: Settings
  /** What is in use instead of a damaged file, and under which name that is kept; null when nothing was damaged. */
  recovered: { from: 'backup' | 'defaults'; keptAs: string } | null
}

/**
 * Reads the settings, synchronously and without electron-store, so that the first window knows its theme before
 * anything heavy is loaded. A damaged file is put aside as `*.corrupt-<time>` and the last good backup takes its place
 * (R05).
 *
 * @param folder where the settings lie
 * @param nowMs for the name of a damaged file
 */
export function findSettings(folder: string, nowMs: number): FoundSettings {
  const found = findJson(folder, SETTINGS_NAME, (data) => v.parse(storedSchema, data), nowMs)
  return { settings: found.value ?? DEFAULT_SETTINGS, recovered: found.recovered }
}

/**
 * Reads `<name>.json`, or its backup when it is damaged. Never throws, never overwrites a backup.
 *
 * @param parse throws for what is not a good value
 * @returns null when there is no file, or neither it nor a backup can be read
 */
export function findJson<T>(
  folder: string,
  name: string,
  parse: (data: unknown) => T,
  nowMs: number,
): { value: T | null; recovered: FoundSettings['recovered'] } {
  const file = join(folder, `${name}.json`)
  const backup = backupOf(file)
  const first = readJson(file, parse)
  if (first.kind === 'good') return { value: first.value, recovered: null }
  const second = readJson(backup, parse)
  const isMissing = first.kind === 'missing'
  // No file and no backup is the first start. No file but a backup: a crash between two renames, or a file lost.
  if (isMissing && second.kind !== 'good') return { value: null, recovered: null }
  const keptAs = `${name}.json.corrupt-${nowMs}`
  // Where even renaming fails the disk is read-only: then nothing will be written over the damaged file either.
  if (!isMissing) attempt(() => renameSync(file, join(folder, keptAs)))
  if (second.kind !== 'good') return { value: null, recovered: { from: 'defaults', keptAs } }
  attempt(() => copyFileSync(backup, file))
  return { value: second.value, recovered: isMissing ? null : { from: 'backup', keptAs } }
}

type ReadJson<T> = { kind: 'good'; value: T } | { kind: 'missing' } | { kind: 'damaged' }

function readJson<T>(file: string, parse: (data: unknown) => T): ReadJson<T> {
  try {
    const data: unknown = JSON.parse(readRegularSync(file, MAX_FILE_BYTES))
    // To a schema whose fields are all optional a list is an object like any other.
    return Array.isArray(data) ? { kind: 'damaged' } : { kind: 'good', value: parse(data) }
  } catch (thrown) {
    const isMissing = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    return { kind: isMissing ? 'missing' : 'damaged' }
  }
}

function backupOf(file: string): string {
  return `${file}.backup`
}

// Whatever lies at the backup's place is replaced and never written into: opening a pipe would wait for ever.
function backUp(file: string): void {
  const draft = `${backupOf(file)}.new`
  rmSync(draft, { force: true })
  copyFileSync(file, draft, constants.COPYFILE_EXCL)
  renameSync(draft, backupOf(file))
}

function attempt(change: () => void): void {
  try {
    change()
  } catch {
    // What cannot be moved or copied stays where it is; the caller goes on with what it has in memory.
  }
}

/** One JSON file that is written whole and atomically, with a backup of the last good one beside it. */
export interface JsonStore {
  /** Rejects with what the disk says; the file is then the old one. */
  write(value: object): Promise<void>
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

// Its file writer listens to signals (when-exit) and answers the first one by killing the process where it stands, with
// a running answer unsaved (R35). What it adds is taken away again; index.ts quits on these signals.
async function importElectronStore() {
  const ours = new Map(SIGNALS.map((signal) => [signal, process.listeners(signal)]))
  const { default: ElectronStore } = await import('electron-store')
  for (const signal of SIGNALS) {
    const added = process.listeners(signal).filter((listener) => ours.get(signal)?.includes(listener) !== true)
    for (const listener of added) process.off(signal, listener)
  }
  return ElectronStore
}

/** A store over `<name>.json`. electron-store is loaded with the first change: its schema compiler costs the start 30 ms. */
export function openStore(folder: string, name: string): JsonStore {
  const opened = once(async () => {
    const [ElectronStore, { ipcMain }] = await Promise.all([importElectronStore(), import('electron')])
    const store = new ElectronStore<Record<string, unknown>>({
      name,
      cwd: folder,
      configFileMode: 0o600,
      accessPropertiesByDotNotation: false,
      // findJson has put a damaged file aside already; where it could not, starting matters more.
      clearInvalidConfig: true,
    })
    // It listens for pages that ask for the data folder. No page of ours does, and no channel passes by the gate.
    ipcMain.removeAllListeners('electron-store-get-data')
    return store
  })
  return {
    async write(value) {
      const store = await opened()
      store.store = { ...value }
      attempt(() => backUp(store.path))
    },
  }
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | null = null
  return () => (made ??= make())
}

export function openSettingsStore(folder: string): JsonStore {
  return openStore(folder, SETTINGS_NAME)
}

/** The one set of settings that all windows share: every change goes through it, so none is lost (R33). */
export class LiveSettings {
  #settings: Settings
  readonly #listeners = new Set<(settings: Settings, before: Settings) => void>()
  #saved: Promise<void> = Promise.resolve()

  constructor(
    settings: Settings,
    private readonly store: JsonStore,
    private readonly logger: Logger,
  ) {
    this.#settings = settings
  }

  get current(): Settings {
    return this.#settings
  }

  /**
   * Applies a change, tells everybody, and saves. When the disk refuses, Parley goes on with the change in memory (R08).
   *
   * @param change gets the present settings, returns the new ones
   * @throws AppFailure `bad-request` for more than a settings file may hold; nothing is changed then
   */
  change(change: (settings: Settings) => Settings): Settings {
    const before = this.#settings
    const changed = v.parse(storedSchema, change(before))
    if (!isSavable(changed)) throw failure({ code: 'bad-request', channel: 'settings.set' })
    this.#settings = changed
    this.#saved = this.#saved.then(() => this.#save(changed))
    for (const listener of this.#listeners) listener(changed, before)
    return changed
  }

  /** Resolves when every change so far has been written, or refused by the disk. */
  async flush(): Promise<void> {
    await this.#saved
  }

  async #save(settings: Settings): Promise<void> {
    try {
      await this.store.write(settings)
    } catch (thrown) {
      const code = thrown instanceof Error && 'code' in thrown ? String(thrown.code) : 'unknown'
      this.logger.error('settings not saved', { code })
    }
  }

  /** @returns a function that ends the listening */
  onChange(listener: (settings: Settings, before: Settings) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
