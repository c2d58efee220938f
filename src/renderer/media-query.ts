import { useCallback, useSyncExternalStore } from 'react'

/** Whether a media query holds; renders again when that changes. */
export function useMedia(query: string): boolean {
  return useSyncExternalStore(
    useCallback(
      (notify) => {
        const media = matchMedia(query)
        media.addEventListener('change', notify)
        return () => media.removeEventListener('change', notify)
      },
      [query],
    ),
    () => matchMedia(query).matches,
  )
}
