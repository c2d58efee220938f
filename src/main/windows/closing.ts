import type { BrowserWindow } from 'electron'
import type { Translate } from '../../shared/i18n'
import type { OpenedHouse } from '../house'
import { factsOf } from '../log'
import type { Logger } from '../logger'
import type { LiveSettings } from '../settings'
import { askCloseToTray, askTemporary } from './dialogs'

export interface ClosingOptions {
  platform: NodeJS.Platform
  settings: Pick<LiveSettings, 'current' | 'change'>
  /** Null while nothing is open yet. */
  house: () => Pick<OpenedHouse, 'library' | 'upkeep'> | null
  /** Whether a tray icon can bring the window back. */
  isTraySeen: () => Promise<boolean>
  translate: () => Translate
  quit: () => void
  logger: Logger
}

/**
 * What happens when the person closes the main window. On macOS it hides, as windows do there. Elsewhere it hides only
 * where a tray icon can bring it back and the person wants that; asked once, when it is true for the first time. Temporary
 * chats end with the window, and that is asked before.
 *
 * @returns a function for each wish to close; one that comes while a question is open does nothing
 */
export function closing(options: ClosingOptions): (window: BrowserWindow) => Promise<void> {
  let isClosing = false
  return async (window) => {
    if (isClosing) return
    isClosing = true
    try {
      await close(window, options)
    } finally {
      isClosing = false
    }
  }
}

async function close(window: BrowserWindow, options: ClosingOptions): Promise<void> {
  const { platform, settings, isTraySeen, translate, quit } = options
  // A library that cannot be read must not keep the window on the screen.
  const summaries =
    (await options
      .house()
      ?.library.list()
      .catch(() => [])) ?? []
  const temporary = summaries.flatMap(({ id, isTemporary }) => (isTemporary ? [id] : []))
  const ending = temporary.length > 0 ? await askTemporary(window, temporary.length, translate()) : null
  if (ending === 'cancel') return
  const isTrayThere = platform !== 'darwin' && (await isTraySeen())
  if (isTrayThere && settings.current.closeToTray === null) {
    const choice = await askCloseToTray(window, translate())
    if (choice === 'cancel') return
    settings.change((now) => ({ ...now, closeToTray: choice === 'keep' }))
  }
  // Only now: whoever cancels the second question keeps what the first one was about.
  if (ending !== null) await endTemporary(temporary, ending, options)
  if (platform === 'darwin' || (isTrayThere && settings.current.closeToTray === true)) hide(window)
  else quit()
}

async function endTemporary(ids: readonly string[], how: 'discard' | 'keep', options: ClosingOptions): Promise<void> {
  const upkeep = options.house()?.upkeep
  for (const id of ids) {
    const end = how === 'keep' ? upkeep?.keep(id) : upkeep?.discard(id)
    // One that is gone meanwhile needs nothing.
    await end?.catch((thrown: unknown) => options.logger.warn('temporary chat not ended', factsOf(thrown)))
  }
}

function hide(window: BrowserWindow): void {
  if (!window.isFullScreen()) {
    window.hide()
    return
  }
  // A full-screen window that hides leaves a black screen behind on macOS.
  window.once('leave-full-screen', () => window.hide())
  window.setFullScreen(false)
}
