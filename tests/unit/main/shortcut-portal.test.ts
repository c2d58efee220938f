import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { portalShortcuts, triggerText, type HeldShortcuts } from '../../../src/main/shortcut-portal'
import { eventually } from '../../support/eventually'
import { startPortal, type FakePortal } from '../../support/portal'

describe('the keys that a Wayland desktop holds', () => {
  let portal: FakePortal
  const told: string[] = []
  const held: HeldShortcuts[] = []
  beforeEach(async () => {
    portal = await startPortal()
    told.length = 0
  })
  afterEach(async () => {
    for (const { release } of held.splice(0)) release()
    await portal.close()
  })
  const quickAsk = { id: 'quick-ask', accelerator: 'Control+Shift+Space', description: 'Open quick ask' }
  const askRegion = { id: 'ask-region', accelerator: 'Alt+R', description: 'Ask about a screen region' }
  const hold = async (signal = new AbortController().signal, shortcuts = [quickAsk]) => {
    const answer = await portalShortcuts(portal.env)(
      {
        shortcuts,
        onPress: (id) => told.push(`${id} pressed`),
        onTriggers: (triggers) => told.push(...[...triggers].flat()),
        onLost: () => told.push('lost'),
      },
      signal,
    )
    held.push(answer)
    return answer
  }
  const heldAs = (trigger: string, ...ids: string[]) => ({
    kind: 'held',
    triggers: new Map((ids.length === 0 ? ['quick-ask'] : ids).map((id) => [id, trigger])),
  })
  const tells = (...wanted: string[]) =>
    eventually(
      () => told.join(),
      (said) => said === wanted.join(),
      wanted.join(),
    )

  it('is asked for once, in its own words; the desktop says which keys it gave', async () => {
    const { answer } = await hold()
    expect(answer).toEqual(heldAs('Ctrl+Alt+P'))
    expect(portal.asked).toEqual(['CTRL+SHIFT+space'])
    portal.press()
    portal.change('Meta+P')
    await tells('quick-ask pressed', 'quick-ask', 'Meta+P')
  })

  it('are asked for in one session, and told from each other', async () => {
    const { answer } = await hold(undefined, [quickAsk, askRegion])
    expect(answer).toEqual(heldAs('Ctrl+Alt+P', 'quick-ask', 'ask-region'))
    expect([portal.asked, portal.held()]).toEqual([['CTRL+SHIFT+space', 'ALT+r'], 1])
    portal.press('ask-region')
    portal.change('Meta+R', 'ask-region')
    portal.press()
    await tells('ask-region pressed', 'ask-region', 'Meta+R', 'quick-ask pressed')
    portal.mode = 'last-left-out'
    expect((await hold(undefined, [quickAsk, askRegion])).answer).toEqual(heldAs('Ctrl+Alt+P'))
  })

  it('is given back with the connection', async () => {
    const { release } = await hold()
    expect(portal.held()).toBe(1)
    release()
    await eventually(
      () => portal.held(),
      (count) => count === 0,
      'no key held',
    )
    expect(told).toEqual([])
  })

  it('is refused by the person, or taken off the list', async () => {
    portal.mode = 'no'
    expect((await hold()).answer).toEqual({ kind: 'refused' })
    portal.mode = 'left-out'
    expect((await hold()).answer).toEqual({ kind: 'refused' })
    portal.mode = 'no-keys'
    expect((await hold()).answer).toEqual(heldAs(''))
  })

  it('is not possible where no portal knows shortcuts, and without a bus', async () => {
    portal.mode = 'unknown'
    expect((await hold()).answer).toEqual({ kind: 'missing' })
    const wish = {
      shortcuts: [askRegion],
      onPress: () => undefined,
      onTriggers: () => undefined,
      onLost: () => undefined,
    }
    expect((await portalShortcuts({})(wish, new AbortController().signal)).answer).toEqual({ kind: 'missing' })
  })

  it('is said to be lost once when the portal ends', async () => {
    await hold()
    portal.die()
    await tells('lost')
    portal.press()
    expect(told).toEqual(['lost'])
  })

  it('can be wished no longer while the person still thinks', async () => {
    portal.mode = 'hold'
    const ending = new AbortController()
    void hold(ending.signal)
    await eventually(
      () => portal.asked.length,
      (count) => count === 1,
      'a question',
    )
    ending.abort()
    portal.answer(true)
    await eventually(
      () => portal.held(),
      (count) => count === 0,
      'no key held',
    )
    expect(told).toEqual([])
  })

  it('is written with the names that the desktop knows', () => {
    expect(triggerText('Control+Shift+Space')).toBe('CTRL+SHIFT+space')
    expect(triggerText('CommandOrControl+K')).toBe('CTRL+k')
    expect(triggerText('Alt+F4')).toBe('ALT+F4')
    expect(triggerText('Super+Return')).toBe('LOGO+Return')
    expect(triggerText('Control+/')).toBe('CTRL+slash')
    expect(triggerText('Control+PageUp')).toBe('CTRL+Page_Up')
  })
})
