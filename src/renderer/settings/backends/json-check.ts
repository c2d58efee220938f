/** What is wrong with a JSON text, in the words of `settings:parameters.problems`. */
export type JsonProblemKind =
  | 'comma-last'
  | 'comma-missing'
  | 'comma-extra'
  | 'colon-missing'
  | 'value-missing'
  | 'name-bare'
  | 'single-quotes'
  | 'text-open'
  | 'escape'
  | 'control'
  | 'number'
  | 'word'
  | 'comment'
  | 'bracket-open'
  | 'bracket-wrong'
  | 'rest'
  | 'not-an-object'
  | 'reserved'
  | 'too-deep'
  | 'too-large'

export interface JsonProblem {
  kind: JsonProblemKind
  /** Counts from 1. */
  line: number
  /** Where it stands in the text. */
  from: number
  to: number
  /** The piece of text that it is about, at most 40 characters; of a reserved field its name. */
  piece: string
}

/** What Parley sets itself with every question; the same list as in main, which has the last word. */
const RESERVED = new Set(['messages', 'provider', 'model', 'media', 'api_key', 'conversation', 'action'])
const MAX_BYTES = 64 * 1024
/** The object itself is the first level. */
const MAX_DEPTH = 16
const MAX_PIECE = 40

const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y
/** Whatever a person may have meant as one value: up to where another could begin. */
const WORD = /[^\s,:[\]{}"']+/y
const SPACE = /[ \t\n\r]*/y

/**
 * Checks the extra parameters of a backend: one JSON object without the fields that Parley sets. `JSON.parse` would say
 * that too, in other words on each runtime and without the place.
 *
 * @returns the first problem, or null; empty text is none
 */
export function checkParameters(text: string): JsonProblem | null {
  if (text.trim() === '') return null
  if (new TextEncoder().encode(text).length > MAX_BYTES) return problemAt(text, 'too-large', 0, 0)
  try {
    new Checker(text).checkWhole()
    return null
  } catch (thrown) {
    if (thrown instanceof Found) return thrown.problem
    throw thrown
  }
}

/** Ends the walk at the first problem. */
class Found extends Error {
  constructor(readonly problem: JsonProblem) {
    super(problem.kind)
  }
}

/** Walks a JSON text (RFC 8259), looking one character ahead. Each method stands after what it has read. */
class Checker {
  #at = 0

  constructor(private readonly text: string) {}

  checkWhole(): void {
    this.#skipSpace()
    if (this.#next() !== '{') this.#refuse('not-an-object', this.#at, this.#at + 1)
    this.#checkObject(1)
    this.#skipSpace()
    if (this.#at < this.text.length) this.#refuse('rest', this.#at, this.#endOfWord())
  }

  #checkObject(depth: number): void {
    const open = this.#at
    if (depth > MAX_DEPTH) this.#refuse('too-deep', open, open + 1)
    this.#at += 1
    this.#skipSpace()
    if (this.#takeEnd('}', open, null)) return
    for (;;) {
      this.#checkName(depth)
      this.#skipSpace()
      if (this.#next() !== ':') this.#refuseAfter('colon-missing')
      this.#at += 1
      this.#skipSpace()
      if (this.#next() === ',' || this.#next() === '}') this.#refuseAfter('value-missing')
      this.#checkValue(depth)
      if (this.#checkSeparator('}', open)) return
    }
  }

  #checkList(depth: number): void {
    const open = this.#at
    if (depth > MAX_DEPTH) this.#refuse('too-deep', open, open + 1)
    this.#at += 1
    this.#skipSpace()
    if (this.#takeEnd(']', open, null)) return
    for (;;) {
      this.#checkValue(depth)
      if (this.#checkSeparator(']', open)) return
    }
  }

  /** What may stand after an item: the end, or a comma with another item behind it. */
  #checkSeparator(end: '}' | ']', open: number): boolean {
    this.#skipSpace()
    if (this.#takeEnd(end, open, null)) return true
    if (this.#next() !== ',') this.#refuseAfter('comma-missing')
    const comma = this.#at
    this.#at += 1
    this.#skipSpace()
    if (this.#next() === ',') this.#refuse('comma-extra', this.#at, this.#at + 1)
    return this.#takeEnd(end, open, comma)
  }

  /** Whether the end stands here. After a comma it must not, and the text must not end before it. */
  #takeEnd(end: '}' | ']', open: number, comma: number | null): boolean {
    const next = this.#next()
    if (next === '') {
      if (comma !== null) this.#refuse('comma-last', comma, comma + 1)
      this.#refuse('bracket-open', open, open + 1)
    }
    if (next !== '}' && next !== ']') return false
    if (comma !== null) this.#refuse('comma-last', comma, comma + 1)
    if (next !== end) this.#refuse('bracket-wrong', this.#at, this.#at + 1)
    this.#at += 1
    return true
  }

  #checkName(depth: number): void {
    const from = this.#at
    const next = this.#next()
    if (next === "'") this.#refuse('single-quotes', from, this.#endOfWord())
    if (next === ',') this.#refuse('comma-extra', from, from + 1)
    if (next !== '"') this.#refuse(this.#isComment() ? 'comment' : 'name-bare', from, this.#endOfWord())
    this.#checkText()
    const name: unknown = JSON.parse(this.text.slice(from, this.#at))
    if (depth === 1 && typeof name === 'string' && RESERVED.has(name)) {
      throw new Found({ ...problemAt(this.text, 'reserved', from, this.#at), piece: name })
    }
  }

  #checkValue(depth: number): void {
    const from = this.#at
    switch (this.#next()) {
      case '':
        this.#refuseAfter('value-missing')
        break
      case '"':
        this.#checkText()
        break
      case '{':
        this.#checkObject(depth + 1)
        break
      case '[':
        this.#checkList(depth + 1)
        break
      case ',':
        this.#refuse('comma-extra', from, from + 1)
        break
      case ':':
      case '}':
      case ']':
        this.#refuse('bracket-wrong', from, from + 1)
        break
      case "'":
        this.#refuse('single-quotes', from, this.#endOfWord())
        break
      default:
        this.#checkWord()
    }
  }

  #checkWord(): void {
    const from = this.#at
    if (this.#isComment()) this.#refuse('comment', from, this.#endOfWord())
    const to = this.#endOfWord()
    const word = this.text.slice(from, to)
    NUMBER.lastIndex = from
    const isNumber = NUMBER.test(this.text) && NUMBER.lastIndex === to
    if (!isNumber && !['true', 'false', 'null'].includes(word)) {
      this.#refuse(/^[-+.]?\d/u.test(word) ? 'number' : 'word', from, to)
    }
    this.#at = to
  }

  #checkText(): void {
    const from = this.#at
    this.#at += 1
    for (;;) {
      const character = this.#next()
      if (character === '"') break
      if (character === '' || character === '\n' || character === '\r') this.#refuse('text-open', from, this.#at)
      if (character < ' ') this.#refuse('control', this.#at, this.#at + 1)
      if (character === '\\') {
        const isKnown = /^\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/u.test(this.text.slice(this.#at, this.#at + 6))
        if (!isKnown) this.#refuse('escape', this.#at, Math.min(this.#at + 2, this.text.length))
        this.#at += 1
      }
      this.#at += 1
    }
    this.#at += 1
  }

  #isComment(): boolean {
    return /^(?:\/[/*]|#)/u.test(this.text.slice(this.#at, this.#at + 2))
  }

  #endOfWord(): number {
    WORD.lastIndex = this.#at
    return WORD.test(this.text) ? WORD.lastIndex : Math.min(this.#at + 1, this.text.length)
  }

  #next(): string {
    return this.text.charAt(this.#at)
  }

  #skipSpace(): void {
    SPACE.lastIndex = this.#at
    if (SPACE.test(this.text)) this.#at = SPACE.lastIndex
  }

  /** Something is missing behind what was read last: that is where it is added. */
  #refuseAfter(kind: JsonProblemKind): never {
    const end = this.text.slice(0, this.#at).trimEnd().length
    this.#refuse(kind, end - 1, end)
  }

  #refuse(kind: JsonProblemKind, from: number, to: number): never {
    throw new Found(problemAt(this.text, kind, from, to))
  }
}

function problemAt(text: string, kind: JsonProblemKind, from: number, to: number): JsonProblem {
  const line = (text.slice(0, from).match(/\n/gu)?.length ?? 0) + 1
  return { kind, line, from, to, piece: text.slice(from, to).slice(0, MAX_PIECE) }
}
