import { describe, expect, it } from 'vitest'
import { overlayKeyOf } from '../../../src/renderer/capture/keys'

const picture = { width: 400, height: 200 }
const region = { x: 100, y: 50, width: 200, height: 100 }
const press = (
  key: string,
  more: { shiftKey?: boolean; repeat?: boolean } = {},
  chosen: typeof region | null = region,
) => overlayKeyOf({ key, shiftKey: false, repeat: false, ...more }, chosen, picture)

describe('the keys over the frozen screen', () => {
  it.each([
    ['Enter', 'take'],
    ['Escape', 'leave'],
    ['Tab', 'next'],
    ['a', null],
    ['toString', null],
  ])('%s', (key, meaning) => {
    expect(press(key)).toBe(meaning)
    expect(press(key, {}, null)).toBe(meaning)
  })

  it('an arrow begins in the middle, then moves by a pixel, held down by twelve, with Shift sizes', () => {
    expect(press('ArrowLeft', {}, null)).toEqual(region)
    expect(press('ArrowLeft')).toEqual({ ...region, x: 99 })
    expect(press('ArrowDown', { repeat: true })).toEqual({ ...region, y: 62 })
    expect(press('ArrowRight', { shiftKey: true })).toEqual({ ...region, width: 201 })
    expect(press('ArrowUp', { shiftKey: true, repeat: true })).toEqual({ ...region, height: 88 })
  })

  it('never leaves the picture', () => {
    const corner = { x: 0, y: 0, width: 1, height: 1 }
    expect(press('ArrowUp', { repeat: true }, corner)).toEqual(corner)
    expect(press('ArrowLeft', { repeat: true, shiftKey: true }, corner)).toEqual(corner)
    const whole = { x: 0, y: 0, ...picture }
    expect(press('ArrowRight', { shiftKey: true }, whole)).toEqual(whole)
  })
})
