import type { ServerResponse } from 'node:http'
import type { RecordedRequest } from './scenario-server'

export const FILES = '/backend-api/v2/files/'

/** Endings that a server reads as text, as it comes; others it drops without a word (protocol.md section 1). */
const READ = /\.(?:txt|xml|json|js|sh|py|php|css|yaml|sql|log|csv|md|pdf)$/u

interface StoredFile {
  name: string
  text: string
}

/**
 * The buckets of a server: what was put into them, and what a question makes of them. A file whose name begins with
 * `broken` cannot be read, as a scanned page cannot.
 */
export class Buckets {
  readonly #files = new Map<string, StoredFile[]>()
  /** Only these can be named in a question: a real server fails for one whose files were never read. */
  readonly #read = new Set<string>()

  answer(request: RecordedRequest, response: ServerResponse): void {
    const [id = '', action] = request.path.slice(FILES.length).split('/')
    if (request.method === 'POST') {
      const taken = filesIn(request).filter(({ name }) => READ.test(name))
      this.#files.set(id, [...(this.#files.get(id) ?? []), ...taken])
      send(response, 200, { bucket_id: id, files: taken.map(({ name }) => name), media: [] })
      return
    }
    const files = this.#files.get(id)
    if (files === undefined) {
      send(response, 404, { error: { message: 'Bucket directory not found' } })
      return
    }
    if (request.method === 'DELETE') {
      this.#files.delete(id)
      send(response, 200, { message: 'Bucket deleted successfully' })
      return
    }
    if (action !== 'stream') {
      response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end(textOf(files))
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    if (files.some(({ name }) => name.startsWith('broken'))) {
      response.end(`data: ${JSON.stringify({ error: { message: 'No text in this file' } })}\n\n`)
      return
    }
    this.#read.add(id)
    const size = Buffer.byteLength(textOf(files))
    const events = [
      { action: 'load', size: 1 },
      { action: 'load', size },
      { action: 'delete_files' },
      { action: 'done', size },
    ]
    response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
  }

  /** A question with the text of each bucket in its place; one that was not read makes it say so. */
  render(json: Record<string, unknown>): Record<string, unknown> {
    const messages: unknown[] = Array.isArray(json.messages) ? json.messages : []
    return {
      ...json,
      ...(messages.length > 0 && { messages: messages.map((message) => this.#renderMessage(message)) }),
    }
  }

  /** Forgets all, as a server does whose disk was emptied. */
  clear(): void {
    this.#files.clear()
    this.#read.clear()
  }

  #renderMessage(message: unknown): unknown {
    if (typeof message !== 'object' || message === null || !('content' in message)) return message
    const { content } = message
    if (!Array.isArray(content)) return message
    return { ...message, content: content.map((part: unknown) => this.#renderPart(part)) }
  }

  #renderPart(part: unknown): unknown {
    if (typeof part !== 'object' || part === null || !('bucket_id' in part)) return part
    const id = String(part.bucket_id)
    const text = this.#read.has(id) ? textOf(this.#files.get(id) ?? []) : `no such bucket: ${id}`
    return { type: 'text', text }
  }
}

function textOf(files: readonly StoredFile[]): string {
  return files.map(({ name, text }) => `<!-- File: ${name} -->\n${text}\n<-- End -->\n\n`).join('')
}

function filesIn({ headers, body }: RecordedRequest): StoredFile[] {
  const boundary = /boundary=(.+)$/u.exec(headers['content-type'] ?? '')?.[1]
  if (boundary === undefined) return []
  return body.split(`--${boundary}`).flatMap((part) => {
    const name = /name="files"; filename="([^"]*)"/u.exec(part)?.[1]
    const start = part.indexOf('\r\n\r\n')
    return name === undefined || start === -1 ? [] : [{ name, text: part.slice(start + 4, -2) }]
  })
}

function send(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
}
