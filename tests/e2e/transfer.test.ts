import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, truncate } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { eventually } from '../support/eventually'
import { closing, opening, say, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import { answerHas, ask, button, composer, connectTo, hides, isState, lastAnswer, set, shows, t } from './chat'

let server: ScenarioServer
let folder: string
let app: RunningApp
let page: Page

beforeAll(async () => {
  server = await startScenarioServer()
})
afterAll(() => server.close())
beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'parley-transfer-'))
  app = await launchApp({ userDataDir: path.join(folder, 'profile'), isProfileKept: true })
  page = app.window
})
afterEach(async () => {
  expect(await app.takeProblems()).toEqual([])
  await app.close()
  await rm(folder, { recursive: true, force: true, maxRetries: 5 })
})

/** What the person picks in every dialog of the system. */
async function pick(filePath: string): Promise<void> {
  await app.electron.evaluate(({ dialog }, filePath) => {
    dialog.showSaveDialog = async () => ({ canceled: false, filePath })
    dialog.showOpenDialog = async () => ({ canceled: false, filePaths: [filePath] })
  }, filePath)
}

async function openPrivacy(): Promise<void> {
  await page.keyboard.press('Control+Comma')
  await button(page, t('settings:pages.privacy')).click()
}

async function talk(question: string, answer: string): Promise<void> {
  server.next(stream([...opening(), ...say(answer), ...closing(9)]))
  await ask(page, question)
  await isState(page, 'complete')
}

it('R46: backs up, exports everything, deletes a chat and brings it back after a look at what would change', async () => {
  await connectTo(page, server.url)
  await talk('What is a backup?', 'A copy.')
  // By the menu of the chat, and the focus is where one goes on writing.
  await pick(path.join(folder, 'chat.md'))
  await button(page, t('chat:header.actions')).press('Enter')
  await page.getByRole('menuitem', { name: t('transfer:export.title') }).press('ArrowRight')
  await page.getByRole('menuitem', { name: t('transfer:export.markdown') }).press('Enter')
  await shows(page.getByText(t('transfer:export.saved', { file: 'chat.md' })))
  await hides(page.getByRole('menu'))
  await expect.poll(() => composer(page).evaluate((element) => element === document.activeElement)).toBe(true)

  const zip = path.join(folder, 'copy.zip')
  await pick(zip)
  await openPrivacy()
  // Where Parley has connected: the server, by its host.
  await shows(page.getByRole('cell', { name: new URL(server.url).host }).first())

  await button(page, t('transfer:backup.button')).press('Enter')
  await shows(page.getByRole('dialog').getByText(/^1 chat saved in copy\.zip/u))
  expect((await stat(zip)).mode & 0o777).toBe(0o600)
  await page.keyboard.press('Escape')
  await hides(page.getByRole('dialog'))
  await shows(page.getByText(/ Last one: /u))

  const all = path.join(folder, 'all.zip')
  await pick(all)
  await button(page, t('transfer:exportAll.button')).click()
  await shows(page.getByRole('dialog').getByText(/^1 chat exported to all\.zip/u))
  await page.keyboard.press('Escape')
  expect((await readFile(all)).includes('markdown/')).toBe(true)

  const before = await page.evaluate(async () => (await window.parley.request['conversation.list']()).ok)
  expect(before).toBe(true)
  await page.evaluate(async () => {
    const list = await window.parley.request['conversation.list']()
    if (!list.ok) return
    for (const { id } of list.value) await window.parley.request['conversation.trash']({ conversationId: id })
  })
  await pick(zip)
  await button(page, t('transfer:restore.button')).click()
  const dialog = page.getByRole('dialog')
  await shows(dialog.getByText(t('transfer:restore.heading.parley')))
  await button(dialog, t('transfer:restore.add', { count: 1, number: '1' })).click()
  await shows(dialog.getByText('1 chat added.'))
  await page.keyboard.press('Escape')
  await hides(dialog)
  // Nothing half written stays.
  expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([])
})

it('S07 S08: a picture of the web waits for a person, and is there after a restart without its host', async () => {
  await connectTo(page, server.url)
  const address = `${server.url}/media/20x20.png`
  const asked = () => server.requests.filter((each) => each.path.includes('/media/20x20.png')).length
  await talk('Show me', `Here:\n\n![A square](${address})\n\nand [there](${address}).`)
  await answerHas(page, 'there')
  const block = lastAnswer(page).locator('[data-picture]')
  await shows(block.getByText(new URL(address).host))
  const before = asked()

  await set(page, { webPictures: { load: 'never', allowed: [], blocked: [] } })
  await hides(button(block, t('privacy:pictures.load')))
  await set(page, { webPictures: { load: 'ask', allowed: [], blocked: [] } })
  await button(block, t('privacy:pictures.load')).press('Enter')
  await page.getByRole('menuitem', { name: t('privacy:pictures.this') }).press('Enter')
  await shows(lastAnswer(page).getByRole('img', { name: 'A square' }))
  await hides(block)
  expect(asked()).toBe(before + 1)

  await app.close()
  app = await launchApp({ userDataDir: path.join(folder, 'profile'), isProfileKept: true })
  page = app.window
  await page.getByRole('navigation').getByText('Show me').first().click()
  const image = lastAnswer(page).getByRole('img', { name: 'A square' })
  await shows(image)
  await eventually(
    () => image.evaluate((each) => each instanceof HTMLImageElement && each.naturalWidth),
    (width) => width !== false && width > 0,
    'the picture is drawn',
  )
  expect(asked()).toBe(before + 1)
})

it('R04: a chat whose file is damaged shows what can still be read, and comes back out of a copy', async () => {
  await connectTo(page, server.url)
  await talk('What is kept?', 'Every word of it.')
  const zip = path.join(folder, 'copy.zip')
  await pick(zip)
  await openPrivacy()
  await button(page, t('transfer:backup.button')).click()
  await shows(page.getByRole('dialog').getByText(/^1 chat saved/u))
  await app.close()
  const profile = path.join(folder, 'profile')
  await mkdir(path.join(profile, 'backups'), { recursive: true })
  await rename(zip, path.join(profile, 'backups', 'before-restore-2026-11-20T10-15-00-000Z.zip'))
  const chats = path.join(profile, 'library', 'conversations')
  const [name = ''] = await readdir(chats)
  const { size } = await stat(path.join(chats, name))
  await truncate(path.join(chats, name), size - 100)

  app = await launchApp({ userDataDir: profile, isProfileKept: true })
  page = app.window
  await page
    .getByRole('navigation')
    .getByRole('button', { name: /cannot be read/u })
    .click()
  await shows(page.getByRole('alert').getByText(t('errors:storage.damaged.title')))
  const text = page.getByRole('region', { name: t('chat:unreadable.text') })
  await shows(text.getByText('Every word of it.'))
  await button(page, /^Bring back 2 messages as of 20 November 2026/u).press('Enter')
  await answerHas(page, 'Every word of it.')
  await hides(text)
  expect(await readdir(path.join(profile, 'library', 'trash'))).toHaveLength(1)
})
