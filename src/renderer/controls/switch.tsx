import { Switch as Base } from '@base-ui/react/switch'

export interface SwitchProps {
  isOn: boolean
  onChange: (isOn: boolean) => void
  /** Accessible name where no visible label names it by `id`. */
  label?: string
  id?: string
  isDisabled?: boolean
}

/** Turns one thing on or off, at once. */
export function Switch({ isOn, onChange, label, id, isDisabled = false }: SwitchProps) {
  return (
    <Base.Root
      id={id}
      checked={isOn}
      onCheckedChange={onChange}
      disabled={isDisabled}
      aria-label={label}
      className="inline-flex h-5 w-8.5 flex-none items-center rounded-full border border-field px-[3px] transition-colors data-checked:border-transparent data-checked:bg-accent data-disabled:border-line data-checked:data-disabled:bg-pressed"
    >
      <Base.Thumb className="size-3 rounded-full border border-transparent bg-ink-2 transition-[translate,width,height] data-checked:size-3.5 data-checked:translate-x-3 data-checked:bg-on-accent data-disabled:bg-ink-4 rtl:data-checked:-translate-x-3" />
    </Base.Root>
  )
}
