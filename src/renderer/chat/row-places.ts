import type { ModelRow, RowGroup } from './model-rows'

/** Heights of the picker's list in pixels. They are fixed, so that of ten thousand rows only those in sight are drawn. */
export const ROW_PX = 34
export const HEADING_PX = 32
const EDGE_PX = 6

export interface PlacedGroup {
  group: RowGroup
  /** Of its heading, or of its first row when it has none. */
  topPx: number
  headingPx: number
  heightPx: number
  /** Of its first row among all rows. */
  firstIndex: number
}

export interface Places {
  groups: readonly PlacedGroup[]
  /** All rows in their order. */
  rows: readonly ModelRow[]
  heightPx: number
}

/** Where each group of the list stands. */
export function placesOf(groups: readonly RowGroup[]): Places {
  let topPx = EDGE_PX
  let firstIndex = 0
  const placed = groups.map((group): PlacedGroup => {
    const headingPx = group.heading === null ? 0 : HEADING_PX
    const place = { group, topPx, headingPx, heightPx: headingPx + group.rows.length * ROW_PX, firstIndex }
    topPx += place.heightPx
    firstIndex += group.rows.length
    return place
  })
  return { groups: placed, rows: groups.flatMap(({ rows }) => rows), heightPx: topPx + EDGE_PX }
}

export interface SeenGroup extends PlacedGroup {
  /** The rows of the group that are in sight, as indexes in it; `to` is not one of them. */
  from: number
  to: number
}

/** The groups and rows between two heights. */
export function seenIn({ groups }: Places, fromPx: number, toPx: number): SeenGroup[] {
  const seen: SeenGroup[] = []
  for (let index = lastAt(groups, fromPx); index < groups.length; index += 1) {
    const place = groups[index]
    if (place === undefined || place.topPx > toPx) break
    const count = place.group.rows.length
    const rowsPx = place.topPx + place.headingPx
    const from = Math.min(count, Math.max(0, Math.floor((fromPx - rowsPx) / ROW_PX)))
    const to = Math.max(from, Math.min(count, Math.ceil((toPx - rowsPx) / ROW_PX)))
    seen.push({ ...place, from, to })
  }
  return seen
}

/** Where the list must be scrolled to, so that a row is in sight and not beneath the heading that sticks above it. */
export function scrollFor({ groups }: Places, index: number, viewTopPx: number, viewPx: number): number {
  const place = groups[lastWith(groups, index)]
  if (place === undefined) return viewTopPx
  const rowPx = place.topPx + place.headingPx + (index - place.firstIndex) * ROW_PX
  const isFirst = index === 0
  if (rowPx - place.headingPx < viewTopPx) return isFirst ? 0 : rowPx - place.headingPx
  return Math.max(viewTopPx, rowPx + ROW_PX + EDGE_PX - viewPx)
}

function lastAt(groups: readonly PlacedGroup[], px: number): number {
  return lastWhere(groups, ({ topPx }) => topPx <= px)
}

function lastWith(groups: readonly PlacedGroup[], row: number): number {
  return lastWhere(groups, ({ firstIndex }) => firstIndex <= row)
}

// The test holds for the first groups and for none after them; the first group counts in any case.
function lastWhere(groups: readonly PlacedGroup[], holds: (place: PlacedGroup) => boolean): number {
  let low = 0
  let high = groups.length - 1
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    const place = groups[middle]
    if (place !== undefined && holds(place)) low = middle
    else high = middle - 1
  }
  return low
}
