import { middleOf, moveRegion, resizeRegion, type Region, type Size } from '../../shared/region'

/** What a key does in the overlay. */
export type OverlayKey = 'take' | 'leave' | 'next' | Region

/** A key that is held down goes faster: one pixel for the first press, so that an edge can be met exactly. */
const REPEATED_STEP_PX = 12

const ARROWS: Readonly<Record<string, readonly [x: number, y: number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/**
 * The meaning of a key press; null when it has none.
 *
 * @param region what is chosen, or null: then an arrow begins with the middle of the picture
 */
export function overlayKeyOf(
  { key, shiftKey, repeat }: Pick<KeyboardEvent, 'key' | 'shiftKey' | 'repeat'>,
  region: Region | null,
  picture: Size,
): OverlayKey | null {
  switch (key) {
    case 'Enter':
      return 'take'
    case 'Escape':
      return 'leave'
    case 'Tab':
      return 'next'
  }
  const arrow = Object.hasOwn(ARROWS, key) ? ARROWS[key] : undefined
  if (arrow === undefined) return null
  if (region === null) return middleOf(picture)
  const step = repeat ? REPEATED_STEP_PX : 1
  const by = { x: arrow[0] * step, y: arrow[1] * step }
  return shiftKey ? resizeRegion(region, by, picture) : moveRegion(region, by, picture)
}
