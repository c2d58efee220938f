import type { Connection } from '../controls/status-dot'
import { backendOf, useStore, withEntry, type Choice, type State } from './state'

const STALE_RETRY_MS = 2000

/**
 * Loads what a backend offers; keeps the last known while it does. Main may answer with what it knew before and ask the
 * backend meanwhile (R43): then it is asked once more. A second call while one runs changes nothing.
 */
export async function loadCatalogue(backendId: string, isSecond = false): Promise<void> {
  const known = useStore.getState().catalogues.get(backendId)
  if (known?.status === 'loading') return
  const catalogue = known?.catalogue ?? null
  useStore.setState(({ catalogues }) => ({
    catalogues: withEntry(catalogues, backendId, { status: 'loading', catalogue }),
  }))
  const result = await window.parley.request['backend.catalogue']({ backendId })
  useStore.setState(({ catalogues }) => ({
    catalogues: withEntry(
      catalogues,
      backendId,
      result.ok ? { status: 'ready', catalogue: result.value } : { status: 'failed', catalogue, error: result.error },
    ),
  }))
  if (result.ok && result.value.isStale && !isSecond)
    setTimeout(() => void loadCatalogue(backendId, true), STALE_RETRY_MS)
}

/** Loads it once, when a surface first needs it. */
export function needCatalogue(backendId: string): void {
  if (!useStore.getState().catalogues.has(backendId)) void loadCatalogue(backendId)
}

/** How a backend stands, as far as the last contact with it told. */
export function connectionOf(state: Pick<State, 'backends' | 'catalogues'>, backendId: string): Connection {
  if (backendOf(state, backendId)?.isBuiltIn !== false) return 'built-in'
  const known = state.catalogues.get(backendId)
  if (known === undefined || (known.status === 'loading' && known.catalogue === null)) return 'connecting'
  if (known.status === 'failed') return needsKey(known.error.code) ? 'connected' : 'offline'
  return known.catalogue?.isStale === true ? 'connecting' : 'connected'
}

// A server that asks for a key has answered.
function needsKey(code: string): boolean {
  return code === 'unauthorized' || code === 'provider-auth'
}

/**
 * Chooses who answers next in a conversation. In one that has no question yet, a server's provider and model become its
 * defaults as well, so that the next new chat begins with them.
 */
export async function choose(conversationId: string, choice: Choice): Promise<void> {
  useStore.setState(({ choices }) => ({ choices: withEntry(choices, conversationId, choice) }))
  needCatalogue(choice.backendId)
  const state = useStore.getState()
  const view = backendOf(state, choice.backendId)
  if (view === null || state.conversations.has(conversationId)) return
  if (state.settings.activeBackendId !== choice.backendId) {
    await window.parley.request['settings.set']({ activeBackendId: choice.backendId })
  }
  const { provider, model } = choice
  if (view.isBuiltIn || (view.profile.provider === provider && view.profile.model === model)) return
  await window.parley.request['backend.save']({ ...view.profile, provider, model })
}
