import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { errorCode, readRegularSync } from '../library/files'

/** A place on the desktop in device-independent pixels. */
export interface Bounds {
  x: number
  y: number
  width: number
  height: number
}

/** What the next start should know before anything is loaded. */
export interface WindowState {
  /** Where the main window was when it was neither maximised nor full screen; null before the first time. */
  bounds: Bounds | null
  isMaximized: boolean
  /** The version of Parley for which drawing on the GPU is switched off after crashes (R27); a new version tries again. */
  gpuOffFor: string | null
  /** Whether the person was told that it is off. */
  isGpuOffTold: boolean
  /** The keys of the quick question that the person has refused to the desktop; it is not asked for them again. */
  refusedShortcut: string | null
  /** The same of a question about a region of the screen. */
  refusedRegionShortcut: string | null
}

const NOTHING_KNOWN: WindowState = {
  bounds: null,
  isMaximized: false,
  gpuOffFor: null,
  isGpuOffTold: false,
  refusedShortcut: null,
  refusedRegionShortcut: null,
}

export const DEFAULT_SIZE = { width: 1280, height: 820 }
export const MIN_SIZE = { width: 420, height: 480 }

/** A place and two facts take some hundred bytes. */
const MAX_FILE_BYTES = 64 * 1024

/**
 * Reads the state file; whatever is wrong with it, the answer is a state to start with. What cannot be read is put aside
 * as `*.corrupt`. Synchronous: the start waits.
 */
export function readWindowState(file: string): WindowState {
  try {
    return parseWindowState(JSON.parse(readRegularSync(file, MAX_FILE_BYTES)))
  } catch (thrown) {
    if (errorCode(thrown) !== 'ENOENT') putAside(file)
    return NOTHING_KNOWN
  }
}

function putAside(file: string): void {
  try {
    renameSync(file, `${file}.corrupt`)
  } catch {
    // Where nothing can be renamed nothing will be written over it either.
  }
}

/** Writes the state file by rename, so that a crash leaves the old one or the new one. Throws what the disk says. */
export function writeWindowState(file: string, state: WindowState): void {
  const draft = `${file}.new`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  // What lies there of an earlier try, or of somebody else, is not written into: opening a pipe would wait for ever.
  rmSync(draft, { force: true })
  writeFileSync(draft, JSON.stringify(state), { mode: 0o600, flag: 'wx' })
  renameSync(draft, file)
}

/** What is remembered, read once and written at each change. Where the disk refuses it holds for this process. */
export class WindowMemory {
  #state: WindowState

  constructor(
    private readonly file: string,
    private readonly onFailure: (thrown: unknown) => void,
  ) {
    this.#state = readWindowState(file)
  }

  get state(): WindowState {
    return this.#state
  }

  save(change: Partial<WindowState>): void {
    this.#state = { ...this.#state, ...change }
    try {
      writeWindowState(this.file, this.#state)
    } catch (thrown) {
      this.onFailure(thrown)
    }
  }
}

function parseWindowState(data: unknown): WindowState {
  if (typeof data !== 'object' || data === null) return NOTHING_KNOWN
  const fields = new Map<string, unknown>(Object.entries(data))
  const text = (name: string): string | null => {
    const value = fields.get(name)
    return typeof value === 'string' ? value : null
  }
  return {
    bounds: parseBounds(fields.get('bounds')),
    isMaximized: fields.get('isMaximized') === true,
    gpuOffFor: text('gpuOffFor'),
    isGpuOffTold: fields.get('isGpuOffTold') === true,
    refusedShortcut: text('refusedShortcut'),
    refusedRegionShortcut: text('refusedRegionShortcut'),
  }
}

function parseBounds(data: unknown): Bounds | null {
  if (typeof data !== 'object' || data === null) return null
  const fields = new Map<string, unknown>(Object.entries(data))
  const whole = (name: string): number | null => {
    const value = fields.get(name)
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : null
  }
  const [x, y, width, height] = [whole('x'), whole('y'), whole('width'), whole('height')]
  return x === null || y === null || width === null || height === null ? null : { x, y, width, height }
}

/**
 * Where a window can be put so that a person can see and grab it: on the display it overlaps most, no larger than
 * that, wholly inside; in the middle of the first display when it overlaps none.
 *
 * @param wanted the remembered place, or null
 * @param workAreas of the displays that are there now, the primary one first
 */
export function clampBounds(wanted: Bounds | null, workAreas: readonly Bounds[]): Bounds {
  const [primary = { x: 0, y: 0, ...DEFAULT_SIZE }] = workAreas
  if (wanted === null) return centre(DEFAULT_SIZE, primary)
  const [best] = workAreas
    .map((area) => ({ area, overlap: overlapOf(wanted, area) }))
    .sort((a, b) => b.overlap - a.overlap)
  if (best === undefined || best.overlap === 0) return centre(wanted, primary)
  const { width, height } = fit(wanted, best.area)
  return {
    x: clamp(wanted.x, best.area.x, best.area.x + best.area.width - width),
    y: clamp(wanted.y, best.area.y, best.area.y + best.area.height - height),
    width,
    height,
  }
}

const QUICK_ASK_WIDTH = 680
/** From the top of the display, as a share of its height: within the top third, with room to grow downwards. */
const QUICK_ASK_TOP = 0.2
export const QUICK_ASK_HEIGHT = { min: 72, max: 420 }

/** Left free under it, so that its edge can be seen. */
const QUICK_ASK_MARGIN = 8

/**
 * Where the quick-ask window stands on a display. Its top edge, and so the input, never moves while it grows.
 *
 * @param heightPx of its panel, in the page's pixels; `zoom` is how many of the display's each of them has
 */
export function placeQuickAsk(workArea: Bounds, heightPx: number, zoom = 1): Bounds {
  const width = Math.min(Math.round(QUICK_ASK_WIDTH * zoom), workArea.width)
  return {
    x: workArea.x + Math.round((workArea.width - width) / 2),
    y: workArea.y + Math.round(workArea.height * QUICK_ASK_TOP),
    width,
    height: clamp(
      Math.round(heightPx * zoom),
      Math.round(QUICK_ASK_HEIGHT.min * zoom),
      Math.floor(quickAskRoom(workArea, zoom) * zoom),
    ),
  }
}

/** How high the panel can be on a display, in the page's pixels: on a low one less than the design's 420. */
export function quickAskRoom(workArea: Bounds, zoom = 1): number {
  const belowPx = workArea.height - Math.round(workArea.height * QUICK_ASK_TOP) - QUICK_ASK_MARGIN
  return clamp(Math.floor(belowPx / zoom), QUICK_ASK_HEIGHT.min, QUICK_ASK_HEIGHT.max)
}

/** Whether no edge of a window lies beyond those of an area. */
export function isWithin({ x, y, width, height }: Bounds, area: Bounds): boolean {
  return x >= area.x && y >= area.y && x + width <= area.x + area.width && y + height <= area.y + area.height
}

/** The same window, as large as it is, moved as little as needed to lie on the display that it overlaps most, or on the first one. */
export function moveInside(bounds: Bounds, workAreas: readonly Bounds[]): Bounds {
  const [area] = [...workAreas].sort((a, b) => overlapOf(bounds, b) - overlapOf(bounds, a))
  if (area === undefined) return bounds
  return {
    ...bounds,
    x: clamp(bounds.x, area.x, area.x + area.width - bounds.width),
    y: clamp(bounds.y, area.y, area.y + area.height - bounds.height),
  }
}

/** Whether a window lies on any display at all. */
export function isOnDisplay(bounds: Bounds, workAreas: readonly Bounds[]): boolean {
  return workAreas.some((area) => overlapOf(bounds, area) > 0)
}

function overlapOf(a: Bounds, b: Bounds): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x)
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y)
  return Math.max(0, width) * Math.max(0, height)
}

function fit(size: { width: number; height: number }, area: Bounds): { width: number; height: number } {
  return {
    width: Math.min(Math.max(size.width, MIN_SIZE.width), area.width),
    height: Math.min(Math.max(size.height, MIN_SIZE.height), area.height),
  }
}

function centre(size: { width: number; height: number }, area: Bounds): Bounds {
  const { width, height } = fit(size, area)
  return {
    x: area.x + Math.round((area.width - width) / 2),
    y: area.y + Math.round((area.height - height) / 2),
    width,
    height,
  }
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), Math.max(low, high))
}
