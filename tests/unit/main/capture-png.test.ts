import { monitorEventLoopDelay } from 'node:perf_hooks'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pngOf, type Pixels } from '../../../src/main/capture-png'
import type { Region } from '../../../src/shared/region'
import { decodePng } from '../../support/decoded-png'

/** What a region of a picture looks like, pixel by pixel. */
function cut({ size, bgra }: Pixels, { x, y, width, height }: Region): Uint8Array {
  const rgb = new Uint8Array(width * height * 3)
  for (let at = 0; at < width * height; at += 1) {
    const from = ((y + Math.floor(at / width)) * size.width + x + (at % width)) * 4
    rgb.set([bgra[from + 2] ?? 0, bgra[from + 1] ?? 0, bgra[from] ?? 0], at * 3)
  }
  return rgb
}

/** Noise, so that nothing is equal by chance. */
function picture(width: number, height: number): Pixels {
  const bgra = new Uint8Array(width * height * 4)
  let state = width * 7919 + height
  for (let at = 0; at < bgra.byteLength; at += 1) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    bgra[at] = state >>> 24
  }
  return { size: { width, height }, bgra }
}

describe('a region of a picture as PNG', () => {
  it('has every pixel of the region and no other', async () => {
    const region = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }))
      .chain(([width, height]) =>
        fc
          .tuple(fc.integer({ min: 0, max: width - 1 }), fc.integer({ min: 0, max: height - 1 }))
          .chain(([x, y]) =>
            fc
              .tuple(fc.integer({ min: 1, max: width - x }), fc.integer({ min: 1, max: height - y }))
              .map(([w, h]) => ({ size: { width, height }, region: { x, y, width: w, height: h } })),
          ),
      )
    await fc.assert(
      fc.asyncProperty(region, async (given) => {
        const pixels = picture(given.size.width, given.size.height)
        const { width, height, rgb } = decodePng(await pngOf(pixels, given.region))
        expect([width, height]).toEqual([given.region.width, given.region.height])
        expect(Buffer.compare(rgb, cut(pixels, given.region))).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  it('of many slices is one picture', async () => {
    const pixels = picture(1000, 700)
    const region = { x: 1, y: 2, width: 997, height: 691 }
    expect(Buffer.compare(decodePng(await pngOf(pixels, region)).rgb, cut(pixels, region))).toBe(0)
  })

  it('of a whole 4K screen lets main do other things meanwhile', async () => {
    const pixels = picture(3840, 2160)
    const delay = monitorEventLoopDelay({ resolution: 5 })
    delay.enable()
    const png = await pngOf(pixels, { x: 0, y: 0, width: 3840, height: 2160 })
    delay.disable()
    expect(png.byteLength).toBeGreaterThan(3840 * 2160)
    // One look in five milliseconds while it is made: held up until the end there would be none.
    expect(delay.count).toBeGreaterThan(20)
  })
})
