import { Lexer, Marked, Tokenizer, type Token, type TokenizerExtension, type Tokens, type TokensList } from 'marked'
import type { Definitions } from './nodes'

/** Quotes and lists nested deeper than this are read as text: lexer and layout engines recurse, and overflow. */
const MAX_DEPTH = 24
/** A formula longer than this is no formula: the search for its end stops here, so that no input makes it slow. */
const MAX_MATH_LENGTH = 8_000
/** The same for one in `\(…\)`, without its signs. */
const MAX_BRACKETED_LENGTH = 1_000
/** How far into a paragraph a formula on a line of its own is looked for. */
const PARAGRAPH_WINDOW = 16_384
/** Inline markup is read in pieces of this length: some inputs cost the square of a piece, none that of a megabyte. */
const PIECE_LENGTH = 8_192
/** More opening brackets in one piece are no text; looking for the end of each would take seconds. */
const MAX_BRACKETS = 500

export interface MathToken extends Tokens.Generic {
  type: 'math' | 'inlineMath'
  tex: string
  isDisplay: boolean
}
export interface FootnoteToken extends Tokens.Generic {
  type: 'footnote'
  label: string
}
export interface FootnoteDefinitionToken extends Tokens.Generic {
  type: 'footnoteDefinition'
  label: string
  tokens: Token[]
}
/** A stretch of a paragraph that is too long for one go. */
export interface PieceToken extends Tokens.Generic {
  type: 'piece'
  tokens: Token[]
}

const blockMath: TokenizerExtension = {
  name: 'math',
  level: 'block',
  start(src) {
    const end = src.slice(0, PARAGRAPH_WINDOW).indexOf('\n\n')
    const found = /\n {0,3}(?:\$\$|\\\[)/u.exec(src.slice(0, end < 0 ? PARAGRAPH_WINDOW : end))
    return found === null ? undefined : found.index + 1
  },
  tokenizer(src): MathToken | undefined {
    const opening = /^ {0,3}(\$\$|\\\[)/u.exec(src)
    if (opening === null) return undefined
    const from = opening[0].length
    const closer = opening[1] === '$$' ? '$$' : '\\]'
    const close = signsOf(this.lexer).find(closer, src, from)
    if (close < 0 || close + closer.length > MAX_MATH_LENGTH) return undefined
    const tex = src.slice(from, close)
    // A blank line ends every formula, so that two stray signs never swallow the text between them.
    if (tex.trim() === '' || /\n[ \t]*\n/u.test(tex)) return undefined
    const rest = /^[ \t]*[.,;]?[ \t]*(?:\n|$)/u.exec(src.slice(close + closer.length, MAX_MATH_LENGTH))
    if (rest === null) return undefined
    return { type: 'math', raw: src.slice(0, close + closer.length + rest[0].length), tex: tex.trim(), isDisplay: true }
  },
}

const inlineMath: TokenizerExtension = {
  name: 'inlineMath',
  level: 'inline',
  start(src) {
    const signs = signsOf(this.lexer)
    const dollar = signs.find('$', src, 0)
    const bracket = signs.find('\\(', src, 0)
    if (dollar < 0) return bracket < 0 ? undefined : bracket
    return bracket < 0 ? dollar : Math.min(dollar, bracket)
  },
  tokenizer(src): MathToken | undefined {
    const display = /^\$\$([^$]{1,4000}?)\$\$/u.exec(src)
    if (display !== null) return inlineMathToken(display[0], display[1] ?? '', true)
    // As in Pandoc: no space inside the signs and no digit after them, so that "$5 and $10" stays money.
    const inline = /^\$(?![\s$])((?:\\[^]|[^\\$]){1,1000}?)(?<!\s)\$(?!\d)/u.exec(src)
    if (inline !== null)
      return isMoney(inline[1] ?? '') ? undefined : inlineMathToken(inline[0], inline[1] ?? '', false)
    if (!src.startsWith('\\(')) return undefined
    // At least one character stands between the signs.
    const close = signsOf(this.lexer).find('\\)', src, 3)
    if (close < 0 || close > 2 + MAX_BRACKETED_LENGTH) return undefined
    return inlineMathToken(src.slice(0, close + 2), src.slice(2, close), false)
  },
}

/** "$10, or US$": a number and words, with no sign of a formula. */
function isMoney(tex: string): boolean {
  return /^[\d.,]+\s*[\s,;:.].*[a-zа-я]{2}/isu.test(tex) && !/[\\^_={}]/u.test(tex)
}

function inlineMathToken(raw: string, source: string, isDisplay: boolean): MathToken | undefined {
  const tex = source.trim()
  return tex === '' ? undefined : { type: 'inlineMath', raw, tex, isDisplay }
}

const footnote: TokenizerExtension = {
  name: 'footnote',
  level: 'inline',
  start(src) {
    const at = src.indexOf('[^')
    return at < 0 ? undefined : at
  },
  tokenizer(src): FootnoteToken | undefined {
    const match = /^\[\^([^\s\]^[]{1,100})\]/u.exec(src)
    return match === null ? undefined : { type: 'footnote', raw: match[0], label: (match[1] ?? '').toLowerCase() }
  },
}

// What ends the lazy continuation of a footnote: another block begins on the line.
const STARTS_BLOCK = /^ {0,3}(?:\[\^[^\s\]]+\]:|#{1,6}[ \t]|```|~~~|>|[-*+][ \t]|\d{1,9}[.)][ \t]|\$\$|\\\[|\|)/u

const footnoteDefinition: TokenizerExtension = {
  name: 'footnoteDefinition',
  level: 'block',
  tokenizer(src): FootnoteDefinitionToken | undefined {
    const opening = /^ {0,3}\[\^([^\s\]^[]{1,100})\]:[ \t]*/u.exec(src)
    if (opening === null) return undefined
    let end = lineEnd(src, 0)
    let content = src.slice(opening[0].length, end)
    while (end < src.length) {
      const next = lineEnd(src, end)
      const line = src.slice(end, next)
      if (line.trim() === '') {
        // A blank line belongs to the footnote only if an indented line follows it.
        const after = src.slice(next, lineEnd(src, next))
        if (!/^(?: {2,}|\t)[ \t]*\S/u.test(after)) break
      } else if (!/^(?: {2,}|\t)/u.test(line) && (STARTS_BLOCK.test(line) || /\n[ \t]*\n$/u.test(content))) break
      content += line.replace(/^(?: {1,4}|\t)/u, '')
      end = next
    }
    const wasTop = this.lexer.state.top
    this.lexer.state.top = true
    const tokens = this.lexer.blockTokens(content.trimEnd(), [])
    this.lexer.state.top = wasTop
    return { type: 'footnoteDefinition', raw: src.slice(0, end), label: (opening[1] ?? '').toLowerCase(), tokens }
  },
}

/** The position after the line that begins at `from`. */
function lineEnd(src: string, from: number): number {
  const newline = src.indexOf('\n', from)
  return newline < 0 ? src.length : newline + 1
}

/** Where signs come next in one text, of which less and less is left: however often it is asked, each text is searched once. */
class Signs {
  /** By sign: how far the next one is from the end of the text; null when there is none any more. */
  readonly #fromEnd = new Map<string, number | null>()

  /** As `rest.indexOf(sign, from)`. Neither the beginning of `rest` nor `from` may ever go back in the text. */
  find(sign: string, rest: string, from: number): number {
    const known = this.#fromEnd.get(sign)
    if (known === null) return -1
    if (known !== undefined && rest.length - known >= from) return rest.length - known
    const at = rest.indexOf(sign, from)
    this.#fromEnd.set(sign, at < 0 ? null : rest.length - at)
    return at
  }
}

class BoundedLexer extends Lexer {
  signs = new Signs()

  override blockTokens(src: string, tokens?: Token[], isLastParagraphClipped?: boolean): Token[]
  override blockTokens(src: string, tokens?: TokensList, isLastParagraphClipped?: boolean): TokensList
  override blockTokens(src: string, tokens?: Token[], isLastParagraphClipped?: boolean): Token[] {
    return this.#within(() => super.blockTokens(src, tokens, isLastParagraphClipped))
  }

  override inlineTokens(...args: Parameters<Lexer['inlineTokens']>): ReturnType<Lexer['inlineTokens']> {
    return this.#within(() => super.inlineTokens(...args))
  }

  // What stands in a list or a link is a text of its own.
  #within<T>(tokenize: () => T): T {
    const outer = this.signs
    this.signs = new Signs()
    try {
      return tokenize()
    } finally {
      this.signs = outer
    }
  }
}

function signsOf(lexer: Lexer): Signs {
  return lexer instanceof BoundedLexer ? lexer.signs : new Signs()
}

class BoundedTokenizer extends Tokenizer {
  #depth = 0

  override list(src: string): Tokens.List | undefined {
    return this.#nested(() => super.list(src))
  }

  override blockquote(src: string): Tokens.Blockquote | undefined {
    return this.#nested(() => super.blockquote(src))
  }

  #nested<T>(tokenize: () => T | undefined): T | undefined {
    if (this.#depth === MAX_DEPTH) return undefined
    this.#depth += 1
    try {
      return tokenize()
    } finally {
      this.#depth -= 1
    }
  }
}

const grammar = new Marked({ gfm: true, extensions: [blockMath, footnoteDefinition, inlineMath, footnote] })

/**
 * Markdown as tokens of marked. Their `raw`s follow one another without a gap and together are `source`.
 *
 * @param source with `\n` as its only line end
 * @param definitions link definitions from text before `source`; they win over those in it
 * @returns the top-level tokens, and all definitions that are now known
 */
export function lex(source: string, definitions: Definitions): { tokens: Token[]; definitions: Definitions } {
  try {
    const lexer = new BoundedLexer({ ...grammar.defaults, tokenizer: new BoundedTokenizer() })
    Object.assign(lexer.tokens.links, definitions)
    lexer.blockTokens(source, lexer.tokens)
    for (const { src, tokens } of lexer.inlineQueue) {
      lexer.state.inRawBlock = false
      lexInline(lexer, src, tokens)
    }
    return { tokens: [...lexer.tokens], definitions: lexer.tokens.links }
  } catch {
    // Footnotes or emphasis nested by the thousand overflow the stack: such a text is shown as it is.
    return { tokens: [{ type: 'verbatim', raw: source }], definitions }
  }
}

function lexInline(lexer: Lexer, source: string, tokens: Token[]): void {
  if (source.length <= PIECE_LENGTH * 2) {
    lexPiece(lexer, source, tokens)
    return
  }
  for (let from = 0; from < source.length;) {
    const end = pieceEnd(source, from)
    const raw = source.slice(from, end)
    const piece: PieceToken = { type: 'piece', raw, tokens: lexPiece(lexer, raw, []) }
    tokens.push(piece)
    from = end
  }
}

function lexPiece(lexer: Lexer, source: string, tokens: Token[]): Token[] {
  if (source.length < MAX_BRACKETS || (source.match(/[[<]/gu) ?? []).length < MAX_BRACKETS) {
    return lexer.inlineTokens(source, tokens)
  }
  tokens.push({ type: 'text', raw: source, text: source })
  return tokens
}

// Where a piece ends depends on the text before it only, so a growing paragraph keeps its pieces.
function pieceEnd(source: string, from: number): number {
  const earliest = from + PIECE_LENGTH
  if (earliest >= source.length) return source.length
  const space = source.slice(earliest, earliest + PIECE_LENGTH).search(/\s/u)
  if (space >= 0) return earliest + space + 1
  const end = Math.min(earliest + PIECE_LENGTH, source.length)
  // A surrogate pair is never cut.
  const code = source.charCodeAt(end - 1)
  return code >= 0xd8_00 && code <= 0xdb_ff && end < source.length ? end + 1 : end
}
