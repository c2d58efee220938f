import { ChevronLeft, ChevronRight } from 'lucide-react'
import { useLayoutEffect, type KeyboardEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { VirtualizerHandle } from 'virtua'
import type { VariantPlace } from '../../shared/variants'
import { IconButton } from '../controls/icon-button'
import { useFigures } from '../figures'
import { stepVariant } from '../store/variants'
import { eachFrame } from './find'
import { lastOf, type Turn } from './turns'

/** A step that was made, until the version it leads to is in the page. */
interface Step {
  messageId: string
  /** Where the arrows stood, in the window: there they stay, whatever the new version is like. */
  topPx: number
  focus: 'previous' | 'next' | 'message' | null
}

let pending: Step | null = null

/** So long the page may move while markdown and heights arrive. */
const SETTLE_FRAMES = 30
const HANDS = ['wheel', 'pointerdown', 'keydown'] as const

export interface StepperProps {
  conversationId: string
  /** Of the version on show. */
  messageId: string
  place: VariantPlace
  className?: string
}

/** ‹ 2 / 3 ›: which version of a question or an answer is on show, and the way to the others [41]. */
export function Stepper({ conversationId, messageId, place, className = '' }: StepperProps) {
  const { t } = useTranslation()
  const { whole } = useFigures()
  const { index, count } = place
  const values = { number: whole(index + 1), of: whole(count) }
  const go = (step: -1 | 1, element: HTMLElement): void =>
    stepTo(conversationId, messageId, step, element, step === -1 ? 'previous' : 'next')
  return (
    <div
      role="group"
      aria-label={t('thread:variants.label', values)}
      data-stepper
      className={`flex min-h-7 flex-none items-center text-meta text-ink-2 ${className}`}
    >
      <IconButton
        icon={ChevronLeft}
        label={t('thread:variants.previous')}
        keys={['Alt', 'Left']}
        size={24}
        isDisabled={index === 0}
        data-step="previous"
        className="rtl:-scale-x-100"
        onClick={(event) => go(-1, event.currentTarget)}
      />
      {/* Announced when it changes: the focus stays on the arrow, which has the same name as before. */}
      <span className="tabular min-w-9 px-0.5 text-center whitespace-nowrap" aria-live="polite">
        <span aria-hidden>{t('thread:variants.place', values)}</span>
        <span className="sr-only">{t('thread:variants.label', values)}</span>
      </span>
      <IconButton
        icon={ChevronRight}
        label={t('thread:variants.next')}
        keys={['Alt', 'Right']}
        size={24}
        isDisabled={index === count - 1}
        data-step="next"
        className="rtl:-scale-x-100"
        onClick={(event) => go(1, event.currentTarget)}
      />
    </div>
  )
}

function stepTo(conversationId: string, messageId: string, step: -1 | 1, element: Element, focus: Step['focus']): void {
  const topPx = element.getBoundingClientRect().top
  const shown = stepVariant(conversationId, messageId, step)
  if (shown !== null) pending = { messageId: shown, topPx, focus }
}

/** The message under which the versions of a turn are counted. */
export function variantIdOf(turn: Turn): string {
  return turn.kind === 'question' ? turn.message.id : lastOf(turn.messages).id
}

/**
 * Alt and an arrow go to another version of the message that has the focus; with the focus on the thread itself, of the
 * last one that has several. True when the key was for this.
 */
export function stepByKey(
  event: KeyboardEvent<HTMLElement>,
  conversationId: string,
  turns: readonly Turn[],
  places: ReadonlyMap<string, VariantPlace>,
): boolean {
  const { key, altKey, ctrlKey, metaKey, shiftKey, target } = event
  if (!altKey || ctrlKey || metaKey || shiftKey || (key !== 'ArrowLeft' && key !== 'ArrowRight')) return false
  if (!(target instanceof Element) || target.closest('textarea, input') !== null) return false
  const turnKey = target.closest('[data-turn]')?.getAttribute('data-turn') ?? null
  const turn =
    turnKey === null
      ? turns.findLast((each) => places.has(variantIdOf(each)))
      : turns.find((each) => each.key === turnKey)
  if (turn === undefined || !places.has(variantIdOf(turn))) return false
  const isRtl = getComputedStyle(event.currentTarget).direction === 'rtl'
  const stepper = event.currentTarget.querySelector(`[data-turn="${CSS.escape(turn.key)}"] [data-stepper]`)
  stepTo(
    conversationId,
    variantIdOf(turn),
    (key === 'ArrowLeft') === isRtl ? 1 : -1,
    stepper ?? target,
    turnKey === null ? null : 'message',
  )
  return true
}

/** Once another version is in the page: the focus goes on in it, and its arrows stand where those before stood. */
export function useStepped(
  turns: readonly Turn[],
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<VirtualizerHandle | null>,
  onLeaveEnd: () => void,
): void {
  useLayoutEffect(() => {
    const step = pending
    if (step === null) return
    const index = turns.findIndex((turn) => variantIdOf(turn) === step.messageId)
    const turn = turns[index]
    if (turn === undefined) return
    pending = null
    // The last turn ends the thread: whoever follows its end sees its arrows all the same.
    if (index < turns.length - 1) onLeaveEnd()
    settle(turn.key, step, scroller, () => list.current?.scrollToIndex(index, { align: 'nearest' }))
  }, [turns, scroller, list, onLeaveEnd])
}

function settle(
  turnKey: string,
  { topPx, focus }: Step,
  scroller: RefObject<HTMLElement | null>,
  scrollThere: () => void,
): void {
  const hands = new AbortController()
  for (const hand of HANDS) window.addEventListener(hand, () => hands.abort(), { signal: hands.signal, passive: true })
  let isFocused = focus === null
  const hold = (): boolean => {
    const element = scroller.current
    const turn = element?.querySelector<HTMLElement>(`[data-turn="${CSS.escape(turnKey)}"]`) ?? null
    if (element === null || hands.signal.aborted) return true
    const stepper = turn?.querySelector<HTMLElement>('[data-stepper]') ?? null
    if (turn === null || stepper === null) {
      scrollThere()
      return false
    }
    if (!isFocused) {
      const wanted = focus === 'message' ? 'article' : `[data-step="${focus ?? ''}"]`
      turn.querySelector<HTMLElement>(wanted)?.focus({ preventScroll: true })
      isFocused = true
    }
    const moved = stepper.getBoundingClientRect().top - topPx
    if (Math.abs(moved) > 1) element.scrollBy({ top: moved })
    return false
  }
  // Before anything is painted: the next key of somebody who is quick finds the focus in its place.
  hold()
  eachFrame(SETTLE_FRAMES, hold)
  setTimeout(() => hands.abort(), 1000)
}
