import { Radio as BaseRadio } from '@base-ui/react/radio'
import { RadioGroup as BaseGroup } from '@base-ui/react/radio-group'
import { useId, type ReactNode } from 'react'

export interface RadioGroupProps<Value extends string> {
  /** Accessible name of the group. */
  label: string
  value: Value
  onChange: (value: Value) => void
  /** `<Radio>`s. */
  children: ReactNode
}

/** One choice out of a few sentences; arrow keys move and choose. */
export function RadioGroup<Value extends string>({ label, value, onChange, children }: RadioGroupProps<Value>) {
  return (
    <BaseGroup<Value> aria-label={label} value={value} onValueChange={onChange} className="flex flex-col gap-1.5">
      {children}
    </BaseGroup>
  )
}

export interface RadioProps {
  value: string
  label: ReactNode
  isDisabled?: boolean
  /** What belongs to this choice, under its words. */
  children?: ReactNode
}

/** One of the choices, with what belongs to it beneath. */
export function Radio({ value, label, isDisabled = false, children }: RadioProps) {
  const id = useId()
  return (
    <div>
      <label
        htmlFor={id}
        className="flex min-h-7 items-center gap-2.5 text-ui text-ink-1 has-data-disabled:text-ink-3 forced-colors:has-data-disabled:text-[GrayText]"
      >
        <BaseRadio.Root
          id={id}
          value={value}
          disabled={isDisabled}
          className="inline-flex size-4 flex-none items-center justify-center rounded-full border border-field transition-colors data-checked:border-transparent data-checked:bg-accent data-disabled:border-line-2 forced-colors:data-disabled:border-[GrayText] forced-colors:data-checked:border-[Highlight]"
        >
          <BaseRadio.Indicator className="size-1.5 rounded-full bg-on-accent forced-colors:bg-[Highlight]" />
        </BaseRadio.Root>
        <span className="min-w-0">{label}</span>
      </label>
      {children !== undefined && <div className="ps-6.5">{children}</div>}
    </div>
  )
}
