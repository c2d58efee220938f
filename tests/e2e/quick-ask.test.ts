import { spawn } from 'node:child_process'
import { access } from 'node:fs/promises'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { DEFAULT_QUICK_ASK, type QuickAskSettings } from '../../src/shared/settings'
import { eventually } from '../support/eventually'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { startScenarioServer, type ScenarioServer } from '../support/scenario-server'
import { launchApp, sandboxSwitches, type RunningApp } from './app'
import {
  answerHas,
  ask,
  backends,
  button,
  collectEvents,
  connectTo,
  conversations,
  hides,
  isState,
  set,
  shows,
  t,
} from './chat'
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
    const hasKeys = () =>
      app.electron.evaluate(({ globalShortcut }) => globalShortcut.isRegistered('Control+Shift+Space'))
    await eventually(hasKeys, Boolean, 'the keys of the quick question')
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

  const bounds = () =>
    app.electron.evaluate(({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()
        .find((window) => window.webContents.getURL().includes('quick-ask.html'))
        ?.getBounds(),
    )
  const setQuickAsk = (change: Partial<QuickAskSettings>) =>
    set(app.window, { quickAsk: { ...DEFAULT_QUICK_ASK, ...change } })

  it('grows downwards and never jumps: its top and its field stay, up to 420 pixels; then the answer scrolls', async () => {
    const quickAsk = await app.quickAsk()
    await pressKey('ctrl+shift+space')
    await visible(true)
    const idle = await bounds()
    const field = quickAsk.getByRole('textbox')
    server.next(
      stream([...opening(), ...say('One line.'), hold, ...say('\n\nAnd a paragraph.'.repeat(40)), ...closing(4)]),
    )
    await field.fill('Long?')
    await quickAsk.keyboard.press('Enter')
    await shows(quickAsk.getByText('One line.').first())
    const places = await quickAsk.evaluateHandle(() => {
      const seen = new Set<number>()
      const look = () => {
        seen.add(Math.round(document.querySelector('textarea')?.getBoundingClientRect().top ?? -1))
        requestAnimationFrame(look)
      }
      look()
      return seen
    })
    server.release()
    await expect.poll(async () => (await bounds())?.height).toBe(420)
    await shows(quickAsk.getByText('Answered by', { exact: false }).first())
    expect(await places.evaluate((seen) => seen.size)).toBe(1)
    expect(await bounds()).toEqual({ ...idle, height: 420 })
    expect(idle?.height).toBe(72)
    const scroller = quickAsk.getByRole('log')
    await scroller.evaluate((element) => element.scrollTo(0, 40))
    await field.fill('half a thought')
    await quickAsk.keyboard.press('Escape')
    await visible(false)
    await pressKey('ctrl+shift+space')
    await visible(true)
    expect(await field.inputValue()).toBe('half a thought')
    expect(await scroller.evaluate((element) => element.scrollTop)).toBe(40)
    await field.fill('')
    await quickAsk.keyboard.press('Control+n')
    await expect.poll(bounds).toEqual(idle)
  })

  it('offers what was copied and takes it only when it is wanted; who answers is chosen by keyboard', async () => {
    const quickAsk = await app.quickAsk()
    await quickAsk.keyboard.press('Escape')
    await visible(false)
    await app.electron.evaluate(({ clipboard }) => clipboard.writeText('copied words'))
    await pressKey('ctrl+shift+space')
    await visible(true)
    const offer = button(quickAsk, t('quick-ask:pasteText'))
    await shows(offer)
    expect(await quickAsk.content()).not.toContain('copied words')
    await offer.click()
    const field = quickAsk.getByRole('textbox')
    await expect.poll(() => field.inputValue()).toBe('copied words')
    await hides(offer)
    await quickAsk.keyboard.press('Control+/')
    const search = quickAsk.getByRole('combobox')
    await expect.poll(() => search.evaluate((element) => element === document.activeElement)).toBe(true)
    await shows(quickAsk.getByRole('option', { name: /^plain/u }).first())
    await quickAsk.keyboard.type('plain')
    await hides(quickAsk.getByRole('option', { name: t('chat:header.automatic') }))
    await quickAsk.keyboard.press('Enter')
    await hides(search)
    server.requests.length = 0
    server.next(stream([...opening(), ...say('Seen.'), ...closing(1)]))
    await quickAsk.keyboard.press('Enter')
    await shows(quickAsk.getByText('Seen.').first())
    expect(server.conversations()[0]?.json).toMatchObject({ model: 'plain' })
    await quickAsk.keyboard.press('Control+n')
  })

  it('S44: it hides when it loses the focus, unless it is pinned or the settings say otherwise', async () => {
    const quickAsk = await app.quickAsk()
    server.next(stream([...opening(), ...say('Pinned.'), ...closing(1)]))
    await quickAsk.getByRole('textbox').fill('Stay')
    await quickAsk.keyboard.press('Enter')
    await shows(quickAsk.getByText('Pinned.').first())
    await quickAsk.keyboard.press('Control+p')
    await shows(quickAsk.locator('[aria-pressed=true]'))
    const isFocused = (page: string) =>
      app.electron.evaluate(
        ({ BrowserWindow }, wanted) =>
          BrowserWindow.getAllWindows().some(
            (window) => window.webContents.getURL().includes(wanted) && window.isFocused(),
          ),
        page,
      )
    const focus = (page: string) =>
      app.electron.evaluate(({ BrowserWindow }, wanted) => {
        BrowserWindow.getAllWindows()
          .find((window) => window.webContents.getURL().includes(wanted))
          ?.focus()
      }, page)
    await focus('index.html')
    await expect.poll(() => isFocused('index.html')).toBe(true)
    expect(await isQuickAskVisible()).toBe(true)
    await focus('quick-ask.html')
    await expect.poll(() => isFocused('quick-ask.html')).toBe(true)
    await quickAsk.keyboard.press('Control+p')
    await hides(quickAsk.locator('[aria-pressed=true]'))
    await focus('index.html')
    await visible(false)
    await setQuickAsk({ hidesOnBlur: false })
    await pressKey('ctrl+shift+space')
    await visible(true)
    await focus('index.html')
    await expect.poll(() => isFocused('index.html')).toBe(true)
    expect(await isQuickAskVisible()).toBe(true)
    await quickAsk.keyboard.press('Control+n')
    await quickAsk.keyboard.press('Escape')
    await visible(false)
    await setQuickAsk({})
  })

  it('S44: what is not kept is nowhere but in memory, and can be kept; it asks whom the settings name', async () => {
    const quickAsk = await app.quickAsk()
    const [backend] = (await backends(app.window)).filter(({ isBuiltIn }) => !isBuiltIn)
    const choice = { backendId: backend?.profile.id ?? '', provider: null, model: 'echo' }
    await setQuickAsk({ isKept: false, choice, instruction: 'Be brief.' })
    await pressKey('ctrl+shift+space')
    await visible(true)
    server.requests.length = 0
    server.next(stream([...opening(), ...say('Between us.'), ...closing(1)]))
    await quickAsk.getByRole('textbox').fill('A secret?')
    await quickAsk.keyboard.press('Enter')
    await shows(quickAsk.getByText('Between us.').first())
    expect(server.conversations()[0]?.json).toMatchObject({
      model: 'echo',
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'user' }],
    })
    const newest = async () => (await conversations(app.window))[0]?.conversation
    await expect.poll(async () => (await newest())?.title).toBe('A secret?')
    const file = path.join(app.userDataDir, 'library', 'conversations', `${(await newest())?.id ?? ''}.json`)
    await expect(access(file)).rejects.toThrow('ENOENT')
    await button(quickAsk, t('quick-ask:keep')).click()
    await expect
      .poll(() =>
        access(file).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    await hides(button(quickAsk, t('quick-ask:keep')))
    await quickAsk.keyboard.press('Control+n')
    await quickAsk.keyboard.press('Escape')
    await visible(false)
    await setQuickAsk({})
  })

  it('S44: it can read nothing of the chats of the main window, by asking or by listening', async () => {
    const quickAsk = await app.quickAsk()
    const heard = await collectEvents(quickAsk)
    const told = await collectEvents(app.window)
    server.next(stream([...opening(), ...say('For the main window only.'), hold, ...closing(1)]))
    await app.window.keyboard.press('Control+n')
    await ask(app.window, 'Who may read this?')
    const [event] = await eventually(told, (events) => events.length > 0, 'an event of the answer')
    if (event === undefined) throw new Error('no event')
    const answers = await quickAsk.evaluate(async ({ conversationId, generationId }) => {
      const { request } = window.parley
      return Promise.all([
        request['conversation.open']({ conversationId }),
        request['conversation.discard']({ conversationId }),
        request['conversation.keep']({ conversationId }),
        request['window.openConversation']({ conversationId }),
        request['generation.stop']({ generationId }),
        request['generation.retryNow']({ generationId }),
      ])
    }, event)
    server.release()
    await isState(app.window, 'complete')
    expect(answers).toEqual(answers.map(() => ({ ok: false, error: { code: 'not-found', what: 'conversation' } })))
    const booted = await quickAsk.evaluate(() => window.parley.request['app.boot']())
    expect(booted).toMatchObject({ ok: true, value: { conversations: [] } })
    expect(await heard()).toEqual([])
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
