import { useEdits, type Edit } from '../chat/edit-state'
import { isTemporary, useStore, type Chip, type Draft, type State } from './state'

/** A question that is being sent has named its files by then, and one that came back stands in its field again. */
const AFTER_MS = 10_000

let stop = (): void => undefined

/**
 * Tells main which files of temporary chats stand in no field any more: they lie in its memory, which is for two hundred
 * megabytes of them. Main keeps what a message names.
 */
export function releaseFiles(): void {
  stop()
  /** By conversation; to be told unless they stand in a field again. */
  const left = new Map<string, Set<string>>()
  let timer: ReturnType<typeof setTimeout> | null = null

  const note = (id: string, before: Draft | Edit | undefined, now: Draft | Edit | undefined): void => {
    if (before === now || before?.chips === now?.chips) return
    const still = new Set(filesOf(now?.chips ?? []))
    const gone = filesOf(before?.chips ?? []).filter((file) => !still.has(file))
    if (gone.length === 0) return
    left.set(id, new Set([...(left.get(id) ?? []), ...gone]))
    timer ??= setTimeout(tell, AFTER_MS)
  }
  const tell = (): void => {
    timer = null
    const state = useStore.getState()
    if (isAdding(state)) {
      // What is being put in now may be the same file.
      timer = setTimeout(tell, AFTER_MS)
      return
    }
    const named = namedFiles(state)
    for (const [temporary, files] of left) {
      const ids = [...files].filter((file) => !named.has(file))
      if (ids.length > 0) void window.parley.request['attachment.release']({ temporary, ids })
    }
    left.clear()
  }

  const unsubscribe = useStore.subscribe((now, before) => {
    if (now.drafts === before.drafts) return
    for (const [id, draft] of before.drafts) if (isTemporary(before, id)) note(id, draft, now.drafts.get(id))
  })
  const unsubscribeEdits = useEdits.subscribe(({ edits }, before) => {
    if (edits === before.edits) return
    for (const [id, edit] of before.edits) if (isTemporary(useStore.getState(), id)) note(id, edit, edits.get(id))
  })
  stop = () => {
    if (timer !== null) clearTimeout(timer)
    unsubscribe()
    unsubscribeEdits()
  }
}

/** The files of chips, with what they were drawn from. */
function filesOf(chips: readonly Chip[]): string[] {
  return chips.flatMap((chip) => {
    if (chip.kind !== 'ready') return []
    const { id, before } = chip.attachment
    return before === undefined || before.id === '' ? [id] : [id, before.id]
  })
}

function fields(state: State): (readonly Chip[])[] {
  return [...state.drafts.values(), ...useEdits.getState().edits.values()].map(({ chips }) => chips)
}

function isAdding(state: State): boolean {
  return fields(state).some((chips) => chips.some(({ kind }) => kind === 'adding'))
}

function namedFiles({ queued, ...state }: State): Set<string> {
  const waiting = [...queued.values()].flat().flatMap(({ attachments }) => attachments)
  return new Set([
    ...fields({ queued, ...state }).flatMap(filesOf),
    ...waiting.flatMap(({ id, before }) => [id, before?.id ?? id]),
  ])
}
