import type { EventEmitter } from 'node:events'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../../src/main/logger'
import type { WindowState } from '../../../../src/main/windows/bounds'
import { openMainWindow, type MainWindowContext } from '../../../../src/main/windows/main-window'
import { OurWindows } from '../../../../src/main/windows/window'
import { translator } from '../../../../src/shared/i18n'

const BOUNDS = { x: 10, y: 20, width: 1000, height: 700 }

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events')
  class FakeWindow extends Emitter {
    readonly webContents = new Emitter()
    isShown = false
    isLarge = false
    loadURL = async (): Promise<void> => undefined
    isDestroyed = (): boolean => false
    isVisible = (): boolean => this.isShown
    isMaximized = (): boolean => this.isLarge
    getNormalBounds = () => BOUNDS
    show = (): void => {
      if (!this.isShown) this.emit('show')
      this.isShown = true
    }
    showInactive = (): void => this.show()
    maximize(): void {
      this.isLarge = true
      this.show()
    }
  }
  const display = { workArea: { x: 0, y: 0, width: 1440, height: 900 } }
  return {
    BrowserWindow: FakeWindow,
    nativeTheme: Object.assign(new Emitter(), { shouldUseDarkColors: false }),
    screen: { getPrimaryDisplay: () => display, getAllDisplays: () => [display] },
  }
})

type FakeWindow = EventEmitter & { isShown: boolean; isLarge: boolean; show: () => void }

let saved: Partial<WindowState>[] = []
beforeEach(() => (saved = []))

function open(appearance: MainWindowContext['appearance'], isMaximized: boolean): FakeWindow {
  return openMainWindow({
    windows: new OurWindows(),
    logger: silentLogger,
    translate: () => translator('en'),
    preload: '/app/preload.cjs',
    origin: 'app://local',
    isPackaged: true,
    icon: '/app/icon.png',
    quit: () => undefined,
    state: {
      bounds: BOUNDS,
      isMaximized,
      gpuOffFor: null,
      isGpuOffTold: false,
      refusedShortcut: null,
      refusedRegionShortcut: null,
    },
    save: (change) => saved.push(change),
    onClose: () => undefined,
    isQuitting: () => true,
    appearance,
  }) as unknown as FakeWindow
}

describe('a main window that filled the screen when it was last seen', () => {
  it('fills it again at once, or, of a hidden start, when it is first shown', () => {
    expect(open('front', true)).toMatchObject({ isLarge: true, isShown: true })
    const hidden = open('hidden', true)
    hidden.emit('ready-to-show')
    expect(hidden).toMatchObject({ isLarge: false, isShown: false })
    hidden.show()
    expect(hidden).toMatchObject({ isLarge: true, isShown: true })
    const behind = open('behind', true)
    behind.emit('ready-to-show')
    expect(behind).toMatchObject({ isLarge: true, isShown: true })
  })

  it('is remembered so when nobody has seen it until Parley quits', () => {
    const hidden = open('hidden', true)
    hidden.emit('close', {})
    expect(saved).toEqual([])
    hidden.show()
    hidden.emit('close', {})
    expect(saved).toEqual([{ bounds: BOUNDS, isMaximized: true }])
  })

  it('is not made so when it was not', () => {
    const hidden = open('hidden', false)
    hidden.show()
    hidden.emit('close', {})
    expect(hidden.isLarge).toBe(false)
    expect(saved).toEqual([{ bounds: BOUNDS, isMaximized: false }])
  })
})
