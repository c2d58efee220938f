import { emptyAnswer, fold, type Part } from '../../src/shared/conversation'
import { silentLogger } from '../../src/main/logger'
import { BackendApi } from '../../src/main/backend/api'
import { openSession } from '../../src/main/backend/session'
import type { Transport } from '../../src/main/backend/transport'
import { replay, type Recording } from './recordings'

/** What a recording leaves in a conversation, without what is empty: short enough to be read beside the recording. */
export type FoldedRecording = Record<string, unknown>

/**
 * Plays a recording through the real session, at time 0, and folds what comes out of it.
 *
 * @param wrap what stands between the session and the recording
 */
export async function foldRecording(
  recording: Recording,
  pieceBytes?: readonly number[],
  wrap: (transport: Transport) => Transport = (transport) => transport,
): Promise<FoldedRecording> {
  const parts: Part[] = []
  const api = new BackendApi({ url: 'http://recorded.invalid', transport: wrap(replay(recording, pieceBytes)) })
  const deps = {
    api,
    findAttachment: () => Promise.resolve(null),
    clock: { monotonicMs: () => 0 },
    random: () => 0,
    pause: () => Promise.resolve(),
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
  for await (const part of openSession(deps, request, new AbortController().signal)) parts.push(part)
  return foldParts(parts)
}

export function foldParts(parts: readonly Part[]): FoldedRecording {
  const start = { id: 'a', parentId: null, createdAt: 0, generationId: 'g', backendId: 'b' }
  const message = parts.reduce(
    (before, part) => fold(before, { atMs: 0, part }),
    emptyAnswer({ ...start, provider: null, model: null }),
  )
  const title = parts.findLast((part) => part.type === 'title')?.title ?? null
  const isConstant = (key: string): boolean => key in start || ['role', 'requested', 'timing'].includes(key)
  const isEmpty = (value: unknown): boolean => value === null || JSON.stringify(value) === '[]'
  return Object.fromEntries(
    Object.entries({ ...message, title }).filter(
      ([key, value]) =>
        !isConstant(key) && !isEmpty(value) && !(key === 'oddities' && JSON.stringify(value) === NO_ODDITIES),
    ),
  )
}

const NO_ODDITIES = '{"unknown":{},"malformed":0}'
