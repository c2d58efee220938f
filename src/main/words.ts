import type { Locale } from '../shared/settings'

/**
 * The words of a text, in lower case, without punctuation; `ё` is `е`, because most people write it so, and an
 * apostrophe joins its word (`don't` is `dont`). Composed first: macOS may hand over `й` as two characters.
 */
export function splitWords(text: string): string[] {
  return (
    text
      .normalize('NFC')
      .toLowerCase()
      .replaceAll('ё', 'е')
      .replaceAll(/['’]/gu, '')
      .match(/[\p{L}\p{N}]+/gu) ?? []
  )
}

/** True for words that carry no topic: articles, pronouns, question words, greetings. */
export function isStopWord(word: string): boolean {
  return ENGLISH_STOP_WORDS.has(word) || RUSSIAN_STOP_WORDS.has(word)
}

/**
 * The language of a text: Russian when it has a Cyrillic letter, English when it has a common English word, else the
 * fallback. `g4f api 1337` could be either, so there the language of the app decides.
 */
export function languageOf(text: string, fallback: Locale): Locale {
  if (/\p{Script=Cyrillic}/u.test(text)) return 'ru'
  return splitWords(text).some((word) => ENGLISH_STOP_WORDS.has(word)) ? 'en' : fallback
}

/**
 * Cuts a word to a stem, so that its forms find each other. Cyrillic words by the Russian Snowball algorithm
 * (https://snowballstem.org/algorithms/russian/stemmer.html, without its derivational step), other words by their most
 * common English endings. The result need not be a word.
 *
 * @param word lower case, as splitWords gives it
 */
export function stem(word: string): string {
  return /\p{Script=Cyrillic}/u.test(word) ? stemRussian(word) : stemEnglish(word)
}

// Endings in [ая](…) count only behind а or я. An alternative that starts earlier wins, so the longest ending is cut.
const GERUND = /(?:(?<=[ая])(?:вшись|вши|в)|[иы]вшись|[иы]вши|[иы]в)$/u
const REFLEXIVE = /с[яь]$/u
const ADJECTIVE = /(?:[иы]ми|[ео]го|[ео]му|[еиыо]е|[еиыо]й|[еиыо]м|[иы]х|[ую]ю|[ая]я|[ое]ю)$/u
const PARTICIPLE = /(?:(?<=[ая])(?:ем|нн|вш|ющ|щ)|[иы]вш|ующ)$/u
const VERB =
  /(?:(?<=[ая])(?:ла|на|ете|йте|ли|й|л|ем|н|ло|но|ет|ют|ны|ть|ешь|нно)|[иы]ла|ена|[еу]йте|ите|[иы]ли|[еу]й|[иы]л|[иы]м|ен|[иы]ло|ено|ят|ует|уют|[иы]т|ены|[иы]ть|ишь|ую|ю)$/u
const NOUN = /(?:иями|ями|ами|ией|иям|ием|иях|ев|ов|ие|ье|еи|ии|ей|ой|ий|ям|ем|ам|ом|ах|ях|ию|ью|ия|ья|[аеийоуыьюя])$/u

function stemRussian(word: string): string {
  const firstVowel = word.search(/[аеиоуыэюя]/u)
  if (firstVowel === -1) return word
  // Only what stands behind the first vowel is ever cut.
  const start = word.slice(0, firstVowel + 1)
  const rest = word.slice(firstVowel + 1)
  return (
    start +
    cutRussianEnding(rest)
      .replace(/и$/u, '')
      .replace(/ейше?$/u, '')
      .replace(/(?:нн|ь)$/u, softEnd)
  )
}

function cutRussianEnding(rest: string): string {
  if (GERUND.test(rest)) return rest.replace(GERUND, '')
  const plain = rest.replace(REFLEXIVE, '')
  if (ADJECTIVE.test(plain)) return plain.replace(ADJECTIVE, '').replace(PARTICIPLE, '')
  if (VERB.test(plain)) return plain.replace(VERB, '')
  return plain.replace(NOUN, '')
}

function softEnd(end: string): string {
  return end === 'нн' ? 'н' : ''
}

function stemEnglish(word: string): string {
  if (word.length < 4 || /\p{N}/u.test(word)) return word
  let cut = word
  if (cut.endsWith('ies')) cut = `${cut.slice(0, -3)}y`
  else if (/(?:ss|sh|ch|x)es$/u.test(cut)) cut = cut.slice(0, -2)
  else if (/[^suio]s$/u.test(cut)) cut = cut.slice(0, -1)
  const verb = /^(.*[aeiouy].*?)(?:ing|ed|er)$/u.exec(cut)?.[1]
  if (verb !== undefined && verb.length >= 3) cut = verb.replace(/([bdgmnprt])\1$/u, '$1')
  else if (/.{4}[st]ion$/u.test(cut)) cut = cut.slice(0, -3)
  return cut.length > 3 ? cut.replace(/e$/u, '').replace(/y$/u, 'i') : cut
}

const ENGLISH_STOP_WORDS = new Set(
  splitWords(
    `a about after again all also am an and any app application are arent as at be been before being but by can cannot cant could did
    didnt do does doesnt doing dont everything for from get gets got had has have having hello help here hey hi how i id if ill im in
    into is isnt it its ive just let like lot make makes many may me mean means meant might more much must my need no nor not now of
    off ok okay on one only or other our out over own please program really same say says shall she should so some something
    software such support supported supports tell than thank thanks that thats the their them then there these they thing things this those to too up us use
    very want was wasnt we were what whats when where wheres which while who whos whose why will with without wont
    would yes yet you your youre`,
  ),
)

const RUSSIAN_STOP_WORDS = new Set(
  splitWords(
    `а без бы был была были было быть в вам вас ваш ваша ваше ваши вдруг ведь во вот все всего всех всю вы где да даже
    делать для до добрый день его ее если есть еще ж же за здравствуй здравствуйте значит значат и из или им иногда их к как какая
    какие какой каком ко когда кто куда ли лучше любой меня мне много могу может можно мой моя мое мои мы на над надо
    нам нас наш не него нее ней нельзя нет ни нибудь ним них но ну нужен нужна нужно о об один означает он она они оно от очень
    перед по под пожалуйста помоги помогите поддержка поддерживает поддерживается помощь почему при привет приложение про программа программе программу программы раз расскажи расскажите с сам свой своя свое
    свои сделать себе себя сейчас скажи со спасибо так такая такие такое такой там твой тебе тебя тем теперь то тогда
    того тоже той только том тот тут ты у уже умеешь хочу чего чем через что чтоб чтобы чья чьи эта эти это этого этой
    этом этот эту я хай`,
  ),
)
