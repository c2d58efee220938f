import { useEffect, useRef, useState } from 'react'
import { create } from 'zustand'
import { ariaKeys, Kbd } from './kbd'

export interface ToastMessage {
  text: string
  /** The one thing to do about it, such as Undo. */
  action?: { label: string; run: () => void; isUndo?: boolean }
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
  return (
    <div
      role="status"
      className="layer-toast pointer-events-none fixed inset-s-4 bottom-4 max-w-[calc(100%-32px)] drawer:[:root:has([data-region=sidebar]):has([data-trash-view])_&]:inset-s-[calc(var(--sidebar)+20px)]"
    >
      {current !== null && <Toast key={current.id} message={current} />}
    </div>
  )
}

function Toast({ message }: { message: ToastMessage }) {
  const [isHeld, setIsHeld] = useState(false)
  const leftMs = useRef(SHOWN_MS)

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
      className="pointer-events-auto flex min-h-10 items-center gap-4 rounded-l bg-raised ps-4 pe-2 text-ui text-ink-1 shadow-e2 forced-colors:border"
      onPointerEnter={() => setIsHeld(true)}
      onPointerLeave={() => setIsHeld(false)}
      onFocus={() => setIsHeld(true)}
      onBlur={() => setIsHeld(false)}
    >
      <span className="min-w-0 py-2 break-words">{message.text}</span>
      {message.action !== undefined && (
        <button
          type="button"
          aria-keyshortcuts={message.action.isUndo === true ? ariaKeys(UNDO_KEYS) : undefined}
          className="inline-flex min-h-7 items-center gap-1.5 rounded-s px-2 font-strong text-accent-text hover:bg-hovered active:bg-pressed"
          onClick={() => {
            hideToast()
            message.action?.run()
          }}
        >
          {message.action.label}
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
