/** No server may keep a question longer than this (R14). */
const MAX_RETRY_AFTER_SECONDS = 300

const NUMBER = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/iu
/** The three forms of RFC 9110, section 5.6.7; the last one, of asctime, says no zone and means GMT. */
const DATES = [
  /^[a-z]{3}, \d{2} [a-z]{3} \d{4} \d{2}:\d{2}:\d{2} GMT$/iu,
  /^[a-z]{6,9}, \d{2}-[a-z]{3}-\d{2} \d{2}:\d{2}:\d{2} GMT$/iu,
  /^[a-z]{3} [a-z]{3} [ \d]\d \d{2}:\d{2}:\d{2} \d{4}$/iu,
]

/**
 * How many whole seconds a refusal asks to be left alone for, from its `Retry-After` (R14): a number of seconds or a date,
 * clamped to 0 to 300. A date is taken against the server's own `Date`, because its clock and ours may differ by days.
 * Null when it says nothing that can be read as either.
 *
 * @param headers names in lower case
 * @param nowMs the wall clock, for a server that sends no `Date`
 */
export function readRetryAfter(headers: Readonly<Record<string, string>>, nowMs: number): number | null {
  const text = (headers['retry-after'] ?? '').trim()
  if (NUMBER.test(text)) return clampSeconds(Number(text))
  const untilMs = readDate(text)
  return untilMs === null ? null : clampSeconds((untilMs - (readDate((headers.date ?? '').trim()) ?? nowMs)) / 1000)
}

function clampSeconds(seconds: number): number {
  return Math.ceil(Math.min(Math.max(seconds, 0), MAX_RETRY_AFTER_SECONDS))
}

// Only what looks like one of them: Date.parse makes a day in May of `5, 10`.
function readDate(text: string): number | null {
  const form = DATES.findIndex((each) => each.test(text))
  if (form === -1) return null
  const ms = Date.parse(form === 2 ? `${text} GMT` : text)
  return Number.isNaN(ms) ? null : ms
}
