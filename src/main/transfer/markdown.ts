import {
  isDocument,
  type AnswerContent,
  type AttachmentInfo,
  type Conversation,
  type Media,
} from '../../shared/conversation'
import { linkAddress } from '../../shared/markdown/address'
import type { Translate } from '../../shared/i18n'
import { plainLine } from '../backend/server-text'
import { fenced } from './imported'
import { readThread, type ThreadMessage, type Wording } from './thread'

/** Where a stored file lies beside the document, as a relative address; null when it does not. */
export type FindFile = (id: string) => string | null

/**
 * The messages on show as one markdown file for people: who wrote what and when, thinking as a quote, what went wrong in a
 * line. Pictures are named, with their size, where no folder of them lies beside it: markdown has no place for their bytes.
 */
export function exportMarkdown(conversation: Conversation, wording: Wording, find: FindFile = () => null): string {
  const { title, about, messages } = readThread(conversation, wording)
  const page = { t: wording.t, find }
  const parts = [`# ${plain(title)}`, `*${plain(about)}*`, ...messages.map((each) => messageText(each, page))]
  return `${parts.join('\n\n')}\n`
}

interface Page {
  t: Translate
  find: FindFile
}

function messageText(message: ThreadMessage, page: Page): string {
  const { isQuestion, who, date, notes, reasoning, toolCalls, content, attachments, ending } = message
  const parts = [
    `## ${plain(who)}`,
    `*${plain(date)}*`,
    ...notes.map((note) => `*${plain(note)}*`),
    ...(reasoning === null ? [] : [quote(`**${plain(reasoning.title)}**\n\n${reasoning.text.trim()}`)]),
    ...toolCalls.map(({ title, text }) =>
      text === '' ? `*${plain(title)}*` : `*${plain(title)}*\n\n${fenced('json', text)}`,
    ),
    // A question is no markdown: as a quote it stays as it was typed, and ends where it ends whatever is in it.
    ...content.map((item) => (isQuestion && item.type === 'text' ? quote(item.text.trim()) : contentText(item, page))),
    ...attachments.map((each) => attachmentText(each, page)),
    ...(ending === null ? [] : [`*${plain(ending)}*`]),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function contentText(item: AnswerContent, page: Page): string {
  return item.type === 'text' ? closeFence(item.text.trim()) : mediaText(item, page)
}

function attachmentText({ id, mime, name, width, height }: AttachmentInfo, { t, find }: Page): string {
  const kind = mime.startsWith('audio/') ? 'audio' : isDocument({ mime }) ? 'file' : null
  const label =
    kind !== null
      ? t('transfer:document.named', { label: t(`transfer:document.media.${kind}`), name: plainLine(name, 500) })
      : t('transfer:document.image', { name: plainLine(name, 500), width, height })
  const words = plain(label)
  const file = find(id)
  if (kind !== null && file !== null) return `[${words}](<${file}>)`
  return file === null ? `*${words}*` : `![${words}](<${file}>)`
}

function mediaText({ kind, sources, alt, files = {} }: Media, { t, find }: Page): string {
  const name = plainLine(alt, 500)
  const label = t(`transfer:document.media.${kind}`)
  const words = name === '' ? label : t('transfer:document.named', { label, name })
  const lines = sources.map((source) => {
    const stored = Object.hasOwn(files, source) ? files[source] : undefined
    const file = stored === undefined ? null : find(stored.id)
    // Only a picture is shown where it stands.
    if (file !== null) return `${kind === 'image' ? '!' : ''}[${plain(words)}](<${file}>)`
    const address = linkAddress(source)
    return address === null ? `*${plain(words)}*` : `[${plain(words)}](<${address}>)`
  })
  return lines.join('\n\n')
}

function quote(text: string): string {
  return text
    .split(/\r\n?|\n/u)
    .map((line) => (line === '' ? '>' : `> ${line}`))
    .join('\n')
}

/** An answer that broke off inside of code must not swallow all that follows. */
function closeFence(text: string): string {
  let open: string | null = null
  for (const [, mark = ''] of text.matchAll(/^ {0,3}(`{3,}|~{3,})/gmu)) {
    if (open === null) open = mark
    else if (mark.startsWith(open)) open = null
  }
  return open === null ? text : `${text}\n${open}`
}

/** Text in which no character means anything to a reader of markdown, on one line. */
function plain(text: string): string {
  return text.replace(/\s+/gu, ' ').replace(/[\\`*_{}[\]<>#|~$&]/gu, '\\$&')
}
