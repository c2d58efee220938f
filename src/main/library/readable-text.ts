import { withoutBidiControls } from '../../shared/conversation'

/**
 * The text of messages that can still be read in a conversation's file that is no JSON any more: every string under a
 * key that says something to a person, in the order of the file, with a line for each speaker. Also the strings under keys
 * that are themselves damaged. Empty when there is none.
 */
export function readableText(broken: string): string {
  const lines: string[] = []
  for (const [, key, value] of broken.matchAll(STRINGS)) {
    if (key === undefined || value === undefined) continue
    const text = unescape(value)
    if (key === 'role') lines.push(`\n[${text}]`)
    else if (!TECHNICAL.has(key) && text.trim() !== '') lines.push(text)
  }
  const hasWords = lines.some((line) => !line.startsWith('\n['))
  return hasWords ? `${lines.join('\n').trim()}\n` : ''
}

/** The beginning of the readable text, for a page: what a person reads before they ask for the file. */
export function readableBeginning(broken: string): { text: string; isCut: boolean } {
  const text = readableText(broken.slice(0, MAX_LOOKED_AT))
  return { text: text.slice(0, MAX_SHOWN), isCut: text.length > MAX_SHOWN || broken.length > MAX_LOOKED_AT }
}

/** The title in a conversation's file that cannot be read any more; empty when it is not whole there. */
export function readableTitle(broken: string): string {
  // What comes behind is of messages, in which anything may call itself a title.
  const head = broken.slice(0, HEAD_LENGTH).split('"messages"', 1)[0] ?? ''
  const title = unescape(TITLE.exec(head)?.[1] ?? '')
  return withoutBidiControls(title).replace(/\s+/gu, ' ').trim().slice(0, MAX_TITLE_LENGTH)
}

/** So much of a chat is read within 25 ms, in which nothing else happens. */
const MAX_LOOKED_AT = 1_000_000
const MAX_SHOWN = 200_000
const HEAD_LENGTH = 16_384
const MAX_TITLE_LENGTH = 200
const TITLE = /"title"\s*:\s*"((?:[^"\\\n]|\\.)*)"/u

/** A key and its string. One whose end is lost ends with its line: JSON has no line break inside of a string. */
const STRINGS = /"((?:[^"\\\n]|\\.)*)"\s*:\s*"((?:[^"\\\n]|\\.)*)/gu

/** Keys of a conversation's file whose strings are no words of a person or an answer. */
const TECHNICAL = new Set([
  'id',
  'parentId',
  'generationId',
  'backendId',
  'headId',
  'titleSource',
  'origin',
  'provider',
  'model',
  'requested',
  'state',
  'phase',
  'code',
  'reason',
  'cause',
  'host',
  'type',
  'kind',
  'mime',
  'label',
  'url',
  'finishReason',
  'sha256',
])

function unescape(literal: string): string {
  // An escape that the damage has made impossible stays as it is; what is around it can still be read.
  return literal.replace(/\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/gu, (_whole, code: string | undefined, sign: string) =>
    code === undefined ? (SIGNS[sign] ?? sign) : String.fromCharCode(Number.parseInt(code, 16)),
  )
}

const SIGNS: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' }
