import { BREAK } from './find-text'

/** Of an answer on the page: what is drawn beside its text. */
const BESIDE = 'button, figcaption, svg, .katex, .sr-only, [aria-hidden="true"], .md-picture, [data-find-beside]'
const BLOCKS = new Set(
  'ADDRESS ARTICLE BLOCKQUOTE BR DIV FIGURE H1 H2 H3 H4 H5 H6 HR LI OL P PRE SECTION TABLE TBODY TD TH THEAD TR UL'.split(
    ' ',
  ),
)

/**
 * Places in the text of an element that fit a pattern, top to bottom. No match goes over the edge of a block. A formula is
 * found by how it is written, and is one place.
 */
export function rangesIn(element: Element, pattern: RegExp): Range[] {
  const pieces: { node: Text | HTMLElement; start: number }[] = []
  let text = ''
  const walk = (node: Node): void => {
    if (node instanceof Text) {
      pieces.push({ node, start: text.length })
      text += node.data
      return
    }
    if (node instanceof HTMLElement && node.dataset.tex !== undefined) {
      pieces.push({ node, start: text.length })
      text += node.dataset.tex
      return
    }
    if (!(node instanceof Element) || node.matches(BESIDE)) {
      text += BREAK
      return
    }
    const isBlock = BLOCKS.has(node.tagName)
    if (isBlock) text += BREAK
    for (const child of node.childNodes) walk(child)
    if (isBlock) text += BREAK
  }
  walk(element)
  // Places only ever go on, so the pieces are walked once. A match ends in the last piece that begins before its end.
  let at = 0
  const ranges: Range[] = []
  for (const match of text.matchAll(pattern)) {
    const end = match.index + match[0].length
    while ((pieces[at + 1]?.start ?? Infinity) <= match.index) at += 1
    const first = pieces[at]
    while ((pieces[at + 1]?.start ?? Infinity) < end) at += 1
    const last = pieces[at]
    if (first === undefined || last === undefined) break
    const range = document.createRange()
    if (first.node instanceof Text) range.setStart(first.node, match.index - first.start)
    else range.setStartBefore(first.node)
    if (last.node instanceof Text) range.setEnd(last.node, end - last.start)
    else range.setEndAfter(last.node)
    ranges.push(range)
  }
  return ranges
}

/** Paints ranges under the name of a `::highlight`; nothing changes in the page itself. None takes the paint away. */
export function paint(name: string, ranges: readonly Range[]): void {
  // Where the page has no such thing, as in tests without a browser, nothing is painted.
  if (typeof Highlight === 'undefined') return
  if (ranges.length === 0) CSS.highlights.delete(name)
  else CSS.highlights.set(name, new Highlight(...ranges))
}

/** How much of the top of the thread the bar covers. */
const COVERED_PX = 56
const SIDE_PX = 24

/** Scrolls everything between the page and a range, so that the range is in sight; nothing when it is. */
export function reveal(range: Range, scroller: HTMLElement): void {
  let element = range.startContainer.parentElement
  while (element !== null) {
    const isThread = element === scroller
    const { overflowX, overflowY } = getComputedStyle(element)
    const place = range.getBoundingClientRect()
    const view = element.getBoundingClientRect()
    if (isThread || (scrolls(overflowY) && element.scrollHeight > element.clientHeight)) {
      const isAbove = place.top < view.top + (isThread ? COVERED_PX : 0)
      if (isAbove || place.bottom > view.bottom - (isThread ? SIDE_PX : 0)) {
        // A third from the top: what follows is read next.
        element.scrollTop += place.top - view.top - view.height / 3
      }
    }
    if (!isThread && scrolls(overflowX) && element.scrollWidth > element.clientWidth) {
      if (place.left < view.left) element.scrollLeft += place.left - view.left - SIDE_PX
      else if (place.right > view.right) element.scrollLeft += place.right - view.right + SIDE_PX
    }
    if (isThread) return
    element = element.parentElement
  }
}

function scrolls(overflow: string): boolean {
  return overflow === 'auto' || overflow === 'scroll'
}
