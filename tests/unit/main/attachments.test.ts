import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Attachments } from '../../../src/main/attachments'
import { silentLogger } from '../../../src/main/logger'
import { gif, jpeg, png, webp } from '../../support/images'

function open(platform: NodeJS.Platform = 'linux') {
  const root = mkdtempSync(join(tmpdir(), 'parley-attachments-'))
  const folder = join(root, 'attachments')
  const put = (name: string, bytes: Uint8Array): string => {
    writeFileSync(join(root, name), bytes)
    return join(root, name)
  }
  return { attachments: new Attachments(folder, silentLogger, platform), folder, root, put }
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const reasonOf = (result: Awaited<ReturnType<Attachments['addFile']>>): unknown =>
  result.ok ? 'taken' : result.error.code === 'attachment' ? result.error.reason : result.error

describe('attachments', () => {
  it('keeps an image under its hash, for this user only, once', async () => {
    const { attachments, folder, put } = open()
    const path = put('Holiday.PNG', png())
    const [first, again] = await attachments.add([
      { name: 'Holiday.PNG', path },
      { name: 'copy.png', bytes: png() },
    ])
    const id = sha256(png())
    expect(first).toEqual({
      ok: true,
      attachment: {
        id,
        name: 'Holiday.PNG',
        mime: 'image/png',
        bytes: png().length,
        width: 6,
        height: 4,
        orientation: 1,
        hasLocation: false,
      },
    })
    expect(again).toMatchObject({ ok: true, attachment: { id, name: 'copy.png' } })
    expect(readdirSync(folder)).toEqual([`${id}.png`])
    expect(readFileSync(join(folder, `${id}.png`)).equals(png())).toBe(true)
    expect([statSync(join(folder, `${id}.png`)).mode & 0o777, statSync(folder).mode & 0o777]).toEqual([0o600, 0o700])
  })

  it('R41 gives no path for an image whose file has another size than it was added with', async () => {
    const { attachments, folder } = open()
    await attachments.addFile({ name: 'a.png', bytes: png() })
    const id = sha256(png())
    expect(await attachments.path(id, png().length)).toBe(join(folder, `${id}.png`))
    expect(await attachments.path(sha256(jpeg()), jpeg().length)).toBeNull()
    truncateSync(join(folder, `${id}.png`), png().length - 1)
    expect(await attachments.path(id, png().length)).toBeNull()
  })

  it('R41 repairs a stored image that is damaged but of the same size, and leaves a whole one alone', async () => {
    const { attachments, folder } = open()
    const stored = join(folder, `${sha256(png())}.png`)
    await attachments.addFile({ name: 'a.png', bytes: png() })
    const { ino } = statSync(stored)
    await attachments.addFile({ name: 'a.png', bytes: png() })
    expect(statSync(stored).ino).toBe(ino)
    writeFileSync(stored, Buffer.alloc(png().length))
    expect(await attachments.addFile({ name: 'a.png', bytes: png() })).toMatchObject({ ok: true })
    expect(readFileSync(stored).equals(png())).toBe(true)
    expect(readdirSync(folder)).toHaveLength(1)
  })

  it('S22 takes the four formats by content, whatever their names say', async () => {
    const { attachments } = open()
    const results = await attachments.add([
      { name: 'a.txt', bytes: png() },
      { name: 'b.png', bytes: jpeg() },
      { name: 'c', bytes: gif() },
      { name: 'd.jpg', bytes: webp() },
      { name: 'e.png', bytes: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>') },
    ])
    expect(results.map((result) => (result.ok ? result.attachment.mime : reasonOf(result)))).toEqual([
      'image/png',
      'image/jpeg',
      'image/gif',
      'image/webp',
      'format',
    ])
  })

  it('refuses one without stopping the others, and keeps their order', async () => {
    const { attachments, put } = open()
    const results = await attachments.add([
      { name: 'a.png', path: put('a.png', png()) },
      { name: 'none.png', path: '/nowhere/none.png' },
      { name: 'c.gif', path: put('c.gif', gif()) },
    ])
    expect(results.map((result) => (result.ok ? result.attachment.name : result.name))).toEqual([
      'a.png',
      'none.png',
      'c.gif',
    ])
    expect(results.map(({ ok }) => ok)).toEqual([true, false, true])
  })

  it('S24 takes ten of a message, and refuses the others unread', async () => {
    const { attachments, put } = open()
    const path = put('a.png', png())
    const results = await attachments.add(
      Array.from({ length: 12 }, (_each, index) => ({ name: `${index}.png`, path })),
    )
    expect(results.map(reasonOf)).toEqual([...Array<string>(10).fill('taken'), 'too-many', 'too-many'])
  })

  it('S24 refuses a file over 20 MiB without reading it', async () => {
    const { attachments, put } = open()
    const path = put('large.png', png())
    truncateSync(path, 10 * 1024 ** 3)
    const startedMs = performance.now()
    const result = await attachments.addFile({ name: 'large.png', path })
    expect(reasonOf(result)).toBe('too-large')
    expect(performance.now() - startedMs).toBeLessThan(500)
  })

  it.each([
    ['a link', (root: string, path: string) => symlinkSync(path, join(root, 'x')), 'unreadable'],
    ['a link to a folder', (root: string) => symlinkSync(root, join(root, 'x')), 'unreadable'],
    ['a folder', (root: string) => mkdirSync(join(root, 'x')), 'folder'],
    ['a pipe', (root: string) => void execFileSync('mkfifo', [join(root, 'x')]), 'unreadable'],
    ['an empty file', (root: string) => writeFileSync(join(root, 'x'), ''), 'empty'],
  ])('S19 refuses %s', async (_name, make, reason) => {
    const { attachments, root, folder, put } = open()
    make(root, put('real.png', png()))
    expect(reasonOf(await attachments.addFile({ name: 'x.png', path: join(root, 'x') }))).toBe(reason)
    expect(() => readdirSync(folder)).toThrow('ENOENT')
  })

  it.each([
    ['/dev/zero', 'unreadable'],
    ['/dev/null', 'unreadable'],
    ['/proc/self/environ', 'empty'],
    ['/proc/self/mem', 'empty'],
    ['/etc/passwd', 'format'],
    ['/nowhere', 'unreadable'],
    ['/etc/passwd\0.png', 'unreadable'],
    ['', 'unreadable'],
  ])('S19 refuses %j', async (path, reason) => {
    const { attachments } = open()
    const startedMs = performance.now()
    expect(reasonOf(await attachments.addFile({ name: 'x.png', path }))).toBe(reason)
    expect(performance.now() - startedMs).toBeLessThan(2500)
  })

  it.each(['\\\\host\\share\\a.png', '//host/share/a.png', '\\\\?\\C:\\a.png', '\\\\.\\pipe\\a'])(
    'S19 does not even look at %j on Windows',
    async (path) => {
      expect(reasonOf(await open('win32').attachments.addFile({ name: 'x.png', path }))).toBe('unreadable')
    },
  )

  it('says what is wrong with the disk when it cannot keep an image', async () => {
    const { attachments, root } = open()
    writeFileSync(join(root, 'attachments'), 'in the way')
    expect(reasonOf(await attachments.addFile({ name: 'a.png', bytes: png() }))).toEqual({
      code: 'storage',
      reason: 'failed',
    })
  })

  it('finds what it has, by id only', async () => {
    const { attachments, folder } = open()
    await attachments.addFile({ name: 'a.png', bytes: png() })
    const id = sha256(png())
    expect(await attachments.file(id)).toEqual({
      path: join(folder, `${id}.png`),
      mime: 'image/png',
      bytes: png().length,
    })
    expect(await attachments.find(id)).toMatchObject({ id, name: 'a.png' })
    expect(await new Attachments(folder, silentLogger).find(id)).toMatchObject({ id, name: 'image.png', width: 6 })
    for (const wrong of ['', '..', `../${id}`, id.toUpperCase(), '0'.repeat(64), `${id}.png`]) {
      expect(await attachments.file(wrong)).toBeNull()
      expect(await attachments.find(wrong)).toBeNull()
    }
  })
})
