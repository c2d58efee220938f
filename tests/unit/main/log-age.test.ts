import { readdir, readFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { forgetOldLines } from '../../../src/main/log-age'
import { temporaryFolder } from '../../support/temporary-library'

const NOW = new Date(2026, 2, 10, 12).getTime()

it('R44: lines and files that are older than the person wants go, younger ones stay', async () => {
  const folder = await temporaryFolder()
  const put = async (name: string, text: string, atMs = NOW) => {
    await writeFile(join(folder, name), text)
    await utimes(join(folder, name), atMs / 1000, atMs / 1000)
  }
  await put(
    'main.log',
    '[2026-03-01 10:00:00.000] [info] old\nmore of it\n[2026-03-09 13:00:00.000] [info] young\nand more\n',
  )
  await put('main.old.log', '[2026-03-01 10:00:00.000] [info] old\n', NOW - 9 * 86_400_000)
  await put('notes.txt', 'not ours', NOW - 90 * 86_400_000)
  await forgetOldLines(folder, 30, NOW)
  expect(await readFile(join(folder, 'main.log'), 'utf8')).toContain('] old')
  await forgetOldLines(folder, 1, NOW)
  expect((await readdir(folder)).sort()).toEqual(['main.log', 'notes.txt'])
  expect(await readFile(join(folder, 'main.log'), 'utf8')).toBe('[2026-03-09 13:00:00.000] [info] young\nand more\n')
  await forgetOldLines(folder, 1, NOW + 86_400_000)
  expect(await readdir(folder)).toEqual(['notes.txt'])
  await forgetOldLines(join(folder, 'nowhere'), 1, NOW)
})
