import { useEffect, useLayoutEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { create } from 'zustand'
import type { Translate } from '../../shared/i18n'
import { ariaKeys, Kbd } from './kbd'

/** Words as they are, or how to say them in the language that is spoken when they are read. */
export type Words = string | ((t: Translate) => string)

export interface ToastMessage {
  text: Words
  /** The one thing to do about it, such as Undo. */
  action?: { label: Words; run: () => void; isUndo?: boolean }
}

const SHOWN_MS = 6000
const UNDO_KEYS = ['Mod', 'Z'] as const

const useToast = create<{ current: (ToastMessage & { id: number }) | null }>()(() => ({ current: null }))
let lastId = 0

/** Shows a line at the bottom start for 6 s. A new one takes the place of the present one. */
export function showToast(message: ToastMessage): void {
  lastId += 1
  useToast.setState({ current: { ...message, id: lastId } })
}

/** Takes the present toast away. */
export function hideToast(): void {
  useToast.setState({ current: null })
}

/** The place where toasts appear; once per window. Its time stands still while it is hovered or focused. */
export function Toaster() {
  const current = useToast((state) => state.current)
  const { startPx, bottomPx } = usePlace(current !== null)
  return (
    <div
      role="status"
      className="layer-toast pointer-events-none fixed"
      style={{ insetInlineStart: startPx, bottom: bottomPx, maxWidth: `calc(100% - ${startPx + EDGE_PX}px)` }}
    >
      {current !== null && <Toast key={current.id} message={current} />}
    </div>
  )
}

const EDGE_PX = 16
/** As in design 43: beside the sidebar. */
const BESIDE_PX = 20
const ABOVE_PX = 8

/** Beside the sidebar and above the composer, so that no row and no button lies under it. */
function usePlace(isShown: boolean): { startPx: number; bottomPx: number } {
  const [place, setPlace] = useState({ startPx: EDGE_PX, bottomPx: EDGE_PX })
  useLayoutEffect(() => {
    if (!isShown) return
    const measure = (): void => {
      const next = placeNow()
      setPlace((now) => (now.startPx === next.startPx && now.bottomPx === next.bottomPx ? now : next))
    }
    let frame = 0
    const measureSoon = (): void => {
      cancelAnimationFrame(frame)
      frame = requestAnimationFrame(measure)
    }
    measure()
    const sizes = new ResizeObserver(measureSoon)
    for (const element of document.querySelectorAll('[data-region=sidebar], [data-region=composer]')) {
      sizes.observe(element)
    }
    // What is on show may change under it.
    const changes = new MutationObserver(measureSoon)
    const root = document.getElementById('root')
    if (root !== null) changes.observe(root, { childList: true, subtree: true })
    window.addEventListener('resize', measureSoon)
    return () => {
      cancelAnimationFrame(frame)
      sizes.disconnect()
      changes.disconnect()
      window.removeEventListener('resize', measureSoon)
    }
  }, [isShown])
  return place
}

function placeNow(): { startPx: number; bottomPx: number } {
  const drawerFoot = document.querySelector('.layer-drawer [data-sidebar-foot]')
  if (drawerFoot !== null) return { startPx: EDGE_PX, bottomPx: above(drawerFoot) }
  const sidebar = document.querySelector('[data-region=sidebar]')?.getBoundingClientRect()
  const isRtl = getComputedStyle(document.documentElement).direction === 'rtl'
  const endPx = sidebar === undefined ? 0 : isRtl ? window.innerWidth - sidebar.left : sidebar.right
  const composer = document.querySelector('[data-region=composer]')
  return {
    startPx: endPx === 0 ? EDGE_PX : endPx + BESIDE_PX,
    bottomPx: composer === null ? EDGE_PX : above(composer),
  }
}

function above(element: Element): number {
  return Math.max(EDGE_PX, window.innerHeight - element.getBoundingClientRect().top + ABOVE_PX)
}

function Toast({ message }: { message: ToastMessage }) {
  const { t } = useTranslation()
  const say = (words: Words): string =>
    typeof words === 'string' ? words : words((key, values) => t(key, values ?? {}))
  const [isHeld, setIsHeld] = useState(false)
  const leftMs = useRef(SHOWN_MS)
  /** What the focus came from: its button goes with it. */
  const before = useRef<Element | null>(null)

  useUndoKey(message)

  useEffect(() => {
    if (isHeld) return
    const startedAt = performance.now()
    const timer = setTimeout(hideToast, leftMs.current)
    return () => {
      clearTimeout(timer)
      leftMs.current = Math.max(0, leftMs.current - (performance.now() - startedAt))
    }
  }, [isHeld])

  return (
    <div
      className="pointer-events-auto flex min-h-11 items-center gap-4 rounded-l bg-raised ps-4.5 pe-3 text-ui text-ink-1 shadow-e2 forced-colors:border"
      onPointerEnter={() => setIsHeld(true)}
      onPointerLeave={() => setIsHeld(false)}
      onFocus={({ relatedTarget }) => {
        before.current = relatedTarget
        setIsHeld(true)
      }}
      onBlur={() => setIsHeld(false)}
    >
      <span className="min-w-0 py-2 break-words">{say(message.text)}</span>
      {message.action !== undefined && (
        <button
          type="button"
          aria-keyshortcuts={message.action.isUndo === true ? ariaKeys(UNDO_KEYS) : undefined}
          className="inline-flex min-h-7 items-center gap-1.5 rounded-s px-2 font-strong text-accent-text hover:bg-hovered active:bg-pressed"
          onClick={() => {
            if (before.current instanceof HTMLElement) before.current.focus()
            hideToast()
            message.action?.run()
          }}
        >
          {say(message.action.label)}
          {message.action.isUndo === true && <Kbd keys={UNDO_KEYS} className="font-normal text-ink-3" />}
        </button>
      )}
    </div>
  )
}

/** Mod+Z takes back what the toast tells, but for whoever has typed since: they mean their words. */
function useUndoKey({ action }: ToastMessage): void {
  useEffect(() => {
    if (action?.isUndo !== true) return
    const listening = new AbortController()
    const options = { signal: listening.signal, capture: true }
    const press = (event: KeyboardEvent): void => {
      const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
      const isZ = event.key.toLowerCase() === 'z' || (event.key > '\u007f' && event.code === 'KeyZ')
      if (!isMod || !isZ || event.shiftKey || event.altKey) return
      event.preventDefault()
      hideToast()
      action.run()
    }
    window.addEventListener('keydown', press, options)
    window.addEventListener('input', () => listening.abort(), options)
    return () => listening.abort()
  }, [action])
}
