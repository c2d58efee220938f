import { onDemand } from '../controls/on-demand'
import { usePalette } from './state'

const { Component: Palette, load } = onDemand(async () => (await import('./palette')).Palette)

/** Loads the code of the palette, which the start does not need. */
export const loadPalette = load

/** The palette while it is open. */
export function PaletteLayer() {
  const isOpen = usePalette((state) => state.isOpen)
  return isOpen ? <Palette /> : null
}
