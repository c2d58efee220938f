import { basename, extname } from 'node:path'
import type { BackupMade } from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import { mediaOf } from '../library/conversation-media'
import { suggestFileName } from '../picked-file'
import { addMedia, eachConversation, type BackupSource } from './backup'
import { exportJson } from './json'
import { exportMarkdown } from './markdown'
import type { Wording } from './thread'
import { writeZip } from './zip'

/** In the zip; from the folder of the Markdown they are beside it. */
const IMAGES = 'images'

/**
 * Writes all conversations for people and for other programs into one zip: `markdown/<title>.md` and `json/<title>.json`
 * of each, and what they show under `images/`. Temporary conversations, the trash, settings and secrets are not in it (S42).
 *
 * @returns null when it was stopped
 * @throws AppFailure `storage`
 */
export async function writeExport(
  path: string,
  source: Omit<BackupSource, 'settings' | 'drafts'>,
  wording: Wording,
): Promise<BackupMade | null> {
  const { version, nowMs } = source
  const zip = await writeZip(path, source, async (draft) => {
    const names = new Map<string, number>()
    const kept = new Set<string>()
    let conversations = 0
    for await (const { conversation } of eachConversation(source)) {
      const stem = freeName(conversation.title === '' ? wording.t('chat:sidebar.untitled') : conversation.title, names)
      await addMedia(draft, mediaOf(conversation).keys(), kept, IMAGES, source)
      const files = await filesOf(conversation, kept, source)
      await draft.addText(
        `markdown/${stem}.md`,
        exportMarkdown(conversation, wording, (id) => files.get(id) ?? null),
      )
      await draft.addText(`json/${stem}.json`, exportJson(conversation, { version, nowMs }))
      conversations += 1
    }
    const damaged = (await source.library.list()).filter(({ isDamaged }) => isDamaged).length
    return { conversations, media: kept.size, damaged }
  })
  return zip === null ? null : { fileName: basename(path), bytes: zip.bytes, ...zip.value }
}

/** Where the stored files of a conversation lie, as its Markdown names them; by id. */
async function filesOf(
  conversation: Conversation,
  kept: ReadonlySet<string>,
  { attachments }: Pick<BackupSource, 'attachments'>,
): Promise<Map<string, string>> {
  const files = new Map<string, string>()
  for (const id of mediaOf(conversation).keys()) {
    const file = kept.has(id) ? await attachments.file(id) : null
    if (file !== null) files.set(id, `../${IMAGES}/${id}${extname(file.path)}`)
  }
  return files
}

/** A name that no other chat has, also where A and a are the same letter. */
function freeName(title: string, names: Map<string, number>): string {
  const stem = suggestFileName(`${title}.md`).slice(0, -'.md'.length)
  for (let count = (names.get(stem.toLowerCase()) ?? 0) + 1; ; count += 1) {
    const name = count === 1 ? stem : `${stem} (${count})`
    if (count > 1 && names.has(name.toLowerCase())) continue
    names.set(stem.toLowerCase(), count)
    if (count > 1) names.set(name.toLowerCase(), 1)
    return name
  }
}
