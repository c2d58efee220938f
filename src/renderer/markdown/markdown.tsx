import { memo, useEffect, useId, useMemo, useRef, type CSSProperties } from 'react'
import { Blocks } from './block-view'
import { Dot } from './dot'
import { FootnoteList, FootnotesContext } from './footnotes'
import { OpenLinkContext, type OpenLink } from './links'
import './markdown.css'
import type { Block } from '../../shared/markdown/nodes'
import { useReading } from './pacing'
import { GROUP_SIZE } from '../../shared/markdown/reading'

export interface MarkdownProps {
  /** The whole text so far. It grows at its end; any other change reads it anew. */
  text: string
  /** More is to come: the end is closed for show and carries the dot. */
  isStreaming: boolean
  /** What a click on a link does; by default main asks and opens it. */
  onOpenLink?: OpenLink
}

/**
 * Markdown of an answer as React elements: never as markup, so nothing in it can run or fetch (S05, S07). While the text
 * grows, only the last blocks are read and rendered again; the others lie in groups of 32 that keep their memo and are
 * laid out only near the window.
 */
export const Markdown = memo(function Markdown({ text, isStreaming, onOpenLink }: MarkdownProps) {
  const view = <MarkdownView text={text} isStreaming={isStreaming} />
  return onOpenLink === undefined ? view : <OpenLinkContext value={onOpenLink}>{view}</OpenLinkContext>
})

function MarkdownView({ text, isStreaming }: { text: string; isStreaming: boolean }) {
  const reading = useReading(text, isStreaming)
  const prefix = useId()
  const { footnotes } = reading
  const context = useMemo(() => ({ prefix, footnotes }), [prefix, footnotes])
  const full = reading.frozen.filter((group) => group.length === GROUP_SIZE)
  const open = groupsOf([...reading.frozen.slice(full.length).flat(), ...reading.tail])
  // One list: from a list of its own a group that becomes full would move, and all in it would be made anew.
  const groups = [...full, ...open]
  const hasDot = isStreaming && reading.text.length === text.length
  return (
    <FootnotesContext value={context}>
      <div className="md">
        {groups.map((blocks, index) => (
          <Group
            key={index}
            blocks={blocks}
            hasDot={hasDot && index >= full.length && index === groups.length - 1}
            isFull={index < full.length}
          />
        ))}
        {hasDot && open.length === 0 && <Dot isBeside />}
        <FootnoteList />
      </div>
    </FootnotesContext>
  )
}

interface GroupProps {
  blocks: readonly Block[]
  hasDot: boolean
  isFull: boolean
}

const Group = memo(function Group({ blocks, hasDot, isFull }: GroupProps) {
  const style = useMemo((): CSSProperties | undefined => {
    return isFull ? { containIntrinsicBlockSize: `auto ${estimatedHeight(blocks)}px` } : undefined
  }, [blocks, isFull])
  const element = useRef<HTMLDivElement>(null)
  useEffect(() => {
    const group = element.current
    if (group === null || !isFull) return undefined
    const look = (event: Event) => {
      if (!(event instanceof ContentVisibilityAutoStateChangeEvent) || event.target !== group) return
      if (event.skipped) dropLayoutLater(group)
      else gone.delete(group)
    }
    group.addEventListener('contentvisibilityautostatechange', look)
    return () => {
      gone.delete(group)
      group.removeEventListener('contentvisibilityautostatechange', look)
    }
  }, [isFull])
  return (
    <div ref={element} className="md-group" data-full={isFull} style={style}>
      <Blocks blocks={blocks} hasDot={hasDot} />
    </div>
  )
})

/** Groups that have left the window, with a layout that nobody needs. */
const gone = new Set<HTMLElement>()
let dropTimer: ReturnType<typeof setTimeout> | undefined
/** One drop makes the page find the style of all that has changed, about 50 ms in an answer of 1 MB: seldom, and many at once. */
const DROP_AFTER_MS = 3000
const MOST_GONE = 24

function dropLayoutLater(group: HTMLElement): void {
  gone.add(group)
  clearTimeout(dropTimer)
  dropTimer = setTimeout(dropLayouts, gone.size >= MOST_GONE ? 0 : DROP_AFTER_MS)
}

/**
 * Lets go of the layout of groups that have left the window, which Chromium would keep: in a long answer it is several
 * times as large as all else. A group is then as it was before it was laid out for the first time, with its height.
 */
function dropLayouts(): void {
  const groups = [...gone]
  gone.clear()
  const heights = groups.map((group) => group.getBoundingClientRect().height)
  for (const [index, { style }] of groups.entries()) {
    style.containIntrinsicBlockSize = `auto ${heights[index] ?? 0}px`
    style.display = 'none'
  }
  // Asked for its style one of them makes all of them lose their boxes; the page is not laid out without them, so nothing
  // scrolls.
  if (groups[0] !== undefined) getComputedStyle(groups[0]).getPropertyValue('display')
  for (const { style } of groups) style.display = ''
}

/** In pixels, for a group that has not been laid out yet: about 85 characters a line, 26 px a line, and the gaps. */
function estimatedHeight(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { raw, gap }) => sum + gap + 26 * Math.ceil(raw.length / 85), 0)
}

function groupsOf(blocks: readonly Block[]): (readonly Block[])[] {
  const groups: (readonly Block[])[] = []
  for (let from = 0; from < blocks.length; from += GROUP_SIZE) groups.push(blocks.slice(from, from + GROUP_SIZE))
  return groups
}
