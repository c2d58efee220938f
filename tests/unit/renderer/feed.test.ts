import { describe, expect, it, vi } from 'vitest'
import { createFeed, type FeedOptions } from '../../../src/renderer/store/feed'
import type { AttachedGeneration } from '../../../src/shared/contract'
import { emptyAnswer, type GenerationEvent, type Part } from '../../../src/shared/conversation'
import type { Result } from '../../../src/shared/errors'

const generationId = 'g1'
const conversationId = 'c1'

function event(seq: number, part: Part = { type: 'text-delta', text: `${seq} ` }, id = generationId): GenerationEvent {
  return { generationId: id, conversationId, messageId: 'm1', seq, atMs: seq, part }
}

const events = (...seqs: number[]): GenerationEvent[] => seqs.map((seq) => event(seq))

/** A feed whose drain is the test's to call, and all that it hands on. */
function openFeed(attach: FeedOptions['attach'] = async () => ({ ok: false, error: { code: 'internal' } })) {
  const committed: number[] = []
  const batches: number[] = []
  const replaced: AttachedGeneration[] = []
  const strangers: string[] = []
  let drain: (() => void) | null = null
  const attached = vi.fn(attach)
  const feed = createFeed({
    attach: attached,
    commit: (ready) => {
      batches.push(ready.length)
      committed.push(...ready.map(({ seq }) => seq))
    },
    replace: (snapshot) => void replaced.push(snapshot),
    onStranger: (id) => void strangers.push(id),
    schedule: (run) => {
      drain = run
    },
  })
  return {
    ...feed,
    committed,
    batches,
    replaced,
    strangers,
    attached,
    isScheduled: () => drain !== null,
    drain: () => {
      const run = drain
      drain = null
      run?.()
    },
  }
}

function snapshot(seq: number, state: 'running' | 'complete' = 'running'): Result<AttachedGeneration> {
  const start = { id: 'm1', parentId: null, createdAt: 0, generationId, backendId: 'b', provider: null, model: null }
  return { ok: true, value: { conversationId, message: { ...emptyAnswer(start), state }, seq } }
}

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('the feed of generation events', () => {
  it('commits what has come once per drain, in order', () => {
    const feed = openFeed()
    feed.track({ generationId, conversationId, seq: 0 })
    feed.receive(events(1, 2))
    feed.receive(events(3))
    expect(feed.committed).toEqual([])
    feed.drain()
    expect(feed.committed).toEqual([1, 2, 3])
    expect(feed.batches).toEqual([3])
    expect(feed.isScheduled()).toBe(false)
  })

  it('R22: ignores what it has seen, also within one batch', () => {
    const feed = openFeed()
    feed.track({ generationId, conversationId, seq: 2 })
    feed.receive(events(1, 2, 3, 3, 4))
    feed.drain()
    feed.receive(events(4, 5))
    feed.drain()
    expect(feed.committed).toEqual([3, 4, 5])
    expect(feed.attached).not.toHaveBeenCalled()
  })

  it('R22: closes a gap with a snapshot, then goes on after it without a loss or a repeat', async () => {
    const feed = openFeed(async () => snapshot(6))
    feed.track({ generationId, conversationId, seq: 0 })
    feed.receive(events(1, 2, 5))
    feed.drain()
    expect(feed.committed).toEqual([1, 2])
    // While the snapshot is on its way, more arrives; some of it is in the snapshot.
    feed.receive(events(6, 7))
    feed.drain()
    await settled()
    feed.drain()
    feed.receive(events(8))
    feed.drain()
    expect(feed.attached).toHaveBeenCalledTimes(1)
    expect(feed.replaced.map(({ seq }) => seq)).toEqual([6])
    expect(feed.committed).toEqual([1, 2, 7, 8])
  })

  it('R26: follows no more after a snapshot that is final', async () => {
    const feed = openFeed(async () => snapshot(9, 'complete'))
    feed.track({ generationId, conversationId, seq: 0 })
    feed.receive(events(4))
    feed.drain()
    await settled()
    expect(feed.replaced).toHaveLength(1)
    expect(feed.isTracked(generationId)).toBe(false)
  })

  it('has the conversation fetched when main does not know the generation any more', async () => {
    const feed = openFeed(async () => ({ ok: false, error: { code: 'not-found', what: 'generation' } }))
    feed.track({ generationId, conversationId, seq: 0 })
    feed.receive(events(3))
    feed.drain()
    await settled()
    expect(feed.strangers).toEqual([conversationId])
    expect(feed.isTracked(generationId)).toBe(false)
  })

  it('tells of a generation that nobody follows once per drain, and drops its events', () => {
    const feed = openFeed()
    feed.receive(events(1, 2, 3))
    feed.drain()
    expect(feed.strangers).toEqual([conversationId])
    expect(feed.committed).toEqual([])
  })

  it('keeps events that overtake the snapshot of their conversation', () => {
    const feed = openFeed()
    feed.hold(conversationId)
    feed.receive(events(4, 5, 6))
    feed.drain()
    expect(feed.strangers).toEqual([])
    feed.track({ generationId, conversationId, seq: 5 })
    feed.release(conversationId)
    feed.drain()
    expect(feed.committed).toEqual([6])
  })

  it('ends with finish: what comes after it belongs to nobody', () => {
    const feed = openFeed()
    feed.track({ generationId, conversationId, seq: 0 })
    feed.receive([event(1), event(2, { type: 'finish', state: 'complete', error: null })])
    feed.drain()
    expect(feed.isTracked(generationId)).toBe(false)
    expect(feed.committed).toEqual([1, 2])
  })

  it('R25: keeps generations apart', () => {
    const feed = openFeed()
    feed.track({ generationId, conversationId, seq: 0 })
    feed.track({ generationId: 'g2', conversationId, seq: 0 })
    feed.receive([event(1), event(1, undefined, 'g2'), event(2, undefined, 'g2'), event(2)])
    feed.drain()
    expect(feed.committed).toEqual([1, 1, 2, 2])
    expect(feed.attached).not.toHaveBeenCalled()
  })
})
