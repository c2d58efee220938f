import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { autostartEntry, autostartFolder, setAutostart, setLoginStart } from '../../../src/main/login-start'

const folders: string[] = []
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})

describe('start at login on Linux', () => {
  it('lies where the specification says', () => {
    expect(autostartFolder({}, '/home/a')).toBe('/home/a/.config/autostart')
    expect(autostartFolder({ XDG_CONFIG_HOME: '/conf' }, '/home/a')).toBe('/conf/autostart')
    expect(autostartFolder({ XDG_CONFIG_HOME: 'relative' }, '/home/a')).toBe('/home/a/.config/autostart')
  })

  it('quotes each argument, twice where the file format wants it', () => {
    expect(autostartEntry(['/opt/my app/parley'])).toContain('\nExec="/opt/my app/parley"\n')
    expect(autostartEntry(['/a"b$c\\d%e'])).toContain('\nExec="/a\\\\"b\\\\$c\\\\\\\\d%%e"\n')
  })

  it('refuses a path that would begin another line of the entry', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-login-'))
    folders.push(folder)
    expect(() => setAutostart(folder, 'shown', ['/opt/a\nExec=other'])).toThrow('control characters')
    expect(readdirSync(folder)).toEqual([])
  })

  it('comes, changes and goes, and leaves nothing else behind', () => {
    const folder = mkdtempSync(join(tmpdir(), 'parley-login-'))
    folders.push(folder)
    const autostart = join(folder, 'autostart')
    setAutostart(autostart, 'never', ['parley'])
    setAutostart(autostart, 'shown', ['parley'])
    expect(readFileSync(join(autostart, 'parley.desktop'), 'utf8')).toContain('\nExec="parley"\n')
    setAutostart(autostart, 'hidden', ['parley'])
    expect(readFileSync(join(autostart, 'parley.desktop'), 'utf8')).toContain('\nExec="parley" "--hidden"\n')
    expect(readdirSync(autostart)).toEqual(['parley.desktop'])
    setAutostart(autostart, 'never', ['parley'])
    expect(readdirSync(autostart)).toEqual([])
  })
})

describe('start at login, in the way of each system', () => {
  const options = (platform: NodeJS.Platform, home: string) => {
    const set: unknown[] = []
    const app = { setLoginItemSettings: (settings: unknown) => void set.push(settings) }
    return { set, options: { platform, app, env: {}, home, command: ['/opt/parley'] } }
  }

  it.each(['win32', 'darwin'] as const)('is a login item of %s', (platform) => {
    const { set, options: given } = options(platform, '/nowhere')
    setLoginStart('shown', given)
    setLoginStart('hidden', given)
    setLoginStart('never', given)
    expect(set).toEqual([
      { openAtLogin: true, args: [] },
      { openAtLogin: true, args: ['--hidden'] },
      { openAtLogin: false, args: [] },
    ])
  })

  it('is a file on Linux, and nothing else', () => {
    const home = mkdtempSync(join(tmpdir(), 'parley-login-'))
    folders.push(home)
    const { set, options: given } = options('linux', home)
    setLoginStart('hidden', given)
    expect(readFileSync(join(home, '.config', 'autostart', 'parley.desktop'), 'utf8')).toContain(
      'Exec="/opt/parley" "--hidden"',
    )
    setLoginStart('never', given)
    expect([readdirSync(join(home, '.config', 'autostart')), set]).toEqual([[], []])
  })
})
