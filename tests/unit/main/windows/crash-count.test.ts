import { describe, expect, it } from 'vitest'
import { countCrashes } from '../../../../src/main/windows/crash-count'

describe('crash count (R27)', () => {
  const at = (...timesMs: number[]) => {
    let now = 0
    const isLoop = countCrashes(3, 60_000, () => now)
    return timesMs.map((time) => {
      now = time
      return isLoop()
    })
  }

  it('R27 calls the third crash within a minute a loop', () => {
    expect(at(0, 20_000, 59_999)).toEqual([false, false, true])
  })

  it('R27 forgives crashes that lie further apart', () => {
    expect(at(0, 30_000, 60_000, 95_000)).toEqual([false, false, false, false])
  })

  it('R27 counts anew after the person has decided', () => {
    expect(at(0, 1, 2, 3, 4, 5)).toEqual([false, false, true, false, false, true])
  })
})
