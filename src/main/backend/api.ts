import { randomUUID } from 'node:crypto'
import { AppFailure, failure, type AppError } from '../../shared/errors'
import { silentLogger, type Logger } from '../logger'
import {
  download,
  findSource,
  isFilePath,
  isFilePlace,
  type Download,
  type DownloadOptions,
  type FindAddresses,
} from './download'
import { requireHeaders } from './headers'
import { createHttpTransport, type FindProxy, type TlsOptions } from './http'
import { readModelLists, readModels, readProviders, readVersion } from './lists'
import type { ListedModel, ListedProvider, ServerVersion } from './lists'
import { StoredFile, type MediaItem } from './media'
import { readRetryAfter } from './retry-after'
import { createRedactor, safeLine, safeText, type Redactor } from './server-text'
import { ChunkDecoder, type Chunk, type RawResponse } from './stream'
import type { BodyPiece, RequestBody, Transport, TransportRequest, TransportResponse } from './transport'

export interface BackendApiOptions {
  /** Base address without `/backend-api`, such as `http://localhost:1337`; see parseAddress for what people type. */
  url: string
  /** Sent with every request, also to a key-protected server (`authorization`). Checked by the rules of headers.ts. */
  headers?: Record<string, string>
  /**
   * Taken out of everything the server says but the answer itself. By default the values of all headers, as far as they
   * are long enough not to be ordinary words.
   */
  secrets?: readonly string[]
  tls?: TlsOptions
  proxy?: string | FindProxy
  logger?: Logger
  /** Instead of sockets. `tls` and `proxy` are then the transport's own business and must not be given. */
  transport?: Transport
  /**
   * For files of other hosts (see `download`): must not know this backend's certificates. By default sockets, through
   * `proxy`.
   */
  elsewhere?: Transport
  /** Instead of the system's look-up, for files of other hosts. */
  findAddresses?: FindAddresses
  /** Hosts that are asked for no file; see DownloadWay. */
  isBlocked?: (host: string) => boolean
  timeouts?: Partial<Timeouts>
  /** Milliseconds since the epoch; `Retry-After` may name a date. */
  now?: () => number
}

/** R10. There is none for a whole answer. */
export interface Timeouts {
  connectMs: number
  firstByteMs: number
  idleMs: number
}

const DEFAULT_TIMEOUTS: Timeouts = { connectMs: 10_000, firstByteMs: 300_000, idleMs: 120_000 }

/**
 * For how long the server may work on one answer. Without it `g4f gui` ends every stream after 120 s; our own limits for
 * silence end a dead one long before an hour (protocol.md section 1).
 */
const DEFAULT_SERVER_TIMEOUT_SECONDS = 3600

/** Shorter values of headers are names of programs and the like. */
const MIN_HEADER_SECRET = 8

/** Ten thousand providers fill 4 MiB; more would hold the process up while it is parsed. */
const MAX_LIST_BYTES = 8 * 1024 * 1024
/** Of what is no answer, only as much is read, and for only as long, as is needed to say what it is (R21). */
const MAX_ERROR_BYTES = 64 * 1024
const MAX_ERROR_WAIT_MS = 1000
const MAX_SNIPPET = 200
const MAX_MESSAGE = 500

export interface WireMessage {
  role: string
  content: string | ContentPart[]
}

export type ContentPart =
  | { type: 'text'; text: string }
  | { type: 'image_url'; image_url: { url: string | StoredFile } }
  | { type: 'input_audio'; input_audio: { data: string | StoredFile; format: 'wav' | 'mp3' } }
  /** All text of a bucket; the server puts it in this place. */
  | { bucket_id: string }

export interface ConversationRequest {
  messages: WireMessage[]
  /** Null or missing: the server's choice. */
  provider?: string | null
  model?: string | null
  /** Data URIs (see toDataUri), web addresses or stored files; the server attaches them to the last message. */
  media?: readonly MediaItem[]
  /** For the provider, not for the server itself. */
  apiKey?: string | null
  /** Of an OpenAI-compatible server; only the provider `Custom` takes it. */
  baseUrl?: string | null
  signal?: AbortSignal
  onConnected?: () => void
  /** The same as further fields, for names that may be anything: what is named above or beside goes before them. */
  parameters?: Readonly<Record<string, unknown>>
  /** Everything else goes to the server, and through it to the provider, as it is. */
  [extra: string]: unknown
}

/**
 * One server that speaks the Backend API (protocol.md). Runs under plain Node.
 *
 * All methods throw an AppFailure whose `error` says what went wrong, and the signal's reason after an abort.
 */
export class BackendApi {
  readonly #base: string
  readonly #headers: Record<string, string>
  readonly #secrets: readonly string[]
  readonly #transport: Transport
  readonly #elsewhere: Transport
  readonly #findAddresses: FindAddresses | undefined
  readonly #isBlocked: ((host: string) => boolean) | undefined
  readonly #timeouts: Timeouts
  readonly #logger: Logger
  readonly #now: () => number

  /** @throws AppFailure `bad-address`, `bad-header` */
  constructor(options: BackendApiOptions) {
    const isFree = options.transport === undefined || (options.tls === undefined && options.proxy === undefined)
    if (!isFree) throw new TypeError('tls and proxy belong to the transport')
    this.#base = requireBase(options.url, options.transport !== undefined)
    this.#headers = requireHeaders(options.headers ?? {})
    this.#secrets = options.secrets ?? Object.values(this.#headers).filter(({ length }) => length >= MIN_HEADER_SECRET)
    this.#transport =
      options.transport ??
      createHttpTransport({
        ...(options.tls === undefined ? {} : { tls: options.tls }),
        ...(options.proxy === undefined ? {} : { proxy: options.proxy }),
      })
    this.#elsewhere =
      options.elsewhere ?? createHttpTransport(options.proxy === undefined ? {} : { proxy: options.proxy })
    this.#findAddresses = options.findAddresses
    this.#isBlocked = options.isBlocked
    this.#timeouts = { ...DEFAULT_TIMEOUTS, ...options.timeouts }
    this.#logger = options.logger ?? silentLogger
    this.#now = options.now ?? Date.now
  }

  /**
   * Asks, and gives every event as it arrives: the JSON object itself, of whatever type. The types `request`, `response`,
   * `headers` and `parameters` are not read (`{ type, skippedBytes }`), and what is no event is left out. A server's
   * `error` and `auth` are events like others. Ends with the body; leaving the loop closes the connection, which is how a
   * server is told to stop.
   */
  async *conversation(request: ConversationRequest): AsyncGenerator<RawResponse, void, undefined> {
    let malformed = 0
    for await (const chunks of this.chunks(request)) {
      for (const chunk of chunks) {
        if (chunk.kind === 'failed') throw failure(chunk.error)
        if (chunk.kind === 'event') yield chunk.event
        else malformed += 1
      }
    }
    if (malformed > 0) this.#logger.warn('events could not be read', { count: malformed })
  }

  /**
   * The same with what could not be read, and in pieces: one array for each piece of bytes, empty when it held no whole
   * event, so that every sign of life is seen. After the first array the server has answered with a stream. A body that ends
   * in the middle of an event was cut, and throws `connection-lost` at its end.
   *
   * @param options.isJoined see ChunkDecoder
   */
  async *chunks(
    request: ConversationRequest,
    options: { isJoined?: boolean } = {},
  ): AsyncGenerator<Chunk[], void, undefined> {
    const { provider, model, messages, media, apiKey, baseUrl, signal, onConnected, parameters, ...extra } = request
    const redact = this.redactor(apiKey)
    const response = await this.#send({
      method: 'POST',
      path: '/conversation',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: encodeBody({
        ...parameters,
        ...extra,
        timeout: timeoutOf(extra.timeout) ?? timeoutOf(parameters?.timeout) ?? DEFAULT_SERVER_TIMEOUT_SECONDS,
        // An empty name is a 404; leaving it out is the automatic choice.
        ...(isGiven(provider) ? { provider } : {}),
        ...(isGiven(model) ? { model } : {}),
        messages,
        ...(media !== undefined && media.length > 0 ? { media } : {}),
        ...(isGiven(apiKey) ? { api_key: apiKey } : {}),
        // The second name is the one before 6.8.0.
        ...(isGiven(baseUrl) ? { base_url: baseUrl, api_base: baseUrl } : {}),
      }),
      ...(signal === undefined ? {} : { signal }),
      ...(onConnected === undefined ? {} : { onConnected }),
    })
    if (!isStream(response)) throw failure(await this.#readRefusal(response, redact))

    const decoder = new ChunkDecoder(options)
    let isEmpty = true
    for await (const bytes of response.body) {
      isEmpty &&= bytes.length === 0
      const chunks = decoder.push(bytes)
      yield chunks
      // What follows a line that is too long is not waited for.
      if (chunks.at(-1)?.kind === 'failed') return
    }
    if (isEmpty) throw failure({ code: 'empty-answer' })
    yield decoder.end()
    if (decoder.isTorn) throw failure({ code: 'connection-lost' })
  }

  /** The server's version, from its memory: the health check. */
  async version(options: CallOptions = {}): Promise<ServerVersion> {
    return this.#get('/version?cache=true', options, readVersion)
  }

  /** At most 10,000; entries that make no sense are left out. */
  async providers(options: CallOptions = {}): Promise<ListedProvider[]> {
    return this.#get('/providers', options, readProviders)
  }

  /**
   * The models of one provider. An unknown provider has none.
   *
   * @param options.apiKey the provider's own key, without which some providers answer 401
   */
  async models(provider: string, options: CallOptions & { apiKey?: string | null } = {}): Promise<ListedModel[]> {
    const { apiKey, ...rest } = options
    const headers = isGiven(apiKey) ? requireHeaders({ 'x-api-key': apiKey }) : {}
    return this.#get(`/models/${encodeURIComponent(provider)}`, { ...rest, headers }, readModels)
  }

  /** Ids of models by provider. The first call after a server's start takes long: it asks every provider. */
  async modelLists(options: CallOptions = {}): Promise<Map<string, string[]>> {
    return this.#get('/models', options, readModelLists)
  }

  /**
   * Whether a source of media is a file of this server: relative, or at its very origin. An address of the API is none:
   * a provider that names one must not have it called, with our key, because nobody looked.
   */
  owns(source: string): boolean {
    const found = findSource(source, this.#origin)
    return found?.isOwn === true && isFilePath(found.url)
  }

  /**
   * Fetches a result that an answer names (`urls`, `data`), relative ones from this server's origin and with its
   * headers. Other hosts are asked only when `isAskedFor` says that a person wants it, without anything of this
   * backend; see download.ts. The content is the reader's to check: what the server says of it is not believed.
   *
   * @throws AppFailure `media` only; also the body does
   */
  async download(source: string, options: DownloadOptions): Promise<Download> {
    return download(
      {
        origin: this.#origin,
        headers: this.#headers,
        transport: this.#transport,
        elsewhere: this.#elsewhere,
        connectTimeoutMs: this.#timeouts.connectMs,
        ...(this.#findAddresses === undefined ? {} : { findAddresses: this.#findAddresses }),
        ...(this.#isBlocked === undefined ? {} : { isBlocked: this.#isBlocked }),
      },
      source,
      options,
    )
  }

  /**
   * Fetches a picture that the text of an answer shows, because a person asked for it. Whoever writes an answer can name
   * any address: of this server it is only that of a file, and unless a person named it (`isAutomatic`) only one that lies
   * where servers keep files; any other is `unasked`.
   *
   * @throws as `download`
   */
  async picture(source: string, options: Omit<DownloadOptions, 'isAskedFor'>): Promise<Download> {
    const found = findSource(source, this.#origin)
    if (found?.isOwn === true && !isFilePath(found.url)) {
      throw failure({ code: 'media', reason: 'refused', host: found.url.host, limitBytes: null })
    }
    if (options.isAutomatic === true && found?.isOwn === true && !isFilePlace(found.url)) {
      throw failure({ code: 'media', reason: 'unasked', host: found.url.host, limitBytes: null })
    }
    return this.download(source, { ...options, isAskedFor: true })
  }

  /**
   * A text spoken by a provider (protocol.md section 6).
   *
   * @param query what the answer's `synthesize` said; `text` is the text
   * @throws as `download`
   */
  async speech(
    provider: string,
    query: Record<string, string>,
    options: Omit<DownloadOptions, 'isAskedFor'>,
  ): Promise<Download> {
    const path = `${encodeURIComponent(provider)}?${new URLSearchParams(query).toString()}`
    return this.download(`${this.#base}/backend-api/v2/synthesize/${path}`, {
      ...options,
      firstByteTimeoutMs: options.firstByteTimeoutMs ?? this.#timeouts.firstByteMs,
    })
  }

  /**
   * Puts a file into a bucket of the server, which is made if it is not there (protocol.md section 6).
   *
   * @param name says what kind it is: servers look at its ending. ASCII without quotes only
   * @returns whether the server has taken it: of files whose kind it does not know it says nothing
   */
  async upload(
    bucket: string,
    file: StoredFile,
    name: string,
    options: CallOptions & { onSent?: (bytes: number) => void } = {},
  ): Promise<boolean> {
    const boundary = `----parley${randomUUID().replaceAll('-', '')}`
    const disposition = `form-data; name="files"; filename="${name}"`
    const response = await this.#send({
      method: 'POST',
      path: `/files/${encodeURIComponent(bucket)}`,
      headers: { accept: 'application/json', 'content-type': `multipart/form-data; boundary=${boundary}` },
      body: {
        kind: 'pieces',
        pieces: [
          {
            kind: 'text',
            text: `--${boundary}\r\nContent-Disposition: ${disposition}\r\nContent-Type: ${file.mime}\r\n\r\n`,
          },
          { ...pieceOf(file), isRaw: true },
          { kind: 'text', text: `\r\n--${boundary}--\r\n` },
        ],
      },
      ...options,
    })
    const redact = this.redactor()
    if (response.status !== 200 || encodingOf(response) !== '') throw failure(await this.#readRefusal(response, redact))
    const { text } = await readText(response.body, MAX_ERROR_BYTES)
    const value = parseJson(text)
    if (typeof value !== 'object' || value === null || !('files' in value)) {
      throw failure(refusalOf(response, text, redact, this.#now()))
    }
    return Array.isArray(value.files) && value.files.length > 0
  }

  /**
   * Has the server read what lies in a bucket: before that no question can name it. Gives the bytes of text that it has
   * read so far, as often as it says so.
   *
   * @throws AppFailure also `backend` with what the server says of a file that it cannot read
   */
  async *readBucket(bucket: string, options: CallOptions = {}): AsyncGenerator<number, void, undefined> {
    const redact = this.redactor()
    const call = { method: 'GET', headers: { accept: 'text/event-stream' }, body: null, ...options } as const
    const path = `/files/${encodeURIComponent(bucket)}`
    let response = await this.#send({ ...call, path: `${path}/stream` })
    if (response.status === 404) {
      // Servers before that route tell the two apart by what is accepted.
      await readText(response.body, MAX_ERROR_BYTES, MAX_ERROR_WAIT_MS)
      response = await this.#send({ ...call, path })
    }
    if (response.status !== 200) throw failure(await this.#readRefusal(response, redact))
    const decoder = new TextDecoder()
    let rest = ''
    for await (const bytes of response.body) {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n')
      rest = (lines.pop() ?? '').slice(0, MAX_ERROR_BYTES)
      for (const line of lines) {
        const value = line.startsWith('data:') ? parseJson(line.slice(5)) : null
        if (typeof value !== 'object' || value === null) continue
        const message = 'error' in value ? messageOf(line.slice(5)) : null
        if (message !== null)
          throw failure({ code: 'backend', kind: 'upload', message: safeText(redact, message, MAX_MESSAGE) })
        if ('size' in value && typeof value.size === 'number') yield value.size
      }
    }
  }

  /** Whether the server still has a bucket. */
  async hasBucket(bucket: string, options: CallOptions = {}): Promise<boolean> {
    const response = await this.#send({
      method: 'GET',
      path: `/files/${encodeURIComponent(bucket)}`,
      headers: { accept: 'text/plain' },
      body: null,
      ...options,
    })
    // Its text is not wanted.
    await readText(response.body, 1, MAX_ERROR_WAIT_MS)
    return response.status === 200
  }

  get #origin(): string {
    return new URL(this.#base).origin
  }

  /** Takes this server's secret headers and a provider's key out of a text; see createRedactor. */
  redactor(apiKey?: string | null): Redactor {
    return createRedactor([apiKey, ...this.#secrets])
  }

  /** @param read gives null for JSON of the wrong shape: whatever answers there is no Backend API */
  async #get<T>(
    path: string,
    options: CallOptions & { headers?: Record<string, string> },
    read: (value: unknown) => T | null | Promise<T | null>,
  ): Promise<T> {
    const { signal, headers } = options
    const response = await this.#send({
      method: 'GET',
      path,
      headers: { ...headers, accept: 'application/json' },
      body: null,
      ...(signal === undefined ? {} : { signal }),
    })
    const redact = this.redactor(headers?.['x-api-key'])
    if (response.status !== 200 || encodingOf(response) !== '') throw failure(await this.#readRefusal(response, redact))
    const { text, isWhole } = await readText(response.body, MAX_LIST_BYTES)
    if (!isWhole) throw failure({ code: 'too-large', limitBytes: MAX_LIST_BYTES })
    const value = await read(parseJson(text))
    if (value === null) throw failure(refusalOf(response, text, redact, this.#now()))
    return value
  }

  async #readRefusal(response: TransportResponse, redact: Redactor): Promise<AppError> {
    // The server's clock is compared with ours as of its answer, not of the end of its body.
    const nowMs = this.#now()
    const { text } = await readText(response.body, MAX_ERROR_BYTES, MAX_ERROR_WAIT_MS)
    return refusalOf(response, text, redact, nowMs)
  }

  async #send(call: {
    method: TransportRequest['method']
    path: string
    headers: Record<string, string>
    body: RequestBody | null
    signal?: AbortSignal
    onConnected?: () => void
    onSent?: (bytes: number) => void
  }): Promise<TransportResponse> {
    const redact = this.redactor()
    const response = this.#transport.request({
      method: call.method,
      url: `${this.#base}/backend-api/v2${call.path}`,
      // Servers that are allowed to compress hold a stream back until its end (protocol.md section 1).
      headers: { ...this.#headers, ...call.headers, 'accept-encoding': 'identity' },
      body: call.body,
      signal: call.signal ?? new AbortController().signal,
      connectTimeoutMs: this.#timeouts.connectMs,
      firstByteTimeoutMs: this.#timeouts.firstByteMs,
      idleTimeoutMs: this.#timeouts.idleMs,
      ...(call.onConnected === undefined ? {} : { onConnected: call.onConnected }),
      ...(call.onSent === undefined ? {} : { onSent: call.onSent }),
    })
    return response.catch((thrown: unknown) => {
      // A server may point to an address that is made of what we sent it.
      if (!(thrown instanceof AppFailure) || thrown.error.code !== 'redirect') throw thrown
      const { host } = thrown.error
      throw failure({ ...thrown.error, host: host === null ? null : safeLine(redact, host, 255) })
    })
  }
}

export interface CallOptions {
  signal?: AbortSignal
}

function requireBase(address: string, hasOwnTransport: boolean): string {
  let url: URL
  try {
    url = new URL(address)
  } catch {
    throw failure({ code: 'bad-address', reason: 'unreadable' })
  }
  const isWeb = url.protocol === 'http:' || url.protocol === 'https:'
  if (!isWeb && !hasOwnTransport) throw failure({ code: 'bad-address', reason: 'scheme' })
  if (url.username !== '' || url.password !== '') throw failure({ code: 'bad-address', reason: 'credentials' })
  return `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/u, '')}`
}

function timeoutOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : null
}

function isGiven(value: string | null | undefined): value is string {
  return value !== undefined && value !== null && value !== ''
}

/** JSON in which each stored file is a piece of its own. */
function encodeBody(body: Record<string, unknown>): RequestBody {
  const files: StoredFile[] = []
  // Stands for a file until the text is cut there; no text of a person can guess it.
  const marker = randomUUID()
  const json = JSON.stringify(body, (_key, value: unknown) => {
    if (!(value instanceof StoredFile)) return value
    return `${value.isBare ? '' : `data:${value.mime};base64,`}${marker}.${files.push(value) - 1}.`
  })
  if (files.length === 0) return { kind: 'text', text: json }
  const pieces: BodyPiece[] = json.split(new RegExp(`${marker}\\.(\\d+)\\.`, 'u')).map((piece, index) => {
    const file = index % 2 === 1 ? files[Number(piece)] : undefined
    if (file === undefined) return { kind: 'text', text: piece }
    return pieceOf(file)
  })
  return { kind: 'pieces', pieces }
}

function pieceOf({ place, bytes }: StoredFile): Exclude<BodyPiece, { kind: 'text' }> {
  return typeof place === 'string' ? { kind: 'file', path: place, bytes } : { kind: 'memory', content: place, bytes }
}

/** Whether an answer is one whose body is read as events; everything else is a refusal, or somebody else's page. */
export function isStream(response: Pick<TransportResponse, 'status' | 'headers'>): boolean {
  if (response.status !== 200 || encodingOf(response) !== '') return false
  return /^(?:text\/event-stream|application\/(?:x-)?(?:ndjson|jsonl|json-seq)|application\/stream\+json)\b/iu.test(
    response.headers['content-type'] ?? '',
  )
}

function encodingOf(response: Pick<TransportResponse, 'headers'>): string {
  const encoding = (response.headers['content-encoding'] ?? '').trim().toLowerCase()
  return encoding === 'identity' ? '' : encoding
}

/** What an answer is that is not the one that was asked for (protocol.md section 4). */
function refusalOf(response: TransportResponse, text: string, redact: Redactor, nowMs: number): AppError {
  const { status } = response
  const encoding = encodingOf(response)
  const message = encoding === '' ? messageOf(text) : null
  const words = message === null ? null : safeText(redact, message, MAX_MESSAGE)
  if (status === 401 || status === 403) return { code: 'unauthorized', status, message: words }
  if (status < 200 || status > 299 || words !== null) {
    const isLimit = status === 429 || status === 503
    const retryAfterSeconds = isLimit ? readRetryAfter(response.headers, nowMs) : null
    return { code: 'http', status, message: words, ...(retryAfterSeconds === null ? {} : { retryAfterSeconds }) }
  }
  if (text === '' && encoding === '') return { code: 'empty-answer' }
  const type = safeLine(redact, response.headers['content-type'] ?? 'unknown', 100)
  return {
    code: 'not-a-stream',
    status,
    contentType: encoding === '' ? type : `${type} (${safeLine(redact, encoding, 20)})`,
    snippet: encoding === '' ? safeLine(redact, readable(text, redact.reach ?? 0), MAX_SNIPPET) : '',
  }
}

// `{"error":{"message"}}` of the servers themselves, and what stands in front of them says it in these ways.
function messageOf(text: string): string | null {
  let value = parseJson(text)
  for (const key of ['error', 'message', 'detail']) {
    if (typeof value !== 'object' || value === null) break
    const found: unknown = (value as Record<string, unknown>)[key]
    if (typeof found === 'string' && found !== '') return found
    if (typeof found === 'object' && found !== null && !Array.isArray(found)) value = found
  }
  return null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

// The words of a page without its markup. Cut first: nothing beyond is shown anyway.
function readable(text: string, reach: number): string {
  return text
    .slice(0, 8 * 1024 + reach)
    .replace(/<(script|style|head)\b[^>]*>.*?<\/\1>/gisu, ' ')
    .replace(/<[^>]*>/gu, ' ')
    .trim()
}

/** At most `maxBytes`, and after `maxWaitMs` what has arrived until then; the connection is closed in both cases. */
async function readText(
  body: AsyncIterable<Uint8Array>,
  maxBytes: number,
  maxWaitMs?: number,
): Promise<{ text: string; isWhole: boolean }> {
  const pieces: Uint8Array[] = []
  let bytes = 0
  let isWhole = false
  const iterator = body[Symbol.asyncIterator]()
  const readAll = async (): Promise<void> => {
    while (bytes <= maxBytes) {
      const next = await iterator.next()
      if (next.done === true) {
        isWhole = true
        return
      }
      bytes += next.value.length
      pieces.push(next.value)
    }
  }
  if (maxWaitMs === undefined) {
    try {
      await readAll()
    } finally {
      await iterator.return?.()
    }
  } else {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, maxWaitMs)
      // A page that breaks off is an error page as well.
      readAll()
        .catch(() => undefined)
        .finally(() => {
          clearTimeout(timer)
          resolve()
        })
    })
    await iterator.return?.()
  }
  return { text: Buffer.concat(pieces).toString('utf8').slice(0, maxBytes), isWhole }
}
