import type { LucideIcon } from 'lucide-react'
import type { ComponentPropsWithRef } from 'react'
import { Icon } from './icon'
import { Ring } from './ring'
import { Tooltip } from './tooltip'

export interface ButtonProps extends Omit<ComponentPropsWithRef<'button'>, 'disabled'> {
  variant?: 'primary' | 'secondary' | 'quiet' | 'danger'
  /** Shows the ring before the label and ignores clicks; the width stays. */
  isBusy?: boolean
  /** Ignores clicks but stays reachable by keyboard, so that `reason` can be read. */
  isDisabled?: boolean
  /** Why it is disabled, as tooltip. */
  reason?: string | undefined
  icon?: LucideIcon | undefined
  /** Height in pixels: 28 in rows, 36 beside a text field. */
  size?: 28 | 32 | 36
}

const SIZES = { 28: 'min-h-7', 32: 'min-h-8', 36: 'min-h-9' } as const

const VARIANTS = {
  primary:
    'border-transparent bg-accent text-on-accent hover:bg-accent-hover active:bg-accent-active aria-disabled:bg-pressed aria-disabled:text-ink-3',
  secondary:
    'border-line-2 bg-raised text-ink-1 hover:tint-hover active:tint-active aria-disabled:border-line aria-disabled:bg-transparent aria-disabled:bg-none aria-disabled:text-ink-3',
  quiet:
    'border-transparent text-ink-2 hover:bg-hovered hover:text-ink-1 active:bg-pressed aria-disabled:bg-transparent aria-disabled:text-ink-3',
  danger:
    'border-danger/50 text-danger hover:bg-danger-tint active:bg-danger-tint aria-disabled:border-line aria-disabled:bg-transparent aria-disabled:text-ink-3',
} as const

/** A button with words. One primary button at most stands in a view. */
export function Button({
  variant = 'secondary',
  isBusy = false,
  isDisabled = false,
  reason,
  icon,
  size = 32,
  children,
  className = '',
  onClick,
  type = 'button',
  ...rest
}: ButtonProps) {
  return (
    <Tooltip text={isDisabled && reason !== undefined ? reason : null}>
      <button
        type={type}
        className={`inline-flex items-center justify-center rounded-m border py-0.75 text-ui font-label transition-colors ${VARIANTS[variant]} ${SIZES[size]} ${variant === 'quiet' ? 'px-2.5' : size === 28 ? 'px-3' : 'px-3.5'} ${className}`}
        aria-busy={isBusy || undefined}
        aria-disabled={isDisabled || undefined}
        onClick={(event) => {
          // A submit button acts through its form, so the default action must be held back too.
          if (isBusy || isDisabled) event.preventDefault()
          else onClick?.(event)
        }}
        {...rest}
      >
        {/* Ring and gap take 20 px: the label gives way by 10 on either side, into the padding. */}
        {isBusy && icon === undefined ? (
          <span className="-mx-[10px] inline-flex items-center gap-1.5">
            <Ring />
            {children}
          </span>
        ) : (
          <span className="inline-flex items-center gap-2">
            {icon !== undefined && (isBusy ? <Ring className="mx-px" /> : <Icon of={icon} />)}
            {children}
          </span>
        )}
      </button>
    </Tooltip>
  )
}
