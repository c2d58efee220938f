import { mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { readCertificate } from '../../../src/main/backend/certificate'
import { findSettings } from '../../../src/main/settings'
import type { Part } from '../../../src/shared/conversation'
import { toAppError, type AppError } from '../../../src/shared/errors'
import { newBackendProfile, type BackendProfile, type SecretName } from '../../../src/shared/settings'
import { askBackend, openBackends } from '../../support/backends'
import { startScenarioServer, type ScenarioServer } from '../../support/scenario-server'
import { derOf, pem, startTlsServer, type CertificateName, type TlsServer } from '../../support/tls-servers'

const CANARY = 'CANARY-key-0123456789'
const KEY: SecretName = { backendId: 'home', field: 'api-key' }

const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()))
})

async function serve(): Promise<ScenarioServer> {
  const server = await startScenarioServer()
  closing.push(() => server.close())
  return server
}

/** A Backend API behind TLS. */
async function serveTls(certificate: CertificateName, target?: ScenarioServer): Promise<TlsServer> {
  const server = await startTlsServer({ certificate, target: (target ?? (await serve())).port })
  closing.push(() => server.close())
  return server
}

const profile = (url: string, more: Partial<BackendProfile> = {}): BackendProfile => ({
  ...newBackendProfile('home', 'Home', url),
  ...more,
})
const sha256Of = (name: CertificateName): string => readCertificate(derOf(name)).sha256
const errorOf = async (promise: Promise<unknown>): Promise<AppError | null> => promise.then(() => null, toAppError)
const errorIn = (parts: Part[]): AppError | null => {
  const last = parts.at(-1)
  return last?.type === 'finish' ? last.error : null
}
const inFolder = (files: Record<string, string | Buffer>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-trust-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

describe('trust for one certificate (S37)', () => {
  it('is given to what was shown, for one backend, and only to that', async () => {
    const server = await serveTls('self-signed')
    const { backends, view } = openBackends()
    await backends.save(profile(server.url))
    await backends.save(profile(server.url, { id: 'other' }))
    await backends.setSecret(KEY, CANARY, false)

    // Nothing was shown yet.
    expect(await errorOf(backends.trust('home', sha256Of('self-signed')))).toMatchObject({ code: 'bad-request' })
    expect(errorIn(await askBackend(backends, 'home'))).toMatchObject({ code: 'certificate', reason: 'self-signed' })
    expect(await errorOf(backends.trust('home', sha256Of('self-signed-2')))).toMatchObject({
      code: 'certificate',
      shown: { sha256: sha256Of('self-signed') },
    })
    expect(view('home').profile.trust).toEqual({ kind: 'system' })
    expect(server.received()).toBe('')

    const before = Date.now()
    const trusted = await backends.trust('home', sha256Of('self-signed'))
    expect(trusted).toMatchObject({
      profile: { trust: { kind: 'pinned', certificate: { sha256: sha256Of('self-signed'), isSelfSigned: true } } },
      status: { kind: 'unknown' },
    })
    const { trust } = trusted.profile
    expect(trust.kind === 'pinned' && trust.trustedAt).toBeGreaterThanOrEqual(before)
    expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
    expect(view('home').status.kind).toBe('connected')
    // Another backend with the same address has been told nothing.
    expect(errorIn(await askBackend(backends, 'other'))).toMatchObject({ code: 'certificate', reason: 'self-signed' })
  })

  it.each(['expired', 'wrong-host', 'good'] as const)('is given to a certificate that is %s as well', async (name) => {
    const server = await serveTls(name)
    const { backends } = openBackends()
    await backends.save(profile(server.url))
    expect(await backends.test('home')).toMatchObject({
      verdict: 'failed',
      error: { shown: { sha256: sha256Of(name) } },
    })
    await backends.trust('home', sha256Of(name))
    expect(await backends.test('home')).toMatchObject({ error: null })
  })

  it('ends hard when another certificate is shown, and cannot be moved over to it', async () => {
    const server = await serveTls('self-signed')
    const { backends, view } = openBackends()
    await backends.save(profile(server.url))
    await backends.test('home')
    await backends.trust('home', sha256Of('self-signed'))
    await backends.setSecret(KEY, CANARY, false)
    expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
    const received = server.received()

    server.present('self-signed-2')
    const changed = {
      code: 'certificate',
      reason: 'changed',
      shown: { sha256: sha256Of('self-signed-2') },
      trusted: { sha256: sha256Of('self-signed') },
    }
    expect(errorIn(await askBackend(backends, 'home'))).toMatchObject(changed)
    expect(view('home').status).toMatchObject({ kind: 'untrusted', error: changed })
    expect(await errorOf(backends.trust('home', sha256Of('self-signed-2')))).toMatchObject(changed)
    expect(await errorOf(backends.find('home', server.url))).toMatchObject(changed)
    expect(await errorOf(backends.trust('home', sha256Of('self-signed-2')))).toMatchObject(changed)
    expect(await errorOf(backends.connect(server.url, null))).toMatchObject(changed)
    expect(await errorOf(backends.connect(server.url, sha256Of('self-signed-2')))).toMatchObject(changed)
    // Not a byte came since.
    expect(server.received()).toBe(received)

    // The old trust is removed first, in the settings; then the new one is like any other.
    expect((await backends.save(profile(server.url))).profile.trust).toEqual({ kind: 'system' })
    expect(await errorOf(backends.trust('home', sha256Of('self-signed-2')))).toMatchObject({ code: 'bad-request' })
    expect(errorIn(await askBackend(backends, 'home'))).toMatchObject({ reason: 'self-signed' })
    await backends.trust('home', sha256Of('self-signed-2'))
    expect(errorIn(await askBackend(backends, 'home'))).toBeNull()
  })

  it('stays with a profile that is saved again, and with its copy', async () => {
    const server = await serveTls('self-signed')
    const { backends, view } = openBackends()
    const saved = await backends.save(profile(server.url))
    await backends.test('home')
    const { profile: trusted } = await backends.trust('home', sha256Of('self-signed'))
    await backends.save({ ...trusted, name: 'Renamed' })
    expect(view('home').profile.trust.kind).toBe('pinned')
    // What a page says of the certificate itself does not count.
    const { trust } = trusted
    const forged = trust.kind === 'pinned' && {
      ...trust,
      certificate: { ...trust.certificate, sha256: 'a'.repeat(64) },
    }
    await backends.save({ ...trusted, trust: forged === false ? trust : forged })
    expect(view('home').profile.trust).toEqual(trusted.trust)
    const copy = await backends.duplicate('home')
    expect(copy.profile.trust).toEqual(trusted.trust)
    expect(await backends.test(copy.profile.id)).toMatchObject({ error: null })
    // Of a draft that is older than the trust, `system` is the wish to remove it.
    await backends.save(saved.profile)
    expect(view('home').profile.trust.kind).toBe('system')
  })

  it('does not go to another host with the profile', async () => {
    const [first, second] = [await serveTls('self-signed'), await serveTls('self-signed-2')]
    const { backends, view } = openBackends()
    await backends.save(profile(first.url))
    await backends.test('home')
    const { profile: trusted } = await backends.trust('home', sha256Of('self-signed'))
    // The same host at another port keeps its certificate.
    expect((await backends.save({ ...trusted, url: `https://127.0.0.1:${second.port}` })).profile.trust.kind).toBe(
      'pinned',
    )
    expect(await backends.test('home')).toMatchObject({ error: { reason: 'changed' } })
    expect((await backends.save({ ...trusted, url: `https://localhost:${second.port}` })).profile.trust.kind).toBe(
      'system',
    )
    expect(await backends.test('home')).toMatchObject({ error: { reason: 'self-signed' } })
    expect(view('home').status.kind).toBe('untrusted')
  })

  it('is given to the certificate of an address that is looked for, and comes with that address', async () => {
    const [first, second] = [await serveTls('self-signed'), await serveTls('self-signed-2')]
    const { backends, view } = openBackends()
    await backends.save(profile(first.url))
    await backends.test('home')
    const { profile: trusted } = await backends.trust('home', sha256Of('self-signed'))
    const moved = `https://localhost:${second.port}`
    expect(await errorOf(backends.find('home', moved))).toMatchObject({
      code: 'certificate',
      reason: 'self-signed',
      shown: { sha256: sha256Of('self-signed-2') },
    })
    const still = await backends.trust('home', sha256Of('self-signed-2'))
    expect(still.profile).toEqual(trusted)
    expect(await backends.find('home', moved)).toMatchObject({ url: moved, needsKey: false })
    expect(await backends.test('home')).toMatchObject({ error: null })
    await backends.save({ ...trusted, url: moved })
    expect(view('home').profile.trust).toMatchObject({
      kind: 'pinned',
      certificate: { sha256: sha256Of('self-signed-2') },
    })
    expect(await backends.test('home')).toMatchObject({ error: null })
  })

  it('is read back from the settings file', async () => {
    const server = await serveTls('talkative')
    const { backends, settings } = openBackends()
    await backends.save(profile(server.url))
    await backends.test('home')
    await backends.trust('home', sha256Of('talkative'))
    const folder = inFolder({ 'settings.json': JSON.stringify(settings.current) })
    expect(findSettings(folder, 0)).toEqual({ settings: settings.current, recovered: null })
  })
})

describe('connecting', () => {
  it('finds what was typed, once, and makes it the active one', async () => {
    const server = await serve()
    const { backends, settings, told } = openBackends()
    const first = await backends.connect(`${server.url}/backend-api/v2?x=1`, null)
    expect(first).toMatchObject({
      view: {
        profile: { url: server.url },
        apiKey: { kind: 'unset' },
        isBuiltIn: false,
        status: { kind: 'connected' },
      },
      tried: [],
      needsKey: false,
    })
    const again = await backends.connect(server.url.replace('http://', ''), null)
    expect(again.view.profile.id).toBe(first.view.profile.id)
    expect(settings.current.backends).toHaveLength(1)
    expect(settings.current.activeBackendId).toBe(first.view.profile.id)
    expect(told.at(-1)).toHaveLength(2)
  })

  it('takes a server that asks for a key', async () => {
    const server = await startScenarioServer({ apiKey: CANARY })
    closing.push(() => server.close())
    const { backends } = openBackends()
    const connected = await backends.connect(server.url, null)
    expect(connected).toMatchObject({ needsKey: true, view: { status: { kind: 'needs-key' } } })
    const { id } = connected.view.profile
    await backends.setSecret({ backendId: id, field: 'api-key' }, CANARY, false)
    expect(await backends.connect(server.url, null)).toMatchObject({
      needsKey: false,
      view: { profile: { id }, status: { kind: 'connected' } },
    })
  })

  it('keeps nothing of a server that is not trusted, and takes no other way to it', async () => {
    const server = await serveTls('self-signed')
    const { backends, settings } = openBackends()
    const typed = `127.0.0.1:${server.port}`
    const shown = { code: 'certificate', shown: { sha256: sha256Of('self-signed') } }
    expect(await errorOf(backends.connect(`https://${typed}`, null))).toMatchObject(shown)
    // Plain http fails at this port; what comes after the certificate is not tried.
    expect(await errorOf(backends.connect(typed, null))).toMatchObject(shown)
    // Some other fingerprint, or one before anything was shown, changes nothing.
    expect(await errorOf(backends.connect(server.url, sha256Of('good')))).toMatchObject(shown)
    expect(settings.current.backends).toEqual([])
    expect(server.received()).toBe('')
  })

  it('S37 takes the certificate that was shown before and that the person agreed to', async () => {
    const server = await serveTls('self-signed')
    const { backends, settings } = openBackends()
    const sha256 = sha256Of('self-signed')
    expect(await errorOf(backends.connect(server.url, sha256))).toMatchObject({ reason: 'self-signed' })
    const { view } = await backends.connect(server.url, sha256)
    expect(view).toMatchObject({
      profile: { trust: { kind: 'pinned', certificate: { sha256 } } },
      status: { kind: 'connected' },
    })
    expect(settings.current.backends[0]?.trust.kind).toBe('pinned')
    // Known from then on, also when it is typed once more.
    expect(await backends.connect(server.url, null)).toMatchObject({ view: { profile: { id: view.profile.id } } })
    expect(settings.current.backends[0]?.trust.kind).toBe('pinned')
  })

  it('S37 ends when the certificate was swapped between the two tries', async () => {
    const server = await serveTls('self-signed')
    const { backends, settings } = openBackends()
    await errorOf(backends.connect(server.url, null))
    server.present('self-signed-2')
    expect(await errorOf(backends.connect(server.url, sha256Of('self-signed')))).toMatchObject({
      code: 'certificate',
      reason: 'changed',
      shown: { sha256: sha256Of('self-signed-2') },
      trusted: { sha256: sha256Of('self-signed') },
    })
    expect(settings.current.backends).toEqual([])
    // From the beginning, and with open eyes.
    expect(await errorOf(backends.connect(server.url, null))).toMatchObject({ reason: 'self-signed' })
    expect(await backends.connect(server.url, sha256Of('self-signed-2'))).toMatchObject({ needsKey: false })
  })

  it('S37 does not take a certificate of one host for another', async () => {
    const server = await serveTls('self-signed')
    const { backends } = openBackends()
    await errorOf(backends.connect(server.url, null))
    const elsewhere = `https://localhost:${server.port}`
    expect(await errorOf(backends.connect(elsewhere, sha256Of('self-signed')))).toMatchObject({ reason: 'self-signed' })
  })

  it('looks for servers on this computer and keeps none of them', async () => {
    const { backends, settings } = openBackends()
    expect(Array.isArray(await backends.discover())).toBe(true)
    expect(settings.current.backends).toEqual([])
  })
})

describe('finding an address for a backend', () => {
  it('uses its plain headers, says what it tried, and changes nothing', async () => {
    const server = await serve()
    const { backends, settings } = openBackends()
    const headers = [{ id: 'h', name: 'X-Client', isSecret: false, value: 'parley' }]
    await backends.save(profile('http://localhost:1', { headers }))
    const before = settings.current
    expect(await backends.find('home', `${server.url}/chat/`)).toEqual({
      url: server.url,
      version: '8.1.7',
      needsKey: false,
      tried: [`${server.url}/chat`],
    })
    expect(server.requests.at(-1)?.headers['x-client']).toBe('parley')
    expect(settings.current).toBe(before)
    expect(await errorOf(backends.find('home', 'ftp://x'))).toMatchObject({ code: 'bad-address' })
  })

  it('uses its key where it was entered for, and nowhere else', async () => {
    const [home, other] = [await startScenarioServer({ apiKey: CANARY }), await startScenarioServer({ apiKey: CANARY })]
    closing.push(
      () => home.close(),
      () => other.close(),
    )
    const { backends } = openBackends()
    await backends.save(profile(home.url))
    await backends.setSecret(KEY, CANARY, false)
    expect(await backends.find('home', home.url)).toMatchObject({ needsKey: false })
    expect(await backends.find('home', other.url)).toMatchObject({ needsKey: true })
    expect(JSON.stringify(other.requests)).not.toContain(CANARY)
  })
})

describe('authorities of a file', () => {
  it('are trusted for one backend, kept apart from the settings, for their owner only', async () => {
    const server = await serveTls('good')
    const { backends, view, folder, settings } = openBackends()
    await backends.save(profile(server.url))
    await backends.save(profile(server.url, { id: 'other' }))
    const files = inFolder({ 'company\u202e.pem': `# ours\n${pem('ca')}${pem('key')}` })
    const path = join(files, 'company\u202e.pem')
    const trusted = await backends.trustAuthority('home', path)
    expect(trusted.profile.trust).toMatchObject({ kind: 'authority', fileName: 'company.pem' })
    expect(trusted.profile.trust.kind === 'authority' && trusted.profile.trust.subjects).toHaveLength(1)
    expect(await backends.test('home')).toMatchObject({ error: null })
    expect(await backends.test('other')).toMatchObject({ error: { code: 'certificate', reason: 'unknown-issuer' } })

    const [kept = ''] = readdirSync(join(folder, 'authorities'))
    const stat = statSync(join(folder, 'authorities', kept))
    expect(stat.mode & 0o777).toBe(0o600)
    // Neither the key that somebody left in the file, nor the certificates themselves go to a page.
    expect(JSON.stringify(settings.current)).not.toContain('CERTIFICATE')

    const copy = await backends.duplicate('home')
    await backends.save({ ...view('home').profile, trust: { kind: 'system' } })
    expect(await backends.test(copy.profile.id)).toMatchObject({ error: null })
    await backends.remove(copy.profile.id)
    expect(readdirSync(join(folder, 'authorities'))).toEqual([])
    expect(await backends.test('home')).toMatchObject({ error: { reason: 'unknown-issuer' } })
  })

  it('as large as they may be do not damage the settings', async () => {
    const { backends, settings } = openBackends()
    await backends.save(profile('https://a.example'))
    const certificate = pem('ca')
    const content = certificate.repeat(Math.floor((256 * 1024) / Buffer.byteLength(certificate)))
    const files = inFolder({ 'many.pem': content })
    await backends.trustAuthority('home', join(files, 'many.pem'))
    const folder = inFolder({ 'settings.json': JSON.stringify(settings.current) })
    expect(findSettings(folder, 0).recovered).toBeNull()
    expect(findSettings(folder, 0).settings).toEqual(settings.current)
  })

  it('are refused when the file is none, and the old ones stay', async () => {
    const { backends, view } = openBackends()
    await backends.save(profile('https://a.example'))
    const files = inFolder({
      'good.pem': pem('ca'),
      'empty.pem': '',
      'key.pem': pem('key'),
      'large.pem': 'x'.repeat(256 * 1024 + 1),
      'binary.der': derOf('good'),
    })
    mkdirSync(join(files, 'folder.pem'))
    await backends.trustAuthority('home', join(files, 'good.pem'))
    const before = view('home').profile.trust
    const refusal = async (name: string) => errorOf(backends.trustAuthority('home', join(files, name)))
    const reason = (why: string) => ({ code: 'bad-certificate-file', reason: why })
    expect(await refusal('empty.pem')).toEqual(reason('empty'))
    expect(await refusal('key.pem')).toEqual(reason('empty'))
    expect(await refusal('binary.der')).toEqual(reason('empty'))
    expect(await refusal('large.pem')).toEqual(reason('too-large'))
    expect(await refusal('folder.pem')).toEqual(reason('unreadable'))
    expect(await refusal('gone.pem')).toEqual(reason('unreadable'))
    expect(view('home').profile.trust).toEqual(before)
  })

  it('that are gone or changed on disk are no reason to trust less or more', async () => {
    const server = await serveTls('good')
    const { backends, view, folder } = openBackends()
    await backends.save(profile(server.url))
    const files = inFolder({ 'good.pem': pem('ca') })
    await backends.trustAuthority('home', join(files, 'good.pem'))
    const [kept = ''] = readdirSync(join(folder, 'authorities'))
    writeFileSync(join(folder, 'authorities', kept), pem('self-signed'))
    const broken = { code: 'bad-certificate-file', reason: 'unreadable' }
    expect(errorIn(await askBackend(backends, 'home'))).toEqual(broken)
    expect(view('home').status).toMatchObject({ kind: 'offline', error: broken })
    expect(server.connections).toEqual([])
  })

  it('give way to a certificate that the person trusts instead', async () => {
    const server = await serveTls('self-signed')
    const { backends, folder } = openBackends()
    await backends.save(profile(server.url))
    const files = inFolder({ 'good.pem': pem('ca') })
    await backends.trustAuthority('home', join(files, 'good.pem'))
    await backends.test('home')
    await backends.trust('home', sha256Of('self-signed'))
    expect(await backends.test('home')).toMatchObject({ error: null })
    expect(readdirSync(join(folder, 'authorities'))).toEqual([])
  })
})
