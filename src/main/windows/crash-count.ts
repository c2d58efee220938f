/**
 * Tells a crash from a crash loop: a page that is loaded again and dies again would otherwise do so for ever (R27).
 *
 * @param limit how many crashes within `withinMs` are a loop
 * @param nowMs a monotonic clock
 * @returns a function to call at each crash; true once it is a loop, and then it starts counting anew
 */
export function countCrashes(limit: number, withinMs: number, nowMs: () => number): () => boolean {
  let times: number[] = []
  return () => {
    const now = nowMs()
    times = [...times.filter((time) => now - time < withinMs), now]
    if (times.length < limit) return false
    times = []
    return true
  }
}
