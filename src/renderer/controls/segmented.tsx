import { Toggle } from '@base-ui/react/toggle'
import { ToggleGroup } from '@base-ui/react/toggle-group'

export interface SegmentedProps<Value extends string> {
  /** Accessible name of the group. */
  label: string
  value: Value
  options: readonly { value: Value; label: string }[]
  onChange: (value: Value) => void
  /** Height in pixels. */
  size?: 28 | 32
}

/** A choice between a few short words, side by side; arrow keys move between them. */
export function Segmented<Value extends string>({ label, value, options, onChange, size = 32 }: SegmentedProps<Value>) {
  const isSmall = size === 28
  return (
    <ToggleGroup
      aria-label={label}
      value={[value]}
      onValueChange={(values: string[]) => {
        // Pressing the chosen one again empties the group; a choice always stays made.
        const chosen = options.find((option) => option.value === values[0])
        if (chosen !== undefined) onChange(chosen.value)
      }}
      className={`inline-flex flex-none flex-wrap items-stretch gap-0.5 rounded-m border border-field bg-raised p-0.5 ${isSmall ? 'min-h-7' : 'min-h-8'}`}
    >
      {options.map((option) => (
        <Toggle
          key={option.value}
          value={option.value}
          className={`rounded-s ${isSmall ? 'px-2 text-meta' : 'px-3.5 text-ui font-medium'} text-ink-2 transition-colors hover:bg-hovered data-pressed:bg-selected data-pressed:font-label data-pressed:text-ink-1 forced-colors:data-pressed:bg-[Highlight] forced-colors:data-pressed:forced-color-adjust-none forced-colors:data-pressed:text-[HighlightText]`}
        >
          {option.label}
        </Toggle>
      ))}
    </ToggleGroup>
  )
}
