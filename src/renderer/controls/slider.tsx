import { Slider as Base } from '@base-ui/react/slider'

export interface SliderProps {
  /** Id of the element that names it. */
  labelledBy: string
  value: number
  min: number
  max: number
  /** With every step, also while it is dragged. */
  onChange: (value: number) => void
  /** Once, when it is let go or a key has moved it. */
  onCommit?: (value: number) => void
  className?: string
}

/** A number out of a range, on a thin line; the end that is chosen lies in the accent. */
export function Slider({ labelledBy, value, min, max, onChange, onCommit, className = '' }: SliderProps) {
  return (
    <Base.Root
      value={value}
      min={min}
      max={max}
      onValueChange={onChange}
      {...(onCommit === undefined ? {} : { onValueCommitted: onCommit })}
      className={className}
    >
      <Base.Control className="flex h-7 items-center">
        <Base.Track className="h-0.5 w-full rounded-full bg-field forced-colors:bg-[CanvasText]">
          <Base.Indicator className="rounded-full bg-accent forced-colors:bg-[Highlight]" />
          <Base.Thumb
            aria-labelledby={labelledBy}
            className="size-4 rounded-full border border-transparent bg-accent has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-focus forced-colors:bg-[Highlight]"
          />
        </Base.Track>
      </Base.Control>
    </Base.Root>
  )
}
