import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, sandboxSwitches, type RunningApp } from './app'
import { answerHas, button, connectTo, conversations, isState, set, shows, t } from './chat'
import { click, pressKey, startTrayHost, type TrayHost } from './screen'

describe('quick ask', () => {
  let app: RunningApp
  let server: ScenarioServer
  let tray: TrayHost
  beforeAll(async () => {
    server = await startScenarioServer()
    tray = await startTrayHost()
    app = await launchApp()
    await connectTo(app.window, server.url)
    // A person cannot press a key in the first milliseconds of a page; a test can, before the page listens to keys.
    const quickAsk = await app.quickAsk()
    await quickAsk.getByRole('textbox').waitFor({ state: 'attached' })
    await quickAsk.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve, { timeout: 500 })))
  })
  afterAll(async () => {
    await app.close()
    await tray.close()
    await server.close()
  })

  const isQuickAskVisible = () =>
    app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().some(
        (window) => window.webContents.getURL().includes('quick-ask.html') && window.isVisible(),
      ),
    )
  const visible = (isVisible: boolean) => expect.poll(isQuickAskVisible, { timeout: 5000 }).toBe(isVisible)

  it('R47: the global shortcut shows it, with the caret in its field; Esc hides it', async () => {
    const quickAsk = await app.quickAsk()
    expect(await isQuickAskVisible()).toBe(false)
    await pressKey('ctrl+shift+space')
    await visible(true)
    await expect
      .poll(() => quickAsk.evaluate(() => document.activeElement?.matches('textarea, input, [contenteditable]')))
      .toBe(true)
    await quickAsk.keyboard.press('Escape')
    await visible(false)
  })

  it('an answer streams in place, goes on while hidden, and opens in the window: one request on the wire', async () => {
    const quickAsk = await app.quickAsk()
    server.requests.length = 0
    server.next(stream([...opening(), ...say('Quick ', 'begins '), hold, ...say('and ', 'ends.'), ...closing(4)]))
    await pressKey('ctrl+shift+space')
    await visible(true)
    await quickAsk.getByRole('textbox').fill('A quick one')
    await quickAsk.keyboard.press('Enter')
    await shows(quickAsk.getByText('Quick begins').first())
    await quickAsk.keyboard.press('Escape')
    await visible(false)
    await pressKey('ctrl+shift+space')
    await visible(true)
    await shows(quickAsk.getByText('Quick begins').first())
    await quickAsk.keyboard.press('Control+Enter')
    await answerHas(app.window, 'Quick begins')
    await visible(false)
    server.release()
    await answerHas(app.window, 'and ends.')
    await isState(app.window, 'complete')
    expect(server.conversations()).toHaveLength(1)
    const [newest] = await conversations(app.window)
    expect(newest?.conversation.origin).toBe('quick-ask')
  })

  it('R32: a second start with --quick-ask shows it in the first app and ends by itself', async () => {
    const second = spawn(
      process.env.ELECTRON_EXEC_PATH ?? '',
      ['.', ...sandboxSwitches(), `--user-data-dir=${app.userDataDir}`, '--quick-ask'],
      { stdio: 'ignore' },
    )
    const exitCode = await new Promise((resolve) => second.once('exit', resolve))
    expect(exitCode).toBe(0)
    await visible(true)
    await (await app.quickAsk()).keyboard.press('Escape')
    await visible(false)
  })

  it('S15, S44: it may not use the channels of the main window', async () => {
    const quickAsk = await app.quickAsk()
    app.tolerate(/request refused|forbidden/)
    const answer = await quickAsk.evaluate(() =>
      window.parley.request['conversation.list']().then(
        () => 'answered',
        () => 'rejected',
      ),
    )
    expect(answer).toBe('rejected')
  })

  it('the tray icon is in the panel; its menu, by keyboard, opens quick ask', async () => {
    const { x, y } = await tray.iconPosition()
    await click(x, y, 'right')
    // The menu takes the keys once it is on the screen; its first entry is quick ask.
    await expect
      .poll(async () => {
        await pressKey('Down')
        await pressKey('Return')
        return isQuickAskVisible()
      })
      .toBe(true)
    await (await app.quickAsk()).keyboard.press('Escape')
    await visible(false)
  })

  it('closing the main window to the tray keeps everything; a click on the icon brings it back', async () => {
    await set(app.window, { closeToTray: true })
    const isMainVisible = () =>
      app.electron.evaluate(({ BrowserWindow }) =>
        BrowserWindow.getAllWindows().some(
          (window) => window.webContents.getURL().includes('index.html') && window.isVisible(),
        ),
      )
    await app.electron.evaluate(({ BrowserWindow }) => {
      for (const window of BrowserWindow.getAllWindows()) {
        if (window.webContents.getURL().includes('index.html')) window.close()
      }
    })
    await expect.poll(isMainVisible).toBe(false)
    const { x, y } = await tray.iconPosition()
    await click(x, y)
    await expect.poll(isMainVisible).toBe(true)
    app.window = await app.mainWindow()
    await shows(button(app.window, new RegExp(t('common:settings'))))
  })
})
