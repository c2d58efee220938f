import { Square, SquareCheck } from 'lucide-react'
import { createElement, memo } from 'react'
import { useTranslation } from 'react-i18next'
import { Icon } from '../controls/icon'
import { CodeBlock } from './code-block'
import { Dot } from './dot'
import { Inlines } from './inlines'
import { MathFormula } from './math'
import type { Block, ListItem, TableRow } from '../../shared/markdown/nodes'
import { Scroller } from './scroller'

interface BlocksProps {
  blocks: readonly Block[]
  /** The dot of a running answer stands after the last one's text. */
  hasDot?: boolean
  /** Within a list or a quote, whose direction is that of its first words: theirs would not count if they had their own. */
  isNested?: boolean
}

/** Blocks under one another. */
export function Blocks({ blocks, hasDot = false, isNested = false }: BlocksProps) {
  return (
    <>
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} hasDot={hasDot && index === blocks.length - 1} isNested={isNested} />
      ))}
    </>
  )
}

// Two blocks made of the same markdown under the same definitions look the same, whatever has been read again.
const BlockView = memo(
  function BlockView({ block, hasDot, isNested }: { block: Block; hasDot: boolean; isNested: boolean }) {
    return (
      <div className="md-block" data-gap={block.gap} dir={isNested ? undefined : 'auto'}>
        <BlockBody block={block} hasDot={hasDot} />
      </div>
    )
  },
  (before, after) =>
    before.hasDot === after.hasDot && before.block.gap === after.block.gap && isSame(before.block, after.block),
)

function isSame(a: { raw: string; version: number }, b: { raw: string; version: number }): boolean {
  return a === b || (a.version === b.version && a.raw === b.raw)
}

function BlockBody({ block, hasDot }: { block: Block; hasDot: boolean }) {
  switch (block.kind) {
    case 'paragraph':
      return (
        <p>
          <Inlines nodes={block.children} hasDot={hasDot} />
        </p>
      )
    case 'heading':
      return createElement(`h${block.depth}`, null, <Inlines nodes={block.children} hasDot={hasDot} />)
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.blocks} hasDot={hasDot} isNested />
          {hasDot && block.blocks.length === 0 && <Dot isBeside />}
        </blockquote>
      )
    case 'list':
      return createElement(
        block.start === null ? 'ul' : 'ol',
        block.start === null || block.start === 1 ? null : { start: block.start },
        block.items.map((item, index) => (
          <Item key={index} item={item} hasDot={hasDot && index === block.items.length - 1} />
        )),
      )
    case 'code':
      return (
        <CodeBlock text={block.text} language={block.language} isOpen={hasDot && !block.isClosed} hasDot={hasDot} />
      )
    case 'table':
      return <Table block={block} hasDot={hasDot} />
    case 'math':
      return (
        <>
          <Scroller className="md-wide">
            <MathFormula tex={block.tex} isDisplay />
          </Scroller>
          {hasDot && <Dot isBeside />}
        </>
      )
    case 'rule':
      return (
        <>
          <hr />
          {hasDot && <Dot isBeside />}
        </>
      )
  }
}

const Item = memo(
  function Item({ item, hasDot }: { item: ListItem; hasDot: boolean }) {
    const { t } = useTranslation('common')
    return (
      <li className={item.isDone === null ? undefined : 'md-task'}>
        {item.isDone !== null && (
          <span
            className="md-tick"
            role="img"
            aria-label={t(item.isDone ? 'markdown.done' : 'markdown.notDone')}
            data-done={item.isDone}
          >
            <Icon of={item.isDone ? SquareCheck : Square} />
          </span>
        )}
        <Blocks blocks={item.blocks} hasDot={hasDot} isNested />
        {hasDot && item.blocks.length === 0 && <Dot isBeside />}
      </li>
    )
  },
  (before, after) => before.hasDot === after.hasDot && isSame(before.item, after.item),
)

type TableBlock = Extract<Block, { kind: 'table' }>

function Table({ block, hasDot }: { block: TableBlock; hasDot: boolean }) {
  const align = block.align.join(' ')
  return (
    <Scroller className="md-wide">
      <table>
        <thead>
          <tr>
            {block.header.map((cell, index) => (
              <th key={index} scope="col" data-align={block.align[index]}>
                <Inlines nodes={cell} hasDot={hasDot && block.rows.length === 0 && index === block.header.length - 1} />
              </th>
            ))}
          </tr>
        </thead>
        {block.rows.length > 0 && (
          <tbody>
            {block.rows.map((row, index) => (
              <Row key={index} row={row} align={align} hasDot={hasDot && index === block.rows.length - 1} />
            ))}
          </tbody>
        )}
      </table>
    </Scroller>
  )
}

const Row = memo(
  function Row({ row, align, hasDot }: { row: TableRow; align: string; hasDot: boolean }) {
    const aligns = align.split(' ')
    // A row that is being written has its later cells still empty: the dot stands in the last one with text.
    const last = Math.max(
      0,
      row.cells.findLastIndex((cell) => cell.length > 0),
    )
    return (
      <tr>
        {row.cells.map((cell, index) => (
          <td key={index} data-align={aligns[index]}>
            <Inlines nodes={cell} hasDot={hasDot && index === last} />
          </td>
        ))}
      </tr>
    )
  },
  (before, after) => before.hasDot === after.hasDot && before.align === after.align && isSame(before.row, after.row),
)
