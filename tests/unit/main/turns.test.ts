import { expect, it } from 'vitest'
import { Turns } from '../../../src/main/turns'

it('does so many at once, in the order in which they came, and goes on after one that failed', async () => {
  const turns = new Turns(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const works = Array.from({ length: 5 }, (_, index) =>
    turns.take(async () => {
      begun.push(index)
      await new Promise<void>((resolve) => ends.push(resolve))
      if (index === 1) throw new Error('failed')
      return index
    }),
  )
  const results = Promise.allSettled(works)
  expect(begun).toEqual([0, 1])
  for (let ended = 0; ended < 5; ended += 1) {
    ends[ended]?.()
    await works[ended]?.catch(() => undefined)
    await new Promise((resolve) => setImmediate(resolve))
    expect(begun).toEqual([0, 1, 2, 3, 4].slice(0, ended + 3))
  }
  expect((await results).map(({ status }) => status)).toEqual([
    'fulfilled',
    'rejected',
    'fulfilled',
    'fulfilled',
    'fulfilled',
  ])
})

it('hands a place over to who waits, whoever comes at that moment', async () => {
  const turns = new Turns(1)
  let running = 0
  let most = 0
  const work = async (): Promise<void> => {
    running += 1
    most = Math.max(most, running)
    await Promise.resolve()
    running -= 1
  }
  const first = turns.take(work)
  const second = turns.take(work)
  const third = first.then(() => turns.take(work))
  await Promise.all([second, third])
  expect(most).toBe(1)
})
