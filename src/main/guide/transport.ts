import { setTimeout as sleep } from 'node:timers/promises'
import { translator, type Translate } from '../../shared/i18n'
import type { Locale } from '../../shared/settings'
import type { Transport, TransportRequest, TransportResponse } from '../backend/transport'
import { createAnswerer, type Answerer } from './answer'
import type { PageSource } from './pages'
import { readRequest, type GuideRequest } from './request'

/** Time as the Guide needs it; a test brings its own. */
export interface GuideClock {
  monotonicMs(): number
  /** Rejects at once when the signal aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const guideClock: GuideClock = {
  monotonicMs: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal }),
}

/** The only provider of the Guide, and its only model. */
const GUIDE_PROVIDER = 'Guide'
const GUIDE_MODEL = 'built-in-pages'

/** A quick reader's pace: the text flows like an answer that is written, and never keeps anyone waiting. */
const WORDS_PER_SECOND = 75
/** Words in one piece, in turn, as servers send them: never one by one, never whole sentences. */
const PIECE_WORDS = [2, 3, 1, 4, 2, 3]

/**
 * The built-in backend: answers questions about Parley from its own help pages, offline, with the bytes that a server
 * would send (protocol.md sections 2, 3, 4 and 6) and without a socket. It is a search, not a language model, and every
 * answer says so.
 *
 * @param options.pages where the pages come from, see loadPages
 * @param options.locale the app's language; a question's own language goes first
 * @returns a transport for any base address; an abort of a request's signal rejects with the signal's reason at once
 */
export function createGuideTransport(options: {
  pages: PageSource
  locale: () => Locale
  clock?: GuideClock
}): Transport {
  const answerer = createAnswerer(options.pages, options.locale)
  const clock = options.clock ?? guideClock
  return {
    async request(request) {
      request.signal.throwIfAborted()
      request.onConnected?.()
      const url = new URL(request.url)
      const path = /\/backend-api\/v2(\/.*)$/u.exec(url.pathname)?.[1]
      switch (`${request.method} ${path ?? ''}`) {
        case 'POST /conversation':
          return converse(request, answerer, options.locale(), clock)
        case 'GET /version':
          return json(200, { version: GUIDE_VERSION, latest_version: GUIDE_VERSION })
        case 'GET /providers':
          return json(200, [provider(options.locale())])
        case `GET /models/${GUIDE_PROVIDER}`:
          return json(200, [model(options.locale())])
        case 'GET /models':
          return json(200, { [GUIDE_PROVIDER]: [GUIDE_MODEL] })
        default:
          return json(404, { error: { message: 'Not found' } })
      }
    },
  }
}

/** Of these answers' form, not of the app. */
const GUIDE_VERSION = '1'

function converse(
  request: TransportRequest,
  answerer: Answerer,
  appLocale: Locale,
  clock: GuideClock,
): TransportResponse {
  const question = readRequest(request.body)
  if (question === 'json') return json(400, { error: { message: 'Invalid JSON data' } })
  const events =
    question === 'messages' ? missingMessages() : answerEvents(question, answerer, appLocale, clock, request.signal)
  return {
    status: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8' },
    body: encode(events, request.signal),
  }
}

type GuideEvent = { type: string } & Record<string, unknown>

async function* missingMessages(): AsyncGenerator<GuideEvent> {
  await Promise.resolve()
  yield { type: 'error', error: 'ValueError', message: 'ValueError: messages is missing' }
}

async function* answerEvents(
  request: GuideRequest,
  answerer: Answerer,
  appLocale: Locale,
  clock: GuideClock,
  signal: AbortSignal,
): AsyncGenerator<GuideEvent> {
  let search: { t: Translate; pageCount: number }
  try {
    search = await answerer.prepare(request)
  } catch {
    yield { type: 'error', error: 'GuideError', message: translator(appLocale)('guide:unreadable') }
    return
  }
  const { t, pageCount } = search
  const name = { name: GUIDE_PROVIDER, url: null, label: t('guide:label'), model: t('guide:model') }
  yield { type: 'provider', provider: name }
  // The search is a progress line and not `token`s: those would be shown as the thinking of a language model.
  yield { type: 'reasoning', token: null, status: t('guide:looking', { count: pageCount }) }
  const answer = await answerer.answer(request, signal)
  yield { type: 'reasoning', token: null, status: '' }

  const markdown = remainder(answer.markdown, request.cutAnswer)
  let wordCount = 0
  let dueMs = clock.monotonicMs()
  for (const piece of pieces(markdown)) {
    const nowMs = clock.monotonicMs()
    if (dueMs > nowMs) await clock.sleep(dueMs - nowMs, signal)
    yield { type: 'content', content: piece.text }
    wordCount += piece.words
    // After a pause of the reader of these bytes the pace goes on; what was missed is not made up for in a rush.
    dueMs = Math.max(dueMs, nowMs) + (piece.words / WORDS_PER_SECOND) * 1000
  }

  if (answer.title !== null) yield { type: 'title', title: answer.title }
  if (answer.suggestions.length > 0) yield { type: 'suggestions', suggestions: answer.suggestions }
  yield { type: 'finish', finish: { reason: 'stop' } }
  // No model ran, so no tokens were used: zero is the fact. Words are not tokens and have a name of their own.
  const usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0, words: wordCount }
  yield { type: 'usage', usage, provider: name.name, model: name.model }
}

/**
 * What is still to be said of an answer that was cut. The answer is the same each time, so the cut one is its beginning;
 * when it is not (the pages have changed since), the whole answer follows as a paragraph of its own.
 */
function remainder(markdown: string, cutAnswer: string | null): string {
  if (cutAnswer === null) return markdown
  if (markdown.startsWith(cutAnswer)) return markdown.slice(cutAnswer.length)
  const trimmed = cutAnswer.trimEnd()
  return markdown.startsWith(trimmed) ? markdown.slice(trimmed.length) : `\n\n${markdown}`
}

function* pieces(markdown: string): Generator<{ text: string; words: number }> {
  const words = markdown.match(/\s*\S+(?:\s+$)?/gu) ?? []
  let at = 0
  for (let turn = 0; at < words.length; turn += 1) {
    const group = words.slice(at, at + (PIECE_WORDS[turn % PIECE_WORDS.length] ?? 1))
    yield { text: group.join(''), words: group.length }
    at += group.length
  }
}

async function* encode(events: AsyncGenerator<GuideEvent>, signal: AbortSignal): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder()
  try {
    for (;;) {
      signal.throwIfAborted()
      const next = await untilAborted(events.next(), signal)
      if (next.done === true) return
      yield encoder.encode(`event: ${next.value.type}\ndata: ${asciiJson(next.value)}\n\n`)
    }
  } finally {
    // Without awaiting: after an abort the events may still wait for a file that is being read.
    void events.return(undefined).catch(() => undefined)
  }
}

/** What the promise gives, or at once a rejection with the signal's reason. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const listening = new AbortController()
  const aborted = new Promise<null>((resolve) => {
    signal.addEventListener('abort', () => resolve(null), { once: true, signal: listening.signal })
  })
  try {
    await Promise.race([promise, aborted])
  } catch (thrown) {
    // What was waited for may have ended by the same abort, with an error of its own.
    signal.throwIfAborted()
    throw thrown
  } finally {
    listening.abort()
    promise.catch(() => undefined)
  }
  signal.throwIfAborted()
  return promise
}

// As Python's json.dumps: every character outside ASCII as \uXXXX.
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[\u0080-\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

function json(status: number, value: unknown): TransportResponse {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: once(new TextEncoder().encode(asciiJson(value))),
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await Promise.resolve()
  yield bytes
}

// `vision` says that pictures are taken: the Guide describes the file, and says that it does not see what is in it.
function provider(locale: Locale): Record<string, unknown> {
  return {
    name: GUIDE_PROVIDER,
    label: translator(locale)('guide:label'),
    parent: null,
    image: 0,
    audio: 0,
    video: 0,
    vision: true,
    hf_space: false,
    active_by_default: true,
    auth: false,
    login_url: null,
    live: 0,
    login: false,
  }
}

function model(locale: Locale): Record<string, unknown> {
  return {
    id: GUIDE_MODEL,
    label: translator(locale)('guide:model'),
    default: true,
    vision: true,
    audio: false,
    video: false,
    image: false,
    count: null,
    tags: [],
  }
}
