import { createContext, useState } from 'react'
import type { AssistantMessage } from '../../shared/conversation'

/** The answers whose text is drawn, so that a picture in it can be loaded and kept with its own. */
export interface ShownAnswers {
  conversationId: string
  messages: readonly AssistantMessage[]
}

/** Null where nothing can be loaded, such as in a replay. Apart from the reader of markdown, which is heavy. */
export const ShownAnswersContext = createContext<ShownAnswers | null>(null)

/**
 * The answers for the context: the same object until a picture comes or another answer is joined to them. Each word of
 * a running answer makes a new message, and would draw every picture in it again.
 */
export function useShownAnswers(conversationId: string, messages: readonly AssistantMessage[]): ShownAnswers {
  const [shown, setShown] = useState<ShownAnswers>({ conversationId, messages })
  const now = { conversationId, messages }
  if (areSameAnswers(shown, now) && haveSamePictures(shown, now)) return shown
  setShown(now)
  return now
}

/** Whether they are the same answers, whatever has come to them since. */
export function areSameAnswers(one: ShownAnswers, other: ShownAnswers): boolean {
  return (
    one.conversationId === other.conversationId &&
    one.messages.length === other.messages.length &&
    one.messages.every(({ id }, index) => id === other.messages[index]?.id)
  )
}

function haveSamePictures(one: ShownAnswers, other: ShownAnswers): boolean {
  return one.messages.every(({ pictures }, index) => pictures === other.messages[index]?.pictures)
}
