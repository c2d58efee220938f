import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import {
  answerHas,
  ask,
  begins,
  button,
  composer,
  connectTo,
  isSettled,
  isState,
  lastAnswer,
  set,
  setTheme,
  shows,
  t,
  themes,
} from './chat'

interface Violation {
  id: string
  impact: string | null
  nodes: { target: unknown[]; failureSummary?: string }[]
}

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

/** The rules that depend on the theme. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block']

/**
 * Serious and critical findings of axe. Its source comes in through the debugger, past the page's CSP.
 *
 * @param rules these only, by default all
 */
async function findings(page: Page, rules?: readonly string[]): Promise<string[]> {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axeSource)
  const violations = await page.evaluate(async (only) => {
    const { axe } = window as unknown as {
      axe: { run(root: Document, options: object): Promise<{ violations: Violation[] }> }
    }
    const { violations: found } = await axe.run(document, {
      resultTypes: ['violations'],
      ...(only === null ? {} : { runOnly: { type: 'rule', values: only } }),
    })
    return found
  }, rules ?? null)
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${JSON.stringify(node.target)} ${node.failureSummary ?? ''}`),
    )
}

/** Longer than a window, with a line of code wider than the column. */
const LONG = `${'A paragraph of an answer that goes on and on, as they do. '.repeat(40)}\n\n\`\`\`text\n${'x = '.repeat(200)}\n\`\`\`\n`

const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth)

describe('accessibility', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp()
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })

  const holdsInBothThemes = async (page: Page, what: string): Promise<void> => {
    for (const theme of themes) {
      await setTheme(app.window, page, theme)
      expect(await findings(page, theme === 'dark' ? COLOUR_RULES : undefined), `${what}, ${theme}`).toEqual([])
    }
  }

  it('first run: no serious finding in either theme', async () => {
    await shows(app.window.getByRole('heading').first())
    await holdsInBothThemes(app.window, 'first run')
  })

  it('an empty chat, a running answer, a finished one and a failed one', async () => {
    const { window } = app
    await connectTo(window, server.url)
    await holdsInBothThemes(window, 'new chat')
    server.next(
      stream([
        ...opening(),
        ...say('# A heading\n\nText with `code` and [a link](https://example.org).\n\n```ts\nconst a = 1\n```\n\n'),
        hold,
        ...say('| a | b |\n| - | - |\n| 1 | 2 |\n\n- one\n- two\n'),
        ...closing(5),
      ]),
    )
    await ask(window, 'Show me everything')
    await answerHas(window, 'A heading')
    await holdsInBothThemes(window, 'running answer')
    server.release()
    await isState(window, 'complete')
    await isSettled(window)
    await holdsInBothThemes(window, 'finished answer')
    server.next(stream([...opening(), ...say('Half an '), { do: 'reset' }]))
    await ask(window, 'And now?')
    await isState(window, 'interrupted')
    await isSettled(window)
    await holdsInBothThemes(window, 'interrupted answer')
  })

  it('the wire view beside an answer', async () => {
    const { window } = app
    await window.keyboard.press('Control+Shift+Y')
    await shows(window.locator('aside[data-region="wire"]').getByRole('treegrid'))
    await holdsInBothThemes(window, 'wire view')
    await window.keyboard.press('Escape')
  })

  it('each page of the settings', async () => {
    const { window } = app
    await window.keyboard.press('Control+,')
    const pages = ['backends', 'appearance', 'general', 'quick-ask', 'images', 'shortcuts', 'privacy', 'about']
    for (const page of pages) {
      await window
        .getByRole('navigation')
        .getByRole('button', { name: t(`settings:pages.${page}`), exact: true })
        .click()
      await holdsInBothThemes(window, `settings, ${page}`)
    }
    await window.keyboard.press('Escape')
    await shows(composer(window))
  })

  it('the palette and the sheet of all keys', async () => {
    const { window } = app
    await window.keyboard.press('Control+k')
    await shows(window.getByRole('combobox'))
    await holdsInBothThemes(window, 'palette')
    await window.keyboard.type('zzqqy')
    await shows(window.getByRole('option').getByText(t('actions:palette.newChat', { text: 'zzqqy' })))
    await holdsInBothThemes(window, 'palette, nothing found')
    await window.keyboard.press('Escape')
    await window.keyboard.press('Control+Shift+/')
    await shows(window.getByRole('dialog', { name: t('actions:sheet.title') }))
    await holdsInBothThemes(window, 'sheet of all keys')
    await window.keyboard.press('Escape')
    await shows(composer(window))
  })

  it('the trash, the prompts, and the settings of a chat', async () => {
    const { window } = app
    await button(window, t('chat:header.actions')).click()
    await window.getByRole('menuitem', { name: t('prompts:chat.title') }).click()
    await shows(window.getByRole('dialog', { name: t('prompts:chat.title') }))
    await holdsInBothThemes(window, 'settings of a chat')
    await window.keyboard.press('Escape')
    await window.keyboard.press('Control+n')
    await composer(window).fill('/')
    await shows(window.getByRole('option', { name: t('prompts:menu.new') }))
    await holdsInBothThemes(window, 'menu of prompts')
    await window.keyboard.press('Enter')
    await shows(window.getByRole('heading', { name: t('prompts:library.title') }))
    await holdsInBothThemes(window, 'library of prompts')
    await window.keyboard.press('Control+n')
    await shows(composer(window))
    await composer(window).fill('')
    await window.keyboard.press('Control+Shift+n')
    await holdsInBothThemes(window, 'temporary chat')
    await window.keyboard.press('Control+n')
  })

  it('find, editing a question, and versions of an answer', async () => {
    const { window } = app
    server.next(stream([...opening(), ...say('One word and one more.'), ...closing(5)]))
    await ask(window, 'Which word?')
    await isState(window, 'complete')
    await isSettled(window)
    server.next(stream([...opening(), ...say('Another word.'), ...closing(2)]))
    await begins(window, () => button(lastAnswer(window), t('chat:actions.retry')).click())
    await isState(window, 'complete')
    await window.keyboard.press('Control+f')
    await window.keyboard.type('word')
    await shows(window.getByRole('search').getByText(/^1 of/u))
    await holdsInBothThemes(window, 'find, and two versions')
    await window.keyboard.press('Escape')
    await window
      .getByRole('article', { name: t('chat:thread.you') })
      .last()
      .hover()
    await button(window, t('thread:question.edit')).last().click()
    await shows(window.getByText(t('thread:edit.stays', { number: '1' })))
    await holdsInBothThemes(window, 'editing a question')
    await window.keyboard.press('Escape')
  })

  it('quick ask', async () => {
    const page = await app.quickAsk()
    await app.window.evaluate(() => window.parley.request['quickAsk.show']())
    await shows(page.getByRole('textbox'))
    await holdsInBothThemes(page, 'quick ask')
    await page.keyboard.press('Escape')
  })

  it('420 pixels wide: nothing is wider than the window', async () => {
    const { window } = app
    const resize = (width: number) =>
      app.electron.evaluate(({ BrowserWindow }, wanted) => {
        for (const each of BrowserWindow.getAllWindows()) {
          if (!each.webContents.getURL().includes('index.html')) continue
          each.setMinimumSize(320, 320)
          each.setSize(wanted, 800)
        }
      }, width)
    await resize(420)
    await expect.poll(() => window.evaluate(() => innerWidth)).toBeLessThanOrEqual(420)
    expect(await overflow(window)).toBe(0)
    expect(await findings(window)).toEqual([])
    await window.keyboard.press('Control+,')
    await shows(
      button(window, t('settings:back'))
        .or(window.getByText(t('settings:back')))
        .first(),
    )
    expect(await overflow(window)).toBe(0)
    await window.keyboard.press('Escape')
    await resize(1280)
  })
})

describe('for everyone', () => {
  let app: RunningApp
  let server: ScenarioServer
  const show = (width: number) => app.window.setViewportSize({ width, height: 800 })
  const root = <T>(read: (element: HTMLElement) => T): Promise<T> => app.window.locator(':root').evaluate(read)
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp()
    await connectTo(app.window, server.url)
    server.next(stream([...opening(), ...say(LONG), ...closing(300)]))
    await ask(app.window, 'Is it long?')
    await isState(app.window, 'complete')
    await isSettled(app.window)
  })
  beforeEach(() => show(1280))
  afterAll(async () => {
    await app.close()
    await server.close()
  })

  it('200 % zoom is the narrow layout; the largest text fits at 420 px; nothing is wider than the window', async () => {
    const { window } = app
    await show(1000)
    const zoom = (factor: number) =>
      app.electron.evaluate(({ BrowserWindow }, wanted) => {
        for (const each of BrowserWindow.getAllWindows()) each.webContents.setZoomFactor(wanted)
      }, factor)
    await zoom(2)
    await expect.poll(() => window.evaluate(() => innerWidth)).toBeLessThanOrEqual(500)
    await expect.poll(() => overflow(window)).toBe(0)
    await shows(composer(window))
    // Below 560 the model is chosen in the composer.
    await expect.poll(() => button(window.locator('form'), /Model/u).count()).toBe(1)
    await zoom(1)
    await set(window, { textSizePx: 22, columnWidth: 'wide' })
    await show(420)
    await expect.poll(() => overflow(window)).toBe(0)
    expect(await findings(window)).toEqual([])
    await set(window, { textSizePx: 16, columnWidth: 'normal' })
    await show(1280)
  })

  it('column, code, provider line and motion follow the settings at once, in both windows', async () => {
    const { window } = app
    const quickAsk = await app.quickAsk()
    const motions = () =>
      Promise.all([window, quickAsk].map((page) => page.evaluate(() => document.documentElement.dataset.motion)))
    const code = window.locator('pre code').first()
    const isWider = () => code.evaluate((element) => element.getBoundingClientRect().width > 1000)
    await expect.poll(isWider).toBe(true)
    await set(window, { wrapsCode: true, columnWidth: 'narrow', motion: 'reduced', showsProvider: false })
    await expect.poll(isWider).toBe(false)
    await expect.poll(() => window.locator('[role=log] .md').evaluate((each) => each.clientWidth)).toBe(620)
    await expect.poll(motions).toEqual(['reduced', 'reduced'])
    await expect.poll(() => window.getByText(/^Answered by/u).count()).toBe(0)
    await set(window, { wrapsCode: false, columnWidth: 'normal', motion: 'system', showsProvider: true })
    await expect.poll(motions).toEqual(['full', 'full'])
    await window.emulateMedia({ reducedMotion: 'reduce' })
    await expect.poll(async () => (await motions())[0]).toBe('reduced')
    await set(window, { motion: 'full' })
    await expect.poll(async () => (await motions())[0]).toBe('full')
    await set(window, { motion: 'system' })
    await window.emulateMedia({ reducedMotion: null })
  })

  it('an answer that is not followed keeps its beginning in sight', async () => {
    const { window } = app
    await set(window, { followsAnswer: false })
    server.next(stream([...opening(), ...say('It begins here.\n\n'), hold, ...say(LONG), ...closing(300)]))
    await ask(window, 'And now?')
    await answerHas(window, 'It begins here.')
    server.release()
    await isState(window, 'complete')
    await isSettled(window)
    await shows(button(window, new RegExp(t('chat:thread.jump'), 'u')))
    const place = await lastAnswer(window).evaluate(
      (answer) => answer.getBoundingClientRect().top - (answer.closest('[role=log]')?.getBoundingClientRect().top ?? 0),
    )
    expect(place).toBeGreaterThanOrEqual(0)
    expect(place).toBeLessThan(200)
    await set(window, { followsAnswer: true })
  })

  it('forced colours: axe finds nothing, and what is chosen can be told from the rest', async () => {
    const { window } = app
    await window.keyboard.press('Control+n')
    server.next(stream([...opening(), ...say('Short, with `code`.'), ...closing(3)]))
    await ask(window, 'In few colours?')
    await isState(window, 'complete')
    await isSettled(window)
    await window.emulateMedia({ forcedColors: 'active' })
    await app.screenshot('forced-colours')
    const chosen = window.locator('nav [aria-current=page]').first()
    expect(await findings(window)).toEqual([])
    expect(await chosen.locator('..').evaluate((element) => getComputedStyle(element).backgroundColor)).not.toBe(
      await root((element) => getComputedStyle(element).backgroundColor),
    )
    await window.keyboard.press('Control+,')
    await shows(window.getByText(t('settings:back')).first())
    expect(await findings(window)).toEqual([])
    await window.keyboard.press('Escape')
    await window.emulateMedia({ forcedColors: null })
  })

  it('from right to left: nothing overflows, code and keys stay as they are', async () => {
    const { window } = app
    await window.evaluate(() => (document.documentElement.dir = 'rtl'))
    server.next(stream([...opening(), ...say('1. مرحبا\n2. عالم\n\n```ts\nconst a = 1\n```\n'), ...closing(4)]))
    await ask(window, 'مرحبا')
    await isState(window, 'complete')
    await isSettled(window)
    const directionOf = (selector: string) =>
      lastAnswer(window)
        .locator(selector)
        .first()
        .evaluate((element) => getComputedStyle(element).direction)
    await shows(lastAnswer(window).locator('ol'))
    expect([await directionOf('ol'), await directionOf('pre'), await directionOf('li p')]).toEqual([
      'rtl',
      'ltr',
      'rtl',
    ])
    expect(await overflow(window)).toBe(0)
    const [side, thread] = await Promise.all(
      ['sidebar', 'thread'].map((name) =>
        window.locator(`[data-region=${name}]`).evaluate((element) => element.getBoundingClientRect().left),
      ),
    )
    expect(side).toBeGreaterThan(thread ?? Infinity)
    await show(420)
    await expect.poll(() => overflow(window)).toBe(0)
    await show(1280)
    await window.evaluate(() => (document.documentElement.dir = 'ltr'))
  })
})

describe('by keyboard alone', () => {
  it('from the first run to an answer, settings and back, without a pointer', async () => {
    const server = await startScenarioServer()
    const app = await launchApp()
    const { window } = app
    const tabTo = async (name: string | RegExp) => {
      const target = window.getByRole('button', { name })
      await shows(target.first())
      for (let presses = 0; presses < 30; presses += 1) {
        if (await target.first().evaluate((element) => element === document.activeElement)) return
        await window.keyboard.press('Tab')
      }
      throw new Error(`Tab never reaches ${String(name)}`)
    }
    await tabTo(t('first-run:startGuide'))
    await window.keyboard.press('Enter')
    await shows(composer(window))
    await expect.poll(() => composer(window).evaluate((field) => field === document.activeElement)).toBe(true)
    await window.keyboard.type('Which keys are there?')
    await window.keyboard.press('Shift+Enter')
    await window.keyboard.type('All of them.')
    await begins(window, () => window.keyboard.press('Enter'))
    await isState(window, 'complete')
    await window.keyboard.press('Control+,')
    await shows(window.getByText(t('settings:back')).first())
    await window.keyboard.press('Escape')
    await expect.poll(() => composer(window).evaluate((field) => field === document.activeElement)).toBe(true)
    await window.keyboard.press('Control+n')
    expect(await composer(window).inputValue()).toBe('')
    // F6 walks through the areas and comes back to where it began.
    const areas = new Set<string>()
    for (let presses = 0; presses < 4; presses += 1) {
      await window.keyboard.press('F6')
      areas.add(
        await window.evaluate(
          () => document.activeElement?.closest('nav, header, [role=log], form, main')?.tagName ?? '',
        ),
      )
    }
    expect(areas.size).toBeGreaterThan(1)
    await app.close()
    await server.close()
  })
})
