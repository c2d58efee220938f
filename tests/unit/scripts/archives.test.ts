import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { deflateRawSync } from 'node:zlib'
import { extractFile, listPackage } from '@electron/asar'
import { getCurrentFuseWire, FuseV1Options } from '@electron/fuses'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packAsar } from '../../../scripts/runtime/asar.mjs'
import { defaultAppFiles } from '../../../scripts/runtime/default-app.mjs'
import { flipFuses, fuseSentinel } from '../../../scripts/runtime/fuses.mjs'
import { hashFile } from '../../../scripts/runtime/npm-package.mjs'
import { unzip } from '../../../scripts/runtime/zip.mjs'

let folder = ''

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'parley-scripts-'))
})

afterEach(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

interface ZipInput {
  name: string
  content: Buffer
  method?: 0 | 8 | 12
  mode?: number
  /** Extra field in the local header only: the two headers of a real archive often differ. */
  localExtra?: Buffer
  claimedBytes?: number
}

/** Builds a zip by hand, so that the reader is not tested against itself. */
function makeZip(inputs: readonly ZipInput[], comment = ''): Buffer {
  const locals: Buffer[] = []
  const directory: Buffer[] = []
  let offset = 0
  for (const { name, content, method = 8, mode = 0o644, localExtra = Buffer.alloc(0), claimedBytes } of inputs) {
    const packed = method === 8 ? deflateRawSync(content) : content
    const nameBytes = Buffer.from(name)
    const local = Buffer.alloc(30)
    local.writeUInt32LE(0x04034b50, 0)
    local.writeUInt16LE(nameBytes.length, 26)
    local.writeUInt16LE(localExtra.length, 28)
    locals.push(local, nameBytes, localExtra, packed)
    const entry = Buffer.alloc(46)
    entry.writeUInt32LE(0x02014b50, 0)
    entry.writeUInt16LE(method, 10)
    entry.writeUInt32LE(packed.length, 20)
    entry.writeUInt32LE(claimedBytes ?? content.length, 24)
    entry.writeUInt16LE(nameBytes.length, 28)
    entry.writeUInt32LE(((0o100000 | mode) << 16) >>> 0, 38)
    entry.writeUInt32LE(offset, 42)
    directory.push(entry, nameBytes)
    offset += 30 + nameBytes.length + localExtra.length + packed.length
  }
  const index = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.writeUInt32LE(0x06054b50, 0)
  end.writeUInt16LE(inputs.length, 8)
  end.writeUInt16LE(inputs.length, 10)
  end.writeUInt32LE(index.length, 12)
  end.writeUInt32LE(offset, 16)
  end.writeUInt16LE(comment.length, 20)
  return Buffer.concat([...locals, index, end, Buffer.from(comment)])
}

async function writeZip(inputs: readonly ZipInput[], comment?: string): Promise<string> {
  const file = path.join(folder, 'a.zip')
  await writeFile(file, makeZip(inputs, comment))
  return file
}

const everything = (name: string) => name

describe('zip reader', () => {
  it('takes out what is asked for, under the name it is given, with its content and mode', async () => {
    const large = Buffer.from('0123456789'.repeat(300_000))
    const zip = await writeZip([
      { name: 'App/', content: Buffer.alloc(0), method: 0 },
      { name: 'App/App', content: large, mode: 0o755, localExtra: Buffer.alloc(28, 1) },
      { name: 'App/stored.bin', content: Buffer.from([0, 1, 2, 255]), method: 0 },
      { name: 'App/empty', content: Buffer.alloc(0), method: 0 },
      { name: 'App/left/out', content: Buffer.from('no') },
      { name: 'App/locales/ру.pak', content: Buffer.from('слово') },
    ])
    const out = path.join(folder, 'out')
    const written = await unzip(zip, out, (name) =>
      name.includes('left') ? undefined : name === 'App/App' ? 'electron' : name.slice(4),
    )
    expect(written).toBe(4)
    expect((await readFile(path.join(out, 'electron'))).equals(large)).toBe(true)
    expect((await stat(path.join(out, 'electron'))).mode & 0o777).toBe(0o755)
    expect(await readFile(path.join(out, 'stored.bin'))).toEqual(Buffer.from([0, 1, 2, 255]))
    expect((await stat(path.join(out, 'empty'))).size).toBe(0)
    expect(await readFile(path.join(out, 'locales', 'ру.pak'), 'utf8')).toBe('слово')
    await expect(stat(path.join(out, 'left'))).rejects.toThrow('ENOENT')
  })

  it('finds the directory behind an archive comment', async () => {
    const zip = await writeZip([{ name: 'a', content: Buffer.from('x') }], 'a comment '.repeat(500))
    expect(await unzip(zip, path.join(folder, 'out'), everything)).toBe(1)
  })

  it('refuses an entry that would leave its folder', async () => {
    const zip = await writeZip([{ name: '../outside', content: Buffer.from('x') }])
    await expect(unzip(zip, path.join(folder, 'out'), everything)).rejects.toThrow('leaves its folder')
    await expect(stat(path.join(folder, 'outside'))).rejects.toThrow('ENOENT')
    const absolute = await writeZip([{ name: '/tmp/parley-absolute', content: Buffer.from('x') }])
    await expect(unzip(absolute, path.join(folder, 'out'), everything)).rejects.toThrow('leaves its folder')
  })

  it('refuses what is damaged, cut or packed in an unknown way', async () => {
    const out = path.join(folder, 'out')
    const lying = await writeZip([{ name: 'a', content: Buffer.from('four'), claimedBytes: 5 }])
    await expect(unzip(lying, out, everything)).rejects.toThrow('wrong length')
    const strange = await writeZip([{ name: 'a', content: Buffer.from('four'), method: 12 }])
    await expect(unzip(strange, out, everything)).rejects.toThrow('unknown compression 12')
    const cut = path.join(folder, 'cut.zip')
    await writeFile(cut, makeZip([{ name: 'a', content: Buffer.from('four') }]).subarray(0, 60))
    await expect(unzip(cut, out, everything)).rejects.toThrow('no end record')
    const empty = path.join(folder, 'empty.zip')
    await writeFile(empty, '')
    await expect(unzip(empty, out, everything)).rejects.toThrow('not a zip file')
  })
})

describe('asar writer', () => {
  it('writes an archive that @electron/asar reads', async () => {
    const file = path.join(folder, 'a.asar')
    const files = { 'package.json': '{"name":"x"}', 'main.mjs': 'слово\n', empty: '' }
    await writeFile(file, packAsar(files))
    expect(listPackage(file, { isPack: false }).sort()).toEqual(['/empty', '/main.mjs', '/package.json'])
    for (const [name, text] of Object.entries(files)) expect(extractFile(file, name).toString('utf8')).toBe(text)
  })

  it('carries a default app that is an ES module waiting for the app it loads', () => {
    expect(JSON.parse(defaultAppFiles['package.json'])).toMatchObject({ type: 'module', main: 'main.mjs' })
    expect(defaultAppFiles['main.mjs']).toMatch(/^await import\(/m)
  })
})

describe('fuses', () => {
  /** An executable in miniature: a wire of eight fuses somewhere in other bytes, as @electron/fuses expects it. */
  async function writeExecutable(before: number, wire = '10110001'): Promise<string> {
    const file = path.join(folder, 'electron')
    const head = Buffer.concat([Buffer.from(fuseSentinel), Buffer.from([1, wire.length]), Buffer.from(wire)])
    await writeFile(file, Buffer.concat([Buffer.alloc(before, 7), head, Buffer.alloc(1000, 9)]))
    return file
  }

  it('S47: sets the named fuses and leaves the others, as @electron/fuses reads them', async () => {
    const file = await writeExecutable(5000)
    const before = await readFile(file)
    expect(await flipFuses(file, { nodeOptions: false, asarIntegrity: true, nodeCliInspect: false })).toBe('10001001')
    const wire = await getCurrentFuseWire(file)
    expect(wire[FuseV1Options.EnableEmbeddedAsarIntegrityValidation]).toBe('1'.charCodeAt(0))
    expect(wire[FuseV1Options.EnableNodeCliInspectArguments]).toBe('0'.charCodeAt(0))
    expect(wire[FuseV1Options.RunAsNode]).toBe('1'.charCodeAt(0))
    const after = await readFile(file)
    expect(after.length).toBe(before.length)
    expect(after.filter((byte, index) => byte !== before[index]).length).toBe(3)
  })

  it('finds a sentinel that lies across two reads', async () => {
    const file = await writeExecutable((8 << 20) - 10)
    expect(await flipFuses(file, { runAsNode: false })).toBe('00110001')
  })

  it('refuses a file without a wire, and a fuse the wire does not have', async () => {
    const plain = path.join(folder, 'plain')
    await writeFile(plain, Buffer.alloc(100))
    await expect(flipFuses(plain, { runAsNode: true })).rejects.toThrow('no fuse wire')
    const old = await writeExecutable(10, '1011')
    await expect(flipFuses(old, { browserV8Snapshot: false })).rejects.toThrow('no fuse browserV8Snapshot')
  })
})

describe('pinned package', () => {
  it('is hashed the way package-lock.json writes it', async () => {
    const file = path.join(folder, 'a.tgz')
    await writeFile(file, 'parley')
    // printf parley | openssl dgst -sha512 -binary | base64 -w0
    const expected = 'mDq4rIIF+SOX8k6gcZZ/sk6ZR/Lg3ZCOxyahnJZhSED52gKaK+c1jtIG19SQ8UlmCXsuik+dwHAhbrtwYORAfw=='
    expect(await hashFile(file)).toBe(`sha512-${expected}`)
  })
})
