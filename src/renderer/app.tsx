import { lazy, Suspense, useCallback, useEffect, useRef, useState } from 'react'
import { useTranslation } from 'react-i18next'
import type { ExportFormat } from '../shared/contract'
import { useWindowKeys } from './actions/keys'
import { useAction } from './actions/offers'
import { CertificateDialogs } from './certificate/certificate-dialogs'
import { Chat } from './chat/chat'
import { useHasModels } from './chat/choice'
import { eachFrame } from './chat/find'
import { openFind, stepFind, useFind } from './chat/find-state'
import { loadModelList } from './chat/model-list-layer'
import { DiscardDialog } from './chat/temporary'
import type { ThreadHandle } from './chat/thread'
import { placeInFocus } from './composer/place-in-focus'
import { FinalFocus } from './controls/final-focus'
import { FirstRun } from './first-run/first-run'
import { useMedia } from './media-query'
import { loadPalette, PaletteLayer } from './palette/layer'
import { togglePalette } from './palette/state'
import { showShortcutSheet, useShortcutSheet } from './shortcut-sheet/state'
import { deleteWithUndo } from './sidebar/delete'
import { conversationBeside } from './sidebar/history'
import { useKeptBeside } from './sidebar/kept-beside'
import { Sidebar } from './sidebar/sidebar'
import {
  closeDrawer,
  DRAWER_QUERY,
  duplicateConversation,
  pinConversation,
  showChat,
  showChatSettings,
  showConversation,
  showNewConversation,
  showPrompts,
  showSettings,
  showTemporaryConversation,
  showTrash,
  startRenaming,
  toggleSidebar,
} from './store/conversations'
import { changeChatSettings, searchesWeb } from './store/chat-settings'
import { closeComparison, openComparison } from './store/comparison'
import { pickFiles } from './store/chips'
import { stopAnswer } from './store/stopping'
import { showToast } from './controls/toast'
import { tellFailure } from './controls/tell-error'
import { stoppableAnswers, useStore } from './store/state'
import { useExport } from './transfer/export-menu'
import { TransferDialog } from './transfer/transfer-dialog'
import { TrashView } from './trash/trash-view'
import { showWire } from './wire/state'

const ShortcutSheet = lazy(async () => ({ default: (await import('./shortcut-sheet/shortcut-sheet')).ShortcutSheet }))
const PromptsView = lazy(async () => ({ default: (await import('./prompts/prompts-view')).PromptsView }))
const Settings = lazy(async () => ({ default: (await import('./settings')).Settings }))

/** The main window: first run, settings, or sidebar and chat. */
export function App() {
  const isFirstRun = useStore((state) => state.settings.activeBackendId === null)
  const view = useStore((state) => state.view)
  // A server that was just connected is the answer already, and may still ask for its key.
  const [isHeld, setIsHeld] = useState(false)
  const isSheetOpen = useShortcutSheet((state) => state.isOpen)
  const rounds = useRounds(view)
  useEffect(preload, [])
  useWindowActions(isFirstRun, isHeld)
  return (
    <>
      {view.name === 'settings' ? (
        <Suspense fallback={null}>
          <Settings
            // Inside, the person goes from page to page: what is asked for again may be what was asked for last.
            key={rounds}
            page={view.page}
            setting={view.setting}
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
      <PaletteLayer />
      <Suspense fallback={null}>{isSheetOpen && <ShortcutSheet />}</Suspense>
      <CertificateDialogs />
      <TransferDialog />
    </>
  )
}

/** How many values there have been. */
function useRounds(value: unknown): number {
  const [present, setPresent] = useState({ value, rounds: 0 })
  if (present.value !== value) setPresent({ value, rounds: present.rounds + 1 })
  return present.rounds
}

/** How long the drawer's list may take to be as it stays. */
const DRAWER_FRAMES = 10

function ChatWindow() {
  useKeptBeside()
  const fieldRef = useRef<HTMLTextAreaElement>(null)
  const searchField = useRef<HTMLInputElement>(null)
  const threadRef = useRef<ThreadHandle>(null)
  const [isPickerOpen, setIsPickerOpen] = useState(false)
  const isDrawer = useMedia(DRAWER_QUERY)
  const isNarrow = useMedia('(width < 560px)')
  const isTrash = useStore((state) => state.view.name === 'trash')
  const prompts = useStore((state) => (state.view.name === 'prompts' ? state.view : null))
  const isOpenWide = useStore((state) => state.isSidebarShown)
  const isDrawerOpen = useStore((state) => state.isDrawerOpen)
  const isSidebarShown = isDrawer ? isDrawerOpen : isOpenWide
  const focusComposer = useCallback(() => fieldRef.current?.focus(), [])

  const search = useCallback(() => {
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
  useChatActions({
    search,
    focusComposer,
    jump: () => threadRef.current?.jump(),
    togglePicker: () => setIsPickerOpen((isOpen) => !isOpen),
  })
  useReadOnReturn()
  useLeavingByEsc()

  const wasDrawerOpen = useRef(false)
  useEffect(() => {
    const hasOpened = !wasDrawerOpen.current && isDrawerOpen
    const { currentId } = useStore.getState()
    // The bar that was opened instead has taken it.
    const isFinding = useFind.getState().conversationId === currentId
    if (wasDrawerOpen.current && !isDrawerOpen && !isFinding) focusComposer()
    wasDrawerOpen.current = isDrawerOpen
    if (!hasOpened) return
    // The list measures its rows first, and the one that had the focus may be another element then.
    return eachFrame(DRAWER_FRAMES, () => {
      const isThere = document.querySelector('.layer-drawer')?.contains(document.activeElement) === true
      if (!isThere) focusRegion('sidebar')
      return false
    })
  }, [isDrawerOpen, focusComposer])

  const wasShown = useRef(isSidebarShown)
  useEffect(() => {
    const hasChanged = wasShown.current !== isSidebarShown
    wasShown.current = isSidebarShown
    if (!hasChanged || isDrawer || document.activeElement !== document.body) return
    // The button that was pressed is gone, and the keys would be nobody's: its counterpart is the first one there.
    regionOf(isSidebarShown ? 'sidebar' : 'header')
      ?.querySelector('button')
      ?.focus()
  }, [isSidebarShown, isDrawer])

  const sidebar = <Sidebar searchField={searchField} onLeave={focusComposer} />
  return (
    <FinalFocus value={fieldRef}>
      <div className="flex h-full">
        {!isDrawer && isSidebarShown && sidebar}
        <div className="flex h-full min-w-0 flex-1" inert={isDrawer && isDrawerOpen}>
          {isTrash ? (
            <TrashView hasToggle={isDrawer || !isSidebarShown} />
          ) : prompts !== null ? (
            <Suspense fallback={null}>
              <PromptsView
                key={prompts.promptId ?? ''}
                hasToggle={isDrawer || !isSidebarShown}
                promptId={prompts.promptId}
              />
            </Suspense>
          ) : (
            <Chat
              fieldRef={fieldRef}
              threadRef={threadRef}
              isPickerOpen={isPickerOpen}
              onPickerChange={setIsPickerOpen}
              isSidebarShown={!isDrawer && isSidebarShown}
              isNarrow={isNarrow}
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
            <div className="relative h-full max-w-[calc(100%-48px)] animate-[slide_var(--d-slow)_var(--ease)] shadow-e3">
              {sidebar}
            </div>
          </div>
        )}
      </div>
      <DiscardDialog />
    </FinalFocus>
  )
}

/** What can be done whatever is on show; of the first run only what needs no chat. */
function useWindowActions(isFirstRun: boolean, isHeld: boolean): void {
  const offer = (run: () => void): (() => void) | null => (isFirstRun || isHeld ? null : run)
  useAction('new-chat', offer(showNewConversation))
  useAction('new-temporary-chat', offer(showTemporaryConversation))
  // Of the first run it knows the settings and the keys; it leads to no chat while one is being connected.
  useAction('palette', isHeld ? null : togglePalette)
  useAction(
    'settings',
    // Also on the first run: a proxy, a language or a backup may come first.
    () => showSettings(),
  )
  useAction('trash', offer(showTrash))
  useAction(
    'prompts',
    offer(() => showPrompts()),
  )
  useAction('shortcut-sheet', showShortcutSheet)
  useAction(
    'quick-ask',
    offer(() => void window.parley.request['quickAsk.show']()),
  )
  useWindowKeys()
}

type ChatActions = Record<'search' | 'focusComposer' | 'jump' | 'togglePicker', () => void>

/** What can be done to the chat on show. */
function useChatActions({ search, focusComposer, jump, togglePicker }: ChatActions): void {
  const { t } = useTranslation()
  const isChat = useStore((state) => state.view.name === 'chat')
  const currentId = useStore((state) => state.currentId)
  const summary = useStore((state) => state.conversations.get(state.currentId))
  const isRunning = useStore((state) => stoppableAnswers(state, state.currentId).length > 0)
  const isDrawerOpen = useStore((state) => state.isDrawerOpen)
  const isFinding = useFind((state) => state.conversationId === currentId)
  const hasModels = useHasModels(currentId)
  const isComparing = useStore((state) => state.comparisons.has(state.currentId))
  // What belongs to a chat does nothing to one that is not on show.
  const ofChat = (run: () => void, isPossible = true): (() => void) | null => (isChat && isPossible ? run : null)
  const kept = isChat && summary !== undefined && !summary.isDamaged && !summary.isTemporary ? summary : null

  useAction('search-chats', search)
  useAction('sidebar', toggleSidebar)
  useAction('previous-chat', () => stepChat(-1))
  useAction('next-chat', () => stepChat(1))
  useAction('next-area', () => cycleRegions(1))
  useAction('previous-area', () => cycleRegions(-1))
  useAction(
    'find',
    ofChat(() => {
      // Said, not silent: what is typed next would land in the composer.
      if (isComparing) {
        showToast({ text: t('compare:noFind') })
        return
      }
      // The chat lies under the drawer, and so would the bar.
      if (isDrawerOpen) closeDrawer()
      openFind(currentId)
    }),
  )
  useAction(
    'find-next',
    ofChat(() => stepFind(1), isFinding),
  )
  useAction(
    'find-previous',
    ofChat(() => stepFind(-1), isFinding),
  )
  useAction('choose-model', ofChat(togglePicker, hasModels && !isComparing))
  useAction(
    'compare',
    ofChat(() => (isComparing ? closeComparison : openComparison)(currentId), isComparing || hasModels),
  )
  useAction(
    'attach',
    ofChat(
      () =>
        void pickFiles(placeInFocus(currentId)).then(() => {
          // Whoever writes goes on where they are.
          if (!(document.activeElement instanceof HTMLTextAreaElement)) focusComposer()
        }),
      summary?.isReadOnly !== true,
    ),
  )
  useAction(
    'web-search',
    ofChat(
      () => {
        changeChatSettings(currentId, { webSearch: !searchesWeb(useStore.getState(), currentId) })
      },
      hasModels && summary?.isReadOnly !== true,
    ),
  )
  useAction(
    'chat-settings',
    ofChat(() => showChatSettings(currentId), summary?.isDamaged !== true && summary?.isReadOnly !== true),
  )
  const save = useExport(currentId)
  const isExportable = summary !== undefined && !summary.isDamaged
  const exportAs = (format: ExportFormat): (() => void) | null => ofChat(() => void save(format), isExportable)
  useAction('export-markdown', exportAs('markdown'))
  useAction('export-html', exportAs('html'))
  useAction('export-json', exportAs('json'))
  useAction('export-pdf', exportAs('pdf'))
  useAction(
    'stop',
    ofChat(() => void stopAnswer(currentId), isRunning),
  )
  useAction('latest', ofChat(jump, !isComparing))
  useAction('wire', () => showWire())
  const written = kept?.isReadOnly === true ? null : kept
  useAction('rename-chat', written === null ? null : () => startRenaming(written.id, 'header'))
  useAction('pin-chat', written === null ? null : () => tellFailure(pinConversation(written)))
  useAction('duplicate-chat', kept === null ? null : () => void duplicateConversation(kept.id))
  useAction('delete-chat', kept === null ? null : () => void deleteWithUndo(kept.id))
}

function stepChat(step: -1 | 1): void {
  const target = conversationBeside(step)
  if (target !== null) void showConversation(target)
}

const REGIONS = [
  'sidebar',
  'header',
  'thread',
  'tabs',
  'column-1',
  'column-2',
  'column-3',
  'column-4',
  'composer',
  'wire',
] as const
/** What takes the focus in a region, the first that is there; the thread itself scrolls by key. */
const ENTRANCES = [
  'textarea',
  '[data-conversation][tabindex="0"]',
  '[role="treegrid"]',
  '[role="tab"][aria-selected="true"]',
  ':scope:not([role="log"]) button',
]

function cycleRegions(step: -1 | 1): void {
  const present = REGIONS.filter((name) => regionOf(name)?.closest('[inert]') === null)
  const from = present.findIndex((name) => regionOf(name)?.contains(document.activeElement))
  // Back from nowhere is the last one.
  const next = present.at(from < 0 && step < 0 ? -1 : (from + step) % present.length)
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

/**
 * Esc closes the drawer, and leaves the trash, the prompts or a comparison for the chat, wherever the focus is. What has taken
 * the key for itself (a menu, a field that ends an editing) was first; a dialog is.
 */
function useLeavingByEsc(): void {
  useEffect(() => {
    const leave = (event: KeyboardEvent): void => {
      if (event.key !== 'Escape' || event.defaultPrevented || event.isComposing) return
      if (document.querySelector('[role=dialog], [role=alertdialog], [role=menu], .layer-modal') !== null) return
      const { isDrawerOpen, view, comparisons, currentId } = useStore.getState()
      if (isDrawerOpen) closeDrawer()
      else if (view.name === 'trash' || view.name === 'prompts') showChat()
      else if (view.name === 'chat' && comparisons.has(currentId)) closeComparison(currentId)
    }
    window.addEventListener('keydown', leave)
    return () => window.removeEventListener('keydown', leave)
  }, [])
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

// After the first paint, so that the first answer and the first keys of the palette and the picker find it loaded.
function preload(): void {
  requestIdleCallback(() => void import('./markdown').then(loadPalette).then(loadModelList), { timeout: 2000 })
}
