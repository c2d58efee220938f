import { Paperclip, Square, SquarePen } from 'lucide-react'
import type { ClipboardEvent, KeyboardEvent, RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { useKeysOf } from '../actions/keys'
import { useClosedReason } from '../chat/choice'
import { useBackendName } from '../chat/provider-line'
import { pastedFiles } from '../composer/pasted-files'
import { IconButton } from '../controls/icon-button'
import { Icon } from '../controls/icon'
import { ariaKeys } from '../controls/kbd'
import { Mark } from '../controls/mark'
import { Tooltip } from '../controls/tooltip'
import { attachFiles, changeDraft, pickFiles } from '../store/drafts'
import { sendDraft, stopAnswer } from '../store/sending'
import { choiceOf, EMPTY_DRAFT, useStore } from '../store/state'
import { startAnew, useIsRunning, useQuestions } from './conversation'

/** A question longer than this would push its answer out of the window. */
const MAX_SHOWN_LENGTH = 160

interface QuestionRowProps {
  field: RefObject<HTMLTextAreaElement | null>
  conversationId: string
  /** With an answer under it, the row is 60 high instead of 72. */
  isCompact: boolean
}

/** The field. The first question stays in it when it is asked, until a following one is typed. */
export function QuestionRow({ field, conversationId, isCompact }: QuestionRowProps) {
  const { t } = useTranslation()
  const newKeys = useKeysOf('new-chat')
  const text = useStore((state) => (state.drafts.get(conversationId) ?? EMPTY_DRAFT).text)
  const { count, first } = useQuestions(conversationId)
  const isRunning = useIsRunning(conversationId)
  const closedReason = useClosedReason(conversationId)
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
        value={text}
        placeholder={
          count === 0 ? t('quick-ask:placeholder') : count === 1 ? shortened(first) : t('quick-ask:followUp')
        }
        aria-label={t(count === 0 ? 'quick-ask:question' : 'quick-ask:followUp')}
        className={`min-w-0 flex-1 resize-none bg-transparent py-2 text-ink-1 outline-none [field-sizing:content] ${isCompact ? 'max-h-22 text-[16px]/[24px]' : 'max-h-27 text-[18px]/[26px] tracking-[-0.008em]'} ${count === 1 ? 'placeholder:text-ink-1' : ''}`}
        onChange={(event) => changeText(conversationId, event.currentTarget.value)}
        onKeyDown={(event) => pressInField(event, conversationId)}
        onPaste={(event) => pasteFiles(event, conversationId)}
      />
      {isRunning ? (
        <StopButton conversationId={conversationId} />
      ) : (
        <>
          <IconButton
            icon={Paperclip}
            iconSize={17}
            label={t('chat:composer.attach')}
            hint={closedReason ?? undefined}
            isDisabled={closedReason !== null}
            onClick={() => void pickFiles(conversationId).then(() => field.current?.focus())}
          />
          {isCompact ? (
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
          ) : (
            <Model conversationId={conversationId} />
          )}
        </>
      )}
    </div>
  )
}

/** Who will answer: the model if one is chosen, else the provider, else the backend. */
function Model({ conversationId }: { conversationId: string }) {
  const chosen = useStore((state) => {
    const { provider, model } = choiceOf(state, conversationId)
    return model ?? provider
  })
  const backendName = useBackendName(useStore((state) => choiceOf(state, conversationId).backendId))
  return <bdi className="max-w-44 truncate ps-1 text-ui font-medium text-ink-2">{chosen ?? backendName}</bdi>
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
