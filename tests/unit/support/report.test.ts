import { describe, expect, it } from 'vitest'
import { formatTable, isWithinBudget, median, quantile, type Figure } from '../../bench/report'
import { eventually } from '../../support/eventually'
import { picture } from '../../support/images'

const figure = (runs: number[], budget: Figure['budget']): Figure => ({ name: 'start', unit: 'ms', runs, budget })

describe('figures of the bench', () => {
  it('takes the middle run, and the share of frames as it is', () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([4, 1, 3, 2])).toBe(2.5)
    expect(quantile([5, 1, 4, 2, 3], 0.95)).toBe(5)
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2)
  })

  it('holds a figure against its budget in the right direction', () => {
    expect(isWithinBudget(figure([900, 1200, 950], { kind: 'at most', value: 1000 }))).toBe(true)
    expect(isWithinBudget(figure([1100], { kind: 'at most', value: 1000 }))).toBe(false)
    expect(isWithinBudget(figure([94.9], { kind: 'at least', value: 95 }))).toBe(false)
    expect(isWithinBudget(figure([1], null))).toBeNull()
    // A measurement that failed is no pass.
    expect(isWithinBudget(figure([NaN], { kind: 'at most', value: 1000 }))).toBe(false)
  })

  it('prints one line for each, with the word', () => {
    expect(formatTable([figure([1100, 1200, 1300], { kind: 'at most', value: 1000 })]).split('\n')).toEqual([
      'figure  median   budget                 others busy  runs',
      'start   1200 ms  at most 1000 ms  FAIL               1100 1200 1300',
    ])
  })

  it('says of a figure that was taken while others worked', () => {
    const taken = (othersBusy: number): Figure => ({ ...figure([10], null), othersBusy })
    const [, quiet, loaded] = formatTable([taken(0.1), taken(0.4)]).split('\n')
    expect(quiet).toMatch(/ 10 %$/)
    expect(loaded).toMatch(/ 40 % under load$/)
  })
})

describe('eventually', () => {
  it('answers the first value that is wanted, and names what never came', async () => {
    let count = 0
    expect(
      await eventually(
        () => (count += 1),
        (value) => value === 3,
        'three',
      ),
    ).toBe(3)
    await expect(
      eventually(
        () => 1,
        (value) => value > 1,
        'more than one',
        30,
      ),
    ).rejects.toThrow('After 30 ms there is still not more than one; the last value was 1')
  })
})

describe('picture', () => {
  it('differs by size and by seed', () => {
    expect(picture(20, 10).equals(picture(20, 10))).toBe(true)
    expect(picture(20, 10).equals(picture(20, 10, 2))).toBe(false)
    expect(picture(20, 10).readUInt32BE(16)).toBe(20)
  })
})
