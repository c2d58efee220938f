import type { GlobalShortcut } from 'electron'
import type { ShortcutState } from '../shared/contract'
import type { Logger } from './logger'
import type { HeldShortcut, HoldShortcut } from './shortcut-portal'
import { countCrashes } from './windows/crash-count'

export interface ShortcutOptions {
  globalShortcut: Pick<GlobalShortcut, 'register' | 'unregister'>
  /**
   * Asks the desktop for the key; null where a program can hold one by itself. On Wayland it cannot, and Electron's
   * register() answers true there whatever becomes of it.
   */
  portal: HoldShortcut | null
  /** What the desktop shows as the use of the key. */
  description: () => string
  /** The keys that the person has refused to the desktop; what is remembered of it outlives the process. */
  refused: { read: () => string | null; write: (accelerator: string | null) => void }
  /** Its name, to say where a key can be set; null where it is not known. */
  desktop: string | null
  onPress: () => void
  onState: (state: ShortcutState) => void
  logger: Logger
}

/** A portal that dies at each question would otherwise be asked for ever. */
const LOSS_LIMIT = 3
const LOSS_WINDOW_MS = 5 * 60_000

/** The key that shows the quick-ask from anywhere, and the truth about whether it works. */
export class QuickAskShortcut {
  #state: ShortcutState = { kind: 'off' }
  #release: (() => void) | null = null
  #wanted = { accelerator: '', isEnabled: false }
  #isPaused = false
  readonly #isLossLoop = countCrashes(LOSS_LIMIT, LOSS_WINDOW_MS, () => performance.now())

  constructor(private readonly options: ShortcutOptions) {}

  get state(): ShortcutState {
    return this.#state
  }

  /** Holds this key instead of the one before, and ends a pause. What was refused for it is not asked for again. */
  set(accelerator: string, isEnabled: boolean): ShortcutState {
    this.#wanted = { accelerator, isEnabled }
    this.#isPaused = false
    return this.#apply()
  }

  /** Tries once more, also what was refused: the person wants it. */
  check(): ShortcutState {
    this.options.refused.write(null)
    this.#isPaused = false
    return this.#apply()
  }

  /** Whether it is let go of for now; null when there is nothing to let go of. */
  get isPaused(): boolean | null {
    if (this.#isPaused) return true
    return this.#state.kind === 'registered' ? false : null
  }

  /** Lets go of the key, for another program, until it is wanted again or Parley starts anew. */
  pause(isPaused: boolean): ShortcutState {
    this.#isPaused = isPaused
    return this.#apply()
  }

  #apply(): ShortcutState {
    this.#release?.()
    this.#release = null
    const { accelerator, isEnabled } = this.#wanted
    if (!isEnabled) return this.#show({ kind: 'off' })
    if (this.#isPaused) return this.#show({ kind: 'paused', accelerator })
    return this.options.portal === null ? this.#grab(accelerator) : this.#ask(this.options.portal, accelerator)
  }

  #show(state: ShortcutState): ShortcutState {
    this.#state = state
    this.options.logger.info('quick-ask shortcut', { state: state.kind })
    this.options.onState(state)
    return state
  }

  #grab(accelerator: string): ShortcutState {
    const { globalShortcut, onPress, desktop } = this.options
    try {
      if (!globalShortcut.register(accelerator, onPress)) return this.#show({ kind: 'taken', accelerator })
    } catch {
      // Electron throws for text that names no key.
      return this.#show({ kind: 'not-possible', reason: 'other', desktop })
    }
    this.#release = () => globalShortcut.unregister(accelerator)
    return this.#show({ kind: 'registered', accelerator, trigger: null })
  }

  #ask(portal: HoldShortcut, accelerator: string): ShortcutState {
    if (this.options.refused.read() === accelerator) return this.#show({ kind: 'refused', accelerator })
    const ending = new AbortController()
    this.#release = () => ending.abort()
    const ifStillWanted = (task: () => void) => () => {
      if (!ending.signal.aborted) task()
    }
    const wish = {
      accelerator,
      description: this.options.description(),
      onPress: ifStillWanted(() => this.options.onPress()),
      onTrigger: (trigger: string) => ifStillWanted(() => this.#show({ kind: 'registered', accelerator, trigger }))(),
      onLost: ifStillWanted(() => {
        ending.abort()
        if (this.#isLossLoop()) this.#show(this.#notPossible())
        else this.#apply()
      }),
    }
    const asked = this.#show({ kind: 'asking', accelerator })
    void portal(wish, ending.signal).then((held) => {
      if (ending.signal.aborted) held.release()
      else this.#take(held, accelerator)
    })
    return asked
  }

  #take({ answer, release }: HeldShortcut, accelerator: string): void {
    this.#release = release
    switch (answer.kind) {
      case 'held':
        this.#show({ kind: 'registered', accelerator, trigger: answer.trigger })
        return
      case 'refused':
        this.options.refused.write(accelerator)
        this.#show({ kind: 'refused', accelerator })
        return
      case 'missing':
        this.#show(this.#notPossible())
    }
  }

  #notPossible(): ShortcutState {
    return { kind: 'not-possible', reason: 'wayland', desktop: this.options.desktop }
  }
}
