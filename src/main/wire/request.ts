import { randomUUID } from 'node:crypto'
import type { WireHeader } from '../../shared/contract'
import { plainLine, plainText } from '../backend/server-text'
import type { BodyPiece, RequestBody, TransportRequest } from '../backend/transport'
import { readJson } from './json'
import type { Mask } from './mask'

/** How the server was reached, without anything secret. */
export interface WireRoute {
  /** `http`, `https`, `socks4` or `socks5` `://host:port`; null without a proxy. */
  proxy: string | null
  hasProxyLogin: boolean
  /** Whose word counts beside or in place of this computer's. */
  trust: { kind: 'system' } | { kind: 'pinned'; sha256: string } | { kind: 'authority'; fileName: string }
}

/** A request as it was sent, or as a file tells of it. */
export interface SentRequest {
  method: string
  url: string
  headers: readonly WireHeader[]
  /** Every file, and every long piece of base64, stands in it as `[image/png, 2.1 MB]`. */
  body: string
  /** As they were sent, files included. */
  bodyBytes: number
  /** Missing where nobody told. */
  route?: WireRoute | undefined
}

/** What is held of a request while nobody looks: what its sender has made anyway. No file is read, nothing is copied. */
export interface HeldRequest extends Pick<TransportRequest, 'url' | 'headers' | 'body'> {
  method: string
  bodyBytes: number
  route?: WireRoute | undefined
}

/** Above this a body is counted, not kept. */
const MAX_BODY_CHARACTERS = 4 * 1024 * 1024
/** Of a body on show. */
const MAX_SHOWN_CHARACTERS = 256 * 1024

export function holdRequest({ method, url, headers, body }: TransportRequest, route?: WireRoute): HeldRequest {
  const pieces = piecesOf(body)
  const sizes = pieces.map((piece) =>
    piece.kind === 'text' ? Buffer.byteLength(piece.text) : base64Length(piece.bytes),
  )
  const bodyBytes = sizes.reduce((sum, size) => sum + size, 0)
  const isLong = charactersOf(body) > MAX_BODY_CHARACTERS
  return {
    method,
    url,
    headers: { ...headers },
    body: isLong ? textBody(`[${sizeText(bodyBytes)}]`) : body,
    bodyBytes,
    ...(route === undefined ? {} : { route }),
  }
}

/** The memory that a held request costs, in bytes. */
export function memoryOf({ body }: HeldRequest): number {
  return 2 * charactersOf(body)
}

export function readRequest({ method, url, headers, body, bodyBytes, route }: HeldRequest): SentRequest {
  return {
    method,
    url,
    headers: Object.entries(headers).map(([name, value]) => ({ name, value })),
    body: nameFiles(piecesOf(body)),
    bodyBytes,
    ...(route === undefined ? {} : { route }),
  }
}

/** The request without its secrets. Its body is compact JSON, or whatever else was sent. */
export function maskRequest({ method, url, headers, body, bodyBytes, route }: SentRequest, mask: Mask): SentRequest {
  return {
    method: plainText(method, 20),
    url: plainText(mask.text(url), 8192),
    headers: headers.map(({ name, value }) => ({
      name: plainText(name, 200),
      value: plainText(mask.header(name, value), 8192),
    })),
    body: mask.json(body),
    bodyBytes,
    ...(route === undefined ? {} : { route: maskRoute(route, mask) }),
  }
}

function maskRoute({ proxy, hasProxyLogin, trust }: WireRoute, mask: Mask): WireRoute {
  return {
    proxy: proxy === null ? null : plainLine(mask.text(proxy), 2048),
    hasProxyLogin,
    trust: trust.kind === 'authority' ? { ...trust, fileName: plainLine(mask.text(trust.fileName), 255) } : trust,
  }
}

/** A masked body as it is read: indented, and cut where it is too long to be read. */
export function showBody(body: string): string {
  const value = readJson(body)
  // What is no JSON is shown as it is.
  return cutText(value === undefined ? body : JSON.stringify(value, null, 2), MAX_SHOWN_CHARACTERS)
}

/** Harmless text of at most so many characters, and behind it how much more there is. */
export function cutText(text: string, maxLength: number): string {
  if (text.length <= maxLength) return plainText(text, maxLength)
  return `${plainText(text.slice(0, maxLength), maxLength)}… +${sizeText(text.length - maxLength)}`
}

/** As files are named in a request that is shown: 1 KB is 1,024 bytes. */
function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  if (bytes < 1000 * 1024) return `${Math.round(bytes / 1024)} KB`
  return `${(bytes / 1_048_576).toFixed(1)} MB`
}

function piecesOf(body: RequestBody | null): BodyPiece[] {
  if (body === null) return []
  return body.kind === 'text' ? [body] : body.pieces
}

function textBody(text: string): RequestBody {
  return { kind: 'text', text }
}

function charactersOf(body: RequestBody | null): number {
  return piecesOf(body).reduce((sum, piece) => sum + (piece.kind === 'text' ? piece.text.length : 0), 0)
}

function base64Length(bytes: number): number {
  return 4 * Math.ceil(bytes / 3)
}

function nameFiles(pieces: readonly BodyPiece[]): string {
  // Stands for a file; no text of a person can be it.
  const marker = randomUUID()
  const text = pieces.map((piece) => (piece.kind === 'text' ? piece.text : `${marker}.${piece.bytes}.`)).join('')
  const file = new RegExp(`data:([\\w.+/-]{1,100});base64,(?:${marker}\\.(\\d+)\\.|([A-Za-z0-9+/=]{200,}))`, 'gu')
  return (
    text
      .replace(file, (_whole, mime: string, bytes: string | undefined, base64: string | undefined) => {
        const size = bytes === undefined ? decodedLength(base64 ?? '') : Number(bytes)
        return `[${mime}, ${sizeText(size)}]`
      })
      // Sound is sent without an address.
      .replace(
        new RegExp(`"${marker}\\.(\\d+)\\."`, 'gu'),
        (_quoted, bytes: string) => `"[base64, ${sizeText(Number(bytes))}]"`,
      )
      .replace(/"[A-Za-z0-9+/=]{4096,}"/gu, (quoted) => `"[base64, ${sizeText(decodedLength(quoted))}]"`)
  )
}

function decodedLength(base64: string): number {
  return Math.floor((base64.length * 3) / 4)
}
