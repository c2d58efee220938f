import * as v from 'valibot'
import type { BackendTest, Catalogue, CatalogueModel, CatalogueProvider } from '../../shared/contract'
import { failure, toAppError, type AppError } from '../../shared/errors'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import { parseAddress, USUAL_PORTS } from './address'
import type { BackendApi, BackendApiOptions } from './api'
import { measureCadence, type CadenceQuestion } from './cadence'
import type { ListedModel } from './lists'
import { AUTOMATIC_PROVIDER } from './parts'

/** Keeps the last good catalogue of each backend over restarts. What is read back is checked again. */
export interface CatalogueStore {
  get(backendId: string): unknown
  set(backendId: string, providers: CatalogueProvider[] | null): void
}

type ListApi = Pick<BackendApi, 'providers' | 'models' | 'modelLists' | 'version'>

/** A catalogue older than this is asked for anew when it is looked at; it is shown meanwhile. */
const FRESH_MS = 5 * 60_000
/** Of so few providers each can be asked for its models itself, which also tells which of them see images. */
const FEW_PROVIDERS = 8
/** The first list of all models takes this long on a server that asks a hundred providers of its own. */
const MODEL_LISTS_MS = 120_000

/**
 * The providers and models of all backends. What is known is given at once, however old; what is old is fetched anew in
 * the background, and a failure keeps what there is (R43). Only a backend of which nothing is known is waited for.
 */
export class Catalogues {
  readonly #known = new Map<string, { providers: CatalogueProvider[]; atMs: number }>()
  readonly #refreshes = new Map<string, Promise<void>>()

  constructor(private readonly deps: { store: CatalogueStore; clock: Pick<Clock, 'monotonicMs'>; logger: Logger }) {}

  /**
   * @param api the backend as it is set up now
   * @throws AppFailure when nothing is known and the backend does not tell
   */
  async get(backendId: string, api: ListApi): Promise<Catalogue> {
    const known = this.#recall(backendId)
    const isFresh = known !== null && this.deps.clock.monotonicMs() - known.atMs < FRESH_MS
    const refresh = isFresh ? this.#refreshes.get(backendId) : this.#refresh(backendId, api)
    if (known !== null) {
      refresh?.catch(() => undefined)
      return { providers: known.providers, isStale: !isFresh || refresh !== undefined }
    }
    await refresh
    const fetched = this.#known.get(backendId)
    if (fetched === undefined) throw failure({ code: 'internal' })
    return { providers: fetched.providers, isStale: this.#refreshes.has(backendId) }
  }

  /** For a backend that was removed or got another address. */
  forget(backendId: string): void {
    this.#known.delete(backendId)
    this.#refreshes.delete(backendId)
    this.deps.store.set(backendId, null)
  }

  #recall(backendId: string): { providers: CatalogueProvider[]; atMs: number } | null {
    const known = this.#known.get(backendId)
    if (known !== undefined) return known
    const stored = v.safeParse(storedSchema, this.deps.store.get(backendId))
    if (!stored.success) return null
    const recalled = { providers: stored.output, atMs: Number.NEGATIVE_INFINITY }
    this.#known.set(backendId, recalled)
    return recalled
  }

  /** Resolves as soon as there is something to show; the slow list of all models may still be on its way. */
  #refresh(backendId: string, api: ListApi): Promise<void> {
    const running = this.#refreshes.get(backendId)
    if (running !== undefined) return running
    let hasFirst = false
    const refresh = new Promise<void>((resolve, reject) => {
      const save = (providers: CatalogueProvider[]): void => {
        hasFirst = true
        // Meanwhile forgotten, or fetched anew from another address.
        if (this.#refreshes.get(backendId) !== refresh) return
        this.#known.set(backendId, { providers, atMs: this.deps.clock.monotonicMs() })
        this.deps.store.set(backendId, providers)
        resolve()
      }
      fetchCatalogue(api, save)
        .catch((thrown: unknown) => {
          this.deps.logger.info('catalogue not refreshed', { code: toAppError(thrown).code, hasFirst })
          reject(thrown instanceof Error ? thrown : failure({ code: 'internal' }))
        })
        .finally(() => {
          if (this.#refreshes.get(backendId) === refresh) this.#refreshes.delete(backendId)
          resolve()
        })
    })
    this.#refreshes.set(backendId, refresh)
    return refresh
  }
}

const modelSchema = v.object({ id: v.string(), label: v.string(), isDefault: v.boolean(), hasVision: v.boolean() })
const storedSchema = v.array(
  v.object({
    name: v.string(),
    label: v.string(),
    needsKey: v.boolean(),
    hasVision: v.boolean(),
    models: v.array(modelSchema),
  }),
)

/** Calls `save` with what is known soon, and again when the models of all providers are known. */
async function fetchCatalogue(api: ListApi, save: (providers: CatalogueProvider[]) => void): Promise<void> {
  const listed = await api.providers()
  const asked = listed.length <= FEW_PROVIDERS ? listed.map(({ name }) => name) : [AUTOMATIC_PROVIDER]
  const models = new Map(
    await Promise.all(
      asked
        .filter((name) => listed.some((provider) => provider.name === name))
        // One that needs a key says so with an error; the others are still worth showing.
        .map(async (name) => [name, await api.models(name).catch(() => [])] as const),
    ),
  )
  const catalogue = (lists: ReadonlyMap<string, string[]>): CatalogueProvider[] =>
    listed.map(({ name, label, needsKey, hasVision }) => ({
      name,
      label,
      needsKey,
      hasVision,
      models:
        models.get(name)?.map(toModel) ??
        // Only ids are known of them; whether a model sees images is then what its provider says of itself.
        (lists.get(name) ?? []).map((id) => ({ id, label: id, isDefault: false, hasVision })),
    }))
  save(catalogue(new Map()))
  if (listed.length <= FEW_PROVIDERS) return
  save(catalogue(await api.modelLists({ signal: AbortSignal.timeout(MODEL_LISTS_MS) })))
}

function toModel({ id, label, isDefault, hasVision }: ListedModel): CatalogueModel {
  return { id, label, isDefault, hasVision }
}

/**
 * Whether a backend answers, how fast, what it offers, and whether its text really streams, for which it is asked one
 * short question. An answer that fails leaves the verdict at `reachable`: the server is there, a provider is not.
 */
export async function testBackend(
  api: ListApi & Pick<BackendApi, 'chunks'>,
  question: CadenceQuestion,
  clock: Pick<Clock, 'monotonicMs'>,
): Promise<BackendTest> {
  const startMs = clock.monotonicMs()
  try {
    await api.version()
    const roundTripMs = clock.monotonicMs() - startMs
    const providers = await api.providers()
    const models = await api.models(question.provider ?? AUTOMATIC_PROVIDER).catch(() => [])
    const cadence = await measureCadence(api, question, clock).catch(() => null)
    return {
      verdict: cadence === null || cadence.verdict === 'silent' ? 'reachable' : cadence.verdict,
      roundTripMs,
      firstWordMs: cadence?.firstWordMs ?? null,
      providers: providers.length,
      models: models.length === 0 ? null : models.length,
      gapsMs: cadence?.gapsMs ?? [],
    }
  } catch (thrown) {
    return { verdict: 'failed', error: toAppError(thrown) }
  }
}

export interface FoundAddress {
  /** The base address that answered. */
  url: string
  version: string | null
  /** It is a Backend API, but it says nothing without a key. */
  needsKey: boolean
  /** What was tried before, in that order. */
  tried: string[]
}

/** Nobody waits ten seconds for each address that a few typed words can mean. */
const PROBE_TIMEOUTS = { connectMs: 3000, firstByteMs: 5000, idleMs: 5000 }

/**
 * Finds the server that a person means: tries what the typed address can stand for, one after the other.
 *
 * @param options of the connection, for the server that will be used
 * @throws AppFailure `bad-address`; when no address answers, the error that says most, which is the first one where
 * something answered at all
 */
export async function connectBackend(
  typed: string,
  createApi: (options: BackendApiOptions) => Pick<BackendApi, 'version'>,
  options: Omit<BackendApiOptions, 'url' | 'timeouts'> = {},
): Promise<FoundAddress> {
  const addresses = parseAddress(typed)
  if (!addresses.ok) throw failure(addresses.error)
  const tried: string[] = []
  let mostTelling: AppError | null = null
  for (const url of addresses.value) {
    try {
      const { version } = await createApi({ ...options, url, timeouts: PROBE_TIMEOUTS }).version()
      return { url, version, needsKey: false, tried }
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'unauthorized') return { url, version: null, needsKey: true, tried }
      tried.push(url)
      if (mostTelling === null || (!isTelling(mostTelling) && isTelling(error))) mostTelling = error
    }
  }
  throw failure(mostTelling ?? { code: 'internal' })
}

function isTelling(error: AppError): boolean {
  return error.code !== 'unreachable' && error.code !== 'timeout'
}

const DISCOVERY_TIMEOUTS = { connectMs: 500, firstByteMs: 1500, idleMs: 1500 }

/** Servers on this computer, at the ports they usually have. Both are asked at once; what does not answer is not there. */
export async function discoverBackends(
  createApi: (options: BackendApiOptions) => Pick<BackendApi, 'version' | 'providers'>,
  ports: readonly number[] = USUAL_PORTS,
): Promise<{ url: string; providers: number | null }[]> {
  const found = await Promise.all(
    ports.map(async (port) => {
      const url = `http://localhost:${port}`
      const api = createApi({ url, timeouts: DISCOVERY_TIMEOUTS })
      try {
        await api.version()
        const providers = await api.providers().catch(() => null)
        return [{ url, providers: providers?.length ?? null }]
      } catch (thrown) {
        const error = toAppError(thrown)
        // Other programs listen on 8080 too; a refusal in the words of a Backend API is JSON.
        const isProtected = error.code === 'unauthorized' && error.message !== null
        return isProtected ? [{ url, providers: null }] : []
      }
    }),
  )
  return found.flat()
}
