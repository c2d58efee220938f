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
import type { AddedAttachment } from '../../../src/shared/contract'
import type { AttachmentInfo } from '../../../src/shared/conversation'
import { DEFAULT_IMAGE_SETTINGS, type ImageSettings } from '../../../src/shared/settings'
import { toAppError } from '../../../src/shared/errors'
import { gif, jpeg, picture, png, tiff, webp } from '../../support/images'
import { aac, avif, flac, mp3, mp4, ogg, wav, webm } from '../../support/sounds'
import { AT_ONCE_MS } from '../../support/pace'

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
/** The attachment of a result that has one. */
const attachmentOf = (result: AddedAttachment): AttachmentInfo | null =>
  'attachment' in result ? result.attachment : null
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
    expect(await attachments.sendable(id, png().length)).toBe(join(folder, `${id}.png`))
    expect(await attachments.sendable(sha256(jpeg()), jpeg().length)).toBeNull()
    truncateSync(join(folder, `${id}.png`), png().length - 1)
    expect(await attachments.sendable(id, png().length)).toBeNull()
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
      { name: 'e.png', bytes: Buffer.from('PK\x03\x04\x14\0\0\0', 'latin1') },
    ])
    expect(results.map((result) => attachmentOf(result)?.mime ?? reasonOf(result))).toEqual([
      'image/png',
      'image/jpeg',
      'image/gif',
      'image/webp',
      'format',
    ])
  })

  it('takes texts and PDFs by content, a text always as UTF-8', async () => {
    const { attachments } = open()
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from('Grüße\n', 'utf16le')])
    const results = await attachments.add([
      { name: 'a.rs', bytes: Buffer.from('fn main() {}\n') },
      { name: 'b.png', bytes: Buffer.from('no image, whatever its name says') },
      { name: 'c.csv', bytes: Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from('a;b\n')]) },
      { name: 'd.txt', bytes: utf16 },
      { name: 'e.txt', bytes: Buffer.concat([Buffer.from([0xfe, 0xff]), Buffer.from('Grüße\n', 'utf16le').swap16()]) },
      { name: 'f.log', bytes: Buffer.from('\x1b[31mred\x1b[0m\n') },
      { name: 'g', bytes: Buffer.from('%PDF-1.7\n%\xe2\xe3\n', 'latin1') },
    ])
    const kept = results.map((result) => attachmentOf(result))
    expect(kept.map((each) => each?.mime)).toEqual([...Array<string>(6).fill('text/plain'), 'application/pdf'])
    const contents = await Promise.all(
      kept.slice(2, 5).map(async (each) => readFileSync((await attachments.file(each?.id ?? ''))?.path ?? '', 'utf8')),
    )
    expect(contents).toEqual(['a;b\n', 'Grüße\n', 'Grüße\n'])
    expect(kept[0]).toMatchObject({
      name: 'a.rs',
      bytes: 13,
      width: 0,
      height: 0,
      id: sha256(Buffer.from('fn main() {}\n')),
    })
  })

  it.each([
    ['a page that holds an SVG', '<!doctype html>\n<body><svg viewBox="0 0 1 1"></svg></body>\n'],
    ['a program that draws one', 'export const Icon = () => (\n  <svg viewBox="0 0 1 1"></svg>\n)\n'],
    ['a program that looks for PDFs', 'const isPdf = (bytes) => bytes.includes("%PDF-1.7")\n'],
    ['a table that begins like a BMP', 'BMI;weight;height\n21.5;70;1.80\n'],
    ['a note that begins like an MP3', 'ID3 tags, and what they are good for: a list of all of them\n'],
  ])('S22 takes %s for the text that it is', async (_what, text) => {
    const { attachments } = open()
    const bytes = Buffer.from(text)
    const added = await attachments.addFile({ name: 'a.txt', bytes })
    expect(attachmentOf(added)).toMatchObject({ id: sha256(bytes), mime: 'text/plain' })
  })

  it('S22 a PDF with something in front of it is one', async () => {
    const { attachments } = open()
    const bytes = Buffer.from('From a mail\n%PDF-1.7\n%\xe2\xe3\xcf\xd3\n', 'latin1')
    const added = await attachments.addFile({ name: 'a.pdf', bytes })
    expect(attachmentOf(added)?.mime).toBe('application/pdf')
  })

  it('S22 takes nothing for text that is none', async () => {
    const { attachments } = open()
    const results = await attachments.add([
      { name: 'a.txt', bytes: Buffer.from('half a character: \xc3', 'latin1') },
      { name: 'b.txt', bytes: Buffer.from('with a \0 in it') },
      { name: 'c.txt', bytes: Buffer.from('Gr\xfc\xdfe', 'latin1') },
      { name: 'd.txt', bytes: Buffer.from([0xff, 0xfe, 0x00, 0xd8]) },
      { name: 'e.txt', bytes: Buffer.from([0xff, 0xfe]) },
      { name: 'f.exe', bytes: Buffer.from('MZ\x90\0\x03', 'latin1') },
    ])
    expect(results.map(reasonOf)).toEqual(['format', 'format', 'format', 'format', 'empty', 'format'])
  })

  it('lets other work come between the pieces of a text of 19 MiB', async () => {
    const { attachments } = open()
    const bytes = Buffer.alloc(19 * 1024 * 1024, 'ä line of a log\n')
    let turns = 0
    let isOver = false
    const turn = (): void => {
      turns += 1
      if (!isOver) setImmediate(turn)
    }
    setImmediate(turn)
    const added = attachmentOf(await attachments.addFile({ name: 'long.log', bytes }))
    isOver = true
    expect(added?.mime).toBe('text/plain')
    // One for each mebibyte that is decoded, and one for each that is hashed.
    expect(turns).toBeGreaterThan(2 * 19)
  })

  it('refuses one without stopping the others, and keeps their order', async () => {
    const { attachments, put } = open()
    const results = await attachments.add([
      { name: 'a.png', path: put('a.png', png()) },
      { name: 'none.png', path: '/nowhere/none.png' },
      { name: 'c.gif', path: put('c.gif', gif()) },
    ])
    expect(results.map((result) => attachmentOf(result)?.name ?? (result.ok ? null : result.name))).toEqual([
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
    expect(performance.now() - startedMs).toBeLessThan(AT_ONCE_MS)
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
    ['/nowhere', 'unreadable'],
    ['/etc/passwd\0.png', 'unreadable'],
    ['', 'unreadable'],
  ])('S19 refuses %j', async (path, reason) => {
    const { attachments } = open()
    const startedMs = performance.now()
    expect(reasonOf(await attachments.addFile({ name: 'x.png', path }))).toBe(reason)
    expect(performance.now() - startedMs).toBeLessThan(AT_ONCE_MS)
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

describe('results of answers', () => {
  async function* pieces(bytes: Uint8Array, pieceBytes = bytes.length): AsyncGenerator<Uint8Array> {
    await Promise.resolve()
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes)
  }
  const keep = (attachments: Attachments, bytes: Uint8Array, pieceBytes?: number) =>
    attachments.keepResult({ body: pieces(bytes, pieceBytes), host: 'h' })

  it.each([
    ['png', 'image/png', png()],
    ['jpg', 'image/jpeg', jpeg()],
    ['gif', 'image/gif', gif()],
    ['webp', 'image/webp', webp()],
    ['avif', 'image/avif', avif(6, 4)],
    ['mp4', 'video/mp4', mp4()],
    ['mp4', 'video/mp4', mp4('M4V ')],
    ['mov', 'video/quicktime', mp4('qt  ')],
    ['webm', 'video/webm', webm()],
    ['mp3', 'audio/mpeg', mp3()],
    ['mp3', 'audio/mpeg', mp3().subarray(10)],
    ['wav', 'audio/wav', wav()],
    ['ogg', 'audio/ogg', ogg('opus')],
    ['ogg', 'audio/ogg', ogg('vorbis')],
    ['m4a', 'audio/mp4', mp4('M4A ')],
    ['flac', 'audio/flac', flac()],
    ['aac', 'audio/aac', aac()],
  ])('S22 a %s is known as %s, in pieces of any size, and found again', async (extension, mime, bytes) => {
    const { attachments, folder } = open()
    const id = sha256(bytes)
    const isImage = mime.startsWith('image/')
    const size = { width: isImage ? 6 : null, height: isImage ? 4 : null }
    for (const pieceBytes of [1, 7, 5000]) {
      expect(await keep(attachments, bytes, pieceBytes)).toEqual({ id, mime, bytes: bytes.length, ...size })
    }
    expect(readdirSync(folder)).toEqual([`${id}.${extension}`])
    expect(statSync(join(folder, `${id}.${extension}`)).mode & 0o777).toBe(0o600)
    expect(await attachments.file(id)).toEqual({ path: join(folder, `${id}.${extension}`), mime, bytes: bytes.length })
  })

  it.each([
    ['an SVG', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['HTML', Buffer.from('<!doctype html><script>alert(1)</script>')],
    ['XML', Buffer.from('<?xml version="1.0"?><svg/>')],
    ['a PDF', Buffer.from('%PDF-1.7\n1 0 obj')],
    ['a zip', Buffer.from('PK\x03\x04' + '\0'.repeat(100), 'latin1')],
    ['a program', Buffer.from('MZ' + '\0'.repeat(200), 'latin1')],
    ['Matroska', webm('matroska')],
    ['HEIC', Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0heic', 'latin1'), Buffer.alloc(64)])],
    ['BMP', Buffer.concat([Buffer.from('BM'), Buffer.alloc(100)])],
    ['zeros', Buffer.alloc(5000)],
    ['text', Buffer.from('Hello')],
    ['nothing', Buffer.alloc(0)],
  ])('S22 %s is refused, and leaves nothing', async (_what, bytes) => {
    const { attachments, folder } = open()
    const refused = await keep(attachments, bytes).catch(toAppError)
    expect(refused).toEqual({ code: 'media', reason: 'format', host: 'h', limitBytes: null })
    expect(readdirSync(folder)).toEqual([])
  })

  it('S24 an image of 20 MiB and a film of 200 MiB are the end, and the rest is not asked for', async () => {
    const { attachments, folder } = open()
    const MiB = 1024 * 1024
    for (const [head, limitBytes] of [
      [png(), 20 * MiB],
      [mp4(), 200 * MiB],
    ] as const) {
      let sent = 0
      async function* endless(): AsyncGenerator<Uint8Array> {
        yield head
        const piece = Buffer.alloc(4 * MiB)
        for (;;) {
          await Promise.resolve()
          sent += piece.length
          yield piece
        }
      }
      const before = process.memoryUsage().rss
      const refused = await attachments.keepResult({ body: endless(), host: null }).catch(toAppError)
      expect(refused).toEqual({ code: 'media', reason: 'too-large', host: null, limitBytes })
      expect(sent).toBeLessThanOrEqual(limitBytes + 4 * MiB)
      expect(process.memoryUsage().rss - before).toBeLessThan(120 * MiB)
    }
    expect(readdirSync(folder)).toEqual([])
  })

  it('S24 an image that claims more pixels than it may have is refused, whatever its kind', async () => {
    const { attachments } = open()
    for (const bytes of [png({ claimed: { width: 65_535, height: 65_535 } }), avif(65_535, 65_535)]) {
      expect(await keep(attachments, bytes).catch(toAppError)).toMatchObject({ code: 'media', reason: 'too-large' })
    }
  })

  it('what breaks off leaves nothing, and says why', async () => {
    const { attachments, folder } = open()
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield png().subarray(0, 40)
      await Promise.resolve()
      throw new Error('reset')
    }
    await expect(attachments.keepResult({ body: broken(), host: null })).rejects.toThrow('reset')
    expect(await keep(attachments, png().subarray(0, 60)).catch(toAppError)).toMatchObject({ reason: 'failed' })
    expect(readdirSync(folder)).toEqual([])
  })

  it('a disk that takes nothing is told as such', async () => {
    const { attachments, folder } = open()
    writeFileSync(folder, 'a file where the folder belongs')
    expect(await keep(attachments, png()).catch(toAppError)).toEqual({ code: 'storage', reason: 'failed' })
  })

  it('what a program that died was still writing is removed, once', async () => {
    const { attachments, folder } = open()
    mkdirSync(folder)
    writeFileSync(join(folder, 'result.new-1'), 'half')
    writeFileSync(join(folder, `${sha256(png())}.png.new-2`), 'half')
    writeFileSync(join(folder, 'mine.txt'), 'a file of somebody else')
    await keep(attachments, png())
    expect(readdirSync(folder).sort()).toEqual([`${sha256(png())}.png`, 'mine.txt'].sort())
  })

  it('a film is no attachment of a question', async () => {
    const { attachments } = open()
    const film = await keep(attachments, mp4())
    expect(await attachments.find(film.id)).toBeNull()
  })

  it('S23 stores no place and no serial number, and says what went; the file of the person is not touched', async () => {
    const { attachments, folder, put } = open()
    const original = jpeg({ exif: tiff({ orientation: 6, gps: 'position' }) })
    const path = put('photo.jpg', original)
    const [added] = await attachments.add([{ name: 'photo.jpg', path }])
    const attachment = added === undefined ? null : attachmentOf(added)
    expect(attachment).toMatchObject({ removed: ['location', 'camera'], hasLocation: false, orientation: 6, width: 4 })
    const stored = readFileSync(join(folder, `${attachment?.id}.jpg`))
    expect(sha256(stored)).toBe(attachment?.id)
    expect(stored.length).toBe(attachment?.bytes)
    expect(readFileSync(path).equals(original)).toBe(true)
  })

  it('S23 with the setting off the bytes stay as they are, and the position is told', async () => {
    const { folder } = open()
    const images = (): ImageSettings => ({ ...DEFAULT_IMAGE_SETTINGS, isMetadataRemoved: false })
    const attachments = new Attachments(folder, silentLogger, 'linux', images)
    const original = jpeg({ exif: tiff({ gps: 'position' }) })
    const added = await attachments.addFile({ name: 'a.jpg', bytes: original })
    expect(attachmentOf(added)).toMatchObject({ id: sha256(original), hasLocation: true })
    expect(attachmentOf(added)).not.toHaveProperty('removed')
  })

  it('S22 what a page has to draw is kept until then, and what it has drawn is checked like every file', async () => {
    const { attachments } = open()
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="6" height="4"/>')
    const id = sha256(svg)
    expect(await attachments.addFile({ name: 'flow.svg', bytes: svg })).toEqual({
      ok: true,
      source: { id, name: 'flow.svg', format: 'SVG', bytes: svg.length, width: 0, height: 0 },
    })
    expect((await attachments.file(id))?.mime).toBe('image/svg+xml')
    // It is no attachment: no message can name it.
    expect(await attachments.find(id)).toBeNull()

    const draw = (bytes: Uint8Array, sourceId = id) => attachments.addDrawn({ sourceId, name: 'flow.svg', bytes })
    expect(reasonOf(await draw(svg))).toBe('format')
    expect(reasonOf(await draw(gif()))).toBe('damaged')
    expect(reasonOf(await draw(png().subarray(0, 40)))).toBe('damaged')
    expect(await draw(png(), 'f'.repeat(64))).toMatchObject({ ok: false, error: { code: 'not-found' } })
    expect(attachmentOf(await draw(png()))).toEqual({
      id: sha256(png()),
      name: 'flow.png',
      mime: 'image/png',
      bytes: png().length,
      width: 6,
      height: 4,
      orientation: 1,
      hasLocation: false,
      before: { id, format: 'SVG', bytes: svg.length, width: 0, height: 0, isAnimated: false, isSendable: false },
    })
  })

  it('S24 a drawing is never larger than what it was drawn from', async () => {
    const { attachments } = open()
    await attachments.addFile({ name: 'a.png', bytes: png() })
    const larger = await attachments.addDrawn({ sourceId: sha256(png()), name: 'a.png', bytes: picture(7, 4) })
    expect(reasonOf(larger)).toBe('damaged')
    const smaller = await attachments.addDrawn({ sourceId: sha256(png()), name: 'a.png', bytes: picture(3, 2) })
    expect(attachmentOf(smaller)).toMatchObject({ width: 3, before: { width: 6, isSendable: true, format: 'PNG' } })
  })

  it('S24 a small BMP that claims 65,000 pixels each way is refused before anything decodes it', async () => {
    const { attachments } = open()
    const bomb = Buffer.alloc(200)
    bomb.write('BM')
    bomb.writeUInt32LE(54, 10)
    bomb.writeUInt32LE(40, 14)
    bomb.writeInt32LE(65_000, 18)
    bomb.writeInt32LE(65_000, 22)
    expect(reasonOf(await attachments.addFile({ name: 'a.bmp', bytes: bomb }))).toBe('too-many-pixels')
  })

  it('a folder gives its images by name, as many as a message takes, and looks into no other', async () => {
    const { attachments, root } = open()
    const trip = join(root, 'trip')
    mkdirSync(join(trip, 'inner.png'), { recursive: true })
    for (let index = 1; index <= 12; index += 1) writeFileSync(join(trip, `${index}.png`), picture(index, 2))
    writeFileSync(join(trip, 'notes.txt'), 'no image')
    writeFileSync(join(trip, 'lying.png'), 'no image')
    symlinkSync('/etc/passwd', join(trip, '0.png'))
    const [added] = await attachments.add([{ name: 'trip', path: trip }])
    if (added === undefined || !('inside' in added)) throw new Error('not opened')
    expect(added.inside.map((each) => attachmentOf(each)?.name)).toEqual(
      Array.from({ length: 10 }, (_, index) => `${index + 1}.png`),
    )
    expect([added.folder, added.left]).toEqual(['trip', 3])
  })

  it('takes WAV and MP3 as sounds, by content', async () => {
    const { attachments } = open()
    const results = [
      await attachments.addFile({ name: 'a.png', bytes: wav() }),
      await attachments.addFile({ name: 'b.mp3', bytes: mp3() }),
      await attachments.addFile({ name: 'c.mp3', bytes: flac() }),
    ]
    expect(results.map((each) => attachmentOf(each)?.mime ?? reasonOf(each))).toEqual([
      'audio/wav',
      'audio/mpeg',
      'format',
    ])
    expect(await attachments.find(sha256(wav()))).toMatchObject({ name: 'a.png', mime: 'audio/wav', width: 0 })
  })

  it('what somebody keeps while it is being deleted stays', async () => {
    const { attachments } = open()
    const bytes = Buffer.alloc(8 * 1024 * 1024, 'a line of text\n')
    const id = sha256(bytes)
    await attachments.addFile({ name: 'a.txt', bytes })
    await attachments.addFile({ name: 'a.txt', bytes }, 'a temporary chat')
    // To find out that it lies there already takes as long as to read it.
    const keeping = attachments.persist([id])
    await attachments.remove([id], performance.now())
    await keeping
    expect(await attachments.isWhole({ id, bytes: bytes.length })).toBe(true)
  })

  it('after a restart a draft tells what its images are called', async () => {
    const { attachments, folder } = open()
    const added = attachmentOf(await attachments.addFile({ name: 'fern.png', bytes: png() }))
    const later = new Attachments(folder, silentLogger)
    expect(later.isKnown(sha256(png()))).toBe(false)
    later.remember(added === null ? [] : [added])
    expect(await later.find(sha256(png()))).toMatchObject({ name: 'fern.png' })
  })
})
