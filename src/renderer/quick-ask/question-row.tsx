import {
  Bookmark,
  ChevronDown,
  ClipboardPaste,
  Image as ImageIcon,
  Paperclip,
  Pin,
  PinOff,
  Scan,
  Square,
  SquarePen,
  type LucideIcon,
} from 'lucide-react'
import type { ClipboardEvent, KeyboardEvent, RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { useKeysOf } from '../actions/keys'
import { useClosedReason } from '../chat/choice'
import { useBackendName } from '../chat/provider-line'
import { CaptureButton, useRegionCapture } from '../composer/capture-button'
import { pastedFiles } from '../composer/pasted-files'
import { IconButton } from '../controls/icon-button'
import { Icon } from '../controls/icon'
import { ariaKeys } from '../controls/kbd'
import { Mark } from '../controls/mark'
import { Tooltip } from '../controls/tooltip'
import { attachFiles, pickFiles } from '../store/chips'
import { changeDraft } from '../store/drafts'
import { sendDraft } from '../store/sending'
import { stopAnswer } from '../store/stopping'
import { choiceOf, EMPTY_DRAFT, isTemporary, useStore } from '../store/state'
import { startAnew, useIsRunning, useQuestions } from './conversation'
import { KEEP_KEYS, PIN_KEYS } from './keys'

/** A question longer than this would push its answer out of the window. */
const MAX_SHOWN_LENGTH = 160

interface QuestionRowProps {
  field: RefObject<HTMLTextAreaElement | null>
  conversationId: string
  /** With an answer under it, the row is 60 high instead of 72. */
  isCompact: boolean
  /** What could be pasted, for as long as nothing is written. */
  clipboard: 'text' | 'image' | null
  isChoosing: boolean
  onChoose: () => void
  isPinned: boolean
  onPin: () => void
  onKeep: () => void
}

/** The field. The first question stays in it when it is asked, until a following one is typed. */
export function QuestionRow(props: QuestionRowProps) {
  const { field, conversationId, isCompact, clipboard } = props
  const { t } = useTranslation()
  const newKeys = useKeysOf('new-chat')
  const attachKeys = useKeysOf('attach')
  const draft = useStore((state) => state.drafts.get(conversationId) ?? EMPTY_DRAFT)
  const { count, first } = useQuestions(conversationId)
  const isRunning = useIsRunning(conversationId)
  const closedReason = useClosedReason(conversationId)
  const region = useRegionCapture(conversationId, field)
  const { offersRegion } = useStore((state) => state.settings.quickAsk)
  const isEmpty = draft.text === '' && draft.chips.length === 0
  return (
    <div
      className={`flex flex-none items-center ${isCompact ? 'min-h-14.5 gap-[11.5px] ps-[18px] pe-[15px]' : 'min-h-17.5 gap-[10.5px] ps-[17.5px] pe-[22px]'}`}
    >
      <Mark className={isCompact ? 'size-5' : 'size-[23px]'} />
      <textarea
        ref={field}
        rows={1}
        dir="auto"
        autoFocus
        readOnly={closedReason !== null}
        value={draft.text}
        placeholder={
          count === 0 ? t('quick-ask:placeholder') : count === 1 ? shortened(first) : t('quick-ask:followUp')
        }
        aria-label={t(count === 0 ? 'quick-ask:question' : 'quick-ask:followUp')}
        className={`min-w-0 flex-1 resize-none bg-transparent py-2 text-ink-1 outline-none [field-sizing:content] ${isCompact ? 'max-h-22 text-[16px]/[24px]' : 'max-h-27 text-[18px]/[26px] tracking-[-0.008em]'} ${count === 1 ? 'placeholder:text-ink-1' : ''}`}
        onChange={(event) => changeText(conversationId, event.currentTarget.value)}
        onKeyDown={(event) => pressInField(event, conversationId)}
        onPaste={(event) => pasteFiles(event, conversationId)}
      />
      {clipboard !== null && isEmpty && closedReason === null && !isCompact && (
        <Offer
          icon={clipboard === 'text' ? ClipboardPaste : ImageIcon}
          label={t(clipboard === 'text' ? 'quick-ask:pasteText' : 'quick-ask:pasteImage')}
          onTake={() => {
            field.current?.focus()
            void window.parley.request['quickAsk.paste']()
          }}
        />
      )}
      {isCompact && <AnswerTools {...props} />}
      {isRunning ? (
        <StopButton conversationId={conversationId} />
      ) : (
        <>
          {region.reason === null && offersRegion && !isCompact && isEmpty ? (
            <Offer icon={Scan} label={t('quick-ask:region')} onTake={region.capture} />
          ) : region.reason === null ? (
            <CaptureButton {...region} size={28} side="bottom" />
          ) : (
            <IconButton
              icon={Paperclip}
              iconSize={17}
              label={t('chat:composer.attach')}
              keys={attachKeys}
              hint={closedReason ?? undefined}
              isDisabled={closedReason !== null}
              onClick={() => void pickFiles(conversationId).then(() => field.current?.focus())}
            />
          )}
          {isCompact && (
            <IconButton
              icon={SquarePen}
              iconSize={17}
              label={t('quick-ask:new')}
              keys={newKeys}
              onClick={() => {
                startAnew()
                field.current?.focus()
              }}
            />
          )}
          <Model {...props} />
        </>
      )}
    </div>
  )
}

interface OfferProps {
  icon: LucideIcon
  label: string
  onTake: () => void
}

/** A quiet offer. What was copied last is not looked at before it is taken: it says of what kind it is, and no more. */
function Offer({ icon, label, onTake }: OfferProps) {
  return (
    <button
      type="button"
      className="inline-flex h-7 flex-none items-center gap-1.5 rounded-m px-2 text-ui whitespace-nowrap text-ink-3 transition-colors hover:bg-hovered hover:text-ink-1 active:bg-pressed"
      // The field keeps the focus, into which it is pasted.
      onMouseDown={(event) => event.preventDefault()}
      onClick={onTake}
    >
      <Icon of={icon} size={14} />
      {label}
    </button>
  )
}

/** What can be done with an answer on show: keeping it up, and keeping it at all. */
function AnswerTools({ conversationId, isPinned, onPin, onKeep }: QuestionRowProps) {
  const { t } = useTranslation()
  const isUnkept = useStore((state) => isTemporary(state, conversationId))
  return (
    <>
      {isUnkept && (
        <IconButton icon={Bookmark} iconSize={17} label={t('quick-ask:keep')} keys={KEEP_KEYS} onClick={onKeep} />
      )}
      <IconButton
        icon={isPinned ? PinOff : Pin}
        iconSize={17}
        label={t('quick-ask:pin')}
        hint={t(isPinned ? 'quick-ask:unpin' : 'quick-ask:pinHelp')}
        keys={PIN_KEYS}
        aria-pressed={isPinned}
        className="aria-pressed:bg-selected aria-pressed:text-ink-1"
        onClick={onPin}
      />
    </>
  )
}

/** Who will answer: the model if one is chosen, else the provider, else the backend. */
function Model({ conversationId, isCompact, isChoosing, onChoose }: QuestionRowProps) {
  const { t } = useTranslation()
  const keys = useKeysOf('choose-model')
  const chosen = useStore((state) => {
    const { provider, model } = choiceOf(state, conversationId)
    return model ?? provider
  })
  const backendName = useBackendName(useStore((state) => choiceOf(state, conversationId).backendId))
  const name = chosen ?? backendName
  return (
    <button
      type="button"
      aria-label={t('quick-ask:model', { name })}
      aria-expanded={isChoosing}
      aria-keyshortcuts={keys && ariaKeys(keys)}
      title={name}
      className={`-me-1.5 inline-flex h-7 min-w-0 flex-none items-center gap-2 rounded-m px-1.5 text-ui font-medium text-ink-2 transition-colors hover:bg-hovered hover:text-ink-1 active:bg-pressed aria-expanded:bg-pressed ${isCompact ? 'max-w-36' : 'max-w-52'}`}
      onClick={onChoose}
    >
      <bdi className="min-w-0 truncate">{name}</bdi>
      <Icon of={ChevronDown} size={14} className="flex-none text-ink-3" />
    </button>
  )
}

function StopButton({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const keys = useKeysOf('stop')
  return (
    <Tooltip text={t('chat:composer.stop')} keys={keys}>
      <button
        type="button"
        aria-label={t('chat:composer.stop')}
        aria-keyshortcuts={keys && ariaKeys(keys)}
        className="inline-flex size-7 flex-none items-center justify-center rounded-m border border-transparent bg-ink-1 text-paper hover:opacity-90"
        onClick={() => void stopAnswer(conversationId)}
      >
        <Icon of={Square} size={9} className="rounded-[2px] fill-current" />
      </button>
    </Tooltip>
  )
}

function changeText(conversationId: string, text: string): void {
  changeDraft(conversationId, (draft) => ({ ...draft, text }))
}

function pressInField(event: KeyboardEvent<HTMLTextAreaElement>, conversationId: string): void {
  // While an input method composes, Enter takes its suggestion.
  if (event.nativeEvent.isComposing || event.key !== 'Enter') return
  if (event.shiftKey || event.altKey || event.ctrlKey || event.metaKey) return
  event.preventDefault()
  sendDraft(conversationId)
}

function pasteFiles(event: ClipboardEvent, conversationId: string): void {
  const files = pastedFiles(event.clipboardData)
  if (files.length === 0) return
  event.preventDefault()
  void attachFiles(conversationId, files)
}

function shortened(question: string): string {
  const line = question.replace(/\s+/gu, ' ').trim()
  return line.length <= MAX_SHOWN_LENGTH ? line : `${line.slice(0, MAX_SHOWN_LENGTH).trimEnd()}…`
}
