import { useEffect, useRef, useState, type RefObject } from 'react'

/** What is this near to the window will soon be in it. */
const MARGIN = '600px'

/** Whether an element has been in or near the window; work for one that nobody looks at can wait. */
export function useIsNear(): [element: RefObject<HTMLElement | null>, isNear: boolean] {
  const element = useRef<HTMLElement>(null)
  const [isNear, setIsNear] = useState(false)
  useEffect(() => {
    const target = element.current
    if (target === null || isNear) return undefined
    watched.set(target, () => setIsNear(true))
    observer ??= new IntersectionObserver(tell, { rootMargin: MARGIN })
    observer.observe(target)
    return () => {
      watched.delete(target)
      observer?.unobserve(target)
    }
  }, [isNear])
  return [element, isNear]
}

// One for the page: each further observer costs every frame.
let observer: IntersectionObserver | null = null
const watched = new WeakMap<Element, () => void>()

function tell(entries: readonly IntersectionObserverEntry[]): void {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting) watched.get(target)?.()
  }
}
