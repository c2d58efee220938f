import type { GlobalShortcut } from 'electron'
import { GLOBAL_SHORTCUTS, type GlobalShortcutId } from '../shared/actions'
import type { ShortcutState, ShortcutStates } from '../shared/contract'
import type { Logger } from './logger'
import type { HeldShortcuts, HoldShortcuts, PortalWish } from './shortcut-portal'
import { countCrashes } from './windows/crash-count'

/** The keys of each, as Electron writes them; null for none. */
export type WantedShortcuts = Readonly<Record<GlobalShortcutId, string | null>>

export interface ShortcutOptions {
  globalShortcut: Pick<GlobalShortcut, 'register' | 'unregister'>
  /**
   * Asks the desktop for the keys; null where a program can hold some by itself. On Wayland it cannot, and Electron's
   * register() answers true there whatever becomes of it.
   */
  portal: HoldShortcuts | null
  /** What the desktop shows as their use. */
  description: (id: GlobalShortcutId) => string
  /** The keys that the person has refused to the desktop; what is remembered of them outlives the process. */
  refused: {
    read: (id: GlobalShortcutId) => string | null
    write: (id: GlobalShortcutId, accelerator: string | null) => void
  }
  /** Its name, to say where a key can be set; null where it is not known. */
  desktop: string | null
  onPress: (id: GlobalShortcutId) => void
  onState: (states: ShortcutStates) => void
  logger: Logger
}

interface Wish {
  id: GlobalShortcutId
  accelerator: string
}

/** A portal that dies at each question would otherwise be asked for ever. */
const LOSS_LIMIT = 3
const LOSS_WINDOW_MS = 5 * 60_000

const OFF: ShortcutState = { kind: 'off' }

/** The keys that work from anywhere, and the truth about whether they do. */
export class GlobalShortcuts {
  #states: ShortcutStates = { 'quick-ask': OFF, 'ask-region': OFF }
  #wanted: WantedShortcuts = { 'quick-ask': null, 'ask-region': null }
  #releases: (() => void)[] = []
  /** What the desktop has held in this process: who then says no means what is new. */
  readonly #granted = new Map<GlobalShortcutId, string>()
  #isPaused = false
  readonly #isLossLoop = countCrashes(LOSS_LIMIT, LOSS_WINDOW_MS, () => performance.now())

  constructor(private readonly options: ShortcutOptions) {}

  get states(): ShortcutStates {
    return this.#states
  }

  /** Holds these keys instead of those before, and ends a pause. What was refused for them is not asked for again. */
  set(wanted: WantedShortcuts): ShortcutStates {
    this.#wanted = wanted
    this.#isPaused = false
    return this.#apply()
  }

  /** Tries once more, also what was refused: the person wants it. */
  check(): ShortcutStates {
    for (const id of GLOBAL_SHORTCUTS) this.options.refused.write(id, null)
    this.#isPaused = false
    return this.#apply()
  }

  /** Whether they are let go of for now; null when there is nothing to let go of. */
  get isPaused(): boolean | null {
    if (this.#isPaused) return true
    return Object.values(this.#states).some(({ kind }) => kind === 'registered') ? false : null
  }

  /** Lets go of all keys, for another program, until they are wanted again or Parley starts anew. */
  pause(isPaused: boolean): ShortcutStates {
    this.#isPaused = isPaused
    return this.#apply()
  }

  #apply(): ShortcutStates {
    for (const release of this.#releases.splice(0)) release()
    const wishes = GLOBAL_SHORTCUTS.flatMap((id): Wish[] => {
      const accelerator = this.#wanted[id]
      return accelerator === null ? [] : [{ id, accelerator }]
    })
    const { portal } = this.options
    if (this.#isPaused) return this.#showAll(wishes, ({ accelerator }) => ({ kind: 'paused', accelerator }))
    return portal === null ? this.#showAll(wishes, (wish) => this.#grab(wish)) : this.#ask(portal, wishes)
  }

  /** Shows the states of these, and that the others are off. */
  #showAll(wishes: readonly Wish[], stateOf: (wish: Wish) => ShortcutState): ShortcutStates {
    const states = { 'quick-ask': OFF, 'ask-region': OFF }
    return this.#show({ ...states, ...Object.fromEntries(wishes.map((wish) => [wish.id, stateOf(wish)])) })
  }

  #show(change: Partial<ShortcutStates>): ShortcutStates {
    this.#states = { ...this.#states, ...change }
    const { 'quick-ask': quickAsk, 'ask-region': askRegion } = this.#states
    this.options.logger.info('global shortcuts', { quickAsk: quickAsk.kind, askRegion: askRegion.kind })
    this.options.onState(this.#states)
    return this.#states
  }

  #grab({ id, accelerator }: Wish): ShortcutState {
    const { globalShortcut, onPress, desktop } = this.options
    try {
      if (!globalShortcut.register(accelerator, () => onPress(id))) return { kind: 'taken', accelerator }
    } catch {
      // Electron throws for text that names no key.
      return { kind: 'not-possible', reason: 'other', desktop }
    }
    this.#releases.push(() => globalShortcut.unregister(accelerator))
    return { kind: 'registered', accelerator, trigger: null }
  }

  /** All in one question: a desktop is asked once in a session, and shows the person one list. */
  #ask(portal: HoldShortcuts, wishes: readonly Wish[]): ShortcutStates {
    const { refused, description, onPress } = this.options
    const isRefused = ({ id, accelerator }: Wish): boolean => refused.read(id) === accelerator
    const asked = wishes.filter((wish) => !isRefused(wish))
    const shown = this.#showAll(wishes, (wish) => ({
      kind: isRefused(wish) ? 'refused' : 'asking',
      accelerator: wish.accelerator,
    }))
    if (asked.length === 0) return shown
    const ending = new AbortController()
    this.#releases = [() => ending.abort()]
    const ifStillWanted = (task: () => void): void => {
      if (!ending.signal.aborted) task()
    }
    const wish: PortalWish = {
      shortcuts: asked.map(({ id, accelerator }) => ({ id, accelerator, description: description(id) })),
      onPress: (id) => ifStillWanted(() => asked.filter((each) => each.id === id).forEach((each) => onPress(each.id))),
      onTriggers: (triggers) => ifStillWanted(() => this.#show(registered(asked, triggers))),
      onLost: () =>
        ifStillWanted(() => {
          ending.abort()
          if (this.#isLossLoop()) this.#show(stateFor(asked, () => this.#notPossible()))
          else this.#apply()
        }),
    }
    void portal(wish, ending.signal).then((held) => {
      if (ending.signal.aborted) held.release()
      else this.#take(held, asked)
    })
    return shown
  }

  #take({ answer, release }: HeldShortcuts, asked: readonly Wish[]): void {
    this.#releases.push(release)
    switch (answer.kind) {
      case 'held': {
        const isHeld = ({ id }: Wish): boolean => answer.triggers.has(id)
        for (const { id, accelerator } of asked.filter(isHeld)) this.#granted.set(id, accelerator)
        const left = asked.filter((wish) => !isHeld(wish))
        this.#show({ ...registered(asked, answer.triggers), ...this.#refuse(left) })
        return
      }
      case 'refused': {
        const fresh = asked.filter(({ id, accelerator }) => this.#granted.get(id) !== accelerator)
        const states = this.#refuse(fresh.length === 0 ? asked : fresh)
        if (fresh.length === 0 || fresh.length === asked.length) this.#show(states)
        // What was held before is not what the person has said no to.
        else this.#apply()
        return
      }
      case 'missing':
        this.#show(stateFor(asked, () => this.#notPossible()))
    }
  }

  #refuse(wishes: readonly Wish[]): Partial<ShortcutStates> {
    for (const { id, accelerator } of wishes) this.options.refused.write(id, accelerator)
    return stateFor(wishes, ({ accelerator }) => ({ kind: 'refused', accelerator }))
  }

  #notPossible(): ShortcutState {
    return { kind: 'not-possible', reason: 'wayland', desktop: this.options.desktop }
  }
}

function stateFor(wishes: readonly Wish[], stateOf: (wish: Wish) => ShortcutState): Partial<ShortcutStates> {
  return Object.fromEntries(wishes.map((wish) => [wish.id, stateOf(wish)]))
}

/** Those that the desktop names, with the keys that it has given them. */
function registered(wishes: readonly Wish[], triggers: ReadonlyMap<string, string>): Partial<ShortcutStates> {
  const named = wishes.filter(({ id }) => triggers.has(id))
  return stateFor(named, ({ id, accelerator }) => ({
    kind: 'registered',
    accelerator,
    trigger: triggers.get(id) ?? '',
  }))
}
