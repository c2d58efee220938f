import { randomUUID } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { deleteData } from '../../../src/main/transfer/deletion'
import { conversationOf } from '../../support/conversation-samples'
import { png } from '../../support/images'
import { backupOf, restoreFile, transferHouse } from '../../support/transfer-house'
import { filesUnder } from '../../support/temporary-library'

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
  await deleteData(house.folder)
  // `backup.zip` is what the person has saved there.
  expect(await readdir(house.folder)).toEqual(['Letters', 'backup.zip'])
  expect(JSON.stringify(await filesUnder(own))).toContain('not Parley’s')
  await deleteData(house.folder)
  await deleteData(join(house.folder, 'nowhere'))
})
