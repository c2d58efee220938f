import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { readDiagnostics, type Facts } from '../../../src/main/diagnostics'
import { translator } from '../../../src/shared/i18n'

const facts: Facts = {
  version: '1.2.3',
  electron: '45.0.0',
  chromium: '150.0.1',
  node: '24.1.0',
  platform: 'linux',
  release: '6.1.0',
  arch: 'x64',
  sessionType: 'wayland',
  desktop: 'GNOME',
  locale: 'en',
  systemLocale: 'ru',
  backends: 2,
  conversations: 196,
  storage: { isSafe: true },
  keychain: 'works',
  graphics: 'enabled',
}

const folderWith = (files: Record<string, string>): string => {
  const folder = mkdtempSync(join(tmpdir(), 'parley-diagnostics-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}
const lines = (from: number, to: number): string =>
  Array.from({ length: to - from + 1 }, (_one, index) => `line ${from + index}\n`).join('')

describe('diagnostics', () => {
  it('says what runs where, in the language on show', async () => {
    const { rows } = await readDiagnostics(facts, folderWith({}), translator('en'))
    expect(rows).toEqual([
      { name: 'Runtime', value: 'Parley 1.2.3, Electron 45.0.0, Chromium 150.0.1, Node 24.1.0' },
      { name: 'System', value: 'Linux 6.1.0, x64, GNOME, wayland' },
      { name: 'Language', value: 'en, the system’s ru' },
      { name: 'Backends', value: '2' },
      { name: 'Chats', value: '196' },
      { name: 'Storage', value: 'what is written reaches the disk' },
      { name: 'Keys', value: 'in the keychain of this computer' },
      { name: 'Graphics', value: 'enabled' },
    ])
    const russian = await readDiagnostics(facts, folderWith({}), translator('ru'))
    expect(russian.rows.map(({ name }) => name)).toContain('Ключи')
    expect(russian.rows).toHaveLength(rows.length)
  })

  it('says what is wrong, and nothing of what there is not', async () => {
    const poor: Facts = {
      ...facts,
      sessionType: null,
      desktop: null,
      systemLocale: 'en',
      storage: { isSafe: false, reason: 'read-only' },
      keychain: 'missing',
      graphics: null,
    }
    const { rows, logLines } = await readDiagnostics(poor, join(folderWith({}), 'none'), translator('en'))
    expect(rows.map(({ value }) => value)).toEqual(
      expect.arrayContaining([
        'en',
        'Linux 6.1.0, x64',
        'the data folder cannot be written',
        'there is none, keys are kept until Parley quits',
        'not known',
      ]),
    )
    expect(logLines).toEqual([])
  })

  const read = async (files: Record<string, string>) =>
    (await readDiagnostics(facts, folderWith(files), translator('en'))).logLines

  it('holds the last 50 lines of the log, oldest first', async () => {
    expect(await read({ 'main.log': lines(1, 3) })).toEqual(['line 1', 'line 2', 'line 3'])
    const many = await read({ 'main.log': lines(1, 200), 'main.old.log': lines(900, 999) })
    expect([many.length, many[0], many.at(-1)]).toEqual([50, 'line 151', 'line 200'])
  })

  it('goes on in the file before when the log has just begun', async () => {
    const joined = await read({ 'main.log': lines(1, 10), 'main.old.log': lines(900, 999) })
    expect([joined.length, joined[0], joined[39], joined[40]]).toEqual([50, 'line 960', 'line 999', 'line 1'])
  })

  it('reads the end of a long log only, and no half line of it', async () => {
    const long = `${'x'.repeat(200_000)} half\n${lines(1, 3)}`
    expect(await read({ 'main.log': long })).toEqual(['line 1', 'line 2', 'line 3'])
  })
})
