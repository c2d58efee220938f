import { EyeOff } from 'lucide-react'
import { useMemo } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { useChoice } from '../chat/choice'
import { choose } from '../store/backends'
import { removeImages } from '../store/drafts'
import { EMPTY_DRAFT, useStore } from '../store/state'
import { blindnessOf } from './vision'

/** Above images that the chosen model cannot read: before they are sent, with two ways out [12]. */
export function VisionBar({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const giveFocus = useGiveFocus()
  const choice = useChoice(conversationId)
  const hasImages = useStore((state) =>
    (state.drafts.get(conversationId) ?? EMPTY_DRAFT).chips.some(
      (chip) => chip.kind === 'adding' || (chip.kind === 'ready' && chip.attachment.mime.startsWith('image/')),
    ),
  )
  const catalogue = useStore((state) => state.catalogues.get(choice.backendId)?.catalogue ?? null)
  const { favourites, recents } = useStore((state) => state.settings)
  const blindness = useMemo(
    () => (hasImages ? blindnessOf(catalogue, choice, [...favourites, ...recents]) : null),
    [hasImages, catalogue, choice, favourites, recents],
  )
  if (blindness === null) return null
  const { label, instead } = blindness
  return (
    <div className="flex min-h-11 flex-wrap items-center gap-x-2.5 gap-y-1 border-b border-line py-1.5 ps-[15px] pe-2">
      <Icon of={EyeOff} className="text-warn" />
      <p role="status" className="min-w-40 flex-1 text-ui break-words text-ink-1">
        <bdi>{t('images:vision.title', { model: label })}</bdi>
      </p>
      <div className="flex min-w-0 flex-wrap gap-1.5">
        <Button
          variant="quiet"
          onClick={() => {
            removeImages(conversationId)
            giveFocus()
          }}
        >
          {t('images:vision.textOnly')}
        </Button>
        {instead !== null && (
          <Button
            className="max-w-full"
            onClick={() => {
              choose(conversationId, { ...choice, model: instead.id })
              giveFocus()
            }}
          >
            <span className="max-w-60 truncate">{t('images:vision.use', { model: instead.label })}</span>
          </Button>
        )}
      </div>
    </div>
  )
}
