import { useEffect, useRef, type ReactNode } from 'react'

/** A label column of 148, or of `--label`, and its field; where the form has less than 560 the label moves above. */
export function Labelled({ label, htmlFor, children }: { label: string; htmlFor?: string; children: ReactNode }) {
  const Name = htmlFor === undefined ? 'p' : 'label'
  return (
    <div
      data-setting={label}
      className="flex flex-col gap-x-6 gap-y-1.5 data-wanted:bg-mark data-wanted:shadow-[0_0_0_8px_var(--mark)] data-wanted:[&_p]:text-ink-1 forced-colors:data-wanted:outline-2 @min-[560px]/form:flex-row"
    >
      <Name
        {...(htmlFor === undefined ? {} : { htmlFor })}
        className="flex-none text-ui text-ink-2 @min-[560px]/form:w-(--label,148px) @min-[560px]/form:pt-2"
      >
        {label}
      </Name>
      <div className="min-w-0 flex-1">{children}</div>
    </div>
  )
}

export interface BlockProps {
  title: string
  /** It is what the form was opened for: it comes into sight, and its heading has the focus. */
  isWanted?: boolean
  children: ReactNode
}

/** Above a heading that was scrolled to. */
const ROOM_PX = 20

/** Only what is meant to scroll does: `scrollIntoView` would move the page itself, which cannot be moved back. */
export function scrollTo(element: HTMLElement): void {
  for (let around = element.parentElement; around !== null; around = around.parentElement) {
    if (around.scrollHeight <= around.clientHeight || getComputedStyle(around).overflowY !== 'auto') continue
    around.scrollTop += element.getBoundingClientRect().top - around.getBoundingClientRect().top - ROOM_PX
    return
  }
}

/** A part of the form under a heading and a line. */
export function Block({ title, isWanted = false, children }: BlockProps) {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    if (!isWanted) return
    heading.current?.focus({ preventScroll: true })
    if (heading.current !== null) scrollTo(heading.current)
  }, [isWanted])
  return (
    <section className="mt-8 border-t border-line pt-6">
      <h3 ref={heading} tabIndex={-1} className="mb-4 text-[14px]/6 font-strong text-ink-1 outline-none">
        {title}
      </h3>
      <div className="flex flex-col gap-4">{children}</div>
    </section>
  )
}
