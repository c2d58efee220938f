// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { useFileDrop } from '../../../src/renderer/composer/file-drop'
import { mount } from '../markdown/mount'

const dropped = vi.fn()
let close = (): void => undefined
afterEach(() => close())

function Probe() {
  return <output>{useFileDrop(dropped)}</output>
}

/** happy-dom's DragEvent carries neither what is dragged nor where it goes. */
const drag = (type: string, target: EventTarget, relatedTarget: EventTarget | null = null) =>
  act(() => {
    const event = new Event(type, { bubbles: true, cancelable: true })
    const dataTransfer = { items: [{ kind: 'file', type: 'image/png' }], files: [], types: ['Files'] }
    target.dispatchEvent(Object.assign(event, { dataTransfer, relatedTarget }))
  })

describe('files that hang over the window', () => {
  it('S19: are counted until they leave the window, also when what they hung over has gone', () => {
    const page = mount(
      <main>
        <p>one</p>
        <p>two</p>
        <Probe />
      </main>,
    )
    close = page.unmount
    const count = () => document.querySelector('output')?.textContent
    const [first, second] = [...document.querySelectorAll('p')]
    drag('dragenter', first!)
    expect(count()).toBe('1')
    drag('dragenter', second!, first)
    drag('dragleave', first!, second)
    expect(count()).toBe('1')
    drag('dragleave', second!)
    expect(count()).toBe('0')
    // An element that is taken away under the pointer is left without a word.
    drag('dragenter', first!)
    drag('dragenter', second!, first)
    drag('dragleave', second!)
    expect(count()).toBe('0')
    // The end of a drag can be missed; a pointer that moves has nothing in its hand.
    drag('dragenter', first!)
    act(() => void window.dispatchEvent(new Event('pointermove')))
    expect(count()).toBe('0')
  })
})
