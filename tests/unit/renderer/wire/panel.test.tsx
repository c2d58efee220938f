// @vitest-environment happy-dom
import axe, { type Result } from 'axe-core'
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { App } from '../../../../src/renderer/app'
import { Toaster } from '../../../../src/renderer/controls/toast'
import { bootStore } from '../../../../src/renderer/store/boot'
import { showNewConversation } from '../../../../src/renderer/store/conversations'
import { useStore } from '../../../../src/renderer/store/state'
import { useWire } from '../../../../src/renderer/wire/state'
import type { Part } from '../../../../src/shared/conversation'
import { mount } from '../../markdown/mount'
import { newRecording, settle, startMain } from '../main-stand-in'

const EVENTS = [
  [84, 'parameters', 'web_search: false'],
  [391, 'provider', 'DeepInfra'],
  [806, 'reasoning', '“The chart shows gaps…”'],
  [1804, 'content', '“Your chart”'],
  [1828, 'content', '“ shows buffering”'],
] as const

const text = (value: string): Part => ({ type: 'text-delta', text: value })
const PARTS = [
  { atMs: 1804, part: text('Your chart') },
  { atMs: 1828, part: text(' shows buffering') },
]

async function findings(root: Element): Promise<string[]> {
  const options = { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } }
  let found: Result[] = []
  await act(async () => {
    found = (await axe.run(root, options)).violations
  })
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
}

/** Does something that needs no frame of the feed. */
async function tick(doing: () => unknown = () => undefined): Promise<void> {
  await act(async () => {
    await doing()
    await new Promise((resolve) => setTimeout(resolve, 20))
  })
}

let main: ReturnType<typeof startMain>
let close = (): void => undefined

/** The window with one finished answer in it, and the panel not yet open. */
async function open() {
  main = startMain()
  await bootStore()
  const page = mount(
    <>
      <App />
      <Toaster />
    </>,
  )
  close = page.unmount
  await tick()
  const field = (): HTMLTextAreaElement => page.container.querySelector('textarea')!
  const press = (target: Element, key: string, change: KeyboardEventInit = {}) =>
    tick(() => target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...change })))
  const ask = async (words: string): Promise<string> => {
    await act(async () => {
      const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')!
      set!.call(field(), words)
      field().dispatchEvent(new Event('input', { bubbles: true }))
    })
    await press(field(), 'Enter')
    return main.asked().at(-1)!.answerId
  }
  const showWire = async (): Promise<void> => {
    await press(field(), 'Y', { ctrlKey: true, shiftKey: true })
    await page.until(() => panel() !== null)
    await tick()
  }
  const panel = (): HTMLElement | null => page.container.querySelector('aside[data-region="wire"]')
  const button = (name: string): HTMLButtonElement =>
    [...page.container.querySelectorAll('button')].find(
      (each) => (each.getAttribute('aria-label') ?? each.textContent) === name,
    )!
  // Without a layout the virtual list keeps every row out of sight; what is selected stays in the page.
  const rows = (): string[] => [...panel()!.querySelectorAll('[role="row"][id]')].map((each) => each.textContent)
  return { ...page, field, press, ask, showWire, panel, button, rows }
}

beforeEach(() => document.body.replaceChildren())
afterEach(() => close())

describe('the wire view', () => {
  it('opens by key with the request, the figures and the events of the newest answer', async () => {
    const { ask, showWire, panel, container } = await open()
    const answerId = await ask('Why?')
    await main.say(text('Because.'))
    main.record(newRecording('r1', answerId, EVENTS))
    await main.finish('complete')
    await showWire()
    const words = panel()!.textContent
    expect(words).toContain('POST /backend-api/v2/conversation')
    expect(words).toContain('200 OK')
    expect(words).toContain('Bearer ••••a1b2')
    expect(words).toContain('Secrets stay masked here, in copies and in recordings.')
    expect(words).toContain('Answer of 14:02')
    const figures = [...panel()!.querySelectorAll('section[aria-label="Figures"] dd')].map((each) => each.textContent)
    expect(figures).toEqual(['5', '1.8 s', '415 ms', '998 ms'])
    const tabs = [...panel()!.querySelectorAll('button[aria-pressed]')].map((each) => each.textContent)
    expect(tabs.slice(0, 4)).toEqual(['All5', 'content2', 'reasoning1', 'other2'])
    expect(panel()!.querySelector('[role="treegrid"]')?.getAttribute('aria-rowcount')).toBe('6')
    expect(document.activeElement).toBe(panel()!.querySelector('[role="treegrid"]'))
    expect(await findings(container)).toEqual([])
  })

  it('moves with the arrow keys, opens the JSON with Enter, and Esc gives the focus back', async () => {
    const { ask, showWire, panel, press, rows, field, until } = await open()
    main.record(newRecording('r1', await ask('Why?'), EVENTS))
    await main.finish('complete')
    await showWire()
    const grid = panel()!.querySelector('[role="treegrid"]')!
    await press(grid, 'End')
    await press(grid, 'ArrowUp')
    expect(rows()).toContain('1.804998content“Your chart”')
    const current = grid.getAttribute('aria-activedescendant')!
    expect(document.getElementById(current)?.getAttribute('aria-selected')).toBe('true')
    await press(grid, 'Enter')
    expect(main.named('wire.event')).toEqual([{ recordingId: 'r1', index: 3 }])
    await until(() => panel()!.textContent.includes('{"type":"content","content":"“Your chart”"}'))
    expect(document.getElementById(current)?.getAttribute('aria-expanded')).toBe('true')
    await press(grid, 'Escape')
    expect(panel()).toBeNull()
    expect(document.activeElement).toBe(field())
  })

  it('filters by group and by text; the first Esc empties the field', async () => {
    const { ask, showWire, panel, press } = await open()
    main.record(newRecording('r1', await ask('Why?'), EVENTS))
    await main.finish('complete')
    await showWire()
    const grid = panel()!.querySelector('[role="treegrid"]')!
    const count = (): number => Number(grid.getAttribute('aria-rowcount')) - 1
    await press(grid, 'f', { ctrlKey: true, code: 'KeyF' })
    const filter = panel()!.querySelector<HTMLInputElement>('[data-filter]')!
    expect(document.activeElement).toBe(filter)
    await act(async () => {
      const { set } = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!
      set!.call(filter, 'CHART')
      filter.dispatchEvent(new Event('input', { bubbles: true }))
    })
    expect(count()).toBe(2)
    await press(filter, 'Escape')
    expect(filter.value).toBe('')
    expect(panel()).not.toBeNull()
    const content = [...panel()!.querySelectorAll<HTMLElement>('button[aria-pressed]')][1]!
    await tick(() => content.click())
    expect(count()).toBe(2)
  })

  it('appends what comes while the answer runs', async () => {
    const { ask, showWire, panel } = await open()
    const answerId = await ask('Why?')
    await showWire()
    expect(panel()!.textContent).toContain('Nothing has come over the wire yet.')
    const grown = (count: number) => {
      const made = newRecording('r1', answerId, EVENTS.slice(0, count))
      return { ...made, recording: { ...made.recording, end: null } }
    }
    main.record(grown(2))
    await main.say(text('Your '))
    await settle(() => new Promise((resolve) => setTimeout(resolve, 300)))
    const grid = (): Element => panel()!.querySelector('[role="treegrid"]')!
    expect(grid().getAttribute('aria-rowcount')).toBe('3')
    expect(panel()!.textContent).toContain('200 OK')
    main.record(grown(4))
    await main.say(text('chart'))
    await settle(() => new Promise((resolve) => setTimeout(resolve, 300)))
    expect(grid().getAttribute('aria-rowcount')).toBe('5')
    expect(main.named('wire.rows').at(-1)).toEqual({ recordingId: 'r1', from: 2 })
  })

  it('is honest about an answer that was not recorded', async () => {
    const { ask, showWire, panel, container } = await open()
    await ask('Why?')
    await main.finish('complete')
    await showWire()
    expect(panel()!.textContent).toContain('Nothing was recorded for this answer. Recording is on from now.')
    expect(panel()!.textContent).toContain('until Parley quits')
    expect(await findings(container)).toEqual([])
  })

  it('says that an answer came in one piece', async () => {
    const { ask, showWire, panel } = await open()
    const burst = [
      [6200, 'content', 'a'],
      [6201, 'content', 'b'],
    ] as const
    main.record(newRecording('r1', await ask('Why?'), burst))
    await main.finish('complete')
    await showWire()
    expect(panel()!.textContent).toContain('The answer came in one piece, after 6.2 s.')
    expect(panel()!.querySelector('[role="img"]')).toBeNull()
  })

  it('S28: copies the command as main has masked it, and saves', async () => {
    const { ask, showWire, button } = await open()
    const copied: string[] = []
    vi.spyOn(navigator.clipboard, 'writeText').mockImplementation(async (words) => void copied.push(words))
    main.record(newRecording('r1', await ask('Why?'), EVENTS))
    await main.finish('complete')
    await showWire()
    await tick(() => button('Copy as curl').click())
    expect(copied).toEqual(["curl -H 'authorization: Bearer ••••a1b2' https://chat.home.lan"])
    expect(button('Copied')).toBeDefined()
    await tick(() => button('Save the recording').click())
    expect(main.named('wire.save')).toEqual([{ recordingId: 'r1' }])
    expect(button('Saved')).toBeDefined()
  })

  it('plays the recording in the place of the answer and never changes what is stored', async () => {
    const { ask, showWire, button, container, press, panel } = await open()
    const answerId = await ask('Why?')
    await main.say(text('Stored words.'))
    await main.finish('complete')
    main.record(newRecording('r1', answerId, EVENTS, PARTS))
    const before = structuredClone(useStore.getState().threads)
    await showWire()
    const answer = (): string => container.querySelector('article[aria-label="Answer"]')!.textContent
    await tick(() => button('All').click())
    await press(panel()!.querySelector('[role="treegrid"]')!, ' ')
    expect(answer()).toContain('Your chart shows buffering')
    expect(answer()).toContain('nothing is sent')
    expect(answer()).not.toContain('Stored words.')
    expect(answer()).not.toContain('Answered by')
    expect(await findings(container)).toEqual([])
    await tick(() => button('End the replay').click())
    expect(answer()).toContain('Stored words.')
    expect(useStore.getState().threads).toEqual(before)
    expect(main.asked()).toHaveLength(1)
  })

  it('a replay ends when the person asks anew or goes elsewhere', async () => {
    const { ask, showWire, button } = await open()
    const answerId = await ask('Why?')
    await main.finish('complete')
    main.record(newRecording('r1', answerId, EVENTS, PARTS))
    await showWire()
    await tick(() => button('All').click())
    await tick(() => button('Replay').click())
    expect(useWire.getState().replay).not.toBeNull()
    await ask('And why?')
    expect(useWire.getState().replay).toBeNull()
    main.record(newRecording('r2', main.asked().at(-1)!.answerId, EVENTS, PARTS))
    await main.finish('complete')
    await settle(() => new Promise((resolve) => setTimeout(resolve, 300)))
    await tick(() => button('Replay').click())
    expect(useWire.getState().replay?.recordingId).toBe('r2')
    await tick(showNewConversation)
    expect(useWire.getState().replay).toBeNull()
  })

  it('shows a recording from a file and plays it where there is no question yet', async () => {
    const { container, showWire, button, panel } = await open()
    await showWire()
    expect(panel()!.textContent).toContain('There is no answer in this chat yet.')
    main.pick(newRecording('f1', null, EVENTS, PARTS))
    await tick(() => button('Open a recording…').click())
    expect(panel()!.textContent).toContain('Recording of 4 March 2026, 14:02')
    await tick(() => button('All').click())
    await tick(() => button('Replay').click())
    expect(container.querySelector('[role="log"]')?.textContent).toContain('Your chart shows buffering')
    await tick(() => button('End the replay').click())
    expect(container.querySelector('[role="log"]')).toBeNull()
    expect(main.asked()).toHaveLength(0)
  })

  it('says why a file is no recording', async () => {
    const { showWire, button, container } = await open()
    await showWire()
    main.refuse('wire.openFile', { code: 'bad-recording', reason: 'format' })
    await tick(() => button('Open a recording…').click())
    expect(container.textContent).toContain('Not a recording')
  })

  it('has an edge that keys can move', async () => {
    const { ask, showWire, panel, press } = await open()
    await ask('Why?')
    await main.finish('complete')
    await showWire()
    const edge = (): Element => panel()!.querySelector('[role="separator"]')!
    expect(edge().getAttribute('aria-valuenow')).toBe('472')
    await press(edge(), 'ArrowLeft')
    expect(edge().getAttribute('aria-valuenow')).toBe('488')
    await press(edge(), 'End')
    expect(edge().getAttribute('aria-valuenow')).toBe('640')
    await press(edge(), 'Home')
    expect(edge().getAttribute('aria-valuenow')).toBe('400')
  })
})
