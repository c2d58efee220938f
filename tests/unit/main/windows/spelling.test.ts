import { describe, expect, it } from 'vitest'
import { applySpelling, knownLanguages } from '../../../../src/main/windows/spelling'

const AVAILABLE = ['de', 'en-AU', 'en-GB', 'en-US', 'ru', 'uk']

function apply(checksSpelling: boolean, spellingLanguages: string[], platform: string) {
  const set: [string, unknown][] = []
  applySpelling(
    {
      availableSpellCheckerLanguages: AVAILABLE,
      setSpellCheckerDictionaryDownloadURL: (url: string) => set.push(['from', url]),
      setSpellCheckerEnabled: (isOn: boolean) => set.push(['on', isOn]),
      setSpellCheckerLanguages: (languages: string[]) => set.push(['languages', languages]),
    },
    { checksSpelling, spellingLanguages },
    ['ru-RU', 'en-GB', 'ja'],
    platform,
  )
  return set
}

describe('applySpelling', () => {
  it.each(['linux', 'win32'])('S50 has no language and no way to the web on %s until it is switched on', (platform) => {
    expect(apply(false, ['en-US'], platform)).toEqual([
      ['from', 'http://127.0.0.1:9/'],
      ['languages', []],
      ['on', false],
    ])
  })

  it('checks the languages of the system, or those that were chosen', () => {
    const from = ['from', 'https://redirector.gvt1.com/edgedl/chrome/dict/']
    expect(apply(true, [], 'linux')).toEqual([from, ['languages', ['ru', 'en-GB']], ['on', true]])
    expect(apply(true, ['en-US', 'ru'], 'win32')).toEqual([from, ['languages', ['en-US', 'ru']], ['on', true]])
  })

  it('leaves languages to macOS, which loads nothing', () => {
    expect(apply(true, ['ru'], 'darwin')).toEqual([['on', true]])
    expect(apply(false, [], 'darwin')).toEqual([['on', false]])
  })
})

describe('knownLanguages', () => {
  it('finds the nearest dictionary, each once', () => {
    expect(knownLanguages(['en', 'en-US', 'en-NZ', 'ru-RU', 'de-CH', 'ja', ''], AVAILABLE)).toEqual([
      'en-US',
      'ru',
      'de',
    ])
  })
})
