import * as v from 'valibot'
import { AUTOMATIC_PROVIDER } from '../../shared/catalogue'
import type { Catalogue, CatalogueModel, CatalogueProvider } from '../../shared/contract'
import { failure, toAppError, type AppError } from '../../shared/errors'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import type { BackendApi } from './api'
import { inTurns, MAX_MODELS, type ListedModel, type ListedProvider } from './lists'

/** Keeps the last good catalogue of each backend over restarts. What is read back is checked again. */
export interface CatalogueStore {
  get(backendId: string): unknown
  set(backendId: string, providers: CatalogueProvider[] | null): void
}

export interface CataloguesOptions {
  store: CatalogueStore
  clock: Pick<Clock, 'monotonicMs'>
  logger: Logger
  /** More, or something newer, is known of a backend than was given before; or its refresh has failed. */
  onChange?: (backendId: string) => void
}

/** The key of a provider, as it is kept for this backend. */
export type FindKey = (provider: string) => Promise<string | null>

type ListApi = Pick<BackendApi, 'providers' | 'models' | 'modelLists'>

/** A catalogue older than this is asked for anew when it is looked at; it is shown meanwhile. */
const FRESH_MS = 5 * 60_000
/** What failed is not tried again for so long, however often it is looked at. */
const PAUSE_MS = 1000
/** What a model can do changes with a new version of the server, if ever. */
const DETAILS_FRESH_MS = 60 * 60_000
/** Of so few providers each can be asked for its models itself, which also tells what each of them can do. */
const FEW_PROVIDERS = 8
/** Providers with a key of their own list their models to that key only; more of them are asked when they are looked at. */
const MAX_ASKED = 50
const ASKED_AT_ONCE = 4
/** Names and labels in all, in UTF-16 units: what a catalogue takes of memory, disk and each page that shows it. */
const MAX_CHARACTERS = 2_000_000

const LIST_MS = 30_000
/** The first list of all models takes this long on a server that asks a hundred providers of its own. */
const MODEL_LISTS_MS = 120_000

interface Entry {
  known: { providers: CatalogueProvider[]; atMs: number } | null
  /** Over when what is stored has been read. */
  recalled: Promise<void>
  refresh: Refresh | null
  failed: { error: AppError; atMs: number } | null
  /** When each provider last told what its models can do, and the asking that is under way. */
  described: Map<string, number>
  describing: Map<string, Promise<CatalogueProvider | null>>
}

interface Refresh {
  /** There is something to show. */
  first: Promise<void>
  /** All is there. */
  whole: Promise<void>
  /** What it brings is not wanted any more: the backend is reached in another way since. */
  isOvertaken: boolean
}

/**
 * The providers and models of all backends. What is known is given at once, however old; what is old is fetched anew in
 * the background, and a failure keeps what there is (R43). Only a backend of which nothing is known is waited for.
 *
 * Of a server with many providers only the ids of their models are fetched, with one request; what the models of a
 * provider can do is asked when somebody looks at it or chooses it (`describe`), and kept from then on.
 */
export class Catalogues {
  readonly #entries = new Map<string, Entry>()

  constructor(private readonly options: CataloguesOptions) {}

  /**
   * @param api the backend as it is set up when its providers are asked for, with which each refresh begins
   * @throws AppFailure when nothing is known and the backend does not tell
   */
  async get(backendId: string, api: ListApi, keyOf: FindKey = noKey): Promise<Catalogue> {
    const entry = this.#entryOf(backendId)
    await entry.recalled
    const nowMs = this.options.clock.monotonicMs()
    const isPaused = entry.failed !== null && nowMs - entry.failed.atMs < PAUSE_MS
    if (entry.known === null) await this.#untilKnown(backendId, entry, api, keyOf)
    else if (!this.#isFresh(entry.known.atMs, FRESH_MS) && !isPaused) this.#refresh(backendId, entry, api, keyOf)
    return this.#catalogueOf(entry)
  }

  /** Asks for all anew, or waits for who does already. @throws AppFailure when the backend does not tell */
  async refresh(backendId: string, api: ListApi, keyOf: FindKey = noKey): Promise<CatalogueProvider[]> {
    const entry = this.#entryOf(backendId)
    await entry.recalled
    await this.#refresh(backendId, entry, api, keyOf).whole
    return (await this.get(backendId, api, keyOf)).providers
  }

  // Whoever waits for the first of it waits through what `expire` makes worthless meanwhile.
  async #untilKnown(backendId: string, entry: Entry, api: ListApi, keyOf: FindKey): Promise<void> {
    while (entry.known === null && this.#entries.get(backendId) === entry) {
      const refresh = this.#refresh(backendId, entry, api, keyOf)
      try {
        await refresh.first
      } catch (thrown) {
        if (!refresh.isOvertaken) throw thrown
      }
    }
  }

  /**
   * What the models of one provider can do: as it is known, or asked now.
   *
   * @returns null when the backend does not list it
   * @throws AppFailure when nothing is known and it does not tell; a provider without its key is `unauthorized`
   */
  async describe(
    backendId: string,
    api: ListApi,
    provider: string,
    keyOf: FindKey = noKey,
  ): Promise<CatalogueProvider | null> {
    const entry = this.#entryOf(backendId)
    await entry.recalled
    const running = entry.describing.get(provider)
    if (running !== undefined) return running
    const present = findProvider(entry, provider)
    if (present === null || (present.hasModelDetails && this.#isDescribed(entry, provider))) return present
    const asking = this.#describe(backendId, entry, api, provider, keyOf)
    entry.describing.set(provider, asking)
    const end = (): void => {
      if (entry.describing.get(provider) === asking) entry.describing.delete(provider)
    }
    asking.then(end, end)
    return asking
  }

  /** For a backend that got another key: what it offers may be more now. What is known is shown until then. */
  expire(backendId: string): void {
    const entry = this.#entries.get(backendId)
    if (entry === undefined) return
    entry.described.clear()
    entry.describing.clear()
    if (entry.known !== null) entry.known = { ...entry.known, atMs: Number.NEGATIVE_INFINITY }
    if (entry.refresh !== null) entry.refresh.isOvertaken = true
    entry.refresh = null
    entry.failed = null
  }

  /**
   * For a backend that has gone since it told: the next `get` asks whether it is back. What is being asked goes on, and a
   * failure pauses as ever, or each failure that is told of would ask again at once.
   */
  outdate(backendId: string): void {
    const entry = this.#entries.get(backendId)
    if (entry !== undefined && entry.known !== null) entry.known = { ...entry.known, atMs: Number.NEGATIVE_INFINITY }
  }

  /** For a backend that was removed or got another address. */
  forget(backendId: string): void {
    this.#entries.delete(backendId)
    this.options.store.set(backendId, null)
  }

  #entryOf(backendId: string): Entry {
    const present = this.#entries.get(backendId)
    if (present !== undefined) return present
    const recall = async (): Promise<void> => {
      const providers = await readStored(this.options.store.get(backendId))
      if (providers !== null) entry.known ??= { providers, atMs: Number.NEGATIVE_INFINITY }
    }
    const entry: Entry = {
      known: null,
      recalled: Promise.resolve(),
      refresh: null,
      failed: null,
      described: new Map(),
      describing: new Map(),
    }
    entry.recalled = recall()
    this.#entries.set(backendId, entry)
    return entry
  }

  #refresh(backendId: string, entry: Entry, api: ListApi, keyOf: FindKey): Refresh {
    if (entry.refresh !== null) return entry.refresh
    const { clock, logger } = this.options
    const steps = fetchCatalogue(api, keyOf, {
      providers: () => entry.known?.providers ?? [],
      isDescribed: (provider) => this.#isDescribed(entry, provider),
    })
    // Meanwhile forgotten, or expired and asked for anew.
    const isCurrent = (): boolean => entry.refresh === refresh && this.#entries.get(backendId) === entry
    const take = ({ providers, isWhole }: Step): void => {
      if (!isCurrent()) return
      const wasKnown = entry.known !== null
      entry.known = { providers, atMs: clock.monotonicMs() }
      if (isWhole) entry.refresh = null
      this.options.store.set(backendId, providers)
      if (wasKnown) this.options.onChange?.(backendId)
    }
    const first = steps.next().then((step) => {
      if (step.done !== true) take(step.value)
    })
    const rest = async (): Promise<void> => {
      await first
      for await (const step of steps) take(step)
    }
    const whole = rest().catch((thrown: unknown) => {
      const error = toAppError(thrown)
      logger.info('catalogue not refreshed', { code: error.code })
      if (isCurrent()) {
        entry.refresh = null
        entry.failed = { error, atMs: clock.monotonicMs() }
        if (entry.known !== null) {
          entry.known = { ...entry.known, atMs: Number.NEGATIVE_INFINITY }
          this.options.onChange?.(backendId)
        }
      }
      throw failure(error)
    })
    const refresh: Refresh = { first, whole, isOvertaken: false }
    entry.refresh = refresh
    entry.failed = null
    // Whoever waits sees it; when nobody does, it is in `failed`.
    first.catch(() => undefined)
    whole.catch(() => undefined)
    return refresh
  }

  async #describe(
    backendId: string,
    entry: Entry,
    api: ListApi,
    provider: string,
    keyOf: FindKey,
  ): Promise<CatalogueProvider | null> {
    const models = await askModels(api, provider, keyOf)
    entry.described.set(provider, this.options.clock.monotonicMs())
    // Looked up now: the catalogue may have been refreshed meanwhile.
    const before = findProvider(entry, provider)
    if (before === null || entry.known === null) return null
    const budget = new Budget(entry.known.providers.filter(({ name }) => name !== provider))
    const described: CatalogueProvider = {
      ...before,
      // One that lists none to us still takes those that the server knows of it; of these only the ids are known.
      ...(models.length > 0 && { hasModelDetails: true, models: budget.take(models.map(toModel)) }),
    }
    entry.known = {
      ...entry.known,
      providers: entry.known.providers.map((each) => (each.name === provider ? described : each)),
    }
    if (this.#entries.get(backendId) === entry) this.options.store.set(backendId, entry.known.providers)
    return described
  }

  #catalogueOf(entry: Entry): Catalogue {
    // Forgotten while it was asked: whoever waited has no use for it.
    if (entry.known === null) throw failure(entry.failed?.error ?? { code: 'not-found', what: 'backend' })
    const isRunning = entry.refresh !== null
    return {
      providers: entry.known.providers,
      isStale: isRunning || !this.#isFresh(entry.known.atMs, FRESH_MS),
      error: isRunning ? null : (entry.failed?.error ?? null),
    }
  }

  #isDescribed(entry: Entry, provider: string): boolean {
    return this.#isFresh(entry.described.get(provider) ?? Number.NEGATIVE_INFINITY, DETAILS_FRESH_MS)
  }

  #isFresh(atMs: number, forMs: number): boolean {
    return this.options.clock.monotonicMs() - atMs < forMs
  }
}

const noKey: FindKey = () => Promise.resolve(null)

function findProvider(entry: Entry, provider: string): CatalogueProvider | null {
  return entry.known?.providers.find(({ name }) => name === provider) ?? null
}

// ---- what is stored; files of an older Parley lack what has a default here ----

const kinds = v.optional(v.array(v.picklist(['image', 'audio', 'video'])), [])
const storedModel = v.object({
  id: v.string(),
  label: v.string(),
  isDefault: v.boolean(),
  hasVision: v.boolean(),
  makes: kinds,
})
const storedProvider = v.object({
  name: v.string(),
  label: v.string(),
  needsKey: v.boolean(),
  loginUrl: v.optional(v.nullable(v.string()), null),
  hasVision: v.boolean(),
  makes: kinds,
  hasModelDetails: v.optional(v.boolean(), false),
  models: v.array(storedModel),
})

async function readStored(value: unknown): Promise<CatalogueProvider[] | null> {
  if (!Array.isArray(value)) return null
  const providers: CatalogueProvider[] = []
  await inTurns(value, (entry: unknown) => {
    const parsed = v.safeParse(storedProvider, entry)
    if (parsed.success) providers.push(parsed.output)
  })
  return providers.length === 0 ? null : providers
}

// ---- asking ----

interface Step {
  providers: CatalogueProvider[]
  isWhole: boolean
}

/** What is known already, while more is asked. */
interface Earlier {
  providers: () => readonly CatalogueProvider[]
  /** Whether a provider has told lately what its models can do. */
  isDescribed: (provider: string) => boolean
}

/** Gives what is known soon, and again when the models of all providers are known. */
async function* fetchCatalogue(api: ListApi, keyOf: FindKey, earlier: Earlier): AsyncGenerator<Step, void, undefined> {
  const listed = await within(LIST_MS, (signal) => api.providers({ signal }))
  const isFew = listed.length <= FEW_PROVIDERS
  const asked: string[] = []
  for (const { name } of listed) {
    if (asked.length === MAX_ASKED) break
    if (isFew || name === AUTOMATIC_PROVIDER || (await keyOf(name)) !== null) asked.push(name)
  }
  const described = new Map<string, ListedModel[]>()
  const ask = async (): Promise<void> => {
    for (let name = asked.shift(); name !== undefined; name = asked.shift()) {
      // One that needs a key says so with an error; the others are still worth showing.
      const models = await askModels(api, name, keyOf).catch(() => [])
      if (models.length > 0) described.set(name, models)
    }
  }
  await Promise.all(Array.from({ length: ASKED_AT_ONCE }, ask))
  const isWhole = isFew && described.size === listed.length
  yield { providers: await compose(listed, described, null, earlier), isWhole }
  if (isWhole) return
  const lists = await within(MODEL_LISTS_MS, (signal) => api.modelLists({ signal })).catch((thrown: unknown) => {
    // Here it would only add what some of the few did not tell themselves.
    if (isFew) return new Map<string, string[]>()
    throw thrown
  })
  yield { providers: await compose(listed, described, lists, earlier), isWhole: true }
}

async function askModels(api: ListApi, provider: string, keyOf: FindKey): Promise<ListedModel[]> {
  const apiKey = await keyOf(provider)
  return within(LIST_MS, (signal) => api.models(provider, { signal, apiKey }))
}

/**
 * @param described models that providers have listed themselves
 * @param lists ids of models by provider; null while they are not known: then what was known before stays
 */
async function compose(
  listed: readonly ListedProvider[],
  described: ReadonlyMap<string, readonly ListedModel[]>,
  lists: ReadonlyMap<string, readonly string[]> | null,
  earlier: Earlier,
): Promise<CatalogueProvider[]> {
  const before = new Map(earlier.providers().map((provider) => [provider.name, provider]))
  const budget = new Budget([])
  const providers: CatalogueProvider[] = []
  await inTurns(listed, ({ name, label, needsKey, loginUrl, hasVision, makes }) => {
    const provider = { name, label, needsKey, loginUrl, hasVision, makes }
    const ids = lists === null ? null : (lists.get(name) ?? [])
    const found = modelsOf(provider, described.get(name), ids, before.get(name), earlier.isDescribed(name))
    providers.push({ ...provider, ...found, models: budget.take(found.models) })
  })
  return providers
}

function modelsOf(
  { hasVision, makes }: Pick<CatalogueProvider, 'hasVision' | 'makes'>,
  described: readonly ListedModel[] | undefined,
  ids: readonly string[] | null,
  before: CatalogueProvider | undefined,
  isDescribed: boolean,
): Pick<CatalogueProvider, 'models' | 'hasModelDetails'> {
  if (described !== undefined) return { models: described.map(toModel), hasModelDetails: true }
  if (ids === null) return { models: before?.models ?? [], hasModelDetails: before?.hasModelDetails ?? false }
  if (before?.hasModelDetails === true && isDescribed) {
    const known = new Map(before.models.map((model) => [model.id, model]))
    const models = ids.flatMap((id) => known.get(id) ?? [])
    if (models.length === ids.length) return { models, hasModelDetails: true }
  }
  // Only ids are known: what such a model can do is then what its provider says that some of its models can.
  return {
    models: ids.map((id) => ({ id, label: id, isDefault: false, hasVision, makes })),
    hasModelDetails: false,
  }
}

function toModel({ id, label, isDefault, hasVision, makes }: ListedModel): CatalogueModel {
  return { id, label, isDefault, hasVision, makes }
}

/** Bounds a catalogue as a whole, whatever its providers are like one by one (S39). */
class Budget {
  #models = MAX_MODELS
  #characters = MAX_CHARACTERS

  constructor(spent: readonly CatalogueProvider[]) {
    for (const { models } of spent) this.take(models)
  }

  /** As many of the models, from the first on, as there is room for. */
  take(models: CatalogueModel[]): CatalogueModel[] {
    let taken = 0
    for (const { id, label } of models) {
      const characters = id.length + label.length
      if (this.#models === 0 || characters > this.#characters) break
      this.#models -= 1
      this.#characters -= characters
      taken += 1
    }
    return taken === models.length ? models : models.slice(0, taken)
  }
}

/** @throws AppFailure `timeout` when it takes longer */
export async function within<T>(ms: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const signal = AbortSignal.timeout(ms)
  try {
    return await call(signal)
  } catch (thrown) {
    if (!signal.aborted) throw thrown
    throw failure({ code: 'timeout', phase: 'headers', seconds: Math.round(ms / 1000) })
  }
}
