import {
  Activity,
  Bookmark,
  BookOpen,
  CopyPlus,
  Ellipsis,
  FileClock,
  Folder,
  MessageCircleDashed,
  PanelLeft,
  Pencil,
  Pin,
  PinOff,
  Server,
  Settings,
  SlidersHorizontal,
  Trash2,
  X,
} from 'lucide-react'
import { lazy, Suspense, useRef } from 'react'
import { useTranslation } from 'react-i18next'
import { useKeysOf } from '../actions/keys'
import { ComparisonChip } from '../compare/chip'
import { Button } from '../controls/button'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { Menu, MenuGroup, MenuItem, MenuSeparator } from '../controls/menu'
import { StatusDot } from '../controls/status-dot'
import { Tooltip } from '../controls/tooltip'
import { useFinalFocus, useGiveFocus } from '../controls/final-focus'
import { tellFailure } from '../controls/tell-error'
import { deleteWithUndo } from '../sidebar/delete'
import { TitleField } from '../sidebar/title-field'
import { choose, connectionOf } from '../store/backends'
import { closeComparison } from '../store/comparison'
import {
  duplicateConversation,
  keepConversation,
  pinConversation,
  showChatSettings,
  showPrompts,
  showSettings,
  showTemporaryConversation,
  showTrash,
  startRenaming,
  toggleSidebar,
} from '../store/conversations'
import { isTemporary, useStore } from '../store/state'
import { ExportMenu } from '../transfer/export-menu'
import { openRecording, showWire } from '../wire/state'
import { BackendItems } from './backend-items'
import { useChoice, useHasModels, useReadOnlyReason } from './choice'
import { ModelPicker } from './model-picker'
import { useBackendName } from './provider-line'

const ChatSettings = lazy(async () => ({ default: (await import('./chat-settings')).ChatSettings }))

export interface HeaderProps {
  conversationId: string
  /** The toggle stands here while the sidebar is hidden. */
  hasToggle: boolean
  /** A hairline, while something is scrolled beneath. */
  hasLine: boolean
  /** In a window below 560 the model is chosen in the composer. */
  hasPicker: boolean
  isPickerOpen: boolean
  onPickerChange: (isOpen: boolean) => void
}

/** The title strip of the chat: title, model, backend, menu. It moves the window, but for its controls. */
export function Header(props: HeaderProps) {
  const { conversationId, hasToggle, hasLine, hasPicker, isPickerOpen, onPickerChange } = props
  const { t } = useTranslation()
  const sidebarKeys = useKeysOf('sidebar')
  const summary = useStore((state) => state.conversations.get(conversationId))
  const isRenaming = useStore(
    (state) => state.renaming?.at === 'header' && state.renaming.conversationId === conversationId,
  )
  const usual = useFinalFocus()
  const hasModels = useHasModels(conversationId)
  const isUnkept = useStore((state) => isTemporary(state, conversationId))
  const isComparing = useStore((state) => state.comparisons.has(conversationId))
  const compareKeys = useKeysOf('compare')
  const giveFocus = useGiveFocus()
  const title = isUnkept
    ? t('chat:temporary.title')
    : summary === undefined
      ? t('chat:sidebar.newChat')
      : summary.title === ''
        ? t('chat:sidebar.untitled')
        : summary.title
  return (
    <header
      data-region="header"
      tabIndex={-1}
      aria-label={t('chat:header.label')}
      className={`drag-window layer-header flex h-(--titlebar) flex-none items-center outline-none ${hasLine ? 'shadow-[inset_0_-1px_var(--line)]' : ''} ${hasToggle ? 'ps-[calc(var(--strip-start)+10px)]' : 'ps-6 max-narrow:ps-5'} pe-[calc(var(--strip-end)+12px)] max-narrow:pe-[calc(var(--strip-end)+10px)]`}
    >
      {hasToggle && (
        <IconButton
          icon={PanelLeft}
          label={t('chat:sidebar.show')}
          keys={sidebarKeys}
          className="drag-none me-1.5 rtl:-scale-x-100"
          onClick={toggleSidebar}
        />
      )}
      <div className="me-4 flex min-w-0 flex-1">
        {isRenaming && summary !== undefined ? (
          <TitleField
            title={summary.title}
            className="-ms-2.5 h-7 w-72 rounded-m px-2.5 font-strong"
            onKeyEnd={() => {
              if (usual !== true) usual.current?.focus()
            }}
          />
        ) : (
          <>
            {isUnkept && <Icon of={MessageCircleDashed} size={18} className="me-2 mt-px text-ink-2" />}
            <h1 className="min-w-0 truncate text-ui font-strong text-ink-1" title={title}>
              <bdi>{title}</bdi>
            </h1>
            {isComparing && (
              <>
                <p className="ms-2.5 flex-none text-ui text-ink-3">{t('compare:title')}</p>
                <IconButton
                  icon={X}
                  label={t('compare:leave')}
                  hint={t('compare:leaveHint')}
                  keys={compareKeys}
                  size={24}
                  className="drag-none -my-px ms-1"
                  onClick={() => closeComparison(conversationId)}
                />
              </>
            )}
            {isUnkept && !isComparing && (
              <p className="ms-2.5 flex-none text-ui text-ink-3 max-wide:sr-only">{t('chat:temporary.untilClosed')}</p>
            )}
          </>
        )}
      </div>
      {isUnkept && (
        <Button
          variant="quiet"
          size={28}
          className="drag-none me-2 flex-none max-narrow:hidden"
          onClick={() => {
            giveFocus()
            tellFailure(keepConversation(conversationId))
          }}
        >
          {t('chat:temporary.keep')}
        </Button>
      )}
      {hasPicker && isComparing && <ComparisonChip conversationId={conversationId} place="header" />}
      {hasPicker && hasModels && !isComparing && (
        <ModelPicker
          conversationId={conversationId}
          isOpen={isPickerOpen}
          onOpenChange={onPickerChange}
          place="header"
        />
      )}
      {hasPicker && <BackendMenu conversationId={conversationId} />}
      <ChatMenu conversationId={conversationId} hasBackends={!hasPicker} />
    </header>
  )
}

/** The backend of this chat with its state, and the others to choose from. */
export function BackendMenu({ conversationId }: { conversationId: string }) {
  const { t } = useTranslation()
  const { backendId } = useChoice(conversationId)
  const backends = useStore((state) => state.backends)
  const connection = useStore((state) => connectionOf(state, backendId))
  const name = useBackendName(backendId)
  const status = t(`chat:header.connection.${connection}`)
  return (
    <Menu
      trigger={
        <button
          type="button"
          aria-label={t('chat:header.backend', { name, status })}
          className="drag-none mx-2 flex h-7 min-w-0 flex-none items-center gap-2 rounded-m border border-transparent px-2.25 text-ui text-ink-2 hover:bg-hovered hover:text-ink-1 active:bg-pressed data-popup-open:bg-pressed"
        >
          <StatusDot connection={connection} />
          <Tooltip text={status}>
            <bdi className="max-w-44 truncate max-wide:sr-only">{name}</bdi>
          </Tooltip>
        </button>
      }
    >
      <MenuGroup heading={t('chat:header.backends')}>
        <BackendItems backends={backends} chosenId={backendId} onChoose={(choice) => choose(conversationId, choice)} />
      </MenuGroup>
      <MenuSeparator />
      <MenuItem icon={Server} onSelect={() => showSettings('backends')}>
        {t('chat:header.manageBackends')}
      </MenuItem>
    </Menu>
  )
}

interface ChatMenuProps {
  conversationId: string
  /** In a narrow window the backend has no place of its own in the header. */
  hasBackends: boolean
}

function ChatMenu({ conversationId, hasBackends }: ChatMenuProps) {
  const { t } = useTranslation()
  const wireKeys = useKeysOf('wire')
  const temporaryKeys = useKeysOf('new-temporary-chat')
  const settingsKeys = useKeysOf('settings')
  const promptsKeys = useKeysOf('prompts')
  const summary = useStore((state) => state.conversations.get(conversationId))
  const usual = useFinalFocus()
  const isUnkept = useStore((state) => isTemporary(state, conversationId))
  const isOpeningWire = useRef(false)
  const anchor = useRef<HTMLButtonElement>(null)
  const isReadOnly = useReadOnlyReason(conversationId) !== null
  const hasSettingsOpen = useStore((state) => state.chatSettings === conversationId)
  const { backendId } = useChoice(conversationId)
  const backends = useStore((state) => state.backends)
  return (
    <>
      <Menu
        // The title's field, a question or the wire view has taken the focus already.
        finalFocus={() => {
          const { renaming, discarding, chatSettings } = useStore.getState()
          const isTaken = [renaming, discarding, chatSettings].some((each) => each !== null) || isOpeningWire.current
          return isTaken ? false : usual === true ? true : usual.current
        }}
        onOpenChange={(isOpen) => {
          if (isOpen) isOpeningWire.current = false
        }}
        trigger={
          <IconButton
            ref={anchor}
            icon={Ellipsis}
            label={t('chat:header.actions')}
            className="drag-none max-narrow:ms-0"
          />
        }
      >
        {hasBackends && (
          <>
            <MenuGroup heading={t('chat:header.backendSection')}>
              <BackendItems
                backends={backends}
                chosenId={backendId}
                onChoose={(choice) => choose(conversationId, choice)}
              />
            </MenuGroup>
            <MenuItem icon={Server} onSelect={() => showSettings('backends')}>
              {t('chat:header.manageBackends')}
            </MenuItem>
            <MenuSeparator />
          </>
        )}
        {isUnkept && (
          <>
            <MenuItem icon={Bookmark} onSelect={() => tellFailure(keepConversation(conversationId))}>
              {t('chat:temporary.keep')}
            </MenuItem>
            <MenuSeparator />
          </>
        )}
        {summary?.isDamaged !== true && (
          <>
            <MenuItem
              icon={SlidersHorizontal}
              isDisabled={isReadOnly}
              onSelect={() => showChatSettings(conversationId)}
            >
              {t('prompts:chat.title')}
            </MenuItem>
            <MenuSeparator />
          </>
        )}
        {summary !== undefined && !summary.isDamaged && !isUnkept && (
          <>
            <MenuItem icon={Pencil} isDisabled={isReadOnly} onSelect={() => startRenaming(conversationId, 'header')}>
              {t('common:rename')}
            </MenuItem>
            <MenuItem
              icon={summary.isPinned ? PinOff : Pin}
              isDisabled={isReadOnly}
              onSelect={() => tellFailure(pinConversation(summary))}
            >
              {t(summary.isPinned ? 'chat:sidebar.unpin' : 'chat:sidebar.pin')}
            </MenuItem>
            <MenuItem icon={CopyPlus} onSelect={() => tellFailure(duplicateConversation(conversationId))}>
              {t('chat:sidebar.duplicate')}
            </MenuItem>
          </>
        )}
        {summary !== undefined && !summary.isDamaged && <ExportMenu conversationId={conversationId} />}
        {isUnkept && <MenuSeparator />}
        {summary !== undefined && !isUnkept && (
          <>
            <MenuItem
              icon={Folder}
              onSelect={() => void window.parley.request['conversation.showFile']({ conversationId })}
            >
              {t('chat:sidebar.showFile')}
            </MenuItem>
            <MenuSeparator />
          </>
        )}
        <MenuItem
          icon={Activity}
          keys={wireKeys}
          onSelect={() => {
            isOpeningWire.current = true
            showWire()
          }}
        >
          {t('wire:title')}
        </MenuItem>
        <MenuItem
          icon={FileClock}
          onSelect={() => {
            isOpeningWire.current = true
            tellFailure(openRecording())
          }}
        >
          {t('wire:open')}
        </MenuItem>
        <MenuSeparator />
        <MenuItem icon={MessageCircleDashed} keys={temporaryKeys} onSelect={showTemporaryConversation}>
          {t('chat:sidebar.newTemporary')}
        </MenuItem>
        <MenuItem icon={BookOpen} keys={promptsKeys} onSelect={() => showPrompts()}>
          {t('prompts:library.title')}
        </MenuItem>
        <MenuItem icon={Trash2} onSelect={showTrash}>
          {t('chat:trash.title')}
        </MenuItem>
        <MenuItem icon={Settings} keys={settingsKeys} onSelect={() => showSettings()}>
          {t('common:settings')}
        </MenuItem>
        {summary !== undefined && (
          <>
            <MenuSeparator />
            <MenuItem icon={Trash2} isDanger onSelect={() => void deleteWithUndo(conversationId)}>
              {t(isUnkept ? 'chat:temporary.discard' : 'common:delete')}
            </MenuItem>
          </>
        )}
      </Menu>
      <Suspense fallback={null}>
        {hasSettingsOpen && <ChatSettings conversationId={conversationId} anchor={anchor} />}
      </Suspense>
    </>
  )
}
