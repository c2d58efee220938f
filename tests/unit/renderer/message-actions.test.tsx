// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { MessageActions } from '../../../src/renderer/chat/message-actions'
import { mount } from '../markdown/mount'

let unmount = (): void => undefined
afterEach(() => unmount())

/** A message between two other stops, with three actions of which the last is the menu. */
function open(isShown = false) {
  const pressed = vi.fn()
  const message = (isShownNow: boolean) => (
    <>
      <button type="button" data-before />
      <article>
        <p tabIndex={-1}>An answer</p>
        <MessageActions label="More" isShown={isShownNow} className="row">
          <button type="button">Copy</button>
          <button type="button">Retry</button>
          <button type="button" onClick={pressed}>
            More
          </button>
        </MessageActions>
      </article>
      <button type="button" data-after />
    </>
  )
  const page = mount(message(isShown))
  unmount = page.unmount
  const find = (selector: string): HTMLElement => {
    const element = page.container.querySelector<HTMLElement>(selector)
    if (element === null) throw new Error(`${selector} is not there`)
    return element
  }
  return {
    pressed,
    ...page,
    find,
    show: (isShownNow: boolean) => page.render(message(isShownNow)),
    names: () =>
      [...page.container.querySelectorAll('.row button')].map(
        (button) => button.getAttribute('aria-label') ?? button.textContent,
      ),
  }
}

const focused = (): string => document.activeElement?.textContent ?? ''

describe('the actions of a message', () => {
  it('are one button with a name until somebody comes near', () => {
    const { names, find } = open()
    expect(names()).toEqual(['More'])
    expect(find('.row button').getAttribute('aria-haspopup')).toBe('menu')
    act(() => void find('article').dispatchEvent(new Event('pointerenter')))
    expect(names()).toEqual(['Copy', 'Retry', 'More'])
  })

  it('are made when the focus comes to the message, and leave it where it is', () => {
    const { names, find } = open()
    act(() => find('p').focus())
    expect(names()).toEqual(['Copy', 'Retry', 'More'])
    expect(focused()).toBe('An answer')
  })

  it.each([
    ['from above', '[data-before]', 'Copy'],
    ['from below', '[data-after]', 'More'],
  ])('take the focus that comes to them %s in the order of Tab', async (_, from, reached) => {
    const { find, names, until } = open()
    act(() => find(from).focus())
    act(() => find('.row button').focus())
    await until(() => names().length === 3)
    expect(focused()).toBe(reached)
  })

  it('open their menu for a screen reader that presses the one button, focus first', async () => {
    const { find, pressed, until } = open()
    act(() => {
      const stand = find('.row button')
      stand.focus()
      stand.click()
    })
    await until(() => pressed.mock.calls.length === 1)
    expect(focused()).toBe('More')
  })

  it('stay once they are made, when another answer becomes the last', () => {
    const { names, show } = open(true)
    expect(names()).toEqual(['Copy', 'Retry', 'More'])
    show(false)
    expect(names()).toEqual(['Copy', 'Retry', 'More'])
  })
})
