import type { AssistantMessage, Conversation, GenerationEvent } from '../../src/shared/conversation'
import { summarize } from '../../src/shared/conversation'
import { failure } from '../../src/shared/errors'
import { keptConversation, type JournalStart } from '../../src/main/library/journal'
import type { Library } from '../../src/main/library/library'
import { latestEnd } from '../../src/main/library/tree'

/** What the journal of one generation was given. */
export interface KeptJournal {
  start: JournalStart
  events: GenerationEvent[]
  /** The answer that it was closed with; null while it is open. */
  final: AssistantMessage | null
  isDiscarded: boolean
}

/** A library without a disk, for tests of thousands of answers. It does what library.ts promises, and nothing else. */
export interface MemoryLibrary extends Library {
  conversations: Map<string, Conversation>
  journals: Map<string, KeptJournal>
}

export function memoryLibrary(): MemoryLibrary {
  const conversations = new Map<string, Conversation>()
  const trashed = new Map<string, Conversation>()
  const journals = new Map<string, KeptJournal>()
  const find = (id: string): Conversation => {
    const conversation = conversations.get(id)
    if (conversation === undefined) throw failure({ code: 'not-found', what: 'conversation' })
    return conversation
  }
  const update: Library['update'] = async (id, change) => {
    const changed = change(find(id))
    conversations.set(id, changed)
    return changed
  }
  return {
    conversations,
    journals,
    list: async () => [...conversations.values()].map(summarize),
    open: async (id) => find(id),
    create: async (conversation) => {
      if (conversations.has(conversation.id)) throw failure({ code: 'bad-request', channel: 'conversation' })
      conversations.set(conversation.id, conversation)
    },
    update,
    rename: async (id, title) => {
      await update(id, (conversation) => ({ ...conversation, title, titleSource: 'person' }))
    },
    pin: async (id, isPinned) => {
      await update(id, (conversation) => ({ ...conversation, isPinned }))
    },
    markRead: async (id) => {
      await update(id, (conversation) => ({ ...conversation, isUnread: false }))
    },
    showMessage: async (id, messageId) =>
      update(id, (conversation) => ({ ...conversation, headId: latestEnd(conversation.messages, messageId) })),
    keep: async (id) => {
      await update(id, keptConversation)
    },
    discard: async (id) => {
      const conversation = find(id)
      if (conversation.isTemporary !== true) throw failure({ code: 'bad-request', channel: 'conversation.discard' })
      conversations.delete(id)
      return conversation
    },
    isTemporary: (id) => conversations.get(id)?.isTemporary === true,
    trash: async (id) => {
      const conversation = find(id)
      if (summarize(conversation).isRunning) throw failure({ code: 'busy' })
      trashed.set(id, conversation)
      conversations.delete(id)
    },
    putInTrash: async (conversation) => {
      trashed.set(conversation.id, conversation)
    },
    restore: async (id) => {
      const conversation = trashed.get(id)
      if (conversation !== undefined) conversations.set(id, conversation)
      return id
    },
    openTrashed: async (id) => {
      const conversation = trashed.get(id)
      if (conversation === undefined) throw failure({ code: 'not-found', what: 'conversation' })
      return conversation
    },
    listTrash: async () => [],
    deleteFromTrash: async (ids) => {
      for (const id of ids) trashed.delete(id)
      return [...ids]
    },
    expired: async () => [],
    async *readAll() {
      for (const [id, conversation] of conversations) yield { id, stamp: '', conversation, isNewer: false }
    },
    stamps: async () => new Map([...conversations.keys()].map((id) => [id, ''])),
    merge: async (conversation) => {
      const isThere = conversations.has(conversation.id)
      conversations.set(conversation.id, conversation)
      return isThere ? 'replaced' : 'added'
    },
    check: async () => ({ conversations: conversations.size, media: 0, bytes: 0, faults: [] }),
    repair: async () => ({ conversations: conversations.size, media: 0, bytes: 0, faults: [] }),
    namedMedia: async ({ named }) => new Set(await named()),
    mediaInTrash: async () => new Set(),
    mediaOfTemporary: () => new Set(),
    sizes: async () => ({
      conversations: { count: conversations.size, bytes: 0 },
      trash: { count: trashed.size, bytes: 0 },
    }),
    journal: async (start) => {
      const kept: KeptJournal = { start, events: [], final: null, isDiscarded: false }
      journals.set(start.generationId, kept)
      return {
        append: (events) => kept.events.push(...events),
        close: async (final, change = (conversation) => conversation) => {
          kept.final = final
          await update(start.conversation.id, (conversation) =>
            change({
              ...conversation,
              messages: conversation.messages.map((message) => (message.id === final.id ? final : message)),
            }),
          )
        },
        discard: async () => {
          kept.isDiscarded = true
        },
      }
    },
    recover: async () => [],
    pathOf: (id) => `/memory/${id}`,
    readableTextOf: async () => ({ text: '', isCut: false }),
    recoveredPathOf: (id) => `/memory/recovered/${id}`,
    onChange: () => () => undefined,
    onBeside: () => () => undefined,
    storageState: () => ({ isSafe: true }),
    onStorageState: () => () => undefined,
    compared: async () => undefined,
    flush: async () => undefined,
    close: async () => undefined,
  }
}
