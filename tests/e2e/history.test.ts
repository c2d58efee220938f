import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Locator, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { pathOf } from '../../src/shared/conversation'
import { picture } from '../support/images'
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
  conversations,
  dropFiles,
  hides,
  isState,
  lastAnswer,
  set,
  shows,
  t,
} from './chat'

let server: ScenarioServer
let userDataDir: string
let app: RunningApp
beforeAll(async () => {
  server = await startScenarioServer()
})
afterAll(() => server.close())

/** Starts on the profile of this test. */
async function start(): Promise<Page> {
  app = await launchApp({ userDataDir, isProfileKept: true })
  return app.window
}

async function startConnected(): Promise<Page> {
  const page = await start()
  await connectTo(page, server.url)
  return page
}

/** Asks, and waits until the answer has ended. */
async function talk(page: Page, question: string, ...answer: string[]): Promise<void> {
  server.next(stream([...opening(), ...say(...answer), ...closing(9)]))
  await ask(page, question)
  await isState(page, 'complete')
}

/** The files of the profile that have one of these words in them, in either of the encodings of strings. */
async function filesWith(...words: string[]): Promise<string[]> {
  const names = await readdir(userDataDir, { recursive: true, withFileTypes: true })
  const files = names.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  const needles = words.flatMap((word) => [Buffer.from(word, 'utf8'), Buffer.from(word, 'utf16le')])
  const found: string[] = []
  for (const name of files) {
    const bytes = await readFile(name).catch(() => Buffer.alloc(0))
    if (needles.some((needle) => bytes.includes(needle))) found.push(path.relative(userDataDir, name))
  }
  return found
}

/** Writes something that is kept, and waits until it is on disk: what came before it would be there as well. */
async function isWritten(text: string): Promise<void> {
  const quickAsk = await app.quickAsk()
  await quickAsk.getByRole('textbox').fill(text)
  // Not one that is about to become it: what is killed then was never written.
  await expect.poll(() => filesWith(text)).toContain('drafts.json')
}

const rows = (page: Page): Locator => page.locator('nav [data-conversation]')
const rowMenu = async (page: Page, title: string, item: string): Promise<void> => {
  await rows(page).filter({ hasText: title }).first().hover()
  await page
    .getByRole('button', { name: t('chat:sidebar.actions', { title }), exact: true })
    .first()
    .click()
  await page.getByRole('menuitem', { name: item }).click()
}
const heading = (page: Page, text: string): Promise<void> =>
  shows(page.getByRole('heading', { level: 1, name: text, exact: true }))
const newTemporary = async (page: Page): Promise<void> => {
  await page.keyboard.press('Control+Shift+n')
  await heading(page, t('chat:temporary.title'))
}

beforeEach(async () => {
  userDataDir = await mkdtemp(path.join(os.tmpdir(), 'parley-history-'))
})
afterEach(async () => {
  await app.close()
  await rm(userDataDir, { recursive: true, force: true, maxRetries: 5 })
})

describe('drafts', () => {
  it('R33: of a new chat, of a conversation and of the quick ask are there after kill -9, with their images', async () => {
    let page = await startConnected()
    await talk(page, 'A first question', 'An answer.')
    await composer(page).fill('a second one, half')
    await page.keyboard.press('Control+n')
    const image = path.join(userDataDir, '..', `${path.basename(userDataDir)}-fern.png`)
    await writeFile(image, picture(40, 30))
    await composer(page).fill('what grows here')
    await dropFiles(page, [image])
    await shows(page.getByRole('group', { name: path.basename(image), exact: true }).getByText('40×30'))
    await rm(image)
    // Each window has a timer of its own, and on a busy machine the later words may come first.
    await expect.poll(() => filesWith('what grows here')).toContain('drafts.json')
    await isWritten('a quick one, half')
    await app.kill9()

    page = await start()
    await expect.poll(() => composer(page).inputValue()).toBe('what grows here')
    await shows(page.getByRole('group', { name: path.basename(image), exact: true }).getByText('40×30'))
    await rows(page).first().click()
    await expect.poll(() => composer(page).inputValue()).toBe('a second one, half')
    await expect.poll(async () => (await app.quickAsk()).getByRole('textbox').inputValue()).toBe('a quick one, half')

    // What is sent is no draft any more.
    server.next(stream([...opening(), ...say('Second.'), ...closing(9)]))
    await begins(page, () => composer(page).press('Enter'))
    await isState(page, 'complete')
    await app.close()
    page = await start()
    await rows(page).first().click()
    await answerHas(page, 'Second.')
    expect(await composer(page).inputValue()).toBe('')
  })

  it('are written while somebody goes on typing, not only after it', async () => {
    let page = await startConnected()
    await composer(page).click()
    const written = () => readFile(path.join(userDataDir, 'drafts.json'), 'utf8').catch(() => '')
    let pressed = 0
    // Never a pause that could be taken for an end, however long the disk takes.
    while (!(await written()).includes('x'.repeat(20))) {
      await page.keyboard.press('x', { delay: 10 })
      pressed += 1
      expect(pressed).toBeLessThan(1000)
    }
    await expect.poll(written).toContain('x'.repeat(pressed))
    await app.kill9()
    page = await start()
    await expect.poll(() => composer(page).inputValue()).toBe('x'.repeat(pressed))
  })
})

describe('a temporary chat', () => {
  it('leaves no word on the disk: while it is there, after it was left, and after kill -9', async () => {
    const words = ['landlordish', 'repaintable', 'depositional', 'halfwritten'] as const
    let page = await startConnected()
    await talk(page, 'An ordinary question', 'ordinarily answered')
    await newTemporary(page)
    server.next(stream([...opening(), ...say('All is ', words[1], '.'), hold, ...say(' So ', words[2]), ...closing(9)]))
    await ask(page, `About my ${words[0]}`)
    await answerHas(page, words[1])
    await composer(page).fill(words[3])
    await isWritten('a word of another window')
    expect(await filesWith(...words)).toEqual([])
    server.release()
    await isState(page, 'complete')
    await rows(page).filter({ hasText: 'An ordinary question' }).click()
    await heading(page, 'An ordinary question')
    await shows(page.getByRole('heading', { name: t('chat:sidebar.groups.temporary') }))
    await isWritten('and another word')
    expect(await filesWith(...words)).toEqual([])
    // The net of this test has no hole: words that are kept are found.
    expect(await filesWith('ordinarily answered')).not.toEqual([])

    await app.kill9()
    expect(await filesWith(...words)).toEqual([])
    page = await start()
    await shows(rows(page).first())
    expect(await rows(page).count()).toBe(1)
    expect(await conversations(page)).toHaveLength(1)
  })

  it('that is kept is an ordinary one after a restart', async () => {
    let page = await startConnected()
    await newTemporary(page)
    await talk(page, 'Worth keeping', 'It is kept.')
    await button(page, t('chat:temporary.keep')).click()
    await heading(page, 'Worth keeping')
    await hides(page.getByRole('heading', { name: t('chat:sidebar.groups.temporary') }))
    await app.close()
    page = await start()
    await rows(page).filter({ hasText: 'Worth keeping' }).click()
    await answerHas(page, 'It is kept.')
  })

  it('asks once when the window closes: Cancel stays, Discard ends it', async () => {
    const page = await startConnected()
    await set(page, { closeToTray: false })
    await newTemporary(page)
    await talk(page, 'Only for now', 'Yes.')
    const close = (choice: number) =>
      app.electron.evaluate(({ BrowserWindow, dialog }, response) => {
        const asked: string[] = []
        Object.assign(globalThis, { asked })
        dialog.showMessageBox = async (...args: unknown[]) => {
          const options = args.at(-1) as { message: string }
          asked.push(options.message)
          return { response, checkboxChecked: false }
        }
        for (const window of BrowserWindow.getAllWindows()) {
          if (window.webContents.getURL().includes('index.html')) window.close()
        }
      }, choice)
    const asked = () => app.electron.evaluate(() => (globalThis as { asked?: string[] }).asked ?? [])
    await close(2)
    await expect.poll(asked).toEqual([t('desktop:temporary.message', { count: 1 })])
    expect(await conversations(page)).toHaveLength(1)
    expect(await asked()).toHaveLength(1)
    const ended = new Promise((resolve) => app.electron.process().once('exit', resolve))
    // The app ends under the call.
    await close(0).catch(() => undefined)
    await ended
    expect(await filesWith('Only for now')).toEqual([])
  })
})

describe('the trash', () => {
  it('takes a chat at once, gives it back by key and from its page, and deletes it for good after a question', async () => {
    let page = await startConnected()
    await talk(page, 'First of two', 'one')
    await page.keyboard.press('Control+n')
    await talk(page, 'Second of two', 'two')

    await rows(page).filter({ hasText: 'First of two' }).focus()
    await page.keyboard.press('Delete')
    await shows(page.getByText(t('chat:sidebar.deleted', { title: 'First of two' })))
    await page.keyboard.press('Control+z')
    await shows(rows(page).filter({ hasText: 'First of two' }))

    await rowMenu(page, 'First of two', t('common:delete'))
    await hides(rows(page).filter({ hasText: 'First of two' }))
    await app.close()
    page = await start()
    await page
      .locator('nav')
      .getByRole('button', { name: /^Trash/ })
      .click()
    await heading(page, t('chat:trash.title'))
    const item = page.locator('[data-trashed]').filter({ hasText: 'First of two' })
    await shows(item.getByText('30 days left'))
    await shows(item.getByText('2 messages'))
    await item.hover()
    await button(item, t('chat:trash.putBackNamed', { title: 'First of two' })).click()
    await shows(rows(page).filter({ hasText: 'First of two' }))
    await shows(page.getByText(t('chat:trash.isEmpty')))
    await rows(page).filter({ hasText: 'First of two' }).click()
    await answerHas(page, 'one')

    await rowMenu(page, 'First of two', t('common:delete'))
    await page
      .locator('nav')
      .getByRole('button', { name: /^Trash/ })
      .click()
    await button(page, t('chat:trash.empty')).click()
    const question = page.getByRole('dialog')
    await shows(question)
    await expect.poll(() => filesWith('First of two')).not.toEqual([])
    await button(question, t('chat:trash.delete')).click()
    await shows(page.getByText(t('chat:trash.isEmpty')))
    await app.close()
    expect(await filesWith('First of two')).toEqual([])
    expect(await filesWith('Second of two')).not.toEqual([])
  })
})

describe('copies', () => {
  it('a branch ends where it was made, a duplicate has all; what they come from stays', async () => {
    const page = await startConnected()
    await talk(page, 'Where does it begin', 'At the start.')
    await talk(page, 'And where does it end', 'At the end.')
    await lastAnswer(page).waitFor()
    const first = page.getByRole('log').locator('article[aria-busy]').first()
    await first.hover()
    await first.getByRole('button', { name: t('chat:actions.more') }).click()
    await page.getByRole('menuitem', { name: t('chat:actions.branch') }).click()
    await expect.poll(() => rows(page).count()).toBe(2)
    await answerHas(page, 'At the start.')
    await hides(page.getByRole('log').getByText('At the end.'))
    await talk(page, 'Another way', 'A branch.')

    await rows(page).nth(1).click()
    await answerHas(page, 'At the end.')
    await rows(page).nth(1).hover()
    await page.locator('nav [data-row]').nth(1).locator('[aria-haspopup]').click()
    await page.getByRole('menuitem', { name: t('chat:sidebar.duplicate') }).click()
    await expect.poll(() => rows(page).count()).toBe(3)
    await answerHas(page, 'At the end.')

    const texts = (await conversations(page)).map(({ conversation }) =>
      pathOf(conversation).flatMap((message) => (message.role === 'user' ? [message.text] : [])),
    )
    expect(texts.sort()).toEqual([
      ['Where does it begin', 'And where does it end'],
      ['Where does it begin', 'And where does it end'],
      ['Where does it begin', 'Another way'],
    ])
  })
})
