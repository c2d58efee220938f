import { createContext } from 'react'
import type { AssistantMessage } from '../../shared/conversation'

/** The answers whose text is drawn, so that a picture in it can be loaded and kept with its own. */
export interface ShownAnswers {
  conversationId: string
  messages: readonly AssistantMessage[]
}

/** Null where nothing can be loaded, such as in a replay. Apart from the reader of markdown, which is heavy. */
export const ShownAnswersContext = createContext<ShownAnswers | null>(null)
