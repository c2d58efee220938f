import { setImmediate as nextTurn } from 'node:timers/promises'

/** Lists and objects, and the commas between: a short text of `{},{},` would keep JSON.parse at work for minutes. */
const MAX_BRACKETS = 2_000_000
const MAX_COMMAS = 8_000_000
/** About a millisecond of counting; other work goes on in between. */
const SLICE_BYTES = 1024 * 1024
/** Values of servers are handed from process to process, which walks them by recursion. */
const MAX_DEPTH = 64

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING_LIST = 0x5b
const OPENING_OBJECT = 0x7b

/** Whether the bytes of a JSON text, not too many, may be parsed in one go, on a thread that other work waits for. */
export async function isModest(json: Uint8Array): Promise<boolean> {
  if (json.byteLength <= MAX_BRACKETS) return true
  let brackets = 0
  let commas = 0
  let isInString = false
  for (let from = 0; from < json.byteLength; from += SLICE_BYTES) {
    const to = Math.min(from + SLICE_BYTES, json.byteLength)
    for (let at = from; at < to; at += 1) {
      const byte = json[at]
      if (isInString) {
        if (byte === QUOTE && !isEscaped(json, at)) isInString = false
      } else if (byte === QUOTE) isInString = true
      else if (byte === OPENING_LIST || byte === OPENING_OBJECT) brackets += 1
      else if (byte === COMMA) commas += 1
    }
    if (brackets > MAX_BRACKETS || commas > MAX_COMMAS) return false
    await nextTurn()
  }
  return true
}

function isEscaped(json: Uint8Array, at: number): boolean {
  let slashes = 0
  while (json[at - slashes - 1] === BACKSLASH) slashes += 1
  return slashes % 2 === 1
}

/** Whether lists and objects lie in one another so deep that they cannot be handed on. */
export function isDeep(value: unknown, allowed = MAX_DEPTH): boolean {
  if (typeof value !== 'object' || value === null) return false
  return allowed === 0 || Object.values(value).some((each) => isDeep(each, allowed - 1))
}
