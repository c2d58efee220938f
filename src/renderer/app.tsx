import { lazy, Suspense, useCallback, useEffect, useRef, useState, useSyncExternalStore } from 'react'
import { CertificateDialogs } from './certificate/certificate-dialogs'
import { Chat } from './chat/chat'
import { openFind, stepFind } from './chat/find-state'
import { DiscardDialog } from './chat/temporary'
import type { ThreadHandle } from './chat/thread'
import { FinalFocus } from './controls/final-focus'
import { FirstRun } from './first-run/first-run'
import { conversationBeside } from './sidebar/history'
import { Sidebar } from './sidebar/sidebar'
import {
  closeDrawer,
  DRAWER_QUERY,
  showChat,
  showConversation,
  showNewConversation,
  showSettings,
  showTemporaryConversation,
  toggleSidebar,
} from './store/conversations'
import { pickFiles } from './store/drafts'
import { stopAnswer } from './store/sending'
import { useStore } from './store/state'
import { TrashView } from './trash/trash-view'
import { showWire } from './wire/state'

const Settings = lazy(async () => ({ default: (await import('./settings')).Settings }))

/** The main window: first run, settings, or sidebar and chat. */
export function App() {
  const isFirstRun = useStore((state) => state.settings.activeBackendId === null)
  const view = useStore((state) => state.view)
  // A server that was just connected is the answer already, and may still ask for its key.
  const [isHeld, setIsHeld] = useState(false)
  useEffect(preloadMarkdown, [])
  return (
    <>
      {view.name === 'settings' ? (
        <Suspense fallback={null}>
          <Settings
            key={`${view.page} ${view.backendId ?? ''}`}
            page={view.page}
            backendId={view.backendId}
            section={view.section}
            onClose={showChat}
          />
        </Suspense>
      ) : isFirstRun || isHeld ? (
        <FirstRun onHold={setIsHeld} />
      ) : (
        <ChatWindow />
      )}
      <CertificateDialogs />
    </>
  )
}

function ChatWindow() {
  const fieldRef = useRef<HTMLTextAreaElement>(null)
  const searchField = useRef<HTMLInputElement>(null)
  const threadRef = useRef<ThreadHandle>(null)
  const [isPickerOpen, setIsPickerOpen] = useState(false)
  const isDrawer = useMedia(DRAWER_QUERY)
  const isNarrow = useMedia('(width < 560px)')
  const isTrash = useStore((state) => state.view.name === 'trash')
  const isOpenWide = useStore((state) => state.isSidebarShown)
  const isDrawerOpen = useStore((state) => state.isDrawerOpen)
  const isSidebarShown = isDrawer ? isDrawerOpen : isOpenWide
  const focusComposer = useCallback(() => fieldRef.current?.focus(), [])

  const find = useCallback(() => {
    const { isSidebarShown: isWide, isDrawerOpen: isOver } = useStore.getState()
    const isThere = matchMedia(DRAWER_QUERY).matches ? isOver : isWide
    const focus = (): void => {
      searchField.current?.focus()
      searchField.current?.select()
    }
    if (isThere) {
      focus()
      return
    }
    toggleSidebar()
    // The field exists only once the sidebar is on show.
    requestAnimationFrame(focus)
  }, [])
  useKeys(
    find,
    () => threadRef.current?.jump(),
    () => setIsPickerOpen((isOpen) => !isOpen),
  )
  useReadOnReturn()

  const wasDrawerOpen = useRef(false)
  useEffect(() => {
    if (!wasDrawerOpen.current && isDrawerOpen) focusRegion('sidebar')
    if (wasDrawerOpen.current && !isDrawerOpen) focusComposer()
    wasDrawerOpen.current = isDrawerOpen
  }, [isDrawerOpen, focusComposer])

  const sidebar = <Sidebar searchField={searchField} onLeave={focusComposer} />
  return (
    <FinalFocus value={fieldRef}>
      <div className="flex h-full">
        {!isDrawer && isSidebarShown && sidebar}
        <div className="flex h-full min-w-0 flex-1" inert={isDrawer && isDrawerOpen}>
          {isTrash ? (
            <TrashView hasToggle={isDrawer || !isSidebarShown} />
          ) : (
            <Chat
              fieldRef={fieldRef}
              threadRef={threadRef}
              isPickerOpen={isPickerOpen}
              onPickerChange={setIsPickerOpen}
              isSidebarShown={!isDrawer && isSidebarShown}
              isNarrow={isNarrow}
              onFind={find}
            />
          )}
        </div>
        {isDrawer && isDrawerOpen && (
          <div className="layer-drawer fixed inset-0 flex">
            <div
              className="absolute inset-0 animate-[appear_var(--d-slow)_var(--ease)] bg-scrim"
              onPointerDown={closeDrawer}
              aria-hidden
            />
            <div
              className="relative h-full max-w-[calc(100%-48px)] animate-[slide_var(--d-slow)_var(--ease)] shadow-e3"
              onKeyDown={(event) => {
                if (event.key === 'Escape' && !event.defaultPrevented) closeDrawer()
              }}
            >
              {sidebar}
            </div>
          </div>
        )}
      </div>
      <DiscardDialog />
    </FinalFocus>
  )
}

/** The keys of the window (DESIGN "Keyboard"). A key that is used here does not reach the native menu. */
function useKeys(find: () => void, jump: () => void, togglePicker: () => void): void {
  const actions = useRef({ find, jump, togglePicker })
  useEffect(() => {
    actions.current = { find, jump, togglePicker }
  })
  useEffect(() => {
    const obey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return
      const isMod = window.parley.platform === 'darwin' ? event.metaKey : event.ctrlKey
      const run = commandOf(event, isMod, actions.current)
      if (run === null) return
      event.preventDefault()
      run()
    }
    window.addEventListener('keydown', obey)
    return () => window.removeEventListener('keydown', obey)
  }, [])
}

function commandOf(
  event: KeyboardEvent,
  isMod: boolean,
  { find, jump, togglePicker }: { find: () => void; jump: () => void; togglePicker: () => void },
): (() => void) | null {
  if (event.key === 'F6') return () => cycleRegions(event.shiftKey ? -1 : 1)
  if (event.altKey && !isMod && (event.key === 'ArrowUp' || event.key === 'ArrowDown')) {
    const target = conversationBeside(event.key === 'ArrowUp' ? -1 : 1)
    return target === null ? null : () => void showConversation(target)
  }
  if (!isMod || event.altKey) return null
  const key = letterOf(event)
  if (key === 'g') return () => stepFind(event.shiftKey ? -1 : 1)
  if (event.shiftKey) {
    return key === 'y' ? () => showWire() : key === 'n' ? showTemporaryConversation : null
  }
  const { currentId, view } = useStore.getState()
  // What belongs to a chat does nothing to one that is not on show.
  if (view.name !== 'chat' && CHAT_KEYS.includes(key)) return null
  switch (key) {
    case 'n':
      return showNewConversation
    case 'k':
      return find
    case 'f':
      return () => openFind(currentId)
    case ',':
      return () => showSettings()
    case '/':
      return togglePicker
    case '\\':
      return toggleSidebar
    case '.':
      return () => void stopAnswer(currentId)
    case 'u':
      return () => void pickFiles(currentId)
    case 'arrowdown':
      return jump
    default:
      return null
  }
}

const CHAT_KEYS = ['/', '.', 'f', 'u', 'arrowdown']

/** What a key says; of a keyboard that writes another alphabet, the Latin letter in its place. */
function letterOf({ key, code }: KeyboardEvent): string {
  const isOther = key.length === 1 && key > '\u007f' && code.startsWith('Key')
  return (isOther ? code.slice('Key'.length) : key).toLowerCase()
}

const REGIONS = ['sidebar', 'header', 'thread', 'composer', 'wire'] as const
/** What takes the focus in a region, the first that is there; the thread itself scrolls by key. */
const ENTRANCES = [
  'textarea',
  '[data-conversation][tabindex="0"]',
  '[role="treegrid"]',
  ':scope:not([role="log"]) button',
]

function cycleRegions(step: -1 | 1): void {
  const present = REGIONS.filter((name) => regionOf(name)?.closest('[inert]') === null)
  const from = present.findIndex((name) => regionOf(name)?.contains(document.activeElement))
  const next = present[(from + step + present.length) % present.length]
  if (next !== undefined) focusRegion(next)
}

function regionOf(name: (typeof REGIONS)[number]): HTMLElement | null {
  return document.querySelector<HTMLElement>(`[data-region="${name}"]`)
}

function focusRegion(name: (typeof REGIONS)[number]): void {
  const region = regionOf(name)
  const target = ENTRANCES.map((entrance) => region?.querySelector<HTMLElement>(entrance)).find((element) => element)
  ;(target ?? region)?.focus()
}

/** An answer that ended while the window was away is read once somebody looks at it. */
function useReadOnReturn(): void {
  useEffect(() => {
    const read = (): void => {
      const { conversations, currentId, view } = useStore.getState()
      if (document.hidden || view.name !== 'chat' || conversations.get(currentId)?.isUnread !== true) return
      void window.parley.request['conversation.open']({ conversationId: currentId })
    }
    document.addEventListener('visibilitychange', read)
    return () => document.removeEventListener('visibilitychange', read)
  }, [])
}

function useMedia(query: string): boolean {
  return useSyncExternalStore(
    useCallback(
      (notify) => {
        const media = matchMedia(query)
        media.addEventListener('change', notify)
        return () => media.removeEventListener('change', notify)
      },
      [query],
    ),
    () => matchMedia(query).matches,
  )
}

// After the first paint, so that the first answer finds it loaded.
function preloadMarkdown(): void {
  requestIdleCallback(() => void import('./markdown'), { timeout: 2000 })
}
