import type { AttachmentInfo } from '../../shared/conversation'
import { chosenCount } from './comparison'
import { giveBack } from './drafts'
import { runningAnswer, useStore, withEntry, type QueuedMessage, type State } from './state'

/**
 * Lets a message wait for the answer that is being written on show; in a comparison, for all of them.
 *
 * @param isNext before those that wait already
 */
export function queueMessage(
  conversationId: string,
  text: string,
  attachments: readonly AttachmentInfo[],
  isNext: boolean,
): void {
  const state = useStore.getState()
  const isCompared = (chosenCount(state, conversationId) ?? 0) > 1
  const afterId = isCompared ? null : (runningAnswer(state, conversationId)?.id ?? null)
  addQueued(conversationId, { key: crypto.randomUUID(), text, attachments, afterId }, isNext)
}

/** @param isNext before those that wait already */
export function addQueued(conversationId: string, message: QueuedMessage, isNext: boolean): void {
  useStore.setState(({ queued }) => {
    const before = queued.get(conversationId) ?? []
    return { queued: withEntry(queued, conversationId, isNext ? [message, ...before] : [...before, message]) }
  })
}

/** Takes a waiting message out; null when it is not there any more. */
export function removeQueued(conversationId: string, key: string): QueuedMessage | null {
  const before = useStore.getState().queued.get(conversationId) ?? []
  const left = before.filter((message) => message.key !== key)
  useStore.setState(({ queued }) => ({
    queued: withEntry(queued, conversationId, left.length === 0 ? undefined : left),
  }))
  return before.find((message) => message.key === key) ?? null
}

/** Takes a waiting message back into the composer; without a key all of them, in their order. */
export function takeBackQueued(conversationId: string, key?: string): void {
  const messages = useStore.getState().queued.get(conversationId) ?? []
  const taken = messages.filter((message) => key === undefined || message.key === key)
  for (const { key: each } of taken) removeQueued(conversationId, each)
  if (taken.length === 0) return
  const text = taken.flatMap((message) => (message.text === '' ? [] : [message.text])).join('\n\n')
  giveBack(
    conversationId,
    text,
    taken.flatMap((message) => message.attachments),
  )
}

/** Waiting messages follow the answer that is asked in the place of the one they wait for, or after it. */
export function withFollowers(
  queued: State['queued'],
  conversationId: string,
  answerId: string,
  isFollowed: (afterId: string) => boolean,
): State['queued'] {
  const waiting = queued.get(conversationId)?.map((message) => ({
    ...message,
    afterId: message.afterId !== null && isFollowed(message.afterId) ? answerId : message.afterId,
  }))
  return waiting === undefined ? queued : withEntry(queued, conversationId, waiting)
}
