import type { Translate } from './i18n'
import type { CertificateInfo } from './settings'

/**
 * Everything that can go wrong and that a person or a caller must be able to tell apart. Plain data: it crosses IPC, is
 * stored in conversations and journals, and never holds a secret, a path, a prompt or a stack. Strings that a server
 * controls are cut to 500 characters before they get here (R18).
 */
export type AppError =
  // Reaching the backend
  | { code: 'unreachable'; reason: UnreachableReason; host: string; port: number }
  /** `shown` is the one that was refused; `trusted` the pinned one that it is not (reason `changed`). */
  | { code: 'certificate'; reason: CertificateReason; host: string; shown?: CertificateInfo; trusted?: CertificateInfo }
  /** `mayHavePassed` of one that was given the whole request to send on: the server may have seen it. */
  | { code: 'proxy'; reason: ProxyReason; host: string; port: number; mayHavePassed?: true }
  | { code: 'timeout'; phase: 'connect' | 'headers' | 'idle'; seconds: number }
  /** `sameHost` when it leads to the host that was asked: to https there, or to another path of the same server. */
  | { code: 'redirect'; status: number; host: string | null; sameHost?: 'https' | 'path' }
  // What the backend answered instead of a stream
  /** `retryAfterSeconds` is how long the server asked to be left alone, counted from its answer (R14). */
  | { code: 'http'; status: number; message: string | null; retryAfterSeconds?: number }
  | { code: 'unauthorized'; status: 401 | 403; message: string | null }
  | { code: 'not-a-stream'; status: number; contentType: string; snippet: string }
  | { code: 'empty-answer' }
  // Inside the stream
  | { code: 'backend'; kind: string; message: string }
  | { code: 'provider-auth'; provider: string | null; message: string }
  | { code: 'protocol'; malformedEvents: number }
  | { code: 'too-large'; limitBytes: number }
  // How an answer was cut
  | { code: 'connection-lost' }
  | { code: 'process-ended' }
  // Addresses, headers, settings
  | { code: 'bad-address'; reason: AddressReason }
  | { code: 'bad-proxy'; reason: AddressReason }
  | { code: 'bad-header'; name: string; reason: HeaderReason }
  | { code: 'bad-parameters'; reason: ParametersReason; name: string | null }
  | { code: 'bad-certificate-file'; reason: 'unreadable' | 'empty' | 'too-large' }
  | { code: 'bad-recording'; reason: 'unreadable' | 'format' | 'newer' | 'too-large' }
  | { code: 'bad-archive'; reason: 'unreadable' | 'format' | 'newer' | 'too-large' | 'damaged' | 'unsafe' }
  | { code: 'bad-prompts'; reason: 'unreadable' | 'format' | 'newer' | 'too-large' }
  | { code: 'no-backend' }
  | { code: 'secret-unavailable'; reason: 'no-keychain' | 'unreadable' | 'other-origin' }
  // Attachments
  | { code: 'attachment'; reason: AttachmentReason; name: string; format: string | null; limit: number | null }
  /** The server has no buckets for files, or made nothing of this one. `message` is what it says itself. */
  | { code: 'upload'; reason: UploadReason; name: string; message: string | null }
  /** No region of the screen was taken. */
  | { code: 'capture'; reason: CaptureReason }
  // Results that are no text
  | { code: 'media'; reason: MediaReason; host: string | null; limitBytes: number | null }
  // Storage
  | { code: 'storage'; reason: 'full' | 'read-only' | 'damaged' | 'failed' }
  /** A chat that a newer Parley wrote, and that this one must not write. */
  | { code: 'newer-file' }
  | { code: 'not-found'; what: MissingThing }
  // The gate
  | { code: 'bad-request'; channel: string }
  | { code: 'forbidden'; channel: string }
  | { code: 'busy' }
  | { code: 'internal' }

export type AppErrorCode = AppError['code']
export type UnreachableReason = 'refused' | 'unknown-host' | 'network'
export type CertificateReason =
  'self-signed' | 'unknown-issuer' | 'expired' | 'wrong-host' | 'old-protocol' | 'changed' | 'other'
/** `refused` and `unknown-host` are the proxy itself; `login` is its 407; `failed` that it could not reach the server. */
export type ProxyReason = 'refused' | 'unknown-host' | 'network' | 'login' | 'failed'
export type ParametersReason = 'syntax' | 'not-an-object' | 'reserved' | 'too-large' | 'too-deep'
export type UploadReason = 'unsupported' | 'unreadable'
/**
 * macOS has not allowed it; the Wayland session has no portal that hands pictures out; no picture came, or a black one; a
 * display came or went meanwhile; anything else.
 */
export type CaptureReason = 'permission' | 'no-portal' | 'no-picture' | 'changed' | 'failed'
export type MediaReason = 'gone' | 'refused' | 'private' | 'format' | 'too-large' | 'failed' | 'blocked' | 'unasked'
export type MissingThing =
  'conversation' | 'message' | 'generation' | 'attachment' | 'backend' | 'named-backend' | 'file' | 'recording'
export type AddressReason = 'empty' | 'unreadable' | 'scheme' | 'credentials' | 'host' | 'port'
export type HeaderReason = 'name' | 'value' | 'characters' | 'reserved' | 'too-long' | 'duplicate'
export type AttachmentReason =
  | 'empty'
  | 'format'
  | 'damaged'
  | 'too-large'
  | 'too-many-pixels'
  | 'too-many'
  | 'folder'
  | 'unreadable'
  | 'no-room'
  | 'no-window'

/** An AppError that travels as an exception inside one process. Only its `error` ever leaves the process. */
export class AppFailure extends Error {
  override readonly name = 'AppFailure'

  constructor(readonly error: AppError) {
    super(error.code)
  }
}

/** Makes the exception that carries `error`: `throw failure({ code: 'no-backend' })`. */
export function failure(error: AppError): AppFailure {
  return new AppFailure(error)
}

/** The AppError of anything that was thrown; what nobody foresaw becomes `internal`, so that no detail leaks (S18). */
export function toAppError(thrown: unknown): AppError {
  return thrown instanceof AppFailure ? thrown.error : { code: 'internal' }
}

/** What a caller on the other side of IPC gets: nothing ever throws across it. */
export type Result<T> = { ok: true; value: T } | { ok: false; error: AppError }

/** What a person can do about an error; the surface that shows it offers the matching button. */
export type ErrorAction =
  | 'retry'
  | 'continue'
  | 'open-backend-settings'
  | 'enter-key'
  | 'remove-attachment'
  | 'choose-backend'
  | 'review-certificate'
  | 'open-data-folder'
  | 'none'

/** The words for an error: what happened, what is safe or why, and the one thing to do. */
export interface ErrorText {
  title: string
  detail: string
  action: ErrorAction
}

/**
 * The only place where user text for errors is made.
 *
 * @param error what went wrong
 * @param t translator of the person's language
 * @returns title and detail in plain sentences, and the action to offer
 */
export function describe(error: AppError, t: Translate): ErrorText {
  const text = (key: string, action: ErrorAction, values: Record<string, string | number> = {}): ErrorText => ({
    title: t(`errors:${key}.title`, values),
    detail: t(`errors:${key}.detail`, values),
    action,
  })
  switch (error.code) {
    case 'unreachable':
      return text(
        `unreachable.${error.reason === 'refused' && isThisComputer(error.host) ? 'refused-here' : error.reason}`,
        'open-backend-settings',
        { host: error.host, port: error.port },
      )
    case 'certificate':
      return text(
        // What speaks no TLS has shown none.
        `certificate.${error.reason === 'other' && error.shown !== undefined ? 'refused' : error.reason}`,
        error.shown === undefined ? 'open-backend-settings' : 'review-certificate',
        { host: error.host },
      )
    case 'proxy':
      return text(`proxy.${error.reason}`, 'open-backend-settings', { host: error.host, port: error.port })
    case 'timeout':
      return text(`timeout.${error.phase}`, 'retry', { seconds: error.seconds })
    case 'redirect':
      return error.host === null
        ? text('redirect.unknown', 'open-backend-settings', { status: error.status })
        : text(`redirect.${error.sameHost ?? 'known'}`, 'open-backend-settings', {
            status: error.status,
            host: error.host,
          })
    case 'http':
      return withServerText(text(`http.${httpGroup(error.status)}`, 'retry', { status: error.status }), error.message)
    case 'unauthorized':
      return text(`unauthorized.${error.status}`, 'enter-key')
    case 'not-a-stream':
      return text('not-a-stream', 'open-backend-settings', {
        contentType: error.contentType,
        status: error.status,
        snippet: error.snippet,
      })
    case 'empty-answer':
      return text('empty-answer', 'retry')
    case 'backend':
      return { ...text('backend', 'retry'), detail: error.message }
    case 'provider-auth':
      return error.provider === null
        ? text('provider-auth.unnamed', 'enter-key')
        : text('provider-auth.named', 'enter-key', { provider: error.provider })
    case 'protocol':
      return text('protocol', 'retry', { count: error.malformedEvents })
    case 'too-large':
      return text('too-large', 'retry', { megabytes: Math.round(error.limitBytes / 1_048_576) })
    case 'connection-lost':
      return text('connection-lost', 'continue')
    case 'process-ended':
      return text('process-ended', 'continue')
    case 'bad-address':
      return text(`bad-address.${error.reason}`, 'none')
    case 'bad-proxy':
      return text(`bad-proxy.${error.reason}`, 'none')
    case 'bad-parameters':
      return text(`bad-parameters.${error.reason}`, 'none', { name: error.name ?? '' })
    case 'bad-certificate-file':
      return text(`bad-certificate-file.${error.reason}`, 'none')
    case 'bad-recording':
      return text(`bad-recording.${error.reason}`, 'none')
    case 'bad-header':
      return text(`bad-header.${error.reason}`, 'none', { name: error.name })
    case 'bad-archive':
      return text(`bad-archive.${error.reason}`, 'none')
    case 'bad-prompts':
      return text(`bad-prompts.${error.reason}`, 'none')
    case 'no-backend':
      return text('no-backend', 'choose-backend')
    case 'secret-unavailable':
      return text(`secret-unavailable.${error.reason}`, 'enter-key')
    case 'attachment':
      return text(`attachment.${error.reason}`, 'remove-attachment', {
        name: error.name,
        format: error.format ?? error.name,
        limit: error.limit ?? 0,
      })
    case 'upload':
      return withServerText(text(`upload.${error.reason}`, 'retry', { name: error.name }), error.message)
    case 'capture':
      return text(`capture.${error.reason}`, 'none')
    case 'media':
      return text(`media.${error.reason}`, 'retry', {
        host: error.host ?? '',
        megabytes: Math.round((error.limitBytes ?? 0) / 1_048_576),
      })
    case 'storage':
      return text(`storage.${error.reason}`, 'open-data-folder')
    case 'newer-file':
      return text('newer-file', 'none')
    case 'not-found':
      return text(`not-found.${error.what}`, 'none')
    case 'bad-request':
      return text('bad-request', 'none')
    case 'forbidden':
      return text('forbidden', 'none')
    case 'busy':
      return text('busy', 'none')
    case 'internal':
      return text('internal', 'retry')
  }
}

/** Our own sentence first: what the server says of itself comes in any language and may say nothing. */
function withServerText(text: ErrorText, message: string | null): ErrorText {
  return message === null ? text : { ...text, detail: `${text.detail} (${message})` }
}

function isThisComputer(host: string): boolean {
  return /^(localhost|127\.\d+\.\d+\.\d+|\[?::1\]?)$/u.test(host)
}

function httpGroup(status: number): 'not-found' | 'too-large' | 'too-many' | 'offline' | 'server' | 'other' {
  if (status === 404 || status === 405) return 'not-found'
  if (status === 413) return 'too-large'
  if (status === 429) return 'too-many'
  if (status === 502 || status === 503 || status === 504) return 'offline'
  return status >= 500 ? 'server' : 'other'
}
