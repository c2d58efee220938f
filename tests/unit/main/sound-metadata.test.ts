import fc from 'fast-check'
import { expect, test } from 'vitest'
import { removeTags } from '../../../src/main/sound-metadata'

const frame = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64]), Buffer.alloc(413, 7)])
const sound = Buffer.concat([frame, frame, frame])

function id3(words: string, { padding = 0, footer = false } = {}): Buffer {
  const body = Buffer.concat([Buffer.from(words), Buffer.alloc(padding)])
  const head = Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1')
  head[5] = footer ? 0x10 : 0
  head[8] = body.length >> 7
  head[9] = body.length & 0x7f
  return Buffer.concat([head, body, footer ? Buffer.alloc(10, '3') : Buffer.alloc(0)])
}
const id3v1 = Buffer.concat([Buffer.from('TAG'), Buffer.alloc(125, 'x')])
function ape(words: string): Buffer {
  const body = Buffer.from(words)
  const foot = Buffer.alloc(32)
  foot.write('APETAGEX', 0)
  foot.writeUInt32LE(body.length + 32, 12)
  return Buffer.concat([body, foot])
}

test.each([
  ['ID3 in front', Buffer.concat([id3('my voice at home'), sound])],
  ['two of them, with room behind', Buffer.concat([id3('a', { padding: 40 }), id3('b'), Buffer.alloc(20), sound])],
  ['one with a footer', Buffer.concat([id3('a', { footer: true }), sound])],
  ['ID3 behind', Buffer.concat([sound, id3v1])],
  ['APE and ID3 behind', Buffer.concat([sound, ape('author'), id3v1])],
  ['all', Buffer.concat([id3('x'.repeat(3000)), sound, ape('author'), id3v1])],
])('S23: %s goes, the sound stays', async (_name, bytes) => {
  expect(Buffer.from(await removeTags(bytes)).equals(sound)).toBe(true)
})

test('leaves alone what has none, and what would be no MP3 without it', async () => {
  expect(await removeTags(sound)).toBe(sound)
  const odd = Buffer.concat([id3('a'), Buffer.from('not a frame')])
  expect(await removeTags(odd)).toBe(odd)
  const tagOnly = id3('a')
  expect(await removeTags(tagOnly)).toBe(tagOnly)
})

test('never throws, and never makes a file longer', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.boolean(), async (noise, isTagged) => {
      const bytes = isTagged ? Buffer.concat([id3('a'), noise, id3v1]) : noise
      expect((await removeTags(bytes)).byteLength).toBeLessThanOrEqual(bytes.byteLength)
    }),
  )
})
