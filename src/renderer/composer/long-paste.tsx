import { FileText, X } from 'lucide-react'
import { useState } from 'react'
import { useTranslation } from 'react-i18next'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { attachFiles } from '../store/chips'
import { changeDraft } from '../store/drafts'
import { EMPTY_DRAFT, useStore } from '../store/state'

const LONG_CHARACTERS = 4000
const LONG_LINES = 60

/** Text that was pasted into a message, long enough to be a file of its own. */
export interface LongPaste {
  conversationId: string
  /** With the line ends of the field. */
  text: string
}

/** The paste to offer as a file; null when it is short. */
export function longPasteOf(conversationId: string, data: DataTransfer): LongPaste | null {
  const text = data.getData('text/plain').replace(/\r\n?/gu, '\n')
  const isLong = text.length > LONG_CHARACTERS || (text.match(/\n/gu)?.length ?? 0) >= LONG_LINES
  return isLong ? { conversationId, text } : null
}

/** Remembers the last long paste, while its text stands in the message. */
export function useLongPaste(conversationId: string): [LongPaste | null, (paste: LongPaste | null) => void] {
  const [paste, setPaste] = useState<LongPaste | null>(null)
  const stands = useStore(
    ({ drafts }) =>
      paste?.conversationId === conversationId && (drafts.get(conversationId) ?? EMPTY_DRAFT).text.includes(paste.text),
  )
  return [stands ? paste : null, setPaste]
}

/** Offers to make a file of a long paste. The text stands where it was pasted until somebody chooses that. */
export function LongPasteBar({ paste, onEnd }: { paste: LongPaste; onEnd: () => void }) {
  const { t } = useTranslation()
  const giveFocus = useGiveFocus()
  const attach = async (): Promise<void> => {
    const { conversationId, text } = paste
    onEnd()
    giveFocus()
    // The text goes once it is a file: what finds no place there stays here.
    const file = new File([text], t('files:longPaste.name'), { type: 'text/plain' })
    if (!(await attachFiles(conversationId, [file]))) return
    changeDraft(conversationId, (draft) => {
      const at = draft.text.lastIndexOf(text)
      return at === -1 ? draft : { ...draft, text: draft.text.slice(0, at) + draft.text.slice(at + text.length) }
    })
  }
  return (
    <div className="flex min-h-11 items-center gap-2.5 border-b border-line py-1 ps-[15px] pe-2">
      <Icon of={FileText} className="text-ink-2" />
      <p role="status" className="min-w-0 flex-1 py-1.5 text-ui break-words text-ink-2">
        {t('files:longPaste.title')}
      </p>
      <Button className="flex-none" onClick={() => void attach()}>
        {t('files:longPaste.attach')}
      </Button>
      <IconButton
        icon={X}
        label={t('files:longPaste.dismiss')}
        onClick={() => {
          onEnd()
          giveFocus()
        }}
      />
    </div>
  )
}
