import type { ContextMenuParams, MenuItemConstructorOptions } from 'electron'
import type { Translate } from '../../shared/i18n'
import { menuLabel } from '../tray'

/** What was under the pointer, as far as the menu needs it. */
export type Pointed = Pick<
  ContextMenuParams,
  | 'isEditable'
  | 'editFlags'
  | 'selectionText'
  | 'linkURL'
  | 'mediaType'
  | 'srcURL'
  | 'misspelledWord'
  | 'dictionarySuggestions'
  | 'x'
  | 'y'
>

export interface ContextActions {
  replaceWord: (word: string) => void
  addWord: (word: string) => void
  openLink: (url: string) => void
  copyText: (text: string) => void
  copyImage: (x: number, y: number) => void
  /** The id of a stored image. */
  saveImage: (id: string) => void
  /** Puts what is selected into the composer; null in a window that cannot. */
  quote: (() => void) | null
  /** Looks for what is selected in all chats; null in a window that cannot. */
  search: ((text: string) => void) | null
}

const MAX_SUGGESTIONS = 5

/** The menu for what was pointed at; empty where there is nothing to do. Addresses and words come from servers: labels say only our own words and what menuLabel() makes of theirs. */
export function contextTemplate(pointed: Pointed, t: Translate, actions: ContextActions): MenuItemConstructorOptions[] {
  const parts = [
    pointed.isEditable ? spelling(pointed, t, actions) : [],
    link(pointed, t, actions),
    image(pointed, t, actions),
    pointed.isEditable ? editing(pointed, t) : selected(pointed, t, actions),
  ].filter((items) => items.length > 0)
  return parts.flatMap((items, index) => (index === 0 ? items : [{ type: 'separator' as const }, ...items]))
}

function spelling({ misspelledWord, dictionarySuggestions }: Pointed, t: Translate, actions: ContextActions) {
  if (misspelledWord === '') return []
  const words = dictionarySuggestions.slice(0, MAX_SUGGESTIONS)
  return [
    ...(words.length === 0 ? [{ label: t('actions:context.noSuggestions'), enabled: false }] : []),
    ...words.map((word) => ({ label: menuLabel(word), click: () => actions.replaceWord(word) })),
    { type: 'separator' as const },
    { label: t('actions:context.addWord'), click: () => actions.addWord(misspelledWord) },
  ]
}

function link({ linkURL }: Pointed, t: Translate, actions: ContextActions) {
  if (!/^(?:https?|mailto):/iu.test(linkURL)) return []
  const isMail = /^mailto:/iu.test(linkURL)
  return [
    { label: t('actions:context.openLink'), click: () => actions.openLink(linkURL) },
    {
      label: t(isMail ? 'actions:context.copyMail' : 'actions:context.copyLink'),
      click: () => actions.copyText(isMail ? linkURL.slice('mailto:'.length) : linkURL),
    },
  ]
}

function image({ mediaType, srcURL, x, y }: Pointed, t: Translate, actions: ContextActions) {
  if (mediaType !== 'image') return []
  const id = /\/attachment\/([0-9a-f]{64})$/u.exec(srcURL)?.[1]
  return [
    { label: t('actions:context.copyImage'), click: () => actions.copyImage(x, y) },
    ...(id === undefined ? [] : [{ label: t('actions:context.saveImage'), click: () => actions.saveImage(id) }]),
  ]
}

function editing({ editFlags }: Pointed, t: Translate): MenuItemConstructorOptions[] {
  return [
    { role: 'cut', label: t('desktop:menu.cut'), enabled: editFlags.canCut },
    { role: 'copy', label: t('desktop:menu.copy'), enabled: editFlags.canCopy },
    { role: 'paste', label: t('desktop:menu.paste'), enabled: editFlags.canPaste },
    { role: 'pasteAndMatchStyle', label: t('desktop:menu.pastePlain'), enabled: editFlags.canPaste },
    { type: 'separator' },
    { role: 'selectAll', label: t('desktop:menu.selectAll'), enabled: editFlags.canSelectAll },
  ]
}

function selected({ selectionText }: Pointed, t: Translate, actions: ContextActions): MenuItemConstructorOptions[] {
  const text = selectionText.trim()
  if (text === '') return []
  const { quote, search } = actions
  const items: MenuItemConstructorOptions[] = [{ role: 'copy', label: t('desktop:menu.copy') }]
  if (quote !== null) items.push({ label: t('actions:context.quote'), click: quote })
  if (search !== null) {
    items.push({ label: t('actions:context.search', { text: menuLabel(text) }), click: () => search(text) })
  }
  return items
}
