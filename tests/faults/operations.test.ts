import { expect, it } from 'vitest'
import { checkCrashPoints, checkOperations } from '../support/crash-points'
import { temporaryFolder } from '../support/temporary-library'

it('random operations leave the library that a simple model says, 1,000 times', async () => {
  await checkOperations(await temporaryFolder(), 1000)
  expect.assertions(2000)
})

it('random operations that end in a death at any call to the disk lose nothing that was promised, 1,500 times (R01, R03, R06)', async () => {
  const deaths = await checkCrashPoints(await temporaryFolder(), 1500)
  console.info(`1,500 random sequences of operations, ${deaths} deaths in the middle of one: nothing promised was lost`)
  expect(deaths).toBeGreaterThan(300)
})
