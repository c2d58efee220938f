import { create } from 'zustand'

/** Whether the palette is up, and what it is opened with. */
export const usePalette = create<{ isOpen: boolean; text: string }>()(() => ({ isOpen: false, text: '' }))

export function togglePalette(): void {
  usePalette.setState(({ isOpen }) => ({ isOpen: !isOpen, text: '' }))
}

const MAX_TEXT = 200

/** Looks for a text; of a long one its beginning. */
export function openPalette(text: string): void {
  usePalette.setState({ isOpen: true, text: text.replace(/\s+/gu, ' ').trim().slice(0, MAX_TEXT) })
}

export function closePalette(): void {
  usePalette.setState({ isOpen: false })
}
