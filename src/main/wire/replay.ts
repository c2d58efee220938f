import type { Part } from '../../shared/conversation'
import { BackendApi } from '../backend/api'
import { openSession, type SessionDeps } from '../backend/session'
import { silentLogger } from '../logger'
import { createPlayer, type Playback } from './player'

/** A part, and the milliseconds since the request at which it came. */
export interface TimedPart {
  atMs: number
  part: Part
}

/**
 * The parts that a recorded answer means: the same session reads it as when it came, on the recording's clock. The last
 * one is a `finish`, and there is exactly one.
 */
export async function replayParts(playback: Playback): Promise<TimedPart[]> {
  let nowMs = 0
  const stop = new AbortController()
  const player = createPlayer(playback, {
    time: (atMs) => {
      nowMs = atMs
    },
    closed: () => {
      stop.abort()
    },
  })
  const api = new BackendApi({ url: 'recording://local', transport: player })
  let refusal: unknown = null
  const deps: SessionDeps = {
    api: {
      redactor: (apiKey) => api.redactor(apiKey),
      async *chunks(request) {
        try {
          yield* api.chunks(request)
        } catch (thrown) {
          refusal = thrown
          throw thrown
        }
      },
    },
    findAttachment: () => Promise.resolve(null),
    clock: { monotonicMs: () => nowMs },
    random: () => 0,
    // There is only this one try: what a session would try again ends as it did.
    pause: () => Promise.reject(refusal instanceof Error ? refusal : new Error('no pause')),
    logger: silentLogger,
  }
  const request = {
    messages: [],
    provider: null,
    model: null,
    apiKey: null,
    parameters: {},
    isContinuation: false,
    sessions: null,
  }
  const parts: TimedPart[] = []
  for await (const part of openSession(deps, request, stop.signal)) {
    const isRetrying = part.type === 'status' && part.status.phase === 'retrying'
    if (!isRetrying) parts.push({ atMs: nowMs, part })
  }
  return parts
}
