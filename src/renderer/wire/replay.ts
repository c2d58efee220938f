import { emptyAnswer, fold, keepFile, type AssistantMessage, type Part } from '../../shared/conversation'

/** `all` shows the end at once. */
export type Speed = 'half' | 'one' | 'four' | 'all'

export const SPEEDS: readonly Speed[] = ['half', 'one', 'four', 'all']
const FACTORS: Record<Speed, number> = { half: 0.5, one: 1, four: 4, all: Infinity }

export interface TimedPart {
  /** Milliseconds since the request. */
  atMs: number
  part: Part
}

/** A recording that is played into a thread. Nothing of it is sent or stored. */
export interface Replay {
  recordingId: string
  /** When the recorded request was sent, in milliseconds since the epoch. */
  startedAt: number
  /** The thread it is played into. */
  conversationId: string
  /** The stored answer in whose place it stands; null for a recording from a file, which stands at the end. */
  stored: AssistantMessage | null
  parts: readonly TimedPart[]
  totalMs: number
  speed: Speed
  isPlaying: boolean
  positionMs: number
  /** How many parts have been folded into `answer`. */
  folded: number
  answer: AssistantMessage
}

/** What a replay is made of. */
export type ReplaySource = Pick<
  Replay,
  'recordingId' | 'startedAt' | 'conversationId' | 'stored' | 'parts' | 'totalMs' | 'speed'
>

/** A replay at its beginning, playing. */
export function startReplay(source: ReplaySource): Replay {
  return advance({ ...source, isPlaying: true, positionMs: 0, folded: 0, answer: blankAnswer(source) }, 0)
}

/** The replay after some time on the person's clock; it stops by itself at its end. */
export function advance(replay: Replay, passedMs: number): Replay {
  if (!replay.isPlaying) return replay
  const factor = FACTORS[replay.speed]
  // Infinity times nothing is no number.
  const target = factor === Infinity ? replay.totalMs : replay.positionMs + Math.max(0, passedMs) * factor
  const positionMs = Math.min(target, replay.totalMs)
  return { ...foldUpTo(replay, positionMs), isPlaying: positionMs < replay.totalMs }
}

/** The replay at another place; going back folds anew from the beginning. */
export function seek(replay: Replay, positionMs: number): Replay {
  const target = Math.min(Math.max(0, positionMs), replay.totalMs)
  const from = target < replay.positionMs ? { ...replay, folded: 0, answer: blankAnswer(replay) } : replay
  return { ...foldUpTo(from, target), isPlaying: replay.isPlaying && target < replay.totalMs }
}

/** Plays on, or from the beginning when it was over. */
export function resume(replay: Replay): Replay {
  return isOver(replay) ? startReplay(replay) : { ...replay, isPlaying: true }
}

export function isOver({ positionMs, totalMs }: Replay): boolean {
  return positionMs >= totalMs
}

/** The id under which the temporary answer, and its clock, are known. */
function replayId(recordingId: string): string {
  return `${REPLAY}${recordingId}`
}

/** Whether a message is only played: main does not know it. */
export function isReplayed({ id }: AssistantMessage): boolean {
  return id.startsWith(REPLAY)
}

const REPLAY = 'replay:'

function foldUpTo(replay: Replay, positionMs: number): Replay {
  let { answer, folded } = replay
  const isAtEnd = positionMs >= replay.totalMs
  for (; folded < replay.parts.length; folded += 1) {
    const next = replay.parts[folded]
    if (next === undefined || (next.atMs > positionMs && !isAtEnd)) break
    answer = withKnownFiles(fold(answer, next), next.part, replay.stored)
  }
  // A stream has no event for its own end: without it the dot would write on for ever.
  if (isAtEnd) answer = fold(answer, { atMs: positionMs, part: { type: 'finish', state: 'complete', error: null } })
  return { ...replay, positionMs, folded, answer }
}

/** Results that are stored already are shown from there: a replay fetches nothing. */
function withKnownFiles(answer: AssistantMessage, part: Part, stored: AssistantMessage | null): AssistantMessage {
  if (part.type !== 'media' || stored === null) return answer
  const files = stored.content.flatMap((item) => (item.type === 'media' ? Object.entries(item.files ?? {}) : []))
  const content = files.reduce((kept, [source, file]) => keepFile(kept, source, file), answer.content)
  return { ...answer, content }
}

function blankAnswer({ recordingId, startedAt, stored }: ReplaySource): AssistantMessage {
  return emptyAnswer({
    id: replayId(recordingId),
    parentId: null,
    createdAt: startedAt,
    generationId: replayId(recordingId),
    backendId: stored?.backendId ?? '',
    provider: stored?.requested.provider ?? null,
    model: stored?.requested.model ?? null,
  })
}
