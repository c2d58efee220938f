import * as v from 'valibot'
import { failure } from '../shared/errors'
import type { SecretName, SecretState } from '../shared/settings'
import { tailOf } from './secret-tail'
import { findJson, isSavable, openStore, type JsonStore } from './settings'

/** What keeps secrets for this user of this computer. */
export interface Keychain {
  /** False without one, and for Chromium's `basic_text`: its key stands in its source, so it protects nothing. */
  isSafe(): Promise<boolean>
  encrypt(value: string): Promise<Buffer>
  /** Rejects when the keychain does not open it. */
  decrypt(data: Buffer): Promise<string>
}

/** What of Electron's safeStorage is used. The asynchronous half is missing in Electron 33, the other one deprecated in 45. */
export interface SafeStorage {
  isEncryptionAvailable(): boolean
  encryptString(value: string): Buffer
  decryptString(data: Buffer): string
  /** Linux only. */
  getSelectedStorageBackend?(): string
  isAsyncEncryptionAvailable?(): Promise<boolean>
  encryptStringAsync?(value: string): Promise<Buffer>
  decryptStringAsync?(data: Buffer): Promise<{ result: string }>
}

/** Electron's safeStorage as a Keychain. Each call may wait for the person to unlock it; on Electron 33 that blocks main. */
export function openKeychain(storage: SafeStorage): Keychain {
  return {
    async isSafe() {
      const isAvailable = (await storage.isAsyncEncryptionAvailable?.()) ?? storage.isEncryptionAvailable()
      return isAvailable && storage.getSelectedStorageBackend?.() !== 'basic_text'
    },
    encrypt: async (value) => (await storage.encryptStringAsync?.(value)) ?? storage.encryptString(value),
    decrypt: async (data) => (await storage.decryptStringAsync?.(data))?.result ?? storage.decryptString(data),
  }
}

export type KeychainState = 'not-asked' | 'works' | 'missing' | 'refuses'

const entrySchema = v.strictObject({
  /** The address it was entered for: it is sent nowhere else (S35). */
  origin: v.string(),
  tail: v.string(),
  kept: v.picklist(['keychain', 'unprotected']),
  /** Base64: the ciphertext, or the value itself when the person chose to store it unprotected. */
  data: v.string(),
})
type Entry = v.InferOutput<typeof entrySchema>

/** Stored secrets by backend, then by field. */
const storedSchema = v.record(v.string(), v.record(v.string(), entrySchema))
type Stored = v.InferOutput<typeof storedSchema>

const SECRETS_NAME = 'secrets'

/**
 * Reads what is stored, without asking the keychain for anything. A damaged file is put aside, never overwritten (S27);
 * `keptAs` is its name then.
 */
export function findSecrets(folder: string, nowMs: number): { secrets: Stored; keptAs: string | null } {
  const { value, recovered } = findJson(folder, SECRETS_NAME, (data) => v.parse(storedSchema, data), nowMs)
  return { secrets: value ?? {}, keptAs: recovered?.keptAs ?? null }
}

export function openSecretsStore(folder: string): JsonStore {
  return openStore(folder, SECRETS_NAME)
}

/**
 * Keys and secret header values. They go in and never out to a page: a page learns a SecretState. The keychain is asked
 * only when a secret is saved or sent, never at start: a locked one blocks the process until the person unlocks it.
 */
export class Secrets {
  #stored: Stored
  /** Values without a keychain to keep them, until Parley quits (S26). */
  readonly #session = new Map<string, { value: string; origin: string; tail: string }>()
  /** Values of this run, by key: what a server repeats of any of them is taken out of everything it says. */
  readonly #seen = new Map<string, string>()
  /** Stored ones that the keychain would not open when they were last needed; the ciphertext stays (S27). */
  readonly #unreadable = new Set<string>()
  #keychainState: KeychainState = 'not-asked'

  constructor(
    stored: Stored,
    private readonly keychain: Keychain,
    private readonly store: JsonStore,
    /** Tells the log to mask a value wherever it might turn up. */
    private readonly protect: (value: string) => void,
  ) {
    this.#stored = stored
  }

  /** What the keychain did when it was last needed; it is not asked for this. */
  get keychainState(): KeychainState {
    return this.#keychainState
  }

  /** What a page may know. Never asks the keychain. */
  state(name: SecretName): SecretState {
    const key = keyOf(name)
    const session = this.#session.get(key)
    if (session !== undefined) return { kind: 'set', tail: session.tail, origin: session.origin, kept: 'session' }
    const entry = this.#entry(name)
    if (entry === null) return { kind: 'unset' }
    if (this.#unreadable.has(key)) return { kind: 'unreadable', origin: entry.origin }
    return { kind: 'set', tail: entry.tail, origin: entry.origin, kept: entry.kept }
  }

  /**
   * Keeps a secret: encrypted where there is a keychain; on disk as it is only when the person chose that; else in
   * memory. Waits while the system asks the person to unlock the keychain.
   *
   * @param origin scheme, host and port it is for
   */
  async set(name: SecretName, value: string, origin: string, storeUnprotected: boolean): Promise<SecretState> {
    this.protect(value)
    this.#seen.set(keyOf(name), value)
    const tail = tailOf(value)
    const key = keyOf(name)
    const encrypted = await this.#encrypt(value)
    if (encrypted !== null) {
      await this.#put(name, { origin, tail, kept: 'keychain', data: encrypted.toString('base64') })
      this.#session.delete(key)
    } else if (storeUnprotected) {
      await this.#put(name, { origin, tail, kept: 'unprotected', data: Buffer.from(value).toString('base64') })
      this.#session.delete(key)
    } else {
      this.#session.set(key, { value, origin, tail })
    }
    this.#unreadable.delete(key)
    return this.state(name)
  }

  async clear(name: SecretName): Promise<void> {
    this.#session.delete(keyOf(name))
    this.#unreadable.delete(keyOf(name))
    if (this.#entry(name) === null) return
    const { [fieldOf(name)]: _removed, ...rest } = this.#fieldsOf(name.backendId)
    await this.#save({ ...this.#stored, [name.backendId]: rest })
  }

  /** Every secret of a backend that was entered or read since the start. */
  seenOf(backendId: string): string[] {
    return [...this.#seen].flatMap(([key, value]) => (key.startsWith(`${backendId}/`) ? [value] : []))
  }

  /** Forgets everything of a removed backend. */
  async clearBackend(backendId: string): Promise<void> {
    for (const key of this.#session.keys()) if (key.startsWith(`${backendId}/`)) this.#session.delete(key)
    for (const key of this.#unreadable) if (key.startsWith(`${backendId}/`)) this.#unreadable.delete(key)
    if (!Object.hasOwn(this.#stored, backendId)) return
    const { [backendId]: _removed, ...rest } = this.#stored
    await this.#save(rest)
  }

  /**
   * Makes everything of a backend but its proxy's password a secret of `origin`, as the person has agreed to (S35). The
   * keychain is not asked: what it holds stays as it is.
   */
  async move(backendId: string, origin: string): Promise<void> {
    for (const [key, kept] of this.#session) {
      if (isServerSecret(key, backendId)) this.#session.set(key, { ...kept, origin })
    }
    const fields = this.#fieldsOf(backendId)
    if (Object.keys(fields).length === 0) return
    const moved = Object.entries(fields).map(([field, entry]) => [
      field,
      field === PROXY_PASSWORD ? entry : { ...entry, origin },
    ])
    await this.#save({ ...this.#stored, [backendId]: Object.fromEntries(moved) as Stored[string] })
  }

  /** Gives another backend the same secrets, each bound to where it was. The keychain is not asked. */
  async copy(fromId: string, toId: string): Promise<void> {
    for (const [key, kept] of [...this.#session]) {
      if (key.startsWith(`${fromId}/`)) this.#session.set(toId + key.slice(fromId.length), kept)
    }
    for (const key of [...this.#unreadable]) {
      if (key.startsWith(`${fromId}/`)) this.#unreadable.add(toId + key.slice(fromId.length))
    }
    const fields = this.#fieldsOf(fromId)
    if (Object.keys(fields).length > 0) await this.#save({ ...this.#stored, [toId]: { ...fields } })
  }

  /**
   * The value, for a request to `origin`. Waits like `set`.
   *
   * @returns null when there is none
   * @throws AppFailure `secret-unavailable`: it was entered for another origin, or the keychain does not open it
   */
  async read(name: SecretName, origin: string): Promise<string | null> {
    const key = keyOf(name)
    const session = this.#session.get(key)
    const entry = this.#entry(name)
    const kept = session ?? entry
    if (kept === null) return null
    if (kept.origin !== origin) throw failure({ code: 'secret-unavailable', reason: 'other-origin' })
    if (session !== undefined) return session.value
    if (entry === null) return null
    const value = await this.#open(entry)
    if (value === null) {
      this.#unreadable.add(key)
      throw failure({ code: 'secret-unavailable', reason: 'unreadable' })
    }
    this.#unreadable.delete(key)
    this.protect(value)
    this.#seen.set(key, value)
    return value
  }

  /** @returns null when there is no keychain, or it refuses */
  async #encrypt(value: string): Promise<Buffer | null> {
    try {
      if (!(await this.keychain.isSafe())) {
        this.#keychainState = 'missing'
        return null
      }
      const encrypted = await this.keychain.encrypt(value)
      this.#keychainState = 'works'
      return encrypted
    } catch {
      this.#keychainState = 'refuses'
      return null
    }
  }

  async #open(entry: Entry): Promise<string | null> {
    const data = Buffer.from(entry.data, 'base64')
    if (entry.kept === 'unprotected') return data.toString('utf8')
    try {
      const value = await this.keychain.decrypt(data)
      this.#keychainState = 'works'
      return value
    } catch {
      this.#keychainState = 'refuses'
      // Another user, another keychain, or a locked one. The ciphertext stays: it may open again later.
      return null
    }
  }

  #fieldsOf(backendId: string): Stored[string] {
    return Object.hasOwn(this.#stored, backendId) ? (this.#stored[backendId] ?? {}) : {}
  }

  #entry(name: SecretName): Entry | null {
    const fields = this.#fieldsOf(name.backendId)
    const field = fieldOf(name)
    return Object.hasOwn(fields, field) ? (fields[field] ?? null) : null
  }

  async #put(name: SecretName, entry: Entry): Promise<void> {
    await this.#save({
      ...this.#stored,
      [name.backendId]: { ...this.#fieldsOf(name.backendId), [fieldOf(name)]: entry },
    })
  }

  async #save(stored: Stored): Promise<void> {
    // A file that could not be read again would take every other secret with it.
    if (!isSavable(stored)) throw failure({ code: 'storage', reason: 'failed' })
    this.#stored = stored
    try {
      await this.store.write(stored)
    } catch {
      throw failure({ code: 'storage', reason: 'failed' })
    }
  }
}

const PROXY_PASSWORD = 'proxy-password'

function fieldOf(name: SecretName): string {
  switch (name.field) {
    case 'api-key':
      return 'api-key'
    case 'provider-key':
      return `provider-key:${name.provider}`
    case 'header':
      return `header:${name.headerId}`
    case 'proxy-password':
      return PROXY_PASSWORD
  }
}

function keyOf(name: SecretName): string {
  return `${name.backendId}/${fieldOf(name)}`
}

function isServerSecret(key: string, backendId: string): boolean {
  return key.startsWith(`${backendId}/`) && key !== `${backendId}/${PROXY_PASSWORD}`
}
