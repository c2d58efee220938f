import type { Conversation } from '../../shared/conversation'
import { portable } from './portable'

/** In the first member of the file: which JSON this is. */
export const CONVERSATION_FORMAT = 'parley-conversation'
export const CONVERSATION_FORMAT_VERSION = 1

/**
 * A conversation with all its branches as a JSON file that Parley imports again: `format`, `version`, and the
 * conversation as it lies in the library, see `portable`. Its media are named, not held.
 */
export function exportJson(conversation: Conversation, about: { version: string; nowMs: number }): string {
  const file = {
    format: CONVERSATION_FORMAT,
    version: CONVERSATION_FORMAT_VERSION,
    app: about.version,
    exportedAt: new Date(about.nowMs).toISOString(),
    conversation: portable(conversation),
  }
  return `${JSON.stringify(file, null, 2)}\n`
}
