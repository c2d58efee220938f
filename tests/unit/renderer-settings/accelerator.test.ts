import { describe, expect, it } from 'vitest'
import { keysOf, recordedAccelerator, type PressedKey } from '../../../src/renderer/settings/accelerator'

const press = (code: string, modifiers: Partial<PressedKey> = {}): PressedKey => ({
  key: '',
  code,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...modifiers,
})

describe('recordedAccelerator', () => {
  it.each([
    ['Space', { ctrlKey: true, shiftKey: true }, 'Control+Shift+Space'],
    ['KeyQ', { altKey: true }, 'Alt+Q'],
    ['Digit7', { metaKey: true }, 'Super+7'],
    ['F9', {}, 'F9'],
    ['ArrowUp', { ctrlKey: true, altKey: true }, 'Control+Alt+Up'],
    ['Comma', { ctrlKey: true }, 'Control+,'],
  ] as const)('takes %s with %o as %s', (code, modifiers, expected) => {
    expect(recordedAccelerator(press(code, modifiers))).toBe(expected)
  })

  it('uses the physical key, so that a Cyrillic layout records the same shortcut', () => {
    expect(recordedAccelerator({ ...press('KeyQ', { ctrlKey: true }), key: 'й' })).toBe('Control+Q')
  })

  it.each([
    ['a modifier alone', press('ControlLeft', { ctrlKey: true })],
    ['a letter alone', press('KeyA')],
    ['a letter with Shift, which would take it from every program', press('KeyA', { shiftKey: true })],
    ['a key that no accelerator has', press('IntlRo', { ctrlKey: true })],
    ['a name of Object', press('constructor', { ctrlKey: true })],
  ])('waits on after %s', (_name, pressed) => {
    expect(recordedAccelerator(pressed)).toBeNull()
  })
})

describe('keysOf', () => {
  it('writes keys as the platform does', () => {
    expect(keysOf('Control+Shift+Space', 'linux')).toEqual(['Ctrl', 'Shift', 'Space'])
    expect(keysOf('Alt+Space', 'darwin')).toEqual(['Option', 'Space'])
    expect(keysOf('Super+K', 'win32')).toEqual(['Win', 'K'])
  })
})
