import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { afterEach, expect, test, vi } from 'vitest'
import { DraggedFiles } from '../../../src/main/dragged-files'

afterEach(() => vi.unstubAllEnvs())

test('S20: a copy under a good name, for this user only, of a file or of bytes', async () => {
  const stored = join(mkdtempSync(join(tmpdir(), 'parley-stored-')), 'abc.png')
  writeFileSync(stored, 'picture')
  const dragged = new DraggedFiles()
  const path = await dragged.put({ path: stored }, '../My ../fern:?.png')
  expect(basename(path)).toBe('My .. fern.png')
  expect(readFileSync(path, 'utf8')).toBe('picture')
  expect(statSync(dirname(path)).mode & 0o077).toBe(0)
  const other = await dragged.put({ content: Buffer.from('held') }, 'held.png')
  expect(readFileSync(other, 'utf8')).toBe('held')
  expect(existsSync(path)).toBe(true)
})

test('keeps the latest eight', async () => {
  const dragged = new DraggedFiles()
  const paths: string[] = []
  for (let index = 0; index < 10; index += 1) paths.push(await dragged.put({ content: Buffer.from('x') }, 'x.png'))
  expect(paths.map((path) => existsSync(path))).toEqual([false, false, ...Array<boolean>(8).fill(true)])
})

test('goes on after the system has cleaned its folder for temporary files', async () => {
  const own = mkdtempSync(join(tmpdir(), 'parley-own-tmp-'))
  vi.stubEnv('TMPDIR', own)
  const dragged = new DraggedFiles()
  await dragged.put({ content: Buffer.from('x') }, 'first.png')
  expect(readdirSync(own)).not.toEqual([])
  for (const name of readdirSync(own)) rmSync(join(own, name), { recursive: true })
  expect(readFileSync(await dragged.put({ content: Buffer.from('later') }, 'second.png'), 'utf8')).toBe('later')
})
