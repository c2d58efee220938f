import { create } from 'zustand'
import type { RestoreChoice, RestorePlan, TransferState } from '../../shared/contract'
import type { Result } from '../../shared/errors'
import { withQuotes } from '../store/quotes'
import { chipOf, useStore } from '../store/state'

export interface ShownTransfer {
  /** What runs, or what has ended and was not put away yet. */
  state: TransferState | null
  /** Its dialog is open; else it is a line in the sidebar's foot. */
  isOpen: boolean
  /** What a file that was read would change, as long as the person is asked about it. */
  plan: RestorePlan | null
}

export function initialTransferState(): ShownTransfer {
  return { state: null, isOpen: false, plan: null }
}

/** The one transfer that main may be at. */
export const useTransfer = create<ShownTransfer>()(initialTransferState)

/** Ends that main has told of; an error that came with one was told with it. */
let ends = 0
/** This window has asked for the next one: its dialog opens. */
let isAsked = false

/** Follows what main takes in and writes out. @returns a function that ends that */
export function followTransfers(): () => void {
  const leave = window.parley.on['transfer.changed'](receive)
  void window.parley.request['transfer.state']().then((result) => {
    // Meanwhile something newer may have been told.
    if (result.ok && result.value !== null && useTransfer.getState().state === null) receive(result.value)
  })
  return leave
}

function receive(state: TransferState): void {
  if (state.end !== null && state.kind !== 'plan') ends += 1
  if (state.end?.kind === 'taken-in' && state.end.done.drafts > 0) void takeDrafts()
  // Its end is the answer to who asked.
  if (state.kind === 'plan' && state.end !== null) {
    useTransfer.setState({ state: null, isOpen: false })
    return
  }
  useTransfer.setState((now) => {
    const isSame = now.state?.id === state.id
    const isOpen = isSame ? now.isOpen : isAsked
    if (!isSame) isAsked = false
    return { state, isOpen }
  })
}

/** Puts the drafts that main has taken in into the composers of their chats, where nothing stands. */
async function takeDrafts(): Promise<void> {
  const stored = await window.parley.request['draft.list']()
  if (!stored.ok) return
  useStore.setState((now) => {
    const drafts = new Map(now.drafts)
    for (const { key, text, attachments, quotes = [] } of stored.value) {
      if (!now.conversations.has(key) || drafts.has(key)) continue
      drafts.set(key, withQuotes({ text, chips: attachments.map(chipOf) }, quotes))
    }
    return { drafts }
  })
}

export function openTransfer(): void {
  useTransfer.setState({ isOpen: true })
}

/** Puts the dialog away: what runs goes on, what has ended is forgotten. */
export function closeTransfer(): void {
  useTransfer.setState(({ state }) => ({ isOpen: false, state: state?.end === null ? state : null }))
}

export function stopTransfer(): void {
  const { state } = useTransfer.getState()
  if (state !== null) void window.parley.request['transfer.stop']({ transferId: state.id })
}

/** Reads the file that is picked, and has the person asked about it; how far it is comes only for one that takes its time. */
export async function planRestore(): Promise<Result<RestorePlan | null>> {
  const result = await ask(() => window.parley.request['library.planRestore']())
  if (result.ok && result.value !== null) useTransfer.setState({ plan: result.value })
  return result
}

/** The person has answered. */
export function closePlan(): void {
  useTransfer.setState({ plan: null })
}

export const backUp = () => ask(() => window.parley.request['library.backUp']())
export const exportAll = () => ask(() => window.parley.request['library.exportAll']())
export const restore = (choice: RestoreChoice) => ask(() => window.parley.request['library.restore'](choice))

/** The end of what was asked for is told by the dialog or a toast; the answer says so by being good. */
async function ask<T>(request: () => Promise<Result<T>>): Promise<Result<T | null>> {
  const before = ends
  isAsked = true
  const result = await request()
  isAsked = false
  return !result.ok && ends > before ? { ok: true, value: null } : result
}
