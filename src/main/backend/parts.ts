import type { Media, Part, Usage } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { plainLine, plainText } from './server-text'
import type { Chunk, RawResponse } from './stream'

/** More unreadable events than this in a row, and the stream is not what we take it for (R17). */
export const MAX_MALFORMED_IN_A_ROW = 100

/** The name under which servers list the automatic choice. */
export const AUTOMATIC_PROVIDER = 'AnyProvider'

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

/**
 * What the chunks of one answer mean for a person (protocol.md section 3). Keeps what it must remember from event to
 * event: who answers, which tool calls have which number, how many events in a row made no sense. After a part of type
 * `finish` (an `error` or `auth` event, or a stream that cannot be read) every further chunk gives nothing.
 */
export class PartReader {
  readonly #redact: (text: string) => string
  #provider: string | null = null
  #toolCallIds: string[] = []
  #malformedInARow = 0
  #hasFinished = false
  #hasFinishEvent = false

  /** @param redact takes secrets out of what the backend says about itself; see createRedactor */
  constructor(redact: (text: string) => string = (text) => text) {
    this.#redact = redact
  }

  /** The backend has said that the answer is whole. It is not the end of the stream. */
  get hasFinishEvent(): boolean {
    return this.#hasFinishEvent
  }

  read(chunk: Chunk): Part[] {
    if (this.#hasFinished) return []
    if (chunk.kind === 'failed') return this.#finish(chunk.error)
    const parts = chunk.kind === 'event' ? this.#readEvent(chunk.event) : null
    if (parts !== null) {
      this.#malformedInARow = 0
      return parts
    }
    this.#malformedInARow += 1
    const oddity: Part = { type: 'oddity', unknownType: null }
    if (this.#malformedInARow <= MAX_MALFORMED_IN_A_ROW) return [oddity]
    return [oddity, ...this.#finish({ code: 'protocol', malformedEvents: this.#malformedInARow })]
  }

  #finish(error: AppError): Part[] {
    this.#hasFinished = true
    return [{ type: 'finish', state: 'failed', error }]
  }

  /** Null when a field that the type needs is missing or of the wrong type. */
  #readEvent(event: RawResponse): Part[] | null {
    switch (event.type) {
      case 'content':
        return readContent(event)
      case 'request':
      case 'response':
      case 'headers':
      case 'parameters':
        return []
      case 'log':
        // Lines of a list that all users of a server share: shown to nobody, stored nowhere (S41).
        return []
      case 'reasoning':
        return readReasoning(event)
      case 'provider':
        return this.#readProvider(event.provider)
      case 'preview':
        return typeof event.preview === 'string' ? [{ type: 'preview', markdown: event.preview }] : null
      case 'usage':
        return readUsage(event.usage)
      case 'finish': {
        this.#hasFinishEvent = true
        const reason = isRecord(event.finish) ? event.finish.reason : null
        return typeof reason === 'string' ? [{ type: 'finish-reason', reason: plainLine(reason, MAX_NAME) }] : []
      }
      case 'conversation':
        return readSessions(event.conversation)
      case 'tool_calls':
        return this.#readToolCalls(event.tool_calls)
      case 'suggestions':
        return readSuggestions(event.suggestions)
      case 'title':
        return typeof event.title === 'string' ? [{ type: 'title', title: plainLine(event.title, MAX_LINE) }] : null
      case 'synthesize':
        return readSynthesize(event.synthesize)
      case 'continue':
        // A provider that goes on with its own cut answer says so; the text that follows comes as content.
        return typeof event.continue === 'string' ? progress(event.continue) : null
      case 'message': {
        const text = event.message
        if (typeof text !== 'string') return null
        return [
          { type: 'notice', kind: nameOf(event.error) ?? 'message', text: plainText(this.#redact(text), MAX_TEXT) },
        ]
      }
      case 'error': {
        const message = this.#words(event.message, event.error)
        return this.#finish({ code: 'backend', kind: nameOf(event.error) ?? 'error', message })
      }
      case 'auth': {
        const message = this.#words(event.message, event.auth)
        return this.#finish({ code: 'provider-auth', provider: this.#provider, message })
      }
      default:
        // Also `variant`: another text for the same question, of which nothing says where it belongs. Counted, not shown.
        return [{ type: 'oddity', unknownType: plainLine(event.type, MAX_NAME) }]
    }
  }

  #words(...values: unknown[]): string {
    const text = values.find((value) => typeof value === 'string' && value !== '')
    return typeof text === 'string' ? plainText(this.#redact(text), MAX_TEXT) : ''
  }

  #readProvider(provider: unknown): Part[] | null {
    if (!isRecord(provider)) return null
    const name = nameOf(provider.name)
    if (name === null) return null
    // The automatic choice says so before it has chosen; it is nobody who answers, nor an attempt that failed.
    if (name === AUTOMATIC_PROVIDER) return []
    this.#provider = name
    const url = provider.url
    const isAddress = typeof url === 'string' && url.length <= MAX_ADDRESS && /^https?:\/\/[\x21-\x7e]+$/u.test(url)
    return [
      {
        type: 'provider',
        provider: {
          name,
          label: nameOf(provider.label),
          model: nameOf(provider.model),
          url: isAddress ? url : null,
        },
      },
    ]
  }

  #readToolCalls(calls: unknown): Part[] | null {
    if (!Array.isArray(calls)) return null
    const parts: Part[] = []
    for (const [position, call] of calls.slice(0, MAX_TOOL_CALLS).entries()) {
      if (!isRecord(call) || !isRecord(call.function)) return null
      const { name, arguments: input } = call.function
      const id = nameOf(call.id)
      parts.push({
        type: 'tool-call',
        index: this.#indexOf(call.index, id, position),
        id,
        name: typeof name === 'string' ? plainLine(name, MAX_NAME) : '',
        arguments:
          typeof input === 'string' ? input : input === undefined || input === null ? '' : JSON.stringify(input),
      })
    }
    return parts
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
    return known === -1 ? this.#toolCallIds.push(id) - 1 : known
  }
}

function readContent(event: RawResponse): Part[] | null {
  const { content, urls, data } = event
  // With a result that is no text, `content` is the server's HTML for it, which is never used.
  if (isPresent(urls) || isPresent(data)) return readMedia(event)
  if (typeof content !== 'string') return null
  return content === '' ? [] : [{ type: 'text-delta', text: content }]
}

function readMedia(event: RawResponse): Part[] | null {
  const given = [event.urls ?? [], event.data ?? []].flat()
  const sources = given.filter(isSource).slice(0, MAX_SOURCES)
  if (sources.length === 0) return null
  const html = typeof event.content === 'string' ? event.content : ''
  const fallback =
    isPresent(event.data) || html.startsWith('<audio') ? 'audio' : html.startsWith('<video') ? 'video' : 'image'
  const alt = typeof event.alt === 'string' ? event.alt : transcriptOf(html)
  const media: Media[] = []
  for (const source of sources) {
    const kind = kindOf(source) ?? fallback
    const same = media.find((each) => each.kind === kind)
    if (same === undefined) media.push({ kind, sources: [source], alt: plainText(alt, MAX_TEXT) })
    else same.sources.push(source)
  }
  return media.map((each) => ({ type: 'media', ...each }))
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

// `token` is text; `status` is a line about what goes on, the empty one ends the thinking; `is_thinking` is a tag.
function readReasoning(event: RawResponse): Part[] | null {
  const { token, status, label } = event
  if (typeof token === 'string') return token === '' ? [] : [{ type: 'reasoning-delta', text: token }]
  if (typeof status === 'string') {
    if (status === '') return [{ type: 'reasoning-end' }]
    return progress(typeof label === 'string' ? `${label}: ${status}` : status)
  }
  return typeof event.is_thinking === 'string' ? [] : null
}

function progress(text: string): Part[] {
  const line = plainLine(text, MAX_LINE)
  return line === '' ? [] : [{ type: 'status', status: { phase: 'progress', text: line } }]
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

function readSessions(conversation: unknown): Part[] | null {
  if (!isRecord(conversation)) return null
  const sessions = Object.entries(conversation).filter(
    // The name becomes a key of our own objects (S40).
    ([name, state]) => name !== '__proto__' && name.length <= MAX_NAME && isPresent(state) && isShort(state),
  )
  return sessions.length === 0 ? null : [{ type: 'session', sessions: Object.fromEntries(sessions) }]
}

function isShort(state: unknown): boolean {
  return JSON.stringify(state).length <= MAX_SESSION_CHARACTERS
}

function readSuggestions(suggestions: unknown): Part[] | null {
  if (!Array.isArray(suggestions)) return null
  const lines = suggestions
    .filter((suggestion) => typeof suggestion === 'string')
    .map((suggestion) => plainLine(suggestion, MAX_TEXT))
    .filter((suggestion) => suggestion !== '')
    .slice(0, MAX_SUGGESTIONS)
  return lines.length === 0 && suggestions.length > 0 ? null : [{ type: 'suggestions', suggestions: lines }]
}

function readSynthesize(synthesize: unknown): Part[] | null {
  if (!isRecord(synthesize) || !isShort(synthesize.data ?? null)) return null
  const provider = nameOf(synthesize.provider)
  return provider === null ? null : [{ type: 'synthesize', provider, data: synthesize.data ?? null }]
}

function nameOf(value: unknown): string | null {
  const name = typeof value === 'string' ? plainLine(value, MAX_NAME) : ''
  return name === '' ? null : name
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
