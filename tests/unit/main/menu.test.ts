import type { MenuItemConstructorOptions } from 'electron'
import { describe, expect, it, vi } from 'vitest'
import { menuTemplate, type MenuActions } from '../../../src/main/menu'
import { translator } from '../../../src/shared/i18n'

vi.mock('electron', () => ({ Menu: {} }))

function template(platform: NodeJS.Platform, isPackaged = true) {
  const done: unknown[] = []
  const actions: MenuActions = {
    command: (command) => done.push(['main', command.kind]),
    commandHere: (command) => done.push(['here', command.kind]),
    quickAsk: () => done.push('quickAsk'),
    openLogs: () => done.push('openLogs'),
    openDataFolder: () => done.push('openDataFolder'),
  }
  const menus = menuTemplate({ platform, isPackaged, t: translator('en'), actions })
  const items = menus.flatMap(({ submenu }) => submenu as MenuItemConstructorOptions[])
  return { menus, items, done }
}

describe('the native menu', () => {
  it.each(['darwin', 'win32', 'linux'] as const)('has each key of the design once on %s', (platform) => {
    const { items } = template(platform)
    const keys = items.flatMap(({ accelerator, label }) => (accelerator === undefined ? [] : [[accelerator, label]]))
    expect(Object.fromEntries(keys)).toEqual({
      'CommandOrControl+,': 'Settings…',
      'CommandOrControl+N': 'New chat',
      'CommandOrControl+Shift+N': 'New temporary chat',
      'CommandOrControl+U': 'Attach images…',
      'CommandOrControl+.': 'Stop the answer',
      'CommandOrControl+\\': 'Sidebar',
      'CommandOrControl+Shift+Y': 'Wire view',
    })
    expect(keys).toHaveLength(7)
  })

  it('has the menus that macOS expects, and only there', () => {
    expect(template('darwin').menus.map(({ label }) => label)).toEqual([
      'Parley',
      'Chat',
      'Edit',
      'View',
      'Window',
      'Help',
    ])
    expect(template('linux').menus.map(({ label }) => label)).toEqual(['Chat', 'Edit', 'View', 'Help'])
    const roles = (platform: NodeJS.Platform) => template(platform).items.map(({ role }) => role)
    expect(roles('darwin')).toEqual(
      expect.arrayContaining(['hide', 'hideOthers', 'unhide', 'services', 'quit', 'front']),
    )
    expect(roles('win32')).not.toContain('services')
  })

  it.each(['darwin', 'win32', 'linux'] as const)('can quit, copy and paste on %s', (platform) => {
    const roles = template(platform).items.map(({ role }) => role)
    for (const role of ['quit', 'undo', 'redo', 'cut', 'copy', 'paste', 'selectAll', 'about'] as const) {
      expect(roles.filter((each) => each === role)).toHaveLength(1)
    }
  })

  it('offers the tools of developers only unpackaged', () => {
    expect(template('linux').items.map(({ role }) => role)).not.toContain('toggleDevTools')
    expect(template('linux', false).items.map(({ role }) => role)).toContain('toggleDevTools')
  })

  it('asks the right window', () => {
    const { items, done } = template('linux')
    for (const { click } of items) (click as (() => void) | undefined)?.()
    expect(done).toEqual([
      ['main', 'new-conversation'],
      ['main', 'new-temporary-conversation'],
      'quickAsk',
      ['here', 'attach-files'],
      ['here', 'stop'],
      ['main', 'open-settings'],
      ['main', 'toggle-sidebar'],
      ['main', 'show-wire'],
      'openLogs',
      'openDataFolder',
      ['main', 'show-diagnostics'],
    ])
  })

  it('names every item', () => {
    const unnamed = template('darwin').items.filter(({ type, label }) => type !== 'separator' && (label ?? '') === '')
    expect(unnamed).toEqual([])
  })
})
