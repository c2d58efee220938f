import { describe, expect, it } from 'vitest'
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
    expect(keyOf(press(key, modifiers), 'linux')).toBe(meaning)
  })

  it('takes ⌘ for Mod on macOS, and leaves Ctrl to the field', () => {
    expect(keyOf(press('Enter', { metaKey: true }), 'darwin')).toBe('open')
    expect(keyOf(press('n', { ctrlKey: true, code: 'KeyN' }), 'darwin')).toBeNull()
  })
})
