import { useLayoutEffect, type RefObject } from 'react'
import type { VirtualizerHandle } from 'virtua'
import { endTarget } from '../store/conversations'
import { useStore } from '../store/state'
import './find.css'
import { eachFrame } from './find'
import { paint, rangesIn, reveal } from './find-marks'
import { patternOf } from './find-text'
import type { Turn } from './turns'

/** How long the words stay marked. */
const SHOWN_MS = 2500
/** So long the page may move while markdown and heights arrive. */
const SETTLE_FRAMES = 45
const HANDS = ['wheel', 'pointerdown', 'keydown'] as const

/** Brings the message that was searched for into sight, and marks what was found in it for a moment. */
export function useTarget(
  conversationId: string,
  turns: readonly Turn[],
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<VirtualizerHandle | null>,
  onLeaveEnd: () => void,
): void {
  const target = useStore((state) => (state.target?.conversationId === conversationId ? state.target : null))
  useLayoutEffect(() => {
    if (target === null) return
    const place = turns.findIndex((turn) => messageIds(turn).includes(target.messageId))
    const key = turns[place]?.key
    endTarget()
    if (key === undefined) return
    onLeaveEnd()
    const scroll = (): void => list.current?.scrollToIndex(place, { align: 'start' })
    scroll()
    show(key, target.words, scroller, scroll)
  }, [target, turns, scroller, list, onLeaveEnd])
}

function messageIds(turn: Turn): string[] {
  return turn.kind === 'question' ? [turn.message.id] : turn.messages.map(({ id }) => id)
}

let fading: number | undefined

// It outlives the effect that begins it: taking the target away is part of showing it.
function show(
  turnKey: string,
  words: readonly string[],
  scroller: RefObject<HTMLElement | null>,
  scroll: () => void,
): void {
  const patterns = words.flatMap((word) => patternOf(word, false)?.whole ?? [])
  // Whoever scrolls on is not held back.
  const hands = new AbortController()
  for (const hand of HANDS) window.addEventListener(hand, () => hands.abort(), { signal: hands.signal, passive: true })
  eachFrame(SETTLE_FRAMES, () => {
    const turn = scroller.current?.querySelector(`[data-turn="${CSS.escape(turnKey)}"]`) ?? null
    if (scroller.current === null || turn === null) {
      // A thread that is measured for the first time may still be elsewhere.
      if (!hands.signal.aborted) scroll()
      return hands.signal.aborted
    }
    const ranges = patterns.flatMap((pattern) =>
      [...turn.querySelectorAll('[data-find]')].flatMap((region) => rangesIn(region, pattern)),
    )
    ranges.sort((a, b) => a.compareBoundaryPoints(Range.START_TO_START, b))
    paint('found', ranges)
    if (ranges[0] !== undefined && !hands.signal.aborted) reveal(ranges[0], scroller.current)
    return hands.signal.aborted
  })
  clearTimeout(fading)
  fading = window.setTimeout(() => {
    hands.abort()
    paint('found', [])
  }, SHOWN_MS)
}
