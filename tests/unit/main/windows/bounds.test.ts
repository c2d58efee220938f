import { mkdtempSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  clampBounds,
  isOnDisplay,
  moveInside,
  placeQuickAsk,
  quickAskRoom,
  readWindowState,
  writeWindowState,
} from '../../../../src/main/windows/bounds'

const laptop = { x: 0, y: 0, width: 1440, height: 900 }
const monitor = { x: 1440, y: -200, width: 2560, height: 1440 }

describe('where the main window opens', () => {
  it('opens in the middle at the first start', () => {
    expect(clampBounds(null, [laptop])).toEqual({ x: 80, y: 40, width: 1280, height: 820 })
  })

  it('opens where it was, on either display', () => {
    const onMonitor = { x: 2000, y: 100, width: 1000, height: 800 }
    expect(clampBounds(onMonitor, [laptop, monitor])).toEqual(onMonitor)
  })

  it('comes back to the display that is left when the other one is unplugged', () => {
    expect(clampBounds({ x: 2000, y: 100, width: 1000, height: 800 }, [laptop])).toEqual({
      x: 220,
      y: 50,
      width: 1000,
      height: 800,
    })
  })

  it('moves a window that hangs out wholly inside, and shrinks one that is too large', () => {
    expect(clampBounds({ x: -300, y: 850, width: 800, height: 600 }, [laptop])).toEqual({
      x: 0,
      y: 300,
      width: 800,
      height: 600,
    })
    expect(clampBounds({ x: 10, y: 10, width: 9000, height: 9000 }, [laptop])).toEqual(laptop)
  })

  it('is inside one of the displays for any remembered place', () => {
    const any = fc.record({ x: fc.integer(), y: fc.integer(), width: fc.integer(), height: fc.integer() })
    fc.assert(
      fc.property(any, (wanted) => {
        const placed = clampBounds(wanted, [laptop, monitor])
        const isInside = [laptop, monitor].some(
          (area) =>
            placed.x >= area.x &&
            placed.y >= area.y &&
            placed.x + placed.width <= area.x + area.width &&
            placed.y + placed.height <= area.y + area.height,
        )
        expect(isInside).toBe(true)
        expect(placed.width).toBeGreaterThanOrEqual(420)
        expect(placed.height).toBeGreaterThanOrEqual(480)
      }),
    )
  })
})

describe('where the quick-ask opens', () => {
  it('stands in the top third, in the middle, 680 wide', () => {
    const place = placeQuickAsk(monitor, 72)
    expect(place).toEqual({ x: 2380, y: 88, width: 680, height: 72 })
    expect(place.y + place.height).toBeLessThan(monitor.y + monitor.height / 3)
  })

  it('grows downwards only, between 72 and 420', () => {
    const heights = [-5, 72, 300.4, 420, 9999].map((height) => placeQuickAsk(laptop, height))
    expect(heights.map(({ height }) => height)).toEqual([72, 72, 300, 420, 420])
    expect(new Set(heights.map(({ y }) => y)).size).toBe(1)
  })

  it('ends above the lower edge of a low display, and is never less than its field', () => {
    const low = { x: 0, y: 20, width: 1024, height: 480 }
    expect(placeQuickAsk(low, 420)).toEqual({ x: 172, y: 116, width: 680, height: 376 })
    expect(quickAskRoom(low)).toBe(376)
    expect(placeQuickAsk({ ...low, height: 60 }, 420).height).toBe(72)
  })

  it('is enlarged with its page, as far as the display goes', () => {
    expect(placeQuickAsk(monitor, 100, 2)).toEqual({ x: 2040, y: 88, width: 1360, height: 200 })
    expect(placeQuickAsk(laptop, 420, 2)).toEqual({ x: 40, y: 180, width: 1360, height: 712 })
    expect(quickAskRoom(laptop, 2)).toBe(356)
    expect(placeQuickAsk({ x: 0, y: 0, width: 800, height: 600 }, 72, 2).width).toBe(800)
  })

  it('fits a display that is narrower', () => {
    expect(placeQuickAsk({ x: 0, y: 0, width: 600, height: 800 }, 72)).toMatchObject({ x: 0, width: 600 })
  })
})

describe('window state file', () => {
  const folder = () => mkdtempSync(join(tmpdir(), 'parley-window-'))
  const state = {
    bounds: { x: 1, y: 2, width: 900, height: 700 },
    isMaximized: true,
    gpuOffFor: '0.1.0',
    isGpuOffTold: true,
    refusedShortcut: 'Alt+Space',
    refusedRegionShortcut: 'Alt+R',
  }
  const nothing = {
    bounds: null,
    isMaximized: false,
    gpuOffFor: null,
    isGpuOffTold: false,
    refusedShortcut: null,
    refusedRegionShortcut: null,
  }

  it('S29 comes back as it was written, for this user only, and leaves nothing else behind', () => {
    const file = join(folder(), 'deep', 'window.json')
    writeWindowState(file, state)
    expect(readWindowState(file)).toEqual(state)
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(join(file, '..'))).toEqual(['window.json'])
  })

  it.each(['', 'null', '[]', '{', '{"bounds":{"x":"1"}}', '{"bounds":{"x":1e99,"y":0,"width":1,"height":1}}', '\0\0'])(
    'starts with what it can read of %j',
    (content) => {
      const file = join(folder(), 'window.json')
      writeFileSync(file, content)
      expect(readWindowState(file)).toEqual(nothing)
    },
  )

  it('starts without a file', () => {
    expect(readWindowState(join(folder(), 'none.json')).bounds).toBeNull()
  })
})

describe('a window whose display has gone', () => {
  it('is moved wholly onto the one that is left, as large as it is', () => {
    const quickAsk = { x: 1430, y: 205, width: 680, height: 72 }
    expect(moveInside(quickAsk, [laptop])).toEqual({ ...quickAsk, x: 760 })
    expect(moveInside({ ...quickAsk, x: 3000, y: -150 }, [laptop])).toEqual({ ...quickAsk, x: 760, y: 0 })
    expect(moveInside(quickAsk, [laptop, monitor])).toEqual({ ...quickAsk, x: 1440 })
    const there = { x: 10, y: 10, width: 680, height: 72 }
    expect(moveInside(there, [laptop, monitor])).toEqual(there)
    expect(moveInside(there, [])).toEqual(there)
  })

  it('is on a display as soon as any part of it is', () => {
    expect(isOnDisplay({ x: 1439, y: 0, width: 100, height: 100 }, [laptop])).toBe(true)
    expect(isOnDisplay({ x: 1440, y: 0, width: 100, height: 100 }, [laptop])).toBe(false)
  })
})
