import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { COLOUR_RULES, findings } from '../support/axe'
import { picture } from '../support/images'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { startTlsServer } from '../support/tls-servers'
import { launchApp, type RunningApp } from './app'
import { layGround, leaveOverlay, openOverlay } from './overlay'
import {
  answerHas,
  ask,
  begins,
  button,
  composer,
  connectTo,
  dropFiles,
  hides,
  isSettled,
  isState,
  lastAnswer,
  set,
  setTheme,
  shows,
  t,
  themes,
} from './chat'

/** Longer than a window, with a line of code wider than the column. */
const LONG = `${'A paragraph of an answer that goes on and on, as they do. '.repeat(40)}\n\n\`\`\`text\n${'x = '.repeat(200)}\n\`\`\`\n`

interface Spoken {
  atMs: number
  words: string
}

/** What the one polite region of a chat says from now on, and when; the function answers what was said so far. */
async function listen(page: Page): Promise<() => Promise<Spoken[]>> {
  const handle = await page.evaluateHandle(() => {
    const spoken: { atMs: number; words: string }[] = []
    const region = document.querySelector('main [role=status].sr-only')
    if (region === null) throw new Error('There is no region that speaks')
    new MutationObserver(() => {
      spoken.push({ atMs: performance.now(), words: region.textContent.trim() })
    }).observe(region, { childList: true, characterData: true, subtree: true })
    return spoken
  })
  return () => handle.jsonValue()
}

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

  it('S37: a certificate that nobody knows, and one that has changed', async () => {
    const { window } = app
    const tls = await startTlsServer({ certificate: 'self-signed', target: server.port })
    const name = new URL(tls.url).host
    await window.getByRole('textbox').fill(tls.url)
    await window.keyboard.press('Enter')
    const dialog = window.getByRole('dialog', { name: t('certificate:unknown.title', { name }) })
    await shows(dialog)
    await dialog.getByRole('textbox').fill('00:11:22')
    await shows(dialog.getByText(/They differ/u))
    await holdsInBothThemes(window, 'a certificate that differs')
    await dialog.getByRole('textbox').fill('')
    await button(dialog, t('certificate:unknown.trust', { name })).click()
    await shows(composer(window))
    tls.present('self-signed-2')
    await ask(window, 'To whom do I speak?')
    await shows(window.getByRole('alertdialog'))
    await holdsInBothThemes(window, 'a certificate that has changed')
    await window.keyboard.press('Escape')
    await isState(window, 'failed')
    await holdsInBothThemes(window, 'an answer that failed')
    await window.keyboard.press('Control+n')
    await tls.close()
  })

  it('an empty chat, a running answer, a finished one and a failed one', async () => {
    const { window } = app
    await connectTo(window, server.url)
    await holdsInBothThemes(window, 'new chat')
    const heard = await listen(window)
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
    // States at most every 5 s, and no word of what is written.
    await shows(window.getByRole('status').getByText(/^Answer complete, \d+ words$/u))
    const spoken = await heard()
    expect(spoken[0]?.words).toMatch(/^(?:Waiting for provider|Writing)$/u)
    for (const [index, { atMs, words }] of spoken.entries()) {
      expect(words).not.toMatch(/heading|const a|Text with/u)
      if (index > 0) expect(atMs - (spoken[index - 1]?.atMs ?? 0)).toBeGreaterThan(4900)
    }
    server.next(stream([...opening(), ...say('Half an '), { do: 'reset' }]))
    await ask(window, 'And now?')
    await isState(window, 'interrupted')
    await isSettled(window)
    await holdsInBothThemes(window, 'interrupted answer')
  })

  it('the list of models, the menus, and what a press of the right button opens', async () => {
    const { window } = app
    await window.keyboard.press('Control+/')
    await shows(window.getByRole('option').first())
    await holdsInBothThemes(window, 'list of models')
    await window.keyboard.press('Escape')
    await button(window, t('chat:header.actions')).click()
    await shows(window.getByRole('menuitem').first())
    await holdsInBothThemes(window, 'menu of a chat')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('menu'))
    await window.locator('nav [data-conversation]').first().click({ button: 'right' })
    await shows(window.getByRole('menuitem').first())
    await holdsInBothThemes(window, 'menu of a row')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('menu'))
    await button(lastAnswer(window), t('chat:actions.more')).click()
    await shows(window.getByRole('menuitem').first())
    await holdsInBothThemes(window, 'menu of an answer')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('menu'))
  })

  it('models side by side, an image and its viewer', async () => {
    const { window } = app
    await window.keyboard.press('Control+n')
    const folder = await mkdtemp(path.join(os.tmpdir(), 'parley-looks-'))
    const files = ['one.png', 'two.png'].map((name) => path.join(folder, name))
    for (const [seed, file] of files.entries()) await writeFile(file, picture(64, 48, seed + 70))
    await dropFiles(window, files)
    const chip = window.getByRole('group', { name: 'two.png' })
    await shows(chip.getByText('64×48'))
    await holdsInBothThemes(window, 'images to be sent')
    await chip.focus()
    await window.keyboard.press('Enter')
    await shows(window.getByRole('dialog').getByText('2 of 2'))
    await holdsInBothThemes(window, 'viewer')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('dialog'))
    for (const name of ['one.png', 'two.png']) await window.getByRole('group', { name }).press('Delete')
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    await composer(window).press('Control+Shift+M')
    await shows(button(window, t('compare:chip', { count: 2 })))
    await holdsInBothThemes(window, 'columns before a question')
    await composer(window).press('Control+Shift+M')
    await hides(button(window, t('compare:chip', { count: 2 })))
    server.next(stream([...opening(), ...say('The first answer.'), ...closing(3)]))
    await ask(window, 'Which one?')
    await isState(window, 'complete')
    server.next(stream([...opening(), ...say('The second one '), hold, ...say('.'), ...closing(3)]))
    await begins(window, () => button(lastAnswer(window), t('chat:actions.retry')).click())
    await answerHas(window, 'The second one')
    await button(window, t('compare:versions')).click()
    await shows(button(window, t('compare:keepOf', { name: 'lab-1' })).first())
    await holdsInBothThemes(window, 'columns, one of them running')
    server.release()
    await isSettled(window)
    await window.keyboard.press('Escape')
  })

  it('the trash, a backup and what it would bring back, and the last question before all is deleted', async () => {
    const { window } = app
    await window.locator('nav [data-conversation]').first().focus()
    await window.keyboard.press('Delete')
    await window
      .locator('nav')
      .getByRole('button', { name: /^Trash/u })
      .click()
    await shows(window.locator('[data-trashed]').first())
    await window.locator('[data-trashed]').first().hover()
    await holdsInBothThemes(window, 'trash, with a toast')
    await button(window, t('chat:trash.empty')).click()
    await shows(window.getByRole('alertdialog').or(window.getByRole('dialog')))
    await holdsInBothThemes(window, 'the question before the trash is emptied')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('alertdialog').or(window.getByRole('dialog')))
    await app.electron.evaluate(({ dialog, app: electron }) => {
      const filePath = `${electron.getPath('userData')}/looks.zip`
      dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath })
      dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [filePath] })
    })
    await window.keyboard.press('Control+,')
    await window
      .getByRole('navigation')
      .getByRole('button', { name: t('settings:pages.privacy'), exact: true })
      .click()
    await button(window, t('transfer:backup.button')).click()
    await shows(window.getByRole('dialog').getByText(/saved in/u))
    await holdsInBothThemes(window, 'a backup that is done')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('dialog'))
    await button(window, t('transfer:restore.button')).click()
    await shows(window.getByRole('dialog').getByText(t('transfer:restore.heading.parley')))
    await holdsInBothThemes(window, 'what a backup would change')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('dialog'))
    await button(window, t('transfer:delete.button')).click()
    await shows(window.getByRole('dialog'))
    await holdsInBothThemes(window, 'delete everything')
    await window.keyboard.press('Escape')
    await hides(window.getByRole('dialog'))
    await window.keyboard.press('Escape')
    await shows(composer(window))
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
    await page.keyboard.press('Control+/')
    await shows(page.getByRole('radio').first())
    await holdsInBothThemes(page, 'quick ask: who answers')
    await page.keyboard.press('Escape')
    await page.getByRole('textbox').fill('What is Parley?')
    await page.keyboard.press('Enter')
    await shows(page.getByRole('article', { name: t('chat:thread.answer') }))
    await holdsInBothThemes(page, 'quick ask with an answer')
    await page.keyboard.press('Control+n')
    await page.keyboard.press('Escape')
  })

  it('the overlay in which a region of the screen is chosen', async () => {
    const takeGround = await layGround(app)
    for (const theme of themes) {
      await setTheme(app.window, app.window, theme)
      const overlay = await openOverlay(app)
      expect(await findings(overlay), `overlay, ${theme}`).toEqual([])
      await overlay.keyboard.press('ArrowLeft')
      await shows(overlay.locator('.capture-region'))
      expect(await findings(overlay, COLOUR_RULES), `overlay with a region, ${theme}`).toEqual([])
      await leaveOverlay(app, overlay)
    }
    await takeGround()
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
    await expect.poll(() => overflow(window)).toBe(0)
    expect(await findings(window)).toEqual([])
    await window.keyboard.press('Control+,')
    await shows(
      button(window, t('settings:back'))
        .or(window.getByText(t('settings:back')))
        .first(),
    )
    await expect.poll(() => overflow(window)).toBe(0)
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
    const place = () =>
      lastAnswer(window).evaluate(
        (answer) =>
          answer.getBoundingClientRect().top - (answer.closest('[role=log]')?.getBoundingClientRect().top ?? 0),
      )
    await expect.poll(async () => [(await place()) >= 0, (await place()) < 200]).toEqual([true, true])
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
    await expect.poll(() => overflow(window)).toBe(0)
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
