/** A zip reader that takes out what is asked for and never touches the rest. */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createInflateRaw } from 'node:zlib'

/**
 * @typedef {object} ZipEntry
 * @property {string} name as in the archive; folders end in `/`
 * @property {number} method 0 stored, 8 deflated
 * @property {number} packedBytes
 * @property {number} bytes
 * @property {number} headerOffset of the local header
 * @property {number} mode unix permission bits
 */

const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const endBytes = 22

/**
 * Reads the central directory (PKWARE APPNOTE 4.3.12, 4.3.16). No zip64, no encryption, no split archives: such a file
 * is refused.
 * @param {import('node:fs/promises').FileHandle} zip
 * @returns {Promise<ZipEntry[]>}
 */
export async function readZipEntries(zip) {
  const { size } = await zip.stat()
  // The end record is the last thing in the file but for a comment of at most 65,535 bytes.
  const tail = await readAt(zip, Math.max(0, size - endBytes - 0xffff), Math.min(size, endBytes + 0xffff))
  let end = tail.length - endBytes
  while (end >= 0 && tail.readUInt32LE(end) !== endSignature) end -= 1
  if (end < 0) throw new Error('not a zip file: no end record')
  const count = tail.readUInt16LE(end + 10)
  const directoryBytes = tail.readUInt32LE(end + 12)
  const directoryOffset = tail.readUInt32LE(end + 16)
  if (count === 0xffff || directoryOffset === 0xffffffff) throw new Error('zip64 archives are not supported')
  const directory = await readAt(zip, directoryOffset, directoryBytes)
  /** @type {ZipEntry[]} */
  const entries = []
  let at = 0
  for (let index = 0; index < count; index += 1) {
    if (directory.readUInt32LE(at) !== entrySignature) throw new Error('damaged zip file: bad directory entry')
    if ((directory.readUInt16LE(at + 8) & 1) !== 0) throw new Error('encrypted zip files are not supported')
    const nameBytes = directory.readUInt16LE(at + 28)
    entries.push({
      name: directory.toString('utf8', at + 46, at + 46 + nameBytes),
      method: directory.readUInt16LE(at + 10),
      packedBytes: directory.readUInt32LE(at + 20),
      bytes: directory.readUInt32LE(at + 24),
      headerOffset: directory.readUInt32LE(at + 42),
      mode: (directory.readUInt32LE(at + 38) >>> 16) & 0o777,
    })
    at += 46 + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32)
  }
  return entries
}

/**
 * Unpacks the entries for which `place` gives a relative path.
 * @param {string} zipFile
 * @param {string} folder
 * @param {(name: string) => string | undefined} place undefined leaves the entry out
 * @returns {Promise<number>} how many files were written
 */
export async function unzip(zipFile, folder, place) {
  const zip = await open(zipFile, 'r')
  try {
    let written = 0
    for (const entry of await readZipEntries(zip)) {
      if (entry.name.endsWith('/')) continue
      const relative = place(entry.name)
      if (relative === undefined) continue
      const target = path.resolve(folder, relative)
      // An archive decides names, never places.
      if (!target.startsWith(path.resolve(folder) + path.sep))
        throw new Error(`zip entry leaves its folder: ${entry.name}`)
      await mkdir(path.dirname(target), { recursive: true })
      await writeEntry(zip, zipFile, entry, target)
      written += 1
    }
    return written
  } finally {
    await zip.close()
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} zip
 * @param {string} zipFile
 * @param {ZipEntry} entry
 * @param {string} target
 */
async function writeEntry(zip, zipFile, entry, target) {
  // The lengths in the local header may differ from those in the directory (other extra fields), so it is read as well.
  const header = await readAt(zip, entry.headerOffset, 30)
  const start = entry.headerOffset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
  const sink = createWriteStream(target, { mode: entry.mode === 0 ? 0o644 : entry.mode })
  if (entry.packedBytes === 0) {
    await pipeline([], sink)
  } else {
    const end = start + entry.packedBytes - 1
    const source = createReadStream(zipFile, { start, end, highWaterMark: 1 << 20 })
    if (entry.method === 0) await pipeline(source, sink)
    else if (entry.method === 8) await pipeline(source, createInflateRaw({ chunkSize: 1 << 20 }), sink)
    else throw new Error(`zip entry with unknown compression ${entry.method}: ${entry.name}`)
  }
  if (sink.bytesWritten !== entry.bytes) throw new Error(`damaged zip file: ${entry.name} has the wrong length`)
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {number} position
 * @param {number} length
 */
async function readAt(file, position, length) {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await file.read(buffer, 0, length, position)
  if (bytesRead !== length) throw new Error('damaged zip file: it ends too early')
  return buffer
}
