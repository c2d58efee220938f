import { setImmediate as nextTurn } from 'node:timers/promises'
import { crc32 } from 'node:zlib'
import type { ImageMime, RemovedMetadata } from '../shared/conversation'
import { colourTableBytes, endOfGifBlock, MAX_IMAGE_PARTS } from './image'

/** An image without what tells of its maker. `bytes` is the input itself when there was nothing to remove. */
export interface CleanImage {
  bytes: Uint8Array
  /** In the order of their weight; empty when nothing was removed. */
  removed: RemovedMetadata[]
}

/** What the container held, as far as its reader knows it. */
export interface ImageFacts {
  mime: ImageMime
  /** EXIF orientation 1 to 8. */
  orientation: number
  hasLocation: boolean
}

/**
 * Takes out of an image what is no picture: EXIF, XMP and IPTC with place, camera and serial numbers, maker notes,
 * descriptions, comments, embedded previews, and whatever is appended behind its end (films of moving photos, further
 * pictures). Pixels are not decoded: what draws them is copied byte for byte, and so are colour profiles and the timing
 * of animations. The orientation stays, in an EXIF block of its own with nothing else in it.
 *
 * Never throws, and never holds the process up: what stays is copied a piece at a time. Of a container that cannot be
 * read to its end, or has more than MAX_IMAGE_PARTS parts, everything that is left is kept as it is.
 *
 * @param bytes a whole image as inspectImage has found it
 * @param facts what inspectImage said of it
 */
export async function removeMetadata(bytes: Uint8Array, facts: ImageFacts): Promise<CleanImage> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const cutter = new Cutter(buffer)
  switch (facts.mime) {
    case 'image/jpeg':
      await cutJpeg(cutter, facts.orientation)
      break
    case 'image/png':
      await cutPng(cutter, facts.orientation)
      break
    case 'image/webp':
      await cutWebp(cutter, facts.orientation)
      break
    case 'image/gif':
      await cutGif(cutter)
      break
  }
  if (cutter.removed.size === 0) return { bytes, removed: [] }
  if (facts.hasLocation) cutter.removed.add('location')
  return { bytes: await join(cutter.pieces()), removed: ORDER.filter((kind) => cutter.removed.has(kind)) }
}

const ORDER: readonly RemovedMetadata[] = ['location', 'camera', 'description', 'preview']

/** The pieces of a file that stay, in order. */
class Cutter {
  readonly removed = new Set<RemovedMetadata>()
  readonly #pieces: Uint8Array[] = []
  /** Up to here it is decided what becomes of the bytes. */
  #at = 0
  #parts = 0

  constructor(readonly bytes: Buffer) {}

  /** To be asked before each part is read, so that other work comes between; false when there have been too many. */
  async goesOn(): Promise<boolean> {
    this.#parts += 1
    if (this.#parts % PARTS_PER_TURN === 0) await nextTurn()
    return this.#parts <= MAX_IMAGE_PARTS
  }

  /** Keeps everything up to `start`, leaves out what is up to `end`, and puts `instead` in its place. */
  cut(start: number, end: number, kind: RemovedMetadata, instead?: Uint8Array): void {
    this.replace(start, end, instead)
    this.removed.add(kind)
  }

  /** The same for what is no metadata, such as a length. */
  replace(start: number, end: number, instead?: Uint8Array): void {
    // Neighbouring cuts are one.
    if (start > this.#at) this.#pieces.push(this.bytes.subarray(this.#at, start))
    if (instead !== undefined) this.#pieces.push(instead)
    this.#at = end
  }

  /** What follows the end of the image. */
  cutRest(start: number): void {
    if (start < this.bytes.length) this.cut(start, this.bytes.length, 'preview')
  }

  pieces(): Uint8Array[] {
    return [...this.#pieces, this.bytes.subarray(this.#at)]
  }
}

const PARTS_PER_TURN = 2000
const COPIED_BYTES = 1024 * 1024
const SCANNED_BYTES = 1024 * 1024

// Copying 20 MiB in one go into memory that nobody has touched yet takes 20 ms.
async function join(pieces: readonly Uint8Array[]): Promise<Uint8Array> {
  const whole = Buffer.allocUnsafeSlow(pieces.reduce((sum, { byteLength }) => sum + byteLength, 0))
  let at = 0
  for (const piece of pieces) {
    for (let from = 0; from < piece.byteLength; from += COPIED_BYTES) {
      const part = piece.subarray(from, from + COPIED_BYTES)
      whole.set(part, at)
      at += part.byteLength
      if (part.byteLength === COPIED_BYTES) await nextTurn()
    }
  }
  return whole
}

// ---- JPEG: segments, each with a marker and a length ----

const EXIF_HEADER = Buffer.from('Exif\0\0', 'latin1')
const ICC_HEADER = Buffer.from('ICC_PROFILE\0', 'latin1')
const JFIF_HEADER = Buffer.from('JFIF\0', 'latin1')
const JFIF_BYTES = 14

async function cutJpeg(cutter: Cutter, orientation: number): Promise<void> {
  const { bytes } = cutter
  let hasOrientation = orientation === 1
  let hasScan = false
  let at = 2
  while (at + 2 <= bytes.length) {
    if (bytes[at] !== 0xff) return
    const marker = bytes[at + 1] ?? 0
    if (marker === 0xff) {
      at += 1
      continue
    }
    if (!(await cutter.goesOn())) return
    // An end before the first scan is none: what follows may be the picture.
    if (marker === 0xd9) {
      if (hasScan) cutter.cutRest(at + 2)
      return
    }
    if (at + 4 > bytes.length) return
    const end = at + 2 + bytes.readUInt16BE(at + 2)
    if (end > bytes.length || end < at + 4) return
    if (marker === 0xda) {
      hasScan = true
      at = await endOfScan(bytes, end)
      continue
    }
    const kind = jpegMetadata(marker, bytes.subarray(at + 4, end))
    if (kind === 'thumbnail') {
      // JFIF may carry a small picture of what was there before the image was cropped.
      const head = Buffer.from(bytes.subarray(at, at + 4 + JFIF_BYTES))
      head.writeUInt16BE(2 + JFIF_BYTES, 2)
      head.writeUInt16BE(0, 4 + 12)
      cutter.cut(at, end, 'preview', head)
    } else if (kind !== null) {
      const isExif = marker === 0xe1 && startsWith(bytes.subarray(at + 4, end), EXIF_HEADER)
      // A file that only says how it is turned has nothing to remove.
      const own = isExif && !hasOrientation ? exifSegment(orientation) : undefined
      if (own !== undefined) hasOrientation = true
      if (own === undefined || !bytes.subarray(at, end).equals(own)) cutter.cut(at, end, kind, own)
    }
    at = end
  }
}

/** Which metadata an application segment or a comment holds; null for what belongs to the picture. */
function jpegMetadata(marker: number, data: Buffer): RemovedMetadata | 'thumbnail' | null {
  if (marker === 0xfe) return 'description'
  if (marker < 0xe0 || marker > 0xef) return null
  // Adobe's says how the colours are coded.
  if (marker === 0xee) return null
  if (marker === 0xe0 && startsWith(data, JFIF_HEADER)) return data.length > JFIF_BYTES ? 'thumbnail' : null
  if (marker === 0xe2) return startsWith(data, ICC_HEADER) ? null : 'preview'
  if (marker === 0xe1) return startsWith(data, EXIF_HEADER) ? 'camera' : 'description'
  return marker === 0xed ? 'description' : marker === 0xe0 ? 'preview' : 'camera'
}

// In coded data a marker byte is followed by a zero; RST markers have no length and belong to it.
// Of 20 MiB every 256th byte is looked at, or every one of a hostile file: other work comes between the pieces.
async function endOfScan(bytes: Buffer, start: number): Promise<number> {
  let at = start
  let pauseAt = start + SCANNED_BYTES
  for (;;) {
    if (at >= pauseAt) {
      pauseAt = at + SCANNED_BYTES
      await nextTurn()
    }
    at = bytes.indexOf(0xff, at)
    if (at === -1 || at + 1 >= bytes.length) return bytes.length
    const next = bytes[at + 1] ?? 0
    if (next === 0xff) at += 1
    else if (next === 0 || (next >= 0xd0 && next <= 0xd7) || next === 0x01) at += 2
    else return at
  }
}

function exifSegment(orientation: number): Buffer {
  const data = Buffer.concat([EXIF_HEADER, orientationTiff(orientation)])
  const head = Buffer.from([0xff, 0xe1, 0, 0])
  head.writeUInt16BE(data.length + 2, 2)
  return Buffer.concat([head, data])
}

/** A TIFF structure with one tag: big-endian, one directory, SHORT. */
function orientationTiff(orientation: number): Buffer {
  const tiff = Buffer.from('MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\0\0\0\0\0\0\0', 'latin1')
  tiff.writeUInt16BE(orientation, 18)
  return tiff
}

// ---- PNG: chunks with a length and a checksum ----

/** All that takes part in drawing; other chunks that a reader may leave out are left out. */
const PNG_PICTURE = new Set(
  'tRNS cHRM gAMA iCCP sBIT sRGB cICP mDCV cLLI bKGD hIST pHYs sPLT acTL fcTL fdAT'.split(' '),
)
const PNG_TEXT = new Set(['tEXt', 'zTXt', 'iTXt', 'tIME'])

async function cutPng(cutter: Cutter, orientation: number): Promise<void> {
  const { bytes } = cutter
  let hasOrientation = orientation === 1
  let at = 8
  while (at + 12 <= bytes.length && (await cutter.goesOn())) {
    const end = at + 12 + bytes.readUInt32BE(at)
    const type = bytes.toString('latin1', at + 4, at + 8)
    if (end > bytes.length) return
    if (type === 'IEND') {
      cutter.cutRest(end)
      return
    }
    // A small letter at its start: a reader that does not know the chunk may pass over it.
    const isOptional = ((bytes[at + 4] ?? 0) & 0x20) !== 0
    if (type === 'eXIf') {
      const own = hasOrientation ? undefined : pngChunk('eXIf', orientationTiff(orientation))
      hasOrientation = true
      if (own === undefined || !bytes.subarray(at, end).equals(own)) cutter.cut(at, end, 'camera', own)
    } else if (isOptional && !PNG_PICTURE.has(type)) {
      cutter.cut(at, end, PNG_TEXT.has(type) ? 'description' : 'camera')
    }
    at = end
  }
}

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const chunk = Buffer.concat([Buffer.alloc(4), body, Buffer.alloc(4)])
  chunk.writeUInt32BE(data.length, 0)
  chunk.writeUInt32BE(crc32(body), chunk.length - 4)
  return chunk
}

// ---- WebP: RIFF chunks, of even length ----

const WEBP_PICTURE = new Set(['VP8X', 'VP8 ', 'VP8L', 'ALPH', 'ANIM', 'ANMF', 'ICCP'])
const HAS_EXIF = 0x08
const HAS_XMP = 0x04

async function cutWebp(cutter: Cutter, orientation: number): Promise<void> {
  const { bytes } = cutter
  const end = Math.min(bytes.length, 8 + bytes.readUInt32LE(4))
  let at = 12
  let size = end - 8
  let header: number | null = null
  let hasExif = false
  const cuts: { start: number; end: number; kind: RemovedMetadata; instead: Buffer | undefined }[] = []
  while (at + 8 <= end && (await cutter.goesOn())) {
    const type = bytes.toString('latin1', at, at + 4)
    const length = bytes.readUInt32LE(at + 4)
    const next = Math.min(end, at + 8 + length + (length % 2))
    if (at + 8 + length > end) break
    if (type === 'VP8X' && length >= 10) header ??= at + 8
    if (!WEBP_PICTURE.has(type)) {
      const own: Buffer | undefined =
        type === 'EXIF' && orientation !== 1 && !hasExif ? webpExif(orientation) : undefined
      hasExif ||= own !== undefined
      if (own === undefined || !bytes.subarray(at, next).equals(own)) {
        cuts.push({ start: at, end: next, kind: type === 'EXIF' ? 'camera' : 'description', instead: own })
        size += (own?.length ?? 0) - (next - at)
      }
    }
    at = next
  }
  const isCut = cuts.length > 0
  if (isCut) {
    const riffSize = Buffer.alloc(4)
    riffSize.writeUInt32LE(size)
    cutter.replace(4, 8, riffSize)
    if (header !== null) {
      const flags = (bytes[header] ?? 0) & ~(HAS_EXIF | HAS_XMP)
      cutter.replace(header, header + 1, Buffer.from([hasExif ? flags | HAS_EXIF : flags]))
    }
    for (const { start, end: stop, kind, instead } of cuts) cutter.cut(start, stop, kind, instead)
  }
  cutter.cutRest(end)
}

function webpExif(orientation: number): Buffer {
  const data = orientationTiff(orientation)
  const head = Buffer.from('EXIF\0\0\0\0', 'latin1')
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

// ---- GIF: blocks ----

/** Repetition and colours; every other application block only tells. */
const GIF_PICTURE = new Set(['NETSCAPE2.0', 'ANIMEXTS1.0', 'ICCRGBG1012'])

async function cutGif(cutter: Cutter): Promise<void> {
  const { bytes } = cutter
  if (bytes.length < 13) return
  let at = 13 + colourTableBytes(bytes[10] ?? 0)
  while (at < bytes.length && (await cutter.goesOn())) {
    const block = bytes[at]
    if (block === 0x3b) {
      cutter.cutRest(at + 1)
      return
    }
    if (block === 0x2c) {
      const end = await endOfGifBlock(bytes, at + 11 + colourTableBytes(bytes[at + 9] ?? 0))
      if (end === null) return
      at = end
    } else if (block === 0x21) {
      const end = await endOfGifBlock(bytes, at + 2)
      if (end === null) return
      const label = bytes[at + 1]
      const isApplication = label === 0xff && !GIF_PICTURE.has(bytes.toString('latin1', at + 3, at + 14))
      if (label === 0xfe || isApplication) cutter.cut(at, end, 'description')
      at = end
    } else {
      return
    }
  }
}

function startsWith(data: Buffer, head: Buffer): boolean {
  return data.subarray(0, head.length).equals(head)
}
