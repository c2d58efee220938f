import { readdir, readFile } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { gradient } from '../support/images'
import { startMediaServer, type MediaServer } from '../support/media-server'
import { launchApp, readLog, type RunningApp } from './app'
import { ask, button, connectTo, detailOf, hides, isState, lastAnswer, shows, storedAnswer, t } from './chat'

const ANSWER = [
  { type: 'provider', provider: { name: 'Lab', label: null, url: null, model: 'lab-1' } },
  { type: 'content', content: 'Two squares, as asked.' },
  { type: 'content', content: '<img>', urls: ['/media/800x500.png', '/media/300x200.png'], alt: 'two squares' },
  { type: 'content', content: '<audio>', data: '/media/a b.wav' },
  { type: 'synthesize', synthesize: { provider: 'Lab', data: { text: 'say this', lang: 'en' } } },
]

/** The picture as the page has drawn it: where it comes from, and that it really is one. */
const pictures = (page: Page) =>
  lastAnswer(page)
    .locator('img')
    .evaluateAll((images) =>
      images.map((image) => ({
        source: image.getAttribute('src'),
        width: image instanceof HTMLImageElement ? image.naturalWidth : 0,
      })),
    )

async function textsOf(folder: string): Promise<string> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name))
  return (await Promise.all(files.map((file) => readFile(file, 'latin1')))).join('\n')
}

describe('results of an answer', () => {
  let app: RunningApp
  let server: MediaServer
  let stranger: MediaServer
  beforeAll(async () => {
    server = await startMediaServer()
    stranger = await startMediaServer()
    app = await launchApp({ isProfileKept: true })
    await connectTo(app.window, server.url)
  })
  afterAll(async () => {
    await app.close()
    await server.close()
    await stranger.close()
  })

  it('pictures and sounds of the server are fetched by main, kept, and shown from the disk', async () => {
    const { window } = app
    server.next(ANSWER)
    await ask(window, 'Draw two squares')
    await isState(window, 'complete')
    await expect.poll(async () => (await pictures(window)).map(({ width }) => width)).toEqual([800, 300])
    for (const { source } of await pictures(window))
      expect(source).toMatch(/^app:\/\/local\/attachment\/[0-9a-f]{64}$/u)
    await shows(lastAnswer(window).getByAltText('two squares').first())
    const sound = lastAnswer(window).locator('audio')
    await expect
      .poll(() => sound.evaluate((each) => (each instanceof HTMLAudioElement ? Math.round(each.duration) : 0)))
      .toBe(2)
    expect(server.asked.filter((each) => each.includes('/media/')).sort()).toEqual([
      'GET /media/300x200.png',
      'GET /media/800x500.png',
      'GET /media/a%20b.wav',
    ])
  })

  it('a picture is shown large, and Esc goes back to it', async () => {
    const { window } = app
    const picture = button(window, t('chat:media.enlarge', { name: 'two squares' })).first()
    await picture.click()
    const view = window.getByRole('dialog', { name: 'two squares' })
    await shows(view.getByRole('img'))
    await window.keyboard.press('Escape')
    await hides(view)
    await expect.poll(() => picture.evaluate((each) => each === document.activeElement)).toBe(true)
  })

  it('an answer is read aloud, and the same button ends that', async () => {
    const { window } = app
    await button(window, t('chat:speak.start')).click()
    await shows(button(window, t('chat:speak.stop')))
    await expect
      .poll(() => server.asked.filter((each) => each.includes('/synthesize/')))
      .toEqual(['GET /backend-api/v2/synthesize/Lab?lang=en&text=say+this'])
    await button(window, t('chat:speak.stop')).click()
    await shows(button(window, t('chat:speak.start')))
  })

  it('S07, S09 of another host nothing is asked before a click, nor in a private network after it', async () => {
    const { window } = app
    const source = `${stranger.url}/media/20x20.png`
    server.next([{ type: 'content', content: '<img>', urls: [source], alt: 'a beacon' }])
    await ask(window, 'And from elsewhere?')
    await isState(window, 'complete')
    const host = new URL(stranger.url).host
    await shows(lastAnswer(window).getByText(t('chat:media.notLoaded.image', { host })))
    expect(stranger.asked).toEqual([])
    await button(lastAnswer(window), t('chat:media.load')).click()
    const words = detailOf({ code: 'media', reason: 'private', host, limitBytes: null })
    await shows(lastAnswer(window).getByText(words))
    expect(stranger.asked).toEqual([])
  })

  it('a data URI is a file as well, and no base64 is in a conversation or in the log', async () => {
    const { window } = app
    const uri = `data:image/png;base64,${gradient(64, 32).toString('base64')}`
    server.next([
      { type: 'content', content: '', urls: [uri], alt: 'inside' },
      { type: 'content', content: '', urls: ['data:image/svg+xml;base64,PHN2Zy8+'], alt: 'a drawing' },
    ])
    await ask(window, 'And inside the answer?')
    await isState(window, 'complete')
    await expect.poll(async () => (await pictures(window)).map(({ width }) => width)).toEqual([64])
    await shows(lastAnswer(window).getByText(t('chat:media.refused.format')))
    expect(JSON.stringify(await storedAnswer(window))).not.toContain('data:')
    expect(await textsOf(path.join(app.userDataDir, 'library'))).not.toMatch(/data:image|base64/u)
    expect(await readLog(app.userDataDir)).not.toMatch(/base64|two squares|\/media\//u)
  })

  it('in a temporary chat they are shown from memory, and on disk only once it is kept', async () => {
    const { window } = app
    const stored = async () => (await readdir(path.join(app.userDataDir, 'attachments'))).length
    const before = await stored()
    await window.keyboard.press('Control+Shift+N')
    const uri = `data:image/png;base64,${gradient(70, 30).toString('base64')}`
    server.next([
      { type: 'content', content: '', urls: [uri], alt: 'inside' },
      { type: 'content', content: '<img>', urls: ['/media/90x60.png'], alt: 'fetched' },
      { type: 'content', content: '<audio>', data: '/media/c.wav' },
    ])
    await ask(window, 'Draw in passing')
    await isState(window, 'complete')
    await expect.poll(async () => (await pictures(window)).map(({ width }) => width)).toEqual([70, 90])
    const sound = lastAnswer(window).locator('audio')
    await expect
      .poll(() => sound.evaluate((each) => (each instanceof HTMLAudioElement ? Math.round(each.duration) : 0)))
      .toBe(2)
    // The sound lies there since the first answer: one file, whoever names it.
    expect(await stored()).toBe(before)
    await button(window, t('chat:temporary.keep')).first().click()
    await expect.poll(stored).toBe(before + 2)
    await expect.poll(async () => (await pictures(window)).map(({ width }) => width)).toEqual([70, 90])
  })

  it('all of it is there after a restart without the server', async () => {
    await app.close()
    await server.close()
    app = await launchApp({ userDataDir: app.userDataDir })
    const { window } = app
    await window.getByText('Draw two squares').first().click()
    await shows(window.getByText('And inside the answer?'))
    await expect.poll(async () => (await pictures(window)).map(({ width }) => width)).toEqual([64])
    const first = window.getByRole('log').locator('article[aria-busy]').first()
    await first.scrollIntoViewIfNeeded()
    await expect
      .poll(() =>
        first.locator('img').evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth)),
      )
      .toEqual([800, 300])
  })
})
