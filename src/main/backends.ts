import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { BackendTest, Catalogue, ConnectedBackend, FoundBackend } from '../shared/contract'
import type { Part } from '../shared/conversation'
import { failure, toAppError } from '../shared/errors'
import {
  GUIDE_BACKEND_ID,
  newBackendProfile,
  type BackendProfile,
  type BackendView,
  type SecretName,
  type SecretState,
} from '../shared/settings'
import { parseAddress } from './backend/address'
import { BackendApi, type BackendApiOptions } from './backend/api'
import { Catalogues, connectBackend, discoverBackends, testBackend, type CatalogueStore } from './backend/catalogue'
import { checkHeaders } from './backend/headers'
import { openSession } from './backend/session'
import type { Transport } from './backend/transport'
import type { Clock } from './clock'
import type { Logger } from './logger'
import type { SessionContext } from './question'
import type { Secrets } from './secrets'
import type { LiveSettings } from './settings'

export interface BackendsOptions {
  settings: LiveSettings
  secrets: Secrets
  catalogues: CatalogueStore
  guide: Transport
  /** The name of the Guide in the language on show. */
  guideName: () => string
  findAttachment: (id: string, bytes: number) => Promise<string | null>
  clock: Clock
  logger: Logger
  onChange: (views: BackendView[]) => void
}

/** What a backend is reached with: an API that sends its headers, and the key for the provider behind it, if it is one. */
interface Access {
  api: BackendApi
  apiKey: string | null
}

const GUIDE_ADDRESS = 'guide://local'

/** The configured servers and the Guide: profiles from the settings, secrets beside them, and the way to each of them. */
export class Backends {
  readonly #options: BackendsOptions
  readonly #catalogues: Catalogues
  readonly #guide: BackendApi
  /** Whether the server itself asks for a key, by address. */
  readonly #protected = new Map<string, boolean>()

  constructor(options: BackendsOptions) {
    this.#options = options
    const { clock, logger } = options
    this.#catalogues = new Catalogues({ store: options.catalogues, clock, logger })
    this.#guide = new BackendApi({ url: GUIDE_ADDRESS, transport: options.guide, logger })
  }

  /** All backends as pages see them, the Guide last. */
  list(): BackendView[] {
    const guide = newBackendProfile(GUIDE_BACKEND_ID, this.#options.guideName(), GUIDE_ADDRESS)
    return [
      ...this.#options.settings.current.backends.map((profile) => this.#view(profile)),
      { profile: guide, isBuiltIn: true, apiKey: { kind: 'unset' }, headerSecrets: {} },
    ]
  }

  /**
   * Saves a profile, a new one or a changed one. Secrets of headers that are gone or no longer secret are forgotten.
   *
   * @throws AppFailure `bad-address`, `bad-header`; nothing is saved then
   */
  async save(profile: BackendProfile): Promise<BackendView> {
    if (profile.id === GUIDE_BACKEND_ID) throw failure({ code: 'bad-request', channel: 'backend.save' })
    const addresses = parseAddress(profile.url)
    if (!addresses.ok) throw failure(addresses.error)
    const [url = profile.url] = addresses.value
    const headers = profile.headers.map((header) => (header.isSecret ? { ...header, value: '' } : header))
    const checked = checkHeaders(headers.map(({ name, value }) => [name, value]))
    if (!checked.ok) throw failure(checked.error)
    const saved: BackendProfile = { ...profile, url, headers }

    const before = this.#find(profile.id)
    const secretIds = new Set(headers.filter(({ isSecret }) => isSecret).map(({ id }) => id))
    for (const { id, isSecret } of before?.headers ?? []) {
      if (!isSecret || secretIds.has(id)) continue
      await this.#options.secrets.clear({ backendId: profile.id, field: 'header', headerId: id })
    }
    if (before !== null && before.url !== url) this.#catalogues.forget(profile.id)
    this.#options.settings.change((settings) => ({
      ...settings,
      backends: settings.backends.some(({ id }) => id === saved.id)
        ? settings.backends.map((each) => (each.id === saved.id ? saved : each))
        : [...settings.backends, saved],
    }))
    this.#changed()
    return this.#view(saved)
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
      }
    })
    this.#catalogues.forget(backendId)
    await this.#options.secrets.clearBackend(backendId)
    this.#changed()
  }

  /** Keeps a secret for the present address of its backend. An empty value is a mistake, not a removal. */
  async setSecret(name: SecretName, value: string, storeUnprotected: boolean): Promise<SecretState> {
    const profile = this.#require(name.backendId)
    const header = name.field === 'header' ? profile.headers.find(({ id }) => id === name.headerId) : undefined
    const headerName = name.field === 'api-key' ? 'authorization' : header?.isSecret === true ? header.name : null
    if (value === '' || headerName === null) throw failure({ code: 'bad-request', channel: 'backend.setSecret' })
    const checked = checkHeaders([[headerName, value]])
    if (!checked.ok) throw failure(checked.error)
    const state = await this.#options.secrets.set(name, value, new URL(profile.url).origin, storeUnprotected)
    this.#changed()
    return state
  }

  async clearSecret(name: SecretName): Promise<void> {
    await this.#options.secrets.clear(name)
    this.#changed()
  }

  /** Finds the server that a typed address means and keeps it as the active backend. One that is known already is not kept twice. */
  async connect(address: string): Promise<ConnectedBackend> {
    const found = await connectBackend(address, this.#createApi)
    const known = this.#options.settings.current.backends.find(({ url }) => url === found.url)
    const profile = known ?? newBackendProfile(randomUUID(), new URL(found.url).host, found.url)
    this.#options.settings.change((settings) => ({
      ...settings,
      activeBackendId: profile.id,
      backends: known === undefined ? [...settings.backends, profile] : settings.backends,
    }))
    this.#changed()
    return { view: this.#view(profile), tried: found.tried }
  }

  /** Servers at the usual ports of this computer. */
  async discover(): Promise<FoundBackend[]> {
    return discoverBackends(this.#createApi)
  }

  async test(backendId: string): Promise<BackendTest> {
    try {
      const { api, apiKey } = await this.#reach(backendId)
      const profile = this.#find(backendId)
      const question = { provider: profile?.provider ?? null, model: profile?.model ?? null, apiKey }
      return await testBackend(api, question, this.#options.clock)
    } catch (thrown) {
      return { verdict: 'failed', error: toAppError(thrown) }
    }
  }

  async catalogue(backendId: string): Promise<Catalogue> {
    const { api } = await this.#reach(backendId)
    return this.#catalogues.get(backendId, api)
  }

  /** A session with the backend of a question. Never throws: whatever goes wrong is its one `finish`. */
  async *openSession(context: SessionContext, signal: AbortSignal): AsyncGenerator<Part, void, undefined> {
    let access: Access
    try {
      access = await this.#reach(context.backendId)
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'internal') this.#options.logger.error('backend not reached')
      yield signal.aborted
        ? { type: 'finish', state: 'stopped', error: null }
        : { type: 'finish', state: 'failed', error }
      return
    }
    const { clock, logger, findAttachment } = this.#options
    const deps = {
      api: access.api,
      findAttachment,
      clock,
      logger,
      random: Math.random,
      sleep: (ms: number, until: AbortSignal) => sleep(ms, undefined, { signal: until }),
    }
    yield* openSession(deps, { ...context, apiKey: access.apiKey }, signal)
  }

  async #reach(backendId: string): Promise<Access> {
    if (backendId === GUIDE_BACKEND_ID) return { api: this.#guide, apiKey: null }
    const profile = this.#require(backendId)
    const { origin } = new URL(profile.url)
    const headers: Record<string, string> = {}
    const known: string[] = []
    for (const { id, name, isSecret, value } of profile.headers) {
      const secret: SecretName = { backendId, field: 'header', headerId: id }
      const sent = isSecret ? await this.#options.secrets.read(secret, origin) : value
      if (sent === null) continue
      headers[name] = sent
      if (isSecret) known.push(sent)
    }
    const options: BackendApiOptions = {
      url: profile.url,
      headers,
      secrets: known,
      logger: this.#options.logger,
      timeouts: {
        firstByteMs: profile.firstByteTimeoutSeconds * 1000,
        idleMs: profile.idleTimeoutSeconds * 1000,
      },
    }
    const apiKey = await this.#options.secrets.read({ backendId, field: 'api-key' }, origin)
    if (apiKey === null) return { api: new BackendApi(options), apiKey: null }
    const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
    if (hasOwn || !(await this.#isProtected(options))) return { api: new BackendApi(options), apiKey }
    return {
      api: new BackendApi({
        ...options,
        headers: { ...headers, authorization: `Bearer ${apiKey}` },
        secrets: [...known, apiKey],
      }),
      apiKey: null,
    }
  }

  /**
   * Whose key is it? A server that asks for one gets it in a header and passes it to nobody; one that does not passes the
   * key of the request on to the provider (protocol.md sections 1 and 4). A server's key must never reach a provider, so
   * while the server does not say, the key counts as its own.
   */
  async #isProtected(options: BackendApiOptions): Promise<boolean> {
    const known = this.#protected.get(options.url)
    if (known !== undefined) return known
    try {
      await new BackendApi(options).version()
      this.#protected.set(options.url, false)
      return false
    } catch (thrown) {
      if (toAppError(thrown).code === 'unauthorized') this.#protected.set(options.url, true)
      return true
    }
  }

  readonly #createApi = (options: BackendApiOptions): BackendApi =>
    new BackendApi({ ...options, logger: this.#options.logger })

  #view(profile: BackendProfile): BackendView {
    const { secrets } = this.#options
    return {
      profile,
      isBuiltIn: false,
      apiKey: secrets.state({ backendId: profile.id, field: 'api-key' }),
      headerSecrets: Object.fromEntries(
        profile.headers
          .filter(({ isSecret }) => isSecret)
          .map(({ id }) => [id, secrets.state({ backendId: profile.id, field: 'header', headerId: id })]),
      ),
    }
  }

  #find(backendId: string): BackendProfile | null {
    return this.#options.settings.current.backends.find(({ id }) => id === backendId) ?? null
  }

  #require(backendId: string): BackendProfile {
    const profile = this.#find(backendId)
    if (profile === null) throw failure({ code: 'not-found', what: 'backend' })
    return profile
  }

  #changed(): void {
    this.#options.onChange(this.list())
  }
}
