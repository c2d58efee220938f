import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { useStore } from '../store/state'

/** Closer to the end than this, by scrolling down, means "follow it again". */
const CATCH_PX = 24
/** Farther from the end than this, the way back is worth a button. */
const AWAY_PX = 48
/** Where the beginning of an answer stays that is not followed, below the upper edge. */
const BEGINNING_PX = 24
/** And where the head of what was opened stays. */
const OPENED_PX = 8

export interface Follow {
  /** Whether the end is out of sight and not followed. */
  isAway: boolean
  /** Goes to the end and follows it. */
  jump: () => void
  /** Follows the end no more: the person is elsewhere. */
  leave: () => void
  /** Whether the end is followed now. */
  isFollowing: () => boolean
}

/**
 * Keeps the end of a growing text in sight, and lets go the moment the person scrolls up. The end is caught again by
 * scrolling down to it. For those who have set that answers are not followed, it lets go when the beginning of the one that
 * is being written would leave the window.
 *
 * @param startsFollowing whether the end is followed at first
 */
export function useFollow(
  scrollerRef: RefObject<HTMLElement | null>,
  contentRef: RefObject<HTMLElement | null>,
  startsFollowing: boolean,
): Follow {
  const following = useRef(startsFollowing)
  // Seen while it was written: a short one has ended before its size is known.
  const written = useRef<Element | null>(null)
  // What the person has opened last, such as a diagram: its head stays in sight while it grows.
  const opened = useRef<Element | null>(null)
  const [isAway, setIsAway] = useState(false)

  const pin = useCallback(() => {
    const element = scrollerRef.current
    if (element === null || !following.current) return
    // Looked for once: in an answer of 1 MB there are a hundred thousand elements to go through, in each frame.
    const isStillWritten = written.current?.isConnected === true && written.current.ariaBusy === 'true'
    const writing = isStillWritten
      ? written.current
      : ([...element.querySelectorAll('article[aria-busy=true]')].at(-1) ?? null)
    written.current = writing ?? written.current
    if (writing !== null || isAbove(element, opened.current)) opened.current = null
    const most = Math.min(
      useStore.getState().settings.followsAnswer ? Infinity : roomAbove(element, written.current, BEGINNING_PX),
      opened.current === null ? Infinity : roomAbove(element, opened.current, OPENED_PX),
    )
    const toEnd = element.scrollHeight - element.clientHeight - element.scrollTop
    if (toEnd <= most) element.scrollTo({ top: element.scrollHeight })
    else {
      following.current = false
      element.scrollTo({ top: element.scrollTop + most })
    }
  }, [scrollerRef])

  useLayoutEffect(() => {
    const element = scrollerRef.current
    const inner = contentRef.current
    if (element === null || inner === null) return
    let before = { top: element.scrollTop, height: element.scrollHeight, client: element.clientHeight }

    const look = (): void => {
      const now = { top: element.scrollTop, height: element.scrollHeight, client: element.clientHeight }
      const toEnd = now.height - now.client - now.top
      // A place that moved because the content changed its size says nothing about the person.
      const isSameSize = now.height === before.height && now.client === before.client
      if (isSameSize && now.top < before.top - 1) following.current = false
      if (now.top > before.top && toEnd < CATCH_PX) following.current = true
      before = now
      setIsAway(!following.current && toEnd > AWAY_PX)
    }
    // Before the scrolling itself, which may be smooth and begin with less than a pixel.
    const letGo = (event: WheelEvent): void => {
      if (event.deltaY < 0 && element.scrollHeight > element.clientHeight) following.current = false
    }
    const open = ({ target }: MouseEvent): void => {
      const button = target instanceof Element ? target.closest('button') : null
      opened.current = button?.closest('figure') ?? button
    }
    const resized = new ResizeObserver(() => {
      pin()
      look()
    })
    resized.observe(inner)
    resized.observe(element)
    element.addEventListener('scroll', look, { passive: true })
    element.addEventListener('wheel', letGo, { passive: true })
    inner.addEventListener('click', open)
    return () => {
      resized.disconnect()
      element.removeEventListener('scroll', look)
      element.removeEventListener('wheel', letGo)
      inner.removeEventListener('click', open)
    }
  }, [scrollerRef, contentRef, pin])

  // A hidden window lays nothing out; when it is shown again, the end may have moved.
  useEffect(() => {
    document.addEventListener('visibilitychange', pin)
    return () => document.removeEventListener('visibilitychange', pin)
  }, [pin])

  const jump = useCallback(() => {
    following.current = true
    written.current = null
    opened.current = null
    setIsAway(false)
    scrollerRef.current?.scrollTo({ top: scrollerRef.current.scrollHeight })
  }, [scrollerRef])

  const leave = useCallback(() => {
    following.current = false
  }, [])

  return { isAway, jump, leave, isFollowing: useCallback(() => following.current, []) }
}

/** How far a text may still scroll before the beginning of this part of it leaves the window, in pixels. */
function roomAbove(scroller: HTMLElement, part: Element | null, edgePx: number): number {
  if (part?.isConnected !== true) return Infinity
  return Math.max(0, part.getBoundingClientRect().top - scroller.getBoundingClientRect().top - edgePx)
}

/** Whether the beginning of this part has left the window already. */
function isAbove(scroller: HTMLElement, part: Element | null): boolean {
  return part?.isConnected === true && part.getBoundingClientRect().top < scroller.getBoundingClientRect().top
}
