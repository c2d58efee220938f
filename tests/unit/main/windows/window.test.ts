import type { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../../src/main/logger'
import { openWindow, OurWindows, webPreferencesFor, type WindowContext } from '../../../../src/main/windows/window'
import { translator } from '../../../../src/shared/i18n'

const electron = vi.hoisted(() => ({ made: [] as unknown[], asked: [] as string[], answer: 0 }))

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events')
  class FakeContents extends Emitter {
    readonly calls: string[] = []
    reload = (): void => void this.calls.push('reload')
    forcefullyCrashRenderer = (): void => void this.calls.push('crash')
  }
  class FakeWindow extends Emitter {
    readonly webContents = new FakeContents()
    readonly loaded: string[] = []
    isGone = false
    constructor(readonly options: unknown) {
      super()
      electron.made.push(this)
    }
    async loadURL(url: string): Promise<void> {
      this.loaded.push(url)
    }
    isDestroyed = (): boolean => this.isGone
  }
  const showMessageBox = async (...args: unknown[]): Promise<{ response: number }> => {
    electron.asked.push((args.at(-1) as { message: string }).message)
    return { response: electron.answer }
  }
  return { BrowserWindow: FakeWindow, dialog: { showMessageBox } }
})

type FakeWindow = EventEmitter & {
  options: { webPreferences: unknown }
  loaded: string[]
  webContents: EventEmitter & { calls: string[] }
  isGone: boolean
}

let quits = 0
const context = (): WindowContext => ({
  windows: new OurWindows(),
  logger: silentLogger,
  translate: () => translator('en'),
  preload: '/app/preload.cjs',
  origin: 'app://local',
  isPackaged: true,
  icon: '/app/icon.png',
  quit: () => (quits += 1),
})
const open = (given = context()) => openWindow('main', { width: 800 }, given) as unknown as FakeWindow
const settle = () => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => {
  electron.made.length = 0
  electron.asked.length = 0
  electron.answer = 0
  quits = 0
})

describe('a window of ours', () => {
  it('S01 has exactly these preferences, whatever else is asked for', () => {
    const closed = {
      preload: '/app/preload.cjs',
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webSecurity: true,
      allowRunningInsecureContent: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: true,
      devTools: false,
    }
    expect(webPreferencesFor(context())).toEqual(closed)
    const loose = { webPreferences: { sandbox: false, nodeIntegration: true } }
    const window = openWindow('quick-ask', loose, context()) as unknown as FakeWindow
    expect(window.options.webPreferences).toEqual(closed)
    expect(window.loaded).toEqual(['app://local/quick-ask.html'])
  })

  it('S15 is known to the gate until it is closed', () => {
    const given = context()
    const window = open(given)
    const contents = window.webContents as unknown as Parameters<OurWindows['find']>[0]
    expect(given.windows.find(contents)).toMatchObject({ role: 'main' })
    window.emit('closed')
    expect([given.windows.find(contents), given.windows.all()]).toEqual([null, []])
  })

  it('R26 loads its page again when it dies, and not when it has ended cleanly', () => {
    const window = open()
    window.webContents.emit('render-process-gone', {}, { reason: 'clean-exit', exitCode: 0 })
    expect(window.webContents.calls).toEqual([])
    window.webContents.emit('render-process-gone', {}, { reason: 'crashed', exitCode: 11 })
    expect(window.webContents.calls).toEqual(['reload'])
    expect(electron.asked).toEqual([])
  })

  it.each([
    [0, ['reload', 'reload', 'reload'], 0],
    [1, ['reload', 'reload'], 1],
  ])('R27 asks at the third death within a minute; answer %i', async (answer, calls, expectedQuits) => {
    electron.answer = answer
    const window = open()
    for (let count = 0; count < 3; count += 1) {
      window.webContents.emit('render-process-gone', {}, { reason: 'oom', exitCode: 1 })
    }
    await settle()
    expect(electron.asked).toEqual(['The window has stopped several times'])
    expect([window.webContents.calls, quits]).toEqual([calls, expectedQuits])
  })

  it.each([
    [0, []],
    [1, ['crash']],
  ])('R28 lets the person wait or load again when the page does not answer; answer %i', async (answer, calls) => {
    electron.answer = answer
    const window = open()
    window.emit('unresponsive')
    window.emit('unresponsive')
    await settle()
    expect(electron.asked).toEqual(['The window does not answer'])
    expect(window.webContents.calls).toEqual(calls)
  })
})
