import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { toDataUri, toDataUris } from '../../../src/main/backend/media'
import { gif, jpeg, png, webp } from '../../support/images'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'parley-media-'))
})
afterAll(async () => {
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

const bytesOf = (uri: string): Buffer => Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64')

function refusal(reason: string, name: string, format: string | null = null, limit: number | null = null): unknown {
  return { ok: false, error: { code: 'attachment', reason, name, format, limit } }
}

describe('media as data URIs', () => {
  test.each([
    ['image/png', png()],
    ['image/jpeg', jpeg()],
    ['image/gif', gif()],
    ['image/webp', webp()],
  ])('%s from a path, from bytes and from a Blob, by content and bit-exact', async (mime, bytes) => {
    const file = path.join(folder, 'wrong-name.txt')
    await writeFile(file, bytes)
    for (const source of [file, Uint8Array.from(bytes), bytes, new Blob([Uint8Array.from(bytes)])]) {
      const result = await toDataUri(source)
      expect(result.ok && result.value.slice(0, result.value.indexOf(','))).toBe(`data:${mime};base64`)
      expect(result.ok && bytesOf(result.value).equals(bytes)).toBe(true)
    }
  })

  test('a view into a larger buffer', async () => {
    const bytes = png()
    const behind = Buffer.concat([Buffer.alloc(10, 1), bytes, Buffer.alloc(10, 1)])
    const result = await toDataUri(new Uint8Array(behind.buffer, behind.byteOffset + 10, bytes.length))
    expect(result.ok && bytesOf(result.value).equals(bytes)).toBe(true)
  })

  test('each refusal has its reason and the name of its file', async () => {
    const at = (name: string): string => path.join(folder, name)
    await writeFile(at('empty.png'), '')
    await writeFile(at('drawing.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
    await writeFile(at('cut.png'), png().subarray(0, 40))
    await writeFile(at('huge.png'), png())
    await truncate(at('huge.png'), 20 * 1024 * 1024 + 1)
    await symlink(at('nowhere'), at('dangling.png'))
    execFileSync('mkfifo', [at('pipe.png')])
    const pixels = png({ claimed: { width: 65_535, height: 65_535 } })

    expect(await toDataUri(at('empty.png'))).toEqual(refusal('empty', 'empty.png'))
    expect(await toDataUri(at('drawing.svg'))).toEqual(refusal('format', 'drawing.svg', 'SVG'))
    expect(await toDataUri(at('cut.png'))).toEqual(refusal('damaged', 'cut.png'))
    expect(await toDataUri(at('huge.png'))).toEqual(refusal('too-large', 'huge.png', null, 20))
    expect(await toDataUri(pixels, 'b.png')).toEqual(refusal('too-many-pixels', 'b.png', null, 64))
    expect(await toDataUri(folder)).toEqual(refusal('folder', path.basename(folder)))
    expect(await toDataUri(at('nowhere.png'))).toEqual(refusal('unreadable', 'nowhere.png'))
    expect(await toDataUri(at('dangling.png'))).toEqual(refusal('unreadable', 'dangling.png'))
    expect(await toDataUri(at('pipe.png'))).toEqual(refusal('unreadable', 'pipe.png'))
    expect(await toDataUri('/dev/zero')).toEqual(refusal('unreadable', 'zero'))
    expect(await toDataUri(new Blob(['text']), 'a.txt')).toEqual(refusal('format', 'a.txt', 'TXT'))
    expect(await toDataUri(new File([new Uint8Array(20 * 1024 * 1024 + 1)], 'f.png'))).toEqual(
      refusal('too-large', 'f.png', null, 20),
    )
  })

  test('a Blob that cannot be read is refused', async () => {
    const blob = new Blob(['x'])
    Object.defineProperty(blob, 'arrayBuffer', { value: () => Promise.reject(new Error('gone')) })
    expect(await toDataUri(blob, 'x.png')).toEqual(refusal('unreadable', 'x.png'))
  })

  test('several: one result each, in order, and a bad one stops none of the others', async () => {
    const results = await toDataUris([
      { file: png(), name: 'a.png' },
      { file: path.join(folder, 'not-there.png') },
      { file: Buffer.from('text'), name: 'c.png' },
      { file: new File([Uint8Array.from(gif())], 'd.gif') },
    ])
    expect(results.map(({ name, uri }) => [name, uri.ok])).toEqual([
      ['a.png', true],
      ['not-there.png', false],
      ['c.png', false],
      ['d.gif', true],
    ])
  })
})
