import { Tooltip as Base } from '@base-ui/react/tooltip'
import { useRef, type ReactElement } from 'react'
import { Kbd, type Key } from './kbd'

export interface TooltipProps {
  /** What is shown; null shows nothing and leaves the child alone. */
  text: string | null
  /** Keys that do the same, shown after the text. */
  keys?: readonly Key[] | undefined
  side?: 'top' | 'bottom' | 'left' | 'right'
  /** The element it belongs to; must pass props and ref on to a DOM element. */
  children: ReactElement
}

/** A dark hint beside an element, on hover and on keyboard focus. It never carries the only name of a control. */
export function Tooltip({ text, keys, side = 'bottom', children }: TooltipProps) {
  const actions = useRef<Base.Root.Actions>(null)
  if (text === null) return children
  return (
    <Base.Root
      disableHoverablePopup
      actionsRef={actions}
      onOpenChange={(_isOpen, details) => {
        if (details.reason !== 'escape-key') return
        // Esc is for what is left or closed with it. A hint that took the key would make it two presses.
        details.cancel()
        details.allowPropagation()
        actions.current?.close()
      }}
    >
      <Base.Trigger delay={500} render={children} />
      <Base.Portal>
        <Base.Positioner className="layer-tooltip" side={side} sideOffset={6} collisionPadding={8}>
          <Base.Popup className="flex max-w-80 items-center gap-2 rounded-s border border-transparent bg-ink-1 px-2 py-0.75 text-meta break-words text-paper transition-opacity duration-(--d-fast) data-ending-style:opacity-0 data-starting-style:opacity-0">
            {text}
            {keys !== undefined && <Kbd keys={keys} className="text-current opacity-75" />}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
