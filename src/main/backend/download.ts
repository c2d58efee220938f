import { lookup } from 'node:dns/promises'
import { AppFailure, failure, type AppError, type MediaReason } from '../../shared/errors'
import { isPublicAddress } from './public-address'
import type { Transport, TransportResponse } from './transport'

/** A file that is being fetched. Whoever has it reads the body to its end, or leaves the loop: that closes the connection. */
export interface Download {
  /** The host that was asked for, for errors; never one that a redirect named. */
  host: string
  /** Throws AppFailure `media` when it breaks off or exceeds the limit, and the signal's reason after an abort. */
  body: AsyncIterable<Uint8Array>
}

export interface DownloadOptions {
  maxBytes: number
  /** A person asked for it: then other hosts than the server's are asked as well. */
  isAskedFor?: boolean
  /** Nobody has named this address: of the server only what lies where servers keep files is asked for. */
  isAutomatic?: boolean
  /** How long the server may think before it sends anything. */
  firstByteTimeoutMs?: number
  signal?: AbortSignal
}

/** The IP addresses of a host. */
export type FindAddresses = (host: string) => Promise<string[]>

/** The ways from one backend to files. */
export interface DownloadWay {
  /** Scheme, host and port of the server: what is relative is relative to it, whatever path its address has. */
  origin: string
  /** For the server's own files: its headers, its proxy, its certificates. */
  headers: Record<string, string>
  transport: Transport
  /** For those of other hosts: nothing of the backend's own but the proxy. */
  elsewhere: Transport
  findAddresses?: FindAddresses
  /** Hosts that the person wants nothing of; as in a URL. */
  isBlocked?: (host: string) => boolean
  connectTimeoutMs: number
}

const MAX_REDIRECTS = 3
const FIRST_BYTE_TIMEOUT_MS = 60_000
const IDLE_TIMEOUT_MS = 30_000
/** For a whole file, however it drips: 200 MiB at 340 KiB/s. */
const WHOLE_TIMEOUT_MS = 10 * 60_000
const FIND_TIMEOUT_MS = 10_000
/** Of a host with several addresses. */
const MAX_ADDRESSES = 3

const ACCEPT = 'image/*,audio/*,video/*'
/** Many hosts refuse a request that does not say what sends it. The same for everybody, and without a version. */
const USER_AGENT = 'Mozilla/5.0 (compatible; Parley)'

/**
 * Where a source leads: an address on the web, or a path on the server (protocol.md section 6). Null for anything else,
 * also for an address with a login in it.
 *
 * @param origin of the server
 */
export function findSource(source: string, origin: string): { url: URL; isOwn: boolean } | null {
  let url: URL
  try {
    url = new URL(source, origin)
  } catch {
    return null
  }
  if ((url.protocol !== 'http:' && url.protocol !== 'https:') || url.username !== '' || url.password !== '') return null
  url.hash = ''
  return { url, isOwn: url.origin === origin }
}

/**
 * Whether an address of the server is that of a file, and not of its API: looked at as a server may read it, which can
 * undo percent-encoding once more, take `\` for `/`, and drop what stands behind `;`.
 */
export function isFilePath(url: URL): boolean {
  let path = url.pathname
  for (let round = 0; round < 4; round += 1) {
    if (/backend-api/iu.test(path) || /(?:^|[/\\])\.\.(?:[/\\;]|$)/u.test(path)) return false
    let decoded: string
    try {
      decoded = decodeURIComponent(path)
    } catch {
      return false
    }
    if (decoded === path) return true
    path = decoded
  }
  return false
}

/** Where servers keep files for answers (protocol.md section 6). */
const FILE_PLACE = /^\/(?:(?:media|thumbnail|images)|files\/[^/]+\/(?:media|thumbnail))\/[^/]+$/u
/** What a server may take for the end of a name, however it is written. */
const HIDDEN_END = /[\\;]|%(?:2f|5c|3b|25)/iu

/**
 * Whether asking for an address of the server does nothing but bring a file: an answer can name any path, and a GET may well
 * do something. A query is none of a file, and could have the server ask somebody else.
 */
export function isFilePlace(url: URL): boolean {
  return url.search === '' && isFilePath(url) && FILE_PLACE.test(url.pathname) && !HIDDEN_END.test(url.pathname)
}

/**
 * Begins to fetch a file.
 *
 * The server's own files are asked for like everything else of it. Of another host only what a person asked for is
 * fetched: without any header of the backend, and only from public addresses, which are looked up once and then
 * connected to, so that no second look-up can lead elsewhere (S08, S09). Each of at most three redirects is judged
 * anew; a way that has left the server's origin once stays foreign.
 *
 * @throws AppFailure `media`; the signal's reason after an abort
 */
export async function download(way: DownloadWay, source: string, options: DownloadOptions): Promise<Download> {
  const found = findSource(source, way.origin)
  if (found === null) throw failure({ code: 'media', reason: 'refused', host: null, limitBytes: null })
  const { host } = found.url
  const signals = [AbortSignal.timeout(WHOLE_TIMEOUT_MS), ...(options.signal === undefined ? [] : [options.signal])]
  const trip = new Trip(way, host, options, AbortSignal.any(signals))
  try {
    return { host, body: trip.read(await trip.follow(found.url, found.isOwn)) }
  } catch (thrown) {
    throw trip.explain(thrown)
  }
}

class Trip {
  constructor(
    private readonly way: DownloadWay,
    private readonly host: string,
    private readonly options: DownloadOptions,
    private readonly signal: AbortSignal,
  ) {}

  async follow(start: URL, startsOwn: boolean): Promise<TransportResponse> {
    let url = start
    let isOwn = startsOwn
    for (let redirects = 0; ; redirects += 1) {
      const response = isOwn ? await this.#askOwn(url) : await this.#askElsewhere(url)
      if (response.status < 300 || response.status > 399) return this.#accept(response)
      await close(response)
      const { location } = response.headers
      const next = location === undefined || redirects === MAX_REDIRECTS ? null : findSource(location, url.href)
      if (next === null) throw this.#refusal('refused')
      url = next.url
      isOwn &&= url.origin === this.way.origin
      // With the backend's key nothing but a file is asked for, whoever points there.
      if (isOwn && !(this.options.isAutomatic === true ? isFilePlace : isFilePath)(url)) throw this.#refusal('refused')
    }
  }

  /** The body, as long as it is not too long. */
  async *read(response: TransportResponse): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0
    try {
      for await (const piece of response.body) {
        bytes += piece.length
        if (bytes > this.options.maxBytes) throw this.#tooLarge()
        yield piece
      }
    } catch (thrown) {
      throw this.explain(thrown)
    }
  }

  /** What goes wrong on the way to a file is all the same to whoever looks at an answer: the file did not arrive. */
  explain(thrown: unknown): unknown {
    const { signal } = this.options
    if (signal?.aborted === true) return signal.reason
    if (thrown instanceof AppFailure && thrown.error.code === 'media') return thrown
    return this.#refusal('failed')
  }

  #askOwn(url: URL): Promise<TransportResponse> {
    return this.#ask(this.way.transport, url, { ...this.way.headers, accept: ACCEPT })
  }

  async #askElsewhere(url: URL): Promise<TransportResponse> {
    if (this.options.isAskedFor !== true) throw this.#refusal('refused')
    // Also where a redirect leads.
    if (this.way.isBlocked?.(url.host) === true) throw this.#refusal('blocked')
    const host = url.hostname.replace(/^\[|\]$/gu, '')
    const addresses = await before(this.#findAddresses(host), FIND_TIMEOUT_MS)
    // One private address among several would be picked by nobody who means well.
    if (!addresses.every(isPublicAddress)) throw this.#refusal('private')
    let reason: unknown = this.#refusal('failed')
    for (const address of addresses.slice(0, MAX_ADDRESSES)) {
      try {
        return await this.#ask(this.way.elsewhere, url, { accept: ACCEPT, 'user-agent': USER_AGENT }, address)
      } catch (thrown) {
        if (!isUnreachable(thrown)) throw thrown
        reason = thrown
      }
    }
    throw reason
  }

  #findAddresses(host: string): Promise<string[]> {
    return (this.way.findAddresses ?? findAddresses)(host)
  }

  #ask(transport: Transport, url: URL, headers: Record<string, string>, address?: string): Promise<TransportResponse> {
    return transport.request({
      method: 'GET',
      url: url.href,
      headers: { ...headers, 'accept-encoding': 'identity' },
      body: null,
      signal: this.signal,
      connectTimeoutMs: this.way.connectTimeoutMs,
      firstByteTimeoutMs: this.options.firstByteTimeoutMs ?? FIRST_BYTE_TIMEOUT_MS,
      idleTimeoutMs: IDLE_TIMEOUT_MS,
      givesRedirects: true,
      ...(address === undefined ? {} : { address }),
    })
  }

  async #accept(response: TransportResponse): Promise<TransportResponse> {
    const { status, headers } = response
    const encoding = (headers['content-encoding'] ?? 'identity').trim().toLowerCase()
    const refusal =
      status !== 200
        ? this.#refusal(reasonOf(status))
        : encoding !== 'identity' && encoding !== ''
          ? this.#refusal('format')
          : Number(headers['content-length'] ?? 0) > this.options.maxBytes
            ? this.#tooLarge()
            : null
    if (refusal === null) return response
    await close(response)
    throw refusal
  }

  #refusal(reason: MediaReason): AppFailure {
    return failure({ code: 'media', reason, host: this.host, limitBytes: null })
  }

  #tooLarge(): AppFailure {
    return failure({ code: 'media', reason: 'too-large', host: this.host, limitBytes: this.options.maxBytes })
  }
}

function reasonOf(status: number): MediaReason {
  switch (status) {
    case 404:
    case 410:
      return 'gone'
    case 413:
    case 414:
    case 431:
      return 'too-large'
    default:
      return status >= 500 ? 'failed' : 'refused'
  }
}

async function findAddresses(host: string): Promise<string[]> {
  return (await lookup(host, { all: true })).map(({ address }) => address)
}

/** A look-up cannot be aborted; nobody waits for one that takes for ever. */
async function before<T>(promise: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('too late')), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

function isUnreachable(thrown: unknown): boolean {
  if (!(thrown instanceof AppFailure)) return false
  const error: AppError = thrown.error
  return error.code === 'unreachable' || (error.code === 'timeout' && error.phase === 'connect')
}

async function close(response: TransportResponse): Promise<void> {
  await response.body[Symbol.asyncIterator]().return?.()
}
