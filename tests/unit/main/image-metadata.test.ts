import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { inspectImage, type ImageInfo } from '../../../src/main/image'
import { removeMetadata } from '../../../src/main/image-metadata'
import { gif, jpeg, png, tiff, webp } from '../../support/images'
import { countTurns } from '../../support/pace'

const factsOf = async (bytes: Uint8Array): Promise<ImageInfo> => {
  const inspected = await inspectImage(bytes, 'a')
  if (!inspected.ok) throw new Error(`no image: ${JSON.stringify(inspected.error)}`)
  return inspected.value
}
const clean = async (bytes: Uint8Array) => removeMetadata(bytes, await factsOf(bytes))

/** A JPEG segment with its marker and length. */
function segment(marker: number, data: Buffer | string): Buffer {
  const body = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
  const head = Buffer.from([0xff, marker, 0, 0])
  head.writeUInt16BE(body.length + 2, 2)
  return Buffer.concat([head, body])
}
const withSegments = (...segments: Buffer[]): Buffer =>
  Buffer.concat([jpeg().subarray(0, 2), ...segments, jpeg().subarray(2)])

const SECRET = 'Serial 4711 at 55.7558N'

describe('S23 metadata is removed, and nothing else', () => {
  test.each<[string, Buffer, readonly string[]]>([
    ['JPEG with a position', jpeg({ exif: tiff({ gps: 'position' }) }), ['location', 'camera']],
    ['JPEG with XMP', jpeg({ xmp: `<x>${SECRET}</x>` }), ['description']],
    ['JPEG with IPTC', withSegments(segment(0xed, `Photoshop 3.0\0${SECRET}`)), ['description']],
    ['JPEG with a comment', withSegments(segment(0xfe, SECRET)), ['description']],
    ['JPEG with further pictures', withSegments(segment(0xe2, `MPF\0${SECRET}`)), ['preview']],
    ['JPEG with a film behind it', Buffer.concat([jpeg(), Buffer.from(`ftypmp42${SECRET}`)]), ['preview']],
    ['JPEG with provenance', withSegments(segment(0xeb, `JP\0${SECRET}`)), ['camera']],
    ['PNG with a position', png({ exif: tiff({ gps: 'position' }) }), ['location', 'camera']],
    ['PNG with XMP', png({ xmp: `<x>${SECRET}</x>` }), ['description']],
    ['PNG with a page behind it', Buffer.concat([png(), Buffer.from(`<html>${SECRET}`)]), ['preview']],
    ['WebP with a position', webp({ exif: tiff({ gps: 'position' }) }), ['location', 'camera']],
    ['WebP with XMP', webp({ xmp: `<x>${SECRET}</x>` }), ['description']],
    ['GIF with a comment', withComment(gif(), SECRET), ['description']],
    ['GIF with a zip behind it', Buffer.concat([gif(), Buffer.from(`PK\x03\x04${SECRET}`)]), ['preview']],
  ])('%s', async (_, bytes, removed) => {
    const result = await clean(bytes)
    expect(result.removed).toEqual(removed)
    const text = Buffer.from(result.bytes).toString('latin1')
    expect(text).not.toContain(SECRET)
    expect(text).not.toContain('Exif')
    const { width, height, mime } = await factsOf(bytes)
    expect(await factsOf(result.bytes)).toEqual({ mime, width, height, orientation: 1, hasLocation: false })
  })

  test.each([
    ['JPEG', jpeg()],
    ['PNG', png()],
    ['animated PNG', png({ isAnimated: true })],
    ['GIF', gif()],
    ['WebP', webp()],
  ])('a plain %s stays byte for byte what it was', async (_, bytes) => {
    const result = await clean(bytes)
    expect(result.removed).toEqual([])
    expect(result.bytes).toBe(bytes)
  })

  test.each([
    ['JPEG', (exif: Buffer) => jpeg({ exif })],
    ['PNG', (exif: Buffer) => png({ exif })],
    ['WebP', (exif: Buffer) => webp({ exif })],
  ])('the orientation of a %s stays, alone, and a second pass finds nothing', async (_, make) => {
    const first = await clean(make(tiff({ orientation: 6, gps: 'position' })))
    expect(first.removed).toEqual(['location', 'camera'])
    expect(await factsOf(first.bytes)).toMatchObject({ orientation: 6, width: 4, height: 6, hasLocation: false })
    const second = await clean(first.bytes)
    expect(second.removed).toEqual([])
    expect(Buffer.from(second.bytes).equals(first.bytes)).toBe(true)
  })

  it('keeps colour profiles and the way colours are coded', async () => {
    const profile = segment(0xe2, `ICC_PROFILE\0\x01\x01${'profile'.repeat(20)}`)
    const adobe = segment(0xee, 'Adobe\0\x64\0\0\0\0\x01')
    const { bytes, removed } = await clean(withSegments(profile, segment(0xe1, `Exif\0\0${SECRET}`), adobe))
    expect(removed).toEqual(['camera'])
    expect(Buffer.from(bytes).includes(profile)).toBe(true)
    expect(Buffer.from(bytes).includes(adobe)).toBe(true)
  })

  it('an end mark before the picture of a broken JPEG cuts nothing off', async () => {
    const bytes = withSegments(segment(0xd9, 'no end'))
    expect((await removeMetadata(bytes, { mime: 'image/jpeg', orientation: 1, hasLocation: false })).bytes).toBe(bytes)
  })

  it('takes a small picture out of the JFIF header, which shows what was cropped away', async () => {
    const head = Buffer.concat([Buffer.from('JFIF\0\x01\x02\0\0\x01\0\x01\x02\x02', 'latin1'), Buffer.alloc(12, 0x77)])
    const { bytes, removed } = await clean(
      Buffer.concat([jpeg().subarray(0, 2), segment(0xe0, head), jpeg().subarray(20)]),
    )
    expect(removed).toEqual(['preview'])
    expect(Buffer.from(bytes).includes(Buffer.alloc(12, 0x77))).toBe(false)
    expect(await factsOf(bytes)).toMatchObject({ width: 6, height: 4 })
  })

  it('whatever the bytes are: no throw, and an image stays the image that it was (1,500 broken ones)', async () => {
    const seeds = [
      jpeg({ exif: tiff({ orientation: 6, gps: 'position' }), xmp: '<x/>' }),
      png({ exif: tiff({ orientation: 3, gps: 'position' }), xmp: '<x/>', isAnimated: true }),
      webp({ exif: tiff({ orientation: 8, gps: 'position' }), xmp: '<x/>' }),
      withComment(gif(), 'hello'),
    ]
    const change = fc.record({ at: fc.nat(400), byte: fc.nat(255) })
    const tail = fc.uint8Array({ maxLength: 20 })
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.array(change, { maxLength: 4 }),
        tail,
        async (seed, changes, end) => {
          const bytes = Buffer.concat([seed, end])
          for (const { at, byte } of changes) bytes[at % bytes.length] = byte
          const before = await inspectImage(bytes, 'a')
          if (!before.ok) {
            for (const mime of ['image/png', 'image/jpeg', 'image/gif', 'image/webp'] as const) {
              await removeMetadata(bytes, { mime, orientation: 6, hasLocation: true })
            }
            return
          }
          const result = await removeMetadata(bytes, before.value)
          const after = await inspectImage(result.bytes, 'a')
          expect(after).toMatchObject({
            ok: true,
            value: { mime: before.value.mime, width: before.value.width, height: before.value.height },
          })
        },
      ),
      { numRuns: 1500 },
    )
  })

  it('thousands of neighbouring comments go as one, and the picture is what it was without them', async () => {
    const comments = Array.from({ length: 9000 }, (_, index) => segment(0xfe, String(index)))
    expect(await clean(withSegments(...comments))).toEqual({ bytes: jpeg(), removed: ['description'] })
  })

  it('also what a JPEG has between its scans, where no reader looks for it', async () => {
    const whole = jpeg()
    const end = whole.length - 2
    const hidden = Buffer.concat([segment(0xe1, Buffer.from(`Exif\0\0${SECRET}`, 'latin1')), segment(0xfe, SECRET)])
    const scan = whole.subarray(whole.indexOf(Buffer.from([0xff, 0xda])), end)
    const bytes = Buffer.concat([whole.subarray(0, end), hidden, scan, hidden, whole.subarray(end)])
    const result = await clean(bytes)
    expect(result.removed).toEqual(['camera', 'description'])
    expect(Buffer.from(result.bytes).equals(Buffer.concat([whole.subarray(0, end), scan, whole.subarray(end)]))).toBe(
      true,
    )
  })

  it('of a GIF whose comment has ten million pieces, others get their turn (R39)', async () => {
    const whole = gif()
    const pieces = Buffer.alloc(20 * 1024 * 1024 - 4096, Buffer.from([1, 0x20]))
    const comment = Buffer.concat([Buffer.from([0x21, 0xfe]), pieces, Buffer.from([0])])
    const bytes = Buffer.concat([whole.subarray(0, -1), comment, whole.subarray(-1)])
    const turns = countTurns()
    const result = await clean(bytes)
    expect(result.removed).toEqual(['description'])
    expect(Buffer.from(result.bytes).equals(whole)).toBe(true)
    expect(turns()).toBeGreaterThan(20)
  })

  it('of a hostile JPEG, millions of segments behind its scan, the rest is kept and others get their turn (R39)', async () => {
    const comments = Buffer.alloc(16 * 1024 * 1024, segment(0xfe, ''))
    const bytes = Buffer.concat([jpeg().subarray(0, -2), comments, Buffer.from([0xff, 0xd9])])
    const facts = await factsOf(bytes)
    const turns = countTurns()
    const result = await removeMetadata(bytes, facts)
    expect(turns()).toBeGreaterThan(0)
    expect(result.bytes.length).toBeLessThan(bytes.length)
    expect(result.bytes.length).toBeGreaterThan(bytes.length - 10_000 * 4)
    expect(await factsOf(result.bytes)).toEqual(facts)
  })

  it('a photo of 20 MiB does not hold the process up while it is copied (R39)', async () => {
    const scan = Buffer.alloc(20 * 1024 * 1024 - 4096, 0x55)
    const small = jpeg({ exif: tiff({ gps: 'position' }) })
    const large = Buffer.concat([small.subarray(0, -2), scan, Buffer.from([0, 0xff, 0xd9])])
    const turns = countTurns()
    const { bytes, removed } = await removeMetadata(large, await factsOf(large))
    expect(removed).toEqual(['location', 'camera'])
    expect(bytes.byteLength).toBe(large.length - (small.length - jpeg().length))
    expect(turns()).toBeGreaterThanOrEqual(3)
  })
})

function withComment(bytes: Buffer, comment: string): Buffer {
  const block = Buffer.concat([Buffer.from([0x21, 0xfe, comment.length]), Buffer.from(comment), Buffer.from([0])])
  return Buffer.concat([bytes.subarray(0, 19), block, bytes.subarray(19)])
}
