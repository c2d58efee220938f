import { Copy, Ellipsis, GitBranch, ImageOff } from 'lucide-react'
import { memo, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { AttachmentInfo, UserMessage } from '../../shared/conversation'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuItem } from '../controls/menu'
import { branchConversation } from '../store/conversations'
import { useTellError } from '../wire/tell-error'

const MAX_WIDTH = 268
const MAX_HEIGHT = 200

export interface QuestionProps {
  message: UserMessage
  conversationId: string
}

/** What the person asked: images above the bubble, both at the end of the line, with a menu beside them. */
export const Question = memo(function Question({ message, conversationId }: QuestionProps) {
  const { t } = useTranslation()
  return (
    <article aria-label={t('chat:thread.you')} className="group/question flex flex-col items-end gap-2">
      {message.attachments.length > 0 && (
        <ul className="flex max-w-full flex-wrap justify-end gap-2">
          {message.attachments.map((attachment) => (
            <li key={attachment.id}>
              <Thumbnail attachment={attachment} />
            </li>
          ))}
        </ul>
      )}
      <div className="flex w-full items-end justify-end gap-1">
        <div className="mb-1.75 flex-none opacity-0 group-focus-within/question:opacity-100 group-hover/question:opacity-100 has-data-popup-open:opacity-100">
          <QuestionMenu message={message} conversationId={conversationId} />
        </div>
        {message.text !== '' && (
          <p
            dir="auto"
            data-find="text"
            className="max-w-[min(560px,85%)] rounded-xl border border-transparent bg-bubble px-[15px] py-[9px] text-[length:var(--input-size)] leading-[1.6] break-words whitespace-pre-wrap text-ink-1 [overflow-wrap:anywhere] select-text"
          >
            {message.text}
          </p>
        )}
      </div>
    </article>
  )
})

function QuestionMenu({ message, conversationId }: QuestionProps) {
  const { t } = useTranslation()
  const tell = useTellError()
  return (
    <Menu trigger={<IconButton icon={Ellipsis} label={t('chat:thread.questionActions')} />}>
      {message.text !== '' && (
        <MenuItem icon={Copy} onSelect={() => void navigator.clipboard.writeText(message.text)}>
          {t('common:copy')}
        </MenuItem>
      )}
      <MenuItem
        icon={GitBranch}
        onSelect={() =>
          void branchConversation(conversationId, message.id).then((error) => error !== null && tell(error))
        }
      >
        {t('chat:actions.branch')}
      </MenuItem>
    </Menu>
  )
}

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
