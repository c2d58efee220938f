import type { AnswerContent, AssistantMessage, Conversation, Message, ProviderInfo } from '../../shared/conversation'
import { answerText } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import {
  dateOf,
  idFrom,
  importedAnswer,
  importedConversation,
  importedQuestion,
  listOf,
  MAX_MESSAGES,
  nameOf,
  recordOf,
  textOf,
  type ImportTarget,
} from './imported'

/** Keys of the export's object that hold a conversation; `options` holds settings, and keys of services among them. */
export function isGpt4freeConversation(key: string): boolean {
  return key.startsWith('conversation:')
}

/** What tells the export from any other JSON object. */
export function isGpt4freeKey(key: string): boolean {
  return key === 'options' || isGpt4freeConversation(key)
}

/**
 * One conversation of the gpt4free web client's export: an object of conversations under `conversation:<id>`, each with
 * `items` in a row. An answer with `continue` goes on with the one before it, and an answer after an answer was made anew for the
 * same question. Pure: the same value makes the same conversation, ids included.
 *
 * @param value what JSON.parse made of the member
 * @throws AppFailure `bad-archive`, as importChatGpt
 */
export function importGpt4free(key: string, value: unknown, target: ImportTarget): Conversation {
  const source = recordOf(value)
  const items = listOf(source.items)
  if (items.length > MAX_MESSAGES) throw failure({ code: 'bad-archive', reason: 'too-large' })
  // A conversation that got a title got another id as well, and keeps the first one as `backup`.
  const sourceId = nameOf(source.backup, 1000) ?? nameOf(source.id, 1000) ?? key.slice('conversation:'.length)
  const id = idFrom('gpt4free', sourceId)
  const createdAt = dateOf(source.added) ?? dateOf(source.updated) ?? 0
  const messages = readItems(items, id, createdAt)
  if (messages.length === 0) throw failure({ code: 'bad-archive', reason: 'format' })
  return importedConversation(
    {
      id,
      title: nameOf(source.new_title, 2000) ?? source.title,
      createdAt,
      updatedAt: dateOf(source.updated) ?? createdAt,
      isPinned: source.star === true,
      headId: messages.at(-1)?.id ?? null,
      messages,
    },
    target,
  )
}

function readItems(items: readonly unknown[], conversationId: string, createdAt: number): Message[] {
  const messages: Message[] = []
  let questionId: string | null = null
  for (const [index, value] of items.entries()) {
    const item = recordOf(value)
    const id = idFrom(conversationId, String(index))
    const last = messages.at(-1)
    if (item.role === 'user') {
      const text = contentText(item.content)
      if (text.trim() === '') continue
      messages.push(importedQuestion({ id, parentId: last?.id ?? null, createdAt, text }))
      questionId = id
    } else if (item.role === 'assistant') {
      const answer = readAnswer(item, { id, parentId: questionId, createdAt })
      if (answer === null) continue
      if (item.continue === true && last?.role === 'assistant') messages[messages.length - 1] = goOn(last, answer)
      else messages.push(answer)
    }
  }
  return messages
}

function readAnswer(
  item: Readonly<Record<string, unknown>>,
  made: { id: string; parentId: string | null; createdAt: number },
): AssistantMessage | null {
  const text = contentText(item.content)
  const reasoning = textOf(recordOf(item.reasoning).text)
  if (text.trim() === '' && reasoning.trim() === '') return null
  const content: AnswerContent[] = text.trim() === '' ? [] : [{ type: 'text', text }]
  const answer = importedAnswer({
    ...made,
    backendId: 'gpt4free',
    provider: providerOf(item.provider),
    content,
    reasoning,
  })
  return { ...answer, finishReason: nameOf(recordOf(item.finish).reason) }
}

function goOn(before: AssistantMessage, next: AssistantMessage): AssistantMessage {
  const text = answerText(before) + answerText(next)
  return { ...before, content: [{ type: 'text', text }], finishReason: next.finishReason }
}

function providerOf(value: unknown): ProviderInfo | null {
  const { name: given, label, model, url } = recordOf(value)
  const name = nameOf(given)
  if (name === null) return null
  const address = nameOf(url, 2048)
  return {
    name,
    label: nameOf(label),
    model: nameOf(model),
    url: address?.startsWith('https://') === true ? address : null,
  }
}

/** A text, or a list of texts and of files, which lie with the server and are only named. */
function contentText(content: unknown): string {
  if (typeof content === 'string') return textOf(content)
  const parts = listOf(content).map((part) => {
    if (typeof part === 'string') return textOf(part)
    const { text, name, bucket_id: bucket, image_url: image } = recordOf(part)
    if (typeof text === 'string') return textOf(text)
    const file = nameOf(name) ?? (bucket === undefined && image === undefined ? null : 'image')
    return file === null ? '' : `[${file}]`
  })
  return parts.filter((part) => part !== '').join('\n\n')
}
