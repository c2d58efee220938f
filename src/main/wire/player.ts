import { setImmediate as nextTurn } from 'node:timers/promises'
import { failure, type AppError } from '../../shared/errors'
import { isStream } from '../backend/api'
import type { Transport } from '../backend/transport'
import type { TimedBytes } from './tape'

/** An answer that was recorded, wherever: its head, the pieces of its body with their times, and how it ended. */
export interface Playback {
  /** Null when none came. */
  response: { status: number; headers: Readonly<Record<string, string>> } | null
  reads: Iterable<TimedBytes>
  end: PlaybackEnd
}

/** `closed` is the reader's doing: a person stopped the answer, or nothing more of it was wanted. */
export type PlaybackEnd =
  | { kind: 'complete'; atMs: number }
  | { kind: 'closed'; atMs: number }
  | { kind: 'failed'; atMs: number; error: AppError }

const TURN_MS = 8

/**
 * Answers every request with a recorded answer, as fast as it is read: the one player, for a replay in the app as for
 * tests.
 *
 * @param on.time called with the time of each piece before it is given, and with that of the end
 * @param on.closed called where the recorded reader went away; what was a stream then waits for the abort
 */
export function createPlayer(
  { response, reads, end }: Playback,
  on: { time?: (atMs: number) => void; closed?: () => void } = {},
): Transport {
  async function* play(signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
    let turnMs = performance.now()
    for (const { atMs, bytes } of reads) {
      // A long recording is read without waiting for anything; whatever else this process does needs its turn.
      if (performance.now() - turnMs < TURN_MS) await Promise.resolve()
      else {
        await nextTurn()
        turnMs = performance.now()
      }
      signal.throwIfAborted()
      on.time?.(atMs)
      yield bytes
    }
    on.time?.(end.atMs)
    if (end.kind === 'failed') throw failure(end.error)
    if (end.kind === 'complete' || response === null || !isStream(response)) return
    on.closed?.()
    await new Promise<void>((_resolve, reject) => {
      const leave = (): void => {
        reject(signal.reason as Error)
      }
      if (signal.aborted) leave()
      else signal.addEventListener('abort', leave, { once: true })
    })
  }
  return {
    request: async ({ signal, onConnected }) => {
      signal.throwIfAborted()
      const isRedirect = end.kind === 'failed' && end.error.code === 'redirect'
      if (response !== null) onConnected?.()
      // A transport gives no redirect as an answer.
      if (response === null || isRedirect) {
        on.time?.(end.atMs)
        if (end.kind === 'failed') throw failure(end.error)
        on.closed?.()
        signal.throwIfAborted()
        throw failure({ code: 'connection-lost' })
      }
      return { ...response, headers: { ...response.headers }, body: play(signal) }
    },
  }
}
