import { describe, expect, it } from 'vitest'
import { checkCrashPoints, checkOperations } from '../../support/crash-points'
import { checkFlippedBits } from '../../support/flipped-bits'
import { temporaryFolder } from '../../support/temporary-library'

// The short form of tests/faults/operations.test.ts.

describe('random operations', () => {
  it('leave the library that a simple model says, over restarts', { timeout: 60_000 }, async () => {
    await checkOperations(await temporaryFolder(), 100)
    expect.assertions(200)
  })

  it(
    'that end in a death at any call to the disk lose nothing that was promised (R01, R03, R06)',
    { timeout: 60_000 },
    async () => {
      expect(await checkCrashPoints(await temporaryFolder(), 150)).toBeGreaterThan(20)
    },
  )
})

it('flipped bits in any file cost no more than the conversation that they hit (R04)', { timeout: 60_000 }, async () => {
  await checkFlippedBits(await temporaryFolder(), 25)
  expect.hasAssertions()
})
