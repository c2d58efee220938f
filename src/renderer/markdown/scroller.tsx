import { useEffect, useRef, useState, type ReactNode } from 'react'

/**
 * A box whose content may be wider than the column: it scrolls sideways, fades where there is more, and takes the
 * keyboard's focus only while there is something to scroll.
 */
export function Scroller({ className, children }: { className: string; children: ReactNode }) {
  const box = useRef<HTMLDivElement>(null)
  const [isWide, setIsWide] = useState(false)
  useEffect(() => {
    const element = box.current
    if (element === null) return undefined
    const observer = new ResizeObserver(() => setIsWide(element.scrollWidth > element.clientWidth + 1))
    observer.observe(element)
    if (element.firstElementChild !== null) observer.observe(element.firstElementChild)
    return () => observer.disconnect()
  }, [])
  return (
    <div ref={box} className={`md-scroller ${className}`} tabIndex={isWide ? 0 : undefined} data-wide={isWide}>
      {children}
    </div>
  )
}
