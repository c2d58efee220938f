import { ArrowUp, CircleAlert, Paperclip, Plus, Square } from 'lucide-react'
import { useCallback, useState, type ClipboardEvent, type KeyboardEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { pathOf } from '../../shared/conversation'
import { useChoice, useGoneReason, useHasModels } from '../chat/choice'
import { BackendMenu } from '../chat/header'
import { ModelPicker } from '../chat/model-picker'
import { useBackendName } from '../chat/provider-line'
import { TEMPORARY_LINE_ID } from '../chat/temporary'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { ariaKeys } from '../controls/kbd'
import { Tooltip } from '../controls/tooltip'
import { attachFiles, blockerOf, changeDraft, pickFiles, removeChip } from '../store/drafts'
import { sendDraft, stopAndSend, stopAnswer, takeBackQueued } from '../store/sending'
import { conversationOf, EMPTY_DRAFT, isTemporary, runningAnswer, useStore } from '../store/state'
import { AttachmentChip, GhostChip } from './attachment-chip'
import { actionOf } from './keys'
import { GoneBar, QueuedBar, RefusalBar } from './notice-bars'
import { pastedFiles } from './pasted-files'

export interface ComposerProps {
  conversationId: string
  fieldRef: RefObject<HTMLTextAreaElement | null>
  /** Files that hang over the window: the composer shows where they will land. */
  incoming: number
  /** In a window below 560 the model is chosen here. */
  isNarrow: boolean
  isPickerOpen: boolean
  onPickerChange: (isOpen: boolean) => void
}

/** Where messages are written: always usable, also while an answer runs. */
export function Composer(props: ComposerProps) {
  const { conversationId, fieldRef, incoming, isNarrow, isPickerOpen, onPickerChange } = props
  const { t } = useTranslation()
  const draft = useStore((state) => state.drafts.get(conversationId) ?? EMPTY_DRAFT)
  const sendKey = useStore((state) => state.settings.sendKey)
  const isRunning = useStore((state) => runningAnswer(state, conversationId) !== null)
  const hasQueued = useStore((state) => state.queued.has(conversationId))
  const isUnkept = useStore((state) => isTemporary(state, conversationId))
  const { backendId } = useChoice(conversationId)
  const backend = useBackendName(backendId)
  const hasModels = useHasModels(conversationId)
  const blocker = blockerOf(draft)
  const goneReason = useGoneReason(conversationId)

  const write = useCallback(
    (text: string) => changeDraft(conversationId, (before) => ({ ...before, text })),
    [conversationId],
  )

  /** The question that ↑ has brought back: Esc lets it go again. */
  const [recalled, setRecalled] = useState<{ conversationId: string; text: string } | null>(null)
  /** Sending was tried while something was in its way. */
  const [isRefused, setIsRefused] = useState(false)
  const reason = blocker === null || blocker === 'empty' ? null : t(`chat:composer.${BLOCKER_TEXTS[blocker]}`)
  if (isRefused && reason === null) setIsRefused(false)
  const send = (): void => {
    setIsRefused(true)
    sendDraft(conversationId)
  }

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    const action = actionOf(event.nativeEvent, {
      sendKey,
      isMac: window.parley.platform === 'darwin',
      isRunning,
      isEmpty: draft.text === '',
      isRecalled: recalled?.conversationId === conversationId && recalled.text === draft.text,
      hasQueued,
    })
    if (action === null || (goneReason !== null && action === 'recall')) return
    if (action === 'recall') {
      const question = lastQuestion(conversationId)
      if (question === null) return
      event.preventDefault()
      write(question)
      setRecalled({ conversationId, text: question })
      return
    }
    event.preventDefault()
    switch (action) {
      case 'send':
        send()
        return
      case 'stop-and-send':
        setIsRefused(true)
        void stopAndSend(conversationId)
        return
      case 'let-go':
        write('')
        return
      case 'take-back':
        takeBackQueued(conversationId)
        return
    }
  }

  const onPaste = (event: ClipboardEvent): void => {
    const files = pastedFiles(event.clipboardData)
    if (files.length === 0) return
    event.preventDefault()
    void attachFiles(conversationId, files)
  }

  return (
    <form
      data-region="composer"
      aria-label={t('chat:composer.label')}
      className={`layer-composer relative mx-auto mb-4 flex w-[min(var(--composer),100%-16px)] flex-none flex-col rounded-xl border bg-raised outline-none ${incoming > 0 ? 'border-accent shadow-[0_0_0_1px_var(--accent)] forced-colors:outline-1' : `${isUnkept ? 'border-dashed border-field' : 'border-line-2'} focus-within:border-field forced-colors:focus-within:border-[Highlight]`}`}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
      onPaste={onPaste}
      // A press beside the text is meant for it.
      onPointerDown={(event) => {
        if (event.target !== event.currentTarget) return
        event.preventDefault()
        fieldRef.current?.focus()
      }}
    >
      <GoneBar conversationId={conversationId} />
      <RefusalBar conversationId={conversationId} />
      <QueuedBar conversationId={conversationId} />
      {(draft.chips.length > 0 || incoming > 0) && (
        <div
          role="group"
          aria-label={t('chat:composer.attachments')}
          className="flex gap-2 px-2.5 pt-2.5 max-narrow:overflow-x-auto max-narrow:[scrollbar-width:none] narrow:flex-wrap"
        >
          {draft.chips.map((chip) => (
            <AttachmentChip key={chip.key} chip={chip} onRemove={() => removeChip(conversationId, chip.key)} />
          ))}
          {Array.from({ length: Math.min(incoming, 4) }, (_, index) => (
            <GhostChip key={index} />
          ))}
        </div>
      )}
      <textarea
        ref={fieldRef}
        data-after-trust
        rows={1}
        dir="auto"
        value={draft.text}
        placeholder={goneReason === null ? t('chat:composer.placeholder', { backend }) : t('chat:gone.placeholder')}
        aria-label={goneReason === null ? t('chat:composer.placeholder', { backend }) : t('chat:gone.placeholder')}
        readOnly={goneReason !== null}
        aria-describedby={isUnkept ? TEMPORARY_LINE_ID : undefined}
        className="block max-h-60 min-h-11 w-full resize-none [field-sizing:content] bg-transparent px-4 pt-3 pb-2 text-[length:var(--input-size)] leading-[1.6] text-ink-1 outline-none"
        onChange={(event) => write(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      {/* Who presses Enter looks here, not at the tooltip of a button. */}
      {isRefused && reason !== null && (
        <p role="alert" className="flex items-center gap-2 px-4 pb-1 text-ui text-danger">
          <Icon of={CircleAlert} size={14} />
          {reason}
        </p>
      )}
      <div className="mt-1 flex items-center gap-0.5 pe-2 pb-2 ps-2.25">
        <IconButton
          icon={isNarrow ? Plus : Paperclip}
          label={t('chat:composer.attach')}
          keys={['Mod', 'U']}
          size={32}
          iconSize={17}
          side="top"
          hint={goneReason ?? undefined}
          isDisabled={goneReason !== null}
          onClick={() => void pickFiles(conversationId)}
        />
        <div className="flex min-w-0 flex-1 justify-end px-2">
          {isNarrow && !hasModels && <BackendMenu conversationId={conversationId} />}
          {isNarrow && hasModels && (
            <ModelPicker
              conversationId={conversationId}
              isOpen={isPickerOpen}
              onOpenChange={onPickerChange}
              place="composer"
            />
          )}
        </div>
        {isRunning ? (
          <Tooltip text={t('chat:composer.stop')} keys={['Mod', '.']} side="top">
            <button
              type="button"
              aria-label={t('chat:composer.stop')}
              aria-keyshortcuts={ariaKeys(['Mod', '.'])}
              className="flex size-8 flex-none items-center justify-center rounded-m border border-transparent bg-ink-1 text-paper transition-opacity hover:opacity-85 active:opacity-75"
              onClick={() => void stopAnswer(conversationId)}
            >
              <Square size={10} fill="currentColor" strokeWidth={2} aria-hidden />
            </button>
          </Tooltip>
        ) : (
          <Tooltip
            text={
              goneReason ?? (blocker === null ? t('chat:composer.send') : t(`chat:composer.${BLOCKER_TEXTS[blocker]}`))
            }
            keys={
              blocker === null && goneReason === null ? (sendKey === 'enter' ? ['Enter'] : ['Mod', 'Enter']) : undefined
            }
            side="top"
          >
            <button
              type="submit"
              aria-label={t('chat:composer.send')}
              aria-disabled={blocker !== null || goneReason !== null || undefined}
              className="flex size-8 flex-none items-center justify-center rounded-m border border-transparent bg-accent text-on-accent transition-colors hover:bg-accent-hover active:bg-accent-active aria-disabled:bg-pressed aria-disabled:text-ink-3"
            >
              <Icon of={ArrowUp} size={18} />
            </button>
          </Tooltip>
        )}
      </div>
    </form>
  )
}

const BLOCKER_TEXTS = { empty: 'blockedEmpty', adding: 'blockedAdding', refused: 'blockedRefused' } as const

/** The text of the last question on show, or null. */
function lastQuestion(conversationId: string): string | null {
  const conversation = conversationOf(useStore.getState(), conversationId)
  if (conversation === null) return null
  const question = pathOf(conversation).findLast(({ role }) => role === 'user')
  return question?.role === 'user' && question.text !== '' ? question.text : null
}
