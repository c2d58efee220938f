import { Check } from 'lucide-react'
import { useEffect, useRef } from 'react'
import { Icon } from '../controls/icon'

export interface ChoiceListProps {
  id: string
  label: string
  choices: readonly string[]
  /** What stands in the slot. */
  value: string
  activeIndex: number
  /** From the left and the bottom of what is around it. */
  place: { leftPx: number; bottomPx: number }
  onPoint: (index: number) => void
  onPick: (choice: string) => void
}

/** What can stand in a slot, above it. The field keeps the focus. */
export function ChoiceList({ id, label, choices, value, activeIndex, place, onPoint, onPick }: ChoiceListProps) {
  const list = useRef<HTMLDivElement>(null)
  useEffect(() => {
    list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' })
  }, [activeIndex])
  return (
    <div
      ref={list}
      id={id}
      role="listbox"
      aria-label={label}
      style={{ left: place.leftPx, bottom: place.bottomPx }}
      className="absolute layer-popover max-h-60 w-50 max-w-full overflow-y-auto rounded-l bg-raised p-1 shadow-e2 forced-colors:border"
    >
      {choices.map((choice, index) => (
        <div
          key={choice}
          id={`${id}-${index}`}
          role="option"
          aria-selected={index === activeIndex}
          className="flex min-h-8 items-center gap-2.5 rounded-s px-2.5 py-1 text-ui text-ink-1 aria-selected:bg-selected forced-colors:aria-selected:bg-[Highlight]"
          onPointerMove={() => onPoint(index)}
          onPointerDown={(event) => event.preventDefault()}
          onClick={() => onPick(choice)}
        >
          <bdi className="min-w-0 flex-1 break-words">{choice}</bdi>
          {choice === value && <Icon of={Check} className="text-accent-text" />}
        </div>
      ))}
    </div>
  )
}
