import type { EventEmitter } from 'node:events'
import type { BrowserWindow } from 'electron'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { silentLogger } from '../../../../src/main/logger'
import { RegionCapture, type CaptureContext } from '../../../../src/main/windows/capture'
import { OurWindows } from '../../../../src/main/windows/window'
import { translator } from '../../../../src/shared/i18n'
import { decodePng } from '../../../support/decoded-png'
import { eventually } from '../../../support/eventually'

interface FakeDisplay {
  id: number
  bounds: { x: number; y: number; width: number; height: number }
  size: { width: number; height: number }
  scaleFactor: number
}

interface Asked {
  thumbnailSize: { width: number; height: number }
}

const electron = vi.hoisted(() => ({
  made: [] as FakeWindow[],
  displays: [] as FakeDisplay[],
  cursor: { x: 0, y: 0 },
  asked: [] as Asked[],
  /** What the capturer answers, per size that is asked for. */
  sources: (_size: Asked['thumbnailSize']): Promise<unknown[]> => Promise.resolve([]),
  screen: null as EventEmitter | null,
}))

vi.mock('electron', async () => {
  const { EventEmitter: Emitter } = await import('node:events')
  class FakeBrowserWindow extends Emitter {
    readonly webContents = Object.assign(new Emitter(), { id: electron.made.length })
    readonly calls: string[] = []
    isGone = false
    isShown = false
    hasFocus = false
    isMinimised = false
    bounds = { x: 0, y: 0, width: 0, height: 0 }
    isLarge = false
    constructor(readonly options: { x: number; y: number; width: number; height: number }) {
      super()
      const { x, y, width, height } = options
      this.bounds = { x, y, width, height }
      electron.made.push(this)
    }
    loadURL = async (): Promise<void> => undefined
    isDestroyed = (): boolean => this.isGone
    isVisible = (): boolean => this.isShown
    isFocused = (): boolean => this.hasFocus
    isMinimized = (): boolean => this.isMinimised
    isMaximized = (): boolean => this.isLarge
    isFullScreen = (): boolean => false
    getBounds = () => this.bounds
    setBounds = (bounds: typeof this.bounds): void => void (this.bounds = bounds)
    setAlwaysOnTop = (): void => undefined
    setFullScreen = (): void => undefined
    setVisibleOnAllWorkspaces = (): void => undefined
    maximize = (): void => void (this.isLarge = true)
    hide = (): void => {
      this.isShown = false
      this.isLarge = false
      this.calls.push('hide')
    }
    show = (): void => {
      this.isShown = true
      this.calls.push('show')
    }
    showInactive = (): void => {
      this.isShown = true
      this.calls.push('showInactive')
    }
    focus = (): void => {
      for (const each of electron.made) each.hasFocus = false
      this.hasFocus = true
      this.calls.push('focus')
    }
    destroy = (): void => {
      if (this.isGone) return
      this.isGone = true
      this.isShown = false
      this.emit('closed')
    }
  }
  const screen = Object.assign(new Emitter(), {
    getAllDisplays: () => electron.displays,
    getCursorScreenPoint: () => electron.cursor,
    getDisplayNearestPoint: ({ x, y }: { x: number; y: number }) =>
      electron.displays.find(
        ({ bounds }) => x >= bounds.x && x < bounds.x + bounds.width && y >= bounds.y && y < bounds.y + bounds.height,
      ),
  })
  electron.screen = screen
  const desktopCapturer = {
    getSources: (options: Asked) => {
      electron.asked.push(options)
      return electron.sources(options.thumbnailSize)
    },
  }
  return { BrowserWindow: FakeBrowserWindow, screen, desktopCapturer, systemPreferences: {}, dialog: {} }
})

type FakeWindow = EventEmitter & {
  webContents: EventEmitter
  options: object
  calls: string[]
  isGone: boolean
  isShown: boolean
  hasFocus: boolean
  isMinimised: boolean
  isLarge: boolean
  bounds: FakeDisplay['bounds']
}

/** A picture whose every pixel says which picture it is of, and where it lies there: blue, green and red. */
const markOf = (width: number, height: number) => (width + height) % 251
const picture = (width: number, height: number, grey = 80) => ({
  isEmpty: () => false,
  getSize: () => ({ width, height }),
  toBitmap: () => {
    const bgra = new Uint8Array(width * height * 4)
    if (grey === 0) return bgra
    const of = markOf(width, height)
    for (let at = 0; at < width * height; at += 1) bgra.set([of, at % width, Math.floor(at / width)], at * 4)
    return bgra
  },
})
const source = (id: string, width: number, height: number, grey?: number) => ({
  display_id: id,
  thumbnail: picture(width, height, grey),
})
/** Left of the first one and higher, with twice as many pixels. */
const LEFT: FakeDisplay = {
  id: 7,
  bounds: { x: -640, y: -100, width: 640, height: 400 },
  size: { width: 640, height: 400 },
  scaleFactor: 2,
}
const FIRST: FakeDisplay = {
  id: 5,
  bounds: { x: 0, y: 0, width: 100, height: 50 },
  size: { width: 100, height: 50 },
  scaleFactor: 1,
}

let isQuitting = false
let portal = true
/** What Esc does wherever it is pressed; null while nobody holds it. */
let escape: (() => void) | null = null
const windows = new OurWindows()
const context = (change: Partial<CaptureContext> = {}): CaptureContext => ({
  windows,
  logger: silentLogger,
  translate: () => translator('en'),
  preload: '/app/preload.cjs',
  origin: 'app://local',
  isPackaged: true,
  icon: '/app/icon.png',
  quit: () => undefined,
  isWayland: false,
  hasPortal: async () => portal,
  isQuitting: () => isQuitting,
  locale: () => 'ru',
  theme: () => 'dark',
  holdEscape: (onPress) => {
    escape = onPress
    return () => (escape = null)
  },
  settleMs: 0,
  ...change,
})

async function ourWindow(role: 'main' | 'quick-ask', isShown = true): Promise<FakeWindow & BrowserWindow> {
  const { BrowserWindow: Fake } = await import('electron')
  const window = new Fake({ x: 10, y: 20, width: 300, height: 200 }) as unknown as FakeWindow & BrowserWindow
  window.isShown = isShown
  windows.add({ role, window })
  return window
}
const overlays = (): (FakeWindow & BrowserWindow)[] =>
  electron.made.filter(
    (window) => !window.isGone && (window.options as { title?: string }).title === 'Parley',
  ) as (FakeWindow & BrowserWindow)[]
const overlaysThere = (count: number) =>
  eventually(
    () => overlays().length,
    (length) => length === count,
    'the overlays',
  )
/** As its page does: asks for the picture, draws it, and says so. */
async function drawAll(capture: RegionCapture) {
  const views = await Promise.all(overlays().map((overlay) => capture.open(overlay)))
  for (const overlay of overlays()) capture.show(overlay)
  return views
}
/** Which picture a PNG was cut from, where, and how much of it. */
const cut = (png: Uint8Array | null): unknown => {
  if (png === null) return null
  const { width, height, rgb } = decodePng(png)
  const [y, x, of] = rgb
  return { of, x, y, width, height }
}
const idOf = (address: string): string => address.replace('app://local/capture/', '')

beforeEach(() => {
  for (const window of electron.made.splice(0)) window.emit('closed')
  electron.asked.length = 0
  electron.displays = [FIRST, LEFT]
  electron.cursor = { x: -10, y: -50 }
  electron.sources = async ({ width }) =>
    width === 1280 ? [source('5', 1280, 640), source('7', 1280, 800)] : [source('5', 100, 50), source('7', 100, 62)]
  isQuitting = false
  portal = true
})

describe('a region of the screen', () => {
  it('has one overlay and one true picture per display, also left of the first; the region is cut from its own', async () => {
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(2)
    expect(main.isShown).toBe(false)
    const [left, first] = overlays()
    if (left === undefined || first === undefined) throw new Error('no overlays')
    expect([left.bounds, first.bounds]).toEqual([LEFT.bounds, FIRST.bounds])
    expect([left.isShown, first.isShown]).toEqual([false, false])
    const views = await drawAll(capture)
    expect(electron.asked.map(({ thumbnailSize }) => thumbnailSize)).toEqual([
      { width: 1280, height: 800 },
      { width: 100, height: 50 },
    ])
    expect(views).toMatchObject([{ displays: 2, locale: 'ru', theme: 'dark' }, { displays: 2 }])
    expect(new Set(views.map((view) => view.picture)).size).toBe(2)
    // The display under the pointer has the keys; Tab gives them to the next one.
    expect([left.hasFocus, first.hasFocus]).toEqual([true, false])
    capture.next(left)
    expect([left.hasFocus, first.hasFocus]).toEqual([false, true])
    capture.next(first)
    expect(left.hasFocus).toBe(true)
    expect(capture.picture(idOf(views[0]?.picture ?? ''))?.byteLength).toBe(54 + 1280 * 800 * 4)
    expect(capture.picture('0'.repeat(64))).toBeNull()
    // Larger than the picture: what there is of it.
    capture.end(left, { x: 1200, y: 0, width: 5000, height: 5000 })
    expect(cut(await taking)).toEqual({ of: markOf(1280, 800), x: 1200 % 256, y: 0, width: 80, height: 800 })
    expect(overlays()).toEqual([])
    expect(views.map((view) => capture.picture(idOf(view.picture)))).toEqual([null, null])
    expect([main.isShown, main.hasFocus, main.bounds]).toEqual([true, true, { x: 10, y: 20, width: 300, height: 200 }])
  })

  it('puts our windows back as they were, and leaves alone what was not there', async () => {
    const main = await ourWindow('main')
    main.isLarge = true
    const quick = await ourWindow('quick-ask')
    const hidden = await ourWindow('main', false)
    const small = await ourWindow('main')
    small.isMinimised = true
    const capture = new RegionCapture(context())
    const taking = capture.take(quick)
    await overlaysThere(2)
    expect([main.isShown, quick.isShown]).toEqual([false, false])
    const seen: boolean[] = []
    capture.whenBack(() => seen.push(main.isShown))
    expect(seen).toEqual([])
    await drawAll(capture)
    capture.end(overlays()[0] as BrowserWindow, null)
    expect(await taking).toBeNull()
    expect([main.isShown, main.isLarge, quick.isShown, quick.hasFocus]).toEqual([true, true, true, true])
    expect([hidden.calls, small.calls]).toEqual([[], []])
    capture.whenBack(() => seen.push(main.isShown))
    expect(seen).toEqual([true, true])
  })

  it('refuses a second one while one runs, and takes the next one after it', async () => {
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await expect(capture.take(main)).rejects.toMatchObject({ error: { code: 'busy' } })
    capture.stop()
    expect(await taking).toBeNull()
    const next = capture.take(main)
    await overlaysThere(2)
    capture.stop()
    expect(await next).toBeNull()
  })

  it.each<[string, string, () => Promise<unknown[]>]>([
    ['no sources', 'no-picture', async () => []],
    ['a refusal', 'no-picture', async () => Promise.reject(new Error('no'))],
    [
      'empty pictures',
      'no-picture',
      async () => [{ display_id: '5', thumbnail: { ...picture(0, 0), isEmpty: () => true } }],
    ],
    ['black pictures', 'no-picture', async () => [source('5', 100, 50, 0), source('7', 1280, 800, 0)]],
  ])('ends in words with %s, and our windows come back', async (_name, reason, sources) => {
    electron.sources = sources
    const main = await ourWindow('main')
    await expect(new RegionCapture(context()).take(main)).rejects.toMatchObject({ error: { code: 'capture', reason } })
    expect([main.isShown, main.hasFocus, overlays()]).toEqual([true, true, []])
  })

  it('does without the display that gave no picture', async () => {
    electron.sources = async () => [source('5', 100, 50)]
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(1)
    const [view] = await drawAll(capture)
    expect(view?.displays).toBe(1)
    capture.end(overlays()[0] as BrowserWindow, { x: 0, y: 0, width: 10, height: 10 })
    expect(cut(await taking)).toMatchObject({ of: markOf(100, 50) })
  })

  it.each<[string, string | null, () => void]>([
    ['a display is unplugged', 'changed', () => electron.screen?.emit('display-removed', {}, LEFT)],
    ['a display is plugged in', 'changed', () => electron.screen?.emit('display-added', {}, LEFT)],
    ['one is turned', 'changed', () => electron.screen?.emit('display-metrics-changed', {}, LEFT, ['rotation'])],
    ['the page of an overlay dies', 'failed', () => overlays()[0]?.webContents.emit('render-process-gone', {}, {})],
    ['an overlay does not answer', 'failed', () => overlays()[1]?.emit('unresponsive')],
    ['an overlay is closed', null, () => overlays()[1]?.destroy()],
  ])('ends when %s', async (_name, reason, happen) => {
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(2)
    await drawAll(capture)
    // Panels that come and go change the room of a display, not what is on it.
    electron.screen?.emit('display-metrics-changed', {}, LEFT, ['workArea'])
    happen()
    if (reason === null) expect(await taking).toBeNull()
    else await expect(taking).rejects.toMatchObject({ error: { code: 'capture', reason } })
    expect([main.isShown, overlays()]).toEqual([true, []])
    expect(electron.screen?.eventNames()).toEqual([])
  })

  it('ends when the focus goes elsewhere, not when it goes to the next display', async () => {
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(2)
    await drawAll(capture)
    const [left, first] = overlays()
    left?.emit('blur')
    first?.focus()
    await new Promise((resolve) => setTimeout(resolve, 200))
    expect(overlays()).toHaveLength(2)
    if (first !== undefined) first.hasFocus = false
    first?.emit('blur')
    expect(await taking).toBeNull()
  })

  it('R28: Esc leaves also when the page of an overlay hangs, and belongs to other programs again afterwards', async () => {
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(2)
    await drawAll(capture)
    escape?.()
    expect(await taking).toBeNull()
    expect([overlays().length, main.isShown, escape]).toEqual([0, true, null])
  })

  it('a page that asks while all ends is answered, not kept waiting', async () => {
    let give: (sources: unknown[]) => void = () => undefined
    electron.sources = () => new Promise((resolve) => (give = resolve))
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(2)
    const opening = capture.open(overlays()[0] as BrowserWindow)
    capture.stop()
    await expect(opening).rejects.toMatchObject({ error: { code: 'capture' } })
    expect(await taking).toBeNull()
    // What the system gives afterwards shows nothing any more.
    give([source('5', 100, 50)])
    await new Promise((resolve) => setImmediate(resolve))
    expect(overlays()).toEqual([])
  })

  it('shows no window of ours again when Parley quits meanwhile', async () => {
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(2)
    isQuitting = true
    capture.stop()
    expect(await taking).toBeNull()
    expect(main.isShown).toBe(false)
  })

  it('on Wayland asks once, shows what was picked where the pointer is, and says when nobody hands pictures out', async () => {
    electron.sources = async () => [source('', 300, 200)]
    const main = await ourWindow('main')
    const capture = new RegionCapture(context({ isWayland: true }))
    const taking = capture.take(main)
    await overlaysThere(1)
    await drawAll(capture)
    expect(electron.asked).toHaveLength(1)
    capture.end(overlays()[0] as BrowserWindow, { x: 0, y: 0, width: 300, height: 200 })
    expect(cut(await taking)).toMatchObject({ of: markOf(300, 200) })
    portal = false
    main.calls.length = 0
    await expect(capture.take(main)).rejects.toMatchObject({ error: { reason: 'no-portal' } })
    expect(main.calls).not.toContain('hide')
  })

  it('a stranger among our windows has no say', async () => {
    const main = await ourWindow('main')
    const capture = new RegionCapture(context())
    const taking = capture.take(main)
    await overlaysThere(2)
    capture.end(main, { x: 0, y: 0, width: 1, height: 1 })
    capture.show(main)
    await expect(capture.open(main)).rejects.toMatchObject({ error: { code: 'capture' } })
    expect(overlays()).toHaveLength(2)
    capture.stop()
    expect(await taking).toBeNull()
  })
})
