import { describe, expect, it } from 'vitest'
import { isAccelerator, type Platform } from '../../../src/shared/accelerator'
import {
  ACTIONS,
  actionKeys,
  areShortcutsGood,
  conflictOf,
  globalShortcuts,
  isChangeable,
  type Action,
  type Shortcuts,
} from '../../../src/shared/actions'
import { texts } from '../../../src/shared/i18n'
import { DEFAULT_QUICK_ASK, defaultSettings } from '../../../src/shared/settings'

const PLATFORMS: readonly Platform[] = ['darwin', 'win32', 'linux']
const settings = (shortcuts: Shortcuts, platform: Platform = 'linux') => ({ ...defaultSettings(platform), shortcuts })

describe('the actions', () => {
  it.each(PLATFORMS)('come with keys that can all hold on %s', (platform) => {
    const keys = actionKeys(settings({}, platform), platform)
    for (const { id, keys: first } of ACTIONS) {
      if (id === 'quick-ask') continue
      expect([id, keys.get(id)]).toEqual([id, first])
      if (first === null) continue
      expect(isAccelerator(first)).toBe(true)
      if (isChangeable(id)) expect([id, conflictOf(id, first, keys, platform)]).toEqual([id, null])
    }
  })

  it('have ids and names of their own in both languages', () => {
    const ids = ACTIONS.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    for (const locale of ['en', 'ru'] as const) {
      const { names, groups } = texts[locale].actions
      expect(Object.keys(names).sort()).toEqual([...ids].sort())
      expect(new Set(Object.values(names)).size).toBe(ids.length)
      const all: readonly Action[] = ACTIONS
      expect(all.filter(({ group }) => !Object.hasOwn(groups, group))).toEqual([])
    }
  })
})

describe('actionKeys', () => {
  it('has what a person chose, and nothing where they chose none', () => {
    const keys = actionKeys(settings({ find: 'Mod+Shift+L', stop: null }), 'linux')
    expect([keys.get('find'), keys.get('stop'), keys.get('new-chat')]).toEqual(['Mod+Shift+L', null, 'Mod+N'])
  })

  it('never means two things with one key, whatever is on disk', () => {
    const found: Shortcuts[] = [
      { find: 'Mod+N' },
      { find: 'Mod+D', stop: 'Mod+D' },
      { find: 'Enter', stop: 'F2', attach: 'Mod+C', latest: 'Mod+Enter' },
      { find: 'nonsense', 'of-another-version': 'Mod+N', send: 'Mod+N', 'quick-ask': 'Mod+N', constructor: 'Mod+N' },
    ]
    for (const shortcuts of found) {
      for (const sendKey of ['enter', 'mod-enter'] as const) {
        const keys = actionKeys({ ...settings(shortcuts), sendKey }, 'linux')
        const used = ACTIONS.filter((action) => !('isInQuickAsk' in action)).flatMap(({ id }) => keys.get(id) ?? [])
        expect(used).toEqual([...new Set(used)])
      }
    }
    const keys = actionKeys(settings({ find: 'Mod+N' }), 'linux')
    expect([keys.get('find'), keys.get('new-chat')]).toEqual(['Mod+N', null])
  })

  it('follows the way of sending, and the key of the quick question', () => {
    const keys = actionKeys({ ...settings({}), sendKey: 'mod-enter' }, 'linux')
    expect([keys.get('send'), keys.get('new-line'), keys.get('stop-and-send')]).toEqual([
      'Mod+Enter',
      'Enter',
      'Mod+Shift+Enter',
    ])
    expect(keys.get('quick-ask')).toBe('Mod+Shift+Space')
    const off = { ...settings({}), quickAsk: { ...DEFAULT_QUICK_ASK, isEnabled: false } }
    expect(actionKeys(off, 'linux').get('quick-ask')).toBeNull()
  })

  it('has the key of a region unless the quick question has the same', () => {
    const withKey = (regionShortcut: string, isEnabled = true) => ({ ...DEFAULT_QUICK_ASK, isEnabled, regionShortcut })
    const keyOf = (quickAsk: typeof DEFAULT_QUICK_ASK) =>
      actionKeys({ ...settings({}), quickAsk }, 'linux').get('ask-region')
    const { shortcut } = DEFAULT_QUICK_ASK
    expect(keyOf(withKey('Control+Alt+R'))).toBe('Mod+Alt+R')
    expect([keyOf(withKey(shortcut)), keyOf(withKey(shortcut, false))]).toEqual([null, 'Mod+Shift+Space'])
    expect(globalShortcuts(withKey(shortcut))).toEqual({ 'quick-ask': shortcut, 'ask-region': null })
  })
})

describe('conflictOf', () => {
  const keys = actionKeys(settings({}), 'linux')

  it.each([
    ['Mod+D', { kind: 'used', by: 'favourite', isFixed: false }],
    ['F2', { kind: 'used', by: 'rename-chat', isFixed: true }],
    ['Mod+Enter', { kind: 'used', by: 'stop-and-send', isFixed: true }],
    ['Mod+Shift+Enter', { kind: 'used', by: 'stop-and-send', isFixed: true }],
    ['Mod+Shift+Space', { kind: 'used', by: 'quick-ask', isFixed: true }],
    ['Mod+C', { kind: 'menu', name: 'copy' }],
    ['Mod+Q', { kind: 'menu', name: 'quit' }],
    ['Alt+F4', { kind: 'system' }],
    ['Mod+Shift+L', null],
    ['Mod+F', null],
  ])('find and %s', (accelerator, conflict) => {
    expect(conflictOf('find', accelerator, keys, 'linux')).toEqual(conflict)
  })

  it('lets what works from anywhere take its keys from each other, and from a window', () => {
    const used = (by: string) => ({ kind: 'used', by, isFixed: false })
    expect(conflictOf('ask-region', 'Mod+Shift+Space', keys, 'linux')).toEqual(used('quick-ask'))
    expect(conflictOf('ask-region', 'Mod+D', keys, 'linux')).toEqual(used('favourite'))
    const both = new Map(keys).set('ask-region', 'Mod+Alt+R')
    expect(conflictOf('quick-ask', 'Mod+Alt+R', both, 'linux')).toEqual(used('ask-region'))
    expect(conflictOf('find', 'Mod+Alt+R', both, 'linux')).toEqual({ kind: 'used', by: 'ask-region', isFixed: true })
  })

  it('knows what macOS keeps for itself', () => {
    for (const accelerator of ['Mod+Q', 'Mod+H', 'Mod+M']) {
      expect(conflictOf('find', accelerator, keys, 'darwin')).toEqual({ kind: 'system' })
    }
    expect(conflictOf('find', 'Mod+H', keys, 'linux')).toBeNull()
  })
})

describe('areShortcutsGood', () => {
  it.each<[string, Shortcuts, boolean]>([
    ['nothing changed', {}, true],
    ['one changed', { find: 'Mod+Shift+L' }, true],
    ['one left without', { find: null }, true],
    ['two exchanged', { find: 'Mod+D', favourite: 'Mod+F' }, true],
    ['one taken over and the other left without', { find: 'Mod+D', favourite: null }, true],
    ['one taken over and the other not told', { find: 'Mod+D' }, true],
    ['two alike', { find: 'Mod+Shift+L', stop: 'Mod+Shift+L' }, false],
    ['one that writes a letter', { find: 'L' }, false],
    ['one of a field', { find: 'Enter' }, false],
    ['one of the menu', { find: 'Mod+V' }, false],
    ['one of the system', { find: 'Alt+F4' }, false],
    ['one with the key of the system', { find: 'Super+F' }, false],
    ['no accelerator', { find: 'Mod+Nonsense' }, false],
    ['a fixed action', { send: 'Mod+Shift+L' }, false],
    ['the quick question, which has a setting of its own', { 'quick-ask': 'Mod+Shift+L' }, false],
    ['an action of another version', { 'of-tomorrow': 'Mod+Shift+L' }, true],
    ['nonsense for an action of another version', { 'of-tomorrow': 'x' }, false],
  ])('%s', (_name, shortcuts, isGood) => {
    expect(areShortcutsGood(settings(shortcuts), 'linux')).toBe(isGood)
  })
})
