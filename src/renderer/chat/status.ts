import { answerText, type AssistantMessage } from '../../shared/conversation'
import { GUIDE_BACKEND_ID } from '../../shared/settings'

/** What the status line of a running answer says. Times are milliseconds. */
export type StatusView =
  | { kind: 'none' }
  | { kind: 'waiting'; elapsedMs: number; isSlow: boolean }
  | { kind: 'trying'; failed: string; reason: string | null; next: string }
  /** `percent` is null once all of it is there, and the server reads it. */
  | { kind: 'uploading'; name: string; percent: number | null; totalBytes: number }
  | { kind: 'progress'; text: string }
  | { kind: 'writing'; elapsedMs: number; tokensPerSecond: number | null }
  | { kind: 'no-data'; silentMs: number }
  /** `inMs` is null for a wait so short that counting it down would be a flicker. */
  | { kind: 'lost'; attempt: number; ofAttempts: number; inMs: number | null }
  /** The server has asked to be left alone for so long (R14). */
  | { kind: 'pause'; inMs: number }

/** Nothing is said in the first moment: most answers begin within it, and a line that flashes is noise. */
export const QUIET_MS = 400
/** R11: after so long without a word, why it may be. */
const SLOW_MS = 30_000
/** A wait below this is over before anybody could read its countdown. */
const COUNTED_FROM_MS = 1000
/** Below this the rate jumps about too much to be read. */
const RATE_FROM_MS = 500

/**
 * What to say of a running answer.
 *
 * @param message the answer, as folded so far
 * @param elapsedMs since its generation began, on the clock of its events
 */
export function statusOf(message: AssistantMessage, elapsedMs: number): StatusView {
  const { status, timing } = message
  switch (status.phase) {
    case 'connecting':
    case 'waiting':
      if (isTrying(message)) return tryingOf(message)
      if (elapsedMs < QUIET_MS) return { kind: 'none' }
      return { kind: 'waiting', elapsedMs, isSlow: elapsedMs >= SLOW_MS }
    case 'retrying': {
      // The clock of the line ticks once a second and may be behind the event.
      const inMs = Math.max(0, status.inMs - Math.max(0, elapsedMs - timing.lastMs))
      if (status.cause === 'limit') return { kind: 'pause', inMs }
      // The question itself was the first attempt.
      const [attempt, ofAttempts] = [status.attempt + 1, status.ofAttempts + 1]
      return { kind: 'lost', attempt, ofAttempts, inMs: status.inMs < COUNTED_FROM_MS ? null : inMs }
    }
    case 'uploading': {
      const { name, sentBytes, totalBytes } = status
      const percent = sentBytes >= totalBytes ? null : Math.floor((100 * sentBytes) / totalBytes)
      return elapsedMs < QUIET_MS ? { kind: 'none' } : { kind: 'uploading', name, percent, totalBytes }
    }
    case 'progress':
      return status.text === '' ? { kind: 'none' } : { kind: 'progress', text: status.text }
    case 'thinking':
      // The reasoning line says it.
      return { kind: 'none' }
    case 'writing':
      // Another provider took over from one that wrote, and has not said a word.
      if (isTrying(message)) return tryingOf(message)
      return { kind: 'writing', elapsedMs, tokensPerSecond: rateOf(message)?.tokensPerSecond ?? null }
    case 'stalled':
      return { kind: 'no-data', silentMs: Math.max(0, elapsedMs - status.sinceMs) }
  }
}

function isTrying({ attempts, provider, content, preview }: AssistantMessage): boolean {
  return attempts.length > 0 && provider !== null && content.length === 0 && preview === null
}

function tryingOf({ attempts, provider }: AssistantMessage): StatusView {
  const failed = attempts.at(-1)
  if (failed === undefined || provider === null) return { kind: 'none' }
  const reason = failed.reason?.split('\n').at(-1) ?? null
  return { kind: 'trying', failed: nameOf(failed.provider), reason, next: nameOf(provider) }
}

/** The name to show of a provider. */
export function nameOf(provider: { name: string; label: string | null }): string {
  return provider.label ?? provider.name
}

/** Four characters are about one token; servers that count say so in `usage`. */
const CHARACTERS_PER_TOKEN = 4

/** How fast the text came, from its first word to the last event; null when there is too little of it. */
export function rateOf(message: AssistantMessage): { tokensPerSecond: number; isEstimated: boolean } | null {
  // The Guide writes from its pages at its own pace: a rate would pass for a model's.
  if (message.backendId === GUIDE_BACKEND_ID) return null
  // Pictures take their time, which no word took.
  if (message.content.some(({ type }) => type === 'media')) return null
  const { firstTextMs, lastMs } = message.timing
  if (firstTextMs === null || lastMs - firstTextMs < RATE_FROM_MS) return null
  const counted = message.state === 'running' ? null : (message.usage?.completionTokens ?? null)
  const tokens = counted ?? answerText(message).length / CHARACTERS_PER_TOKEN
  if (tokens <= 0) return null
  return { tokensPerSecond: tokens / ((lastMs - firstTextMs) / 1000), isEstimated: counted === null }
}
