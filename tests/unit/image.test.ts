import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inspectImage, MAX_IMAGE_BYTES, MAX_IMAGE_PARTS } from '../../src/main/image'
import type { AttachmentReason } from '../../src/shared/errors'
import { gif, jpeg, png, tiff, webp } from '../support/images'

const plain = { width: 6, height: 4, orientation: 1, hasLocation: false }

describe('S22 images are known by their bytes', () => {
  test.each([
    ['image/png', png()],
    ['image/jpeg', jpeg()],
    ['image/gif', gif()],
    ['image/webp', webp()],
    ['image/webp', webp({ xmp: '<x/>' })],
  ] as const)('%s, whatever its name says', async (mime, bytes) => {
    expect(await inspectImage(bytes, 'notes.txt')).toEqual({ ok: true, value: { mime, ...plain } })
  })

  test('a view into a larger buffer is read, not the buffer behind it', async () => {
    const bytes = jpeg({ exif: tiff({ orientation: 6 }) })
    const behind = Buffer.concat([png(), bytes, png()])
    const view = new Uint8Array(behind.buffer, behind.byteOffset + png().length, bytes.length)
    expect(await inspectImage(view, 'a')).toMatchObject({ ok: true, value: { mime: 'image/jpeg', orientation: 6 } })
  })

  test.each([
    ['an animated PNG is a PNG', png({ isAnimated: true }), 'image/png'],
    ['a PNG with HTML behind it', Buffer.concat([png(), Buffer.from('<html><script>alert(1)</script>')]), 'image/png'],
    ['a GIF with a zip behind it (GIFAR)', Buffer.concat([gif(), Buffer.from('PK\x03\x04', 'latin1')]), 'image/gif'],
    ['a JPEG with a second image behind it', Buffer.concat([jpeg(), png()]), 'image/jpeg'],
    ['a GIF without its closing byte', gif().subarray(0, -1), 'image/gif'],
  ])('%s', async (_, bytes, mime) => {
    expect(await inspectImage(bytes, 'a.png')).toMatchObject({ ok: true, value: { mime } })
  })

  test.each<[string, Buffer, string, AttachmentReason, string | null]>([
    ['SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'a.png', 'format', 'SVG'],
    ['SVG with a prolog', Buffer.from('\ufeff<?xml version="1.0"?>\n<!-- x -->\n<svg >'), 'a.jpg', 'format', 'SVG'],
    ['SVG in UTF-16', Buffer.from('\ufeff<svg width="1"/>', 'utf16le'), 'a.svg', 'format', 'SVG'],
    [
      'SVG of a drawing program',
      Buffer.from('<?xml version="1.0"?>\n<!DOCTYPE svg [<!ENTITY a "b>"><!ENTITY c "d">]>\n<!-- e --> <svg\nid="f">'),
      'a.svg',
      'format',
      'SVG',
    ],
    ['a page with an SVG in it', Buffer.from('<!doctype html>\n<p><svg >'), 'a.html', 'format', 'HTML'],
    ['a comment without an end', Buffer.from('<!-- <svg >'), 'a.xml', 'format', 'XML'],
    ['HTML', Buffer.from(' <!DOCTYPE html><p>'), 'a.png', 'format', 'HTML'],
    ['HEIC', box('heic'), 'photo.heic', 'format', 'HEIC'],
    ['HEIC named .jpg', box('heic'), 'photo.jpg', 'format', 'HEIC'],
    ['AVIF', box('avif'), 'photo.png', 'format', 'AVIF'],
    ['BMP', Buffer.concat([Buffer.from('BM'), Buffer.alloc(60)]), 'a.png', 'format', 'BMP'],
    ['TIFF', tiff({ orientation: 1 }), 'a.tif', 'format', 'TIFF'],
    ['PDF', Buffer.from('%PDF-1.7\n%\n'), 'a.png', 'format', 'PDF'],
    ['text with a telling name', Buffer.from('# Notes'), 'notes.md', 'format', 'MD'],
    ['text named .png', Buffer.from('# Notes'), 'notes.png', 'format', 'TXT'],
    ['zeros', Buffer.alloc(4096), 'a.png', 'format', null],
    ['RIFF that is sound', Buffer.from('RIFF\0\0\0\0WAVEfmt '), 'a.webp', 'format', 'WAV'],
    ['no bytes', Buffer.alloc(0), 'a.png', 'empty', null],
    ['the signature of a PNG only', png().subarray(0, 8), 'a.png', 'damaged', null],
    ['half a signature', png().subarray(0, 5), 'a.png', 'damaged', null],
    ['a PNG whose first chunk is not the header', withoutHeader(png()), 'a.png', 'damaged', null],
    ['a PNG of no width', png({ claimed: { width: 0, height: 4 } }), 'a.png', 'damaged', null],
    ['a GIF without an image', Buffer.concat([gif().subarray(0, 19), Buffer.from(';')]), 'a.gif', 'damaged', null],
    ['a JPEG cut in the middle', jpeg().subarray(0, -10), 'a.jpg', 'damaged', null],
    ['a JPEG cut behind a thumbnail', cutBehindThumbnail(), 'a.jpg', 'damaged', null],
  ])('%s is refused with its reason', async (_, bytes, name, reason, format) => {
    const error = { code: 'attachment', reason, name, format, limit: null }
    expect(await inspectImage(bytes, name)).toEqual({ ok: false, error })
  })

  test.each([
    ['png', png({ exif: tiff({ orientation: 6 }) }).subarray()],
    ['jpeg', jpeg({ exif: tiff({ gps: 'position' }) })],
    ['webp', webp({ exif: tiff({ gps: 'position' }) })],
    ['gif', gif().subarray(0, -1)],
  ])('%s cut at any byte is never taken for whole', async (_, bytes) => {
    for (let length = 1; length < bytes.length; length++) {
      expect(await inspectImage(bytes.subarray(0, length), 'a'), `first ${String(length)} bytes`).toMatchObject({
        ok: false,
      })
    }
  })

  test('any bytes behind any signature give an answer, never an exception', async () => {
    const heads = [png().subarray(0, 33), jpeg().subarray(0, 20), gif().subarray(0, 13), webp().subarray(0, 20)]
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...heads), fc.uint8Array({ maxLength: 300 }), async (head, tail) => {
        const result = await inspectImage(Buffer.concat([head, tail]), 'a')
        if (result.ok) expect(result.value.width * result.value.height).toBeGreaterThan(0)
        else expect(result.error.code).toBe('attachment')
      }),
      { numRuns: 500, seed: 22 },
    )
  })
})

describe('S23 orientation and location', () => {
  test.each([
    ['png', png],
    ['jpeg', jpeg],
    ['webp', webp],
  ] as const)('%s', async (_, make) => {
    expect(await inspectImage(make({ exif: tiff({ orientation: 8 }) }), 'a')).toMatchObject({
      value: { width: 4, height: 6, orientation: 8, hasLocation: false },
    })
    expect(await inspectImage(make({ exif: tiff({ orientation: 3, gps: 'position' }) }), 'a')).toMatchObject({
      value: { width: 6, height: 4, orientation: 3, hasLocation: true },
    })
    expect(await inspectImage(make({ exif: tiff({ gps: 'version-only' }) }), 'a')).toMatchObject({
      value: plain,
    })
    expect(await inspectImage(make({ xmp: '<rdf exif:GPSLatitude="52,31N"/>' }), 'a')).toMatchObject({
      value: { hasLocation: true },
    })
    expect(await inspectImage(make({ exif: tiff({ orientation: 99 }) }), 'a')).toMatchObject({ value: plain })
    expect(await inspectImage(make({ exif: Buffer.from('MM\0*\xff\xff\xff\xff', 'latin1') }), 'a')).toMatchObject({
      value: plain,
    })
  })
})

test('S23 a position in compressed XMP of a PNG is found', async () => {
  const hidden = await inspectImage(png({ compressedXmp: '<rdf exif:GPSLongitude="13,24E"/>' }), 'a')
  expect(hidden).toMatchObject({ value: { hasLocation: true } })
  const none = await inspectImage(png({ compressedXmp: '<rdf/>' }), 'a')
  expect(none).toMatchObject({ value: { hasLocation: false } })
})

describe('S24 limits before anything is decoded', () => {
  test('a small PNG that claims 65,535² is refused at no cost', async () => {
    const bytes = png({ claimed: { width: 65_535, height: 65_535 } })
    const before = process.memoryUsage().rss
    const error = { code: 'attachment', reason: 'too-many-pixels', name: 'b.png', format: null, limit: 64 }
    expect(await inspectImage(bytes, 'b.png')).toEqual({ ok: false, error })
    expect(process.memoryUsage().rss - before).toBeLessThan(50 * 1024 * 1024)
  })

  test('64 megapixels are allowed, one row more is not', async () => {
    expect(await inspectImage(png({ claimed: { width: 8000, height: 8000 } }), 'a')).toMatchObject({ ok: true })
    expect(await inspectImage(png({ claimed: { width: 8000, height: 8001 } }), 'a')).toMatchObject({ ok: false })
  })

  test('20 MiB are allowed, one byte more is not', async () => {
    const padded = Buffer.concat([png(), Buffer.alloc(MAX_IMAGE_BYTES - png().length)])
    expect(await inspectImage(padded, 'a.png')).toMatchObject({ ok: true })
    const error = { code: 'attachment', reason: 'too-large', name: 'a.png', format: null, limit: 20 }
    expect(await inspectImage(Buffer.concat([padded, Buffer.from([0])]), 'a.png')).toEqual({ ok: false, error })
  })

  test.each<[string, (parts: number) => Buffer]>([
    ['JPEG segments', (parts) => filled(jpeg(), 2, '\xff\xfe\0\x02', parts)],
    ['PNG chunks', (parts) => filled(png(), 33, '\0\0\0\0tEXt\0\0\0\0', parts)],
    ['GIF blocks', (parts) => filled(gif(), gif().indexOf(0x2c, 13), '!\xfe\0', parts)],
    ['WebP chunks', (parts) => withRiffSize(filled(webp(), webp().length, 'XXXX\0\0\0\0', parts))],
  ])('9,900 empty %s are read, and more than 10,000 are refused as damaged', async (_, make) => {
    expect(await inspectImage(make(MAX_IMAGE_PARTS - 100), 'a')).toMatchObject({ ok: true, value: plain })
    const error = { code: 'attachment', reason: 'damaged', name: 'a', format: null, limit: null }
    expect(await inspectImage(make(MAX_IMAGE_PARTS), 'a')).toEqual({ ok: false, error })
  })
})

/** An image with the same part put in many times. */
function filled(image: Buffer, at: number, part: string, parts: number): Buffer {
  const one = Buffer.from(part, 'latin1')
  return Buffer.concat([image.subarray(0, at), Buffer.alloc(one.length * parts, one), image.subarray(at)])
}

function withRiffSize(image: Buffer): Buffer {
  image.writeUInt32LE(image.length - 8, 4)
  return image
}

function box(brand: string): Buffer {
  return Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from(`ftyp${brand}\0\0\0\0mif1${brand}`), Buffer.alloc(40)])
}

function withoutHeader(bytes: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, 8), bytes.subarray(33)])
}

// A thumbnail inside the metadata ends with an end marker of its own.
function cutBehindThumbnail(): Buffer {
  const whole = jpeg({ exif: Buffer.concat([tiff({ orientation: 1 }), jpeg()]) })
  return whole.subarray(0, -2)
}
