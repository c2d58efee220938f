import type { MenuItemConstructorOptions } from 'electron'
import { describe, expect, it, vi } from 'vitest'
import { menuTemplate, type MenuActions } from '../../../src/main/menu'
import type { Platform } from '../../../src/shared/accelerator'
import { actionKeys, type Shortcuts } from '../../../src/shared/actions'
import type { AppCommand } from '../../../src/shared/contract'
import { translator } from '../../../src/shared/i18n'
import { defaultSettings } from '../../../src/shared/settings'

vi.mock('electron', () => ({ Menu: {} }))

function template(platform: Platform, isPackaged = true, shortcuts: Shortcuts = {}) {
  const done: unknown[] = []
  const tell = (where: string) => (command: AppCommand) =>
    done.push([where, command.kind === 'action' ? command.action : command.kind])
  const actions: MenuActions = {
    command: tell('main'),
    commandHere: tell('here'),
    quickAsk: () => done.push('quickAsk'),
    openLogs: () => done.push('openLogs'),
    openDataFolder: () => done.push('openDataFolder'),
  }
  const keys = actionKeys({ ...defaultSettings(platform), shortcuts }, platform)
  const menus = menuTemplate({ platform, isPackaged, t: translator('en'), keys, actions })
  const items = menus.flatMap(({ submenu }) => submenu as MenuItemConstructorOptions[])
  return { menus, items, done }
}

const accelerators = ({ items }: ReturnType<typeof template>) =>
  items.flatMap(({ accelerator, label }) => (accelerator === undefined ? [] : [[accelerator, label]]))

describe('the native menu', () => {
  it.each([
    ['darwin', 'Command'],
    ['win32', 'Control'],
    ['linux', 'Control'],
  ] as const)('has the keys of the actions once on %s', (platform, mod) => {
    const keys = accelerators(template(platform))
    expect(Object.fromEntries(keys)).toEqual({
      [`${mod}+,`]: 'Settings…',
      [`${mod}+N`]: 'New chat',
      [`${mod}+Shift+N`]: 'New temporary chat',
      [`${mod}+K`]: 'Search everything…',
      'Alt+Up': 'Previous chat',
      'Alt+Down': 'Next chat',
      [`${mod}+/`]: 'Choose a model…',
      [`${mod}+Shift+S`]: 'Capture a region of the screen…',
      [`${mod}+U`]: 'Attach files…',
      [`${mod}+.`]: 'Stop the answer',
      [`${mod}+F`]: 'Find in this chat',
      [`${mod}+G`]: 'Next match',
      [`${mod}+Shift+G`]: 'Previous match',
      [`${mod}+Shift+F`]: 'Search in the list of chats',
      [`${mod}+\\`]: 'Sidebar',
      [`${mod}+Down`]: 'Jump to latest',
      [`${mod}+Shift+Y`]: 'Wire view',
      [`${mod}+Shift+/`]: 'Keyboard shortcuts',
    })
    expect(keys).toHaveLength(18)
  })

  it('has the keys that a person has changed, and none where there is none', () => {
    const keys = accelerators(template('linux', true, { stop: 'Mod+Shift+S', find: null }))
    expect(keys).toContainEqual(['Control+Shift+S', 'Stop the answer'])
    expect(keys.map(([, label]) => label)).not.toContain('Find in this chat')
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
    expect(template('linux').menus.map(({ label }) => label)).toEqual(['Chat', 'Edit', 'View', 'Window', 'Help'])
    const roles = (platform: Platform) => template(platform).items.map(({ role }) => role)
    expect(roles('darwin')).toEqual(
      expect.arrayContaining(['hide', 'hideOthers', 'unhide', 'services', 'quit', 'front', 'zoom']),
    )
    expect(roles('win32')).not.toContain('services')
  })

  it.each(['darwin', 'win32', 'linux'] as const)('can quit, copy and paste on %s', (platform) => {
    const roles = template(platform).items.map(({ role }) => role)
    for (const role of [
      'quit',
      'undo',
      'redo',
      'cut',
      'copy',
      'paste',
      'selectAll',
      'close',
      'minimize',
      'about',
    ] as const) {
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
      ['main', 'new-temporary-chat'],
      'quickAsk',
      ['main', 'palette'],
      ['main', 'previous-chat'],
      ['main', 'next-chat'],
      ['main', 'choose-model'],
      ['here', 'attach'],
      ['here', 'capture-region'],
      ['here', 'stop'],
      ['main', 'open-settings'],
      ['main', 'find'],
      ['main', 'find-next'],
      ['main', 'find-previous'],
      ['main', 'search-chats'],
      ['main', 'sidebar'],
      ['main', 'latest'],
      ['main', 'wire'],
      ['main', 'shortcut-sheet'],
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
