import { summarize, type Conversation } from '../../shared/conversation'
import { failure } from '../../shared/errors'
import type { Clock } from '../clock'
import type { ConversationFiles } from './conversation-files'
import { isTemporary, newHeld, type HeldConversations } from './held'
import { settled } from './journal'
import type { RunningAnswers } from './running'
import { isId, readConversation, writeConversation, type FileFormat } from './schema'
import { storageReason, type Storage } from './storage'
import type { Summaries } from './summaries'

/** What a conversation from elsewhere is taken into. */
export interface MergeTarget {
  files: ConversationFiles
  held: HeldConversations
  running: Pick<RunningAnswers, 'hasIn'>
  storage: Storage
  summaries: Summaries
  clock: Clock
  format: FileFormat
}

/** Takes a conversation in from elsewhere; see Library.merge. */
export async function mergeConversation(
  { files, held: conversations, running, storage, summaries, clock, format }: MergeTarget,
  conversation: Conversation,
  mayReplaceNewer: boolean,
): Promise<'added' | 'replaced'> {
  const { id } = conversation
  // As it will be read again; what a file could not hold is not taken.
  const given = isId(id) ? readConversation(id, writeConversation(conversation)) : null
  if (given?.kind !== 'read') throw failure({ code: 'bad-request', channel: 'conversation' })
  const incoming = { ...given.conversation, messages: given.conversation.messages.map(settled) }
  for (let busy = conversations.busy(id); busy !== undefined; busy = conversations.busy(id)) await busy
  const hasFile = await files.exists(id)
  const present = hasFile || conversations.get(id) !== undefined ? await conversations.open(id).catch(() => null) : null
  // From here to the mark below nothing else may run, or an answer would begin in between.
  if (running.hasIn(id) || present?.isLeaving) throw failure({ code: 'busy' })
  if (present?.isReadOnly) throw failure({ code: 'newer-file' })
  const isOlder = present === null || present.conversation.updatedAt < incoming.updatedAt
  if (!(isOlder || mayReplaceNewer) || (present !== null && isTemporary(present))) {
    throw failure({ code: 'bad-request', channel: 'conversation' })
  }
  const held = present ?? newHeld(id, incoming, 0, format.version)
  // Nothing may change it between the copy and the write.
  held.isLeaving = true
  conversations.set(held)
  try {
    if (present !== null && !(await conversations.persist(present))) throw storage.refusal()
    // Asked only now: a failing disk may not have had it before.
    const isReplaced = await files.exists(id)
    if (isReplaced) await files.trash.copy(files.pathOf(id), clock.now())
    const file = await files.write(incoming).catch((error: unknown) => {
      throw failure({ code: 'storage', reason: storageReason(error) })
    })
    held.conversation = incoming
    held.revision += 1
    held.written = held.revision
    held.known = [file]
    held.version = format.version
    summaries.put(summarize(incoming))
    summaries.stamp(id, file.stamp)
    return isReplaced ? 'replaced' : 'added'
  } catch (error) {
    if (present === null) conversations.delete(id)
    throw error
  } finally {
    held.isLeaving = false
    conversations.evict()
  }
}
