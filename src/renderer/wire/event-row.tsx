import { lazy, memo, Suspense, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { WireRow } from '../../shared/contract'
import { describe } from '../../shared/errors'
import { NOTICEABLE_GAP_MS } from '../controls/cadence-chart'
import { Ring } from '../controls/ring'
import { useFigures } from '../figures'

const JsonText = lazy(async () => ({ default: (await import('./json-text')).JsonText }))

/** What a person reads of one event; a picture in it may have megabytes. */
const MAX_SHOWN_CHARACTERS = 20_000
/** Time 56, gap 52, type 84, data; 8 and 16 between them. */
export const COLUMNS = 'grid grid-cols-[56px_60px_100px_minmax(0,1fr)]'

export interface EventRowProps {
  id: string
  recordingId: string
  row: WireRow
  rowIndex: number
  gapMs: number
  isCurrent: boolean
  /** A replay has not come to it yet. */
  isToCome: boolean
  isOpen: boolean
  /** With the index of its event. */
  onPress: (index: number) => void
  /** Its JSON is in the page. */
  onJson: (index: number, element: Element) => void
}

/** One event: when it came, after which gap, what it is; open, its JSON beneath. */
export const EventRow = memo(function EventRow(props: EventRowProps) {
  const { id, recordingId, row, rowIndex, gapMs, isCurrent, isToCome, isOpen, onPress, onJson } = props
  const { thousandths, whole } = useFigures()
  // Meta text is one step darker on a fill (DESIGN "Tokens").
  const metaInk = isCurrent ? 'text-ink-2' : 'text-ink-3 group-hover/row:text-ink-2'
  return (
    <>
      <div
        id={id}
        role="row"
        aria-rowindex={rowIndex}
        aria-level={1}
        aria-selected={isCurrent}
        aria-expanded={isOpen}
        className={`group/row ${COLUMNS} ms-2 h-6 items-center rounded-s ps-3 font-code text-[12px]/6 whitespace-pre ${isCurrent ? 'bg-selected group-focus-visible/grid:outline-2 group-focus-visible/grid:-outline-offset-2 group-focus-visible/grid:outline-focus forced-colors:bg-[Highlight] forced-colors:forced-color-adjust-none forced-colors:*:text-[HighlightText]' : 'hover:bg-hovered'}`}
        onClick={() => onPress(row.index)}
      >
        <span role="gridcell" className={`text-end ${metaInk}`}>
          {thousandths(row.atMs / 1000)}
        </span>
        <span role="gridcell" className={`text-end ${gapMs >= NOTICEABLE_GAP_MS ? 'text-warn' : metaInk}`}>
          {whole(gapMs)}
        </span>
        <span role="gridcell" className={`truncate ps-4 pe-1 ${isToCome ? metaInk : 'text-ink-2'}`} title={row.type}>
          {row.type}
        </span>
        <span
          role="gridcell"
          dir="ltr"
          className={`truncate pe-3 [text-align:-webkit-match-parent] ${isToCome ? metaInk : 'text-ink-1'}`}
        >
          {row.gist}
        </span>
      </div>
      {isOpen && (
        <div role="row" aria-level={2} className="ms-2 mt-0.5 mb-1.5">
          <EventJson recordingId={recordingId} index={row.index} onShown={onJson} />
        </div>
      )}
    </>
  )
})

interface EventJsonProps {
  recordingId: string
  index: number
  onShown: (index: number, element: Element) => void
}

/** What came, as it came, under its row. */
function EventJson({ recordingId, index, onShown }: EventJsonProps) {
  const { t } = useTranslation()
  const figures = useFigures()
  const cell = useRef<HTMLDivElement>(null)
  const [json, setJson] = useState<string | null>(null)
  const [failure, setFailure] = useState<string | null>(null)
  useEffect(() => {
    let isGone = false
    void window.parley.request['wire.event']({ recordingId, index }).then((result) => {
      if (isGone) return
      if (result.ok) setJson(result.value.json)
      else setFailure(describe(result.error, (key, values) => t(key, values ?? {})).title)
    })
    return () => {
      isGone = true
    }
  }, [recordingId, index, t])
  useEffect(() => {
    if (json !== null && cell.current !== null) onShown(index, cell.current)
  }, [json, index, onShown])
  const shown = (json ?? '').slice(0, MAX_SHOWN_CHARACTERS)
  return (
    <div
      ref={cell}
      role="gridcell"
      aria-colspan={4}
      dir="ltr"
      className="scroll-mt-14 scroll-mb-6 rounded-m border border-line-2 bg-raised px-3 py-2 font-code text-[12px]/[19px] wrap-anywhere whitespace-pre-wrap text-ink-1 select-text"
    >
      {failure !== null && <span className="text-danger">{failure}</span>}
      {failure === null && json === null && <Ring className="my-0.5 text-ink-3" />}
      <Suspense fallback={shown}>
        <JsonText text={shown} />
      </Suspense>
      {json !== null && shown.length < json.length && (
        <span className="mt-1 block font-sans text-meta text-ink-3">
          {t('wire:list.long', { shown: figures.bytes(shown.length), whole: figures.bytes(json.length) })}
        </span>
      )}
    </div>
  )
}
