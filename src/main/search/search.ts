import { setImmediate as breath } from 'node:timers/promises'
import type { ConversationChange, SearchHit, SearchPart, SearchResult } from '../../shared/contract'
import type { Conversation, ConversationSummary } from '../../shared/conversation'
import type { Library } from '../library/library'
import type { Logger } from '../logger'
import { splitWords } from '../words'
import type { IndexHit, SearchableConversation } from './search-index'
import { searchableOf } from './searchable'
import type { IndexAnswer, IndexTalk, WorkerOptions } from './worker-talk'

/** A worker of search-worker.ts, as far as it is used here: the Worker of Node. It is never terminated, see there. */
export interface SearchWorker {
  postMessage(message: unknown): void
  on(event: 'message', listener: (message: IndexAnswer) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'exit', listener: () => void): unknown
}

export interface SearchOptions {
  library: Pick<Library, 'list' | 'stamps' | 'readAll' | 'onChange'>
  /** The conversation with its running answers as far as they have come. */
  withRunning: (conversation: Conversation) => Conversation
  /** Where the index lies. */
  file: string
  startWorker: (options: WorkerOptions) => SearchWorker
  logger: Logger
}

/** For the worker: what it makes is short-lived, and room for more of it would stay taken (20 MB). */
export const WORKER_LIMITS = { maxYoungGenerationSizeMb: 8 }

/** Changes are taken in once a conversation has been quiet for so long, or, while an answer streams, so often. */
const SETTLE_MS = 400
const STREAM_MS = 3000
/** One message to the worker: more text would be a longer wait for whoever searches. */
const BATCH_TEXT = 128 * 1024
const BATCH_CONVERSATIONS = 16
/** Conversations that the library is asked for at once. */
const READ_AT_ONCE = 200
/** Of a search in titles; the index has a limit of its own. */
const MAX_HITS = 50
/** So few conversations are in the index before anybody has read "still indexing". */
const SOON_READ = 64
const SOON_MS = 250
/** Quitting does not wait longer for the last batch, which takes a tenth of that on a slow computer (R35). */
const CLOSE_MS = 1500

/**
 * Search in all conversations: keeps the index in its worker up to date, and asks it. Main only reads one conversation at
 * a time and hands its text over. An index that fails is made anew once; after that, and where SQLite cannot be loaded,
 * titles are searched.
 */
export class Search {
  readonly #options: SearchOptions
  readonly #summaries = new Map<string, ConversationSummary>()
  /** To be read, in this order. */
  readonly #waiting = new Set<string>()
  readonly #waits = new Map<number, { resolve: (output: unknown) => void; reject: (error: Error) => void }>()
  #worker: SearchWorker | null = null
  #number = 0
  #failures = 0
  /** Null before `begin`; resolves when the worker can be asked. */
  #begun: Promise<void> | null = null
  /** The comparison of the index with the library, which may have to read every file for it. */
  #comparing: Promise<void> = Promise.resolve()
  /** While they are compared: the stamps of what is in the index. */
  #indexed: Map<string, string> | null = null
  #isReading = false
  #timer: NodeJS.Timeout | null = null
  #timerAtMs = 0
  #isClosed = false
  #unsubscribe: () => void = () => undefined
  #idle: (() => void)[] = []

  constructor(options: SearchOptions) {
    this.#options = options
  }

  /** Starts the worker and takes in what the index does not have yet. Does nothing the second time. */
  begin(): Promise<void> {
    return (this.#begun ??= this.#begin())
  }

  /**
   * What was found, the best conversations first. Begins if it has not; while the index is being made, finds what it has
   * so far, and behind that the titles of those that it does not have.
   */
  async find(query: string, part: SearchPart = 'all'): Promise<SearchResult> {
    await this.begin()
    // Where the list is known from before, the comparison is a matter of an instant.
    if (this.#indexed !== null) await within(SOON_MS, this.#comparing)
    if (this.#waiting.size > 0 && this.#waiting.size <= SOON_READ) await within(SOON_MS, this.settled())
    const total = this.#summaries.size
    const hits = await this.#hits(query, part)
    const missing = this.#worker === null ? [] : this.#missing()
    if (missing.length > 0 && hits.length < MAX_HITS) {
      const found = new Set(hits.map(({ conversationId }) => conversationId))
      hits.push(...this.#hitsInTitles(query, part, missing).filter(({ conversationId }) => !found.has(conversationId)))
    }
    return { hits: hits.slice(0, MAX_HITS), indexed: Math.max(0, total - missing.length), total }
  }

  /** An answer in this conversation goes on: what it has so far can soon be found. */
  touch(conversationId: string): void {
    if (this.#begun === null || !this.#summaries.has(conversationId)) return
    this.#waiting.add(conversationId)
    this.#readIn(STREAM_MS)
  }

  /** Resolves when everything that is known of is in the index. */
  async settled(): Promise<void> {
    await this.begin()
    await this.#comparing
    this.#readIn(0)
    while (this.#worker !== null && (this.#waiting.size > 0 || this.#isReading)) {
      await new Promise<void>((resolve) => this.#idle.push(resolve))
    }
  }

  /** Ends the worker: after what it is doing, or in the background after 1.5 s. */
  async close(): Promise<void> {
    this.#isClosed = true
    this.#unsubscribe()
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#tellIdle()
    const worker = this.#worker
    if (worker === null) return
    const ended = new Promise<void>((resolve) => worker.on('exit', resolve))
    const closed = this.#ask('close', undefined).then(
      () => ended,
      () => undefined,
    )
    await within(CLOSE_MS, closed)
    this.#worker = null
    this.#drop('closed')
  }

  async #begin(): Promise<void> {
    const { library, logger } = this.#options
    this.#unsubscribe = library.onChange((changes) => {
      for (const change of changes) this.#take(change)
    })
    for (const summary of await library.list()) {
      // Newer ones may have come while the list was made.
      if (isSearched(summary) && !this.#summaries.has(summary.id)) this.#summaries.set(summary.id, summary)
    }
    try {
      await this.#compare(false)
    } catch {
      // The worker has failed, and #fail has done what can be done.
      logger.debug('search begins anew')
    }
  }

  /** Starts a worker and compares what its index has with the library. */
  async #compare(isFresh: boolean): Promise<void> {
    if (this.#isClosed) return
    this.#start(isFresh)
    const worker = this.#worker
    this.#indexed = new Map()
    const indexed = await this.#ask('stamps', undefined)
    this.#indexed = indexed
    this.#comparing = this.#compareWith(indexed, worker).catch(() => {
      this.#options.logger.debug('search not compared')
    })
  }

  /** What of the library the index does not have as it is now waits to be read; what is gone leaves the index. */
  async #compareWith(indexed: ReadonlyMap<string, string>, worker: SearchWorker | null): Promise<void> {
    const present = await this.#options.library.stamps()
    // One that has failed meanwhile is compared anew, by another one.
    if (this.#worker !== worker) return
    this.#indexed = null
    const gone = [...indexed.keys()].filter((id) => !this.#summaries.has(id))
    if (gone.length > 0) await this.#ask('remove', gone)
    const changed = [...this.#summaries.values()].filter(({ id }) => indexed.get(id) !== present.get(id))
    // The oldest first: of a word that is everywhere the index looks at the messages that came last.
    changed.sort((a, b) => a.updatedAt - b.updatedAt)
    for (const { id } of changed) this.#waiting.add(id)
    this.#readIn(0)
  }

  #start(isFresh: boolean): void {
    let worker: SearchWorker
    try {
      worker = this.#options.startWorker({ file: this.#options.file, isFresh })
    } catch {
      this.#giveUp('not-started')
      return
    }
    this.#worker = worker
    let isOver = false
    const end = (reason: 'not-loaded' | 'index' | 'crash', code: string): void => {
      if (isOver || this.#worker !== worker) return
      isOver = true
      this.#fail(reason, code)
    }
    worker.on('message', (message) => {
      if (message.kind === 'failed') {
        end(message.reason, message.code)
        return
      }
      const wait = this.#waits.get(message.number)
      this.#waits.delete(message.number)
      wait?.resolve(message.output)
    })
    worker.on('error', (error) => end('crash', error.name))
    worker.on('exit', () => end('crash', 'exit'))
  }

  #fail(reason: 'not-loaded' | 'index' | 'crash', code: string): void {
    this.#worker = null
    this.#indexed = null
    this.#drop('failed')
    this.#failures += 1
    if (this.#isClosed) return
    if (reason === 'not-loaded' || this.#failures > 1) {
      this.#giveUp(code)
      return
    }
    this.#options.logger.warn('search index made anew', { reason, code })
    this.#waiting.clear()
    this.#begun = this.#compare(true).catch(() => undefined)
  }

  #giveUp(code: string): void {
    this.#worker = null
    this.#waiting.clear()
    this.#tellIdle()
    this.#options.logger.warn('search in titles only', { code })
  }

  #drop(why: string): void {
    const waits = [...this.#waits.values()]
    this.#waits.clear()
    for (const { reject } of waits) reject(new Error(`the search index has ${why}`))
  }

  #ask<K extends keyof IndexTalk>(kind: K, input: IndexTalk[K]['in']): Promise<IndexTalk[K]['out']> {
    const worker = this.#worker
    if (worker === null) return Promise.reject(new Error('there is no search index'))
    this.#number += 1
    const number = this.#number
    return new Promise((resolve, reject) => {
      this.#waits.set(number, { resolve: (output) => resolve(output as IndexTalk[K]['out']), reject })
      worker.postMessage({ number, kind, input })
    })
  }

  // ---- keeping up ----

  #take(change: ConversationChange): void {
    const id = change.kind === 'remove' ? change.conversationId : change.summary.id
    if (change.kind === 'upsert' && isSearched(change.summary)) {
      this.#summaries.set(id, change.summary)
      this.#waiting.add(id)
      this.#readIn(SETTLE_MS)
      return
    }
    this.#waiting.delete(id)
    if (!this.#summaries.delete(id) || this.#worker === null) return
    // A worker that fails here is begun anew, without it.
    void this.#ask('remove', [id]).catch(() => undefined)
  }

  #readIn(delayMs: number): void {
    if (this.#isClosed || this.#isReading) return
    const atMs = performance.now() + delayMs
    if (this.#timer !== null) {
      if (this.#timerAtMs <= atMs) return
      clearTimeout(this.#timer)
    }
    this.#timerAtMs = atMs
    this.#timer = setTimeout(() => {
      this.#timer = null
      void this.#read()
    }, delayMs)
    this.#timer.unref()
  }

  async #read(): Promise<void> {
    if (this.#isReading || this.#worker === null) return
    this.#isReading = true
    try {
      while (this.#waiting.size > 0 && !this.#isClosed) await this.#readBatch([...this.#waiting].slice(0, READ_AT_ONCE))
    } catch {
      // The worker failed, and a new one waits for the same, or the disk did.
      this.#isReading = false
      if (this.#waiting.size > 0) this.#readIn(SETTLE_MS)
      return
    }
    this.#isReading = false
    this.#tellIdle()
  }

  async #readBatch(ids: readonly string[]): Promise<void> {
    const left = new Set(ids)
    let batch: SearchableConversation[] = []
    let size = 0
    const hand = async (): Promise<void> => {
      // What was deleted while it was read must not come in behind its removal.
      const present = batch.filter(({ id }) => this.#summaries.has(id))
      batch = []
      size = 0
      if (present.length > 0) await this.#ask('put', present)
    }
    for await (const { id, stamp, conversation } of this.#options.library.readAll(ids)) {
      left.delete(id)
      this.#waiting.delete(id)
      // The list was made anew from the files, and this one has not changed since it was taken in.
      if (this.#indexed?.get(id) === stamp) continue
      this.#indexed?.set(id, stamp)
      const searchable = searchableOf(this.#options.withRunning(conversation), stamp)
      batch.push(searchable)
      size += searchable.messages.reduce((sum, { text }) => sum + text.length, 0)
      if (size >= BATCH_TEXT || batch.length >= BATCH_CONVERSATIONS) await hand()
      // Whoever else waits in main has their turn between two conversations.
      await breath()
      if (this.#isClosed) return
    }
    await hand()
    // They cannot be read: gone, damaged, or temporary.
    for (const id of left) this.#waiting.delete(id)
  }

  #tellIdle(): void {
    const waiting = this.#idle
    this.#idle = []
    for (const resolve of waiting) resolve()
  }

  // ---- finding ----

  async #hits(query: string, part: SearchPart): Promise<SearchHit[]> {
    // Once more, when the index that was asked fails: of the new one, or of the titles.
    for (let attempt = 0; attempt < 2 && this.#worker !== null; attempt += 1) {
      try {
        return (await this.#ask('find', { query, part })).flatMap((hit) => this.#withSummary(hit))
      } catch {
        await this.#begun
      }
    }
    return this.#hitsInTitles(query, part, this.#summaries.values())
  }

  /** Those that the index does not have yet, as they are now. */
  #missing(): ConversationSummary[] {
    const indexed = this.#indexed
    if (indexed === null && this.#waiting.size === 0) return []
    return [...this.#summaries.values()].filter(
      ({ id }) => this.#waiting.has(id) || (indexed !== null && !indexed.has(id)),
    )
  }

  // The list knows the title of this moment, and what was deleted in it.
  #withSummary(hit: IndexHit): SearchHit[] {
    const summary = this.#summaries.get(hit.conversationId)
    return summary === undefined ? [] : [{ ...hit, title: summary.title, updatedAt: summary.updatedAt }]
  }

  #hitsInTitles(query: string, part: SearchPart, summaries: Iterable<ConversationSummary>): SearchHit[] {
    if (part === 'questions' || part === 'answers') return []
    const words = splitWords(query)
    if (words.length === 0) return []
    return [...summaries]
      .filter(({ title }) => {
        const present = splitWords(title)
        return words.every((word) => present.some((each) => each.startsWith(word)))
      })
      .sort((a, b) => b.updatedAt - a.updatedAt)
      .slice(0, MAX_HITS)
      .map(({ id, title, updatedAt }) => ({
        conversationId: id,
        title,
        updatedAt,
        messageId: null,
        role: null,
        snippet: title,
        marks: [],
        count: 1,
      }))
  }
}

/** Waits for a task, but no longer than `limitMs`. */
async function within(limitMs: number, task: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs)
  })
  await Promise.race([task, limit])
  clearTimeout(timer)
}

function isSearched(summary: ConversationSummary): boolean {
  return !summary.isTemporary && !summary.isDamaged
}
