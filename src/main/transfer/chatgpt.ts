import type { AnswerContent, AttachmentInfo, Conversation, Message } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import {
  dateOf,
  fenced,
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

/**
 * One element of ChatGPT's `conversations.json`: `mapping` holds nodes by id, each with its `parent` and a `message` or none,
 * `current_node` is the end of the path on show, times are seconds. There, one answer is a chain of messages: calls of
 * tools, what tools say, thoughts, words. Here it is one answer, so each chain from a question to the next one, or to an
 * end, becomes an answer of its own. Pure: the same element makes the same conversation, ids included.
 *
 * @param value what JSON.parse made of the element
 * @param pictures those of `chatGptPictures` that were found
 * @throws AppFailure `bad-archive`, `format` for what is no conversation, `too-large` for more than anybody has written
 */
export function importChatGpt(value: unknown, target: ImportTarget, pictures: FoundPictures = new Map()): Conversation {
  const source = recordOf(value)
  const nodes = readNodes(source.mapping, pictures)
  const sourceId = nameOf(source.conversation_id) ?? nameOf(source.id)
  if (nodes.size === 0 || sourceId === null) throw failure({ code: 'bad-archive', reason: 'format' })
  const id = idFrom('chatgpt', sourceId)
  const createdAt = dateOf(source.create_time) ?? 0
  const current = typeof source.current_node === 'string' ? source.current_node : null
  const { messages, headId } = readTree(nodes, current, { conversationId: id, createdAt })
  if (messages.length === 0) throw failure({ code: 'bad-archive', reason: 'format' })
  const last = messages.reduce((latest, message) => Math.max(latest, message.createdAt), createdAt)
  return importedConversation(
    {
      id,
      title: source.title,
      createdAt: createdAt === 0 ? (messages[0]?.createdAt ?? 0) : createdAt,
      updatedAt: dateOf(source.update_time) ?? last,
      isPinned: source.is_starred === true,
      headId,
      messages,
    },
    target,
  )
}

/** The pictures that a conversation points to, in the order of its nodes. */
export function chatGptPictures(value: unknown): PicturePointer[] {
  return Object.values(recordOf(recordOf(value).mapping)).flatMap((node) => {
    const { content, metadata } = recordOf(recordOf(node).message)
    const files = listOf(recordOf(metadata).attachments).map(recordOf)
    return listOf(recordOf(content).parts).flatMap((part) => {
      const pointer = pointerOf(part)
      if (pointer === null) return []
      const file = files.find(({ id }) => typeof id === 'string' && id !== '' && pointer.includes(id))
      return [{ pointer, name: nameOf(file?.name) }]
    })
  })
}

/** Null for what is no picture. One that points nowhere is still one. */
function pointerOf(part: unknown): string | null {
  const { content_type: type, asset_pointer: pointer } = recordOf(part)
  return type === 'image_asset_pointer' ? (typeof pointer === 'string' ? pointer.slice(0, 1000) : '') : null
}

interface Node {
  parentId: string | null
  children: string[]
  role: 'user' | 'answer' | 'hidden'
  createdAt: number | null
  model: string | null
  content: AnswerContent[]
  /** Those of `content` that are in the file. */
  pictures: AttachmentInfo[]
  reasoning: string
}

/** In the order of the file. A Map: a node may be called `__proto__`. */
function readNodes(mapping: unknown, pictures: FoundPictures): Map<string, Node> {
  const entries = Object.entries(recordOf(mapping))
  if (entries.length > MAX_MESSAGES) throw failure({ code: 'bad-archive', reason: 'too-large' })
  const nodes = new Map<string, Node>()
  for (const [id, value] of entries) nodes.set(id, readNode(recordOf(value), pictures))
  for (const [id, { parentId }] of nodes) if (parentId !== null) nodes.get(parentId)?.children.push(id)
  return nodes
}

function readNode(node: Readonly<Record<string, unknown>>, pictures: FoundPictures): Node {
  const message = recordOf(node.message)
  const metadata = recordOf(message.metadata)
  const author = recordOf(message.author).role
  const { content, pictures: shown, reasoning } = readContent(recordOf(message.content), pictures)
  const isShown = metadata.is_visually_hidden_from_conversation !== true && (content.length > 0 || reasoning !== '')
  const role = author === 'user' ? 'user' : author === 'assistant' || author === 'tool' ? 'answer' : 'hidden'
  return {
    parentId: typeof node.parent === 'string' ? node.parent : null,
    children: [],
    role: isShown ? role : 'hidden',
    createdAt: dateOf(message.create_time),
    model: nameOf(metadata.model_slug),
    content,
    pictures: shown,
    reasoning,
  }
}

type NodeContent = Pick<Node, 'content' | 'pictures' | 'reasoning'>

function readContent(content: Readonly<Record<string, unknown>>, pictures: FoundPictures): NodeContent {
  const words = (text: string): NodeContent => ({
    content: text.trim() === '' ? [] : [{ type: 'text', text }],
    pictures: [],
    reasoning: '',
  })
  switch (content.content_type) {
    case 'text':
    case 'multimodal_text': {
      const parts = listOf(content.parts)
      const shown = parts.flatMap((part) => pictures.get(pointerOf(part) ?? '') ?? [])
      return { content: parts.flatMap((part) => readPart(part, pictures)), pictures: shown, reasoning: '' }
    }
    case 'code':
    case 'execution_output': {
      const code = textOf(content.text)
      return words(code.trim() === '' ? '' : fenced(nameOf(content.language) ?? '', code))
    }
    case 'thoughts': {
      const thoughts = listOf(content.thoughts).map((thought) => {
        const { summary, content: text } = recordOf(thought)
        return [textOf(summary), textOf(text)].filter((part) => part !== '').join('\n\n')
      })
      return { content: [], pictures: [], reasoning: thoughts.filter((thought) => thought !== '').join('\n\n') }
    }
    case 'tether_quote':
      return words([textOf(content.title), textOf(content.text)].filter((part) => part !== '').join('\n\n'))
    case 'system_error':
      return words(textOf(content.text))
    default:
      // Recaps, what was browsed, instructions of the person: nothing that was said in the conversation.
      return { content: [], pictures: [], reasoning: '' }
  }
}

function readPart(part: unknown, pictures: FoundPictures): AnswerContent[] {
  if (typeof part === 'string') return part.trim() === '' ? [] : [{ type: 'text', text: textOf(part) }]
  const { text } = recordOf(part)
  if (typeof text === 'string' && text.trim() !== '') return [{ type: 'text', text: textOf(text) }]
  const pointer = pointerOf(part)
  return pointer === null ? [] : [pictureContent(pictures.get(pointer), '')]
}

/** The answer so far, as its nodes from the last to the first. */
interface Chain {
  node: Node
  before: Chain | null
  length: number
  /** The message that was made of it; null while none was. */
  messageId: string | null
}

interface Step {
  nodeId: string
  /** The question that is being answered, as a message of ours. */
  questionId: string | null
  chain: Chain | null
}

/** Of all answers of a conversation together: chains that share their beginning could grow without end. */
const MAX_LINKS = 4 * MAX_MESSAGES

function readTree(
  nodes: ReadonlyMap<string, Node>,
  current: string | null,
  { conversationId, createdAt }: { conversationId: string; createdAt: number },
): { messages: Message[]; headId: string | null } {
  const messages: Message[] = []
  let headId: string | null = null
  let links = 0
  // Whoever has no parent in the file begins a tree; rings have no beginning and are never reached.
  const steps: Step[] = []
  for (const [nodeId, { parentId }] of nodes) {
    if (parentId === null || !nodes.has(parentId)) steps.push({ nodeId, questionId: null, chain: null })
  }
  steps.reverse()
  for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
    const { nodeId } = step
    const node = nodes.get(nodeId)
    if (node === undefined) continue
    let { questionId, chain } = step
    if (node.role === 'user') {
      const id = idFrom(conversationId, nodeId)
      // A picture that is here hangs on the question; one that is not is named in it.
      const text = node.content
        .flatMap((item) => (item.type === 'text' ? item.text : item.files === undefined ? '[image]' : []))
        .join('\n\n')
      const parentId = chain?.messageId ?? questionId
      messages.push(
        importedQuestion({ id, parentId, createdAt: node.createdAt ?? createdAt, text, attachments: node.pictures }),
      )
      questionId = id
      chain = null
    } else if (node.role === 'answer') {
      chain = { node, before: chain, length: (chain?.length ?? 0) + 1, messageId: null }
    }
    const isAsked = node.children.some((childId) => nodes.get(childId)?.role === 'user')
    const isEnd = node.children.length === 0 || isAsked || nodeId === current
    if (chain?.messageId === null && isEnd) {
      links += chain.length
      if (links > MAX_LINKS) throw failure({ code: 'bad-archive', reason: 'too-large' })
      chain.messageId = idFrom(conversationId, nodeId, 'answer')
      messages.push(answerFrom(chain, { id: chain.messageId, parentId: questionId, createdAt }))
    }
    if (nodeId === current) headId = chain?.messageId ?? questionId
    for (const childId of node.children.toReversed()) steps.push({ nodeId: childId, questionId, chain })
  }
  return { messages, headId: headId ?? messages.at(-1)?.id ?? null }
}

function answerFrom(
  chain: Chain,
  made: { id: string; parentId: string | null; createdAt: number },
): ReturnType<typeof importedAnswer> {
  const nodes: Node[] = []
  for (let link: Chain | null = chain; link !== null; link = link.before) nodes.push(link.node)
  nodes.reverse()
  const model = nodes.findLast((node) => node.model !== null)?.model ?? null
  return importedAnswer({
    ...made,
    createdAt: nodes.find((node) => node.createdAt !== null)?.createdAt ?? made.createdAt,
    backendId: 'chatgpt',
    provider: { name: 'ChatGPT', label: null, model, url: null },
    content: joinTexts(nodes.flatMap((node) => node.content)),
    reasoning: nodes
      .map((node) => node.reasoning)
      .filter((text) => text !== '')
      .join('\n\n'),
  })
}

/** Texts that follow each other as one, so that markdown is read across them. */
function joinTexts(content: readonly AnswerContent[]): AnswerContent[] {
  const joined: AnswerContent[] = []
  for (const item of content) {
    const last = joined.at(-1)
    if (item.type === 'text' && last?.type === 'text')
      joined[joined.length - 1] = { type: 'text', text: `${last.text}\n\n${item.text}` }
    else joined.push(item)
  }
  return joined
}
