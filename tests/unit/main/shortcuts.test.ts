import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/main/logger'
import { QuickAskShortcut } from '../../../src/main/shortcuts'
import type { ShortcutState } from '../../../src/shared/contract'

function open(register: (accelerator: string) => boolean, isWayland = false) {
  const held = new Set<string>()
  const states: ShortcutState[] = []
  const shortcut = new QuickAskShortcut({
    globalShortcut: {
      register: (accelerator) => {
        const isHeld = register(accelerator)
        if (isHeld) held.add(accelerator)
        return isHeld
      },
      unregister: (accelerator) => void held.delete(accelerator),
    },
    isWayland,
    desktop: 'GNOME',
    onPress: () => undefined,
    onState: (state) => states.push(state),
    logger: silentLogger,
  })
  return { shortcut, held, states }
}

describe('the quick-ask shortcut', () => {
  it('R47 says registered only after the system has accepted it', () => {
    const { shortcut, held, states } = open(() => true)
    expect(shortcut.state).toEqual({ kind: 'off' })
    expect(shortcut.set('Alt+Space', true)).toEqual({ kind: 'registered', accelerator: 'Alt+Space' })
    expect([...held]).toEqual(['Alt+Space'])
    expect(states).toEqual([{ kind: 'registered', accelerator: 'Alt+Space' }])
  })

  it('R47 says so when another program holds it, and tries again', () => {
    let isFree = false
    const { shortcut, held } = open(() => isFree)
    expect(shortcut.set('Alt+Space', true)).toEqual({ kind: 'taken', accelerator: 'Alt+Space' })
    isFree = true
    expect(shortcut.set('Alt+Space', true).kind).toBe('registered')
    expect(held.size).toBe(1)
  })

  it('is let go of while it is paused, and a change of the setting ends that', () => {
    const { shortcut, held } = open(() => true)
    expect(shortcut.isPaused).toBeNull()
    shortcut.set('Alt+Space', true)
    expect(shortcut.isPaused).toBe(false)
    expect(shortcut.pause(true)).toEqual({ kind: 'off' })
    expect([shortcut.isPaused, held.size]).toEqual([true, 0])
    expect(shortcut.pause(false).kind).toBe('registered')
    shortcut.pause(true)
    shortcut.set('Alt+P', true)
    expect([shortcut.isPaused, ...held]).toEqual([false, 'Alt+P'])
  })

  it('lets the old key go before it takes the new one', () => {
    const { shortcut, held } = open(() => true)
    shortcut.set('Alt+Space', true)
    shortcut.set('Alt+K', true)
    expect([...held]).toEqual(['Alt+K'])
    shortcut.set('Alt+K', false)
    expect([[...held], shortcut.state]).toEqual([[], { kind: 'off' }])
  })

  it('does not even try on Wayland, where the answer would be a lie', () => {
    const { shortcut, held } = open(() => true, true)
    expect(shortcut.set('Alt+Space', true)).toEqual({ kind: 'not-possible', reason: 'wayland', desktop: 'GNOME' })
    expect(held.size).toBe(0)
  })

  it('survives text that names no key', () => {
    const { shortcut } = open(() => {
      throw new TypeError('conversion failure')
    })
    expect(shortcut.set('Nonsense', true)).toEqual({ kind: 'not-possible', reason: 'other', desktop: 'GNOME' })
  })
})
