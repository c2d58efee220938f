import type { MarkedToken, Token, Tokens } from 'marked'
import { linkAddress, pictureOf } from './address'
import { decodeEntities } from './entities'
import type { FootnoteDefinitionToken, FootnoteToken, MathToken, PieceToken } from './grammar'
import type { Block, BlockKind, CellAlign, Inline, ListItem, Picture, SpanName, TableRow } from './nodes'

type OurToken = MarkedToken | MathToken | FootnoteToken | FootnoteDefinitionToken | PieceToken

/** What the blocks of an answer leave behind for the rest of it: the footnotes that they use and define. */
export interface Collected {
  version: number
  /** Labels in the order of their first use. */
  footnoteUses: Set<string>
  footnotes: Map<string, readonly Block[]>
}

/**
 * The block of a top-level token; null for what shows nothing in its place (blank lines, definitions, comments).
 *
 * @param previous kind of the block before it, for the space between the two
 */
export function toBlock(token: Token, previous: BlockKind | null, collected: Collected): Block | null {
  return blockOf(token, previous, collected)
}

function blocksOf(tokens: readonly Token[], collected: Collected): Block[] {
  const blocks: Block[] = []
  for (const token of tokens) {
    const block = blockOf(token, blocks.at(-1)?.kind ?? null, collected)
    if (block !== null) blocks.push(block)
  }
  return blocks
}

function blockOf(token: Token, previous: BlockKind | null, collected: Collected): Block | null {
  const block = shape(token as OurToken, collected)
  if (block === null) return null
  return { ...block, gap: gapBetween(previous, block.kind) }
}

function shape(token: OurToken, collected: Collected): Block | null {
  const base = { raw: token.raw, version: collected.version, gap: 0 }
  const inlines = (tokens: readonly Token[] | undefined) => inlinesOf(tokens ?? [], collected)
  switch (token.type) {
    case 'space':
    case 'def':
    case 'checkbox':
      return null
    case 'footnoteDefinition':
      if (!collected.footnotes.has(token.label)) {
        // Kept before its content is read, so that a footnote that names itself cannot define itself again.
        collected.footnotes.set(token.label, [])
        collected.footnotes.set(token.label, blocksOf(token.tokens, collected))
      }
      return null
    case 'paragraph':
      return { ...base, kind: 'paragraph', children: inlines(token.tokens) }
    case 'text':
      return {
        ...base,
        kind: 'paragraph',
        children: token.tokens === undefined ? textOf(token.text) : inlines(token.tokens),
      }
    case 'heading':
      return { ...base, kind: 'heading', depth: token.depth, children: inlines(token.tokens) }
    case 'blockquote':
      return { ...base, kind: 'quote', blocks: blocksOf(token.tokens, collected) }
    case 'list':
      return {
        ...base,
        kind: 'list',
        start: token.ordered ? Number(token.start) : null,
        items: token.items.map((item) => listItem(item, collected)),
      }
    case 'code':
      return {
        ...base,
        kind: 'code',
        language: languageOf(token.lang),
        text: token.text,
        isClosed: token.codeBlockStyle === 'indented' || isFenceClosed(token.raw),
      }
    case 'table':
      return {
        ...base,
        kind: 'table',
        align: token.align.map(cellAlign),
        header: token.header.map((cell) => inlines(cell.tokens)),
        rows: token.rows.map((cells): TableRow => ({
          raw: cells.map((cell) => cell.text).join('\u0000'),
          version: collected.version,
          cells: cells.map((cell) => inlines(cell.tokens)),
        })),
      }
    case 'hr':
      return { ...base, kind: 'rule' }
    case 'html': {
      const children = markupOf(token.raw)
      return children.length === 0 ? null : { ...base, kind: 'paragraph', children }
    }
    case 'math':
      return { ...base, kind: 'math', tex: token.tex }
    case 'list_item':
    case 'strong':
    case 'em':
    case 'del':
    case 'codespan':
    case 'br':
    case 'link':
    case 'image':
    case 'escape':
    case 'inlineMath':
    case 'footnote':
    case 'piece':
      // Inline tokens stand alone only where a parser would have failed us.
      return { ...base, kind: 'paragraph', children: inlines([token]) }
  }
  // `verbatim`, and anything that a later version of the lexer may add.
  return verbatim(base)
}

function verbatim(base: { raw: string; version: number; gap: number }): Block {
  return { ...base, kind: 'paragraph', children: [{ kind: 'text', text: base.raw }] }
}

function listItem(item: Tokens.ListItem, collected: Collected): ListItem {
  return {
    // The last item of a list that is cut here or there has a line end more or less.
    raw: item.raw.trimEnd(),
    version: collected.version,
    isDone: item.task ? item.checked === true : null,
    // A list under the words of an item is as close to them as the next item.
    blocks: blocksOf(item.tokens, collected).map((block) =>
      block.kind === 'list' && block.gap > 0 ? { ...block, gap: LIST_ITEM_GAP } : block,
    ),
  }
}

function cellAlign(align: 'center' | 'left' | 'right' | null): CellAlign {
  if (align === 'center') return 'center'
  return align === 'right' ? 'end' : 'start'
}

/** The first word of a fence's info string, as a name that can be shown and looked up. */
function languageOf(info: string | undefined): string {
  const word =
    decodeEntities(info ?? '')
      .trim()
      .split(/[\s{,:]/u, 1)[0] ?? ''
  return word.toLowerCase().slice(0, 32)
}

function isFenceClosed(raw: string): boolean {
  const opening = /^ {0,3}(`{3,}|~{3,})/u.exec(raw)?.[1]
  if (opening === undefined) return true
  const lines = raw.trimEnd().split('\n')
  const last = lines.at(-1)?.trim() ?? ''
  return lines.length > 1 && last.length >= opening.length && last.split('').every((sign) => sign === opening[0])
}

export const LIST_ITEM_GAP = 6
const BLOCKS: ReadonlySet<BlockKind> = new Set<BlockKind>(['code', 'table', 'math', 'rule'])

/** DESIGN "Markdown gaps": paragraph 14, heading 26 before and 6 after, blocks 18. */
export function gapBetween(previous: BlockKind | null, next: BlockKind): number {
  if (previous === null) return 0
  if (next === 'heading') return previous === 'heading' ? 14 : 26
  if (BLOCKS.has(next) || BLOCKS.has(previous)) return previous === 'heading' ? 10 : 18
  return previous === 'heading' ? 6 : 14
}

// ---- inline ----

function inlinesOf(tokens: readonly Token[], collected: Collected): Inline[] {
  const inlines: Inline[] = []
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as OurToken
    const span = token.type === 'html' ? openedSpan(token.raw) : null
    const close = span === null ? -1 : closingIndex(tokens, index, span.tag)
    if (span !== null && close > 0) {
      inlines.push(span.wrap(inlinesOf(tokens.slice(index + 1, close), collected)))
      index = close
    } else {
      inlines.push(...inlineOf(token, collected))
    }
  }
  return inlines
}

function inlineOf(token: OurToken, collected: Collected): Inline[] {
  const children = (tokens: readonly Token[] | undefined) => inlinesOf(tokens ?? [], collected)
  switch (token.type) {
    case 'text':
      return token.tokens === undefined ? textOf(token.text) : children(token.tokens)
    case 'escape':
      return [{ kind: 'text', text: token.text }]
    case 'strong':
    case 'em':
    case 'del':
      return [{ kind: 'span', as: token.type, children: children(token.tokens) }]
    case 'codespan':
      return [{ kind: 'code', text: token.text }]
    case 'br':
      return [{ kind: 'break' }]
    case 'link':
      return linkOf(token.href, token.title ?? '', children(token.tokens), token.autolink === true)
    case 'image':
      return imageOf(decodeEntities(token.href), decodeEntities(token.text))
    case 'html':
      return markupOf(token.raw)
    case 'inlineMath':
    case 'math':
      return [{ kind: 'math', tex: token.tex, isDisplay: token.isDisplay }]
    case 'footnote':
      collected.footnoteUses.add(token.label)
      return [{ kind: 'footnote', label: token.label, raw: token.raw }]
    case 'piece':
      return [{ kind: 'piece', raw: token.raw, version: collected.version, children: children(token.tokens) }]
    case 'checkbox':
      return []
    case 'space':
    case 'def':
    case 'footnoteDefinition':
    case 'paragraph':
    case 'heading':
    case 'blockquote':
    case 'list':
    case 'list_item':
    case 'code':
    case 'table':
    case 'hr':
      return textOf(token.raw)
  }
  return textOf((token as Token).raw)
}

function textOf(text: string): Inline[] {
  return text === '' ? [] : [{ kind: 'text', text: decodeEntities(text) }]
}

function linkOf(address: string, title: string, children: Inline[], isLiteral: boolean): Inline[] {
  const href = linkAddress(isLiteral ? address : decodeEntities(address))
  // Words whose target may not be opened stay words.
  if (href === null) return children
  return [{ kind: 'link', href, title: decodeEntities(title), children }]
}

function imageOf(source: string, alt: string): Inline[] {
  const picture = pictureOf(source, alt, 'picture')
  return picture === null ? textOf(alt) : [{ kind: 'picture', picture }]
}

// ---- markup in the text: never run, never parsed as a page. Plain formatting is honoured, pictures and players are
// offered as links, whole comments say nothing, and everything else is shown as it was written. ----

const SPANS: Readonly<Record<string, SpanName>> = {
  b: 'strong',
  strong: 'strong',
  i: 'em',
  em: 'em',
  s: 'del',
  del: 'del',
  sub: 'sub',
  sup: 'sup',
  kbd: 'kbd',
  mark: 'mark',
  u: 'ins',
  ins: 'ins',
  small: 'small',
}

function openedSpan(raw: string): { tag: string; wrap: (children: Inline[]) => Inline } | null {
  const plain = /^<([a-z]+)>$/iu.exec(raw)?.[1]?.toLowerCase()
  const name = plain !== undefined && Object.hasOwn(SPANS, plain) ? SPANS[plain] : undefined
  if (plain !== undefined && name !== undefined) {
    return { tag: plain, wrap: (children) => ({ kind: 'span', as: name, children }) }
  }
  const anchor = /^<a\s[^>]*>$/iu.test(raw) ? linkAddress(attribute(raw, 'href')) : null
  if (anchor === null) return null
  return { tag: 'a', wrap: (children) => ({ kind: 'link', href: anchor, title: '', children }) }
}

function closingIndex(tokens: readonly Token[], open: number, tag: string): number {
  const opening = new RegExp(`^<${tag}[\\s>]`, 'iu')
  const closing = new RegExp(`^</${tag}\\s*>$`, 'iu')
  let depth = 0
  for (let index = open; index < tokens.length; index += 1) {
    const token = tokens[index]
    if (token?.type !== 'html') continue
    if (opening.test(token.raw)) depth += 1
    else if (closing.test(token.raw)) depth -= 1
    if (depth === 0) return index
  }
  return -1
}

const MARKUP = /<!--[^]*?-->|<br\s*\/?>|<(img|video|audio|iframe|embed|source)\b[^>]*>|<\/(?:video|audio|iframe)\s*>/giu

function markupOf(raw: string): Inline[] {
  const inlines: Inline[] = []
  let from = 0
  const addText = (text: string) => {
    if (text.trim() !== '') inlines.push(...textOf(text.replace(/\n+$/u, '')))
  }
  for (const match of raw.matchAll(MARKUP)) {
    addText(raw.slice(from, match.index))
    from = match.index + match[0].length
    inlines.push(...elementOf(match[0], match[1]?.toLowerCase()))
  }
  addText(raw.slice(from))
  return inlines
}

function elementOf(raw: string, tag: string | undefined): Inline[] {
  if (tag === undefined) return /^<br/iu.test(raw) ? [{ kind: 'break' }] : []
  const picture: Picture | null = pictureOf(
    attribute(raw, 'src'),
    attribute(raw, 'alt') || attribute(raw, 'title'),
    tag === 'img' ? 'picture' : 'media',
  )
  if (picture !== null) return [{ kind: 'picture', picture }]
  // A player without its own address has <source> children, which say it.
  if ((tag === 'video' || tag === 'audio') && attribute(raw, 'src') === '') return []
  return [{ kind: 'text', text: raw }]
}

/** The value of an attribute in the source of a tag; empty when it has none. */
function attribute(tag: string, name: string): string {
  const match = new RegExp(`\\s${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s"'>]+))`, 'iu').exec(tag)
  return decodeEntities(match?.[1] ?? match?.[2] ?? match?.[3] ?? '')
}
