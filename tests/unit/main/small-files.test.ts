import { execFileSync } from 'node:child_process'
import { mkdir, readdir, symlink, truncate, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { openCatalogueFile } from '../../../src/main/catalogue-file'
import { Contacts } from '../../../src/main/contacts'
import { Drafts } from '../../../src/main/drafts'
import { diskFileSystem } from '../../../src/main/library/files'
import { Storage } from '../../../src/main/library/storage'
import { silentLogger } from '../../../src/main/logger'
import { Prompts } from '../../../src/main/prompts'
import { findSecrets } from '../../../src/main/secrets'
import { findSettings } from '../../../src/main/settings'
import { readWindowState, writeWindowState } from '../../../src/main/windows/bounds'
import { defaultSettings } from '../../../src/shared/settings'
import { setClock, temporaryFolder } from '../../support/temporary-library'

/** What may lie where a file of ours should be, and would hang or fill whoever reads it. */
const STRANGE: [string, (path: string) => Promise<unknown>][] = [
  ['a folder', (path) => mkdir(path)],
  ['a giant', (path) => writeFile(path, '').then(() => truncate(path, 8 * 1024 ** 3))],
  ...(process.platform === 'win32'
    ? []
    : ([
        ['a pipe', async (path) => execFileSync('mkfifo', [path])],
        ['a link to a device that never ends', (path) => symlink('/dev/zero', path)],
      ] satisfies [string, (path: string) => Promise<unknown>][])),
]

describe.each(STRANGE)('M7: where a small file should be lies %s', (_what, make) => {
  it('settings and secrets begin anew, and it is put aside', async () => {
    const folder = await temporaryFolder()
    for (const name of ['settings.json', 'secrets.json', 'secrets.json.backup']) await make(join(folder, name))
    expect(findSettings(folder, 7)).toEqual({
      settings: defaultSettings(process.platform),
      recovered: { from: 'defaults', keptAs: 'settings.json.corrupt-7' },
    })
    expect(findSecrets(folder, 7)).toEqual({ secrets: {}, keptAs: 'secrets.json.corrupt-7' })
    expect(await readdir(folder)).toEqual(
      expect.arrayContaining(['settings.json.corrupt-7', 'secrets.json.corrupt-7', 'secrets.json.backup']),
    )
  })

  it('the place of the window is forgotten, and written again', async () => {
    const file = join(await temporaryFolder(), 'window.json')
    await make(file)
    if (_what !== 'a folder') await make(`${file}.new`)
    expect(readWindowState(file).bounds).toBeNull()
    writeWindowState(file, {
      bounds: null,
      isMaximized: true,
      gpuOffFor: null,
      isGpuOffTold: false,
      refusedShortcut: null,
      refusedRegionShortcut: null,
    })
    expect(readWindowState(file).isMaximized).toBe(true)
  })

  it('drafts, prompts and hosts begin anew, it is put aside, and that is told once', async () => {
    const folder = await temporaryFolder()
    for (const name of ['drafts.json', 'prompts.json', 'contacts.json', 'catalogues.json'])
      await make(join(folder, name))
    const told: string[] = []
    const onSetAside = (keptAs: string): void => void told.push(keptAs)
    const clock = setClock(7)
    const storage = new Storage(silentLogger)
    const drafts = new Drafts({
      fs: diskFileSystem,
      path: join(folder, 'drafts.json'),
      clock,
      storage,
      logger: silentLogger,
      isTemporary: () => false,
      onSetAside,
    })
    onTestFinished(() => {
      drafts.close()
      storage.close()
    })
    expect(await drafts.list()).toEqual([])
    await drafts.set({ key: 'new', text: 'a', attachments: [], changedAt: 1 })
    await drafts.flush()
    const prompts = new Prompts({
      fs: diskFileSystem,
      folder,
      clock,
      logger: silentLogger,
      onChange: () => undefined,
      onSetAside,
    })
    expect(prompts.list()).toEqual([])
    const contacts = new Contacts(join(folder, 'contacts.json'), clock, silentLogger)
    expect(await contacts.list()).toEqual([])
    contacts.note('example.org', { kind: 'picture' })
    await contacts.flush()
    expect(openCatalogueFile(join(folder, 'catalogues.json'), silentLogger).get('home')).toBeUndefined()
    expect(told).toEqual(['drafts.json.corrupt-7', 'prompts.json.corrupt-7'])
    expect(await readdir(folder)).toEqual(
      expect.arrayContaining([...told, 'contacts.json.corrupt-7', 'drafts.json', 'contacts.json']),
    )
  })
})
