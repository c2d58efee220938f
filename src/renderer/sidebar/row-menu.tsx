import { Bookmark, CopyPlus, Ellipsis, Folder, Pencil, Pin, PinOff, Trash2 } from 'lucide-react'
import { useRef, type KeyboardEvent } from 'react'
import { useTranslation } from 'react-i18next'
import type { ConversationSummary } from '../../shared/conversation'
import { useFinalFocus } from '../controls/final-focus'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuItem, MenuSeparator } from '../controls/menu'
import { tellFailure } from '../controls/tell-error'
import { duplicateConversation, keepConversation, pinConversation, startRenaming } from '../store/conversations'
import { useStore } from '../store/state'
import { ExportMenu } from '../transfer/export-menu'
import { deleteWithUndo } from './delete'

export interface RowMenuProps {
  summary: ConversationSummary
  title: string
  /** Where the pointer asked for it; null for at its button. */
  point: { x: number; y: number } | null
  onClose: () => void
}

/** What can be done with one conversation of the sidebar; its button is shown under the pointer. */
export function RowMenu({ summary, title, point, onClose }: RowMenuProps) {
  const { t } = useTranslation()
  const usual = useFinalFocus()
  const { id, isPinned, isDamaged, isTemporary, isReadOnly = false } = summary
  /** Closed without having done anything: the focus goes back to where it was, the row. */
  const isEscaped = useRef(false)
  return (
    <Menu
      align="start"
      point={point}
      onOpenChange={(isOpen, escaped) => {
        isEscaped.current = escaped
        if (!isOpen) onClose()
      }}
      // Renaming has put the focus into its field already, and the question into its own.
      finalFocus={() => {
        const { renaming, discarding } = useStore.getState()
        if (isEscaped.current) return document.querySelector<HTMLElement>(`nav [data-conversation="${CSS.escape(id)}"]`)
        return renaming !== null || discarding !== null ? false : usual === true ? true : usual.current
      }}
      trigger={
        <IconButton
          icon={Ellipsis}
          label={t('chat:sidebar.actions', { title })}
          hint={t('common:more')}
          size={24}
          tabIndex={-1}
          className="absolute inset-e-1 top-1 opacity-0 group-hover:opacity-100 focus-visible:opacity-100 data-popup-open:opacity-100"
        />
      }
    >
      {isDamaged ? (
        <MenuItem
          icon={Folder}
          onSelect={() => void window.parley.request['conversation.showFile']({ conversationId: id })}
        >
          {t('chat:sidebar.showFile')}
        </MenuItem>
      ) : isTemporary ? (
        <MenuItem icon={Bookmark} onSelect={() => tellFailure(keepConversation(id))}>
          {t('chat:temporary.keep')}
        </MenuItem>
      ) : (
        <>
          <MenuItem icon={Pencil} keys={['F2']} isDisabled={isReadOnly} onSelect={() => startRenaming(id, 'row')}>
            {t('common:rename')}
          </MenuItem>
          <MenuItem
            icon={isPinned ? PinOff : Pin}
            isDisabled={isReadOnly}
            onSelect={() => tellFailure(pinConversation(summary))}
          >
            {t(isPinned ? 'chat:sidebar.unpin' : 'chat:sidebar.pin')}
          </MenuItem>
          <MenuItem icon={CopyPlus} onSelect={() => tellFailure(duplicateConversation(id))}>
            {t('chat:sidebar.duplicate')}
          </MenuItem>
          <ExportMenu conversationId={id} />
          <MenuItem
            icon={Folder}
            onSelect={() => void window.parley.request['conversation.showFile']({ conversationId: id })}
          >
            {t('chat:sidebar.showFile')}
          </MenuItem>
        </>
      )}
      <MenuSeparator />
      <MenuItem
        icon={Trash2}
        isDanger
        keys={isTemporary ? undefined : ['Del']}
        onSelect={() => void deleteWithUndo(id)}
      >
        {t(isTemporary ? 'chat:temporary.discard' : 'common:delete')}
      </MenuItem>
    </Menu>
  )
}

/**
 * The keys of a row: rename, menu, delete.
 *
 * @param leave takes the focus to another row, before the one that is deleted goes
 * @returns whether the key was one of them
 */
export function actOnRow(event: KeyboardEvent, summary: ConversationSummary, leave: () => void): boolean {
  if (event.key === 'F2' && hasTitle(summary)) startRenaming(summary.id, 'row')
  else if (event.key === 'ContextMenu' || (event.key === 'F10' && event.shiftKey)) openRowMenu(event.target)
  else if (event.key === 'Delete') {
    leave()
    void deleteWithUndo(summary.id)
  } else return false
  event.preventDefault()
  return true
}

/** A damaged file cannot be written, nor one of a newer Parley, and a temporary chat is called that. */
function hasTitle({ isDamaged, isTemporary, isReadOnly }: ConversationSummary): boolean {
  return !isDamaged && !isTemporary && isReadOnly !== true
}

/** Opens the menu of the row in which something was clicked or has the focus. */
export function openRowMenu(target: EventTarget): void {
  if (target instanceof HTMLElement)
    target.closest('[data-row]')?.querySelector<HTMLElement>('[aria-haspopup]')?.click()
}
