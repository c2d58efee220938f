import { describe, expect, it } from 'vitest'
import {
  acceleratorsOf,
  alphabetOf,
  electronAccelerator,
  fromElectron,
  isAccelerator,
  isFreeToUse,
  type Press,
} from '../../../src/shared/accelerator'

const press = (key: string, code: string, modifiers: Partial<Press> = {}): Press => ({
  key,
  code,
  ctrlKey: false,
  metaKey: false,
  altKey: false,
  shiftKey: false,
  ...modifiers,
})
const ctrl = { ctrlKey: true }

describe('acceleratorsOf', () => {
  it.each([
    ['a letter', press('n', 'KeyN', ctrl), ['Mod+N']],
    ['a letter with Shift', press('N', 'KeyN', { ctrlKey: true, shiftKey: true }), ['Mod+Shift+N']],
    ['a letter of a QWERTZ keyboard, as it is written', press('z', 'KeyY', ctrl), ['Mod+Z']],
    ['a letter of a Cyrillic keyboard, by its place', press('т', 'KeyN', ctrl), ['Mod+N']],
    ['a sign that is a letter on a Cyrillic keyboard', press('ю', 'Period', ctrl), ['Mod+.']],
    ['a sign', press('.', 'Period', ctrl), ['Mod+.']],
    ['a sign with Shift', press('?', 'Slash', { ctrlKey: true, shiftKey: true }), ['Mod+Shift+/']],
    [
      'a sign that needs Shift on a German keyboard',
      press('/', 'Digit7', { ctrlKey: true, shiftKey: true }),
      ['Mod+Shift+7', 'Mod+/'],
    ],
    ['a German minus, which lies where others have the slash', press('-', 'Slash', ctrl), ['Mod+-']],
    ['a French digit without Shift', press('&', 'Digit1', ctrl), ['Mod+1']],
    ['an arrow', press('ArrowDown', 'ArrowDown', { altKey: true }), ['Alt+Down']],
    ['a function key', press('F6', 'F6', { shiftKey: true }), ['Shift+F6']],
    ['Space', press(' ', 'Space', { ctrlKey: true, shiftKey: true }), ['Mod+Shift+Space']],
    ['a key by its name alone', press('k', '', ctrl), ['Mod+K']],
    ['the key of the system', press('k', 'KeyK', { metaKey: true }), ['Super+K']],
    ['a modifier alone', press('Control', 'ControlLeft', ctrl), []],
    ['a key that no accelerator has', press('ろ', 'IntlRo', ctrl), []],
    ['a name of Object', press('constructor', 'constructor', ctrl), []],
    ['a name of Object as a place', press('ж', 'constructor', ctrl), []],
  ])('reads %s', (_name, pressed, expected) => {
    expect(acceleratorsOf(pressed, 'linux')).toEqual(expected)
  })

  it('takes the place of a sign first where the keyboard writes no Latin letters', () => {
    // The key of the slash writes a full stop on a Russian keyboard.
    expect(acceleratorsOf(press('.', 'Slash', ctrl), 'linux', true)).toEqual(['Mod+/', 'Mod+.'])
    expect(acceleratorsOf(press('.', 'Slash', ctrl), 'linux', false)).toEqual(['Mod+.'])
  })

  it('takes ⌘ for Mod on macOS, and Control for a key of its own', () => {
    expect(acceleratorsOf(press('k', 'KeyK', { metaKey: true }), 'darwin')).toEqual(['Mod+K'])
    expect(acceleratorsOf(press('k', 'KeyK', ctrl), 'darwin')).toEqual(['Control+K'])
    expect(acceleratorsOf(press('˚', 'KeyK', { altKey: true, metaKey: true }), 'darwin')).toEqual(['Mod+Alt+K'])
    expect(acceleratorsOf(press('Dead', 'KeyN', { altKey: true }), 'darwin')).toEqual(['Alt+N'])
  })
})

describe('alphabetOf', () => {
  it('is told by letters only', () => {
    expect(alphabetOf({ key: 'a', code: 'KeyA' })).toBe('latin')
    expect(alphabetOf({ key: 'ф', code: 'KeyA' })).toBe('other')
    expect(alphabetOf({ key: '.', code: 'Period' })).toBeNull()
    expect(alphabetOf({ key: 'Control', code: 'ControlLeft' })).toBeNull()
  })
})

describe('accelerators', () => {
  it.each(['Mod+K', 'Mod+Control+Super+Alt+Shift+F24', 'Alt+Up', 'F6', 'Mod+\\', 'Mod+,', 'Delete'])(
    'knows %s',
    (text) => {
      expect(isAccelerator(text)).toBe(true)
    },
  )

  it.each([
    '',
    'Mod',
    'Mod+',
    'K+Mod',
    'Shift+Mod+K',
    'Mod+Mod+K',
    'mod+k',
    'Mod+Nonsense',
    'Mod+K+L',
    'Mod++',
    'Ctrl+K',
  ])('does not know %j', (text) => expect(isAccelerator(text)).toBe(false))

  it('R40 takes no key away from writing', () => {
    expect(['A', 'Shift+A', 'Enter', 'Up', 'Escape', 'Mod+Escape', 'Super+K'].filter(isFreeToUse)).toEqual([])
    expect(['Mod+A', 'Alt+Q', 'F9', 'Control+A', 'Shift+F9'].every(isFreeToUse)).toBe(true)
  })

  it('goes to Electron and back', () => {
    expect(electronAccelerator('Mod+Shift+Enter', 'linux')).toBe('Control+Shift+Return')
    expect(electronAccelerator('Mod+Alt+K', 'darwin')).toBe('Command+Alt+K')
    for (const platform of ['darwin', 'win32', 'linux'] as const) {
      for (const accelerator of ['Mod+Shift+Space', 'Alt+Space', 'Mod+Enter', 'F9']) {
        expect(fromElectron(electronAccelerator(accelerator, platform), platform)).toBe(accelerator)
      }
    }
    // What earlier versions have stored.
    expect(fromElectron('Control+Shift+Space', 'linux')).toBe('Mod+Shift+Space')
    expect(fromElectron('Super+K', 'darwin')).toBe('Mod+K')
    expect(fromElectron('Super+K', 'win32')).toBe('Super+K')
  })
})
