import { deflateRawSync } from 'node:zlib'

/** One file of a zip, and the lies that are told about it. */
export interface ZipPart {
  name: string
  content: Buffer | string
  isDeflated?: boolean
  /** Written instead of the true ones. */
  claims?: { uncompressed?: number; compressed?: number; flags?: number; method?: number; crc?: number }
  /** Of Unix, in the upper half of the attributes: 0o120777 is a link. */
  mode?: number
  /** The bytes of an earlier part once more, as bombs do. */
  sharesWith?: number
}

/** A zip as its bytes, good or hostile; every field can lie. */
export function zipOf(parts: readonly ZipPart[], claims: { entries?: number; comment?: string } = {}): Buffer {
  const files: Buffer[] = []
  const directory: Buffer[] = []
  const starts: number[] = []
  let at = 0
  for (const part of parts) {
    const content = Buffer.from(part.content)
    const isDeflated = part.isDeflated === true
    const packed = isDeflated ? deflateRawSync(content) : content
    const name = Buffer.from(part.name)
    const method = part.claims?.method ?? (isDeflated ? 8 : 0)
    const flags = part.claims?.flags ?? 0x800
    const crc = part.claims?.crc ?? crcOf(content)
    const compressed = part.claims?.compressed ?? packed.length
    const uncompressed = part.claims?.uncompressed ?? content.length
    const start = part.sharesWith === undefined ? at : (starts[part.sharesWith] ?? 0)
    starts.push(start)
    if (part.sharesWith === undefined) {
      const head = Buffer.alloc(30)
      head.writeUInt32LE(0x04034b50, 0)
      head.writeUInt16LE(20, 4)
      head.writeUInt16LE(flags, 6)
      head.writeUInt16LE(method, 8)
      head.writeUInt32LE(crc, 14)
      head.writeUInt32LE(compressed, 18)
      head.writeUInt32LE(uncompressed, 22)
      head.writeUInt16LE(name.length, 26)
      files.push(head, name, packed)
      at += head.length + name.length + packed.length
    }
    const row = Buffer.alloc(46)
    row.writeUInt32LE(0x02014b50, 0)
    row.writeUInt16LE((3 << 8) | 20, 4)
    row.writeUInt16LE(20, 6)
    row.writeUInt16LE(flags, 8)
    row.writeUInt16LE(method, 10)
    row.writeUInt32LE(crc, 16)
    row.writeUInt32LE(compressed, 20)
    row.writeUInt32LE(uncompressed, 24)
    row.writeUInt16LE(name.length, 28)
    row.writeUInt32LE(((part.mode ?? 0o100600) << 16) >>> 0, 38)
    row.writeUInt32LE(start, 42)
    directory.push(row, name)
  }
  const rows = Buffer.concat(directory)
  const comment = Buffer.from(claims.comment ?? '')
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(claims.entries ?? parts.length, 8)
  end.writeUInt16LE(claims.entries ?? parts.length, 10)
  end.writeUInt32LE(rows.length, 12)
  end.writeUInt32LE(at, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...files, rows, end, comment])
}

// Of Node's own only from 20.15 on.
function crcOf(content: Buffer): number {
  let crc = ~0
  for (const byte of content) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0)
  }
  return ~crc >>> 0
}
