import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react'
import { flushSync } from 'react-dom'

/** How somebody came to the actions: over the message, from before it, from behind it, or by asking for the menu. */
type Arrival = 'near' | 'first' | 'last' | 'menu'

export interface MessageActionsProps {
  /** The name of the last action, a menu: the button that stands for all of them has it. */
  label: string
  /** They are made at once, because they are seen without being pointed at. */
  isShown: boolean
  className: string
  /** Buttons, a menu the last of them. */
  children: ReactNode
}

/**
 * What can be done with a message. Its buttons with their hints and menus cost more than the text of a short answer, so
 * they are made when the pointer or the focus comes to the article around them. Until then one bare button stands in
 * their place: Tab reaches the first or the last of them through it, and a screen reader finds it.
 */
export function MessageActions({ label, isShown, className, children }: MessageActionsProps) {
  const row = useRef<HTMLDivElement>(null)
  const [arrival, setArrival] = useState<Arrival | null>(null)
  // What was made once stays: the focus or an open menu may be in it.
  if (isShown && arrival === null) setArrival('near')
  const isMade = isShown || arrival !== null

  useEffect(() => {
    const article = row.current?.closest('article')
    if (isMade || article === null || article === undefined) return undefined
    let timer: ReturnType<typeof setTimeout> | undefined
    // Before the pointer can press: what it presses must not be exchanged under it.
    const comeNear = (): void => flushSync(() => setArrival((before) => before ?? 'near'))
    const focus = ({ target, relatedTarget }: FocusEvent): void => {
      const stand = row.current
      if (stand === null || target !== stand.firstElementChild) {
        setArrival((before) => before ?? 'near')
        return
      }
      const isFromBefore =
        relatedTarget instanceof Node &&
        (stand.compareDocumentPosition(relatedTarget) & Node.DOCUMENT_POSITION_PRECEDING) !== 0
      // Not at once: a screen reader that presses the button gives it the focus first.
      timer = setTimeout(() => setArrival((before) => before ?? (isFromBefore ? 'first' : 'last')))
    }
    article.addEventListener('pointerenter', comeNear)
    article.addEventListener('focusin', focus)
    return () => {
      clearTimeout(timer)
      article.removeEventListener('pointerenter', comeNear)
      article.removeEventListener('focusin', focus)
    }
  }, [isMade])

  useLayoutEffect(() => {
    if (arrival === null || arrival === 'near') return
    const buttons = [...(row.current?.querySelectorAll('button') ?? [])]
    const reached = arrival === 'first' ? buttons[0] : buttons.at(-1)
    reached?.focus()
    if (arrival === 'menu') reached?.click()
  }, [arrival])

  return (
    <div ref={row} className={className}>
      {isMade ? (
        children
      ) : (
        <button
          type="button"
          className="size-7 flex-none rounded-m"
          aria-label={label}
          aria-haspopup="menu"
          aria-expanded={false}
          onClick={() => setArrival('menu')}
        />
      )}
    </div>
  )
}
