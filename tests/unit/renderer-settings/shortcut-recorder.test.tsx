// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { QuickAskPage } from '../../../src/renderer/settings/quick-ask-page'
import { ShortcutsPage } from '../../../src/renderer/settings/shortcuts-page'
import { mount } from '../markdown/mount'
import { backendView, createPerson, startMain } from './main-stand-in'

const person = createPerson()
let close = (): void => undefined

async function open(page: React.ReactNode) {
  await startMain([backendView('home')])
  const mounted = mount(page)
  close = mounted.unmount
  await act(async () => undefined)
}
const recorder = () => document.querySelector<HTMLElement>('[role=textbox][aria-readonly]')
const row = (id: string) => document.querySelector<HTMLElement>(`[data-shortcut="${id}"]`)!

beforeEach(() => document.body.replaceChildren())
afterEach(() => close())

describe('recording a shortcut', () => {
  it('leaves the focus where somebody has put it meanwhile', async () => {
    await open(<ShortcutsPage />)
    await person.press(row('new-chat'))
    expect(document.activeElement).toBe(recorder())
    const search = document.querySelector('input')!
    await act(async () => search.focus())
    expect(recorder()).toBeNull()
    expect(document.activeElement).toBe(search)
  })

  it('gives the focus back to its row after Esc', async () => {
    await open(<ShortcutsPage />)
    await person.press(row('new-chat'))
    await person.key(recorder()!, 'Escape')
    expect(recorder()).toBeNull()
    expect(document.activeElement).toBe(row('new-chat'))
  })

  it('is cancelled by the button beside it, which does not take the focus before it is let go', async () => {
    await open(<QuickAskPage />)
    const record = [...document.querySelectorAll('button')].find((each) => each.textContent === 'Record')!
    await person.press(record)
    const cancel = person.button('Cancel')
    const press = new Event('pointerdown', { bubbles: true, cancelable: true })
    await act(async () => cancel.dispatchEvent(press))
    expect(press.defaultPrevented).toBe(true)
    await person.press(cancel)
    expect(recorder()).toBeNull()
    expect(document.activeElement?.textContent).toBe('Record')
  })
})
