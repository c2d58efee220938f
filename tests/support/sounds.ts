/** Small real files of sound and film, as far as a program that does not play them can tell. */

/** A second of a quiet tone, 8 kHz, 8 bits. */
export function wav(seconds = 1): Buffer {
  const samples = Buffer.alloc(8000 * seconds)
  for (let at = 0; at < samples.length; at += 1) samples[at] = 128 + Math.round(10 * Math.sin(at / 3))
  const head = Buffer.alloc(44)
  head.write('RIFF', 0)
  head.writeUInt32LE(36 + samples.length, 4)
  head.write('WAVEfmt ', 8)
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(8000, 24)
  head.writeUInt32LE(8000, 28)
  head.writeUInt16LE(1, 32)
  head.writeUInt16LE(8, 34)
  head.write('data', 36)
  head.writeUInt32LE(samples.length, 40)
  return Buffer.concat([head, samples])
}

function box(type: string, content: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeUInt32BE(8 + content.length)
  head.write(type, 4, 'latin1')
  return Buffer.concat([head, content])
}

/** @param brand `isom` for a film, `M4A ` for a sound, `qt  ` for QuickTime */
export function mp4(brand = 'isom', bytes = 1024): Buffer {
  return Buffer.concat([
    box('ftyp', Buffer.from(`${brand}\0\0\x02\0${brand}`, 'latin1')),
    box('mdat', Buffer.alloc(bytes)),
  ])
}

export function mp3(): Buffer {
  const frame = Buffer.concat([Buffer.from([0xff, 0xfb, 0x90, 0x64]), Buffer.alloc(413)])
  return Buffer.concat([Buffer.from('ID3\x04\0\0\0\0\0\0', 'latin1'), frame, frame, frame])
}

export function ogg(codec: 'opus' | 'vorbis'): Buffer {
  const mark = codec === 'opus' ? 'OpusHead' : '\x01vorbis'
  return Buffer.concat([
    Buffer.from('OggS\0\x02', 'latin1'),
    Buffer.alloc(20),
    Buffer.from([1, 19]),
    Buffer.from(mark, 'latin1'),
    Buffer.alloc(64),
  ])
}

export const flac = (): Buffer => Buffer.concat([Buffer.from('fLaC\0\0\0\x22', 'latin1'), Buffer.alloc(64)])
export const aac = (): Buffer =>
  Buffer.concat([Buffer.from([0xff, 0xf1, 0x50, 0x80, 0x02, 0x1f, 0xfc]), Buffer.alloc(64)])

/** An EBML head that names its kind. */
export function webm(kind: 'webm' | 'matroska' = 'webm'): Buffer {
  const name = Buffer.from(kind)
  const content = Buffer.concat([Buffer.from([0x42, 0x82, 0x80 + name.length]), name])
  return Buffer.concat([Buffer.from([0x1a, 0x45, 0xdf, 0xa3, 0x80 + content.length]), content, Buffer.alloc(64)])
}

/** An AVIF container that claims a size; there are no pixels in it. */
export function avif(width: number, height: number): Buffer {
  const size = Buffer.alloc(12)
  size.writeUInt32BE(width, 4)
  size.writeUInt32BE(height, 8)
  const meta = box('meta', Buffer.concat([Buffer.alloc(4), box('iprp', box('ipco', box('ispe', size)))]))
  return Buffer.concat([
    box('ftyp', Buffer.from('avif\0\0\0\0avifmif1', 'latin1')),
    meta,
    box('mdat', Buffer.alloc(64)),
  ])
}
