import { useCallback, useSyncExternalStore } from 'react'

// A row that scrolls out of sight is taken out of the page; what was opened in it stays open.
const opened = new Map<string, boolean>()
const listeners = new Set<() => void>()

/** Whether a folded part of an answer is open, remembered while the window lives. */
export function useDisclosure(key: string, byDefault = false): [isOpen: boolean, toggle: () => void] {
  const isOpen = useSyncExternalStore(
    subscribe,
    useCallback(() => opened.get(key) ?? byDefault, [key, byDefault]),
  )
  return [isOpen, () => set(key, !isOpen)]
}

/** Opens a folded part, wherever it is: something was found in it. */
export function disclose(key: string): void {
  if (opened.get(key) !== true) set(key, true)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

function set(key: string, isOpen: boolean): void {
  opened.set(key, isOpen)
  for (const listener of listeners) listener()
}
