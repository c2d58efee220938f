export interface WatchedPage {
  /** Asks the page; it answers by `noteAnswer()`. */
  ping: () => void
  /** Whether silence would mean anything: not while it loads, is hidden, or stands still in a debugger. */
  isWatched: () => boolean
  onSilent: () => void
  /** It answers again after it was silent. */
  onAnswer: () => void
}

export interface AnswerWatch {
  noteAnswer: () => void
  /** The page is another one: what the one before did not answer is no matter. */
  reset: () => void
  stop: () => void
}

const CHECK_MS = 2000
/** R28: ten seconds. Looks are counted, not time, so that a computer that slept blames no page. */
const SILENT_CHECKS = 5

/**
 * Notices a page that answers nothing. Chromium does so by itself only while somebody types into it or clicks, and takes
 * longer: seen with Electron 33, nothing was said of a page in an endless loop for 25 s.
 */
export function watchAnswers(page: WatchedPage): AnswerWatch {
  let isAsked = false
  // A page that is only being made does not listen yet: its silence means nothing before its first answer.
  let hasAnswered = false
  let silentChecks = 0
  let isSilent = false
  const settle = (isAnswer: boolean): void => {
    isAsked = false
    hasAnswered = isAnswer
    silentChecks = 0
    if (!isSilent) return
    isSilent = false
    page.onAnswer()
  }
  const look = (): void => {
    if (!page.isWatched()) return
    if (isAsked && hasAnswered) {
      silentChecks += 1
      if (silentChecks < SILENT_CHECKS || isSilent) return
      isSilent = true
      page.onSilent()
      return
    }
    isAsked = true
    page.ping()
  }
  const timer = setInterval(look, CHECK_MS)
  timer.unref()
  return { noteAnswer: () => settle(true), reset: () => settle(false), stop: () => clearInterval(timer) }
}
