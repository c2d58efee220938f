import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fitScale, MAX_ZOOM, MIN_ZOOM, within, zoomAt } from '../../../src/renderer/viewer/zoom'

describe('zoom of the viewer', () => {
  it('fits, but never enlarges', () => {
    expect(fitScale({ width: 1000, height: 500 }, { width: 500, height: 500 })).toBe(0.5)
    expect(fitScale({ width: 100, height: 50 }, { width: 500, height: 500 })).toBe(1)
    expect(fitScale({ width: 0, height: 0 }, { width: 500, height: 500 })).toBe(1)
  })

  it('keeps the point under the pointer where it is, and its limits', () => {
    const place = fc.record({ x: fc.integer({ min: -400, max: 400 }), y: fc.integer({ min: -400, max: 400 }) })
    fc.assert(
      fc.property(place, place, fc.double({ min: 0.01, max: 50, noNaN: true }), (offset, anchor, scale) => {
        const before = { scale: 1, ...offset }
        const after = zoomAt(before, scale, anchor)
        expect(after.scale).toBeGreaterThanOrEqual(MIN_ZOOM)
        expect(after.scale).toBeLessThanOrEqual(MAX_ZOOM)
        // In pixels of the picture, from its middle.
        expect((anchor.x - after.x) / after.scale).toBeCloseTo((anchor.x - before.x) / before.scale, 6)
        expect((anchor.y - after.y) / after.scale).toBeCloseTo((anchor.y - before.y) / before.scale, 6)
      }),
    )
  })

  it('a picture that is smaller than its place stands in the middle, a larger one ends at its edge', () => {
    const picture = { width: 1000, height: 100 }
    const room = { width: 500, height: 500 }
    expect(within({ scale: 1, x: 900, y: 40 }, picture, room)).toEqual({ scale: 1, x: 250, y: 0 })
    expect(within({ scale: 1, x: -900, y: -40 }, picture, room)).toMatchObject({ x: -250 })
  })
})
