import { ImageOff } from 'lucide-react'
import { memo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AttachmentInfo, UserMessage } from '../../shared/conversation'
import { Icon } from '../controls/icon'

const MAX_WIDTH = 268
const MAX_HEIGHT = 200

/** What the person asked: images above the bubble, both at the end of the line. */
export const Question = memo(function Question({ message }: { message: UserMessage }) {
  const { t } = useTranslation()
  return (
    <article aria-label={t('chat:thread.you')} className="flex flex-col items-end gap-2">
      {message.attachments.length > 0 && (
        <ul className="flex max-w-full flex-wrap justify-end gap-2">
          {message.attachments.map((attachment) => (
            <li key={attachment.id}>
              <Thumbnail attachment={attachment} />
            </li>
          ))}
        </ul>
      )}
      {message.text !== '' && (
        <p
          dir="auto"
          className="max-w-[min(560px,85%)] rounded-xl border border-transparent bg-bubble px-[15px] py-[9px] text-[length:var(--input-size)] leading-[1.6] break-words whitespace-pre-wrap text-ink-1 [overflow-wrap:anywhere] select-text"
        >
          {message.text}
        </p>
      )}
    </article>
  )
})

/** An image of the message in its own shape. Its place is known before it is loaded, so nothing moves. */
function Thumbnail({ attachment }: { attachment: AttachmentInfo }) {
  const { t } = useTranslation()
  const [isMissing, setIsMissing] = useState(false)
  const { width, height } = fitted(attachment)
  if (isMissing) {
    return (
      <p className="flex min-h-13 items-center gap-2.5 rounded-l border border-dashed border-field px-3.5 text-ui text-ink-2">
        <Icon of={ImageOff} />
        <bdi>{t('chat:thread.missingImage', { name: attachment.name })}</bdi>
      </p>
    )
  }
  return (
    <img
      src={`app://local/attachment/${attachment.id}`}
      alt={t('chat:thread.image', { name: attachment.name })}
      width={width}
      height={height}
      draggable={false}
      decoding="async"
      className="box-content max-w-full rounded-xl border border-line bg-raised object-contain"
      onError={() => setIsMissing(true)}
    />
  )
}

function fitted({ width, height }: AttachmentInfo): { width: number; height: number } {
  const scale = Math.min(1, MAX_WIDTH / Math.max(1, width), MAX_HEIGHT / Math.max(1, height))
  // A line one pixel high would not be seen.
  return { width: Math.max(24, Math.round(width * scale)), height: Math.max(24, Math.round(height * scale)) }
}
