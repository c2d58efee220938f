import {
  nativeTheme,
  screen,
  type BrowserWindow,
  type BrowserWindowConstructorOptions,
  type TitleBarOverlay,
} from 'electron'
import { clampBounds, MIN_SIZE, type WindowState } from './bounds'
import { openWindow, type WindowContext } from './window'

/** Surfaces of `tokens.css` that are painted before any page is: paper behind the page, ink on the window's buttons. */
const COLOURS = { light: { paper: '#FBF9F5', ink: '#211F1B' }, dark: { paper: '#121719', ink: '#E9E5DC' } }

const STRIP_HEIGHT = 48
const SAVE_DELAY_MS = 500

export interface MainWindowContext extends WindowContext {
  /** What was remembered; `save` gets what changed. */
  state: WindowState
  save: (change: Pick<WindowState, 'bounds' | 'isMaximized'>) => void
  /** What closing the window does: decides, then hides it or quits. Not asked once Parley quits. */
  onClose: (window: BrowserWindow) => void
  isQuitting: () => boolean
  /** How it comes: to the front, behind what the person is in, or not at all until it is asked for. */
  appearance: 'front' | 'behind' | 'hidden'
}

/** Opens the main window where it was last, and shows it as soon as it has something to show. */
export function openMainWindow(context: MainWindowContext): BrowserWindow {
  const workAreas = [screen.getPrimaryDisplay(), ...screen.getAllDisplays()].map((display) => display.workArea)
  const window = openWindow(
    'main',
    {
      ...clampBounds(context.state.bounds, workAreas),
      minWidth: MIN_SIZE.width,
      minHeight: MIN_SIZE.height,
      show: false,
      title: 'Parley',
      backgroundColor: colours().paper,
      autoHideMenuBar: true,
      ...titleBar(),
    },
    context,
  )
  const { appearance } = context
  /** Of one that is hidden until it is wanted there is nothing to remember: what was remembered still holds. */
  let isSeen = appearance !== 'hidden'
  window.once('show', () => {
    isSeen = true
    // Earlier would show it, and take the front.
    if (context.state.isMaximized && appearance !== 'front') window.maximize()
  })
  if (context.state.isMaximized && appearance === 'front') window.maximize()
  if (appearance !== 'hidden') {
    window.once('ready-to-show', () => (appearance === 'front' ? window.show() : window.showInactive()))
  }

  const paint = (): void => {
    if (window.isDestroyed()) return
    window.setBackgroundColor(colours().paper)
    if (process.platform !== 'darwin') window.setTitleBarOverlay(overlay())
  }
  nativeTheme.on('updated', paint)
  window.once('closed', () => nativeTheme.off('updated', paint))

  let timer: NodeJS.Timeout | null = null
  const remember = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    if (window.isDestroyed() || !isSeen) return
    context.save({ bounds: window.getNormalBounds(), isMaximized: window.isMaximized() })
  }
  const rememberSoon = (): void => {
    timer ??= setTimeout(remember, SAVE_DELAY_MS)
  }
  window.on('resize', rememberSoon)
  window.on('move', rememberSoon)
  window.on('close', (event) => {
    remember()
    if (context.isQuitting()) return
    event.preventDefault()
    context.onClose(window)
  })
  return window
}

/** Brings a window to the person, wherever it was. */
export function showWindow(window: BrowserWindow): void {
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}

function colours(): { paper: string; ink: string } {
  return nativeTheme.shouldUseDarkColors ? COLOURS.dark : COLOURS.light
}

// The page draws the title strip; the system draws its buttons into it. Seen on Linux (X11) with Electron 33: it draws
// them too, in the given colours, but a transparent colour comes out as grey there, so the strip's own is used.
function titleBar(): Partial<BrowserWindowConstructorOptions> {
  return process.platform === 'darwin'
    ? { titleBarStyle: 'hiddenInset', trafficLightPosition: { x: 20, y: 17 } }
    : { titleBarStyle: 'hidden', titleBarOverlay: overlay() }
}

// One less than the strip, so that the hairline under it runs through below the buttons.
function overlay(): TitleBarOverlay {
  return { color: colours().paper, symbolColor: colours().ink, height: STRIP_HEIGHT - 1 }
}
