import type { GlobalShortcut } from 'electron'
import type { ShortcutState } from '../shared/contract'
import type { Logger } from './logger'

export interface ShortcutOptions {
  globalShortcut: Pick<GlobalShortcut, 'register' | 'unregister'>
  /** On Wayland no program can hold a key by itself; Electron's register() answers true there and never fires. */
  isWayland: boolean
  onPress: () => void
  onState: (state: ShortcutState) => void
  logger: Logger
}

/** The key that shows the quick-ask from anywhere, and the truth about whether it works. */
export class QuickAskShortcut {
  #state: ShortcutState = { kind: 'off' }
  #held: string | null = null

  constructor(private readonly options: ShortcutOptions) {}

  get state(): ShortcutState {
    return this.#state
  }

  /** Holds this key instead of the one before. Setting the same one again tries again what was refused. */
  set(accelerator: string, isEnabled: boolean): ShortcutState {
    this.release()
    this.#state = isEnabled ? this.#register(accelerator) : { kind: 'off' }
    this.options.logger.info('quick-ask shortcut', { state: this.#state.kind })
    this.options.onState(this.#state)
    return this.#state
  }

  release(): void {
    if (this.#held !== null) this.options.globalShortcut.unregister(this.#held)
    this.#held = null
  }

  #register(accelerator: string): ShortcutState {
    if (this.options.isWayland) return { kind: 'not-possible', reason: 'wayland' }
    try {
      if (!this.options.globalShortcut.register(accelerator, this.options.onPress))
        return { kind: 'taken', accelerator }
    } catch {
      // Electron throws for text that names no key.
      return { kind: 'not-possible', reason: 'other' }
    }
    this.#held = accelerator
    return { kind: 'registered', accelerator }
  }
}
