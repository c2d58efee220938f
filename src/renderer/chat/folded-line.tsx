import { ChevronDown, ChevronRight } from 'lucide-react'
import type { ReactNode } from 'react'
import { Icon } from '../controls/icon'

export interface FoldedLineProps {
  label: ReactNode
  isOpen: boolean
  onToggle: () => void
  children: ReactNode
}

/** One quiet line, 28 high, that opens what lies beneath it. */
export function FoldedLine({ label, isOpen, onToggle, children }: FoldedLineProps) {
  return (
    <div>
      <button
        type="button"
        aria-expanded={isOpen}
        className="-ms-1 flex min-h-7 max-w-full items-center gap-1 rounded-m border border-transparent ps-px pe-2 text-start text-ui text-ink-3 hover:bg-hovered hover:text-ink-1 active:bg-pressed"
        onClick={onToggle}
      >
        <Icon of={isOpen ? ChevronDown : ChevronRight} size={14} className={isOpen ? '' : 'rtl:-scale-x-100'} />
        <span className="min-w-0 ps-0.5 break-words">{label}</span>
      </button>
      {isOpen && <div className="pb-3">{children}</div>}
    </div>
  )
}
