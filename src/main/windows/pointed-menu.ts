import { clipboard, Menu, type BrowserWindow } from 'electron'
import type { Translate } from '../../shared/i18n'
import { contextTemplate, type ContextActions, type Pointed } from './context-menu'

export interface PointedMenuOptions {
  translate: () => Translate
  /** Keeps the window up while the menu has the focus. */
  whileHeld: (task: () => Promise<void>) => Promise<void>
  openLink: (url: string) => void
  saveImage: (id: string) => void
  quote: ContextActions['quote']
  search: ContextActions['search']
}

/** Offers a menu for what is under the pointer; the page has menus of its own where it needs others. */
export function offerPointedMenu(window: BrowserWindow, options: PointedMenuOptions): void {
  const { webContents } = window
  webContents.on('context-menu', (_event, pointed: Pointed) => {
    const items = contextTemplate(pointed, options.translate(), {
      replaceWord: (word) => webContents.replaceMisspelling(word),
      addWord: (word) => webContents.session.addWordToSpellCheckerDictionary(word),
      openLink: options.openLink,
      copyText: (text) => void clipboard.writeText(text),
      copyImage: (x, y) => webContents.copyImageAt(x, y),
      saveImage: options.saveImage,
      quote: options.quote,
      search: options.search,
    })
    if (items.length === 0) return
    void options.whileHeld(
      () => new Promise<void>((resolve) => Menu.buildFromTemplate(items).popup({ window, callback: resolve })),
    )
  })
}
