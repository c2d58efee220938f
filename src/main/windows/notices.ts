import type { BrowserWindow } from 'electron'
import type { Translate } from '../../shared/i18n'
import type { FoundSettings } from '../settings'
import { askGraphics, tellNotDeleted, tellSetAside, tellSettingsRecovered } from './dialogs'
import type { Graphics } from './graphics'

export interface NoticesOptions {
  /** Where they are said; null while there is no window, and then they are not. */
  main: () => BrowserWindow | null
  translate: () => Translate
  graphics: Pick<Graphics, 'takeNotice' | 'useAgain'>
}

/** Files that cannot be read are found together; one dialog names them all. */
const SET_ASIDE_MS = 1500

/** What a start has to say to the person, once each. */
export class Notices {
  readonly #options: NoticesOptions
  readonly #setAside: string[] = []
  #timer: NodeJS.Timeout | null = null

  constructor(options: NoticesOptions) {
    this.#options = options
  }

  /** Settings were damaged, and what is in use instead (R05). */
  async tellRecovered(recovered: NonNullable<FoundSettings['recovered']>): Promise<void> {
    const window = this.#options.main()
    if (window !== null) await tellSettingsRecovered(window, recovered, this.#take(), this.#options.translate())
  }

  /** A file could not be read; all that come together are named together. */
  noteSetAside(keptAs: string): void {
    this.#setAside.push(keptAs)
    this.#timer ??= setTimeout(() => {
      const files = this.#take()
      const window = this.#options.main()
      if (files.length > 0 && window !== null) void tellSetAside(window, files, this.#options.translate())
    }, SET_ASIDE_MS)
  }

  /** What of a deletion is left, which only the person can remove. */
  async tellNotDeleted(names: readonly string[]): Promise<void> {
    const window = this.#options.main()
    if (window !== null) await tellNotDeleted(window, names, this.#options.translate())
  }

  /** Drawing does without the graphics chip, and why. */
  async tellGraphics(): Promise<void> {
    const { main, graphics, translate } = this.#options
    const window = main()
    if (window === null || !graphics.takeNotice()) return
    if ((await askGraphics(window, translate())) === 'use-again') graphics.useAgain()
  }

  #take(): string[] {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    return this.#setAside.splice(0)
  }
}
