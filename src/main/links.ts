import type { Shell } from 'electron'
import type { Logger } from './logger'

/** A link that may leave Parley: its normalised address, and the host as it is really asked for (punycode). */
export interface SafeLink {
  url: string
  /** Null for `mailto:`. */
  host: string | null
}

export interface LinkDoor {
  shell: Pick<Shell, 'openExternal'>
  /** Asks the person; the dialog shows `host`, because a link's own text can say anything. */
  confirm: (link: SafeLink) => Promise<boolean>
  logger: Logger
}

const MAX_LINK_CHARACTERS = 2048

// The C0 and C1 controls, white space, line and paragraph separators, and the characters that turn the reading
// direction. URL parsers drop tabs and newlines inside a scheme, so what a person reads is not what is opened.
const HIDDEN_CHARACTERS = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]/u

/**
 * Decides whether a link may be handed to the system: http, https or mailto, at most 2,048 characters, no name or
 * password, no hidden characters, an unambiguous host (S10).
 *
 * @returns null when it may not
 */
export function checkLink(raw: string): SafeLink | null {
  if (raw.length > MAX_LINK_CHARACTERS || HIDDEN_CHARACTERS.test(raw) || raw.includes('\\')) return null
  // `https:host` and `https:///host` are repaired by URL parsers, each in its own way.
  const isWeb = /^https?:\/\/[^/?#]/iu.test(raw)
  const isMail = /^mailto:[^/]/iu.test(raw)
  if (!isWeb && !isMail) return null
  let url: URL
  try {
    url = new URL(raw)
  } catch {
    return null
  }
  if (url.href.length > MAX_LINK_CHARACTERS) return null
  if (isMail) return { url: url.href, host: null }
  if (url.username !== '' || url.password !== '' || url.hostname === '') return null
  // An `@` before the path with nothing around it leaves both empty, and still hides the real host from a reader.
  if (/^https?:\/\/[^/?#]*@/iu.test(raw)) return null
  return { url: url.href, host: url.host }
}

/**
 * The only way out for a link. What may not leave is dropped and noted without its text.
 *
 * @returns whether the link was handed to the system
 */
export async function openExternalSafe(raw: string, door: LinkDoor): Promise<boolean> {
  const link = checkLink(raw)
  if (link === null) {
    door.logger.warn('link refused', { characters: raw.length })
    return false
  }
  if (!(await door.confirm(link))) return false
  await door.shell.openExternal(link.url)
  return true
}
