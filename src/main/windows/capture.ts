import { randomBytes } from 'node:crypto'
import {
  desktopCapturer,
  screen,
  systemPreferences,
  type BrowserWindow,
  type BrowserWindowConstructorOptions,
  type Display,
} from 'electron'
import type { CaptureView } from '../../shared/contract'
import { AppFailure, failure, type CaptureReason } from '../../shared/errors'
import { fitRegion, type Region, type Size } from '../../shared/region'
import type { Locale, Settings } from '../../shared/settings'
import { bitmapFile, captureBlocker, isBlack, pixelsOf, sizesOf, sourceOf } from '../capture'
import { pngOf, type Pixels } from '../capture-png'
import { factsOf } from '../log'
import { openWindow, type WindowContext } from './window'

export interface CaptureContext extends WindowContext {
  /** On Wayland the person picks the screen in a dialog of the desktop, and no program knows or sets places. */
  isWayland: boolean
  hasPortal: () => Promise<boolean>
  isQuitting: () => boolean
  locale: () => Locale
  theme: () => Settings['theme']
  /** Takes Esc from all programs, until the function it answers is called: an overlay whose page hangs hears no keys. */
  holdEscape: (onPress: () => void) => () => void
  /** Fading out takes desktops up to a fifth of a second, and what is under our windows has to be painted. */
  settleMs?: number
}

const SETTLE_MS = 250
/** A system that has no picture by now has none. */
const PICTURE_LIMIT_MS = 10_000
/** On Wayland the person is asked first. */
const PICKING_LIMIT_MS = 120_000
/** From the picture to the moment when it can be seen. */
const SHOW_LIMIT_MS = 10_000
/** From one overlay to another the focus goes by way of nobody. */
const FOCUS_MS = 150

interface Overlay {
  window: BrowserWindow
  display: Display
  /** Of its address; nobody but its page is told, and nobody could guess it. */
  id: string
  picture: Pixels | null
  /** What is served, made when it is first asked for. */
  file: Uint8Array<ArrayBuffer> | null
  isShown: boolean
}

/** What the person has chosen: a region of the picture of one display. */
interface Chosen {
  picture: Pixels
  region: Region
}

interface Run {
  overlays: Overlay[]
  /** Resolves when every overlay has its picture. */
  pictures: Promise<void>
  /** Whatever happens first ends it: a region, null for leaving, or a reason. */
  end: (outcome: Chosen | null | CaptureReason) => void
  ended: Promise<Chosen | null>
  isEnded: boolean
}

/** One window of ours that is out of the way, and all that has to be put back. */
interface Hidden {
  window: BrowserWindow
  bounds: Electron.Rectangle
  isMaximized: boolean
  isFullScreen: boolean
  hasFocus: boolean
}

/**
 * Takes a region of the screen: our windows go, every display is photographed once, and a window over each shows its picture
 * until the person has drawn a rectangle or leaves. However it ends, our windows come back as they were and every picture is
 * forgotten. Nothing touches the disk here.
 */
export class RegionCapture {
  readonly #context: CaptureContext
  #run: Run | null = null
  /** What waits until our windows are back. */
  readonly #waiting: (() => void)[] = []
  #wasRefused = false

  constructor(context: CaptureContext) {
    this.#context = context
  }

  get isRunning(): boolean {
    return this.#run !== null
  }

  async blocker(): Promise<CaptureReason | null> {
    const { isWayland, hasPortal } = this.#context
    return captureBlocker({
      platform: process.platform,
      isWayland,
      hasPortal: isWayland && (await hasPortal()),
      access: isRefusedByMac() ? 'refused' : 'granted',
      wasRefused: this.#wasRefused,
    })
  }

  /**
   * @param asking the window that gets the focus back, if it was on show
   * @returns the region as PNG; null when the person left
   * @throws AppFailure `capture`, or `busy` while another one runs
   */
  async take(asking: BrowserWindow): Promise<Uint8Array | null> {
    const chosen = await this.#choose(asking)
    return chosen === null ? null : pngOf(chosen.picture, chosen.region)
  }

  async #choose(asking: BrowserWindow): Promise<Chosen | null> {
    if (this.#run !== null) throw failure({ code: 'busy' })
    const run = beginRun()
    this.#run = run
    const hidden: Hidden[] = []
    const unplugged = (_event: unknown, _display: unknown, changed?: string[]): void => {
      if (changed === undefined || changed.some((what) => what !== 'workArea')) run.end('changed')
    }
    screen.on('display-added', unplugged)
    screen.on('display-removed', unplugged)
    screen.on('display-metrics-changed', unplugged)
    const releaseEscape = this.#context.holdEscape(() => run.end(null))
    try {
      const blocker = await this.blocker()
      if (blocker !== null) throw failure({ code: 'capture', reason: blocker })
      hidden.push(...hideOurs(this.#context.windows.all().map(({ window }) => window)))
      const preparing = this.#prepare(run)
      preparing.catch((thrown: unknown) => this.#fail(run, thrown))
      return await run.ended
    } finally {
      this.#run = null
      releaseEscape()
      screen.off('display-added', unplugged)
      screen.off('display-removed', unplugged)
      screen.off('display-metrics-changed', unplugged)
      for (const { window } of run.overlays) if (!window.isDestroyed()) window.destroy()
      run.overlays.length = 0
      if (!this.#context.isQuitting()) bringBack(hidden, asking)
      for (const task of this.#waiting.splice(0)) task()
    }
  }

  /** Does it when our windows are where they belong: now, or when the region that is being chosen has been. */
  whenBack(task: () => void): void {
    if (this.#run === null) task()
    else this.#waiting.push(task)
  }

  /** Ends what runs as if the person had left. */
  stop(): void {
    this.#run?.end(null)
  }

  // ---- what the page of an overlay asks for ----

  async open(window: BrowserWindow): Promise<CaptureView> {
    const run = this.#run
    // One that ends without pictures must not leave this waiting.
    await Promise.race([run?.pictures, run?.ended.catch(() => null)])
    const overlay = this.#overlayOf(window)
    if (run === null || overlay === null || overlay.picture === null)
      throw failure({ code: 'capture', reason: 'failed' })
    const displays = run.overlays.length
    const { locale, theme } = this.#context
    return { picture: `app://local/capture/${overlay.id}`, locale: locale(), theme: theme(), displays }
  }

  show(window: BrowserWindow): void {
    const overlay = this.#overlayOf(window)
    const run = this.#run
    if (overlay === null || run === null || overlay.isShown) return
    overlay.isShown = true
    window.show()
    // Elsewhere a window of the display's size covers everything; window managers of Linux keep it off their panels. Not
    // before now: a window that is made so is shown at once there, and would be in the picture.
    if (process.platform === 'linux') window.setFullScreen(true)
    else window.setBounds(overlay.display.bounds)
    // The display under the pointer is the first; it has the keys, whichever page is drawn first.
    const first = run.overlays[0]
    if (first?.isShown === true) first.window.focus()
  }

  next(window: BrowserWindow): void {
    const overlays = this.#run?.overlays ?? []
    const at = overlays.findIndex((overlay) => overlay.window === window)
    overlays[(at + 1) % overlays.length]?.window.focus()
  }

  /** Cuts the region out of the picture of this overlay, or leaves. */
  end(window: BrowserWindow, region: Region | null): void {
    const run = this.#run
    const overlay = this.#overlayOf(window)
    if (run === null || overlay === null) return
    if (region === null || overlay.picture === null) return run.end(null)
    run.end({ picture: overlay.picture, region: fitRegion(region, overlay.picture.size) })
  }

  /** The picture under an address, as a bitmap file; null for any other address, and for each once it has ended. */
  picture(id: string): Uint8Array<ArrayBuffer> | null {
    const overlay = this.#run?.overlays.find((each) => each.id === id)
    const picture = overlay?.picture ?? null
    if (overlay === undefined || picture === null) return null
    return (overlay.file ??= bitmapFile(picture.size, picture.bgra))
  }

  // ---- inside ----

  #overlayOf(window: BrowserWindow): Overlay | null {
    return this.#run?.overlays.find((overlay) => overlay.window === window) ?? null
  }

  async #prepare(run: Run): Promise<void> {
    const { isWayland, settleMs = SETTLE_MS } = this.#context
    const near = screen.getDisplayNearestPoint(screen.getCursorScreenPoint())
    const others = isWayland ? [] : screen.getAllDisplays().filter(({ id }) => id !== near.id)
    const displays = [near, ...others]
    let give: () => void = () => undefined
    run.pictures = new Promise((resolve) => (give = resolve))
    // Their pages are loaded while the rest is done; nothing of them is seen before.
    for (const display of displays) run.overlays.push(this.#openOverlay(display, run))
    await new Promise((resolve) => setTimeout(resolve, settleMs))
    const pictures = await this.#photograph(displays)
    if (run.isEnded) return
    for (const overlay of run.overlays) overlay.picture = pictures.get(overlay.display.id) ?? null
    const [blind, seeing] = parted(run.overlays, ({ picture }) => picture === null)
    if (seeing.length === 0) throw failure({ code: 'capture', reason: 'no-picture' })
    run.overlays = seeing
    for (const { window } of blind) window.destroy()
    give()
    await new Promise((resolve) => setTimeout(resolve, SHOW_LIMIT_MS))
    if (run.overlays.some(({ isShown }) => !isShown)) run.end('failed')
  }

  #openOverlay(display: Display, run: Run): Overlay {
    const window = openWindow('capture', overlayOptions(display), this.#context)
    if (process.platform === 'darwin') {
      window.setVisibleOnAllWorkspaces(true, { visibleOnFullScreen: true, skipTransformProcessType: true })
    }
    window.setAlwaysOnTop(true, 'screen-saver')
    window.webContents.on('render-process-gone', () => run.end('failed'))
    window.on('unresponsive', () => run.end('failed'))
    window.on('closed', () => {
      if (run.overlays.some((overlay) => overlay.window === window)) run.end(null)
    })
    window.on('blur', () => {
      setTimeout(() => {
        const hasFocus = run.overlays.some((overlay) => !overlay.window.isDestroyed() && overlay.window.isFocused())
        if (!hasFocus) run.end(null)
      }, FOCUS_MS)
    })
    return { window, display, id: randomBytes(32).toString('hex'), picture: null, file: null, isShown: false }
  }

  /** One picture of each display at its true size, by the id of the display; of those that gave one. */
  async #photograph(displays: readonly Display[]): Promise<Map<number, Pixels>> {
    const { isWayland } = this.#context
    const pictures = new Map<number, Pixels>()
    for (const thumbnailSize of sizesOf(displays)) {
      const sources = await within(
        isWayland ? PICKING_LIMIT_MS : PICTURE_LIMIT_MS,
        desktopCapturer.getSources({ types: ['screen'], thumbnailSize }),
      )
      for (const display of displays.filter((each) => isSame(pixelsOf(each), thumbnailSize))) {
        const picture = sourceOf(display, displays, sources, isWayland)?.thumbnail
        if (picture === undefined || picture.isEmpty()) continue
        pictures.set(display.id, { size: picture.getSize(), bgra: picture.toBitmap() })
      }
    }
    // One black display may be a dark desktop with nothing on it; all of them are a refusal.
    const isSeen = [...pictures.values()].some(({ bgra }) => !isBlack(bgra))
    return isSeen ? pictures : new Map()
  }

  #fail(run: Run, thrown: unknown): void {
    if (isRefusedByMac()) {
      this.#wasRefused = true
      return run.end('permission')
    }
    const reason = thrown instanceof AppFailure && thrown.error.code === 'capture' ? thrown.error.reason : 'no-picture'
    this.#context.logger.warn('no picture of the screen', { reason, ...factsOf(thrown) })
    run.end(reason)
  }
}

function beginRun(): Run {
  const run: Run = {
    overlays: [],
    pictures: Promise.resolve(),
    end: () => undefined,
    ended: Promise.resolve(null),
    isEnded: false,
  }
  run.ended = new Promise((resolve, reject) => {
    run.end = (outcome) => {
      if (run.isEnded) return
      run.isEnded = true
      if (typeof outcome === 'string') reject(failure({ code: 'capture', reason: outcome }))
      else resolve(outcome)
    }
  })
  // It may end before anybody waits for it.
  run.ended.catch(() => undefined)
  return run
}

/** The overlay over one display: without any edge of its own, above everything. */
function overlayOptions({ bounds }: Display): BrowserWindowConstructorOptions {
  return {
    ...bounds,
    show: false,
    frame: false,
    title: 'Parley',
    backgroundColor: '#000000',
    alwaysOnTop: true,
    skipTaskbar: true,
    hasShadow: false,
    roundedCorners: false,
    minimizable: false,
    maximizable: false,
    acceptFirstMouse: true,
    // A window that cannot be resized cannot fill the screen either, for window managers of Linux.
    ...(process.platform === 'linux'
      ? {}
      : { resizable: false, movable: false, fullscreenable: false, enableLargerThanScreen: true }),
    ...(process.platform === 'darwin' ? { type: 'panel' } : {}),
  }
}

/** Takes windows from the screen. One that fills the screen of a Mac stays: it has that screen to itself, and would leave it black. */
function hideOurs(windows: readonly BrowserWindow[]): Hidden[] {
  return windows
    .filter((window) => window.isVisible() && !window.isMinimized())
    .filter((window) => process.platform !== 'darwin' || !window.isFullScreen())
    .map((window) => {
      const hidden = {
        window,
        bounds: window.getBounds(),
        isMaximized: window.isMaximized(),
        isFullScreen: window.isFullScreen(),
        hasFocus: window.isFocused(),
      }
      window.hide()
      return hidden
    })
}

/** Puts windows back as they were; the one that asked gets the focus, or else the one that had it. */
function bringBack(hidden: readonly Hidden[], asking: BrowserWindow): void {
  const there = hidden.filter(({ window }) => !window.isDestroyed())
  for (const { window, bounds, isMaximized, isFullScreen } of there) {
    window.showInactive()
    // Window managers forget what a window was when it goes.
    if (isFullScreen) window.setFullScreen(true)
    else if (isMaximized) window.maximize()
    else window.setBounds(bounds)
  }
  const isAskingThere = !asking.isDestroyed() && asking.isVisible()
  const first = isAskingThere ? asking : there.find(({ hasFocus }) => hasFocus)?.window
  first?.show()
  first?.focus()
}

function isRefusedByMac(): boolean {
  return process.platform === 'darwin' && systemPreferences.getMediaAccessStatus('screen') !== 'granted'
}

function isSame(a: Size, b: Size): boolean {
  return a.width === b.width && a.height === b.height
}

function parted<T>(list: readonly T[], isFirst: (item: T) => boolean): [T[], T[]] {
  return [list.filter(isFirst), list.filter((item) => !isFirst(item))]
}

/** Waits no longer than that; then it throws. */
async function within<T>(limitMs: number, task: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(failure({ code: 'capture', reason: 'no-picture' })), limitMs)
  })
  try {
    return await Promise.race([task, limit])
  } finally {
    clearTimeout(timer)
  }
}
