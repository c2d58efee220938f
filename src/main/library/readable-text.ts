import { withoutBidiControls } from '../../shared/conversation'

/**
 * The text of messages that can still be read in a conversation's file that is no JSON any more: every string under a
 * key that says something to a person, in the order of the file, with a line for each speaker. Also the strings under keys
 * that are themselves damaged. Empty when there is none.
 */
export function readableText(broken: string): string {
  const lines: string[] = []
  for (const { key, value } of namedStrings(broken)) {
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

/**
 * Keys with their strings. One whose end is lost ends with its line: JSON has no line break inside of a string. Looks at each
 * character a few times at most, whatever the damage: quotes inside of a string whose beginning is lost all have the same
 * end, and an expression that tries each of them held main up for eleven seconds over 400 kB.
 */
function* namedStrings(broken: string): Generator<{ key: string; value: string }> {
  let at = broken.indexOf('"')
  while (at !== -1) {
    const end = endOfString(broken, at + 1)
    const colon = broken[end] === '"' ? endOfSpace(broken, end + 1) : end
    const start = broken[colon] === ':' ? endOfSpace(broken, colon + 1) : end
    let next = end
    if (start !== end && broken[start] === '"') {
      next = endOfString(broken, start + 1)
      yield { key: broken.slice(at + 1, end), value: broken.slice(start + 1, next) }
    }
    at = broken.indexOf('"', next)
  }
}

/** Where a string ends that begins at `from`: at its quote, at the end of its line, or at the end of everything. */
function endOfString(text: string, from: number): number {
  let at = from
  while (at < text.length) {
    const code = text.charCodeAt(at)
    if (code === QUOTE || code === LINE_BREAK) return at
    const isEscape = code === BACKSLASH
    if (isEscape && (at + 1 === text.length || text.charCodeAt(at + 1) === LINE_BREAK)) return at
    at += isEscape ? 2 : 1
  }
  return text.length
}

function endOfSpace(text: string, from: number): number {
  let at = from
  while (at < text.length && SPACE.has(text.charCodeAt(at))) at += 1
  return at
}

/** JSON has no other. */
const SPACE = new Set([0x20, 0x09, 0x0a, 0x0d])
const QUOTE = 0x22
const BACKSLASH = 0x5c
const LINE_BREAK = 0x0a

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
