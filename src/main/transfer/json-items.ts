import { refusal } from './archive'

/** One element of a list, or one member of an object with its key; or what is wrong with it. */
export type JsonItem = { key: string | null } & ({ text: string } | { problem: 'too-large' | 'too-deep' })

export interface JsonItems {
  kind: 'list' | 'record'
  items: AsyncGenerator<JsonItem>
}

export interface JsonLimits {
  maxItemBytes: number
  /** Of lists and objects in one another, below an item. */
  maxDepth: number
  maxItems: number
  /** Lists, objects, elements and members of an item, together: each becomes an object of ours, however short it is. */
  maxParts: number
}

const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN_RECORD = 0x7b
const CLOSE_RECORD = 0x7d
const MAX_KEY_BYTES = 4096

const isSpace = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/**
 * Takes a JSON file of any size apart into the elements of its list or the members of its object, so that only one of them is
 * ever in memory. What is too large or too deep is passed over. The texts of the items are not checked: whoever
 * parses one sees what it is.
 *
 * @throws AppFailure `bad-archive`: `format` for what is no list and no object, `damaged` for one that breaks off,
 * `too-large` for more than `maxItems`; the last two from `items`
 */
export async function readJsonItems(source: AsyncIterable<Uint8Array>, limits: JsonLimits): Promise<JsonItems> {
  const bytes = new Bytes(source)
  await bytes.skipMark()
  const first = await bytes.nextSign()
  if (first !== OPEN_LIST && first !== OPEN_RECORD) {
    await bytes.close()
    throw refusal('format')
  }
  const kind = first === OPEN_LIST ? 'list' : 'record'
  return { kind, items: closeAfter(bytes, readItems(bytes, kind, limits)) }
}

/** Lets go of the file also when nobody wants the rest of it. */
async function* closeAfter(bytes: Bytes, items: AsyncGenerator<JsonItem>): AsyncGenerator<JsonItem> {
  try {
    yield* items
  } finally {
    await bytes.close()
  }
}

async function* readItems(bytes: Bytes, kind: JsonItems['kind'], limits: JsonLimits): AsyncGenerator<JsonItem> {
  const close = kind === 'list' ? CLOSE_LIST : CLOSE_RECORD
  let sign = await bytes.nextSign()
  for (let count = 0; sign !== close; count += 1) {
    if (count >= limits.maxItems) throw refusal('too-large')
    if (count > 0) {
      if (sign !== COMMA) throw refusal('damaged')
      sign = await bytes.nextSign()
    }
    let key: string | null = null
    if (kind === 'record') {
      if (sign !== QUOTE) throw refusal('damaged')
      key = await readKey(bytes)
      if ((await bytes.nextSign()) !== COLON) throw refusal('damaged')
      sign = await bytes.nextSign()
    }
    if (sign === null || sign === COMMA || sign === CLOSE_LIST || sign === CLOSE_RECORD) throw refusal('damaged')
    yield { key, ...(await readValue(bytes, limits)) }
    sign = await bytes.nextSign()
  }
  if ((await bytes.nextSign()) !== null) throw refusal('damaged')
}

async function readKey(bytes: Bytes): Promise<string> {
  const value = await readValue(bytes, { maxItemBytes: MAX_KEY_BYTES, maxDepth: 1, maxItems: 0, maxParts: 1 })
  if ('problem' in value) throw refusal('unsafe')
  try {
    return String(JSON.parse(value.text))
  } catch {
    throw refusal('damaged')
  }
}

/** The value whose first byte has just been taken. Ends before the byte that is not part of it. */
async function readValue(
  bytes: Bytes,
  { maxItemBytes, maxDepth, maxParts }: JsonLimits,
): Promise<{ text: string } | { problem: 'too-large' | 'too-deep' }> {
  const pieces: Uint8Array[] = []
  let length = 0
  let depth = 0
  let parts = 0
  let isDeep = false
  let isString = false
  let isEscaped = false
  let isDone = false
  bytes.back()
  while (!isDone) {
    const chunk = await bytes.rest()
    if (chunk === null) throw refusal('damaged')
    let end = 0
    for (; end < chunk.length && !isDone; end += 1) {
      const byte = chunk[end] ?? 0
      if (isString) {
        if (isEscaped) isEscaped = false
        else if (byte === BACKSLASH) isEscaped = true
        else if (byte === QUOTE) {
          isString = false
          isDone = depth === 0
        }
      } else if (byte === QUOTE) isString = true
      else if (byte === OPEN_LIST || byte === OPEN_RECORD) {
        depth += 1
        parts += 1
        if (depth > maxDepth) isDeep = true
      } else if (byte === CLOSE_LIST || byte === CLOSE_RECORD) {
        if (depth === 0) {
          // The end of a number or a word, and of the list around it.
          isDone = true
          break
        }
        depth -= 1
        isDone = depth === 0
      } else if (depth === 0 && (byte === COMMA || isSpace(byte))) {
        isDone = true
        break
      } else if (byte === COMMA) parts += 1
    }
    length += end
    if (length <= maxItemBytes && parts <= maxParts && !isDeep) pieces.push(chunk.subarray(0, end))
    else pieces.length = 0
    bytes.take(end)
  }
  if (isDeep) return { problem: 'too-deep' }
  if (length > maxItemBytes || parts > maxParts) return { problem: 'too-large' }
  return { text: Buffer.concat(pieces).toString('utf8') }
}

/** Bytes that come in chunks, one after the other. */
class Bytes {
  readonly #source: AsyncIterator<Uint8Array>
  #chunk: Uint8Array = new Uint8Array()
  #at = 0

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  /** What is left of the present chunk, or the next one; null at the end. */
  async rest(): Promise<Uint8Array | null> {
    while (this.#at >= this.#chunk.length) {
      const next = await this.#source.next()
      if (next.done === true) return null
      this.#chunk = next.value
      this.#at = 0
    }
    return this.#chunk.subarray(this.#at)
  }

  async close(): Promise<void> {
    await this.#source.return?.()
  }

  take(count: number): void {
    this.#at += count
  }

  /** Gives the last taken byte back; there is one. */
  back(): void {
    this.#at -= 1
  }

  /** The next byte that is no space, taken; null at the end. */
  async nextSign(): Promise<number | null> {
    for (let chunk = await this.rest(); chunk !== null; chunk = await this.rest()) {
      const index = chunk.findIndex((byte) => !isSpace(byte))
      this.take(index < 0 ? chunk.length : index + 1)
      if (index >= 0) return chunk[index] ?? null
    }
    return null
  }

  /** Passes over the mark that editors on Windows put before UTF-8. */
  async skipMark(): Promise<void> {
    for (const expected of [0xef, 0xbb, 0xbf]) {
      const chunk = await this.rest()
      if (chunk?.[0] !== expected) return
      this.take(1)
    }
  }
}
