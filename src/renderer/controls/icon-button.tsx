import type { LucideIcon } from 'lucide-react'
import type { ComponentPropsWithRef } from 'react'
import { Icon } from './icon'
import { ariaKeys, type Key } from './kbd'
import { Tooltip, type TooltipProps } from './tooltip'

export interface IconButtonProps extends Omit<ComponentPropsWithRef<'button'>, 'disabled' | 'aria-label'> {
  icon: LucideIcon
  /** Accessible name, and tooltip unless `hint` says more. */
  label: string
  /** Longer tooltip, such as the reason why it is disabled. */
  hint?: string | undefined
  keys?: readonly Key[] | undefined
  /** 28 px; 24 inside chips and rows. */
  size?: 24 | 28 | 32
  iconSize?: number
  isDisabled?: boolean
  side?: TooltipProps['side']
}

/** A square button that shows only an icon, always with a name and a tooltip. */
export function IconButton({
  icon,
  label,
  hint,
  keys,
  size = 28,
  iconSize = 16,
  isDisabled = false,
  side = 'bottom',
  className = '',
  onClick,
  ...rest
}: IconButtonProps) {
  const sizes = { 24: 'size-6 rounded-s', 28: 'size-7 rounded-m', 32: 'size-8 rounded-m' } as const
  return (
    <Tooltip text={hint ?? label} keys={keys} side={side}>
      <button
        type="button"
        className={`inline-flex flex-none items-center justify-center border border-transparent text-ink-2 transition-colors hover:bg-hovered hover:text-ink-1 active:bg-pressed aria-disabled:bg-transparent aria-disabled:text-ink-4 data-popup-open:bg-pressed ${sizes[size]} ${className}`}
        aria-label={label}
        aria-keyshortcuts={keys === undefined ? undefined : ariaKeys(keys)}
        aria-disabled={isDisabled || undefined}
        onClick={(event) => {
          if (!isDisabled) onClick?.(event)
        }}
        {...rest}
      >
        <Icon of={icon} size={iconSize} />
      </button>
    </Tooltip>
  )
}
