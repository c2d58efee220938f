import { useEffect } from 'react'
import { loadCatalogue } from '../store/backends'
import { backendOf, useStore } from '../store/state'

/** A server that was started comes back without anybody asking for it. */
const AGAIN_MS = 15_000

/** Asks a backend again while it is offline and somebody looks; the backend on show only, and until it answers. */
export function useAskOffline(backendId: string): void {
  const isOffline = useStore((state) => backendOf(state, backendId)?.status.kind === 'offline')
  useEffect(() => {
    if (!isOffline) return
    const timer = setInterval(() => {
      if (!document.hidden) void loadCatalogue(backendId)
    }, AGAIN_MS)
    return () => clearInterval(timer)
  }, [backendId, isOffline])
}
