import { describe, expect, it } from 'vitest'
import { actionOf, type ComposerKey, type ComposerMoment } from '../../../src/renderer/composer/keys'

function press(key: string, change: Partial<ComposerKey> = {}): ComposerKey {
  return {
    key,
    keyCode: 0,
    isComposing: false,
    shiftKey: false,
    altKey: false,
    ctrlKey: false,
    metaKey: false,
    ...change,
  }
}

function moment(change: Partial<ComposerMoment> = {}): ComposerMoment {
  return {
    sendKey: 'enter',
    isMac: false,
    isRunning: false,
    isEmpty: false,
    hasQueued: false,
    ...change,
  }
}

describe('keys of the composer', () => {
  it('Enter sends, Shift+Enter is a new line', () => {
    expect(actionOf(press('Enter'), moment())).toBe('send')
    expect(actionOf(press('Enter', { shiftKey: true }), moment())).toBeNull()
    expect(actionOf(press('Enter', { altKey: true }), moment())).toBeNull()
  })

  it('leaves every key to an input method that composes', () => {
    for (const key of ['Enter', 'ArrowUp', 'Escape']) {
      const present = moment({ isEmpty: true, hasQueued: true })
      expect(actionOf(press(key, { isComposing: true }), present)).toBeNull()
      expect(actionOf(press(key, { keyCode: 229 }), present)).toBeNull()
    }
    // The Enter after the composition has ended is an ordinary one.
    expect(actionOf(press('Enter', { keyCode: 13 }), moment())).toBe('send')
  })

  it('while an answer runs, Enter queues and Mod+Enter interrupts', () => {
    const running = moment({ isRunning: true })
    expect(actionOf(press('Enter'), running)).toBe('send')
    expect(actionOf(press('Enter', { ctrlKey: true }), running)).toBe('stop-and-send')
    expect(actionOf(press('Enter', { ctrlKey: true }), moment())).toBe('send')
  })

  it('Mod is Command on macOS and Control elsewhere', () => {
    const running = { isRunning: true }
    expect(actionOf(press('Enter', { metaKey: true }), moment({ ...running, isMac: true }))).toBe('stop-and-send')
    expect(actionOf(press('Enter', { ctrlKey: true }), moment({ ...running, isMac: true }))).toBe('send')
    expect(actionOf(press('Enter', { metaKey: true }), moment(running))).toBe('send')
  })

  it('with Mod+Enter as the sending key, Enter is a new line and Shift interrupts', () => {
    const swapped = moment({ sendKey: 'mod-enter' })
    expect(actionOf(press('Enter'), swapped)).toBeNull()
    expect(actionOf(press('Enter', { shiftKey: true }), swapped)).toBeNull()
    expect(actionOf(press('Enter', { ctrlKey: true }), swapped)).toBe('send')
    const running = { ...swapped, isRunning: true }
    expect(actionOf(press('Enter', { ctrlKey: true }), running)).toBe('send')
    expect(actionOf(press('Enter', { ctrlKey: true, shiftKey: true }), running)).toBe('stop-and-send')
  })

  it('the arrow up edits the last question, in an empty field only', () => {
    expect(actionOf(press('ArrowUp'), moment({ isEmpty: true }))).toBe('edit-last')
    expect(actionOf(press('ArrowUp'), moment())).toBeNull()
    expect(actionOf(press('ArrowUp', { shiftKey: true }), moment({ isEmpty: true }))).toBeNull()
  })

  it('Esc takes back what waits, and never stops an answer', () => {
    expect(actionOf(press('Escape'), moment({ hasQueued: true, isRunning: true }))).toBe('take-back')
    expect(actionOf(press('Escape'), moment({ isRunning: true }))).toBeNull()
  })

  it('Esc with nothing to take back is left to the layers', () => {
    expect(actionOf(press('Escape'), moment())).toBeNull()
  })
})
