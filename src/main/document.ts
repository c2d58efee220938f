import { setImmediate as nextTurn } from 'node:timers/promises'
import type { DocumentMime } from '../shared/conversation'
import { DOCUMENT_FORMATS, type MediaFormat } from './media-format'

/** A file that a server can read for its models; the bytes of a text are UTF-8 without a mark in front. */
export interface DocumentContent {
  mime: DocumentMime
  bytes: Uint8Array
}

const PIECE_BYTES = 1024 * 1024
const PDF_MARK = '%PDF-'
/** Readers of PDF look for their mark so far into the file. */
const PDF_HEAD_BYTES = 1024

/**
 * Decides by content alone whether bytes are a PDF or a text: valid UTF-8, or UTF-16 with its mark, without the control
 * characters that no text has. Source code, tables and logs are text, whatever they are called, also when they speak of
 * PDF. Other work comes between the pieces.
 *
 * @returns null for what is neither
 */
export async function readDocument(bytes: Uint8Array): Promise<DocumentContent | null> {
  const text = placeOfPdf(bytes) === 0 ? null : await readText(bytes)
  if (text !== null) return { mime: 'text/plain', bytes: text }
  return placeOfPdf(bytes) < 0 ? null : { mime: 'application/pdf', bytes }
}

/** A text as UTF-8 without a mark in front; null for what is none. */
async function readText(bytes: Uint8Array): Promise<Uint8Array | null> {
  const encoding = encodingOf(bytes)
  const decoder = new TextDecoder(encoding, { fatal: true })
  const encoded: Uint8Array[] = []
  try {
    for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) {
      const isLast = at + PIECE_BYTES >= bytes.byteLength
      const words = decoder.decode(bytes.subarray(at, at + PIECE_BYTES), { stream: !isLast })
      if (hasControls(words)) return null
      if (encoding !== 'utf-8') encoded.push(Buffer.from(words))
      await nextTurn()
    }
  } catch {
    return null
  }
  if (encoding !== 'utf-8') return Buffer.concat(encoded)
  return hasMark(bytes) ? bytes.subarray(3) : bytes
}

/**
 * What the head of a stored document says that it is; null for neither. The last character of the head may be cut.
 */
export function recogniseDocument(head: Uint8Array): MediaFormat | null {
  const place = placeOfPdf(head)
  const isText = place !== 0 && isTextHead(head)
  const mime = isText ? 'text/plain' : place < 0 ? null : 'application/pdf'
  return DOCUMENT_FORMATS.find((format) => format.mime === mime) ?? null
}

/** Where the mark of a PDF stands; -1 when there is none. Only at the very beginning it says all by itself. */
function placeOfPdf(bytes: Uint8Array): number {
  return Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.byteLength, PDF_HEAD_BYTES)).indexOf(PDF_MARK)
}

function isTextHead(head: Uint8Array): boolean {
  try {
    return !hasControls(new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true }))
  } catch {
    return false
  }
}

function encodingOf(bytes: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le'
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : 'utf-8'
}

function hasMark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

// Logs hold the escape of terminal colours, and old printers' files a form feed; NUL and its like stand in no text.
function hasControls(words: string): boolean {
  return /[\0-\x07\x0b\x0e-\x1a\x1c-\x1f\x7f]/u.test(words)
}
