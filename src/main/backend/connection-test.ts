import { setTimeout as sleep } from 'node:timers/promises'
import { countCatalogue } from '../../shared/catalogue'
import type { BackendTest, CatalogueProvider } from '../../shared/contract'
import { failure, toAppError } from '../../shared/errors'
import type { Clock } from '../clock'
import type { BackendApi } from './api'
import { measureCadence, type CadenceQuestion } from './cadence'
import { within } from './catalogue'

/** A test is over after so long, whatever the server does. */
const TEST_MS = 20_000
const VERSION_MS = 10_000
const MIN_LISTS_MS = 3000

/**
 * Whether a backend answers, how fast, what it offers, and whether its text really streams, for which it is asked one
 * short question. An answer that fails leaves the verdict at `reachable`, with the error: the server is there, answers are
 * not. Takes at most some 20 seconds.
 *
 * @param listOffers gives the whole catalogue, so that the figures are those of the picker
 */
export async function testBackend(
  api: Pick<BackendApi, 'chunks' | 'redactor' | 'version'>,
  question: CadenceQuestion,
  clock: Pick<Clock, 'monotonicMs'>,
  listOffers: () => Promise<readonly CatalogueProvider[]>,
): Promise<BackendTest> {
  const startMs = clock.monotonicMs()
  try {
    await within(VERSION_MS, (signal) => api.version({ signal }))
    const roundTripMs = clock.monotonicMs() - startMs
    // One after the other: a server that looks for its models is no server whose gaps mean anything.
    const cadence = await measureCadence(api, question, clock)
    // The health check is open on some servers that ask for a key at all else.
    if (cadence.error?.code === 'unauthorized') throw failure(cadence.error)
    const leftMs = Math.max(MIN_LISTS_MS, TEST_MS - (clock.monotonicMs() - startMs))
    const offers = await orNull(listOffers(), leftMs).catch((thrown: unknown) => {
      // Words came: it is a backend, though it does not tell what it offers.
      if (cadence.firstWordMs !== null) return null
      throw thrown
    })
    const counts = offers === null ? { providers: null, models: null } : countCatalogue(offers)
    return {
      verdict: cadence.verdict === 'silent' ? 'reachable' : cadence.verdict,
      error: cadence.error,
      roundTripMs,
      firstWordMs: cadence.firstWordMs,
      ...counts,
      gapsMs: cadence.gapsMs,
    }
  } catch (thrown) {
    return { verdict: 'failed', error: toAppError(thrown) }
  }
}

async function orNull<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  const timer = new AbortController()
  const late = sleep(ms, null, { signal: timer.signal }).catch(() => null)
  try {
    return await Promise.race([promise, late])
  } finally {
    timer.abort()
    promise.catch(() => undefined)
  }
}
