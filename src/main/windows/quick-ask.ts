import { clipboard, nativeTheme, screen, type BrowserWindow, type Display } from 'electron'
import type { AppCommand } from '../../shared/contract'
import type { QuickAskSettings } from '../../shared/settings'
import { sendTo } from '../ipc'
import { isWithin, placeQuickAsk, QUICK_ASK_HEIGHT, quickAskRoom } from './bounds'
import { clipboardKind } from './clipboard-kind'
import { openWindow, type WindowContext } from './window'

export interface QuickAskContext extends WindowContext {
  /** Whether the desktop draws see-through windows; without that the corners would be black. */
  isComposited: boolean
  isQuitting: () => boolean
  settings: () => QuickAskSettings
}

/** The small window for a quick question: made once, hidden, and shown again and again. */
export interface QuickAsk {
  window: BrowserWindow
  /** Its page is there and listens to commands. */
  isReady: Promise<void>
  show(): void
  hide(): void
  /** Shows it, or hides it when the person is in it already: one key for both. */
  toggle(): void
  /** Grows or shrinks it downwards; the input does not move. Answers how high it can be; all in the page's pixels. */
  resize(heightPx: number): number
  /** A pinned one stays when another window gets the focus; the key that shows it, and Esc, hide it all the same. */
  pin(isPinned: boolean): void
  /** Pastes into the field what was offered; the page gets it as it gets every paste. */
  paste(): void
  /** Keeps it up while a dialog of its own has the focus. */
  holdWhile<T>(task: () => Promise<T>): Promise<T>
}

/** `raised` of `tokens.css`: what the page fills the window with. */
const COLOURS = { light: '#FFFEFC', dark: '#1A2023' }

export function openQuickAsk(context: QuickAskContext): QuickAsk {
  const isMac = process.platform === 'darwin'
  const surface = (): string => (nativeTheme.shouldUseDarkColors ? COLOURS.dark : COLOURS.light)
  const window = openWindow(
    'quick-ask',
    {
      ...placeQuickAsk(screen.getPrimaryDisplay().workArea, QUICK_ASK_HEIGHT.min),
      show: false,
      frame: false,
      transparent: context.isComposited,
      ...(context.isComposited ? {} : { backgroundColor: surface() }),
      title: 'Parley',
      resizable: false,
      minimizable: false,
      maximizable: false,
      fullscreenable: false,
      skipTaskbar: true,
      alwaysOnTop: true,
      // On macOS a panel takes the keyboard without taking the front from the program the person is in.
      ...(isMac ? { type: 'panel' } : {}),
    },
    context,
  )
  if (isMac) window.setVisibleOnAllWorkspaces(true, { visibleOnFullScreen: true, skipTransformProcessType: true })
  const paint = (): void => {
    if (!window.isDestroyed() && !context.isComposited) window.setBackgroundColor(surface())
  }
  nativeTheme.on('updated', paint)
  window.once('closed', () => nativeTheme.off('updated', paint))

  let panelPx = QUICK_ASK_HEIGHT.min
  let noteReady: () => void = () => undefined
  const isReady = new Promise<void>((resolve) => (noteReady = resolve))
  let isPainted = false
  let isWanted = false
  let isPinned = false
  let mayPaste = false
  let holds = 0
  const send = (command: AppCommand): void => sendTo({ role: 'quick-ask', window }, 'app.command', command)
  const zoom = (): number => window.webContents.getZoomFactor()
  const wantedDisplay = (): Display =>
    context.settings().opensOn === 'main'
      ? screen.getPrimaryDisplay()
      : screen.getDisplayNearestPoint(screen.getCursorScreenPoint())
  const offerClipboard = async (): Promise<void> => {
    const isWished = context.settings().offersClipboard && !window.isDestroyed() && window.isVisible()
    const kind = isWished ? await clipboardKind((format) => clipboard.has(format)).catch(() => null) : null
    if (window.isDestroyed() || !window.isVisible()) return
    mayPaste = kind !== null
    send({ kind: 'quick-ask-clipboard', clipboard: kind })
  }
  const hide = (): void => {
    isWanted = false
    mayPaste = false
    if (!window.isDestroyed() && window.isVisible()) window.hide()
  }
  window.once('ready-to-show', () => {
    isPainted = true
    if (isWanted) show()
  })
  const show = (): void => {
    // Before its first painting it would be an empty box.
    isWanted = !isPainted
    if (window.isDestroyed() || isWanted) return
    const display = wantedDisplay()
    const isThere = window.isVisible() && screen.getDisplayMatching(window.getBounds()).id === display.id
    if (!isThere) window.setBounds(placeQuickAsk(display.workArea, panelPx, zoom()))
    window.show()
    window.focus()
    send({ kind: 'quick-ask-shown', isPinned, maxHeightPx: quickAskRoom(display.workArea, zoom()) })
    // The program that holds the clipboard is asked, and may be slow: not before the window stands.
    setImmediate(() => void offerClipboard())
  }

  // The display under it was unplugged, or has become smaller: it stays within what is left.
  const settle = (): void => {
    if (window.isDestroyed() || !window.isVisible()) return
    const bounds = window.getBounds()
    const { workArea } = screen.getDisplayMatching(bounds)
    if (!isWithin(bounds, workArea)) window.setBounds(placeQuickAsk(workArea, panelPx, zoom()))
  }
  screen.on('display-removed', settle)
  screen.on('display-metrics-changed', settle)
  window.once('closed', () => {
    screen.off('display-removed', settle)
    screen.off('display-metrics-changed', settle)
  })

  window.on('blur', () => {
    const stays = holds > 0 || isPinned || !context.settings().hidesOnBlur
    if (!stays && !window.webContents.isDevToolsOpened()) hide()
  })
  window.on('close', (event) => {
    if (context.isQuitting()) return
    event.preventDefault()
    hide()
  })

  return {
    window,
    isReady,
    show,
    hide,
    toggle: () => (window.isVisible() && window.isFocused() ? hide() : show()),
    resize(wantedPx) {
      // It tells its height once it has been drawn.
      noteReady()
      panelPx = wantedPx
      const bounds = window.getBounds()
      const { workArea } = screen.getDisplayMatching(bounds)
      const { x, width, height } = placeQuickAsk(workArea, wantedPx, zoom())
      window.setBounds({ ...bounds, height, ...(width !== bounds.width && { x, width }) })
      return quickAskRoom(workArea, zoom())
    },
    pin(isWantedPinned) {
      isPinned = isWantedPinned
    },
    paste() {
      if (!mayPaste || !window.isFocused()) return
      mayPaste = false
      window.webContents.paste()
    },
    async holdWhile(task) {
      holds += 1
      try {
        return await task()
      } finally {
        holds -= 1
      }
    },
  }
}
