import { Dialog as Base } from '@base-ui/react/dialog'
import { ArrowLeft } from 'lucide-react'
import { useRef, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { MediaFile } from '../../shared/conversation'
import { IconButton } from '../controls/icon-button'
import { useFigures } from '../figures'

export interface PictureViewerProps {
  file: MediaFile
  /** Under `app://local/`. */
  address: string
  name: string
  isOpen: boolean
  onClose: () => void
  /** What has the focus afterwards. */
  returnTo: RefObject<HTMLElement | null>
}

/** A picture over the whole window, always dark, at most in its own size. Esc and a press beside it close it. */
export function PictureViewer({ file, address, name, isOpen, onClose, returnTo }: PictureViewerProps) {
  const { t } = useTranslation()
  const figures = useFigures()
  const view = useRef<HTMLDivElement>(null)
  const facts = [
    ...(file.width === null || file.height === null
      ? []
      : [t('chat:composer.pixels', { width: file.width, height: file.height })]),
    figures.bytes(file.bytes),
  ].join(' · ')
  return (
    <Base.Root open={isOpen} onOpenChange={(next) => !next && onClose()}>
      <Base.Portal>
        <Base.Viewport data-theme="dark" className="layer-modal fixed inset-0">
          <Base.Popup
            ref={view}
            // Not its button: a tooltip would open there, and take the first Esc.
            initialFocus={view}
            finalFocus={returnTo}
            className="drag-none flex size-full flex-col bg-side outline-none transition-opacity duration-(--d-base) data-ending-style:opacity-0 data-starting-style:opacity-0"
          >
            <div className="flex h-(--titlebar) flex-none items-center gap-3 ps-[calc(var(--strip-start)+12px)] pe-[calc(var(--strip-end)+12px)]">
              <Base.Close
                render={
                  <IconButton icon={ArrowLeft} size={32} label={t('chat:media.back')} className="rtl:-scale-x-100" />
                }
              />
              <Base.Title className="min-w-0 truncate text-ui font-label text-ink-1" dir="auto">
                {name}
              </Base.Title>
              <p className="tabular flex-none text-ui text-ink-3">{facts}</p>
            </div>
            {/* A press on it is one beside the picture; the keyboard has Esc and the button. */}
            <div className="flex min-h-0 flex-1 items-center justify-center p-6 pt-2" onClick={onClose}>
              <img
                src={address}
                alt={name}
                draggable={false}
                className="max-h-full max-w-full rounded-m object-contain"
                onClick={(event) => event.stopPropagation()}
              />
            </div>
          </Base.Popup>
        </Base.Viewport>
      </Base.Portal>
    </Base.Root>
  )
}
