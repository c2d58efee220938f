import { Popover } from '@base-ui/react/popover'
import type { ComponentProps, ReactNode, RefObject } from 'react'

export interface HangingPanelProps {
  /** The button that it hangs from. */
  anchor: RefObject<HTMLElement | null>
  onClose: () => void
  initialFocus: RefObject<HTMLElement | null>
  finalFocus: ComponentProps<typeof Popover.Popup>['finalFocus']
  /** Its name, where no `Popover.Title` in it is one. */
  label?: string
  /** Width and greatest height. */
  className: string
  children: ReactNode
}

/** A panel under a button, there while it is open. Esc and a press beside it close it. */
export function HangingPanel({
  anchor,
  onClose,
  initialFocus,
  finalFocus,
  label,
  className,
  children,
}: HangingPanelProps) {
  return (
    <Popover.Root
      open
      onOpenChange={(isOpen, { event }) => {
        if (!isOpen && !isWithin(anchor.current, event)) onClose()
      }}
    >
      <Popover.Portal>
        <Popover.Positioner
          anchor={anchor}
          className="layer-popover outline-none"
          align="end"
          sideOffset={6}
          collisionPadding={8}
          // Shorter rather than beside the field, over things it has nothing to do with.
          collisionAvoidance={{ fallbackAxisSide: 'none' }}
        >
          <Popover.Popup
            initialFocus={initialFocus}
            finalFocus={finalFocus}
            aria-label={label}
            className={`drag-none flex max-w-[calc(100vw-16px)] flex-col rounded-xl bg-raised shadow-e2 outline-none transition-[opacity,translate] duration-(--d-base) data-starting-style:translate-y-1 data-starting-style:opacity-0 forced-colors:border ${className}`}
          >
            {children}
          </Popover.Popup>
        </Popover.Positioner>
      </Popover.Portal>
    </Popover.Root>
  )
}

/** Its press would close the list, and the click that ends the press would open it again. */
function isWithin(anchor: HTMLElement | null, event: Event): boolean {
  const target = event instanceof FocusEvent ? event.relatedTarget : event.target
  return target instanceof Node && anchor?.contains(target) === true && event.type !== 'keydown'
}
