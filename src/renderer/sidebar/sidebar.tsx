import { MessageCircleDashed, PanelLeft, Search, Settings, SquarePen, X, type LucideIcon } from 'lucide-react'
import { useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import type { ActionId } from '../../shared/actions'
import { useKeysOf } from '../actions/keys'
import { Icon } from '../controls/icon'
import { IconButton } from '../controls/icon-button'
import { ariaKeys, Kbd } from '../controls/kbd'
import { Mark } from '../controls/mark'
import { showNewConversation, showSettings, showTemporaryConversation, toggleSidebar } from '../store/conversations'
import { TransferLine } from '../transfer/transfer-line'
import { History } from './history'
import { MAX_QUERY_LENGTH } from './search'
import { SearchResults } from './search-results'
import { TrashRow } from './trash-row'

export interface SidebarProps {
  /** The key of the search in this list puts the focus here. */
  searchField: RefObject<HTMLInputElement | null>
  /** Gives the focus back to the composer. */
  onLeave: () => void
}

/** New chat, search, all chats by day, settings. 264 wide; in a narrow window it is the drawer's content. */
export function Sidebar({ searchField, onLeave }: SidebarProps) {
  const { t } = useTranslation()
  const [query, setQuery] = useState('')
  const searchKeys = useKeysOf('search-chats')
  const endSearch = (): void => {
    setQuery('')
    onLeave()
  }
  return (
    <nav
      aria-label={t('chat:sidebar.label')}
      data-region="sidebar"
      tabIndex={-1}
      className="flex h-full w-(--sidebar) flex-none flex-col border-e border-line bg-side outline-none max-drawer:w-75 max-drawer:border-e-0"
    >
      <div className="drag-window flex h-(--titlebar) flex-none items-center ps-4.5 pe-2.5">
        {window.parley.platform !== 'darwin' && (
          <span className="flex items-center gap-2 text-ui font-strong select-none">
            <Mark />
            {t('common:app')}
          </span>
        )}
        <IconButton
          icon={PanelLeft}
          label={t('chat:sidebar.hide')}
          keys={useKeysOf('sidebar')}
          className="drag-none ms-auto rtl:-scale-x-100"
          onClick={toggleSidebar}
        />
      </div>
      <div className="px-2">
        {/* The pointer finds the other kind of new chat in the place of the key. */}
        <div className="group relative">
          <NavRow
            icon={SquarePen}
            action="new-chat"
            keysClass="group-hover:invisible group-focus-within:invisible"
            onClick={showNewConversation}
          >
            {t('chat:sidebar.newChat')}
          </NavRow>
          <IconButton
            icon={MessageCircleDashed}
            label={t('chat:sidebar.newTemporary')}
            keys={useKeysOf('new-temporary-chat')}
            size={24}
            className="absolute inset-e-1 top-1 opacity-0 group-focus-within:opacity-100 group-hover:opacity-100"
            onClick={showTemporaryConversation}
          />
        </div>
        <label className="relative flex h-8 items-center gap-2.5 rounded-m px-2.5 hover:bg-hovered focus-within:bg-raised focus-within:outline-2 focus-within:-outline-offset-2 focus-within:outline-focus">
          <Icon of={Search} className="text-ink-2" />
          <input
            ref={searchField}
            type="text"
            value={query}
            maxLength={MAX_QUERY_LENGTH}
            placeholder={t('chat:sidebar.search')}
            aria-label={t('chat:sidebar.searchLabel')}
            aria-keyshortcuts={searchKeys && ariaKeys(searchKeys)}
            className="peer min-w-0 flex-1 bg-transparent text-ui text-ink-1 outline-none placeholder:text-ink-1 focus:placeholder:text-ink-3"
            onChange={(event) => setQuery(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Escape') {
                event.preventDefault()
                endSearch()
              }
              if (event.key === 'ArrowDown') {
                event.preventDefault()
                rowOf(event.currentTarget)?.focus()
              }
              if (event.key === 'Enter' && query.trim() !== '' && !event.nativeEvent.isComposing) {
                event.preventDefault()
                const row = rowOf(event.currentTarget)
                // What was found for fewer letters is not what is meant.
                if (row?.closest('[aria-busy="true"]') === null) row.click()
              }
            }}
          />
          {query === '' ? (
            searchKeys && <Kbd keys={searchKeys} />
          ) : (
            <IconButton
              icon={X}
              label={t('chat:sidebar.clearSearch')}
              size={24}
              className="-me-1.5"
              onClick={() => {
                setQuery('')
                searchField.current?.focus()
              }}
            />
          )}
        </label>
      </div>
      {query.trim() === '' ? (
        <History />
      ) : (
        <SearchResults query={query} onUp={() => searchField.current?.focus()} onEscape={endSearch} />
      )}
      <div data-sidebar-foot className="flex-none border-t border-line p-2">
        <TransferLine />
        <TrashRow />
        <NavRow icon={Settings} action="settings" onClick={() => showSettings()}>
          {t('common:settings')}
        </NavRow>
      </div>
    </nav>
  )
}

/** The row that a key from the field leads to: the tab stop of the list, or of what was found. */
function rowOf(field: HTMLElement): HTMLElement | null {
  return field.closest('nav')?.querySelector<HTMLElement>('[data-conversation][tabindex="0"]') ?? null
}

interface NavRowProps {
  icon: LucideIcon
  action: ActionId
  keysClass?: string
  onClick: () => void
  children: string
}

function NavRow({ icon, action, keysClass = '', onClick, children }: NavRowProps) {
  const keys = useKeysOf(action)
  return (
    <button
      type="button"
      aria-keyshortcuts={keys && ariaKeys(keys)}
      className="focus-inset flex h-8 w-full items-center gap-2.5 rounded-m border border-transparent px-[9px] text-ui text-ink-1 hover:bg-hovered active:bg-pressed"
      onClick={onClick}
    >
      <Icon of={icon} className="text-ink-2" />
      <span className="min-w-0 flex-1 truncate text-start">{children}</span>
      {keys !== undefined && <Kbd keys={keys} className={`text-ink-3 ${keysClass}`} />}
    </button>
  )
}
