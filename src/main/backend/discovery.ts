import { countProviders } from '../../shared/catalogue'
import type { FoundAddress, FoundBackend } from '../../shared/contract'
import { failure, toAppError, type AppError } from '../../shared/errors'
import { parseAddress, USUAL_PORTS } from './address'
import type { BackendApi, Timeouts } from './api'
import type { Transport } from './transport'

/** Nobody waits ten seconds for each address that a few typed words can mean. */
export const PROBE_TIMEOUTS: Timeouts = { connectMs: 3000, firstByteMs: 5000, idleMs: 5000 }

/**
 * Finds the server that a person means: tries what the typed address can stand for, one after the other. What asks for a
 * key in the way of a Backend API is one; what only refuses may be anything, and counts when nothing else answers.
 *
 * @param openApi makes the API of one candidate, with the limits of PROBE_TIMEOUTS
 * @throws AppFailure `bad-address`; `certificate` of the first one that is not trusted; when no address answers, the error
 * that says most, which is the first one where something answered at all
 */
export async function connectBackend(
  typed: string,
  openApi: (url: string) => Pick<BackendApi, 'version'> | Promise<Pick<BackendApi, 'version'>>,
): Promise<FoundAddress> {
  const addresses = parseAddress(typed)
  if (!addresses.ok) throw failure(addresses.error)
  const tried: string[] = []
  let refusal: FoundAddress | null = null
  let mostTelling: AppError | null = null
  for (const url of addresses.value) {
    try {
      const { version } = await (await openApi(url)).version()
      return { url, version, needsKey: false, tried }
    } catch (thrown) {
      const error = toAppError(thrown)
      // A server is there, and whether to trust it is the person's to say: what else the words can mean, plain http above
      // all, must not be taken in its place.
      if (error.code === 'certificate' && error.shown !== undefined) throw thrown
      if (error.code === 'unauthorized') {
        const found = { url, version: null, needsKey: true, tried: [...tried] }
        if (error.message !== null) return found
        refusal ??= found
      }
      tried.push(url)
      if (mostTelling === null || (!isTelling(mostTelling) && isTelling(error))) mostTelling = error
    }
  }
  if (refusal !== null) return refusal
  throw failure(mostTelling ?? { code: 'internal' })
}

function isTelling(error: AppError): boolean {
  return error.code !== 'unreachable' && error.code !== 'timeout'
}

const DISCOVERY_TIMEOUTS: Timeouts = { connectMs: 500, firstByteMs: 1500, idleMs: 1500 }
/** What a key-protected server says fits into less. */
const MAX_REFUSAL_BYTES = 4096

/** Servers on this computer, at the ports they usually have. All are asked at once; what does not answer is not there. */
export async function discoverBackends(
  openApi: (url: string, timeouts: Timeouts) => Pick<BackendApi, 'version' | 'providers'>,
  transport: Transport,
  ports: readonly number[] = USUAL_PORTS,
): Promise<FoundBackend[]> {
  const found = await Promise.all(
    ports.map(async (port) => {
      const url = `http://localhost:${port}`
      const api = openApi(url, DISCOVERY_TIMEOUTS)
      try {
        await api.version()
        const providers = await api.providers().catch(() => null)
        return [{ url, providers: providers === null ? null : countProviders(providers) }]
      } catch (thrown) {
        const isRefused = toAppError(thrown).code === 'unauthorized'
        return isRefused && (await isBackendRefusal(transport, url)) ? [{ url, providers: null }] : []
      }
    }),
  )
  return found.flat()
}

/**
 * Many programs listen on 8080 and answer 401 to a stranger, often in JSON. A Backend API does it in one shape,
 * `{"error":{"message"}}`, and that is looked for before anything is called one (protocol.md section 4).
 */
async function isBackendRefusal(transport: Transport, url: string): Promise<boolean> {
  try {
    const { body } = await transport.request({
      method: 'GET',
      url: `${url}/backend-api/v2/version?cache=true`,
      headers: { accept: 'application/json', 'accept-encoding': 'identity' },
      body: null,
      signal: AbortSignal.timeout(DISCOVERY_TIMEOUTS.firstByteMs),
      connectTimeoutMs: DISCOVERY_TIMEOUTS.connectMs,
      firstByteTimeoutMs: DISCOVERY_TIMEOUTS.firstByteMs,
      idleTimeoutMs: DISCOVERY_TIMEOUTS.idleMs,
    })
    const pieces: Uint8Array[] = []
    let bytes = 0
    for await (const piece of body) {
      bytes += piece.length
      if (bytes > MAX_REFUSAL_BYTES) return false
      pieces.push(piece)
    }
    const said: unknown = JSON.parse(Buffer.concat(pieces).toString('utf8'))
    const error = typeof said === 'object' && said !== null && 'error' in said ? said.error : null
    return typeof error === 'object' && error !== null && 'message' in error && typeof error.message === 'string'
  } catch {
    return false
  }
}
