import { nativeTheme, screen, type BrowserWindow } from 'electron'
import { sendTo } from '../ipc'
import { placeQuickAsk, QUICK_ASK_HEIGHT } from './bounds'
import { openWindow, type WindowContext } from './window'

export interface QuickAskContext extends WindowContext {
  /** Whether the desktop draws see-through windows; without that the corners would be black. */
  isComposited: boolean
  isQuitting: () => boolean
}

/** The small window for a quick question: made once, hidden, and shown again and again. */
export interface QuickAsk {
  window: BrowserWindow
  show(): void
  hide(): void
  /** Shows it, or hides it when the person is in it already: one key for both. */
  toggle(): void
  /** Grows or shrinks it downwards; the input does not move. */
  resize(heightPx: number): void
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

  let heightPx = QUICK_ASK_HEIGHT.min
  let isPainted = false
  let isWanted = false
  let holds = 0
  const hide = (): void => {
    isWanted = false
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
    const display = screen.getDisplayNearestPoint(screen.getCursorScreenPoint())
    window.setBounds(placeQuickAsk(display.workArea, heightPx))
    window.show()
    window.focus()
    sendTo({ role: 'quick-ask', window }, 'app.command', { kind: 'quick-ask-shown' })
  }

  window.on('blur', () => {
    if (holds === 0 && !window.webContents.isDevToolsOpened()) hide()
  })
  window.on('close', (event) => {
    if (context.isQuitting()) return
    event.preventDefault()
    hide()
  })

  return {
    window,
    show,
    hide,
    toggle: () => (window.isVisible() && window.isFocused() ? hide() : show()),
    resize(wantedPx) {
      const bounds = window.getBounds()
      heightPx = placeQuickAsk(bounds, wantedPx).height
      window.setBounds({ ...bounds, height: heightPx })
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
