import { setImmediate as nextTurn } from 'node:timers/promises'
import { inflateSync } from 'node:zlib'
import type { ImageSource } from '../shared/contract'
import type { ImageMime } from '../shared/conversation'
import type { AppError, AttachmentReason, Result } from '../shared/errors'

/** Facts about an image, read from its bytes without decoding a pixel. */
export interface ImageInfo {
  mime: ImageMime
  /** As shown: `orientation` is already applied to these two. */
  width: number
  height: number
  /** EXIF orientation 1 to 8; 1 when the file says nothing. */
  orientation: number
  /** A GPS position in EXIF or XMP. */
  hasLocation: boolean
  /** Set when it has several frames. */
  isAnimated?: boolean
}

/** Limits of S24; the error's `limit` names them in MB and megapixels. */
export const MAX_IMAGE_BYTES = 20 * 1024 * 1024
const MAX_IMAGE_PIXELS = 64_000_000

/**
 * Segments, chunks or blocks of one file. Photos have fewer than a thousand; a hostile file of 20 MiB has millions of
 * empty ones, and walking them holds the process up for seconds.
 */
export const MAX_IMAGE_PARTS = 10_000

/**
 * Decides by content alone whether bytes are an image that servers take: png, jpeg, gif or webp, whole, of at most
 * 20 MiB and 64 megapixels. Nothing is decoded, so a small file that claims huge dimensions costs nothing. What is
 * appended behind the image (a zip, HTML) does not change what it is. One of more than MAX_IMAGE_PARTS parts is damaged.
 *
 * @param bytes the whole file
 * @param name only for the error, and to name a format that its content does not tell
 * @returns facts, or an `attachment` error with the reason and, for `format`, the name of the format
 */
export async function inspectImage(bytes: Uint8Array, name: string): Promise<Result<ImageInfo>> {
  if (bytes.byteLength === 0) return refuse('empty', name)
  if (bytes.byteLength > MAX_IMAGE_BYTES) return refuse('too-large', name, null, MAX_IMAGE_BYTES / 1024 / 1024)
  // A view on the same memory, for its readers; nothing is copied.
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const kind = KINDS.find((each) => each.matches(buffer))
  if (kind === undefined) return refuse('format', name, await nameFormat(buffer, name))

  const container = await kind.walk(buffer)
  const size = container.isWhole ? await readSize(buffer, kind.imageSizeType) : null
  if (size === null) return refuse('damaged', name)
  if (size.width * size.height > MAX_IMAGE_PIXELS) {
    return refuse('too-many-pixels', name, null, MAX_IMAGE_PIXELS / 1_000_000)
  }
  const exif = container.exif === null ? NO_EXIF : await readExif(container.exif)
  const isTurned = exif.orientation >= 5
  return {
    ok: true,
    value: {
      mime: kind.mime,
      width: isTurned ? size.height : size.width,
      height: isTurned ? size.width : size.height,
      orientation: exif.orientation,
      hasLocation: exif.hasLocation || container.xmp.some((xmp) => /GPSL(?:at|ong)itude/u.test(xmp.toString('latin1'))),
      ...(container.frames > 1 && { isAnimated: true }),
    },
  }
}

/** An image that servers do not take and a page can draw. */
export type DrawableImage = Pick<ImageSource, 'format' | 'width' | 'height'> & { mime: string }

/**
 * What a file is that inspectImage has refused for its format, if a page can read it: AVIF, BMP and ICO of at most 64
 * megapixels, and SVG, which has no size. Nothing is decoded.
 *
 * @returns null for what nobody here can read; an `attachment` error for one that is damaged or has too many pixels
 */
export async function inspectDrawable(bytes: Uint8Array, name: string): Promise<Result<DrawableImage> | null> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  // By content: a name says nothing.
  const drawable = DRAWABLE[(await nameFormat(buffer, '')) ?? '']
  if (drawable === undefined) return null
  const { format, mime, imageSizeType } = drawable
  // The mark of a BMP is two letters, with which words may begin as well.
  if (imageSizeType !== null && readText(buffer) !== null) return null
  if (imageSizeType === null) return { ok: true, value: { format, mime, width: 0, height: 0 } }
  const size = await readSize(buffer, imageSizeType)
  if (size === null) return refuse('damaged', name)
  if (size.width * size.height > MAX_IMAGE_PIXELS) {
    return refuse('too-many-pixels', name, null, MAX_IMAGE_PIXELS / 1_000_000)
  }
  return { ok: true, value: { format, mime, ...size } }
}

interface Drawable {
  format: ImageSource['format']
  mime: string
  imageSizeType: string | null
}

/** By the names that nameFormat gives. */
const DRAWABLE: Partial<Record<string, Drawable>> = {
  AVIF: { format: 'AVIF', mime: 'image/avif', imageSizeType: 'avif' },
  BMP: { format: 'BMP', mime: 'image/bmp', imageSizeType: 'bmp' },
  SVG: { format: 'SVG', mime: 'image/svg+xml', imageSizeType: null },
  'Windows icon': { format: 'ICO', mime: 'image/x-icon', imageSizeType: 'ico' },
}

/**
 * The size of an image that is only shown, never sent: of the four kinds as above, and of AVIF, whose container is not
 * walked. The same limits hold.
 *
 * @param mime as its first bytes say
 */
export async function measureImage(
  bytes: Uint8Array,
  mime: string,
): Promise<Result<Pick<ImageInfo, 'width' | 'height'>>> {
  if (mime !== 'image/avif') return inspectImage(bytes, 'image')
  const size = await readSize(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), 'avif')
  if (size === null) return refuse('damaged', 'image')
  const isTooLarge = size.width * size.height > MAX_IMAGE_PIXELS
  return isTooLarge ? refuse('too-many-pixels', 'image') : { ok: true, value: size }
}

/** Where an image file keeps its metadata, and whether the file reaches its own end. */
interface Container {
  isWhole: boolean
  /** A TIFF structure. */
  exif: Buffer | null
  xmp: Buffer[]
  /** As far as they were counted: 2 stands for several. */
  frames: number
}

interface Kind {
  mime: ImageMime
  imageSizeType: string
  matches(bytes: Buffer): boolean
  walk(bytes: Buffer): Container | Promise<Container>
}

// The first bytes decide. A file shorter than its own signature still counts as that kind: it is damaged, not unknown.
const KINDS: Kind[] = [
  { mime: 'image/png', imageSizeType: 'png', matches: startsWith('\x89PNG\r\n\x1a\n'), walk: walkPng },
  { mime: 'image/jpeg', imageSizeType: 'jpg', matches: startsWith('\xff\xd8\xff'), walk: walkJpeg },
  { mime: 'image/gif', imageSizeType: 'gif', matches: startsWith('GIF87a', 'GIF89a'), walk: walkGif },
  {
    mime: 'image/webp',
    imageSizeType: 'webp',
    matches: (bytes) => startsWith('RIFF')(bytes) && startsWith('WEBP')(bytes.subarray(8)),
    walk: walkWebp,
  },
]

function startsWith(...signatures: string[]): (bytes: Buffer) => boolean {
  return (bytes) =>
    bytes.length >= 3 &&
    signatures.some((signature) => signature.startsWith(bytes.toString('latin1', 0, signature.length)))
}

// The format allows one. Each unpacks to as much as 1 MiB, and thousands of them fit into a file.
const MAX_PNG_XMP = 8

function walkPng(bytes: Buffer): Container {
  const container: Container = { isWhole: false, exif: null, xmp: [], frames: 1 }
  let hasPixels = false
  let parts = 0
  let at = 8
  while (at + 12 <= bytes.length) {
    parts += 1
    if (parts > MAX_IMAGE_PARTS) return container
    const length = bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    const end = at + 12 + length
    if (end > bytes.length || (at === 8 && type !== 'IHDR')) return container
    const data = bytes.subarray(at + 8, end - 4)
    if (type === 'IDAT') hasPixels = true
    if (type === 'acTL' && data.length >= 4) container.frames = data.readUInt32BE(0)
    if (type === 'eXIf') container.exif = data
    const isXmp = type === 'iTXt' && data.toString('latin1', 0, 18) === 'XML:com.adobe.xmp\0'
    if (isXmp && container.xmp.length < MAX_PNG_XMP) container.xmp.push(readItxt(data))
    if (type === 'IEND') return { ...container, isWhole: hasPixels }
    at = end
  }
  return container
}

// keyword, 0, is compressed, method, language, 0, translated keyword, 0, text
function readItxt(data: Buffer): Buffer {
  const isCompressed = data[18] === 1
  const text = data.subarray(data.indexOf(0, data.indexOf(0, 20) + 1) + 1)
  if (!isCompressed) return text
  try {
    return inflateSync(text, { maxOutputLength: 1024 * 1024 })
  } catch {
    return Buffer.alloc(0)
  }
}

const EXIF_HEADER = 'Exif\0\0'
const XMP_HEADER = 'http://ns.adobe.com/xap/1.0/\0'

function walkJpeg(bytes: Buffer): Container {
  const container: Container = { isWhole: false, exif: null, xmp: [], frames: 1 }
  let parts = 0
  let at = 2
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return container
    const marker = bytes[at + 1] ?? 0
    // Fill bytes before a marker are allowed.
    if (marker === 0xff) {
      at += 1
      continue
    }
    parts += 1
    if (parts > MAX_IMAGE_PARTS) return container
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length) return container
    if (marker === 0xda) {
      // From the first scan on there is only entropy-coded data and further tables. The end marker is sought from the
      // back, behind this scan's header, because thumbnails inside the metadata have one of their own.
      return { ...container, isWhole: bytes.lastIndexOf('\xff\xd9', undefined, 'latin1') >= end }
    }
    const data = bytes.subarray(at + 4, end)
    if (marker === 0xe1 && data.toString('latin1', 0, EXIF_HEADER.length) === EXIF_HEADER) {
      container.exif ??= data.subarray(EXIF_HEADER.length)
    }
    if (marker === 0xe1 && data.toString('latin1', 0, XMP_HEADER.length) === XMP_HEADER) container.xmp.push(data)
    at = end
  }
  return container
}

async function walkGif(bytes: Buffer): Promise<Container> {
  const container: Container = { isWhole: false, exif: null, xmp: [], frames: 1 }
  let hasPixels = false
  if (bytes.length < 13) return container
  let parts = 0
  let at = 13 + colourTableBytes(bytes[10] ?? 0)
  while (at < bytes.length) {
    parts += 1
    if (parts > MAX_IMAGE_PARTS) return container
    const block = bytes[at]
    if (block === 0x3b) return { ...container, isWhole: hasPixels }
    if (block === 0x2c) {
      const end = await endOfGifBlock(bytes, at + 11 + colourTableBytes(bytes[at + 9] ?? 0))
      if (end === null) return container
      if (hasPixels) container.frames = 2
      hasPixels = true
      at = end
    } else if (block === 0x21) {
      const end = await endOfGifBlock(bytes, at + 2)
      if (end === null) return container
      if (bytes.toString('latin1', at + 3, at + 14) === 'XMP DataXMP') container.xmp.push(bytes.subarray(at, end))
      at = end
    } else {
      return container
    }
  }
  // Many writers forget the closing byte; every decoder accepts that when the last block is whole.
  return { ...container, isWhole: hasPixels && at === bytes.length }
}

/** How long the colour table of a GIF is, by the flags that announce it. */
export function colourTableBytes(flags: number): number {
  return (flags & 0x80) === 0 ? 0 : 3 * 2 ** ((flags & 0x07) + 1)
}

/** Ten million of them find room in the largest image; other work comes between the steps. */
const SUB_BLOCKS_PER_TURN = 100_000

/** The end of the pieces, each with its length, that a block of a GIF is made of; null when they have none. */
export async function endOfGifBlock(bytes: Buffer, start: number): Promise<number | null> {
  let at = start
  for (let steps = 1; ; steps += 1) {
    const length = bytes[at]
    if (length === undefined) return null
    at += 1 + length
    if (length === 0) return at
    if (steps % SUB_BLOCKS_PER_TURN === 0) await nextTurn()
  }
}

function walkWebp(bytes: Buffer): Container {
  const container: Container = { isWhole: false, exif: null, xmp: [], frames: 1 }
  if (bytes.length < 20) return container
  const end = 8 + bytes.readUInt32LE(4)
  if (end > bytes.length) return container
  let hasPixels = false
  let parts = 0
  let at = 12
  while (at + 8 <= end) {
    parts += 1
    if (parts > MAX_IMAGE_PARTS) return container
    const type = bytes.toString('latin1', at, at + 4)
    const length = bytes.readUInt32LE(at + 4)
    if (at + 8 + length > end) return container
    const data = bytes.subarray(at + 8, at + 8 + length)
    if (type === 'ANMF' && hasPixels) container.frames = 2
    if (type === 'VP8 ' || type === 'VP8L' || type === 'ANMF') hasPixels = true
    if (type === 'XMP ') container.xmp.push(data)
    if (type === 'EXIF') {
      const hasHeader = data.toString('latin1', 0, EXIF_HEADER.length) === EXIF_HEADER
      container.exif = hasHeader ? data.subarray(EXIF_HEADER.length) : data
    }
    at += 8 + length + (length % 2)
  }
  return { ...container, isWhole: hasPixels }
}

async function readSize(bytes: Buffer, type: string): Promise<{ width: number; height: number } | null> {
  const { imageSize } = await import('image-size')
  try {
    const size = imageSize(bytes)
    return size.type === type && size.width > 0 && size.height > 0 ? { width: size.width, height: size.height } : null
  } catch {
    // It throws for whatever it cannot read; there is nothing more to tell than that the header is damaged.
    return null
  }
}

const NO_EXIF = { orientation: 1, hasLocation: false }
const ORIENTATION_TAG = 0x0112
const GPS_VERSION_TAG = 0

async function readExif(tiff: Buffer): Promise<{ orientation: number; hasLocation: boolean }> {
  const { default: exifr } = await import('exifr')
  try {
    // Its own copy: the reader looks at the whole ArrayBuffer behind a view, which is the rest of the file.
    const tags: unknown = await exifr.parse(Uint8Array.from(tiff), {
      tiff: true,
      ifd0: { pick: [ORIENTATION_TAG] },
      ifd1: false,
      exif: false,
      interop: false,
      gps: true,
      translateKeys: false,
      translateValues: false,
      reviveValues: false,
      mergeOutput: false,
    })
    const orientation = tagOf(tags, 'ifd0', ORIENTATION_TAG)
    const gps = blockOf(tags, 'gps')
    return {
      orientation: typeof orientation === 'number' && orientation >= 1 && orientation <= 8 ? orientation : 1,
      // Cameras without a receiver write a GPS block that holds only its version.
      hasLocation: gps !== null && Object.keys(gps).some((tag) => Number(tag) !== GPS_VERSION_TAG),
    }
  } catch {
    return NO_EXIF
  }
}

function blockOf(tags: unknown, block: string): Record<string, unknown> | null {
  if (typeof tags !== 'object' || tags === null) return null
  const value = Object.entries(tags).find(([key]) => key === block)?.[1] as unknown
  return typeof value === 'object' && value !== null ? { ...value } : null
}

function tagOf(tags: unknown, block: string, tag: number): unknown {
  return blockOf(tags, block)?.[String(tag)]
}

const FORMAT_NAMES: Record<string, string> = {
  tif: 'TIFF',
  jxl: 'JPEG XL',
  jp2: 'JPEG 2000',
  ico: 'Windows icon',
  mov: 'QuickTime video',
  xml: 'XML',
}

/** What a refused file is, for people: by its content, else by the ending of its name; null when neither tells. */
async function nameFormat(bytes: Buffer, name: string): Promise<string | null> {
  const text = readText(bytes)
  if (text !== null && isSvg(text)) return 'SVG'
  if (text !== null && /^\s*<(?:!doctype html|html|head|body)\b/iu.test(text)) return 'HTML'
  const { fileTypeFromBuffer } = await import('file-type')
  // It throws at the end of input that starts like a format and breaks off.
  const found = await fileTypeFromBuffer(bytes).catch(() => undefined)
  if (found !== undefined) return FORMAT_NAMES[found.ext] ?? found.ext.toUpperCase()
  const ending = /\.([a-z0-9]{1,5})$/iu.exec(name)?.[1]?.toUpperCase() ?? null
  const isMisleading = ending !== null && ['PNG', 'JPG', 'JPEG', 'GIF', 'WEBP'].includes(ending)
  if (ending !== null && !isMisleading) return ending
  return text === null ? null : 'TXT'
}

/** Whether the first element is one of SVG. A page, a note or a program that only holds an SVG is no picture. */
function isSvg(text: string): boolean {
  let at = 0
  for (;;) {
    while (/\s/u.test(text.charAt(at))) at += 1
    const end = endOfProlog(text, at)
    if (end === null) return /^<svg[\s>]/iu.test(text.slice(at, at + 5))
    at = end
  }
}

/** The end of what XML allows before its first element, if that begins here; null when it does not, or has no end. */
function endOfProlog(text: string, at: number): number | null {
  const after = (sign: string, from: number): number | null => {
    const found = text.indexOf(sign, from)
    return found < 0 ? null : found + sign.length
  }
  if (text.startsWith('<!--', at)) return after('-->', at + 4)
  if (text.startsWith('<?', at)) return after('?>', at)
  if (text.slice(at, at + 9).toLowerCase() !== '<!doctype') return null
  const end = after('>', at)
  const entities = text.indexOf('[', at)
  if (end === null || entities < 0 || entities > end) return end
  // Drawing programs declare entities in it, each with an end of its own.
  const closed = after(']', entities)
  return closed === null ? null : after('>', closed)
}

// The start of a file as text, when it is text: SVG has no magic bytes and comes with or without a byte order mark.
function readText(bytes: Buffer): string | null {
  const head = bytes.subarray(0, 4096)
  const isUtf16 = (head[0] === 0xff && head[1] === 0xfe) || (head[0] === 0xfe && head[1] === 0xff)
  const label = isUtf16 ? (head[0] === 0xff ? 'utf-16le' : 'utf-16be') : 'utf-8'
  try {
    const text = new TextDecoder(label, { fatal: true }).decode(head, { stream: true })
    return text.includes('\0') ? null : text
  } catch {
    return null
  }
}

function refuse(
  reason: AttachmentReason,
  name: string,
  format: string | null = null,
  limit: number | null = null,
): { ok: false; error: AppError } {
  return { ok: false, error: { code: 'attachment', reason, name, format, limit } }
}
