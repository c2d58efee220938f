import { randomUUID } from 'node:crypto'
import type { AttachmentInfo } from '../../shared/conversation'
import { failure, toAppError, type AppError } from '../../shared/errors'
import type { BackendApi } from './api'
import type { StoredFile } from './media'

/** A document in a bucket of its own, as a question names it. */
export interface BucketedFile {
  bucketId: string
  /** The name that the server gives it; it may have had to be another than the person's. */
  name: string
}

export type BucketApi = Pick<BackendApi, 'upload' | 'readBucket' | 'hasBucket'>

export interface BucketUpload {
  api: BucketApi
  /** Names the server: a bucket belongs to one. */
  server: string
  attachment: Pick<AttachmentInfo, 'id' | 'name' | 'mime' | 'bytes'>
  content: StoredFile
  signal: AbortSignal
  onSent: (bytes: number) => void
}

/** Endings of plain files that every server with buckets reads as text; others it drops without a word. */
const PLAIN_ENDING = /^(?!.*package-lock\.json$).*\.(?:txt|xml|json|js|sh|py|php|css|yaml|sql|log|csv|md)$/u
const MAX_NAME = 100

/**
 * Which documents lie in which bucket of which server, as long as the process runs: a file goes up once, and again where
 * the server has let its bucket go. Names of buckets cannot be guessed: whoever knows one can read it.
 */
export class Buckets {
  readonly #known = new Map<string, BucketedFile>()
  /** What is going up now: models that are compared ask for the same documents at the same time. */
  readonly #going = new Map<string, { file: Promise<BucketedFile>; signal: AbortSignal }>()

  /**
   * Makes sure that a document lies in a bucket of a server and was read there.
   *
   * @throws AppFailure `upload`, and whatever the connection throws
   */
  async put(upload: BucketUpload): Promise<BucketedFile> {
    const { signal } = upload
    const key = `${upload.attachment.id} ${upload.server}`
    for (let going = this.#going.get(key); going !== undefined; going = this.#going.get(key)) {
      try {
        const file = await untilAborted(going.file, signal)
        if (file !== null) return file
      } catch (thrown) {
        // Only whoever was stopped has stopped; everybody else still wants the file there.
        if (!going.signal.aborted) throw thrown
      }
      signal.throwIfAborted()
    }
    const file = this.#put(key, upload)
    this.#going.set(key, { file, signal })
    try {
      return await file
    } finally {
      this.#going.delete(key)
    }
  }

  async #put(key: string, { api, attachment, content, signal, onSent }: BucketUpload): Promise<BucketedFile> {
    const known = this.#known.get(key)
    if (known !== undefined && (await api.hasBucket(known.bucketId, { signal }))) return known
    this.#known.delete(key)
    const file: BucketedFile = { bucketId: `parley-${randomUUID()}`, name: bucketName(attachment) }
    const isTaken = await api.upload(file.bucketId, content, file.name, { signal, onSent }).catch((thrown: unknown) => {
      throw signal.aborted ? thrown : failure(refusalOf(toAppError(thrown), attachment.name))
    })
    if (!isTaken) throw failure({ code: 'upload', reason: 'unreadable', name: attachment.name, message: null })
    onSent(attachment.bytes)
    try {
      for await (const _bytes of api.readBucket(file.bucketId, { signal })) signal.throwIfAborted()
    } catch (thrown) {
      throw signal.aborted ? thrown : failure(unreadableOf(toAppError(thrown), attachment.name))
    }
    this.#known.set(key, file)
    return file
  }
}

/** What the promise gives, or null as soon as the signal aborts. */
async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const listening = new AbortController()
  const aborted = new Promise<null>((resolve) => {
    if (signal.aborted) resolve(null)
    else signal.addEventListener('abort', () => resolve(null), { signal: listening.signal })
  })
  return Promise.race([promise, aborted]).finally(() => listening.abort())
}

/** A server without buckets has no such address, or takes nothing there. */
function refusalOf(error: AppError, name: string): AppError {
  if (error.code === 'not-a-stream') return { code: 'upload', reason: 'unsupported', name, message: null }
  if (error.code !== 'http') return error
  if (error.status === 404 || error.status === 405 || error.status === 501) {
    return { code: 'upload', reason: 'unsupported', name, message: null }
  }
  return error.status >= 500 && error.retryAfterSeconds === undefined ? unreadableOf(error, name) : error
}

/** What the server says of a file that it has and makes nothing of. */
function unreadableOf(error: AppError, name: string): AppError {
  if (error.code !== 'backend' && error.code !== 'http') return error
  return { code: 'upload', reason: 'unreadable', name, message: error.message }
}

/** A name that a server keeps as it is, with an ending by which it knows how to read the file. */
export function bucketName({ name, mime }: Pick<AttachmentInfo, 'name' | 'mime'>): string {
  const ending = /\.[A-Za-z0-9]{1,12}$/u.exec(name)?.[0] ?? ''
  const plain = name
    .slice(0, name.length - ending.length)
    .replace(/[^A-Za-z0-9._-]+/gu, '_')
    .replace(/^[._]+|[._]+$/gu, '')
    .slice(-MAX_NAME)
  const whole = `${plain === '' ? 'file' : plain}${ending.toLowerCase()}`
  if (mime === 'application/pdf') return whole.endsWith('.pdf') ? whole : `${whole}.pdf`
  return PLAIN_ENDING.test(whole) ? whole : `${whole}.txt`
}
