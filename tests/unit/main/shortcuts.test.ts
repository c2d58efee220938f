import { describe, expect, it } from 'vitest'
import { silentLogger } from '../../../src/main/logger'
import { GlobalShortcuts } from '../../../src/main/shortcuts'
import type { HoldShortcuts, PortalAnswer, PortalWish } from '../../../src/main/shortcut-portal'
import type { GlobalShortcutId } from '../../../src/shared/actions'
import type { ShortcutState, ShortcutStates } from '../../../src/shared/contract'

const OFF: ShortcutState = { kind: 'off' }
const wanted = (quickAsk: string | null, askRegion: string | null = null) => ({
  'quick-ask': quickAsk,
  'ask-region': askRegion,
})
const held = (accelerator: string, trigger: string | null = null): ShortcutState => ({
  kind: 'registered',
  accelerator,
  trigger,
})

function open(
  register: (accelerator: string) => boolean,
  portal: HoldShortcuts | null = null,
  remembered: Partial<Record<GlobalShortcutId, string>> = {},
) {
  const refused = new Map<GlobalShortcutId, string | null>(Object.entries(remembered) as [GlobalShortcutId, string][])
  const keys = new Map<string, () => void>()
  const pressed: GlobalShortcutId[] = []
  const told: ShortcutStates[] = []
  const shortcuts = new GlobalShortcuts({
    globalShortcut: {
      register: (accelerator, press) => {
        const isHeld = register(accelerator)
        if (isHeld) keys.set(accelerator, press)
        return isHeld
      },
      unregister: (accelerator) => void keys.delete(accelerator),
    },
    portal,
    description: (id) => `What ${id} does`,
    refused: { read: (id) => refused.get(id) ?? null, write: (id, accelerator) => refused.set(id, accelerator) },
    desktop: 'GNOME',
    onPress: (id) => pressed.push(id),
    onState: (states) => told.push(states),
    logger: silentLogger,
  })
  const kinds = () => [shortcuts.states['quick-ask'].kind, shortcuts.states['ask-region'].kind]
  return { shortcuts, keys, pressed, told, kinds, refused: () => Object.fromEntries(refused) }
}

describe('the keys that work from anywhere', () => {
  it('R47 says registered only after the system has accepted it', () => {
    const { shortcuts, keys, told } = open(() => true)
    expect(shortcuts.states).toEqual({ 'quick-ask': OFF, 'ask-region': OFF })
    const states = { 'quick-ask': held('Alt+Space'), 'ask-region': OFF }
    expect(shortcuts.set(wanted('Alt+Space'))).toEqual(states)
    expect([...keys.keys()]).toEqual(['Alt+Space'])
    expect(told).toEqual([states])
  })

  it('R47 says so when another program holds one, and tries again', () => {
    const taken = new Set(['Alt+R'])
    const { shortcuts, keys } = open((accelerator) => !taken.has(accelerator))
    expect(shortcuts.set(wanted('Alt+Space', 'Alt+R'))).toEqual({
      'quick-ask': held('Alt+Space'),
      'ask-region': { kind: 'taken', accelerator: 'Alt+R' },
    })
    taken.clear()
    expect(shortcuts.check()['ask-region']).toEqual(held('Alt+R'))
    expect([...keys.keys()]).toEqual(['Alt+Space', 'Alt+R'])
  })

  it('are told from each other', () => {
    const { shortcuts, keys, pressed } = open(() => true)
    shortcuts.set(wanted('Alt+Space', 'Alt+R'))
    keys.get('Alt+R')?.()
    keys.get('Alt+Space')?.()
    expect(pressed).toEqual(['ask-region', 'quick-ask'])
  })

  it('are let go of while they are paused, both, and a change of the setting ends that', () => {
    const { shortcuts, keys, kinds } = open(() => true)
    expect(shortcuts.isPaused).toBeNull()
    shortcuts.set(wanted('Alt+Space', 'Alt+R'))
    expect(shortcuts.isPaused).toBe(false)
    shortcuts.pause(true)
    expect([kinds(), shortcuts.isPaused, keys.size]).toEqual([['paused', 'paused'], true, 0])
    shortcuts.check()
    expect([kinds(), keys.size]).toEqual([['registered', 'registered'], 2])
    shortcuts.pause(true)
    expect(shortcuts.pause(false)['quick-ask'].kind).toBe('registered')
    shortcuts.pause(true)
    shortcuts.set(wanted('Alt+P'))
    expect([shortcuts.isPaused, kinds(), ...keys.keys()]).toEqual([false, ['registered', 'off'], 'Alt+P'])
  })

  it('of which only the region has one: that can be let go of as well', () => {
    const { shortcuts, kinds } = open(() => true)
    shortcuts.set(wanted(null, 'Alt+R'))
    expect([shortcuts.isPaused, kinds()]).toEqual([false, ['off', 'registered']])
  })

  it('let the old key go before they take the new one', () => {
    const { shortcuts, keys } = open((accelerator) => !keys.has(accelerator))
    shortcuts.set(wanted('Alt+Space', 'Alt+R'))
    shortcuts.set(wanted('Alt+R', 'Alt+Space'))
    expect([...keys.keys()]).toEqual(['Alt+R', 'Alt+Space'])
    shortcuts.set(wanted(null))
    expect([[...keys], shortcuts.states]).toEqual([[], { 'quick-ask': OFF, 'ask-region': OFF }])
  })

  it('survive text that names no key', () => {
    const { shortcuts } = open((accelerator) => {
      if (accelerator === 'Nonsense') throw new TypeError('conversion failure')
      return true
    })
    expect(shortcuts.set(wanted('Nonsense', 'Alt+R'))).toEqual({
      'quick-ask': { kind: 'not-possible', reason: 'other', desktop: 'GNOME' },
      'ask-region': held('Alt+R'),
    })
  })
})

/** A desktop that answers when it is told to. */
function desktop() {
  const wishes: PortalWish[] = []
  const answers: ((answer: PortalAnswer) => void)[] = []
  let sessions = 0
  const hold: HoldShortcuts = (wish) => {
    wishes.push(wish)
    return new Promise((resolve) =>
      answers.push((answer) => {
        let isHeld = answer.kind === 'held'
        if (isHeld) sessions += 1
        const release = () => {
          if (isHeld) sessions -= 1
          isHeld = false
        }
        resolve({ answer, release })
      }),
    )
  }
  const answer = async (given: PortalAnswer): Promise<void> => {
    answers.shift()?.(given)
    await Promise.resolve()
    await Promise.resolve()
  }
  const yes = (triggers: Partial<Record<GlobalShortcutId, string>>) =>
    answer({ kind: 'held', triggers: new Map(Object.entries(triggers)) })
  const asked = () => wishes.map(({ shortcuts }) => shortcuts.map(({ id }) => id))
  return { hold, wishes, answer, yes, asked, sessions: () => sessions }
}

describe('the keys where the desktop holds them', () => {
  it('R47 says that they are asked for until the person has answered, and then which keys the desktop gave', async () => {
    const { hold, yes, wishes } = desktop()
    const { shortcuts, keys, kinds, pressed } = open(() => true, hold)
    shortcuts.set(wanted('Alt+Space', 'Alt+R'))
    expect([kinds(), shortcuts.isPaused]).toEqual([['asking', 'asking'], null])
    await yes({ 'quick-ask': 'Alt+Space', 'ask-region': '' })
    expect(shortcuts.states).toEqual({ 'quick-ask': held('Alt+Space', 'Alt+Space'), 'ask-region': held('Alt+R', '') })
    wishes[0]?.onTriggers(new Map([['ask-region', 'Meta+R']]))
    expect(shortcuts.states).toEqual({
      'quick-ask': held('Alt+Space', 'Alt+Space'),
      'ask-region': held('Alt+R', 'Meta+R'),
    })
    wishes[0]?.onPress('ask-region')
    wishes[0]?.onPress('nothing of ours')
    expect(pressed).toEqual(['ask-region'])
    // In one question, and never in Electron's own way, whose answer is no answer there.
    expect([keys.size, wishes.length]).toEqual([0, 1])
  })

  it('remember a refusal, also over a restart, and ask again only when that is wanted or other keys are', async () => {
    const { hold, answer, wishes } = desktop()
    const { shortcuts, kinds, refused } = open(() => true, hold)
    shortcuts.set(wanted('Alt+Space'))
    await answer({ kind: 'refused' })
    expect([kinds(), refused()]).toEqual([['refused', 'off'], { 'quick-ask': 'Alt+Space' }])
    shortcuts.set(wanted('Alt+Space'))
    expect([kinds(), wishes.length]).toEqual([['refused', 'off'], 1])

    const later = open(() => true, hold, { 'quick-ask': 'Alt+Space' })
    const kind = () => later.kinds()[0]
    later.shortcuts.set(wanted('Alt+Space'))
    expect(kind()).toBe('refused')
    later.shortcuts.set(wanted('Alt+K'))
    expect(kind()).toBe('asking')
    later.shortcuts.set(wanted('Alt+Space'))
    expect(kind()).toBe('refused')
    later.shortcuts.check()
    expect([kind(), later.refused()['quick-ask']]).toEqual(['asking', null])
  })

  it('of which one is refused: the other one is held, and only that is asked for from then on', async () => {
    const { hold, yes, asked } = desktop()
    const { shortcuts, kinds, refused } = open(() => true, hold)
    shortcuts.set(wanted('Alt+Space', 'Alt+R'))
    await yes({ 'quick-ask': 'Alt+Space' })
    expect([kinds(), refused()]).toEqual([['registered', 'refused'], { 'ask-region': 'Alt+R' }])
    shortcuts.set(wanted('Alt+K', 'Alt+R'))
    await yes({ 'quick-ask': 'Alt+K' })
    expect([kinds(), asked()]).toEqual([
      ['registered', 'refused'],
      [['quick-ask', 'ask-region'], ['quick-ask']],
    ])
  })

  it('keep what was held when the person says no to what is new', async () => {
    const { hold, answer, yes, asked, sessions } = desktop()
    const { shortcuts, kinds, refused } = open(() => true, hold)
    shortcuts.set(wanted('Alt+Space'))
    await yes({ 'quick-ask': 'Alt+Space' })
    shortcuts.set(wanted('Alt+Space', 'Alt+R'))
    await answer({ kind: 'refused' })
    expect([kinds(), refused()]).toEqual([['asking', 'refused'], { 'ask-region': 'Alt+R' }])
    await yes({ 'quick-ask': 'Alt+Space' })
    expect([kinds(), sessions()]).toEqual([['registered', 'refused'], 1])
    expect(asked()).toEqual([['quick-ask'], ['quick-ask', 'ask-region'], ['quick-ask']])
    // To what is not new they can say no as well.
    shortcuts.set(wanted('Alt+Space'))
    await answer({ kind: 'refused' })
    expect(kinds()).toEqual(['refused', 'off'])
  })

  it('are held once: an answer to a wish that is gone is given back', async () => {
    const { hold, yes, sessions } = desktop()
    const { shortcuts, kinds } = open(() => true, hold)
    shortcuts.set(wanted('Alt+Space'))
    shortcuts.set(wanted('Alt+K', 'Alt+R'))
    await yes({ 'quick-ask': 'Alt+Space' })
    expect([kinds(), sessions()]).toEqual([['asking', 'asking'], 0])
    await yes({ 'quick-ask': 'Alt+K', 'ask-region': 'Alt+R' })
    expect([kinds(), sessions()]).toEqual([['registered', 'registered'], 1])
    shortcuts.pause(true)
    expect([kinds(), sessions()]).toEqual([['paused', 'paused'], 0])
  })

  it('are not possible where nobody can be asked, and where whoever holds them ends again and again', async () => {
    const { hold, answer, yes, wishes } = desktop()
    const { shortcuts } = open(() => true, hold)
    shortcuts.set(wanted('Alt+Space', 'Alt+R'))
    await answer({ kind: 'missing' })
    const notPossible: ShortcutState = { kind: 'not-possible', reason: 'wayland', desktop: 'GNOME' }
    expect(shortcuts.states).toEqual({ 'quick-ask': notPossible, 'ask-region': notPossible })
    shortcuts.check()
    for (let losses = 1; losses <= 3; losses += 1) {
      await yes({ 'quick-ask': '', 'ask-region': '' })
      expect(shortcuts.states['ask-region'].kind).toBe('registered')
      wishes.at(-1)?.onLost()
    }
    expect(shortcuts.states).toEqual({ 'quick-ask': notPossible, 'ask-region': notPossible })
    expect(wishes.length).toBe(4)
  })
})
