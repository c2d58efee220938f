import { describe, expect, it, vi } from 'vitest'
import { contextTemplate, type ContextActions, type Pointed } from '../../../../src/main/windows/context-menu'
import { translator } from '../../../../src/shared/i18n'

vi.mock('electron', () => ({ Menu: {}, nativeImage: {}, nativeTheme: {}, Tray: {} }))

const flags: Pointed['editFlags'] = {
  canUndo: false,
  canRedo: false,
  canCut: false,
  canCopy: true,
  canPaste: true,
  canDelete: false,
  canSelectAll: true,
  canEditRichly: false,
}
const nothing: Pointed = {
  isEditable: false,
  editFlags: flags,
  selectionText: '',
  linkURL: '',
  mediaType: 'none',
  srcURL: '',
  misspelledWord: '',
  dictionarySuggestions: [],
  x: 3,
  y: 4,
}

function menu(pointed: Partial<Pointed>, isMain = true) {
  const done: unknown[] = []
  const note =
    (what: string) =>
    (...values: unknown[]) =>
      void done.push([what, ...values])
  const actions: ContextActions = {
    replaceWord: note('replace'),
    addWord: note('add'),
    openLink: note('open'),
    copyText: note('copy'),
    copyImage: note('image'),
    saveImage: note('save'),
    quote: isMain ? note('quote') : null,
    search: isMain ? note('search') : null,
  }
  const items = contextTemplate({ ...nothing, ...pointed }, translator('en'), actions)
  const labels = items.map(({ type, label }) => (type === 'separator' ? '-' : label))
  const press = (label: string) => {
    const { click } = items.find((item) => item.label === label) ?? {}
    ;(click as unknown as (() => void) | undefined)?.()
    return done.at(-1)
  }
  return { items, labels, press }
}

describe('the context menu', () => {
  it('is none where there is nothing to do', () => {
    expect(menu({}).labels).toEqual([])
    expect(menu({ linkURL: 'javascript:alert(1)' }).labels).toEqual([])
    expect(menu({ linkURL: 'app://local/index.html#x' }).labels).toEqual([])
    expect(menu({ misspelledWord: 'wrod', dictionarySuggestions: ['word'] }).labels).toEqual([])
  })

  it('edits a field, as far as there is something to edit', () => {
    const { items, labels } = menu({ isEditable: true })
    expect(labels).toEqual(['Cut', 'Copy', 'Paste', 'Paste without formatting', '-', 'Select all'])
    expect(items.map(({ enabled }) => enabled)).toEqual([false, true, true, true, undefined, true])
  })

  it('offers words for a misspelled one, and to remember it', () => {
    const dictionarySuggestions = ['word', 'ward', 'wood', 'wry', 'rod', 'sixth']
    const { labels, press } = menu({ isEditable: true, misspelledWord: 'wrod', dictionarySuggestions })
    expect(labels.slice(0, 8)).toEqual(['word', 'ward', 'wood', 'wry', 'rod', '-', 'Add to the dictionary', '-'])
    expect(press('ward')).toEqual(['replace', 'ward'])
    expect(press('Add to the dictionary')).toEqual(['add', 'wrod'])
    expect(menu({ isEditable: true, misspelledWord: 'qqq' }).labels.slice(0, 3)).toEqual([
      'No suggestions',
      '-',
      'Add to the dictionary',
    ])
  })

  it('opens and copies links', () => {
    const { labels, press } = menu({ linkURL: 'https://example.org/a' })
    expect(labels).toEqual(['Open the link', 'Copy the address'])
    expect(press('Open the link')).toEqual(['open', 'https://example.org/a'])
    expect(press('Copy the address')).toEqual(['copy', 'https://example.org/a'])
    expect(menu({ linkURL: 'mailto:a@example.org' }).press('Copy the email address')).toEqual(['copy', 'a@example.org'])
  })

  it('S19 copies images, and saves only those that are stored', () => {
    const id = 'a'.repeat(64)
    const { labels, press } = menu({ mediaType: 'image', srcURL: `app://local/attachment/${id}` })
    expect(labels).toEqual(['Copy the image', 'Save the image…'])
    expect(press('Copy the image')).toEqual(['image', 3, 4])
    expect(press('Save the image…')).toEqual(['save', id])
    for (const srcURL of ['data:image/png;base64,', 'app://local/attachment/../x', 'https://example.org/a.png']) {
      expect(menu({ mediaType: 'image', srcURL }).labels).toEqual(['Copy the image'])
    }
  })

  it('S06 quotes and looks for what is selected, and writes it as one short line', () => {
    const selectionText = ' A & B\nwith \u202ea very long tail that goes on and on and on and on and on '
    const { labels, press } = menu({ selectionText })
    expect(labels.slice(0, 2)).toEqual(['Copy', 'Quote'])
    expect(labels[2]).toMatch(/^Search “A && B with a very long tail[^\n\u202e]{0,40}…”$/u)
    expect(press('Quote')).toEqual(['quote'])
    expect(press(labels[2] ?? '')).toEqual(['search', selectionText.trim()])
    expect(menu({ selectionText }, false).labels).toEqual(['Copy'])
  })

  it('has one part for each thing under the pointer', () => {
    expect(menu({ linkURL: 'https://example.org', selectionText: 'x' }).labels).toEqual([
      'Open the link',
      'Copy the address',
      '-',
      'Copy',
      'Quote',
      'Search “x”',
    ])
  })
})
