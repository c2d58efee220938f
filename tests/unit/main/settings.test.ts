import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/main/logger'
import { findSettings, LiveSettings, patched, settingsPatchSchema } from '../../../src/main/settings'
import { AppFailure } from '../../../src/shared/errors'
import { DEFAULT_QUICK_ASK, defaultSettings, newBackendProfile, type Settings } from '../../../src/shared/settings'

const NOW = 1_700_000_000_000
const profile = newBackendProfile('home', 'Home', 'http://localhost:1337')
const mine: Settings = {
  ...defaultSettings(process.platform),
  theme: 'dark',
  backends: [profile],
  activeBackendId: 'home',
}

function folderWith(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'parley-settings-'))
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content)
  return folder
}

describe('settings at start', () => {
  it('starts with defaults and without a notice when there is no file', () => {
    const folder = folderWith({})
    expect(findSettings(folder, NOW)).toEqual({ settings: defaultSettings(process.platform), recovered: null })
    expect(readdirSync(folder)).toEqual([])
  })

  it('reads what was stored', () => {
    const folder = folderWith({ 'settings.json': JSON.stringify(mine) })
    expect(findSettings(folder, NOW)).toEqual({ settings: mine, recovered: null })
  })

  it('gives a setting its default that an older version did not have', () => {
    const { quickAsk: _quickAsk, ...older } = mine
    const folder = folderWith({ 'settings.json': JSON.stringify({ ...older, unknownToUs: 1 }) })
    expect(findSettings(folder, NOW).settings).toEqual(mine)
  })

  it('gives the quick questions of an older version, which knew their key only, what they did not have', () => {
    const quickAsk = { isEnabled: false, shortcut: 'Alt+Q' }
    const folder = folderWith({ 'settings.json': JSON.stringify({ ...mine, quickAsk }) })
    expect(findSettings(folder, NOW).settings.quickAsk).toEqual({ ...DEFAULT_QUICK_ASK, ...quickAsk })
  })

  it('gives a profile of an older version what it did not have', () => {
    const { id, name, url, provider, model, headers, firstByteTimeoutSeconds, idleTimeoutSeconds } = profile
    const old = { id, name, url, provider, model, headers, firstByteTimeoutSeconds, idleTimeoutSeconds }
    const folder = folderWith({ 'settings.json': JSON.stringify({ ...mine, backends: [old] }) })
    expect(findSettings(folder, NOW)).toEqual({ settings: mine, recovered: null })
    expect(mine.backends[0]).toMatchObject({
      keyedProviders: [],
      parameters: '',
      connectTimeoutSeconds: 10,
      proxy: { kind: 'system' },
      trust: { kind: 'system' },
    })
  })

  it('gives looks and habits that an older version did not have their defaults', () => {
    const looks = {
      columnWidth: 'normal',
      wrapsCode: false,
      followsAnswer: true,
      showsProvider: true,
      motion: 'system',
      opensWith: 'new',
    }
    const older = Object.fromEntries(Object.entries(mine).filter(([name]) => !Object.hasOwn(looks, name)))
    const folder = folderWith({ 'settings.json': JSON.stringify(older) })
    expect(findSettings(folder, NOW)).toMatchObject({ settings: { ...older, ...looks }, recovered: null })
  })

  it('reads a profile of a newer version without what it does not know', () => {
    const newer = { ...profile, unknownToUs: { a: 1 } }
    const folder = folderWith({ 'settings.json': JSON.stringify({ ...mine, backends: [newer] }) })
    expect(findSettings(folder, NOW)).toEqual({ settings: mine, recovered: null })
  })

  it('reads the largest settings there can be', () => {
    const backends = Array.from({ length: 100 }, (_one, index) => ({
      ...profile,
      id: `b${index}`,
      parameters: `{"a":"${'x'.repeat(64 * 1024 - 8)}"}`,
    }))
    const folder = folderWith({ 'settings.json': JSON.stringify({ ...mine, backends }, undefined, '\t') })
    expect(findSettings(folder, NOW).settings.backends).toHaveLength(100)
  })

  const good = JSON.stringify(mine)
  const damages: [string, string | Buffer][] = [
    ['empty', ''],
    ['NULs', Buffer.alloc(512)],
    ['truncated', good.slice(0, 40)],
    ['a list', '[]'],
    ['a byte order mark', `\uFEFF${good}`],
    ['UTF-16', Buffer.from(good, 'utf16le')],
    ['wrong types', JSON.stringify({ ...mine, textSizePx: 'large' })],
    ['10 MB', JSON.stringify({ ...mine, padding: 'x'.repeat(10_000_000) })],
  ]

  it.each(damages)('R05 goes on with the last good backup when the file is damaged: %s', (_name, content) => {
    const folder = folderWith({ 'settings.json': content, 'settings.json.backup': good })
    const startedMs = performance.now()
    const found = findSettings(folder, NOW)
    expect(performance.now() - startedMs).toBeLessThan(3000)
    expect(found).toEqual({
      settings: mine,
      recovered: { from: 'backup', keptAs: `settings.json.corrupt-${NOW}` },
    })
    expect(readFileSync(join(folder, `settings.json.corrupt-${NOW}`)).equals(Buffer.from(content))).toBe(true)
    expect(readFileSync(join(folder, 'settings.json.backup'), 'utf8')).toBe(good)
    // The notice comes once: the next start finds a good file.
    expect(findSettings(folder, NOW + 1)).toEqual({ settings: mine, recovered: null })
  })

  it.each(damages)('R05 starts with defaults and keeps the file when there is no backup: %s', (_name, content) => {
    const folder = folderWith({ 'settings.json': content })
    expect(findSettings(folder, NOW)).toEqual({
      settings: defaultSettings(process.platform),
      recovered: { from: 'defaults', keptAs: `settings.json.corrupt-${NOW}` },
    })
    expect(readdirSync(folder)).toEqual([`settings.json.corrupt-${NOW}`])
  })

  it('R05 never overwrites a backup with defaults', () => {
    const folder = folderWith({ 'settings.json': '{', 'settings.json.backup': '{ too' })
    findSettings(folder, NOW)
    expect(readFileSync(join(folder, 'settings.json.backup'), 'utf8')).toBe('{ too')
  })

  it('R05 finds the settings again when only the backup is left', () => {
    const folder = folderWith({ 'settings.json.backup': good })
    expect(findSettings(folder, NOW)).toEqual({ settings: mine, recovered: null })
  })
})

describe('live settings', () => {
  const open = (write: (value: object) => void = () => undefined) =>
    new LiveSettings(mine, { write: async (value) => write(value) }, silentLogger)

  it('saves a change and tells everybody what was and what is', async () => {
    const written: object[] = []
    const told: unknown[] = []
    const settings = open((value) => written.push(value))
    settings.onChange((now, before) => told.push([before.theme, now.theme]))
    settings.change((now) => ({ ...now, theme: 'light' }))
    await settings.flush()
    expect(written).toEqual([{ ...mine, theme: 'light' }])
    expect(told).toEqual([['dark', 'light']])
  })

  it('R33 loses none of 1,000 changes of different keys by two windows', () => {
    const settings = open()
    for (let index = 0; index < 500; index += 1) {
      settings.change((now) => ({ ...now, textSizePx: 13 + (index % 10) }))
      settings.change((now) => ({ ...now, sendKey: index % 2 === 0 ? 'enter' : 'mod-enter' }))
    }
    expect(settings.current).toEqual({ ...mine, textSizePx: 13 + (499 % 10), sendKey: 'mod-enter' })
  })

  it('R08 goes on in memory when the disk refuses', async () => {
    const settings = open(() => {
      throw Object.assign(new Error('read-only'), { code: 'EROFS' })
    })
    expect(settings.change((now) => ({ ...now, theme: 'light' })).theme).toBe('light')
    await settings.flush()
    expect(settings.current.theme).toBe('light')
  })

  it('refuses a change that makes no settings', () => {
    const settings = open()
    expect(() => settings.change((now) => ({ ...now, textSizePx: 99 }))).toThrow()
    expect(settings.current).toEqual(mine)
  })

  it('refuses a change that no settings file may hold', () => {
    const settings = open()
    const large = { ...profile, parameters: 'x'.repeat(1024 * 1024) }
    const backends = Array.from({ length: 9 }, (_one, index) => ({ ...large, id: `b${index}` }))
    expect(() => settings.change((now) => ({ ...now, backends }))).toThrow()
    expect(settings.current).toEqual(mine)
  })

  it('ends listening when asked', () => {
    const settings = open()
    let count = 0
    const end = settings.onChange(() => (count += 1))
    settings.change((now) => now)
    end()
    settings.change((now) => now)
    expect(count).toBe(1)
  })
})

describe('what a page may change', () => {
  it('takes single settings, and no profiles', () => {
    expect(v.parse(settingsPatchSchema, { theme: 'dark' })).toEqual({ theme: 'dark' })
    expect(v.is(settingsPatchSchema, {})).toBe(true)
    expect(v.is(settingsPatchSchema, { backends: [] })).toBe(false)
    expect(v.is(settingsPatchSchema, { theme: undefined })).toBe(false)
    expect(v.is(settingsPatchSchema, { quickAsk: { ...DEFAULT_QUICK_ASK, shortcut: 'A\nB' } })).toBe(false)
    expect(v.is(settingsPatchSchema, { quickAsk: { ...DEFAULT_QUICK_ASK, regionShortcut: 'A\nB' } })).toBe(false)
    expect(v.is(settingsPatchSchema, { quickAsk: { ...DEFAULT_QUICK_ASK, regionShortcut: 'Alt+R' } })).toBe(true)
    expect(v.is(settingsPatchSchema, JSON.parse('{"__proto__":{"theme":"dark"}}'))).toBe(false)
  })

  it('S40 never pollutes prototypes', () => {
    fc.assert(
      fc.property(fc.anything(), (data) => {
        v.safeParse(settingsPatchSchema, data)
        expect(Object.keys(Object.prototype)).toEqual([])
      }),
    )
  })
})

describe('keys that a person changes', () => {
  const now = defaultSettings('linux')

  it('are taken where they can all hold', () => {
    const shortcuts = { find: 'Mod+D', favourite: null }
    expect(patched(now, { shortcuts }, 'linux')).toEqual({ ...now, shortcuts })
    expect(patched({ ...now, shortcuts }, { shortcuts: {} }, 'linux')).toEqual(now)
  })

  it.each([
    { find: 'Mod+Shift+L', stop: 'Mod+Shift+L' },
    { find: 'Enter' },
    { send: 'Mod+Shift+L' },
    { find: 'Mod+C' },
    { find: 'Shift+L' },
  ])('are refused where one key would mean two things, or write nothing any more: %o', (shortcuts) => {
    expect(() => patched(now, { shortcuts }, 'linux')).toThrow(AppFailure)
  })

  it.each([{ shortcuts: { find: 1 } }, { shortcuts: { 'Find!': 'Mod+F' } }, { shortcuts: [] }, { shortcuts: 'x' }])(
    'are refused in another shape: %o',
    (patch) => expect(v.safeParse(settingsPatchSchema, patch).success).toBe(false),
  )

  it('of other versions are not lost, and a file without any loads', () => {
    const shortcuts = { 'of-tomorrow': 'Mod+Shift+L' }
    const stored = { ...defaultSettings(process.platform), shortcuts }
    expect(findSettings(folderWith({ 'settings.json': JSON.stringify(stored) }), NOW).settings.shortcuts).toEqual(
      shortcuts,
    )
    const { shortcuts: _left, checksSpelling: _too, spellingLanguages: _also, ...older } = stored
    expect(findSettings(folderWith({ 'settings.json': JSON.stringify(older) }), NOW).settings).toEqual({
      ...stored,
      shortcuts: {},
    })
  })
})
