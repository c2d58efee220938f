import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { titleFrom, type AssistantMessage, type Conversation, type Message } from '../../src/shared/conversation'
import { writeConversation } from '../../src/main/library/schema'

/**
 * A large library, the same for the same numbers: half of it in English, half in Russian, with code, with variants of
 * answers, and with one word in each conversation that is nowhere else (`rareWord`).
 */
export interface GeneratedSize {
  conversations: number
  /** In each, questions and answers together. */
  messages: number
}

/** The library of the issue: 200,000 messages, about 200 MB. */
export const LARGE: GeneratedSize = { conversations: 10_000, messages: 20 }

/** To be raised with every change of what is generated, so that no older one is taken for it. */
const GENERATION = 1
const STARTED_MS = Date.UTC(2024, 0, 1)
const WRITTEN_AT_ONCE = 32

/**
 * The folder of a generated library (`conversations/`, no index), made when it is not there yet. It is shared and kept:
 * who changes it works on a copy.
 */
export async function generatedLibrary(size: GeneratedSize = LARGE): Promise<string> {
  const root = join(tmpdir(), `parley-generated-${GENERATION}-${size.conversations}-${size.messages}`)
  const mark = join(root, 'complete')
  const isComplete = await readFile(mark).then(
    () => true,
    () => false,
  )
  if (isComplete) return root
  await rm(root, { recursive: true, force: true, maxRetries: 5 })
  await writeGenerated(root, size)
  await writeFile(mark, '')
  return root
}

/** Writes the conversations of a generated library below `root`. */
export async function writeGenerated(root: string, { conversations, messages }: GeneratedSize): Promise<void> {
  await mkdir(join(root, 'conversations'), { recursive: true })
  const numbers = Array.from({ length: conversations }, (_, number) => number).values()
  const worker = async (): Promise<void> => {
    for (const number of numbers) {
      const conversation = generatedConversation(number, messages)
      await writeFile(join(root, 'conversations', `${conversation.id}.json`), writeConversation(conversation))
    }
  }
  await Promise.all(Array.from({ length: WRITTEN_AT_ONCE }, worker))
}

/** The id of a generated conversation. */
export function generatedId(number: number): string {
  return `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`
}

/** A word that only this conversation has, in its first answer. */
export function rareWord(number: number): string {
  return `quux${number.toString(36)}zz`
}

/** One conversation of a generated library. Pure. */
export function generatedConversation(number: number, messageCount: number): Conversation {
  const random = randomOf(number + 1)
  const words = number % 2 === 0 ? ENGLISH : RUSSIAN
  const say = (length: number): string => sentences(words, length, random)
  const createdAt = STARTED_MS + number * 3_600_000
  const messages: Message[] = []
  let parentId: string | null = null
  for (let at = 0; at < messageCount; at += 1) {
    const id = `${generatedId(number).slice(0, 9)}${String(at).padStart(4, '0')}${generatedId(number).slice(13)}`
    const times = { id, parentId, createdAt: createdAt + at * 20_000 }
    if (at % 2 === 0) {
      messages.push({ role: 'user', ...times, text: say(8 + Math.floor(random() * 20)), attachments: [] })
    } else {
      const code = random() < 0.2 ? `\n\n\`\`\`ts\nconst ${words[at % words.length]} = ${at}\n\`\`\`\n` : ''
      const rare = at === 1 ? ` ${rareWord(number)}` : ''
      messages.push(answerOf(times, `${say(60 + Math.floor(random() * 120))}${rare}${code}`))
    }
    parentId = id
  }
  const first = messages[0]
  return {
    version: 1,
    id: generatedId(number),
    title: titleFrom(first?.role === 'user' ? first.text : ''),
    titleSource: 'first-words',
    createdAt,
    updatedAt: createdAt + messageCount * 20_000,
    origin: 'window',
    isPinned: number % 500 === 0,
    isUnread: number % 97 === 0,
    backendId: 'guide',
    provider: null,
    model: null,
    headId: parentId,
    messages,
  }
}

function answerOf(times: Pick<AssistantMessage, 'id' | 'parentId' | 'createdAt'>, text: string): AssistantMessage {
  return {
    role: 'assistant',
    ...times,
    generationId: times.id,
    backendId: 'guide',
    requested: { provider: null, model: null },
    state: 'complete',
    error: null,
    status: { phase: 'writing' },
    provider: { name: 'Guide', label: null, model: 'small', url: null },
    content: [{ type: 'text', text }],
    preview: null,
    reasoning: null,
    attempts: [],
    notices: [],
    toolCalls: [],
    suggestions: [],
    synthesize: null,
    usage: { promptTokens: 20, completionTokens: 100, reasoningTokens: null, totalTokens: 120 },
    finishReason: 'stop',
    sessions: null,
    timing: { firstTextMs: 200, lastMs: 4000 },
    oddities: { unknown: {}, malformed: 0 },
  }
}

function sentences(words: readonly string[], count: number, random: () => number): string {
  const said: string[] = []
  for (let at = 0; at < count; at += 1) {
    // Squared: a few words are frequent and most are not, as in real texts.
    const word = words[Math.floor(random() ** 2 * words.length)] ?? ''
    const isFirst = at % 12 === 0
    const end = at % 12 === 11 || at === count - 1 ? '.' : ''
    said.push(`${isFirst ? word.charAt(0).toUpperCase() + word.slice(1) : word}${end}`)
  }
  return said.join(' ')
}

/** mulberry32: numbers from 0 to 1 that are the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

// Stems with endings, so that there are thousands of words with forms, which a search must find by one another.
const ENGLISH = combine(
  'answer ask boat book bring build call carry change city climb cloud code cook count cover cross dance draw dream drive engine farm field file find fish flight forest form garden gather glass green ground harbour help hold house idea island journal keep kitchen lake learn letter light line listen machine map mark measure meet message model morning mountain move music name network night number open order paint paper park path place plan plant play point print project question rain read record river road room sail salt school search season seed send server shape share shop signal sing sleep snow song sound speak spring stand station stone storm story stream street summer table talk teach test think time tool town track train travel tree turn village visit voice wait walk wash watch water weather wheel wind window winter wood word work world write year'.split(
    ' ',
  ),
  ['', 's', 'ed', 'ing', 'er', 'ers'],
)

const RUSSIAN = combine(
  'вод город дом доп друг дум журнал зад зим игр имен карт книг код лес лет лист мест мир модел мысл номер облак ответ парк пес письм пол помощ порт поход проект пут работ рассказ рек рису рол сад сам свет север сел сервер слов смотр снег совет стол стран строк текст труд урок файл форм хлеб цвет час черт числ школ язык'.split(
    ' ',
  ),
  ['', 'а', 'ы', 'у', 'ом', 'ами', 'ах', 'ный', 'ного'],
)

function combine(stems: readonly string[], endings: readonly string[]): string[] {
  return endings.flatMap((ending) => stems.map((stem) => `${stem}${ending}`))
}
