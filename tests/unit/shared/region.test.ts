import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  fitRegion,
  middleOf,
  moveRegion,
  placePicture,
  pointInPicture,
  regionBetween,
  regionInView,
  resizeRegion,
  wholeOf,
  type Region,
  type Size,
} from '../../../src/shared/region'

const size = fc.record({ width: fc.integer({ min: 1, max: 8000 }), height: fc.integer({ min: 1, max: 8000 }) })
const anyNumber = fc.double({ min: -20_000, max: 20_000, noNaN: true })
const point = fc.record({ x: anyNumber, y: anyNumber })
const region = fc.record({ x: anyNumber, y: anyNumber, width: anyNumber, height: anyNumber })

const isWithin = (each: Region, picture: Size): boolean =>
  Object.values(each).every(Number.isInteger) &&
  each.x >= 0 &&
  each.y >= 0 &&
  each.width >= 1 &&
  each.height >= 1 &&
  each.x + each.width <= picture.width &&
  each.y + each.height <= picture.height

describe('regions of a picture', () => {
  it('lie wholly in it, whatever is drawn, moved or asked for', () => {
    fc.assert(
      fc.property(size, point, point, region, (picture, from, to, wild) => {
        const drawn = regionBetween(from, to, picture)
        const all = [
          drawn,
          fitRegion(wild, picture),
          moveRegion(drawn, { x: Math.trunc(to.x), y: Math.trunc(to.y) }, picture),
          resizeRegion(drawn, { x: Math.trunc(to.x), y: Math.trunc(to.y) }, picture),
          middleOf(picture),
          wholeOf(picture),
        ]
        for (const each of all) expect(isWithin(each, picture)).toBe(true)
      }),
    )
  })

  it('are the same whichever corner is drawn first', () => {
    fc.assert(
      fc.property(size, point, point, (picture, a, b) => {
        const other = regionBetween({ x: a.x, y: b.y }, { x: b.x, y: a.y }, picture)
        expect(regionBetween(a, b, picture)).toEqual(other)
        expect(regionBetween(b, a, picture)).toEqual(other)
      }),
    )
  })

  it('keep their size when they are moved, and their corner when they are sized', () => {
    fc.assert(
      fc.property(size, point, point, fc.integer(), fc.integer(), (picture, a, b, x, y) => {
        const drawn = regionBetween(a, b, picture)
        expect(moveRegion(drawn, { x, y }, picture)).toMatchObject({ width: drawn.width, height: drawn.height })
        expect(resizeRegion(drawn, { x, y }, picture)).toMatchObject({ x: drawn.x, y: drawn.y })
      }),
    )
  })

  it('come back from the view exactly, at every scale factor', () => {
    const scale = fc.constantFrom(1, 1.25, 1.5, 1.75, 2, 2.625, 3)
    fc.assert(
      fc.property(size, scale, point, point, (picture, scaleFactor, a, b) => {
        // As a display shows it: its own pixels are more than those the page counts in.
        const view = { width: picture.width / scaleFactor, height: picture.height / scaleFactor }
        const drawn = regionBetween(a, b, picture)
        const shown = regionInView(drawn, view, picture)
        const back = {
          from: pointInPicture(shown, view, picture),
          to: pointInPicture({ x: shown.x + shown.width, y: shown.y + shown.height }, view, picture),
        }
        expect(back.from.x).toBeCloseTo(drawn.x, 3)
        expect(back.from.y).toBeCloseTo(drawn.y, 3)
        expect(back.to.x).toBeCloseTo(drawn.x + drawn.width, 3)
        expect(back.to.y).toBeCloseTo(drawn.y + drawn.height, 3)
      }),
    )
  })

  it('have their edges between two pixels, and one pixel at least', () => {
    const picture = { width: 100, height: 100 }
    const drawn = regionBetween({ x: 10.2, y: 10.9 }, { x: 20.00001, y: 11 }, picture)
    expect(drawn).toEqual({ x: 10, y: 11, width: 10, height: 1 })
    const corner = { x: 100, y: 100 }
    expect(regionBetween(corner, corner, picture)).toEqual({ x: 99, y: 99, width: 1, height: 1 })
  })

  it('are exactly what was drawn on the pixels of a scaled display', () => {
    const pixel = fc.integer({ min: 0, max: 4000 })
    const scale = fc.constantFrom(1, 1.25, 1.5, 1.75, 2, 2.625, 3)
    fc.assert(
      fc.property(scale, pixel, pixel, pixel, pixel, (scaleFactor, x, y, width, height) => {
        const picture = { width: 8001, height: 8001 }
        const view = { width: picture.width / scaleFactor, height: picture.height / scaleFactor }
        const at = (px: number, py: number) =>
          pointInPicture({ x: px / scaleFactor, y: py / scaleFactor }, view, picture)
        const drawn = regionBetween(at(x, y), at(x + width + 1, y + height + 1), picture)
        expect(drawn).toEqual({ x, y, width: width + 1, height: height + 1 })
      }),
    )
  })

  it('a picture of another shape than the view is shown whole, in the middle', () => {
    expect(placePicture({ width: 200, height: 100 }, { width: 100, height: 100 })).toEqual({ x: 50, y: 0, scale: 1 })
    const place = { view: { width: 200, height: 100 }, picture: { width: 100, height: 100 } }
    expect(pointInPicture({ x: 0, y: 50 }, place.view, place.picture)).toEqual({ x: 0, y: 50 })
    expect(pointInPicture({ x: 199, y: 50 }, place.view, place.picture)).toEqual({ x: 100, y: 50 })
  })
})
