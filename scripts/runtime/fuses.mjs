/** Electron's fuses: switches that sit as ASCII digits behind a sentinel inside the executable. */
import { open } from 'node:fs/promises'

export const fuseSentinel = 'dL7pKGdnNz796PbbjQWNKmHXBZaB9tsX'

/** Positions in the fuse wire (electron/build/fuses/fuses.json5); the order never changes. */
export const fuses = /** @type {const} */ ({
  runAsNode: 0,
  cookieEncryption: 1,
  nodeOptions: 2,
  nodeCliInspect: 3,
  asarIntegrity: 4,
  onlyLoadAppFromAsar: 5,
  browserV8Snapshot: 6,
  fileProtocolExtraPrivileges: 7,
})

/**
 * Sets fuses in place, one byte each.
 * @param {string} executable
 * @param {Partial<Record<keyof typeof fuses, boolean>>} wanted fuses not named stay as they are
 * @returns {Promise<string>} the whole wire afterwards, e.g. `10110001`
 * @throws {Error} when the file has no fuse wire, or an older wire without one of the fuses
 */
export async function flipFuses(executable, wanted) {
  const file = await open(executable, 'r+')
  try {
    const sentinelAt = await findInFile(file, Buffer.from(fuseSentinel))
    if (sentinelAt === undefined) throw new Error('no fuse wire in this executable')
    const prefix = Buffer.alloc(2)
    await file.read(prefix, 0, 2, sentinelAt + fuseSentinel.length)
    const [version, count] = [prefix.readUInt8(0), prefix.readUInt8(1)]
    if (version !== 1) throw new Error(`unknown version ${version} of the fuse wire`)
    const wireAt = sentinelAt + fuseSentinel.length + 2
    for (const [name, isOn] of Object.entries(wanted)) {
      const index = fuses[/** @type {keyof typeof fuses} */ (name)]
      if (index >= count) throw new Error(`this executable has no fuse ${name}`)
      await file.write(isOn ? '1' : '0', wireAt + index, 'latin1')
    }
    const wire = Buffer.alloc(count)
    await file.read(wire, 0, count, wireAt)
    return wire.toString('latin1')
  } finally {
    await file.close()
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} file
 * @param {Buffer} needle
 * @returns {Promise<number | undefined>}
 */
async function findInFile(file, needle) {
  const window = Buffer.alloc(8 << 20)
  let position = 0
  for (;;) {
    const { bytesRead } = await file.read(window, 0, window.length, position)
    const found = window.subarray(0, bytesRead).indexOf(needle)
    if (found !== -1) return position + found
    if (bytesRead < window.length) return undefined
    // The needle may lie across two windows.
    position += bytesRead - needle.length + 1
  }
}
