import { randomUUID } from 'node:crypto'
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { beginDeletion, moveDeleted, removeDeleted } from '../../../src/main/transfer/deletion'
import { conversationOf } from '../../support/conversation-samples'
import { png } from '../../support/images'
import { backupOf, restoreFile, transferHouse } from '../../support/transfer-house'
import { filesUnder, temporaryFolder } from '../../support/temporary-library'

it('deletes every file of the person, and nothing that is not Parley’s', async () => {
  const house = await transferHouse()
  await house.library.create(conversationOf(randomUUID(), [['CANARY', 'words']]))
  await house.library.create(conversationOf(randomUUID(), [['CANARY', 'in the trash']]))
  const [summary] = await house.library.list()
  await house.library.trash(summary!.id)
  await house.attachments.addFile({ name: 'a.png', bytes: png() })
  house.clock.nowMs += 1000
  await restoreFile(house, { name: 'settings.json', bytes: await backupOf(house) })
  await house.library.flush()
  await house.library.close()
  for (const name of [
    'settings.json.backup',
    'settings.json.corrupt-1',
    'secrets.json',
    'secrets.json.backup',
    'window.json',
  ]) {
    await writeFile(join(house.folder, name), 'CANARY')
  }
  for (const name of ['drafts.json', 'catalogues.json', 'search.db', 'search.db-wal']) {
    await writeFile(join(house.folder, name), 'CANARY')
  }
  for (const folder of ['logs', 'authorities', 'Cache', 'Local Storage']) {
    await mkdir(join(house.folder, folder))
    await writeFile(join(house.folder, folder, 'a'), 'CANARY')
  }
  const own = join(house.folder, 'Letters')
  await mkdir(own)
  await writeFile(join(own, 'letter.txt'), 'not Parley’s')
  beginDeletion(house.folder)
  expect(moveDeleted(house.folder, false)).toEqual([])
  expect((await readdir(house.folder)).filter((name) => /library|settings|drafts/u.test(name))).toEqual([])
  expect(await removeDeleted(house.folder, true)).toEqual([])
  // `backup.zip` is what the person has saved there.
  expect(await readdir(house.folder)).toEqual(['Letters', 'backup.zip'])
  expect(JSON.stringify(await filesUnder(own))).toContain('not Parley’s')
})

it('M1 that a kill has cut is finished by the next start, before anything is read; a later start deletes nothing', async () => {
  const folder = await temporaryFolder()
  const write = async (): Promise<void> => {
    for (const name of ['library', 'attachments']) {
      await mkdir(join(folder, name))
      await writeFile(join(folder, name, 'a'), 'CANARY')
    }
    await writeFile(join(folder, 'settings.json'), 'CANARY')
  }
  await write()
  expect(moveDeleted(folder, true)).toBeNull()
  beginDeletion(folder)
  // Killed here, with nothing moved, or with one thing moved.
  await rename(join(folder, 'library'), join(folder, 'parley-deleting', 'library.00000000'))
  expect(moveDeleted(folder, true)).toEqual([])
  const [rest, ...none] = await readdir(folder)
  expect(none).toEqual([])
  expect(rest).toMatch(/^parley-deleted-/u)
  // What is new is not what was wished away.
  await write()
  expect(moveDeleted(folder, true)).toBeNull()
  expect(await removeDeleted(folder, false)).toEqual([])
  expect((await readdir(folder)).sort()).toEqual(['attachments', 'library', 'settings.json'])
})

it('M1 that the disk does not take even as a wish is refused, and nothing is deleted', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'settings.json'), 'CANARY')
  await writeFile(join(folder, 'parley-deleting'), 'in the way')
  expect(() => beginDeletion(folder)).toThrow()
  expect(await readdir(folder)).toContain('settings.json')
})
