import { BookOpen, X } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { isEmptySlot } from '../../shared/prompts'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { changeDraft } from '../store/drafts'
import { EMPTY_DRAFT, useStore } from '../store/state'

/** The prompt whose slots stand in the text; closing it turns them into plain text. */
export function SlotBar({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const giveFocus = useGiveFocus()
  const { filling, text } = useStore((state) => state.drafts.get(conversationId) ?? EMPTY_DRAFT)
  if (filling === undefined) return null
  const total = filling.slots.length
  const count = filling.slots.filter((slot) => isEmptySlot(slot, text)).length
  return (
    <div className="flex min-h-10 items-center gap-2.5 border-b border-line py-1 ps-[15px] pe-2">
      <Icon of={BookOpen} className="text-ink-2" />
      <p className="min-w-0 flex-1 truncate text-meta text-ink-2">
        <bdi className="font-label text-ink-1">
          {filling.name === '' ? t('prompts:library.untitled') : filling.name}
        </bdi>
        <span role="status">
          <span className="px-1.5">·</span>
          {count === 0 ? t('prompts:slots.filled') : t('prompts:slots.empty', { count, total })}
        </span>
        <span className="px-1.5">·</span>
        {t('prompts:slots.tab')}
      </p>
      <IconButton
        icon={X}
        label={t('prompts:slots.close')}
        onClick={() => {
          changeDraft(conversationId, ({ filling: _filling, ...draft }) => draft)
          giveFocus()
        }}
      />
    </div>
  )
}
