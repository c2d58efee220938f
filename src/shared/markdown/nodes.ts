/**
 * What an answer may consist of: a closed list. The grammar turns everything else into one of these or into text, and
 * the views know no other element, so no markup of a server can reach the page (S05).
 */
export type Inline =
  | { kind: 'text'; text: string }
  | { kind: 'span'; as: SpanName; children: Inline[] }
  | { kind: 'code'; text: string }
  | { kind: 'break' }
  | { kind: 'link'; href: string; title: string; children: Inline[] }
  | { kind: 'picture'; picture: Picture }
  | { kind: 'math'; tex: string; isDisplay: boolean }
  | { kind: 'footnote'; label: string; raw: string }
  /** A stretch of a very long paragraph that keeps its own memo. */
  | { kind: 'piece'; raw: string; version: number; children: Inline[] }

export type SpanName = 'strong' | 'em' | 'del' | 'sub' | 'sup' | 'kbd' | 'mark' | 'ins' | 'small'

/** Something that would have to be fetched. Only `local` is shown; the others are offered as a link (S07). */
export type Picture =
  | { kind: 'local'; source: string; alt: string }
  | { kind: 'remote'; what: 'picture' | 'media'; url: string; host: string; alt: string }

interface BlockBase {
  /** The markdown it was made of; with `version` it decides whether a view must render again. */
  raw: string
  /** Grows when a link definition changes: then the same markdown may mean something else. */
  version: number
  /** Space above in pixels, by what stands before it (DESIGN "Markdown gaps"). */
  gap: number
}

export type Block =
  | (BlockBase & { kind: 'paragraph'; children: Inline[] })
  | (BlockBase & { kind: 'heading'; depth: number; children: Inline[] })
  | (BlockBase & { kind: 'quote'; blocks: Block[] })
  | (BlockBase & { kind: 'list'; start: number | null; items: ListItem[] })
  | (BlockBase & { kind: 'code'; language: string; text: string; isClosed: boolean })
  | (BlockBase & { kind: 'table'; align: CellAlign[]; header: Inline[][]; rows: TableRow[] })
  | (BlockBase & { kind: 'math'; tex: string })
  | (BlockBase & { kind: 'rule' })

export type BlockKind = Block['kind']
export type CellAlign = 'start' | 'center' | 'end'

export interface ListItem {
  raw: string
  version: number
  /** Null when the item is no task. */
  isDone: boolean | null
  blocks: Block[]
}

export interface TableRow {
  raw: string
  version: number
  cells: Inline[][]
}

/** Where a link definition points; by normalised label. */
export type Definitions = Readonly<Record<string, { href: string; title?: string | null | undefined }>>
