import { act, type ReactNode } from 'react'
import { createRoot } from 'react-dom/client'
import { I18nextProvider } from 'react-i18next'
import { vi } from 'vitest'
import { createI18n } from '../../../src/shared/i18n'
import type { Locale } from '../../../src/shared/settings'

declare global {
  var IS_REACT_ACT_ENVIRONMENT: boolean
}

type Report = (entries: { isIntersecting: boolean; target: Element }[]) => void

/** All is near, until a test tells otherwise. */
export class NearObserver {
  static tell: Report = () => undefined
  constructor(private readonly report: Report) {
    NearObserver.tell = report
  }
  observe(target: Element) {
    this.report([{ isIntersecting: true, target }])
  }
  unobserve() {}
}

/** A component on a page of happy-dom, with the texts of a language. */
export function mount(node: ReactNode, locale: Locale = 'en') {
  globalThis.IS_REACT_ACT_ENVIRONMENT = true
  // happy-dom has no idle time; a page gets it when its frame is done.
  if (!('requestIdleCallback' in globalThis)) {
    const deadline: IdleDeadline = { didTimeout: false, timeRemaining: () => 50 }
    Object.assign(globalThis, {
      requestIdleCallback: (callback: IdleRequestCallback) => setTimeout(() => callback(deadline), 1),
      cancelIdleCallback: (handle: number) => clearTimeout(handle),
    })
  }
  // Nor does it lay anything out.
  vi.stubGlobal('IntersectionObserver', NearObserver)
  const i18n = createI18n(locale)
  const container = document.body.appendChild(document.createElement('div'))
  const root = createRoot(container)
  const render = (next: ReactNode) => {
    act(() => root.render(<I18nextProvider i18n={i18n}>{next}</I18nextProvider>))
  }
  render(node)
  return {
    container,
    render,
    /** Lets timers, idle callbacks and lazily loaded modules do their work until `condition` holds. */
    until: async (condition: () => boolean) => {
      for (let round = 0; round < 400 && !condition(); round += 1) {
        await act(async () => {
          await new Promise((resolve) => setTimeout(resolve, 5))
        })
      }
      if (!condition()) throw new Error(`Did not come true; the page shows: ${container.textContent.slice(0, 500)}`)
    },
    unmount: () => {
      act(() => root.unmount())
      container.remove()
    },
  }
}
