import type { Token, Tokens } from 'marked'
import remend from 'remend'
import { LIST_ITEM_GAP, toBlock, type Collected } from './blocks'
import { lex } from './grammar'
import type { Block, BlockKind, Definitions } from './nodes'

/** How many blocks share one container and one memo. */
export const GROUP_SIZE = 32
/** A list longer than this is frozen and shown in lists of this many items, so that its end alone is read again. */
const LIST_CHUNK = 64
/** The last tokens are read again with every delta: a line to come may still change the last, and merge it with the one before. */
const OPEN_TOKENS = 2
/** Beyond this length, an end without its closing signs is left as it is. */
const MAX_CLOSED_LENGTH = 20_000

/** A footnote that is used and defined, in the order of first use; `number` counts from 1. */
export interface Footnote {
  label: string
  number: number
  blocks: readonly Block[]
}

/**
 * A markdown text as far as it has come. Each reading shares with the one before it all blocks that more text can no
 * longer change; those are in `frozen`.
 */
export interface Reading {
  readonly text: string
  readonly isOpen: boolean
  /** In groups of 32; all but the last are full. */
  readonly frozen: readonly (readonly Block[])[]
  /** The blocks that are read again with every delta. */
  readonly tail: readonly Block[]
  readonly footnotes: readonly Footnote[]
  readonly state: FrozenState
}

interface FrozenState {
  /** The text that the frozen blocks are made of. */
  text: string
  lastKind: BlockKind | null
  /** Link definitions in the frozen text, and those together with the tail's. */
  definitions: Definitions
  allDefinitions: Definitions
  version: number
  footnoteUses: ReadonlySet<string>
  footnotes: ReadonlyMap<string, readonly Block[]>
  openList: OpenList | null
}

/** The list whose first items are frozen, while its others are the first token of the tail. */
interface OpenList {
  /** The number of its next item; null for a list without numbers. */
  start: number | null
}

type ReadToken = Token & { isContinuation?: boolean }

const NOTHING: Reading = {
  text: '',
  isOpen: false,
  frozen: [],
  tail: [],
  footnotes: [],
  state: {
    text: '',
    lastKind: null,
    definitions: {},
    allDefinitions: {},
    version: 0,
    footnoteUses: new Set(),
    footnotes: new Map(),
    openList: null,
  },
}

/**
 * Reads a markdown text, from where the previous reading froze if it is a longer state of the same text. The result
 * depends on the text alone, never on the steps in which it came.
 *
 * @param markdown the whole text so far
 * @param isOpen more is to come: markup that the end leaves open is closed for show
 * @param previous the reading of an earlier state, or null
 */
export function read(markdown: string, isOpen: boolean, previous: Reading | null): Reading {
  const text = markdown.includes('\r') ? markdown.replace(/\r\n?/gu, '\n') : markdown
  if (previous !== null && previous.isOpen === isOpen && previous.text === text) return previous
  return advance(previous !== null && text.startsWith(previous.state.text) ? previous : NOTHING, text, isOpen)
}

function advance(before: Reading, text: string, isOpen: boolean): Reading {
  const { state } = before
  const source = ownCopy(text.slice(state.text.length))
  const { tokens: lexed, definitions: allDefinitions } = lex(source, state.definitions)
  const changed = changedLabels(state.allDefinitions, allDefinitions)
  const version = state.version + (changed.size > 0 ? 1 : 0)
  const again: Again | null = changed.size > 0 ? { labels: changed, definitions: allDefinitions, version } : null

  const tokens = splitLists(lexed)
  const done = tokens.slice(0, countDone(tokens, source))
  const open = tokens.slice(done.length)
  const collected: Collected = {
    version,
    footnoteUses: new Set(state.footnoteUses),
    footnotes: new Map(state.footnotes),
  }
  if (again !== null) {
    for (const [label, blocks] of collected.footnotes) collected.footnotes.set(label, resolveAll(blocks, again))
  }
  const settled = toBlocks(done, state.lastKind, state.openList, collected)
  const next: FrozenState = {
    text: text.slice(0, state.text.length + lengthOf(done)),
    lastKind: settled.lastKind,
    definitions: definitionsOf(done, state.definitions),
    allDefinitions,
    version,
    footnoteUses: new Set(collected.footnoteUses),
    footnotes: new Map(collected.footnotes),
    openList: done.length === 0 ? state.openList : open[0]?.isContinuation === true ? settled.openList : null,
  }
  const shown = isOpen ? closeEnd(open, allDefinitions) : open
  const { blocks: tail } = toBlocks(shown, next.lastKind, next.openList, collected)
  const groups = again === null ? before.frozen : before.frozen.map((group) => resolveAll(group, again))
  return {
    text,
    isOpen,
    frozen: append(groups, settled.blocks),
    tail,
    footnotes: footnotesOf(collected, before.footnotes),
    state: next,
  }
}

/**
 * The same characters in memory of their own. What V8 cuts out of a string holds all of that string, so blocks that froze
 * in three hundred frames of an answer would hold three hundred answers. Joining always writes anew.
 */
function ownCopy(text: string): string {
  const middle = text.length >> 1
  return [text.slice(0, middle), text.slice(middle)].join('')
}

function toBlocks(
  tokens: readonly ReadToken[],
  previous: BlockKind | null,
  list: OpenList | null,
  collected: Collected,
): { blocks: Block[]; lastKind: BlockKind | null; openList: OpenList | null } {
  const blocks: Block[] = []
  let lastKind = previous
  let openList: OpenList | null = null
  tokens.forEach((token, index) => {
    const continued = index === 0 ? list : token.isContinuation === true ? openList : null
    const block = toBlock(token, lastKind, collected)
    if (block === null) return
    lastKind = block.kind
    if (block.kind !== 'list') {
      blocks.push(block)
      return
    }
    const start = continued === null ? block.start : continued.start
    openList = { start: start === null ? null : start + block.items.length }
    blocks.push(continued === null ? block : { ...block, start, gap: LIST_ITEM_GAP })
  })
  return { blocks, lastKind, openList }
}

// ---- what no more text can change ----

/** How many of the first tokens are frozen by this reading. */
function countDone(tokens: readonly ReadToken[], source: string): number {
  let isOpenYet = 0
  let count = tokens.length
  while (count > 0 && isOpenYet < OPEN_TOKENS) {
    count -= 1
    if (tokens[count]?.type !== 'space') isOpenYet += 1
  }
  let length = 0
  for (let index = 0; index < count; index += 1) {
    const { raw, type } = tokens[index] ?? { raw: '', type: 'space' }
    // A formula that is not closed yet reaches over every block up to the next blank line.
    const mayBecomeMath = type === 'paragraph' && /^ {0,3}(?:\$\$|\\\[)/mu.test(raw)
    if (mayBecomeMath && !/\n[ \t]*\n/u.test(source.slice(length))) return index
    if (!source.startsWith(raw, length)) return index
    length += raw.length
  }
  return count
}

function lengthOf(tokens: readonly Token[]): number {
  return tokens.reduce((sum, token) => sum + token.raw.length, 0)
}

/** A long list as several of 64 items, all but the last full. */
function splitLists(tokens: readonly Token[]): ReadToken[] {
  return tokens.flatMap((token): ReadToken[] => {
    if (!isList(token) || token.items.length <= LIST_CHUNK) return [token]
    const chunks: ReadToken[] = []
    let rest = token.raw
    for (let from = 0; from < token.items.length; from += LIST_CHUNK) {
      const items = token.items.slice(from, from + LIST_CHUNK)
      const isLast = from + LIST_CHUNK >= token.items.length
      const raw = isLast ? rest : items.map((item) => item.raw).join('')
      rest = rest.slice(raw.length)
      chunks.push({ ...token, raw, items, isContinuation: from > 0 })
    }
    return chunks
  })
}

function isList(token: Token): token is Tokens.List {
  return token.type === 'list'
}

function append(groups: Reading['frozen'], blocks: readonly Block[]): Reading['frozen'] {
  if (blocks.length === 0) return groups
  const grown = groups.slice(0, -1)
  let last = [...(groups.at(-1) ?? [])]
  // A full group is never copied, so its view is not rendered again.
  if (last.length === GROUP_SIZE && groups.length > 0) {
    grown.push(groups.at(-1) ?? [])
    last = []
  }
  for (const block of blocks) {
    last.push(block)
    if (last.length === GROUP_SIZE) {
      grown.push(last)
      last = []
    }
  }
  return last.length === 0 ? grown : [...grown, last]
}

// ---- the end, as if it were closed ----

function closeEnd(tokens: readonly ReadToken[], definitions: Definitions): ReadToken[] {
  const index = tokens.findLastIndex((token) => token.type !== 'space')
  const last = tokens[index]
  if (last === undefined || last.type === 'code' || last.raw.length > MAX_CLOSED_LENGTH) return [...tokens]
  const raw = remend(last.raw, { linkMode: 'text-only' })
  if (raw === last.raw) return [...tokens]
  const closed = lex(raw, definitions).tokens.map((token, at): ReadToken =>
    at === 0 && last.isContinuation === true ? { ...token, isContinuation: true } : token,
  )
  return [...tokens.slice(0, index), ...closed]
}

// ---- definitions that come after their use ----

interface Again {
  labels: ReadonlySet<string>
  definitions: Definitions
  version: number
}

function definitionsOf(tokens: readonly Token[], known: Definitions): Definitions {
  const found = new Map<string, { href: string; title: string | undefined }>()
  const walk = (token: Token): void => {
    if (token.type === 'def') {
      const { tag, href, title } = token as Tokens.Def
      if (!Object.hasOwn(known, tag) && !found.has(tag)) found.set(tag, { href, title })
    }
    if (isList(token)) token.items.forEach((item) => item.tokens.forEach(walk))
    else if ('tokens' in token) (token.tokens ?? []).forEach(walk)
  }
  tokens.forEach(walk)
  return found.size === 0 ? known : { ...known, ...Object.fromEntries(found) }
}

function changedLabels(before: Definitions, after: Definitions): Set<string> {
  const labels = new Set<string>()
  for (const label of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const old = Object.hasOwn(before, label) ? before[label] : undefined
    const now = Object.hasOwn(after, label) ? after[label] : undefined
    if (old?.href !== now?.href || old?.title !== now?.title) labels.add(label)
  }
  return labels
}

function resolveAll(blocks: readonly Block[], again: Again): readonly Block[] {
  const resolved = blocks.map((block) => (mayName(block.raw, again.labels) ? resolve(block, again) : block))
  return resolved.some((block, index) => block !== blocks[index]) ? resolved : blocks
}

function mayName(raw: string, labels: ReadonlySet<string>): boolean {
  if (!raw.includes('[')) return false
  return [...raw.matchAll(/\[((?:\\[^]|[^\\\][]){1,999})\]/gu)].some((match) =>
    labels.has((match[1] ?? '').trim().replace(/\s+/gu, ' ').toLowerCase()),
  )
}

function resolve(block: Block, { definitions, version }: Again): Block {
  const token = lex(block.raw, definitions).tokens[0]
  if (token === undefined) return block
  const uses: Collected = { version, footnoteUses: new Set(), footnotes: new Map() }
  const fresh = toBlock(token, null, uses)
  if (fresh?.kind !== block.kind) return block
  return fresh.kind === 'list' && block.kind === 'list'
    ? { ...fresh, gap: block.gap, start: block.start }
    : { ...fresh, gap: block.gap }
}

// ---- footnotes ----

function footnotesOf(collected: Collected, before: readonly Footnote[]): readonly Footnote[] {
  const footnotes: Footnote[] = []
  for (const label of collected.footnoteUses) {
    const blocks = collected.footnotes.get(label)
    if (blocks !== undefined) footnotes.push({ label, number: footnotes.length + 1, blocks })
  }
  const isSame =
    footnotes.length === before.length &&
    footnotes.every(({ label, blocks }, index) => before[index]?.label === label && before[index].blocks === blocks)
  return isSame ? before : footnotes
}
