import { CaseSensitive, ChevronDown, ChevronUp, Search, X } from 'lucide-react'
import { useDeferredValue, useEffect, useLayoutEffect, useMemo, useRef, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { VirtualizerHandle } from 'virtua'
import { useKeysOf } from '../actions/keys'
import type { Translate } from '../../shared/i18n'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { ariaKeys } from '../controls/kbd'
import { useFigures } from '../figures'
import { disclose } from './disclosure'
import './find.css'
import { paint, rangesIn, reveal } from './find-marks'
import { closeFind, stepFind, useFind } from './find-state'
import { findIn, MAX_HITS, patternOf, type FindHit, type Pattern } from './find-text'
import type { Turn } from './turns'

export interface FindProps {
  turns: readonly Turn[]
  /** Scrolls; has the focus when the bar closes. */
  scroller: RefObject<HTMLElement | null>
  list: RefObject<VirtualizerHandle | null>
  /** The end is not followed any more: the person is elsewhere. */
  onLeaveEnd: () => void
}

/** Painting again and again while words arrive would cost more than it shows. */
const PAINT_AFTER_MS = 80
/** A turn that was out of sight is there after a few frames, with its markdown a few more. */
const MAX_FRAMES = 40
/** Ticks closer than this share of the scroll bar are one. */
const TICK_STEP = 1 / 400

/** Find in the open conversation [46]: the bar, the marks in the text, and the ticks at the scroll bar. */
export function Find({ turns, scroller, list, onLeaveEnd }: FindProps) {
  const query = useFind((state) => state.query)
  const isCaseSensitive = useFind((state) => state.isCaseSensitive)
  const present = useFind((state) => state.present)
  const moves = useFind((state) => state.moves)
  // Typing goes before counting.
  const wanted = useDeferredValue(query)
  const text = useDeferredValue(turns)
  const pattern = useMemo(() => patternOf(wanted, isCaseSensitive), [wanted, isCaseSensitive])
  const { t } = useTranslation()
  const translate = useMemo<Translate>(() => (key, values) => t(key, values ?? {}), [t])
  const hits = useMemo(() => (pattern === null ? [] : findIn(text, pattern, translate)), [text, pattern, translate])
  useCurrentHit(hits, pattern, list)
  const hit = hits[present] ?? null
  useReveal(hit, pattern, moves, scroller, list, onLeaveEnd)
  const ticks = useMarks(hits, hit, pattern, scroller, list)

  const close = (): void => {
    const range = hit === null || pattern === null ? null : rangeOf(scroller.current, hit, pattern)
    closeFind()
    scroller.current?.focus({ preventScroll: true })
    if (range === null) return
    getSelection()?.removeAllRanges()
    getSelection()?.addRange(range)
  }

  return (
    <>
      <FindBar total={hits.length} present={present} onClose={close} />
      <div className="pointer-events-none absolute inset-y-0 inset-e-0 w-2" aria-hidden>
        {ticks.map(({ place, isPresent }) => (
          <span
            key={place}
            className={`absolute inset-e-0 h-[3px] w-[7px] rounded-full ${isPresent ? 'z-1 bg-accent forced-colors:bg-[Highlight]' : 'bg-warn forced-colors:bg-[CanvasText]'}`}
            style={{ top: `calc(${place * 100}% - 1px)` }}
          />
        ))}
      </div>
    </>
  )
}

function FindBar({ total, present, onClose }: { total: number; present: number; onClose: () => void }) {
  const { t } = useTranslation()
  const findKeys = useKeysOf('find')
  const figures = useFigures()
  const query = useFind((state) => state.query)
  const isCaseSensitive = useFind((state) => state.isCaseSensitive)
  const focusRequests = useFind((state) => state.focusRequests)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    field.current?.focus()
    field.current?.select()
  }, [focusRequests])
  const isEmpty = query.trim() === ''
  const values = { present: figures.whole(present + 1), total: figures.whole(total) }
  return (
    <div
      role="search"
      aria-label={t('search:find.label')}
      className="layer-pill absolute inset-e-5 top-2 flex h-10 w-98 max-w-[calc(100%-16px)] animate-[appear_var(--d-base)_var(--ease)] items-center gap-1 rounded-l bg-raised ps-3.5 pe-1.5 shadow-e2 max-narrow:inset-e-2 forced-colors:border"
      // Before the tooltip of a button in it, which takes the key for itself.
      onKeyDownCapture={(event) => {
        if (event.key !== 'Escape' || event.nativeEvent.isComposing) return
        event.preventDefault()
        onClose()
      }}
    >
      <Icon of={Search} className="flex-none text-ink-2" />
      <input
        ref={field}
        type="text"
        value={query}
        aria-label={t('search:find.label')}
        aria-keyshortcuts={findKeys && ariaKeys(findKeys)}
        className="ms-1.5 min-w-0 flex-1 bg-transparent text-[14px]/6 text-ink-1 outline-none"
        onChange={(event) => useFind.setState({ query: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || event.nativeEvent.isComposing) return
          event.preventDefault()
          stepFind(event.shiftKey ? -1 : 1)
        }}
      />
      <span role="status" className={`tabular flex-none px-1.5 text-meta ${total === 0 ? 'text-ink-2' : 'text-ink-3'}`}>
        {isEmpty
          ? ''
          : total === 0
            ? t('search:find.none')
            : t(total >= MAX_HITS ? 'search:find.placeMany' : 'search:find.place', values)}
      </span>
      <IconButton
        icon={CaseSensitive}
        label={t('search:find.matchCase')}
        aria-pressed={isCaseSensitive}
        className="aria-pressed:bg-selected aria-pressed:text-ink-1"
        onClick={() => useFind.setState({ isCaseSensitive: !isCaseSensitive })}
      />
      <IconButton
        icon={ChevronUp}
        label={t('search:find.previous')}
        keys={['Shift', 'Enter']}
        isDisabled={total === 0}
        onClick={() => stepFind(-1)}
      />
      <IconButton
        icon={ChevronDown}
        label={t('search:find.next')}
        keys={['Enter']}
        isDisabled={total === 0}
        onClick={() => stepFind(1)}
      />
      <IconButton icon={X} label={t('search:find.close')} keys={['Esc']} onClick={onClose} />
    </div>
  )
}

/** Which hit is the present one: of new words the first from here on, of a text that grows the same as before. */
function useCurrentHit(
  hits: readonly FindHit[],
  pattern: Pattern | null,
  list: RefObject<VirtualizerHandle | null>,
): void {
  const before = useRef<{ pattern: Pattern | null; hits: readonly FindHit[] }>({ pattern: null, hits: [] })
  useLayoutEffect(() => {
    const { pattern: lastPattern, hits: lastHits } = before.current
    before.current = { pattern, hits }
    if (pattern !== lastPattern) {
      const from = list.current?.findItemIndex(list.current.scrollOffset) ?? 0
      useFind.setState(({ present, moves }) => {
        // While a word is typed it is the same place, or the next one: the view does not run away from it.
        const last = lastHits[present]
        const next = hits.findIndex((hit) => (last === undefined ? hit.turnIndex >= from : !isBefore(hit, last)))
        return { total: hits.length, present: Math.max(0, next), moves: moves + 1 }
      })
    } else if (hits !== lastHits) {
      useFind.setState(({ present }) => {
        const last = lastHits[present]
        const same = hits.findIndex((hit) => last !== undefined && isSame(hit, last))
        return { total: hits.length, present: Math.max(0, same === -1 ? Math.min(present, hits.length - 1) : same) }
      })
    }
  }, [hits, pattern, list])
}

function isBefore(a: FindHit, b: FindHit): boolean {
  return a.turnIndex < b.turnIndex || (a.turnIndex === b.turnIndex && a.depth < b.depth)
}

function isSame(a: FindHit, b: FindHit): boolean {
  return a.turnKey === b.turnKey && a.region === b.region && a.ordinal === b.ordinal
}

/** Brings the present hit into sight with every move: opens what is folded over it, and puts its turn into the page. */
function useReveal(
  hit: FindHit | null,
  pattern: Pattern | null,
  moves: number,
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<VirtualizerHandle | null>,
  onLeaveEnd: () => void,
): void {
  const moved = useRef(0)
  useEffect(() => {
    if (hit === null || pattern === null || moved.current === moves) return undefined
    moved.current = moves
    onLeaveEnd()
    if (hit.disclosure !== null) disclose(hit.disclosure)
    const isThere = regionIn(scroller.current, hit) !== null
    if (!isThere && hit.disclosure === null) list.current?.scrollToIndex(hit.turnIndex, { align: 'start' })
    return eachFrame(MAX_FRAMES, () => {
      const range = rangeOf(scroller.current, hit, pattern)
      if (range === null) {
        if (regionIn(scroller.current, { ...hit, region: null }) === null) {
          list.current?.scrollToIndex(hit.turnIndex, { align: 'start' })
        }
        return false
      }
      const before = range.getBoundingClientRect().top
      if (scroller.current !== null) reveal(range, scroller.current)
      return Math.abs(range.getBoundingClientRect().top - before) < 1
    })
  }, [hit, pattern, moves, scroller, list, onLeaveEnd])
}

/** Does something once a frame until it says that it is done. */
export function eachFrame(maxFrames: number, doing: () => boolean): () => void {
  let frames = 0
  let request = requestAnimationFrame(function go() {
    frames += 1
    if (!doing() && frames < maxFrames) request = requestAnimationFrame(go)
  })
  return () => cancelAnimationFrame(request)
}

interface Tick {
  /** From 0, the top of the thread, to 1. */
  place: number
  isPresent: boolean
}

/** Paints the hits that are in the page, again whenever the page changes, and says where ticks stand. */
function useMarks(
  hits: readonly FindHit[],
  present: FindHit | null,
  pattern: Pattern | null,
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<VirtualizerHandle | null>,
): readonly Tick[] {
  const [ticks, setTicks] = useState<readonly Tick[]>([])
  useEffect(() => {
    const draw = (): void => {
      const element = scroller.current
      if (element === null || pattern === null || hits.length === 0) {
        paint('find', [])
        paint('find-present', [])
        setTicks([])
        return
      }
      const chosen = present === null ? null : rangeOf(element, present, pattern)
      const all = [...element.querySelectorAll('[data-find]')].flatMap((region) => rangesIn(region, pattern.whole))
      paint(
        'find',
        chosen === null ? all : all.filter((range) => range.compareBoundaryPoints(Range.START_TO_START, chosen) !== 0),
      )
      paint('find-present', chosen === null ? [] : [chosen])
      setTicks(ticksOf(hits, present, list.current))
    }
    let timer: number | null = null
    const drawSoon = (): void => {
      timer ??= window.setTimeout(() => {
        timer = null
        draw()
      }, PAINT_AFTER_MS)
    }
    const first = requestAnimationFrame(draw)
    const changes = new MutationObserver(drawSoon)
    const sizes = new ResizeObserver(drawSoon)
    if (scroller.current !== null) {
      changes.observe(scroller.current, { childList: true, subtree: true, characterData: true })
      sizes.observe(scroller.current)
    }
    return () => {
      cancelAnimationFrame(first)
      if (timer !== null) clearTimeout(timer)
      changes.disconnect()
      sizes.disconnect()
    }
  }, [hits, present, pattern, scroller, list])
  useEffect(
    () => () => {
      paint('find', [])
      paint('find-present', [])
    },
    [],
  )
  return ticks
}

function ticksOf(hits: readonly FindHit[], present: FindHit | null, list: VirtualizerHandle | null): Tick[] {
  if (list === null || list.scrollSize <= 0) return []
  const places = new Map<number, Tick>()
  for (const hit of hits) {
    const px = list.getItemOffset(hit.turnIndex) + list.getItemSize(hit.turnIndex) * hit.depth
    const place = Math.min(1, Math.round(px / list.scrollSize / TICK_STEP) * TICK_STEP)
    const isPresent = present !== null && isSame(hit, present)
    if (isPresent || !places.has(place)) places.set(place, { place, isPresent })
  }
  return [...places.values()]
}

function regionIn(scroller: HTMLElement | null, hit: { turnKey: string; region: string | null }): Element | null {
  const turn = scroller?.querySelector(`[data-turn="${CSS.escape(hit.turnKey)}"]`) ?? null
  if (hit.region === null) return turn
  return turn?.querySelector(`[data-find="${CSS.escape(hit.region)}"]`) ?? null
}

function rangeOf(scroller: HTMLElement | null, hit: FindHit, pattern: Pattern): Range | null {
  const region = regionIn(scroller, hit)
  if (region === null) return null
  const ranges = rangesIn(region, pattern.whole)
  return ranges[Math.min(hit.ordinal, ranges.length - 1)] ?? null
}
