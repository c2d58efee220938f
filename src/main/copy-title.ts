import type { Translate } from '../shared/i18n'

const MAX_TITLE_LENGTH = 200

/** A copy, a branch, or messages that were deleted and whose chat is gone. */
export type CopyKind = 'copy' | 'branch' | 'deleted'

/**
 * What a copy or a branch of a chat is called: "Ferns (copy)", then "Ferns (copy 2)". A copy of a copy counts on. A chat
 * without a title has none as a copy either.
 *
 * @param taken the titles of all chats
 */
export function copyTitle(title: string, kind: CopyKind, taken: ReadonlySet<string>, translate: Translate): string {
  if (title === '') return ''
  const named = (base: string, number: number): string =>
    number === 1
      ? translate(`chat:made.${kind}`, { title: base })
      : translate(`chat:made.${kind}Numbered`, { title: base, number })
  const base = withoutEnding(title, named)
  for (let number = 1; ; number += 1) {
    const room = MAX_TITLE_LENGTH - named('', number).length
    const made = named(base.length > room ? `${base.slice(0, room - 1).trimEnd()}…` : base, number)
    if (!taken.has(made)) return made
  }
}

/** "Ferns" of "Ferns (copy 2)", in the words of the present language. */
function withoutEnding(title: string, named: (base: string, number: number) => string): string {
  const once = named('', 1)
  if (title.endsWith(once) && title.length > once.length) return title.slice(0, -once.length)
  const number = /\d+(?=\D*$)/u.exec(title)?.[0]
  const ending = number === undefined ? null : named('', Number(number))
  return ending !== null && title.endsWith(ending) && title.length > ending.length
    ? title.slice(0, -ending.length)
    : title
}
