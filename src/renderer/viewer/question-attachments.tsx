import { Download, FileText, ImageOff } from 'lucide-react'
import { useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import { isDocument, type AttachmentInfo } from '../../shared/conversation'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { tellError } from '../controls/tell-error'
import { useFigures } from '../figures'
import { useStore } from '../store/state'
import { dragOut } from './drag-out'
import { addressOf, isPicture, pictureOfAttachment } from './picture'
import { Viewer } from './viewer'

const MAX_WIDTH = 268
const MAX_HEIGHT = 200
/** A line one pixel high would not be seen. */
const MIN_PICTURE = 24

/** What went with a question, in the order in which it was sent. A press shows it large. */
export function QuestionAttachments({ attachments }: { attachments: readonly AttachmentInfo[] }) {
  const [shown, setShown] = useState(-1)
  const from = useRef<HTMLElement | null>(null)
  const images = attachments.filter(isPicture)
  const canView = useStore((state) => state.boot?.role !== 'quick-ask')
  return (
    <>
      <ul className="flex max-w-full flex-wrap justify-end gap-2">
        {attachments.map((attachment) => (
          <li key={attachment.id}>
            <Attached
              attachment={attachment}
              onView={
                canView
                  ? (element) => {
                      from.current = element
                      setShown(images.indexOf(attachment))
                    }
                  : null
              }
            />
          </li>
        ))}
      </ul>
      <Viewer
        pictures={images.map(pictureOfAttachment)}
        index={shown}
        onShow={setShown}
        onClose={() => setShown(-1)}
        returnTo={from}
      />
    </>
  )
}

interface ThumbnailProps {
  attachment: AttachmentInfo
  onView: ((element: HTMLElement) => void) | null
}

/** A document by its name, a sound with its player, or an image. */
function Attached(props: ThumbnailProps) {
  const { attachment } = props
  if (isPicture(attachment)) return <Thumbnail {...props} />
  if (isDocument(attachment)) return <Document attachment={attachment} />
  return (
    <div className="w-67 max-w-full rounded-xl border border-line bg-raised p-2">
      <p className="truncate px-1 pb-1.5 text-meta font-label text-ink-1" title={attachment.name}>
        <bdi>{attachment.name}</bdi>
      </p>
      <audio
        src={addressOf(attachment)}
        controls
        controlsList="nodownload noremoteplayback"
        preload="metadata"
        aria-label={attachment.name}
        className="h-9 w-full"
      />
    </div>
  )
}

function Document({ attachment }: { attachment: AttachmentInfo }) {
  const { t } = useTranslation()
  const figures = useFigures()
  const canSave = useStore((state) => state.boot?.role !== 'quick-ask')
  const { id, name, mime, bytes } = attachment
  return (
    <div
      className="flex min-h-13 max-w-67 items-center gap-2.5 rounded-l border border-line bg-raised py-1.5 ps-3 pe-1.5"
      {...(canSave && dragOut(id, name))}
    >
      <Icon of={FileText} size={18} className="flex-none text-ink-2" />
      <div className="min-w-0">
        <p className="truncate text-meta font-label text-ink-1" title={name}>
          <bdi>{name}</bdi>
        </p>
        <p className="tabular text-meta text-ink-3">
          {t(`files:chip.${mime === 'application/pdf' ? 'pdf' : 'text'}`, { size: figures.bytes(bytes) })}
        </p>
      </div>
      {canSave && (
        <IconButton
          icon={Download}
          label={t('files:save', { name })}
          onClick={() =>
            void window.parley.request['media.save']({ id, name }).then(
              (result) => !result.ok && tellError(result.error),
            )
          }
        />
      )}
    </div>
  )
}

/** An image in its own shape. Its place is known before it is loaded, so nothing moves. */
function Thumbnail({ attachment, onView }: ThumbnailProps) {
  const { t } = useTranslation()
  const [isMissing, setIsMissing] = useState(false)
  if (isMissing) {
    return (
      <p className="flex min-h-13 items-center gap-2.5 rounded-l border border-dashed border-field px-3.5 text-ui text-ink-2">
        <Icon of={ImageOff} />
        <bdi>{t('chat:thread.missingImage', { name: attachment.name })}</bdi>
      </p>
    )
  }
  const picture = (
    <img
      src={addressOf(attachment)}
      alt={t('chat:thread.image', { name: attachment.name })}
      {...fitted(attachment)}
      draggable={false}
      decoding="async"
      className="box-content max-w-full rounded-xl border border-line bg-raised object-contain"
      onError={() => setIsMissing(true)}
    />
  )
  if (onView === null) return picture
  return (
    <button
      type="button"
      aria-label={t('images:viewer.open', { name: attachment.name })}
      aria-haspopup="dialog"
      className="block max-w-full cursor-zoom-in rounded-xl"
      {...dragOut(attachment.id, attachment.name)}
      onClick={(event) => onView(event.currentTarget)}
    >
      {picture}
    </button>
  )
}

function fitted({ width, height }: AttachmentInfo): { width: number; height: number } {
  const scale = Math.min(1, MAX_WIDTH / Math.max(1, width), MAX_HEIGHT / Math.max(1, height))
  const size = (pixels: number): number => Math.max(MIN_PICTURE, Math.round(pixels * scale))
  return { width: size(width), height: size(height) }
}
