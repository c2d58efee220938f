import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import {
  answerText,
  fold,
  pathOf,
  type AssistantMessage,
  type Conversation,
  type Part,
} from '../../src/shared/conversation'
import { toAppError } from '../../src/shared/errors'
import { journalStart } from '../../src/main/library/journal'
import type { Library } from '../../src/main/library/library'
import { duplicateOf } from '../../src/main/library/tree'
import { conversationOf, newAnswer, userMessage } from './conversation-samples'

/** One thing that is done to a library. `of` chooses the conversation among those there are. */
export type Operation =
  | { kind: 'create' | 'createTemporary'; title: string }
  | { kind: 'ask'; of: number; words: string[] }
  | { kind: 'rename'; of: number; title: string }
  | {
      kind: 'pin' | 'trash' | 'restore' | 'deleteForGood' | 'duplicate' | 'show' | 'keep' | 'discard' | 'merge'
      of: number
    }
  | { kind: 'flush' }

const title = fc.constantFrom('a', 'b', 'Ъ', '🙂 c', '"quoted"', 'line\nbreak')
const of = fc.nat(5)

export const operations: fc.Arbitrary<Operation[]> = fc.array(
  // Answers most of all: most can be lost of them.
  fc.oneof(
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constantFrom('create' as const, 'createTemporary' as const), title }),
    },
    {
      weight: 4,
      arbitrary: fc.record({
        kind: fc.constant('ask' as const),
        of,
        words: fc.array(fc.constantFrom('one ', 'два ', '🙂 ', '\n'), { minLength: 1, maxLength: 6 }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('rename' as const), of, title }) },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constantFrom(
          'pin' as const,
          'trash' as const,
          'restore' as const,
          'deleteForGood' as const,
          'duplicate' as const,
          'show' as const,
          'keep' as const,
          'discard' as const,
          'merge' as const,
        ),
        of,
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  ),
  { minLength: 1, maxLength: 25, size: 'max' },
)

/** What a person sees of a conversation: the whole of it but its ids and times. */
interface Seen {
  title: string
  isPinned: boolean
  texts: string[]
  isTemporary: boolean
}

/** The simple model: what is here, and what is in the trash. */
export interface Model {
  here: Map<string, Seen>
  trash: Map<string, Seen>
}

export function seen(conversation: Conversation): Seen {
  return {
    title: conversation.title,
    isPinned: conversation.isPinned,
    texts: pathOf(conversation).map((message) => (message.role === 'user' ? message.text : answerText(message))),
    isTemporary: conversation.isTemporary === true,
  }
}

/** What a library says that there is. Damaged conversations count as missing. */
export async function modelOf(library: Library, root: string): Promise<Model> {
  const here = new Map<string, Seen>()
  for (const { id, isDamaged } of await library.list()) if (!isDamaged) here.set(id, seen(await library.open(id)))
  const trash = new Map<string, Seen>()
  for (const { summary, deletedAt } of await library.listTrash()) {
    if (summary.isDamaged) continue
    const text = await readFile(join(root, 'trash', `${summary.id}.${deletedAt}.json`), 'utf8')
    trash.set(summary.id, seen({ ...(JSON.parse(text) as Conversation), id: summary.id }))
  }
  return { here, trash }
}

export const emptyModel = (): Model => ({ here: new Map(), trash: new Map() })

export const copyModel = ({ here, trash }: Model): Model => ({ here: new Map(here), trash: new Map(trash) })

/** The model after the process has died: what is temporary is gone. */
export function afterDeath({ here, trash }: Model): Model {
  return { here: new Map([...here].filter(([, each]) => !each.isTemporary)), trash }
}

/** As text that can be compared. What a merge puts in the trash has an id that nobody knows before. */
export function describeModel({ here, trash }: Model): { here: string[]; trash: string[] } {
  const line = (id: string, each: Seen): string => `${id} ${JSON.stringify(each)}`
  return {
    here: [...here].map(([id, each]) => line(id, each)).sort(),
    trash: [...trash.values()].map((each) => line('', each)).sort(),
  }
}

/**
 * Does one operation to the library and to the model. Operations that make no sense where things stand do nothing to the
 * model, and the library must refuse them.
 *
 * @param hasPromised called when all that an answer has said is on disk, should the disk work
 * @returns the words of an answer that was given, if any: a crash may leave the beginning of it
 */
export async function operate(
  library: Library,
  model: Model,
  operation: Operation,
  hasPromised: () => void = () => undefined,
): Promise<string[] | null> {
  const { here, trash } = model
  const pick = (among: Map<string, Seen>): [string, Seen] | null => {
    const entries = [...among]
    return 'of' in operation ? (entries[operation.of % Math.max(1, entries.length)] ?? null) : null
  }
  const [id, before] = pick(here) ?? [randomUUID(), null]
  const change = (changed: Partial<Seen>): void => {
    if (before !== null) here.set(id, { ...before, ...changed })
  }
  const refused = async (attempt: Promise<unknown>): Promise<void> => {
    const error = await attempt.then(() => null, toAppError)
    if (error === null || error.code === 'internal') throw new Error(`${operation.kind} was not refused`)
  }
  switch (operation.kind) {
    case 'create':
    case 'createTemporary': {
      const made = { ...conversationOf(randomUUID(), [[operation.title, 'So.']]), title: operation.title }
      const isTemporary = operation.kind === 'createTemporary'
      const conversation: Conversation = isTemporary ? { ...made, isTemporary } : made
      here.set(made.id, seen(conversation))
      await library.create(conversation)
      return null
    }
    case 'ask': {
      if (before === null) return null
      const texts = ['Why?', operation.words.join('')]
      change({ texts: [...before.texts, ...texts] })
      await answer(library, id, operation.words, hasPromised)
      return texts
    }
    case 'rename': {
      if (before === null) {
        await refused(library.rename(id, operation.title))
        return null
      }
      change({ title: operation.title.replace(/\s+/gu, ' ') })
      await library.rename(id, operation.title)
      return null
    }
    case 'pin': {
      change({ isPinned: before?.isPinned !== true })
      if (before === null) await refused(library.pin(id, true))
      else await library.pin(id, !before.isPinned)
      return null
    }
    case 'trash': {
      if (before === null || before.isTemporary) {
        await refused(library.trash(id))
        return null
      }
      here.delete(id)
      trash.set(id, before)
      await library.trash(id)
      return null
    }
    case 'restore':
    case 'deleteForGood': {
      const [trashed, what] = pick(trash) ?? [randomUUID(), null]
      if (operation.kind === 'deleteForGood') {
        trash.delete(trashed)
        await library.deleteFromTrash([trashed])
      } else if (what === null) await refused(library.restore(trashed))
      else {
        trash.delete(trashed)
        here.set(trashed, what)
        await library.restore(trashed)
      }
      return null
    }
    case 'duplicate': {
      if (before === null) return null
      const copy = duplicateOf(await library.open(id), 1)
      here.set(copy.id, { ...before, isPinned: false })
      await library.create(copy)
      return null
    }
    case 'show': {
      if (before === null) return null
      const { messages } = await library.open(id)
      const message = messages[operation.of % messages.length]
      if (message === undefined) return null
      // Conversations of this model have one path only: whatever is shown, it stays on show.
      await library.showMessage(id, message.id)
      return null
    }
    case 'keep': {
      change({ isTemporary: false })
      if (before === null) await refused(library.keep(id))
      else await library.keep(id)
      return null
    }
    case 'discard': {
      if (before?.isTemporary !== true) {
        await refused(library.discard(id))
        return null
      }
      here.delete(id)
      await library.discard(id)
      return null
    }
    case 'merge': {
      if (before === null || before.isTemporary) return null
      const conversation = await library.open(id)
      const theirs = { ...conversation, title: `${before.title}+`, updatedAt: conversation.updatedAt + 1 }
      change({ title: theirs.title })
      const unknown = randomUUID()
      trash.set(unknown, before)
      await library.merge(theirs)
      // The old one lies there under an id of its own, which is known only now.
      trash.delete(unknown)
      const copy = (await library.listTrash()).find(({ summary }) => !trash.has(summary.id))
      trash.set(copy?.summary.id ?? unknown, before)
      return null
    }
    case 'flush':
      await library.flush()
      return null
  }
}

async function answer(library: Library, id: string, words: string[], hasPromised: () => void): Promise<void> {
  const conversation = await library.open(id)
  const question = userMessage('Why?', conversation.headId)
  let said: AssistantMessage = { ...newAnswer(), parentId: question.id }
  const asked = (present: Conversation): Conversation => ({
    ...present,
    headId: said.id,
    messages: [...present.messages, question, said],
  })
  const journal = await library.journal(journalStart(asked(conversation), said))
  await library.update(id, asked)
  const parts: Part[] = words.map((text) => ({ type: 'text-delta', text }))
  for (const [index, part] of [...parts, { type: 'finish', state: 'complete', error: null } as const].entries()) {
    const ids = { generationId: said.generationId, messageId: said.id, conversationId: id }
    const event = { ...ids, seq: index + 1, atMs: index, part }
    said = fold(said, event)
    journal.append([event])
    if (index !== words.length - 1) continue
    await library.flush()
    hasPromised()
  }
  await journal.close(said)
}
