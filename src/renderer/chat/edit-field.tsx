import { CornerDownLeft } from 'lucide-react'
import { useEffect, useLayoutEffect, useRef, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { UserMessage } from '../../shared/conversation'
import type { VariantPlace } from '../../shared/variants'
import { AttachmentChip } from '../composer/attachment-chip'
import { actionOf } from '../composer/keys'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { useFigures } from '../figures'
import { resendQuestion } from '../store/sending'
import { useStore } from '../store/state'
import { useClosedReason } from './choice'
import { changeEdit, endEditing, giveBackEdit, useEdits, type Edit } from './edit-state'

export interface EditFieldProps {
  message: UserMessage
  conversationId: string
  edit: Edit
  /** Where the question stands among its versions; null while it is the only one. */
  place: VariantPlace | null
}

/** A question as a field over the whole column: Enter sends it as another version, Esc leaves it as it was [41]. */
export function EditField({ message, conversationId, edit, place }: EditFieldProps) {
  const { t } = useTranslation()
  const { whole } = useFigures()
  const field = useRef<HTMLTextAreaElement>(null)
  const sendKey = useStore((state) => state.settings.sendKey)
  const focusRequests = useEdits((state) => state.focusRequests)
  const closedReason = useClosedReason(conversationId)
  const giveFocus = useGiveFocus()
  const present = whole((place?.index ?? 0) + 1)
  const next = whole((place?.count ?? 1) + 1)
  const isEmpty = edit.text.trim() === '' && edit.chips.length === 0
  const reason = closedReason ?? (isEmpty ? t('chat:composer.blockedEmpty') : null)

  useEffect(() => field.current?.focus(), [focusRequests])
  useLayoutEffect(() => {
    // At the end, where one goes on writing.
    const end = field.current?.value.length ?? 0
    field.current?.setSelectionRange(end, end)
  }, [])

  const send = (): void => {
    if (reason !== null) return
    const attachments = edit.chips.flatMap((chip) => (chip.kind === 'ready' ? [chip.attachment] : []))
    endEditing(conversationId)
    giveFocus()
    void resendQuestion(conversationId, message.id, edit.text.trim(), attachments).then((isSent) => {
      if (!isSent) giveBackEdit(conversationId, edit)
    })
  }
  const cancel = (): void => {
    endEditing(conversationId)
    giveFocus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLFormElement>): void => {
    if (event.key === 'Escape' && !event.nativeEvent.isComposing) {
      event.preventDefault()
      // A layer is closed by its own Esc; this one belongs to the field.
      event.stopPropagation()
      cancel()
      return
    }
    if (event.target !== field.current) return
    const isMac = window.parley.platform === 'darwin'
    const moment = { sendKey, isMac, isRunning: false, isEmpty: false, hasQueued: false }
    if (actionOf(event.nativeEvent, moment) !== 'send') return
    event.preventDefault()
    send()
  }

  return (
    <form
      aria-label={t('thread:edit.label')}
      className="w-full rounded-xl border-2 border-accent bg-raised"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onKeyDown={onKeyDown}
    >
      {edit.chips.length > 0 && (
        <div
          role="group"
          aria-label={t('chat:composer.attachments')}
          className="flex gap-2 px-2.5 pt-2.5 max-narrow:overflow-x-auto max-narrow:[scrollbar-width:none] narrow:flex-wrap"
        >
          {edit.chips.map((chip) => (
            <AttachmentChip
              key={chip.key}
              chip={chip}
              onRemove={() =>
                changeEdit(conversationId, (before) => ({
                  ...before,
                  chips: before.chips.filter(({ key }) => key !== chip.key),
                }))
              }
            />
          ))}
        </div>
      )}
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        value={edit.text}
        aria-label={t('thread:edit.label')}
        className="block max-h-60 min-h-11 w-full resize-none [field-sizing:content] bg-transparent px-[15px] pt-3 pb-1.5 text-[length:var(--input-size)] leading-[1.6] text-ink-1 outline-none"
        onChange={(event) => {
          const { value } = event.currentTarget
          changeEdit(conversationId, (before) => ({ ...before, text: value }))
        }}
      />
      <div className="flex flex-wrap items-center justify-end gap-2 ps-[15px] pe-2 pb-2">
        <p className="min-w-40 flex-1 text-meta text-ink-3">{t('thread:edit.stays', { number: present })}</p>
        <Button variant="quiet" onClick={cancel}>
          {t('common:cancel')}
        </Button>
        <Button type="submit" variant="primary" isDisabled={reason !== null} reason={reason ?? undefined}>
          {t('thread:edit.send', { number: next })}
          {sendKey === 'enter' && <Icon of={CornerDownLeft} size={14} className="opacity-80" />}
        </Button>
      </div>
    </form>
  )
}
