import type { ConnectedBackend } from '../../shared/contract'
import type { AppError, Result } from '../../shared/errors'
import { newBackendProfile, type BackendView } from '../../shared/settings'
import { reviewCertificate } from '../certificate/state'
import type { Connection } from '../controls/status-dot'
import { backendOf, useStore, withEntry, type Choice, type FormSection, type State } from './state'

/** Backends of which main has more to tell while this window still waits for what it had. */
const outdated = new Set<string>()
/** The last load of each backend. */
const loads = new Map<string, symbol>()
/** When each backend was loaded, on `performance.now()`. */
const loadedAt = new Map<string, number>()
/** As long as main takes it for fresh. */
const FRESH_MS = 5 * 60_000

/**
 * Loads what a backend offers; keeps the last known while it does. Main answers with what it knows at once, asks the
 * backend when that is old (R43), and says so when there is more (`catalogue.changed`). A second call while one runs
 * changes nothing.
 */
export async function loadCatalogue(backendId: string): Promise<void> {
  const known = useStore.getState().catalogues.get(backendId)
  if (known?.status === 'loading') return
  outdated.delete(backendId)
  const catalogue = known?.catalogue ?? null
  useStore.setState(({ catalogues }) => ({
    catalogues: withEntry(catalogues, backendId, { status: 'loading', catalogue }),
  }))
  const load = Symbol(backendId)
  loads.set(backendId, load)
  const result = await window.parley.request['backend.catalogue']({ backendId })
  // The backend was removed or has another address by now: what the server there says is not wanted any more.
  const isWanted = loads.get(backendId) === load && useStore.getState().catalogues.get(backendId)?.status === 'loading'
  if (!isWanted) return
  loadedAt.set(backendId, performance.now())
  useStore.setState(({ catalogues }) => ({
    catalogues: withEntry(
      catalogues,
      backendId,
      result.ok ? { status: 'ready', catalogue: result.value } : { status: 'failed', catalogue, error: result.error },
    ),
  }))
  if (outdated.has(backendId)) await loadCatalogue(backendId)
}

/** Takes main's word that it knows more of a backend; only what this window has shown is loaded again. */
export function receiveCatalogueChange({ backendId }: { backendId: string }): void {
  const known = useStore.getState().catalogues.get(backendId)
  if (known?.status === 'loading') outdated.add(backendId)
  else if (known !== undefined) void loadCatalogue(backendId)
}

/** Loads it once, when a surface first needs it; of a backend that is gone there is nothing to load. */
export function needCatalogue(backendId: string): void {
  const { backends, catalogues } = useStore.getState()
  if (backendOf({ backends }, backendId) !== null && !catalogues.has(backendId)) void loadCatalogue(backendId)
}

/** Loads it where what is known is old, or failed: somebody looks at it now. */
export function freshenCatalogue(backendId: string): void {
  const known = useStore.getState().catalogues.get(backendId)
  const isOld = performance.now() - (loadedAt.get(backendId) ?? Number.NEGATIVE_INFINITY) > FRESH_MS
  if (known?.status !== 'ready' || known.catalogue.isStale || isOld) void loadCatalogue(backendId)
}

/** How a backend stands, as main's last contact with it told. */
export function connectionOf(state: Pick<State, 'backends' | 'catalogues'>, backendId: string): Connection {
  const view = backendOf(state, backendId)
  if (view === null) return 'gone'
  if (view.isBuiltIn) return 'built-in'
  // Main asks before it says so, and a window that has asked waits for the answer.
  const isAsked = state.catalogues.get(backendId)?.status === 'loading'
  return view.status.kind === 'unknown' && isAsked ? 'connecting' : view.status.kind
}

/** Host and port of an address, as far as it has one; null for one that cannot be read. */
export function hostOf(address: string): string | null {
  const url = address.includes('://') ? address : `https://${address}`
  return URL.canParse(url) && new URL(url).host !== '' ? new URL(url).host : null
}

/** Whether main has met no keychain here: some secret could only be kept in memory, or lies on disk unprotected (S26). */
export function hasNoKeychain({ backends }: Pick<State, 'backends'>): boolean {
  return backends.some(({ apiKey, headerSecrets, providerKeys, proxyPassword }) =>
    [apiKey, proxyPassword, ...Object.values(headerSecrets), ...providerKeys.map(({ key }) => key)].some(
      (secret) => secret.kind === 'set' && secret.kept !== 'keychain',
    ),
  )
}

/**
 * Finds the server that an address means and keeps it as the backend of new chats. A certificate that nobody vouches for
 * is shown to the person first; trusted, it is tried again with it.
 */
export async function connectTo(address: string): Promise<Result<ConnectedBackend>> {
  const connect = window.parley.request['backend.connect']
  const result = await connect({ address, sha256: null })
  if (result.ok || result.error.code !== 'certificate') return result
  const sha256 = await reviewCertificate({ name: hostOf(address) ?? result.error.host, error: result.error })
  return sha256 === null ? result : connect({ address, sha256 })
}

/**
 * Keeps an address at which no server could be reached yet: it may need a proxy, a certificate or a header first, which
 * are set in its form.
 *
 * @param address as typed; without a scheme it is taken for http
 */
export async function saveUnreached(address: string): Promise<Result<BackendView>> {
  const url = /^[a-z][a-z0-9+.-]*:\/\//iu.test(address) ? address : `http://${address}`
  const name = URL.canParse(url) ? new URL(url).host : address
  return window.parley.request['backend.save'](newBackendProfile(crypto.randomUUID(), name.slice(0, 80), url))
}

/** Where the form of such a backend opens: at what most likely has to be set first. */
export function sectionFor(error: AppError): FormSection {
  return error.code === 'certificate' ? 'security' : 'network'
}

/**
 * Chooses who answers next in a conversation, and only there: whom new chats ask, and with which model, is set in the
 * settings, where a person sees it.
 */
export function choose(conversationId: string, choice: Choice): void {
  useStore.setState(({ choices }) => ({ choices: withEntry(choices, conversationId, choice) }))
  needCatalogue(choice.backendId)
}
