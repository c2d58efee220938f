import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { tailOf } from '../../../src/main/secret-tail'
import { findSecrets, openKeychain, Secrets, type Keychain, type SafeStorage } from '../../../src/main/secrets'
import { toAppError } from '../../../src/shared/errors'
import type { SecretName } from '../../../src/shared/settings'

const KEY: SecretName = { backendId: 'home', field: 'api-key' }
const HEADER: SecretName = { backendId: 'home', field: 'header', headerId: 'h1' }
const ORIGIN = 'http://localhost:1337'
const CANARY = 'CANARY-0123456789-abcdefghij'

/** Reverses the text: enough to see whether what is stored is what came out of the keychain. */
const working: Keychain = {
  isSafe: async () => true,
  encrypt: async (value) => Buffer.from([...value].reverse().join('')),
  decrypt: async (data) => [...data.toString()].reverse().join(''),
}
const missing: Keychain = {
  isSafe: async () => false,
  encrypt: async () => Promise.reject(new Error('no keychain')),
  decrypt: async () => Promise.reject(new Error('no keychain')),
}

function open(keychain: Keychain, stored: ConstructorParameters<typeof Secrets>[0] = {}) {
  const written: ConstructorParameters<typeof Secrets>[0][] = []
  const masked: string[] = []
  const secrets = new Secrets(
    stored,
    keychain,
    { write: async (value) => void written.push(structuredClone(value) as ConstructorParameters<typeof Secrets>[0]) },
    (value) => masked.push(value),
  )
  return { secrets, written, masked }
}

const errorOf = async (promise: Promise<unknown>) => promise.then(() => null, toAppError)

describe('secrets', () => {
  it('S25 stores ciphertext only, in no form of the value', async () => {
    const { secrets, written } = open({
      ...working,
      encrypt: async (value) => Buffer.from(value).map((byte) => byte ^ 0x5a) as Buffer,
    })
    await secrets.set(KEY, CANARY, ORIGIN, false)
    const stored = JSON.stringify(written)
    const forms = [
      CANARY,
      Buffer.from(CANARY).toString('base64'),
      Buffer.from(CANARY).toString('hex'),
      Buffer.from(CANARY).reverse().toString(),
    ]
    expect(forms.filter((form) => stored.includes(form))).toEqual([])
  })

  it('S28 tells a page the tail only, and of a short secret not even that', async () => {
    const { secrets } = open(working)
    expect(await secrets.set(KEY, CANARY, ORIGIN, false)).toEqual({
      kind: 'set',
      tail: 'ghij',
      origin: ORIGIN,
      kept: 'keychain',
    })
    expect(await secrets.set(HEADER, 'short-secret', ORIGIN, false)).toMatchObject({ tail: '' })
    expect(secrets.state({ ...HEADER, headerId: 'other' })).toEqual({ kind: 'unset' })
  })

  it('S28 shows four characters of a secret with at least 16, so that twelve stay hidden', () => {
    expect(tailOf('0123456789abcdef')).toBe('cdef')
    expect(tailOf('0123456789abcde')).toBe('')
    expect(tailOf('')).toBe('')
  })

  it('gives the value back for its origin, and tells the log to mask it', async () => {
    const first = open(working)
    await first.secrets.set(KEY, CANARY, ORIGIN, false)
    const { secrets, masked } = open(working, first.written.at(-1))
    expect(await secrets.read(KEY, ORIGIN)).toBe(CANARY)
    expect(await secrets.read(HEADER, ORIGIN)).toBeNull()
    expect(masked).toEqual([CANARY])
    expect(first.masked).toEqual([CANARY])
  })

  it('S35 refuses another origin', async () => {
    const { secrets } = open(working)
    await secrets.set(KEY, CANARY, ORIGIN, false)
    expect(await errorOf(secrets.read(KEY, 'http://localhost:8080'))).toEqual({
      code: 'secret-unavailable',
      reason: 'other-origin',
    })
  })

  const storage = (backend: string | undefined, isAvailable: boolean): SafeStorage => ({
    isEncryptionAvailable: () => isAvailable,
    encryptString: (value) => Buffer.from(`locked:${value}`),
    decryptString: (data) => data.toString().slice(7),
    ...(backend === undefined ? {} : { getSelectedStorageBackend: () => backend }),
  })
  const backends = [undefined, 'gnome_libsecret', 'kwallet6', 'basic_text', 'unknown']
  const cases = backends.flatMap((backend) => [true, false].map((isAvailable) => ({ backend, isAvailable })))

  it.each(cases)('S26 keeps a secret on disk only with a real keychain: %o', async ({ backend, isAvailable }) => {
    const isSafe = isAvailable && backend !== 'basic_text'
    const { secrets, written } = open(openKeychain(storage(backend, isAvailable)))
    const state = await secrets.set(KEY, CANARY, ORIGIN, false)
    expect(state).toMatchObject({ kind: 'set', kept: isSafe ? 'keychain' : 'session' })
    expect(written).toHaveLength(isSafe ? 1 : 0)
    expect(await secrets.read(KEY, ORIGIN)).toBe(CANARY)
  })

  it('S26 stores a secret unprotected when the person chose that, and says so', async () => {
    const { secrets, written } = open(missing)
    expect(await secrets.set(KEY, CANARY, ORIGIN, true)).toMatchObject({ kept: 'unprotected' })
    const again = open(missing, written.at(-1))
    expect(again.secrets.state(KEY)).toMatchObject({ kept: 'unprotected' })
    expect(await again.secrets.read(KEY, ORIGIN)).toBe(CANARY)
  })

  it('S27 keeps the ciphertext when the keychain does not open it, and asks again', async () => {
    const first = open(working)
    await first.secrets.set(KEY, CANARY, ORIGIN, false)
    const stored = first.written.at(-1)
    const { secrets, written } = open(missing, stored)
    expect(secrets.state(KEY)).toMatchObject({ kind: 'set' })
    expect(await errorOf(secrets.read(KEY, ORIGIN))).toEqual({ code: 'secret-unavailable', reason: 'unreadable' })
    expect(secrets.state(KEY)).toEqual({ kind: 'unreadable', origin: ORIGIN })
    expect(written).toEqual([])
    expect(await open(working, stored).secrets.read(KEY, ORIGIN)).toBe(CANARY)
  })

  it('prefers the asynchronous half of newer Electrons', async () => {
    const keychain = openKeychain({
      ...storage(undefined, false),
      isAsyncEncryptionAvailable: async () => true,
      encryptStringAsync: async (value) => Buffer.from(`later:${value}`),
      decryptStringAsync: async (data) => ({ result: data.toString().slice(6) }),
    })
    expect(await keychain.isSafe()).toBe(true)
    expect(await keychain.decrypt(await keychain.encrypt(CANARY))).toBe(CANARY)
  })

  it('clears one, or all of a backend', async () => {
    const { secrets, written } = open(working)
    await secrets.set(KEY, CANARY, ORIGIN, false)
    await secrets.set(HEADER, CANARY, ORIGIN, false)
    await secrets.clear(KEY)
    expect([secrets.state(KEY).kind, secrets.state(HEADER).kind]).toEqual(['unset', 'set'])
    await secrets.clearBackend('home')
    expect(secrets.state(HEADER).kind).toBe('unset')
    expect(JSON.stringify(written.at(-1))).toBe('{}')
  })

  const PROVIDER: SecretName = { backendId: 'home', field: 'provider-key', provider: 'Lab' }
  const PASSWORD: SecretName = { backendId: 'home', field: 'proxy-password' }
  const PROXY = 'socks5://proxy.lan:1080'

  it('keeps the keys of providers and the password of a proxy apart from each other', async () => {
    const first = open(working)
    const names = [KEY, HEADER, PROVIDER, { ...PROVIDER, provider: 'api-key' }, { ...PROVIDER, provider: '__proto__' }]
    for (const [index, name] of names.entries()) await first.secrets.set(name, `${CANARY}-${index}`, ORIGIN, false)
    await first.secrets.set(PASSWORD, CANARY, PROXY, false)
    const stored = JSON.parse(JSON.stringify(first.written.at(-1))) as ConstructorParameters<typeof Secrets>[0]
    const { secrets } = open(working, stored)
    for (const [index, name] of names.entries()) expect(await secrets.read(name, ORIGIN)).toBe(`${CANARY}-${index}`)
    expect(await secrets.read(PASSWORD, PROXY)).toBe(CANARY)
    expect(await errorOf(secrets.read(PASSWORD, ORIGIN))).toMatchObject({ reason: 'other-origin' })
    await secrets.clear(PROVIDER)
    expect(names.map((name) => secrets.state(name).kind)).toEqual(['set', 'set', 'unset', 'set', 'set'])
  })

  const elsewhere = 'https://example.org'
  it.each([
    ['in the keychain', working],
    ['in memory', missing],
  ])('S35 moves all of a backend to another origin, but not the proxy’s: %s', async (_name, keychain) => {
    let asked = 0
    const counting = { ...keychain, decrypt: async (data: Buffer) => ((asked += 1), keychain.decrypt(data)) }
    const { secrets } = open(counting)
    for (const name of [KEY, HEADER, PROVIDER]) await secrets.set(name, CANARY, ORIGIN, false)
    await secrets.set(PASSWORD, CANARY, PROXY, false)
    const other: SecretName = { backendId: 'home2', field: 'api-key' }
    await secrets.set(other, CANARY, ORIGIN, false)
    await secrets.move('home', elsewhere)
    expect(asked).toBe(0)
    for (const name of [KEY, HEADER, PROVIDER]) {
      expect(secrets.state(name)).toMatchObject({ kind: 'set', origin: elsewhere, tail: 'ghij' })
      expect(await secrets.read(name, elsewhere)).toBe(CANARY)
      expect(await errorOf(secrets.read(name, ORIGIN))).toMatchObject({ reason: 'other-origin' })
    }
    expect(await secrets.read(PASSWORD, PROXY)).toBe(CANARY)
    expect(await secrets.read(other, ORIGIN)).toBe(CANARY)
    await secrets.move('none', elsewhere)
  })

  it.each([
    ['in the keychain', working],
    ['in memory', missing],
  ])('copies all of a backend to another one: %s', async (_name, keychain) => {
    const { secrets, written } = open(keychain)
    await secrets.set(KEY, CANARY, ORIGIN, false)
    await secrets.set(PASSWORD, CANARY, PROXY, true)
    await secrets.copy('home', 'copy')
    await secrets.clearBackend('home')
    const copied = { ...KEY, backendId: 'copy' }
    expect(secrets.state(copied)).toMatchObject({ kind: 'set', origin: ORIGIN, tail: 'ghij' })
    expect(await secrets.read(copied, ORIGIN)).toBe(CANARY)
    expect(await secrets.read({ ...PASSWORD, backendId: 'copy' }, PROXY)).toBe(CANARY)
    expect(JSON.stringify(written)).not.toContain(CANARY)
  })

  it('S27 copies the ciphertext of what cannot be read, which stays so until it can', async () => {
    const first = open(working)
    await first.secrets.set(KEY, CANARY, ORIGIN, false)
    let isLocked = true
    const { secrets } = open(
      { ...working, decrypt: async (data) => (isLocked ? missing.decrypt(data) : working.decrypt(data)) },
      first.written.at(-1),
    )
    expect(await errorOf(secrets.read(KEY, ORIGIN))).toMatchObject({ reason: 'unreadable' })
    await secrets.copy('home', 'copy')
    const copied = { ...KEY, backendId: 'copy' }
    expect(secrets.state(copied)).toEqual({ kind: 'unreadable', origin: ORIGIN })
    isLocked = false
    expect(await secrets.read(copied, ORIGIN)).toBe(CANARY)
    expect(secrets.state(copied).kind).toBe('set')
  })

  it('knows what the keychain did last, without asking it', async () => {
    const { secrets } = open(working)
    expect(secrets.keychainState).toBe('not-asked')
    secrets.state(KEY)
    expect(secrets.keychainState).toBe('not-asked')
    await secrets.set(KEY, CANARY, ORIGIN, false)
    expect(secrets.keychainState).toBe('works')
    const none = open(missing)
    await none.secrets.set(KEY, CANARY, ORIGIN, false)
    expect(none.secrets.keychainState).toBe('missing')
    const locked = open({ ...working, encrypt: missing.encrypt })
    await locked.secrets.set(KEY, CANARY, ORIGIN, false)
    expect(locked.secrets.keychainState).toBe('refuses')
  })

  it('writes no more than it could read again', async () => {
    const { secrets, written } = open(working)
    await secrets.set(HEADER, 'x'.repeat(5_000_000), ORIGIN, false)
    const count = written.length
    expect(await errorOf(secrets.set(KEY, 'x'.repeat(2_000_000), ORIGIN, false))).toEqual({
      code: 'storage',
      reason: 'failed',
    })
    expect([written.length, secrets.state(KEY).kind]).toEqual([count, 'unset'])
  })

  it('S40 takes a backend named __proto__ for a name', async () => {
    const { secrets } = open(working)
    const name: SecretName = { backendId: '__proto__', field: 'api-key' }
    expect(secrets.state(name)).toEqual({ kind: 'unset' })
    await secrets.set(name, CANARY, ORIGIN, false)
    expect(await secrets.read(name, ORIGIN)).toBe(CANARY)
    expect(secrets.state({ backendId: 'constructor', field: 'api-key' })).toEqual({ kind: 'unset' })
  })

  it('S27 puts a damaged file aside and does not overwrite it', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-secrets-'))
    writeFileSync(join(folder, 'secrets.json'), '{"home":{"api-key":{"data":"')
    expect(findSecrets(folder, 7)).toEqual({ secrets: {}, keptAs: 'secrets.json.corrupt-7' })
    expect(readdirSync(folder)).toEqual(['secrets.json.corrupt-7'])
    expect(readFileSync(join(folder, 'secrets.json.corrupt-7'), 'utf8')).toContain('"data"')
  })
})

describe('what a server may repeat', () => {
  it('is every secret of its backend that this run knows, and of no other', async () => {
    const { secrets } = open(working)
    const provider: SecretName = { backendId: 'home', field: 'provider-key', provider: 'Groq' }
    await secrets.set(KEY, CANARY, ORIGIN, false)
    await secrets.set(provider, 'groq-key-0123456789', ORIGIN, false)
    await secrets.set({ ...KEY, backendId: 'office' }, 'office-key-0123456789', ORIGIN, false)
    expect(secrets.seenOf('home').sort()).toEqual([CANARY, 'groq-key-0123456789'].sort())
  })
})
