import type { Boot, ShortcutState } from '../../shared/contract'
import type { BackendView, Settings } from '../../shared/settings'
import type { Connection } from '../controls/status-dot'
import { connectionOf } from '../store/backends'
import { useStore } from '../store/state'

export function useSettings(): Settings {
  return useStore((state) => state.settings)
}

export function useBackends(): readonly BackendView[] {
  return useStore((state) => state.backends)
}

export function useShortcutState(): ShortcutState {
  return useStore((state) => state.shortcut)
}

export function useConversationCount(): number {
  return useStore((state) => state.conversations.size)
}

/** What main said at the start; settings are never on show before that. */
export function useBoot(): Boot | null {
  return useStore((state) => state.boot)
}

/** How a backend stands; null while nothing was asked of it since the start. */
export function useConnection(backendId: string): Connection | null {
  return useStore((state) => (state.catalogues.has(backendId) ? connectionOf(state, backendId) : null))
}
