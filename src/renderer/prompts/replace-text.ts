/**
 * Puts a text in the place of another in a field, as if it were typed: Undo takes it back, and the field's listeners hear
 * of it.
 */
export function replaceText(field: HTMLTextAreaElement, from: number, to: number, text: string): void {
  field.focus()
  field.setSelectionRange(from, to)
  // There is no other way into the field's own history of edits. Where it is missing or refused, the words still come.
  const isDone =
    text !== '' && typeof document.execCommand === 'function' && document.execCommand('insertText', false, text)
  if (isDone) return
  field.setRangeText(text, from, to, 'end')
  field.dispatchEvent(new Event('input', { bubbles: true }))
}
