import { join } from 'node:path'
import type { Clock } from '../clock'
import type { Logger } from '../logger'
import type { ConversationFiles } from './conversation-files'
import { errorCode, MAX_LIBRARY_FILE_BYTES, namesIn, readRegular, type FileSystem } from './files'
import { newHeld, type Held, type HeldConversations } from './held'
import { mergeReplayed, replayJournal, type ReplayedJournal } from './journal'
import { isId, type FileFormat } from './schema'

/** An answer that was found in a journal of a process that died. */
export interface RecoveredAnswer {
  conversationId: string
  messageId: string
  generationId: string
}

export interface RecoveryOptions {
  fs: FileSystem
  /** The folder of the journals. */
  folder: string
  files: ConversationFiles
  held: HeldConversations
  clock: Clock
  logger: Logger
  format: FileFormat
  /** Whether this process runs the generation. */
  isRunning: (generationId: string) => boolean
  /** Takes a conversation out of the trash. */
  restore: (id: string) => Promise<unknown>
}

type ReplayedAnswer = ReplayedJournal & { kind: 'answer' }

/**
 * Puts every journal that a dead process left into its conversation, as an interrupted answer, and removes it once that is
 * on disk. One that cannot be taken in stays where it is for the next start (R03).
 */
export async function recoverJournals(options: RecoveryOptions): Promise<RecoveredAnswer[]> {
  const recovered: RecoveredAnswer[] = []
  for (const name of await namesIn(options.fs, options.folder)) {
    const generationId = name.slice(0, -'.jsonl'.length)
    if (!name.endsWith('.jsonl') || !isId(generationId) || options.isRunning(generationId)) continue
    try {
      const answer = await recoverJournal(options, generationId, join(options.folder, name))
      if (answer !== null) recovered.push(answer)
    } catch (error) {
      options.logger.error('journal not recovered', { generationId, code: errorCode(error) })
    }
  }
  return recovered
}

async function recoverJournal(
  options: RecoveryOptions,
  generationId: string,
  path: string,
): Promise<RecoveredAnswer | null> {
  const { fs, clock, logger, format } = options
  // A pipe or a folder would be an error at every start.
  if (!(await fs.lstat(path)).isFile()) return null
  const text = await readRegular(fs, path, MAX_LIBRARY_FILE_BYTES)
  const replayed = replayJournal(generationId, text, clock.now(), format)
  switch (replayed.kind) {
    case 'newer':
      return null
    case 'empty':
      await retire(fs, path, replayed.isWhole)
      return null
    case 'answer': {
      const conversationId = await takeIn(options, replayed, path)
      logger.info('answer recovered', { generationId, isWhole: replayed.isWhole })
      return { conversationId, messageId: replayed.answer.id, generationId }
    }
  }
}

/** Puts a replayed answer where it belongs, and retires its journal once that is on disk. */
async function takeIn(options: RecoveryOptions, replayed: ReplayedAnswer, path: string): Promise<string> {
  const { fs, files, held: conversations } = options
  const { generationId, answer, isWhole } = replayed
  const id = (await canHold(files, replayed.conversation.id)) ? replayed.conversation.id : generationId
  const held = await findFor(options, id, replayed)
  const merged = mergeReplayed(held.conversation, replayed.conversation, answer)
  if (merged === held.conversation) {
    await retire(fs, path, isWhole)
    return id
  }
  held.ended.add({ remove: () => retire(fs, path, isWhole), close: () => Promise.resolve() })
  await conversations.change(held, merged)
  return id
}

// A file that is damaged or newer is left as it is; the answer then gets a conversation of its own. It takes the id of
// the generation, so that a second try after another crash finds the same one.
async function canHold(files: ConversationFiles, id: string): Promise<boolean> {
  if (!isId(id)) return false
  const read = await files.read(id)
  return read === null || (read.kind === 'read' && !read.isNewer)
}

/** The conversation of a replayed answer: in its place, in the trash, or else an empty one made from the journal. */
async function findFor(
  { files, held, format, restore }: RecoveryOptions,
  id: string,
  replayed: ReplayedAnswer,
): Promise<Held> {
  if (await files.exists(id)) return held.open(id)
  const trashed = await files.readTrashed(id)
  if (trashed?.kind === 'read') {
    const merged = mergeReplayed(trashed.conversation, replayed.conversation, replayed.answer)
    // It was thrown away together with this answer, so it stays in the trash.
    if (merged === trashed.conversation) return newHeld(id, trashed.conversation, 0, format.version)
    await restore(id)
    return held.open(id)
  }
  const empty = { ...replayed.conversation, id, headId: null, messages: [] }
  return newHeld(id, empty, 0, format.version)
}

// A journal with unreadable lines may hold what only a person can see: it is set aside.
async function retire(fs: FileSystem, path: string, isWhole: boolean): Promise<void> {
  await (isWhole ? fs.unlink(path) : fs.rename(path, `${path}.damaged`)).catch(() => undefined)
}
