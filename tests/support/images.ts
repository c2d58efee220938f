import { crc32, deflateSync } from 'node:zlib'

/** Real, tiny images (6 × 4 pixels) with the metadata that a test asks for. */
export interface ImageOptions {
  /** A TIFF structure, such as `tiff()` makes. */
  exif?: Uint8Array
  xmp?: string
}

const JPEG = Buffer.from(
  '/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAMCAgICAgMCAgIDAwMDBAYEBAQEBAgGBgUGCQgKCgkICQkKDA8MCgsOCwkJDRENDg8QEBEQCgwSExIQEw8QEBD/2wBDAQMDAwQDBAgEBAgQCwkLEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBD/wAARCAAEAAYDAREAAhEBAxEB/8QAFAABAAAAAAAAAAAAAAAAAAAACP/EABQQAQAAAAAAAAAAAAAAAAAAAAD/xAAVAQEBAAAAAAAAAAAAAAAAAAAHCf/EABQRAQAAAAAAAAAAAAAAAAAAAAD/2gAMAwEAAhEDEQA/ADoDFU3/2Q==',
  'base64',
)
const WEBP = Buffer.from(
  'UklGRjwAAABXRUJQVlA4IDAAAADQAQCdASoGAAQAAgA0JaACdLoB+AADsAD+8MQL/yC5YXXI1/8gP+QH/ID/+PIAAAA=',
  'base64',
)
const GIF = Buffer.concat([
  Buffer.from('GIF89a'),
  Buffer.from([6, 0, 4, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 255]),
  Buffer.from([0x2c, 0, 0, 0, 0, 6, 0, 4, 0, 0, 2, 4, 0x84, 0x8f, 0xa9, 0x5e, 0]),
  Buffer.from([0x3b]),
])

/** @param claimed writes other dimensions into the header than the pixels have */
export function png(
  options: ImageOptions & {
    claimed?: { width: number; height: number }
    isAnimated?: boolean
    compressedXmp?: string
  } = {},
): Buffer {
  const { width, height } = options.claimed ?? { width: 6, height: 4 }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  const row = Buffer.concat([Buffer.from([0]), Buffer.alloc(6 * 3, 0x40)])
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    ...(options.exif === undefined ? [] : [pngChunk('eXIf', options.exif)]),
    ...(options.xmp === undefined
      ? []
      : [pngChunk('iTXt', Buffer.from(`XML:com.adobe.xmp\0\0\0\0\0${options.xmp}`, 'latin1'))]),
    ...(options.compressedXmp === undefined
      ? []
      : [
          pngChunk(
            'iTXt',
            Buffer.concat([
              Buffer.from('XML:com.adobe.xmp\0\x01\0\0\0', 'latin1'),
              deflateSync(Buffer.from(options.compressedXmp)),
            ]),
          ),
        ]),
    ...(options.isAnimated === true ? [pngChunk('acTL', Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))] : []),
    pngChunk('IDAT', deflateSync(Buffer.concat([row, row, row, row]))),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

export function jpeg(options: ImageOptions = {}): Buffer {
  const segments = [
    ...(options.exif === undefined ? [] : [Buffer.concat([Buffer.from('Exif\0\0'), options.exif])]),
    ...(options.xmp === undefined ? [] : [Buffer.from(`http://ns.adobe.com/xap/1.0/\0${options.xmp}`)]),
  ].map((data) => {
    const head = Buffer.from([0xff, 0xe1, 0, 0])
    head.writeUInt16BE(data.length + 2, 2)
    return Buffer.concat([head, data])
  })
  return Buffer.concat([JPEG.subarray(0, 2), ...segments, JPEG.subarray(2)])
}

export function gif(): Buffer {
  return Buffer.from(GIF)
}

/** With metadata it becomes the extended format, as every writer does it. */
export function webp(options: ImageOptions = {}): Buffer {
  if (options.exif === undefined && options.xmp === undefined) return Buffer.from(WEBP)
  const canvas = Buffer.from([(options.exif ? 8 : 0) | (options.xmp ? 4 : 0), 0, 0, 0, 5, 0, 0, 3, 0, 0])
  const chunks = Buffer.concat([
    webpChunk('VP8X', canvas),
    WEBP.subarray(12),
    ...(options.exif === undefined ? [] : [webpChunk('EXIF', options.exif)]),
    ...(options.xmp === undefined ? [] : [webpChunk('XMP ', Buffer.from(options.xmp))]),
  ])
  const head = Buffer.from('RIFF\0\0\0\0WEBP')
  head.writeUInt32LE(chunks.length + 4, 4)
  return Buffer.concat([head, chunks])
}

/** An EXIF block: big-endian TIFF with an orientation and, if asked, a position or a GPS block without one. */
export function tiff(tags: { orientation?: number; gps?: 'position' | 'version-only' }): Buffer {
  const entries: Buffer[] = []
  if (tags.orientation !== undefined) entries.push(tiffEntry(0x0112, 3, 1, short(tags.orientation)))
  const hasGps = tags.gps !== undefined
  const firstFree = 8 + 2 + 12 * (entries.length + (hasGps ? 1 : 0)) + 4
  if (hasGps) entries.push(tiffEntry(0x8825, 4, 1, long(firstFree)))
  const ifd0 = directory(entries)
  if (!hasGps) return Buffer.concat([Buffer.from('MM\0*\0\0\0\x08', 'latin1'), ifd0])

  const version = tiffEntry(0, 1, 4, Buffer.from([2, 3, 0, 0]))
  if (tags.gps === 'version-only') {
    return Buffer.concat([Buffer.from('MM\0*\0\0\0\x08', 'latin1'), ifd0, directory([version])])
  }
  const rationals = firstFree + 2 + 12 * 5 + 4
  const gps = directory([
    version,
    tiffEntry(1, 2, 2, Buffer.from('N\0\0\0')),
    tiffEntry(2, 5, 3, long(rationals)),
    tiffEntry(3, 2, 2, Buffer.from('E\0\0\0')),
    tiffEntry(4, 5, 3, long(rationals + 24)),
  ])
  const position = [52, 1, 31, 1, 0, 1, 13, 1, 24, 1, 0, 1].map(long)
  return Buffer.concat([Buffer.from('MM\0*\0\0\0\x08', 'latin1'), ifd0, gps, ...position])
}

/** A picture of any size in which one can see which way is up: it grows lighter downwards and greener to the right. */
export function gradient(width: number, height: number): Buffer {
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  const rows = Buffer.alloc(height * (1 + width * 3))
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      rows.set([40, 60 + (120 * x) / width, 60 + (150 * y) / height], y * (1 + width * 3) + 1 + x * 3)
    }
  }
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  return Buffer.concat([long(data.length), body, long(crc32(body))])
}

function webpChunk(type: string, data: Uint8Array): Buffer {
  const head = Buffer.from(`${type}\0\0\0\0`)
  head.writeUInt32LE(data.length, 4)
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)])
}

function directory(entries: Buffer[]): Buffer {
  return Buffer.concat([short(entries.length).subarray(0, 2), ...entries, long(0)])
}

function tiffEntry(tag: number, type: number, count: number, value: Buffer): Buffer {
  return Buffer.concat([short(tag).subarray(0, 2), short(type).subarray(0, 2), long(count), value])
}

function short(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt16BE(value)
  return bytes
}

function long(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(value >>> 0)
  return bytes
}

/** A real RGB picture of any size with a pattern in it, so that no two sizes or seeds have the same bytes. */
export function picture(width: number, height: number, seed = 1): Buffer {
  const rows = Buffer.alloc((width * 3 + 1) * height)
  for (let y = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const at = y * (width * 3 + 1) + 1 + x * 3
      rows[at] = (x * seed) & 0xff
      rows[at + 1] = (y * 3 + seed * 40) & 0xff
      rows[at + 2] = ((x ^ y) * 2) & 0xff
    }
  }
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([8, 2], 8)
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    pngChunk('IHDR', header),
    pngChunk('IDAT', deflateSync(rows)),
    pngChunk('IEND', Buffer.alloc(0)),
  ])
}
