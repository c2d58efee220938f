import type { ImageSettings } from '../../shared/settings'

/** A stored image, as far as drawing it must know it. */
export interface DrawnSource {
  id: string
  /** `PNG`, `SVG` and so on. */
  format: string
  bytes: number
  /** As shown; both 0 when only drawing tells. */
  width: number
  height: number
}

export type DrawLimits = Pick<ImageSettings, 'maxSidePx' | 'maxBytes' | 'qualityPercent'>

/** A drawing without a size of its own gets this longer side. */
const VECTOR_SIDE_PX = 1600
/** Smaller and smaller, until it fits into the bytes; from there on what there is. */
const STEPS = [1, 0.8, 0.64, 0.5, 0.4, 0.32, 0.25]
/** A copy of this size shows whether anything is transparent; reading all pixels of a photo would take seconds. */
const ALPHA_SIDE_PX = 256
const MAYBE_TRANSPARENT = new Set(['PNG', 'WEBP', 'GIF', 'AVIF', 'SVG', 'ICO'])
/** Drawn with few colours and sharp edges: better as PNG, as long as that is small enough. */
const FLAT = new Set(['SVG', 'ICO', 'BMP'])

/**
 * Draws a stored image anew within limits: as PNG where something is transparent or that is smaller, else as JPEG. Never larger in pixels;
 * of an image that moves, the first frame. An SVG is drawn as a picture: its scripts never run, and nothing that it names
 * is loaded.
 *
 * @returns the file, or null when it cannot be drawn
 */
export async function drawImage(source: DrawnSource, limits: DrawLimits): Promise<Uint8Array | null> {
  try {
    const picture = await decode(source, limits.maxSidePx)
    try {
      return await encode(picture, source, limits)
    } finally {
      if (picture.image instanceof ImageBitmap) picture.image.close()
    }
  } catch {
    // What the browser cannot decode it says with a DOMException that has nothing to tell.
    return null
  }
}

interface Picture {
  image: ImageBitmap | HTMLImageElement
  width: number
  height: number
}

async function decode(source: DrawnSource, maxSidePx: number): Promise<Picture> {
  const address = `app://local/attachment/${source.id}`
  if (source.format === 'SVG') {
    const image = new Image()
    image.src = address
    await image.decode()
    const { naturalWidth, naturalHeight } = image
    if (naturalWidth === 0 || naturalHeight === 0) throw new Error('no size')
    const scale = Math.min(VECTOR_SIDE_PX, maxSidePx) / Math.max(naturalWidth, naturalHeight)
    return { image, ...scaled({ width: naturalWidth, height: naturalHeight }, scale) }
  }
  const blob = await (await fetch(address)).blob()
  const size = scaled(source, Math.min(1, maxSidePx / Math.max(source.width, source.height)))
  // Decoded off the main thread, and only the small one is kept.
  const options = { resizeWidth: size.width, resizeHeight: size.height, resizeQuality: 'high' } as const
  return { image: await createImageBitmap(blob, options), ...size }
}

async function encode(picture: Picture, { format }: DrawnSource, limits: DrawLimits): Promise<Uint8Array> {
  const isTransparent = MAYBE_TRANSPARENT.has(format) && hasTransparency(picture)
  let last: Blob | null = null
  for (const step of STEPS) {
    const size = scaled(picture, step)
    const canvas = new OffscreenCanvas(size.width, size.height)
    const context = contextOf(canvas)
    context.imageSmoothingQuality = 'high'
    context.drawImage(picture.image, 0, 0, size.width, size.height)
    last = await encodeCanvas(canvas, format, isTransparent, limits)
    if (last.size <= limits.maxBytes) break
  }
  if (last === null) throw new Error('nothing drawn')
  return new Uint8Array(await last.arrayBuffer())
}

async function encodeCanvas(
  canvas: OffscreenCanvas,
  format: string,
  isTransparent: boolean,
  limits: DrawLimits,
): Promise<Blob> {
  const png = format === 'JPEG' ? null : await canvas.convertToBlob({ type: 'image/png' })
  if (png !== null && (isTransparent || (FLAT.has(format) && png.size <= limits.maxBytes))) return png
  const jpeg = await canvas.convertToBlob({ type: 'image/jpeg', quality: limits.qualityPercent / 100 })
  // A screenshot is often smaller as PNG, and without a blemish.
  return png !== null && png.size <= jpeg.size ? png : jpeg
}

function hasTransparency(picture: Picture): boolean {
  const scale = Math.min(1, ALPHA_SIDE_PX / Math.max(picture.width, picture.height))
  const size = scaled(picture, scale)
  const context = contextOf(new OffscreenCanvas(size.width, size.height))
  context.imageSmoothingQuality = 'high'
  context.drawImage(picture.image, 0, 0, size.width, size.height)
  const { data } = context.getImageData(0, 0, size.width, size.height)
  for (let at = 3; at < data.length; at += 4) if ((data[at] ?? 255) < 255) return true
  return false
}

function contextOf(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('no canvas')
  return context
}

function scaled({ width, height }: { width: number; height: number }, scale: number) {
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
}
