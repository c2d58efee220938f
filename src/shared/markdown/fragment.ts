import { linkAddress } from './address'
import type { Block, Inline, ListItem } from './nodes'
import { read, type Footnote } from './reading'

/**
 * A markdown text as a piece of HTML for the clipboard (S43): every text is written as text, and of the closed list of
 * nodes only elements without an attribute come out, but for the addresses of links that may be offered. Pictures are their
 * words: whatever a program does with the piece, it fetches nothing.
 */
export function renderFragment(markdown: string): string {
  const { frozen, tail, footnotes } = read(markdown, false, null)
  const notes = footnotes.map(({ blocks }) => `<li>${blocksOf(blocks, footnotes)}</li>`).join('')
  return blocksOf([...frozen.flat(), ...tail], footnotes) + (notes === '' ? '' : `<ol>${notes}</ol>`)
}

type Footnotes = readonly Footnote[]

function blocksOf(blocks: readonly Block[], footnotes: Footnotes): string {
  return blocks.map((block) => blockOf(block, footnotes)).join('')
}

function blockOf(block: Block, footnotes: Footnotes): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p>${inlinesOf(block.children, footnotes)}</p>`
    case 'heading': {
      const depth = Math.min(6, Math.max(1, Math.trunc(block.depth)))
      return `<h${depth}>${inlinesOf(block.children, footnotes)}</h${depth}>`
    }
    case 'quote':
      return `<blockquote>${blocksOf(block.blocks, footnotes)}</blockquote>`
    case 'list': {
      const items = block.items.map((item) => itemOf(item, footnotes)).join('')
      return block.start === null ? `<ul>${items}</ul>` : `<ol start="${Math.trunc(block.start)}">${items}</ol>`
    }
    case 'code':
      return `<pre><code>${escapeHtml(block.text)}</code></pre>`
    case 'table': {
      const row = (cells: readonly Inline[][], tag: 'th' | 'td'): string =>
        `<tr>${cells.map((cell) => `<${tag}>${inlinesOf(cell, footnotes)}</${tag}>`).join('')}</tr>`
      const rows = block.rows.map(({ cells }) => row(cells, 'td')).join('')
      return `<table><thead>${row(block.header, 'th')}</thead><tbody>${rows}</tbody></table>`
    }
    case 'math':
      return `<pre><code>${escapeHtml(block.tex)}</code></pre>`
    case 'rule':
      return '<hr>'
  }
}

// A paragraph in an item makes other programs put an empty line between items.
function itemOf({ isDone, blocks }: ListItem, footnotes: Footnotes): string {
  const tick = isDone === null ? '' : isDone ? '☑ ' : '☐ '
  const [first, ...rest] = blocks
  const words = first?.kind === 'paragraph' ? inlinesOf(first.children, footnotes) : null
  return `<li>${tick}${words ?? ''}${blocksOf(words === null ? blocks : rest, footnotes)}</li>`
}

function inlinesOf(nodes: readonly Inline[], footnotes: Footnotes): string {
  return nodes.map((node) => inlineOf(node, footnotes)).join('')
}

function inlineOf(node: Inline, footnotes: Footnotes): string {
  switch (node.kind) {
    case 'text':
      return escapeHtml(node.text)
    case 'span':
      return `<${node.as}>${inlinesOf(node.children, footnotes)}</${node.as}>`
    case 'code':
      return `<code>${escapeHtml(node.text)}</code>`
    case 'break':
      return '<br>'
    case 'link': {
      const inner = inlinesOf(node.children, footnotes)
      const address = linkAddress(node.href)
      return address === null ? inner : `<a href="${escapeHtml(address)}">${inner}</a>`
    }
    case 'picture':
      return escapeHtml(node.picture.alt)
    case 'math':
      return `<code>${escapeHtml(node.tex)}</code>`
    case 'footnote': {
      const number = footnotes.find(({ label }) => label === node.label)?.number
      return number === undefined ? escapeHtml(node.raw) : `<sup>${number}</sup>`
    }
    case 'piece':
      return inlinesOf(node.children, footnotes)
  }
}

const SIGNS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text that stays text in an element, and in an attribute between quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/gu, (sign) => SIGNS[sign] ?? '').replace(/[\0\p{Surrogate}]/gu, '\ufffd')
}
