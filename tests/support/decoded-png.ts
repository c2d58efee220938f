import { crc32, inflateSync } from 'node:zlib'
import { expect } from 'vitest'

export interface DecodedPng {
  width: number
  height: number
  /** Red, green and blue of each pixel, rows from the top. */
  rgb: Uint8Array
}

/** Reads a PNG as its specification says, and what this program does not write not at all. */
export function decodePng(png: Uint8Array): DecodedPng {
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength)
  expect([...png.subarray(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  const names: string[] = []
  const data: Uint8Array[] = []
  let head = new Uint8Array(0)
  for (let at = 8; at < png.byteLength;) {
    const length = view.getUint32(at)
    const name = new TextDecoder().decode(png.subarray(at + 4, at + 8))
    const chunk = png.slice(at + 8, at + 8 + length)
    expect(view.getUint32(at + 8 + length)).toBe(crc32(png.subarray(at + 4, at + 8 + length)))
    if (name === 'IHDR') head = chunk
    if (name === 'IDAT') data.push(chunk)
    names.push(name)
    at += length + 12
  }
  expect([names[0], names.at(-1), ...new Set(names.slice(1, -1))]).toEqual(['IHDR', 'IEND', 'IDAT'])
  const facts = new DataView(head.buffer, head.byteOffset)
  const [width, height] = [facts.getUint32(0), facts.getUint32(4)]
  expect([...head.subarray(8)]).toEqual([8, 2, 0, 0, 0])
  const rows = inflateSync(Buffer.concat(data))
  const rowBytes = width * 3 + 1
  expect(rows.byteLength).toBe(rowBytes * height)
  const rgb = new Uint8Array(width * height * 3)
  for (let y = 0; y < height; y += 1) {
    expect(rows[y * rowBytes]).toBe(1)
    for (let x = 0; x < width * 3; x += 1) {
      const before = x < 3 ? 0 : (rgb[y * width * 3 + x - 3] ?? 0)
      rgb[y * width * 3 + x] = (rows[y * rowBytes + 1 + x] ?? 0) + before
    }
  }
  return { width, height, rgb }
}
