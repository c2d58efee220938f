// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { followRecording, type WireContent } from '../../../../src/renderer/wire/recording-feed'
import type { WireRecording, WireRow } from '../../../../src/shared/contract'
import type { AppError, Result } from '../../../../src/shared/errors'

const rowsOf = (count: number, stepMs = 10): WireRow[] =>
  Array.from({ length: count }, (_, index) => ({ index, atMs: index * stepMs, type: 'content', bytes: 1, gist: '' }))

/** What main would say of one answer's recording; the test changes it as it goes. */
function startWire() {
  const main = {
    open: null as WireRecording | null,
    rows: [] as WireRow[],
    error: null as AppError | null,
    reads: [] as number[],
    opened: 0,
  }
  const recording = (id: string, end: WireRecording['end'] = null): WireRecording => ({
    id,
    messageId: 'a1',
    startedAt: 0,
    request: { method: 'POST', host: 'h', path: '/', headers: [], body: '', bodyBytes: 0, via: null },
    response: null,
    end,
    events: main.rows.length,
    bytes: 0,
    isCut: false,
    earlierTries: 0,
  })
  const answer = <T>(value: T): Promise<Result<T>> =>
    Promise.resolve(main.error === null ? { ok: true, value } : { ok: false, error: main.error })
  vi.stubGlobal('parley', {
    request: {
      'wire.open': () => {
        main.opened += 1
        return answer(main.open)
      },
      'wire.rows': ({ from }: { from: number }) => {
        main.reads.push(from)
        const present = main.open === null ? recording('r1') : { ...main.open, events: main.rows.length }
        return answer({ recording: present, rows: main.rows.slice(from, from + 1000) })
      },
    },
  })
  const published: WireContent[] = []
  let isRunning = true
  return {
    main,
    recording,
    published,
    last: () => published.at(-1),
    rowCount: () => {
      const last = published.at(-1)
      return last?.kind === 'recording' ? last.rows.length : -1
    },
    end: () => {
      isRunning = false
    },
    follow: () =>
      followRecording({
        of: { messageId: 'a1' },
        isRunning: () => isRunning,
        publish: (content) => published.push(content),
      }),
  }
}

describe('following a recording', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => vi.useRealTimers())

  it('reads a whole one in pieces of a thousand, then leaves main alone', async () => {
    const wire = startWire()
    wire.main.rows = rowsOf(2500)
    wire.main.open = wire.recording('r1', { atMs: 1, error: null })
    wire.end()
    const feed = wire.follow()
    await vi.advanceTimersByTimeAsync(0)
    expect(wire.main.reads).toEqual([0, 1000, 2000])
    expect(wire.rowCount()).toBe(2500)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(wire.main.reads).toHaveLength(3)
    feed.close()
  })

  it('reads only what is new, at most four times a second', async () => {
    const wire = startWire()
    wire.main.rows = rowsOf(3)
    wire.main.open = wire.recording('r1')
    const feed = wire.follow()
    await vi.advanceTimersByTimeAsync(0)
    expect(wire.main.reads).toEqual([0])
    wire.main.rows = rowsOf(8)
    for (let at = 0; at < 1000; at += 16) {
      feed.poke()
      await vi.advanceTimersByTimeAsync(16)
    }
    expect(wire.main.reads.length).toBeLessThanOrEqual(5)
    expect(wire.main.reads.slice(0, 3)).toEqual([0, 3, 8])
    expect(wire.rowCount()).toBe(8)
    feed.close()
  })

  it('looks by itself once a second: echoes come without an event of the answer', async () => {
    const wire = startWire()
    wire.main.rows = rowsOf(1)
    wire.main.open = wire.recording('r1')
    const feed = wire.follow()
    await vi.advanceTimersByTimeAsync(0)
    wire.main.rows = rowsOf(2)
    await vi.advanceTimersByTimeAsync(1100)
    expect(wire.rowCount()).toBe(2)
    feed.close()
    await vi.advanceTimersByTimeAsync(5000)
    const reads = wire.main.reads.length
    await vi.advanceTimersByTimeAsync(5000)
    expect(wire.main.reads).toHaveLength(reads)
  })

  it('says that nothing was recorded, and finds what begins later', async () => {
    const wire = startWire()
    const feed = wire.follow()
    await vi.advanceTimersByTimeAsync(0)
    expect(wire.published).toEqual([{ kind: 'loading' }, { kind: 'unrecorded' }])
    wire.main.rows = rowsOf(2)
    wire.main.open = wire.recording('r1')
    feed.poke()
    await vi.advanceTimersByTimeAsync(300)
    expect(wire.rowCount()).toBe(2)
    feed.close()
  })

  it('R12: goes over to the recording of the next try', async () => {
    const wire = startWire()
    wire.main.rows = rowsOf(4)
    wire.main.open = wire.recording('r1', { atMs: 40, error: { code: 'connection-lost' } })
    const feed = wire.follow()
    await vi.advanceTimersByTimeAsync(0)
    expect(wire.rowCount()).toBe(4)
    wire.main.rows = rowsOf(1)
    wire.main.open = wire.recording('r2')
    await vi.advanceTimersByTimeAsync(1100)
    expect(wire.last()).toMatchObject({ kind: 'recording', recording: { id: 'r2' } })
    expect(wire.rowCount()).toBe(1)
    feed.close()
  })

  it('tells why a recording cannot be read', async () => {
    const wire = startWire()
    wire.main.error = { code: 'internal' }
    wire.end()
    const feed = wire.follow()
    await vi.advanceTimersByTimeAsync(0)
    expect(wire.last()).toEqual({ kind: 'failed', error: { code: 'internal' } })
    feed.close()
  })

  it('says nothing more once it is closed', async () => {
    const wire = startWire()
    wire.main.open = wire.recording('r1')
    const feed = wire.follow()
    feed.close()
    await vi.advanceTimersByTimeAsync(5000)
    expect(wire.published).toEqual([{ kind: 'loading' }])
    expect(wire.main.opened).toBe(1)
  })
})
