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
