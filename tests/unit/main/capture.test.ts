import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bitmapFile,
  captureBlocker,
  isBlack,
  pixelsOf,
  sizesOf,
  sourceOf,
  timeForName,
  type CaptureFacts,
  type ShownDisplay,
} from '../../../src/main/capture'

const facts: CaptureFacts = {
  platform: 'linux',
  isWayland: false,
  hasPortal: false,
  access: 'granted',
  wasRefused: false,
}
const display = (id: number, scaleFactor = 1, width = 1440, height = 900): ShownDisplay => ({
  id,
  scaleFactor,
  size: { width, height },
})

describe('whether a region of the screen can be taken', () => {
  it.each<[string, Partial<CaptureFacts>, string | null]>([
    ['X11', {}, null],
    ['Wayland with a portal', { isWayland: true, hasPortal: true }, null],
    ['Wayland without one', { isWayland: true }, 'no-portal'],
    ['Windows', { platform: 'win32' }, null],
    // Asking is what makes macOS ask the person; before that it says no as well.
    ['macOS before the person was asked', { platform: 'darwin', access: 'refused' }, null],
    ['macOS after the person said no', { platform: 'darwin', access: 'refused', wasRefused: true }, 'permission'],
    ['macOS after the person changed their mind', { platform: 'darwin', wasRefused: true }, null],
  ])('%s', (_name, change, expected) => {
    expect(captureBlocker({ ...facts, ...change })).toBe(expected)
  })
})

describe('which screen is which display', () => {
  const named = [{ display_id: '2' }, { display_id: '1' }]
  const nameless = [{ display_id: '' }, { display_id: '' }]
  const two = [display(1), display(2)]

  it('goes by its id, in whatever order they come', () => {
    expect(two.map((each) => sourceOf(each, two, named, false))).toEqual([named[1], named[0]])
  })

  it('goes by the order where none has an id, and only when there are as many', () => {
    expect(two.map((each) => sourceOf(each, two, nameless, false))).toEqual(nameless)
    expect(sourceOf(display(1), two, [{ display_id: '' }], false)).toBeNull()
  })

  it('is never guessed beside one that is known', () => {
    expect(sourceOf(display(3), [display(3), display(1)], named, false)).toBeNull()
    expect(sourceOf(display(1), two, [], false)).toBeNull()
  })

  it('is what the person has picked in the dialog of the desktop', () => {
    expect(sourceOf(display(1), [display(1)], [{ display_id: '' }, { display_id: '' }], true)).toEqual({
      display_id: '',
    })
  })

  it('asks for true pixels, and once for displays of the same size', () => {
    expect(pixelsOf(display(1, 1.5, 1707, 960))).toEqual({ width: 2561, height: 1440 })
    expect(sizesOf([display(1), display(2), display(3, 2, 720, 450), display(4, 2)])).toEqual([
      { width: 1440, height: 900 },
      { width: 2880, height: 1800 },
    ])
  })
})

describe('the pixels of a screen', () => {
  it('are black only when all are; the fourth byte does not count', () => {
    expect(isBlack(new Uint8Array(0))).toBe(true)
    const pixels = new Uint8Array(400).map((_, index) => (index % 4 === 3 ? 255 : 0))
    expect(isBlack(pixels)).toBe(true)
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 99 }), fc.integer({ min: 0, max: 2 }), (pixel, channel) => {
        expect(isBlack(pixels.with(pixel * 4 + channel, 1))).toBe(false)
      }),
    )
  })

  it('of a large screen are seen though only some are looked at', () => {
    const pixels = new Uint8Array(2000 * 1000 * 4)
    // One window of 200 × 20.
    for (let y = 500; y < 520; y += 1) pixels.fill(7, (y * 2000 + 900) * 4, (y * 2000 + 1100) * 4)
    expect(isBlack(pixels)).toBe(false)
  })

  it('become a bitmap file, whose head says size, depth and direction', () => {
    const file = bitmapFile({ width: 2, height: 1 }, new Uint8Array([1, 2, 3, 255, 4, 5, 6, 255]))
    const head = new DataView(file.buffer)
    expect(new TextDecoder().decode(file.subarray(0, 2))).toBe('BM')
    expect([head.getUint32(2, true), head.getUint32(10, true)]).toEqual([62, 54])
    expect([head.getInt32(18, true), head.getInt32(22, true), head.getUint16(28, true)]).toEqual([2, -1, 32])
    expect([...file.subarray(54)]).toEqual([1, 2, 3, 255, 4, 5, 6, 255])
  })
})

it('the time in a name has nothing that a file system minds', () => {
  expect(timeForName(new Date(2026, 2, 4, 9, 5, 0))).toBe('09.05.00')
})
