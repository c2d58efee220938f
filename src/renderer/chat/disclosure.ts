import { useState } from 'react'

// A row that scrolls out of sight is taken out of the page; what was opened in it stays open.
const opened = new Map<string, boolean>()

/** Whether a folded part of an answer is open, remembered while the window lives. */
export function useDisclosure(key: string, byDefault = false): [isOpen: boolean, toggle: () => void] {
  const [isOpen, setIsOpen] = useState<boolean | null>(() => opened.get(key) ?? null)
  const shown = isOpen ?? byDefault
  return [
    shown,
    () => {
      opened.set(key, !shown)
      setIsOpen(!shown)
    },
  ]
}
