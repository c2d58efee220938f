import type { ConversationSummary } from '../../shared/conversation'

export type GroupName = 'temporary' | 'pinned' | 'today' | 'yesterday' | 'earlier'

/** What the list shows, top to bottom. */
export type HistoryItem = { kind: 'heading'; group: GroupName } | { kind: 'row'; summary: ConversationSummary }

const ORDER: readonly GroupName[] = ['temporary', 'pinned', 'today', 'yesterday', 'earlier']

/**
 * Conversations under their headings, the latest first. Days are those of the person's own calendar, so that the day of
 * a clock change is one day as well.
 *
 * @param now any moment of today
 */
export function groupByDay(summaries: Iterable<ConversationSummary>, now: Date): HistoryItem[] {
  const today = startOfDay(now, 0)
  const yesterday = startOfDay(now, -1)
  const groupOf = ({ isTemporary, isPinned, updatedAt }: ConversationSummary): GroupName => {
    if (isTemporary) return 'temporary'
    if (isPinned) return 'pinned'
    if (updatedAt >= today) return 'today'
    return updatedAt >= yesterday ? 'yesterday' : 'earlier'
  }
  const groups = new Map<GroupName, ConversationSummary[]>(ORDER.map((group) => [group, []]))
  for (const summary of summaries) {
    groups.get(groupOf(summary))?.push(summary)
  }
  return ORDER.flatMap((group) => {
    const members = groups.get(group) ?? []
    if (members.length === 0) return []
    members.sort((a, b) => b.updatedAt - a.updatedAt)
    return [{ kind: 'heading', group } as const, ...members.map((summary) => ({ kind: 'row', summary }) as const)]
  })
}

/** Milliseconds until the headings are wrong: the next midnight of the person's calendar. */
export function untilTomorrowMs(now: Date): number {
  return startOfDay(now, 1) - now.getTime()
}

function startOfDay(now: Date, offsetDays: number): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + offsetDays).getTime()
}
