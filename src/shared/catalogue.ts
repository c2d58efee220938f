import type { CatalogueProvider } from './contract'

/** The name under which servers list the automatic choice. Nobody answers under it, and a request leaves it out. */
export const AUTOMATIC_PROVIDER = 'AnyProvider'

/** How much a backend offers, for all surfaces that say it: the test card, the picker, the first run. */
export interface CatalogueCounts {
  /** Those that answer; the automatic choice is none of them. */
  providers: number
  /** Rows that can be chosen: a model that two providers have counts twice, as it is shown twice. */
  models: number
}

export function countCatalogue(providers: readonly CatalogueProvider[]): CatalogueCounts {
  return {
    providers: countProviders(providers),
    models: providers.reduce((sum, { models }) => sum + models.length, 0),
  }
}

/** The same where only the names of the providers are known. */
export function countProviders(providers: readonly { name: string }[]): number {
  return providers.filter(({ name }) => name !== AUTOMATIC_PROVIDER).length
}
