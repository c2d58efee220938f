import type { BackendTest, Catalogue, CatalogueProvider } from '../shared/contract'
import type { Part } from '../shared/conversation'
import { failure, toAppError, type AppError } from '../shared/errors'
import { GUIDE_BACKEND_ID, type BackendProfile } from '../shared/settings'
import type { BackendStatuses, Contact, Standing } from './backend-status'
import { BackendApi } from './backend/api'
import type { Catalogues } from './backend/catalogue'
import { testBackend } from './backend/connection-test'
import { PROBE_TIMEOUTS } from './backend/discovery'
import { Buckets } from './backend/buckets'
import { openSession, type SessionDeps, type SessionRequest } from './backend/session'
import type { Transport } from './backend/transport'
import { parametersOf } from './chat-settings'
import type { Clock } from './clock'
import type { Pause } from './generations'
import type { Logger } from './logger'
import { sessionsOn, type SessionContext } from './question'
import type { ShownCertificates } from './shown-certificates'
import type { Way, WayOptions, Ways } from './ways'
import type { WireRoute } from './wire/request'

export interface BackendTalkOptions {
  /** A profile as it is now; null for one that is not there. */
  find: (backendId: string) => BackendProfile | null
  ways: Ways
  statuses: BackendStatuses
  shown: ShownCertificates
  catalogues: Catalogues
  guide: Transport
  findAttachment: (id: string, bytes: number) => Promise<string | Uint8Array | null>
  /** Records what goes over the wire for an answer. */
  tap: (transport: Transport, of: { messageId: string; secrets: readonly string[]; route?: WireRoute }) => Transport
  /** Fetches and keeps the results of an answer that are no text. */
  keepMedia: (
    parts: AsyncIterable<Part>,
    api: Pick<BackendApi, 'owns' | 'download'>,
    signal: AbortSignal,
    answer: Pick<SessionContext, 'answerId' | 'conversationId'>,
  ) => AsyncIterable<Part>
  clock: Clock
  logger: Logger
}

type ListApi = Pick<BackendApi, 'providers' | 'models' | 'modelLists'>

export const GUIDE_ADDRESS = 'guide://local'
const DIRECT: WireRoute = { proxy: null, hasProxyLogin: false, trust: { kind: 'system' } }

/**
 * Talking to backends, each over the way it is set up for: questions, lists, tests. Whatever a server says of itself on
 * that occasion becomes its status.
 */
export class BackendTalk {
  readonly #options: BackendTalkOptions
  readonly #buckets = new Buckets()

  constructor(options: BackendTalkOptions) {
    this.#options = options
  }

  async test(backendId: string): Promise<BackendTest> {
    const { find, catalogues, clock } = this.#options
    const { provider = null, model = null } = find(backendId) ?? {}
    const ask = async (way: Way): Promise<BackendTest> =>
      testBackend(way.api, { provider, model, apiKey: way.apiKey, parameters: way.parameters }, clock, () =>
        catalogues.refresh(backendId, this.#lists(backendId), this.#keyOf(backendId)),
      )
    try {
      const way = await this.#wayTo(backendId, { provider })
      const result = await ask(way)
      const isOther = result.verdict === 'failed' && this.#options.ways.learn(way, result.error)
      return isOther ? await ask(await this.#wayTo(backendId, { provider })) : result
    } catch (thrown) {
      return { verdict: 'failed', error: toAppError(thrown) }
    }
  }

  /** @throws AppFailure when nothing is known and the backend does not tell */
  async catalogue(backendId: string): Promise<Catalogue> {
    this.#requireKnown(backendId)
    // What was fetched a minute ago says nothing of a server that has gone since: it is asked whether it is back.
    if (this.#options.statuses.get(backendId).kind === 'offline') this.#options.catalogues.outdate(backendId)
    return this.#options.catalogues.get(backendId, this.#lists(backendId), this.#keyOf(backendId))
  }

  /** What the models of one provider can do; null when the backend does not list it. */
  async models(backendId: string, provider: string): Promise<CatalogueProvider | null> {
    this.#requireKnown(backendId)
    return this.#options.catalogues.describe(backendId, this.#lists(backendId), provider, this.#keyOf(backendId))
  }

  /** The way to a backend as it is set up now, for what belongs to its answers. */
  async api(backendId: string, isTemporary = false): Promise<BackendApi> {
    return (await this.#wayTo(backendId, { isTemporary })).api
  }

  /**
   * The API of an address that may become that of a backend. Nothing secret goes where it was not entered for, and what the
   * server says is no backend's status.
   *
   * @param owner on whose behalf its certificate is shown
   */
  async probe(profile: BackendProfile, owner: string, isTemporary = false): Promise<BackendApi> {
    const begin = (): Contact => ({
      stands: () => undefined,
      ended: (standing) => this.#noteCertificate(owner, profile.url, standing),
    })
    const options = { begin, timeouts: PROBE_TIMEOUTS, isWithoutMissingSecrets: true, isTemporary }
    return (await this.#options.ways.to(profile, options)).api
  }

  /** A session with the backend of a question. Never throws: whatever goes wrong is its one `finish`. */
  async *openSession(
    context: SessionContext,
    signal: AbortSignal,
    pause: Pause,
  ): AsyncGenerator<Part, void, undefined> {
    const { tap, keepMedia } = this.#options
    const open = async (): Promise<Way> =>
      this.#wayTo(context.backendId, {
        provider: context.provider,
        signal,
        tap: (transport, secrets, route) => tap(transport, { messageId: context.answerId, secrets, route }),
      })
    try {
      let way = await open()
      // The way may change while the answer runs, and its media are fetched over the present one.
      const present = {
        owns: (source: string) => way.api.owns(source),
        download: (...download: Parameters<BackendApi['download']>) => way.api.download(...download),
      }
      const ask = (mayFailOnce: boolean) => this.#ask(context, way, signal, pause, mayFailOnce)
      async function* parts(): AsyncGenerator<Part, void, undefined> {
        const hasFailed = yield* ask(true)
        if (!hasFailed) return
        way = await open()
        yield* ask(false)
      }
      yield* keepMedia(parts(), present, signal, context)
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'internal' && !signal.aborted) this.#options.logger.error('backend not reached')
      yield signal.aborted
        ? { type: 'finish', state: 'stopped', error: null }
        : { type: 'finish', state: 'failed', error }
    }
  }

  /** @returns whether the answer failed in a way that another way may mend; its `finish` was not given then */
  async *#ask(
    context: SessionContext,
    way: Way,
    signal: AbortSignal,
    pause: Pause,
    mayFailOnce: boolean,
  ): AsyncGenerator<Part, boolean, undefined> {
    const { clock, logger, findAttachment, ways } = this.#options
    const deps: SessionDeps = {
      api: way.api,
      findAttachment,
      upload: (attachment, content, signal, onSent) => {
        const server = `${context.backendId} ${way.backend?.url ?? ''}`
        return this.#buckets.put({ api: way.api, server, attachment, content, signal, onSent })
      },
      clock,
      logger,
      random: Math.random,
      pause,
    }
    const since = way.backend?.addressSince ?? 0
    const request: SessionRequest = {
      ...context,
      sessions: since === 0 ? context.sessions : sessionsOn(context.messages, context.backendId, since),
      apiKey: way.apiKey,
      system: context.settings.system,
      parameters: parametersOf(context.settings, way.parameters),
    }
    for await (const part of openSession(deps, request, signal)) {
      const error = part.type === 'finish' ? part.error : null
      if (error !== null && ways.learn(way, error) && mayFailOnce) return true
      yield part
    }
    return false
  }

  async #wayTo(backendId: string, options: Omit<WayOptions, 'begin'>): Promise<Way> {
    const { find, ways, statuses, guide, logger } = this.#options
    if (backendId === GUIDE_BACKEND_ID) {
      const api = new BackendApi({ url: GUIDE_ADDRESS, transport: options.tap?.(guide, [], DIRECT) ?? guide, logger })
      return { api, apiKey: null, parameters: {}, backend: null, isKeyWithheld: false }
    }
    const profile = find(backendId)
    if (profile === null) throw failure({ code: 'not-found', what: 'backend' })
    try {
      return await ways.to(profile, { ...options, begin: () => this.#begin(profile) })
    } catch (thrown) {
      const standing = standingWithoutWay(toAppError(thrown))
      if (standing !== null) statuses.note(backendId, standing)
      throw thrown
    }
  }

  #begin(profile: BackendProfile): Contact {
    const contact = this.#options.statuses.begin(profile.id)
    return {
      stands: contact.stands,
      ended: (standing) => {
        this.#noteCertificate(profile.id, profile.url, standing)
        contact.ended(standing)
      },
    }
  }

  #noteCertificate(owner: string, url: string, standing: Standing | null): void {
    if (standing?.kind === 'untrusted') this.#options.shown.note(owner, url, standing.error)
  }

  /**
   * Lists of a backend. The way to it is found with the first of them, so that what is known already can be shown before
   * the keychain or the server was asked for anything (R43), and anew with each list of providers.
   */
  #lists(backendId: string): ListApi {
    let found: Promise<Way> | null = null
    const find = async (): Promise<Way> => (found ??= this.#wayTo(backendId, {}))
    const call = async <T>(ask: (api: BackendApi) => Promise<T>): Promise<T> => {
      const way = await find()
      try {
        return await ask(way.api)
      } catch (thrown) {
        if (!this.#options.ways.learn(way, toAppError(thrown))) throw thrown
        found = null
        return ask((await find()).api)
      }
    }
    return {
      providers: async (options) => {
        found = null
        return call((api) => api.providers(options))
      },
      modelLists: async (options) => call((api) => api.modelLists(options)),
      // A refusal here is the provider's.
      models: async (provider, options) => (await find()).api.models(provider, options),
    }
  }

  #keyOf(backendId: string): (provider: string) => Promise<string | null> {
    return async (provider) => {
      const profile = this.#options.find(backendId)
      return profile === null ? null : this.#options.ways.keyOf(profile, provider)
    }
  }

  #requireKnown(backendId: string): void {
    const isKnown = backendId === GUIDE_BACKEND_ID || this.#options.find(backendId) !== null
    if (!isKnown) throw failure({ code: 'not-found', what: 'backend' })
  }
}

/** How a backend stands to which no way was found, without a request. */
function standingWithoutWay(error: AppError): Standing | null {
  if (error.code === 'secret-unavailable') return { kind: 'needs-key' }
  return error.code === 'bad-certificate-file' ? { kind: 'offline', error } : null
}
