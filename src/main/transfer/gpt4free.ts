import type { AnswerContent, AssistantMessage, Conversation, Message, ProviderInfo } from '../../shared/conversation'
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
import { pictureContent, type FoundPictures, type PicturePointer } from './pictures'

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
 * @param pictures those of `gpt4freePictures` that were found
 * @throws AppFailure `bad-archive`, as importChatGpt
 */
export function importGpt4free(
  key: string,
  value: unknown,
  target: ImportTarget,
  pictures: FoundPictures = new Map(),
): Conversation {
  const source = recordOf(value)
  const items = listOf(source.items)
  if (items.length > MAX_MESSAGES) throw failure({ code: 'bad-archive', reason: 'too-large' })
  // A conversation that got a title got another id as well, and keeps the first one as `backup`.
  const sourceId = nameOf(source.backup, 1000) ?? nameOf(source.id, 1000) ?? key.slice('conversation:'.length)
  const id = idFrom('gpt4free', sourceId)
  const createdAt = dateOf(source.added) ?? dateOf(source.updated) ?? 0
  const messages = readItems(items, { conversationId: id, createdAt, pictures })
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

/** The pictures that a conversation points to: those in its answers lie with the server that gave them. */
export function gpt4freePictures(value: unknown): PicturePointer[] {
  return listOf(recordOf(value).items).flatMap((each) => {
    const { role, content } = recordOf(each)
    const pieces = piecesOf(content)
    const split =
      role === 'assistant' ? pieces.flatMap((piece) => ('text' in piece ? splitAnswer(piece.text) : [piece])) : pieces
    return split.flatMap((piece) => ('pointer' in piece ? [piece] : []))
  })
}

interface ItemsOf {
  conversationId: string
  createdAt: number
  pictures: FoundPictures
}

function readItems(items: readonly unknown[], { conversationId, createdAt, pictures }: ItemsOf): Message[] {
  const messages: Message[] = []
  let questionId: string | null = null
  for (const [index, value] of items.entries()) {
    const item = recordOf(value)
    const id = idFrom(conversationId, String(index))
    const last = messages.at(-1)
    if (item.role === 'user') {
      const pieces = piecesOf(item.content)
      const attachments = pieces.flatMap((piece) => ('pointer' in piece ? (pictures.get(piece.pointer) ?? []) : []))
      const text = textIn(pieces.filter((piece) => !('pointer' in piece) || !pictures.has(piece.pointer)))
      if (text.trim() === '' && attachments.length === 0) continue
      messages.push(importedQuestion({ id, parentId: last?.id ?? null, createdAt, text, attachments }))
      questionId = id
    } else if (item.role === 'assistant') {
      const answer = readAnswer(item, { id, parentId: questionId, createdAt }, pictures)
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
  pictures: FoundPictures,
): AssistantMessage | null {
  const content = piecesOf(item.content)
    .flatMap((piece) => ('pointer' in piece ? [piece] : splitAnswer(piece.text)))
    .flatMap((piece): AnswerContent[] => {
      if ('pointer' in piece) return [pictureContent(pictures.get(piece.pointer), piece.name ?? '')]
      return piece.text.trim() === '' ? [] : [{ type: 'text', text: piece.text }]
    })
  const reasoning = textOf(recordOf(item.reasoning).text)
  if (content.length === 0 && reasoning.trim() === '') return null
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
  const [first, ...rest] = next.content
  const last = before.content.at(-1)
  const isText = first?.type === 'text' && last?.type === 'text'
  const content = isText
    ? [...before.content.slice(0, -1), { type: 'text' as const, text: last.text + first.text }, ...rest]
    : [...before.content, ...next.content]
  return { ...before, content, finishReason: next.finishReason }
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

type Piece = { text: string } | PicturePointer

/** A text, or a list of texts, pictures and of files, which lie with the server and are only named. */
function piecesOf(content: unknown): Piece[] {
  if (typeof content === 'string') return [{ text: textOf(content) }]
  return listOf(content).flatMap((part): Piece[] => {
    if (typeof part === 'string') return [{ text: textOf(part) }]
    const { text, name, bucket_id: bucket, image_url: image } = recordOf(part)
    if (typeof text === 'string') return [{ text: textOf(text) }]
    const file = nameOf(name)
    const url = typeof image === 'string' ? image : recordOf(image).url
    if (image !== undefined) return [{ pointer: typeof url === 'string' ? url : '', name: file }]
    if (file !== null && /\.(?:png|jpe?g|gif|webp|avif)$/iu.test(file)) return [{ pointer: '', name: file }]
    return file === null && bucket === undefined ? [] : [{ text: `[${file ?? 'file'}]` }]
  })
}

/** A picture has its name in the text. */
function textIn(pieces: readonly Piece[]): string {
  return pieces
    .map((piece) => ('pointer' in piece ? `[${piece.name ?? 'image'}]` : piece.text))
    .filter((text) => text !== '')
    .join('\n\n')
}

/** Pictures that are data or lie with the server, alone or as a link to themselves. Others of the web stay in the text. */
const FENCE_OR_PICTURE =
  /^ {0,3}(?:```|~~~)|\[?!\[([^\]\n]{0,500})\]\((data:image\/[^)\s]+|\/(?:media|images)\/[^)\s]{1,2000})\)(?:\]\([^)\s]*\))?/gmu

/** The text of an answer, and between it the pictures that markdown cannot show here. What is in a block of code stays. */
function splitAnswer(text: string): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  let isCode = false
  // Both in one walk: looking back from each picture would take for ever in a long text.
  for (const { 0: whole, 1: alt = '', 2: pointer, index } of text.matchAll(FENCE_OR_PICTURE)) {
    if (pointer === undefined) isCode = !isCode
    if (pointer === undefined || isCode) continue
    pieces.push({ text: text.slice(from, index) }, { pointer, name: nameOf(alt) })
    from = index + whole.length
  }
  return [...pieces, { text: text.slice(from) }]
}
