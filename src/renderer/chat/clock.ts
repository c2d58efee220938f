import { useEffect, useState } from 'react'
import { useStore } from '../store/state'
import { useWire } from '../wire/state'
import { QUIET_MS } from './status'

/**
 * Milliseconds since a generation began, on the clock of its events. Ticks with each whole second, and once when the
 * first quiet moment is over.
 */
export function useElapsed(generationId: string): number {
  // A replay has its own clock, which may be faster, stand still or go back.
  const replayedMs = useWire(({ replay }) =>
    replay?.answer.generationId === generationId ? Math.floor(replay.positionMs / 1000) * 1000 : null,
  )
  const [now, setNow] = useState(() => performance.now())
  // An answer that this window does not follow yet begins now.
  const [mountedAt] = useState(now)
  const startedAt = useStore((state) => state.startedAt.get(generationId)) ?? mountedAt
  const elapsedMs = Math.max(0, now - startedAt)

  useEffect(() => {
    const nextMs = elapsedMs < QUIET_MS ? QUIET_MS : Math.floor(elapsedMs / 1000) * 1000 + 1000
    const timer = setTimeout(() => setNow(performance.now()), startedAt + nextMs - performance.now() + 1)
    return () => clearTimeout(timer)
  }, [elapsedMs, startedAt])
  return replayedMs ?? elapsedMs
}
