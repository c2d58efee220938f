import { recogniseMedia, FORMAT_HEAD_BYTES } from './media-format'

const ID3_HEAD_BYTES = 10
const ID3_TAIL_BYTES = 128
const APE_FOOT_BYTES = 32
const HAS_FOOTER = 0x10

/**
 * An MP3 without its tags: ID3 before and behind the sound, and APE behind it, which hold names, comments, pictures and
 * whatever else a program wanted to say. No frame of the sound is touched. The input itself when there was nothing to
 * remove, or when what is left would not be seen as an MP3.
 */
export async function removeTags(bytes: Uint8Array): Promise<Uint8Array> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let start = 0
  for (let size = id3Bytes(buffer, start); size > 0; size = id3Bytes(buffer, start)) start += size
  // Room that a program left for its tag.
  if (start > 0) while (buffer[start] === 0) start += 1
  let end = buffer.length
  for (let size = tailBytes(buffer, end); size > 0 && end - size > start; size = tailBytes(buffer, end)) end -= size
  if (start === 0 && end === buffer.length) return bytes
  const sound = bytes.slice(start, end)
  const isFrame = sound[0] === 0xff && ((sound[1] ?? 0) & 0xe0) === 0xe0
  const found = isFrame ? await recogniseMedia(sound.subarray(0, FORMAT_HEAD_BYTES)) : null
  return found?.mime === 'audio/mpeg' ? sound : bytes
}

/** Of an ID3v2 tag at this place; its size is written with seven bits in each byte. */
function id3Bytes(buffer: Buffer, at: number): number {
  if (buffer.length < at + ID3_HEAD_BYTES || buffer.toString('latin1', at, at + 3) !== 'ID3') return 0
  const sizes = [...buffer.subarray(at + 6, at + ID3_HEAD_BYTES)]
  if (sizes.some((byte) => byte >= 0x80)) return 0
  const size = sizes.reduce((sum, byte) => sum * 0x80 + byte, 0)
  const foot = ((buffer[at + 5] ?? 0) & HAS_FOOTER) === 0 ? 0 : ID3_HEAD_BYTES
  return ID3_HEAD_BYTES + size + foot
}

/** Of an ID3v1 or APE tag that ends here. */
function tailBytes(buffer: Buffer, end: number): number {
  if (end >= ID3_TAIL_BYTES && buffer.toString('latin1', end - ID3_TAIL_BYTES, end - ID3_TAIL_BYTES + 3) === 'TAG') {
    return ID3_TAIL_BYTES
  }
  const foot = end - APE_FOOT_BYTES
  if (foot < 0 || buffer.toString('latin1', foot, foot + 8) !== 'APETAGEX') return 0
  const size = buffer.readUInt32LE(foot + 12)
  // The head stands before what is counted.
  const hasHead = (buffer.readUInt32LE(foot + 20) & 0x8000_0000) !== 0
  return size < APE_FOOT_BYTES ? 0 : size + (hasHead ? APE_FOOT_BYTES : 0)
}
