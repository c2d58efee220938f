import type { GlobalShortcutId } from '../../shared/actions'
import type { Boot, ShortcutState } from '../../shared/contract'
import type { BackendView, Settings } from '../../shared/settings'
import { useStore } from '../store/state'

export function useSettings(): Settings {
  return useStore((state) => state.settings)
}

export function useBackends(): readonly BackendView[] {
  return useStore((state) => state.backends)
}

export function useShortcutState(id: GlobalShortcutId): ShortcutState {
  return useStore((state) => state.globalShortcuts[id])
}

/** What main said at the start; settings are never on show before that. */
export function useBoot(): Boot | null {
  return useStore((state) => state.boot)
}
