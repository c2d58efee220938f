import { MAX_DRAFT_TEXT, type Role, type StoredDraft } from '../../shared/contract'
import type { Result } from '../../shared/errors'
import { useEdits, type Edit } from '../chat/edit-state'
import { readyAttachments } from './drafts'
import { MAX_QUOTES, quotesOf, withQuotes } from './quotes'
import { chipOf, EMPTY_DRAFT, isTemporary, useStore, type Draft, type Filling, type State } from './state'

/** The draft of the main window's new chat, whose id is another one after each start. */
const NEW_CHAT = 'new'
/** The draft of the quick-ask, whatever conversation it goes to. */
const QUICK_ASK = 'quick-ask'
/** With the quarter of a second that main gathers changes for: on disk within half a second of the last key. */
const WRITE_AFTER_MS = 250
/** As many as a question can have. */
const MAX_ATTACHMENTS = 10

let stop = (): void => undefined

/**
 * Puts the drafts that main has kept into their composers, and tells main of every change from now on: shortly after it,
 * and at once when the field or the window is left. Each window has keys of its own, so none overwrites another's (R33).
 */
export function keepDrafts(stored: Result<StoredDraft[]>): void {
  stop()
  const role = useStore.getState().boot?.role ?? 'main'
  /** What main has, by key. */
  const written = new Map<string, string>()
  if (stored.ok) {
    const ours = stored.value.filter(({ key }) => (key === QUICK_ASK) === (role === 'quick-ask'))
    for (const draft of ours) written.set(draft.key, contentsOf(draft))
    useStore.setState((state) => ({ drafts: withStored(state, ours) }))
    useEdits.setState(({ edits }) => ({ edits: withStoredEdits(edits, ours) }))
  }

  let timer: ReturnType<typeof setTimeout> | null = null
  const write = (): void => {
    if (timer !== null) clearTimeout(timer)
    timer = null
    const wanted = draftsToKeep(useStore.getState(), role)
    // What a draft has become comes before its end: whatever happens between the two, the words are there.
    for (const { id, draft } of wanted.values()) void tell(draft, id)
    for (const key of [...written.keys()]) {
      if (!wanted.has(key)) void tell({ key, text: '', attachments: [], changedAt: Date.now() }, null)
    }
    const ids = new Set([...wanted.values()].map(({ id }) => id))
    // One that was sent or cleared has nothing left to lose.
    useStore.setState(({ unkept }) =>
      [...unkept].every((id) => ids.has(id)) ? {} : { unkept: new Set([...unkept].filter((id) => ids.has(id))) },
    )
  }
  const tell = async (draft: StoredDraft, id: string | null): Promise<void> => {
    const { key } = draft
    const contents = contentsOf(draft)
    if (written.get(key) === contents) return
    if (isEmpty(draft)) written.delete(key)
    else written.set(key, contents)
    const isKept =
      Math.max(draft.text.length, draft.editing?.text.length ?? 0) <= MAX_DRAFT_TEXT &&
      (await window.parley.request['draft.set'](draft).then(({ ok }) => ok))
    // The next change tries it once more.
    if (!isKept) written.set(key, '')
    if (id !== null) noteKept(id, isKept)
  }
  const writeIfDue = (): void => {
    if (timer !== null) write()
  }

  const unsubscribe = useStore.subscribe((now, before) => {
    const isSame =
      now.drafts === before.drafts &&
      now.queued === before.queued &&
      now.newChats === before.newChats &&
      now.currentId === before.currentId &&
      !isKeptNow(now, before)
    if (!isSame) timer ??= setTimeout(write, WRITE_AFTER_MS)
  })
  const unsubscribeEdits = useEdits.subscribe((now, before) => {
    if (role === 'main' && now.edits !== before.edits) timer ??= setTimeout(write, WRITE_AFTER_MS)
  })
  const events = [
    [document, 'focusout'],
    [document, 'visibilitychange'],
    [window, 'pagehide'],
  ] as const
  for (const [target, name] of events) target.addEventListener(name, writeIfDue)
  stop = () => {
    if (timer !== null) clearTimeout(timer)
    unsubscribe()
    unsubscribeEdits()
    for (const [target, name] of events) target.removeEventListener(name, writeIfDue)
  }
}

/** Whether a temporary chat with something unsent has become an ordinary one: from now on that is kept as well. */
function isKeptNow(now: State, before: State): boolean {
  if (now.conversations === before.conversations) return false
  return [...now.drafts.keys(), ...now.queued.keys()].some((id) => isTemporary(before, id) && !isTemporary(now, id))
}

/** Notes whether what stands in a composer would be there after a restart. */
function noteKept(id: string, isKept: boolean): void {
  useStore.setState(({ unkept }) => {
    if (unkept.has(id) !== isKept) return {}
    return { unkept: new Set(isKept ? [...unkept].filter((each) => each !== id) : [...unkept, id]) }
  })
}

/** What is unsent, by key, with the chat it stands in. A message that waits for the end of an answer is unsent as well. */
function draftsToKeep(state: State, role: Role): Map<string, { id: string; draft: StoredDraft }> {
  const kept = new Map<string, { id: string; draft: StoredDraft }>()
  // The windows do not share them, and only the main window shows questions that can be edited.
  const edits: ReadonlyMap<string, Edit> = role === 'main' ? useEdits.getState().edits : new Map()
  for (const id of new Set([...state.queued.keys(), ...state.drafts.keys(), ...edits.keys()])) {
    const key = keyOf(state, id, role)
    if (key === null) continue
    const queued = state.queued.get(id) ?? []
    const draft = state.drafts.get(id) ?? EMPTY_DRAFT
    const waiting = queued.flatMap((message) => (message.text === '' ? [] : [`${message.text}\n\n`])).join('')
    const text = draft.text === '' ? waiting.slice(0, -2) : waiting + draft.text
    const attachments = [...queued.flatMap((message) => message.attachments), ...readyAttachments(draft)].slice(
      0,
      MAX_ATTACHMENTS,
    )
    const stored: StoredDraft = { key, text, attachments, changedAt: Date.now() }
    const quotes = quotesOf(draft)
    if (quotes.length > 0) stored.quotes = [...quotes]
    if (draft.filling !== undefined) stored.filling = moved(draft.filling, waiting.length)
    const edit = edits.get(id)
    if (edit !== undefined) {
      const { messageId, text: words, chips } = edit
      stored.editing = { messageId, text: words, attachments: readyAttachments({ text: words, chips }) }
    }
    if (!isEmpty(stored)) kept.set(key, { id, draft: stored })
  }
  return kept
}

/** The slots of a prompt in a text that stands so much further on. */
function moved({ promptId, name, slots }: Filling, by: number): NonNullable<StoredDraft['filling']> {
  return { promptId, name, slots: slots.map((slot) => ({ ...slot, from: slot.from + by, to: slot.to + by })) }
}

/** Null for a draft that is not kept: that of a temporary chat, or one that the quick-ask has left behind. */
function keyOf(state: State, id: string, role: Role): string | null {
  if (isTemporary(state, id)) return null
  if (role === 'quick-ask') return id === state.currentId ? QUICK_ASK : null
  return state.newChats.has(id) ? NEW_CHAT : id
}

function withStored(state: State, stored: readonly StoredDraft[]): State['drafts'] {
  const drafts = new Map(state.drafts)
  for (const { key, text, attachments, quotes = [], filling } of stored) {
    const id = key === NEW_CHAT || key === QUICK_ASK ? state.currentId : key
    const typed: Draft = drafts.get(id) ?? EMPTY_DRAFT
    const joined: Draft = {
      text: [text, typed.text].filter((part) => part !== '').join('\n\n'),
      chips: [...attachments.map(chipOf), ...typed.chips],
      ...(filling !== undefined && { filling }),
    }
    drafts.set(id, withQuotes(joined, [...quotes, ...quotesOf(typed)].slice(0, MAX_QUOTES)))
  }
  return drafts
}

function withStoredEdits(edits: ReadonlyMap<string, Edit>, stored: readonly StoredDraft[]): ReadonlyMap<string, Edit> {
  const restored = new Map(
    stored.flatMap(({ key, editing }): [string, Edit][] => {
      if (editing === undefined) return []
      const { messageId, text, attachments } = editing
      return [[key, { messageId, text, chips: attachments.map(chipOf) }]]
    }),
  )
  // What was begun meanwhile is the later one.
  return new Map([...restored, ...edits])
}

/** All of a draft but when it changed, to compare. */
function contentsOf({ text, attachments, quotes = [], editing, filling }: StoredDraft): string {
  const ids = (files: StoredDraft['attachments']): string[] => files.map(({ id }) => id)
  const edit = editing === undefined ? null : [editing.messageId, editing.text, ids(editing.attachments)]
  return JSON.stringify([text, ids(attachments), quotes, edit, filling])
}

function isEmpty({ text, attachments, quotes = [], editing }: StoredDraft): boolean {
  return text === '' && attachments.length === 0 && quotes.length === 0 && editing === undefined
}
