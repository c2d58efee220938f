import {
  pathOf,
  type AnswerContent,
  type AssistantMessage,
  type AttachmentInfo,
  type Conversation,
  type Message,
} from '../../shared/conversation'
import { describe } from '../../shared/errors'
import type { Translate } from '../../shared/i18n'
import type { Locale } from '../../shared/settings'
import { plainLine } from '../backend/server-text'

/** The language of a document, and when it is written. */
export interface Wording {
  t: Translate
  locale: Locale
  nowMs: number
}

/** One message as a document shows it. Its words are plain text but for `content`, which is markdown. */
export interface ThreadMessage {
  isQuestion: boolean
  who: string
  date: string
  /** What happened before the answer: providers that gave up, and what the server noted. */
  notes: string[]
  reasoning: { title: string; text: string } | null
  /** What it asked tools for: their names, and with what. */
  toolCalls: { title: string; text: string }[]
  content: AnswerContent[]
  attachments: AttachmentInfo[]
  /** How it ended, if not well. */
  ending: string | null
}

/** The messages on show, as a document shows them: other branches are in the JSON. */
export interface Thread {
  title: string
  /** Who wrote the document, when, and how much there is. */
  about: string
  messages: ThreadMessage[]
}

/** Longer names are not names. */
const MAX_NAME = 500

export function readThread(conversation: Conversation, { t, locale, nowMs }: Wording): Thread {
  const path = pathOf(conversation)
  const date = dateFormat(locale)
  const title = plainLine(conversation.title, MAX_NAME)
  return {
    title: title === '' ? t('chat:sidebar.untitled') : title,
    about: t('transfer:document.about', { date: date(nowMs), count: path.length }),
    messages: path.map((message) => readMessage(message, date, t)),
  }
}

function readMessage(message: Message, date: (ms: number) => string, t: Translate): ThreadMessage {
  const base = { date: date(message.createdAt), notes: [], reasoning: null, toolCalls: [], ending: null }
  if (message.role === 'user') {
    const content: AnswerContent[] = message.text === '' ? [] : [{ type: 'text', text: message.text }]
    return { ...base, isQuestion: true, who: t('transfer:document.you'), content, attachments: message.attachments }
  }
  return {
    ...base,
    isQuestion: false,
    who: whoAnswered(message, t),
    notes: [
      ...message.attempts.map(({ provider, reason }) => {
        const name = plainLine(provider.label ?? provider.name, MAX_NAME)
        return reason === null
          ? t('transfer:document.attempt', { name })
          : t('transfer:document.attemptReason', { name, reason: plainLine(reason, MAX_NAME) })
      }),
      ...message.notices
        .map(({ text }) => plainLine(text, MAX_NAME))
        .filter((text) => text !== '')
        .map((text) => t('chat:notice', { text })),
    ],
    reasoning: readReasoning(message, t),
    toolCalls: message.toolCalls.map(({ name, arguments: text }) => {
      const tool = plainLine(name, MAX_NAME)
      return {
        title: t('transfer:document.tool', { name: tool === '' ? t('chat:tool.unnamed') : tool }),
        text: text.trim(),
      }
    }),
    // What is only a preview is the last that was said when an answer breaks off.
    content: message.preview === null ? message.content : [...message.content, { type: 'text', text: message.preview }],
    attachments: [],
    ending: endingOf(message, t),
  }
}

function whoAnswered({ provider, requested }: AssistantMessage, t: Translate): string {
  const name = provider?.label ?? provider?.name ?? requested.provider
  const model = provider?.model ?? requested.model
  const words = [name, model].filter((word): word is string => word !== null && word.trim() !== '')
  return words.length === 0 ? t('transfer:document.answer') : words.map((word) => plainLine(word, MAX_NAME)).join(' · ')
}

function readReasoning({ reasoning }: AssistantMessage, t: Translate): ThreadMessage['reasoning'] {
  if (reasoning === null || reasoning.text.trim() === '') return null
  const seconds = Math.round((reasoning.durationMs ?? 0) / 1000)
  const title = seconds > 0 ? t('transfer:document.thought', { seconds }) : t('transfer:document.thinking')
  return { title, text: reasoning.text }
}

function endingOf({ state, error }: AssistantMessage, t: Translate): string | null {
  switch (state) {
    case 'complete':
    case 'complete-unconfirmed':
      return null
    case 'running':
      return t('transfer:document.running')
    case 'stopped':
      return t('transfer:document.stopped')
    case 'interrupted':
    case 'failed': {
      const title = error === null ? '' : plainLine(describe(error, t).title, MAX_NAME)
      return title === '' ? t(`transfer:document.${state}`) : t(`transfer:document.${state}Reason`, { reason: title })
    }
  }
}

function dateFormat(locale: Locale): (ms: number) => string {
  // English has the day first, as the rest of the world does.
  const format = new Intl.DateTimeFormat(locale === 'en' ? 'en-GB' : locale, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  })
  // A file can name a date that no calendar has; formatting it would throw.
  return (ms) => (Math.abs(ms) <= 8.64e15 ? format.format(ms) : '?')
}
