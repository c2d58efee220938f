import type { Frame } from './frames'
import type { Mask } from './mask'

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
}

interface Line {
  pieces: Piece[]
  /** Characters at the beginning of `pieces` that were searched before. */
  searched: number
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
        const line = this.#lines.get(of) ?? { pieces: [], searched: 0 }
        this.#lines.set(of, line)
        line.pieces.push({ frame, slot, text: String(owner[key]) })
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
    for (const { from, to, mask } of this.#mask.find(whole)) {
      if (to > line.searched) this.#hideAcross(line, from, to, mask)
    }
    line.searched = whole.length
    // A secret that goes on in later pieces began at most so far back.
    let gone = 0
    for (const { text } of line.pieces) {
      if (line.searched - text.length < this.#mask.reach) break
      line.searched -= text.length
      gone += 1
    }
    line.pieces.splice(0, gone)
  }

  #hideAcross(line: Line, from: number, to: number, mask: string): void {
    let at = 0
    const touched = line.pieces.flatMap((piece) => {
      const start = at
      at += piece.text.length
      return start < to && at > from && piece.text !== '' ? [{ piece, start, end: at }] : []
    })
    // Within one piece it is found like everywhere else.
    if (touched.length < 2) return
    for (const [index, { piece, start, end }] of touched.entries()) {
      const slots = this.#hidden.get(piece.frame) ?? []
      this.#hidden.set(piece.frame, slots)
      const hidden = (slots[piece.slot] ??= [])
      hidden.push({
        from: Math.max(from, start) - start,
        to: Math.min(to, end) - start,
        mask: index === 0 ? mask : '',
      })
    }
  }
}

/** Spares most events the parser. */
const HAS_DELTA = /"(?:content|reasoning|tool_calls)"/u

function eventOf({ kind, data, leftOutBytes }: Frame): Record<string, unknown> | null {
  if ((kind !== 'event' && kind !== 'line') || leftOutBytes > 0 || !HAS_DELTA.test(data)) return null
  try {
    const event: unknown = JSON.parse(data)
    return isRecord(event) ? event : null
  } catch {
    return null
  }
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
