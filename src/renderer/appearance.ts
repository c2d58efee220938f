import { COLUMN_PX, type Settings } from '../shared/settings'
import { useStore } from './store/state'

const dark = matchMedia('(prefers-color-scheme: dark)')
const still = matchMedia('(prefers-reduced-motion: reduce)')

/** The composer's text lines up with the answer's: so much is around it on both sides. */
const COMPOSER_EDGES_PX = 32

/** Dresses the page in what the person has set, and the platform for what depends on it. Again at each change, until it is gone. */
export function followAppearance(): void {
  document.documentElement.dataset.platform = window.parley.platform
  const dress = (): void => dressPage(useStore.getState().settings)
  dress()
  dark.addEventListener('change', dress)
  still.addEventListener('change', dress)
  useStore.subscribe((state, before) => {
    if (state.settings !== before.settings) dress()
  })
}

function dressPage({ theme, textSizePx, columnWidth, wrapsCode, motion }: Settings): void {
  const { dataset, style } = document.documentElement
  const isDark = theme === 'system' ? dark.matches : theme === 'dark'
  dataset.theme = isDark ? 'dark' : 'light'
  dataset.motion = isStill(motion) ? 'reduced' : 'full'
  dataset.code = wrapsCode ? 'wrapped' : 'scrolled'
  style.setProperty('--answer-size', `${textSizePx}px`)
  // Questions and composer are one step below the answer, at every size.
  style.setProperty('--input-size', `${textSizePx - 1}px`)
  style.setProperty('--column', `${COLUMN_PX[columnWidth]}px`)
  style.setProperty('--composer', `${COLUMN_PX[columnWidth] + COMPOSER_EDGES_PX}px`)
}

/** Whether things stand still: as the person has set, or as the system is. */
export function isStill(motion: Settings['motion']): boolean {
  return motion === 'system' ? still.matches : motion === 'reduced'
}
