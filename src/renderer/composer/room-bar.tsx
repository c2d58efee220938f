import { TriangleAlert } from 'lucide-react'
import { useTranslation } from 'react-i18next'
import { MAX_QUESTION_TEXT } from '../../shared/contract'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { showToast } from '../controls/toast'
import { cutExcess, excessOf } from '../store/drafts'
import { EMPTY_DRAFT, useStore } from '../store/state'

/** What is too long to be sent, or too much to be kept over a restart, said before anybody presses Enter; and one way out. */
export function RoomBar({ conversationId }: { conversationId: string }) {
  const { t, i18n } = useTranslation()
  const giveFocus = useGiveFocus()
  const excess = useStore((state) => excessOf(state.drafts.get(conversationId) ?? EMPTY_DRAFT))
  const isUnkept = useStore((state) => state.unkept.has(conversationId))
  if (excess === 0 && !isUnkept) return null

  const number = (value: number): string => value.toLocaleString(i18n.language)
  const act = async (): Promise<void> => {
    const { text } = useStore.getState().drafts.get(conversationId) ?? EMPTY_DRAFT
    try {
      if (excess > 0) await cutExcess(conversationId)
      else await navigator.clipboard.writeText(text)
      showToast({ text: t(excess > 0 ? 'chat:room.cut' : 'chat:room.copied') })
    } catch {
      showToast({ text: t('chat:room.failed') })
    }
    giveFocus()
  }
  return (
    <div className="flex min-h-11 items-center gap-2.5 border-b border-line py-1 ps-[15px] pe-2">
      <Icon of={TriangleAlert} className="text-warn" />
      <p role="status" className="min-w-0 flex-1 py-1.5 text-ui break-words text-ink-2">
        {excess > 0 && t('chat:room.long', { count: excess, number: number(excess), limit: number(MAX_QUESTION_TEXT) })}
        {excess > 0 && isUnkept && ' '}
        {isUnkept && t('chat:room.unkept')}
      </p>
      <Button className="flex-none" onClick={() => void act()}>
        {t(excess > 0 ? 'chat:room.cutAction' : 'chat:room.copyAction')}
      </Button>
    </div>
  )
}
