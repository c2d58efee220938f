import type { Settings } from '../shared/settings'
import { useStore } from './store/state'

const dark = matchMedia('(prefers-color-scheme: dark)')

/** Dresses the page: theme, text size and the platform for what depends on it. Again at each change, until it is gone. */
export function followAppearance(): void {
  document.documentElement.dataset.platform = window.parley.platform
  const dress = (): void => dressPage(useStore.getState().settings)
  dress()
  dark.addEventListener('change', dress)
  useStore.subscribe((state, before) => {
    if (state.settings !== before.settings) dress()
  })
}

function dressPage({ theme, textSizePx }: Settings): void {
  const { dataset, style } = document.documentElement
  const isDark = theme === 'system' ? dark.matches : theme === 'dark'
  dataset.theme = isDark ? 'dark' : 'light'
  style.setProperty('--answer-size', `${textSizePx}px`)
  // Questions and composer are one step below the answer, at every size.
  style.setProperty('--input-size', `${textSizePx - 1}px`)
}
