import type { WireRecording, WireRow } from '../../shared/contract'

/** Which events are on show. */
export type RowGroup = 'all' | 'content' | 'reasoning' | 'other'

/** What the events of a recording say about its flow; times in milliseconds. */
export interface RowFigures {
  /** Between events, in their order. The wait for the first one is none: that is the server thinking. */
  gapsMs: number[]
  usualMs: number
  longestMs: number
  /** Of the whole exchange, as far as it has come. */
  wholeMs: number
  /** There is no flow to speak of: nothing came, or everything with one read. */
  hasNoFlow: boolean
  /** And that was an answer, which a person had to wait for. */
  isOnePiece: boolean
}

/** Events of one read have the same time; what lies this close together came as one. */
const ONE_PIECE_MS = 5
/** An answer that was whole before anybody could notice is not one that something has held back. */
const HELD_BACK_MS = 250

/**
 * Rows with later ones behind them. Rows that are there already are skipped, and what does not follow without a gap is
 * left for the next question.
 */
export function mergeRows(rows: readonly WireRow[], fresh: readonly WireRow[]): readonly WireRow[] {
  const added: WireRow[] = []
  for (const row of fresh) {
    if (row.index === rows.length + added.length) added.push(row)
  }
  return added.length === 0 ? rows : [...rows, ...added]
}

/** Milliseconds since the event before, of whatever type; for the first one, since the request. */
export function gapBefore(rows: readonly WireRow[], index: number): number {
  return Math.max(0, (rows[index]?.atMs ?? 0) - (rows[index - 1]?.atMs ?? 0))
}

function groupOf({ type }: WireRow): Exclude<RowGroup, 'all'> {
  return type === 'content' || type === 'reasoning' ? type : 'other'
}

/** How many events each group has. */
export function countRows(rows: readonly WireRow[]): Record<RowGroup, number> {
  const counts = { all: rows.length, content: 0, reasoning: 0, other: 0 }
  for (const row of rows) counts[groupOf(row)] += 1
  return counts
}

/** The events of a group that have a text in their type or data, in any case. */
export function filterRows(rows: readonly WireRow[], group: RowGroup, text: string): readonly WireRow[] {
  const wanted = text.trim().toLowerCase()
  if (group === 'all' && wanted === '') return rows
  return rows.filter(
    (row) =>
      (group === 'all' || groupOf(row) === group) &&
      (wanted === '' || row.type.toLowerCase().includes(wanted) || row.gist.toLowerCase().includes(wanted)),
  )
}

export function figuresOf(
  { end, response }: Pick<WireRecording, 'end' | 'response'>,
  rows: readonly WireRow[],
): RowFigures {
  const gapsMs = rows.slice(1).map((row, index) => Math.max(0, row.atMs - (rows[index]?.atMs ?? 0)))
  const first = rows[0]?.atMs ?? 0
  const last = rows.at(-1)?.atMs ?? 0
  const hasNoFlow = gapsMs.length < 2 || (end !== null && last - first < ONE_PIECE_MS)
  const isAnswer = end !== null && end.error === null && response !== null && response.status < 300 && rows.length > 0
  return {
    gapsMs,
    usualMs: medianOf(gapsMs),
    longestMs: gapsMs.reduce((longest, gap) => Math.max(longest, gap), 0),
    wholeMs: end?.atMs ?? last,
    hasNoFlow,
    isOnePiece: isAnswer && last - first < ONE_PIECE_MS && last >= HELD_BACK_MS,
  }
}

/** The index of the last event that has come by `atMs`, or -1. Times never fall. */
export function lastRowAt(rows: readonly WireRow[], atMs: number): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows[middle]?.atMs ?? 0) <= atMs) low = middle + 1
    else high = middle
  }
  return low - 1
}

function medianOf(values: readonly number[]): number {
  // A typed array sorts by number without a comparing function: tens of thousands of gaps, four times a second.
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
