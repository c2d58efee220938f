const DAY_MS = 24 * 60 * 60_000
const JUST_NOW_MS = 60_000

/** How the day of a deletion is told, by the person's own calendar. A clock that was ahead has deleted just now. */
export function deletedDay(deletedAtMs: number, nowMs: number): 'now' | 'today' | 'yesterday' | 'on' {
  if (nowMs - deletedAtMs < JUST_NOW_MS) return 'now'
  const now = new Date(nowMs)
  const startOf = (offsetDays: number): number =>
    new Date(now.getFullYear(), now.getMonth(), now.getDate() + offsetDays).getTime()
  if (deletedAtMs >= startOf(0)) return 'today'
  return deletedAtMs >= startOf(-1) ? 'yesterday' : 'on'
}

/** Days until the end, the one under way counted whole: never less than one. */
export function daysLeft(expiresAtMs: number, nowMs: number): number {
  return Math.max(1, Math.ceil((expiresAtMs - nowMs) / DAY_MS))
}
