import { useId, type ReactNode } from 'react'

/** A group of rows under a heading, as on every page but the backends'. */
export function Section({
  title,
  help,
  isFramed = true,
  children,
}: {
  title: string
  help?: string
  /** A line above the first row; what has a frame of its own has none. */
  isFramed?: boolean
  children: ReactNode
}) {
  const headingId = useId()
  return (
    <section
      aria-labelledby={headingId}
      data-setting={title}
      className="mb-6.5 data-wanted:bg-mark data-wanted:shadow-[0_0_0_8px_var(--mark)] data-wanted:[&_p]:text-ink-1 forced-colors:data-wanted:outline-2"
    >
      <h2 id={headingId} className="text-[14px]/6 font-strong text-ink-1">
        {title}
      </h2>
      {help !== undefined && <p className="mt-0.5 text-meta text-ink-3">{help}</p>}
      <div className={isFramed ? 'mt-2.75 border-t border-line' : ''}>{children}</div>
    </section>
  )
}

export interface RowProps {
  /** Visible name; the control takes it by `labelId` or repeats it as its own accessible name. */
  name: ReactNode
  help?: ReactNode
  children?: ReactNode
  /** Id for the name, so that a control can be `aria-labelledby` it. */
  labelId?: string
}

/** One setting: its name and a sentence at the start, its control at the end. */
export function Row({ name, help, children, labelId }: RowProps) {
  return (
    <div
      data-setting={typeof name === 'string' ? name : undefined}
      className="flex min-h-14 flex-wrap items-center justify-between gap-x-6 gap-y-2 border-b border-line py-3.5 last:border-b-0 data-wanted:bg-mark data-wanted:[&_div]:text-ink-1 data-wanted:shadow-[0_0_0_8px_var(--mark)] forced-colors:data-wanted:outline-2"
    >
      <div className="min-w-48 flex-1">
        <p id={labelId} className="text-ui text-ink-1">
          {name}
        </p>
        {help !== undefined && <div className="mt-0.5 max-w-120 text-meta text-ink-3">{help}</div>}
      </div>
      {children !== undefined && <div className="flex flex-none items-center gap-2">{children}</div>}
    </div>
  )
}

/** A fact: name and value in two columns. */
export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className="flex min-h-9.75 flex-wrap items-center gap-x-6 border-b border-line py-2 text-ui last:border-b-0">
      <dt className="w-37 flex-none text-ink-2">{name}</dt>
      <dd className="min-w-0 flex-1 break-words text-ink-1">{children}</dd>
    </div>
  )
}
