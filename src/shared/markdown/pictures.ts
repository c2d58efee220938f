import type { Block, Inline } from './nodes'
import { read } from './reading'

/** The pictures of the web that a text shows, by their normalised addresses, each once and in their order. */
export function picturesIn(markdown: string): string[] {
  // Every form of a picture has one of these; reading a long answer costs more than looking.
  if (!markdown.includes('![') && !/<(?:img|picture|source|video)/iu.test(markdown)) return []
  const { frozen, tail, footnotes } = read(markdown, false, null)
  const found = new Set<string>()
  lookInBlocks([...frozen.flat(), ...tail, ...footnotes.flatMap(({ blocks }) => blocks)], found)
  return [...found]
}

/** A long text is read once, however many of its pictures are asked for. */
const MAX_KNOWN_TEXTS = 8

/** Which pictures the texts of messages show, without reading a text again that has not changed. */
export class ShownPictures {
  readonly #known = new Map<string, { text: string; urls: ReadonlySet<string> }>()

  /** Whether this text shows the picture. @param key the message, and which of its texts */
  has(key: string, text: string, url: string): boolean {
    const known = this.#known.get(key)
    // Of an answer that runs: what its beginning shows needs no reading of what has come since.
    if (known !== undefined && known.urls.has(url) && text.startsWith(known.text)) return true
    if (known?.text === text) return false
    const urls = new Set(picturesIn(text))
    this.#known.delete(key)
    this.#known.set(key, { text, urls })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MAX_KNOWN_TEXTS) break
      this.#known.delete(oldest)
    }
    return urls.has(url)
  }
}

/** Pictures of one answer that are asked for without a person naming each; a person can load what lies beyond. */
const MAX_PICTURES_TRIED = 100
const MAX_KNOWN_ANSWERS = 500

/** The pictures of each answer that were asked for, whether they came or not: hosts that fail count as well. */
export class TriedPictures {
  readonly #tried = new Map<string, Set<string>>()

  /** Counts this picture of an answer. False when it is one too many. @param stored those that came before */
  add(messageId: string, url: string, stored: Readonly<Record<string, unknown>> = {}): boolean {
    const tried = this.#tried.get(messageId) ?? new Set(Object.keys(stored))
    if (!tried.has(url) && tried.size >= MAX_PICTURES_TRIED) return false
    this.#tried.delete(messageId)
    this.#tried.set(messageId, tried.add(url))
    for (const oldest of this.#tried.keys()) {
      if (this.#tried.size <= MAX_KNOWN_ANSWERS) break
      this.#tried.delete(oldest)
    }
    return true
  }
}

function lookInBlocks(blocks: readonly Block[], found: Set<string>): void {
  for (const block of blocks) {
    switch (block.kind) {
      case 'paragraph':
      case 'heading':
        lookInInlines(block.children, found)
        break
      case 'quote':
        lookInBlocks(block.blocks, found)
        break
      case 'list':
        for (const item of block.items) lookInBlocks(item.blocks, found)
        break
      case 'table':
        for (const cell of [...block.header, ...block.rows.flatMap(({ cells }) => cells)]) lookInInlines(cell, found)
        break
      case 'code':
      case 'math':
      case 'rule':
        break
    }
  }
}

function lookInInlines(nodes: readonly Inline[], found: Set<string>): void {
  for (const node of nodes) {
    if (node.kind === 'picture' && node.picture.kind === 'remote' && node.picture.what === 'picture') {
      found.add(node.picture.url)
    } else if (node.kind === 'span' || node.kind === 'link' || node.kind === 'piece')
      lookInInlines(node.children, found)
  }
}
