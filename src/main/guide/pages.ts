import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Locale } from '../../shared/settings'

/** One help page of Parley, as written in `resources/guide/{en,ru}/NAME.md`. */
export interface Page {
  /** The file's name without `.md`; the same in every language. */
  id: string
  title: string
  /** Place in the list of topics, from 1. */
  order: number
  /** In the order of the page. The first has no heading when the page begins with text. */
  passages: Passage[]
}

/** What stands under one `##` heading. */
export interface Passage {
  /** Unique among all pages of a language. */
  id: string
  pageId: string
  heading: string | null
  markdown: string
  /** Questions that this passage answers; they are offered as suggestions. */
  questions: string[]
  /** Words that people search with and the text does not use. */
  words: string
}

/** Gives the pages of a language, by `order`. */
export type PageSource = (locale: Locale) => Promise<readonly Page[]>

/**
 * Reads the pages of a folder, each language at its first use, so that nothing is read at start.
 *
 * @param folder holds one folder per language with the same files in each
 * @returns a source that rejects when the folder cannot be read, and then tries again at the next use
 */
export function loadPages(folder: string): PageSource {
  const loaded = new Map<Locale, Promise<readonly Page[]>>()
  return (locale) => {
    const known = loaded.get(locale)
    if (known !== undefined) return known
    const pages = readPages(join(folder, locale))
    loaded.set(locale, pages)
    pages.catch(() => loaded.delete(locale))
    return pages
  }
}

async function readPages(folder: string): Promise<readonly Page[]> {
  const names = (await readdir(folder)).filter((name) => name.endsWith('.md'))
  const pages = await Promise.all(
    names.map(async (name) => parsePage(name.slice(0, -'.md'.length), await readFile(join(folder, name), 'utf8'))),
  )
  return pages.sort((a, b) => a.order - b.order)
}

/** Separates a question, or words, from the heading of the passage that they belong to. */
const ARROW = ' → '

/**
 * Parses one page: front matter between two `---` lines, then markdown that `##` headings split into passages. The front
 * matter holds `title`, `order`, and two lists, `questions` and `words`. An item belongs to the passage whose heading it
 * names behind an arrow (`How large may it be? → Limits`), without one to the first.
 *
 * @throws Error when something is missing or an arrow leads nowhere: our own file is broken
 */
export function parsePage(id: string, source: string): Page {
  const match = /^---\n(.*?)\n---\n(.*)$/su.exec(source.replaceAll('\r\n', '\n'))
  if (match === null) throw new Error(`Guide page ${id} has no front matter`)
  const [, head = '', body = ''] = match
  const field = (name: string): string => new RegExp(`^${name}: *(.+)$`, 'mu').exec(head)?.[1]?.trim() ?? ''
  const list = (name: string): string[] => {
    const items = new RegExp(`^${name}:\\n((?: +- .+(?:\\n|$))*)`, 'mu').exec(head)?.[1] ?? ''
    return [...items.matchAll(/^ +- (.+)$/gmu)].map(([, item = '']) => item.trim())
  }
  const title = field('title')
  const order = Number(field('order'))
  const passages = splitPassages(id, body)
  const [first] = passages
  if (title === '' || !Number.isInteger(order) || order < 1) throw new Error(`Guide page ${id} has no title or order`)
  if (first === undefined) throw new Error(`Guide page ${id} has no text`)

  const placeOf = (item: string): { text: string; passage: Passage } => {
    const [text = '', heading] = item.split(ARROW)
    const passage = heading === undefined ? first : passages.find((each) => each.heading === heading)
    if (passage === undefined) throw new Error(`Guide page ${id} has no heading “${heading ?? ''}”`)
    return { text, passage }
  }
  for (const { text, passage } of list('questions').map(placeOf)) passage.questions.push(text)
  for (const { text, passage } of list('words').map(placeOf)) passage.words = `${passage.words} ${text}`.trim()
  return { id, title, order, passages }
}

function splitPassages(pageId: string, body: string): Passage[] {
  // A code block may hold lines that begin with ##; none of the pages has one, and a test holds that.
  return body
    .split(/^(?=## )/mu)
    .map((section) => {
      const heading = /^## (.+)\n/u.exec(section)
      return {
        heading: heading?.[1]?.trim() ?? null,
        markdown: (heading === null ? section : section.slice(heading[0].length)).trim(),
      }
    })
    .filter((section) => section.markdown !== '')
    .map((section, index) => ({ id: `${pageId}#${index}`, pageId, ...section, questions: [], words: '' }))
}
