import { describe, expect, it } from 'vitest'
import { chooseLocale, texts, translator } from '../../../src/shared/i18n'

interface Tree {
  [key: string]: string | Tree
}

// English has the plural forms one and other, Russian one, few, many and other: the same text counts as one key.
const PLURAL = /_(zero|one|two|few|many|other)$/u
const RUSSIAN_FORMS = ['_one', '_few', '_many', '_other']

function leaves(tree: Tree, path = ''): [key: string, text: string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[path + key, value]] : leaves(value, `${path}${key}.`),
  )
}

function slots(text: string): string[] {
  return [...text.matchAll(/\{\{\s*([\w]+)[^}]*\}\}/gu)].map((match) => match[1] ?? '').sort()
}

describe.each(Object.keys(texts.en) as (keyof typeof texts.en)[])('namespace %s', (namespace) => {
  const english = leaves(texts.en[namespace])
  const russian = leaves(texts.ru[namespace])
  const russianByKey = new Map(russian)

  it('has the same keys in both languages', () => {
    const keys = (list: [string, string][]) => [...new Set(list.map(([key]) => key.replace(PLURAL, '')))].sort()
    expect(keys(russian)).toEqual(keys(english))
  })

  it('has every plural form that Russian needs', () => {
    const stems = new Set(english.filter(([key]) => PLURAL.test(key)).map(([key]) => key.replace(PLURAL, '')))
    const missing = [...stems].flatMap((stem) =>
      RUSSIAN_FORMS.map((form) => stem + form).filter((key) => !russianByKey.has(key)),
    )
    expect(missing).toEqual([])
  })

  it('has no empty text but those that an error fills, and no shouting', () => {
    const wrong = [...english, ...russian].filter(
      ([key, text]) =>
        (text.trim() === '' && key !== 'backend.detail') || /!|\boops\b|\bplease\b|пожалуйста/iu.test(text),
    )
    expect(wrong).toEqual([])
  })

  it('uses the same values in both languages', () => {
    const englishByStem = new Map(english.map(([key, text]) => [key.replace(PLURAL, ''), slots(text)]))
    // A plural form may leave the count out ("one word"), nothing else.
    const withoutCount = (names: string[]) => names.filter((name) => name !== 'count').join()
    const differing = russian.filter(
      ([key, text]) => withoutCount(slots(text)) !== withoutCount(englishByStem.get(key.replace(PLURAL, '')) ?? []),
    )
    expect(differing).toEqual([])
  })
})

describe('translator', () => {
  it('chooses Russian plural forms', () => {
    const t = translator('ru')
    expect([1, 3, 5, 21].map((count) => t('common:words', { count }))).toEqual([
      '1 слово',
      '3 слова',
      '5 слов',
      '21 слово',
    ])
  })

  it('puts values in as they are, without escaping for HTML', () => {
    expect(translator('en')('errors:bad-header.name.title', { name: '<b>&' })).toBe('“<b>&” is not a header name')
  })
})

describe('chooseLocale', () => {
  it('takes the first preferred language that Parley has', () => {
    expect(chooseLocale('system', ['de-DE', 'ru-RU', 'en-US'])).toBe('ru')
    expect(chooseLocale('system', ['en-GB', 'ru'])).toBe('en')
    expect(chooseLocale('system', ['ja'])).toBe('en')
    expect(chooseLocale('ru', ['en'])).toBe('ru')
  })
})
