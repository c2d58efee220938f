import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readLicences } from '../../../scripts/packaging/licences.mjs'

let root = ''
beforeEach(async () => {
  root = await mkdtemp(path.join(os.tmpdir(), 'parley-licences-'))
})
afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 5 }))

async function installed(place: string, json: object, files: Record<string, string> = {}): Promise<void> {
  const folder = path.join(root, place)
  await mkdir(folder, { recursive: true })
  await writeFile(path.join(folder, 'package.json'), JSON.stringify(json))
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(folder, name), text)
}

describe('licences', () => {
  it('has what is shipped, by name, once for each version: Electron too, tools not, nor what is not installed', async () => {
    await writeFile(
      path.join(root, 'package-lock.json'),
      JSON.stringify({
        packages: {
          '': { name: 'parley' },
          'node_modules/electron': { dev: true },
          'node_modules/vite': { dev: true },
          'node_modules/marked': {},
          'node_modules/a/node_modules/marked': {},
          'node_modules/b/node_modules/marked': {},
          'node_modules/a': {},
          'node_modules/other-system': { optional: true },
          'node_modules/gone': {},
        },
      }),
    )
    await installed('node_modules/electron', { name: 'electron', version: '45.0.0', license: 'MIT' }, { LICENSE: 'E' })
    await installed('node_modules/vite', { name: 'vite', version: '1.0.0', license: 'MIT' })
    await installed(
      'node_modules/marked',
      { name: 'marked', version: '18.0.0', license: 'MIT' },
      { 'LICENSE.md': ' M \n' },
    )
    await installed('node_modules/a/node_modules/marked', { name: 'marked', version: '16.0.0', license: 'MIT' })
    await installed('node_modules/b/node_modules/marked', { name: 'marked', version: '16.0.0', license: 'MIT' })
    await installed('node_modules/a', { name: 'a', version: '1.0.0', license: { type: 'odd' } }, { COPYING: 'C' })
    expect(await readLicences(root)).toEqual([
      { name: 'a', version: '1.0.0', licence: '', text: 'C' },
      { name: 'electron', version: '45.0.0', licence: 'MIT', text: 'E' },
      { name: 'marked', version: '18.0.0', licence: 'MIT', text: 'M' },
      { name: 'marked', version: '16.0.0', licence: 'MIT', text: '' },
    ])
  })
})
