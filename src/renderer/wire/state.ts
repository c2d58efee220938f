import { create } from 'zustand'
import type { WireRecording } from '../../shared/contract'
import { pathOf, type AssistantMessage } from '../../shared/conversation'
import type { AppError } from '../../shared/errors'
import { showChat } from '../store/conversations'
import { conversationOf, useStore, type State } from '../store/state'
import { advance, resume, seek, startReplay, type Replay, type Speed } from './replay'

export const WIDTH_PX = { least: 400, usual: 472, most: 640 } as const
/** The thread beside the panel keeps at least this. */
export const THREAD_LEAST_PX = 480

/** What the panel shows, where a person chose it; without a choice it follows the newest answer of the chat on show. */
export type Chosen =
  { kind: 'answer'; conversationId: string; messageId: string } | { kind: 'file'; recording: WireRecording }

export interface WireState {
  isOpen: boolean
  chosen: Chosen | null
  widthPx: number
  speed: Speed
  replay: Replay | null
  /** Grows when the panel shall have the focus. */
  focusRequests: number
}

/** What the wire panel and the replay in the thread share. Lives as long as the window. */
export const useWire = create<WireState>()(() => initialWireState())

export function initialWireState(): WireState {
  return { isOpen: false, chosen: null, widthPx: WIDTH_PX.usual, speed: 'one', replay: null, focusRequests: 0 }
}

/** Opens the panel, at an answer or at the newest one of the chat on show, and gives it the focus. */
export function showWire(messageId: string | null = null): void {
  const { currentId } = useStore.getState()
  const isNewest = messageId === null || newestAnswer(useStore.getState())?.id === messageId
  const chosen: Chosen | null = isNewest ? null : { kind: 'answer', conversationId: currentId, messageId }
  open(chosen)
}

function open(chosen: Chosen | null): void {
  // What is on show already may go on playing.
  if (keyOf(chosen) !== keyOf(useWire.getState().chosen)) endReplay()
  if (useStore.getState().view.name !== 'chat') showChat()
  useWire.setState(({ focusRequests }) => ({ isOpen: true, chosen, focusRequests: focusRequests + 1 }))
}

function keyOf(chosen: Chosen | null): string | null {
  if (chosen === null) return null
  return chosen.kind === 'answer' ? chosen.messageId : chosen.recording.id
}

export function closeWire(): void {
  endReplay()
  useWire.setState({ isOpen: false, chosen: null })
}

/**
 * Lets the person pick a recording in main's own dialog and shows it.
 *
 * @returns why the file cannot be shown, or null
 */
export async function openRecording(): Promise<AppError | null> {
  const result = await window.parley.request['wire.openFile']()
  if (!result.ok) return result.error
  if (result.value !== null) open({ kind: 'file', recording: result.value })
  return null
}

export function resizeWire(widthPx: number): void {
  useWire.setState({ widthPx: Math.min(WIDTH_PX.most, Math.max(WIDTH_PX.least, Math.round(widthPx))) })
}

/** The last answer on the path on show, or null. */
function newestAnswer(state: State): AssistantMessage | null {
  const conversation = conversationOf(state, state.currentId)
  const answer = conversation === null ? undefined : pathOf(conversation).findLast(({ role }) => role === 'assistant')
  return answer?.role === 'assistant' ? answer : null
}

/** The answer whose recording the panel shows: the chosen one while it is on show, else the newest. */
export function shownAnswer(state: State, chosen: Chosen | null): AssistantMessage | null {
  if (chosen?.kind === 'answer' && chosen.conversationId === state.currentId) {
    const conversation = conversationOf(state, state.currentId)
    const answer = conversation === null ? undefined : pathOf(conversation).find(({ id }) => id === chosen.messageId)
    if (answer?.role === 'assistant') return answer
  }
  return newestAnswer(state)
}

// ---- replay ----

/**
 * Plays a recording into the thread on show.
 *
 * @param stored the answer in whose place it stands; null for one from a file
 * @returns why it cannot be played, or null
 */
async function playRecording(recording: WireRecording, stored: AssistantMessage | null): Promise<AppError | null> {
  const { currentId } = useStore.getState()
  const result = await window.parley.request['wire.replay']({ recordingId: recording.id })
  if (!result.ok) return result.error
  // The person may have gone elsewhere meanwhile.
  if (!useWire.getState().isOpen || useStore.getState().currentId !== currentId) return null
  const { parts } = result.value
  const replay = startReplay({
    recordingId: recording.id,
    startedAt: recording.startedAt,
    conversationId: currentId,
    stored,
    parts,
    totalMs: Math.max(recording.end?.atMs ?? 0, parts.at(-1)?.atMs ?? 0, 1),
    speed: useWire.getState().speed,
  })
  useWire.setState({ replay })
  run()
  return null
}

/** Plays, pauses or plays on; an exchange that is still under way cannot be played yet. */
export async function togglePlaying(recording: WireRecording): Promise<AppError | null> {
  const { replay, chosen } = useWire.getState()
  if (replay !== null) {
    changeReplay((present) => (present.isPlaying ? { ...present, isPlaying: false } : resume(present)))
    return null
  }
  if (recording.end === null) return null
  return playRecording(recording, recording.messageId === null ? null : shownAnswer(useStore.getState(), chosen))
}

export function seekReplay(positionMs: number): void {
  changeReplay((replay) => seek(replay, positionMs))
}

export function setSpeed(speed: Speed): void {
  useWire.setState({ speed })
  changeReplay((replay) => ({ ...replay, speed }))
}

/** Takes the replay away: what is stored is on show again. */
export function endReplay(): void {
  if (useWire.getState().replay !== null) useWire.setState({ replay: null })
}

function changeReplay(change: (replay: Replay) => Replay): void {
  const { replay } = useWire.getState()
  if (replay === null) return
  useWire.setState({ replay: change(replay) })
  run()
}

let frame: number | null = null

/** Moves the replay on with each frame, while it plays. */
function run(): void {
  if (frame !== null) return
  let before = performance.now()
  const step = (now: number): void => {
    const { replay } = useWire.getState()
    if (replay?.isPlaying !== true) {
      frame = null
      return
    }
    useWire.setState({ replay: advance(replay, now - before) })
    before = now
    frame = requestAnimationFrame(step)
  }
  frame = requestAnimationFrame(step)
}

// Another chat, or another end of this one: the replay stood in what is no longer on show.
useStore.subscribe((state, before) => {
  const { replay } = useWire.getState()
  if (replay === null) return
  const isElsewhere = state.currentId !== replay.conversationId || state.view.name !== 'chat'
  const head = conversationOf(state, replay.conversationId)?.headId
  if (isElsewhere || head !== conversationOf(before, replay.conversationId)?.headId) endReplay()
})
