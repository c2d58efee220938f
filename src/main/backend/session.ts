import { readFile } from 'node:fs/promises'
import {
  answerText,
  isDocument,
  type AnswerStatus,
  type AttachmentInfo,
  type Message,
  type Part,
} from '../../shared/conversation'
import { AppFailure, failure, type AppError } from '../../shared/errors'
import { fencedFile, MAX_FENCED_BYTES } from '../../shared/fenced-file'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import type { BackendApi, ContentPart, ConversationRequest, WireMessage } from './api'
import type { BucketedFile } from './buckets'
import { StoredFile, type MediaItem } from './media'
import { PartReader } from './parts'
import type { Chunk } from './stream'

export interface SessionDeps {
  api: Pick<BackendApi, 'chunks' | 'redactor'>
  /** Where a stored attachment lies; null when its file is gone, or is not of that many bytes. */
  findAttachment(id: string, bytes: number): Promise<string | Uint8Array | null>
  /** Puts a document into a bucket of the server, unless it lies there; without it there are no buckets. */
  upload?: (
    attachment: AttachmentInfo,
    content: StoredFile,
    signal: AbortSignal,
    onSent: (bytes: number) => void,
  ) => Promise<BucketedFile>
  clock: Pick<Clock, 'monotonicMs'>
  /** From 0 to below 1, for the jitter of retries. */
  random(): number
  /** Waits so long, or until a person wants the next try now; rejects when the signal aborts. */
  pause(ms: number, signal: AbortSignal): Promise<void>
  logger: Logger
}

export interface SessionRequest {
  /** The path, oldest first, up to and including the question, or for a continuation the answer that was cut. */
  messages: readonly Message[]
  provider: string | null
  model: string | null
  /** For the provider. */
  apiKey: string | null
  /** What stands before all messages, as role `system`; empty or missing for nothing. */
  system?: string
  /** Of the backend's profile and the conversation: further fields of the body, for the provider. Parley's own fields win. */
  parameters: Readonly<Record<string, unknown>>
  isContinuation: boolean
  /** Of the branch so far, by provider; see the part `session`. */
  sessions: Record<string, unknown> | null
}

/** After this long without a byte a running answer counts as stalled. */
export const STALL_MS = 10_000
const STALL_CHECK_MS = 1000

/** R12: full jitter, so that many clients of a server that comes back do not come back at once. */
const RETRY_WITHIN_MS = [500, 1000] as const

/** R14: a person who has to wait longer decides alone whether to ask again. */
const MAX_LIMIT_WAIT_SECONDS = 60

type Finish = Extract<Part, { type: 'finish' }>

/**
 * Asks a backend and gives what comes back as parts. Nothing that may have been processed is ever sent twice. Sent again
 * is only what the server cannot have seen (R12, at most twice), and what it has refused before doing anything with it: a
 * 429 or 503 that says when to come back (R14, once, after a wait of up to a minute). Whatever happens, the last part is a
 * `finish` and there is exactly one (R15):
 *
 * - `complete`: the body ended cleanly and the backend had said that the answer is whole
 * - `complete-unconfirmed`: it ended cleanly without that
 * - `stopped`: the signal was aborted
 * - `interrupted`: the body broke off, or nothing came for too long
 * - `failed`: anything else, also a clean end without an answer
 *
 * Leaving the loop early closes the connection. `sinceMs` of a stall is counted from the call of this function.
 */
export async function* openSession(
  deps: SessionDeps,
  request: SessionRequest,
  signal: AbortSignal,
): AsyncGenerator<Part, void, undefined> {
  let finish: Finish
  try {
    finish = yield* ask(deps, request, signal)
  } catch (thrown) {
    finish = { type: 'finish', state: 'failed', error: errorOf(thrown, signal, deps.logger) }
  }
  // Whatever else happened in the same moment: a person who stops an answer finds it stopped.
  yield signal.aborted ? { type: 'finish', state: 'stopped', error: null } : finish
}

async function* ask(
  deps: SessionDeps,
  request: SessionRequest,
  signal: AbortSignal,
): AsyncGenerator<Part, Finish, undefined> {
  const startMs = deps.clock.monotonicMs()
  signal.throwIfAborted()
  yield { type: 'status', status: { phase: 'connecting' } }
  /** What stands for each document that is sent, by id. */
  const documents = new Map<string, ContentPart[]>()
  let wire: ConversationRequest | null = null
  const before: Retries = { unseen: 0, limit: 0 }
  for (;;) {
    try {
      if (wire === null) {
        yield* uploadDocuments(request, deps, signal, documents)
        wire = await toWire(request, deps, documents)
      }
      return yield* readAnswer(deps, wire, signal, startMs)
    } catch (thrown) {
      if (signal.aborted || !(thrown instanceof AppFailure)) throw thrown
      const status = waitBefore(thrown.error, before, deps)
      if (status === null) throw thrown
      before[status.cause === 'limit' ? 'limit' : 'unseen'] += 1
      deps.logger.info('request is sent again', { inMs: status.inMs, code: thrown.error.code })
      yield { type: 'status', status }
      await deps.pause(status.inMs, signal)
      yield { type: 'status', status: { phase: 'connecting' } }
    }
  }
}

/** How often the question was sent again, by why. */
interface Retries {
  unseen: number
  limit: number
}

type Retrying = Extract<AnswerStatus, { phase: 'retrying' }>

/** The wait before the question is sent again; null when it is not. */
function waitBefore(error: AppError, before: Retries, deps: SessionDeps): Retrying | null {
  if (error.code === 'http') {
    const { retryAfterSeconds } = error
    if (retryAfterSeconds === undefined || retryAfterSeconds > MAX_LIMIT_WAIT_SECONDS || before.limit > 0) return null
    return { phase: 'retrying', attempt: 1, ofAttempts: 1, inMs: retryAfterSeconds * 1000, cause: 'limit' }
  }
  const withinMs = RETRY_WITHIN_MS[before.unseen]
  if (withinMs === undefined || !isUnseen(error)) return null
  const inMs = Math.round(deps.random() * withinMs)
  return { phase: 'retrying', attempt: before.unseen + 1, ofAttempts: RETRY_WITHIN_MS.length, inMs }
}

/** The server cannot have seen the request, and another try can end differently. See Transport. */
function isUnseen(error: AppError): boolean {
  if (error.code === 'timeout') return error.phase === 'connect'
  // A certificate that was shown stays what it is; a handshake that broke off need not.
  if (error.code === 'certificate') return error.reason === 'other' && error.shown === undefined
  // A login stays wrong; else the proxy did not answer, or did not reach the server.
  if (error.code === 'proxy') return error.reason !== 'login' && error.mayHavePassed !== true
  return error.code === 'unreachable'
}

async function* readAnswer(
  deps: SessionDeps,
  wire: ConversationRequest,
  signal: AbortSignal,
  startMs: number,
): AsyncGenerator<Part, Finish, undefined> {
  const reader = new PartReader(deps.api.redactor(wire.apiKey))
  const now = (): number => deps.clock.monotonicMs() - startMs
  let hasBegun = false
  /** What goes on, apart from stalls. */
  let status: AnswerStatus = { phase: 'waiting' }
  let lastByteMs = 0
  let isStalled = false

  const steps = new Steps(
    (signal, onConnected) => deps.api.chunks({ ...wire, signal, onConnected }, { isJoined: true }),
    signal,
  )
  const stallCheck = setInterval(() => {
    if (hasBegun && !isStalled && now() - lastByteMs >= STALL_MS) steps.wake('stalled')
  }, STALL_CHECK_MS)
  try {
    for (;;) {
      const step = await steps.next()
      if (step === 'connected') {
        if (!hasBegun) yield { type: 'status', status }
        continue
      }
      if (step === 'stalled') {
        isStalled = true
        yield { type: 'status', status: { phase: 'stalled', sinceMs: lastByteMs } }
        continue
      }
      if (step.done === true) break
      hasBegun = true
      lastByteMs = now()
      if (isStalled) {
        isStalled = false
        yield { type: 'status', status }
      }
      for (const part of joinDeltas(step.value.flatMap((chunk) => reader.read(chunk)))) {
        // Only `log` can come after it (protocol.md section 3), so the rest is not waited for.
        if (part.type === 'finish') return part
        status = statusAfter(part) ?? status
        yield part
      }
    }
    if (!reader.hasAnswer) return { type: 'finish', state: 'failed', error: { code: 'empty-answer' } }
    return { type: 'finish', state: reader.hasFinishEvent ? 'complete' : 'complete-unconfirmed', error: null }
  } catch (thrown) {
    if (hasBegun && isCut(thrown)) return { type: 'finish', state: 'interrupted', error: thrown.error }
    throw thrown
  } finally {
    clearInterval(stallCheck)
    await steps.close()
  }
}

// A fast server sends hundreds of words in one piece of bytes: one part for them is as good, and far cheaper to hand on.
function joinDeltas(parts: Part[]): Part[] {
  const joined: Part[] = []
  for (const part of parts) {
    const last = joined.at(-1)
    if (part.type === 'text-delta' && last?.type === 'text-delta') last.text += part.text
    else if (part.type === 'reasoning-delta' && last?.type === 'reasoning-delta') last.text += part.text
    else joined.push(part)
  }
  return joined
}

// As fold() has it.
function statusAfter(part: Part): AnswerStatus | null {
  if (part.type === 'status') return part.status
  if (part.type === 'text-delta' || part.type === 'media') return { phase: 'writing' }
  return part.type === 'reasoning-delta' ? { phase: 'thinking' } : null
}

function isCut(thrown: unknown): thrown is AppFailure {
  if (!(thrown instanceof AppFailure)) return false
  return thrown.error.code === 'connection-lost' || thrown.error.code === 'timeout'
}

function errorOf(thrown: unknown, signal: AbortSignal, logger: Logger): AppError {
  if (thrown instanceof AppFailure) return thrown.error
  if (!signal.aborted) {
    logger.error('session failed', { name: thrown instanceof Error ? thrown.name : typeof thrown })
  }
  return { code: 'internal' }
}

type Wake = 'connected' | 'stalled'

/** The arrays of chunks, and between them what else wants to be said, one at a time. */
class Steps {
  readonly #chunks: AsyncGenerator<Chunk[], void, undefined>
  readonly #end = new AbortController()
  #pending: Promise<IteratorResult<Chunk[], void>> | null = null
  readonly #wakes: Wake[] = []
  #onWake: (() => void) | null = null

  constructor(
    open: (signal: AbortSignal, onConnected: () => void) => AsyncGenerator<Chunk[], void, undefined>,
    signal: AbortSignal,
  ) {
    this.#chunks = open(AbortSignal.any([signal, this.#end.signal]), () => {
      this.wake('connected')
    })
  }

  wake(reason: Wake): void {
    this.#wakes.push(reason)
    this.#onWake?.()
  }

  async next(): Promise<Wake | IteratorResult<Chunk[], void>> {
    const pending = (this.#pending ??= this.#chunks.next())
    // A promise of its own for each wait: racing against one that lives as long as the answer would keep every loser.
    await new Promise<void>((resolve, reject) => {
      this.#onWake = resolve
      if (this.#wakes.length > 0) resolve()
      pending.then(() => {
        resolve()
      }, reject)
    })
    this.#onWake = null
    const wake = this.#wakes.shift()
    if (wake !== undefined) return wake
    this.#pending = null
    return pending
  }

  async close(): Promise<void> {
    // Without it the generator would end only with the next bytes.
    this.#end.abort()
    await this.#chunks.return()
  }
}

// ---- documents ----

/** A status that changes more often is not read. */
const PROGRESS_MS = 100

/**
 * Puts the documents of the path into buckets of the server. One of an earlier question that the server does not take
 * stands in the text if it is short, and is left out else: it must not end a conversation (R41).
 *
 * @param documents filled with what stands for each of them
 * @throws AppFailure `not-found` or `upload` for one of the question itself
 */
async function* uploadDocuments(
  { messages }: SessionRequest,
  deps: SessionDeps,
  signal: AbortSignal,
  documents: Map<string, ContentPart[]>,
): AsyncGenerator<Part, void, undefined> {
  const connecting: Part = { type: 'status', status: { phase: 'connecting' } }
  for (const message of messages) {
    if (message.role !== 'user') continue
    for (const attachment of message.attachments.filter(isDocument)) {
      if (documents.has(attachment.id)) continue
      const isAsked = message === messages.at(-1)
      const place = await deps.findAttachment(attachment.id, attachment.bytes)
      if (place === null) {
        if (isAsked) throw failure({ code: 'not-found', what: 'attachment' })
        deps.logger.warn('an earlier attachment is gone and was not sent')
        continue
      }
      try {
        const file = yield* uploadOne(deps, attachment, storedFile(place, attachment), signal)
        // The model is to know it by the name that the person uses.
        const isRenamed = file.name !== attachment.name && file.name !== `${attachment.name}.txt`
        const name: ContentPart[] = isRenamed ? [{ type: 'text', text: attachment.name }] : []
        documents.set(attachment.id, [...name, { bucket_id: file.bucketId }])
      } catch (thrown) {
        // A failed answer is not one that is still uploading.
        yield connecting
        if (isAsked || !(thrown instanceof AppFailure) || thrown.error.code !== 'upload') throw thrown
        if (attachment.mime === 'text/plain' && attachment.bytes <= MAX_FENCED_BYTES) {
          const text = typeof place === 'string' ? await readFile(place, 'utf8') : Buffer.from(place).toString('utf8')
          documents.set(attachment.id, [{ type: 'text', text: fencedFile(attachment.name, text) }])
        } else {
          documents.set(attachment.id, [])
          deps.logger.warn('the server takes no files, and an earlier one was not sent')
        }
      }
    }
  }
  if (documents.size > 0) yield connecting
}

/** One document; how far it is, as it changes. */
async function* uploadOne(
  { upload }: SessionDeps,
  attachment: AttachmentInfo,
  content: StoredFile,
  signal: AbortSignal,
): AsyncGenerator<Part, BucketedFile, undefined> {
  const { name, bytes: totalBytes } = attachment
  if (upload === undefined) throw failure({ code: 'upload', reason: 'unsupported', name, message: null })
  const now = { sentBytes: 0, isOver: false }
  const work = upload(attachment, content, signal, (bytes) => {
    now.sentBytes = Math.min(bytes, totalBytes)
  })
  const end = (): void => {
    now.isOver = true
  }
  const over = work.then(end, end)
  let toldBytes = -1
  for (;;) {
    let timer: NodeJS.Timeout | undefined
    const pause = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, PROGRESS_MS)
    })
    await Promise.race([over, pause])
    clearTimeout(timer)
    if (now.sentBytes !== toldBytes && !signal.aborted) {
      toldBytes = now.sentBytes
      yield { type: 'status', status: { phase: 'uploading', name, sentBytes: toldBytes, totalBytes } }
    }
    if (now.isOver) break
  }
  return work
}

// ---- the request ----

async function toWire(
  request: SessionRequest,
  deps: SessionDeps,
  documents: ReadonlyMap<string, ContentPart[]>,
): Promise<ConversationRequest> {
  const { provider, model, apiKey } = request
  const messages: WireMessage[] = []
  if (request.system !== undefined && request.system.trim() !== '') {
    messages.push({ role: 'system', content: request.system })
  }
  const media: MediaItem[] = []
  const lastIndex = request.messages.length - 1
  for (const [index, message] of request.messages.entries()) {
    if (message.role === 'assistant') addAnswer(messages, answerText(message))
    else if (index === lastIndex) {
      const files: [AttachmentInfo, StoredFile][] = []
      for (const attachment of message.attachments) {
        if (!isDocument(attachment)) files.push([attachment, await requireFile(attachment, deps)])
      }
      const read = message.attachments.flatMap(({ id }) => documents.get(id) ?? [])
      if (read.length > 0 || files.some(([{ mime }]) => isSound(mime))) {
        // `media` is ignored beside a list, and cuts sounds to nothing: then everything is a part of the list.
        messages.push({ role: 'user', content: contentOf(message.text, [...files.map(partOf), ...read]) })
      } else {
        messages.push({ role: 'user', content: message.text })
        for (const [{ name }, file] of files) media.push([file, name])
      }
    } else {
      messages.push({ role: 'user', content: await earlierContent(message.text, message.attachments, deps, documents) })
    }
  }
  const isContinuation = request.isContinuation && messages.at(-1)?.role === 'assistant'
  const conversation = sessionFor(provider, request.sessions)
  return {
    parameters: Object.fromEntries(Object.entries(request.parameters).filter(([name]) => !OWN_FIELDS.has(name))),
    messages,
    provider,
    model,
    apiKey,
    media,
    ...(conversation === undefined ? {} : { conversation }),
    // Without a text to go on with the server would fail; then it is the question once more.
    ...(isContinuation ? { action: 'continue' } : {}),
  }
}

/** What a parameter must not say even where Parley says nothing: no provider is the automatic choice. */
const OWN_FIELDS = new Set(['messages', 'provider', 'model', 'media', 'api_key', 'conversation', 'action'])

// Of several answers in a row the server sends only the first upstream, so an interrupted one and its continuation are
// one. An answer without text says nothing to a model (protocol.md section 1).
function addAnswer(messages: WireMessage[], text: string): void {
  const last = messages.at(-1)
  if (text === '') return
  if (last?.role === 'assistant' && typeof last.content === 'string') last.content += text
  else messages.push({ role: 'assistant', content: text })
}

// `media` belongs to the last message only, and is ignored for one whose content is a list. Images of earlier questions
// therefore stand in their own message as parts. One that is gone or damaged is left out: a lost file must not end a
// conversation (R41).
async function earlierContent(
  text: string,
  attachments: readonly AttachmentInfo[],
  deps: SessionDeps,
  documents: ReadonlyMap<string, ContentPart[]>,
): Promise<string | ContentPart[]> {
  const parts: ContentPart[] = []
  for (const attachment of attachments) {
    if (isDocument(attachment)) {
      parts.push(...(documents.get(attachment.id) ?? []))
      continue
    }
    const place = await deps.findAttachment(attachment.id, attachment.bytes)
    if (place === null) deps.logger.warn('an earlier attachment is gone and was not sent')
    else parts.push(partOf([attachment, storedFile(place, attachment)]))
  }
  return contentOf(text, parts)
}

function contentOf(text: string, parts: ContentPart[]): string | ContentPart[] {
  if (parts.length === 0) return text
  return text === '' ? parts : [...parts, { type: 'text', text }]
}

function partOf([{ mime }, file]: [AttachmentInfo, StoredFile]): ContentPart {
  return isSound(mime)
    ? { type: 'input_audio', input_audio: { data: file, format: mime === 'audio/wav' ? 'wav' : 'mp3' } }
    : { type: 'image_url', image_url: { url: file } }
}

function isSound(mime: AttachmentInfo['mime']): boolean {
  return mime.startsWith('audio/')
}

function storedFile(place: string | Uint8Array, { mime, bytes }: AttachmentInfo): StoredFile {
  return new StoredFile(place, mime, bytes, isSound(mime))
}

async function requireFile(attachment: AttachmentInfo, deps: SessionDeps): Promise<StoredFile> {
  const place = await deps.findAttachment(attachment.id, attachment.bytes)
  if (place === null) throw failure({ code: 'not-found', what: 'attachment' })
  return storedFile(place, attachment)
}

// A named provider gets its own state, the automatic choice the whole map (protocol.md section 5).
function sessionFor(provider: string | null, sessions: Record<string, unknown> | null): unknown {
  if (sessions === null) return undefined
  if (provider === null || provider === '') return Object.keys(sessions).length === 0 ? undefined : sessions
  return Object.hasOwn(sessions, provider) ? sessions[provider] : undefined
}
