import type { ConversationChange, StoredDraft } from '../shared/contract'
import type { GenerationEvent } from '../shared/conversation'
import { failure } from '../shared/errors'

/** The draft of the quick-ask, whatever conversation it goes to. */
const QUICK_DRAFT = 'quick-ask'

/**
 * What the quick-ask may know of the library: the conversations it has begun since the start, and no others, neither by
 * asking for them nor by what is told to all windows (S44).
 */
export class QuickReach {
  readonly #begun = new Set<string>()

  /** From now on this conversation is one of its own. */
  begin(conversationId: string): void {
    this.#begun.add(conversationId)
  }

  has(conversationId: string): boolean {
    return this.#begun.has(conversationId)
  }

  /** @throws AppFailure `not-found`, as for an id that nobody has, so that nothing can be found out by trying */
  require(conversationId: string): void {
    if (!this.has(conversationId)) throw failure({ code: 'not-found', what: 'conversation' })
  }

  events(events: readonly GenerationEvent[]): GenerationEvent[] {
    return events.filter(({ conversationId }) => this.has(conversationId))
  }

  changes(changes: readonly ConversationChange[]): ConversationChange[] {
    return changes.filter((change) => this.has(change.kind === 'upsert' ? change.summary.id : change.conversationId))
  }

  drafts(drafts: readonly StoredDraft[]): StoredDraft[] {
    return drafts.filter(({ key }) => key === QUICK_DRAFT)
  }

  /** @throws AppFailure `not-found` for the draft of another window */
  requireDraft({ key }: StoredDraft): void {
    if (key !== QUICK_DRAFT) throw failure({ code: 'not-found', what: 'conversation' })
  }
}
