import { AppFailure, type AppError } from '../../shared/errors'
import type { Clock } from '../clock'
import type { BackendApi } from './api'
import { PartReader } from './parts'
import { STALL_MS } from './session'
import type { Chunk, RawResponse } from './stream'

/** How the text of one short answer arrived. All times in milliseconds. */
export interface Cadence {
  /** `silent`: too little text came to tell, or none, or the answer failed: then its rhythm tells nothing. */
  verdict: 'streams' | 'bursts' | 'silent'
  /** Why the answer failed; null when it did not. */
  error: AppError | null
  firstWordMs: number | null
  /** Between one piece of text and the next, in the order of arrival. */
  gapsMs: number[]
}

export interface CadenceQuestion {
  provider: string | null
  model: string | null
  apiKey: string | null
  /** What goes with every question to this server, as the person has set it. */
  parameters?: Readonly<Record<string, unknown>>
}

/** A few dozen words: long enough to show a rhythm, short enough to cost next to nothing. */
const QUESTION = 'Say two sentences of about twenty words each about the sea.'
/** The rest of an answer that was watched for so long, or in so many pieces, is not waited for. */
const MAX_PIECES = 80
const ENOUGH_MS = 6000
const MAX_WAIT_MS = 15_000
/** Fewer events than this have no rhythm: a provider that does not stream gives all it has in one. */
const MIN_EVENTS = 3
/** A model writes a word or a few at a time; this many events in one piece of bytes have been waiting somewhere … */
const HELD_EVENTS = 5
/** … if there was time to wait: a fast model fills a piece of bytes in less. */
const HELD_AFTER_MS = 50
/** What follows so closely is the rest of the same piece: 64 KiB are read in several. */
const SAME_PIECE_MS = 5

/**
 * Asks one short question and watches how the text comes. A proxy that buffers hands over many events in the same
 * instant, with silence between; a stream brings them one by one (features.md, section 3, item 4). What a model thinks is
 * text as well; usage, notes and echoes are not. When the provider changes, the text before was given up, and only what
 * the next one writes counts. An answer that fails, or stands still for ten seconds, has no rhythm, however much came of it.
 *
 * @throws what is no AppFailure
 */
export async function measureCadence(
  api: Pick<BackendApi, 'chunks' | 'redactor'>,
  question: CadenceQuestion,
  clock: Pick<Clock, 'monotonicMs'>,
  maxWaitMs = MAX_WAIT_MS,
): Promise<Cadence> {
  const startMs = clock.monotonicMs()
  let pieces: Piece[] = []
  let provider: string | null = null
  let error: AppError | null = null
  const reader = new PartReader(api.redactor(question.apiKey))
  const signal = AbortSignal.timeout(maxWaitMs)
  try {
    for await (const chunks of api.chunks({
      messages: [{ role: 'user', content: QUESTION }],
      ...question,
      signal,
    })) {
      const atMs = clock.monotonicMs()
      let words = 0
      for (const event of eventsOf(chunks)) {
        if (isText(event)) words += 1
        const name = providerOf(event)
        if (name !== null && name !== provider) {
          if (provider !== null) [pieces, words] = [[], 0]
          provider = name
        }
      }
      if (words > 0) pieces.push({ atMs, words })
      error = fatalErrorOf(chunks, reader)
      // After it only a log can follow, and some servers keep the connection open.
      if (error !== null) break
      if (pieces.length >= MAX_PIECES || (pieces.length > 1 && atMs - (pieces[0]?.atMs ?? atMs) > ENOUGH_MS)) break
      if (countWords(pieces) >= MIN_EVENTS && eventsOf(chunks).some(({ type }) => type === 'finish')) break
    }
  } catch (thrown) {
    if (signal.aborted) error = timeoutOf(pieces, clock.monotonicMs(), maxWaitMs)
    else if (thrown instanceof AppFailure) error = thrown.error
    else throw thrown
  }
  error ??= idleError(Math.max(0, ...gapsOf(pieces)))
  const [first] = pieces
  return {
    verdict: error === null ? verdictOf(pieces, startMs) : 'silent',
    error,
    firstWordMs: first === undefined ? null : first.atMs - startMs,
    gapsMs: gapsOf(pieces),
  }
}

/** Bytes that arrived at once and brought text. */
interface Piece {
  atMs: number
  /** Events with text in it. */
  words: number
}

function verdictOf(pieces: readonly Piece[], startMs: number): Cadence['verdict'] {
  const all = countWords(pieces)
  if (all < MIN_EVENTS) return 'silent'
  let held = 0
  let lastMs = startMs
  let isHeld = false
  for (const { atMs, words } of pieces) {
    const gapMs = atMs - lastMs
    isHeld = (words >= HELD_EVENTS && gapMs >= HELD_AFTER_MS) || (isHeld && gapMs <= SAME_PIECE_MS)
    if (isHeld) held += words
    lastMs = atMs
  }
  if (held * 2 > all) return 'bursts'
  // All at once, without a wait in which it could have been held back: nobody saw it stream.
  return gapsOf(pieces).every((gapMs) => gapMs < 1) ? 'silent' : 'streams'
}

function gapsOf(pieces: readonly Piece[]): number[] {
  return pieces.slice(1).map(({ atMs }, index) => atMs - (pieces[index]?.atMs ?? atMs))
}

function countWords(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { words }) => sum + words, 0)
}

function eventsOf(chunks: readonly Chunk[]): RawResponse[] {
  return chunks.flatMap((chunk) => (chunk.kind === 'event' ? [chunk.event] : []))
}

function isText(event: RawResponse): boolean {
  if (event.type === 'content') return typeof event.content === 'string' && event.content !== ''
  return event.type === 'reasoning' && typeof event.token === 'string' && event.token !== ''
}

/** What ended the answer as failed: an `error` or `auth` event, or a stream that cannot be read. */
function fatalErrorOf(chunks: readonly Chunk[], reader: PartReader): AppError | null {
  for (const chunk of chunks) for (const part of reader.read(chunk)) if (part.type === 'finish') return part.error
  return null
}

/** Time is up. An answer that was still being written by then is only slow. */
function timeoutOf(pieces: readonly Piece[], nowMs: number, maxWaitMs: number): AppError | null {
  const last = pieces.at(-1)
  if (last === undefined) return { code: 'timeout', phase: 'headers', seconds: Math.round(maxWaitMs / 1000) }
  return idleError(nowMs - last.atMs)
}

function idleError(silentMs: number): AppError | null {
  return silentMs < STALL_MS ? null : { code: 'timeout', phase: 'idle', seconds: Math.round(silentMs / 1000) }
}

function providerOf(event: RawResponse): string | null {
  const { provider } = event
  if (event.type !== 'provider' || typeof provider !== 'object' || provider === null || !('name' in provider)) {
    return null
  }
  return typeof provider.name === 'string' ? provider.name : null
}
