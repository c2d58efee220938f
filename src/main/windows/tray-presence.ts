import type { ConversationSummary } from '../../shared/conversation'
import type { Translate } from '../../shared/i18n'
import type { Logger } from '../logger'
import type { GlobalShortcuts } from '../shortcuts'
import { TrayIcon, type TrayActions, type TrayState } from '../tray'

export interface TrayPresenceOptions {
  /** Whether anything shows tray icons at present. */
  hasHost: () => Promise<boolean>
  platform: NodeJS.Platform
  actions: Omit<TrayActions, 'pauseShortcut'>
  shortcuts: Pick<GlobalShortcuts, 'states' | 'isPaused' | 'pause'>
  translate: () => Translate
  /** The folder `resources/icons`. */
  icons: string
  /** No host is left: a hidden window has to come back by itself. */
  onHostGone: () => void
  logger: Logger
}

/** Asking costs two short connections. */
const CHECK_MS = 5000
/** A panel that is only started anew is back by the second look. */
const MISSES = 2

/** The icon in the panel, for as long as there is a panel: panels die, and one that comes back knows nothing of icons from before. */
export class TrayPresence {
  readonly #options: TrayPresenceOptions
  #icon: TrayIcon | null = null
  #conversations: readonly ConversationSummary[] = []
  #misses = 0
  #timer: NodeJS.Timeout | null = null

  constructor(options: TrayPresenceOptions) {
    this.#options = options
  }

  /** Whether an icon can bring a hidden window back. */
  async isSeen(): Promise<boolean> {
    return this.#icon !== null && (await this.#options.hasHost())
  }

  open(): void {
    this.#icon = this.#make()
    if (this.#options.platform !== 'linux') return
    this.#timer = setInterval(() => void this.look(), CHECK_MS)
    this.#timer.unref()
  }

  /** Stops looking after the panel; the icon goes with the process. */
  leave(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
    this.#icon?.close()
    this.#icon = null
  }

  render(conversations: readonly ConversationSummary[] = this.#conversations): void {
    this.#conversations = conversations
    this.#icon?.render(this.#state())
  }

  /** Looks once whether the panel is there. */
  async look(): Promise<void> {
    const hasHost = await this.#options.hasHost()
    if (this.#icon === null) return
    if (hasHost) {
      if (this.#misses > 0) {
        this.#icon.close()
        this.#icon = this.#make()
      }
      this.#misses = 0
      return
    }
    this.#misses += 1
    if (this.#misses === MISSES) this.#options.onHostGone()
  }

  #make(): TrayIcon {
    const { actions, shortcuts, icons } = this.#options
    const pauseShortcut = (): void => void shortcuts.pause(shortcuts.isPaused !== true)
    return new TrayIcon(this.#state(), { ...actions, pauseShortcut }, icons)
  }

  #state(): TrayState {
    const { shortcuts, platform, translate } = this.#options
    const state = shortcuts.states['quick-ask']
    return {
      isRunning: this.#conversations.some(({ isRunning }) => isRunning),
      conversations: this.#conversations,
      accelerator: state.kind === 'registered' && platform !== 'linux' ? state.accelerator : null,
      isPaused: shortcuts.isPaused,
      t: translate(),
    }
  }
}
