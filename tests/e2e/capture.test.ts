import { readdir } from 'node:fs/promises'
import path from 'node:path'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { receivedMedia } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, type RunningApp } from './app'
import { begins, button, composer, connectTo, isState, shows, t, titleOf } from './chat'
import { drag, pressKey } from './screen'

const OVERLAY = 'app://local/capture.html'
/** What is on the screen under our windows: this ground, and on it a block at x 340, y 290 of 300 × 100. */
const GROUND = [10, 120, 200]
const BLOCK = [240, 90, 30]
const PATTERN = `<body style="margin:0;background:rgb(${GROUND.join()})"><div style="position:fixed;left:340px;top:290px;width:300px;height:100px;background:rgb(${BLOCK.join()})">`

describe('a region of the screen', () => {
  let app: RunningApp
  let server: ScenarioServer
  beforeAll(async () => {
    server = await startScenarioServer()
    app = await launchApp()
    await connectTo(app.window, server.url, { provider: 'Lab', model: 'echo' })
    await app.electron.evaluate(async ({ BrowserWindow }, page) => {
      // No window of Parley, so it is not hidden: it stands for the programs of the person.
      const other = new BrowserWindow({ x: 0, y: 0, width: 1440, height: 900, frame: false, show: false })
      await other.loadURL(`data:text/html,${encodeURIComponent(page)}`)
      other.showInactive()
    }, PATTERN)
  })
  afterAll(async () => {
    await app.close()
    await server.close()
  })
  beforeEach(async () => {
    await toFront()
    await app.window.keyboard.press('Control+n')
    await shows(composer(app.window))
    await composer(app.window).focus()
  })

  /** Our windows as the system has them: which are seen, which has the focus, and where they are. */
  const windows = () =>
    app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().flatMap((window) => {
        const page = window.webContents.getURL().replace(/^app:\/\/local|[?#].*$/gu, '')
        const { x, y, width, height } = window.getBounds()
        if (!/^\/[a-z-]+\.html$/u.test(page)) return []
        return [
          { page, isVisible: window.isVisible(), isFocused: window.isFocused(), bounds: [x, y, width, height].join() },
        ]
      }),
    )
  const shown = async () => (await windows()).filter(({ isVisible }) => isVisible).map(({ page }) => page)
  const focused = async () => (await windows()).find(({ isFocused }) => isFocused)?.page ?? null
  const toFront = async () => {
    await app.electron.evaluate(({ BrowserWindow }) => {
      const ours = BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes('index.html'))
      ours?.show()
      ours?.focus()
    })
    await expect.poll(focused).toBe('/index.html')
  }
  /** Waits for the overlay with its picture and the keys. */
  const overlayIsUp = async (): Promise<Page> => {
    await expect.poll(focused).toBe('/capture.html')
    await expect.poll(shown).toEqual(['/capture.html'])
    const page = app.electron.windows().find((each) => each.url() === OVERLAY && !each.isClosed())
    if (page === undefined) throw new Error('no overlay')
    await shows(page.getByText(t('capture:drag')))
    return page
  }
  const isBack = async (page = '/index.html') => {
    await expect.poll(focused).toBe(page)
    await expect.poll(shown).toContain(page)
    await expect.poll(shown).not.toContain('/capture.html')
  }
  const chips = (page: Page) => page.getByRole('group', { name: /^Screen region \d\d\.\d\d\.\d\d\.png$/u })
  const stored = () => readdir(path.join(app.userDataDir, 'attachments')).catch(() => [])
  /** The colours of a PNG: red, green, blue. */
  const coloursOf = (base64: string, places: readonly (readonly [number, number])[]) =>
    app.electron.evaluate(
      ({ nativeImage }, [data, asked]) => {
        const image = nativeImage.createFromBuffer(Buffer.from(data, 'base64'))
        const { width, height } = image.getSize()
        const bgra = image.toBitmap()
        const at = ([x, y]: readonly [number, number]) => {
          const start = (y * width + x) * 4
          return [bgra[start + 2], bgra[start + 1], bgra[start]]
        }
        return { width, height, colours: asked.map(at) }
      },
      [base64, places] as const,
    )

  it('drawn with the mouse: the server gets exactly these pixels, the field has the focus, all is where it was', async () => {
    const { window } = app
    const before = await windows()
    const filesBefore = await stored()
    await button(window, t('capture:button')).click()
    await overlayIsUp()
    expect(await stored()).toEqual(filesBefore)
    await drag({ x: 300, y: 250 }, { x: 700, y: 450 })
    await isBack()
    await expect.poll(windows).toEqual(before)
    await shows(chips(window).getByText('400×200'))
    await expect.poll(() => composer(window).evaluate((field) => document.activeElement === field)).toBe(true)
    server.requests.length = 0
    await window.keyboard.type('What is this?')
    await begins(window, () => window.keyboard.press('Enter'))
    await isState(window, 'complete')
    const json = server.conversations()[0]!.json
    const [received] = receivedMedia(json)
    expect(received?.mime).toBe('image/png')
    expect(received?.name).toMatch(/^Screen region /u)
    const [uri] = (json.media as [string, string][])[0]!
    const corners = [
      [0, 0],
      [39, 40],
      [40, 39],
      [40, 40],
      [339, 139],
      [340, 139],
      [339, 140],
      [399, 199],
    ] as const
    expect(await coloursOf(uri.replace(/^.*,/u, ''), corners)).toEqual({
      width: 400,
      height: 200,
      colours: [GROUND, GROUND, GROUND, BLOCK, BLOCK, GROUND, GROUND, GROUND],
    })
  })

  it('by keyboard alone: arrows, Shift with arrows, Enter; Esc leaves with nothing', async () => {
    const { window } = app
    await pressKey('ctrl+shift+s')
    const overlay = await overlayIsUp()
    for (const key of ['Right', 'Left', 'Up', 'shift+Right', 'shift+Down', 'shift+Down']) await pressKey(key)
    // Half of the screen in its middle, from the first arrow on; one pixel left, one up, one wider, two higher.
    await shows(overlay.getByText('721 × 452'))
    const told = t('capture:region', { width: 721, height: 452, x: 359, y: 224 })
    await expect.poll(() => overlay.getByRole('status').textContent()).toBe(told)
    await pressKey('Return')
    await isBack()
    await shows(chips(window).getByText('721×452'))
    await pressKey('ctrl+shift+s')
    await overlayIsUp()
    await pressKey('Escape')
    await isBack()
    expect(await chips(window).count()).toBe(1)
  })

  it('S01, S15: the overlay is as closed as every window, knows its picture only, and that for as long as it is there', async () => {
    const main = app.window
    app.tolerate(/request refused|forbidden|404/u)
    await pressKey('ctrl+shift+s')
    const overlay = await overlayIsUp()
    const preferences = await app.electron.evaluate(({ BrowserWindow }) => {
      const own = BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes('capture.html'))
      return (
        own?.webContents as unknown as { getLastWebPreferences: () => Record<string, unknown> }
      ).getLastWebPreferences()
    })
    expect(preferences).toMatchObject({
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
    })
    const refused = await overlay.evaluate(async () => {
      const { request } = window.parley
      const asked = [
        request['app.boot'](),
        request['draft.list'](),
        request['settings.get'](),
        request['capture.take']({ temporary: null }),
        request['attachment.pick']({ temporary: null }),
      ]
      return (await Promise.allSettled(asked)).map(({ status }) => status)
    })
    expect(refused).toEqual(Array(5).fill('rejected'))
    const second = await main.evaluate(() => window.parley.request['capture.take']({ temporary: null }))
    expect(second).toEqual({ ok: false, error: { code: 'busy' } })
    const foreign = await main.evaluate(() =>
      window.parley.request['capture.open']().then(
        () => 'answered',
        () => 'rejected',
      ),
    )
    expect(foreign).toBe('rejected')
    const address = (await overlay.locator('img').getAttribute('src')) ?? ''
    const status = (page: Page) => page.evaluate(async (url) => (await fetch(url)).status, address)
    expect(await status(overlay)).toBe(200)
    await pressKey('Escape')
    await isBack()
    expect(await status(main)).toBe(404)
  })

  it('the overlay dies: Parley is back, and says so', async () => {
    app.tolerate(/page died|crash/iu)
    await pressKey('ctrl+shift+s')
    await overlayIsUp()
    await app.electron.evaluate(({ BrowserWindow }) => {
      const own = BrowserWindow.getAllWindows().find((each) => each.webContents.getURL().includes('capture.html'))
      own?.webContents.forcefullyCrashRenderer()
    })
    await isBack()
    await shows(app.window.getByText(titleOf({ code: 'capture', reason: 'failed' })))
  })

  it('in a temporary chat nothing of it reaches the disk', async () => {
    const { window } = app
    await window.keyboard.press('Control+Shift+N')
    await shows(composer(window))
    const filesBefore = await stored()
    await pressKey('ctrl+shift+s')
    await overlayIsUp()
    await pressKey('Return')
    await isBack()
    await shows(chips(window).getByText('1440×900'))
    expect(await stored()).toEqual(filesBefore)
  })

  it('into the quick question, which comes back where it was with its caret in the field', async () => {
    const quickAsk = await app.quickAsk()
    await pressKey('ctrl+shift+space')
    await expect.poll(focused).toBe('/quick-ask.html')
    const place = async () => (await windows()).find(({ page }) => page === '/quick-ask.html')?.bounds.split(',', 2)
    const before = await place()
    await pressKey('ctrl+shift+s')
    await overlayIsUp()
    await drag({ x: 340, y: 290 }, { x: 640, y: 390 })
    await isBack('/quick-ask.html')
    await shows(chips(quickAsk).getByText('300×100'))
    expect(await place()).toEqual(before)
    await expect.poll(() => quickAsk.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')
    await quickAsk.keyboard.press('Escape')
    await expect.poll(shown).toEqual(['/index.html'])
  })

  it('asked about from anywhere: its key is found and recorded, Esc shows nothing new, a region comes up in the quick question', async () => {
    const { window } = app
    const quickAsk = await app.quickAsk()
    const name = t('actions:names.ask-region')
    const row = window.locator('[data-shortcut="ask-region"]')
    const record = async (keys: string) => {
      await row.click()
      await shows(window.getByText(t('actions:shortcuts.press')))
      await window.keyboard.press(keys)
    }
    await window.keyboard.press('Control+,')
    await window.getByRole('textbox', { name: t('actions:settingsSearch.label') }).fill('screen region')
    await window.getByRole('button', { name: `${name} ${t('settings:pages.shortcuts')}` }).click()
    await expect.poll(() => row.evaluate((button) => document.activeElement === button)).toBe(true)
    await shows(row.getByText(t('actions:shortcuts.record'), { exact: true }))
    await record('Control+Shift+Space')
    await shows(window.getByText(t('actions:shortcuts.used', { name: t('actions:names.quick-ask') })))
    await button(window, t('actions:shortcuts.keepNone')).click()
    await record('Control+Alt+r')
    await shows(row.getByText(t('actions:shortcuts.worksAnywhere')))
    await window.keyboard.press('Escape')

    const before = await windows()
    expect(before.find(({ page }) => page === '/quick-ask.html')?.isVisible).toBe(false)
    await pressKey('ctrl+alt+r')
    await overlayIsUp()
    await pressKey('Escape')
    await isBack()
    await expect.poll(windows).toEqual(before)

    const chipsBefore = await chips(quickAsk).count()
    await pressKey('ctrl+alt+r')
    await overlayIsUp()
    await drag({ x: 330, y: 280 }, { x: 650, y: 400 })
    await isBack('/quick-ask.html')
    await shows(chips(quickAsk).getByText('320×120'))
    await expect.poll(() => chips(quickAsk).count()).toBe(chipsBefore + 1)
    await expect.poll(() => quickAsk.evaluate(() => document.activeElement?.tagName)).toBe('TEXTAREA')
    await quickAsk.keyboard.press('Escape')
    await expect.poll(shown).toEqual(['/index.html'])

    // Emptied again, it is nobody's key any more.
    await toFront()
    await window.keyboard.press('Control+,')
    await window
      .getByRole('navigation')
      .getByRole('button', { name: t('settings:pages.shortcuts'), exact: true })
      .click()
    await record('Backspace')
    await shows(row.getByText(t('actions:shortcuts.record'), { exact: true }))
    await expect
      .poll(() => app.electron.evaluate(({ globalShortcut }) => globalShortcut.isRegistered('Control+Alt+R')))
      .toBe(false)
  })
})
