import { Menu, type MenuItemConstructorOptions } from 'electron'
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
  platform: NodeJS.Platform
  isPackaged: boolean
  t: Translate
  actions: MenuActions
}

/** Sets the native menu. Off macOS nobody sees it, but its keys work: the title strip is the page's. */
export function showMenu(options: MenuOptions): void {
  Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(options)))
}

/** The menu per platform. Its keys are those of DESIGN.md; a page that handles one itself stops it from coming here. */
export function menuTemplate({ platform, isPackaged, t, actions }: MenuOptions): MenuItemConstructorOptions[] {
  const isMac = platform === 'darwin'
  const separator: MenuItemConstructorOptions = { type: 'separator' }
  const settings: MenuItemConstructorOptions = {
    label: t('desktop:menu.settings'),
    accelerator: 'CommandOrControl+,',
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
        accelerator: 'CommandOrControl+N',
        click: () => actions.command({ kind: 'new-conversation' }),
      },
      {
        label: t('desktop:menu.newTemporary'),
        accelerator: 'CommandOrControl+Shift+N',
        click: () => actions.command({ kind: 'new-temporary-conversation' }),
      },
      { label: t('desktop:menu.quickAsk'), click: actions.quickAsk },
      separator,
      {
        label: t('desktop:menu.attach'),
        accelerator: 'CommandOrControl+U',
        click: () => actions.commandHere({ kind: 'attach-files' }),
      },
      {
        label: t('desktop:menu.stop'),
        accelerator: 'CommandOrControl+.',
        click: () => actions.commandHere({ kind: 'stop' }),
      },
      separator,
      ...(isMac ? [] : [settings, separator]),
      { role: 'close', label: t('desktop:menu.close') },
      ...(isMac ? [] : [quit]),
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
    ],
  }
  const view: MenuItemConstructorOptions = {
    label: t('desktop:menu.view'),
    submenu: [
      {
        label: t('desktop:menu.sidebar'),
        accelerator: 'CommandOrControl+\\',
        click: () => actions.command({ kind: 'toggle-sidebar' }),
      },
      {
        label: t('desktop:menu.wire'),
        accelerator: 'CommandOrControl+Shift+Y',
        click: () => actions.command({ kind: 'show-wire' }),
      },
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
      { role: 'zoom', label: t('desktop:menu.zoom') },
      separator,
      { role: 'front', label: t('desktop:menu.front') },
    ],
  }
  const help: MenuItemConstructorOptions = {
    role: 'help',
    label: t('desktop:menu.help'),
    submenu: [
      { label: t('desktop:menu.logs'), click: actions.openLogs },
      { label: t('desktop:menu.data'), click: actions.openDataFolder },
      { label: t('desktop:menu.diagnostics'), click: () => actions.command({ kind: 'show-diagnostics' }) },
      ...(isMac ? [] : [separator, { role: 'about' as const, label: t('desktop:menu.about') }]),
    ],
  }
  return isMac ? [app, chat, edit, view, window, help] : [chat, edit, view, help]
}
