import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  buildCrashChild,
  isAllowed,
  killAtFirstByte,
  killWhileStreaming,
  killWhileWriting,
  type CrashChild,
} from '../../support/kills'
import { temporaryFolder } from '../../support/temporary-library'

// The short form of tests/faults/kills.test.ts.

let child: CrashChild
beforeAll(async () => {
  child = await buildCrashChild()
}, 30_000)
afterAll(() => child.remove())

describe('kill -9', () => {
  it(
    'when the first byte of the request is there: so is the question, 24 of 24 times (R01)',
    { timeout: 60_000 },
    async () => {
      expect(await killAtFirstByte(child, await temporaryFolder(), 24)).toBe(24)
    },
  )

  it('while an answer streams: at most 250 ms or 64 KiB of it are lost (R02)', { timeout: 60_000 }, async () => {
    const losses = await killWhileStreaming(child, await temporaryFolder(), 24)
    expect(losses).toHaveLength(24)
    expect(losses.filter((loss) => !isAllowed(loss))).toEqual([])
  })

  it(
    'while a conversation is written again and again: it can always be read, and no stray file stays (R06)',
    { timeout: 60_000 },
    async () => {
      expect(await killWhileWriting(child, await temporaryFolder(), 12)).toBeGreaterThan(12)
    },
  )
})
