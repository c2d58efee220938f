import { toAppError, type AppError } from '../shared/errors'
import type { BackendStatus } from '../shared/settings'
import type { Transport, TransportRequest, TransportResponse } from './backend/transport'
import type { Clock } from './clock'

/** What one exchange told of the server itself. */
export type Standing =
  | { kind: 'connected' }
  | { kind: 'needs-key' }
  | { kind: 'untrusted'; error: Extract<AppError, { code: 'certificate' }> }
  | { kind: 'offline'; error: AppError }

/** One exchange with a backend. `stands` may be called before `ended`, which is called exactly once. */
export interface Contact {
  stands: (standing: Standing) => void
  /** Null when the exchange told nothing. */
  ended: (standing: Standing | null) => void
}

/** A transport whose every exchange is a contact. Only what stands before the body is looked at. */
export function watchTransport(transport: Transport, begin: () => Contact): Transport {
  return {
    async request(request) {
      const contact = begin()
      const startMs = performance.now()
      try {
        const response = await transport.request({
          ...request,
          onConnected: () => {
            // The wait for an answer is the model's thinking time, and no sign of a server that is not there.
            if (request.method === 'POST') contact.stands({ kind: 'connected' })
            request.onConnected?.()
          },
        })
        contact.ended(standingOf(request, response))
        return response
      } catch (thrown) {
        const error = errorOf(thrown, request.signal, performance.now() - startMs)
        contact.ended(error === null ? null : standingAfter(error, isPrompt(request)))
        throw thrown
      }
    },
  }
}

// Whoever asks may have a limit of its own for the whole exchange, which is no person's stop.
function errorOf(thrown: unknown, signal: AbortSignal, elapsedMs: number): AppError | null {
  if (!signal.aborted) return toAppError(thrown)
  const isLate = signal.reason instanceof Error && signal.reason.name === 'TimeoutError'
  return isLate ? { code: 'timeout', phase: 'headers', seconds: Math.round(elapsedMs / 1000) } : null
}

/**
 * How a backend stands after an error; null when it tells nothing of that. An answer that fails because of a provider
 * leaves its backend connected.
 *
 * @param isPrompt of a request that a server answers by itself, at once
 */
export function standingAfter(error: AppError, isPrompt: boolean): Standing | null {
  switch (error.code) {
    case 'unauthorized':
      return { kind: 'needs-key' }
    case 'certificate': {
      // Without a certificate there is nothing to trust: what answers may not even speak TLS.
      const isShown = error.shown !== undefined || (error.reason !== 'other' && error.reason !== 'old-protocol')
      return isShown ? { kind: 'untrusted', error } : { kind: 'offline', error }
    }
    case 'redirect':
      // A server may point to an address that is made of what we sent it, and pages are told of this one.
      return { kind: 'offline', error: { code: 'redirect', status: error.status, host: null } }
    case 'unreachable':
    case 'proxy':
    case 'bad-proxy':
    case 'bad-certificate-file':
      return { kind: 'offline', error }
    case 'secret-unavailable':
      // Only the password of a proxy is read so late; the server's own secrets are missed before there is a request.
      return { kind: 'offline', error }
    case 'timeout':
      return isPrompt || error.phase === 'connect' ? { kind: 'offline', error } : null
    case 'connection-lost':
    case 'not-a-stream':
    case 'empty-answer':
    case 'http':
      return isPrompt ? { kind: 'offline', error } : null
    case 'backend':
    case 'provider-auth':
    case 'protocol':
    case 'too-large':
    case 'process-ended':
    case 'bad-address':
    case 'bad-header':
    case 'bad-parameters':
    case 'bad-prompts':
    case 'bad-recording':
    case 'bad-archive':
    case 'no-backend':
    case 'upload':
    case 'attachment':
    case 'capture':
    case 'media':
    case 'storage':
    case 'not-found':
    case 'newer-file':
    case 'bad-request':
    case 'forbidden':
    case 'busy':
    case 'internal':
      return null
  }
}

/** What an answer says of its server by status and type (protocol.md sections 2, 4 and 6). */
function standingOf(request: TransportRequest, { status, headers }: TransportResponse): Standing | null {
  const isGood = status >= 200 && status < 300
  const contentType = headers['content-type'] ?? ''
  const { name, isOfServer } = readPath(request.url)
  if (!isOfServer) return isGood ? { kind: 'connected' } : null
  if (status === 401 || status === 403) return { kind: 'needs-key' }
  const isBusy = status === 429 || (status === 503 && headers['retry-after'] !== undefined)
  if (isBusy) return { kind: 'connected' }
  const error: AppError = isGood
    ? { code: 'not-a-stream', status, contentType: typeOf(contentType), snippet: '' }
    : { code: 'http', status, message: null }
  if (status >= 502 && status <= 504) return { kind: 'offline', error }
  const isPage = /^text\/html\b/iu.test(contentType)
  if (name === 'conversation') {
    if (!isPage) return { kind: 'connected' }
    return isGood || status === 404 || status === 405 ? { kind: 'offline', error } : null
  }
  if (isGood && !isPage) return { kind: 'connected' }
  // The list of all models asks every provider, and any of them may bring it down.
  return name === 'models' ? null : { kind: 'offline', error }
}

// Its parameters can say anything, also what we sent.
function typeOf(contentType: string): string {
  return /^[a-z]{1,20}\/[a-z0-9.+-]{1,40}(?=$|[;\s])/iu.exec(contentType.trim())?.[0] ?? 'unknown'
}

// What a server answers by itself. For the list of all models it asks its providers, and for a file its disk.
function isPrompt({ method, url }: TransportRequest): boolean {
  const { name, isOfServer } = readPath(url)
  return method === 'GET' && isOfServer && name !== 'models'
}

/** What of the API is asked for. Below a name, as in `models/PROVIDER`, and with files, a refusal is not the server's own. */
function readPath(url: string): { name: string; isOfServer: boolean } {
  const [, name = '', below] = /\/backend-api\/v2\/([^/?]+)(\/)?/u.exec(url) ?? []
  return { name, isOfServer: name !== '' && below === undefined }
}

interface Entry {
  settled: BackendStatus
  contacts: number
}

export interface BackendStatusesOptions {
  clock: Pick<Clock, 'now'>
  /** At once for the first change, and then at most every TELL_MS. */
  onChange: () => void
}

/** Four times a second: a person sees no more, and a server that comes and goes must not flood the windows. */
const TELL_MS = 250

/** How each backend stands, as its last contact told. */
export class BackendStatuses {
  readonly #options: BackendStatusesOptions
  readonly #entries = new Map<string, Entry>()
  #told = new Map<string, string>()
  #timer: NodeJS.Timeout | null = null

  constructor(options: BackendStatusesOptions) {
    this.#options = options
  }

  get(backendId: string): BackendStatus {
    const entry = this.#entries.get(backendId)
    if (entry === undefined) return { kind: 'unknown' }
    // A server that was reached is asked in the background now and then: that is no news.
    const isOpen = entry.settled.kind === 'unknown' || entry.settled.kind === 'offline'
    return isOpen && entry.contacts > 0 ? { kind: 'connecting' } : entry.settled
  }

  begin(backendId: string): Contact {
    // A contact that ends after `reset` belongs to another address or another key: it writes to an entry nobody reads.
    const entry = this.#entryOf(backendId)
    entry.contacts += 1
    this.#tell()
    return {
      stands: (standing) => this.#settle(entry, standing),
      ended: (standing) => {
        entry.contacts -= 1
        this.#settle(entry, standing)
      },
    }
  }

  /** What is known without a contact. */
  note(backendId: string, standing: Standing): void {
    this.#settle(this.#entryOf(backendId), standing)
  }

  /** After a change of what it is reached with: nothing is known any more. */
  reset(backendId: string): void {
    this.#entries.delete(backendId)
    this.#tell()
  }

  #entryOf(backendId: string): Entry {
    const known = this.#entries.get(backendId)
    if (known !== undefined) return known
    const entry: Entry = { settled: { kind: 'unknown' }, contacts: 0 }
    this.#entries.set(backendId, entry)
    return entry
  }

  #settle(entry: Entry, standing: Standing | null): void {
    if (standing !== null) entry.settled = { ...standing, atMs: this.#options.clock.now() }
    this.#tell()
  }

  #tell(): void {
    if (this.#timer !== null || !this.#hasNews()) return
    this.#timer = setTimeout(() => {
      this.#timer = null
      this.#tell()
    }, TELL_MS)
    this.#timer.unref()
    this.#options.onChange()
  }

  /** Whether a kind or an error changed since the last time it was told; when it was is no news. */
  #hasNews(): boolean {
    const known = [...this.#entries.keys()].filter((id) => this.get(id).kind !== 'unknown')
    const now = new Map(known.map((id) => [id, newsOf(this.get(id))]))
    const isSame = now.size === this.#told.size && [...now].every(([id, news]) => this.#told.get(id) === news)
    this.#told = now
    return !isSame
  }
}

function newsOf(status: BackendStatus): string {
  return JSON.stringify('error' in status ? [status.kind, status.error] : [status.kind])
}
