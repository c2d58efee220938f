import type { CaptureReason } from '../shared/errors'
import type { Size } from '../shared/region'

/** What of a display matters for its picture; `size` in device-independent pixels, as Electron tells it. */
export interface ShownDisplay {
  id: number
  size: Size
  scaleFactor: number
}

/** A screen as the capturer knows it; `display_id` is empty where the system does not tell. */
export interface ScreenSource {
  display_id: string
}

export interface CaptureFacts {
  platform: NodeJS.Platform
  isWayland: boolean
  /** Whether somebody on the session bus hands pictures of the screen out; asked on Wayland only. */
  hasPortal: boolean
  /** What macOS says; it says `denied` also before it has asked the person. */
  access: 'granted' | 'refused'
  /** A capture was tried since the start, and macOS gave nothing: the person has been asked. */
  wasRefused: boolean
}

/** Why it makes no sense to try; null when it does. */
export function captureBlocker(facts: CaptureFacts): CaptureReason | null {
  if (facts.platform === 'darwin') return facts.wasRefused && facts.access === 'refused' ? 'permission' : null
  return facts.platform === 'linux' && facts.isWayland && !facts.hasPortal ? 'no-portal' : null
}

/** The pixels that a display really has. */
export function pixelsOf({ size, scaleFactor }: ShownDisplay): Size {
  return { width: Math.round(size.width * scaleFactor), height: Math.round(size.height * scaleFactor) }
}

/**
 * The screen that is this display. Where the system does not say which is which, it is known only when there is nothing to
 * choose: as many screens as displays are told in the same order, and what a portal hands out is the one that was picked.
 *
 * @param isPicked the person has picked the screen in a dialog of the system
 */
export function sourceOf<S extends ScreenSource>(
  display: ShownDisplay,
  displays: readonly ShownDisplay[],
  sources: readonly S[],
  isPicked: boolean,
): S | null {
  const [first] = sources
  if (first === undefined) return null
  if (isPicked) return first
  const named = sources.find(({ display_id: id }) => id === String(display.id))
  if (named !== undefined) return named
  const areNamed = sources.some(({ display_id: id }) => id !== '')
  if (areNamed || sources.length !== displays.length) return null
  return sources[displays.findIndex(({ id }) => id === display.id)] ?? null
}

/** Sizes that have to be asked for, each once: the capturer scales all screens to one size. */
export function sizesOf(displays: readonly ShownDisplay[]): Size[] {
  const sizes = new Map(displays.map(pixelsOf).map((size) => [`${size.width}x${size.height}`, size]))
  return [...sizes.values()]
}

/** Enough to meet whatever is on a screen, and few enough to look at 8K in a millisecond. */
const MAX_SAMPLES = 50_000

/** Whether a picture is black all over, which is what systems give instead of a refusal. */
export function isBlack(bgra: Uint8Array): boolean {
  const pixels = Math.floor(bgra.byteLength / 4)
  // Not a divisor of any usual width, so that it does not walk down one column.
  const step = Math.max(1, Math.floor(pixels / MAX_SAMPLES)) | 1
  for (let pixel = 0; pixel < pixels; pixel += step) {
    const at = pixel * 4
    if ((bgra[at] ?? 0) + (bgra[at + 1] ?? 0) + (bgra[at + 2] ?? 0) > 0) return false
  }
  return true
}

const BITMAP_HEAD_BYTES = 54

/**
 * Raw pixels as a file that a page can show (Windows bitmap, BITMAPINFOHEADER with 32 bits a pixel, rows from the top).
 * Nothing is compressed: a PNG of a large screen would hold main up for a third of a second.
 *
 * @param bgra as the system gives it; the fourth byte means nothing here
 */
export function bitmapFile({ width, height }: Size, bgra: Uint8Array): Uint8Array<ArrayBuffer> {
  const file = new Uint8Array(BITMAP_HEAD_BYTES + bgra.byteLength)
  const head = new DataView(file.buffer)
  head.setUint16(0, 0x424d)
  head.setUint32(2, file.byteLength, true)
  head.setUint32(10, BITMAP_HEAD_BYTES, true)
  head.setUint32(14, 40, true)
  head.setInt32(18, width, true)
  head.setInt32(22, -height, true)
  head.setUint16(26, 1, true)
  head.setUint16(28, 32, true)
  head.setUint32(34, bgra.byteLength, true)
  file.set(bgra, BITMAP_HEAD_BYTES)
  return file
}

/** The time of day as it can stand in a file's name everywhere: `14.02.31`. */
export function timeForName(date: Date): string {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join('.')
}
