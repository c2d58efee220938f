// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest'
import { spokenPieces } from '../../../src/renderer/chat/speech'
import { changeDraft } from '../../../src/renderer/store/drafts'
import { addQuote, quotesOf, removeQuote, textToSend } from '../../../src/renderer/store/quotes'
import { EMPTY_DRAFT, initialState, useStore, type Draft } from '../../../src/renderer/store/state'

const draft = (): Draft => useStore.getState().drafts.get('one') ?? EMPTY_DRAFT

beforeEach(() => useStore.setState(initialState(), true))

describe('quotes', () => {
  it('stand before the text, three at most, and go as Markdown', () => {
    expect(addQuote('one', 'A line.\r\n\r\nAnother one.\n')).toBe(true)
    expect(addQuote('one', 'Second')).toBe(true)
    expect(addQuote('one', '   ')).toBe(false)
    expect(addQuote('one', 'Third')).toBe(true)
    expect(addQuote('one', 'Fourth')).toBe(false)
    removeQuote('one', 1)
    changeDraft('one', (before) => ({ ...before, text: ' Why? ' }))
    expect(textToSend(draft())).toBe('> A line.\n>\n> Another one.\n\n> Third\n\nWhy?')
  })

  it('the same passage stands there once, and a draft without quotes has no field for them', () => {
    addQuote('one', 'Same')
    expect(addQuote('one', 'Same')).toBe(true)
    expect(quotesOf(draft())).toEqual(['Same'])
    removeQuote('one', 0)
    expect(useStore.getState().drafts.has('one')).toBe(false)
    expect(textToSend({ text: 'x', chips: [] })).toBe('x')
  })
})

describe('reading aloud', () => {
  it('goes sentence by sentence, a long one in pieces, and leaves out what has no word', () => {
    expect(spokenPieces('One. Two!\n\n***\nThree')).toEqual(['One.', 'Two!', 'Three'])
    const pieces = spokenPieces('word '.repeat(300))
    expect(pieces.length).toBeGreaterThan(5)
    expect(pieces.every((piece) => piece.length <= 240)).toBe(true)
    expect(pieces.join(' ').split(' ')).toHaveLength(300)
    expect(spokenPieces('x'.repeat(1000)).join('')).toHaveLength(1000)
  })
})
