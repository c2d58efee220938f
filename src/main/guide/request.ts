import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { RequestBody } from '../backend/transport'

/** What the Guide takes from the body of a conversation request (protocol.md section 1). */
export interface GuideRequest {
  /** The person's questions, oldest first; the last one is to be answered. Of a long one only both ends. */
  questions: string[]
  pictures: Picture[]
  /** What an interrupted answer already says, when this request asks to go on with it. */
  cutAnswer: string | null
}

/** An image of the last question. */
export interface Picture {
  name: string | null
  /** The whole file; null when it is not here: removed, not a data URI, or not base64. */
  read(signal: AbortSignal): Promise<Uint8Array | null>
}

/**
 * Why a body is no question: `json` is answered with 400, `messages` with an error event, both as a server does it
 * (protocol.md sections 1 and 4).
 */
export type UnreadableRequest = 'json' | 'messages'

/** Reads a request's body. Fields that the Guide has no use for are ignored, entries that make no sense are skipped. */
export function readRequest(body: RequestBody | null): GuideRequest | UnreadableRequest {
  const files = new Map<string, string | Uint8Array>()
  const json = parseJson(bodyText(body, files))
  if (!isRecord(json)) return 'json'
  if (!Array.isArray(json.messages)) return 'messages'
  const messages = json.messages.filter(isRecord)
  const last = messages.at(-1)
  if (last === undefined) return 'messages'

  const asked = messages.filter((message) => message.role === 'user')
  const question = asked.at(-1)
  const isCut = last.role === 'assistant'
  const media = Array.isArray(json.media) ? json.media : []
  const toPicture = (source: string, name: string | null): Picture => ({
    name,
    read: (signal) => readPicture(source, files, signal),
  })
  return {
    questions: asked.map((message) => bothEnds(contentText(message.content))),
    pictures: [
      ...media.filter(isMediaItem).map(([source, name]) => toPicture(source, typeof name === 'string' ? name : null)),
      ...contentImages(question?.content).map((source) => toPicture(source, null)),
    ],
    cutAnswer: isCut ? contentText(last.content) : null,
  }
}

// A file piece would arrive as base64 and be decoded again at once. A name that nobody can guess stands in for its
// bytes instead: ten images of 20 MB cost nothing until each is looked at, and no text of a person can name a file.
function bodyText(body: RequestBody | null, files: Map<string, string | Uint8Array>): string {
  if (body === null) return ''
  if (body.kind === 'text') return body.text
  return body.pieces
    .map((piece) => {
      if (piece.kind === 'text') return piece.text
      const standIn = randomUUID()
      files.set(standIn, piece.kind === 'file' ? piece.path : piece.content)
      return standIn
    })
    .join('')
}

async function readPicture(
  source: string,
  files: ReadonlyMap<string, string | Uint8Array>,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const data = /^data:[^,]{0,200};base64,/u.exec(source)
  // The Guide has no network: a picture on the web stays there.
  if (data === null) return null
  const path = files.get(source.slice(data[0].length))
  if (path === undefined) return Buffer.from(source.slice(data[0].length), 'base64')
  if (typeof path !== 'string') return path
  try {
    return await readFile(path, { signal })
  } catch {
    signal.throwIfAborted()
    return null
  }
}

// In a long pasted text the question stands at the beginning or at the end.
const MAX_CHARACTERS_AT_EACH_END = 1000

function bothEnds(text: string): string {
  if (text.length <= 2 * MAX_CHARACTERS_AT_EACH_END) return text
  return `${text.slice(0, MAX_CHARACTERS_AT_EACH_END)} ${text.slice(-MAX_CHARACTERS_AT_EACH_END)}`
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content
  return contentParts(content)
    .map((part) => (part.type === 'text' && typeof part.text === 'string' ? part.text : ''))
    .filter((text) => text !== '')
    .join('\n')
}

function contentImages(content: unknown): string[] {
  return contentParts(content).flatMap((part) => {
    const image = part.type === 'image_url' ? part.image_url : null
    return isRecord(image) && typeof image.url === 'string' ? [image.url] : []
  })
}

function contentParts(content: unknown): Record<string, unknown>[] {
  return Array.isArray(content) ? content.filter(isRecord) : []
}

function isMediaItem(item: unknown): item is [source: string, name: unknown] {
  return Array.isArray(item) && typeof item[0] === 'string'
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
