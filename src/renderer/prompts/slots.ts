import { isEmptySlot, type Slot } from '../../shared/prompts'

/**
 * Slots after their text was edited. What is typed at the end of a slot belongs to it; a slot that was cut away whole,
 * with more around it, is none any more.
 *
 * @param caret where the caret stands after the edit: it tells which of two equal letters is the new one
 */
export function moveSlots(slots: readonly Slot[], before: string, after: string, caret: number): Slot[] {
  const { from, to, length } = editOf(before, after, caret)
  const shift = length - (to - from)
  return slots.flatMap((slot): Slot[] => {
    const isInserted = from === to
    const isInside = from >= slot.from && to <= slot.to && !(isInserted && to === slot.from && slot.to > slot.from)
    if (isInside) return [{ ...slot, to: slot.to + shift }]
    if (to <= slot.from) return [{ ...slot, from: slot.from + shift, to: slot.to + shift }]
    if (from >= slot.to) return [slot]
    if (from <= slot.from && to >= slot.to) return []
    return from < slot.from ? [{ ...slot, from: from + length, to: slot.to + shift }] : [{ ...slot, to: from }]
  })
}

/** What an edit has done: `from` to `to` of the old text became `length` units of the new one. */
function editOf(before: string, after: string, caret: number): { from: number; to: number; length: number } {
  const most = Math.min(before.length, after.length)
  let end = 0
  const mostEnd = Math.min(most, after.length - Math.min(caret, after.length))
  while (end < mostEnd && before.at(-1 - end) === after.at(-1 - end)) end += 1
  let start = 0
  while (start < most - end && before[start] === after[start]) start += 1
  return { from: start, to: before.length - end, length: after.length - end - start }
}

/** The slot in which the caret, or all that is selected, stands; -1 for none. */
export function slotAt(slots: readonly Slot[], start: number, end: number): number {
  return slots.findIndex(({ from, to }) => start >= from && end <= to)
}

/** Where Tab goes from a slot, or from outside: to the next one asked for, outside to the first that is empty; null leaves. */
export function nextSlot(slots: readonly Slot[], present: number, step: 1 | -1, text: string): Slot | null {
  if (present >= 0) return slots[present + step] ?? null
  return slots.find((slot) => isEmptySlot(slot, text)) ?? (step === 1 ? null : (slots.at(-1) ?? null))
}

/** What a line that begins with a slash asks for. */
export interface SlashWord {
  from: number
  to: number
  query: string
}

/** The word after a slash at the start of the line, while the caret stands at its end. */
export function slashWordAt(text: string, caret: number): SlashWord | null {
  const from = text.lastIndexOf('\n', caret - 1) + 1
  const word = text.slice(from, caret)
  if (!/^\/[^\s/]{0,40}$/u.test(word) || !/^(?:\s|$)/u.test(text.slice(caret, caret + 1))) return null
  return { from, to: caret, query: word.slice(1) }
}
