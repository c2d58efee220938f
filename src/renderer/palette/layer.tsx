import { useEffect, useState, type ComponentType } from 'react'
import { usePalette } from './state'

type Palette = ComponentType

let loaded: Palette | null = null

/** Loads the code of the palette, which the start does not need. */
export async function loadPalette(): Promise<Palette> {
  loaded ??= (await import('./palette')).Palette
  return loaded
}

/**
 * The palette while it is open. Code that is loaded already shows in the same frame as the key: `lazy` would wait one turn
 * the first time, and React then keeps what it waits for back for a third of a second.
 */
export function PaletteLayer() {
  const isOpen = usePalette((state) => state.isOpen)
  const [late, setLate] = useState<Palette | null>(null)
  const Present = loaded ?? late
  const isMissing = isOpen && Present === null
  useEffect(() => {
    if (isMissing) void loadPalette().then((made) => setLate(() => made))
  }, [isMissing])
  return isOpen && Present !== null ? <Present /> : null
}
