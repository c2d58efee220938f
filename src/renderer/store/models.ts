import type { CatalogueProvider } from '../../shared/contract'
import type { ModelChoice } from '../../shared/settings'
import { useStore, withEntry } from './state'

/** Providers that are asked at once; the server asks each of them in turn. */
const LANES = 2
/** What several tell in so short a time changes the list once. */
const GATHER_MS = 100

const waiting: (() => Promise<void>)[] = []
/** Who did not tell is not asked again before the catalogue is loaded anew. */
const asked = new WeakMap<CatalogueProvider, Promise<void>>()
const told = new Map<string, Told[]>()
let running = 0

/**
 * Makes sure that it is known what each model of a provider can do: of a server with many providers at first only the
 * names of the models are known. Resolves when it is known, or when the provider did not tell.
 */
export async function needModels(backendId: string, provider: string): Promise<void> {
  const catalogue = useStore.getState().catalogues.get(backendId)?.catalogue
  const present = catalogue?.providers.find(({ name }) => name === provider)
  if (present === undefined || present.hasModelDetails) return
  const asking =
    asked.get(present) ??
    new Promise<void>((resolve) => {
      waiting.push(async () => {
        const result = await window.parley.request['backend.models']({ backendId, provider })
        if (result.ok && result.value !== null) tell(backendId, { provider: result.value, note: resolve })
        else resolve()
      })
      void work()
    })
  asked.set(present, asking)
  await asking
}

/** Whether a provider still has its models to tell: none is known, and it was not asked for them since it was listed. */
export function hasYetToTell(provider: CatalogueProvider): boolean {
  return !provider.hasModelDetails && provider.models.length === 0 && !asked.has(provider)
}

async function work(): Promise<void> {
  if (running === LANES) return
  running += 1
  for (let ask = waiting.shift(); ask !== undefined; ask = waiting.shift()) await ask()
  running -= 1
}

interface Told {
  provider: CatalogueProvider
  /** To be called once the list has it. */
  note: () => void
}

function tell(backendId: string, one: Told): void {
  const gathered = told.get(backendId)
  if (gathered !== undefined) {
    gathered.push(one)
    return
  }
  const all = [one]
  told.set(backendId, all)
  setTimeout(() => {
    told.delete(backendId)
    const described = new Map(all.map(({ provider }) => [provider.name, provider]))
    useStore.setState(({ catalogues }) => {
      const known = catalogues.get(backendId)
      if (known === undefined || known.catalogue === null) return {}
      const providers = known.catalogue.providers.map((each) => described.get(each.name) ?? each)
      return {
        catalogues: withEntry(catalogues, backendId, { ...known, catalogue: { ...known.catalogue, providers } }),
      }
    })
    for (const { note } of all) note()
  }, GATHER_MS)
}

const MOST_FAVOURITES = 200
const MOST_RECENTS = 50

/** Gives a model its star, or takes it away. The oldest star goes when there are too many. */
export async function toggleFavourite(choice: ModelChoice): Promise<void> {
  const { favourites } = useStore.getState().settings
  const others = favourites.filter((each) => !isSame(each, choice))
  const next = others.length < favourites.length ? others : [...others, choice].slice(-MOST_FAVOURITES)
  await window.parley.request['settings.set']({ favourites: next })
}

/** Keeps a model among those that were chosen last. */
export async function rememberModel(choice: ModelChoice): Promise<void> {
  const { recents } = useStore.getState().settings
  const next = [choice, ...recents.filter((each) => !isSame(each, choice))].slice(0, MOST_RECENTS)
  await window.parley.request['settings.set']({ recents: next })
}

export function isSame(a: ModelChoice, b: ModelChoice): boolean {
  return a.backendId === b.backendId && a.provider === b.provider && a.model === b.model
}
