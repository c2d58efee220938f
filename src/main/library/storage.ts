import type { StorageState } from '../../shared/contract'
import { failure } from '../../shared/errors'
import type { Logger } from '../logger'
import { errorCode } from './files'

/** Time between two tries of what could not be written: R07 asks that saving resumes within 5 s. */
const RETRY_MS = 1000

/**
 * Knows what the disk refused, tries it again until it is written, and says whether all is safe. A write that fails is
 * never an exception for the caller: the data is still in memory, and whoever shows a window shows the state (R07, R08).
 */
export class Storage {
  readonly #failing = new Map<object, () => Promise<void>>()
  readonly #listeners = new Set<(state: StorageState) => void>()
  readonly #logger: Logger
  #state: StorageState = { isSafe: true }
  /** What a person must hear although all can be written; said for as long as this process lives. */
  #warning: 'folder-gone' | null = null
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(logger: Logger) {
    this.#logger = logger
  }

  state(): StorageState {
    return this.#state
  }

  /** What is thrown when something that was just tried is not on disk. */
  refusal(): Error {
    const state = this.#state
    const reason = state.isSafe || state.reason === 'folder-gone' ? 'failed' : state.reason
    return failure({ code: 'storage', reason })
  }

  onState(listener: (state: StorageState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Runs `write`; when it throws, remembers it under `owner` and runs it again every second until it succeeds.
   *
   * @param owner what is being written; a later attempt for the same owner takes the place of the earlier one
   * @returns whether it was written now; never rejects
   */
  async attempt(owner: object, write: () => Promise<void>): Promise<boolean> {
    try {
      await write()
    } catch (error) {
      this.#failing.set(owner, write)
      this.#become({ isSafe: false, reason: storageReason(error) }, errorCode(error))
      this.#retryLater()
      return false
    }
    this.forget(owner)
    return true
  }

  /** Tries all that could not be written once more, now. */
  async retry(): Promise<void> {
    for (const [owner, write] of [...this.#failing]) {
      // It may have been written, or given up, while another one was tried.
      if (this.#failing.get(owner) === write) await this.attempt(owner, write)
    }
  }

  /** Gives up what `owner` wanted to write, because it is not needed any more. */
  forget(owner: object): void {
    if (this.#failing.delete(owner) && this.#failing.size === 0) this.#become(this.#calm(), null)
  }

  /** Says that data was lost on disk, though it can be written now. */
  warn(reason: 'folder-gone'): void {
    this.#warning = reason
    if (this.#failing.size === 0) this.#become(this.#calm(), null)
  }

  /** Ends the retries. */
  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #calm(): StorageState {
    return this.#warning === null ? { isSafe: true } : { isSafe: false, reason: this.#warning }
  }

  #retryLater(): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = null
      void this.retry()
    }, RETRY_MS).unref()
  }

  #become(state: StorageState, code: string | null): void {
    const before = this.#state
    this.#state = state
    if (before.isSafe === state.isSafe && (before.isSafe || state.isSafe || before.reason === state.reason)) return
    if (state.isSafe) this.#logger.info('storage works again')
    else this.#logger.warn('storage fails', { reason: state.reason, code })
    for (const listener of this.#listeners) {
      try {
        listener(state)
      } catch {
        // What waits to be written must still be tried again.
        this.#logger.warn('listener of the storage state threw')
      }
    }
  }
}

/** The words of `StorageState` for what a disk threw. */
export function storageReason(thrown: unknown): 'full' | 'read-only' | 'failed' {
  const code = errorCode(thrown) ?? ''
  if (['ENOSPC', 'EDQUOT'].includes(code)) return 'full'
  return ['EROFS', 'EACCES', 'EPERM'].includes(code) ? 'read-only' : 'failed'
}
