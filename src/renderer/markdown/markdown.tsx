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
      const isOut = event instanceof ContentVisibilityAutoStateChangeEvent && event.skipped
      if (isOut && event.target === group) dropLayout(group)
    }
    group.addEventListener('contentvisibilityautostatechange', look)
    return () => group.removeEventListener('contentvisibilityautostatechange', look)
  }, [isFull])
  return (
    <div ref={element} className="md-group" data-full={isFull} style={style}>
      <Blocks blocks={blocks} hasDot={hasDot} />
    </div>
  )
})

/**
 * Lets go of the layout of a group that has left the window, which Chromium would keep: in a long answer it is several
 * times as large as all else. The group is then as it was before it was laid out for the first time, with its height.
 */
function dropLayout(group: HTMLElement): void {
  group.style.containIntrinsicBlockSize = `auto ${group.getBoundingClientRect().height}px`
  group.style.display = 'none'
  // Asked for its style it loses its boxes; the page is not laid out without it, so nothing scrolls.
  getComputedStyle(group).getPropertyValue('display')
  group.style.display = ''
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
