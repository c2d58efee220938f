import type { ReactNode } from 'react'

export interface TableColumn {
  name: string
  /** Padding, width and alignment of its heading. */
  className: string
}

export interface TableFrameProps {
  columns: readonly TableColumn[]
  /** The last column has a button in each row, and no heading. */
  hasButtons?: boolean
  /** Its greatest height is that of some rows; then it scrolls under its headings, by keyboard as well. */
  isScrolled?: boolean
  /** The width below which it scrolls sideways. */
  className: string
  /** The rows. */
  children: ReactNode
}

/** A table in the settings, in its frame. */
export function TableFrame({ columns, hasButtons = false, isScrolled = false, className, children }: TableFrameProps) {
  return (
    <div
      tabIndex={isScrolled ? 0 : undefined}
      className={`rounded-l border border-line-2 bg-raised ${isScrolled ? 'focus-inset mt-3 max-h-100 overflow-auto' : 'overflow-x-auto'}`}
    >
      <table className={`w-full table-fixed border-separate border-spacing-0 text-ui ${className}`}>
        <thead className={isScrolled ? 'sticky top-0 z-1' : undefined}>
          <tr className="bg-sunk text-meta text-ink-3">
            {columns.map((column) => (
              <th key={column.name} scope="col" className={`h-8 font-normal ${column.className}`}>
                {column.name}
              </th>
            ))}
            {hasButtons && <td className="w-9" />}
          </tr>
        </thead>
        <tbody>{children}</tbody>
      </table>
    </div>
  )
}
