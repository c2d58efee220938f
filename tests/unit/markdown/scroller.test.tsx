// @vitest-environment happy-dom
import { act } from 'react'
import { afterEach, expect, it, vi } from 'vitest'
import { Scroller } from '../../../src/renderer/markdown/scroller'
import { mount } from './mount'

let unmount = (): void => undefined
afterEach(() => unmount())

// The page has one observer for all boxes, made with the first of them.
let tell: (entries: { isIntersecting: boolean; target: Element }[]) => void = () => undefined
class PlacedObserver {
  constructor(report: typeof tell) {
    tell = report
  }
  observe() {}
  unobserve() {}
}

/** A box whose place and width the test says. */
function open(scrollWidth: number) {
  const page = mount(<p />)
  unmount = page.unmount
  vi.stubGlobal('IntersectionObserver', PlacedObserver)
  vi.stubGlobal(
    'ResizeObserver',
    class {
      constructor(private readonly report: () => void) {}
      observe() {
        this.report()
      }
      disconnect() {}
    },
  )
  page.render(
    <Scroller className="wide">
      <pre>code</pre>
    </Scroller>,
  )
  const box = page.container.querySelector<HTMLElement>('.wide')
  if (box === null) throw new Error('The box is not there')
  Object.defineProperties(box, { scrollWidth: { value: scrollWidth }, clientWidth: { value: 100 } })
  return { box, place: (isNear: boolean) => act(() => tell([{ isIntersecting: isNear, target: box }])) }
}

it('a wide box can be reached by Tab wherever it is; one that is whole only until somebody has looked', () => {
  const { box, place } = open(300)
  expect(box.tabIndex).toBe(0)
  place(true)
  expect([box.tabIndex, box.dataset.more]).toEqual([0, 'end'])
  place(false)
  expect(box.tabIndex).toBe(0)
})

it('a box with nothing to scroll is no stop near the window, but keeps the focus that brought it there', () => {
  const { box, place } = open(100)
  expect(box.tabIndex).toBe(0)
  act(() => box.focus())
  place(true)
  expect([box.tabIndex, document.activeElement]).toEqual([0, box])
  act(() => box.blur())
  expect(box.hasAttribute('tabindex')).toBe(false)
})
