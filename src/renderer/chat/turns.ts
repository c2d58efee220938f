import {
  answerText,
  pathOf,
  type AnswerContent,
  type AssistantMessage,
  type Conversation,
  type UserMessage,
} from '../../shared/conversation'

/** What stands in the thread: a question, or an answer with the cut answers that it continues before it. */
export type Turn =
  | { kind: 'question'; key: string; message: UserMessage }
  | { kind: 'answer'; key: string; messages: readonly [AssistantMessage, ...AssistantMessage[]] }

/** The path on show as turns. An answer and its continuations are one turn, because they are one text. */
export function turnsOf(conversation: Pick<Conversation, 'headId' | 'messages'>): Turn[] {
  const turns: Turn[] = []
  for (const message of pathOf(conversation)) {
    const last = turns.at(-1)
    if (message.role === 'user') turns.push({ kind: 'question', key: message.id, message })
    else if (last?.kind === 'answer') last.messages = [...last.messages, message]
    else turns.push({ kind: 'answer', key: message.id, messages: [message] })
  }
  return turns
}

/** The answer that a turn stands at: the last of its continuations. */
export function lastOf(messages: readonly [AssistantMessage, ...AssistantMessage[]]): AssistantMessage {
  return messages.at(-1) ?? messages[0]
}

/** All content of a turn, texts that follow one another joined. */
export function contentOf(messages: readonly AssistantMessage[]): AnswerContent[] {
  const all = messages.flatMap(({ content }) => content)
  const joined: AnswerContent[] = []
  for (const item of all) {
    const last = joined.at(-1)
    if (item.type === 'text' && last?.type === 'text')
      joined[joined.length - 1] = { type: 'text', text: last.text + item.text }
    else joined.push(item)
  }
  return joined
}

/** The answer of a turn that a piece of its content came in. */
export function ownerOf(
  item: AnswerContent,
  messages: readonly [AssistantMessage, ...AssistantMessage[]],
): AssistantMessage {
  return messages.find(({ content }) => content.includes(item)) ?? lastOf(messages)
}

/** The whole text of a turn as markdown. */
export function textOf(messages: readonly AssistantMessage[]): string {
  return messages.map(answerText).join('')
}

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'’_-]*/gu

/** How many words a text has; marks of markdown are none. */
export function countWords(text: string): number {
  return text.match(WORD)?.length ?? 0
}

const LINE_PX = 26
const LINE_LENGTH = 85
/** Of a turn beside its text: the gap above it, the bubble of a question, the line of who answered. */
const BESIDE_TEXT_PX = 60
/** One very long answer among short ones says nothing about the others. */
const MOST_PX = 480

/** How high the turns of a conversation are on average, in pixels, by the length of their texts in the widest column. */
export function guessedHeight(turns: readonly Turn[]): number {
  if (turns.length === 0) return MOST_PX
  const heights = turns.map((turn) => {
    const length = turn.kind === 'question' ? turn.message.text.length : textOf(turn.messages).length
    return Math.min(MOST_PX, BESIDE_TEXT_PX + LINE_PX * Math.ceil(length / LINE_LENGTH))
  })
  return Math.round(heights.reduce((sum, height) => sum + height, 0) / heights.length)
}
