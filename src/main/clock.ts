/** The two times there are: `now` for dates that people read, `monotonicMs` for durations and order (R34). */
export interface Clock {
  /** Milliseconds since the epoch; may jump. */
  now(): number
  /** Milliseconds since some fixed point of this process; never goes back. */
  monotonicMs(): number
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
}
