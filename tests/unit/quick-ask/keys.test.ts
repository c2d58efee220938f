import { describe, expect, it } from 'vitest'
import { actionKeys } from '../../../src/shared/actions'
import { defaultSettings } from '../../../src/shared/settings'
import { keyOf } from '../../../src/renderer/quick-ask/keys'

const press = (key: string, modifiers: Partial<Parameters<typeof keyOf>[0]> = {}) => ({
  key,
  code: '',
  metaKey: false,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  ...modifiers,
})

describe('keyOf', () => {
  it.each([
    ['Escape', {}, 'hide'],
    ['Enter', { ctrlKey: true }, 'open'],
    ['c', { ctrlKey: true }, 'copy'],
    ['с', { ctrlKey: true, code: 'KeyC' }, 'copy'],
    ['n', { ctrlKey: true }, 'new'],
    ['т', { ctrlKey: true, code: 'KeyN' }, 'new'],
    ['.', { ctrlKey: true }, 'stop'],
    ['Enter', {}, null],
    ['c', {}, null],
    ['C', { ctrlKey: true, shiftKey: true }, null],
    ['Escape', { shiftKey: true }, null],
    ['Enter', { ctrlKey: true, altKey: true }, null],
    ['Enter', { metaKey: true }, null],
  ] as const)('%s with %o means %s', (key, modifiers, meaning) => {
    expect(keyOf(press(key, modifiers), 'linux', actionKeys(defaultSettings('linux'), 'linux'))).toBe(meaning)
  })

  it('takes ⌘ for Mod on macOS, and leaves Ctrl to the field', () => {
    const keys = actionKeys(defaultSettings('darwin'), 'darwin')
    expect(keyOf(press('Enter', { metaKey: true }), 'darwin', keys)).toBe('open')
    expect(keyOf(press('n', { ctrlKey: true, code: 'KeyN' }), 'darwin', keys)).toBeNull()
  })

  it('has the keys that a person has given to New chat and Stop', () => {
    const shortcuts = { stop: 'Mod+Shift+S', 'new-chat': null }
    const keys = actionKeys({ ...defaultSettings('linux'), shortcuts }, 'linux')
    expect(keyOf(press('S', { ctrlKey: true, shiftKey: true }), 'linux', keys)).toBe('stop')
    expect(keyOf(press('n', { ctrlKey: true }), 'linux', keys)).toBeNull()
    expect(keyOf(press('.', { ctrlKey: true }), 'linux', keys)).toBeNull()
  })
})
