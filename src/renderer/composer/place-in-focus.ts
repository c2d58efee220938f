import { useEdits } from '../chat/edit-state'
import type { Place } from '../store/chips'

/** Marks the form of a question that is written anew. */
export const EDIT_FORM = 'data-edit'

/** Where files go that are dropped or picked by key: into the question under edit while it has the focus, else the composer. */
export function placeInFocus(conversationId: string): Place {
  const isInEdit = document.activeElement?.closest(`[${EDIT_FORM}]`) instanceof HTMLElement
  return isInEdit && useEdits.getState().edits.has(conversationId) ? { editIn: conversationId } : conversationId
}
