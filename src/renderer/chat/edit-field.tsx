import { CornerDownLeft, Paperclip } from 'lucide-react'
import {
  useEffect,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type ClipboardEvent,
  type KeyboardEvent,
  type RefObject,
} from 'react'
import { useTranslation } from 'react-i18next'
import { useKeysOf } from '../actions/keys'
import type { UserMessage } from '../../shared/conversation'
import type { VariantPlace } from '../../shared/variants'
import { AttachmentRow } from '../composer/attachment-row'
import { BlockedLine, useBlockedReason } from '../composer/blocked-line'
import { actionOf } from '../composer/keys'
import { pastedFiles } from '../composer/pasted-files'
import { EDIT_FORM } from '../composer/place-in-focus'
import { VisionBar } from '../composer/vision-bar'
import { Button } from '../controls/button'
import { useGiveFocus } from '../controls/final-focus'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { useFigures } from '../figures'
import { attachFiles, pickFiles, type Place } from '../store/chips'
import { readyAttachments } from '../store/drafts'
import { resendQuestion } from '../store/sending'
import { useStore } from '../store/state'
import { useClosedReason } from './choice'
import { changeEdit, endEditing, giveBackEdit, useEdits, type Edit } from './edit-state'

export interface EditFieldProps {
  message: UserMessage
  conversationId: string
  edit: Edit
  /** Where the question stands among its versions; null while it is the only one. */
  version: VariantPlace | null
}

/** A question as a field over the whole column: Enter sends it as another version, Esc leaves it as it was [41]. */
export function EditField({ message, conversationId, edit, version }: EditFieldProps) {
  const { t } = useTranslation()
  const { whole } = useFigures()
  const field = useRef<HTMLTextAreaElement>(null)
  const sendKey = useStore((state) => state.settings.sendKey)
  const focusRequests = useEdits((state) => state.focusRequests)
  const closedReason = useClosedReason(conversationId)
  const giveFocus = useGiveFocus()
  const present = whole((version?.index ?? 0) + 1)
  const next = whole((version?.count ?? 1) + 1)
  const place = useMemo((): Place => ({ editIn: conversationId }), [conversationId])
  const form = useRef<HTMLFormElement>(null)
  const incoming = useEdits((state) => state.incoming)
  const attachKeys = useKeysOf('attach')
  const blocked = useBlockedReason(edit)
  const reason = closedReason ?? blocked
  /** Sending was tried while something was in its way. */
  const [isRefused, setIsRefused] = useState(false)
  if (isRefused && reason === null) setIsRefused(false)

  useEffect(() => field.current?.focus(), [focusRequests])
  useLayoutEffect(() => {
    // At the end, where one goes on writing.
    const end = field.current?.value.length ?? 0
    field.current?.setSelectionRange(end, end)
  }, [])
  useStaysInSight(form)

  const send = (): void => {
    setIsRefused(true)
    if (reason !== null) return
    const attachments = readyAttachments(edit)
    endEditing(conversationId)
    giveFocus()
    void resendQuestion(conversationId, message.id, edit.text.trim(), attachments).then((isSent) => {
      if (!isSent) giveBackEdit(conversationId, edit)
    })
  }
  const onPaste = (event: ClipboardEvent): void => {
    const files = pastedFiles(event.clipboardData)
    if (files.length === 0) return
    event.preventDefault()
    void attachFiles(place, files)
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
      ref={form}
      {...{ [EDIT_FORM]: '' }}
      aria-label={t('thread:edit.label')}
      className="w-full rounded-xl border-2 border-accent bg-raised"
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    >
      <VisionBar place={place} />
      {(edit.chips.length > 0 || incoming > 0) && (
        <AttachmentRow
          place={place}
          ghosts={incoming}
          className="flex gap-2 px-2.5 pt-2.5 max-narrow:overflow-x-auto max-narrow:[scrollbar-width:none] narrow:flex-wrap"
        />
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
      <BlockedLine place={place} reason={isRefused ? reason : null} />
      <div className="flex flex-wrap items-center justify-end gap-2 ps-2.25 pe-2 pb-2">
        <IconButton
          icon={Paperclip}
          label={t('chat:composer.attach')}
          keys={attachKeys}
          size={32}
          iconSize={17}
          side="top"
          onClick={() => void pickFiles(place).then(() => field.current?.focus())}
        />
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

/** A smaller window, or a taller composer below, must not push the field out of sight of whoever writes in it. */
function useStaysInSight(form: RefObject<HTMLFormElement | null>): void {
  useEffect(() => {
    const scroller = form.current?.closest('[role=log]')
    if (scroller === null || scroller === undefined) return undefined
    let frame = 0
    const observer = new ResizeObserver(() => {
      cancelAnimationFrame(frame)
      // After the thread has found its own place for the new size.
      frame = requestAnimationFrame(() => {
        if (form.current?.contains(document.activeElement) === true) form.current.scrollIntoView({ block: 'nearest' })
      })
    })
    observer.observe(scroller)
    if (form.current !== null) observer.observe(form.current)
    return () => {
      cancelAnimationFrame(frame)
      observer.disconnect()
    }
  }, [form])
}
