import { useEffect, useRef, useState, type ReactNode } from 'react'

/** On which sides there is more to see. */
type More = 'none' | 'start' | 'end' | 'both'

/**
 * A box whose content may be wider than the column: it scrolls sideways, fades where there is more, and takes the
 * keyboard's focus only while there is something to scroll.
 */
export function Scroller({ className, children }: { className: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  const [more, setMore] = useState<More>('none')
  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const look = () => setMore(moreOf(element))
    const observer = new ResizeObserver(look)
    observer.observe(element)
    if (element.firstElementChild !== null) observer.observe(element.firstElementChild)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [])
  return (
    <div ref={box} className={`md-scroller ${className}`} tabIndex={more === 'none' ? undefined : 0} data-more={more}>
      {children}
    </div>
  )
}

function moreOf({ scrollLeft, scrollWidth, clientWidth }: Element): More {
  // In text from right to left the position counts down from 0; a fraction of a pixel is no more.
  const left = scrollLeft >= 0 ? scrollLeft : scrollWidth - clientWidth + scrollLeft
  const hasStart = left > 1
  const hasEnd = left + clientWidth < scrollWidth - 1
  if (hasStart) return hasEnd ? 'both' : 'start'
  return hasEnd ? 'end' : 'none'
}
