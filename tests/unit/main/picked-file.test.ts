import { execFileSync } from 'node:child_process'
import {
  lstatSync,
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
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPickedFile, suggestFileName, writePickedFile } from '../../../src/main/picked-file'

const inFolder = (): string => mkdtempSync(join(tmpdir(), 'parley-picked-'))

describe('a file that was picked', () => {
  it('is read whole, up to its limit', async () => {
    const file = join(inFolder(), 'a')
    writeFileSync(file, 'content')
    expect(await readPickedFile(file, 7)).toEqual({ ok: true, bytes: Buffer.from('content') })
    expect(await readPickedFile(file, 6)).toEqual({ ok: false, reason: 'too-large' })
    writeFileSync(file, '')
    expect(await readPickedFile(file, 6)).toEqual({ ok: true, bytes: Buffer.alloc(0) })
    truncateSync(file, 10_000_000_000)
    expect(await readPickedFile(file, 6)).toEqual({ ok: false, reason: 'too-large' })
  })

  it('S19 is an ordinary file: what has no end, no content or no name is not begun', async () => {
    const folder = inFolder()
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    for (const path of [folder, pipe, join(folder, 'gone'), '/dev/zero', '/dev/null', 'a\0b', '']) {
      expect(await readPickedFile(path, 1000)).toEqual({ ok: false, reason: 'unreadable' })
    }
  })
})

describe('a file that is saved (S20)', () => {
  it('is the owner’s alone and takes the place of what was there', async () => {
    const folder = inFolder()
    const file = join(folder, 'a.json')
    await writePickedFile(file, 'one')
    await writePickedFile(file, 'two')
    expect(readFileSync(file, 'utf8')).toBe('two')
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(readdirSync(folder)).toEqual(['a.json'])
  })

  it('replaces a link and leaves what it led to alone', async () => {
    const folder = inFolder()
    const target = join(folder, 'target')
    const link = join(folder, 'link.json')
    writeFileSync(target, 'untouched')
    symlinkSync(target, link)
    await writePickedFile(link, 'saved')
    expect(readFileSync(target, 'utf8')).toBe('untouched')
    expect(lstatSync(link).isSymbolicLink()).toBe(false)
    expect(readFileSync(link, 'utf8')).toBe('saved')
  })

  it('says so when it cannot be written, and leaves nothing behind', async () => {
    const folder = inFolder()
    mkdirSync(join(folder, 'a.json', 'below'), { recursive: true })
    await expect(writePickedFile(join(folder, 'a.json'), 'x')).rejects.toMatchObject({
      error: { code: 'storage', reason: 'failed' },
    })
    expect(readdirSync(folder)).toEqual(['a.json'])
  })

  it.each([
    ['answer.json', 'answer.json'],
    ['../../etc/passwd', 'etc passwd'],
    ['C:\\Windows\\x.json', 'C Windows x.json'],
    ['CON', '_CON'],
    ['con.json', '_con.json'],
    ['LPT1.tar.gz', '_LPT1.tar.gz'],
    ['console.json', 'console.json'],
    ['a\0b.json', 'a b.json'],
    ['gpj.\u202eexe.json', 'gpj.exe.json'],
    ['name.', 'name'],
    ['...', 'parley'],
    ['.json', 'json'],
    ['', 'parley'],
    ['a: "b" <c>|d?*.json', 'a b c d.json'],
    ['Ответ 1.json', 'Ответ 1.json'],
  ])('suggests for %j: %j', (name, suggested) => {
    expect(suggestFileName(name)).toBe(suggested)
  })

  it('suggests a name of at most 200 bytes that keeps its ending', () => {
    const long = suggestFileName(`${'я'.repeat(300)}.json`)
    expect(Buffer.byteLength(long)).toBeLessThanOrEqual(200)
    expect(long).toMatch(/^я+\.json$/u)
  })

  it('suggests for whatever a name is one that is a name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (name) => {
        const suggested = suggestFileName(name)
        expect(suggested).toMatch(/^[^/\\:*?"<>|\p{Cc}\p{Cf}]+$/u)
        expect(suggested).not.toMatch(/^[\s.]|[\s.]$/u)
        expect(Buffer.byteLength(suggested)).toBeLessThanOrEqual(200)
      }),
    )
  })
})
