import { randomUUID } from 'node:crypto'
import type { TransferEnd, TransferProblem, TransferState, TransferStep } from '../../shared/contract'
import type { Clock } from '../clock'

/** Whom a long piece of work tells how far it is, and who may stop it. */
export interface Follower {
  readonly signal: AbortSignal
  /** A step of the work, and how many chats or files it has. */
  begin(step: TransferStep, total: number): void
  /** What is being worked at. */
  show(title: string, images: number): void
  /** One more is done. */
  advance(): void
  note(problem: TransferProblem): void
}

/** At most ten times a second: more is not seen, and each is drawn. */
const TELL_MS = 100
/** Before that nobody can say how long it takes. */
const ESTIMATE_AFTER_MS = 5000

export type Tell = (state: TransferState) => void

/** One transfer under way: counted here, told to the windows at most ten times a second, and once at its end. */
export class Progress implements Follower {
  readonly #abort = new AbortController()
  readonly #clock: Pick<Clock, 'monotonicMs'>
  readonly #tell: Tell
  #state: TransferState
  #stepBeganMs: number
  #toldMs: number
  #timer: NodeJS.Timeout | null = null

  /** @param quietMs nothing is told so long: what is done by then needs no dialog */
  constructor(
    of: Pick<TransferState, 'kind' | 'fileName' | 'bytes' | 'source'>,
    clock: Pick<Clock, 'monotonicMs'>,
    tell: Tell,
    quietMs = 0,
  ) {
    this.#clock = clock
    this.#tell = tell
    this.#stepBeganMs = clock.monotonicMs()
    this.#toldMs = this.#stepBeganMs - TELL_MS + quietMs
    this.#state = {
      id: randomUUID(),
      ...of,
      step: 'work',
      done: 0,
      total: 0,
      item: null,
      leftMs: null,
      problems: [],
      isStopping: false,
      end: null,
    }
    this.#changed()
  }

  get signal(): AbortSignal {
    return this.#abort.signal
  }

  get state(): TransferState {
    return this.#state
  }

  begin(step: TransferStep, total: number): void {
    this.#stepBeganMs = this.#clock.monotonicMs()
    this.#change({ step, total, done: 0, item: null, leftMs: null })
  }

  show(title: string, images: number): void {
    this.#change({ item: { title: title.slice(0, 200), images } })
  }

  advance(): void {
    const { total } = this.#state
    const done = Math.min(total, this.#state.done + 1)
    const spentMs = this.#clock.monotonicMs() - this.#stepBeganMs
    // Of how many is not always known: of another program's file only reading all of it tells.
    const leftMs = done === 0 || spentMs < ESTIMATE_AFTER_MS ? null : Math.round((spentMs / done) * (total - done))
    this.#change({ done, leftMs })
  }

  note(problem: TransferProblem): void {
    this.#change({ problems: [...this.#state.problems, problem] })
  }

  /** What is done stays; the work ends at the next moment at which that is true. */
  stop(): void {
    if (this.#state.end !== null || this.signal.aborted) return
    this.#abort.abort()
    this.#change({ isStopping: true })
  }

  end(end: TransferEnd): void {
    this.#state = { ...this.#state, item: null, leftMs: null, end }
    this.#tellNow()
  }

  #change(change: Partial<TransferState>): void {
    this.#state = { ...this.#state, ...change }
    this.#changed()
  }

  #changed(): void {
    if (this.#timer !== null) return
    const waitMs = this.#toldMs + TELL_MS - this.#clock.monotonicMs()
    if (waitMs <= 0) this.#tellNow()
    else this.#timer = setTimeout(() => this.#tellNow(), waitMs)
  }

  #tellNow(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#toldMs = this.#clock.monotonicMs()
    this.#tell(this.#state)
  }
}

/** The same work as a step of another: its own steps are all called this. */
export function asStep(follower: Follower, step: TransferStep): Follower {
  return {
    signal: follower.signal,
    begin: (_step, total) => follower.begin(step, total),
    show: (title, images) => follower.show(title, images),
    advance: () => follower.advance(),
    note: (problem) => follower.note(problem),
  }
}
