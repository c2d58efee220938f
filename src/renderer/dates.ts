import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'

/** Dates as people read them, in the language on show. */
export interface Dates {
  /** "4 March 2026". */
  day: (ms: number) => string
  /** "14:31". */
  time: (ms: number) => string
  /** As short as a list needs it: "14:31" on the same day, else "4 Mar", with the year when it is another one. */
  short: (ms: number, now: Date) => string
  /** "March", or "March 2025" when it is of another year. Begins as a heading does. */
  month: (ms: number, now: Date) => string
}

/** The dates of a language. English has the day first, as the rest of the world does. */
export function datesFor(locale: string): Dates {
  const tag = locale === 'en' ? 'en-GB' : locale
  const day = new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'long', year: 'numeric' })
  const time = new Intl.DateTimeFormat(tag, { hour: 'numeric', minute: '2-digit' })
  const dayOfYear = new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short' })
  const dayOfAnyYear = new Intl.DateTimeFormat(tag, { day: 'numeric', month: 'short', year: 'numeric' })
  // A certificate can name a date that no calendar has; formatting it would throw.
  const safe = (format: Intl.DateTimeFormat) => (ms: number) => (Math.abs(ms) <= 8.64e15 ? format.format(ms) : '?')
  const short = (ms: number, now: Date): string => {
    const then = new Date(ms)
    if (then.toDateString() === now.toDateString()) return safe(time)(ms)
    return safe(then.getFullYear() === now.getFullYear() ? dayOfYear : dayOfAnyYear)(ms)
  }
  const monthOfYear = new Intl.DateTimeFormat(tag, { month: 'long' })
  const monthOfAnyYear = new Intl.DateTimeFormat(tag, { month: 'long', year: 'numeric' })
  const month = (ms: number, now: Date): string => {
    const isThisYear = new Date(ms).getFullYear() === now.getFullYear()
    const name = safe(isThisYear ? monthOfYear : monthOfAnyYear)(ms)
    return name.charAt(0).toLocaleUpperCase(tag) + name.slice(1)
  }
  return { day: safe(day), time: safe(time), short, month }
}

/** A moment as a list of chats tells it: as `short`, but for yesterday, which has a name. */
export function useListedDate(): (ms: number) => string {
  const { t } = useTranslation()
  const { short } = useDates()
  return (ms) => {
    const now = new Date()
    const yesterday = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1)
    const isYesterday = new Date(ms).toDateString() === yesterday.toDateString()
    return isYesterday ? t('chat:sidebar.groups.yesterday') : short(ms, now)
  }
}

/** The dates of the language on show. */
export function useDates(): Dates {
  const { i18n } = useTranslation()
  return useMemo(() => datesFor(i18n.language), [i18n.language])
}
