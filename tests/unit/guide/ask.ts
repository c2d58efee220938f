import { join } from 'node:path'
import { emptyAnswer, fold, type AssistantMessage } from '../../../src/shared/conversation'
import type { Locale } from '../../../src/shared/settings'
import { PartReader } from '../../../src/main/backend/parts'
import { ChunkDecoder, type RawResponse } from '../../../src/main/backend/stream'
import type { RequestBody, TransportRequest, TransportResponse } from '../../../src/main/backend/transport'
import { loadPages } from '../../../src/main/guide/pages'
import { createGuideTransport, type GuideClock } from '../../../src/main/guide/transport'

export const PAGES_FOLDER = join(import.meta.dirname, '../../../resources/guide')
export const pages = loadPages(PAGES_FOLDER)

/** Time that passes only while somebody sleeps. */
export function instantClock(): GuideClock & { nowMs: number } {
  return {
    nowMs: 0,
    monotonicMs() {
      return this.nowMs
    },
    sleep(ms, signal) {
      signal.throwIfAborted()
      this.nowMs += ms
      return Promise.resolve()
    },
  }
}

export function guide(locale: Locale = 'en', clock: GuideClock = instantClock()) {
  return createGuideTransport({ pages, locale: () => locale, clock })
}

export function request(
  body: RequestBody | null,
  options: { method?: TransportRequest['method']; path?: string; signal?: AbortSignal } = {},
): TransportRequest {
  return {
    method: options.method ?? 'POST',
    url: `guide://local/backend-api/v2${options.path ?? '/conversation'}`,
    headers: { 'content-type': 'application/json', accept: 'text/event-stream' },
    body,
    signal: options.signal ?? new AbortController().signal,
    connectTimeoutMs: 10_000,
    firstByteTimeoutMs: 300_000,
    idleTimeoutMs: 120_000,
  }
}

export interface Turn {
  role: 'user' | 'assistant'
  content: unknown
}

export function question(messages: string | Turn[], more: Record<string, unknown> = {}): RequestBody {
  const turns = typeof messages === 'string' ? [{ role: 'user', content: messages }] : messages
  return { kind: 'text', text: JSON.stringify({ messages: turns, ...more }) }
}

export async function bytesOf(response: TransportResponse): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of response.body) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** What the parser of a real session makes of the bytes. */
export interface Heard {
  events: RawResponse[]
  message: AssistantMessage
  text: string
  title: string | null
}

export function hear(bytes: Uint8Array): Heard {
  const decoder = new ChunkDecoder()
  const reader = new PartReader()
  const chunks = [...decoder.push(bytes), ...decoder.end()]
  const parts = chunks.flatMap((chunk) => reader.read(chunk))
  const start = emptyAnswer({
    id: 'a',
    parentId: null,
    createdAt: 0,
    generationId: 'g',
    backendId: 'guide',
    provider: null,
    model: null,
  })
  const message = parts.reduce((folded, part, index) => fold(folded, { atMs: index, part }), start)
  return {
    events: chunks.flatMap((chunk) => (chunk.kind === 'event' ? [chunk.event] : [])),
    message,
    text: message.content.map((item) => (item.type === 'text' ? item.text : '')).join(''),
    title: parts.flatMap((part) => (part.type === 'title' ? [part.title] : []))[0] ?? null,
  }
}

// One for all questions of a test file, as in the app: the pages are indexed once.
const shared = { en: guide('en'), ru: guide('ru') }

export async function ask(
  messages: string | Turn[],
  options: { locale?: Locale; more?: Record<string, unknown>; body?: RequestBody } = {},
): Promise<Heard> {
  const body = options.body ?? question(messages, options.more)
  return hear(await bytesOf(await shared[options.locale ?? 'en'].request(request(body))))
}
