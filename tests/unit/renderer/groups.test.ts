import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { groupByDay, untilTomorrowMs } from '../../../src/renderer/sidebar/groups'
import { datesFor } from '../../../src/renderer/dates'
import { markOf } from '../../../src/renderer/sidebar/row'
import type { ConversationSummary } from '../../../src/shared/conversation'
import { shortestMs } from '../../support/shortest'

const zone = process.env.TZ
beforeEach(() => {
  process.env.TZ = 'Europe/Berlin'
})
afterEach(() => {
  if (zone === undefined) delete process.env.TZ
  else process.env.TZ = zone
})

function summary(title: string, at: string | number, more: Partial<ConversationSummary> = {}): ConversationSummary {
  const updatedAt = typeof at === 'number' ? at : Date.parse(at)
  return {
    id: title,
    title,
    createdAt: updatedAt,
    updatedAt,
    origin: 'window',
    isPinned: false,
    isRunning: false,
    isUnread: false,
    hasFailed: false,
    isTemporary: false,
    isDamaged: false,
    ...more,
  }
}

const shown = (...args: Parameters<typeof groupByDay>): string[] =>
  groupByDay(...args).map((item) =>
    item.kind === 'row'
      ? item.summary.title
      : `# ${item.group === 'month' ? datesFor('en').month(item.monthMs, args[1]) : item.group}`,
  )

describe('the history, by day', () => {
  it('puts each conversation under its local day, the latest first, the pinned ones apart', () => {
    const now = new Date('2026-11-22T14:00:00+01:00')
    const list = [
      summary('midnight today', '2026-11-22T00:00:00+01:00'),
      summary('last second of yesterday', '2026-11-21T23:59:59+01:00'),
      summary('yesterday at midnight', '2026-11-21T00:00:00+01:00'),
      summary('the day before', '2026-11-20T23:59:59+01:00'),
      summary('pinned long ago', '2020-01-01T12:00:00Z', { isPinned: true }),
      summary('now', '2026-11-22T14:00:00+01:00'),
    ]
    expect(shown(list, now)).toEqual([
      '# pinned',
      'pinned long ago',
      '# today',
      'now',
      'midnight today',
      '# yesterday',
      'last second of yesterday',
      'yesterday at midnight',
      '# this-month',
      'the day before',
    ])
  })

  it('goes month by month behind this one, however many there are', () => {
    const now = new Date('2026-11-22T14:00:00+01:00')
    const list = [
      summary('first of the month', '2026-11-01T00:00:00+01:00'),
      summary('last of October', '2026-10-31T23:59:59+01:00'),
      summary('first of October', '2026-10-01T00:00:00+02:00'),
      summary('last of September', '2026-09-30T23:59:59+02:00'),
      summary('December a year ago', '2025-12-24T18:00:00+01:00'),
      summary('without a date', 0),
    ]
    expect(shown(list, now)).toEqual([
      '# this-month',
      'first of the month',
      '# October',
      'last of October',
      'first of October',
      '# September',
      'last of September',
      '# December 2025',
      'December a year ago',
      '# earlier',
      'without a date',
    ])
    expect(datesFor('ru').month(Date.parse('2025-12-24T18:00:00Z'), now)).toBe('Декабрь 2025 г.')
    // On the first of a month yesterday is of the one before, and is yesterday.
    expect(shown([summary('yesterday', '2026-10-31T12:00:00+01:00')], new Date('2026-11-01T09:00:00+01:00'))).toEqual([
      '# yesterday',
      'yesterday',
    ])
  })

  it('is made of ten thousand conversations within a frame', () => {
    const now = new Date('2026-11-22T14:00:00+01:00')
    const list = Array.from({ length: 10_000 }, (_, index) => summary(`${index}`, now.getTime() - index * 7_000_000))
    expect(shortestMs(17, () => groupByDay(list, now))).toBeLessThan(17)
  })

  it('has temporary chats above all others, whenever they are from', () => {
    const now = new Date('2026-11-22T14:00:00+01:00')
    const list = [
      summary('pinned', now.getTime(), { isPinned: true }),
      summary('of yesterday', '2026-11-21T10:00:00+01:00', { isTemporary: true }),
    ]
    expect(shown(list, now)).toEqual(['# temporary', 'of yesterday', '# pinned', 'pinned'])
    expect(markOf(summary('a', 0, { isTemporary: true }))).toBe('temporary')
    expect(markOf(summary('a', 0, { isTemporary: true, isRunning: true }))).toBe('running')
  })

  it('R34: a day of 25 or 23 hours is one day', () => {
    // On 25 October 2026 clocks in Berlin go back at 3:00.
    const autumn = new Date('2026-10-26T09:00:00+01:00')
    expect(shown([summary('first minute', '2026-10-25T00:01:00+02:00')], autumn)).toEqual([
      '# yesterday',
      'first minute',
    ])
    expect(shown([summary('before it', '2026-10-24T23:59:00+02:00')], autumn)).toEqual(['# this-month', 'before it'])
    const changeDay = new Date('2026-10-25T12:00:00+01:00')
    expect(untilTomorrowMs(changeDay)).toBe(12 * 3_600_000)
    expect(untilTomorrowMs(new Date('2026-10-25T00:00:00+02:00'))).toBe(25 * 3_600_000)
    // And forward on 29 March 2026 at 2:00.
    expect(untilTomorrowMs(new Date('2026-03-29T00:00:00+01:00'))).toBe(23 * 3_600_000)
  })

  it('R34: a clock that was ahead does not lose anything', () => {
    expect(shown([summary('tomorrow', '2026-11-23T10:00:00+01:00')], new Date('2026-11-22T14:00:00+01:00'))).toEqual([
      '# today',
      'tomorrow',
    ])
  })
})

describe('the one mark of a row', () => {
  it('goes by priority: failed, running, unread, quick ask, pin', () => {
    const all = { hasFailed: true, isUnread: true, origin: 'quick-ask', isPinned: true } as const
    expect(markOf(summary('a', 0, { ...all, isDamaged: true }))).toBe('damaged')
    expect(markOf(summary('a', 0, all))).toBe('failed')
    expect(markOf(summary('a', 0, { ...all, isRunning: true }))).toBe('running')
    expect(markOf(summary('a', 0, { ...all, hasFailed: false }))).toBe('unread')
    expect(markOf(summary('a', 0, { origin: 'quick-ask', isPinned: true }))).toBe('quick-ask')
    expect(markOf(summary('a', 0, { origin: 'terminal', isPinned: true }))).toBe('terminal')
    expect(markOf(summary('a', 0, { isPinned: true }))).toBe('pin')
    expect(markOf(summary('a', 0))).toBeNull()
  })

  it('of a failure stays when it was seen, until there is another answer', () => {
    expect(markOf(summary('a', 0, { hasFailed: true, isUnread: true }))).toBe('failed')
    expect(markOf(summary('a', 0, { hasFailed: true, isUnread: false }))).toBe('failed')
    expect(markOf(summary('a', 0, { hasFailed: true, isRunning: true }))).toBe('running')
    expect(markOf(summary('a', 0, { hasFailed: false }))).toBeNull()
  })

  it('of a draft comes after what is new, and before what is always so', () => {
    expect(markOf(summary('a', 0, { isUnread: true }), true)).toBe('unread')
    expect(markOf(summary('a', 0, { origin: 'quick-ask', isPinned: true }), true)).toBe('draft')
  })
})
