import { countCrashes } from './crash-count'
import type { WindowState } from './bounds'

/** Of Electron's `app`, what is needed here. */
export interface GraphicsApp {
  getVersion(): string
  relaunch(): void
  quit(): void
}

export interface GraphicsOptions {
  app: GraphicsApp
  memory: { readonly state: WindowState; save: (change: Partial<WindowState>) => void }
  nowMs: () => number
}

const CRASH_LIMIT = 3
const CRASH_WINDOW_MS = 5 * 60_000

/** Whether Parley draws on the graphics chip: after crash upon crash the next start does without (R27), until the person or a new version wants it again. */
export class Graphics {
  readonly #options: GraphicsOptions
  readonly #isLoop: () => boolean
  /** What the start has done; what is noted since then counts for the next one. */
  readonly isOff: boolean

  constructor(options: GraphicsOptions) {
    this.#options = options
    this.#isLoop = countCrashes(CRASH_LIMIT, CRASH_WINDOW_MS, options.nowMs)
    this.isOff = isGraphicsOff(options.memory.state, options.app.getVersion())
  }

  /** The process that draws has died. */
  noteCrash(): void {
    const { app, memory } = this.#options
    if (this.#isLoop()) memory.save({ gpuOffFor: app.getVersion(), isGpuOffTold: false })
  }

  /** Whether the person has to be told that it is off: true once. */
  takeNotice(): boolean {
    const { memory } = this.#options
    if (!this.isOff || memory.state.isGpuOffTold) return false
    memory.save({ isGpuOffTold: true })
    return true
  }

  /** Starts Parley anew with it. */
  useAgain(): void {
    const { app, memory } = this.#options
    memory.save({ gpuOffFor: null, isGpuOffTold: false })
    app.relaunch()
    app.quit()
  }
}

/** Whether this start has to do without the graphics chip. */
export function isGraphicsOff(state: WindowState, version: string): boolean {
  return state.gpuOffFor === version
}
