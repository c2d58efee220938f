import { pathOf, type AttachmentInfo } from '../../shared/conversation'
import { fencedFile, MAX_FENCED_BYTES } from '../../shared/fenced-file'
import { changeField, type Place } from './chips'
import { resendQuestion } from './sending'
import { conversationOf, useStore } from './state'

/** Whether a file has a place in the text of a message. */
export function canBeText({ mime, bytes }: Pick<AttachmentInfo, 'mime' | 'bytes'>): boolean {
  return mime === 'text/plain' && bytes <= MAX_FENCED_BYTES
}

/** Puts a text file into the message being written, in the place of its chip. False when it cannot be read any more. */
export async function putAsText(place: Place, attachment: AttachmentInfo): Promise<boolean> {
  const block = await blockOf(attachment)
  if (block === null) return false
  changeField(place, (field) => ({
    text: joined(field.text, block),
    chips: field.chips.filter((chip) => chip.kind !== 'ready' || chip.attachment.id !== attachment.id),
  }))
  return true
}

/**
 * Sends another version of a question, with its text files in the text: for servers that take no files. False when one of
 * them cannot be read any more, or has no place there.
 */
export async function sendAsText(conversationId: string, messageId: string): Promise<boolean> {
  const conversation = conversationOf(useStore.getState(), conversationId)
  const question = conversation?.messages.find(({ id }) => id === messageId)
  if (question?.role !== 'user') return false
  let { text } = question
  for (const attachment of question.attachments.filter(canBeText)) {
    const block = await blockOf(attachment)
    if (block === null) return false
    text = joined(text, block)
  }
  const others = question.attachments.filter((attachment) => !canBeText(attachment))
  return resendQuestion(conversationId, messageId, text, others)
}

/** The question of an answer, if the files that its server did not take can be sent as text instead. */
export function textualQuestion(conversationId: string, answerId: string): string | null {
  const conversation = conversationOf(useStore.getState(), conversationId)
  if (conversation === null) return null
  const path = pathOf({ headId: answerId, messages: conversation.messages })
  const question = path.findLast(({ role }) => role === 'user')
  if (question?.role !== 'user') return null
  const files = question.attachments.filter(({ mime }) => mime === 'text/plain' || mime === 'application/pdf')
  return files.length > 0 && files.every(canBeText) ? question.id : null
}

async function blockOf({ id, name }: AttachmentInfo): Promise<string | null> {
  try {
    const response = await fetch(`app://local/attachment/${id}`)
    return response.ok ? fencedFile(name, await response.text()) : null
  } catch {
    return null
  }
}

function joined(before: string, block: string): string {
  return before.trim() === '' ? block : `${before.trimEnd()}\n\n${block}`
}
