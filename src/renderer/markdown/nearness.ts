import { useEffect, useRef, useState, type RefObject } from 'react'

/** What is this near to the window will soon be in it. */
const MARGIN = '600px'

/** Whether an element is in or near the window; work for one that nobody looks at can wait. */
export function useIsNear<T extends Element>(): [element: RefObject<T | null>, isNear: boolean] {
  const element = useRef<T>(null)
  const [isNear, setIsNear] = useState(false)
  useEffect(() => {
    const target = element.current
    if (target === null) return undefined
    watched.set(target, setIsNear)
    observer ??= new IntersectionObserver(tell, { rootMargin: MARGIN })
    observer.observe(target)
    return () => {
      watched.delete(target)
      observer?.unobserve(target)
    }
  }, [])
  return [element, isNear]
}

// One for the page: each further observer costs every frame.
let observer: IntersectionObserver | null = null
const watched = new WeakMap<Element, (isNear: boolean) => void>()

function tell(entries: readonly IntersectionObserverEntry[]): void {
  for (const { isIntersecting, target } of entries) watched.get(target)?.(isIntersecting)
}
