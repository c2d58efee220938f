import { useRef, useState, type DragEvent } from 'react'
import { useTranslation } from 'react-i18next'
import { useGiveFocus } from '../controls/final-focus'
import { showToast } from '../controls/toast'
import { chooseOriginal, moveChip, removeChip, shrinkChip, useChips, type Place } from '../store/chips'
import { putAsText } from '../store/files'
import type { Chip } from '../store/state'
import { isPicture, pictureOfAttachment } from '../viewer/picture'
import { Viewer } from '../viewer/viewer'
import { AttachmentChip, GhostChip } from './attachment-chip'

export interface AttachmentRowProps {
  place: Place
  /** Files that hang over the window. */
  ghosts: number
  className: string
  /** The quick ask is too low for the viewer. */
  canView?: boolean
}

/** What a chip carries while it is dragged: no other program can make use of it. */
const CHIP_TYPE = 'application/x-parley-chip'

/** The attachments of the message being written, in the order in which they are sent: by dragging, or Alt ← →. */
export function AttachmentRow({ place, ghosts, className, canView = true }: AttachmentRowProps) {
  const { t } = useTranslation()
  const giveFocus = useGiveFocus()
  const chips = useChips(place)
  const row = useRef<HTMLDivElement>(null)
  const [viewed, setViewed] = useState<string | null>(null)
  const viewedFrom = useRef<HTMLElement | null>(null)
  const [dragged, setDragged] = useState<string | null>(null)
  const [news, setNews] = useState('')
  const ready = chips.filter((chip) => chip.kind === 'ready').filter(({ attachment }) => isPicture(attachment))
  const pictures = ready.map(({ attachment }) => pictureOfAttachment(attachment))
  const viewedIndex = ready.findIndex(({ key }) => key === viewed)

  const move = (chip: Chip, by: -1 | 1): void => {
    const index = chips.indexOf(chip) + by
    if (index < 0 || index >= chips.length) return
    moveChip(place, chip.key, index)
    const name = chip.kind === 'ready' ? chip.attachment.name : chip.name
    setNews(t('images:chip.moved', { name, place: index + 1, count: chips.length }))
    // React moves the element, and with that takes the focus from it.
    requestAnimationFrame(() => row.current?.querySelector<HTMLElement>(`[data-chip="${chip.key}"]`)?.focus())
  }

  const fence = async (chip: Chip): Promise<void> => {
    if (chip.kind !== 'ready') return
    // The chip goes, and what it says stands in the field of the same form.
    const field = row.current?.closest('form')?.querySelector('textarea')
    if (await putAsText(place, chip.attachment)) {
      if (field) field.focus()
      else giveFocus()
    } else showToast({ text: t('files:unreadable', { name: chip.attachment.name }) })
  }

  const dragOver = (event: DragEvent, index: number): void => {
    if (dragged === null || !event.dataTransfer.types.includes(CHIP_TYPE)) return
    event.preventDefault()
    event.stopPropagation()
    event.dataTransfer.dropEffect = 'move'
    if (chips[index]?.key !== dragged) moveChip(place, dragged, index)
  }

  return (
    <div ref={row} role="group" aria-label={t('chat:composer.attachments')} className={className}>
      {chips.map((chip, index) => (
        <div
          key={chip.key}
          className={`flex-none ${dragged === chip.key ? 'opacity-50' : ''}`}
          draggable={chips.length > 1}
          onDragStart={(event) => {
            event.dataTransfer.setData(CHIP_TYPE, chip.key)
            event.dataTransfer.effectAllowed = 'move'
            setDragged(chip.key)
          }}
          onDragOver={(event) => dragOver(event, index)}
          onDrop={(event) => {
            if (dragged === null) return
            event.preventDefault()
            event.stopPropagation()
            setDragged(null)
          }}
          onDragEnd={() => setDragged(null)}
        >
          <AttachmentChip
            chip={chip}
            onRemove={() => removeChip(place, chip.key)}
            onMove={(by) => move(chip, by)}
            onSendOriginal={() => chooseOriginal(place, chip.key)}
            onShrink={() => void shrinkChip(place, chip.key)}
            onPutAsText={() => void fence(chip)}
            {...(canView &&
              chip.kind === 'ready' &&
              isPicture(chip.attachment) && {
                onView: (element: HTMLElement) => {
                  viewedFrom.current = element
                  setViewed(chip.key)
                },
              })}
          />
        </div>
      ))}
      {Array.from({ length: Math.min(ghosts, 4) }, (_, index) => (
        <GhostChip key={index} />
      ))}
      <p role="status" className="sr-only">
        {news}
      </p>
      <Viewer
        pictures={pictures}
        index={viewedIndex}
        onShow={(index) => setViewed(ready[index]?.key ?? null)}
        onClose={() => setViewed(null)}
        returnTo={viewedFrom}
      />
    </div>
  )
}
