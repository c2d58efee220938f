import { createReadStream } from 'node:fs'
import { readFile, realpath } from 'node:fs/promises'
import { extname, join, sep } from 'node:path'
import { Readable } from 'node:stream'
import type { CustomScheme, Protocol } from 'electron'
import type { AttachmentFile } from './attachments'
import type { HeldFile } from './temporary-media'

/** The origin of all our pages. */
export const APP_ORIGIN = 'app://local'

/** Registered before Electron is ready, or pages have no origin and no CSP. */
export const APP_SCHEME: CustomScheme = {
  scheme: 'app',
  privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true },
}

/** The policy of every page, as a response header: no inline anything, no origin but ours. A test holds its exact text. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob: media:",
  "font-src 'self'",
  "media-src 'self' blob: media:",
  "connect-src 'self'",
  "worker-src 'self'",
  // The frame in which diagrams are drawn, and nothing else: no other document of ours lets itself be framed.
  "frame-src 'self'",
  "object-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

/** The document in which diagrams are drawn; the only one that a page of ours may have in a frame. */
export const DIAGRAM_PATH = '/diagram/frame.html'

/**
 * Its policy: no origin, so that it can reach nothing of the page, and nothing that it could fetch but our own scripts
 * (docs/decisions/0013-diagrams-in-a-frame.md).
 */
export const DIAGRAM_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
  'sandbox allow-scripts',
].join('; ')

/** The policy of pages from the development server: it puts styles and React's preamble into the page, and speaks over a web socket. */
export function developmentPolicy(origin: string): string {
  return CONTENT_SECURITY_POLICY.replace(/(script|style)-src 'self'/gu, "$1-src 'self' 'unsafe-inline'")
    .replace("connect-src 'self'", `connect-src 'self' ${origin.replace(/^http/u, 'ws')}`)
    .replace(/; require-trusted-types-for.*$/u, '')
}

const MIME_TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.woff': 'font/woff',
  '.ttf': 'font/ttf',
  '.wasm': 'application/wasm',
}

/** What an address under `app://local/` means. */
export type AppResource =
  | { kind: 'page-file'; segments: string[]; mime: string }
  | { kind: 'attachment'; id: string }
  | { kind: 'capture'; id: string }

/**
 * Reads an address. Names consist of letters, digits, `.`, `_` and `-` and do not begin with a dot, so there is nothing
 * to decode and no way out of the folder (S21).
 *
 * @returns null for whatever else: that is a 404
 */
export function resolveAppUrl(raw: string): AppResource | null {
  // The text as it came: URL parsers fold `..` and turn backslashes, and what is folded cannot be refused any more.
  const match = /^app:\/\/local\/([^?#]*)(?:[?#].*)?$/u.exec(raw)
  if (match === null) return null
  const segments = (match[1] ?? '').split('/')
  if (!segments.every((segment) => /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/u.test(segment))) return null
  const [folder, id] = segments
  if (folder === 'attachment' || folder === 'capture') {
    return segments.length === 2 && id !== undefined && /^[0-9a-f]{64}$/u.test(id) ? { kind: folder, id } : null
  }
  const mime = MIME_TYPES[extname(segments.at(-1) ?? '')]
  return mime === undefined ? null : { kind: 'page-file', segments, mime }
}

export interface AppFiles {
  /** The folder of the built pages. */
  pages: string
  attachment: (id: string) => Promise<AttachmentFile | HeldFile | null>
  /** The picture of a display as a bitmap file, while a region of it is being chosen; see RegionCapture. */
  capture: (id: string) => Uint8Array<ArrayBuffer> | null
}

/** Serves `app://local/`: the built pages, stored images, sounds and films by their id, and what an overlay shows. */
export function serveApp(protocol: Protocol, files: AppFiles): void {
  protocol.handle('app', async (request) => {
    const resource = request.method === 'GET' ? resolveAppUrl(request.url) : null
    if (resource === null) return notFound()
    switch (resource.kind) {
      case 'page-file':
        return servePageFile(files.pages, resource)
      case 'attachment':
        return serveAttachment(await files.attachment(resource.id), request.headers.get('range'))
      case 'capture':
        return serveCapture(files.capture(resource.id))
    }
  })
}

function serveCapture(bitmap: Uint8Array<ArrayBuffer> | null): Response {
  if (bitmap === null) return notFound()
  // Never kept: what is on a screen is nobody's business a moment later.
  const headers = { 'content-type': 'image/bmp', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
  return new Response(bitmap, {
    headers: { ...headers, 'content-security-policy': "default-src 'none'; sandbox" },
  })
}

async function servePageFile(pages: string, resource: Extract<AppResource, { kind: 'page-file' }>): Promise<Response> {
  try {
    const root = await realpath(pages)
    const path = join(root, ...resource.segments)
    // A link inside the folder would lead out of it.
    if ((await realpath(path)) !== path || !path.startsWith(root + sep)) return notFound()
    return new Response(await readFile(path), {
      headers: {
        'content-type': resource.mime,
        'content-security-policy':
          `/${resource.segments.join('/')}` === DIAGRAM_PATH ? DIAGRAM_POLICY : CONTENT_SECURITY_POLICY,
        'x-content-type-options': 'nosniff',
        'cross-origin-opener-policy': 'same-origin',
        'referrer-policy': 'no-referrer',
        // Vite puts a hash of its content into the name of every file but the pages.
        'cache-control': resource.segments[0] === 'assets' ? 'max-age=31536000, immutable' : 'no-store',
      },
    })
  } catch {
    return notFound()
  }
}

function serveAttachment(file: AttachmentFile | HeldFile | null, rangeHeader: string | null): Response {
  if (file === null) return notFound()
  const headers = {
    'content-type': file.mime,
    'x-content-type-options': 'nosniff',
    // The name is a hash of the content: it never changes. What is on no disk shall not come there as a copy.
    'cache-control': 'path' in file ? 'private, max-age=31536000, immutable' : 'no-store',
    'content-security-policy': "default-src 'none'; sandbox",
    'accept-ranges': 'bytes',
  }
  const range = rangeHeader === null ? null : parseRange(rangeHeader, file.bytes)
  if (range === 'unsatisfiable') {
    return new Response(null, { status: 416, headers: { ...headers, 'content-range': `bytes */${file.bytes}` } })
  }
  const { start, end } = range ?? { start: 0, end: file.bytes - 1 }
  const body =
    'path' in file
      ? (Readable.toWeb(createReadStream(file.path, { start, end })) as ReadableStream)
      : Uint8Array.from(file.content.subarray(start, end + 1))
  return new Response(body, {
    status: range === null ? 200 : 206,
    headers: {
      ...headers,
      'content-length': String(end - start + 1),
      ...(range === null ? {} : { 'content-range': `bytes ${start}-${end}/${file.bytes}` }),
    },
  })
}

/**
 * Reads a Range header of one range (RFC 9110, section 14.2).
 *
 * @returns both ends, inclusive; null for a header to be ignored
 */
export function parseRange(header: string, bytes: number): { start: number; end: number } | 'unsatisfiable' | null {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/u.exec(header.trim())
  if (match === null) return null
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return null
  if (first === '') {
    const count = Math.min(Number(last), bytes)
    return count === 0 ? 'unsatisfiable' : { start: bytes - count, end: bytes - 1 }
  }
  const start = Number(first)
  const end = last === '' ? bytes - 1 : Math.min(Number(last), bytes - 1)
  if (last !== '' && Number(last) < start) return null
  return start >= bytes ? 'unsatisfiable' : { start, end }
}

function notFound(): Response {
  return new Response(null, { status: 404, headers: { 'content-security-policy': CONTENT_SECURITY_POLICY } })
}
