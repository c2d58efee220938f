import type { AppCommand, ConversationChange } from '../../shared/contract'
import type { ConversationSummary } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import type { BackendView } from '../../shared/settings'
import { runAction } from '../actions/offers'
import { endEditing } from '../chat/edit-state'
import { openPalette } from '../palette/state'
import { needCatalogue, receiveCatalogueChange } from './backends'
import {
  followQuickAskSettings,
  leaveConversation,
  receiveEvents,
  rememberConversation,
  rememberedConversation,
  showConversation,
  showNewConversation,
  showSettings,
} from './conversations'
import { takeBackQueued } from './queue'
import { sendQueued } from './sending'
import { forgetTrashed } from '../trash/state'
import { receivePrompts } from '../prompts/state'
import { releaseFiles } from './released-files'
import { keepDrafts } from './stored-drafts'
import { choiceOf, useStore, withConversation, withEntry, type State } from './state'

/**
 * Listens to main and fetches what the window needs to begin. Listening comes first, so that no change falls between.
 *
 * @returns null, or why main does not answer
 */
export async function bootStore(): Promise<AppError | null> {
  const { on, request } = window.parley
  on['generation.event'](receiveEvents)
  on['conversation.changed'](receiveChanges)
  on['settings.changed']((settings) => {
    useStore.setState({ settings })
    followQuickAskSettings()
  })
  on['backend.changed'](receiveBackends)
  on['catalogue.changed'](receiveCatalogueChange)
  on['prompt.changed'](receivePrompts)
  on['storage.state']((storage) => useStore.setState({ storage }))
  on['quickAsk.shortcutChanged']((globalShortcuts) => useStore.setState({ globalShortcuts }))
  on['app.command'](obey)
  on['app.ping'](() => void request['app.pong']())

  const [result, drafts] = await Promise.all([request['app.boot'](), request['draft.list']()])
  if (!result.ok) return result.error
  const boot = result.value
  useStore.setState((state) => ({
    boot,
    settings: boot.settings,
    backends: boot.backends,
    conversations: mergeSummaries(boot.conversations, state.conversations),
    storage: boot.storage,
    globalShortcuts: boot.globalShortcuts,
  }))
  followQuickAskSettings()
  keepDrafts(drafts)
  releaseFiles()
  if (window.parley.role === 'main') void showRemembered()
  return null
}

/** Shows what this page showed before it was loaded again, else an empty chat, with what was last written in one. */
async function showRemembered(): Promise<void> {
  const { conversations, currentId, drafts, settings } = useStore.getState()
  const isNewTemporary = settings.isTemporaryByDefault && !drafts.has(currentId)
  if (isNewTemporary) useStore.setState({ newChats: new Map([[currentId, { isTemporary: true }]]) })
  const remembered = rememberedConversation() ?? (settings.opensWith === 'last' ? newest(conversations) : null)
  if (remembered !== null && conversations.has(remembered)) {
    await showConversation(remembered)
    return
  }
  rememberConversation(currentId)
  if (settings.activeBackendId !== null) needPresentCatalogue()
}

/** The chat in which something was said last. */
function newest(conversations: ReadonlyMap<string, ConversationSummary>): string | null {
  const [first] = [...conversations.values()]
    .filter(({ isDamaged }) => !isDamaged)
    .sort((a, b) => b.updatedAt - a.updatedAt)
  return first?.id ?? null
}

function mergeSummaries(
  booted: readonly ConversationSummary[],
  changed: ReadonlyMap<string, ConversationSummary>,
): Map<string, ConversationSummary> {
  return new Map([...booted.map((summary) => [summary.id, summary] as const), ...changed])
}

function receiveBackends(backends: BackendView[]): void {
  const before = new Map(useStore.getState().backends.map((view) => [view.profile.id, wayTo(view)]))
  useStore.setState((state) => {
    const now = new Map(backends.map((view) => [view.profile.id, wayTo(view)]))
    const gone = state.backends.filter(({ profile }) => !now.has(profile.id))
    return {
      backends,
      removedNames: new Map([...state.removedNames, ...gone.map(({ profile }) => [profile.id, profile.name] as const)]),
      // With another address or key, what was known of a server is asked anew when it is needed.
      catalogues: new Map([...state.catalogues].filter(([id]) => now.has(id) && now.get(id) === before.get(id))),
      choices: new Map([...state.choices].filter(([, { backendId }]) => now.has(backendId))),
    }
  })
  needPresentCatalogue()
  // How it stands was found out on the way before; somebody looks at it in the settings, where it was changed.
  if (useStore.getState().view.name !== 'settings') return
  for (const view of backends) {
    const way = before.get(view.profile.id)
    if (way !== undefined && way !== wayTo(view) && view.status.kind !== 'unknown') needCatalogue(view.profile.id)
  }
}

/** All that decides what a server answers, as one string to compare. */
function wayTo({ profile, apiKey, headerSecrets, providerKeys, proxyPassword }: BackendView): string {
  const { url, headers, proxy, trust } = profile
  return JSON.stringify([url, headers, proxy, trust, apiKey, headerSecrets, providerKeys, proxyPassword])
}

/** Takes what main tells, in its order. Without an index main finds thousands: those that follow one another are one change. */
function receiveChanges(changes: readonly ConversationChange[]): void {
  let together: ConversationSummary[] = []
  const take = (): void => {
    if (together.length > 0) receiveSummaries(together)
    together = []
  }
  for (const change of changes) {
    if (change.kind === 'upsert') {
      together.push(change.summary)
      continue
    }
    take()
    removeConversation(change.conversationId)
  }
  take()
}

function receiveSummaries(summaries: readonly ConversationSummary[]): void {
  useStore.setState((state) => withConversation(state, ...summaries))
  for (const summary of summaries) follow(summary)
}

/** Does what a conversation that has changed asks of this window. */
function follow(summary: ConversationSummary): void {
  forgetTrashed(summary.id)
  if (!summary.isRunning) void sendQueued(summary.id)
  const { currentId, view } = useStore.getState()
  // Opening it is what marks it read, and it is on show already.
  if (summary.isUnread && summary.id === currentId && view.name === 'chat' && !document.hidden) {
    void window.parley.request['conversation.open']({ conversationId: summary.id })
  }
}

function removeConversation(conversationId: string): void {
  const { boot, currentId, conversations } = useStore.getState()
  const neighbour = currentId === conversationId ? neighbourOf(conversations, conversationId) : null
  const isGone = conversations.get(conversationId)?.isTemporary === true
  // What is deleted can come back, and what is unsent with it.
  if (!isGone) takeBackQueued(conversationId)
  if (isGone) forgetConversation(conversationId)
  useStore.setState((state) => ({
    conversations: withEntry(state.conversations, conversationId, undefined),
    threads: withEntry(state.threads, conversationId, undefined),
    queued: withEntry(state.queued, conversationId, undefined),
  }))
  if (currentId !== conversationId) return
  if (useStore.getState().view.name !== 'chat') leaveConversation()
  // What stands beside it in a list is not what was asked in the quick-ask.
  else if (neighbour === null || boot?.role === 'quick-ask') showNewConversation()
  else void showConversation(neighbour)
}

/** Nothing that was begun in a temporary chat stays, not here either. */
function forgetConversation(conversationId: string): void {
  endEditing(conversationId)
  useStore.setState((state) => ({
    drafts: withEntry(state.drafts, conversationId, undefined),
    refusals: withEntry(state.refusals, conversationId, undefined),
    comparisons: withEntry(state.comparisons, conversationId, undefined),
    choices: withEntry(state.choices, conversationId, undefined),
  }))
}

function neighbourOf(conversations: State['conversations'], conversationId: string): string | null {
  const order = [...conversations.values()].sort((a, b) => b.updatedAt - a.updatedAt)
  const index = order.findIndex(({ id }) => id === conversationId)
  return (order[index + 1] ?? order[index - 1])?.id ?? null
}

function needPresentCatalogue(): void {
  const state = useStore.getState()
  needCatalogue(choiceOf(state, state.currentId).backendId)
}

/** Does what a menu, the tray, the quick-ask or a command line asks. */
function obey(command: AppCommand): void {
  switch (command.kind) {
    case 'new-conversation':
      showNewConversation()
      return
    case 'open-conversation':
      void showConversation(command.conversationId)
      return
    case 'open-settings':
      showSettings()
      return
    case 'action':
      runAction(command.action)
      return
    case 'search':
      openPalette(command.text)
      return
    case 'show-diagnostics':
      showSettings('about')
      return
    case 'quick-ask-shown':
    case 'quick-ask-clipboard':
    case 'ask-region':
      return
  }
}
