/**
 * Packs a handful of files, all in the top folder, into an asar archive.
 * Layout: two Chromium pickles (size of the header; header as JSON, padded to four bytes), then the files' bytes.
 * @param {Readonly<Record<string, string>>} files name → text
 * @returns {Buffer}
 */
export function packAsar(files) {
  /** @type {Buffer[]} */
  const bodies = []
  /** @type {Record<string, {size: number, offset: string}>} */
  const index = {}
  let offset = 0
  for (const [name, text] of Object.entries(files)) {
    const body = Buffer.from(text, 'utf8')
    index[name] = { size: body.length, offset: String(offset) }
    offset += body.length
    bodies.push(body)
  }
  const json = Buffer.from(JSON.stringify({ files: index }), 'utf8')
  const paddedBytes = Math.ceil(json.length / 4) * 4
  const head = Buffer.alloc(16 + paddedBytes)
  head.writeUInt32LE(4, 0)
  head.writeUInt32LE(8 + paddedBytes, 4)
  head.writeUInt32LE(4 + paddedBytes, 8)
  head.writeUInt32LE(json.length, 12)
  json.copy(head, 16)
  return Buffer.concat([head, ...bodies])
}
