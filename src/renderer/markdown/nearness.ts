import { useEffect, useRef, useState, type RefObject } from 'react'

/** What is this near to the window will soon be in it. */
const MARGIN = '600px'

/** Whether an element has been in or near the window; work for one that nobody looks at can wait. */
export function useIsNear(): [element: RefObject<HTMLElement | null>, isNear: boolean] {
  const element = useRef<HTMLElement>(null)
  const [isNear, setIsNear] = useState(false)
  useEffect(() => {
    if (element.current === null || isNear) return undefined
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some(({ isIntersecting }) => isIntersecting)) setIsNear(true)
      },
      { rootMargin: MARGIN },
    )
    observer.observe(element.current)
    return () => observer.disconnect()
  }, [isNear])
  return [element, isNear]
}
