import type { Conversation } from '../../shared/conversation'
import type { ConversationFiles } from './conversation-files'
import type { FileStamp } from './files'
import { isTemporary, isWritten, type Held, type HeldConversations } from './held'
import { isId } from './schema'
import type { Summaries } from './summaries'

/** A conversation, and a mark of its present content. */
export interface StampedConversation {
  id: string
  stamp: string
  conversation: Conversation
  /** It is of a newer Parley, and what this one does not know of it is not in `conversation`: only its file is whole. */
  isNewer: boolean
}

/** Where the conversations are: in files, and, newer than those, in memory. */
export interface Contents {
  files: ConversationFiles
  held: HeldConversations
  summaries: Summaries
}

/**
 * Conversations one after the other, each read when it is asked for; what memory has of one is newer than its file. Left
 * out are damaged and temporary ones, and those that go meanwhile.
 *
 * @param ids only these, in this order; else all, the latest first, also those that only the folder knows
 */
export async function* readContents(
  contents: Contents,
  ids?: Iterable<string>,
): AsyncGenerator<StampedConversation, void, undefined> {
  for (const id of ids ?? (await everyId(contents))) {
    const read = await readOne(contents, id)
    if (read !== null) yield read
  }
}

/** The stamp of every conversation that `readContents` may bring, damaged ones included. */
export async function stampsOf({ held, summaries }: Contents): Promise<Map<string, string>> {
  const stamps = new Map<string, string>()
  for (const [id, row] of await summaries.rows()) {
    if (!row.summary.isTemporary) stamps.set(id, stampOf(held.get(id), row))
  }
  return stamps
}

// The list alone may be what an index said that is behind, or the beginning of one that is being made.
async function everyId({ summaries }: Contents): Promise<string[]> {
  await summaries.compared()
  return (await summaries.list()).map(({ id }) => id)
}

async function readOne({ files, held, summaries }: Contents, id: string): Promise<StampedConversation | null> {
  const fromMemory = (present: Held): StampedConversation | null => {
    if (isTemporary(present)) return null
    const stamp = stampOf(present, summaries.row(id) ?? { bytes: 0, modifiedMs: 0 })
    return { id, stamp, conversation: present.conversation, isNewer: present.isReadOnly }
  }
  const before = held.get(id)
  if (before !== undefined) return fromMemory(before)
  const file = isId(id) ? await files.readStamped(id) : null
  // Opened or changed while it was read.
  const present = held.get(id)
  if (present !== undefined) return fromMemory(present)
  if (file?.read.kind !== 'read') return null
  const { conversation, isNewer } = file.read
  return { id, stamp: stampOf(undefined, file.stamp), conversation, isNewer }
}

function stampOf(held: Held | undefined, { bytes, modifiedMs }: FileStamp): string {
  // What is only in memory has no stamp that outlives the process.
  return `${bytes}-${modifiedMs}${held === undefined || isWritten(held) ? '' : `+${held.revision}`}`
}
