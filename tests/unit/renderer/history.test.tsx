// @vitest-environment happy-dom
import axe, { type Result } from 'axe-core'
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { App } from '../../../src/renderer/app'
import { hideToast, Toaster } from '../../../src/renderer/controls/toast'
import { bootStore } from '../../../src/renderer/store/boot'
import { askDiscard, showConversation } from '../../../src/renderer/store/conversations'
import { useStore } from '../../../src/renderer/store/state'
import { daysLeft, deletedDay } from '../../../src/renderer/trash/days'
import { loadTrash, useTrash } from '../../../src/renderer/trash/state'
import { summarize } from '../../../src/shared/conversation'
import type { Settings } from '../../../src/shared/settings'
import { mount } from '../markdown/mount'
import { newConversation, settle, startMain } from './main-stand-in'

/** happy-dom lays nothing out: what scrolls is 600 high here, and so all rows of a short list are in sight. */
class Layout {
  constructor(private readonly report: (entries: { target: Element; contentRect: object }[]) => void) {}
  observe(target: Element) {
    const height = target.className.includes('overflow-y-auto') ? 600 : 33
    queueMicrotask(() => this.report([{ target, contentRect: { width: 600, height } }]))
  }
  unobserve() {}
  disconnect() {}
}

let main: ReturnType<typeof startMain>
let close = (): void => undefined

async function open(change: Partial<Settings> = {}, ids: readonly string[] = []) {
  main = startMain(change)
  // One clock for all: read for each, two of them can get the same time and stand the other way round.
  const now = Date.now()
  for (const [index, id] of ids.entries()) main.keep({ ...newConversation(id, 'home'), updatedAt: now - index })
  location.hash = ''
  await bootStore()
  const page = mount(
    <>
      <App />
      <Toaster />
    </>,
  )
  close = page.unmount
  await settle()
}

const all = <T extends Element = HTMLElement>(selector: string): T[] => [...document.querySelectorAll<T>(selector)]
const named = (name: string): HTMLElement => {
  const found = all('button, [role=menuitem]').find(
    (each) => each.getAttribute('aria-label') === name || each.textContent === name,
  )
  if (found === undefined) throw new Error(`no button ${name}`)
  return found
}
const click = (name: string): Promise<void> => settle(() => named(name).click())
const press = (key: string, change: KeyboardEventInit = {}, target: Element = document.activeElement!) =>
  settle(() => target.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, ...change })))
const field = (): HTMLTextAreaElement => document.querySelector('textarea')!
const type = (text: string) =>
  act(async () => {
    const { set } = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value')!
    set!.call(field(), text)
    field().dispatchEvent(new Event('input', { bubbles: true }))
  })
const rowTitles = (): string[] => all('[data-conversation] bdi').map(({ textContent }) => textContent)
const trashed = (): string[] => all('[data-trashed] bdi').map(({ textContent }) => textContent)

async function findings(): Promise<string[]> {
  const options = { rules: { 'color-contrast': { enabled: false }, region: { enabled: false } } }
  let found: Result[] = []
  await act(async () => {
    found = (await axe.run(document.body, options)).violations
  })
  return found.flatMap(({ id, nodes }) => nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`))
}

beforeEach(() => {
  document.body.replaceChildren()
  vi.stubGlobal('ResizeObserver', Layout)
  Object.assign(document.defaultView!, { ResizeObserver: Layout })
})
afterEach(() => {
  close()
  hideToast()
})

describe('R34: the list by days', () => {
  afterEach(() => vi.useRealTimers())

  it('knows that it is another day when somebody comes back after the computer has slept', async () => {
    vi.useFakeTimers({ toFake: ['Date'], now: new Date(2026, 2, 4, 23, 0) })
    await open({}, ['c1'])
    const headings = () => all('nav h2').map(({ textContent }) => textContent)
    expect(headings()).toEqual(['Today'])
    vi.setSystemTime(new Date(2026, 2, 5, 8, 0))
    await settle(() => window.dispatchEvent(new Event('focus')))
    expect(headings()).toEqual(['Yesterday'])
  })
})

describe('R37: what was found in the sidebar', () => {
  const search = async (words: string): Promise<HTMLInputElement> => {
    const input = document.querySelector<HTMLInputElement>('nav input')!
    await settle(() => {
      input.focus()
      Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value')!.set!.call(input, words)
      input.dispatchEvent(new Event('input', { bubbles: true }))
    })
    return input
  }

  it('is still there when the menu of one of it is closed with Esc, which leaves its row the focus', async () => {
    await open({}, ['c1', 'c2'])
    const hit = { conversationId: 'c1', title: 'Title of c1', updatedAt: 0, messageId: null, marks: [], count: 0 }
    main.answer('conversation.search', () => ({ hits: [{ ...hit, snippet: 'Title of c1' }], indexed: 2, total: 2 }))
    const input = await search('title')
    // As long as main takes it: an answer to less would never be the one that is waited for.
    expect(input.maxLength).toBe(1000)
    await vi.waitFor(async () => {
      await settle()
      expect(rowTitles()).toEqual(['Title of c1'])
    }, 20_000)
    await press('ArrowDown', {}, input)
    await press('F10', { shiftKey: true })
    expect(document.querySelector('[role=menu]')).not.toBeNull()
    await press('Escape')
    expect(document.querySelector('[role=menu]')).toBeNull()
    expect(input.value).toBe('title')
    expect(document.activeElement).toBe(document.querySelector('[data-conversation="c1"]'))
  })
})

describe('a temporary chat', () => {
  it('is marked four times, and names who may keep a record', async () => {
    await open({}, ['c1'])
    await press('n', { ctrlKey: true, shiftKey: true }, field())
    expect(document.querySelector('h1')?.textContent).toBe('Temporary chat')
    expect(document.querySelector('header')?.textContent).toContain('gone when you close it')
    const line = document.getElementById(field().getAttribute('aria-describedby') ?? '')
    expect(line?.textContent).toBe('Not in history, search or backups. Home server may keep its own record.')
    expect(document.querySelector('form')?.className).toContain('border-dashed')
    await type('Why?')
    await press('Enter', {}, field())
    expect(main.asked()[0]?.isTemporary).toBe(true)
    expect(all('nav h2').map(({ textContent }) => textContent)).toEqual(['Not kept', 'Today'])
    expect(rowTitles()[0]).toBe('Temporary chat')
    await main.finish('complete')
    expect(all('[data-conversation]')[0]?.textContent).toBe('Temporary chat, not kept')
    expect(await findings()).toEqual([])
  })

  it('becomes an ordinary one when it is kept', async () => {
    await open()
    await press('n', { ctrlKey: true, shiftKey: true }, field())
    await type('Why?')
    await press('Enter', {}, field())
    await main.finish('complete')
    const id = useStore.getState().currentId
    await click('Keep this chat')
    expect(main.named('conversation.keep')).toEqual([{ conversationId: id }])
    expect(document.querySelector('h1')?.textContent).toBe(`Title of ${id}`)
    expect(document.querySelector('form')?.className).not.toContain('border-dashed')
    expect(field().hasAttribute('aria-describedby')).toBe(false)
    expect(all('nav h2').map(({ textContent }) => textContent)).toEqual(['Today'])
  })

  it('before its first word is kept without a word to main', async () => {
    await open()
    await press('n', { ctrlKey: true, shiftKey: true }, field())
    await type('half')
    await click('Keep this chat')
    expect(main.named('conversation.keep')).toEqual([])
    expect(document.querySelector('h1')?.textContent).toBe('New chat')
    expect(field().value).toBe('half')
  })

  it('stays in the list when another is opened, and is discarded only after a question', async () => {
    await open({}, ['c1'])
    await press('n', { ctrlKey: true, shiftKey: true }, field())
    await type('Why?')
    await press('Enter', {}, field())
    await main.finish('complete')
    const id = useStore.getState().currentId
    await settle(() => showConversation('c1'))
    expect(rowTitles()).toEqual(['Temporary chat', 'Title of c1'])
    const row = document.querySelector(`[data-conversation="${id}"]`)!
    await settle(() => (row as HTMLElement).focus())
    await press('Delete', {}, row)
    expect(document.querySelector('[role=dialog]')?.textContent).toContain('Discard this temporary chat?')
    expect(main.named('conversation.trash')).toEqual([])
    expect(await findings()).toEqual([])
    await click('Cancel')
    expect(rowTitles()).toHaveLength(2)
    await settle(() => askDiscard(id))
    await click('Discard')
    expect(main.named('conversation.discard')).toEqual([{ conversationId: id }])
    expect(rowTitles()).toEqual(['Title of c1'])
  })

  it('is told apart by its first words where there are several', async () => {
    await open()
    main.keep({ ...newConversation('t1', 'home'), title: 'About rent', isTemporary: true })
    main.keep({ ...newConversation('t2', 'home'), title: '', isTemporary: true })
    await settle(() => bootStore())
    expect(rowTitles().sort()).toEqual(['About rent', 'Temporary chat'])
  })
})

describe('deleting', () => {
  it('is taken back with Mod+Z as long as the toast is there, and the chat is on show again', async () => {
    await open({}, ['c1', 'c2'])
    await settle(() => showConversation('c1'))
    await press('Delete', {}, document.querySelector('[data-conversation="c1"]')!)
    expect(document.querySelector('.layer-toast')?.textContent).toContain('“Title of c1” moved to the trash')
    expect(rowTitles()).toEqual(['Title of c2'])
    await press('z', { ctrlKey: true }, document.body)
    expect(main.named('conversation.restore')).toEqual([{ conversationId: 'c1' }])
    expect(rowTitles()).toEqual(['Title of c1', 'Title of c2'])
    expect(useStore.getState().currentId).toBe('c1')
    expect(document.querySelector('.layer-toast')?.textContent).toBe('')
    await press('z', { ctrlKey: true }, document.body)
    expect(main.named('conversation.restore')).toHaveLength(1)
  })

  it('taken back under another id, because something is at its place again, it is on show all the same', async () => {
    await open({}, ['c1', 'c2', 'c3'])
    await settle(() => showConversation('c1'))
    main.answer('conversation.restore', () => ({ conversationId: 'c3' }))
    await press('Delete', {}, document.querySelector('[data-conversation="c1"]')!)
    await press('z', { ctrlKey: true }, document.body)
    expect(useStore.getState().currentId).toBe('c3')
  })

  it('leaves Mod+Z to words that were typed since', async () => {
    await open({}, ['c1', 'c2'])
    await settle(() => document.querySelector<HTMLElement>('[data-conversation="c2"]')!.focus())
    await press('Delete')
    await type('words')
    await press('z', { ctrlKey: true }, field())
    expect(main.named('conversation.restore')).toEqual([])
    await settle(() => all('.layer-toast button')[0]!.click())
    expect(main.named('conversation.restore')).toEqual([{ conversationId: 'c2' }])
  })
})

describe('a chat that another program has changed (R38)', () => {
  it('is told of, with the way to what is kept beside it', async () => {
    await open({}, ['c1', 'c2'])
    await settle(() => main.emit('conversation.keptBeside', { conversationId: 'c2', title: 'Title of c2' }))
    expect(document.querySelector('.layer-toast')?.textContent).toContain('Its version is kept as “Title of c2”')
    await click('Open')
    expect(useStore.getState().currentId).toBe('c2')
  })
})

describe('the trash', () => {
  async function openTrash(ids: readonly string[] = ['c1', 'c2', 'c3'], change: Partial<Settings> = {}) {
    await open(change, ids)
    for (const id of ids) await press('Delete', {}, document.querySelector(`[data-conversation="${id}"]`)!)
    await settle(() =>
      all('nav button')
        .find((each) => each.textContent.startsWith('Trash'))!
        .click(),
    )
  }

  it('says of deleted messages how many they are and of which chat, and that they are back', async () => {
    await openTrash(['c1', 'c2'])
    const summary = { ...summarize(newConversation('d1', 'home')), title: 'Long story' }
    const item = { file: 'd1.1', summary, messages: 4, images: 0, deleted: 2, deletedAt: Date.now(), expiresAt: null }
    main.answer('trash.list', () => [item])
    await settle(() => loadTrash())
    const row = document.querySelector('[data-trashed="d1.1"]')!
    expect(row.textContent).toContain('2 messages from “Long story”')
    expect(row.textContent).not.toContain('4 messages')
    main.answer('conversation.restore', () => ({ conversationId: 'c2' }))
    await settle(() => row.querySelector<HTMLElement>('[data-action="put-back"]')!.click())
    expect(main.named('conversation.restore').at(-1)).toEqual({ conversationId: 'd1', file: 'd1.1' })
    expect(document.querySelector('.layer-toast')?.textContent).toContain('2 messages are back')
    // Nothing is said of a chat that goes on.
    const dialog = () => document.querySelector('[role=dialog]')?.textContent
    await settle(() => row.querySelector<HTMLElement>('[data-action="delete"]')!.click())
    expect(dialog()).toContain('2 messages and their images cannot be brought back. The chat stays.')
    await click('Cancel')
    await click('Empty the trash…')
    expect(dialog()).toContain('Nothing in it can be brought back.')
  })

  it('is in the foot of the sidebar once something is in it', async () => {
    await open({}, ['c1'])
    const row = () => all('nav button').find((each) => each.textContent.startsWith('Trash'))
    expect(row()).toBeUndefined()
    await press('Delete', {}, document.querySelector('[data-conversation="c1"]')!)
    expect(row()?.textContent).toBe('Trash, 1')
    await settle(() => row()!.click())
    expect(row()?.getAttribute('aria-current')).toBe('page')
    expect(main.named('conversation.leave').length).toBeGreaterThan(0)
    await press('n', { ctrlKey: true }, document.body)
    expect(field()).not.toBeNull()
  })

  it('says how long chats stay, and what of each is left', async () => {
    await openTrash(['c1'])
    expect(document.querySelector('main')?.textContent).toContain('Chats stay here for 30 days, with their images.')
    expect(document.querySelector('[data-trashed]')?.textContent).toContain('30 days left')
    expect(document.activeElement?.textContent).toBe('Trash')
    expect(await findings()).toEqual([])
    await settle(() => main.emit('settings.changed', { ...useStore.getState().settings, trashDays: null }))
    expect(document.querySelector('main')?.textContent).toContain('until you delete them for good')
  })

  it('puts back, and the focus goes to the next one', async () => {
    await openTrash()
    expect(trashed()).toEqual(['Title of c1', 'Title of c2', 'Title of c3'])
    await settle(() => named('Put back “Title of c1”').focus())
    await click('Put back “Title of c1”')
    expect(main.named('conversation.restore')).toEqual([{ conversationId: 'c1', file: 'c1.1.json' }])
    expect(trashed()).toEqual(['Title of c2', 'Title of c3'])
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Put back “Title of c2”')
    expect(rowTitles()).toEqual(['Title of c1'])
    await click('Open')
    expect(useStore.getState()).toMatchObject({ currentId: 'c1', view: { name: 'chat' } })
  })

  it('counts rightly when more comes back while main still tells of the first', async () => {
    await openTrash()
    const told: (() => void)[] = []
    const before = useTrash.getState().items
    main.answer('trash.list', () => new Promise((resolve) => told.push(() => resolve(before.slice(told.length)))))
    for (const id of ['c1', 'c2']) {
      await settle(() =>
        main.emit('conversation.changed', [{ kind: 'upsert', summary: summarize(newConversation(id, 'home')) }]),
      )
    }
    expect(told).toHaveLength(1)
    await settle(() => told[0]?.())
    expect(told).toHaveLength(2)
    await settle(() => told[1]?.())
    expect(told).toHaveLength(2)
    expect(trashed()).toEqual(['Title of c3'])
  })

  it('on show, has what is deleted beside it under the name that main knows', async () => {
    await openTrash()
    main.keep(newConversation('c4', 'home'))
    await settle(() =>
      main.emit('conversation.changed', [{ kind: 'upsert', summary: summarize(newConversation('c4', 'home')) }]),
    )
    await settle(() => document.querySelector<HTMLElement>('[data-conversation="c4"]')!.focus())
    await press('Delete')
    await click('Put back “Title of c4”')
    expect(main.named('conversation.restore')).toEqual([{ conversationId: 'c4', file: 'c4.1.json' }])
  })

  it('goes by arrow keys, one tab stop', async () => {
    await openTrash()
    const stops = () => all('[data-trashed] button').filter((each) => each.tabIndex === 0).length
    expect(stops()).toBe(3)
    await settle(() => named('Delete “Title of c1” for good').focus())
    await press('ArrowDown')
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Delete “Title of c2” for good')
    await press('End')
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Delete “Title of c3” for good')
    await press('ArrowDown')
    expect(stops()).toBe(3)
  })

  it('shows what is in one, with the way back', async () => {
    await openTrash()
    await click('Show what is in “Title of c2”')
    const dialog = () => document.querySelector('[role=dialog]')
    expect(main.named('trash.read')).toEqual([{ file: 'c2.1.json' }])
    expect(dialog()?.textContent).toContain('You')
    expect(dialog()?.textContent).toContain('Words of c2')
    expect(dialog()?.textContent).toContain('3 more messages')
    expect(await findings()).toEqual([])
    await settle(() =>
      [...dialog()!.querySelectorAll('button')].find((each) => each.textContent === 'Put back')!.click(),
    )
    expect(main.named('conversation.restore')).toEqual([{ conversationId: 'c2', file: 'c2.1.json' }])
    expect(trashed()).toEqual(['Title of c1', 'Title of c3'])
    await settle(() => new Promise((resolve) => requestAnimationFrame(resolve)))
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Put back “Title of c3”')
  })

  it('deletes for good only after a question', async () => {
    await openTrash()
    await settle(() => named('Put back “Title of c2”').focus())
    await press('Delete')
    expect(document.querySelector('[role=dialog]')?.textContent).toContain('Delete “Title of c2” for good?')
    await click('Cancel')
    expect(main.named('trash.delete')).toEqual([])
    await press('Delete')
    await click('Delete for good')
    expect(main.named('trash.delete')).toEqual([{ files: ['c2.1.json'] }])
    expect(trashed()).toEqual(['Title of c1', 'Title of c3'])
    expect(document.activeElement?.getAttribute('aria-label')).toBe('Put back “Title of c3”')
  })

  it('is emptied with one question', async () => {
    await openTrash()
    await click('Empty the trash…')
    expect(document.querySelector('[role=dialog]')?.textContent).toContain(
      '3 chats and their images cannot be brought back.',
    )
    await click('Delete for good')
    expect(main.named('trash.delete')).toEqual([{ files: ['c1.1.json', 'c2.1.json', 'c3.1.json'] }])
    expect(document.querySelector('main')?.textContent).toContain('The trash is empty.')
    expect(await findings()).toEqual([])
  })

  it('says why it cannot be read', async () => {
    await open()
    main.refuse('trash.list', { code: 'storage', reason: 'failed' })
    await settle(() => useStore.setState({ view: { name: 'trash' } }))
    expect(document.querySelector('main [role=alert]')?.textContent).not.toBe('')
    expect(document.querySelector('main')?.textContent).not.toContain('The trash is empty.')
  })

  it('R34: counts days by the calendar, and never less than one', () => {
    const now = new Date(2026, 10, 22, 14).getTime()
    expect(deletedDay(now - 30_000, now)).toBe('now')
    expect(deletedDay(now + 86_400_000, now)).toBe('now')
    expect(deletedDay(new Date(2026, 10, 22, 0, 0, 1).getTime(), now)).toBe('today')
    expect(deletedDay(new Date(2026, 10, 21, 23, 59).getTime(), now)).toBe('yesterday')
    expect(deletedDay(new Date(2026, 10, 20, 23, 59).getTime(), now)).toBe('on')
    expect(daysLeft(now + 30 * 86_400_000, now)).toBe(30)
    expect(daysLeft(now + 86_400_001, now)).toBe(2)
    expect(daysLeft(now - 5, now)).toBe(1)
  })
})

describe('copies', () => {
  it('a duplicate and a branch are made by main and opened', async () => {
    await open()
    await type('Why?')
    await press('Enter', {}, field())
    await main.say({ type: 'text-delta', text: 'Because.' })
    await main.finish('complete')
    const { currentId } = useStore.getState()
    const [asked] = main.asked()
    await settle(() => named('More actions').click())
    await click('Branch from here')
    expect(main.named('conversation.branch')).toEqual([{ conversationId: currentId, messageId: asked?.answerId }])
    expect(useStore.getState().currentId).not.toBe(currentId)
    expect(document.querySelector('[role=log]')?.textContent).toContain('Because.')

    await settle(() => showConversation(currentId))
    await settle(() => named('Actions for this question').click())
    await click('Branch from here')
    const question = asked?.question.kind === 'new' ? asked.question.messageId : null
    expect(main.named('conversation.branch').at(-1)).toEqual({ conversationId: currentId, messageId: question })
    expect(document.querySelector('[role=log]')?.textContent).toContain('Why?')
    expect(document.querySelector('[role=log]')?.textContent).not.toContain('Because.')

    await settle(() => named('Actions for this chat').click())
    const branch = useStore.getState().currentId
    await click('Duplicate')
    expect(main.named('conversation.duplicate')).toEqual([{ conversationId: branch }])
    expect(useStore.getState().currentId).not.toBe(branch)
  })

  it('says why one could not be made', async () => {
    await open({}, ['c1'])
    await settle(() => showConversation('c1'))
    main.refuse('conversation.duplicate', { code: 'storage', reason: 'full' })
    await settle(() => named('Actions for this chat').click())
    await click('Duplicate')
    expect(document.querySelector('.layer-toast')?.textContent).not.toBe('')
    expect(useStore.getState().currentId).toBe('c1')
  })
})
