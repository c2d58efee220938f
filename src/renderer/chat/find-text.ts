import type { AssistantMessage, Attempt } from '../../shared/conversation'
import type { Translate } from '../../shared/i18n'
import type { Block } from '../../shared/markdown/nodes'
import { inlineText } from '../../shared/markdown/plain-text'
import { read } from '../../shared/markdown/reading'
import { plainReason, withoutClassNames } from './reason'
import { nameOf } from './status'
import { readableArguments } from './tool-argument'
import { contentOf, lastOf, type Turn } from './turns'

/** What stands between two blocks: nothing that is looked for has it. */
export const BREAK = '\u0000'

/** A part of a turn in which is searched; the page has its name as `data-find`. */
export interface Region {
  name: string
  /** Folded parts are opened by this key when the present hit is in them; null for what is always there. */
  disclosure: string | null
  /** What is searched first, because the text costs more: nothing is in the text that is not in here. */
  source: string
  text: () => string
}

/** Where something was found: the `ordinal`-th time in this region. */
export interface FindHit {
  turnIndex: number
  turnKey: string
  region: string
  disclosure: string | null
  ordinal: number
  /** How far down its turn about, from 0 to 1. */
  depth: number
}

/** More hits than these are not counted. */
export const MAX_HITS = 2000

/** What was typed, to be looked for. */
export interface Pattern {
  /** All matches in a text. */
  whole: RegExp
  /** Its words, one by one: a text that has not all of them does not have the whole either. */
  words: readonly RegExp[]
}

/**
 * A pattern for what was typed: letter for letter, but any space is any other and `ё` is `е`.
 *
 * @returns null when nothing was typed
 */
export function patternOf(query: string, isCaseSensitive: boolean): Pattern | null {
  const words = query.normalize('NFC').split(/\s+/u).map(sourceOf)
  const wanted = words.filter((word) => word !== '')
  if (wanted.length === 0) return null
  const flags = isCaseSensitive ? 'u' : 'iu'
  return {
    whole: new RegExp(words.join('\\s+'), `g${flags}`),
    words: wanted.map((word) => new RegExp(word, flags)),
  }
}

function sourceOf(word: string): string {
  return word
    .replace(/[\\^$.*+?()[\]{}|/]/gu, '\\$&')
    .replace(/[её]/gu, '[её]')
    .replace(/[ЕЁ]/gu, '[ЕЁ]')
}

/**
 * All hits of a thread, top to bottom, at most MAX_HITS.
 *
 * @param t says what the page says of attempts and notices; the same function as long as the language is the same
 */
export function findIn(turns: readonly Turn[], pattern: Pattern, t: Translate): FindHit[] {
  const hits: FindHit[] = []
  for (const [turnIndex, turn] of turns.entries()) {
    const regions = regionsOf(turn, t)
    const whole = Math.max(
      1,
      regions.reduce((sum, { source }) => sum + source.length, 0),
    )
    let before = 0
    for (const { name, disclosure, source, text } of regions) {
      if (mayHave(source, pattern)) {
        const shown = text()
        for (const [ordinal, match] of [...shown.matchAll(pattern.whole)].entries()) {
          const depth = (before + (match.index / shown.length) * source.length) / whole
          hits.push({ turnIndex, turnKey: turn.key, region: name, disclosure, ordinal, depth })
          if (hits.length >= MAX_HITS) return hits
        }
      }
      before += source.length
    }
  }
  return hits
}

// Marks of markdown may stand within a word, and signs may be written in another way.
function mayHave(source: string, { words }: Pattern): boolean {
  const bare = source.replace(/[*_`~\\]/gu, '')
  return words.every((word) => word.test(source) || word.test(bare) || /[&<>"']/u.test(word.source))
}

// By message: one that did not change has the same text, in one language.
const known = new WeakMap<object, { t: Translate; regions: Region[] }>()

function regionsOf(turn: Turn, t: Translate): Region[] {
  if (turn.kind === 'answer' && turn.messages.length > 1) return answerRegions(turn.messages, t)
  const message = turn.kind === 'question' ? turn.message : turn.messages[0]
  const before = known.get(message)
  if (before?.t === t) return before.regions
  const regions = turn.kind === 'question' ? [plain('text', null, turn.message.text)] : answerRegions(turn.messages, t)
  known.set(message, { t, regions })
  return regions
}

/** What of an answer is on the page, or unfolds there, in its order. */
function answerRegions(messages: readonly [AssistantMessage, ...AssistantMessage[]], t: Translate): Region[] {
  const message = lastOf(messages)
  const { reasoning, attempts, notices, toolCalls, preview, id } = message
  const texts = contentOf(messages).map((item) => (item.type === 'text' ? item.text : ''))
  if (preview !== null) texts.push(preview)
  return [
    ...(reasoning === null ? [] : [plain('reasoning', `${id}:reasoning`, reasoning.text.trim())]),
    ...attempts.flatMap((attempt, index) => attemptRegions(attempt, `attempt:${index}`, `${id}:attempts`, t)),
    ...notices.map(({ text }, index) =>
      plain(`notice:${index}`, null, t('chat:notice', { text: withoutClassNames(text) })),
    ),
    ...toolCalls.flatMap((call) => {
      const name = `tool:${call.index}`
      const given = plain(name, `${id}:${name}`, readableArguments(call.arguments))
      return call.name === '' ? [given] : [plain(`${name}:name`, null, call.name), given]
    }),
    { name: 'text', disclosure: null, source: texts.join('\n'), text: once(() => texts.map(markdownText).join(BREAK)) },
  ]
}

function attemptRegions(attempt: Attempt, name: string, disclosure: string, t: Translate): Region[] {
  const { provider, reason } = attempt
  return [
    plain(`${name}:who`, disclosure, [nameOf(provider), provider.model ?? ''].join(' ')),
    ...(reason === null ? [] : [plain(`${name}:reason`, disclosure, plainReason(reason, t))]),
    plain(`${name}:text`, disclosure, textOfAttempt(attempt)),
  ]
}

/** What a provider had written before it gave up. */
export function textOfAttempt({ content }: Attempt): string {
  return content
    .map((item) => (item.type === 'text' ? item.text : ''))
    .join('')
    .trim()
}

function plain(name: string, disclosure: string | null, text: string): Region {
  return { name, disclosure, source: text, text: () => text }
}

function once(make: () => string): () => string {
  let made: string | null = null
  return () => (made ??= make())
}

/** The text of a markdown as the page shows it; formulas as they are written, pictures left out. */
function markdownText(markdown: string): string {
  const { frozen, tail, footnotes } = read(markdown, false, null)
  return blocksText([...frozen.flat(), ...tail, ...footnotes.flatMap(({ blocks }) => blocks)])
}

function blocksText(blocks: readonly Block[]): string {
  return blocks.map(blockText).join(BREAK)
}

function blockText(block: Block): string {
  switch (block.kind) {
    case 'paragraph':
    case 'heading':
      return inlineText(block.children, BREAK)
    case 'quote':
      return blocksText(block.blocks)
    case 'list':
      return block.items.map(({ blocks }) => blocksText(blocks)).join(BREAK)
    case 'code':
      return block.text
    case 'table':
      return [block.header, ...block.rows.map(({ cells }) => cells)]
        .flatMap((cells) => cells.map((cell) => inlineText(cell, BREAK)))
        .join(BREAK)
    case 'math':
      return block.tex
    case 'rule':
      return ''
  }
}
