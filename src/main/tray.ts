import { Menu, nativeImage, nativeTheme, Tray, type MenuItemConstructorOptions, type NativeImage } from 'electron'
import { join } from 'node:path'
import type { ConversationSummary } from '../shared/conversation'
import type { Translate } from '../shared/i18n'
import type { Settings } from '../shared/settings'

/** What the tray shows. */
export interface TrayState {
  isRunning: boolean
  /** Newest first; the first five are shown. */
  conversations: readonly ConversationSummary[]
  /** Shown beside the quick question while the shortcut works; null when it does not, and on Linux, whose tray menus know no keys. */
  accelerator: string | null
  /** Whether the shortcut is let go of for now; null where there is none to let go of. */
  isPaused: boolean | null
  t: Translate
}

export interface TrayActions {
  quickAsk: () => void
  showWindow: () => void
  newConversation: () => void
  pauseShortcut: () => void
  openConversation: (conversationId: string) => void
  openSettings: () => void
  quit: () => void
}

const RECENT = 5
/** Titles are a server's or a person's words: a menu must not become as wide as the screen. */
const MAX_TITLE_CHARACTERS = 48

/** The menu: everything the tray does is in it, because many hosts deliver no clicks. */
export function trayMenu(state: TrayState, actions: TrayActions): MenuItemConstructorOptions[] {
  const { t } = state
  const recent = state.conversations.filter(({ isDamaged, isTemporary }) => !isDamaged && !isTemporary).slice(0, RECENT)
  return [
    {
      label: t('desktop:tray.quickAsk'),
      click: actions.quickAsk,
      ...(state.accelerator === null ? {} : { accelerator: state.accelerator, registerAccelerator: false }),
    },
    { label: t('desktop:tray.show'), click: actions.showWindow },
    { label: t('desktop:tray.new'), click: actions.newConversation },
    { type: 'separator' },
    ...(recent.length === 0 ? [] : [{ label: t('desktop:tray.recent'), enabled: false }]),
    ...recent.map(({ id, title }) => ({
      id,
      label: menuLabel(title === '' ? t('desktop:tray.untitled') : title),
      click: () => actions.openConversation(id),
    })),
    ...(recent.length === 0 ? [] : [{ type: 'separator' as const }]),
    ...(state.isPaused === null
      ? []
      : [
          {
            label: t('desktop:tray.pauseShortcut'),
            type: 'checkbox' as const,
            checked: state.isPaused,
            click: actions.pauseShortcut,
          },
        ]),
    { label: t('desktop:tray.settings'), click: actions.openSettings },
    { label: t('desktop:tray.quit'), click: actions.quit },
  ]
}

/** Text from outside as a menu label: one line, no direction tricks, no accidental access key, of bounded length. */
export function menuLabel(text: string): string {
  const line = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\s]+/gu, ' ').trim()
  const characters = [...line]
  const cut =
    characters.length > MAX_TITLE_CHARACTERS ? [...characters.slice(0, MAX_TITLE_CHARACTERS - 1), '…'] : characters
  return cut.join('').replaceAll('&', '&&')
}

/** Which picture: a template on macOS, which colours it itself; else by the panel's theme. */
export function trayIconName(platform: NodeJS.Platform, isDarkPanel: boolean, isRunning: boolean): string {
  const base = platform === 'darwin' ? 'trayTemplate' : isDarkPanel ? 'tray-on-dark' : 'tray-on-light'
  if (!isRunning) return base
  // The ending has to stay: macOS knows a template by it.
  return platform === 'darwin' ? 'tray-runningTemplate' : `${base}-running`
}

/** The icon in the panel. `render` may be called with any state at any time; what is shown depends on the last one only. */
export class TrayIcon {
  readonly #tray: Tray
  #state: TrayState
  #shown = ''

  constructor(
    state: TrayState,
    private readonly actions: TrayActions,
    /** The folder `resources/icons`. */
    private readonly icons: string,
  ) {
    this.#state = state
    this.#tray = new Tray(this.#icon())
    // Where clicks arrive, a left one is for the window; the menu is on the other button or, on macOS, on both.
    if (process.platform !== 'darwin') this.#tray.on('click', actions.showWindow)
    nativeTheme.on('updated', this.#renderAgain)
    this.render(state)
  }

  render(state: TrayState): void {
    this.#state = state
    const { t, isRunning } = state
    const menu = trayMenu(state, this.actions)
    // Setting a menu closes it under the person's pointer, so that is done only when something in it has changed.
    const shown = JSON.stringify([menu, this.#iconName(), t('common:app')])
    if (shown === this.#shown) return
    this.#shown = shown
    this.#tray.setImage(this.#icon())
    this.#tray.setToolTip(isRunning ? t('desktop:tray.running') : t('common:app'))
    this.#tray.setContextMenu(Menu.buildFromTemplate(menu))
  }

  close(): void {
    nativeTheme.off('updated', this.#renderAgain)
    this.#tray.destroy()
  }

  readonly #renderAgain = (): void => this.render(this.#state)

  #iconName(): string {
    return trayIconName(process.platform, isDarkPanel(), this.#state.isRunning)
  }

  #icon(): NativeImage {
    // Electron finds the @2x picture beside it.
    return nativeImage.createFromPath(join(this.icons, 'tray', `${this.#iconName()}.png`))
  }
}

/** Whether the desktop is dark. Electron tells it only as long as the app follows it. */
let isDesktopDark = false

/** Sets the theme of the app, which is not that of the panel beside it. */
export function applyTheme(theme: Settings['theme']): void {
  if (nativeTheme.themeSource === 'system') isDesktopDark = nativeTheme.shouldUseDarkColors
  nativeTheme.themeSource = theme
}

/**
 * Whether the panel is dark. Windows and the newest Electron tell; the panels of GNOME and its relatives are dark whatever
 * the programs are; others follow the theme of the desktop.
 */
function isDarkPanel(): boolean {
  const desktop = process.env.XDG_CURRENT_DESKTOP ?? ''
  if (process.platform === 'linux' && /GNOME|Unity|Cinnamon|Pantheon/iu.test(desktop)) return true
  // Missing in Electron 33.
  const ofPanel = nativeTheme.shouldUseDarkColorsForSystemIntegratedUI as boolean | undefined
  return ofPanel ?? (nativeTheme.themeSource === 'system' ? nativeTheme.shouldUseDarkColors : isDesktopDark)
}
