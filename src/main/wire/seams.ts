import type { Frame } from './frames'
import { readJson } from './json'
import { withoutUnseen, type Mask } from './mask'

/** A part of a delta that belongs to a secret which goes on in other deltas. */
interface Hidden {
  from: number
  to: number
  mask: string
}

/** Texts that events bring piece by piece, each with a name for what it is a piece of. */
interface Slot {
  of: string
  owner: Record<string, unknown>
  key: string
}

interface Piece {
  frame: Frame
  slot: number
  text: string
  /** Characters that a reader sees: only these count for how far a secret reaches. */
  seen: number
}

interface Line {
  pieces: Piece[]
  /** Characters at the beginning of `pieces` that were searched before. */
  searched: number
  /** Of them those that a reader sees. */
  seen: number
}

/**
 * Secrets that lie across events: a model that repeats a key writes it word by word, and whoever joins the words has it.
 * Looks through frames in their order; each character is searched once.
 */
export class Seams {
  readonly #mask: Mask
  readonly #lines = new Map<string, Line>()
  readonly #hidden = new Map<Frame, Hidden[][]>()

  constructor(mask: Mask) {
    this.#mask = mask
  }

  read(frames: readonly Frame[]): void {
    if (this.#mask.reach === 0) return
    for (const frame of frames) {
      const event = eventOf(frame)
      if (event === null) continue
      for (const [slot, { of, owner, key }] of slotsOf(event).entries()) {
        const line = this.#lines.get(of) ?? { pieces: [], searched: 0, seen: 0 }
        this.#lines.set(of, line)
        const text = String(owner[key])
        line.pieces.push({ frame, slot, text, seen: withoutUnseen(text).length })
      }
    }
    for (const line of this.#lines.values()) this.#search(line)
  }

  /** The JSON of a frame without what belongs to a secret that lies across it; unchanged when nothing does. */
  hide(frame: Frame): string {
    const hidden = this.#hidden.get(frame)
    const event = hidden === undefined ? null : eventOf(frame)
    if (hidden === undefined || event === null) return frame.data
    for (const [slot, { owner, key }] of slotsOf(event).entries()) {
      const text = String(owner[key])
      let shown = ''
      let at = 0
      for (const { from, to, mask } of hidden[slot] ?? []) {
        shown += text.slice(at, from) + mask
        at = to
      }
      owner[key] = shown + text.slice(at)
    }
    return JSON.stringify(event)
  }

  #search(line: Line): void {
    const whole = line.pieces.map(({ text }) => text).join('')
    if (whole.length === line.searched) return
    // Secrets come in their order, so the pieces are walked once for all of them.
    let first = 0
    let start = 0
    for (const { from, to, mask } of this.#mask.find(whole)) {
      for (let piece = line.pieces[first]; piece !== undefined && start + piece.text.length <= from;) {
        start += piece.text.length
        first += 1
        piece = line.pieces[first]
      }
      if (to > line.searched) this.#hideAcross(line.pieces, first, { from: from - start, to: to - start, mask })
    }
    line.searched = whole.length
    line.seen = line.pieces.reduce((sum, { seen }) => sum + seen, 0)
    // A secret that goes on in later pieces began at most so far back.
    let gone = 0
    for (const { text, seen } of line.pieces) {
      if (line.seen - seen < this.#mask.reach) break
      line.searched -= text.length
      line.seen -= seen
      gone += 1
    }
    line.pieces.splice(0, gone)
  }

  /** @param found counted from the beginning of the piece at `first`, in which it begins */
  #hideAcross(pieces: readonly Piece[], first: number, { from, to, mask }: Hidden): void {
    // Within one piece it is found like everywhere else.
    if (to <= (pieces[first]?.text.length ?? 0)) return
    let start = 0
    for (let index = first; start < to; index += 1) {
      const piece = pieces[index]
      if (piece === undefined) return
      const end = start + piece.text.length
      if (piece.text !== '') {
        const slots = this.#hidden.get(piece.frame) ?? []
        this.#hidden.set(piece.frame, slots)
        const hidden = (slots[piece.slot] ??= [])
        hidden.push({
          from: Math.max(from, start) - start,
          to: Math.min(to, end) - start,
          mask: index === first ? mask : '',
        })
      }
      start = end
    }
  }
}

/** Spares most events the parser. */
const HAS_DELTA = /"(?:content|reasoning|tool_calls)"|\\u00/u

function eventOf({ kind, data, leftOutBytes }: Frame): Record<string, unknown> | null {
  if ((kind !== 'event' && kind !== 'line') || leftOutBytes > 0 || !HAS_DELTA.test(data)) return null
  const event = readJson(data)
  return isRecord(event) ? event : null
}

function slotsOf(event: Record<string, unknown>): Slot[] {
  if (event.type === 'content')
    return typeof event.content === 'string' ? [{ of: 'content', owner: event, key: 'content' }] : []
  if (event.type === 'reasoning')
    return typeof event.token === 'string' ? [{ of: 'reasoning', owner: event, key: 'token' }] : []
  if (event.type !== 'tool_calls' || !Array.isArray(event.tool_calls)) return []
  return event.tool_calls.flatMap((call: unknown) => {
    if (!isRecord(call) || !isRecord(call.function) || typeof call.function.arguments !== 'string') return []
    return [{ of: `tool call ${String(call.index)}`, owner: call.function, key: 'arguments' }]
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
