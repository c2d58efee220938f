import { expect, it } from 'vitest'
import { checkFlippedBits } from '../support/flipped-bits'
import { temporaryFolder } from '../support/temporary-library'

it('flipped bits in any file cost no more than the conversation that they hit, 500 times (R04)', async () => {
  await checkFlippedBits(await temporaryFolder(), 500)
  console.info(
    '500 times up to six flipped bits in everything that is kept: no start failed, no other conversation was touched',
  )
  expect.hasAssertions()
})
