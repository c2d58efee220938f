import type { ConversationSummary } from '../../shared/conversation'

export type GroupName = 'temporary' | 'pinned' | 'today' | 'yesterday' | 'this-month' | 'earlier'

/** A heading of its own name, or a month of the calendar, which begins at `monthMs`. */
export type HistoryHeading =
  { kind: 'heading'; group: GroupName } | { kind: 'heading'; group: 'month'; monthMs: number }

/** What the list shows, top to bottom. */
export type HistoryItem = HistoryHeading | { kind: 'row'; summary: ConversationSummary }

/** There was no chat before: it is the date of a file that has none. */
const FIRST_YEAR = 2000

/**
 * Conversations under their headings, the latest first: today, yesterday, earlier this month, then month by month. Days are
 * those of the person's own calendar, so that the day of a clock change is one day as well.
 *
 * @param now any moment of today
 */
export function groupByDay(summaries: Iterable<ConversationSummary>, now: Date): HistoryItem[] {
  const temporary: ConversationSummary[] = []
  const pinned: ConversationSummary[] = []
  const others: ConversationSummary[] = []
  for (const summary of summaries) {
    ;(summary.isTemporary ? temporary : summary.isPinned ? pinned : others).push(summary)
  }
  return [
    ...under('temporary', latestFirst(temporary)),
    ...under('pinned', latestFirst(pinned)),
    ...byTime(latestFirst(others), now),
  ]
}

function under(group: GroupName, members: readonly ConversationSummary[]): HistoryItem[] {
  return members.length === 0 ? [] : [{ kind: 'heading', group }, ...members.map(rowOf)]
}

// One walk: a date is asked only where a month ends, not for each of ten thousand rows.
function byTime(sorted: readonly ConversationSummary[], now: Date): HistoryItem[] {
  const items: HistoryItem[] = []
  let endsMs = Infinity
  for (const summary of sorted) {
    if (summary.updatedAt < endsMs) {
      const { heading, fromMs } = sectionOf(summary.updatedAt, now)
      items.push(heading)
      endsMs = fromMs
    }
    items.push(rowOf(summary))
  }
  return items
}

/** The section that a moment belongs to, and where that begins. The first one is open towards the future. */
function sectionOf(ms: number, now: Date): { heading: HistoryHeading; fromMs: number } {
  const named = (group: GroupName, fromMs: number) => ({ heading: { kind: 'heading', group } as const, fromMs })
  const today = startOfDay(now, 0)
  if (ms >= today) return named('today', today)
  const yesterday = startOfDay(now, -1)
  if (ms >= yesterday) return named('yesterday', yesterday)
  const thisMonth = new Date(now.getFullYear(), now.getMonth(), 1).getTime()
  if (ms >= thisMonth) return named('this-month', thisMonth)
  const then = new Date(ms)
  if (then.getFullYear() < FIRST_YEAR) return named('earlier', -Infinity)
  const monthMs = new Date(then.getFullYear(), then.getMonth(), 1).getTime()
  return { heading: { kind: 'heading', group: 'month', monthMs }, fromMs: monthMs }
}

function latestFirst(summaries: ConversationSummary[]): ConversationSummary[] {
  return summaries.sort((a, b) => b.updatedAt - a.updatedAt)
}

function rowOf(summary: ConversationSummary): HistoryItem {
  return { kind: 'row', summary }
}

/** Milliseconds until the headings are wrong: the next midnight of the person's calendar. */
export function untilTomorrowMs(now: Date): number {
  return startOfDay(now, 1) - now.getTime()
}

function startOfDay(now: Date, offsetDays: number): number {
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() + offsetDays).getTime()
}
