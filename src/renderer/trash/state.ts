import { create } from 'zustand'
import type { TrashedConversation } from '../../shared/contract'
import type { ConversationSummary } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { useStore } from '../store/state'

export interface TrashState {
  /** The latest first; what is known of it, which `loadTrash` makes new. */
  items: readonly TrashedConversation[]
  /** False until main has answered once. */
  isLoaded: boolean
  /** Why main could not say what is in it. */
  error: AppError | null
}

export function initialTrashState(): TrashState {
  return { items: [], isLoaded: false, error: null }
}

/** What this window knows of the trash. */
export const useTrash = create<TrashState>()(initialTrashState)

/** Asks main what is in the trash. */
export async function loadTrash(): Promise<void> {
  const result = await window.parley.request['trash.list']()
  useTrash.setState(result.ok ? { items: result.value, isLoaded: true, error: null } : { error: result.error })
}

/** Main reads each file of the trash to answer: the sidebar's figure waits until the window is at rest. */
export function loadTrashSoon(): void {
  if (!useTrash.getState().isLoaded) requestIdleCallback(() => void loadTrash(), { timeout: 5000 })
}

/** A conversation was deleted here: it is counted until main is asked again, at once where the trash is on show. */
export function noteTrashed(summary: ConversationSummary): void {
  if (useStore.getState().view.name === 'trash') {
    void loadTrash()
    return
  }
  // Main knows the name of its file; the trash is loaded anew before anybody can do anything with it.
  const item = { file: `${summary.id}.new`, summary, messages: 0, images: 0, deletedAt: Date.now(), expiresAt: null }
  useTrash.setState(({ items }) => ({ items: [item, ...items] }))
}

let isLoading = false
let isOutdated = false

/** A conversation is here of which the trash had something: main says whether it still has. */
export function forgetTrashed(conversationId: string): void {
  const isListed = useTrash.getState().items.some(({ summary }) => summary.id === conversationId)
  if (!isListed) return
  isOutdated = true
  if (!isLoading) void loadUntilTrue()
}

async function loadUntilTrue(): Promise<void> {
  isLoading = true
  // What main is just telling may be from before the latest of them left the trash.
  while (isOutdated) {
    isOutdated = false
    await loadTrash()
  }
  isLoading = false
}

/** Deletes for good; null, or why it could not be done. */
export async function deleteForGood(files: readonly string[]): Promise<AppError | null> {
  // A request carries no longer list.
  for (let from = 0; from < files.length; from += MAX_AT_ONCE) {
    const some = files.slice(from, from + MAX_AT_ONCE)
    const result = await window.parley.request['trash.delete']({ files: some })
    if (!result.ok) {
      await loadTrash()
      return result.error
    }
  }
  const gone = new Set(files)
  useTrash.setState(({ items }) => ({ items: items.filter(({ file }) => !gone.has(file)) }))
  return null
}

const MAX_AT_ONCE = 1000
