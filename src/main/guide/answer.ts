import { translator, type Translate } from '../../shared/i18n'
import type { Locale } from '../../shared/settings'
import type { Passage, PageSource, Page } from './pages'
import { describePicture } from './picture'
import type { GuideRequest } from './request'
import { createPageSearch, MIN_COVERAGE, topicWords, type Hit, type PageSearch } from './search'
import { isStopWord, languageOf, splitWords } from '../words'

/** What the Guide says to a question. */
export interface Answer {
  markdown: string
  /** A name for the conversation, when this is its first question and a page answers it. */
  title: string | null
  /** Questions that the pages answer, at most three. */
  suggestions: string[]
}

/** Answers questions from the pages. The same request always gets the same answer. */
export interface Answerer {
  /** Gets the pages ready. Tells the language of the answer, as its translator, and how many pages there are. */
  prepare(request: GuideRequest): Promise<{ t: Translate; pageCount: number }>
  answer(request: GuideRequest, signal: AbortSignal): Promise<Answer>
}

/** The page that says what the Guide is; it answers greetings and "who are you". */
export const GUIDE_PAGE_ID = 'guide'
const IMAGES_PAGE_ID = 'images'

const MAX_SUGGESTIONS = 3
const PASSAGES_PER_ANSWER = 2
/** A second passage joins the answer when it scores at least this share of the best one. */
const SECOND_PASSAGE_SHARE = 0.7

/**
 * @param pages where the pages come from
 * @param locale the app's language, for questions whose words do not tell theirs
 */
export function createAnswerer(pages: PageSource, locale: () => Locale): Answerer {
  const searches = new Map<Locale, Promise<PageSearch>>()
  const translators = new Map<Locale, Translate>()

  const searchIn = (language: Locale): Promise<PageSearch> => {
    const known = searches.get(language)
    if (known !== undefined) return known
    const search = pages(language).then(createPageSearch)
    searches.set(language, search)
    // A folder that could not be read is tried again at the next question.
    search.catch(() => searches.delete(language))
    return search
  }
  const translate = (language: Locale): Translate => {
    const t = translators.get(language) ?? translator(language)
    translators.set(language, t)
    return t
  }

  return {
    async prepare(request) {
      const language = languageOf(topicOf(request.questions).question, locale())
      return { t: translate(language), pageCount: (await searchIn(language)).pages.length }
    },
    async answer(request, signal) {
      const topic = topicOf(request.questions)
      const language = languageOf(topic.question, locale())
      const search = await searchIn(language)
      const t = translate(language)
      const context: Context = { search, t, locale: language, questions: request.questions }
      if (request.pictures.length > 0 && topic.followUps === 0) return answerPictures(request, context, signal)
      return answerTopic(topic, context)
    },
  }
}

interface Context {
  search: PageSearch
  t: Translate
  locale: Locale
  questions: string[]
}

/** The question that is still talked about, and how many times the person has asked for more of it since. */
interface Topic {
  question: string
  followUps: number
}

function topicOf(questions: readonly string[]): Topic {
  let followUps = 0
  let at = questions.length - 1
  while (at > 0 && asksForMore(questions[at] ?? '')) {
    followUps += 1
    at -= 1
  }
  return { question: questions[at] ?? '', followUps }
}

const MORE = new Set(
  [
    ...['more', 'tell me more', 'some more', 'more details', 'details', 'go on', 'continue', 'next', 'what else'],
    ...['anything else', 'and then', 'keep going', 'read on'],
    ...['еще', 'а еще', 'что еще', 'и еще', 'расскажи еще', 'расскажите еще', 'дальше', 'а дальше', 'что дальше'],
    ...['подробнее', 'расскажи подробнее', 'расскажите подробнее', 'поподробнее', 'продолжай', 'продолжайте'],
    ...['продолжи', 'продолжить', 'далее', 'еще раз подробнее'],
  ].map((phrase) => splitWords(phrase).join(' ')),
)

function asksForMore(question: string): boolean {
  if (question.length > 60) return false
  const words = splitWords(question).filter((word) => !['please', 'пожалуйста', 'about', 'it', 'that'].includes(word))
  return MORE.has(words.join(' '))
}

function answerTopic(topic: Topic, context: Context): Answer {
  const hits = hitsFor(topic.question, context)
  const best = hits[0]
  if (best === undefined) return answerNothing(topic, context)

  const first = firstPassages(hits)
  const page = best.page
  const rest = page.passages.filter((passage) => !first.includes(passage))
  const from = (topic.followUps - 1) * PASSAGES_PER_ANSWER
  const passages = topic.followUps === 0 ? first : rest.slice(from, from + PASSAGES_PER_ANSWER)
  const shown = topic.followUps === 0 ? first : [...first, ...rest.slice(0, from + PASSAGES_PER_ANSWER)]
  const { t } = context
  const suggestions = suggest(context, [page, ...hits.map((hit) => hit.page)], shown)
  if (passages.length === 0) {
    return { markdown: t('guide:noMore', { title: page.title }), title: null, suggestions }
  }

  const isMoreLeft = rest.some((passage) => !shown.includes(passage))
  const lead = topic.followUps === 0 ? t('guide:lead') : t('guide:leadMore', { title: page.title })
  return {
    markdown: [lead, passagesMarkdown(passages, context), sourcesLine(passages, isMoreLeft, context)].join('\n\n'),
    title: context.questions.length === 1 ? page.title : null,
    suggestions,
  }
}

function answerNothing(topic: Topic, context: Context): Answer {
  const nearest = context.search.find(topic.question).map((hit) => hit.page)
  return {
    markdown: context.t('guide:nothing'),
    title: null,
    suggestions: suggest(context, nearest, []),
  }
}

async function answerPictures(request: GuideRequest, context: Context, signal: AbortSignal): Promise<Answer> {
  const { t } = context
  const descriptions: string[] = []
  // One after the other: each file may have 20 MB.
  for (const [index, picture] of request.pictures.entries()) {
    descriptions.push(await describePicture(picture, index + 1, context, signal))
    signal.throwIfAborted()
  }
  const question = request.questions.at(-1) ?? ''
  const hits = topicWords(question).length === 0 ? [] : hitsFor(question, context)
  // Words about the picture itself find the page on images, which says once more what was just said.
  const passages = firstPassages(hits.filter((hit) => hit.page.id !== IMAGES_PAGE_ID))
  const imagesPage = context.search.pages.filter((page) => page.id === IMAGES_PAGE_ID)
  return {
    markdown: [
      t('guide:picture.lead', { count: request.pictures.length }),
      ...descriptions,
      ...(passages.length === 0
        ? []
        : [t('guide:lead'), passagesMarkdown(passages, context), sourcesLine(passages, false, context)]),
    ].join('\n\n'),
    title: null,
    suggestions: suggest(context, [...hits.map((hit) => hit.page), ...imagesPage], passages),
  }
}

// A greeting, "who are you" or "?" has no word that carries a topic: the Guide then says what it is.
function hitsFor(question: string, { search }: Context): Hit[] {
  if (splitWords(question).every(isStopWord)) {
    const page = search.pages.find((each) => each.id === GUIDE_PAGE_ID)
    const passage = page?.passages[0]
    return page === undefined || passage === undefined ? [] : [{ page, passage, score: 1, coverage: 1 }]
  }
  const hits = search.find(question)
  return (hits[0]?.coverage ?? 0) < MIN_COVERAGE ? [] : hits
}

function firstPassages(hits: readonly Hit[]): Passage[] {
  const best = hits[0]
  if (best === undefined) return []
  return hits
    .filter((hit) => hit.coverage >= MIN_COVERAGE && hit.score >= best.score * SECOND_PASSAGE_SHARE)
    .slice(0, PASSAGES_PER_ANSWER)
    .map((hit) => hit.passage)
}

function passagesMarkdown(passages: readonly Passage[], { search }: Context): string {
  const titleOf = (passage: Passage): string => search.pages.find((page) => page.id === passage.pageId)?.title ?? ''
  return passages
    .map((passage, position) => {
      // Below another passage an overview without a heading of its own would seem to belong to that one.
      const heading = passage.heading ?? (position === 0 ? null : titleOf(passage))
      return heading === null ? passage.markdown : `### ${heading}\n\n${passage.markdown}`
    })
    .join('\n\n')
}

function sourcesLine(passages: readonly Passage[], isMoreLeft: boolean, { search, t }: Context): string {
  const titles = search.pages
    .filter((page) => passages.some((passage) => passage.pageId === page.id))
    .map((page) => t('guide:quoted', { title: page.title }))
  const sources = t('guide:sources', { count: titles.length, titles: titles.join(', ') })
  return isMoreLeft ? `*${sources} ${t('guide:moreLeft')}*` : `*${sources}*`
}

/**
 * Questions to go on with: from the pages given, in their order, then from all others. Left out is what was asked before
 * and what has just been answered.
 */
function suggest(context: Context, nearest: readonly Page[], shown: readonly Passage[]): string[] {
  const { search, questions } = context
  const asked = new Set(questions.map(normalize))
  const chosen: string[] = []
  for (const page of new Set([...nearest, ...search.pages])) {
    const open = page.passages
      .filter((passage) => !shown.includes(passage))
      .flatMap((passage) => passage.questions)
      .filter((question) => !asked.has(normalize(question)))
    // Two of one page at most, so that the suggestions lead on.
    chosen.push(...open.slice(0, 2))
    if (chosen.length >= MAX_SUGGESTIONS) break
  }
  return chosen.slice(0, MAX_SUGGESTIONS)
}

function normalize(question: string): string {
  return splitWords(question.slice(0, 200)).join(' ')
}
