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
        <Base.Viewport className="layer-modal fixed inset-0 flex flex-col items-center overflow-y-auto p-4 before:flex-[41_0_0] after:flex-[59_0_0]">
          <Base.Popup
            finalFocus={finalFocus ?? usual}
            className={`drag-none w-120 max-w-full max-narrow:p-5 flex-none rounded-xl bg-raised p-7 shadow-e3 outline-none transition-[opacity,translate] duration-(--d-base) data-ending-style:opacity-0 data-starting-style:translate-y-1 data-starting-style:opacity-0 forced-colors:border ${className}`}
          >
            <Base.Title className="text-h2 font-heading break-words text-ink-1">{title}</Base.Title>
            {description !== undefined && (
              <Base.Description className="mt-1.75 text-[14px]/5.5 text-ink-2">{description}</Base.Description>
            )}
            {children}
            {note === undefined ? (
              <div className="mt-6 flex flex-wrap justify-end gap-2">{actions}</div>
            ) : (
              <div className="-mx-7 mt-6 -mb-7 flex flex-wrap items-center justify-end gap-x-6 gap-y-3 border-t border-line px-7 py-3.5 max-narrow:-mx-5 max-narrow:-mb-5 max-narrow:px-5">
                <p className="min-w-32 flex-1 text-meta text-ink-3">{note}</p>
                <div className="flex max-w-full flex-wrap justify-end gap-2">{actions}</div>
              </div>
            )}
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}
