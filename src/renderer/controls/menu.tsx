import { Menu as Base } from '@base-ui/react/menu'
import { Check, ChevronRight, type LucideIcon } from 'lucide-react'
import { createContext, use, useEffect, useRef, type ReactElement, type ReactNode, type RefObject } from 'react'
import { useFinalFocus } from './final-focus'
import { Icon } from './icon'
import { Kbd, type Key } from './kbd'

export interface MenuProps {
  /** The button that opens it, such as an `<IconButton>`. */
  trigger: ReactElement
  /** `<MenuItem>`, `<MenuSeparator>`, `<MenuHeading>`. */
  children: ReactNode
  align?: 'start' | 'center' | 'end'
  side?: 'top' | 'bottom'
  /** `isEscaped` when it was closed by Esc. */
  onOpenChange?: (isOpen: boolean, isEscaped: boolean) => void
  /** The place where it opens, in the window, instead of at its button. */
  point?: { x: number; y: number } | null
  /** Focus after closing: an element, `false` to leave it, or by default the composer or the trigger. */
  finalFocus?: RefObject<HTMLElement | null> | (() => HTMLElement | boolean | null)
  className?: string
  /** It opens over a dialog. */
  isInDialog?: boolean
}

/** Whether the menu around a submenu is open. */
const AroundOpen = createContext<RefObject<boolean> | null>(null)

/** What closes each menu that is open, with the menus that opened from it. */
const open = new Set<() => void>()

/** For a key that opens another layer: the menu must not stay over or under it. */
export function closeMenus(): void {
  for (const close of open) close()
}

/** A list of actions under a button. Arrow keys, Home, End and typing move in it; Esc closes it. */
export function Menu({
  trigger,
  children,
  align = 'end',
  side = 'bottom',
  onOpenChange,
  point = null,
  finalFocus,
  className = '',
  isInDialog = false,
}: MenuProps) {
  const usual = useFinalFocus()
  const actions = useRef<Base.Root.Actions>(null)
  const isOpenNow = useRef(false)
  /** Another layer opens in its place and takes the focus. */
  const isDisplaced = useRef(false)
  const close = useRef(() => {
    isDisplaced.current = true
    actions.current?.close()
  })
  useEffect(() => {
    const ours = close.current
    return () => void open.delete(ours)
  }, [])
  return (
    <Base.Root
      modal={false}
      actionsRef={actions}
      onOpenChange={(isOpen, { reason }) => {
        isOpenNow.current = isOpen
        if (isOpen) {
          isDisplaced.current = false
          open.add(close.current)
        } else open.delete(close.current)
        onOpenChange?.(isOpen, reason === 'escape-key')
      }}
    >
      <Base.Trigger render={trigger} />
      <Base.Portal>
        <Base.Positioner
          className={`${isInDialog ? 'layer-toast' : 'layer-popover'} outline-none`}
          side={side}
          align={align}
          sideOffset={point === null ? 6 : 0}
          collisionPadding={8}
          anchor={point === null ? undefined : { getBoundingClientRect: () => new DOMRect(point.x, point.y, 0, 0) }}
        >
          <Base.Popup
            finalFocus={() => (isDisplaced.current ? false : focusAfter(finalFocus ?? usual))}
            className={`drag-none max-h-(--available-height) min-w-52 overflow-y-auto rounded-l bg-raised p-1 shadow-e2 outline-none transition-[opacity,translate] duration-(--d-base) data-ending-style:opacity-0 data-starting-style:translate-y-1 data-starting-style:opacity-0 forced-colors:border ${className}`}
          >
            <AroundOpen value={isOpenNow}>{children}</AroundOpen>
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}

function focusAfter(place: NonNullable<MenuProps['finalFocus']> | true): HTMLElement | boolean | null {
  if (place === true) return true
  return typeof place === 'function' ? place() : place.current
}

export interface MenuItemProps {
  onSelect: () => void
  icon?: LucideIcon
  keys?: readonly Key[] | undefined
  isDanger?: boolean
  isDisabled?: boolean
  /** Why it is disabled, below its name. */
  reason?: string | null
  /** Shows a tick at the end. */
  isChosen?: boolean
  children: ReactNode
}

/** One action of a menu, 32 px high. */
export function MenuItem({
  onSelect,
  icon,
  keys,
  isDanger = false,
  isDisabled = false,
  reason = null,
  isChosen = false,
  children,
}: MenuItemProps) {
  return (
    <Base.Item
      onClick={onSelect}
      disabled={isDisabled}
      className={`flex min-h-8 items-center gap-2.5 rounded-s px-2.5 py-1 text-ui outline-none data-disabled:text-ink-3 data-highlighted:bg-hovered forced-colors:data-highlighted:bg-[Highlight] ${isDanger ? 'text-danger' : 'text-ink-1'}`}
    >
      {icon !== undefined && <Icon of={icon} className={isDanger ? '' : 'text-ink-2'} />}
      <span className="min-w-0 flex-1 break-words">
        {children}
        {isDisabled && reason !== null && <span className="block max-w-60 text-meta">{reason}</span>}
      </span>
      {keys !== undefined && <Kbd keys={keys} />}
      {isChosen && <Icon of={Check} className="text-accent-text" />}
    </Base.Item>
  )
}

/** A hairline between groups of actions. */
export function MenuSeparator() {
  // What stands above it may be missing.
  return <Base.Separator className="mx-2.5 my-1.5 h-px bg-line first:hidden" />
}

/** A group of items under a heading. */
export function MenuGroup({ heading, children }: { heading: string; children: ReactNode }) {
  return (
    <Base.Group>
      <Base.GroupLabel className="px-2.5 pt-2 pb-1 text-meta font-medium text-ink-3">{heading}</Base.GroupLabel>
      {children}
    </Base.Group>
  )
}

/** Actions under an item, which opens them to its side. */
export function Submenu({ icon, label, children }: { icon?: LucideIcon; label: string; children: ReactNode }) {
  const isAroundOpen = use(AroundOpen)
  return (
    <Base.SubmenuRoot>
      <Base.SubmenuTrigger className="flex min-h-8 items-center gap-2.5 rounded-s px-2.5 py-1 text-ui text-ink-1 outline-none data-highlighted:bg-hovered data-popup-open:bg-hovered forced-colors:data-highlighted:bg-[Highlight]">
        {icon !== undefined && <Icon of={icon} className="text-ink-2" />}
        <span className="min-w-0 flex-1 break-words">{label}</span>
        <Icon of={ChevronRight} className="text-ink-3 rtl:-scale-x-100" />
      </Base.SubmenuTrigger>
      <Base.Portal>
        <Base.Positioner className="layer-popover outline-none" alignOffset={-4} collisionPadding={8}>
          <Base.Popup
            // Its item is where the focus goes when it closes alone. When all closes that item goes too, and a focus that
            // came to it late would be nobody's.
            finalFocus={() => isAroundOpen?.current !== false}
            className="drag-none max-h-(--available-height) min-w-40 overflow-y-auto rounded-l bg-raised p-1 shadow-e2 outline-none transition-opacity duration-(--d-base) data-ending-style:opacity-0 data-starting-style:opacity-0 forced-colors:border"
          >
            {children}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.SubmenuRoot>
  )
}
