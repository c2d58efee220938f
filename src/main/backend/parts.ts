import { AUTOMATIC_PROVIDER } from '../../shared/catalogue'
import type { Media, Part, Usage } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { holdsSecret, safeLine, safeText, type Redactor } from './server-text'
import type { Chunk, RawResponse } from './stream'

/** More unreadable events than this in a row, and the stream is not what we take it for (R17). */
export const MAX_MALFORMED_IN_A_ROW = 100

const MAX_NAME = 200
const MAX_LINE = 200
/** Of text that a backend writes about itself: errors, notices (R18). */
const MAX_TEXT = 500
const MAX_ADDRESS = 2048
const MAX_SUGGESTIONS = 20
const MAX_SOURCES = 100
const MAX_TOOL_CALLS = 100
/** Session state is stored and sent back with every turn; one provider's may be this long as JSON. */
const MAX_SESSION_CHARACTERS = 256 * 1024
const MAX_ALL_SESSIONS_CHARACTERS = 1024 * 1024

/**
 * Of one answer. Each of these is kept, drawn and stored, and merging costs what there already is: without an end a
 * server could hold the process for minutes with half a megabyte.
 */
const MAX_UNKNOWN_TYPES = 50
const MAX_NOTICES = 200
const MAX_PROVIDERS = 100
const MAX_MEDIA = 1000
const MAX_TITLES = 20
const MAX_SESSIONS = 32
const MAX_ARGUMENT_CHARACTERS = 1024 * 1024
/** Each costs an event; what a person reads of them is their number. */
const MAX_ODDITIES = 1000

/** Text and thinking of one answer, its attempts included: all of it lies in memory, in each window too (R20). */
export const MAX_ANSWER_CHARACTERS = 32 * 1024 * 1024

/** An end without any of these is no answer. */
const ANSWERS = new Set<Part['type']>(['text-delta', 'reasoning-delta', 'media', 'tool-call'])

/**
 * What the chunks of one answer mean for a person (protocol.md section 3). Keeps what it must remember from event to
 * event: who answers, which tool calls have which number, how many events in a row made no sense. After a part of type
 * `finish` (an `error` or `auth` event, or a stream that cannot be read) every further chunk gives nothing.
 */
export class PartReader {
  readonly #redact: Redactor
  #provider: string | null = null
  #toolCallIds: string[] = []
  readonly #namedToolCalls = new Set<number>()
  #argumentCharacters = 0
  #answerCharacters = 0
  #oddities = 0
  readonly #unknownTypes = new Set<string>()
  /** Characters of each provider's state, as JSON. */
  readonly #sessions = new Map<string, number>()
  #notices = 0
  #providers = 0
  #media = 0
  #titles = 0
  #malformedInARow = 0
  #hasFinished = false
  #hasFinishEvent = false
  #hasAnswer = false

  /** @param redact takes secrets out of everything but the answer itself; see createRedactor */
  constructor(redact: Redactor = (text) => text) {
    this.#redact = redact
  }

  /** The provider that answers has said that its answer is whole. It is not the end of the stream. */
  get hasFinishEvent(): boolean {
    return this.#hasFinishEvent
  }

  /** There is something of an answer from the provider that answers now. */
  get hasAnswer(): boolean {
    return this.#hasAnswer
  }

  read(chunk: Chunk): Part[] {
    if (this.#hasFinished) return []
    if (chunk.kind === 'failed') return this.#finish(chunk.error)
    const parts = chunk.kind === 'event' ? this.#readEvent(chunk.event) : null
    if (parts !== null) {
      this.#malformedInARow = 0
      this.#hasAnswer ||= parts.some(({ type }) => ANSWERS.has(type))
      return parts
    }
    this.#malformedInARow += 1
    const oddity = this.#oddity(null)
    if (this.#malformedInARow <= MAX_MALFORMED_IN_A_ROW) return oddity
    return [...oddity, ...this.#finish({ code: 'protocol', malformedEvents: this.#malformedInARow })]
  }

  #finish(error: AppError): Part[] {
    this.#hasFinished = true
    return [{ type: 'finish', state: 'failed', error }]
  }

  /** Null when a field that the type needs is missing or of the wrong type. */
  #readEvent(event: RawResponse): Part[] | null {
    switch (event.type) {
      case 'content':
        return this.#readContent(event)
      case 'request':
      case 'response':
      case 'headers':
      case 'parameters':
        return []
      case 'log':
        // Lines of a list that all users of a server share: shown to nobody, stored nowhere (S41).
        return []
      case 'reasoning':
        return this.#readReasoning(event)
      case 'provider':
        return this.#readProvider(event.provider)
      case 'preview':
        if (typeof event.preview !== 'string') return null
        return event.preview === '' ? [] : [{ type: 'preview', markdown: event.preview }]
      case 'usage':
        return readUsage(event.usage)
      case 'finish': {
        this.#hasFinishEvent = true
        const reason = isRecord(event.finish) ? event.finish.reason : null
        return typeof reason === 'string' ? [{ type: 'finish-reason', reason: this.#line(reason, MAX_NAME) }] : []
      }
      case 'conversation':
        return this.#readSessions(event.conversation)
      case 'tool_calls':
        return this.#readToolCalls(event.tool_calls)
      case 'suggestions':
        return this.#readSuggestions(event.suggestions)
      case 'title':
        if (typeof event.title !== 'string') return null
        this.#titles += 1
        return this.#titles > MAX_TITLES ? [] : [{ type: 'title', title: this.#line(event.title, MAX_LINE) }]
      case 'synthesize':
        return this.#readSynthesize(event.synthesize)
      case 'variant':
        // Another text for the same question, of which nothing says where it belongs: a note beside the answer.
        return this.#readNotice('variant', event.variant)
      case 'continue':
        // A provider that goes on with its own cut answer says so; the text that follows comes as content.
        return typeof event.continue === 'string' ? this.#progress(event.continue) : null
      case 'message':
        return this.#readNotice(this.#nameOf(event.error) ?? 'message', event.message)
      case 'error': {
        const message = this.#words(event.message, event.error)
        return this.#finish({ code: 'backend', kind: this.#nameOf(event.error) ?? 'error', message })
      }
      case 'auth': {
        const message = this.#words(event.message, event.auth)
        return this.#finish({ code: 'provider-auth', provider: this.#provider, message })
      }
      default:
        return this.#readUnknown(event.type)
    }
  }

  /** A line of at most so many characters, without secrets and harmless. */
  #line(text: string, maxLength: number): string {
    return safeLine(this.#redact, text, maxLength)
  }

  #text(text: string): string {
    return safeText(this.#redact, text, MAX_TEXT)
  }

  #nameOf(value: unknown): string | null {
    const name = typeof value === 'string' ? this.#line(value, MAX_NAME) : ''
    return name === '' ? null : name
  }

  #holdsSecret(text: string): boolean {
    return holdsSecret(this.#redact, text)
  }

  /** Also one that JSON writes in another way. */
  #holdsSecretIn(value: unknown, json: string): boolean {
    return this.#holdsSecret(json) || this.#holdsSecret(stringsIn(value).join('\n'))
  }

  #readUnknown(type: string): Part[] {
    const name = this.#line(type, MAX_NAME)
    if (this.#unknownTypes.has(name)) return this.#oddity(name)
    if (this.#unknownTypes.size >= MAX_UNKNOWN_TYPES) return this.#oddity('other')
    this.#unknownTypes.add(name)
    // However many others came before: a type is told once.
    return [{ type: 'oddity', unknownType: name }]
  }

  #oddity(unknownType: string | null): Part[] {
    this.#oddities += 1
    return this.#oddities > MAX_ODDITIES ? [] : [{ type: 'oddity', unknownType }]
  }

  #delta(type: 'text-delta' | 'reasoning-delta', text: string): Part[] {
    if (text === '') return []
    const room = MAX_ANSWER_CHARACTERS - this.#answerCharacters
    this.#answerCharacters += text.length
    if (text.length <= room) return [{ type, text }]
    const finish = this.#finish({ code: 'too-large', limitBytes: MAX_ANSWER_CHARACTERS })
    return room === 0 ? finish : [{ type, text: text.slice(0, room) }, ...finish]
  }

  #words(...values: unknown[]): string {
    const text = values.find((value) => typeof value === 'string' && value !== '')
    return typeof text === 'string' ? this.#text(text) : ''
  }

  #readProvider(provider: unknown): Part[] | null {
    if (!isRecord(provider)) return null
    const name = this.#nameOf(provider.name)
    if (name === null) return null
    // The automatic choice says so before it has chosen; it is nobody who answers, nor an attempt that failed.
    if (name === AUTOMATIC_PROVIDER) return []
    if (name !== this.#provider) this.#providers += 1
    if (this.#providers > MAX_PROVIDERS) return []
    if (name !== this.#provider) this.#begin(name)
    const url = provider.url
    const isAddress = typeof url === 'string' && url.length <= MAX_ADDRESS && /^https?:\/\/[\x21-\x7e]+$/u.test(url)
    return [
      {
        type: 'provider',
        provider: {
          name,
          label: this.#nameOf(provider.label),
          model: this.#nameOf(provider.model),
          url: isAddress && !this.#holdsSecret(url) ? url : null,
        },
      },
    ]
  }

  /** A new full answer follows (protocol.md section 3): nothing of the one before counts for it. */
  #begin(provider: string): void {
    if (this.#provider !== null) {
      this.#hasAnswer = false
      this.#hasFinishEvent = false
      this.#toolCallIds = []
      this.#namedToolCalls.clear()
    }
    this.#provider = provider
  }

  #readNotice(kind: string, text: unknown): Part[] | null {
    if (typeof text !== 'string') return null
    this.#notices += 1
    return this.#notices > MAX_NOTICES ? [] : [{ type: 'notice', kind, text: this.#text(text) }]
  }

  #readToolCalls(calls: unknown): Part[] | null {
    if (!Array.isArray(calls)) return null
    const parts: Part[] = []
    for (const [position, call] of calls.slice(0, MAX_TOOL_CALLS).entries()) {
      if (!isRecord(call) || !isRecord(call.function)) return null
      const { name, arguments: input } = call.function
      const id = this.#nameOf(call.id)
      const index = this.#indexOf(call.index, id, position)
      if (index >= MAX_TOOL_CALLS) continue
      const given = typeof input === 'string' ? input : isPresent(input) ? JSON.stringify(input) : ''
      this.#argumentCharacters += given.length
      const isTooLong = this.#argumentCharacters > MAX_ARGUMENT_CHARACTERS
      // The fold joins names, as it joins arguments; a server that repeats the name with each delta means one.
      const isNamed = this.#namedToolCalls.has(index)
      if (typeof name === 'string' && name !== '') this.#namedToolCalls.add(index)
      parts.push({
        type: 'tool-call',
        index,
        id,
        name: typeof name === 'string' && !isNamed ? this.#line(name, MAX_NAME) : '',
        arguments: isTooLong ? '' : this.#safeArguments(given),
      })
    }
    return parts
  }

  // JSON of the model's, which stays as it is.
  #safeArguments(given: string): string {
    const redacted = this.#redact(given)
    return this.#holdsSecret(redacted) ? '•••' : redacted
  }

  // Deltas carry the number of their call. Whole calls may come without one, each in an event of its own: the id tells
  // them apart.
  #indexOf(index: unknown, id: string | null, position: number): number {
    if (typeof index === 'number' && Number.isInteger(index) && index >= 0) {
      if (id !== null && index < MAX_TOOL_CALLS) this.#toolCallIds[index] = id
      return index
    }
    if (id === null) return Math.max(position, this.#toolCallIds.length - 1)
    const known = this.#toolCallIds.indexOf(id)
    // What nobody keeps is not remembered either: each id is looked for among all.
    if (known === -1 && this.#toolCallIds.length >= MAX_TOOL_CALLS) return MAX_TOOL_CALLS
    return known === -1 ? this.#toolCallIds.push(id) - 1 : known
  }

  #readContent(event: RawResponse): Part[] | null {
    const { content, urls, data } = event
    // With a result that is no text, `content` is the server's HTML for it, which is never used.
    if (isPresent(urls) || isPresent(data)) return this.#readMedia(event)
    if (typeof content !== 'string') return null
    return this.#delta('text-delta', content)
  }

  #readMedia(event: RawResponse): Part[] | null {
    const given = [event.urls ?? [], event.data ?? []].flat()
    const sources = given
      .filter(isSource)
      .filter((source) => !this.#leaks(source))
      .slice(0, MAX_SOURCES)
    if (sources.length === 0) return null
    const html = typeof event.content === 'string' ? event.content : ''
    const fallback =
      isPresent(event.data) || html.startsWith('<audio') ? 'audio' : html.startsWith('<video') ? 'video' : 'image'
    const alt = typeof event.alt === 'string' ? event.alt : transcriptOf(html)
    const media: Media[] = []
    for (const source of sources) {
      const kind = kindOf(source) ?? fallback
      const same = media.find((each) => each.kind === kind)
      if (same === undefined) media.push({ kind, sources: [source], alt: this.#text(alt) })
      else same.sources.push(source)
    }
    this.#media += media.length
    if (this.#media > MAX_MEDIA) return []
    return media.map((each) => ({ type: 'media', ...each }))
  }

  // An address with a secret in it is not kept; the data itself is an answer, and long.
  #leaks(source: string): boolean {
    return !/^data:/iu.test(source) && this.#holdsSecret(source)
  }

  // `token` is text; `status` is a line about what goes on, the empty one ends the thinking; `is_thinking` is a tag.
  #readReasoning(event: RawResponse): Part[] | null {
    const { token, status, label } = event
    if (typeof token === 'string') return this.#delta('reasoning-delta', token)
    if (typeof status === 'string') {
      if (status === '') return [{ type: 'reasoning-end' }]
      return this.#progress(typeof label === 'string' ? `${label}: ${status}` : status)
    }
    if (typeof label === 'string') return this.#progress(label)
    return typeof event.is_thinking === 'string' ? [] : null
  }

  #progress(text: string): Part[] {
    const line = this.#line(text, MAX_LINE)
    return line === '' ? [] : [{ type: 'status', status: { phase: 'progress', text: line } }]
  }

  // State that repeats a secret is dropped: it would be stored, and sent with every turn, in the clear.
  #readSessions(conversation: unknown): Part[] | null {
    if (!isRecord(conversation)) return null
    const names = Object.keys(conversation)
    const kept = names.slice(0, MAX_SESSIONS).filter((name) => this.#takesSession(name, conversation[name]))
    if (kept.length === 0) return names.length === 0 ? null : []
    return [{ type: 'session', sessions: Object.fromEntries(kept.map((name) => [name, conversation[name]])) }]
  }

  #takesSession(name: string, state: unknown): boolean {
    // The name becomes a key of our own objects (S40).
    if (name === '__proto__' || name.length > MAX_NAME || !isPresent(state)) return false
    const json = JSON.stringify(state)
    if (json.length > MAX_SESSION_CHARACTERS || this.#holdsSecretIn({ [name]: state }, json)) return false
    const others = [...this.#sessions].reduce((sum, [each, length]) => (each === name ? sum : sum + length), 0)
    const isFull = !this.#sessions.has(name) && this.#sessions.size >= MAX_SESSIONS
    if (isFull || others + json.length > MAX_ALL_SESSIONS_CHARACTERS) return false
    this.#sessions.set(name, json.length)
    return true
  }

  #readSuggestions(suggestions: unknown): Part[] | null {
    if (!Array.isArray(suggestions)) return null
    const lines = suggestions
      .filter((suggestion) => typeof suggestion === 'string')
      .slice(0, 2 * MAX_SUGGESTIONS)
      .map((suggestion) => this.#line(suggestion, MAX_TEXT))
      .filter((suggestion) => suggestion !== '')
      .slice(0, MAX_SUGGESTIONS)
    return lines.length === 0 && suggestions.length > 0 ? null : [{ type: 'suggestions', suggestions: lines }]
  }

  #readSynthesize(synthesize: unknown): Part[] | null {
    if (!isRecord(synthesize)) return null
    const provider = this.#nameOf(synthesize.provider)
    const data = synthesize.data ?? null
    const json = JSON.stringify(data)
    if (provider === null || json.length > MAX_SESSION_CHARACTERS || this.#holdsSecretIn(data, json)) return null
    return [{ type: 'synthesize', provider, data }]
  }
}

/** All strings of a JSON value, names too. It is at most as deep as an event may be. */
function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (Array.isArray(value)) return value.flatMap(stringsIn)
  return isRecord(value) ? Object.entries(value).flatMap(([name, each]) => [name, ...stringsIn(each)]) : []
}

// `<audio controls src="…"></audio>` and, behind it, the words that are spoken.
function transcriptOf(html: string): string {
  const end = html.indexOf('</audio>')
  return end === -1 ? '' : html.slice(end + '</audio>'.length).trim()
}

// An address on the web, on the server itself, or the data. Everything else (javascript:, file:) is none.
function isSource(source: unknown): source is string {
  if (typeof source !== 'string' || source === '') return false
  if (/^data:/iu.test(source)) return /^data:(?:image|video|audio)\//iu.test(source)
  return source.length <= MAX_ADDRESS && (/^https?:\/\//iu.test(source) || !/^[^/?#]*:/u.test(source))
}

const EXTENSIONS: Record<Media['kind'], readonly string[]> = {
  image: ['png', 'jpg', 'jpeg', 'gif', 'webp', 'svg', 'bmp', 'avif'],
  video: ['mp4', 'm4v', 'webm', 'mov', 'mkv', 'ogv'],
  audio: ['mp3', 'wav', 'ogg', 'oga', 'opus', 'm4a', 'aac', 'flac', 'weba'],
}
const KINDS = ['image', 'video', 'audio'] as const

function kindOf(source: string): Media['kind'] | undefined {
  const mime = /^data:(image|video|audio)\//iu.exec(source)?.[1]?.toLowerCase()
  if (mime !== undefined) return KINDS.find((kind) => kind === mime)
  const extension = /\.([a-z0-9]+)$/iu.exec(source.replace(/[?#].*$/su, ''))?.[1]?.toLowerCase()
  return extension === undefined ? undefined : KINDS.find((kind) => EXTENSIONS[kind].includes(extension))
}

function readUsage(usage: unknown): Part[] | null {
  if (!isRecord(usage)) return null
  const details = usage.completion_tokens_details
  const counted: Usage = {
    promptTokens: countOf(usage.prompt_tokens),
    completionTokens: countOf(usage.completion_tokens),
    reasoningTokens: countOf(usage.reasoning_tokens) ?? (isRecord(details) ? countOf(details.reasoning_tokens) : null),
    totalTokens: countOf(usage.total_tokens),
  }
  return Object.values(counted).every((count) => count === null) ? [] : [{ type: 'usage', usage: counted }]
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : null
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
