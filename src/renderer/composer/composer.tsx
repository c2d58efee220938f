import { ArrowUp, Columns2, Globe, Paperclip, Plus, Scan, Square } from 'lucide-react'
import { useState, type ClipboardEvent, type KeyboardEvent, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { useKeysOf } from '../actions/keys'
import { useChoice, useClosedReason, useHasModels, useReadOnlyReason } from '../chat/choice'
import { editLastQuestion } from '../chat/edit-state'
import { BackendMenu } from '../chat/header'
import { ModelPicker } from '../chat/model-picker'
import { useBackendName } from '../chat/provider-line'
import { Quotes } from '../chat/quotes'
import { TEMPORARY_LINE_ID } from '../chat/temporary'
import { ComparisonChip } from '../compare/chip'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { ariaKeys } from '../controls/kbd'
import { Menu, MenuItem } from '../controls/menu'
import { Tooltip } from '../controls/tooltip'
import { changeChatSettings, searchesWeb } from '../store/chat-settings'
import { attachFiles, pickFiles } from '../store/chips'
import { blockerOf } from '../store/drafts'
import { chosenCount, closeComparison, openComparison } from '../store/comparison'
import { takeBackQueued } from '../store/queue'
import { sendDraft, stopAndSend } from '../store/sending'
import { stopAnswer } from '../store/stopping'
import { EMPTY_DRAFT, isTemporary, runningAnswer, stoppableAnswers, useStore } from '../store/state'
import { AttachmentRow } from './attachment-row'
import { CaptureButton, useRegionCapture } from './capture-button'
import { BlockedLine, useBlockedReason } from './blocked-line'
import { ComposerField } from './composer-field'
import { actionOf } from './keys'
import { GoneBar, QueuedBar, ReadOnlyBar, RefusalBar } from './notice-bars'
import { LongPasteBar, longPasteOf, useLongPaste } from './long-paste'
import { pastedFiles } from './pasted-files'
import { RoomBar } from './room-bar'
import { SlotBar } from './slot-bar'
import { VisionBar } from './vision-bar'
import { WebSwitch } from './web-switch'

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
  const attachKeys = useKeysOf('attach')
  const stopKeys = useKeysOf('stop')
  const draft = useStore((state) => state.drafts.get(conversationId) ?? EMPTY_DRAFT)
  const sendKey = useStore((state) => state.settings.sendKey)
  const isRunning = useStore((state) => runningAnswer(state, conversationId) !== null)
  // Versions of the answer on show may still be written, such as those of a comparison that was left.
  const canStop = useStore((state) => stoppableAnswers(state, conversationId).length > 0)
  const hasQueued = useStore((state) => state.queued.has(conversationId))
  const isUnkept = useStore((state) => isTemporary(state, conversationId))
  const { backendId } = useChoice(conversationId)
  const backend = useBackendName(backendId)
  const hasModels = useHasModels(conversationId)
  const blocker = blockerOf(draft)
  const compared = useStore((state) => chosenCount(state, conversationId))
  const compareKeys = useKeysOf('compare')
  const closedReason = useClosedReason(conversationId)
  const isReadOnly = useReadOnlyReason(conversationId) !== null
  const regionCapture = useRegionCapture(conversationId, fieldRef)

  const [longPaste, setLongPaste] = useLongPaste(conversationId)
  /** The chat in which sending was tried while something was in its way. */
  const [refusedIn, setRefusedIn] = useState<string | null>(null)
  const blocked = useBlockedReason(draft)
  const lacksModels = compared !== null && compared < 2 ? t('compare:needTwo') : null
  // An empty field says itself that something is missing; beside a quote it does not.
  const reason = blocker === 'empty' && draft.quotes === undefined ? null : (blocked ?? lacksModels)
  const isRefused = refusedIn === conversationId
  if (isRefused && reason === null) setRefusedIn(null)
  const label = isReadOnly
    ? t('chat:readOnly.placeholder')
    : closedReason !== null
      ? t('chat:gone.placeholder')
      : compared === null || compared < 2
        ? t('chat:composer.placeholder', { backend })
        : t(`compare:ask.${ASK[compared] ?? 'four'}`)
  const send = (): void => {
    setRefusedIn(conversationId)
    sendDraft(conversationId)
  }

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>): void => {
    const action = actionOf(event.nativeEvent, {
      sendKey,
      isMac: window.parley.platform === 'darwin',
      isRunning,
      isEmpty: draft.text === '' && draft.chips.length === 0 && draft.quotes === undefined,
      hasQueued,
    })
    if (action === null || ((closedReason !== null || compared !== null) && action === 'edit-last')) return
    if (action === 'edit-last') {
      if (editLastQuestion(conversationId)) event.preventDefault()
      return
    }
    event.preventDefault()
    switch (action) {
      case 'send':
        send()
        return
      case 'stop-and-send':
        setRefusedIn(conversationId)
        void stopAndSend(conversationId)
        return
      case 'take-back':
        takeBackQueued(conversationId)
        return
    }
  }

  const onPaste = (event: ClipboardEvent): void => {
    const files = pastedFiles(event.clipboardData)
    if (isReadOnly) return
    if (files.length === 0) {
      const long = longPasteOf(conversationId, event.clipboardData)
      if (long !== null) setLongPaste(long)
      return
    }
    event.preventDefault()
    void attachFiles(conversationId, files)
  }

  return (
    <form
      data-region="composer"
      aria-label={t('chat:composer.label')}
      className={`layer-composer relative mx-auto mb-4 flex w-[min(var(--composer),100%-16px)] flex-none flex-col rounded-xl border bg-raised outline-none ${incoming > 0 ? 'border-accent shadow-[inset_0_0_0_1px_var(--accent)] forced-colors:outline-1' : `${isUnkept ? 'border-dashed border-field' : 'border-line-2'} focus-within:border-field forced-colors:focus-within:border-[Highlight]`}`}
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
      <ReadOnlyBar conversationId={conversationId} />
      <GoneBar conversationId={conversationId} />
      <RefusalBar conversationId={conversationId} />
      <QueuedBar conversationId={conversationId} />
      <VisionBar place={conversationId} />
      <SlotBar conversationId={conversationId} />
      <RoomBar conversationId={conversationId} />
      {longPaste !== null && <LongPasteBar paste={longPaste} onEnd={() => setLongPaste(null)} />}
      {(draft.chips.length > 0 || incoming > 0) && (
        <AttachmentRow
          place={conversationId}
          ghosts={incoming}
          className="flex gap-2 px-2.5 pt-2.5 max-narrow:overflow-x-auto max-narrow:[scrollbar-width:none] narrow:flex-wrap"
        />
      )}
      <Quotes conversationId={conversationId} />
      <ComposerField
        conversationId={conversationId}
        fieldRef={fieldRef}
        label={label}
        // A quote alone asks nothing, so the field says what is missing.
        placeholder={draft.quotes === undefined || closedReason !== null ? label : t('chat:composer.aboutQuote')}
        isReadOnly={closedReason !== null}
        describedBy={isUnkept ? TEMPORARY_LINE_ID : undefined}
        onKeyDown={onKeyDown}
        onSend={send}
      />
      <BlockedLine place={conversationId} reason={isRefused ? reason : null} />
      <div className="mt-1 flex items-center gap-0.5 pe-2 pb-2 ps-2.25">
        {isNarrow && hasModels && closedReason === null ? (
          <NarrowTools conversationId={conversationId} onCapture={regionCapture.capture} />
        ) : (
          <>
            <IconButton
              icon={isNarrow ? Plus : Paperclip}
              label={t('chat:composer.attach')}
              keys={attachKeys}
              size={32}
              iconSize={17}
              side="top"
              hint={closedReason ?? undefined}
              isDisabled={closedReason !== null}
              onClick={() => void pickFiles(conversationId).then(() => fieldRef.current?.focus())}
            />
            <CaptureButton {...regionCapture} />
            {hasModels && <WebSwitch conversationId={conversationId} />}
            {hasModels && (
              <IconButton
                icon={Columns2}
                label={t(compared === null ? 'compare:start' : 'compare:leave')}
                keys={compareKeys}
                size={32}
                iconSize={17}
                side="top"
                hint={closedReason ?? undefined}
                isDisabled={closedReason !== null}
                aria-pressed={compared !== null}
                className={compared === null ? '' : 'bg-selected text-ink-1'}
                onClick={() => (compared === null ? openComparison : closeComparison)(conversationId)}
              />
            )}
          </>
        )}
        <div className="flex min-w-0 flex-1 justify-end px-2">
          {isNarrow && !hasModels && <BackendMenu conversationId={conversationId} />}
          {isNarrow && compared !== null && <ComparisonChip conversationId={conversationId} place="composer" />}
          {isNarrow && hasModels && compared === null && (
            <ModelPicker
              conversationId={conversationId}
              isOpen={isPickerOpen}
              onOpenChange={onPickerChange}
              place="composer"
            />
          )}
        </div>
        {isRunning || (canStop && blocker === 'empty') ? (
          <Tooltip text={t('chat:composer.stop')} keys={stopKeys} side="top">
            <button
              type="button"
              aria-label={t('chat:composer.stop')}
              aria-keyshortcuts={stopKeys && ariaKeys(stopKeys)}
              className="flex size-8 flex-none items-center justify-center rounded-m border border-transparent bg-ink-1 text-paper transition-opacity hover:opacity-85 active:opacity-75"
              onClick={() => void stopAnswer(conversationId)}
            >
              <Square size={10} fill="currentColor" strokeWidth={2} aria-hidden />
            </button>
          </Tooltip>
        ) : (
          <Tooltip
            text={closedReason ?? blocked ?? lacksModels ?? t('chat:composer.send')}
            keys={
              blocker === null && lacksModels === null && closedReason === null
                ? sendKey === 'enter'
                  ? ['Enter']
                  : ['Mod', 'Enter']
                : undefined
            }
            side="top"
          >
            <button
              type="submit"
              aria-label={t('chat:composer.send')}
              aria-disabled={blocker !== null || lacksModels !== null || closedReason !== null || undefined}
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

/** In a narrow window the tools fold under one button. */
function NarrowTools({ conversationId, onCapture }: { conversationId: string; onCapture: () => void }) {
  const { t } = useTranslation()
  const isOn = useStore((state) => searchesWeb(state, conversationId))
  const isComparing = useStore((state) => state.comparisons.has(conversationId))
  const keys = useKeysOf('compare')
  const attachKeys = useKeysOf('attach')
  const captureKeys = useKeysOf('capture-region')
  return (
    <Menu
      side="top"
      align="start"
      trigger={<IconButton icon={Plus} label={t('prompts:web.tools')} size={32} iconSize={17} side="top" />}
    >
      <MenuItem icon={Paperclip} keys={attachKeys} onSelect={() => void pickFiles(conversationId)}>
        {t('chat:composer.attach')}
      </MenuItem>
      <MenuItem icon={Scan} keys={captureKeys} onSelect={onCapture}>
        {t('capture:button')}
      </MenuItem>
      <MenuItem icon={Globe} isChosen={isOn} onSelect={() => changeChatSettings(conversationId, { webSearch: !isOn })}>
        {t('prompts:web.label')}
      </MenuItem>
      <MenuItem
        icon={Columns2}
        keys={keys}
        onSelect={() => (isComparing ? closeComparison : openComparison)(conversationId)}
      >
        {t(isComparing ? 'compare:leave' : 'compare:start')}
      </MenuItem>
    </Menu>
  )
}

/** By how many are asked. */
const ASK: Partial<Record<number, 'two' | 'three' | 'four'>> = { 2: 'two', 3: 'three', 4: 'four' }
