import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { runAction, useAction } from '../actions/offers'
import { LiveRegion } from '../chat/live-region'
import { useRegionShortcut } from '../composer/capture-button'
import { useFileDrop } from '../composer/file-drop'
import { GoneBar, QueuedBar } from '../composer/notice-bars'
import { FinalFocus } from '../controls/final-focus'
import { onDemand } from '../controls/on-demand'
import { attachFiles, pickFiles } from '../store/chips'
import { keepConversation } from '../store/conversations'
import { stopAnswer } from '../store/stopping'
import { conversationOf, EMPTY_DRAFT, useStore } from '../store/state'
import { Answers } from './answers'
import { Chips } from './chips'
import { hide, lastAnswerText, openInWindow, startAnew, useForgetting } from './conversation'
import { useCopied } from '../controls/copied'
import { tellFailure } from '../controls/tell-error'
import { Footer } from './footer'
import { keyOf } from './keys'
import './quick-ask.css'
import { QuestionRow } from './question-row'
import { Refusal } from './refusal'

// The window is on show before there is anything to choose from.
const { Component: Picker, load: loadPicker } = onDemand(async () => (await import('./picker')).Picker)

const EMPTY_HEIGHT_PX = 72
/** Until main has said how much room the display has. */
const MAX_HEIGHT_PX = 420

/** The quick question: one field, and its answer in place under it. It lives as long as the app, mostly hidden. */
export function QuickAsk() {
  const { t } = useTranslation()
  const panel = useRef<HTMLDivElement>(null)
  const field = useRef<HTMLTextAreaElement>(null)
  const conversationId = useStore((state) => state.currentId)
  const hasAnswer = useStore((state) => (conversationOf(state, conversationId)?.messages.length ?? 0) > 0)
  const hasChips = useStore((state) => (state.drafts.get(conversationId) ?? EMPTY_DRAFT).chips.length > 0)
  const hasRefusal = useStore((state) => state.refusals.has(conversationId))
  const [isCopied, copied] = useCopied()
  const [isChoosing, setIsChoosing] = useState(false)
  const [isPinned, setIsPinned] = useState(false)
  const [clipboard, setClipboard] = useState<'text' | 'image' | null>(null)
  const [maxHeightPx, setMaxHeightPx] = useState(MAX_HEIGHT_PX)
  const drop = useCallback((files: File[]) => void attachFiles(conversationId, files), [conversationId])
  const draggedFiles = useFileDrop(drop)
  const isOpen = hasAnswer || hasChips || hasRefusal || draggedFiles > 0

  useRegionShortcut(conversationId)
  useWindowHeight(panel, setMaxHeightPx)
  useForgetting()
  useEffect(() => {
    field.current?.focus()
    return window.parley.on['app.command']((command) => {
      if (command.kind === 'quick-ask-clipboard') setClipboard(command.clipboard)
      if (command.kind !== 'quick-ask-shown') return
      field.current?.focus()
      void loadPicker()
      setIsPinned(command.isPinned)
      setMaxHeightPx(command.maxHeightPx)
    })
  }, [])
  const closePicker = () => {
    setIsChoosing(false)
    field.current?.focus()
  }
  const toggles = {
    copy: () => {
      const text = lastAnswerText(conversationId)
      if (text !== '') void navigator.clipboard.writeText(text).then(copied)
    },
    choose: () => (isChoosing ? closePicker() : setIsChoosing(true)),
    pin: () => {
      setIsPinned(!isPinned)
      void window.parley.request['quickAsk.pin']({ isPinned: !isPinned })
    },
    keep: () => {
      // The button goes with the press.
      field.current?.focus()
      tellFailure(keepConversation(conversationId))
    },
  }
  useKeys(toggles)
  // For the menu, which asks the window that the person is in.
  useAction('stop', () => void stopAnswer(conversationId))
  useAction('attach', () => void pickFiles(conversationId))

  return (
    <FinalFocus value={field}>
      <main
        ref={panel}
        aria-label={t('quick-ask:label')}
        style={{ maxHeight: maxHeightPx }}
        className={`flex flex-col overflow-hidden rounded-xl border bg-raised ${draggedFiles > 0 ? 'border-accent' : 'border-line-2'}`}
      >
        <QuestionRow
          field={field}
          conversationId={conversationId}
          isCompact={hasAnswer}
          clipboard={clipboard}
          isChoosing={isChoosing}
          onChoose={toggles.choose}
          isPinned={isPinned}
          onPin={toggles.pin}
          onKeep={toggles.keep}
        />
        {(hasChips || draggedFiles > 0) && <Chips conversationId={conversationId} ghosts={draggedFiles} />}
        {hasRefusal && <Refusal conversationId={conversationId} />}
        {isChoosing && <Picker conversationId={conversationId} onClose={closePicker} />}
        {hasAnswer && <Answers key={conversationId} conversationId={conversationId} isCovered={isChoosing} />}
        <GoneBar conversationId={conversationId} look="buttons" />
        <QueuedBar conversationId={conversationId} />
        {isOpen && <Footer conversationId={conversationId} isCopied={isCopied} onCopy={toggles.copy} />}
        <LiveRegion conversationId={conversationId} />
        <p role="status" className="sr-only">
          {isPinned ? t('quick-ask:pinned') : ''}
        </p>
      </main>
    </FinalFocus>
  )
}

/** Tells main how high the panel is, whenever that changes; main keeps the window within its bounds. */
function useWindowHeight(panel: RefObject<HTMLElement | null>, onRoom: (maxHeightPx: number) => void): void {
  useLayoutEffect(() => {
    const element = panel.current
    if (element === null) return undefined
    let last = ''
    const tell = () => {
      const heightPx = Math.max(EMPTY_HEIGHT_PX, Math.ceil(element.getBoundingClientRect().height))
      // The same height is another one on the display once the page is enlarged.
      const now = `${heightPx} ${devicePixelRatio}`
      if (now === last) return
      last = now
      void window.parley.request['quickAsk.resize']({ heightPx }).then((result) => {
        if (result.ok) onRoom(result.value.maxHeightPx)
      })
    }
    const observer = new ResizeObserver(tell)
    observer.observe(element)
    window.addEventListener('resize', tell)
    return () => {
      observer.disconnect()
      window.removeEventListener('resize', tell)
    }
  }, [panel, onRoom])
}

type Toggles = Record<'copy' | 'choose' | 'pin' | 'keep', () => void>

function useKeys(toggles: Toggles): void {
  const latest = useRef(toggles)
  useEffect(() => {
    latest.current = toggles
  })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.isComposing) return
      const key = keyOf(event)
      if (key === null) return
      // Copying is ours only where the page has nothing of its own to copy.
      if (key === 'copy' && hasSelection()) return
      event.preventDefault()
      switch (key) {
        case 'copy':
        case 'choose':
        case 'pin':
        case 'keep':
          latest.current[key]()
          return
        case 'open':
          void openInWindow()
          return
        case 'new':
          startAnew()
          return
        case 'stop':
          void stopAnswer(useStore.getState().currentId)
          return
        case 'attach':
          runAction('attach')
          return
        case 'capture':
          runAction('capture-region')
          return
        case 'hide':
          void hide()
          return
      }
    }
    window.addEventListener('keydown', press)
    return () => window.removeEventListener('keydown', press)
  }, [])
}

function hasSelection(): boolean {
  const active = document.activeElement
  if (active instanceof HTMLTextAreaElement && active.selectionStart !== active.selectionEnd) return true
  return window.getSelection()?.isCollapsed === false
}
