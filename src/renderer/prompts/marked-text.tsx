import type { Ref } from 'react'

/** A place in a text that is shown as a slot. */
export interface Mark {
  from: number
  to: number
  look: 'filled' | 'present' | 'empty'
  /** Its first and last letter are braces, which are not shown. */
  hasBraces: boolean
}

// Drawn around the letters without moving them; braces that are not shown leave room for an edge within.
const LOOKS = {
  filled: 'bg-accent-tint text-accent-text',
  present: 'text-ink-1',
  empty: 'text-ink-3',
} as const
const EDGES = {
  filled: 'shadow-[0_0_0_1px_color-mix(in_srgb,var(--accent)_40%,transparent)]',
  present: 'shadow-[0_0_0_2px_var(--accent)]',
  empty: 'shadow-[0_0_0_1px_var(--field)]',
} as const

export interface MarkedTextProps {
  text: string
  /** In any order; they do not overlap. */
  marks: readonly Mark[]
  /** How far the field above it is scrolled, and how wide its text is. */
  scrollTop: number
  widthPx: number | null
  ref?: Ref<HTMLDivElement>
  className: string
}

/**
 * The text of a field once more, beneath it and letter by letter in the same place, with its slots marked. The field's own
 * letters are transparent meanwhile: caret, selection, spelling, input methods and screen readers are the field's.
 */
export function MarkedText({ text, marks, scrollTop, widthPx, ref, className }: MarkedTextProps) {
  const sorted = marks.map((mark, index) => ({ ...mark, index })).sort((a, b) => a.from - b.from)
  const pieces: { at: number; text: string; mark: (typeof sorted)[number] | null }[] = []
  let at = 0
  for (const mark of sorted) {
    if (mark.from > at) pieces.push({ at, text: text.slice(at, mark.from), mark: null })
    pieces.push({ at: mark.from, text: text.slice(mark.from, mark.to), mark })
    at = mark.to
  }
  pieces.push({ at, text: text.slice(at), mark: null })
  return (
    <div aria-hidden className="pointer-events-none absolute inset-0 overflow-hidden forced-colors:text-transparent">
      <div
        ref={ref}
        dir="auto"
        className={`[overflow-wrap:break-word] whitespace-pre-wrap [unicode-bidi:plaintext] ${className}`}
        style={{ translate: `0 ${-scrollTop}px`, ...(widthPx !== null && { width: widthPx }) }}
      >
        {pieces.map((piece) =>
          piece.mark === null ? (
            <span key={`t${piece.at}`}>{piece.text}</span>
          ) : (
            <span
              key={`m${piece.at}`}
              data-slot={piece.mark.index}
              className={`rounded-xs [box-decoration-break:clone] outline-1 outline-transparent forced-colors:text-transparent ${LOOKS[piece.mark.look]} ${EDGES[piece.mark.look]}`}
            >
              {piece.mark.hasBraces ? (
                <>
                  <span className="text-transparent">{piece.text.slice(0, 1)}</span>
                  {piece.text.slice(1, -1)}
                  <span className="text-transparent">{piece.text.slice(-1)}</span>
                </>
              ) : (
                piece.text
              )}
            </span>
          ),
        )}
        {/* A line that is still empty has its height. */}
        {'\u200b'}
      </div>
    </div>
  )
}
