import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { promisify } from 'node:util'
import { afterEach, describe, expect, it } from 'vitest'
import { closing, hold, opening, say, stream } from '../support/player/scenarios'
import { eventually } from '../support/eventually'
import { startScenarioServer } from '../support/scenario-server'
import { askMain, launchApp, type RunningApp } from './app'
import { answerHas, ask, connectTo, isState } from './chat'
import { startTrayHost } from './screen'

const run = promisify(execFile)

/** A session bus with a notification daemon on it. */
async function startNotifications(): Promise<{ env: Record<string, string>; close: () => void }> {
  const children: ChildProcess[] = []
  const bus = spawn('dbus-daemon', ['--session', '--nofork', '--print-address'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  children.push(bus)
  const address = await new Promise<string>((resolve, reject) => {
    bus.once('error', reject)
    bus.stdout.once('data', (data) => resolve(String(data).trim()))
  })
  const env = { DBUS_SESSION_BUS_ADDRESS: address }
  children.push(spawn('dunst', [], { stdio: 'ignore', env: { ...process.env, ...env } }))
  await eventually(
    () => dunst(env, 'count', 'displayed'),
    (count) => count.trim() === '0',
    'a notification daemon',
  )
  return {
    env,
    close: () => {
      for (const child of children.reverse()) child.kill('SIGKILL')
    },
  }
}

async function dunst(env: Record<string, string>, ...args: string[]): Promise<string> {
  const { stdout } = await run('dunstctl', args, { env: { ...process.env, ...env } }).catch(() => ({ stdout: '' }))
  return stdout
}

describe('how Parley is noticed', () => {
  const closers: (() => unknown)[] = []
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })
  const hideMain = (app: RunningApp) =>
    askMain(app, ({ BrowserWindow }) =>
      BrowserWindow.getAllWindows()
        .find((window) => window.webContents.getURL().includes('index.html'))
        ?.hide(),
    )()
  const isMainVisible = (app: RunningApp) =>
    askMain(app, ({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().some(
        (window) => window.webContents.getURL().includes('index.html') && window.isVisible(),
      ),
    )

  it('an answer that ends while no window is in front is told of without its words; a click shows it', async () => {
    const server = await startScenarioServer()
    closers.push(() => server.close())
    const notifications = await startNotifications()
    closers.push(() => notifications.close())
    const app = await launchApp({ env: notifications.env })
    closers.push(() => app.close())
    await connectTo(app.window, server.url)
    const halves = () => stream([...opening(), ...say('A secret '), hold, ...say('word'), ...closing(3)])
    server.next(halves(), halves())
    await ask(app.window, 'Tell me')
    await answerHas(app.window, 'A secret')
    await hideMain(app)
    server.release()
    const displayed = () => dunst(notifications.env, 'count', 'displayed')
    await eventually(displayed, (count) => count.trim() === '1', 'a notification')
    const told = async () => {
      await dunst(notifications.env, 'close-all')
      return dunst(notifications.env, 'history')
    }
    await dunst(notifications.env, 'action')
    await expect.poll(isMainVisible(app)).toBe(true)
    await isState(app.window, 'complete')
    // The daemon moves what it has closed into its history in its own time.
    const history = await eventually(told, (text) => text.includes('An answer is ready.'), 'what was told')
    expect(history).not.toContain('secret')
    expect(history).not.toContain('Tell me')

    await app.window.evaluate(() => window.parley.request['settings.set']({ notifies: 'never' }))
    await app.window.keyboard.press('Control+n')
    await ask(app.window, 'Once more')
    await answerHas(app.window, 'A secret')
    await hideMain(app)
    server.release()
    await isState(app.window, 'complete')
    expect((await displayed()).trim()).toBe('0')
  })

  it('a tray host that dies brings a hidden window back, and one that comes back has the icon', async () => {
    const first = await startTrayHost()
    const app = await launchApp()
    closers.push(() => app.close())
    await first.iconPosition()
    await hideMain(app)
    await first.close()
    await eventually(isMainVisible(app), Boolean, 'a window again', 20_000)
    const second = await startTrayHost()
    closers.push(() => second.close())
    const { x } = await second.iconPosition()
    expect(x).toBeGreaterThan(0)
  })

  it('R27: a page that dies three times within a minute is not loaded again and again, but asked about', async () => {
    const app = await launchApp()
    closers.push(() => app.close())
    app.tolerate(/page died|Target crashed|Page crashed/u)
    await app.electron.evaluate(({ BrowserWindow, dialog }) => {
      const asked: string[] = []
      Object.assign(globalThis, { asked })
      dialog.showMessageBox = async (...args: unknown[]) => {
        asked.push((args.at(-1) as { message: string }).message)
        return { response: 0, checkboxChecked: false }
      }
      const main = BrowserWindow.getAllWindows().find((window) => window.webContents.getURL().includes('index.html'))
      let crashes = 0
      const crash = (): void => {
        crashes += 1
        if (crashes <= 3) main?.webContents.forcefullyCrashRenderer()
      }
      main?.webContents.on('did-finish-load', crash)
      // Later, so that this call is answered before anything dies.
      setImmediate(crash)
    })
    const asked = askMain(app, () => (globalThis as { asked?: string[] }).asked ?? [])
    await eventually(asked, (messages) => messages.length > 0, 'a question', 15_000)
    expect(await asked()).toEqual(['The window has stopped several times'])
    const isBack = askMain(app, ({ BrowserWindow }) =>
      BrowserWindow.getAllWindows().some(
        ({ webContents }) =>
          webContents.getURL().includes('index.html') && !webContents.isCrashed() && !webContents.isLoading(),
      ),
    )
    await eventually(isBack, Boolean, 'a page again', 15_000)
  })
})
