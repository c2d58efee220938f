import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../support/eventually'
import { png } from '../support/images'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { askMain, launchApp, type RunningApp } from './app'
import {
  begins,
  button,
  composer,
  connectTo,
  conversations,
  dropFiles,
  hides,
  isState,
  shows,
  storedText,
  t,
} from './chat'

const uploads = (server: ScenarioServer) =>
  server.requests.filter(({ method, path: asked }) => method === 'POST' && asked.includes('/files/'))

describe('texts and PDFs', () => {
  let app: RunningApp
  let server: ScenarioServer
  let poor: ScenarioServer
  let folder: string
  const file = async (name: string, content: string | Uint8Array): Promise<string> => {
    const where = path.join(folder, name)
    await writeFile(where, content)
    return where
  }
  const chip = (name: string) => app.window.getByRole('group', { name, exact: true })
  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'parley-files-'))
    server = await startScenarioServer()
    poor = await startScenarioServer({ hasBuckets: false })
    app = await launchApp()
    await connectTo(app.window, server.url, { provider: 'Lab', model: 'echo' })
  })
  afterAll(async () => {
    await app.close()
    await Promise.all([server.close(), poor.close()])
    await rm(folder, { recursive: true, force: true, maxRetries: 5 })
  })
  beforeEach(async () => {
    for (const each of [server, poor]) each.requests.length = 0
    await app.window.keyboard.press('Control+n')
  })

  it('dropped, uploaded with the question, named in it, and again asked about', async () => {
    const { window } = app
    await dropFiles(window, [await file('main.rs', 'fn main() {}\n'), await file('plan.pdf', '%PDF-1.7\na plan\n')])
    await shows(chip('main.rs').getByText(/^Text · /))
    await shows(chip('plan.pdf').getByText(/^PDF · /))
    expect(uploads(server)).toHaveLength(0)
    await composer(window).fill('What is in these?')
    await app.screenshot('files-chips')
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')
    expect(await storedText(window)).toContain('fn main() {}')
    expect(await storedText(window)).toContain('a plan')
    expect(uploads(server)).toHaveLength(2)
    await shows(window.getByRole('log').getByText('plan.pdf').first())
    await app.screenshot('files-question')

    await composer(window).fill('And now?')
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')
    expect(uploads(server)).toHaveLength(2)
    server.emptyBuckets()
    await composer(window).fill('And in the end?')
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')
    expect(uploads(server)).toHaveLength(4)
  })

  it('a server that takes no files says so, and the text goes in the message instead', async () => {
    const { window } = app
    await connectTo(window, poor.url, { provider: 'Lab', model: 'echo' })
    await window.keyboard.press('Control+n')
    await dropFiles(window, [await file('notes.md', '# Notes\n')])
    await shows(chip('notes.md').getByText(/^Text · /))
    await composer(window).fill('What is in it?')
    await begins(window, () => composer(window).press('Enter'))
    await shows(window.getByText(t('errors:upload.unsupported.title')))
    await app.screenshot('files-unsupported')
    expect(poor.conversations()).toHaveLength(0)
    await begins(window, () => button(window, t('files:sendAsText')).click())
    await isState(window, 'complete')
    const { messages } = poor.conversations()[0]!.json as { messages: { content: string }[] }
    expect(messages.map(({ content }) => content)).toEqual(['What is in it?\n\nnotes.md\n\n```md\n# Notes\n```'])
  })

  it('with the keyboard: a chip becomes text in the message', async () => {
    const { window } = app
    await dropFiles(window, [await file('a.csv', 'a;b\n')])
    await shows(chip('a.csv').getByText(/^Text · /))
    await chip('a.csv').focus()
    await window.keyboard.press('Tab')
    await window.keyboard.press('Enter')
    await shows(window.getByRole('menuitem', { name: t('files:chip.asText') }))
    await window.keyboard.press('Enter')
    await hides(chip('a.csv'))
    await expect.poll(() => composer(window).inputValue()).toBe('a.csv\n\n```csv\na;b\n```')
    await composer(window).fill('')
  })

  it('a long paste stands as text until somebody makes a file of it', async () => {
    const { window } = app
    const long = Array.from({ length: 80 }, (_, index) => `line ${index + 1}`).join('\n')
    const paste = async (text: string): Promise<void> => {
      await app.electron.evaluate(({ clipboard }, words) => clipboard.writeText(words), text)
      await composer(window).press('Control+v')
    }
    await composer(window).fill('Look: ')
    await paste('a short one ')
    await expect.poll(() => composer(window).inputValue()).toBe('Look: a short one ')
    expect(await window.getByText(t('files:longPaste.title'), { exact: true }).count()).toBe(0)
    await paste(long)
    await shows(window.getByText(t('files:longPaste.title'), { exact: true }))
    await expect.poll(() => composer(window).inputValue()).toBe(`Look: a short one ${long}`)
    await app.screenshot('files-long-paste')
    await button(window, t('files:longPaste.attach')).click()
    await shows(chip(t('files:longPaste.name')).getByText(/^Text · /))
    await expect.poll(() => composer(window).inputValue()).toBe('Look: a short one ')
    await hides(window.getByText(t('files:longPaste.title'), { exact: true }))
  })

  it('a picture is dragged out as a file with its name', async () => {
    const { window, electron } = app
    await connectTo(window, server.url, { provider: 'Lab', model: 'echo' })
    await window.keyboard.press('Control+n')
    await dropFiles(window, [await file('fern.png', png())])
    await shows(chip('fern.png').getByText(/\d+×\d+/))
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')
    await electron.evaluate(({ BrowserWindow }) => {
      for (const { webContents } of BrowserWindow.getAllWindows()) {
        webContents.startDrag = (item) => void Object.assign(globalThis, { dragged: item.file })
      }
    })
    const thumbnail = button(window, t('images:viewer.open', { name: 'fern.png' }))
    await thumbnail.hover()
    await window.mouse.down()
    await window.mouse.move(400, 300, { steps: 5 })
    const dragged = askMain(app, () => (globalThis as { dragged?: string }).dragged ?? '')
    const where = await eventually(dragged, (found) => found !== '', 'a file that is dragged')
    await window.mouse.up()
    expect(path.basename(where)).toBe('fern.png')
    expect((await readFile(where)).equals(png())).toBe(true)
  })

  it('R41: a question whose picture is damaged is edited, and goes without it', async () => {
    const { window } = app
    await dropFiles(window, [await file('lost.png', png({ claimed: { width: 7, height: 5 } }))])
    await shows(chip('lost.png').getByText(/\d+×\d+/))
    await composer(window).fill('What is this?')
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')
    const asked = (await conversations(window))[0]!.conversation.messages.find(({ role }) => role === 'user')
    const id = asked?.role === 'user' ? asked.attachments[0]!.id : ''
    await rm(path.join(app.userDataDir, 'attachments', `${id}.png`))
    await composer(window).fill('And now?')
    await begins(window, () => composer(window).press('Enter'))
    await isState(window, 'complete')

    const log = window.getByRole('log')
    await log.getByText('What is this?').first().hover()
    await button(log, t('thread:question.edit')).first().click()
    await button(log, t('chat:composer.remove', { name: 'lost.png' })).click()
    server.requests.length = 0
    await begins(window, () => log.locator('form textarea').press('Enter'))
    await isState(window, 'complete')
    const sent = server.conversations().at(-1)!.json
    expect(sent).not.toHaveProperty('media')
    expect((sent.messages as { content: unknown }[]).map(({ content }) => content)).toEqual(['What is this?'])
  })
})
