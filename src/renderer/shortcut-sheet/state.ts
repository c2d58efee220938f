import { create } from 'zustand'

/** Whether the sheet of all keys is up. */
export const useShortcutSheet = create<{ isOpen: boolean }>()(() => ({ isOpen: false }))

export function showShortcutSheet(): void {
  useShortcutSheet.setState({ isOpen: true })
}

export function closeShortcutSheet(): void {
  useShortcutSheet.setState({ isOpen: false })
}
