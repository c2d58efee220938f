// @vitest-environment happy-dom
import axe, { type Result } from 'axe-core'
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { isOffered, runAction } from '../../../src/renderer/actions/offers'
import { App } from '../../../src/renderer/app'
import { Toaster } from '../../../src/renderer/controls/toast'
import { closePalette } from '../../../src/renderer/palette/state'
import { bootStore } from '../../../src/renderer/store/boot'
import { openComparison } from '../../../src/renderer/store/comparison'
import {
  showChatSettings,
  showConversation,
  showSettings,
  showTemporaryConversation,
} from '../../../src/renderer/store/conversations'
import { attachFiles } from '../../../src/renderer/store/chips'
import { useStore } from '../../../src/renderer/store/state'
import type { Settings } from '../../../src/shared/settings'
import { mount } from '../markdown/mount'
import { newConversation, settle, startMain } from './main-stand-in'

/** What axe finds in the page. Without a layout it cannot judge colours; the end-to-end tests do. */
async function findings(root: Element): Promise<string[]> {
  const options = { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } }
  let found: Result[] = []
  await act(async () => {
    found = (await axe.run(root, options)).violations
  })
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
}

let main: ReturnType<typeof startMain>
let close = (): void => undefined

async function open(change: Partial<Settings> = {}, prepare: (main_: typeof main) => void = () => undefined) {
  main = startMain(change)
  prepare(main)
  await bootStore()
  const page = mount(
    <>
      <App />
      <Toaster />
    </>,
  )
  close = page.unmount
  await settle()
  const field = (): HTMLTextAreaElement => page.container.querySelector('textarea')!
  const press = (target: Element, key: string, change_: KeyboardEventInit = {}) =>
    settle(() =>
      target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...change_ })),
    )
  const type = (text: string) =>
    act(async () => {
      const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')!
      set!.call(field(), text)
      field().dispatchEvent(new Event('input', { bubbles: true }))
    })
  return { ...page, field, press, type }
}

beforeEach(() => document.body.replaceChildren())
afterEach(() => close())

describe('the main window', () => {
  it('says that nothing can be looked for while answers are compared [37]', async () => {
    const { field, press } = await open()
    openComparison(useStore.getState().currentId)
    await settle()
    await press(field(), 'f', { ctrlKey: true })
    expect(document.body.textContent).toContain('Find works in one answer')
  })

  it('is judged by an axe that finds what is wrong', async () => {
    const broken = document.body.appendChild(document.createElement('div'))
    broken.append(document.createElement('button'))
    expect(await findings(broken)).toEqual(['button-name: <button></button>'])
  })

  it('asks at first where answers come from, and starts the Guide', async () => {
    const { container } = await open({ activeBackendId: null })
    expect(container.querySelector('h1')?.textContent).toBe('Where should answers come from?')
    expect(container.textContent).toContain('localhost:1337')
    expect(await findings(container)).toEqual([])
    const start = [...container.querySelectorAll('button')].find((each) => each.textContent === 'Start the Guide')!
    await settle(() => start.click())
    expect(main.named('settings.set')).toEqual([{ activeBackendId: 'guide' }])
    expect(document.activeElement).toBe(container.querySelector('textarea'))
    expect(container.querySelector('textarea')?.placeholder).toBe('Message Guide')
  })

  it('has its palette and its keys on the first run as well, with what can be reached then', async () => {
    const { container, press } = await open({ activeBackendId: null })
    const dialog = () => document.querySelector('[role=dialog]')
    await press(container, '?', { ctrlKey: true, shiftKey: true, code: 'Slash' })
    await settle(() => vi.waitFor(() => expect(dialog()?.textContent).toContain('Keyboard')))
    await press(dialog()!, 'Escape')
    await press(container, 'k', { ctrlKey: true })
    await settle(() => vi.waitFor(() => expect(dialog()?.querySelector('input')).not.toBeNull()))
    // There are no chats to look in yet.
    expect(dialog()?.querySelector('[aria-pressed]')).toBeNull()
    const rows = [...dialog()!.querySelectorAll('[role=option]')].map((each) => each.textContent)
    expect(rows.some((row) => row.includes('All keys'))).toBe(true)
    expect(rows.some((row) => row.includes('New chat'))).toBe(false)
    await settle(closePalette)
  })

  it('looks for another text in the palette that is open, which goes on taking keys', async () => {
    const { press, container, until } = await open()
    main.answer('conversation.search', () => ({ hits: [], indexed: 1, total: 1 }))
    const input = () => document.querySelector<HTMLInputElement>('[role=dialog] input')
    await press(container, 'k', { ctrlKey: true })
    await until(() => input() !== null)
    await settle(() => main.emit('app.command', { kind: 'search', text: ' sour\n dough ' }))
    expect(input()?.value).toBe('sour dough')
    const key = new KeyboardEvent('keydown', { key: 'x', bubbles: true, cancelable: true })
    await settle(() => input()?.dispatchEvent(key))
    expect(key.defaultPrevented).toBe(false)
    await settle(closePalette)
  })

  it('keeps the focus in the window when the button that was pressed goes away', async () => {
    const { container, field } = await open()
    const named = (name: string) => container.querySelector<HTMLElement>(`button[aria-label="${name}"]`)
    const push = (name: string) =>
      settle(() => {
        named(name)!.focus()
        named(name)!.click()
      })
    await push('Hide the sidebar')
    expect(document.activeElement).toBe(named('Show the sidebar'))
    await push('Show the sidebar')
    expect(document.activeElement).toBe(named('Hide the sidebar'))
    await settle(showTemporaryConversation)
    const keep = [...container.querySelectorAll('button')].find((each) => each.textContent === 'Keep this chat')!
    await settle(() => {
      keep.focus()
      keep.click()
    })
    expect(document.activeElement).toBe(field())
    await push('Attach files')
    expect(document.activeElement).toBe(field())
  })

  it('offers what the chat can do to the palette: prompts, the web, its settings, export', async () => {
    const { field } = await open({}, (present) => present.keep(newConversation('c1', 'home')))
    await settle(() => void runAction('insert-prompt'))
    expect(field().value).toBe('/')
    await settle(() => void runAction('chat-settings'))
    expect(useStore.getState().chatSettings).toBe(useStore.getState().currentId)
    await settle(() => showChatSettings(null))
    expect(isOffered('export-markdown')).toBe(false)
    await settle(() => showConversation('c1'))
    await settle(() => void runAction('export-markdown'))
    expect(main.named('conversation.export')).toEqual([{ conversationId: 'c1', format: 'markdown' }])
    await settle(() => void runAction('prompts'))
    expect(useStore.getState().view).toEqual({ name: 'prompts' })
  })

  it('an empty chat, a running answer and a failed one: roles and names hold', async () => {
    const { container, field, type, press } = await open({}, (present) => {
      present.keep({ ...newConversation('c1', 'home'), isPinned: true })
    })
    expect(await findings(container)).toEqual([])
    await type('Why?')
    await press(field(), 'Enter')
    await main.say({ type: 'reasoning-delta', text: 'Hm' }, { type: 'text-delta', text: 'Because.' })
    expect(container.querySelector('[role=log]')?.getAttribute('aria-live')).toBe('off')
    expect(container.querySelector('article[aria-busy=true]')?.textContent).toContain('Because.')
    expect(await findings(container)).toEqual([])
    await main.finish('failed', { code: 'connection-lost' })
    expect(container.querySelector('[role=alert] h2')?.textContent).toBe('The answer stopped early')
    expect(container.textContent).toContain('The server closed the stream after 1 word.')
    expect(await findings(container)).toEqual([])
  })

  it('speaks what happens, never the words of the answer', async () => {
    const { container, field, type, press } = await open()
    const spoken = (): string => container.querySelector('p[role=status]')?.textContent ?? ''
    await type('Why?')
    await press(field(), 'Enter')
    expect(spoken()).toBe('Waiting for provider')
    await main.say({ type: 'text-delta', text: 'Because of it.' })
    // At most one report in five seconds.
    expect(spoken()).toBe('Waiting for provider')
    expect(container.querySelectorAll('[aria-live=assertive]')).toHaveLength(0)
  })

  it('keys of the window: new chat, settings, sidebar, regions', async () => {
    const { container, field, press } = await open({}, (present) => {
      present.keep(newConversation('c1', 'home'))
    })
    const before = useStore.getState().currentId
    await press(field(), 'ArrowDown', { altKey: true })
    expect(useStore.getState().currentId).toBe('c1')
    await press(field(), 'n', { ctrlKey: true })
    expect(useStore.getState().currentId).not.toBe('c1')
    expect(useStore.getState().currentId).not.toBe(before)
    await press(field(), '\\', { ctrlKey: true })
    expect(container.querySelector('nav')).toBeNull()
    await press(field(), 'F', { ctrlKey: true, shiftKey: true })
    expect(document.activeElement).toBe(container.querySelector('nav input'))
    await press(document.activeElement!, 'F6')
    expect(container.querySelector('header')?.contains(document.activeElement)).toBe(true)
    ;(document.activeElement as HTMLElement).blur()
    await press(document.body, 'F6', { shiftKey: true })
    expect(document.activeElement).toBe(field())
    await press(document.activeElement!, ',', { ctrlKey: true })
    expect(useStore.getState().view).toEqual({ name: 'settings', page: 'backends' })
  })

  it('keeps the draft of each chat', async () => {
    const { field, press, type } = await open({}, (present) => {
      present.keep(newConversation('c1', 'home'))
    })
    await type('in the new one')
    await press(field(), 'ArrowDown', { altKey: true })
    expect(field().value).toBe('')
    await type('in c1')
    await press(field(), 'n', { ctrlKey: true })
    expect(field().value).toBe('in the new one')
  })

  it('deletes at once and offers to undo it', async () => {
    const { container, press } = await open({}, (present) => {
      present.keep(newConversation('c1', 'home'))
    })
    const row = container.querySelector('[data-conversation="c1"]')!
    await press(row, 'Delete')
    expect(main.named('conversation.trash')).toEqual([{ conversationId: 'c1' }])
    const undo = [...container.querySelectorAll('button')].find((each) => each.textContent.startsWith('Undo'))!
    const field = container.querySelector('textarea')
    await settle(() => {
      field?.focus()
      undo.focus()
      undo.click()
    })
    expect(main.named('conversation.restore')).toEqual([{ conversationId: 'c1' }])
    // The button is gone, and the keys are not nobody's.
    expect(document.activeElement).toBe(field)
  })

  it('says at the field why a message with a refused file does not go', async () => {
    const { container, field, press, type } = await open()
    await type('Look at this')
    await settle(() => attachFiles(useStore.getState().currentId, [new File(['x'], 'scan.tiff')]))
    const said = () => container.querySelector('form [role=alert]')?.textContent
    expect(said()).toBe('1 file cannot be sent, so the message waits.')
    await press(field(), 'Enter')
    expect(field().value).toBe('Look at this')
    expect(main.asked()).toEqual([])
    const remove = [...container.querySelectorAll('button')].find((each) => each.textContent === 'Remove it')!
    await settle(() => remove.click())
    expect(said()).toBeUndefined()
    expect(useStore.getState().drafts.get(useStore.getState().currentId)?.chips).toEqual([])
    expect(document.activeElement).toBe(field())
  })

  it('says why a message waits only in the chat in which it was sent', async () => {
    const { container, field, press } = await open({}, (present) => {
      for (const id of ['c1', 'c2']) present.keep(newConversation(id, 'home'))
    })
    const said = () => container.querySelector('form [role=alert]')?.textContent
    const waiting = { filling: { promptId: 'p', name: 'P', slots: [{ name: 'who', choices: [], from: 0, to: 5 }] } }
    const draft = { text: '{who}', chips: [], ...waiting }
    const drafts = new Map(['c1', 'c2'].map((id) => [id, draft] as const))
    await settle(() => useStore.setState({ drafts }))
    await settle(() => showConversation('c1'))
    await press(field(), 'Enter')
    expect(said()).toBeDefined()
    await settle(() => showConversation('c2'))
    expect(field().value).toBe('{who}')
    expect(said()).toBeUndefined()
  })

  it('R41: a long paste that finds no place as a file stays in the message', async () => {
    const { container, field, type } = await open()
    const long = 'word '.repeat(1000)
    const data = new DataTransfer()
    data.setData('text/plain', long)
    await settle(() => field().dispatchEvent(new ClipboardEvent('paste', { bubbles: true, clipboardData: data })))
    await type(`Look: ${long}`)
    const bar = [...container.querySelectorAll('form button')].find((each) => each.textContent === 'Attach as file')
    // Main refuses every file here.
    await settle(() => (bar as HTMLElement).click())
    expect(container.querySelectorAll('[data-chip]')).toHaveLength(1)
    expect(field().value).toBe(`Look: ${long}`)
  })

  it('shows a setting each time it is asked for, wherever in the settings one is', async () => {
    const { container, until } = await open()
    const title = () => container.querySelector('main h1')?.textContent
    await settle(() => showSettings('appearance'))
    await until(() => title() === 'Appearance')
    const general = [...container.querySelectorAll('nav button')].find((each) => each.textContent === 'General')
    await settle(() => (general as HTMLElement).click())
    expect(title()).toBe('General')
    // The key of the settings leads to where they are already.
    await settle(() => showSettings())
    expect(title()).toBe('General')
    await settle(() => showSettings('appearance'))
    expect(title()).toBe('Appearance')
  })

  it('↑ in an empty field edits the last question, Esc leaves it as it was', async () => {
    const { container, field, press, type } = await open()
    const editor = () => container.querySelector<HTMLTextAreaElement>('[role=log] textarea')
    await type('Why?')
    await press(field(), 'Enter')
    await main.finish('complete')
    await press(field(), 'ArrowUp')
    expect(editor()?.value).toBe('Why?')
    expect(document.activeElement).toBe(editor())
    await press(editor()!, 'Escape')
    expect(editor()).toBeNull()
    expect(document.activeElement).toBe(field())
    await type('Why not?')
    await press(field(), 'ArrowUp')
    expect(editor()).toBeNull()
    expect(field().value).toBe('Why not?')
  })

  it('R07: says that nothing reaches the disk, and takes it back', async () => {
    const { container } = await open()
    await settle(() => main.emit('storage.state', { isSafe: false, reason: 'full' }))
    expect(container.querySelector('[role=alert]')?.textContent).toContain('The disk is full.')
    await settle(() => main.emit('storage.state', { isSafe: true }))
    expect(container.querySelector('[role=alert]')).toBeNull()
  })
})
