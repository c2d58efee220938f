import { Dialog as Base } from '@base-ui/react/dialog'
import type { ReactNode } from 'react'
import { useFinalFocus } from './final-focus'

export interface DialogProps {
  isOpen: boolean
  /** Esc, a press beside it, or a button of `actions` that calls it. */
  onClose: () => void
  title: string
  description?: ReactNode
  children?: ReactNode
  /** Buttons at the end, the primary one last. */
  actions: ReactNode
  /** A word beside the buttons, which then stand in a foot of their own. */
  note?: ReactNode
  /** Keeps a press beside it from closing it, where something would be lost. */
  isSticky?: boolean
  className?: string
  /** False leaves the focus to whoever has taken it; by default it goes to the composer, or to what had it. */
  finalFocus?: false | (() => HTMLElement | boolean)
}

/** A modal question. Errors never come as one (DESIGN "Errors"). */
export function Dialog({
  isOpen,
  onClose,
  title,
  description,
  children,
  actions,
  note,
  isSticky = false,
  className = '',
  finalFocus,
}: DialogProps) {
  const usual = useFinalFocus()
  return (
    <Base.Root open={isOpen} onOpenChange={(next) => !next && onClose()} disablePointerDismissal={isSticky}>
      <Base.Portal>
        <Base.Backdrop className="layer-modal fixed inset-0 bg-scrim transition-opacity duration-(--d-base) data-ending-style:opacity-0 data-starting-style:opacity-0" />
        <Base.Viewport className="layer-modal fixed inset-0 flex items-center justify-center overflow-y-auto p-4">
          <Base.Popup
            finalFocus={finalFocus ?? usual}
            className={`drag-none w-120 max-w-full rounded-xl bg-raised p-6 shadow-e3 outline-none transition-[opacity,translate] duration-(--d-base) data-ending-style:opacity-0 data-starting-style:translate-y-1 data-starting-style:opacity-0 forced-colors:border ${className}`}
          >
            <Base.Title className="text-h3 font-strong text-ink-1">{title}</Base.Title>
            {description !== undefined && (
              <Base.Description className="mt-1 text-ui text-ink-2">{description}</Base.Description>
            )}
            {children}
            {note === undefined ? (
              <div className="mt-6 flex flex-wrap justify-end gap-2">{actions}</div>
            ) : (
              <div className="-mx-6 mt-5 -mb-6 flex flex-wrap items-center justify-end gap-2 border-t border-line px-6 py-3.5">
                <p className="me-auto text-meta text-ink-3">{note}</p>
                {actions}
              </div>
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}
