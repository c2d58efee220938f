import { AUTOMATIC_PROVIDER } from '../shared/catalogue'
import { failure, toAppError, type AppError } from '../shared/errors'
import type { BackendProfile, SecretName } from '../shared/settings'
import type { AuthorityFiles } from './authority-files'
import { watchTransport, type Contact } from './backend-status'
import { isLoopback } from './backend/address'
import { BackendApi, type BackendApiOptions, type Timeouts } from './backend/api'
import { PROBE_TIMEOUTS } from './backend/discovery'
import { createHttpTransport, type FindProxy, type TlsOptions } from './backend/http'
import { readPacResult } from './backend/proxy'
import type { Transport } from './backend/transport'
import type { Clock } from './clock'
import type { ContactPurpose, NoteContact } from './contacts'
import type { Logger } from './logger'
import { readParameters } from './parameters'
import type { Secrets } from './secrets'
import type { WireRoute } from './wire/request'

export interface WaysOptions {
  secrets: Pick<Secrets, 'read' | 'seenOf'>
  authorities: Pick<AuthorityFiles, 'read'>
  /** What the system says of the way to an address, in the words of a PAC file. */
  findSystemProxy: (url: string) => Promise<string>
  /** Every host that is asked. */
  noteContact: NoteContact
  /** Hosts of the web that are asked for no picture. */
  isBlocked: (host: string) => boolean
  clock: Clock
  logger: Logger
}

/** What a backend is reached with, for one question or for a few requests. */
export interface Way {
  api: BackendApi
  /** For the provider of the question; null when there is none, or when it is the server's own. */
  apiKey: string | null
  parameters: Record<string, unknown>
  /** Null of the Guide. */
  backend: Pick<BackendProfile, 'id' | 'url' | 'addressSince'> | null
  /** The key of the backend was not sent to the server, because that asked for none when it was last asked. */
  isKeyWithheld: boolean
}

export interface WayOptions {
  /** Whose own key may be used; null for the automatic choice. */
  provider?: string | null
  /** Begins a contact with the backend, for each request. */
  begin: () => Contact
  /** Sees all that goes over the way, but not how it was found. */
  tap?: (transport: Transport, secrets: readonly string[], route: WireRoute) => Transport
  timeouts?: Timeouts
  /** It is for a temporary conversation: hosts of the web that are asked over it are written nowhere. */
  isTemporary?: boolean
  /** Leaves out secrets that cannot be used here, instead of failing with the first of them. */
  isWithoutMissingSecrets?: boolean
  signal?: AbortSignal
}

/** An answer of the system may take as long as it downloads and runs a script of the network's. */
const SYSTEM_PROXY_WAIT_MS = 5000
const SYSTEM_PROXY_FRESH_MS = 5000

/**
 * The way to each backend: its headers, secrets, proxy and certificates, and the answer to whose key its key is. Secrets
 * go only where they were entered for; one that cannot be used fails the whole way before anything is sent (S35).
 */
export class Ways {
  readonly #options: WaysOptions
  readonly #findSystemProxy: FindProxy
  /** Whether the server itself asks for a key, by backend. */
  readonly #protected = new Map<string, { url: string; isProtected: boolean }>()

  constructor(options: WaysOptions) {
    this.#options = options
    this.#findSystemProxy = createSystemProxy(options.findSystemProxy, options.clock)
  }

  /**
   * @throws AppFailure `secret-unavailable`, `bad-certificate-file`, `bad-parameters`, `bad-header`, `bad-address`; the
   * signal's reason after an abort
   */
  async to(profile: BackendProfile, options: WayOptions): Promise<Way> {
    const { origin } = new URL(profile.url)
    const read = async (name: SecretName): Promise<string | null> => {
      try {
        return await this.#options.secrets.read(name, origin)
      } catch (thrown) {
        if (options.isWithoutMissingSecrets === true && toAppError(thrown).code === 'secret-unavailable') return null
        throw thrown
      }
    }
    const parameters = readParameters(profile.parameters)
    if (!parameters.ok) throw failure(parameters.error)
    const headers: Record<string, string> = {}
    const secrets: string[] = []
    for (const { id, name, isSecret, value } of profile.headers) {
      const sent = isSecret ? await read({ backendId: profile.id, field: 'header', headerId: id }) : value
      if (sent === null) continue
      headers[name] = sent
      if (isSecret) secrets.push(sent)
    }
    const proxy = this.#proxyOf(profile)
    const own = purposeOf(profile)
    const http = createHttpTransport({ tls: await this.#tlsOf(profile), proxy, onContact: this.#noted(own) })
    const transport = watchTransport(http, options.begin)
    const api: BackendApiOptions = {
      url: profile.url,
      headers,
      secrets,
      logger: this.#options.logger,
      transport,
      // Files of other hosts: through the same proxy, and with nothing else of this backend.
      elsewhere: createHttpTransport({ proxy, onContact: this.#noted({ kind: 'picture' }, options.isTemporary) }),
      isBlocked: this.#options.isBlocked,
      timeouts: options.timeouts ?? timeoutsOf(profile),
    }

    const key = await read({ backendId: profile.id, field: 'api-key' })
    const hasOwnLogin = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
    const isForServer = key !== null && !hasOwnLogin && (await this.#isProtected(profile, api, options.signal))
    options.signal?.throwIfAborted()
    const providerKey = await this.#ownKey(profile, options.provider ?? null, read)
    // All of this backend's, not only those that go with this request: a list of models was asked with the key of another
    // provider, and a proxy knows its password.
    const login = await this.#proxyLoginOf(profile)
    const all = [...secrets, key, providerKey, ...login, ...this.#options.secrets.seenOf(profile.id)]
    const known = [...new Set(all.filter((secret) => secret !== null && secret !== ''))] as string[]
    return {
      api: new BackendApi({
        ...api,
        secrets: known,
        transport: options.tap?.(transport, known, await this.#routeOf(profile)) ?? transport,
        ...(isForServer ? { headers: { ...headers, authorization: `Bearer ${key}` } } : {}),
      }),
      apiKey: providerKey ?? (isForServer ? null : key),
      parameters: parameters.value,
      backend: profile,
      isKeyWithheld: key !== null && !hasOwnLogin && !isForServer,
    }
  }

  /**
   * The key that a provider has of its own at this backend. For lists of its models: never throws.
   *
   * @returns null without one, also for one that cannot be used
   */
  async keyOf(profile: BackendProfile, provider: string): Promise<string | null> {
    const { origin } = new URL(profile.url)
    const read = async (name: SecretName) => this.#options.secrets.read(name, origin).catch(() => null)
    return this.#ownKey(profile, provider, read)
  }

  /**
   * Takes in how a request over this way has failed, as far as it tells whose key the key is.
   *
   * @returns whether another way is worth asking: the server refused the request before it did anything with it (401), and
   * has not seen its key yet
   */
  learn({ backend, isKeyWithheld }: Way, error: AppError): boolean {
    if (backend === null || (error.code !== 'unauthorized' && error.code !== 'provider-auth')) return false
    this.#protected.delete(backend.id)
    const isAnswer = error.code === 'unauthorized' && error.status === 401 && isKeyWithheld
    if (isAnswer) this.#protected.set(backend.id, { url: backend.url, isProtected: true })
    return isAnswer
  }

  #noted(purpose: ContactPurpose, isTemporary = false): (host: string, isProxy: boolean) => void {
    return (host, isProxy) =>
      isProxy
        ? this.#options.noteContact(host, { kind: 'proxy' })
        : this.#options.noteContact(host, purpose, isTemporary)
  }

  /** After a change of its address or of a secret. */
  forget(backendId: string): void {
    this.#protected.delete(backendId)
  }

  // The automatic choice hands a key to whichever provider it tries, so it never gets that of one of them.
  async #ownKey(
    profile: BackendProfile,
    provider: string | null,
    read: (name: SecretName) => Promise<string | null>,
  ): Promise<string | null> {
    if (provider === null || provider === AUTOMATIC_PROVIDER || !profile.keyedProviders.includes(provider)) return null
    return read({ backendId: profile.id, field: 'provider-key', provider })
  }

  /**
   * Whose key is it? A server that asks for one gets it in a header and passes it to nobody; one that does not passes the
   * key of the request on to the provider (protocol.md sections 1 and 4). A server's key must never reach a provider, so
   * while the server does not say, the key counts as its own. 401 says so for good; a 403 may be of something in between,
   * and is asked about again. A server that hangs costs a question some seconds here, not its whole patience.
   */
  async #isProtected(
    profile: BackendProfile,
    options: BackendApiOptions,
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    const known = this.#protected.get(profile.id)
    if (known?.url === profile.url) return known.isProtected
    try {
      const timeouts = {
        ...PROBE_TIMEOUTS,
        connectMs: Math.min(PROBE_TIMEOUTS.connectMs, timeoutsOf(profile).connectMs),
      }
      await new BackendApi({ ...options, timeouts }).version(signal === undefined ? {} : { signal })
      this.#protected.set(profile.id, { url: profile.url, isProtected: false })
      return false
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'unauthorized' && error.status === 401) {
        this.#protected.set(profile.id, { url: profile.url, isProtected: true })
      }
      return true
    }
  }

  async #tlsOf({ trust }: BackendProfile): Promise<TlsOptions> {
    switch (trust.kind) {
      case 'system':
        return {}
      case 'pinned':
        return { pinned: trust.certificate }
      case 'authority':
        return { ca: await this.#options.authorities.read(trust.sha256) }
    }
  }

  /** The way in words. The system's proxy is the one that the next request takes: what it says is kept for as long. */
  async #routeOf({ url, proxy, trust }: BackendProfile): Promise<WireRoute> {
    const to = new URL(url)
    const isDirect = proxy.kind === 'none' || isLoopback(to.hostname)
    const address = isDirect ? null : proxy.kind === 'own' ? proxy.url : await this.#findSystemProxy(to)
    return {
      proxy: address,
      hasProxyLogin: !isDirect && proxy.kind === 'own' && proxy.user !== '',
      trust:
        trust.kind === 'pinned'
          ? { kind: 'pinned', sha256: trust.certificate.sha256 }
          : trust.kind === 'authority'
            ? { kind: 'authority', fileName: trust.fileName }
            : { kind: 'system' },
    }
  }

  /** The password, and both as a proxy is told them (base64 of the two together looks like neither). */
  async #proxyLoginOf({ id, url, proxy }: BackendProfile): Promise<string[]> {
    if (proxy.kind !== 'own' || isLoopback(new URL(url).hostname)) return []
    const name: SecretName = { backendId: id, field: 'proxy-password' }
    const password = await this.#options.secrets.read(name, proxy.url).catch(() => null)
    return password === null ? [] : [password, `${proxy.user}:${password}`]
  }

  #proxyOf({ id, proxy }: BackendProfile): FindProxy {
    switch (proxy.kind) {
      case 'none':
        return async () => null
      case 'system':
        return this.#findSystemProxy
      case 'own':
        // Read when the way needs it: one to this computer has no proxy, and asks the keychain for nothing.
        return async () => {
          const password = await this.#options.secrets.read({ backendId: id, field: 'proxy-password' }, proxy.url)
          return withLogin(proxy.url, proxy.user, password ?? '')
        }
    }
  }
}

/** An address that is no backend yet has no name. */
function purposeOf({ id, name }: BackendProfile): ContactPurpose {
  return name === '' ? { kind: 'discovery' } : { kind: 'backend', backendId: id, name }
}

function timeoutsOf(profile: BackendProfile): Timeouts {
  return {
    connectMs: profile.connectTimeoutSeconds * 1000,
    firstByteMs: profile.firstByteTimeoutSeconds * 1000,
    idleMs: profile.idleTimeoutSeconds * 1000,
  }
}

function withLogin(proxy: string, user: string, password: string): string {
  if (user === '' && password === '') return proxy
  return proxy.replace('://', `://${encodeURIComponent(user)}:${encodeURIComponent(password)}@`)
}

/**
 * The system's proxy for an address. What the system says is kept for some seconds, because a question asks for several
 * connections; a system that cannot say has none.
 */
function createSystemProxy(find: WaysOptions['findSystemProxy'], clock: Pick<Clock, 'monotonicMs'>): FindProxy {
  const known = new Map<string, { found: Promise<string | null>; atMs: number }>()
  return async (url) => {
    const nowMs = clock.monotonicMs()
    for (const [origin, { atMs }] of known) if (nowMs - atMs > SYSTEM_PROXY_FRESH_MS) known.delete(origin)
    const { origin } = url
    const fresh = known.get(origin)
    if (fresh !== undefined) return fresh.found
    // Without the path: a script of the network is told where, not what.
    const found = within(SYSTEM_PROXY_WAIT_MS, find(`${origin}/`)).then(readPacResult, () => null)
    known.set(origin, { found, atMs: nowMs })
    return found
  }
}

async function within<T>(waitMs: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), waitMs)
  })
  return Promise.race([task, limit]).finally(() => clearTimeout(timer))
}
