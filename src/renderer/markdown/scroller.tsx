import { useEffect, useState, type ReactNode } from 'react'
import { useIsNear } from './nearness'

/** On which sides there is more to see. */
type More = 'none' | 'start' | 'end' | 'both'

interface ScrollerProps {
  className: string
  /** It has come into or near the window, or is far from it; must stay the same function. */
  onNear?: (isNear: boolean) => void
  children: ReactNode
}

/**
 * A box whose content may be wider than the column: it scrolls sideways, fades where there is more, and takes the
 * keyboard's focus while there may be something to scroll. Far from the window nobody has looked: it takes the focus
 * there, which brings it near, and keeps it as long as it has it.
 */
export function Scroller({ className, onNear, children }: ScrollerProps) {
  const [box, isNear] = useIsNear<HTMLDivElement>()
  const [more, setMore] = useState<More | null>(null)
  const [isFocused, setIsFocused] = useState(false)
  const isWhole = isNear && more === 'none'
  // Only near the window: the page asks all that are observed for their size in every frame.
  useEffect(() => {
    const element = box.current
    onNear?.(isNear)
    if (element === null || !isNear) return undefined
    const look = () => setMore(moreOf(element))
    const observer = new ResizeObserver(look)
    observer.observe(element)
    if (element.firstElementChild !== null) observer.observe(element.firstElementChild)
    element.addEventListener('scroll', look, { passive: true })
    return () => {
      observer.disconnect()
      element.removeEventListener('scroll', look)
    }
  }, [box, isNear, onNear])
  return (
    <div
      ref={box}
      className={`md-scroller ${className}`}
      tabIndex={isWhole && !isFocused ? undefined : 0}
      data-more={more ?? 'none'}
      onFocus={({ target, currentTarget }) => setIsFocused(target === currentTarget)}
      onBlur={() => setIsFocused(false)}
    >
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
