import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { Follower } from '../../../src/main/transfer/progress'
import { writeZip, type ZipDraft } from '../../../src/main/transfer/zip'
import { temporaryFolder } from '../../support/temporary-library'

const unfollowed: Follower = {
  signal: new AbortController().signal,
  begin: () => undefined,
  show: () => undefined,
  advance: () => undefined,
  note: () => undefined,
}

describe('a file that goes or changes while it is put into a zip', () => {
  it.each([
    ['is gone', 'none', 3],
    ['is shorter than it was', 'file', 9],
    ['is longer than it was', 'file', 3],
  ])('R04: ends the zip with an error, and not Parley: one that %s', async (_what, name, bytes) => {
    const folder = await temporaryFolder()
    await writeFile(join(folder, 'file'), 'abcdef')
    const fill = async (draft: ZipDraft): Promise<void> => {
      await draft.addText('before.txt', 'before')
      await draft.addFile({ name: 'file', sha256: '0'.repeat(64), bytes }, join(folder, name))
      await draft.addText('after.txt', 'after')
    }
    await expect(writeZip(join(folder, 'a.zip'), { nowMs: 0, follower: unfollowed }, fill)).rejects.toMatchObject({
      error: { code: 'storage', reason: 'failed' },
    })
    expect(await readdir(folder)).toEqual(['file'])
  })
})
