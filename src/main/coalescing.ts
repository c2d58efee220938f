import type { Part } from '../shared/conversation'

/** A part that is not told yet, and when the first of what it says came, in milliseconds since the start of its answer. */
export interface WaitingPart {
  atMs: number
  part: Part
}

/**
 * Puts a part into one that waits, so that a backend which repeats itself costs one event a frame, not thousands (R23).
 *
 * What fold() makes of them is the same: what stands between the two does not touch what they say. Only where so much waits
 * that no window could draw it, thinking and text that take turns are sorted, and only the last status is left.
 */
export function mergeInto(waiting: WaitingPart[], part: Part): boolean {
  const isCrowded = waiting.length >= CROWD
  const isFree = isCrowded ? part.type !== 'finish' : ORDERLESS.has(part.type)
  for (let index = waiting.length - 1; index >= 0; index -= 1) {
    const before = waiting[index]
    if (before === undefined) return false
    const merged = mergeParts(before.part, part)
    if (merged !== null) {
      before.part = merged
      return true
    }
    // What comes behind another provider belongs to that one; text has its place before or behind a result.
    if (!isFree || before.part.type === 'provider') return false
    if (before.part.type === 'media' && !ORDERLESS.has(part.type)) return false
  }
  return false
}

/** Parts that fold() keeps apart from all others but another provider. */
const ORDERLESS: ReadonlySet<Part['type']> = new Set<Part['type']>([
  'provider',
  'tool-call',
  'suggestions',
  'synthesize',
  'title',
  'usage',
  'finish-reason',
  'session',
])
const CROWD = 200

/** The part that says what two say in this order; null when none does. */
function mergeParts(before: Part, next: Part): Part | null {
  switch (next.type) {
    case 'text-delta':
    case 'reasoning-delta':
      return before.type === next.type ? { type: next.type, text: before.text + next.text } : null
    case 'status':
    case 'preview':
    case 'suggestions':
    case 'title':
    case 'synthesize':
    case 'finish-reason':
    case 'reasoning-end':
      return before.type === next.type ? next : null
    case 'usage':
      return before.type === 'usage' ? { type: 'usage', usage: { ...before.usage, ...known(next.usage) } } : null
    case 'provider':
      if (before.type !== 'provider' || before.provider.name !== next.provider.name) return null
      return { type: 'provider', provider: { ...before.provider, ...known(next.provider) } }
    case 'tool-call': {
      if (before.type !== 'tool-call' || before.index !== next.index) return null
      const { index, id, name } = before
      return {
        type: 'tool-call',
        index,
        id: id ?? next.id,
        name: name + next.name,
        arguments: before.arguments + next.arguments,
      }
    }
    case 'session':
      return before.type === 'session' ? { type: 'session', sessions: { ...before.sessions, ...next.sessions } } : null
    case 'media':
    case 'media-file':
    case 'notice':
    case 'oddity':
    case 'finish':
      return null
  }
}

/** Only what is not null: what a backend does not repeat still holds. */
function known<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== null)) as Partial<T>
}
