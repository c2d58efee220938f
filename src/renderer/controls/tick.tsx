import { useId, type ReactNode } from 'react'

export interface TickProps {
  isOn: boolean
  onChange: (isOn: boolean) => void
  children: ReactNode
}

/** A box to tick, with its words beside it. */
export function Tick({ isOn, onChange, children }: TickProps) {
  const id = useId()
  return (
    <label htmlFor={id} className="flex min-h-7 items-center gap-2 text-meta text-ink-2">
      <input
        id={id}
        type="checkbox"
        className="size-3.5 flex-none"
        checked={isOn}
        onChange={(event) => onChange(event.currentTarget.checked)}
      />
      {children}
    </label>
  )
}
