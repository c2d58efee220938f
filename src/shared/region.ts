/**
 * A rectangle of a picture, in the picture's own pixels: whole numbers, at least one pixel each way. The overlay shows and
 * changes it, main cuts it out; where a display stands on the desktop and how it is scaled is in neither.
 */
export interface Region {
  x: number
  y: number
  width: number
  height: number
}

export interface Size {
  width: number
  height: number
}

export interface Point {
  x: number
  y: number
}

/**
 * Where a picture lies in a view: as large as it fits, in the middle, never distorted.
 *
 * @returns its top left corner in the view, and how many pixels of the view one of the picture takes
 */
export function placePicture(view: Size, picture: Size): Point & { scale: number } {
  const scale = Math.min(view.width / picture.width, view.height / picture.height)
  return { x: (view.width - picture.width * scale) / 2, y: (view.height - picture.height * scale) / 2, scale }
}

/** The place in the picture under a place in the view, fractions of pixels included; the nearest one outside of it. */
export function pointInPicture(point: Point, view: Size, picture: Size): Point {
  const { x, y, scale } = placePicture(view, picture)
  return {
    x: clamp((point.x - x) / scale, 0, picture.width),
    y: clamp((point.y - y) / scale, 0, picture.height),
  }
}

/** Where a region is seen in the view; the other way round than `pointInPicture`. */
export function regionInView(region: Region, view: Size, picture: Size): Region {
  const { x, y, scale } = placePicture(view, picture)
  return {
    x: x + region.x * scale,
    y: y + region.y * scale,
    width: region.width * scale,
    height: region.height * scale,
  }
}

/**
 * The region that was drawn from one place of the picture to another. Its edges are the nearest ones between two pixels: of
 * a scaled display a place comes as a fraction that is never quite the pixel's own.
 */
export function regionBetween(from: Point, to: Point, picture: Size): Region {
  const left = Math.round(Math.min(from.x, to.x))
  const top = Math.round(Math.min(from.y, to.y))
  const right = Math.round(Math.max(from.x, to.x))
  const bottom = Math.round(Math.max(from.y, to.y))
  return fitRegion({ x: left, y: top, width: right - left, height: bottom - top }, picture)
}

/** The nearest region that lies wholly in the picture, whatever was asked for. */
export function fitRegion(region: Region, picture: Size): Region {
  const x = clamp(Math.round(region.x), 0, picture.width - 1)
  const y = clamp(Math.round(region.y), 0, picture.height - 1)
  return {
    x,
    y,
    width: clamp(Math.round(region.width), 1, picture.width - x),
    height: clamp(Math.round(region.height), 1, picture.height - y),
  }
}

/** Moves a region as far as the picture goes; its size stays. */
export function moveRegion(region: Region, by: Point, picture: Size): Region {
  return {
    ...region,
    x: clamp(region.x + by.x, 0, picture.width - region.width),
    y: clamp(region.y + by.y, 0, picture.height - region.height),
  }
}

/** Moves the lower right corner of a region; the upper left one stays. */
export function resizeRegion(region: Region, by: Point, picture: Size): Region {
  return fitRegion({ ...region, width: region.width + by.x, height: region.height + by.y }, picture)
}

/** Half of the picture each way, in its middle: where a region that is made with keys begins. */
export function middleOf(picture: Size): Region {
  return fitRegion(
    { x: picture.width / 4, y: picture.height / 4, width: picture.width / 2, height: picture.height / 2 },
    picture,
  )
}

export function wholeOf({ width, height }: Size): Region {
  return { x: 0, y: 0, width, height }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high))
}
