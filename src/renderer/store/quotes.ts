import { changeDraft } from './drafts'
import { EMPTY_DRAFT, useStore, type Draft } from './state'

/** As many as stand above the text of a message. */
export const MAX_QUOTES = 3
/** One that is longer is cut: who wants to send more of an answer attaches it. */
const MAX_QUOTE_LENGTH = 20_000

/** Puts a passage above the text that is being written. False when there is nothing in it, or no room for it. */
export function addQuote(conversationId: string, passage: string): boolean {
  const text = passage
    .replace(/\r\n?/gu, '\n')
    .replace(/^\s*\n|\s+$/gu, '')
    .slice(0, MAX_QUOTE_LENGTH)
  const quotes = quotesOf(useStore.getState().drafts.get(conversationId) ?? EMPTY_DRAFT)
  if (text.trim() === '' || quotes.length >= MAX_QUOTES) return false
  if (!quotes.includes(text)) changeDraft(conversationId, (draft) => ({ ...draft, quotes: [...quotesOf(draft), text] }))
  return true
}

export function removeQuote(conversationId: string, index: number): void {
  changeDraft(conversationId, (draft) => withQuotes(draft, quotesOf(draft).toSpliced(index, 1)))
}

// One list for all: what shows it is not drawn again for another empty one.
const NONE: readonly string[] = []

/** What is quoted in a draft, in the order in which it is sent. */
export function quotesOf(draft: Draft): readonly string[] {
  return draft.quotes ?? NONE
}

/** A draft with these quotes; the field is not there when there are none. */
export function withQuotes({ quotes: _before, ...draft }: Draft, quotes: readonly string[]): Draft {
  return quotes.length === 0 ? draft : { ...draft, quotes }
}

/** The text of a draft as it is sent: its quotes as Markdown, then what was written. */
export function textToSend(draft: Draft): string {
  const quoted = quotesOf(draft).map((quote) => quote.split('\n').map(quotedLine).join('\n'))
  return [...quoted, draft.text.trim()].filter((part) => part !== '').join('\n\n')
}

function quotedLine(line: string): string {
  return line.trim() === '' ? '>' : `> ${line}`
}
