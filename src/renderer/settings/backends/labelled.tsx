import type { ReactNode } from 'react'

/** A label column of 148 and its field; where the form has less than 560 the label moves above. */
export function Labelled({ label, htmlFor, children }: { label: string; htmlFor?: string; children: ReactNode }) {
  const Name = htmlFor === undefined ? 'p' : 'label'
  return (
    <div className="flex flex-col gap-x-6 gap-y-1.5 @min-[560px]/form:flex-row">
      <Name
        {...(htmlFor === undefined ? {} : { htmlFor })}
        className="flex-none text-ui text-ink-2 @min-[560px]/form:w-37 @min-[560px]/form:pt-2"
      >
        {label}
      </Name>
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  )
}

/** A part of the form under a heading and a line. */
export function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section className="mt-8 border-t border-line pt-6">
      <h3 className="mb-4 text-[15px]/6 font-strong text-ink-1">{title}</h3>
      <div className="flex flex-col gap-4">{children}</div>
    </section>
  )
}
