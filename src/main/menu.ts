import { Menu, type MenuItemConstructorOptions } from 'electron'
import { electronAccelerator, type Platform } from '../shared/accelerator'
import type { ActionId, ActionKeys } from '../shared/actions'
import type { AppCommand } from '../shared/contract'
import type { Translate } from '../shared/i18n'

export interface MenuActions {
  /** Asks the main window, and shows it. */
  command: (command: AppCommand) => void
  /** Asks the window the person is in, and shows nothing. */
  commandHere: (command: AppCommand) => void
  quickAsk: () => void
  openLogs: () => void
  openDataFolder: () => void
}

export interface MenuOptions {
  platform: Platform
  isPackaged: boolean
  t: Translate
  /** The keys that are set; see actionKeys(). */
  keys: ActionKeys
  actions: MenuActions
}

/** Sets the native menu. Off macOS nobody sees it, but its keys work: the title strip is the page's. */
export function showMenu(options: MenuOptions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options)))
}

/** The menu per platform. Its keys are those that are set; a page that handles one itself stops it from coming here. */
export function menuTemplate({ platform, isPackaged, t, keys, actions }: MenuOptions): MenuItemConstructorOptions[] {
  const isMac = platform === 'darwin'
  const separator: MenuItemConstructorOptions = { type: 'separator' }
  const keyOf = (id: ActionId): { accelerator?: string } => {
    const accelerator = keys.get(id) ?? null
    return accelerator === null ? {} : { accelerator: electronAccelerator(accelerator, platform) }
  }
  /** Done in the main window, or, where `isHere`, in the one the person is in. */
  const item = (id: ActionId, label: string, isHere = false): MenuItemConstructorOptions => ({
    label: t(label),
    ...keyOf(id),
    click: () => (isHere ? actions.commandHere : actions.command)({ kind: 'action', action: id }),
  })
  const settings: MenuItemConstructorOptions = {
    label: t('desktop:menu.settings'),
    ...keyOf('settings'),
    click: () => actions.command({ kind: 'open-settings' }),
  }
  const quit: MenuItemConstructorOptions = { role: 'quit', label: t('desktop:menu.quit') }

  const app: MenuItemConstructorOptions = {
    label: t('common:app'),
    submenu: [
      { role: 'about', label: t('desktop:menu.about') },
      separator,
      settings,
      separator,
      { role: 'services', label: t('desktop:menu.services') },
      separator,
      { role: 'hide', label: t('desktop:menu.hide') },
      { role: 'hideOthers', label: t('desktop:menu.hideOthers') },
      { role: 'unhide', label: t('desktop:menu.unhide') },
      separator,
      quit,
    ],
  }
  const chat: MenuItemConstructorOptions = {
    label: t('desktop:menu.chat'),
    submenu: [
      {
        label: t('desktop:menu.new'),
        ...keyOf('new-chat'),
        click: () => actions.command({ kind: 'new-conversation' }),
      },
      item('new-temporary-chat', 'desktop:menu.newTemporary'),
      { label: t('desktop:menu.quickAsk'), click: actions.quickAsk },
      separator,
      item('palette', 'desktop:menu.palette'),
      item('previous-chat', 'actions:names.previous-chat'),
      item('next-chat', 'actions:names.next-chat'),
      separator,
      item('choose-model', 'desktop:menu.model'),
      item('attach', 'desktop:menu.attach', true),
      item('capture-region', 'desktop:menu.captureRegion', true),
      item('stop', 'desktop:menu.stop', true),
      separator,
      ...(isMac ? [{ role: 'close' as const, label: t('desktop:menu.close') }] : [settings, separator, quit]),
    ],
  }
  const edit: MenuItemConstructorOptions = {
    label: t('desktop:menu.edit'),
    submenu: [
      { role: 'undo', label: t('desktop:menu.undo') },
      { role: 'redo', label: t('desktop:menu.redo') },
      separator,
      { role: 'cut', label: t('desktop:menu.cut') },
      { role: 'copy', label: t('desktop:menu.copy') },
      { role: 'paste', label: t('desktop:menu.paste') },
      { role: 'pasteAndMatchStyle', label: t('desktop:menu.pastePlain') },
      { role: 'selectAll', label: t('desktop:menu.selectAll') },
      separator,
      item('find', 'actions:names.find'),
      item('find-next', 'actions:names.find-next'),
      item('find-previous', 'actions:names.find-previous'),
      item('search-chats', 'actions:names.search-chats'),
      ...(isMac
        ? [
            separator,
            {
              label: t('desktop:menu.speech'),
              submenu: [
                { role: 'startSpeaking' as const, label: t('desktop:menu.startSpeaking') },
                { role: 'stopSpeaking' as const, label: t('desktop:menu.stopSpeaking') },
              ],
            },
          ]
        : []),
    ],
  }
  const view: MenuItemConstructorOptions = {
    label: t('desktop:menu.view'),
    submenu: [
      item('sidebar', 'desktop:menu.sidebar'),
      item('latest', 'actions:names.latest'),
      item('wire', 'desktop:menu.wire'),
      separator,
      { role: 'resetZoom', label: t('desktop:menu.actualSize') },
      { role: 'zoomIn', label: t('desktop:menu.zoomIn') },
      { role: 'zoomOut', label: t('desktop:menu.zoomOut') },
      separator,
      { role: 'togglefullscreen', label: t('desktop:menu.fullScreen') },
      ...(isPackaged ? [] : [separator, { role: 'reload' as const }, { role: 'toggleDevTools' as const }]),
    ],
  }
  const window: MenuItemConstructorOptions = {
    role: 'window',
    label: t('desktop:menu.window'),
    submenu: [
      { role: 'minimize', label: t('desktop:menu.minimize') },
      ...(isMac
        ? [
            { role: 'zoom' as const, label: t('desktop:menu.zoom') },
            separator,
            { role: 'front' as const, label: t('desktop:menu.front') },
          ]
        : [{ role: 'close' as const, label: t('desktop:menu.close') }]),
    ],
  }
  const help: MenuItemConstructorOptions = {
    role: 'help',
    label: t('desktop:menu.help'),
    submenu: [
      item('shortcut-sheet', 'desktop:menu.keys'),
      separator,
      { label: t('desktop:menu.logs'), click: actions.openLogs },
      { label: t('desktop:menu.data'), click: actions.openDataFolder },
      { label: t('desktop:menu.diagnostics'), click: () => actions.command({ kind: 'show-diagnostics' }) },
      ...(isMac ? [] : [separator, { role: 'about' as const, label: t('desktop:menu.about') }]),
    ],
  }
  return isMac ? [app, chat, edit, view, window, help] : [chat, edit, view, window, help]
}
