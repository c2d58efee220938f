import { pathOf, type AssistantMessage, type Message } from '../../shared/conversation'
import { latestEnd, variantsOf } from '../../shared/variants'
import { needCatalogue } from './backends'
import { isSame } from './models'
import {
  backendOf,
  choiceOf,
  conversationOf,
  isReadOnly,
  runningAnswer,
  useStore,
  withEntry,
  type Choice,
  type Column,
  type Comparison,
  type State,
} from './state'
import { showPath } from './variants'

/** More do not stand side by side. */
export const MAX_COLUMNS = 4
/** What was asked on after a version is shown with it, but for a whole chat of it: columns are not made for those. */
const MAX_MESSAGES = 12

/**
 * Makes columns of a chat, for the next question: who answers now, and whoever was chosen last before. An answer that is
 * being written is the first column, and nobody is asked beside it before a person chooses.
 */
export function openComparison(conversationId: string): void {
  const state = useStore.getState()
  if (state.comparisons.has(conversationId)) return
  const writing = runningAnswer(state, conversationId)
  if (writing !== null) {
    const { messages = [] } = conversationOf(state, conversationId) ?? {}
    const questionId = pathOf({ headId: writing.id, messages }).findLast(({ role }) => role === 'user')?.id ?? null
    const first = columnWith(messages, writing.id, false)
    if (questionId === null || first === null) return
    open(conversationId, { questionId, columns: [first, newColumn(null)], choosing: null })
    return
  }
  const first = choiceOf(state, conversationId)
  const other = [...state.settings.recents, ...state.settings.favourites].find(
    (each) => !isSame(each, first) && backendOf(state, each.backendId) !== null,
  )
  const columns = [newColumn(first), newColumn(other ?? null)]
  open(conversationId, { questionId: null, columns, choosing: null })
  if (other !== undefined) needCatalogue(other.backendId)
}

/**
 * Whether versions of an answer can be columns: not while the answer to another question is being written on show, which
 * would go out of sight with its Stop.
 *
 * @param isAlone without its other versions, beside somebody who is asked anew
 */
export function canCompareVersions(state: State, conversationId: string, answerId: string, isAlone = false): boolean {
  const writing = runningAnswer(state, conversationId)
  if (writing === null) return true
  const messages = conversationOf(state, conversationId)?.messages ?? []
  const above = new Set(pathOf({ headId: writing.id, messages }).map(({ id }) => id))
  return (isAlone ? [answerId] : variantsOf(messages, answerId)).some((id) => above.has(id))
}

/**
 * Shows versions of an answer side by side, each with what was asked after it: the last four, or three and this one. An
 * answer that is being written on show is the first column; nothing happens when it belongs to another question.
 *
 * @param answerId of the version on show
 * @param asked who shall answer beside them; then only this version and theirs are columns. Its key, to be asked
 */
export function compareVersions(conversationId: string, answerId: string, asked?: Choice): string | null {
  const state = useStore.getState()
  const messages = conversationOf(state, conversationId)?.messages ?? []
  const questionId = pathOf({ headId: answerId, messages }).findLast(({ role }) => role === 'user')?.id
  if (questionId === undefined) return null
  const all = asked === undefined ? variantsOf(messages, answerId) : [answerId]
  const writing = runningAnswer(state, conversationId)
  const above = writing === null ? [] : pathOf({ headId: writing.id, messages }).map(({ id }) => id)
  const first = all.find((id) => above.includes(id))
  if (writing !== null && first === undefined) return null
  const last = all.slice(-MAX_COLUMNS)
  const needed = first ?? answerId
  const shown = last.includes(needed) ? last : [needed, ...last.slice(1)]
  const ordered = first === undefined ? shown : [first, ...shown.filter((id) => id !== first)]
  const columns = ordered.flatMap((id) => {
    const column = columnWith(messages, id, asked === undefined)
    if (column === null) return []
    return writing !== null && id === first ? [{ ...column, headId: writing.id }] : [column]
  })
  const added = asked === undefined ? null : newColumn(asked)
  open(conversationId, { questionId, columns: added === null ? columns : [...columns, added], choosing: null })
  return added?.key ?? null
}

/**
 * Shows the thread again. All that was answered stays, as versions of the question; the first that is good or still written
 * is on show, not whichever was asked last.
 */
export function closeComparison(conversationId: string): void {
  const state = useStore.getState()
  const comparison = state.comparisons.get(conversationId)
  const conversation = conversationOf(state, conversationId)
  leave(conversationId)
  if (comparison === undefined || conversation === null || conversation.headId === comparison.openedAt) return
  const headId = landingOf(conversation.messages, comparison.columns)
  if (headId !== null && headId !== conversation.headId) void showPath(conversationId, headId, true)
}

function landingOf(messages: readonly Message[], columns: readonly Column[]): string | null {
  const heads = columns.flatMap(({ headId }) => {
    const head = messages.find(({ id }) => id === headId)
    return head?.role === 'assistant' ? [head] : []
  })
  const isGood = ({ state }: AssistantMessage): boolean =>
    state === 'complete' || state === 'complete-unconfirmed' || state === 'running'
  return (heads.find(isGood) ?? heads.find(({ content }) => content.length > 0))?.id ?? null
}

function leave(conversationId: string): void {
  useStore.setState(({ comparisons, focusRequests }) => ({
    comparisons: withEntry(comparisons, conversationId, undefined),
    focusRequests: focusRequests + 1,
  }))
}

/** Makes the conversation of one column; the others stay as versions beside it, also those that are still written. */
export function keepColumn(conversationId: string, key: string): void {
  const state = useStore.getState()
  const { choice, headId } = state.comparisons.get(conversationId)?.columns.find((each) => each.key === key) ?? {}
  if (headId === undefined || headId === null || !hasText(state, conversationId, headId)) return
  if (choice !== undefined && choice !== null) {
    useStore.setState(({ choices }) => ({ choices: withEntry(choices, conversationId, choice) }))
  }
  leave(conversationId)
  void showPath(conversationId, headId, !isReadOnly(state, conversationId))
}

/** Whether there is anything to keep at the end of a column. */
export function hasText(state: State, conversationId: string, headId: string | null): boolean {
  const head = conversationOf(state, conversationId)?.messages.find(({ id }) => id === headId)
  return head?.role === 'assistant' && (head.content.length > 0 || head.preview !== null)
}

/** Another column, whose model is being chosen. */
export function addColumn(conversationId: string): void {
  change(conversationId, (comparison) => {
    if (comparison.columns.length >= MAX_COLUMNS) return comparison
    const column = newColumn(null)
    return { ...comparison, columns: [...comparison.columns, column], choosing: column.key }
  })
}

/** Takes a column out of sight; its answers stay versions of the question. */
export function removeColumn(conversationId: string, key: string): void {
  change(conversationId, (comparison) => ({
    ...comparison,
    columns: comparison.columns.filter((column) => column.key !== key),
  }))
}

/** Opens the list of models for a column; null closes it. */
export function chooseFor(conversationId: string, key: string | null): void {
  change(conversationId, (comparison) => ({ ...comparison, choosing: key }))
}

/** @param questionId what the column is asked first, when nothing was asked before */
export function changeColumn(
  conversationId: string,
  key: string,
  changed: Partial<Pick<Column, 'choice' | 'headId'>>,
  questionId: string | null = null,
): void {
  change(conversationId, (comparison) => ({
    ...comparison,
    questionId: comparison.questionId ?? questionId,
    columns: comparison.columns.map((column) => (column.key === key ? { ...column, ...changed } : column)),
  }))
  if (changed.choice !== undefined && changed.choice !== null) needCatalogue(changed.choice.backendId)
}

/** How many of the columns have somebody to ask; null where nothing is compared. */
export function chosenCount(state: Pick<State, 'comparisons'>, conversationId: string): number | null {
  const comparison = state.comparisons.get(conversationId)
  return comparison === undefined ? null : comparison.columns.filter(({ choice }) => choice !== null).length
}

function open(conversationId: string, comparison: Omit<Comparison, 'openedAt'>): void {
  useStore.setState((state) => ({
    comparisons: withEntry(state.comparisons, conversationId, {
      ...comparison,
      openedAt: conversationOf(state, conversationId)?.headId ?? null,
    }),
    // What the columns ask does not change who answers once they are left.
    choices: withEntry(state.choices, conversationId, choiceOf(state, conversationId)),
    focusRequests: state.focusRequests + 1,
  }))
}

function change(conversationId: string, next: (comparison: Comparison) => Comparison): void {
  useStore.setState(({ comparisons }) => {
    const present = comparisons.get(conversationId)
    return present === undefined ? {} : { comparisons: withEntry(comparisons, conversationId, next(present)) }
  })
}

function newColumn(choice: Choice | null): Column {
  return {
    key: crypto.randomUUID(),
    choice: choice && { backendId: choice.backendId, provider: choice.provider, model: choice.model },
    headId: null,
  }
}

/** @param hasRest with what was asked after it */
function columnWith(messages: Message[], answerId: string, hasRest: boolean): Column | null {
  const answer = messages.find((message): message is AssistantMessage => message.id === answerId && isAnswer(message))
  if (answer === undefined) return null
  const end = latestEnd(messages, answerId)
  const path = pathOf({ headId: end, messages })
  const isShort = path.length - path.findIndex(({ id }) => id === answerId) <= MAX_MESSAGES
  const { backendId, requested } = answer
  return {
    key: crypto.randomUUID(),
    choice: { backendId, provider: requested.provider, model: requested.model },
    headId: hasRest && isShort ? end : answerId,
  }
}

function isAnswer(message: Message): boolean {
  return message.role === 'assistant'
}

/** The first column of a chat that is so. */
export function columnOf(conversationId: string, isWanted: (column: Column) => boolean): Column | null {
  return useStore.getState().comparisons.get(conversationId)?.columns.find(isWanted) ?? null
}
