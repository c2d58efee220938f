import { copyFileSync, readFileSync, renameSync, statSync } from 'node:fs'
import { join } from 'node:path'
import * as v from 'valibot'
import { failure } from '../shared/errors'
import { defaultSettings, newBackendProfile, type BackendProfile, type Settings } from '../shared/settings'
import { plainLine } from './backend/server-text'
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

const fields = {
  locale: v.picklist(['system', 'en', 'ru']),
  theme: v.picklist(['system', 'light', 'dark']),
  textSizePx: whole(13, 22),
  sendKey: v.picklist(['enter', 'mod-enter']),
  closeToTray: v.nullable(v.boolean()),
  quickAsk: v.strictObject({
    isEnabled: v.boolean(),
    shortcut: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,64}$/u)),
  }),
  activeBackendId: v.nullable(id),
  isTemporaryByDefault: v.boolean(),
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
  sendKey: v.exactOptional(fields.sendKey),
  closeToTray: v.exactOptional(fields.closeToTray),
  quickAsk: v.exactOptional(fields.quickAsk),
  activeBackendId: v.exactOptional(fields.activeBackendId),
  isTemporaryByDefault: v.exactOptional(fields.isTemporaryByDefault),
  trashDays: v.exactOptional(fields.trashDays),
  favourites: v.exactOptional(fields.favourites),
  recents: v.exactOptional(fields.recents),
})

const DEFAULT_SETTINGS = defaultSettings(process.platform)

// A setting that the file does not have yet gets its default; one with a wrong type makes the file a damaged one.
const storedSchema: v.GenericSchema<unknown, Settings> = v.object({
  locale: v.optional(fields.locale, DEFAULT_SETTINGS.locale),
  theme: v.optional(fields.theme, DEFAULT_SETTINGS.theme),
  textSizePx: v.optional(fields.textSizePx, DEFAULT_SETTINGS.textSizePx),
  sendKey: v.optional(fields.sendKey, DEFAULT_SETTINGS.sendKey),
  closeToTray: v.optional(fields.closeToTray, DEFAULT_SETTINGS.closeToTray),
  quickAsk: v.optional(fields.quickAsk, DEFAULT_SETTINGS.quickAsk),
  activeBackendId: v.optional(fields.activeBackendId, DEFAULT_SETTINGS.activeBackendId),
  isTemporaryByDefault: v.optional(fields.isTemporaryByDefault, DEFAULT_SETTINGS.isTemporaryByDefault),
  trashDays: v.optional(fields.trashDays, DEFAULT_SETTINGS.trashDays),
  favourites: v.optional(fields.favourites, DEFAULT_SETTINGS.favourites),
  recents: v.optional(fields.recents, DEFAULT_SETTINGS.recents),
  backends: v.optional(fields.backends, DEFAULT_SETTINGS.backends),
})

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
    if (statSync(file).size > MAX_FILE_BYTES) return { kind: 'damaged' }
    const data: unknown = JSON.parse(readFileSync(file, 'utf8'))
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
      attempt(() => copyFileSync(store.path, backupOf(store.path)))
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
