import { Check, Copy, Ellipsis, GitBranch, Pencil, RefreshCw, Trash2 } from 'lucide-react'
import { memo, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import type { UserMessage } from '../../shared/conversation'
import type { VariantPlace } from '../../shared/variants'
import { useCopied } from '../controls/copied'
import { Button } from '../controls/button'
import { useFinalFocus } from '../controls/final-focus'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuItem, MenuSeparator } from '../controls/menu'
import { tellFailure } from '../controls/tell-error'
import { branchConversation } from '../store/conversations'
import { retryAnswer } from '../store/answers'
import { conversationOf, useStore } from '../store/state'
import { useClosedReason, useReadOnlyReason } from './choice'
import { deleteMessageWithUndo } from './delete'
import { EditField } from './edit-field'
import { startEditing, useEdits } from './edit-state'
import { MessageActions } from './message-actions'
import { QuestionAttachments } from '../viewer/question-attachments'
import { Stepper } from './variants'

export interface QuestionProps {
  message: UserMessage
  conversationId: string
  /** Where it stands among its versions; null while it is the only one. */
  place?: VariantPlace | null
}

/** What the person asked: images above the bubble, both at the end of the line; or the field in which it is asked anew. */
export const Question = memo(
  function Question({ message, conversationId, place = null }: QuestionProps) {
    const edit = useEdits(({ edits }) => {
      const present = edits.get(conversationId)
      return present?.messageId === message.id ? present : null
    })
    return edit === null ? (
      <QuestionView message={message} conversationId={conversationId} place={place} />
    ) : (
      <EditField message={message} conversationId={conversationId} edit={edit} version={place} />
    )
  },
  (before, after) =>
    before.message === after.message &&
    before.conversationId === after.conversationId &&
    before.place?.index === after.place?.index &&
    before.place?.count === after.place?.count,
)

function QuestionView({ message, conversationId, place = null }: QuestionProps) {
  const { t } = useTranslation()
  const actions = { label: t('chat:thread.questionActions'), isShown: false }
  return (
    <article
      aria-label={t('chat:thread.you')}
      tabIndex={-1}
      className="group/question flex flex-col items-end gap-2 rounded-l"
    >
      {message.attachments.length > 0 && <QuestionAttachments attachments={message.attachments} />}
      <div className="flex w-full items-end justify-end gap-1">
        {place === null && (
          <MessageActions {...actions} className={`mb-1.75 flex flex-none ${ON_HOVER}`}>
            <EditButton message={message} conversationId={conversationId} />
            <QuestionMenu message={message} conversationId={conversationId} />
          </MessageActions>
        )}
        {message.text !== '' && (
          <p
            dir="auto"
            data-find="text"
            className="max-w-[min(560px,85%)] rounded-xl border border-transparent bg-bubble px-[15px] py-[9px] text-[length:var(--input-size)] leading-[1.6] break-words whitespace-pre-wrap text-ink-1 [overflow-wrap:anywhere] select-text"
          >
            {message.text}
          </p>
        )}
      </div>
      {place !== null && (
        <div className="-mt-1 -mb-1.5 flex items-center gap-0.5">
          <MessageActions {...actions} className={`flex items-center gap-0.5 ${ON_HOVER}`}>
            {message.text !== '' && <CopyButton text={message.text} />}
            <EditButton message={message} conversationId={conversationId} />
            <QuestionMenu message={message} conversationId={conversationId} />
          </MessageActions>
          <Stepper conversationId={conversationId} messageId={message.id} place={place} className="ms-1 -me-1" />
        </div>
      )}
      <AskAgain message={message} conversationId={conversationId} />
    </article>
  )
}

const ON_HOVER =
  'opacity-0 group-focus-within/question:opacity-100 group-hover/question:opacity-100 has-data-popup-open:opacity-100'

function CopyButton({ text }: { text: string }) {
  const { t } = useTranslation()
  const [isCopied, copied] = useCopied()
  return (
    <IconButton
      icon={isCopied ? Check : Copy}
      label={isCopied ? t('common:copied') : t('thread:question.copy')}
      className={isCopied ? 'text-accent-text' : ''}
      onClick={() => void navigator.clipboard.writeText(text).then(copied)}
    />
  )
}

/** Under a question with nothing below it: a branch that was made of one, or one whose answer was deleted. */
function AskAgain({ message, conversationId }: QuestionProps) {
  const { t } = useTranslation()
  const isUnanswered = useIsUnanswered(message, conversationId)
  const closedReason = useClosedReason(conversationId)
  if (!isUnanswered) return null
  return (
    <Button
      size={28}
      icon={RefreshCw}
      isDisabled={closedReason !== null}
      reason={closedReason ?? undefined}
      onClick={() => void retryAnswer(conversationId, message.id)}
    >
      {t('chat:actions.retry')}
    </Button>
  )
}

function useIsUnanswered(message: UserMessage, conversationId: string): boolean {
  return useStore((state) => conversationOf(state, conversationId)?.headId === message.id)
}

function EditButton({ message, conversationId }: QuestionProps) {
  const { t } = useTranslation()
  const readOnlyReason = useReadOnlyReason(conversationId)
  return (
    <IconButton
      icon={Pencil}
      label={t('thread:question.edit')}
      hint={readOnlyReason ?? undefined}
      isDisabled={readOnlyReason !== null}
      onClick={() => void startEditing(conversationId, message.id)}
    />
  )
}

function QuestionMenu({ message, conversationId }: QuestionProps) {
  const { t } = useTranslation()
  const isUnanswered = useIsUnanswered(message, conversationId)
  const closedReason = useClosedReason(conversationId)
  const isReadOnly = useReadOnlyReason(conversationId) !== null
  const usual = useFinalFocus()
  const isEditing = useRef(false)
  return (
    <Menu
      trigger={<IconButton icon={Ellipsis} label={t('chat:thread.questionActions')} />}
      onOpenChange={(isOpen) => {
        if (isOpen) isEditing.current = false
      }}
      // The field of the question takes the focus, and what is typed then must not land in the next message.
      finalFocus={() => (isEditing.current ? false : usual === true ? true : usual.current)}
    >
      {message.text !== '' && (
        <MenuItem icon={Copy} onSelect={() => void navigator.clipboard.writeText(message.text)}>
          {t('common:copy')}
        </MenuItem>
      )}
      <MenuItem
        icon={Pencil}
        isDisabled={isReadOnly}
        onSelect={() => {
          isEditing.current = true
          void startEditing(conversationId, message.id)
        }}
      >
        {t('thread:question.edit')}
      </MenuItem>
      <MenuItem icon={GitBranch} onSelect={() => tellFailure(branchConversation(conversationId, message.id))}>
        {t('chat:actions.branch')}
      </MenuItem>
      {isUnanswered && (
        <MenuItem
          icon={RefreshCw}
          isDisabled={closedReason !== null}
          onSelect={() => void retryAnswer(conversationId, message.id)}
        >
          {t('chat:actions.retry')}
        </MenuItem>
      )}
      <MenuSeparator />
      <MenuItem
        icon={Trash2}
        isDanger
        isDisabled={isReadOnly}
        onSelect={() => void deleteMessageWithUndo(conversationId, message.id)}
      >
        {t('thread:question.delete')}
      </MenuItem>
    </Menu>
  )
}
