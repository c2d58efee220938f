import type { AnswerContent, AttachmentInfo, Conversation, Media } from '../../shared/conversation'
import { linkAddress } from '../../shared/markdown/address'
import type { Translate } from '../../shared/i18n'
import { plainLine } from '../backend/server-text'
import { readThread, type ThreadMessage, type Wording } from './thread'

/**
 * The messages on show as one markdown file for people: who wrote what and when, thinking as a quote, what went wrong in a
 * line. Pictures are named, with their size: markdown has no place for their bytes, and a folder beside it would get lost.
 */
export function exportMarkdown(conversation: Conversation, wording: Wording): string {
  const { title, about, messages } = readThread(conversation, wording)
  const parts = [`# ${plain(title)}`, `*${plain(about)}*`, ...messages.map((each) => messageText(each, wording.t))]
  return `${parts.join('\n\n')}\n`
}

function messageText(message: ThreadMessage, t: Translate): string {
  const { who, date, notes, reasoning, content, attachments, ending } = message
  const parts = [
    `## ${plain(who)}`,
    `*${plain(date)}*`,
    ...notes.map((note) => `*${plain(note)}*`),
    ...(reasoning === null ? [] : [quote(`**${plain(reasoning.title)}**\n\n${reasoning.text.trim()}`)]),
    ...content.map((item) => contentText(item, t)),
    ...attachments.map((each) => attachmentText(each, t)),
    ...(ending === null ? [] : [`*${plain(ending)}*`]),
  ]
  return parts.filter((part) => part !== '').join('\n\n')
}

function contentText(item: AnswerContent, t: Translate): string {
  return item.type === 'text' ? closeFence(item.text.trim()) : mediaText(item, t)
}

function attachmentText({ name, width, height }: AttachmentInfo, t: Translate): string {
  return `*${plain(t('transfer:document.image', { name: plainLine(name, 500), width, height }))}*`
}

function mediaText({ kind, sources, alt }: Media, t: Translate): string {
  const name = plainLine(alt, 500)
  const label = t(`transfer:document.media.${kind}`)
  const words = name === '' ? label : t('transfer:document.named', { label, name })
  const lines = sources.map((source) => {
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
