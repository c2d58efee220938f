import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { readRetryAfter } from '../../../src/main/backend/retry-after'

const NOW = Date.UTC(2026, 2, 1, 12, 0, 0)
const DAY_MS = 86_400_000

function httpDate(ms: number): string {
  return new Date(ms).toUTCString()
}

describe('R14 Retry-After', () => {
  test.each<[string | undefined, number | null]>([
    [undefined, null],
    ['', null],
    ['0', 0],
    ['5', 5],
    [' 5 ', 5],
    ['0.2', 1],
    ['60', 60],
    ['61', 61],
    ['300', 300],
    ['301', 300],
    ['1e9', 300],
    ['1000000000', 300],
    ['9'.repeat(400), 300],
    ['-1', 0],
    ['-1e9', 0],
    ['NaN', null],
    ['Infinity', null],
    ['-Infinity', null],
    ['0x10', null],
    ['5, 10', null],
    ['5s', null],
    ['1 minute', null],
    ['soon', null],
    ['null', null],
    ['2026', 300],
    ['2026-03-01T12:00:30Z', null],
    ['Sun, 32 Mar 2026 12:00:30 GMT', null],
    ['Sun, 01 Mar 2026 12:00:30 +0100', null],
  ])('%j is %j seconds', (text, seconds) => {
    expect(readRetryAfter(text === undefined ? {} : { 'retry-after': text }, NOW)).toBe(seconds)
  })

  test.each<[string, string, number]>([
    ['in half a minute', httpDate(NOW + 30_000), 30],
    ['now', httpDate(NOW), 0],
    ['past', httpDate(NOW - 5000), 0],
    ['a year ago', httpDate(NOW - 365 * DAY_MS), 0],
    ['in an hour', httpDate(NOW + 3_600_000), 300],
    ['in 1,000 years', httpDate(NOW + 365_000 * DAY_MS), 300],
    ['of RFC 850', 'Sunday, 01-Mar-26 12:00:30 GMT', 30],
    ['of asctime', 'Sun Mar  1 12:00:30 2026', 30],
  ])('a date: %s', (_, date, seconds) => {
    expect(readRetryAfter({ 'retry-after': date }, NOW)).toBe(seconds)
  })

  test.each([-DAY_MS, -60_000, 0, 60_000, DAY_MS])(
    "a date is counted by the server's own clock, %d ms apart from ours",
    (skewMs) => {
      const headers = { 'retry-after': httpDate(NOW + skewMs + 20_000), date: httpDate(NOW + skewMs) }
      expect(readRetryAfter(headers, NOW)).toBe(20)
      // Seconds need no clock.
      expect(readRetryAfter({ ...headers, 'retry-after': '7' }, NOW)).toBe(7)
    },
  )

  test('a Date that is none is as good as none', () => {
    expect(readRetryAfter({ 'retry-after': httpDate(NOW + 20_000), date: 'yesterday' }, NOW)).toBe(20)
  })

  test('whatever the headers say, it is null or whole seconds from 0 to 300', () => {
    const header = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.double().map(String),
      fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
    )
    fc.assert(
      fc.property(header, header, fc.integer(), (after, date, nowMs) => {
        const seconds = readRetryAfter({ 'retry-after': after, date }, nowMs)
        if (seconds !== null) expect([Number.isInteger(seconds), seconds >= 0, seconds <= 300]).not.toContain(false)
      }),
      { numRuns: 3000, seed: 14 },
    )
  })
})
