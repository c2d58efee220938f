import { Select as Base } from '@base-ui/react/select'
import { Check, ChevronsUpDown } from 'lucide-react'
import { Icon } from './icon'

export interface SelectProps<Value extends string> {
  /** Accessible name where no visible label names it by `id`. */
  label: string
  value: Value
  options: readonly { value: Value; label: string }[]
  onChange: (value: Value) => void
  /** 148 wide at least, for a short word; else 200. */
  isNarrow?: boolean
  className?: string
}

/** One choice out of a list that opens under the field. */
export function Select<Value extends string>({
  label,
  value,
  options,
  onChange,
  isNarrow = false,
  className = '',
}: SelectProps<Value>) {
  return (
    <Base.Root
      items={options}
      value={value}
      onValueChange={(next) => {
        if (next !== null) onChange(next)
      }}
    >
      <Base.Trigger
        aria-label={label}
        className={`inline-flex h-8 ${isNarrow ? 'min-w-37' : 'min-w-50'} items-center justify-between gap-3 rounded-m border border-field bg-raised ps-3 pe-2.5 text-ui text-ink-1 transition-colors hover:border-ink-2 ${className}`}
      >
        <Base.Value className="min-w-0 truncate" />
        <Base.Icon className="inline-flex text-ink-2">
          <Icon of={ChevronsUpDown} size={14} />
        </Base.Icon>
      </Base.Trigger>
      <Base.Portal>
        <Base.Positioner className="layer-popover outline-none" sideOffset={6} alignItemWithTrigger={false} align="end">
          <Base.Popup className="drag-none max-h-(--available-height) min-w-(--anchor-width) overflow-y-auto rounded-l bg-raised p-1 shadow-e2 outline-none transition-[opacity,translate] duration-(--d-base) data-ending-style:opacity-0 data-starting-style:translate-y-1 data-starting-style:opacity-0 forced-colors:border">
            {options.map((option) => (
              <Base.Item
                key={option.value}
                value={option.value}
                className="flex min-h-8 items-center gap-2.5 rounded-s px-2.5 py-1 text-ui text-ink-1 outline-none data-highlighted:bg-hovered forced-colors:data-highlighted:bg-[Highlight]"
              >
                <Base.ItemText className="min-w-0 flex-1 break-words">{option.label}</Base.ItemText>
                <Base.ItemIndicator className="text-accent-text">
                  <Icon of={Check} />
                </Base.ItemIndicator>
              </Base.Item>
            ))}
          </Base.Popup>
        </Base.Positioner>
      </Base.Portal>
    </Base.Root>
  )
}
