import { create } from 'zustand'
import { pathOf } from '../../shared/conversation'
import { chipOf, conversationOf, isReadOnly, useStore, withEntry, type Chip } from '../store/state'

/** A question that is being written anew; what it was stays as it is. */
export interface Edit {
  messageId: string
  text: string
  chips: readonly Chip[]
}

interface EditState {
  /** By conversation: who looks at another chat meanwhile finds the words again. */
  edits: ReadonlyMap<string, Edit>
  /** Grows when the field shall have the focus. */
  focusRequests: number
  /** Files that hang over the window and would land in the field. */
  incoming: number
}

export const useEdits = create<EditState>()(() => ({ edits: new Map(), focusRequests: 0, incoming: 0 }))

/** Makes a field of a question, with its attachments. False when there is no such question. */
export function startEditing(conversationId: string, messageId: string): boolean {
  const conversation = conversationOf(useStore.getState(), conversationId)
  const message = conversation?.messages.find(({ id }) => id === messageId)
  if (message?.role !== 'user' || isReadOnly(useStore.getState(), conversationId)) return false
  const edit = { messageId, text: message.text, chips: message.attachments.map(chipOf) }
  useEdits.setState(({ edits, focusRequests }) => ({
    // One that is open already keeps what was typed.
    edits: edits.get(conversationId)?.messageId === messageId ? edits : withEntry(edits, conversationId, edit),
    focusRequests: focusRequests + 1,
  }))
  return true
}

/** The same for the last question on show. */
export function editLastQuestion(conversationId: string): boolean {
  const conversation = conversationOf(useStore.getState(), conversationId)
  const last = conversation === null ? undefined : pathOf(conversation).findLast(({ role }) => role === 'user')
  return last !== undefined && startEditing(conversationId, last.id)
}

export function changeEdit(conversationId: string, change: (edit: Edit) => Edit): void {
  useEdits.setState(({ edits }) => {
    const edit = edits.get(conversationId)
    return edit === undefined ? {} : { edits: withEntry(edits, conversationId, change(edit)) }
  })
}

/** The question stands there again as it was. */
export function endEditing(conversationId: string): void {
  useEdits.setState(({ edits }) => ({ edits: withEntry(edits, conversationId, undefined) }))
}

/** Puts an edit back that could not be sent, unless another one has been begun. */
export function giveBackEdit(conversationId: string, edit: Edit): void {
  useEdits.setState(({ edits }) => (edits.has(conversationId) ? {} : { edits: withEntry(edits, conversationId, edit) }))
}
