import { randomUUID } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import type { ConversationCopy, RestoreChoice, RestoreDone, RestorePlan, TransferProblem } from '../../shared/contract'
import { DEFAULT_CHAT_SETTINGS, withChatSettings, type Conversation } from '../../shared/conversation'
import { failure, toAppError, type AppError } from '../../shared/errors'
import type { Settings } from '../../shared/settings'
import type { Attachments } from '../attachments'
import { attachmentsOf, type Drafts } from '../drafts'
import { mediaOf } from '../library/conversation-media'
import type { StampedConversation } from '../library/contents'
import type { Library } from '../library/library'
import type { Prompts } from '../prompts'
import { refusal } from './archive'
import { DRAFTS_NAME, PROMPTS_NAME } from './backup'
import type { ImportTarget } from './imported'
import { digestOf } from './portable'
import { asStep, type Follower } from './progress'
import { openSource, type TransferSource } from './source'

/** What taking conversations in needs of the house. */
export interface RestoreTarget {
  library: Pick<Library, 'list' | 'open' | 'compared' | 'readAll' | 'listTrash' | 'merge'>
  drafts: Pick<Drafts, 'list' | 'set'>
  prompts: Pick<Prompts, 'countNew' | 'take'>
  attachments: Pick<Attachments, 'file' | 'isWhole' | 'keepResult'>
  importTarget: () => ImportTarget
  /** Writes all that is here now to a path. */
  backUp: (path: string, follower: Follower) => Promise<unknown>
  /** Which backends of these settings are not here, and whether the others of them are not as here. */
  compareSettings: (settings: Settings) => { backends: number; hasOtherSettings: boolean }
  /** Takes those backends in, without any secret; returns how many. */
  adoptBackends: (settings: Settings) => Promise<number>
  adoptSettings: (settings: Settings) => void
  /** Where the copies lie that are made before a restore. */
  backupFolder: string
  now: () => number
}

/** A plan is what a person looks at; it does not have to be older than that. */
const PLAN_LIFE_MS = 60 * 60 * 1000
const MAX_PROBLEMS = 100
/** What a backup calls an image is one, or it is not kept. */
const DOCUMENT = /\.(?:txt|pdf)$/u
/** Copies from before a restore that are kept. */
const KEPT_BACKUPS = 3

interface Pending {
  path: string
  /** What the file looked like: another one in its place would do something else than the plan says. */
  mark: string
  madeMs: number
  facts: Pick<RestorePlan, 'fileName' | 'bytes' | 'source'>
  /** Conversations that are new, or newer in the file. */
  changes: number
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
   * @returns null when it was stopped
   * @throws AppFailure `bad-archive` for a file that is refused as a whole
   */
  async plan(owner: object, path: string, follower: Follower): Promise<RestorePlan | null> {
    const mark = await markOf(path)
    const source = await openSource(path, this.#target.importTarget())
    try {
      const plan = await this.#read(source, follower)
      if (follower.signal.aborted) return null
      const id = randomUUID()
      const facts = { fileName: basename(path), bytes: (await stat(path)).size, source: source.kind }
      const changes = plan.items.filter(({ outcome }) => isTaken(outcome)).length
      const pending = { path, mark, madeMs: this.#target.now(), facts, changes, isRunning: false }
      this.#plans.set(owner, { id, pending })
      return { planId: id, ...facts, ...plan }
    } finally {
      source.close()
    }
  }

  /** The copies from before a restore that have a conversation, the latest first. What cannot be read is left out. */
  async copiesOf(conversationId: string): Promise<ConversationCopy[]> {
    const copies: ConversationCopy[] = []
    for (const { name, madeAt } of (await copiesIn(this.#target.backupFolder)).reverse()) {
      const found = await this.#findIn(name, conversationId, (each) => Promise.resolve(each)).catch(() => null)
      if (found === null) continue
      copies.push({ copy: name, madeAt, title: found.title, messages: found.messages.length })
    }
    return copies
  }

  /**
   * Puts a conversation that cannot be read here back as such a copy has it, with its stored files. Its damaged file goes to
   * the trash.
   *
   * @throws AppFailure `not-found`, `bad-request` for one that can be read, `bad-archive`, `storage`
   */
  async bringBack(conversationId: string, copy: string): Promise<void> {
    const { library, backupFolder } = this.#target
    const isKnown = (await copiesIn(backupFolder)).some(({ name }) => name === copy)
    if (!isKnown) throw failure({ code: 'not-found', what: 'file' })
    // Tried, because the list may remember one that was good once.
    const error = await library.open(conversationId).then(() => null, toAppError)
    const isDamaged = error?.code === 'storage' && error.reason === 'damaged'
    if (!isDamaged) throw failure(error ?? { code: 'bad-request', channel: 'conversation.bringBack' })
    const found = await this.#findIn(copy, conversationId, async (conversation, source) => {
      for (const id of mediaOf(conversation).keys()) await this.#keepMedia(id, source, '', () => undefined)
      await library.merge(withOwnParameters(conversation, null), { mayReplaceNewer: true })
      return conversation
    })
    if (found === null) throw failure({ code: 'not-found', what: 'conversation' })
  }

  async #findIn<T>(
    copy: string,
    conversationId: string,
    use: (conversation: Conversation, source: TransferSource) => Promise<T>,
  ): Promise<T | null> {
    const source = await openSource(join(this.#target.backupFolder, copy), this.#target.importTarget())
    try {
      const found = await source.find(conversationId)
      if (found === null) return null
      if ('error' in found) throw failure(found.error)
      return await use(found.conversation, source)
    } finally {
      source.close()
    }
  }

  /** Forgets a plan. */
  drop(owner: object, planId: string): void {
    const plan = this.#plans.get(owner)
    if (plan?.id === planId && !plan.pending.isRunning) this.#plans.delete(owner)
  }

  /** The file of a plan that can still be done. Throws bad-request for one that is none any more. */
  factsOf(owner: object, planId: string): Pick<RestorePlan, 'fileName' | 'bytes' | 'source'> {
    return this.#find(owner, planId).facts
  }

  /**
   * Does what a plan says, after a copy of all that is here now was written. Who follows it may stop it: what is done stays.
   *
   * @throws AppFailure `bad-request` for a plan that is none any more, `bad-archive` for a file that is another one now,
   * `storage` when that copy cannot be written; nothing is changed then
   */
  async apply(owner: object, choice: RestoreChoice, follower: Follower): Promise<RestoreDone> {
    const { backUp, backupFolder, library, now } = this.#target
    const { planId } = choice
    const pending = this.#find(owner, planId)
    pending.isRunning = true
    try {
      if ((await markOf(pending.path)) !== pending.mark) throw refusal('damaged')
      if ((await library.list()).length > 0) {
        await backUp(join(backupFolder, copyName(now())), asStep(follower, 'copy'))
        await keepLast(backupFolder, KEPT_BACKUPS)
      }
      const source = await openSource(pending.path, this.#target.importTarget())
      try {
        // Copying took its time, and a file that is open is still the one that was looked at.
        if ((await markOf(pending.path)) !== pending.mark) throw refusal('damaged')
        follower.begin('work', pending.changes + choice.overwrite.length)
        const done = emptyDone()
        const note = noteIn(done.problems, (problem) => follower.note(problem))
        await this.#merge(source, new Set(choice.overwrite), follower, done, note)
        if (!follower.signal.aborted) {
          await this.#restoreDrafts(source, done, note)
          await this.#restorePrompts(source, done, note)
          await this.#adopt(source, choice, done)
        }
        return done
      } finally {
        source.close()
      }
    } finally {
      if (this.#plans.get(owner)?.id === planId) this.#plans.delete(owner)
    }
  }

  #find(owner: object, planId: string): Pending {
    const plan = this.#plans.get(owner)
    const isLive = plan?.id === planId && this.#target.now() - plan.pending.madeMs <= PLAN_LIFE_MS
    if (!isLive || plan.pending.isRunning) throw failure({ code: 'bad-request', channel: 'library.restore' })
    return plan.pending
  }

  async #adopt(
    source: TransferSource,
    { withBackends, withSettings }: RestoreChoice,
    done: RestoreDone,
  ): Promise<void> {
    const settings = withBackends || withSettings ? await source.settings() : null
    if (settings === null) return
    if (withBackends) done.backends = await this.#target.adoptBackends(settings)
    if (withSettings) this.#target.adoptSettings(settings)
    done.hasSettings = withSettings
  }

  async #read(
    source: TransferSource,
    follower: Follower,
  ): Promise<Omit<RestorePlan, 'planId' | 'fileName' | 'bytes' | 'source'>> {
    const decide = await this.#decider()
    const items: RestorePlan['items'] = []
    const problems: RestorePlan['problems'] = []
    const note = noteIn(problems)
    const damaged = new Set<string>()
    follower.begin('look', source.count)
    for await (const name of source.findDamagedMedia(follower.signal)) {
      damaged.add(name)
      note(name, { code: 'bad-archive', reason: 'damaged' })
    }
    let same = 0
    let parameters = 0
    const broken = new Set<string>()
    for await (const found of source.conversations()) {
      if (follower.signal.aborted) break
      follower.show(found.name, 0)
      follower.advance()
      if ('error' in found) {
        note(found.name, found.error)
        continue
      }
      const { conversation } = found
      const { outcome, mine } = await decide(conversation)
      if (outcome === 'twice') continue
      for (const each of await this.#brokenOf(mine, source)) broken.add(each)
      if (outcome === 'same') {
        same += 1
        continue
      }
      const { id, title, updatedAt } = conversation
      const isRenamed = mine !== null && mine.title !== title
      items.push({
        id,
        title: title.slice(0, 200),
        ...(isRenamed && { titleHere: mine.title.slice(0, 200) }),
        updatedAt,
        outcome,
      })
      if (isTaken(outcome) && losesParameters(conversation, mine)) parameters += 1
      if (isTaken(outcome) && (found.lacksPictures === true || (await this.#lacksMedia(conversation, source)))) {
        note(found.name, { code: 'not-found', what: 'attachment' })
      }
    }
    const settings = await source.settings()
    const others = settings === null ? { backends: 0, hasOtherSettings: false } : this.#target.compareSettings(settings)
    const media = source.media.size - damaged.size
    const prompts = await this.#countPrompts(source, note)
    return { items, same, problems, media, pictures: broken.size, parameters, prompts, ...others }
  }

  async #merge(
    source: TransferSource,
    overwrite: ReadonlySet<string>,
    follower: Follower,
    done: RestoreDone,
    note: Note,
  ): Promise<void> {
    const decide = await this.#decider()
    for await (const found of source.conversations()) {
      if (follower.signal.aborted) break
      if ('error' in found) {
        note(found.name, found.error)
        continue
      }
      const { conversation } = found
      const { outcome, mine } = await decide(conversation)
      if (outcome === 'twice') continue
      const isChosen = outcome === 'newer-here' && overwrite.has(conversation.id)
      if ((outcome === 'newer-here' && !isChosen) || outcome === 'kept') done.kept += 1
      try {
        for (const id of await this.#brokenOf(mine, source)) {
          if (await this.#keepMedia(id, source, found.name, note)) done.pictures += 1
        }
        if (!isTaken(outcome) && !isChosen) continue
        const media = [...mediaOf(conversation).keys()]
        follower.show(conversation.title, media.length)
        // Before the conversation that names them: what a crash leaves is an image too many, never one too few.
        let lacks = found.lacksPictures === true
        if (lacks) note(found.name, { code: 'not-found', what: 'attachment' })
        for (const id of media) lacks = !(await this.#keepMedia(id, source, found.name, note)) || lacks
        const merged = await this.#target.library.merge(withOwnParameters(conversation, mine), {
          mayReplaceNewer: isChosen,
        })
        if (merged === 'added') done.added += 1
        else done.updated += 1
        if (lacks) done.missing += 1
        follower.advance()
      } catch (thrown) {
        const error = toAppError(thrown)
        // It has become newer here since it was looked at.
        if (error.code === 'bad-request') done.kept += 1
        else note(found.name, error)
        // A disk that takes nothing takes none of the others either.
        if (error.code === 'storage' && error.reason !== 'damaged') break
      }
    }
  }

  /** Whether the stored file is here now. */
  async #keepMedia(id: string, source: TransferSource, name: string, note: Note): Promise<boolean> {
    const { attachments } = this.#target
    const entry = source.media.get(id)
    const present = await attachments.file(id)
    if (present !== null && (await attachments.isWhole({ id, bytes: present.bytes }))) return true
    if (entry === undefined) {
      note(name, { code: 'not-found', what: 'attachment' })
      return false
    }
    try {
      await attachments.keepResult({ body: source.openMedia(id), host: null, mayBeDocument: DOCUMENT.test(entry.name) })
      return true
    } catch (thrown) {
      const error = toAppError(thrown)
      if (error.code === 'storage') throw thrown
      note(name, error.code === 'internal' ? { code: 'bad-archive', reason: 'damaged' } : error)
      return false
    }
  }

  async #lacksMedia(conversation: Conversation, source: TransferSource): Promise<boolean> {
    for (const id of mediaOf(conversation).keys()) {
      if (!source.media.has(id) && (await this.#target.attachments.file(id)) === null) return true
    }
    return false
  }

  /** The stored files of a conversation here that are not whole any more, and that the file has. */
  async #brokenOf(mine: Conversation | null, source: TransferSource): Promise<string[]> {
    const broken: string[] = []
    for (const [id, bytes] of mine === null ? [] : mediaOf(mine)) {
      if (source.media.has(id) && !(await this.#target.attachments.isWhole({ id, bytes }))) broken.push(id)
    }
    return broken
  }

  /** Puts what was not sent back into the composers in which nothing stands now. */
  async #restoreDrafts(source: TransferSource, done: RestoreDone, note: Note): Promise<void> {
    const { drafts, library } = this.#target
    const taken = new Set((await drafts.list()).map(({ key }) => key))
    const here = new Set((await library.list()).map(({ id }) => id))
    for (const draft of await source.drafts()) {
      if (taken.has(draft.key) || (isUuid(draft.key) && !here.has(draft.key))) continue
      try {
        let isWhole = true
        for (const { id } of attachmentsOf(draft))
          isWhole = (await this.#keepMedia(id, source, '', () => undefined)) && isWhole
        // A picture that does not come takes nothing of the words with it.
        const { editing } = draft
        const words = { ...draft, attachments: [], ...(editing && { editing: { ...editing, attachments: [] } }) }
        await drafts.set(isWhole ? draft : words)
        done.drafts += 1
      } catch (thrown) {
        // No room for it, or on the disk: the chats are in, and what is asked for besides still comes.
        note(DRAFTS_NAME, toAppError(thrown))
      }
    }
  }

  /** Adds the prompts that are not here; those that are stay as they are. */
  async #restorePrompts(source: TransferSource, done: RestoreDone, note: Note): Promise<void> {
    const found = await source.prompts()
    if (found === undefined) return
    try {
      done.prompts = (await this.#target.prompts.take(found)).added
    } catch (thrown) {
      note(PROMPTS_NAME, toAppError(thrown))
    }
  }

  async #countPrompts(source: TransferSource, note: Note): Promise<number> {
    const found = await source.prompts()
    try {
      return found === undefined ? 0 : this.#target.prompts.countNew(found)
    } catch (thrown) {
      note(PROMPTS_NAME, toAppError(thrown))
      return 0
    }
  }

  /** Compares with what is here now, in the list and in the trash. */
  async #decider(): Promise<(conversation: Conversation) => Promise<Decision>> {
    const { library } = this.#target
    // Without its index a large library is found bit by bit; what is not found yet is not new.
    await library.list()
    await library.compared()
    const here = new Map((await library.list()).map((summary) => [summary.id, summary]))
    const inTrash = new Map<string, number>()
    for (const { summary } of await library.listTrash()) {
      if (!summary.isDamaged) inTrash.set(summary.id, Math.max(summary.updatedAt, inTrash.get(summary.id) ?? 0))
    }
    const seen = new Set<string>()
    return async (conversation) => {
      const { id, updatedAt } = conversation
      if (seen.has(id)) return { outcome: 'twice', mine: null }
      seen.add(id)
      const present = here.get(id)
      if (present === undefined) {
        const isNewerInTrash = (inTrash.get(id) ?? 0) > updatedAt
        return { outcome: isNewerInTrash ? 'newer-in-trash' : 'new', mine: null }
      }
      if (present.isTemporary) return { outcome: 'newer-here', mine: null }
      let mine: StampedConversation | null = null
      for await (const read of library.readAll([id])) mine = read
      // What cannot be read here any more comes back, whatever the list remembers of it.
      if (mine === null) return { outcome: 'newer-there', mine: null }
      return { outcome: outcomeOf(mine, conversation), mine: mine.conversation }
    }
  }
}

function emptyDone(): RestoreDone {
  const none = { added: 0, updated: 0, kept: 0, missing: 0, pictures: 0, drafts: 0, prompts: 0, backends: 0 }
  return { ...none, hasSettings: false, problems: [] }
}

/** `mine` is the conversation as it is here, or null for none that can be read. */
interface Decision {
  outcome: Outcome | 'twice'
  mine: Conversation | null
}

function outcomeOf({ conversation: mine, isNewer }: StampedConversation, theirs: Conversation): Outcome {
  if (mine.updatedAt === theirs.updatedAt && digestOf(mine) === digestOf(theirs)) return 'same'
  if (isNewer) return 'kept'
  return mine.updatedAt < theirs.updatedAt ? 'newer-there' : 'newer-here'
}

/** Whether a restore takes it in unasked. */
function isTaken(outcome: Outcome): boolean {
  return outcome === 'new' || outcome === 'newer-in-trash' || outcome === 'newer-there'
}

/** The key of a draft that belongs to a conversation. */
function isUuid(key: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/u.test(key)
}

type Note = (name: string, error: AppError) => void

/** Writes problems down, the same one of the same chat once, and no more than anybody reads. */
function noteIn(problems: TransferProblem[], tell?: (problem: TransferProblem) => void): Note {
  return (given, error) => {
    const name = given.slice(0, 200)
    const last = problems.at(-1)
    const isKnown = last?.name === name && JSON.stringify(last.error) === JSON.stringify(error)
    if (isKnown || problems.length >= MAX_PROBLEMS) return
    problems.push({ name, error })
    tell?.({ name, error })
  }
}

async function markOf(path: string): Promise<string> {
  const info = await stat(path).catch(() => null)
  if (info === null) throw refusal('unreadable')
  return [info.size, info.mtimeMs, info.ino].join(' ')
}

const COPY_NAME = /^before-restore-(\d{4}-\d{2}-\d{2})T(\d{2})-(\d{2})-(\d{2})-(\d{3})Z\.zip$/u

function copyName(ms: number): string {
  return `before-restore-${new Date(ms).toISOString().replace(/[:.]/gu, '-')}.zip`
}

/** The copies from before a restore, the oldest first. */
async function copiesIn(folder: string): Promise<{ name: string; madeAt: number }[]> {
  const names = (await readdir(folder).catch(() => [])).sort()
  return names.flatMap((name) => {
    const parts = COPY_NAME.exec(name)
    if (parts === null) return []
    const [, day, hours, minutes, seconds, ms] = parts
    return [{ name, madeAt: Date.parse(`${day}T${hours}:${minutes}:${seconds}.${ms}Z`) }]
  })
}

/** Removes all but the latest copies. A copy that cannot be removed does no harm. */
async function keepLast(folder: string, count: number): Promise<void> {
  const copies = await copiesIn(folder)
  for (const { name } of copies.slice(0, -count)) await rm(join(folder, name), { force: true }).catch(() => undefined)
}

/**
 * Further fields of a question are only ever what a person has set here: a file could name another server with them
 * (`base_url`, protocol.md section 1), and the key of the provider would go there.
 */
function withOwnParameters(theirs: Conversation, mine: Conversation | null): Conversation {
  const parameters = mine?.settings?.parameters ?? ''
  return withChatSettings(theirs, { ...(theirs.settings ?? DEFAULT_CHAT_SETTINGS), parameters })
}

function losesParameters(theirs: Conversation, mine: Conversation | null): boolean {
  const parameters = theirs.settings?.parameters ?? ''
  return parameters !== '' && parameters !== (mine?.settings?.parameters ?? '')
}
