import { useEffect, useState } from 'react'

/** Milliseconds until a time on the wall clock, never below zero; ticks with each whole second that is left. */
export function useTimeLeft(untilMs: number | null): number {
  const [now, setNow] = useState(() => Date.now())
  const leftMs = untilMs === null ? 0 : Math.max(0, untilMs - now)
  useEffect(() => {
    if (leftMs === 0) return undefined
    const timer = setTimeout(() => setNow(Date.now()), (leftMs % 1000) + 1)
    return () => clearTimeout(timer)
  }, [leftMs])
  return leftMs
}

/** What is left as a clock shows it: "4:58". */
export function clockOf(leftMs: number): string {
  const seconds = Math.ceil(leftMs / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
