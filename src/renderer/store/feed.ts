import type { AttachedGeneration } from '../../shared/contract'
import type { GenerationEvent } from '../../shared/conversation'
import type { Result } from '../../shared/errors'

/** Where a generation stands in this window. */
interface Track {
  conversationId: string
  /** The seq that must come next. */
  nextSeq: number
  /** Events that came while the snapshot is fetched; null while nothing is missing. */
  waiting: GenerationEvent[] | null
}

export interface FeedOptions {
  /** Asks main for the whole answer and the seq up to which it is folded. */
  attach: (generationId: string) => Promise<Result<AttachedGeneration>>
  /** Events in order, each exactly once, of generations that are tracked; called once per drain. */
  commit: (events: readonly GenerationEvent[]) => void
  /** A snapshot that takes the place of what was folded so far. */
  replace: (snapshot: AttachedGeneration) => void
  /** An event of a generation that nobody tracks, once per conversation and drain. */
  onStranger: (conversationId: string) => void
  /** Runs `drain` soon, at most once a frame. */
  schedule: (drain: () => void) => void
}

/**
 * Takes the batches of `generation.event` and hands them on in order: a seq that was seen is ignored, a gap is closed by
 * `attach` (architecture.md, "Streaming"). One per window.
 */
export interface Feed {
  receive: (events: readonly GenerationEvent[]) => void
  /** Follows a generation whose answer is folded up to `seq`. */
  track: (generation: { generationId: string; conversationId: string; seq: number }) => void
  /** Ends following one, such as after a start that failed. */
  drop: (generationId: string) => void
  /** Keeps events of generations that are not tracked yet, while a snapshot of their conversation is on its way. */
  hold: (conversationId: string) => void
  /** Ends `hold`: what `track` did not claim is let go. */
  release: (conversationId: string) => void
  isTracked: (generationId: string) => boolean
}

export function createFeed({ attach, commit, replace, onStranger, schedule }: FeedOptions): Feed {
  const tracks = new Map<string, Track>()
  const held = new Map<string, GenerationEvent[]>()
  let queue: GenerationEvent[] = []
  let isScheduled = false

  const wake = (): void => {
    if (isScheduled) return
    isScheduled = true
    schedule(drain)
  }

  const drain = (): void => {
    isScheduled = false
    const events = queue
    queue = []
    const strangers = new Set<string>()
    const ready = events.filter((event) => admit(event, strangers))
    if (ready.length > 0) commit(ready)
    for (const conversationId of strangers) onStranger(conversationId)
  }

  /** Whether the event is the next one of its generation. */
  const admit = (event: GenerationEvent, strangers: Set<string>): boolean => {
    const track = tracks.get(event.generationId)
    if (track === undefined) {
      const kept = held.get(event.conversationId)
      if (kept === undefined) strangers.add(event.conversationId)
      else kept.push(event)
      return false
    }
    if (track.waiting !== null) {
      track.waiting.push(event)
      return false
    }
    if (event.seq < track.nextSeq) return false
    if (event.seq > track.nextSeq) {
      track.waiting = [event]
      void close(event.generationId, track)
      return false
    }
    track.nextSeq += 1
    if (event.part.type === 'finish') tracks.delete(event.generationId)
    return true
  }

  const close = async (generationId: string, track: Track): Promise<void> => {
    const result = await attach(generationId)
    if (tracks.get(generationId) !== track) return
    const waiting = track.waiting ?? []
    tracks.delete(generationId)
    if (!result.ok) {
      // Main does not know it any more: the conversation on disk does.
      onStranger(track.conversationId)
      return
    }
    replace(result.value)
    if (result.value.message.state !== 'running') return
    tracks.set(generationId, { ...track, nextSeq: result.value.seq + 1, waiting: null })
    queue = [...waiting, ...queue]
    wake()
  }

  return {
    receive: (events) => {
      for (const event of events) queue.push(event)
      wake()
    },
    track: ({ generationId, conversationId, seq }) => {
      tracks.set(generationId, { conversationId, nextSeq: seq + 1, waiting: null })
    },
    drop: (generationId) => void tracks.delete(generationId),
    hold: (conversationId) => {
      if (!held.has(conversationId)) held.set(conversationId, [])
    },
    release: (conversationId) => {
      const kept = (held.get(conversationId) ?? []).filter(({ generationId }) => tracks.has(generationId))
      held.delete(conversationId)
      if (kept.length === 0) return
      queue = [...kept, ...queue]
      wake()
    },
    isTracked: (generationId) => tracks.has(generationId),
  }
}

/**
 * Once a frame while the window shows something. A hidden window has no frames and a busy one may skip them, so a timer
 * drains as well: an answer must not pile up in memory because nobody looks.
 */
export function scheduleFrame(drain: () => void): void {
  if (document.hidden) {
    setTimeout(drain, 50)
    return
  }
  const run = (): void => {
    cancelAnimationFrame(frame)
    clearTimeout(timer)
    drain()
  }
  const frame = requestAnimationFrame(run)
  const timer = setTimeout(run, 100)
}
