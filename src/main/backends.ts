import { randomUUID } from 'node:crypto'
import { basename } from 'node:path'
import type {
  BackendTest,
  Catalogue,
  CatalogueProvider,
  ConnectedBackend,
  FoundAddress,
  FoundBackend,
} from '../shared/contract'
import type { Part } from '../shared/conversation'
import { failure } from '../shared/errors'
import type { Translate } from '../shared/i18n'
import {
  GUIDE_BACKEND_ID,
  newBackendProfile,
  type BackendProfile,
  type BackendView,
  type SecretName,
  type SecretState,
  type Settings,
} from '../shared/settings'
import type { AuthorityFiles } from './authority-files'
import { BackendStatuses } from './backend-status'
import { BackendTalk, GUIDE_ADDRESS, type BackendTalkOptions } from './backend-talk'
import { isLoopback } from './backend/address'
import { BackendApi } from './backend/api'
import { Catalogues, type CatalogueStore } from './backend/catalogue'
import { readAuthorities } from './backend/certificate'
import { connectBackend, discoverBackends } from './backend/discovery'
import { createHttpTransport } from './backend/http'
import { plainLine } from './backend/server-text'
import type { Pause } from './generations'
import { readPickedFile } from './picked-file'
import { checkProfile, findHomeless, findOrigin, isReachedOtherwise } from './profile'
import type { SessionContext } from './question'
import type { Secrets } from './secrets'
import { MAX_BACKEND_NAME, MAX_BACKENDS, type LiveSettings } from './settings'
import { hostOf, ShownCertificates } from './shown-certificates'
import { Ways, type WaysOptions } from './ways'

type TalkOptions = Pick<BackendTalkOptions, 'guide' | 'findAttachment' | 'tap' | 'keepMedia' | 'clock' | 'logger'>

export interface BackendsOptions
  extends TalkOptions, Pick<WaysOptions, 'findSystemProxy' | 'noteContact' | 'isBlocked'> {
  settings: LiveSettings
  secrets: Secrets
  authorities: AuthorityFiles
  catalogues: CatalogueStore
  /** Of the language on show. */
  translate: () => Translate
  onChange: (views: BackendView[]) => void
  onCatalogueChange: (backendId: string) => void
}

const MAX_AUTHORITY_BYTES = 256 * 1024
/** Whose certificates are shown while a person connects to an address that is no backend yet. */
const CONNECTING = ' connect'
/** Whose own files nobody can ask for. */
const NOBODY = ' nobody'

/** The configured servers and the Guide: profiles from the settings, secrets beside them, trust, and how each stands. */
export class Backends {
  readonly #options: BackendsOptions
  readonly #catalogues: Catalogues
  readonly #statuses: BackendStatuses
  readonly #ways: Ways
  readonly #shown: ShownCertificates
  readonly #talk: BackendTalk
  readonly #openedAt: number

  constructor(options: BackendsOptions) {
    this.#options = options
    const { clock, logger } = options
    this.#openedAt = clock.now()
    this.#catalogues = new Catalogues({
      store: options.catalogues,
      clock,
      logger,
      onChange: (backendId) => options.onCatalogueChange(backendId),
    })
    this.#statuses = new BackendStatuses({ clock, onChange: () => this.#changed() })
    this.#ways = new Ways(options)
    this.#shown = new ShownCertificates(() => clock.now())
    this.#talk = new BackendTalk({
      ...options,
      find: (backendId) => this.#find(backendId),
      ways: this.#ways,
      statuses: this.#statuses,
      shown: this.#shown,
      catalogues: this.#catalogues,
    })
  }

  /** All backends as pages see them, the Guide last. */
  list(): BackendView[] {
    return [...this.#profiles.map((profile) => this.#view(profile)), this.#guideView()]
  }

  /** Whether a backend is on this computer, and so sleeps and wakes with Parley. */
  isLocal(backendId: string): boolean {
    const profile = this.#profiles.find(({ id }) => id === backendId)
    return profile === undefined || isLoopback(new URL(profile.url).hostname)
  }

  // ---- profiles ----

  /**
   * Saves a profile, a new one or a changed one. Secrets that have no place in it any more are forgotten: of headers that
   * are gone or no longer secret, of providers without a key of their own, the password of another proxy or of none.
   *
   * Trust in certificates is main's alone: of what the page says only `system` is taken. What is pinned was shown by one
   * host and does not go with the profile to another one.
   *
   * @throws AppFailure `bad-address`, `bad-header`, `bad-proxy`, `bad-parameters`, `bad-request`; nothing is saved then
   */
  async save(profile: BackendProfile): Promise<BackendView> {
    const before = this.#find(profile.id)
    const isFull = before === null && this.#profiles.length >= MAX_BACKENDS
    if (profile.id === GUIDE_BACKEND_ID || isFull) throw failure({ code: 'bad-request', channel: 'backend.save' })
    const checked = checkProfile(profile)
    const { url } = checked
    const saved: BackendProfile = {
      ...checked,
      addressSince: this.#addressSince(before, url),
      trust: before === null ? { kind: 'system' } : this.#shown.trustAfter(before, url, profile.trust),
    }

    // One step without a pause: what another window saves meanwhile is never lost (R33).
    this.#options.settings.change((settings) => ({
      ...settings,
      backends:
        before === null
          ? [...settings.backends, saved]
          : settings.backends.map((each) => (each.id === saved.id ? saved : each)),
    }))
    if (before !== null) {
      if (before.url !== url) this.#catalogues.forget(saved.id)
      if (isReachedOtherwise(before, saved)) this.#reset(saved.id)
      await this.#thenTell(async () => {
        for (const name of findHomeless(before, saved)) await this.#options.secrets.clear(name)
        if (before.trust.kind === 'authority') await this.#sweep()
      })
    } else this.#changed()
    return this.#view(saved)
  }

  #addressSince(before: BackendProfile | null, url: string): number {
    if (before === null) return 0
    const isMoved = new URL(before.url).origin !== new URL(url).origin
    return isMoved ? this.#options.clock.now() : before.addressSince
  }

  /**
   * Takes in the profiles of a file that are not here, each under its own id, so that its chats find it. Nothing of it is
   * trusted: it is checked like a profile of a page, has no secret, and trusts what this computer trusts. What providers
   * of another server with this id wanted back does not go to it (S35).
   *
   * @returns how many; one that is not right is left out, and so is what exceeds the number of backends
   */
  async adopt(profiles: readonly BackendProfile[]): Promise<number> {
    let count = 0
    for (const profile of profiles) {
      const isGood = isProfileId(profile.id) && profile.id !== GUIDE_BACKEND_ID
      if (!isGood || this.#find(profile.id) !== null || this.#profiles.length >= MAX_BACKENDS) continue
      const checked = checkedOrNull(profile)
      if (checked === null) continue
      // Should any be left of one that was removed.
      await this.#options.secrets.clearBackend(profile.id)
      const adopted: BackendProfile = {
        ...checked,
        addressSince: this.#options.clock.now(),
        trust: { kind: 'system' },
        // They could name another server (`base_url`), which would then get the key that is entered for this one.
        parameters: '',
      }
      this.#options.settings.change((settings) => ({ ...settings, backends: [...settings.backends, adopted] }))
      this.#reset(profile.id)
      count += 1
    }
    if (count > 0) this.#changed()
    return count
  }

  /**
   * Adds a copy of a backend beside it, with its secrets and its trust.
   *
   * @throws AppFailure `not-found`, `bad-request` when there are as many as there may be
   */
  async duplicate(backendId: string): Promise<BackendView> {
    const profile = this.#require(backendId)
    if (this.#profiles.length >= MAX_BACKENDS) throw failure({ code: 'bad-request', channel: 'backend.duplicate' })
    const name = this.#options.translate()('desktop:backend.copy', { name: profile.name }).slice(0, MAX_BACKEND_NAME)
    const copy: BackendProfile = { ...profile, id: randomUUID(), name }
    this.#options.settings.change((settings) => ({
      ...settings,
      backends: settings.backends.flatMap((each) => (each.id === backendId ? [each, copy] : [each])),
    }))
    await this.#thenTell(() => this.#options.secrets.copy(backendId, copy.id))
    return this.#view(copy)
  }

  /** Removes a profile and everything that was kept for it. Conversations stay. */
  async remove(backendId: string): Promise<void> {
    this.#require(backendId)
    this.#options.settings.change((settings) => {
      const backends = settings.backends.filter(({ id }) => id !== backendId)
      const isActive = settings.activeBackendId === backendId
      return {
        ...settings,
        backends,
        activeBackendId: isActive ? (backends[0]?.id ?? GUIDE_BACKEND_ID) : settings.activeBackendId,
        favourites: settings.favourites.filter((choice) => choice.backendId !== backendId),
        recents: settings.recents.filter((choice) => choice.backendId !== backendId),
        quickAsk: {
          ...settings.quickAsk,
          choice: settings.quickAsk.choice?.backendId === backendId ? null : settings.quickAsk.choice,
        },
      }
    })
    this.#catalogues.forget(backendId)
    this.#reset(backendId)
    await this.#thenTell(async () => {
      await this.#options.secrets.clearBackend(backendId)
      await this.#sweep()
    })
  }

  // ---- secrets ----

  /**
   * Keeps a secret for the present address of its backend, or of its proxy. A provider that gets a key is one of those with
   * a key of their own from then on. An empty value is a mistake, not a removal.
   *
   * @throws AppFailure `bad-header` for what cannot be sent, `bad-request`, `not-found`, `storage`
   */
  async setSecret(name: SecretName, value: string, storeUnprotected: boolean): Promise<SecretState> {
    const profile = this.#require(name.backendId)
    const origin = findOrigin(profile, name, value)
    const state = await this.#options.secrets.set(name, value, origin, storeUnprotected)
    if (name.field === 'provider-key') {
      this.#change(profile.id, (now) => ({
        ...now,
        keyedProviders: [...new Set([...now.keyedProviders, name.provider])],
      }))
    }
    this.#secretsChanged(name.backendId)
    return state
  }

  async clearSecret(name: SecretName): Promise<void> {
    await this.#options.secrets.clear(name)
    this.#secretsChanged(name.backendId)
  }

  /** Binds all secrets of a backend to its present address, but the proxy's. The person has agreed to that (S35). */
  async moveSecrets(backendId: string): Promise<BackendView> {
    const profile = this.#require(backendId)
    await this.#options.secrets.move(backendId, new URL(profile.url).origin)
    this.#secretsChanged(backendId)
    return this.#view(profile)
  }

  // ---- certificates ----

  /**
   * Trusts one certificate for one backend: the one that it, or the address that was looked for on its behalf, showed last.
   * For an address that the backend does not have yet the trust comes with it when that address is saved.
   *
   * @throws AppFailure `certificate` when another one was shown since, or this one in place of a trusted one, which is
   * refused until the old trust is removed (S37); `bad-request` when none was shown
   */
  async trust(backendId: string, sha256: string): Promise<BackendView> {
    const profile = this.#require(backendId)
    const agreed = this.#shown.agree(backendId, sha256)
    if (agreed === null) {
      throw failure(this.#shown.last(backendId) ?? { code: 'bad-request', channel: 'backend.trust' })
    }
    if (agreed.host === hostOf(profile.url)) {
      this.#change(backendId, (now) => ({ ...now, trust: agreed.trust }))
      await this.#trustChanged(backendId)
    }
    return this.#view(this.#require(backendId))
  }

  /**
   * Trusts the authorities in a file that the person picked, for one backend.
   *
   * @throws AppFailure `bad-certificate-file`, `not-found`, `storage`; nothing is changed then
   */
  async trustAuthority(backendId: string, path: string): Promise<BackendView> {
    this.#require(backendId)
    const file = await readPickedFile(path, MAX_AUTHORITY_BYTES)
    if (!file.ok) throw failure({ code: 'bad-certificate-file', reason: file.reason })
    const read = readAuthorities(file.bytes.toString('latin1'))
    if (!read.ok) throw failure(read.error)
    const { pem, subjects } = read.value
    const fileName = plainLine(basename(path), 255)
    await this.#options.authorities.keep(pem, (sha256) =>
      this.#change(backendId, (now) => ({ ...now, trust: { kind: 'authority', fileName, subjects, sha256 } })),
    )
    await this.#trustChanged(backendId)
    return this.#view(this.#require(backendId))
  }

  // ---- finding servers ----

  /**
   * Finds the server that a typed address means and keeps it, as the active backend when there is none but the Guide. One
   * that is known already is not kept twice, and is asked in its own way.
   *
   * @param sha256 of a certificate that was shown by an earlier try and that the person trusts
   * @throws AppFailure as connectBackend
   */
  async connect(address: string, sha256: string | null): Promise<ConnectedBackend> {
    const agreed = sha256 === null ? null : this.#shown.agree(CONNECTING, sha256)
    const withTrust = (profile: BackendProfile): BackendProfile => ({
      ...profile,
      trust: this.#shown.trustAt(profile, profile.url, agreed),
    })
    const found = await connectBackend(address, (url) => {
      const known = this.#profiles.find((profile) => profile.url === url)
      return this.#talk.probe(withTrust(known ?? newBackendProfile(CONNECTING, '', url)), CONNECTING)
    })
    const known = this.#profiles.find(({ url }) => url === found.url)
    if (known === undefined && this.#profiles.length >= MAX_BACKENDS) {
      throw failure({ code: 'bad-request', channel: 'backend.connect' })
    }
    const name = new URL(found.url).host.slice(0, MAX_BACKEND_NAME)
    const profile = withTrust(known ?? newBackendProfile(randomUUID(), name, found.url))
    this.#shown.forget(CONNECTING)
    this.#options.settings.change((settings) => ({
      ...settings,
      activeBackendId: hasActive(settings) ? settings.activeBackendId : profile.id,
      backends:
        known === undefined
          ? [...settings.backends, profile]
          : settings.backends.map((each) => (each.id === profile.id ? { ...each, trust: profile.trust } : each)),
    }))
    this.#statuses.note(profile.id, { kind: found.needsKey ? 'needs-key' : 'connected' })
    this.#changed()
    return {
      view: this.#view(this.#require(profile.id)),
      tried: found.tried,
      needsKey: found.needsKey,
      isKnown: known !== undefined,
    }
  }

  /** Finds the server that a typed address means, over the proxy and with the headers of this backend; changes nothing. */
  async find(backendId: string, address: string): Promise<FoundAddress> {
    const profile = this.#require(backendId)
    return connectBackend(address, (url) =>
      this.#talk.probe({ ...profile, url, trust: this.#shown.trustAt(profile, url) }, backendId),
    )
  }

  /** Servers at the usual ports of this computer. */
  async discover(): Promise<FoundBackend[]> {
    const { logger, noteContact } = this.#options
    const transport = createHttpTransport({ onContact: (host) => noteContact(host, { kind: 'discovery' }) })
    return discoverBackends((url, timeouts) => new BackendApi({ url, timeouts, transport, logger }), transport)
  }

  // ---- talking to one; see BackendTalk ----

  test(backendId: string): Promise<BackendTest> {
    return this.#talk.test(backendId)
  }

  catalogue(backendId: string): Promise<Catalogue> {
    return this.#talk.catalogue(backendId)
  }

  models(backendId: string, provider: string): Promise<CatalogueProvider | null> {
    return this.#talk.models(backendId, provider)
  }

  /** @param isTemporary it is for a temporary conversation: hosts of the web that are asked over it are written nowhere */
  api(backendId: string, isTemporary = false): Promise<BackendApi> {
    return this.#talk.api(backendId, isTemporary)
  }

  /**
   * For a picture of the web in an answer: over the way of its backend, or of the system when that one is gone.
   *
   * @param isTemporary its conversation is: where the picture comes from is written nowhere
   */
  async pictureApi(backendId: string, isTemporary: boolean): Promise<Pick<BackendApi, 'picture'>> {
    if (this.#find(backendId) !== null) return this.#talk.api(backendId, isTemporary)
    return this.#talk.probe(newBackendProfile(NOBODY, '', 'https://nobody.invalid'), NOBODY, isTemporary)
  }

  openSession(context: SessionContext, signal: AbortSignal, pause: Pause): AsyncGenerator<Part, void, undefined> {
    return this.#talk.openSession(context, signal, pause)
  }

  // ---- inside ----

  get #profiles(): readonly BackendProfile[] {
    return this.#options.settings.current.backends
  }

  #change(backendId: string, change: (now: BackendProfile) => BackendProfile): void {
    this.#options.settings.change((settings) => ({
      ...settings,
      backends: settings.backends.map((each) => (each.id === backendId ? change(each) : each)),
    }))
  }

  /** What was known of a server is not known of what is reached now. */
  #reset(backendId: string): void {
    this.#ways.forget(backendId)
    this.#shown.forget(backendId)
    this.#catalogues.expire(backendId)
    this.#statuses.reset(backendId)
  }

  #secretsChanged(backendId: string): void {
    this.#ways.forget(backendId)
    this.#catalogues.expire(backendId)
    if (this.#statuses.get(backendId).kind !== 'connected') this.#statuses.reset(backendId)
    this.#changed()
  }

  async #trustChanged(backendId: string): Promise<void> {
    this.#reset(backendId)
    await this.#thenTell(() => this.#sweep())
  }

  /** Removes the authorities that nobody trusts any more, once the settings say so on disk. */
  async #sweep(): Promise<void> {
    await this.#options.authorities.sweep(async () => {
      await this.#options.settings.flush()
      return new Set(this.#profiles.flatMap(({ trust }) => (trust.kind === 'authority' ? [trust.sha256] : [])))
    })
  }

  #view(profile: BackendProfile): BackendView {
    const { secrets } = this.#options
    const backendId = profile.id
    return {
      profile,
      isBuiltIn: false,
      apiKey: secrets.state({ backendId, field: 'api-key' }),
      headerSecrets: Object.fromEntries(
        profile.headers
          .filter(({ isSecret }) => isSecret)
          .map(({ id }) => [id, secrets.state({ backendId, field: 'header', headerId: id })]),
      ),
      providerKeys: profile.keyedProviders.map((provider) => ({
        provider,
        key: secrets.state({ backendId, field: 'provider-key', provider }),
      })),
      proxyPassword: secrets.state({ backendId, field: 'proxy-password' }),
      status: this.#statuses.get(backendId),
    }
  }

  #guideView(): BackendView {
    return {
      profile: {
        ...newBackendProfile(GUIDE_BACKEND_ID, this.#options.translate()('common:guide'), GUIDE_ADDRESS),
        proxy: { kind: 'none' },
      },
      isBuiltIn: true,
      apiKey: { kind: 'unset' },
      headerSecrets: {},
      providerKeys: [],
      proxyPassword: { kind: 'unset' },
      status: { kind: 'connected', atMs: this.#openedAt },
    }
  }

  #find(backendId: string): BackendProfile | null {
    return this.#profiles.find(({ id }) => id === backendId) ?? null
  }

  #require(backendId: string): BackendProfile {
    const profile = this.#find(backendId)
    if (profile === null) throw failure({ code: 'not-found', what: 'backend' })
    return profile
  }

  /** Tells the windows after what is still to do, also when it fails: the profiles have changed already. */
  async #thenTell(task: () => Promise<void>): Promise<void> {
    try {
      await task()
    } finally {
      this.#changed()
    }
  }

  #changed(): void {
    this.#options.onChange(this.list())
  }
}

/** As a page may name one. */
function isProfileId(id: string): boolean {
  return /^[\w-]{1,64}$/u.test(id)
}

function checkedOrNull(profile: BackendProfile): BackendProfile | null {
  try {
    return checkProfile(profile)
  } catch {
    return null
  }
}

/** Whether questions go to a server already, and not to the Guide or to one that is gone. */
function hasActive({ activeBackendId, backends }: Settings): boolean {
  return backends.some(({ id }) => id === activeBackendId)
}
