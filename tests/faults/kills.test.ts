import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { quantile } from '../bench/report'
import {
  buildCrashChild,
  isAllowed,
  killAtFirstByte,
  killWhileStreaming,
  killWhileWriting,
  type CrashChild,
} from '../support/kills'
import { temporaryFolder } from '../support/temporary-library'

let child: CrashChild
beforeAll(async () => {
  child = await buildCrashChild()
}, 30_000)
afterAll(() => child.remove())

describe('kill -9', () => {
  it(
    'when the first byte of the request is there: so is the question, 100 of 100 times (R01)',
    { timeout: 300_000 },
    async () => {
      const found = await killAtFirstByte(child, await temporaryFolder(), 100)
      console.info(`question kept ${found} of 100 times`)
      expect(found).toBe(100)
    },
  )

  it(
    'while an answer streams, 200 times: at most 250 ms or 64 KiB of it are lost (R02)',
    { timeout: 300_000 },
    async () => {
      const losses = await killWhileStreaming(child, await temporaryFolder(), 200)
      const ms = losses.map((loss) => loss.ms)
      const over = losses.filter((loss) => !isAllowed(loss))
      console.info(
        `200 kills, ${200 - losses.length} conversations lost. Text received and lost: at most ${Math.round(Math.max(...ms))} ms, ` +
          `median ${Math.round(quantile(ms, 0.5))} ms, at most ${Math.max(...losses.map(({ bytes }) => bytes))} bytes. ` +
          `Against the log of the server: at most ${Math.round(Math.max(...losses.map(({ sentMs }) => sentMs)))} ms, ` +
          `${Math.max(...losses.map(({ sentBytes }) => sentBytes))} bytes`,
      )
      expect(losses).toHaveLength(200)
      expect(over).toEqual([])
      expect(losses.filter(({ sentMs, sentBytes }) => !isAllowed({ ms: sentMs, bytes: sentBytes }))).toEqual([])
    },
  )

  it('while a conversation is written again and again: it can always be read (R06)', { timeout: 300_000 }, async () => {
    const writes = await killWhileWriting(child, await temporaryFolder(), 60)
    console.info(`60 kills during ${writes} writes`)
    expect(writes).toBeGreaterThan(200)
  })
})
