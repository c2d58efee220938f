import { titleFrom } from '../shared/conversation'
import { renderPlainText } from '../shared/markdown/plain-text'

/** What can only be Markdown. A lone star or underline is left: `2*3*4` is no emphasis to whoever wrote it. */
const MARKS = /```|`[^`\n]+`|\*\*|__|\]\(|^\s{0,3}(?:#{1,6}|>|[-*+]|\d+[.)])\s/mu
/** So much of a text is read for a title of 60 characters. */
const READ_CHARACTERS = 2000

/** The title that a text gives: its first words, as a person would read them, without the signs of Markdown. */
export function titleOf(text: string): string {
  const start = text.slice(0, READ_CHARACTERS)
  if (!MARKS.test(start)) return titleFrom(start)
  const plain = titleFrom(renderPlainText(start))
  return plain === '' ? titleFrom(start) : plain
}
