import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { loadPages, parsePage, type Page } from '../../../src/main/guide/pages'
import { ACTIONS } from '../../../src/shared/actions'
import { texts } from '../../../src/shared/i18n'
import { GUIDE_PAGE_ID } from '../../../src/main/guide/answer'
import { PAGES_FOLDER, pages } from './ask'

async function byId(locale: 'en' | 'ru'): Promise<Map<string, Page>> {
  return new Map((await pages(locale)).map((page) => [page.id, page]))
}

describe('the pages', () => {
  test('are the same in both languages: files, order, sections, questions', async () => {
    const english = await byId('en')
    const russian = await byId('ru')
    const shape = (page: Page) => ({
      order: page.order,
      headings: page.passages.map((passage) => passage.heading !== null),
      questions: page.passages.map((passage) => passage.questions.length),
      words: page.passages.map((passage) => passage.words !== ''),
    })
    expect([...russian.keys()]).toEqual([...english.keys()])
    for (const [id, page] of english) expect(shape(russian.get(id) ?? page), id).toEqual(shape(page))
  })

  test('have the same code blocks, numbers and file names in both languages', async () => {
    const russian = await byId('ru')
    for (const [id, page] of await byId('en')) {
      for (const [index, passage] of page.passages.entries()) {
        const other = russian.get(id)?.passages[index]?.markdown ?? ''
        for (const [block] of passage.markdown.matchAll(/```[\s\S]*?```/gu)) expect(other, passage.id).toContain(block)
        for (const [name] of passage.markdown.matchAll(/`(?:https?:[^`]+|[a-z0-9-]+(?:\.json|:\d+)?)`/gu)) {
          expect(other, passage.id).toContain(name)
        }
      }
    }
  })

  test.each(['en', 'ru'] as const)('in %s are short, without shouting, and have questions', async (locale) => {
    for (const name of await readdir(join(PAGES_FOLDER, locale))) {
      const source = await readFile(join(PAGES_FOLDER, locale, name), 'utf8')
      expect(source.split('\n').length, name).toBeLessThanOrEqual(90)
      // `![` and code aside, no exclamation mark; no "please", no raw HTML, no heading of the first level.
      const text = source.replaceAll(/```[\s\S]*?```|`[^`]*`/gu, '')
      expect(text, name).not.toMatch(/!|\boops\b|\bplease\b|пожалуйста|<[a-z/]|^# /imu)
      // A line that begins with ## inside a code block would be taken for a heading.
      for (const [block] of source.matchAll(/```[\s\S]*?```/gu)) expect(block, name).not.toMatch(/^##/mu)
    }
    for (const page of await pages(locale)) {
      const questions = page.passages.flatMap((passage) => passage.questions)
      expect(questions.length, page.id).toBeGreaterThanOrEqual(3)
      expect(questions.length, page.id).toBeLessThanOrEqual(5)
      expect(page.passages.length, page.id).toBeGreaterThanOrEqual(3)
      for (const asked of questions) expect(asked, page.id).toMatch(/\?$/u)
    }
  })

  test.each(['en', 'ru'] as const)(
    'in %s have orders from 1 without gaps, unique titles and questions',
    async (locale) => {
      const all = await pages(locale)
      expect(all.map((page) => page.order)).toEqual(all.map((_, index) => index + 1))
      expect(new Set(all.map((page) => page.title)).size).toBe(all.length)
      const questions = all.flatMap((page) => page.passages.flatMap((passage) => passage.questions))
      expect(new Set(questions).size).toBe(questions.length)
      expect(all.some((page) => page.id === GUIDE_PAGE_ID)).toBe(true)
    },
  )

  test.each(['en', 'ru'] as const)('in %s link to nothing but existing pages', async (locale) => {
    const ids = new Set((await byId(locale)).keys())
    const passages = (await pages(locale)).flatMap((page) => page.passages)
    const targets = passages.flatMap((passage) =>
      [...passage.markdown.matchAll(/\]\(([^)]*)\)/gu)].map(([, target = '']) => target),
    )
    expect(targets.filter((target) => !ids.has(target.replace(/\.md$/u, '')))).toEqual([])
  })
})

/** All texts of the app in a language, with … for what is filled in. */
function shownTexts(of: unknown): string[] {
  if (typeof of === 'string') return [of.replaceAll(/\{\{.*?\}\}/gu, '…')]
  return typeof of === 'object' && of !== null ? Object.values(of).flatMap(shownTexts) : []
}

describe('what the pages name', () => {
  test.each(['en', 'ru'] as const)('in %s in bold is a text of the app, or begins one', async (locale) => {
    const shown = shownTexts(texts[locale])
    const isShown = (name: string): boolean =>
      shown.some((text) => text.startsWith(name) && !/^\p{L}/u.test(text.slice(name.length)))
    const wrong = (await pages(locale)).flatMap((page) =>
      page.passages.flatMap(({ id, markdown }) =>
        [...markdown.matchAll(/\*\*(.+?)\*\*/gu)]
          // Keys are no texts; a line of the status has figures in it and several parts.
          .flatMap(([, name = '']) => (/^(?:Ctrl|Option)\+/u.test(name) ? [] : name.split(' · ')))
          .map((name) => name.replaceAll(/\d+(?: [sс]$)?/gu, '…'))
          .filter((name) => !isShown(name))
          .map((name) => `${id}: ${name}`),
      ),
    )
    expect(wrong).toEqual([])
  })

  test.each(['en', 'ru'] as const)(
    'in %s as a key in the list of shortcuts is the key of an action',
    async (locale) => {
      const table = (await byId(locale)).get('shortcuts')?.passages[0]?.markdown ?? ''
      const named = [...table.matchAll(/^\| ([^|]*(?:Ctrl|Alt)\+[^|]*) \|/gmu)].flatMap(([, cell = '']) =>
        cell.split(/, (?=Ctrl|Alt)/u).map((key) => key.trim()),
      )
      const arrows: Record<string, string> = { '↑': 'Up', '↓': 'Down', '←': 'Left', '→': 'Right' }
      const keys = new Set<string>(ACTIONS.flatMap((action) => (action.keys === null ? [] : [action.keys])))
      const asAction = (key: string): string =>
        key.replace('Ctrl', 'Mod').replace(/[↑↓←→]/u, (arrow) => arrows[arrow] ?? arrow)
      expect(named.length).toBeGreaterThan(15)
      expect(named.filter((key) => !keys.has(asAction(key)))).toEqual([])
    },
  )
})

describe('parsePage', () => {
  test('splits at second-level headings and gives each passage its questions and words', () => {
    const source = [
      ...['---', 'title: A page', 'order: 3', 'questions:', '  - One?', '  - Two? → Second', 'words:', '  - x y'],
      ...['  - z → Second', '  - q → Second', '---', 'First.', '', '## Second', '', '### Sub', 'Text', '## Empty', ''],
    ]
    expect(parsePage('a', source.join('\r\n'))).toEqual({
      id: 'a',
      title: 'A page',
      order: 3,
      passages: [
        { id: 'a#0', pageId: 'a', heading: null, markdown: 'First.', questions: ['One?'], words: 'x y' },
        { id: 'a#1', pageId: 'a', heading: 'Second', markdown: '### Sub\nText', questions: ['Two?'], words: 'z q' },
      ],
    })
  })

  test.each([
    '',
    'no front matter',
    '---\ntitle: x\n---\ntext',
    '---\norder: 1\n---\ntext',
    '---\ntitle: x\norder: no\n---\ntext',
    '---\ntitle: x\norder: 1\n---\n',
    '---\ntitle: x\norder: 1\nquestions:\n  - Why? → Nowhere\n---\ntext',
  ])('throws for %j', (source) => {
    expect(() => parsePage('a', source)).toThrow('Guide page a')
  })
})

describe('loadPages', () => {
  let folder: string

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'pages-'))
  })

  afterEach(async () => {
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })

  test('reads a language at its first use and only once', async () => {
    const source = loadPages(folder)
    await mkdir(join(folder, 'en'))
    await writeFile(join(folder, 'en', 'b.md'), '---\ntitle: B\norder: 2\n---\nb')
    await writeFile(join(folder, 'en', 'a.md'), '---\ntitle: A\norder: 1\n---\na')
    await writeFile(join(folder, 'en', 'notes.txt'), 'x')
    expect((await source('en')).map((page) => page.id)).toEqual(['a', 'b'])
    await rm(join(folder, 'en'), { recursive: true, force: true, maxRetries: 5 })
    expect(await source('en')).toHaveLength(2)
  })

  test('tries again after a failure', async () => {
    const source = loadPages(folder)
    await expect(source('ru')).rejects.toThrow('ENOENT')
    await mkdir(join(folder, 'ru'))
    await writeFile(join(folder, 'ru', 'a.md'), '---\ntitle: A\norder: 1\n---\na')
    expect(await source('ru')).toHaveLength(1)
  })
})
