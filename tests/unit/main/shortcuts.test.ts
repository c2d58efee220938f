import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/main/logger'
import { QuickAskShortcut } from '../../../src/main/shortcuts'
import type { HoldShortcut, PortalAnswer, PortalWish } from '../../../src/main/shortcut-portal'
import type { ShortcutState } from '../../../src/shared/contract'

function open(
  register: (accelerator: string) => boolean,
  portal: HoldShortcut | null = null,
  remembered: string | null = null,
) {
  let refused = remembered
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
    portal,
    description: () => 'Open quick ask',
    refused: { read: () => refused, write: (accelerator) => (refused = accelerator) },
    desktop: 'GNOME',
    onPress: () => undefined,
    onState: (state) => states.push(state),
    logger: silentLogger,
  })
  return { shortcut, held, states, refused: () => refused }
}

describe('the quick-ask shortcut', () => {
  it('R47 says registered only after the system has accepted it', () => {
    const { shortcut, held, states } = open(() => true)
    expect(shortcut.state).toEqual({ kind: 'off' })
    expect(shortcut.set('Alt+Space', true)).toEqual({ kind: 'registered', accelerator: 'Alt+Space', trigger: null })
    expect([...held]).toEqual(['Alt+Space'])
    expect(states).toEqual([{ kind: 'registered', accelerator: 'Alt+Space', trigger: null }])
  })

  it('R47 says so when another program holds it, and tries again', () => {
    let isFree = false
    const { shortcut, held } = open(() => isFree)
    expect(shortcut.set('Alt+Space', true)).toEqual({ kind: 'taken', accelerator: 'Alt+Space' })
    isFree = true
    expect(shortcut.check().kind).toBe('registered')
    expect(held.size).toBe(1)
  })

  it('is let go of while it is paused, and a change of the setting ends that', () => {
    const { shortcut, held } = open(() => true)
    expect(shortcut.isPaused).toBeNull()
    shortcut.set('Alt+Space', true)
    expect(shortcut.isPaused).toBe(false)
    expect(shortcut.pause(true)).toEqual({ kind: 'paused', accelerator: 'Alt+Space' })
    expect([shortcut.isPaused, held.size]).toEqual([true, 0])
    expect(shortcut.check().kind).toBe('registered')
    shortcut.pause(true)
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

  it('survives text that names no key', () => {
    const { shortcut } = open(() => {
      throw new TypeError('conversion failure')
    })
    expect(shortcut.set('Nonsense', true)).toEqual({ kind: 'not-possible', reason: 'other', desktop: 'GNOME' })
  })
})

/** A desktop that answers when it is told to. */
function desktop() {
  const wishes: PortalWish[] = []
  const answers: ((answer: PortalAnswer) => void)[] = []
  let held = 0
  const hold: HoldShortcut = (wish) => {
    wishes.push(wish)
    return new Promise((resolve) =>
      answers.push((answer) => {
        if (answer.kind === 'held') held += 1
        resolve({ answer, release: () => (held -= answer.kind === 'held' ? 1 : 0) })
      }),
    )
  }
  const answer = async (given: PortalAnswer): Promise<void> => {
    answers.shift()?.(given)
    await Promise.resolve()
    await Promise.resolve()
  }
  return { hold, wishes, answer, held: () => held }
}

describe('the quick-ask shortcut where the desktop holds it', () => {
  const registered = { kind: 'registered', accelerator: 'Alt+Space', trigger: 'Alt+Space' }

  it('R47 says that it is asked for until the person has answered, and then which keys the desktop gave', async () => {
    const { hold, answer, wishes } = desktop()
    const { shortcut, held } = open(() => true, hold)
    expect(shortcut.set('Alt+Space', true)).toEqual({ kind: 'asking', accelerator: 'Alt+Space' })
    expect(shortcut.isPaused).toBeNull()
    await answer({ kind: 'held', trigger: 'Alt+Space' })
    expect(shortcut.state).toEqual(registered)
    wishes[0]?.onTrigger('Meta+P')
    expect(shortcut.state).toEqual({ ...registered, trigger: 'Meta+P' })
    // Never in Electron's own way, whose answer is no answer there.
    expect([held.size, wishes.length]).toEqual([0, 1])
  })

  it('remembers a refusal, also over a restart, and asks again only when that is wanted or other keys are', async () => {
    const { hold, answer, wishes } = desktop()
    const { shortcut, refused } = open(() => true, hold)
    shortcut.set('Alt+Space', true)
    await answer({ kind: 'refused' })
    expect([shortcut.state.kind, refused()]).toEqual(['refused', 'Alt+Space'])
    expect(shortcut.set('Alt+Space', true).kind).toBe('refused')
    expect(wishes.length).toBe(1)

    const later = open(() => true, hold, 'Alt+Space')
    expect(later.shortcut.set('Alt+Space', true).kind).toBe('refused')
    expect(later.shortcut.set('Alt+K', true).kind).toBe('asking')
    expect(later.shortcut.set('Alt+Space', true).kind).toBe('refused')
    expect(later.shortcut.check().kind).toBe('asking')
    expect(later.refused()).toBeNull()
  })

  it('holds one key only: an answer to a wish that is gone is given back', async () => {
    const { hold, answer, held } = desktop()
    const { shortcut } = open(() => true, hold)
    shortcut.set('Alt+Space', true)
    shortcut.set('Alt+K', true)
    await answer({ kind: 'held', trigger: 'Alt+Space' })
    expect([shortcut.state.kind, held()]).toEqual(['asking', 0])
    await answer({ kind: 'held', trigger: 'Alt+K' })
    expect([shortcut.state.kind, held()]).toEqual(['registered', 1])
    expect(shortcut.pause(true).kind).toBe('paused')
    expect(held()).toBe(0)
  })

  it('is not possible where nobody can be asked, and where whoever holds it ends again and again', async () => {
    const { hold, answer, wishes } = desktop()
    const { shortcut } = open(() => true, hold)
    shortcut.set('Alt+Space', true)
    await answer({ kind: 'missing' })
    expect(shortcut.state).toEqual({ kind: 'not-possible', reason: 'wayland', desktop: 'GNOME' })
    shortcut.check()
    for (let losses = 1; losses <= 3; losses += 1) {
      await answer({ kind: 'held', trigger: '' })
      expect(shortcut.state.kind).toBe('registered')
      wishes.at(-1)?.onLost()
    }
    expect(shortcut.state.kind).toBe('not-possible')
    expect(wishes.length).toBe(4)
  })
})
