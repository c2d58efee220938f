import { latestEnd, entranceOf, variantsOf } from '../../shared/variants'
import { loadThread } from './conversations'
import { conversationOf, useStore, withEntry } from './state'

/** The head that the last step has put on show: a path that somebody looks at, not one on which something was asked. */
let steppedTo: string | null = null
let steps = 0

/** Whether this head is on show because somebody went to another version. */
export function isSteppedTo(headId: string | null): boolean {
  return headId !== null && headId === steppedTo
}

/**
 * Puts the version before or after this one on show, at once; main remembers it. The id under which it is shown, or null
 * where there is none in that direction.
 *
 * @param messageId of the version on show, as `variantsOf` takes it
 */
export function stepVariant(conversationId: string, messageId: string, step: -1 | 1): string | null {
  const messages = conversationOf(useStore.getState(), conversationId)?.messages ?? []
  const variants = variantsOf(messages, messageId)
  const wanted = variants[variants.indexOf(messageId) + step]
  if (wanted === undefined || !variants.includes(messageId)) return null
  void showPath(conversationId, entranceOf(messages, wanted))
  return wanted
}

/**
 * Shows the latest path through a message here, and has main remember it.
 *
 * @param isKept whoever has answered there answers from now on
 */
export async function showPath(conversationId: string, messageId: string, isKept = false): Promise<void> {
  const conversation = conversationOf(useStore.getState(), conversationId)
  const headId = conversation === null ? null : latestEnd(conversation.messages, messageId)
  if (conversation === null || headId === null) return
  steps += 1
  const step = steps
  steppedTo = headId
  // At once, and without taking main's copy: the words of a running answer go on arriving for the one that is here.
  useStore.setState(({ threads }) => ({
    threads: withEntry(threads, conversationId, { status: 'ready', conversation: { ...conversation, headId } }),
  }))
  const result = await window.parley.request['conversation.showMessage']({
    conversationId,
    messageId,
    ...(isKept && { isKept }),
  })
  // Another window has asked or deleted meanwhile: what main has is what there is.
  if (step === steps && (!result.ok || result.value.conversation.headId !== headId)) await loadThread(conversationId)
}
