import { useCallback, useEffect, useLayoutEffect, useRef, type RefObject } from 'react'
import { useTranslation } from 'react-i18next'
import { useAction } from '../actions/offers'
import { LiveRegion } from '../chat/live-region'
import { useFileDrop } from '../composer/file-drop'
import { GoneBar, QueuedBar } from '../composer/notice-bars'
import { FinalFocus } from '../controls/final-focus'
import { attachFiles, pickFiles } from '../store/drafts'
import { stopAnswer } from '../store/sending'
import { conversationOf, EMPTY_DRAFT, useStore } from '../store/state'
import { Answers } from './answers'
import { Chips } from './chips'
import { hide, lastAnswerText, openInWindow, startAnew } from './conversation'
import { useCopied } from '../controls/copied'
import { Footer } from './footer'
import { keyOf } from './keys'
import './quick-ask.css'
import { QuestionRow } from './question-row'
import { Refusal } from './refusal'

const EMPTY_HEIGHT_PX = 72

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
  const drop = useCallback((files: File[]) => void attachFiles(conversationId, files), [conversationId])
  const draggedFiles = useFileDrop(drop)
  const isOpen = hasAnswer || hasChips || hasRefusal || draggedFiles > 0

  useWindowHeight(panel)
  useFieldFocus(field)
  const copyAnswer = () => {
    const text = lastAnswerText(conversationId)
    if (text !== '') void navigator.clipboard.writeText(text).then(copied)
  }
  useKeys({ copyAnswer })
  // For the menu, which asks the window that the person is in.
  useAction('stop', () => void stopAnswer(conversationId))
  useAction('attach', () => void pickFiles(conversationId))

  return (
    <FinalFocus value={field}>
      <main
        ref={panel}
        aria-label={t('quick-ask:label')}
        className={`flex max-h-105 flex-col overflow-hidden rounded-xl border bg-raised ${draggedFiles > 0 ? 'border-accent' : 'border-line-2'}`}
      >
        <QuestionRow field={field} conversationId={conversationId} isCompact={hasAnswer} />
        {(hasChips || draggedFiles > 0) && <Chips conversationId={conversationId} ghosts={draggedFiles} />}
        {hasRefusal && <Refusal conversationId={conversationId} />}
        {hasAnswer && <Answers key={conversationId} conversationId={conversationId} />}
        <GoneBar conversationId={conversationId} look="buttons" />
        <QueuedBar conversationId={conversationId} />
        {isOpen && <Footer conversationId={conversationId} isCopied={isCopied} onCopy={copyAnswer} />}
        <LiveRegion conversationId={conversationId} />
      </main>
    </FinalFocus>
  )
}

/** Tells main how high the panel is, whenever that changes; main keeps the window within its bounds. */
function useWindowHeight(panel: RefObject<HTMLElement | null>): void {
  useLayoutEffect(() => {
    const element = panel.current
    if (element === null) return undefined
    let lastPx = 0
    const observer = new ResizeObserver(() => {
      const heightPx = Math.max(EMPTY_HEIGHT_PX, Math.ceil(element.getBoundingClientRect().height))
      if (heightPx === lastPx) return
      lastPx = heightPx
      void window.parley.request['quickAsk.resize']({ heightPx })
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [panel])
}

/** The field has the focus when the window comes up. */
function useFieldFocus(field: RefObject<HTMLElement | null>): void {
  useEffect(() => {
    field.current?.focus()
    return window.parley.on['app.command']((command) => {
      if (command.kind === 'quick-ask-shown') field.current?.focus()
    })
  }, [field])
}

function useKeys({ copyAnswer }: { copyAnswer: () => void }): void {
  const latest = useRef(copyAnswer)
  useEffect(() => {
    latest.current = copyAnswer
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
          latest.current()
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
