import type { OpenedConversation } from '../../shared/contract'
import type { ConversationSummary, GenerationEvent } from '../../shared/conversation'
import type { AppError, Result } from '../../shared/errors'
import { loadCatalogue, needCatalogue } from './backends'
import { MAX_QUOTES, quotesOf, withQuotes } from './quotes'
import { createFeed, scheduleFrame } from './feed'
import {
  choiceOf,
  conversationOf,
  EMPTY_DRAFT,
  foldEvents,
  useStore,
  withAnswer,
  withConversation,
  withEntry,
  type FormSection,
  type SettingsPageId,
  type State,
  type Thread,
  type View,
} from './state'

/** The window's one feed: it folds what arrives into the threads that are open. */
export const feed = createFeed({
  attach: (generationId) => window.parley.request['generation.attach']({ generationId }),
  schedule: scheduleFrame,
  commit: (events) => {
    useStore.setState(({ threads }) => ({ threads: foldEvents(threads, events) }))
    for (const event of events) if (event.part.type === 'finish') endGeneration(event, event.part.error)
  },
  replace: ({ conversationId, message }) => {
    useStore.setState(({ threads }) => ({
      threads: threads.has(conversationId)
        ? withEntry(threads, conversationId, withAnswer(threads.get(conversationId), message))
        : threads,
    }))
  },
  onStranger: (conversationId) => {
    // Another window asks in a conversation that this one shows: its question is not among the events.
    if (useStore.getState().threads.has(conversationId)) void loadThread(conversationId)
  },
})

export function receiveEvents(events: readonly GenerationEvent[]): void {
  feed.receive(events)
}

function endGeneration({ generationId, conversationId, messageId }: GenerationEvent, error: AppError | null): void {
  useStore.setState(({ startedAt }) => ({ startedAt: withEntry(startedAt, generationId, undefined) }))
  const answer = conversationOf(useStore.getState(), conversationId)?.messages.findLast(({ id }) => id === messageId)
  if (answer?.role !== 'assistant') return
  const { backendId } = answer
  // What was known of the server is wrong now: it went away, or it is back.
  const seemedFine = useStore.getState().catalogues.get(backendId)?.status === 'ready'
  if (seemedFine === (error?.code === 'unreachable')) void loadCatalogue(backendId)
}

/** Fetches a conversation: a snapshot, then the events after it. */
export function loadThread(conversationId: string): Promise<Thread> {
  return takeThread(conversationId, () => window.parley.request['conversation.open']({ conversationId }))
}

async function takeThread(
  conversationId: string,
  ask: () => Promise<Result<OpenedConversation>>,
  shown: Pick<State, 'target'> | null = null,
): Promise<Thread> {
  feed.hold(conversationId)
  const result = await ask()
  if (!result.ok) {
    feed.release(conversationId)
    const failed: Thread = { status: 'failed', error: result.error }
    useStore.setState(({ threads }) => ({ threads: withEntry(threads, conversationId, failed) }))
    return failed
  }
  const { conversation, running } = result.value
  const thread: Thread = { status: 'ready', conversation }
  useStore.setState((state) => {
    const startedAt = new Map(state.startedAt)
    for (const { generationId, messageId } of running) {
      const createdAt = conversation.messages.find(({ id }) => id === messageId)?.createdAt ?? Date.now()
      // Known from its beginning when it began here; else as far back as the wall clock says.
      const spentMs = Math.max(0, Date.now() - createdAt)
      if (!startedAt.has(generationId)) startedAt.set(generationId, performance.now() - spentMs)
    }
    return { threads: withEntry(state.threads, conversationId, thread), startedAt, ...shown }
  })
  for (const { generationId, seq } of running) feed.track({ generationId, conversationId, seq })
  feed.release(conversationId)
  return thread
}

/** Shows a conversation; what it has in this window, such as its draft, is there as it was left. */
export async function showConversation(conversationId: string): Promise<void> {
  show(conversationId)
  useStore.setState(({ threads }) => ({
    threads: threads.get(conversationId)?.status === 'ready' ? threads : withEntry(threads, conversationId, LOADING),
  }))
  await loadThread(conversationId)
  needCatalogue(choiceOf(useStore.getState(), conversationId).backendId)
}

/**
 * Shows a conversation at a message that was found, on the path that leads to it.
 *
 * @param words what to mark in it for a moment, as it is written there
 */
export async function showMessage(conversationId: string, messageId: string, words: readonly string[]): Promise<void> {
  show(conversationId)
  useStore.setState(({ threads, comparisons }) => ({
    threads: threads.get(conversationId)?.status === 'ready' ? threads : withEntry(threads, conversationId, LOADING),
    // What was found is shown in the thread.
    comparisons: withEntry(comparisons, conversationId, undefined),
  }))
  const ask = async (): Promise<Result<OpenedConversation>> => {
    const shown = await window.parley.request['conversation.showMessage']({ conversationId, messageId })
    // A file of a newer version keeps its path: what can be shown is shown.
    return shown.ok ? shown : window.parley.request['conversation.open']({ conversationId })
  }
  await takeThread(conversationId, ask, { target: { conversationId, messageId, words } })
  needCatalogue(choiceOf(useStore.getState(), conversationId).backendId)
}

/** To be called by who has shown the target. */
export function endTarget(): void {
  useStore.setState({ target: null })
}

const LOADING: Thread = { status: 'loading' }

function show(conversationId: string): void {
  useStore.setState((state) => ({
    currentId: conversationId,
    view: { name: 'chat' },
    renaming: null,
    chatSettings: null,
    isDrawerOpen: false,
    focusRequests: state.focusRequests + 1,
    threads: withNeeded(state, conversationId),
  }))
  rememberConversation(conversationId)
}

/** Keeps the conversation on show in the page's own address, for the page that is loaded again after a crash (R26). */
export function rememberConversation(conversationId: string): void {
  history.replaceState(null, '', `#${conversationId}`)
}

/** Only the thread on show and those with a message that waits stay in memory; others are fetched again. */
function withNeeded(state: State, conversationId: string): State['threads'] {
  return new Map([...state.threads].filter(([id]) => id === conversationId || state.queued.has(id)))
}

/** Shows an empty chat, a temporary one if the settings say so. */
export function showNewConversation(): void {
  showNew(isNewTemporary())
}

/** Shows an empty chat of which nothing is kept. */
export function showTemporaryConversation(): void {
  showNew(true)
}

function showNew(isTemporary: boolean): void {
  show(beginChat(isTemporary))
  void window.parley.request['conversation.leave']()
}

/** Puts an empty chat in the place of a conversation that is gone, behind what is on show. */
export function leaveConversation(): void {
  const currentId = beginChat(isNewTemporary())
  useStore.setState({ currentId })
  rememberConversation(currentId)
}

/** Whether what is begun now is kept: quick questions have a setting of their own. */
function isNewTemporary(): boolean {
  const { boot, settings } = useStore.getState()
  return boot?.role === 'quick-ask' ? !settings.quickAsk.isKept : settings.isTemporaryByDefault
}

/** A quick question that nobody has asked yet is of the kind that the settings say now. */
export function followQuickAskSettings(): void {
  const { boot, newChats, currentId } = useStore.getState()
  const chat = newChats.get(currentId)
  if (boot?.role !== 'quick-ask' || chat === undefined || chat.isTemporary === isNewTemporary()) return
  useStore.setState({ newChats: withEntry(newChats, currentId, { ...chat, isTemporary: isNewTemporary() }) })
}

/** The id of an empty chat; one that was begun but never sent is taken again, with its draft. */
function beginChat(isTemporary: boolean): string {
  const { newChats, currentId, drafts } = useStore.getState()
  const ofKind = [...newChats].flatMap(([id, chat]) => (chat.isTemporary === isTemporary ? [id] : []))
  const id = ofKind.find((each) => each === currentId || drafts.has(each)) ?? crypto.randomUUID()
  const others = [...newChats].filter(([each]) => !ofKind.includes(each))
  useStore.setState({ newChats: new Map([...others, [id, newChats.get(id) ?? { isTemporary }]]) })
  return id
}

/** The conversation that this page showed before it was loaded again, or null. */
export function rememberedConversation(): string | null {
  const id = location.hash.slice(1)
  return id === '' ? null : id
}

/**
 * Shows the settings, anew when they are on show already.
 *
 * @param page without it the first one, but settings that are on show stay where they are
 * @param backendId the one to show on the page of the backends; without it, the one for new chats
 * @param setting the i18n key of the one setting that is wanted
 */
export function showSettings(page?: SettingsPageId, backendId?: string, section?: FormSection, setting?: string): void {
  if (page === undefined && useStore.getState().view.name === 'settings') return
  showBeside({
    name: 'settings',
    page: page ?? 'backends',
    ...(backendId === undefined ? {} : { backendId }),
    ...(section === undefined ? {} : { section }),
    ...(setting === undefined ? {} : { setting }),
  })
}

/** Shows the person's prompts. @param promptId the one to show first */
export function showPrompts(promptId?: string): void {
  showBeside({ name: 'prompts', ...(promptId !== undefined && { promptId }) })
}

/** Shows what was deleted and can be put back. */
export function showTrash(): void {
  showBeside({ name: 'trash' })
}

function showBeside(view: Exclude<View, { name: 'chat' }>): void {
  useStore.setState({ view, renaming: null, chatSettings: null, isDrawerOpen: false })
  // An answer that ends behind it is not read.
  void window.parley.request['conversation.leave']()
}

export function showChat(): void {
  useStore.setState({ view: { name: 'chat' } })
  const { currentId, conversations } = useStore.getState()
  if (conversations.has(currentId)) void window.parley.request['conversation.open']({ conversationId: currentId })
}

/** Below this width the sidebar is a drawer (DESIGN "Narrow"). */
export const DRAWER_QUERY = '(width < 720px)'

export function toggleSidebar(): void {
  if (matchMedia(DRAWER_QUERY).matches) useStore.setState(({ isDrawerOpen }) => ({ isDrawerOpen: !isDrawerOpen }))
  else useStore.setState(({ isSidebarShown }) => ({ isSidebarShown: !isSidebarShown }))
}

export function closeDrawer(): void {
  useStore.setState({ isDrawerOpen: false })
}

/** Opens the settings of a chat in its header; null closes them. */
export function showChatSettings(conversationId: string | null): void {
  useStore.setState({ chatSettings: conversationId })
}

export function startRenaming(conversationId: string, at: 'row' | 'header'): void {
  useStore.setState({ renaming: { conversationId, at } })
}

/** Ends the editing of a title; null leaves it as it was. */
export async function endRenaming(title: string | null): Promise<AppError | null> {
  const { renaming, conversations } = useStore.getState()
  useStore.setState({ renaming: null })
  if (renaming === null || title === null) return null
  const { conversationId } = renaming
  const before = conversations.get(conversationId)
  if (before === undefined || before.title === title.trim()) return null
  const result = await window.parley.request['conversation.rename']({ conversationId, title: title.trim() })
  return result.ok ? null : result.error
}

export async function pinConversation({ id, isPinned }: ConversationSummary): Promise<AppError | null> {
  const result = await window.parley.request['conversation.pin']({ conversationId: id, isPinned: !isPinned })
  return result.ok ? null : result.error
}

/**
 * Puts a conversation back. The answer says under which id: where something is again at its place, both stay.
 *
 * @param file the name of one file in the trash; the latest of the conversation without it
 */
export async function restoreConversation(
  conversationId: string,
  file?: string,
): Promise<Result<{ conversationId: string }>> {
  const result = await window.parley.request['conversation.restore']({
    conversationId,
    ...(file !== undefined && { file }),
  })
  // Deleted messages may be back in a chat that is loaded.
  if (result.ok && useStore.getState().threads.has(result.value.conversationId)) {
    await loadThread(result.value.conversationId)
  }
  return result
}

/** Makes a copy of a conversation and shows it. */
export async function duplicateConversation(conversationId: string): Promise<AppError | null> {
  return showMade(await window.parley.request['conversation.duplicate']({ conversationId }))
}

/** Makes a conversation of the messages up to and with this one, and shows it. */
export async function branchConversation(conversationId: string, messageId: string): Promise<AppError | null> {
  return showMade(await window.parley.request['conversation.branch']({ conversationId, messageId }))
}

async function showMade(made: Result<ConversationSummary>): Promise<AppError | null> {
  if (!made.ok) return made.error
  useStore.setState((state) => (state.conversations.has(made.value.id) ? {} : withConversation(state, made.value)))
  await showConversation(made.value.id)
  return null
}

/** Makes an ordinary chat of a temporary one. */
export async function keepConversation(conversationId: string): Promise<AppError | null> {
  if (useStore.getState().newChats.has(conversationId)) {
    useStore.setState((state) => keptNewChat(state, conversationId))
    return null
  }
  const result = await window.parley.request['conversation.keep']({ conversationId })
  return result.ok ? null : result.error
}

// There is one new chat that is kept: what was written in an earlier one comes along, and that one goes.
function keptNewChat({ newChats, drafts }: State, conversationId: string): Pick<State, 'newChats' | 'drafts'> {
  const earlier = [...newChats].find(([, { isTemporary }]) => !isTemporary)?.[0]
  const kept = withEntry(newChats, conversationId, { ...newChats.get(conversationId), isTemporary: false })
  const left = earlier === undefined ? undefined : drafts.get(earlier)
  if (earlier === undefined) return { newChats: kept, drafts }
  const present = drafts.get(conversationId) ?? EMPTY_DRAFT
  const text = [left?.text ?? '', present.text].filter((part) => part !== '').join('\n\n')
  const joined = withQuotes(
    { text, chips: [...(left?.chips ?? []), ...present.chips] },
    [...(left === undefined ? [] : quotesOf(left)), ...quotesOf(present)].slice(0, MAX_QUOTES),
  )
  return {
    newChats: withEntry(kept, earlier, undefined),
    drafts: withEntry(
      withEntry(drafts, earlier, undefined),
      conversationId,
      left === undefined ? drafts.get(conversationId) : joined,
    ),
  }
}

/** Asks whether a temporary conversation shall go; null takes the question back. */
export function askDiscard(conversationId: string | null): void {
  useStore.setState({ discarding: conversationId })
}

/** Resolves when none of these answers is being written any more, or after 5 s. */
export async function untilEnded(conversationId: string, answerIds: readonly string[]): Promise<void> {
  await until(
    (state) =>
      conversationOf(state, conversationId)?.messages.every(
        (message) => message.role !== 'assistant' || message.state !== 'running' || !answerIds.includes(message.id),
      ) ?? true,
    END_LIMIT_MS,
  )
}

const END_LIMIT_MS = 5000

const TOLD_LIMIT_MS = 500

/** Resolves when main tells something new of the conversation, or after half a second. */
export async function untilTold(conversationId: string): Promise<void> {
  const before = useStore.getState().conversations.get(conversationId)
  await until((state) => state.conversations.get(conversationId) !== before, TOLD_LIMIT_MS)
}

async function until(isSo: (state: State) => boolean, limitMs: number): Promise<void> {
  if (isSo(useStore.getState())) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      unsubscribe()
      resolve()
    }
    const timer = setTimeout(end, limitMs)
    const unsubscribe = useStore.subscribe((state) => {
      if (isSo(state)) end()
    })
  })
}
