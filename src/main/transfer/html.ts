import { createHash } from 'node:crypto'
import {
  isDocument,
  type AnswerContent,
  type AttachmentInfo,
  type Conversation,
  type Media,
} from '../../shared/conversation'
import type { Translate } from '../../shared/i18n'
import { linkAddress, pictureOf } from '../../shared/markdown/address'
import type { Block, Inline, ListItem, Picture } from '../../shared/markdown/nodes'
import { read, type Footnote } from '../../shared/markdown/reading'
import { plainLine } from '../backend/server-text'
import { mediaOf } from '../library/conversation-media'
import { DOCUMENT_STYLE } from './document-style'
import { readThread, type ThreadMessage, type Wording } from './thread'

/** The bytes of a stored file, or null when it is gone or damaged. */
export type FindMedia = (id: string) => Promise<{ mime: string; bytes: Uint8Array } | null>

/** Of all that a document embeds, in bytes of the files; a browser has to hold all of it. What is beyond is named. */
const MAX_EMBEDDED_BYTES = 100 * 1024 * 1024

/** What the images of a document are, whatever else a file may be called. */
const IMAGE = /^image\/(?:png|jpeg|gif|webp|avif)$/u
const SOUND_OR_FILM = /^(?:audio|video)\/[a-z0-9.+-]+$/u

/**
 * The messages on show as one HTML file that stands alone: images are in it, nothing is loaded, nothing runs. Every text
 * is written as text; of the markdown of answers only what the closed list of nodes has becomes an element (S05, S06). Its own
 * policy forbids all that a mistake here could let through.
 *
 * @param isPrinted it becomes paper: what is folded is open, and what plays is named
 */
export async function exportHtml(
  conversation: Conversation,
  wording: Wording,
  findMedia: FindMedia,
  isPrinted = false,
): Promise<string> {
  const thread = readThread(conversation, wording)
  const media = await loadMedia(conversation, thread.messages, findMedia)
  const page: Page = { t: wording.t, media, pictures: picturesOf(conversation), isPrinted }
  return [
    '<!doctype html>',
    `<html lang="${wording.locale}">`,
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${DOCUMENT_POLICY}">`,
    '<meta name="viewport" content="width=device-width">',
    '<meta name="referrer" content="no-referrer">',
    `<title>${escape(thread.title)}</title>`,
    `<style>${DOCUMENT_STYLE}</style>`,
    '</head>',
    '<body>',
    `<header><h1 dir="auto">${escape(thread.title)}</h1><p>${escape(thread.about)}</p></header>`,
    ...thread.messages.map((message) => messageHtml(message, page)),
    '</body>',
    '</html>',
    '',
  ].join('\n')
}

/** What the writers below know of the document: its language, and its media as data URIs by id. */
interface Page {
  t: Translate
  media: ReadonlyMap<string, { mime: string; uri: string }>
  /** Of the web that were loaded: ids of their copies, by address. */
  pictures: ReadonlyMap<string, string>
  isPrinted: boolean
}

function picturesOf({ messages }: Conversation): Map<string, string> {
  const loaded = messages.flatMap((each) => (each.role === 'assistant' ? Object.entries(each.pictures ?? {}) : []))
  return new Map(loaded.map(([address, { id }]) => [address, id]))
}

/** Nothing but this style and what is inside the file itself. */
export const DOCUMENT_POLICY = [
  "default-src 'none'",
  'img-src data:',
  'media-src data:',
  `style-src 'sha256-${createHash('sha256').update(DOCUMENT_STYLE).digest('base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

async function loadMedia(
  conversation: Conversation,
  messages: readonly ThreadMessage[],
  findMedia: FindMedia,
): Promise<Page['media']> {
  const wanted = new Set(mediaOf(conversation).keys())
  for (const { content } of messages) {
    for (const item of content) {
      if (item.type !== 'text') continue
      for (const [, id = ''] of item.text.matchAll(/app:\/\/local\/attachment\/([0-9a-f]{64})/gu)) wanted.add(id)
    }
  }
  const media = new Map<string, { mime: string; uri: string }>()
  let embeddedBytes = 0
  for (const id of wanted) {
    const file = await findMedia(id)
    if (file === null || !(IMAGE.test(file.mime) || SOUND_OR_FILM.test(file.mime))) continue
    if (embeddedBytes + file.bytes.byteLength > MAX_EMBEDDED_BYTES) continue
    embeddedBytes += file.bytes.byteLength
    const base64 = Buffer.from(file.bytes.buffer, file.bytes.byteOffset, file.bytes.byteLength).toString('base64')
    media.set(id, { mime: file.mime, uri: `data:${file.mime};base64,${base64}` })
  }
  return media
}

function messageHtml(message: ThreadMessage, page: Page): string {
  const { isQuestion, who, date, notes, reasoning, toolCalls, content, attachments, ending } = message
  const body = isQuestion
    ? // A question is what was typed: it is shown as text.
      content.map((item) => (item.type === 'text' ? `<div dir="auto">${escape(item.text)}</div>` : ''))
    : content.map((item) => contentHtml(item, page))
  return [
    `<article class="${isQuestion ? 'question' : 'answer'}">`,
    `<h2><bdi>${escape(who)}</bdi></h2>`,
    `<p class="date">${escape(date)}</p>`,
    ...notes.map((note) => `<p class="note" dir="auto">${escape(note)}</p>`),
    reasoning === null
      ? ''
      : `<details${page.isPrinted ? ' open' : ''}><summary>${escape(reasoning.title)}</summary>${markdownHtml(reasoning.text, page)}</details>`,
    ...toolCalls.map(
      ({ title, text }) => `<p class="language" dir="auto">${escape(title)}</p>${text === '' ? '' : codeHtml(text)}`,
    ),
    ...body,
    ...attachments.map((each) => attachmentHtml(each, page)),
    ending === null ? '' : `<p class="note" dir="auto">${escape(ending)}</p>`,
    '</article>',
  ]
    .filter((line) => line !== '')
    .join('\n')
}

// ---- media ----

function attachmentHtml({ id, mime, name, width, height }: AttachmentInfo, page: Page): string {
  const kind = mime.startsWith('audio/') ? 'audio' : isDocument({ mime }) ? 'file' : null
  const label =
    kind !== null
      ? page.t('transfer:document.named', {
          label: page.t(`transfer:document.media.${kind}`),
          name: plainLine(name, 500),
        })
      : page.t('transfer:document.image', { name: plainLine(name, 500), width, height })
  return storedHtml(id, label, page) ?? `<p class="note" dir="auto">${escape(label)}</p>`
}

function contentHtml(item: AnswerContent, page: Page): string {
  return item.type === 'text' ? markdownHtml(item.text, page) : mediaHtml(item, page)
}

function mediaHtml({ kind, sources, alt, files }: Media, page: Page): string {
  const label = page.t(`transfer:document.media.${kind}`)
  const name = plainLine(alt, 500)
  const words = name === '' ? label : page.t('transfer:document.named', { label, name })
  return sources
    .map((source) => {
      const id = Object.hasOwn(files ?? {}, source) ? files?.[source]?.id : undefined
      const stored = id !== undefined ? storedHtml(id, words, page) : null
      if (stored !== null) return stored
      const picture = pictureOf(source, words, kind === 'image' ? 'picture' : 'media')
      return picture === null
        ? `<p class="note" dir="auto">${escape(words)}</p>`
        : `<p>${pictureHtml(picture, page)}</p>`
    })
    .join('\n')
}

/** A stored file as an element; null when it is not in the document. */
function storedHtml(id: string, label: string, { media, isPrinted }: Page): string | null {
  const file = media.get(id)
  if (file === undefined) return null
  if (IMAGE.test(file.mime)) return `<p><img src="${file.uri}" alt="${escape(label)}"></p>`
  if (isPrinted) return null
  const tag = file.mime.startsWith('video/') ? 'video' : 'audio'
  return `<p><${tag} controls preload="metadata" src="${file.uri}" title="${escape(label)}"></${tag}></p>`
}

const STORED = /^app:\/\/local\/attachment\/([0-9a-f]{64})$/u

function pictureHtml(picture: Picture, page: Page): string {
  const alt = plainLine(picture.alt, 500)
  if (picture.kind === 'remote') {
    const copy = page.media.get(page.pictures.get(picture.url) ?? '')
    if (copy !== undefined && IMAGE.test(copy.mime)) return `<img src="${copy.uri}" alt="${escape(alt)}">`
    const words = alt === '' ? picture.host : `${alt} (${picture.host})`
    return linkHtml(picture.url, '', escape(words))
  }
  const id = STORED.exec(picture.source)?.[1]
  if (id === undefined) return `<img src="${escape(picture.source)}" alt="${escape(alt)}">`
  const file = page.media.get(id)
  return file !== undefined && IMAGE.test(file.mime)
    ? `<img src="${file.uri}" alt="${escape(alt)}">`
    : escape(alt === '' ? page.t('transfer:document.media.image') : alt)
}

// ---- markdown ----

/** What the writers of markdown need beside the page. */
interface Text extends Page {
  footnotes: readonly Footnote[]
}

function markdownHtml(markdown: string, page: Page): string {
  const { frozen, tail, footnotes } = read(markdown, false, null)
  const text: Text = { ...page, footnotes }
  const notes =
    footnotes.length === 0
      ? ''
      : `<ol class="note">${footnotes.map((each) => `<li>${blocksHtml(each.blocks, text)}</li>`).join('')}</ol>`
  return `<div dir="auto">${blocksHtml([...frozen.flat(), ...tail], text)}${notes}</div>`
}

function blocksHtml(blocks: readonly Block[], text: Text): string {
  return blocks.map((block) => blockHtml(block, text)).join('\n')
}

function blockHtml(block: Block, text: Text): string {
  switch (block.kind) {
    case 'paragraph':
      return `<p dir="auto">${inlinesHtml(block.children, text)}</p>`
    case 'heading': {
      // One lower than in the answer: the document has a heading of its own.
      const depth = Math.min(6, Math.max(1, Math.trunc(block.depth)) + 2)
      return `<h${depth} dir="auto">${inlinesHtml(block.children, text)}</h${depth}>`
    }
    case 'quote':
      return `<blockquote>${blocksHtml(block.blocks, text)}</blockquote>`
    case 'list': {
      const items = block.items.map((item) => itemHtml(item, text)).join('')
      return block.start === null
        ? `<ul dir="auto">${items}</ul>`
        : `<ol dir="auto" start="${Math.trunc(block.start)}">${items}</ol>`
    }
    case 'code':
      return languageHtml(block.language) + codeHtml(block.text)
    case 'table': {
      const row = (cells: readonly Inline[][], tag: 'th' | 'td'): string =>
        cells
          .map((cell, index) => {
            const align = block.align[index]
            const place = align === undefined || align === 'start' ? '' : ` class="${align}"`
            return `<${tag}${place} dir="auto">${inlinesHtml(cell, text)}</${tag}>`
          })
          .join('')
      const rows = block.rows.map(({ cells }) => `<tr>${row(cells, 'td')}</tr>`).join('')
      return `<table><thead><tr>${row(block.header, 'th')}</tr></thead><tbody>${rows}</tbody></table>`
    }
    case 'math':
      return codeHtml(block.tex)
    case 'rule':
      return '<hr>'
  }
}

function codeHtml(code: string): string {
  return `<pre dir="ltr"><code>${escape(code)}</code></pre>`
}

function languageHtml(language: string | null): string {
  return language === null || language === '' ? '' : `<p class="language">${escape(plainLine(language, 40))}</p>`
}

function itemHtml({ isDone, blocks }: ListItem, text: Text): string {
  const tick = isDone === null ? '' : `${isDone ? '☑' : '☐'} `
  return `<li>${tick}${blocksHtml(blocks, text)}</li>`
}

function inlinesHtml(nodes: readonly Inline[], text: Text): string {
  return nodes.map((node) => inlineHtml(node, text)).join('')
}

function inlineHtml(node: Inline, text: Text): string {
  switch (node.kind) {
    case 'text':
      return escape(node.text)
    case 'span':
      return `<${node.as}>${inlinesHtml(node.children, text)}</${node.as}>`
    case 'code':
      return `<code dir="ltr">${escape(node.text)}</code>`
    case 'break':
      return '<br>'
    case 'link':
      return linkHtml(node.href, node.title, inlinesHtml(node.children, text))
    case 'picture':
      return pictureHtml(node.picture, text)
    case 'math':
      return `<code dir="ltr">${escape(node.tex)}</code>`
    case 'footnote': {
      const number = text.footnotes.find(({ label }) => label === node.label)?.number
      return number === undefined ? escape(node.raw) : `<sup>${number}</sup>`
    }
    case 'piece':
      return inlinesHtml(node.children, text)
  }
}

/** A link to where the reader says it may lead; asked once more, because here nobody asks before it opens. */
function linkHtml(href: string, title: string, inner: string): string {
  const address = linkAddress(href)
  if (address === null) return inner
  const hint = title === '' ? '' : ` title="${escape(title)}"`
  return `<a href="${escape(address)}" rel="noreferrer noopener nofollow"${hint}>${inner}</a>`
}

const SIGNS: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text as HTML: in an element and in an attribute between quotes it stays text. */
function escape(text: string): string {
  // A NUL is no character of HTML, and half a character none of UTF-8.
  return text.replace(/[&<>"']/gu, (sign) => SIGNS[sign] ?? '').replace(/[\0\p{Surrogate}]/gu, '\ufffd')
}
