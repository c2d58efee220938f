import { AlertDialog } from '@base-ui/react/alert-dialog'
import { Dialog } from '@base-ui/react/dialog'
import type { ReactNode, RefObject } from 'react'

export interface FrameProps {
  isOpen: boolean
  /** Esc. */
  onCancel: () => void
  /** A warning that must be answered before anything else: read out as one, with a danger edge. */
  isAlert?: boolean
  /** The button that has the focus at first. */
  initialFocus: RefObject<HTMLElement | null>
  /** Where the focus goes when it closes. */
  finalFocus?: () => HTMLElement | true
  children: ReactNode
}

/** A dialog of 600 without a close button; a press beside it does nothing, so that nothing typed is lost [38]. */
export function Frame({ isOpen, onCancel, isAlert = false, initialFocus, finalFocus, children }: FrameProps) {
  const Base = isAlert ? AlertDialog : Dialog
  const cancel = (next: boolean) => {
    if (!next) onCancel()
  }
  const content = (
    <Base.Portal>
      <Base.Backdrop className="layer-modal fixed inset-0 bg-scrim transition-opacity duration-(--d-base) data-ending-style:opacity-0 data-starting-style:opacity-0" />
      <Base.Viewport className="layer-modal fixed inset-0 flex flex-col items-center p-4 before:flex-[41_1_0] after:flex-[59_1_0] max-narrow:p-2">
        <Base.Popup
          initialFocus={initialFocus}
          {...(finalFocus === undefined ? {} : { finalFocus })}
          className={`drag-none flex max-h-full w-150 max-w-full flex-col overflow-hidden rounded-xl bg-raised shadow-e3 outline-none transition-[opacity,translate] duration-(--d-base) data-ending-style:opacity-0 data-starting-style:translate-y-1 data-starting-style:opacity-0 forced-colors:border ${isAlert ? 'bg-[linear-gradient(var(--danger)_4px,transparent_4px)] pt-1 forced-colors:border-t-4' : ''}`}
        >
          {children}
        </Base.Popup>
      </Base.Viewport>
    </Base.Portal>
  )
  return isAlert ? (
    <AlertDialog.Root open={isOpen} onOpenChange={cancel}>
      {content}
    </AlertDialog.Root>
  ) : (
    <Dialog.Root open={isOpen} onOpenChange={cancel} disablePointerDismissal>
      {content}
    </Dialog.Root>
  )
}

/** What is read; it scrolls where the window is low, under buttons that stay. */
export function FrameBody({ children }: { children: ReactNode }) {
  return <div className="min-h-0 overflow-y-auto px-7 pt-7 pb-6 max-narrow:px-5 max-narrow:pt-5">{children}</div>
}

/** What stands under the line: a note or a quiet action at the start, the buttons at the end. */
export function FrameFooter({ start, children }: { start: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-none flex-wrap items-center gap-x-6 gap-y-3 border-t border-line px-7 py-3.5 max-narrow:px-5">
      <div className="min-w-32 flex-1">{start}</div>
      <div className="flex max-w-full flex-wrap justify-end gap-2">{children}</div>
    </div>
  )
}
