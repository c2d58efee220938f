import { extname } from 'node:path'
import type { Conversation } from '../../shared/conversation'
import { mediaOf } from '../library/conversation-media'
import { writeConversation } from '../library/schema'
import { addMedia, BACKUP_FORMAT, BACKUP_VERSION, MANIFEST_NAME, type BackupSource, type Manifest } from './backup'
import { exportMarkdown } from './markdown'
import { portable } from './portable'
import type { Wording } from './thread'
import { writeZip } from './zip'

type Source = Pick<BackupSource, 'attachments' | 'version' | 'nowMs' | 'follower'>

/** Whether anything of what a conversation shows lies here and could go along. */
export async function hasMedia(
  conversation: Conversation,
  { attachments }: Pick<BackupSource, 'attachments'>,
): Promise<boolean> {
  for (const [id, bytes] of mediaOf(conversation)) if (await attachments.isWhole({ id, bytes })) return true
  return false
}

/**
 * One conversation as Markdown with its pictures beside it, in a zip: markdown has no place for their bytes.
 *
 * @param stem what the document is called, without its ending
 * @throws AppFailure `storage`
 */
export async function writeMarkdownZip(
  path: string,
  { conversation, stem }: { conversation: Conversation; stem: string },
  source: Source,
  wording: Wording,
): Promise<void> {
  const folder = 'images'
  await writeZip(path, source, async (draft) => {
    await addMedia(draft, mediaOf(conversation).keys(), new Set(), folder, source)
    const files = new Map(draft.entries.map(({ name, sha256 }) => [sha256, `${folder}/${sha256}${extname(name)}`]))
    await draft.addText(
      `${stem}.md`,
      exportMarkdown(conversation, wording, (id) => files.get(id) ?? null),
    )
  })
}

/**
 * One conversation with all its branches and its pictures: a backup that holds nothing else, which Parley imports again.
 *
 * @throws AppFailure `storage`
 */
export async function writeJsonZip(path: string, conversation: Conversation, source: Source): Promise<void> {
  await writeZip(path, source, async (draft) => {
    const kept = new Set<string>()
    await draft.addText(`conversations/${conversation.id}.json`, writeConversation(portable(conversation)))
    await addMedia(draft, mediaOf(conversation).keys(), kept, 'media', source)
    const manifest: Manifest = {
      format: BACKUP_FORMAT,
      version: BACKUP_VERSION,
      app: source.version,
      createdAt: new Date(source.nowMs).toISOString(),
      conversations: 1,
      media: kept.size,
      entries: [...draft.entries],
    }
    await draft.addText(MANIFEST_NAME, `${JSON.stringify(manifest, null, 2)}\n`)
  })
}
