import { randomUUID } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { RestoreDone, RestorePlan } from '../../shared/contract'
import type { Conversation } from '../../shared/conversation'
import { failure, toAppError, type AppError } from '../../shared/errors'
import type { Attachments } from '../attachments'
import { mediaOf } from '../library/conversation-media'
import type { Library } from '../library/library'
import { refusal } from './archive'
import type { ImportTarget } from './imported'
import { digestOf } from './portable'
import { openSource, type TransferSource } from './source'

/** What taking conversations in needs of the house. */
export interface RestoreTarget {
  library: Pick<Library, 'list' | 'compared' | 'open' | 'merge'>
  attachments: Pick<Attachments, 'file' | 'isWhole' | 'keepResult'>
  importTarget: () => ImportTarget
  /** Writes all that is here now to a path. */
  backUp: (path: string) => Promise<unknown>
  /** Where the copies lie that are made before a restore. */
  backupFolder: string
  now: () => number
}

/** A plan is what a person looks at; it does not have to be older than that. */
const PLAN_LIFE_MS = 60 * 60 * 1000
const MAX_PROBLEMS = 100
/** Copies from before a restore that are kept. */
const KEPT_BACKUPS = 3

interface Pending {
  path: string
  /** What the file looked like: another one in its place would do something else than the plan says. */
  mark: string
  madeMs: number
  /** Aborted by a person who stops it; what is done stays. */
  abort: AbortController
  isRunning: boolean
}

type Outcome = RestorePlan['items'][number]['outcome'] | 'same'

/**
 * Takes conversations in from a file: first a plan that changes nothing, then what it says. Newer here always stays. Each
 * conversation is whole on disk before the next one begins, and one that is there already is passed over, so whatever
 * ends this in the middle, it can be done once more.
 */
export class Restore {
  readonly #target: RestoreTarget
  /** One for each window, by whoever asks; a new one takes the place of the last. */
  readonly #plans = new Map<object, { id: string; pending: Pending }>()

  constructor(target: RestoreTarget) {
    this.#target = target
  }

  /**
   * Reads a whole file and says what it would change.
   *
   * @param owner the window that asks
   * @throws AppFailure `bad-archive` for a file that is refused as a whole
   */
  async plan(owner: object, path: string): Promise<RestorePlan> {
    const mark = await markOf(path)
    const source = await openSource(path, this.#target.importTarget())
    try {
      const plan = await this.#read(source)
      const id = randomUUID()
      const pending = { path, mark, madeMs: this.#target.now(), abort: new AbortController(), isRunning: false }
      this.#plans.set(owner, { id, pending })
      return { planId: id, fileName: basename(path), bytes: (await stat(path)).size, source: source.kind, ...plan }
    } finally {
      source.close()
    }
  }

  /** Forgets a plan; one that is being done stops after the present conversation. */
  drop(owner: object, planId: string): void {
    const plan = this.#plans.get(owner)
    if (plan?.id !== planId) return
    plan.pending.abort.abort()
    if (!plan.pending.isRunning) this.#plans.delete(owner)
  }

  /**
   * Does what a plan says, after a copy of all that is here now was written.
   *
   * @throws AppFailure `bad-request` for a plan that is none any more, `bad-archive` for a file that is another one now,
   * `storage` when that copy cannot be written; nothing is changed then
   */
  async apply(owner: object, planId: string): Promise<RestoreDone> {
    const { backUp, backupFolder, library, now } = this.#target
    const pending = this.#take(owner, planId)
    try {
      if ((await markOf(pending.path)) !== pending.mark) throw refusal('damaged')
      if ((await library.list()).length > 0) {
        await backUp(join(backupFolder, `before-restore-${new Date(now()).toISOString().replace(/[:.]/gu, '-')}.zip`))
        await keepLast(backupFolder, KEPT_BACKUPS)
      }
      const source = await openSource(pending.path, this.#target.importTarget())
      try {
        return await this.#merge(source, pending.abort.signal)
      } finally {
        source.close()
      }
    } finally {
      if (this.#plans.get(owner)?.id === planId) this.#plans.delete(owner)
    }
  }

  #take(owner: object, planId: string): Pending {
    const plan = this.#plans.get(owner)
    const isLive = plan?.id === planId && this.#target.now() - plan.pending.madeMs <= PLAN_LIFE_MS
    if (!isLive || plan.pending.isRunning) throw failure({ code: 'bad-request', channel: 'library.restore' })
    plan.pending.isRunning = true
    return plan.pending
  }

  async #read(source: TransferSource): Promise<Pick<RestorePlan, 'items' | 'same' | 'problems' | 'media'>> {
    const decide = await this.#decider()
    const items: RestorePlan['items'] = []
    const problems: RestorePlan['problems'] = []
    const note = noteIn(problems)
    const damaged = new Set<string>()
    for await (const name of source.findDamagedMedia()) {
      damaged.add(name)
      note(name, { code: 'bad-archive', reason: 'damaged' })
    }
    let same = 0
    for await (const found of source.conversations()) {
      if ('error' in found) {
        note(found.name, found.error)
        continue
      }
      const { conversation } = found
      const outcome = await decide(conversation)
      if (outcome === 'same') {
        same += 1
        continue
      }
      if (outcome === 'twice') continue
      items.push({ title: conversation.title.slice(0, 200), updatedAt: conversation.updatedAt, outcome })
      if (outcome !== 'newer-here' && (await this.#lacksMedia(conversation, source))) {
        note(found.name, { code: 'not-found', what: 'attachment' })
      }
    }
    return { items, same, problems, media: source.media.size - damaged.size }
  }

  async #merge(source: TransferSource, signal: AbortSignal): Promise<RestoreDone> {
    const decide = await this.#decider()
    const done: RestoreDone = { added: 0, updated: 0, kept: 0, problems: [] }
    const note = noteIn(done.problems)
    for await (const found of source.conversations()) {
      if (signal.aborted) break
      if ('error' in found) {
        note(found.name, found.error)
        continue
      }
      const { conversation } = found
      const outcome = await decide(conversation)
      if (outcome === 'newer-here') done.kept += 1
      if (outcome !== 'new' && outcome !== 'newer-there') continue
      try {
        // Before the conversation that names them: what a crash leaves is an image too many, never one too few.
        for (const id of mediaOf(conversation).keys()) await this.#keepMedia(id, source, found.name, note)
        const merged = await this.#target.library.merge(conversation)
        if (merged === 'added') done.added += 1
        else done.updated += 1
      } catch (thrown) {
        const error = toAppError(thrown)
        // It has become newer here since it was looked at.
        if (error.code === 'bad-request') done.kept += 1
        else note(found.name, error)
        // A disk that takes nothing takes none of the others either.
        if (error.code === 'storage' && error.reason !== 'damaged') break
      }
    }
    return done
  }

  async #keepMedia(id: string, source: TransferSource, name: string, note: Note): Promise<void> {
    const { attachments } = this.#target
    const entry = source.media.get(id)
    const present = await attachments.file(id)
    if (present !== null && (await attachments.isWhole({ id, bytes: present.bytes }))) return
    if (entry === undefined) {
      note(name, { code: 'not-found', what: 'attachment' })
      return
    }
    try {
      await attachments.keepResult({ body: source.openMedia(id), host: null })
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'storage') throw thrown
      note(name, error.code === 'internal' ? { code: 'bad-archive', reason: 'damaged' } : error)
    }
  }

  async #lacksMedia(conversation: Conversation, source: TransferSource): Promise<boolean> {
    for (const id of mediaOf(conversation).keys()) {
      if (!source.media.has(id) && (await this.#target.attachments.file(id)) === null) return true
    }
    return false
  }

  /** Compares with what is here now. A conversation is read only when its date does not decide. */
  async #decider(): Promise<(conversation: Conversation) => Promise<Outcome | 'twice'>> {
    const { library } = this.#target
    // Without its index a large library is found bit by bit; what is not found yet is not new.
    await library.list()
    await library.compared()
    const here = new Map((await library.list()).map((summary) => [summary.id, summary]))
    const seen = new Set<string>()
    return async (conversation) => {
      const { id, updatedAt } = conversation
      if (seen.has(id)) return 'twice'
      seen.add(id)
      const present = here.get(id)
      if (present === undefined) return 'new'
      // What cannot be read here any more comes back.
      if (present.isDamaged) return 'newer-there'
      if (present.isTemporary || present.updatedAt > updatedAt) return 'newer-here'
      if (present.updatedAt < updatedAt) return 'newer-there'
      const mine = await library.open(id).catch(() => null)
      return mine !== null && digestOf(mine) === digestOf(conversation) ? 'same' : 'newer-here'
    }
  }
}

type Note = (name: string, error: AppError) => void

/** Writes problems down, the same one of the same chat once, and no more than anybody reads. */
function noteIn(problems: RestorePlan['problems']): Note {
  return (given, error) => {
    const name = given.slice(0, 200)
    const last = problems.at(-1)
    const isKnown = last?.name === name && JSON.stringify(last.error) === JSON.stringify(error)
    if (!isKnown && problems.length < MAX_PROBLEMS) problems.push({ name, error })
  }
}

async function markOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => null)
  if (info === null) throw refusal('unreadable')
  return [info.size, info.mtimeMs, info.ino].join(' ')
}

/** Removes all but the latest copies. A copy that cannot be removed does no harm. */
async function keepLast(folder: string, count: number): Promise<void> {
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^before-restore-.*\.zip$/u.test(name)).sort()
  for (const name of names.slice(0, -count)) await rm(join(folder, name), { force: true }).catch(() => undefined)
}
