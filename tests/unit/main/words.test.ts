import { describe, expect, test } from 'vitest'
import { isStopWord, languageOf, splitWords, stem } from '../../../src/main/words'

describe('splitWords', () => {
  test('lower-cases, drops punctuation, joins apostrophes, writes ё as е', () => {
    expect(splitWords('Don’t press Ctrl+Shift+Space; ЕЩЁ, «Всё» --quick-ask 192.168')).toEqual([
      ...['dont', 'press', 'ctrl', 'shift', 'space', 'еще', 'все', 'quick', 'ask', '192', '168'],
    ])
  })

  test('takes decomposed letters for what they are', () => {
    expect(splitWords('Какой йод'.normalize('NFD'))).toEqual(['какой', 'йод'])
  })

  test('finds none in punctuation and emoji', () => {
    expect(splitWords('?! … 🙂')).toEqual([])
  })
})

describe('stem', () => {
  test.each([
    ['connect', ['connects', 'connected', 'connecting', 'connection', 'connections']],
    ['image', ['images']],
    ['store', ['stored', 'storing', 'stores']],
    ['stop', ['stops', 'stopped', 'stopping']],
    ['copy', ['copies', 'copied', 'copying']],
    ['address', ['addresses']],
    ['key', ['keys']],
    ['file', ['files']],
    ['status', ['status']],
    ['сервер', ['сервера', 'серверу', 'сервером', 'сервере', 'серверы', 'серверов', 'серверами']],
    ['картинка', ['картинки', 'картинку', 'картинкой', 'картинке', 'картинками', 'картинках']],
    ['отправить', ['отправил', 'отправила', 'отправили', 'отправит']],
    ['подключить', ['подключил', 'подключу', 'подключиться', 'подключит']],
    ['изображение', ['изображения', 'изображением', 'изображении', 'изображениями']],
    ['закрепленный', ['закрепленная', 'закрепленного', 'закрепленных']],
    ['настройка', ['настройки', 'настройкой', 'настройками', 'настройках']],
  ])('is the same for all forms of %s', (word, forms) => {
    for (const form of forms) expect(stem(form), form).toBe(stem(word))
  })

  test.each([
    ['server', 'service'],
    ['chat', 'chart'],
    ['сервер', 'север'],
    ['ключ', 'клич'],
  ])('keeps %s and %s apart', (one, other) => {
    expect(stem(one)).not.toBe(stem(other))
  })

  test.each(['g4f', '1337', 'ru', 'в', 'ключ', 'gif'])('leaves %s as it is', (word) => {
    expect(stem(word)).toBe(word)
  })

  test('never gives an empty stem', () => {
    for (const word of ['её', 'я', 'ими', 'ого', 'его', 'ing', 'ed', 'sing', 'bed', 'ies', 'вшись']) {
      expect(stem(word), word).not.toBe('')
    }
  })
})

describe('languageOf', () => {
  test.each([
    ['Где чаты?', 'en', 'ru'],
    ['как настроить gpt4free gui on localhost', 'en', 'ru'],
    ['Where is my key?', 'ru', 'en'],
    ['gpt4free', 'ru', 'ru'],
    ['gpt4free', 'en', 'en'],
    ['', 'ru', 'ru'],
  ] as const)('of %j in an app in %s is %s', (text, app, language) => {
    expect(languageOf(text, app)).toBe(language)
  })
})

test.each(['hello', 'you', 'привет', 'как', 'еще', 'the'])('%s carries no topic', (word) => {
  expect(isStopWord(word)).toBe(true)
})

test.each(['server', 'stop', 'ключ', 'чат'])('%s carries a topic', (word) => {
  expect(isStopWord(word)).toBe(false)
})
