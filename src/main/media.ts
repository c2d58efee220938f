import { setTimeout as sleep } from 'node:timers/promises'
import {
  answerText,
  foldFile,
  type AnswerContent,
  type AssistantMessage,
  type Conversation,
  type Media,
  type MediaFile,
  type Part,
} from '../shared/conversation'
import { failure, toAppError, type AppError, type MediaReason } from '../shared/errors'
import { ShownPictures, TriedPictures } from '../shared/markdown/pictures'
import type { Attachments } from './attachments'
import type { BackendApi } from './backend/api'
import type { Download } from './backend/download'
import type { Library } from './library/library'
import type { Logger } from './logger'
import { MAX_MEDIA_BYTES } from './received-result'
import { Turns } from './turns'

export interface MediaStoreOptions {
  attachments: Pick<Attachments, 'keepResult' | 'isWhole'>
  library: Pick<Library, 'open' | 'update' | 'isTemporary'>
  /** A conversation with its running answers as far as they have come. */
  openLive: (conversationId: string) => Promise<Conversation>
  /** The way to a backend, with its headers and secrets as they are now; for a temporary conversation or not. */
  api: (backendId: string, isTemporary: boolean) => Promise<MediaApi>
  /** The way to pictures of the web in answers of a backend, which may be gone; of a temporary conversation or not. */
  pictureApi: (backendId: string, isTemporary: boolean) => Promise<Pick<BackendApi, 'picture'>>
  /** Whether the person wants any picture of the web at all. */
  mayLoadPictures: () => boolean
  logger: Logger
  /** How long an answer that has ended waits for its results. */
  finishWaitMs?: number
}

type MediaApi = Pick<BackendApi, 'owns' | 'download' | 'speech'>
type MediaPart = Extract<Part, { type: 'media' }>
type FilePart = Extract<Part, { type: 'media-file' }>

interface Source {
  conversationId: string
  messageId: string
  source: string
  /** A picture of a text that no person named: only so many of one answer. */
  isAutomatic?: boolean | undefined
}

/** Fetches of one answer at the same time, and in all; a person can ask for what lies beyond. */
const MAX_FETCHES_AT_ONCE = 4
const MAX_FETCHES = 100
const FINISH_WAIT_MS = 30_000
/** S08: of a picture in a text. */
const MAX_PICTURE_BYTES = 20 * 1024 * 1024
/** Between the end of an answer and the moment in which its conversation has it. */
const SETTLE_CHECK_MS = 50
const MAX_SETTLE_CHECKS = 100

/**
 * How long the query of a spoken text may be, once encoded. Servers take the first; a proxy before them may not, and says
 * 414. Then the beginning is spoken.
 */
const MAX_QUERY_CHARACTERS = [24_000, 6_000] as const
const MAX_QUERY_FIELDS = 20
const MAX_QUERY_VALUE = 1000
const MAX_SPOKEN = 200

/**
 * The results of answers that are no text: fetched from the server, checked by their content and kept with the
 * attachments, so that a conversation shows them without its server, and no page ever fetches one.
 */
export class MediaStore {
  readonly #options: MediaStoreOptions
  /** The answers that run, by message. */
  readonly #live = new Map<string, Fetches>()
  /** What a person is waiting for, so that two clicks fetch once. */
  readonly #loading = new Map<string, Promise<MediaFile>>()
  readonly #spoken = new Map<string, MediaFile>()
  readonly #shown = new ShownPictures()
  readonly #tried = new TriedPictures()
  /** Of pictures of texts, whichever window asks for them. */
  readonly #turns = new Turns(MAX_FETCHES_AT_ONCE)

  constructor(options: MediaStoreOptions) {
    this.#options = options
  }

  /**
   * Passes the parts of an answer on, in their order, and keeps its media. A data URI is stored before its part goes on,
   * so that no base64 reaches a journal; what lies on the server is fetched beside the answer, and a `media-file` part
   * tells of each. The `finish` waits for open fetches, for at most 30 s and not after a stop. What could not be fetched
   * stays as it is: a person can load it.
   *
   * @param answer the message, for what is loaded while it runs, and its conversation, which may be temporary
   */
  async *keep(
    parts: AsyncIterable<Part>,
    api: Pick<BackendApi, 'owns' | 'download'>,
    signal: AbortSignal,
    { answerId, conversationId }: { answerId: string; conversationId: string },
  ): AsyncGenerator<Part, void, undefined> {
    const fetches = new Fetches(
      (source, until) => this.#fetch(conversationId, api.download(source, downloadOptions(until))),
      {
        signal,
        logger: this.#options.logger,
      },
    )
    this.#live.set(answerId, fetches)
    const iterator = parts[Symbol.asyncIterator]()
    let pending = iterator.next()
    try {
      for (;;) {
        const step = await fetches.orNews(pending)
        yield* fetches.take()
        if (step === 'news') continue
        if (step.done === true) return
        const part = step.value
        if (part.type === 'finish') {
          yield* fetches.end(this.#options.finishWaitMs ?? FINISH_WAIT_MS)
          yield part
          return
        }
        if (part.type !== 'media') yield part
        else {
          const kept = await this.#keepPart(part, fetches, conversationId)
          yield kept
          for (const source of kept.sources) if (api.owns(source)) fetches.begin(source)
        }
        pending = iterator.next()
      }
    } finally {
      this.#live.delete(answerId)
      fetches.close()
      // Left in the middle of a wait: what that brings is of no interest any more.
      pending.catch(() => undefined)
      await iterator.return?.()
    }
  }

  /**
   * Fetches a result because a person asked for it, and keeps it with its message. Only what is a source of that message,
   * or a picture of the web in its text, can be asked for.
   *
   * @throws AppFailure `media`, `storage`, `not-found`, `bad-request`
   */
  async load(input: Source): Promise<MediaFile> {
    const key = JSON.stringify([input.conversationId, input.messageId, input.source])
    const loading = this.#loading.get(key) ?? this.#load(input).finally(() => this.#loading.delete(key))
    this.#loading.set(key, loading)
    return loading
  }

  /**
   * The answer spoken, as its backend has offered it. Kept in memory for as long as the program runs.
   *
   * @throws AppFailure as `load`
   */
  async speak({ conversationId, messageId }: Omit<Source, 'source'>): Promise<MediaFile> {
    const message = await this.#message(conversationId, messageId)
    if (message.synthesize === null) throw failure({ code: 'bad-request', channel: 'media.speak' })
    const { provider, data } = message.synthesize
    const known = this.#spoken.get(messageId)
    if (known !== undefined && (await this.#options.attachments.isWhole(known))) return known
    const api = await this.#options.api(message.backendId, this.#options.library.isTemporary(conversationId))
    const file = await this.#fetchSpeech(conversationId, api, provider, queryOf(data, answerText(message)))
    // Files of phones and browsers that hold only sound call themselves films.
    const isSound = file.mime.startsWith('audio/') || file.mime === 'video/mp4' || file.mime === 'video/webm'
    if (!isSound) throw failure({ code: 'media', reason: 'format', host: null, limitBytes: null })
    this.#spoken.set(messageId, file)
    for (const id of this.#spoken.keys()) {
      if (this.#spoken.size <= MAX_SPOKEN) break
      this.#spoken.delete(id)
    }
    return file
  }

  /** Forgets the spoken form of a message. @returns the id of the file in which it was kept; null when there is none */
  forgetSpoken(messageId: string): string | null {
    const file = this.#spoken.get(messageId)
    this.#spoken.delete(messageId)
    return file?.id ?? null
  }

  async #load({ conversationId, messageId, source, isAutomatic }: Source): Promise<MediaFile> {
    const live = this.#live.get(messageId)
    const message = await this.#message(conversationId, messageId)
    const content = live?.content ?? allContent(message)
    const media = content.filter((item) => item.type === 'media' && item.sources.includes(source))
    const isAddress = !/^(?:attachment|refused|data):/iu.test(source)
    if (media.length === 0 && isAddress) return this.#loadPicture({ conversationId, messageId, source, isAutomatic })
    if (media.length === 0 || !isAddress) throw failure({ code: 'bad-request', channel: 'media.load' })
    for (const item of media) {
      const known = item.type === 'media' ? fileOf(item, source) : null
      if (known !== null && (await this.#options.attachments.isWhole(known))) return known
    }
    const { isTemporary = false } = await this.#options.library.open(conversationId)
    const api = await this.#options.api(message.backendId, isTemporary)
    const file = await this.#fetch(conversationId, api.download(source, { ...downloadOptions(), isAskedFor: true }))
    await this.#keepWith({ conversationId, messageId, source }, file)
    return file
  }

  // What a person looks at, an answer that still runs included: `library` has it only as far as it is durable.
  async #loadPicture({ conversationId, messageId, source, isAutomatic = false }: Source): Promise<MediaFile> {
    const { openLive, attachments, mayLoadPictures, pictureApi } = this.#options
    const { messages, isTemporary = false } = await openLive(conversationId)
    const message = messages.find(({ id }) => id === messageId)
    if (message?.role !== 'assistant') throw failure({ code: 'not-found', what: 'message' })
    const isShown =
      this.#shown.has(messageId, answerText(message), source) ||
      this.#shown.has(`${messageId} preview`, message.preview ?? '', source)
    if (!isShown) throw failure({ code: 'bad-request', channel: 'media.load' })
    const { pictures = {} } = message
    const known = Object.hasOwn(pictures, source) ? pictures[source] : undefined
    if (known !== undefined && (await attachments.isWhole(known))) return known
    const { host } = new URL(source)
    const refused = (reason: MediaReason) => failure({ code: 'media', reason, host, limitBytes: null })
    if (!mayLoadPictures()) throw refused('blocked')
    if (isAutomatic && !this.#tried.add(messageId, source, pictures)) throw refused('unasked')
    const api = await pictureApi(message.backendId, isTemporary)
    const file = await this.#turns.take(() =>
      this.#fetch(conversationId, api.picture(source, { maxBytes: MAX_PICTURE_BYTES, isAutomatic })),
    )
    if (!file.mime.startsWith('image/')) throw refused('format')
    await this.#keepWith({ conversationId, messageId, source }, file)
    return file
  }

  /** Puts a fetched file where its answer is: into the running one, or into its conversation. */
  async #keepWith({ conversationId, messageId, source }: Source, file: MediaFile): Promise<void> {
    if (this.#live.get(messageId)?.offer(source, file) === true) return
    await this.#settled(conversationId, messageId)
    await this.#options.library.update(conversationId, (conversation) => ({
      ...conversation,
      messages: conversation.messages.map((each) =>
        each.id === messageId && each.role === 'assistant' ? foldFile(each, source, file) : each,
      ),
    }))
  }

  async #fetch(conversationId: string, download: Promise<Download>): Promise<MediaFile> {
    const result = await download
    return this.#options.attachments.keepResult({ ...result, temporary: this.#temporary(conversationId) })
  }

  /** Asks whether a conversation is temporary, as long as its results come. */
  #temporary(conversationId: string): () => string | null {
    return () => (this.#options.library.isTemporary(conversationId) ? conversationId : null)
  }

  async #fetchSpeech(
    conversationId: string,
    api: MediaApi,
    provider: string,
    query: Record<string, string>,
  ): Promise<MediaFile> {
    for (const maxCharacters of MAX_QUERY_CHARACTERS) {
      try {
        const speech = api.speech(provider, cutQuery(query, maxCharacters), { maxBytes: MAX_MEDIA_BYTES })
        return await this.#fetch(conversationId, speech)
      } catch (thrown) {
        const error = toAppError(thrown)
        const isAddressTooLong = error.code === 'media' && error.reason === 'too-large' && error.limitBytes === null
        if (!isAddressTooLong) throw thrown
      }
    }
    throw failure({ code: 'media', reason: 'refused', host: null, limitBytes: null })
  }

  /** The part as it goes on: data URIs replaced by their stored copies, and known copies of addresses beside them. */
  async #keepPart(part: MediaPart, fetches: Fetches, conversationId: string): Promise<MediaPart> {
    const sources: string[] = []
    const files: [string, MediaFile][] = []
    for (const source of part.sources) {
      const isData = /^data:/iu.test(source)
      const stored = isData ? await this.#keepData(conversationId, source) : { source, file: fetches.fileOf(source) }
      sources.push(stored.source)
      if (stored.file !== null) files.push([stored.source, stored.file])
    }
    // Not by assignment: a source may be named `__proto__` (S40).
    const kept = { ...part, sources, ...(files.length === 0 ? {} : { files: Object.fromEntries(files) }) }
    fetches.content.push(kept)
    return kept
  }

  async #keepData(conversationId: string, uri: string): Promise<{ source: string; file: MediaFile | null }> {
    try {
      const file = await this.#options.attachments.keepResult({
        body: decode(uri),
        host: null,
        temporary: this.#temporary(conversationId),
      })
      return { source: `attachment:${file.id}`, file }
    } catch (thrown) {
      const error = toAppError(thrown)
      this.#options.logger.info('a result was not kept', { reason: reasonOf(error) })
      return { source: `refused:${reasonOf(error)}`, file: null }
    }
  }

  async #message(conversationId: string, messageId: string): Promise<AssistantMessage> {
    if (!this.#live.has(messageId)) await this.#settled(conversationId, messageId)
    const message = (await this.#options.library.open(conversationId)).messages.find(({ id }) => id === messageId)
    if (message?.role !== 'assistant') throw failure({ code: 'not-found', what: 'message' })
    return message
  }

  /** Waits until an answer that has just ended is in its conversation; no longer than that can take. */
  async #settled(conversationId: string, messageId: string): Promise<void> {
    for (let checks = 0; checks < MAX_SETTLE_CHECKS; checks += 1) {
      const message = (await this.#options.library.open(conversationId)).messages.find(({ id }) => id === messageId)
      if (message?.role !== 'assistant' || message.state !== 'running') return
      await sleep(SETTLE_CHECK_MS)
    }
  }
}

/** What is fetched for one answer while it runs. */
class Fetches {
  /** Of the answer so far, all its attempts included. */
  readonly content: MediaPart[] = []
  readonly #fetch: (source: string, signal: AbortSignal) => Promise<MediaFile>
  readonly #signal: AbortSignal
  readonly #logger: Logger
  readonly #abort = new AbortController()
  readonly #files = new Map<string, MediaFile>()
  readonly #begun = new Set<string>()
  #waiting: string[] = []
  #running = 0
  #news: FilePart[] = []
  #onNews: (() => void) | null = null
  #isClosed = false

  constructor(
    fetch: (source: string, signal: AbortSignal) => Promise<MediaFile>,
    { signal, logger }: { signal: AbortSignal; logger: Logger },
  ) {
    this.#fetch = fetch
    this.#signal = signal
    this.#logger = logger
  }

  fileOf(source: string): MediaFile | null {
    return this.#files.get(source) ?? null
  }

  begin(source: string): void {
    if (this.#begun.has(source) || this.#files.has(source) || this.#begun.size >= MAX_FETCHES) return
    this.#begun.add(source)
    this.#waiting.push(source)
    this.#next()
  }

  /** A file that somebody else has fetched. False when the answer has ended: nobody would hear of it. */
  offer(source: string, file: MediaFile): boolean {
    if (this.#isClosed) return false
    this.#files.set(source, file)
    this.#news.push({ type: 'media-file', source, file })
    this.#onNews?.()
    return true
  }

  /** The next part of the session, or `news` when a file is there before it. */
  async orNews<T>(pending: Promise<T>): Promise<T | 'news'> {
    if (this.#news.length > 0) return 'news'
    // A promise of its own for each wait: a fetch may take longer than thousands of parts. Also while none runs, because
    // what a person loads is offered at any time, and a part may be minutes away.
    await new Promise<void>((resolve, reject) => {
      this.#onNews = () => {
        if (this.#news.length > 0) resolve()
      }
      pending.then(() => resolve(), reject)
    })
    this.#onNews = null
    return this.#news.length > 0 ? 'news' : pending
  }

  /** The files that have come since. */
  *take(): Generator<FilePart> {
    while (this.#news.length > 0) {
      const news = this.#news
      this.#news = []
      yield* news
    }
  }

  /** The files that come within this time; then none is taken any more. Ends at once after a stop. */
  async *end(waitMs: number): AsyncGenerator<FilePart, void, undefined> {
    const deadline = new AbortController()
    const timer = setTimeout(() => deadline.abort(), waitMs)
    const end = AbortSignal.any([deadline.signal, this.#signal])
    const wake = (): void => this.#onNews?.()
    end.addEventListener('abort', wake)
    try {
      while (!end.aborted) {
        yield* this.take()
        if (this.#running === 0) break
        await new Promise<void>((resolve) => {
          this.#onNews = resolve
          if (end.aborted || this.#news.length > 0) resolve()
        })
      }
      yield* this.take()
    } finally {
      clearTimeout(timer)
      end.removeEventListener('abort', wake)
      this.close()
    }
  }

  close(): void {
    this.#isClosed = true
    this.#waiting = []
    this.#abort.abort()
  }

  #next(): void {
    while (this.#running < MAX_FETCHES_AT_ONCE) {
      const source = this.#waiting.shift()
      if (source === undefined) return
      this.#running += 1
      void this.#run(source)
    }
  }

  async #run(source: string): Promise<void> {
    try {
      const file = await this.#fetch(source, AbortSignal.any([this.#signal, this.#abort.signal]))
      this.offer(source, file)
    } catch (thrown) {
      const isEnded = this.#isClosed || this.#signal.aborted
      if (!isEnded) this.#logger.info('a result was not fetched', { reason: reasonOf(toAppError(thrown)) })
    }
    this.#running -= 1
    this.#next()
    this.#onNews?.()
  }
}

function downloadOptions(signal?: AbortSignal): { maxBytes: number; signal?: AbortSignal } {
  return { maxBytes: MAX_MEDIA_BYTES, ...(signal === undefined ? {} : { signal }) }
}

/** Why a result is not kept, in the words that pages have for it. */
function reasonOf(error: AppError): MediaReason {
  return error.code === 'media' ? error.reason : 'failed'
}

function allContent({ content, attempts }: AssistantMessage): AnswerContent[] {
  return [...attempts.flatMap((attempt) => attempt.content), ...content]
}

function fileOf({ files }: Media, source: string): MediaFile | null {
  return files !== undefined && Object.hasOwn(files, source) ? (files[source] ?? null) : null
}

/** The bytes of a data URI. Only base64 can hold what is taken; anything else is left to the check of the content. */
async function* decode(uri: string): AsyncGenerator<Uint8Array> {
  const comma = uri.indexOf(',')
  const isBase64 = /;\s*base64\s*$/iu.test(uri.slice(0, Math.max(0, comma)))
  await Promise.resolve()
  if (isBase64) yield Buffer.from(uri.slice(comma + 1), 'base64')
}

/** What a provider wants to know to speak an answer: the plain values that it named itself, and the text. */
function queryOf(data: unknown, text: string): Record<string, string> {
  const given = typeof data === 'object' && data !== null && !Array.isArray(data) ? Object.entries(data) : []
  const fields = given.flatMap(([name, value]: [string, unknown]): [string, string][] =>
    typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
      ? [[name, name === 'text' ? String(value) : String(value).slice(0, MAX_QUERY_VALUE)]]
      : [],
  )
  const spoken = typeof data === 'string' && data !== '' ? data : text
  // What was named stands behind, so that it holds.
  return Object.fromEntries([['text', spoken], ...fields.slice(0, MAX_QUERY_FIELDS)])
}

/** The query with its text cut, behind a word, so that it fits into an address. */
function cutQuery(query: Record<string, string>, maxCharacters: number): Record<string, string> {
  const { text = '', ...rest } = query
  const room = maxCharacters - new URLSearchParams(rest).toString().length
  let length = 0
  let end = 0
  for (const character of text) {
    length += new URLSearchParams([['', character]]).toString().length - 1
    if (length > room) break
    end += character.length
  }
  const cut = text.slice(0, end)
  const space = cut.search(/\s\S*$/u)
  return { ...rest, text: end < text.length && space > end / 2 ? cut.slice(0, space) : cut }
}
