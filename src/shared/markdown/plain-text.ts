import type { Block, Inline } from './nodes'
import { read } from './reading'

/** The words of a markdown text without its markup: for previews, notifications, screen readers and "Copy as text". */
export function renderPlainText(markdown: string): string {
  const { frozen, tail } = read(markdown, false, null)
  return blocksText([...frozen.flat(), ...tail])
}

function blocksText(blocks: readonly Block[]): string {
  return blocks
    .map(blockText)
    .filter((text) => text !== '')
    .join('\n\n')
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
    case 'heading':
      return inlineText(block.children).trim()
    case 'quote':
      return blocksText(block.blocks)
    case 'list':
      return block.items
        .map((item, index) => {
          const mark = block.start === null ? '•' : `${block.start + index}.`
          return `${mark} ${blocksText(item.blocks).replace(/\n+/gu, '\n  ')}`
        })
        .join('\n')
    case 'code':
      return block.text
    case 'table':
      return [block.header, ...block.rows.map((row) => row.cells)]
        .map((cells) => cells.map((cell) => inlineText(cell).trim()).join('\t'))
        .join('\n')
    case 'math':
      return block.tex
    case 'rule':
      return ''
  }
}

/**
 * The words of a line.
 *
 * @param apart stands for what is no text, such as a line break or a picture; without it they are as a reader would write them
 */
export function inlineText(nodes: readonly Inline[], apart?: string): string {
  return nodes
    .map((node) => {
      switch (node.kind) {
        case 'text':
        case 'code':
          return node.text
        case 'span':
        case 'link':
        case 'piece':
          return inlineText(node.children, apart)
        case 'break':
          return apart ?? '\n'
        case 'picture':
          return apart ?? node.picture.alt
        case 'math':
          return node.tex
        case 'footnote':
          return apart ?? ''
      }
    })
    .join('')
}
