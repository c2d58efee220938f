import { useEffect, type RefObject } from 'react'

/** The wheel of a mouse turns in steps; a pause longer than this is its end. */
const PAUSE_MS = 200

/**
 * Marks the scroller with `data-wheeling` while somebody scrolls it by wheel. Only then may its messages be out of reach of
 * the pointer: the virtual list takes them out whenever anything scrolls, and an answer that is followed scrolls all the
 * time, so that nothing in it could be clicked or selected (thread.css).
 */
export function useWheeling(scroller: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    const element = scroller.current
    if (element === null) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    const end = (): void => element.removeAttribute('data-wheeling')
    const begin = (): void => {
      element.setAttribute('data-wheeling', '')
      clearTimeout(timer)
      timer = setTimeout(end, PAUSE_MS)
    }
    element.addEventListener('wheel', begin, { passive: true })
    return () => {
      clearTimeout(timer)
      element.removeEventListener('wheel', begin)
    }
  }, [scroller])
}
