import { Copy, Quote, Search, type LucideIcon } from 'lucide-react'
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { useAction } from '../actions/offers'
import { useKeysOf } from '../actions/keys'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { ariaKeys } from '../controls/kbd'
import { showToast } from '../controls/toast'
import { Tooltip } from '../controls/tooltip'
import { addQuote } from '../store/quotes'
import { openFind } from './find-state'

/** A selection that did not change for so long is meant. */
const REST_MS = 150
const GAP_PX = 8
const HEIGHT_PX = 36

export interface QuoteBarProps {
  conversationId: string
  scroller: RefObject<HTMLElement | null>
  /** False where nothing can be found, as in columns. */
  isFindable?: boolean
}

/**
 * What can be done with the words that are selected in the thread or a column: quote, copy, find; 8 px above them [41]. It
 * stands in the nearest positioned box, whose place must be that of the scroller.
 */
export function QuoteBar({ conversationId, scroller, isFindable = true }: QuoteBarProps) {
  const { t } = useTranslation()
  const giveFocus = useGiveFocus()
  const keys = useKeysOf('quote')
  const range = useSelectedRange(scroller)
  const hasText = range !== null
  const hide = useCallback(() => getSelection()?.removeAllRanges(), [])
  const quote = (): void => {
    const passage = getSelection()?.toString() ?? ''
    // What was selected can be gone by now, with the answer it stood in.
    if (passage.trim() === '') return
    if (!addQuote(conversationId, passage)) showToast({ text: t('thread:quote.full') })
    else hide()
    giveFocus()
  }
  useAction('quote', hasText ? quote : null)
  const bar = useRef<HTMLDivElement>(null)
  usePlace(bar, range, scroller)
  if (range === null) return null
  return (
    <div
      ref={bar}
      role="toolbar"
      aria-label={t('thread:quote.bar')}
      className="layer-pill invisible absolute flex h-9 items-center rounded-l bg-raised p-1 shadow-e2 forced-colors:border"
      // The words stay selected.
      onPointerDown={(event) => event.preventDefault()}
    >
      <BarButton icon={Quote} label={t('thread:quote.quote')} keys={keys} onPress={quote} />
      <Divider />
      <BarButton
        icon={Copy}
        label={t('thread:quote.copy')}
        onPress={() => {
          document.execCommand('copy')
          hide()
          giveFocus()
        }}
      />
      {isFindable && (
        <>
          <Divider />
          <BarButton
            icon={Search}
            label={t('thread:quote.find')}
            onPress={() => {
              openFind(conversationId)
              hide()
            }}
          />
        </>
      )}
    </div>
  )
}

function Divider() {
  return <span className="mx-0.5 h-4 w-px bg-line" aria-hidden />
}

interface BarButtonProps {
  icon: LucideIcon
  label: string
  keys?: readonly string[] | undefined
  onPress: () => void
}

function BarButton({ icon, label, keys, onPress }: BarButtonProps) {
  return (
    <Tooltip text={keys === undefined ? null : label} keys={keys} side="top">
      <button
        type="button"
        aria-keyshortcuts={keys === undefined ? undefined : ariaKeys(keys)}
        className="flex h-7 items-center gap-1.5 rounded-m px-2 text-ui text-ink-1 hover:bg-hovered active:bg-pressed focus-inset"
        onClick={onPress}
      >
        <Icon of={icon} size={15} />
        {label}
      </button>
    </Tooltip>
  )
}

/** What is selected in the texts of the thread, once it rests; null while nothing is, or while a hand still drags. */
function useSelectedRange(scroller: RefObject<HTMLElement | null>): Range | null {
  const [range, setRange] = useState<Range | null>(null)
  useEffect(() => {
    let timer: number | undefined
    let isDragging = false
    const look = (): void => {
      if (!isDragging) setRange(selectedIn(scroller.current))
    }
    const wait = (): void => {
      clearTimeout(timer)
      // One that is gone takes the bar with it at once.
      if (getSelection()?.isCollapsed !== false) setRange(null)
      else timer = window.setTimeout(look, REST_MS)
    }
    const press = (event: PointerEvent): void => {
      isDragging =
        event.button === 0 && event.target instanceof Node && scroller.current?.contains(event.target) === true
    }
    const release = (): void => {
      if (!isDragging) return
      isDragging = false
      wait()
    }
    document.addEventListener('selectionchange', wait)
    window.addEventListener('pointerdown', press, true)
    window.addEventListener('pointerup', release, true)
    window.addEventListener('pointercancel', release, true)
    return () => {
      clearTimeout(timer)
      document.removeEventListener('selectionchange', wait)
      window.removeEventListener('pointerdown', press, true)
      window.removeEventListener('pointerup', release, true)
      window.removeEventListener('pointercancel', release, true)
    }
  }, [scroller])
  return range
}

function selectedIn(thread: HTMLElement | null): Range | null {
  const selection = getSelection()
  if (thread === null || selection === null || selection.isCollapsed || selection.rangeCount === 0) return null
  const range = selection.getRangeAt(0)
  const isInside = thread.contains(range.startContainer) && thread.contains(range.endContainer)
  // The whole conversation is no passage of it.
  if (range.startContainer instanceof Element && range.startContainer.querySelector('[data-turn]') !== null) return null
  // A field has words of its own.
  const isField = document.activeElement instanceof HTMLTextAreaElement && thread.contains(document.activeElement)
  return isInside && !isField && selection.toString().trim() !== '' ? range.cloneRange() : null
}

/** Puts the bar above the first line of the selection, or below the last where there is no room; it goes as the text goes. */
function usePlace(
  bar: RefObject<HTMLDivElement | null>,
  range: Range | null,
  scroller: RefObject<HTMLElement | null>,
): void {
  useLayoutEffect(() => {
    const thread = scroller.current
    const element = bar.current
    if (range === null || thread === null || element === null) return undefined
    const place = (): void => {
      const view = thread.getBoundingClientRect()
      const lines = [...range.getClientRects()].filter(({ width, height }) => width > 0 && height > 0)
      const whole = range.getBoundingClientRect()
      const first = lines[0] ?? whole
      const above = Math.min(first.top, whole.top) - GAP_PX - HEIGHT_PX
      const top = above >= view.top + 4 ? above : whole.bottom + GAP_PX
      const isSeen = whole.bottom > view.top && whole.top < view.bottom && top + HEIGHT_PX <= view.bottom
      const middle = (whole.left + whole.right) / 2 - element.offsetWidth / 2
      const left = Math.max(view.left + 8, Math.min(middle, view.right - element.offsetWidth - 16))
      element.style.setProperty('visibility', isSeen ? 'visible' : 'hidden')
      element.style.setProperty('top', `${Math.round(top - view.top)}px`)
      element.style.setProperty('left', `${Math.round(left - view.left)}px`)
    }
    place()
    const resized = new ResizeObserver(place)
    resized.observe(thread)
    thread.addEventListener('scroll', place, { passive: true })
    return () => {
      resized.disconnect()
      thread.removeEventListener('scroll', place)
    }
  }, [bar, range, scroller])
}
