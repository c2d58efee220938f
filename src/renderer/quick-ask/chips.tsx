import { useTranslation } from 'react-i18next'
import { AttachmentChip, GhostChip } from '../composer/attachment-chip'
import { removeChip } from '../store/drafts'
import { EMPTY_DRAFT, useStore } from '../store/state'

/** The images of the next question in one row that scrolls; `ghosts` are those that still hang over the window. */
export function Chips({ conversationId, ghosts }: { conversationId: string; ghosts: number }) {
  const { t } = useTranslation()
  const { chips } = useStore((state) => state.drafts.get(conversationId) ?? EMPTY_DRAFT)
  return (
    <div
      role="group"
      aria-label={t('chat:composer.attachments')}
      className="-mt-1 flex flex-none gap-2 overflow-x-auto px-5.25 pb-3.5 [scrollbar-width:none]"
    >
      {chips.map((chip) => (
        <AttachmentChip key={chip.key} chip={chip} onRemove={() => removeChip(conversationId, chip.key)} />
      ))}
      {Array.from({ length: ghosts }, (_, index) => (
        <GhostChip key={index} />
      ))}
    </div>
  )
}
