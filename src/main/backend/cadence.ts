import type { Clock } from '../clock'
import type { BackendApi } from './api'

/** How the text of one short answer arrived. All times in milliseconds. */
export interface Cadence {
  /** `silent`: too little text came to tell, or none. */
  verdict: 'streams' | 'bursts' | 'silent'
  firstWordMs: number | null
  /** Between one piece of text and the next, in the order of arrival. */
  gapsMs: number[]
}

export interface CadenceQuestion {
  provider: string | null
  model: string | null
  apiKey: string | null
}

/** A sentence of some twenty words: long enough to show a rhythm, short enough to cost next to nothing. */
const QUESTION = 'Say one sentence of about twenty words about the sea.'
/** Enough to tell; the rest of a talkative answer is not waited for. */
const MAX_PIECES = 80
const MAX_WAIT_MS = 30_000
/** Fewer events than this have no rhythm. */
const MIN_EVENTS = 3
/** A model writes a word or a few at a time; this many events in one piece of bytes have been waiting somewhere. */
const HELD_EVENTS = 5

/**
 * Asks one short question and watches how the text comes. A proxy that buffers hands over many events in the same
 * instant, with silence between; a stream brings them one by one (features.md, section 3, item 4).
 *
 * @throws AppFailure when the server gives no stream at all
 */
export async function measureCadence(
  api: Pick<BackendApi, 'chunks'>,
  question: CadenceQuestion,
  clock: Pick<Clock, 'monotonicMs'>,
): Promise<Cadence> {
  const startMs = clock.monotonicMs()
  const arrivals: number[] = []
  let events = 0
  let heldEvents = 0
  const signal = AbortSignal.timeout(MAX_WAIT_MS)
  try {
    for await (const chunks of api.chunks({
      messages: [{ role: 'user', content: QUESTION }],
      ...question,
      signal,
    })) {
      const words = chunks.filter((chunk) => chunk.kind === 'event' && isText(chunk.event)).length
      if (words === 0) continue
      arrivals.push(clock.monotonicMs())
      events += words
      if (words >= HELD_EVENTS) heldEvents += words
      if (arrivals.length >= MAX_PIECES) break
    }
  } catch (thrown) {
    // Time is up: what came until then is what there is to tell.
    if (!signal.aborted) throw thrown
  }
  const [first] = arrivals
  return {
    verdict: events < MIN_EVENTS ? 'silent' : heldEvents * 2 > events ? 'bursts' : 'streams',
    firstWordMs: first === undefined ? null : first - startMs,
    gapsMs: arrivals.slice(1).map((atMs, index) => atMs - (arrivals[index] ?? atMs)),
  }
}

function isText(event: { type: string; [field: string]: unknown }): boolean {
  if (event.type === 'content') return typeof event.content === 'string' && event.content !== ''
  return event.type === 'reasoning' && typeof event.token === 'string'
}
