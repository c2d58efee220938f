import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import type { Translate } from '../shared/i18n'

/** Numbers as people read them: digits by Intl, a space before the unit, the unit in the language on show. */
export interface Figures {
  /** Whole seconds: "6 s". */
  seconds: (ms: number) => string
  /** What is left of a wait, the second under way counted whole: never "0 s". */
  secondsLeft: (ms: number) => string
  /** With one decimal below ten seconds: "1.8 s", "1,8 с"; what would be "0.0 s" in milliseconds. */
  secondsExact: (ms: number) => string
  /** A measured time: "84 ms" below a second, "1.1 s" from there on. */
  duration: (ms: number) => string
  /** Always with one decimal: "14.2 s". */
  secondsTenths: (ms: number) => string
  /** "412 KB", "3.1 MB"; 1 KB is 1,024 bytes. */
  bytes: (bytes: number) => string
  /** "42 tok/s"; estimated ones say so with ≈. */
  rate: (tokensPerSecond: number, isEstimated: boolean) => string
  words: (count: number) => string
  whole: (value: number) => string
  /** "1.9". */
  tenths: (value: number) => string
  /** "1.804". */
  thousandths: (value: number) => string
}

export function figuresFor(locale: string, t: Translate): Figures {
  const whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 })
  const tenths = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 })
  const thousandths = new Intl.NumberFormat(locale, { minimumFractionDigits: 3, maximumFractionDigits: 3 })
  const upTo = (value: number): string => (value < 9.95 ? tenths : whole).format(value)
  const milliseconds = (ms: number): string => t('common:milliseconds', { value: whole.format(Math.max(0, ms)) })
  const secondsExact = (ms: number): string =>
    ms < 50 ? milliseconds(ms) : t('common:secondsExact', { value: upTo(ms / 1000) })
  return {
    seconds: (ms) => t('common:secondsExact', { value: whole.format(Math.max(0, Math.floor(ms / 1000))) }),
    secondsLeft: (ms) => t('common:secondsExact', { value: whole.format(Math.max(1, Math.ceil(ms / 1000))) }),
    secondsExact,
    duration: (ms) => (ms < 999.5 ? milliseconds(ms) : secondsExact(ms)),
    secondsTenths: (ms) => t('common:secondsExact', { value: tenths.format(Math.max(0, ms) / 1000) }),
    bytes: (bytes) => {
      if (bytes < 1024) return t('chat:bytes.byte', { value: whole.format(bytes) })
      // From 1,000 KB on the next unit: "1.0 MB" reads better than "1,012 KB".
      if (bytes < 1000 * 1024) return t('chat:bytes.kilobyte', { value: whole.format(Math.max(1, bytes / 1024)) })
      return t('chat:bytes.megabyte', { value: upTo(bytes / 1_048_576) })
    },
    rate: (value, isEstimated) => t(isEstimated ? 'chat:status.rateAbout' : 'chat:status.rate', { value: upTo(value) }),
    words: (count) => t('common:words', { count }),
    whole: (value) => whole.format(value),
    tenths: (value) => tenths.format(value),
    thousandths: (value) => thousandths.format(value),
  }
}

/** The figures of the language on show. */
export function useFigures(): Figures {
  const { t, i18n } = useTranslation()
  return useMemo(() => figuresFor(i18n.language, (key, values) => t(key, values ?? {})), [t, i18n.language])
}
