/** Above this nobody nests on purpose, and walking down costs the stack (S40). */
const MAX_DEPTH = 64
/** Of one event or body. What is small as text can be fifty times as large as values. */
const MAX_VALUES = 100_000

/** As far as ChunkDecoder mends what it reads. */
const MAX_MENDED_CHARACTERS = 64 * 1024
const CONTROL = /[\u0000-\u001f]/gu

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c

/**
 * JSON that anybody may have written, read under the rules of ChunkDecoder: also with raw control characters in its
 * strings. Undefined when it is none, is nested deeper than 64, or has more than 100,000 values.
 */
export function readJson(json: string): unknown {
  if (!isModest(json, MAX_DEPTH, MAX_VALUES)) return undefined
  return parse(json) ?? (json.length <= MAX_MENDED_CHARACTERS ? parse(json.replace(CONTROL, escapeControl)) : undefined)
}

/** Whether JSON is neither nested deep nor made of very many values, told without making any of them. */
export function isModest(json: string, maxDepth: number, maxValues: number): boolean {
  let depth = 0
  let values = 0
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    if (code === QUOTE) {
      at = endOfString(json, at)
      if (at === -1) return false
    } else if (code === COMMA) values += 1
    else if (code === 0x5b || code === 0x7b) depth += 1
    else if (code === 0x5d || code === 0x7d) depth -= 1
    if (depth > maxDepth || values > maxValues) return false
  }
  return true
}

function endOfString(json: string, from: number): number {
  for (let at = json.indexOf('"', from + 1); at !== -1; at = json.indexOf('"', at + 1)) {
    let backslashes = 0
    while (json.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes += 1
    if (backslashes % 2 === 0) return at
  }
  return -1
}

function escapeControl(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    return undefined
  }
}
