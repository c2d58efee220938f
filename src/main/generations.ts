import type {
  AttachedGeneration,
  DeletedMessages,
  OpenedConversation,
  StartedGeneration,
  StartGeneration,
} from '../shared/contract'
import {
  fold,
  summarize,
  type AssistantMessage,
  type AttachmentInfo,
  type Conversation,
  type ConversationSummary,
  type FinishState,
  type GenerationEvent,
  type Part,
} from '../shared/conversation'
import { failure, toAppError, type AppError } from '../shared/errors'
import { subtreeOf } from '../shared/variants'
import type { Clock } from './clock'
import { mergeInto, type WaitingPart } from './coalescing'
import type { CopyKind } from './copy-title'
import { Deletions } from './deletions'
import { journalStart } from './library/journal'
import type { Journal, Library } from './library/library'
import { isId } from './library/schema'
import { branchOf, duplicateOf } from './library/tree'
import type { Logger } from './logger'
import { ask, badRequest, contextOf, newConversation, type SessionContext } from './question'
import { titleOf } from './title'

/** Least time between two batches to the windows: one frame at 60 Hz, so that R23's 60 batches a second hold. */
const FRAME_MS = 17
/** A stopped session may still hand over what it has read. R09 allows 100 ms until the window says "stopped". */
const STOP_GRACE_MS = 60
/** How long parts are taken without a pause before timers and IPC get their turn (R23: lag below 50 ms). */
const BREATH_MS = 8
/** Of the wait after a sleep, so much for what is still on its way through this process. */
const DRAIN_SHARE = 1 / 8
/** R35 gives two seconds for all of quitting. */
const STOP_ALL_MS = 1500
/** Ended generations for which `attach` still finds the answer; a page that missed the end asks within seconds. */
const REMEMBERED_GENERATIONS = 1000

/** Waits so long, or until `retryNow` of its generation; rejects with the signal's reason when that aborts. */
export type Pause = (ms: number, signal: AbortSignal) => Promise<void>

/**
 * Opens a session. Nothing is sent before the first part is asked for. Its last part should be one `finish`. Whatever it
 * waits for before a retry, it waits for with `pause`.
 */
export type OpenSession = (context: SessionContext, signal: AbortSignal, pause: Pause) => AsyncIterable<Part>

export interface GenerationsOptions {
  library: Library
  openSession: OpenSession
  /**
   * The stored attachments with these ids, in their order, for a temporary conversation or one that is kept; throws
   * not-found (attachment).
   */
  findAttachments: (ids: readonly string[], isTemporary: boolean) => Promise<AttachmentInfo[]>
  clock: Clock
  logger: Logger
  /** What a copy of a conversation with this title is called; the same when left out. */
  titleOfCopy?: (title: string, kind: CopyKind) => Promise<string>
  /** Whether a window shows the conversation now; an answer that ends unseen marks it unread. */
  isOnShow: (conversationId: string) => boolean
}

interface Ending {
  state: FinishState
  error: AppError | null
}

/** One generation from `start` until its answer is in the library. */
interface Run {
  readonly id: string
  readonly conversationId: string
  readonly abort: AbortController
  /** Resolves when the answer exists, or the start failed. Never rejects. */
  readonly begun: Deferred
  /** Resolves when the answer is in the library, or the start failed. Never rejects. */
  readonly ended: Deferred
  live: Live | null
  /** The question is kept, and the session may be opened. */
  hasBegun: boolean
  /** Set by a stop: what the answer shall end as. */
  ending: Ending | null
  graceTimer: NodeJS.Timeout | null
  /** Each ends one wait of the session. */
  readonly waits: Set<() => void>
  /** Parts that only a backend can have caused, so far. */
  signs: number
  isFinished: boolean
}

/** The answer of a run. `message` is folded up to `seq`; `waiting` is not numbered yet. */
interface Live {
  readonly journal: Journal
  readonly startedMs: number
  message: AssistantMessage
  seq: number
  waiting: WaitingPart[]
}

interface Ended {
  conversationId: string
  messageId: string
  seq: number
}

/**
 * The lifecycle of every answer: the question is durable before the session is opened; parts are coalesced to one batch
 * a frame, numbered from 1 without gaps, folded, journalled and told; `finish` comes exactly once and last, whatever the
 * session does (R01, R15, R23, R25).
 */
export class Generations {
  readonly #library: Library
  readonly #openSession: OpenSession
  readonly #findAttachments: GenerationsOptions['findAttachments']
  readonly #clock: Clock
  readonly #logger: Logger
  readonly #titleOfCopy: NonNullable<GenerationsOptions['titleOfCopy']>
  readonly #isOnShow: (conversationId: string) => boolean
  readonly #deletions: Deletions
  readonly #runs = new Map<string, Run>()
  readonly #ended = new Map<string, Ended>()
  readonly #listeners = new Set<(events: GenerationEvent[]) => void>()
  /** Runs with parts that wait for the next frame. One batch carries them all. */
  readonly #waiting = new Set<Run>()
  #flushedMs = -Infinity
  #frameTimer: NodeJS.Timeout | null = null

  constructor(options: GenerationsOptions) {
    this.#library = options.library
    this.#openSession = options.openSession
    this.#findAttachments = options.findAttachments
    this.#clock = options.clock
    this.#logger = options.logger
    this.#titleOfCopy = options.titleOfCopy ?? ((title) => Promise.resolve(title))
    this.#isOnShow = options.isOnShow
    this.#deletions = new Deletions(options.library, () => options.clock.now())
  }

  /**
   * Begins an answer. Resolves when question and empty answer are on disk, or in memory when the disk fails; only then
   * is the session asked for its first part.
   *
   * Throws bad-request for ids that are no new UUIDs and for an empty question, busy while an answer on the same path
   * runs, not-found (conversation, message, attachment), and storage for a conversation that cannot be changed.
   */
  async start(request: StartGeneration): Promise<StartedGeneration> {
    const { generationId, conversationId, answerId } = request
    const isNew = !this.#runs.has(generationId) && !this.#ended.has(generationId)
    if (!isNew || ![generationId, conversationId, answerId].every(isId)) throw badRequest()
    // Before the first await, so that a stop which overtakes the start finds it.
    const run = newRun(generationId, conversationId)
    this.#runs.set(generationId, run)
    try {
      const { started, context, live } = await this.#begin(run, request)
      run.hasBegun = true
      run.begun.resolve()
      void this.#pull(run, live, context)
      return started
    } catch (error) {
      this.#runs.delete(generationId)
      run.begun.resolve()
      run.ended.resolve()
      throw error
    }
  }

  /**
   * Stops an answer at any time, also before the first byte. What has arrived is kept. Harmless for one that has ended;
   * throws not-found for one that never was.
   */
  stop(generationId: string): void {
    const run = this.#runs.get(generationId)
    if (run !== undefined) this.#cut(run, { state: 'stopped', error: null })
    else if (!this.#ended.has(generationId)) throw failure({ code: 'not-found', what: 'generation' })
  }

  /**
   * Ends the wait before a retry: it is tried now. Harmless for an answer that does not wait; throws not-found for one that
   * never was.
   */
  retryNow(generationId: string): void {
    const run = this.#runs.get(generationId)
    if (run !== undefined) for (const end of run.waits) end()
    else if (!this.#ended.has(generationId)) throw failure({ code: 'not-found', what: 'generation' })
  }

  /**
   * The whole answer and the seq up to which it is folded; events after that seq follow, none is missing and none is in
   * both. For a running answer the snapshot is taken before this returns. Throws not-found (generation).
   */
  async attach(generationId: string): Promise<AttachedGeneration> {
    const run = this.#runs.get(generationId)
    if (run !== undefined && run.live === null) await run.begun.promise
    if (run !== undefined && run.live !== null) {
      const { message, seq } = this.#snapshot(run.live)
      return { conversationId: run.conversationId, message, seq }
    }
    const ended = this.#ended.get(generationId)
    if (ended === undefined) throw failure({ code: 'not-found', what: 'generation' })
    const conversation = await this.#library.open(ended.conversationId)
    const message = conversation.messages.find((each) => each.id === ended.messageId)
    if (message?.role !== 'assistant') throw failure({ code: 'not-found', what: 'generation' })
    return { conversationId: ended.conversationId, message, seq: ended.seq }
  }

  /** Which conversation an answer that runs, or has run since the start, belongs to. Throws not-found (generation). */
  conversationOf(generationId: string): string {
    const known = this.#runs.get(generationId) ?? this.#ended.get(generationId)
    if (known === undefined) throw failure({ code: 'not-found', what: 'generation' })
    return known.conversationId
  }

  /** The answers that run in a conversation, each with the seq up to which it is folded. */
  running(conversationId: string): OpenedConversation['running'] {
    return this.#runsOf(conversationId).flatMap(({ id, live, isFinished }) =>
      live === null || isFinished ? [] : [{ generationId: id, messageId: live.message.id, seq: live.seq }],
    )
  }

  /** A conversation with its running answers as far as they have come, all in one synchronous breath. */
  async open(conversationId: string): Promise<OpenedConversation> {
    const conversation = await this.#library.open(conversationId)
    // A run is forgotten only when the library has its final answer, so no running answer is without its run here.
    return { conversation: this.withRunning(conversation), running: this.running(conversationId) }
  }

  /** The conversation with its running answers as far as they have come; itself when there are none. */
  withRunning(conversation: Conversation): Conversation {
    const live = new Map<string, AssistantMessage>()
    for (const run of this.#runsOf(conversation.id)) {
      if (run.live !== null) live.set(run.live.message.id, this.#snapshot(run.live).message)
    }
    if (live.size === 0) return conversation
    return { ...conversation, messages: conversation.messages.map((message) => live.get(message.id) ?? message) }
  }

  /**
   * A copy of a conversation with all its variants, under new ids; an answer that runs is in it as far as it has come. The
   * copy of a temporary one is temporary.
   */
  async duplicate(conversationId: string): Promise<ConversationSummary> {
    const { conversation } = await this.open(conversationId)
    return this.#add(duplicateOf(conversation, this.#clock.now()), 'copy')
  }

  /** A new conversation with the path up to and with a message. Throws not-found (message). */
  async branch(conversationId: string, messageId: string): Promise<ConversationSummary> {
    const { conversation } = await this.open(conversationId)
    return this.#add(branchOf(conversation, messageId, this.#clock.now()), 'branch')
  }

  /**
   * Puts the path on show that leads through a message to its latest end. Throws not-found (message), and newer-file when
   * one of a newer Parley shall be kept.
   *
   * @param isKept it was kept of several: whoever has answered there answers from now on
   */
  async showMessage(conversationId: string, messageId: string, isKept = false): Promise<OpenedConversation> {
    const { headId } = await this.#library.showMessage(conversationId, messageId)
    if (isKept) await this.#library.update(conversationId, (conversation) => withChoiceOf(conversation, messageId))
    const opened = await this.open(conversationId)
    return { ...opened, conversation: { ...opened.conversation, headId } }
  }

  /**
   * Takes a message and all that hangs under it out of its conversation; what runs there is stopped first. Throws
   * not-found (conversation, message), and storage when the trash cannot take it.
   */
  async deleteMessage(conversationId: string, messageId: string): Promise<DeletedMessages> {
    const { messages } = await this.#library.open(conversationId)
    const under = new Set(subtreeOf(messages, messageId).map(({ id }) => id))
    await this.#stop(this.#runsOf(conversationId).filter(({ live }) => live !== null && under.has(live.message.id)))
    return this.#deletions.delete(conversationId, messageId)
  }

  /** Puts back what `deleteMessage` took out. Throws not-found (message) for what is not known any more. */
  putBackMessages(deletionId: string): Promise<void> {
    return this.#deletions.putBack(deletionId)
  }

  /**
   * Takes a conversation out of the trash as `Library.restore` does; messages that were deleted out of one go back into it
   * while it is there, and are a conversation of their own else. Throws not-found, storage.
   *
   * @returns the id of the conversation in which they are now
   */
  restore(which: string): Promise<string> {
    return this.#deletions.restore(which, (title) => this.#titleOfCopy(title, 'deleted'))
  }

  /** Stops what runs in a conversation, then moves it to the trash. */
  async trash(conversationId: string): Promise<void> {
    await this.#stopIn(conversationId)
    await this.#library.trash(conversationId)
  }

  /** Stops what runs in a temporary conversation, then forgets it. Throws bad-request for an ordinary one: it goes on. */
  async discard(conversationId: string): Promise<Conversation> {
    await Promise.all(this.#runsOf(conversationId).map((run) => run.begun.promise))
    if (this.#library.isTemporary(conversationId)) await this.#stopIn(conversationId)
    return this.#library.discard(conversationId)
  }

  /** Every batch of events, in order. One batch may carry several generations. */
  onEvents(listener: (events: GenerationEvent[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /**
   * Ends all running answers: for quitting, or after a sleep that has cut every connection. Resolves when they are in
   * the library, but no later than after 1.5 s (R35).
   */
  async stopAll(state: 'interrupted' | 'stopped', error: AppError = { code: 'process-ended' }): Promise<void> {
    const runs = [...this.#runs.values()]
    for (const run of runs) this.#cut(run, { state, error: state === 'stopped' ? null : error })
    const limit = deferred()
    const timer = setTimeout(limit.resolve, STOP_ALL_MS)
    await Promise.race([Promise.all(runs.map((run) => run.ended.promise)), limit.promise])
    clearTimeout(timer)
  }

  /**
   * After a sleep: a connection that it has cut says so by silence (R30). Ends the running answers of which nothing is heard
   * for so long as interrupted, but for one that waits to be sent again, and so has no connection to lose, and one whose
   * model, on this computer, has slept as well and was still thinking.
   *
   * @param isLocal whether a backend is on this computer
   */
  async endSilent(waitMs: number, isLocal: (backendId: string) => boolean): Promise<void> {
    let before = this.#signs()
    // What had arrived before the sleep, or just now, is read first, and is no sign that the connection lives.
    const drain = setTimeout(() => {
      const running = new Set(before.map(({ run }) => run))
      before = this.#signs().filter(({ run }) => running.has(run))
    }, waitMs * DRAIN_SHARE)
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    clearTimeout(drain)
    for (const { run, signs } of before) {
      if (run.live === null || run.signs > signs || run.waits.size > 0) continue
      if (signs === 0 && isLocal(run.live.message.backendId)) continue
      this.#cut(run, { state: 'interrupted', error: { code: 'connection-lost' } })
    }
  }

  #signs(): { run: Run; signs: number }[] {
    return [...this.#runs.values()].map((run) => ({ run, signs: run.signs }))
  }

  async #stopIn(conversationId: string): Promise<void> {
    await this.#stop(this.#runsOf(conversationId))
  }

  async #stop(runs: readonly Run[]): Promise<void> {
    for (const run of runs) this.#cut(run, { state: 'stopped', error: null })
    await Promise.all(runs.map((run) => run.ended.promise))
  }

  async #add(made: Conversation, kind: 'copy' | 'branch'): Promise<ConversationSummary> {
    const conversation = { ...made, title: await this.#titleOfCopy(made.title, kind) }
    await this.#library.create(conversation)
    return summarize(conversation)
  }

  #runsOf(conversationId: string): Run[] {
    return [...this.#runs.values()].filter((run) => run.conversationId === conversationId)
  }

  // ---- start ----

  async #begin(
    run: Run,
    request: StartGeneration,
  ): Promise<{ started: StartedGeneration; context: SessionContext; live: Live }> {
    const attachmentIds = request.question.kind === 'new' ? request.question.attachmentIds : []
    const stored = await this.#openStored(request.conversationId)
    const isTemporary = stored === null ? request.isTemporary : stored.isTemporary === true
    const attachments = attachmentIds.length === 0 ? [] : await this.#findAttachments(attachmentIds, isTemporary)
    const now = this.#clock.now()
    const asked = ask(stored ?? newConversation(request, now), request, attachments, now)
    // The journal first: an answer that is on disk as running always has a journal that can finish it.
    const journal = await this.#library.journal(journalStart(asked.conversation, asked.answer))
    const startedMs = this.#clock.monotonicMs()
    const live: Live = { journal, startedMs, message: asked.answer, seq: 0, waiting: [] }
    // Before it is in the library, so that nobody finds a running answer there that runs nowhere.
    run.live = live
    try {
      // Asked once more, of the conversation as it is by then: another window may have changed it.
      const conversation =
        stored === null
          ? await this.#library.create(asked.conversation).then(() => asked.conversation)
          : await this.#library.update(stored.id, (present) => ask(present, request, attachments, now).conversation)
      return {
        started: { conversation: summarize(conversation), question: asked.question, answer: asked.answer },
        context: contextOf(asked, request),
        live,
      }
    } catch (error) {
      run.live = null
      await journal.discard()
      throw error
    }
  }

  async #openStored(conversationId: string): Promise<Conversation | null> {
    try {
      return await this.#library.open(conversationId)
    } catch (error) {
      if (toAppError(error).code === 'not-found') return null
      throw error
    }
  }

  // ---- while it runs ----

  async #pull(run: Run, live: Live, context: SessionContext): Promise<void> {
    // The answer to `start` leaves before the first event, so that a page knows the message when parts come.
    await breath()
    let breathMs = this.#clock.monotonicMs()
    try {
      if (run.ending === null) {
        const pause: Pause = (ms, signal) => waitIn(run.waits, ms, signal)
        for await (const part of this.#openSession(context, run.abort.signal, pause)) {
          if (!this.#take(run, live, part)) break
          if (this.#clock.monotonicMs() - breathMs < BREATH_MS) continue
          await breath()
          breathMs = this.#clock.monotonicMs()
        }
      }
      this.#finish(run, live, run.ending ?? endingWithoutFinish(this.#snapshot(live).message))
    } catch (error) {
      if (run.isFinished) this.#logger.debug('session threw after its end')
      else this.#logger.error('session threw', { code: toAppError(error).code })
      this.#finish(run, live, run.ending ?? endingOfThrown(error))
    }
  }

  /** Takes a part of the session; false when no more are wanted. */
  #take(run: Run, live: Live, part: Part): boolean {
    if (run.isFinished) return false
    if (part.type === 'finish') {
      // What came out complete is complete, even if a person pressed stop at that moment.
      const isCut = run.ending !== null && part.state !== 'complete'
      this.#finish(run, live, isCut && run.ending !== null ? run.ending : part)
      return false
    }
    if (isSign(part)) run.signs += 1
    if (part.type === 'title') void this.#giveTitle(run.conversationId, part.title)
    this.#wait(run, live, part)
    const waitMs = this.#flushedMs + FRAME_MS - this.#clock.monotonicMs()
    // The clock is asked as well as the timer, because a hot stream starves timers.
    if (waitMs <= 0) this.#flush()
    else this.#frameTimer ??= setTimeout(() => this.#flush(), waitMs)
    return true
  }

  #wait(run: Run, live: Live, part: Part): void {
    if (!mergeInto(live.waiting, part)) {
      live.waiting.push({ atMs: this.#clock.monotonicMs() - live.startedMs, part })
    }
    this.#waiting.add(run)
  }

  /** Numbers, folds, journals and tells all that waits. */
  #flush(): void {
    if (this.#frameTimer !== null) clearTimeout(this.#frameTimer)
    this.#frameTimer = null
    if (this.#waiting.size === 0) return
    this.#flushedMs = this.#clock.monotonicMs()
    const events = [...this.#waiting].flatMap((run) => (run.live === null ? [] : this.#number(run, run.live)))
    this.#waiting.clear()
    for (const listener of this.#listeners) {
      try {
        listener(events)
      } catch {
        // A window that is going away must not stop the answer, nor the other windows.
        this.#logger.warn('listener of generation events threw')
      }
    }
  }

  #number(run: Run, live: Live): GenerationEvent[] {
    const { id: generationId, conversationId } = run
    const events = live.waiting.map(({ atMs, part }) => {
      live.seq += 1
      return { generationId, conversationId, messageId: live.message.id, seq: live.seq, atMs, part }
    })
    live.waiting = []
    for (const event of events) live.message = fold(live.message, event)
    live.journal.append(events)
    return events
  }

  // What waits is numbered and told first: then it is in the snapshot, and those who listen have it as well.
  #snapshot(live: Live): Live {
    this.#flush()
    return live
  }

  async #giveTitle(conversationId: string, title: string): Promise<void> {
    const line = titleOf(title)
    if (line === '') return
    try {
      await this.#library.update(conversationId, (conversation) =>
        conversation.titleSource === 'person' ? conversation : { ...conversation, title: line, titleSource: 'backend' },
      )
    } catch (error) {
      this.#logger.warn('title not kept', { code: toAppError(error).code })
    }
  }

  // ---- the end ----

  /** Aborts a run; the first one to do so says how the answer ends. */
  #cut(run: Run, ending: Ending): void {
    if (run.ending !== null || run.isFinished) return
    run.ending = ending
    run.abort.abort()
    // A run that has not begun ends when it would. A session that does not end by itself is not waited for.
    if (!run.hasBegun) return
    run.graceTimer = setTimeout(() => {
      if (run.live !== null) this.#finish(run, run.live, ending)
    }, STOP_GRACE_MS)
  }

  #finish(run: Run, live: Live, { state, error }: Ending): void {
    if (run.isFinished) return
    run.isFinished = true
    if (run.graceTimer !== null) clearTimeout(run.graceTimer)
    this.#wait(run, live, { type: 'finish', state, error })
    this.#flush()
    if (state === 'failed' || state === 'interrupted') {
      this.#logger.info('answer ended', {
        state,
        code: error?.code ?? null,
        status: error !== null && 'status' in error ? error.status : null,
        seconds: Math.round((this.#clock.monotonicMs() - live.startedMs) / 1000),
      })
    }
    void this.#settle(run, live)
  }

  async #settle(run: Run, live: Live): Promise<void> {
    try {
      await live.journal.close(live.message, (conversation) => ({
        ...conversation,
        updatedAt: this.#clock.now(),
        isUnread: conversation.isUnread || !this.#isOnShow(run.conversationId),
      }))
    } catch (error) {
      // Its journal stays, and the next start puts it in its place.
      this.#logger.error('answer not put into its conversation', { code: toAppError(error).code })
    }
    this.#runs.delete(run.id)
    this.#ended.set(run.id, { conversationId: run.conversationId, messageId: live.message.id, seq: live.seq })
    for (const id of this.#ended.keys()) {
      if (this.#ended.size <= REMEMBERED_GENERATIONS) break
      this.#ended.delete(id)
    }
    run.ended.resolve()
  }
}

/** The conversation with whoever gave an answer as the one who answers next. */
function withChoiceOf(conversation: Conversation, answerId: string): Conversation {
  const answer = conversation.messages.find(({ id }) => id === answerId)
  if (answer?.role !== 'assistant') return conversation
  const { backendId, requested } = answer
  return { ...conversation, backendId, provider: requested.provider, model: requested.model }
}

// ---- ends ----

// A session promises a `finish`. One that only stops is taken like a clean end of the stream (R15).
function endingWithoutFinish(message: AssistantMessage): Ending {
  return message.content.length > 0
    ? { state: 'complete-unconfirmed', error: null }
    : { state: 'failed', error: { code: 'empty-answer' } }
}

function endingOfThrown(thrown: unknown): Ending {
  const error = toAppError(thrown)
  return { state: error.code === 'connection-lost' ? 'interrupted' : 'failed', error }
}

interface Deferred {
  promise: Promise<void>
  resolve: () => void
}

function deferred(): Deferred {
  let resolve: () => void = () => undefined
  const promise = new Promise<void>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}

function waitIn(waits: Run['waits'], ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      waits.delete(end)
      signal.removeEventListener('abort', end)
      if (signal.aborted) reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'))
      else resolve()
    }
    const timer = setTimeout(end, ms)
    waits.add(end)
    signal.addEventListener('abort', end)
    if (signal.aborted) end()
  })
}

/** Lets timers, sockets and IPC have their turn. */
function breath(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function newRun(id: string, conversationId: string): Run {
  return {
    id,
    conversationId,
    abort: new AbortController(),
    begun: deferred(),
    ended: deferred(),
    live: null,
    hasBegun: false,
    ending: null,
    graceTimer: null,
    waits: new Set(),
    signs: 0,
    isFinished: false,
  }
}

/** Whether bytes of a backend have led to it; most of what a session says of itself comes without any. */
function isSign(part: Part): boolean {
  return part.type !== 'status' || !['connecting', 'waiting', 'retrying', 'stalled'].includes(part.status.phase)
}
