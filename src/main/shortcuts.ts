import type { GlobalShortcut } from 'electron'
import type { ShortcutState } from '../shared/contract'
import type { Logger } from './logger'

export interface ShortcutOptions {
  globalShortcut: Pick<GlobalShortcut, 'register' | 'unregister'>
  /** On Wayland no program can hold a key by itself; Electron's register() answers true there and never fires. */
  isWayland: boolean
  /** Its name, to say where a key can be set; null where it is not known. */
  desktop: string | null
  onPress: () => void
  onState: (state: ShortcutState) => void
  logger: Logger
}

/** The key that shows the quick-ask from anywhere, and the truth about whether it works. */
export class QuickAskShortcut {
  #state: ShortcutState = { kind: 'off' }
  #held: string | null = null
  #wanted = { accelerator: '', isEnabled: false }
  #isPaused = false

  constructor(private readonly options: ShortcutOptions) {}

  get state(): ShortcutState {
    return this.#state
  }

  /** Holds this key instead of the one before. Setting the same one again tries again what was refused. */
  set(accelerator: string, isEnabled: boolean): ShortcutState {
    this.#wanted = { accelerator, isEnabled }
    this.#isPaused = false
    return this.#apply()
  }

  /** Whether it is let go of for now; null when there is nothing to let go of. */
  get isPaused(): boolean | null {
    if (this.#isPaused) return true
    return this.#held === null ? null : false
  }

  /** Lets go of the key, for another program, until it is wanted again or Parley starts anew. */
  pause(isPaused: boolean): ShortcutState {
    this.#isPaused = isPaused
    return this.#apply()
  }

  #apply(): ShortcutState {
    this.release()
    const { accelerator, isEnabled } = this.#wanted
    this.#state = isEnabled && !this.#isPaused ? this.#register(accelerator) : { kind: 'off' }
    this.options.logger.info('quick-ask shortcut', { state: this.#state.kind })
    this.options.onState(this.#state)
    return this.#state
  }

  release(): void {
    if (this.#held !== null) this.options.globalShortcut.unregister(this.#held)
    this.#held = null
  }

  #register(accelerator: string): ShortcutState {
    const { desktop } = this.options
    if (this.options.isWayland) return { kind: 'not-possible', reason: 'wayland', desktop }
    try {
      if (!this.options.globalShortcut.register(accelerator, this.options.onPress))
        return { kind: 'taken', accelerator }
    } catch {
      // Electron throws for text that names no key.
      return { kind: 'not-possible', reason: 'other', desktop }
    }
    this.#held = accelerator
    return { kind: 'registered', accelerator }
  }
}
