import { useEffect, useRef, useState } from 'react'
import { read, type Reading } from '../../shared/markdown/reading'

/** A stored answer is put on the page in slices of about this length: the first at once, the others in idle time. */
const SLICE_LENGTH = 8_000
/** An end longer than this is rendered again at most ten times a second, or it would take every frame. */
const SLOW_LENGTH = 20_000
const SLOW_INTERVAL_MS = 100

/**
 * The reading of a text that is on show. A text that grows by deltas is shown as it is; one that is there at once comes
 * in slices; and one whose end has become very long (a paragraph or table without end) lags by a tenth of a second.
 */
export function useReading(text: string, isStreaming: boolean): Reading {
  const [reader] = useState(createReader)
  const [shown, setShown] = useState(() => text.slice(0, sliceEnd(text, 0)))
  const openLength = isStreaming ? openLengthOf(reader(shown, isStreaming)) : 0
  const now = nextShown(text, shown, openLength > SLOW_LENGTH)
  if (now !== shown) setShown(now)

  const latest = useRef(text)
  useEffect(() => {
    latest.current = text
  }, [text])
  const isBehind = now.length < text.length
  const isSlow = openLength > SLOW_LENGTH
  useEffect(() => {
    if (!isBehind) return undefined
    const advance = () => setShown((before) => advanced(latest.current, before))
    if (isSlow) {
      const timer = setTimeout(advance, Math.max(SLOW_INTERVAL_MS, openLength / 1_000))
      return () => clearTimeout(timer)
    }
    const idle = requestIdleCallback(advance, { timeout: 200 })
    return () => cancelIdleCallback(idle)
    // The length of the open end changes with what is shown, and only then may a timer begin anew.
  }, [now, isBehind, isSlow, openLength])
  return reader(now, isStreaming)
}

/** What to show in this very render. */
function nextShown(text: string, shown: string, isSlow: boolean): string {
  if (!text.startsWith(shown)) return text.slice(0, sliceEnd(text, 0))
  const isFarBehind = text.length - shown.length > SLICE_LENGTH
  return isSlow || isFarBehind ? shown : text
}

/** What to show once there was time. */
function advanced(text: string, shown: string): string {
  if (!text.startsWith(shown)) return shown
  return text.slice(0, sliceEnd(text, shown.length))
}

/** Where the slice after `from` ends: at a blank line if one is near. */
function sliceEnd(text: string, from: number): number {
  const end = from + SLICE_LENGTH
  if (end >= text.length) return text.length
  const blank = text.slice(end, end + SLICE_LENGTH / 4).indexOf('\n\n')
  return blank < 0 ? end : end + blank + 2
}

function openLengthOf(reading: Reading): number {
  return reading.text.length - reading.state.text.length
}

/** Keeps the last reading, so that each one starts from where the one before it froze. */
function createReader(): (text: string, isOpen: boolean) => Reading {
  let last: Reading | null = null
  return (text, isOpen) => {
    last = read(text, isOpen, last)
    return last
  }
}
