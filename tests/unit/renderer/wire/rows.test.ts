import { describe, expect, it } from 'vitest'
import { placeFor } from '../../../../src/renderer/wire/place'
import { countRows, figuresOf, filterRows, gapBefore, lastRowAt, mergeRows } from '../../../../src/renderer/wire/rows'
import type { WireRow } from '../../../../src/shared/contract'

const row = (index: number, atMs: number, type = 'content', gist = `“${index}”`): WireRow => ({
  index,
  atMs,
  type,
  bytes: 10,
  gist,
})

const good = { status: 200, headers: [] }

const some = [
  row(0, 84, 'parameters', 'web_search: false'),
  row(1, 391, 'provider', 'DeepInfra'),
  row(2, 806, 'reasoning', '“The chart shows gaps…”'),
  row(3, 1804, 'content', '“Your chart”'),
  row(4, 1828, 'content', '“ shows buffering”'),
]

describe('rows of a recording', () => {
  it('takes what is new, and nothing twice', () => {
    const first = mergeRows([], some.slice(0, 3))
    expect(mergeRows(first, some.slice(1))).toEqual(some)
    expect(mergeRows(first, some.slice(0, 2))).toBe(first)
  })

  it('leaves what does not follow for the next question', () => {
    expect(mergeRows(some.slice(0, 2), [row(3, 1804)])).toEqual(some.slice(0, 2))
  })

  it('measures gaps to the event before, whatever its type', () => {
    expect(some.map((_, index) => gapBefore(some, index))).toEqual([84, 307, 415, 998, 24])
  })

  it('counts and filters by group and by a text in any case', () => {
    expect(countRows(some)).toEqual({ all: 5, content: 2, reasoning: 1, other: 2 })
    expect(filterRows(some, 'all', '')).toBe(some)
    expect(filterRows(some, 'content', '').map(({ index }) => index)).toEqual([3, 4])
    expect(filterRows(some, 'all', ' CHART ').map(({ index }) => index)).toEqual([2, 3])
    expect(filterRows(some, 'other', 'provider').map(({ index }) => index)).toEqual([1])
    expect(filterRows(some, 'reasoning', 'buffering')).toEqual([])
  })

  it('gives the figures of the flow without the wait for the first event', () => {
    expect(figuresOf({ end: { atMs: 2000, error: null }, response: good }, some)).toEqual({
      gapsMs: [307, 415, 998, 24],
      usualMs: 415,
      longestMs: 998,
      wholeMs: 2000,
      hasNoFlow: false,
      isOnePiece: false,
    })
    expect(figuresOf({ end: null, response: good }, some).wholeMs).toBe(1828)
  })

  it('knows an answer that came in one piece, once it has ended', () => {
    const burst = [row(0, 6200), row(1, 6201), row(2, 6201)]
    const end = { atMs: 6202, error: null }
    expect(figuresOf({ end, response: good }, burst)).toMatchObject({ hasNoFlow: true, isOnePiece: true })
    expect(figuresOf({ end: null, response: good }, burst).isOnePiece).toBe(false)
    expect(figuresOf({ end, response: good }, [])).toMatchObject({ hasNoFlow: true, isOnePiece: false })
  })

  it('does not complain of a quick answer, a refusal or a cut one', () => {
    const quick = [row(0, 20), row(1, 21), row(2, 21)]
    expect(figuresOf({ end: { atMs: 22, error: null }, response: good }, quick)).toMatchObject({
      hasNoFlow: true,
      isOnePiece: false,
    })
    const late = [row(0, 6200, 'body')]
    const end = { atMs: 6202, error: null }
    expect(figuresOf({ end, response: { status: 429, headers: [] } }, late).isOnePiece).toBe(false)
    const cut = { atMs: 6202, error: { code: 'connection-lost' } as const }
    expect(figuresOf({ end: cut, response: good }, late).isOnePiece).toBe(false)
  })

  it('finds the last event that has come by a time', () => {
    expect([0, 84, 400, 1803, 9000].map((atMs) => lastRowAt(some, atMs))).toEqual([-1, 0, 1, 2, 4])
  })
})

describe('the place of the panel', () => {
  it('stands beside the thread while that keeps 480', () => {
    expect(placeFor(1016, 472, false)).toEqual({ kind: 'beside', widthPx: 472, mostPx: 536 })
    expect(placeFor(2000, 640, false)).toEqual({ kind: 'beside', widthPx: 640, mostPx: 640 })
  })

  it('gives way to the thread down to 400, then covers it', () => {
    expect(placeFor(900, 472, false)).toEqual({ kind: 'beside', widthPx: 420, mostPx: 420 })
    expect(placeFor(879, 472, false)).toEqual({ kind: 'over' })
  })

  it('lets a replay be seen where there is no room for both', () => {
    expect(placeFor(420, 472, true)).toEqual({ kind: 'under' })
    expect(placeFor(1016, 472, true).kind).toBe('beside')
  })
})
