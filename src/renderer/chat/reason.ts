import type { Translate } from '../../shared/i18n'

/** What servers write in front for programs: `RateLimitError:`, also several in a row. */
const CLASS_NAMES = /^(?:[\w.]*(?:Error|Exception|Warning)\s*:\s*)+/u
const STATUS = /(?:\b(?:error|status|code|http)\b\D{0,12}|^\s*|\()([45]\d\d)\b/iu
const ALLOWED_AGAIN = /(?:try again|retry|wait|reset)[^.\d]{0,30}(\d{1,5}(?:\.\d+)?)\s*s(?:ec|econds?)?\b/iu

/** The first that fits is meant. */
const KINDS: readonly [kind: string, pattern: RegExp][] = [
  ['rateLimit', /rate.?limit|too many requests|quota|\b429\b/iu],
  ['needsKey', /missing.?auth|api.?key|unauthori[sz]ed|not authenticated|log.?in|\b401\b/iu],
  ['timeout', /time.?d?.?out|\b504\b/iu],
  ['overloaded', /overloaded|over capacity|server is busy|\b529\b/iu],
  [
    'closed',
    /connection[^.]{0,20}(?:reset|closed|aborted|lost)|closed the (?:connection|stream)|disconnect|ECONNRESET/iu,
  ],
  ['unreachable', /cannot connect|connection refused|ECONNREFUSED|ENOTFOUND|name or service not known/iu],
  ['refused', /forbidden|access denied|\b403\b/iu],
  ['unavailable', /unavailable|bad gateway|\b50[23]\b/iu],
]

/**
 * Why a provider gave up, in plain words where the server's are known ones, else in the server's without the names of
 * program classes.
 *
 * @param text the words of the server, a line for each notice
 */
export function plainReason(text: string, t: Translate): string {
  const lines = text.split('\n').map((line) => plainLine(line, t))
  return [...new Set(lines)].filter((line) => line !== '').join('; ')
}

/** What a server says, without the names of program classes in front; as it is when it says nothing else. */
export function withoutClassNames(text: string): string {
  const rest = text.replace(CLASS_NAMES, '').trim()
  return rest === '' ? text.trim() : rest
}

function plainLine(line: string, t: Translate): string {
  const rest = withoutClassNames(line).replace(/\.$/u, '')
  const kind = KINDS.find(([, pattern]) => pattern.test(line))?.[0]
  if (kind === undefined) return rest
  const status = STATUS.exec(rest)?.[1]
  const reason = status === undefined ? t(`chat:reason.${kind}`) : `${t(`chat:reason.${kind}`)}, ${status}`
  const seconds = Math.ceil(Number(ALLOWED_AGAIN.exec(rest)?.[1] ?? 0))
  return kind === 'rateLimit' && seconds > 0 ? t('chat:reason.allowsMore', { reason, seconds }) : reason
}
