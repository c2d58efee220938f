import type { Session } from 'electron'
import type { Settings } from '../../shared/settings'

/** Where Chromium's dictionaries lie; the host that is named where spell-checking is switched on. */
const DICTIONARIES = 'https://redirector.gvt1.com/edgedl/chrome/dict/'
/** Nobody listens there, and it is this computer: what is not wanted cannot be loaded by accident (S50). */
const NOWHERE = 'http://127.0.0.1:9/'

type Speller = Pick<
  Session,
  | 'availableSpellCheckerLanguages'
  | 'setSpellCheckerDictionaryDownloadURL'
  | 'setSpellCheckerEnabled'
  | 'setSpellCheckerLanguages'
>

/**
 * Checks spelling, or not. macOS has its dictionaries and finds the language by itself. Elsewhere Chromium loads each
 * dictionary once from the web, as soon as it has a language: so it gets none, and a way that leads nowhere, until the
 * person has switched it on (S50, docs/decisions/0014).
 *
 * @param systemLanguages BCP 47, for a person who chose none
 */
export function applySpelling(
  session: Speller,
  { checksSpelling, spellingLanguages }: Pick<Settings, 'checksSpelling' | 'spellingLanguages'>,
  systemLanguages: readonly string[],
  platform: string,
): void {
  if (platform !== 'darwin') {
    session.setSpellCheckerDictionaryDownloadURL(checksSpelling ? DICTIONARIES : NOWHERE)
    const wanted = spellingLanguages.length > 0 ? spellingLanguages : systemLanguages
    session.setSpellCheckerLanguages(
      checksSpelling ? knownLanguages(wanted, session.availableSpellCheckerLanguages) : [],
    )
  }
  session.setSpellCheckerEnabled(checksSpelling)
}

/** Those that Chromium has a dictionary of: `ru-RU` is its `ru`, `en` its `en-US`. */
export function knownLanguages(wanted: readonly string[], available: readonly string[]): string[] {
  const known = wanted.flatMap((tag) => {
    const [language = tag] = tag.split('-')
    return (
      available.find((each) => each.toLowerCase() === tag.toLowerCase()) ??
      available.find((each) => each === language) ??
      available.find((each) => each.startsWith(`${language}-`) && each.endsWith('US')) ??
      available.find((each) => each.startsWith(`${language}-`)) ??
      []
    )
  })
  return [...new Set(known)]
}
