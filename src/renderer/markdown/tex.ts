/** Longer formulas are shown as their source: KaTeX would lay them out for seconds. */
const MAX_LENGTH = 4_000
/** So are deeper ones: KaTeX and the page's layout go down one call, and one box in a box, for each level. */
const MAX_DEPTH = 50

const OPENS: ReadonlySet<string> = new Set(['{', '\\begin', '\\left'])
const CLOSES: ReadonlySet<string> = new Set(['}', '\\end', '\\right'])

/** Whether a formula is short and flat enough to be set in type. Its braces need not match. */
export function canTypeset(tex: string): boolean {
  if (tex.length > MAX_LENGTH) return false
  let depth = 0
  for (const [sign] of tex.matchAll(/\\(?:[a-z]+|[^])|[{}]/giu)) {
    if (OPENS.has(sign)) depth += 1
    else if (CLOSES.has(sign)) depth = Math.max(0, depth - 1)
    if (depth > MAX_DEPTH) return false
  }
  return true
}
