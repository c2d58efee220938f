import { Toggle } from '@base-ui/react/toggle'
import { ToggleGroup } from '@base-ui/react/toggle-group'
import { ArrowDown, Search } from 'lucide-react'
import { useCallback, useEffect, useId, useMemo, useRef, useState, type KeyboardEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { Virtualizer, type VirtualizerHandle } from 'virtua'
import type { WireRecording, WireRow } from '../../shared/contract'
import { useFollow } from '../chat/follow'
import { Icon } from '../controls/icon'
import { useFigures } from '../figures'
import { COLUMNS, EventRow } from './event-row'
import { countRows, filterRows, gapBefore, lastRowAt, type RowGroup } from './rows'
import { useWire } from './state'

const HEAD_PX = 28
const ROW_PX = 24
/** At the end of the list, what lies there is not well read. */
const FADE_PX = 20
const PAGE_ROWS = 10

/** Every event with its time, as it came; those of a group or with a text in them. Arrow keys move, Enter opens. */
export function EventList({ recording, rows }: { recording: WireRecording; rows: readonly WireRow[] }) {
  const { t } = useTranslation()
  const [group, setGroup] = useState<RowGroup>('all')
  const [text, setText] = useState('')
  const counts = useMemo(() => countRows(rows), [rows])
  const shown = useMemo(() => filterRows(rows, group, text), [rows, group, text])
  return (
    <>
      <div className="flex flex-none flex-wrap items-center gap-x-3 gap-y-1.5 ps-2.5 pe-5 pt-1.5">
        <GroupTabs group={group} counts={counts} onChange={setGroup} />
        <label className="relative ms-auto w-25 max-narrow:w-auto max-narrow:flex-[1_1_100px]">
          <Icon of={Search} size={14} className="pointer-events-none absolute inset-s-2 top-[7px] text-ink-2" />
          <input
            type="search"
            data-filter
            value={text}
            placeholder={t('wire:filter.field')}
            aria-label={t('wire:filter.fieldLabel')}
            className="h-7 w-full rounded-m border border-field bg-raised ps-7 pe-1.5 text-meta text-ink-1 transition-colors hover:border-ink-2 focus:outline-2 focus:-outline-offset-1 focus:outline-focus [&::-webkit-search-cancel-button]:hidden"
            onChange={(event) => setText(event.currentTarget.value)}
            onKeyDown={(event) => {
              // The first Esc empties the field; only an empty one leaves the key to the panel.
              if (event.key !== 'Escape' || text === '') return
              event.preventDefault()
              setText('')
            }}
          />
        </label>
      </div>
      <Grid recording={recording} rows={rows} shown={shown} text={text} />
    </>
  )
}

const GROUPS: readonly RowGroup[] = ['all', 'content', 'reasoning', 'other']

interface GroupTabsProps {
  group: RowGroup
  counts: Record<RowGroup, number>
  onChange: (group: RowGroup) => void
}

function GroupTabs({ group, counts, onChange }: GroupTabsProps) {
  const { t } = useTranslation()
  const { whole } = useFigures()
  return (
    <ToggleGroup
      aria-label={t('wire:filter.label')}
      value={[group]}
      onValueChange={(values: string[]) => {
        const chosen = GROUPS.find((each) => each === values[0])
        if (chosen !== undefined) onChange(chosen)
      }}
      className="flex flex-wrap gap-0.5"
    >
      {GROUPS.map((each) => (
        <Toggle
          key={each}
          value={each}
          className="group/tab inline-flex min-h-7 items-center gap-1.5 rounded-m border border-transparent px-[7px] text-meta text-ink-1 transition-colors first:px-[9px] hover:bg-hovered data-pressed:bg-selected data-pressed:font-label forced-colors:data-pressed:bg-[Highlight] forced-colors:data-pressed:forced-color-adjust-none forced-colors:data-pressed:text-[HighlightText]"
        >
          {t(`wire:filter.${each}`)}
          <span className="font-normal text-ink-3 tabular group-data-pressed/tab:text-ink-2 forced-colors:group-data-pressed/tab:text-[HighlightText]">
            {whole(counts[each])}
          </span>
        </Toggle>
      ))}
    </ToggleGroup>
  )
}

interface GridProps {
  recording: WireRecording
  rows: readonly WireRow[]
  /** Those of `rows` that the filter lets through. */
  shown: readonly WireRow[]
  text: string
}

function Grid({ recording, rows, shown, text }: GridProps) {
  const { t } = useTranslation()
  const gridId = useId()
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const list = useRef<VirtualizerHandle>(null)
  const [selected, setSelected] = useState<number | null>(null)
  const [opened, setOpened] = useState<number | null>(null)
  const { isAway, jump } = useFollow(scroller, content, recording.end === null)
  const playedUpTo = usePlayedUpTo(recording.id, rows)
  // The panel had the focus while there was no list to give it to.
  useEffect(() => {
    const grid = scroller.current
    if (grid !== null && document.activeElement === grid.closest('[data-region]')) grid.focus()
  }, [])
  useKeepInSight(scroller, list, shown, playedUpTo)

  const current = playedUpTo ?? selected
  const place = shown.findIndex(({ index }) => index === current)
  // Opened by the person, and not yet brought into sight: a row that only scrolls back into the page must not pull at it.
  const freshlyOpened = useRef<number | null>(null)
  const toggle = useCallback((index: number) => {
    freshlyOpened.current = index
    setOpened((open) => (open === index ? null : index))
  }, [])
  const showJson = useCallback((index: number, element: Element) => {
    if (freshlyOpened.current !== index) return
    freshlyOpened.current = null
    element.scrollIntoView({ block: 'nearest' })
  }, [])
  const press = useCallback(
    (index: number) => {
      setSelected(index)
      toggle(index)
    },
    [toggle],
  )
  const onKeyDown = (event: KeyboardEvent<HTMLElement>): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const at = shown.findIndex(({ index }) => index === selected)
    if (event.key === 'Enter' && selected !== null && at !== -1) {
      event.preventDefault()
      toggle(selected)
      return
    }
    const next = placeAfter(event.key, at, shown.length)
    const row = next === null ? undefined : shown[next]
    if (next === null || row === undefined) return
    event.preventDefault()
    setSelected(row.index)
    bringIntoSight(scroller.current, list.current, next)
  }
  return (
    <div
      className={`relative flex min-h-32 flex-1 flex-col pt-1.5 ${place === -1 ? 'after:pointer-events-none after:absolute after:inset-0.5 after:top-1 after:z-2 has-[[role=treegrid]:focus-visible]:after:outline-2 has-[[role=treegrid]:focus-visible]:after:outline-focus' : ''}`}
    >
      <div
        ref={scroller}
        role="treegrid"
        tabIndex={0}
        aria-label={t('wire:list.label')}
        aria-rowcount={shown.length + 1}
        aria-activedescendant={place === -1 ? undefined : `${gridId}-${current}`}
        // The present row carries the ring of the focus; while there is none, the whole list does.
        className="group/grid min-h-0 flex-1 overflow-x-hidden overflow-y-auto overscroll-contain outline-none [overflow-anchor:none] [scrollbar-gutter:stable]"
        onKeyDown={onKeyDown}
      >
        <div
          role="row"
          aria-rowindex={1}
          className={`${COLUMNS} sticky top-0 z-1 h-7 items-center bg-side ps-5 text-meta text-ink-3 [&:lang(ru)]:text-caption`}
        >
          <span role="columnheader" className="text-end">
            {t('wire:list.time')}
          </span>
          <span role="columnheader" className="text-end">
            {t('wire:list.gap')}
          </span>
          <span role="columnheader" className="ps-4">
            {t('wire:list.type')}
          </span>
          <span role="columnheader">{t('wire:list.data')}</span>
        </div>
        <div ref={content} role="presentation" className="pb-5">
          <Virtualizer
            ref={list}
            scrollRef={scroller}
            data={shown}
            startMargin={HEAD_PX}
            itemSize={ROW_PX}
            keepMounted={place === -1 ? [] : [place]}
          >
            {(row, at) => (
              <EventRow
                key={row.index}
                id={`${gridId}-${row.index}`}
                recordingId={recording.id}
                row={row}
                rowIndex={at + 2}
                gapMs={gapBefore(rows, row.index)}
                isCurrent={row.index === current}
                isToCome={playedUpTo !== null && row.index > playedUpTo}
                isOpen={row.index === opened}
                onPress={press}
                onJson={showJson}
              />
            )}
          </Virtualizer>
          {shown.length === 0 && text.trim() !== '' && (
            <div role="row">
              <p role="gridcell" className="px-5 py-2 text-meta text-ink-3">
                {t('wire:filter.none', { text: text.trim() })}
              </p>
            </div>
          )}
        </div>
      </div>
      <div
        className="pointer-events-none absolute inset-x-0 bottom-0 h-5 bg-linear-to-t from-side to-side/0"
        aria-hidden
      />
      {isAway && recording.end === null && (
        <button
          type="button"
          className="layer-pill absolute inset-x-0 bottom-3 mx-auto flex h-7 w-max items-center gap-1.5 rounded-full bg-raised px-3 text-meta font-label text-ink-1 shadow-e1 hover:tint-hover active:tint-active forced-colors:border"
          onClick={jump}
        >
          <Icon of={ArrowDown} size={14} />
          {t('chat:thread.jump')}
        </button>
      )}
    </div>
  )
}

function placeAfter(key: string, at: number, count: number): number | null {
  if (count === 0) return null
  const places: Record<string, number> = {
    ArrowDown: at + 1,
    ArrowUp: at === -1 ? count - 1 : at - 1,
    PageDown: at + PAGE_ROWS,
    PageUp: at - PAGE_ROWS,
    Home: 0,
    End: count - 1,
  }
  const next = places[key]
  return next === undefined ? null : Math.min(count - 1, Math.max(0, next))
}

/** The last event that a replay of this recording has played; null while there is none. */
function usePlayedUpTo(recordingId: string, rows: readonly WireRow[]): number | null {
  const positionMs = useWire(({ replay }) => (replay?.recordingId === recordingId ? replay.positionMs : null))
  return positionMs === null ? null : lastRowAt(rows, positionMs)
}

function useKeepInSight(
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<VirtualizerHandle | null>,
  shown: readonly WireRow[],
  playedUpTo: number | null,
): void {
  useEffect(() => {
    if (playedUpTo === null) return
    const place = shown.findLastIndex(({ index }) => index <= playedUpTo)
    bringIntoSight(scroller.current, list.current, Math.max(0, place))
  }, [scroller, list, shown, playedUpTo])
}

/** Scrolls as little as it takes to see a row: between the head, which stays, and the fading edge. */
function bringIntoSight(scroller: HTMLElement | null, list: VirtualizerHandle | null, place: number): void {
  if (scroller === null || list === null) return
  const top = HEAD_PX + list.getItemOffset(place)
  const bottom = top + list.getItemSize(place)
  if (top < scroller.scrollTop + HEAD_PX) scroller.scrollTop = top - HEAD_PX
  else if (bottom > scroller.scrollTop + scroller.clientHeight - FADE_PX) {
    scroller.scrollTop = bottom - scroller.clientHeight + FADE_PX
  }
}
